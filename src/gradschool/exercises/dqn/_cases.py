"""Chapter 2: inputs that several exercises share, and the axes that they cover.

None is degenerate: repeated states and pairs, Q that is not 0 where an episode ends, a row terminated, one only
truncated, one both, and two networks that disagree about the best action.
"""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._draws import one_huge, signed
from gradschool.exercises.axes import (
    Axes,
    Axis,
    all_negative,
    has_value,
    large,
    of_size,
    repeats,
    some,
    some_row,
    some_row_without,
    square,
    tall,
    wide,
)
from gradschool.exercises.ordinary import with_ordinary_twins

SHAPE_AXES: Axes = {
    "more actions than samples": wide("q"),
    "more samples than actions": tall("q"),
    "square": square("q"),
    "one sample": of_size("q", 1),
    "one action": of_size("q", 1, axis=1),
    "a sample whose outputs are all below 0": all_negative("q"),
}


def target_axes(chooses: str, promises: str) -> Axes:
    """Return the axes of a label: by the outputs that choose the next action, and those that say what it is worth."""
    return {
        "square": square(chooses),
        "tall": tall(chooses),
        "wide": wide(chooses),
        "one row": of_size("reward", 1),
        "one action": of_size(chooses, 1, axis=1),
        "gamma 0": has_value("gamma", 0.0),
        "gamma 1": has_value("gamma", 1.0),
        "rewards of both signs": some(lambda a: np.any(a["reward"] > 0) and np.any(a["reward"] < 0)),
        "a large reward": large("reward"),
        "a large Q": large(promises),
    }


OUTPUT_AXES: Axes = {
    **SHAPE_AXES,
    "the best action taken, and another one": some(lambda a: 0 < np.sum(a["q"].argmax(1) == a["action"]) < len(a["q"])),
    "action 0 taken": has_value("action", 0),
    "action 0 never taken": some(lambda a: np.all(a["action"] > 0)),
    "the last action taken": some(lambda a: (a["action"] == a["q"].shape[1] - 1) & (a["q"].shape[1] > 1)),
    "the same action every time": some(lambda a: len(a["action"]) > 1 and len(set(a["action"])) == 1),
    "zero error beside others": some(lambda a: 0 < np.sum(errors(a) == 0) < len(a["action"])),
    "errors of both signs": some(lambda a: np.any(errors(a) > 0) and np.any(errors(a) < 0)),
    "a tiny error": some(lambda a: (np.abs(errors(a)) < 1e-5) & (errors(a) != 0)),
    "a large error": some(lambda a: (np.abs(errors(a)) > 100) & (np.abs(errors(a)) < 1e6)),
    "a huge error": large("y", 1e9),
}
TRANSITION_AXES: Axes = {
    "more states than actions": tall("W"),
    "more actions than states": wide("W"),
    "square": square("W"),
    "one sample": of_size("state", 1),
    "one action": of_size("W", 1, axis=1),
    "one state": of_size("W", 1),
    "a state twice": repeats("state"),
    "a pair (s, a) twice": repeats("state", "action"),
    "a state twice with two actions": some(lambda a: _two_actions(a)),
    "a next state that is also left in the batch": some(lambda a: np.isin(a["next_state"], a["state"])),
    "a next state that is not left in the batch": some(lambda a: ~np.isin(a["next_state"], a["state"])),
    "a step back to its own state": some(lambda a: a["next_state"] == a["state"]),
    "a state that is not in the batch": some(lambda a: len(set(a["state"])) < len(a["W"])),
    "the first state": has_value("state", 0),
    "the last state": some(lambda a: a["state"] == len(a["W"]) - 1),
    "a terminated row": some_row("terminated"),
    "a row that goes on": some_row_without("terminated"),
    "every row terminated": some(lambda a: np.all(a["terminated"]) and len(a["state"]) > 1),
    "gamma 0": has_value("gamma", 0.0),
    "gamma 1": has_value("gamma", 1.0),
    "gamma between": some(lambda a: 0 < a["gamma"] < 1),
    "rewards of both signs": some(lambda a: np.any(a["reward"] > 0) and np.any(a["reward"] < 0)),
    "every Q below 0": some(lambda a: np.all(a["W"] < 0)),
    "a large reward": some(lambda a: (np.abs(a["reward"]) > 100) & (np.abs(a["reward"]) < 1e6)),
    "a huge reward": large("reward", 1e9),
}


