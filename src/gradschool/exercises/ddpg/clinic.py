"""Inputs and oracle of ``ddpg.clinic``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.exercises.axes import Axes, Axis, some
from gradschool.lessons.clinics.ddpg import LETTERS
from gradschool.lessons.clinics.faults.ddpg import faults


def _patient(letter: str) -> Axis:
    """The axis of a case that asks about this patient."""
    return some(lambda a: letter in a["patients"])


AXES: Axes = {f"patient {letter}": _patient(letter) for letter in LETTERS}


def cases(rng: Rng) -> list[Case]:
    """One case for each half of the clinic; the order of the letters is the only input."""
    return [Case("patients A to C", {"patients": LETTERS[:3]}), Case("patients D to F", {"patients": LETTERS[3:]})]


def oracle(a: Args) -> dict[str, str]:
    """The fault of each letter that is asked for."""
    return {letter: faults()[letter] for letter in a["patients"]}
