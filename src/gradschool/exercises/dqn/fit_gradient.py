"""Inputs and oracle of ``dqn.fit_gradient``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import signed
from gradschool.exercises.axes import LARGE, Axes, large, some
from gradschool.exercises.dqn._cases import SHAPE_AXES, distinct_q, output_cases

AXES: Axes = {
    **SHAPE_AXES,
    "one error in a row": some(lambda a: np.sum(a["q"] != a["targets"], axis=1) == 1),
    "several errors in a row": some(lambda a: np.sum(a["q"] != a["targets"], axis=1) > 1),
    "an error in every output": some(lambda a: np.all(a["q"] != a["targets"]) and min(a["q"].shape) > 1),
    "a row without an error beside others": some(lambda a: 0 < np.sum(np.all(a["q"] == a["targets"], 1)) < len(a["q"])),
    "no error at all": some(lambda a: np.all(a["q"] == a["targets"])),
    "a tiny error": some(lambda a: (np.abs(a["q"] - a["targets"]) < 1e-6) & (a["q"] != a["targets"])),
    "a large error": some(lambda a: (np.abs(a["q"] - a["targets"]) > 100) & (np.abs(a["targets"]) < 1e6)),
    "a huge error": large("targets", 1e9),
    "large outputs, with an ordinary error": some(
        lambda a: (np.abs(a["q"]) > LARGE) & (a["q"] != a["targets"]) & (np.abs(a["q"] - a["targets"]) < 50)
    ),
}


def cases(rng: Rng) -> list[Case]:
    """Outputs q (B, A) and targets (B, A): equal except at the taken action, as in the lesson, or anywhere else."""
    as_in_lesson = []
    for c in output_cases(rng):
        targets = c.args["q"].copy()
        targets[np.arange(len(targets)), c.args["action"]] = c.args["y"]
        as_in_lesson.append(Case(c.name, {"q": c.args["q"], "targets": targets}, c.edge, c.sizes))
    q, error = distinct_q(rng, 5, 4), signed(rng, (5, 4))
    error[1], error[2, :3] = 0.0, 0.0  # a row without an error, and one with a single one
    error[3, 0] = 3e-7  # small, and an error
    anywhere = Case("errors anywhere", {"q": q, "targets": q - error}, sizes={"B": 5, "A": 4})
    everywhere = Case("errors everywhere", {"q": q[:2], "targets": q[:2] - signed(rng, (2, 4))}, sizes={"B": 2, "A": 4})
    nowhere = Case("no error", {"q": q[:2], "targets": q[:2].copy()}, edge=True, sizes={"B": 2, "A": 4})
    return [*as_in_lesson, anywhere, everywhere, nowhere]


def oracle(a: Args) -> Array:
    """dL/dq by complex steps of L = 1/2 mean_b sum_a (q - targets)^2, the targets held fixed."""
    return complex_step(lambda q: 0.5 * np.sum((q - a["targets"]) ** 2) / len(q), a["q"])