def errors(a: Args) -> Array:
    """Q(s, a) - y of each sample, (B,)."""
    error: Array = a["q"][np.arange(len(a["action"])), a["action"]] - np.ravel(a["y"])
    return error


def _two_actions(a: Args) -> bool:
    """Whether some state stands in the batch with two actions."""
    return len(set(zip(a["state"], a["action"], strict=True))) > len(set(a["state"]))


def distinct_q(rng: Rng, B: int, A: int) -> Array:
    """Outputs (B, A), in each row far enough apart that a small step never changes the best action."""
    return np.stack([rng.permutation(A) for _ in range(B)]) * 1.5 - 4.0 + rng.uniform(-0.3, 0.3, size=(B, A))


def td_target_cases(rng: Rng) -> list[Case]:
    """Rewards (B,), next outputs of the target network (B, A), both flags (B,), gamma."""

    def case(
        name: str,
        B: int,
        A: int,
        edge: bool = False,
        gamma: float | None = None,
        shift: float = 0.0,
        scale: float = 1.0,
    ) -> Case:
        terminated, truncated = flags(B)
        args = {
            "reward": scale * signed(rng, B, 0.5, 20.0),
            "q_next": scale * distinct_q(rng, B, A) + shift,
            "terminated": terminated,
            "truncated": truncated,
            "gamma": float(rng.uniform(0.7, 0.97)) if gamma is None else gamma,
        }
        rows = {"terminated": terminated, "only truncated": truncated & ~terminated}
        return Case(name, args, edge=edge, sizes={"B": B, "A": A}, rows=rows)

    tied = case("two best actions", 6, 3, edge=True)
    tied.args["q_next"][:, 2] = tied.args["q_next"].max(axis=1)
    tied.args["q_next"][:, 0] = tied.args["q_next"][:, 2]
    going_on = case("one sample that goes on", 1, 3, edge=True)
    for flag in (going_on.args["terminated"], going_on.rows["terminated"]):
        flag[:] = False
    drawn = [
        case("a batch of 5, 6 actions", 5, 6),
        case("a batch of 8, 3 actions", 8, 3),
        case("large rewards and outputs", 6, 5, scale=100.0),
        case("as many samples as actions", 5, 5, edge=True),
        case("every Q far below 0, undiscounted", 5, 4, edge=True, gamma=1.0, shift=-20.0),
        tied,
        case("one action, and gamma 0", 5, 1, edge=True, gamma=0.0),
        case("one action", 5, 1, edge=True),
        case("one sample, terminated", 1, 3, edge=True),
        going_on,
    ]
    return with_ordinary_twins(drawn)


def flags(B: int) -> tuple[Array, Array]:
    """Terminated (B,) and truncated (B,): row 0 terminated, row 1 only truncated, row 2 both, row 3 neither."""
    return np.arange(B) % 5 % 2 == 0, np.isin(np.arange(B) % 5, (1, 2))


def output_cases(rng: Rng) -> list[Case]:
    """Outputs q (B, A), the taken actions (B,), and the targets y (B,)."""

    def case(name: str, error: list[float] | Array, A: int, edge: bool = False, action: int | None = None) -> Case:
        B, rows = len(error), np.arange(len(error))
        q = distinct_q(rng, B, A)
        taken = (
            (q.argmax(axis=1) + rows) % A if action is None else np.full(B, action)
        )  # in row 0 the best, then others
        return Case(name, {"q": q, "action": taken, "y": q[rows, taken] - error}, edge=edge, sizes={"B": B, "A": A})

    uneven = signed(rng, 5, 0.3, 4.0)
    uneven[:4] = (0.0, 2e-6, -300.0, 40.0)
    return [
        case("a batch of 4, 6 actions", signed(rng, 4, 0.3, 4.0), 6),
        case("a batch of 5, 3 actions, uneven errors", uneven, 3),
        one_huge(case("", signed(rng, 4, 0.3, 4.0), 6), "y"),
        case("as many samples as actions", signed(rng, 3), 3, edge=True),
        case("action 0 every time", signed(rng, 4), 3, edge=True, action=0),
        case("the last action every time", signed(rng, 3), 5, edge=True, action=4),
        case("one sample", signed(rng, 1), 4, edge=True),
        case("one action", signed(rng, 3), 1, edge=True),
    ]


