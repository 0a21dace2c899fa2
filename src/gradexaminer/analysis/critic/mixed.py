"""Whether a network's outputs of one row depend on the other rows of its batch: a mean or a softmax over all of them.

A dueling network subtracts the mean advantage of its own row (Wang et al. 2016, equation 9). `advantage.mean()` without
a dimension is the mean over the batch, too, so that a row's values change with the rows that it is shown with. A
softmax with `dim=0` divides one action's probability among the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from gradexaminer.findings import FAULT, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.recording.observe import Observed

ROWS = 8  # asked together, and the first half of them once more alone
SAME = 1e-4  # of the values' deviation: smaller differences are rounding
BATCH_NORMS = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm)


def examine_mixed(seen: Observed, views: list[CriticView], report: Report) -> None:
    """Ask each network of discrete actions about rows with and without others."""
    if seen.spaces.continuous:
        return
    for name in dict.fromkeys(c.network for u in seen.updates for c in u.calls):
        module = seen.found.modules.get(name)
        if module is not None and _adds_up_over_rows(seen, module):
            told = f"each of its outputs adds up to 1 over the rows, for {ROWS} rows and for {ROWS // 2}"
            report.add(FAULT, "softmax-over-batch", name, told)
    for name in dict.fromkeys(rows.call.network for view in views for _, _, rows in view.rows[:1]):
        module = seen.found.modules.get(name)
        shift = _shift(seen, module) if module is not None else 0.0
        if shift:
            told = f"a row's values change by {shift:.2g} when other rows leave the batch"
            report.add(FAULT, "advantage-averaged", name, told)


def _adds_up_over_rows(seen: Observed, module: nn.Module) -> bool:
    """Whether outputs, or what they are the logarithms of, are shares of the batch, however many rows it has."""
    x = _known_rows(seen)
    answers = [] if x is None else [_values(module, part) for part in (x, x[: ROWS // 2])]
    made = [form for form in (np.asarray, np.exp) if answers and all(a is not None for a in answers)]
    return any(
        all(a is not None and a.shape[1] > 1 and np.abs(form(a).sum(axis=0) - 1).max() < SAME for a in answers)
        for form in made
    )


def _known_rows(seen: Observed) -> torch.Tensor | None:
    known = [t.obs for t in list(seen.transitions.values())[:ROWS]]
    if len(known) < ROWS:
        return None
    return torch.from_numpy(np.stack(known)).float() / (255 if seen.spaces.image else 1)


def _shift(seen: Observed, module: nn.Module) -> float:
    """How much each action's values change by in all rows alike; 0 where they do not, or not by one number."""
    x = _known_rows(seen)
    if x is None or any(isinstance(m, BATCH_NORMS) for m in module.modules()):
        return 0.0
    together, again, alone = (_values(module, part) for part in (x, x, x[: ROWS // 2]))
    if together is None or again is None or alone is None or not np.array_equal(together, again):
        return 0.0  # noise of the network's own
    change = alone - together[: ROWS // 2]
    size = float(np.abs(change).min())
    rounding = SAME * max(float(together.std()), size)
    one_number = float(np.ptp(change, axis=0).max()) <= rounding  # for each action, the same in all rows
    return float(np.abs(change).mean()) if one_number and size > SAME * float(together.std()) else 0.0


def _values(module: nn.Module, x: torch.Tensor) -> np.ndarray | None:
    """What the network answers, one row for each of `x`; None where it takes other inputs."""
    kind = next((p.dtype for p in module.parameters()), torch.float32)
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            out = module(x.to(kind))
    except Exception:  # it takes something else than an observation
        return None
    if not isinstance(out, torch.Tensor) or out.shape[:1] != x.shape[:1] or out.ndim != 2:
        return None
    return np.asarray(out.double().numpy())
