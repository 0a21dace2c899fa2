"""Losses that compare the one value of a row with several labels, because shapes were broadcast."""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.findings import SUSPICION, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.recording.observe import Observed

SIZE = re.compile(r"torch\.Size\(\[([\d, ]*)\]\)")
FEWEST = 4  # updates in which the temperature was seen
SAME = 0.01  # relative difference of two temperatures that are the same, a step apart


def say_several_labels(seen: Observed, view: CriticView, report: Report) -> None:
    """Say so where PyTorch itself warns of the shapes, or where log pi was not summed over the action's entries."""
    for warning in (w for update, _, _ in view.rows for w in update.warnings if "target size" in w):
        labels, values = (tuple(map(int, filter(None, x.split(", ")))) for x in SIZE.findall(warning)[:2])
        if prod(np.broadcast_shapes(labels, values)) > prod(values):
            told = f"PyTorch warns of labels of shape {labels} beside values of shape {values}"
            report.add(SUSPICION, "several-labels", view.name, told)
            return
    _say_entries(seen, view, report)


def _say_entries(seen: Observed, view: CriticView, report: Report) -> None:
    """A mean over labels with one entry's log pi each: its sum gets the temperature divided by their number."""
    entries = seen.spaces.action_size
    found = [x for x in view.agreed[0] if x.entropy_of and x.gamma and x.temperatures]
    if not seen.spaces.continuous or entries < 2 or len(found) < FEWEST:
        return
    alphas = np.array([x.entropy / x.gamma for x in found])
    for temperatures in map(np.array, zip(*(x.temperatures for x in found), strict=True)):
        known = np.isfinite(temperatures) & (temperatures > 0)
        if known.sum() >= FEWEST and (np.abs(alphas * entries / temperatures - 1)[known] < SAME).all():
            alpha, temperature = np.median(alphas), np.median(temperatures[known])
            told = f"log pi's factor is {alpha:.3g}, the temperature {temperature:.3g} divided by {entries} entries"
            report.add(SUSPICION, "several-labels", view.name, told)
            return
