"""Inputs and oracle of ``chain.batch_mean_gradient``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import one_huge, signed
from gradschool.exercises.axes import Axes, an_entry_of_0, large, large_of_both_signs, of_size, some
from gradschool.exercises.chain._losses import l2_loss

AXES: Axes = {
    "one sample": of_size("l", 1),
    "two samples": of_size("l", 2),
    "zero error beside others": some(lambda a: 0 < np.sum(a["p"][:, 0] == a["l"]) < len(a["l"])),
    "zero error everywhere": some(lambda a: np.all(a["p"][:, 0] == a["l"])),
    "a tiny error": some(lambda a: (np.abs(a["p"][:, 0] - a["l"]) < 1e-5) & (a["p"][:, 0] != a["l"])),
    "a large error": large("p", 1e9),
    "large errors on both sides of 0": large_of_both_signs(lambda a: a["p"][:, 0] - a["l"]),
    "a large label": large("l"),
    **an_entry_of_0("p", "l"),
    "a sample twice": some(lambda a: len(np.unique(a["l"])) < len(a["l"])),
}


def cases(rng: Rng) -> list[Case]:
    """Predictions p (B, 1), as a network returns them, and labels l (B,), as a table holds them."""

    def case(name: str, error: Array, edge: bool = False) -> Case:
        l = signed(rng, len(error))
        return Case(name, {"p": (l + error)[:, None], "l": l}, edge=edge, sizes={"B": len(error)})

    seven = signed(rng, 7)
    seven[1:5] = (0.0, 2e-6, 300.0, -200.0)  # one sample is right already, and one nearly
    far = case("", signed(rng, 4)).args
    once = case("", signed(rng, 3)).args
    zero = case("a prediction of 0, and a label of 0", signed(rng, 3), edge=True)
    zero.args["p"][0], zero.args["l"][1] = 0.0, 0.0
    doubled = {"p": np.tile(once["p"], (2, 1)), "l": np.tile(once["l"], 2)}
    return [
        case("a batch of 4", signed(rng, 4)),
        case("a batch of 7, one sample right", seven),
        Case("a batch of 4, labels far from 0", {key: 200.0 * x for key, x in far.items()}, sizes={"B": 4}),
        one_huge(case("", signed(rng, 4)), "p"),
        case("a batch of 1", signed(rng, 1), edge=True),
        case("a batch of 2", signed(rng, 2), edge=True),
        case("everything is right already", np.zeros(3), edge=True),
        Case("a batch of 3, every sample twice", doubled, edge=True, sizes={"B": 6}),
        zero,
    ]


def oracle(a: Args) -> Array:
    """dL/dp for L = 1/(2B) sum_i (p_i - l_i)^2 by complex steps, (B, 1)."""
    return complex_step(lambda p: l2_loss(p[:, 0], a["l"]) / len(a["l"]), a["p"])
