"""Chapter 2: outputs and targets that several exercises share, and the axes that they cover.

None is degenerate: Q that is not 0 where an episode ends, a row terminated, one only truncated, one both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._draws import one_huge, signed
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import (
    LARGE,
    Axes,
    all_negative,
    has_value,
    large,
    large_of_both_signs,
    of_size,
    short,
    some,
    square,
    tall,
    tiny,
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
        "the first row ends, others go on": some(lambda a: a["terminated"][0] and not np.all(a["terminated"])),
        "the first row goes on, others end": some(lambda a: not a["terminated"][0] and np.any(a["terminated"])),
        "a large Q": large(promises),
        "a reward of 0 where the step goes on": some(lambda a: (a["reward"] == 0) & ~a["terminated"]),
        "a reward of 0 where the episode ends": some(lambda a: (a["reward"] == 0) & a["terminated"]),
        "a best next value of 0": some(lambda a: (a[promises].max(axis=1) == 0) & ~a["terminated"]),
        "a short answer": short(lambda a: a["reward"] if len(a["reward"]) == 1 and a["terminated"][0] else np.zeros(1)),
        "a tiny target": some(lambda a: (np.abs(a["reward"]) < 1e-5) & (a["gamma"] == 0)),
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
    "large errors on both sides of 0": large_of_both_signs(lambda a: errors(a)),
    "the value of the taken output again in its row": some(lambda a: np.sum(a["q"] == _taken(a)[:, None], axis=1) > 1),
    "a large error": some(lambda a: (np.abs(errors(a)) > 100) & (np.abs(errors(a)) < 1e6)),
    "a huge error": large("y", 1e9),
    "a tiny output": tiny("q", 1e-5),
    "short answers": short(lambda a: np.append(a["q"], errors(a))),
    "a taken output of 0, with an error": some(lambda a: (_taken(a) == 0) & (errors(a) != 0)),
    "a target of 0, with an error": some(lambda a: (np.ravel(a["y"]) == 0) & (errors(a) != 0)),
    "an output of 0 that was not taken": some(lambda a: np.sum(a["q"] == 0, axis=1) > (_taken(a) == 0)),
    "large outputs above 0, with an ordinary error": some(lambda a: _ordinary_error(a) & (_taken(a) > LARGE)),
    "large outputs below 0, with an ordinary error": some(lambda a: _ordinary_error(a) & (_taken(a) < -LARGE)),
}


def _taken(a: Args) -> Array:
    """Q(s, a) of each sample, (B,)."""
    taken: Array = a["q"][np.arange(len(a["action"])), a["action"]]
    return taken


def errors(a: Args) -> Array:
    """Q(s, a) - y of each sample, (B,)."""
    error: Array = _taken(a) - np.ravel(a["y"])
    return error


def _ordinary_error(a: Args) -> Array:
    """Which errors are neither 0 nor tiny nor large."""
    return np.asarray((np.abs(errors(a)) > 0.1) & (np.abs(errors(a)) < 50))


def distinct_q(rng: Rng, B: int, A: int) -> Array:
    """Outputs (B, A), in each row far enough apart that a small step never changes the best action."""
    return np.stack([rng.permutation(A) for _ in range(B)]) * 1.5 - 4.0 + rng.uniform(-0.3, 0.3, size=(B, A))


NEARLY = 2e-6  # between outputs that rounding, or a tolerance, makes equal


def nearly_tie(row: int, *tables: Array) -> None:
    """Make the outputs of a row of the first table nearly equal, in place: the second one is the best, by ``NEARLY``.

    The same row of further tables is turned as far as brings the first one's best to the second place.
    """
    on = 1 - int(tables[0][row].argmax())
    for table in tables:
        table[row] = np.roll(table[row], on)
    outputs = tables[0][row]
    outputs[:] = max(np.ceil(outputs[1]), 1.0) + 0.2
    outputs[np.arange(len(outputs)) != 1] -= NEARLY


def nearly_tied(q: Array) -> Array:
    """Which rows of outputs (B, A) have one that is less than the best by no more than ``NEARLY`` and stands first."""
    close = (q < q.max(axis=1, keepdims=True)) & (q > q.max(axis=1, keepdims=True) - 1.5 * NEARLY)
    return np.asarray(close.any(axis=1) & (close.argmax(axis=1) < q.argmax(axis=1)))


def tie_before_another(q: Array, decided: Array) -> bool:
    """Whether a row of outputs has a tie where ``decided`` otherwise, and the next row has a best one elsewhere.

    The positions of all largest outputs are then more than one for each row, and what comes after is off by one.
    """
    best = q == q.max(axis=1, keepdims=True)
    tied, alone = decided & (best.sum(axis=1) > 1), ~decided & (best.sum(axis=1) == 1)
    return bool((tied[:-1] & alone[1:] & ~(best[:-1] & best[1:]).any(axis=1)).any())


def _target_case(
    rng: Rng,
    name: str,
    B: int,
    A: int,
    edge: bool = False,
    gamma: float | None = None,
    shift: float = 0.0,
    scale: float = 1.0,
    first: int = 0,
) -> Case:
    terminated, truncated = flags(B, first)
    args = {
        "reward": scale * signed(rng, B, 0.5, 20.0),
        "q_next": scale * distinct_q(rng, B, A) + shift,
        "terminated": terminated,
        "truncated": truncated,
        "gamma": float(rng.uniform(0.7, 0.97)) if gamma is None else gamma,
    }
    rows = {"terminated": terminated, "only truncated": truncated & ~terminated}
    return Case(name, args, edge=edge, sizes={"B": B, "A": A}, rows=rows)


def td_target_cases(rng: Rng) -> list[Case]:
    """Rewards (B,), next outputs of the target network (B, A), both flags (B,), gamma."""
    case = partial(_target_case, rng)
    tied = case("two best actions", 6, 3, edge=True)
    tied.args["q_next"][:, 2] = tied.args["q_next"].max(axis=1)
    tied.args["q_next"][:, 0] = tied.args["q_next"][:, 2]
    still = case("one action, and gamma 0", 5, 1, edge=True, gamma=0.0)
    still.args["reward"][0] *= 1e-7
    going_on = case("one sample that goes on", 1, 3, edge=True)
    cut_off = case("some rows only truncated, none terminated", 4, 3, edge=True)
    for flag in (cut_off.args["terminated"], cut_off.rows["terminated"]):
        flag[:] = False
    for flag in (cut_off.args["truncated"], cut_off.rows["only truncated"]):
        flag[:] = (True, False, True, False)
    for flag in (going_on.args["terminated"], going_on.rows["terminated"]):
        flag[:] = False
    zeros = case("rewards of 0, and a best Q of 0", 5, 3, edge=True)
    zeros.args["reward"][[0, 3]] = 0.0  # one of them ends the episode
    zeros.args["q_next"][1] -= zeros.args["q_next"][1].max()
    drawn = [
        case("a batch of 5, 6 actions", 5, 6),
        case("a batch of 8, 3 actions", 8, 3, first=3),
        case("large rewards and outputs", 6, 5, scale=100.0),
        case("as many samples as actions", 5, 5, edge=True),
        case("every Q far below 0, undiscounted", 5, 4, edge=True, gamma=1.0, shift=-20.0),
        case("every Q above 0", 4, 3, edge=True, shift=5.0, first=1),
        tied,
        still,
        case("one action", 5, 1, edge=True),
        case("one sample, terminated", 1, 3, edge=True, scale=0.02),
        going_on,
        cut_off,
        zeros,
    ]
    return with_ordinary_twins(drawn)


def flags(B: int, first: int = 0) -> tuple[Array, Array]:
    """Terminated (B,) and truncated (B,): in turn terminated, only truncated, both, neither, terminated."""
    kinds = (np.arange(B) + first) % 5
    return kinds % 2 == 0, np.isin(kinds, (1, 2))


def _output_case(
    rng: Rng,
    name: str,
    error: list[float] | Array,
    A: int,
    edge: bool = False,
    action: int | None = None,
    shift: Array | float = 0.0,
) -> Case:
    """Make a case; ``shift`` (B, 1) moves all outputs of a row, and its target with them."""
    B, rows = len(error), np.arange(len(error))
    q = distinct_q(rng, B, A) + shift
    taken = (q.argmax(axis=1) + rows) % A if action is None else np.full(B, action)  # in row 0 the best, then others
    return Case(name, {"q": q, "action": taken, "y": q[rows, taken] - error}, edge=edge, sizes={"B": B, "A": A})


def output_cases(rng: Rng) -> list[Case]:
    """Outputs q (B, A), the taken actions (B,), and the targets y (B,)."""
    case = partial(_output_case, rng)
    uneven = signed(rng, 5, 0.3, 4.0)
    uneven[:4] = (0.0, 2e-6, -300.0, 40.0)
    above = signed(rng, 4, 0.3, 4.0)
    above[2] = 200.0
    far = np.array([0.0, 0.0, 0.0, 300.0, -300.0])[:, None]
    small = case("one sample, small outputs", signed(rng, 1), 4, edge=True)
    for name in ("q", "y"):
        small.args[name][:] *= 0.05
    mixed = case("a batch of 5, 3 actions, uneven errors", uneven, 3, shift=far)
    mixed.args["q"][1, (mixed.args["action"][1] + 1) % 3] = -2e-6
    last = case("the last action every time, its value twice", signed(rng, 3), 5, edge=True, action=4)
    last.args["q"][:, 2] = last.args["q"][:, 4]
    zeros = case("an output of 0 taken, another one not, and a target of 0", signed(rng, 3), 4, edge=True)
    taken = zeros.args["action"]
    zeros.args["q"][0, taken[0]], zeros.args["y"][1], zeros.args["q"][2, (taken[2] + 1) % 4] = 0.0, 0.0, 0.0
    return [
        case("a batch of 4, 6 actions", signed(rng, 4, 0.3, 4.0), 6),
        mixed,
        one_huge(case("", above, 6), "y"),
        case("as many samples as actions", signed(rng, 3), 3, edge=True),
        case("action 0 every time", signed(rng, 4), 3, edge=True, action=0),
        last,
        small,
        case("one action", signed(rng, 3), 1, edge=True),
        zeros,
    ]


def with_labels_otherwise(oracle: Callable[[Args], Any], a: Args) -> Otherwise:
    """Return what is right for labels that belong to other rows."""
    y = a["y"]
    labels = {
        "if each row had the label whose number is its action, `y[action]`": np.take(y, a["action"], 0, mode="wrap"),
        "if the labels were sorted": np.sort(y, axis=0),
    }
    return {f"what it would be {words}": lambda y=y: oracle({**a, "y": y}) for words, y in labels.items()}  # type: ignore[misc]
