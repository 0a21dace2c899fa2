"""Weights that a network uses and no gradient reaches, such as those that are read as `layer.weight.data`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from gradexaminer.analysis.reading.actions import held_parameters
from gradexaminer.findings import SUSPICION, Report
from gradexaminer.recording.layers import parameters

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed

ROWS = 8  # that a network is asked about, before and after a change of a weight
FEWEST = 3  # updates in which a network learned


def examine_unreached(seen: Observed, report: Report) -> None:
    """Name each network that an optimizer holds and trains but for weights on which its answers depend."""
    held = held_parameters(seen)
    known = {f.where for f in report.findings if f.code == "partly-trained"}
    for path, module in seen.found.modules.items():
        learned = sum(any(id(p) in b.reached for b in u.backwards for p in parameters(module)) for u in seen.updates)
        if learned < FEWEST or path in known:
            continue
        reached = {p for u in seen.updates for b in u.backwards for p in b.reached}
        left = [p for p in parameters(module) if p.requires_grad and id(p) in held and id(p) not in reached]
        used = [p for p in left if p.numel() and _depends(seen, module, p)]
        if used:
            names = seen.found.parameter_names()
            told = ", ".join(sorted(names.get(id(p), "a parameter") for p in used)[:3])
            report.add(SUSPICION, "partly-trained", path, f"no gradient reaches {told}, and its outputs depend on it")


def _depends(seen: Observed, module: nn.Module, p: nn.Parameter) -> bool:
    """Whether another value of this weight changes the answers."""
    before, again = answers(seen, module), answers(seen, module)
    if before is None or again is None or not np.array_equal(before, again):
        return False  # it takes other inputs, or draws its answers
    kept = p.detach().clone()
    try:
        with torch.no_grad():
            p.mul_(-1).add_(1)
        after = answers(seen, module)
    finally:
        with torch.no_grad():
            p.copy_(kept)
    return after is not None and not np.array_equal(before, after)


def answers(seen: Observed, module: nn.Module) -> np.ndarray | None:
    """What a network says to a few observations, beside their actions where it takes those; None where it cannot."""
    known = list(seen.transitions.values())[:ROWS]
    kind = next((p.dtype for p in module.parameters()), torch.float32)
    obs = torch.from_numpy(np.stack([t.obs for t in known])).to(kind)
    action = torch.from_numpy(np.stack([np.atleast_1d(t.action) for t in known])).to(kind)
    for inputs in ((obs, action), (torch.cat([obs, action], 1),), (obs,)) if obs.ndim == 2 else ((obs,),):
        try:
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                out = module(*inputs)
        except Exception:  # it takes something else
            continue
        parts = [x for x in (out if isinstance(out, tuple) else (out,)) if isinstance(x, torch.Tensor)]
        return np.concatenate([x.double().reshape(-1).numpy() for x in parts]) if parts else None
    return None