def transition(
    rng: Rng, name: str, B: int, S: int, A: int, *, edge: bool = False, gamma: float | None = None, scale: float = 1.0
) -> Case:
    """Both networks (S, A) and a batch of up to 7 samples; every third, from row 1 on, ends its episode."""
    names = rng.permutation(S)  # rows 0 and 2 are one pair (s, a); row 4 is their state with another action
    args = {
        **networks(rng, S, A),
        "state": names[np.array([0, 1, 0, 2, 0, 3, 1])[:B] % S],
        "action": (int(rng.integers(A)) + np.array([0, 1, 0, 2, 1, 3, 1])[:B]) % A,
        "reward": scale * signed(rng, B, 0.5, 6.0),
        "next_state": names[np.array([1, 4, 3, 0, 1, 0, 2])[:B] % S],
        "terminated": np.arange(B) % 3 == 1,
        "gamma": float(rng.uniform(0.7, 0.97)) if gamma is None else gamma,
    }
    return Case(name, args, edge=edge, sizes={"B": B, "S": S, "A": A})


def transition_cases(rng: Rng) -> list[Case]:
    """Both networks (S, A) and a batch: state, action, reward, next_state, terminated (B,), gamma."""
    ends = transition(rng, "first and last state, every Q far below 0", 5, 4, 3, edge=True, gamma=1.0)
    ends.args["state"][:2] = (0, 3)
    for name in ("W", "W_target"):
        ends.args[name][:] -= 20.0
    loops = transition(rng, "every step leads back to where it began", 4, 3, 3, edge=True)
    loops.args["next_state"][:] = loops.args["state"]
    over = transition(rng, "every episode ends", 3, 4, 2, edge=True)
    over.args["terminated"][:] = True
    drawn = [
        transition(rng, "7 samples, 5 states, 3 actions", 7, 5, 3),
        transition(rng, "5 samples, 4 states, 6 actions, large rewards", 5, 4, 6, scale=100.0),
        one_huge(transition(rng, "", 7, 5, 3), "reward"),
        loops,
        ends,
        over,
        transition(rng, "one sample", 1, 3, 2, edge=True),
        transition(rng, "one action", 4, 3, 1, edge=True),
        transition(rng, "one state, and gamma 0", 3, 1, 3, edge=True, gamma=0.0),
    ]
    return with_ordinary_twins(drawn)


def already_right(rng: Rng, target: str, name: str) -> Case:
    """A batch in which the first sample is right already: its target, made from the network ``target``, is Q(s, a)."""
    c = transition(rng, name, 4, 4, 3, edge=True)
    c.args["reward"][0] += td_errors(c.args, target)[0]
    return c


def td_errors(a: Args, target: str) -> Array:
    """Q(s, a) - y of each sample, (B,), with y from the network ``target``."""
    y = a["reward"] + a["gamma"] * ~a["terminated"] * a[target][a["next_state"]].max(axis=1)
    error: Array = a["W"][a["state"], a["action"]] - y
    return error


def zero_beside_others(target: str) -> Axis:
    """The axis of a sample that is right already, up to rounding, beside others that are not."""
    return some(lambda a: 0 < np.sum(np.abs(td_errors(a, target)) < 1e-12) < len(a["state"]))


def networks(rng: Rng, S: int, A: int) -> dict[str, Array]:
    """Two tables (S, A) that disagree about the best action in every state, where there are two."""
    W, W_target = distinct_q(rng, S, A), distinct_q(rng, S, A)
    same = W.argmax(axis=1) == W_target.argmax(axis=1)
    W_target[same] = np.roll(W_target[same], 1, axis=1)
    return {"W": W, "W_target": W_target}
