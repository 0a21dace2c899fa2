"""Inputs and oracle of ``ddpg.clinic``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.exercises.axes import Axes, Axis, some

PATIENTS = ("A", "B", "C", "D", "E", "F")
# Only a hash of each diagnosis is kept here: the check can say that one is right without telling which.
SEALED = {
    "A": "e15d51e4a272",
    "B": "39c85069ab94",
    "C": "979e5b9e78d3",
    "D": "13547ed40614",
    "E": "64e5275e894f",
    "F": "1d88d1b1de66",
}


def _patient(letter: str) -> Axis:
    """The axis of a case that asks about this patient."""
    return some(lambda a: letter in a["patients"])


AXES: Axes = {f"patient {letter}": _patient(letter) for letter in PATIENTS}


def cases(rng: Rng) -> list[Case]:
    """One case for each half of the clinic; the order of the letters is the only input."""
    return [Case("patients A to C", {"patients": PATIENTS[:3]}), Case("patients D to F", {"patients": PATIENTS[3:]})]


def oracle(a: Args) -> dict[str, str]:
    """The sealed diagnoses."""
    return {patient: SEALED[patient] for patient in a["patients"]}
