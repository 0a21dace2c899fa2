"""Agents that are not examined: distributional, recurrent and on-policy ones are told so, with what shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from gradexaminer.analysis.reading.choices import SEVERAL_CHOICES, heads_differ
from gradexaminer.analysis.reading.policies import is_policy
from gradexaminer.findings import NOT_SEEN, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call

FEWEST_ATOMS = 5  # outputs for each action from which on they are taken for a distribution: C51 has 51, QR-DQN 200


def examine_scope(seen: Observed, views: list[CriticView], report: Report) -> tuple[list[CriticView], bool]:
    """Report what is outside of the scope; return the critics that are left, and whether anything is to be examined."""
    policy = _on_policy(seen, views)
    if policy:
        report.add(NOT_SEEN, "out-of-scope", *policy)
        return [], False
    choices = _several_choices(seen)
    for network in choices:
        report.add(NOT_SEEN, "out-of-scope", network, SEVERAL_CHOICES)
    views = [view for view in views if view.rows[0][2].call.network not in choices]
    left = []
    for view in views:
        reason = _distributional(seen, view)
        if reason:
            report.add(NOT_SEEN, "out-of-scope", view.name, reason)
        else:
            left.append(view)
    if not views and not choices:
        for path, module in seen.found.modules.items():
            kinds = [type(m).__name__ for m in module.modules() if isinstance(m, (nn.RNNBase, nn.RNNCellBase))]
            if kinds:
                why = f"it holds a layer {kinds[0]} (recurrent agents are not examined)"
                report.add(NOT_SEEN, "out-of-scope", path, why)
    return left, True


def _several_choices(seen: Observed) -> list[str]:
    """Networks whose heads learn about different actions of the same row."""
    found = [
        c.network
        for u in seen.updates
        for b in u.backwards
        for c in u.calls_with_gradient(b.number)
        if not c.extra and heads_differ(c, b.number)
    ]
    return list(dict.fromkeys(found))


def _distributional(seen: Observed, view: CriticView) -> str:
    """A critic with many outputs for each action."""
    rows = view.rows[0][2]
    columns, per = rows.values.shape[1], seen.spaces.n_actions or 1
    atoms, rest = divmod(columns, per)
    if rest or atoms < FEWEST_ATOMS or (seen.spaces.continuous and columns == seen.spaces.action_size):
        return ""
    of = f"{per} actions" if seen.spaces.n_actions else "one action"
    return f"{columns} outputs for {of}, as of a distribution of returns (distributional agents are not examined)"


def _on_policy(seen: Observed, views: list[CriticView]) -> tuple[str, str] | None:
    """A policy's gradient, and no critic that values actions: REINFORCE, A2C, PPO."""
    told = "and no critic was asked about actions (on-policy agents are not examined)"
    if seen.spaces.continuous:
        asked = any(c.extra for u in seen.updates for c in u.calls)
        given = any(np.any(g) for u in seen.updates for x in u.log_probs for g in x.gradients.values())
        return ("", f"the gradient comes through log pi, {told}") if given and not asked else None
    learning = [c for u in seen.updates for b in u.backwards for c in u.calls_with_gradient(b.number)]
    policies = [c.network for c in learning if is_policy(seen, c)]
    valued = any(v.rows[0][2].values.shape[1] > 1 for v in views)
    if not policies or valued or any(_values_each_action(seen, c) for c in learning):
        return None
    return policies[0], f"each row's gradient adds up to 0 over the actions, as that of log pi does, {told}"


def _values_each_action(seen: Observed, call: Call) -> bool:
    """Whether a network that is no policy has one output for each action, whatever it learns."""
    n, rows = seen.spaces.n_actions, len(call.keys.index)
    single = not call.fed and len(call.outputs) == 1 and not is_policy(seen, call)
    return n is not None and n > 1 and single and call.outputs[0].size == rows * n
