"""Inputs and oracle of ``ddpg.clinic``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng

PATIENTS = ("A", "B", "C", "D", "E", "F")
# Only a hash of each diagnosis is kept here: the check can say that one is right without telling which.
SEALED = {
    "A": "66fef703e352",
    "B": "0d33279df10d",
    "C": "e4e15b371669",
    "D": "cb0c99efdb95",
    "E": "4ea8a4f9ef9f",
    "F": "de0996bf7c73",
}


def cases(rng: Rng) -> list[Case]:
    """One case for each half of the clinic; the order of the letters is the only input."""
    return [Case("patients A to C", {"patients": PATIENTS[:3]}), Case("patients D to F", {"patients": PATIENTS[3:]})]


def oracle(a: Args) -> dict[str, str]:
    """The sealed diagnoses."""
    return {patient: SEALED[patient] for patient in a["patients"]}
