"""Inputs and oracle of ``dqn.one_hot``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import LARGE, Axes, has_value, of_size, repeats, some

AXES: Axes = {
    "more states than samples": some(lambda a: a["n_states"] > len(a["s"])),
    "more samples than states": some(lambda a: a["n_states"] < len(a["s"])),
    "as many samples as states": some(lambda a: 1 < a["n_states"] == len(a["s"])),
    "one sample": of_size("s", 1),
    "one state": has_value("n_states", 1),
    "a state twice": repeats("s"),
    "ids out of order": some(lambda a: a["s"][1:] < a["s"][:-1]),
    "the first state": has_value("s", 0),
    "the last state": some(lambda a: a["s"] == a["n_states"] - 1),
    "the last state missing": some(lambda a: max(a["s"]) < a["n_states"] - 1),
    "hundreds of states": some(lambda a: (a["s"] > LARGE) & (a["n_states"] > 2 * LARGE)),
}


def cases(rng: Rng) -> list[Case]:
    """States s (B,) and the number of states."""

    def case(name: str, pattern: list[int], S: int, edge: bool = False, first: int = 0) -> Case:
        """Ids by a pattern: equal numbers are equal states, whose ids are drawn from ``first`` on."""
        s = first + rng.permutation(max(pattern) + 1)[pattern]
        return Case(name, {"s": s, "n_states": S}, edge=edge, sizes={"B": len(s), "S": S})

    turned = Case("the last state, then the first", {"s": np.array([4, 0]), "n_states": 5}, True, {"B": 2, "S": 5})
    return [
        case("4 samples of 6 states, the last state missing", [0, 1, 0, 3], 6),
        case("4 samples of 6 states, the first two missing", [0, 1, 0, 3], 6, first=2),
        case("7 samples of 3 states", [0, 1, 2, 0, 2, 1, 1], 3),
        turned,
        case("one sample", [3], 5, edge=True),
        case("as many samples as states", [0, 3, 2, 0], 4, edge=True),
        case("one state", [0, 0, 0], 1, edge=True),
        case("2 samples of 500 states", [0, 1], 500, edge=True, first=490),
    ]


def oracle(a: Args) -> Array:
    """The rows (B, n_states): 1 where the column's number is the row's id."""
    return np.equal.outer(a["s"], np.arange(a["n_states"])).astype(np.float64)


def otherwise(a: Args) -> Otherwise:
    """The rows of other ids."""
    columns, last = np.arange(a["n_states"]), a["n_states"] - 1
    ids = {
        "if the last state were taken for the one before it": np.minimum(a["s"], max(last - 1, 0)),
        "if the first state were taken for the one after it": np.maximum(a["s"], min(1, last)),
        "if states were counted from the last one": last - a["s"],
        "if the ids were sorted": np.sort(a["s"]),
    }
    return {f"what it would be {words}": lambda s=s: (s[:, None] == columns) + 0.0 for words, s in ids.items()}  # type: ignore[misc]
