"""Inputs and oracle of ``chain.l2_gradient``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, central_differences
from gradschool.exercises.axes import Axes, of_size, some
from gradschool.exercises.chain._losses import l2_loss

AXES: Axes = {
    "one entry": of_size("p", 1),
    "zero error": some(lambda a: a["p"] == a["l"]),
}


def cases(rng: Rng) -> list[Case]:
    """Predictions p and labels l, both (n,)."""
    p = rng.normal(size=3)
    return [
        Case("4 outputs", {"p": rng.normal(size=4), "l": rng.normal(size=4)}, sizes={"n": 4}),
        Case("6 outputs", {"p": rng.normal(size=6), "l": rng.normal(size=6)}, sizes={"n": 6}),
        Case("one output", {"p": rng.normal(size=1), "l": rng.normal(size=1)}, edge=True, sizes={"n": 1}),
        Case("a prediction that is already right", {"p": p, "l": p.copy()}, edge=True, sizes={"n": 3}),
    ]


def oracle(a: Args) -> Array:
    """dL/dp, (n,), by central differences."""
    return central_differences(lambda p: l2_loss(p, a["l"]), a["p"])
