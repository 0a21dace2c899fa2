"""Inputs of chapter 2's exercises. None is degenerate: repeated states, Q that is not 0 where an episode ends, a row
terminated, one only truncated, one both, and two networks that disagree about the best action.
"""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Case

Array = np.ndarray
Rng = np.random.Generator


def distinct_q(rng: Rng, B: int, A: int) -> Array:
    """(B, A) outputs, in each row far enough apart that a small step never changes the best action."""
    return np.stack([rng.permutation(A) for _ in range(B)]) * 1.5 - 4.0 + rng.uniform(-0.3, 0.3, size=(B, A))


def flags(B: int) -> tuple[Array, Array]:
    """terminated (B,) and truncated (B,): row 0 terminated, row 1 only truncated, row 2 both."""
    return np.arange(B) % 5 % 2 == 0, np.isin(np.arange(B) % 5, (1, 2))


def one_hot_cases(rng: Rng) -> list[Case]:
    """States s (B,) and the number of states."""

    def case(name: str, B: int, S: int, edge: bool = False) -> Case:
        s = rng.integers(S, size=B)
        s[-1] = s[0]
        return Case(name, {"s": s, "n_states": S}, edge=edge, sizes={"B": B, "S": S})

    return [
        case("4 states of 6", 4, 6),
        case("7 states of 3", 7, 3),
        case("one state", 1, 5, edge=True),
        case("as many samples as states", 4, 4, edge=True),
        Case("the last state", {"s": np.array([4, 0]), "n_states": 5}, edge=True, sizes={"B": 2, "S": 5}),
    ]


def q_values_cases(rng: Rng) -> list[Case]:
    """Weights W (S, A) and states s (B,)."""

    def case(name: str, B: int, S: int, A: int, edge: bool = False) -> Case:
        args = {"W": rng.normal(size=(S, A)), "s": rng.integers(S, size=B)}
        return Case(name, args, edge=edge, sizes={"B": B, "A": A})

    return [
        case("4 states, 3 actions", 4, 6, 3),
        case("5 states, 6 actions", 5, 8, 6),
        case("a square W", 3, 4, 4, edge=True),
        case("one state", 1, 5, 3, edge=True),
    ]


def target_cases(rng: Rng) -> list[Case]:
    """Rewards (B,), next outputs of the target network (B, A), both flags (B,), gamma."""

    def case(name: str, B: int, A: int, edge: bool = False, shift: float = 0.0) -> Case:
        terminated, truncated = flags(B)
        args = {
            "reward": rng.choice([-1.0, -10.0, 20.0], size=B) + rng.normal(size=B),
            "q_next": distinct_q(rng, B, A) + shift,
            "terminated": terminated,
            "truncated": truncated,
            "gamma": float(rng.uniform(0.7, 0.97)),
        }
        rows = {"terminated": terminated, "only truncated": truncated & ~terminated}
        return Case(name, args, edge=edge, sizes={"B": B, "A": A}, rows=rows)

    return [
        case("a batch of 5, 6 actions", 5, 6),
        case("a batch of 8, 3 actions", 8, 3),
        case("as many samples as actions", 5, 5, edge=True),
        case("every Q far below 0", 5, 4, edge=True, shift=-20.0),
        case("one sample, terminated", 1, 3, edge=True),
    ]


def double_target_cases(rng: Rng) -> list[Case]:
    """Rewards (B,), next outputs of both networks (B, A), terminated (B,), gamma."""
    found = []
    for c in target_cases(rng):
        B, A = c.args["q_next"].shape
        online = distinct_q(rng, B, A)
        same = online.argmax(axis=1) == c.args["q_next"].argmax(axis=1)
        online[same] = np.roll(online[same], 1, axis=1)  # the two networks never agree about the best action
        args = {
            "reward": c.args["reward"],
            "q_next_online": online,
            "q_next_target": c.args["q_next"],
            "terminated": c.args["terminated"],
            "gamma": c.args["gamma"],
        }
        found.append(Case(c.name, args, c.edge, c.sizes, {"terminated": c.args["terminated"]}))
    return found


def epsilon_cases(rng: Rng) -> list[Case]:
    """Outputs q (N, A), epsilon, and the dice: u (N,) in [0, 1) and random_action (N,)."""

    def case(name: str, N: int, A: int, epsilon: float, edge: bool = False) -> Case:
        q, u = distinct_q(rng, N, A), rng.random(N)
        u[:2] = (epsilon * 0.5, epsilon + 0.5 * (1 - epsilon)) if 0 < epsilon < 1 else (0.0, 0.5)
        random_action = (q.argmax(axis=1) + rng.integers(1, A, size=N)) % A  # never the greedy one
        return Case(name, {"q": q, "epsilon": epsilon, "u": u, "random_action": random_action}, edge, {"N": N, "A": A})

    return [
        case("epsilon 0.3", 12, 6, 0.3),
        case("epsilon 0.7", 9, 3, 0.7),
        case("epsilon 0, and a die that shows exactly 0", 6, 4, 0.0, edge=True),
        case("epsilon 1", 6, 6, 1.0, edge=True),
    ]


def output_cases(rng: Rng) -> list[Case]:
    """Outputs q (B, A), the taken actions (B,), and the targets y (B,)."""

    def case(name: str, B: int, A: int, edge: bool = False) -> Case:
        args = {
            "q": distinct_q(rng, B, A),
            "action": rng.integers(A, size=B),
            "y": rng.normal(scale=3.0, size=B),
        }
        return Case(name, args, edge=edge, sizes={"B": B, "A": A})

    return [
        case("a batch of 4, 6 actions", 4, 6),
        case("a batch of 5, 3 actions", 5, 3),
        case("as many samples as actions", 3, 3, edge=True),
        case("one sample", 1, 4, edge=True),
    ]


