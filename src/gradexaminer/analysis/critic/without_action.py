"""Critics that take an action and do not use it: then no gradient leads through the action to the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from gradexaminer.findings import FAULT, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.recording.observe import Observed

ROWS = 8  # states that a network is asked about, with their own actions and with those of the next row


def examine_without_action(seen: Observed, views: list[CriticView], report: Report) -> None:
    """Name the critics of continuous actions where none of them depends on the action."""
    if not seen.spaces.continuous or len(seen.spaces.obs_shape) != 1:
        return
    networks = dict.fromkeys(rows.call.network for view in views for _, _, rows in view.rows[:1])
    modules = {name: seen.found.modules.get(name) for name in networks}
    if modules and all(m is not None and _ignores_actions(seen, m) for m in modules.values()):
        for name in modules:
            told = f"its answers about {ROWS} states are the same with other actions"
            report.add(FAULT, "critic-without-action", name, told)


def _ignores_actions(seen: Observed, module: nn.Module) -> bool:
    known = list(seen.transitions.values())[:ROWS]
    kind = next((p.dtype for p in module.parameters()), torch.float32)
    obs, action = (
        torch.from_numpy(np.stack(x)).to(kind) for x in zip(*((t.obs, t.action) for t in known), strict=True)
    )
    own, again, other = (_said(module, obs, x) for x in (action, action, action.roll(1, 0)))
    if own is None or again is None or other is None or not torch.equal(own, again):
        return False  # it takes other inputs, or draws its answers
    return torch.equal(own, other) and bool(own.std() > 0)


def _said(module: nn.Module, obs: torch.Tensor, action: torch.Tensor) -> torch.Tensor | None:
    """What it answers to both; None where it does not take them, or does not answer each row."""
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            out = module(obs, action)
    except Exception:  # it takes something else
        return None
    return out.double() if isinstance(out, torch.Tensor) and out.numel() == len(obs) else None
