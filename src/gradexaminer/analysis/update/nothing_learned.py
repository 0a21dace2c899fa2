"""Losses whose backward pass reaches no network, or brings a gradient of exactly 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.findings import FAULT, Report
from gradexaminer.recording.rows import HERE

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed


def examine_nothing_learned(seen: Observed, report: Report) -> bool:
    """Say so, where networks were asked about states and nothing can come of it; whether that is the case."""
    backwards = [b for u in seen.updates for b in u.backwards if not b.probe]
    applied = any(s.sources for u in seen.updates for s in u.steps)
    asked = [c for u in seen.updates for c in u.calls if (c.keys.end == HERE).all() and len(c.keys.index) > 1]
    if not asked or len(backwards) < len(seen.updates):
        return False
    if not applied and not any(b.reached for b in backwards):
        told = f"{len(backwards)} backward passes ran, and none reached a parameter of a network"
        report.add(FAULT, "detached", "", told)
        return True
    learning = [c for c in asked if c.gradients]
    if learning and all(not np.any(g) for u in seen.updates for c in u.calls for g in c.gradients.values()):
        told = f"d loss / d output is exactly 0 in every row of {len(seen.updates)} updates"
        report.add(FAULT, "gradient-zero", learning[0].network, told)
        return True
    return False
