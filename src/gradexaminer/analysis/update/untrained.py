"""Critics that are asked about the stored actions, as for a loss, while no backward pass goes through their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import are_stored, stored_actions
from gradexaminer.findings import FAULT, Report
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.analysis.reading.tables import Table
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call, Update

FEWEST = 3  # updates


def examine_untrained(seen: Observed, report: Report) -> None:
    """Name each of them; not one whose loss comes only now and then, or in whose place another critic learns."""
    if not seen.spaces.continuous or len(seen.updates) < FEWEST:
        return
    asked = [[c for c in u.calls if _is_of_a_loss(seen, c)] for u in seen.updates]
    if not all(calls and _has_label(u) for u, calls in zip(seen.updates, asked, strict=True)):
        return
    if any(np.any(g) for calls in asked for c in calls for g in c.gradients.values()):
        return
    for network in dict.fromkeys(c.network for calls in asked for c in calls):
        told = f"it was asked about them in each of {len(seen.updates)} updates, with a gradient to send"
        report.add(FAULT, "critic-untrained", network, told)


def examine_idle_outputs(seen: Observed, views: list[CriticView], report: Report) -> None:
    """An output of a critic that the label asks its target for, and that no critic's loss ever goes through.

    It has layers of its own, which the actor's loss alone gives a gradient to.
    """
    for view in views:
        candidate = view.agreed[0][0].candidate if view.agreed else None
        learning = [rows for _, _, rows in view.rows]
        if candidate is None or len(learning) < FEWEST or any(rows.output < 0 for rows in learning):
            continue
        network = learning[0].call.network
        trained = {r.output for v in views for _, _, r in v.rows if r.call.network == network}
        updates = [u for u in seen.updates if any(t.call in u.calls for t in candidate.parts)]
        number = len(learning[0].call.outputs)
        asked = {i for u in updates[:1] for t in candidate.parts for i in _outputs_of(u, t, number)}
        for output in sorted(asked - trained):
            reached = {p for v in views for _, b, r in v.rows if r.call.network == network for p in b.reached}
            own = [_own_layers(rows.call, output, trained) for rows in learning]
            if all(own) and not reached.intersection(*own):
                told = f"the label asks output {output + 1} of its target, and no loss goes through this critic's"
                report.add(FAULT, "twin-untrained", network, told)


def _outputs_of(update: Update, t: Table, number: int) -> set[int]:
    """Which of so many outputs of one call these values are: its own, or a part's that it was made of."""
    if len(t.call.outputs) == number:
        return {t.output}
    outer = (c for c in update.calls if c.time in t.call.ancestors and len(c.outputs) == number)
    mine = t.call.outputs[max(t.output, 0)]
    return {i for c in outer for i, x in enumerate(c.outputs) if x.shape == mine.shape and np.array_equal(x, mine)}


def _own_layers(call: Call, output: int, others: set[int]) -> frozenset[int]:
    """Parameters on which one output depends and those others do not."""
    shared = [call.leaves[i] for i in others if i < len(call.leaves)]
    return call.leaves[output].difference(*shared) if output < len(call.leaves) else frozenset()


def _is_of_a_loss(seen: Observed, call: Call) -> bool:
    """Whether a call with a graph is about the stored actions, beside their states."""
    if not (call.graph and call.trains and call.extra and call.keys.all_here) or call.part:
        return False
    stored = stored_actions(seen, call.keys.index)
    return any(are_stored(x, stored) for x in call.extra)


def _has_label(update: Update) -> bool:
    """Whether a critic was shown actions beside the next states."""
    return any(c.extra and (c.keys.end == NEXT).any() for c in update.calls)
