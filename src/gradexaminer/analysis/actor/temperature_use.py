"""Whether log pi's factor is the temperature that is learned, in the label and in the actor's loss.

The examiner moves the temperature between updates: what does not move with it does not use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.actor.entropy_weight import of_labels
from gradexaminer.analysis.reading.learned_number import learned_number, the_one_before
from gradexaminer.findings import FAULT, SUSPICION, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.recording.observe import Observed

FEWEST = 3  # updates in which both a factor and the temperature are known
STILL = 2e-3  # relative difference of two factors that are the same
MOVED = 0.2  # of the temperature's logarithm: far more than that is what the examiner moves it by
SAME = 2e-2  # relative difference of a factor from the logarithm itself, which steps within an update move, too


def examine_temperature_use(seen: Observed, views: list[CriticView], actors: dict[int, float], report: Report) -> None:
    """Compare the factors, by the update's number, with the one number that an optimizer holds outside of networks."""
    now, before = learned_number(seen), the_one_before(seen)
    for where, factors in (("label", of_labels(views)), ("actor's loss", actors)):
        known = [n for n in factors if n in now and factors[n]]
        if len(known) < FEWEST or np.ptp([now[n] for n in known]) < MOVED:
            continue
        given = np.array([factors[n] for n in known])
        if any(_is_logarithm(given, known, values) for values in (now, before)):
            told = f"in the {where} it is {given[-1]:.3g}, as the number that is learned"
            report.add(FAULT, "temperature-log", "", told)
        elif np.ptp(given) < STILL * np.abs(given).max():
            told = f"in the {where} it is {given[0]:.3g} in {len(given)} updates, whatever the number that is learned"
            report.add(SUSPICION, "temperature-unused", "", told)


def _is_logarithm(given: np.ndarray, known: list[int], values: dict[int, float]) -> bool:
    """Whether factors below 0 are the very number that is learned, in this update or in the one before."""
    pairs = [(x, values[n]) for x, n in zip(given, known, strict=True) if n in values]
    return len(pairs) >= FEWEST - 1 and all(x < 0 and abs(x - v) < SAME * abs(v) for x, v in pairs)
