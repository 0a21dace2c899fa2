"""Networks that learn what the environment does, beside critics: the next state, or the reward, of a state and action.

They are shown what a critic is shown, and their loss is no TD error. Nothing is claimed about them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import online_parameters
from gradexaminer.analysis.reading.fits import fit
from gradexaminer.analysis.update.pairs import pairs
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.analysis.reading.values import ValueRows
    from gradexaminer.findings import Report
    from gradexaminer.recording.observe import Observed

NEXT_STATE = "the next state"
MOST_ENTRIES = 64  # of an observation, each of which is compared


def without_models(seen: Observed, views: list[CriticView], report: Report) -> list[CriticView]:
    """Leave out the views of such networks; each network is told once."""
    told: dict[str, str] = {}
    for view in views if len(views) > 1 else ():
        what = _learned(seen, view)
        if what and (what == NEXT_STATE or any(_is_asked_ahead(seen, v) for v in views if v is not view)):
            told[view.name] = what
    for network, what in {v.rows[0][2].call.network: told[v.name] for v in views if v.name in told}.items():
        report.convention(f"{network}: learns {what}, as a model of the environment")
    return [view for view in views if view.name not in told]


def _predicts_next_state(seen: Observed, rows: ValueRows) -> bool:
    """Whether each output's gradient is its distance from one entry of s', or of s' - s."""
    before, after = (
        np.stack([np.asarray(getattr(seen.transitions[i], end), float).reshape(-1) for i in rows.index.tolist()])
        for end in ("obs", "next_obs")
    )
    if after.shape[1] > MOST_ENTRIES:
        return False
    learned = [(q, g) for q, g in zip(rows.values.T, rows.gradients.T, strict=True) if np.any(g)]
    return all(any(_is_entry(q, g, x, y) for x, y in zip(before.T, after.T, strict=True)) for q, g in learned)


def _is_entry(q: np.ndarray, g: np.ndarray, before: np.ndarray, after: np.ndarray) -> bool:
    f = fit(g, {"q": q, "s": before, "s'": after}, np.ones(len(g), bool))
    return f.exact and f.resolves("q") and f.resolves("s'")


def _learned(seen: Observed, view: CriticView) -> str:
    """What it learns of the environment; of rewards and ends only where nothing else has a use for its values."""
    if all(_predicts_next_state(seen, rows) for _, _, rows in view.rows):
        return NEXT_STATE
    if _is_used(seen, view):
        return ""
    for part, what in (("reward", "the reward"), ("terminated", "the ends of episodes")):
        if all(_is_error_of(part, seen, rows) for _, _, rows in view.rows):
            return what
    wide = (
        seen.spaces.continuous and max(x.size // len(rows.g) for _, _, rows in view.rows for x in rows.call.outputs) > 1
    )
    return "several numbers for each state and action" if wide else ""


def _is_used(seen: Observed, view: CriticView) -> bool:
    """Whether a label, an actor's loss or a target has a use for its values."""
    networks = {rows.call.network for _, _, rows in view.rows}
    calls = [c for u in seen.updates for c in u.calls if c.network in networks]
    climbed = any(np.any(g) for c in calls for g in c.extra_gradients.values())
    followed = any(pair.online in networks for pair in pairs(seen, online_parameters(seen)))
    return climbed or followed or any((c.keys.end == NEXT).any() for c in calls)


def _is_error_of(part: str, seen: Observed, rows: ValueRows) -> bool:
    """Whether the gradient is the distance from a reward or a flag; of a flag also that of its probability."""
    given = np.array([float(getattr(seen.transitions[i], part)) for i in rows.index.tolist()])
    forms = (rows.q, 1 / (1 + np.exp(-rows.q))) if part == "terminated" else (rows.q,)
    fits = [fit(rows.g, {"q": form, part: given}, np.ones(len(rows.g), bool)) for form in forms]
    return any(f.exact and f.resolves("q") and f.resolves(part) for f in fits)


def _is_asked_ahead(seen: Observed, view: CriticView) -> bool:
    """Whether this critic, or a target that follows it, was asked about next states."""
    networks = {rows.call.network for _, _, rows in view.rows}
    networks |= {pair.target for pair in pairs(seen, online_parameters(seen)) if pair.online in networks}
    return any(c.network in networks and (c.keys.end == NEXT).any() for u in seen.updates for c in u.calls)
