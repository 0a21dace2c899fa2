"""Inputs and oracle of ``dqn.clinic``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case
from gradschool.exercises.axes import Axes
from gradschool.lessons.clinics.faults.dqn import faults

AXES: Axes = {}  # the function takes no inputs


def cases(rng: np.random.Generator) -> list[Case]:
    """One case without inputs: the six agents are the same for everyone."""
    return [Case("the six agents", {})]


def oracle(a: Args) -> dict[str, str]:
    """Each letter's fault."""
    return faults()
