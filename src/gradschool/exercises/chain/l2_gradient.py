"""Inputs and oracle of ``chain.l2_gradient``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import one_huge, signed
from gradschool.exercises.axes import Axes, an_entry_of_0, large, large_of_both_signs, of_size, some, tiny
from gradschool.exercises.chain._losses import l2_loss

AXES: Axes = {
    "one entry": of_size("p", 1),
    "zero error everywhere": some(lambda a: np.all(a["p"] == a["l"])),
    "zero error beside others": some(lambda a: 0 < np.sum(a["p"] == a["l"]) < len(a["p"])),
    "a tiny error": some(lambda a: (np.abs(a["p"] - a["l"]) < 1e-5) & (a["p"] != a["l"])),
    "a large error": some(lambda a: np.abs(a["p"] - a["l"]) > 1e6),
    "a prediction opposite to its label": some(lambda a: (a["p"] == -a["l"]) & (a["p"] != 0)),
    "a small error of large numbers": some(
        lambda a: (np.abs(a["p"] - a["l"]) < 1e-5 * np.abs(a["l"])) & (np.abs(a["l"]) > 100) & (a["p"] != a["l"])
    ),
    "large errors on both sides of 0": large_of_both_signs(lambda a: a["p"] - a["l"]),
    "two equal labels": some(lambda a: len(np.unique(a["l"])) < len(a["l"])),
    "two equal predictions": some(lambda a: len(np.unique(a["p"])) < len(a["p"])),
    "labels below 0": some(lambda a: a["l"] < 0),
    **an_entry_of_0("p", "l"),
    "errors with a sum above 0": some(lambda a: np.sum(a["p"] - a["l"]) > 0.1),
    "errors with a sum below 0": some(lambda a: np.sum(a["p"] - a["l"]) < -0.1),
    "tiny beside large": some(lambda a: large("p")([a]) and tiny("p")([a])),
}


def cases(rng: Rng) -> list[Case]:
    """Predictions p and labels l, both (n,)."""

    def case(name: str, error: Array, edge: bool = False) -> Case:
        l = signed(rng, len(error))
        return Case(name, {"p": l + error, "l": l}, edge=edge, sizes={"n": len(error)})

    four, six = signed(rng, 4), signed(rng, 6)
    six[2] = 0.0  # one output is right already, the others are not
    for errors, sign in ((four, 1.0), (six, -1.0)):  # what turns with the sum of the errors turns in one of them
        errors[0] = sign * (np.abs(errors[0]) + np.abs(errors[1:].sum()))
    opposite, near = signed(rng, 3), 1e4 * signed(rng, 3)
    far = case("6 outputs, large errors", 400.0 * signed(rng, 6))
    level = case("two equal labels, two equal predictions, and a 0 in each", signed(rng, 5), edge=True)
    level.args["l"][1], level.args["p"][4] = level.args["l"][0], level.args["p"][3]
    level.args["p"][2], level.args["l"][4] = 0.0, 0.0
    opposite_pair = {"p": np.append(opposite, 0.5), "l": np.append(-opposite, -0.7)}
    return [
        case("4 outputs", four),
        case("6 outputs, one of them right", six),
        one_huge(case("", signed(rng, 4)), "p"),
        far,
        case("one output", signed(rng, 1), edge=True),
        level,
        Case("predictions opposite to their labels", opposite_pair, edge=True, sizes={"n": 4}),
        Case("large numbers that nearly agree", {"p": near + 0.03, "l": near}, edge=True, sizes={"n": 3}),
        case("a prediction that is already right", np.zeros(3), edge=True),
        Case(
            "tiny and large numbers",
            {key: signed(rng, 3) * np.array([2e-6, 1e3, 4e-7]) for key in ("p", "l")},
            edge=True,
            sizes={"n": 3},
        ),
    ]


def oracle(a: Args) -> Array:
    """dL/dp, (n,), by complex steps."""
    return complex_step(lambda p: l2_loss(p, a["l"]), a["p"])
