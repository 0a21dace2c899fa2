"""Changes to an input stay within its kind."""

from __future__ import annotations

import numpy as np

from gradschool.diagnosis.perturbations import perturbed

RNG = np.random.default_rng(5)


def test_changes_stay_within_the_kind_of_an_input() -> None:
    flags, floats = np.array([True, False]), np.array([0.0, 1.0, 1.0])
    assert perturbed(flags).tolist() == [False, True]
    assert perturbed(floats).tolist() == [1.0, 0.0, 0.0]
    assert perturbed(np.array([0, 3, 1])).tolist() == [1, 0, 2]
    assert (perturbed(0.4), perturbed(3)) == (0.2, 4)
    x = RNG.normal(size=(3, 2))
    pair = perturbed((x, x))
    assert all(((y > x) & (y < x + 0.2 * np.abs(x).max())).all() for y in pair)
    assert perturbed(np.zeros(3)).tolist() == [1.0, 1.0, 1.0]
