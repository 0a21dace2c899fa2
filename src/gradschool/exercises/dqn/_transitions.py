"""Chapter 2: batches of transitions that several exercises share, both tables with them, and the axes they cover.

None is degenerate: repeated states and pairs, a row terminated, and two networks that disagree about the best action.
"""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._draws import one_huge, signed
from gradschool.exercises.axes import (
    LARGE,
    Axes,
    Axis,
    an_entry_of_0,
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
from gradschool.exercises.dqn._cases import distinct_q, nearly_tie
from gradschool.exercises.ordinary import with_ordinary_twins

TRANSITION_AXES: Axes = {
    "more states than actions": tall("W"),
    "more actions than states": wide("W"),
    "square": square("W"),
    "one sample": of_size("state", 1),
    "one action": of_size("W", 1, axis=1),
    "one state": of_size("W", 1),
    "a state twice": repeats("state"),
    "a pair (s, a) twice": repeats("state", "action"),
    "a sample twice": repeats("state", "action", "reward", "next_state"),
    "a reward of 0 where the episode ends": some(lambda a: np.equal(a["reward"], 0) & a["terminated"]),
    "a reward of 0 where it goes on": some(lambda a: np.equal(a["reward"], 0) & ~a["terminated"]),
    "a best action taken that leads back": some(
        lambda a: (a["next_state"] == a["state"]) & (a["W"][a["state"]].argmax(1) == a["action"]) & ~a["terminated"]
    ),
    **an_entry_of_0("W"),
    "a state twice with two actions": some(lambda a: _two_actions(a)),
    "a next state that is also left in the batch": some(lambda a: np.isin(a["next_state"], a["state"])),
    "a next state that is not left in the batch": some(lambda a: ~np.isin(a["next_state"], a["state"])),
    "a step back to its own state": some(lambda a: a["next_state"] == a["state"]),
    "a state that is not in the batch": some(lambda a: len(set(a["state"])) < len(a["W"])),
    "the first state": has_value("state", 0),
    "the last state": some(lambda a: a["state"] == len(a["W"]) - 1),
    "a terminated row": some_row("terminated"),
    "a row that goes on": some_row_without("terminated"),
    "the first row ends, others go on": some(lambda a: a["terminated"][0] and not np.all(a["terminated"])),
    "every row terminated": some(lambda a: np.all(a["terminated"]) and len(a["state"]) > 1),
    "gamma 0": has_value("gamma", 0.0),
    "gamma 1": has_value("gamma", 1.0),
    "gamma between": some(lambda a: 0 < a["gamma"] < 1),
    "rewards of both signs": some(lambda a: np.any(a["reward"] > 0) and np.any(a["reward"] < 0)),
    "every Q below 0": some(lambda a: np.all(a["W"] < 0)),
    "small errors alone": some(
        lambda a: a["gamma"] == 0 and np.all(np.abs(a["reward"] - a["W"][a["state"], a["action"]]) < 0.7)
    ),
    "every Q far below 0": some(lambda a: np.all(a["W"] < -LARGE)),
    "a large Q above 0": some(lambda a: a["W"] > LARGE),
    "a large reward": some(lambda a: (np.abs(a["reward"]) > 100) & (np.abs(a["reward"]) < 1e6)),
    "a huge reward": large("reward", 1e9),
}


def _two_actions(a: Args) -> bool:
    """Whether some state stands in the batch with two actions."""
    return len(set(zip(a["state"], a["action"], strict=True))) > len(set(a["state"]))


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
    far = transition(rng, "5 samples, 4 states, 6 actions, large rewards", 5, 4, 6, scale=100.0)
    for name in ("W", "W_target"):
        ends.args[name][:] -= 200.0
        far.args[name][:] *= 100.0
    far.args["terminated"][:] = np.arange(5) % 3 == 0
    loops = transition(rng, "every step leads back to where it began", 4, 3, 3, edge=True)
    loops.args["next_state"][:] = loops.args["state"]
    loops.args["reward"][1:3] = 0.0  # the first of them ends the episode, the other goes on
    for name in ("W", "W_target"):  # a value of 0, and the best of its row: what leads back to it comes from it
        loops.args[name][loops.args["state"][3], loops.args["action"][3]] = 0.0
    alone = transition(rng, "one state, and gamma 0", 3, 1, 3, edge=True, gamma=0.0)
    alone.args["reward"][:] = alone.args["W"][0, alone.args["action"]] - signed(rng, 3, 0.2, 0.6)  # small errors alone
    over = transition(rng, "every episode ends", 3, 4, 2, edge=True)
    over.args["terminated"][:] = True
    for name in ("reward", "next_state"):  # rows 0 and 2 are one pair already
        over.args[name][2] = over.args[name][0]
    first = transition(rng, "7 samples, 5 states, 3 actions", 7, 5, 3)
    nearly_tie(int(first.args["next_state"][2]), first.args["W"], first.args["W_target"])
    drawn = [
        first,
        far,
        one_huge(transition(rng, "", 7, 5, 3), "reward"),
        loops,
        ends,
        over,
        transition(rng, "one sample", 1, 3, 2, edge=True),
        transition(rng, "one action", 4, 3, 1, edge=True),
        alone,
    ]
    return with_ordinary_twins(drawn)


def already_right(rng: Rng, target: str, name: str) -> Case:
    """A batch in which the first sample is right already, and the second one, which ends, nearly.

    Its target, made from the network ``target``, is Q(s, a). Its action is not the best one: where the target moves, no
    other sample adds to the same entry, and the tiny gradient stands there alone.
    """
    c = transition(rng, name, 4, 4, 3, edge=True)
    c.args["action"][1] = (c.args[target][c.args["state"][1]].argmax() + 1) % 3
    c.args["reward"][:2] += td_errors(c.args, target)[:2] - (0.0, 1e-5)
    return c


def td_errors(a: Args, target: str) -> Array:
    """Q(s, a) - y of each sample, (B,), with y from the network ``target``."""
    y = a["reward"] + a["gamma"] * ~a["terminated"] * a[target][a["next_state"]].max(axis=1)
    error: Array = a["W"][a["state"], a["action"]] - y
    return error


def zero_beside_others(target: str) -> Axis:
    """The axis of a sample that is right already, up to rounding, beside others that are not."""
    return some(lambda a: 0 < np.sum(np.abs(td_errors(a, target)) < 1e-12) < len(a["state"]))


def a_tiny_error(target: str) -> Axis:
    """The axis of a sample whose error is small, and is one."""
    return some(lambda a: (np.abs(td_errors(a, target)) > 1e-6) & (np.abs(td_errors(a, target)) < 1e-4))


def networks(rng: Rng, S: int, A: int) -> dict[str, Array]:
    """Two tables (S, A) that disagree about the best action in every state, where there are two."""
    W, W_target = distinct_q(rng, S, A), distinct_q(rng, S, A)
    same = W.argmax(axis=1) == W_target.argmax(axis=1)
    W_target[same] = np.roll(W_target[same], 1, axis=1)
    return {"W": W, "W_target": W_target}
