"""Actions that critics were shown: stored ones, rescaled ones, and where the label's come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.findings import FAULT, Report
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.analysis.values import Table
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call

NEAR = 0.5  # of the actions' deviation: noise on a target action stays below that


def online_parameters(seen: Observed) -> frozenset[int]:
    """Parameters that some optimizer's step moves."""
    return frozenset(p for u in seen.updates for s in u.steps for p, change in s.moved.items() if change > 0)


def stored_actions(seen: Observed, index: np.ndarray) -> np.ndarray:
    """Actions of these transitions, shape (B, A)."""
    return np.stack([np.atleast_1d(seen.transitions[int(i)].action) for i in index]).astype(float)


def is_affine(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether each column of `x` is that of `y`, shifted and scaled."""
    if len(x) < 4:
        return False
    a, b = x - x.mean(axis=0), y - y.mean(axis=0)
    slope = (a * b).sum(axis=0) / np.maximum((b * b).sum(axis=0), 1e-30)
    return bool(np.abs(a - slope * b).max() < 1e-4 * max(float(np.abs(a).max()), 1e-30))


def say_target_action(seen: Observed, parts: tuple[Table, ...], report: Report) -> None:
    """Where the action comes from that the label's critics are shown."""
    for t in parts:
        source = target_action_source(seen, t)
        code = {"stored": "target-action-replayed", "actor at s": "target-action-state"}.get(source, "")
        if code:
            report.add(FAULT, code, t.call.network, "the actions are equal in every row")
        elif source == "online actor":
            report.add(FAULT, "target-action-online", t.call.network, "a target actor is there and was not asked")


def target_action_source(seen: Observed, t: Table) -> str:
    """`stored`, `actor at s`, `online actor` (though there is a target actor), or empty."""
    shown = next((x for x in t.call.extra if x.shape[1] == seen.spaces.action_size), None)
    index = t.call.keys.index
    if shown is None or (index < 0).any():
        return ""
    if np.allclose(shown, stored_actions(seen, index), atol=1e-5):
        return "stored"
    update = next(u for u in seen.updates if t.call in u.calls)
    sources = [
        (float(np.sqrt(np.mean((x - shown) ** 2))), call)
        for call in update.calls
        if not call.extra and call.time < t.call.time and np.array_equal(call.keys.index, index)
        for x in call.outputs
        if x.shape == shown.shape
    ]
    if not sources:
        return ""
    far, nearest = min(sources, key=lambda pair: pair[0])
    return _source(seen, nearest) if far < NEAR * float(shown.std()) else ""


def _source(seen: Observed, call: Call) -> str:
    if (call.keys.end != NEXT).all():
        return "actor at s"
    trained = online_parameters(seen)
    others = [
        m for path, m in seen.found.modules.items() if path != call.network and _same_shape(seen, path, call.network)
    ]
    idle = any(not {id(p) for p in m.parameters()} & trained for m in others)
    return "online actor" if idle and call.parameters & trained else ""


def _same_shape(seen: Observed, a: str, b: str) -> bool:
    shapes = [[p.shape for p in seen.found.modules[x].parameters()] for x in (a, b) if x in seen.found.modules]
    return len(shapes) == 2 and shapes[0] == shapes[1]
