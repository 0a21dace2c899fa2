"""A gradient that goes back through the label: a fault where a step applies it, else a note."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.fits import is_constant
from gradexaminer.analysis.reading.values import value_rows
from gradexaminer.analysis.update.applied import applied_to
from gradexaminer.findings import FAULT, NOTE, Report
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Call, Update


def examine_leaks(seen: Observed, report: Report) -> None:
    """A gradient that goes back through the label."""
    for update in seen.updates:
        for backward in update.backwards:
            losses = value_rows(seen, update, backward.number)
            if not losses or all(is_constant(rows.g) for rows in losses):
                continue
            for call in update.calls_with_gradient(backward.number):
                _leak(update, backward, call, report)


def _leak(update: Update, backward: Backward, call: Call, report: Report) -> None:
    gradients = [
        g.reshape(len(call.keys.index), -1)
        for (b, _), g in call.gradients.items()
        if b == backward.number and np.size(g) % len(call.keys.index) == 0
    ]
    there = [float(np.abs(g[call.keys.end == NEXT]).max(initial=0.0)) for g in gradients]
    if not there or max(there) == 0:
        return
    moving = applied_to(update, backward)
    if call.parameters & moving:
        report.add(
            FAULT,
            "bootstrap-gradient",
            call.network,
            f"d loss / d output at s' is up to {max(there):.2g}, and a step applies it",
        )
    elif call.behind & moving:
        told = (
            f"d loss / d output at s' is up to {max(there):.2g}; its weights keep the graph of their copy, through "
            "which that goes on to the online weights, and a step applies it"
        )
        report.add(FAULT, "bootstrap-gradient", call.network, told)
    else:
        report.add(NOTE, "target-not-detached", call.network, f"d loss / d output at s' is up to {max(there):.2g}")