def huber_cases(rng: Rng) -> list[Case]:
    """The same and the bend kappa; TD errors on both sides of it, on both signs, and none near it."""
    found = []
    for c, kappa in zip(output_cases(rng), (1.0, 2.0, 0.5, 1.5), strict=True):
        q, action = c.args["q"], c.args["action"]
        B = len(action)
        size = np.where(np.arange(B) % 2 == 0, rng.uniform(1.5, 4.0, B), rng.uniform(0.2, 0.8, B)) * kappa
        error = size * np.where(np.arange(B) % 3 == 0, 1.0, -1.0)
        args = {"q": q, "action": action, "y": q[np.arange(B), action] - error, "kappa": kappa}
        found.append(Case(c.name, args, c.edge, c.sizes, {"beyond the bend": np.abs(error) > kappa}))
    return found


def weight_cases(rng: Rng) -> list[Case]:
    """States (B,) with repeats, the gradient at the outputs g (B, A), and the number of states."""

    def case(name: str, state: list[int], S: int, A: int, edge: bool = False) -> Case:
        B = len(state)
        args = {"state": np.array(state), "g": rng.normal(size=(B, A)), "n_states": S}
        return Case(name, args, edge=edge, sizes={"B": B, "A": A})

    return [
        case("6 samples, one state twice", [4, 1, 0, 4, 2, 7], 9, 3),
        case("5 samples, one state three times", [2, 2, 0, 2, 3], 5, 6),
        case("the same state every time", [1, 1, 1, 1], 3, 3, edge=True),
        case("one sample", [3], 4, 2, edge=True),
        case("as many samples as states and actions", [2, 0, 2], 3, 3, edge=True),
    ]


def fit_gradient_cases(rng: Rng) -> list[Case]:
    """Outputs q (B, A) and targets T (B, A) that equal them except at the taken action."""
    found = []
    for c in output_cases(rng):
        targets = c.args["q"].copy()
        targets[np.arange(len(targets)), c.args["action"]] = c.args["y"]
        found.append(Case(c.name, {"q": c.args["q"], "targets": targets}, c.edge, c.sizes))
    return found


def transition_cases(rng: Rng) -> list[Case]:
    """Both networks (S, A) and a batch: state, action, reward, next_state, terminated (B,), gamma."""

    def case(name: str, B: int, S: int, A: int, edge: bool = False, loops: bool = False) -> Case:
        state, next_state = rng.integers(S, size=B), rng.integers(S, size=B)
        if B > 2:
            state[2], next_state[3] = state[0], state[0]  # a state twice, and one that is also a next state
        if loops:
            next_state = state.copy()
        W, W_target = distinct_q(rng, S, A), distinct_q(rng, S, A)
        same = W.argmax(axis=1) == W_target.argmax(axis=1)
        W_target[same] = np.roll(W_target[same], 1, axis=1)
        args = {
            "W": W,
            "W_target": W_target,
            "state": state,
            "action": rng.integers(A, size=B),
            "reward": rng.normal(scale=3.0, size=B),
            "next_state": next_state,
            "terminated": np.arange(B) % 3 == 1,
            "gamma": float(rng.uniform(0.7, 0.97)),
        }
        return Case(name, args, edge=edge, sizes={"B": B, "A": A})

    return [
        case("7 samples, 5 states, 3 actions", 7, 5, 3),
        case("5 samples, 4 states, 6 actions", 5, 4, 6),
        case("every step leads back to where it began", 4, 3, 3, edge=True, loops=True),
        case("one sample", 1, 3, 2, edge=True),
    ]


def residual_cases(rng: Rng) -> list[Case]:
    """The same without a target network."""
    return [
        Case(c.name, {k: v for k, v in c.args.items() if k != "W_target"}, c.edge, c.sizes)
        for c in transition_cases(rng)
    ]


def tabular_cases(rng: Rng) -> list[Case]:
    """A table Q (S, A), one transition, alpha and gamma."""

    def case(name: str, S: int, A: int, terminated: bool = False, stays: bool = False, edge: bool = False) -> Case:
        state = int(rng.integers(S))
        step = {
            "state": state,
            "action": int(rng.integers(A)),
            "reward": float(rng.normal(scale=3.0)),
            "next_state": state if stays else (state + 1 + int(rng.integers(S - 1))) % S,
            "terminated": terminated,
            "alpha": float(rng.uniform(0.1, 0.6)),
            "gamma": float(rng.uniform(0.7, 0.97)),
        }
        return Case(name, {"Q": distinct_q(rng, S, A), **step}, edge=edge, sizes={"A": A})

    return [
        case("4 states, 3 actions", 4, 3),
        case("3 states, 6 actions", 3, 6),
        case("the step that ends the episode", 4, 3, terminated=True, edge=True),
        case("a step against a wall", 4, 4, stays=True, edge=True),
    ]


def mend_cases(rng: Rng) -> list[Case]:
    """Outputs q (B, A), actions (B,), and targets that come as a column y (B, 1)."""
    return [
        Case(c.name, {"q": c.args["q"], "action": c.args["action"], "y": c.args["y"][:, None]}, c.edge, c.sizes)
        for c in output_cases(rng)
    ]
