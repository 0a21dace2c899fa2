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

MOST_ENTRIES = 64  # of an observation, each of which is compared


def without_models(seen: Observed, views: list[CriticView], report: Report) -> list[CriticView]:
    """Leave out the views of such networks; each network is told once."""
    told: dict[str, str] = {}
    for view in views if seen.spaces.continuous and len(views) > 1 else ():
        if all(_predicts_next_state(seen, rows) for _, _, rows in view.rows):
            told[view.name] = "the next state"
        elif _predicts_reward(seen, view) and any(_is_asked_ahead(seen, v) for v in views if v is not view):
            told[view.name] = "the reward"
    for network, what in {v.rows[0][2].call.network: told[v.name] for v in views if v.name in told}.items():
        report.convention(f"{network}: learns {what}, as a model of the environment")
    return [view for view in views if view.name not in told]


def _predicts_next_state(seen: Observed, rows: ValueRows) -> bool:
    """Whether an output's gradient is its distance from one entry of s', or of s' - s."""
    before, after = (
        np.stack([np.asarray(getattr(seen.transitions[i], end), float).reshape(-1) for i in rows.index.tolist()])
        for end in ("obs", "next_obs")
    )
    if after.shape[1] > MOST_ENTRIES:
        return False
    everywhere = np.ones(len(rows.g), bool)
    found = (fit(rows.g, {"q": rows.q, "s": x, "s'": y}, everywhere) for x, y in zip(before.T, after.T, strict=True))
    return any(f.exact and f.resolves("q") and f.resolves("s'") for f in found)


def _predicts_reward(seen: Observed, view: CriticView) -> bool:
    """Whether its gradient is its distance from the reward, and no label, actor or target has a use for its values."""
    networks = {rows.call.network for _, _, rows in view.rows}
    calls = [c for u in seen.updates for c in u.calls if c.network in networks]
    climbed = any(np.any(g) for c in calls for g in c.extra_gradients.values())
    followed = any(pair.online in networks for pair in pairs(seen, online_parameters(seen)))
    if climbed or followed or any((c.keys.end == NEXT).any() for c in calls):
        return False
    return all(_is_reward_error(seen, rows) for _, _, rows in view.rows)


def _is_reward_error(seen: Observed, rows: ValueRows) -> bool:
    reward = np.array([float(seen.transitions[i].reward) for i in rows.index.tolist()])
    f = fit(rows.g, {"q": rows.q, "r": reward}, np.ones(len(rows.g), bool))
    return f.exact and f.resolves("q") and f.resolves("r")


def _is_asked_ahead(seen: Observed, view: CriticView) -> bool:
    """Whether this critic, or a target that follows it, was asked about next states."""
    networks = {rows.call.network for _, _, rows in view.rows}
    networks |= {pair.target for pair in pairs(seen, online_parameters(seen)) if pair.online in networks}
    return any(c.network in networks and (c.keys.end == NEXT).any() for u in seen.updates for c in u.calls)
