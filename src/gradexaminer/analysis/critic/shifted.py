"""A bootstrapped value that one number of the batch is subtracted from: the mean of log pi, or of the values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.critic.evidence import are_one_temperature
from gradexaminer.findings import FAULT, SUSPICION, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.evidence import Label
    from gradexaminer.analysis.critic.views import CriticView

FEWEST = 3  # updates in which the number was measured
SAME = 1e-2  # relative difference of two numbers that were measured


def say_shifted(view: CriticView, agreed: list[list[Label]], report: Report) -> list[list[Label]]:
    """Name the number that is subtracted in all rows, where the updates tell which one it is.

    Return the explanation of a standardized bootstrap, whose mask remains to be said; else an empty list.
    """
    for found in agreed:
        temperature = of_log_pi(found)
        if temperature is not None:
            told = f"each label holds {temperature:.3g} times the mean log pi of the batch"
            report.add(FAULT, "entropy-averaged", view.name, told)
            return []
    for found in agreed:
        if _is_mean_of_values(found):
            told = f"in {len(found)} updates the mean over the batch of what is bootstrapped is 0"
            report.add(FAULT, "bootstrap-standardized", view.name, told)
            return [found]
    report.add(SUSPICION, "unexplained", view.name, "one number is added to what every row bootstraps")
    return []


def of_log_pi(found: list[Label]) -> float | None:
    """The temperature, where the shift is one multiple of a log-probability's mean in every update."""
    names = [name for x in found[:1] if x.candidate for name in x.candidate.entropy]
    for name in names:
        given = [(x, x.candidate.entropy[name]) for x in found if x.candidate and name in x.candidate.entropy]
        ratios = np.array([-x.intercept / (x.gamma * float(np.mean(log_pi))) for x, log_pi in given])
        same = are_one_temperature([x for x, _ in given], ratios, SAME)
        if len(ratios) >= FEWEST and ratios.min() > 0 and same:
            return float(np.median(ratios))
    return None


def _is_mean_of_values(found: list[Label]) -> bool:
    """Whether the shift takes away the batch's mean of the value, in every update."""
    far = [
        abs(x.intercept + x.gamma * float(x.candidate.value.mean())) / (abs(x.gamma) * float(x.candidate.value.std()))
        for x in found
        if x.candidate is not None
    ]
    return len(far) >= FEWEST and max(far) < SAME
