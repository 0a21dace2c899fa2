"""How far a network's outputs can go: with weights many times larger, one that ends in a bound stays within it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from gradexaminer.analysis.update.unreached import answers
from gradexaminer.recording.layers import parameters

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed

TIMES = (100.0, 10.0)  # what its weights are multiplied with, one after the other
SAME = 0.02  # relative difference of the two largest outputs, where there is a bound


def bound_of(seen: Observed, module: nn.Module) -> float | None:
    """The largest size that its outputs come to; None where there is none, or where it cannot be asked."""
    kept = [(p, p.detach().clone()) for p in parameters(module)]
    largest = []
    try:
        for factor in TIMES:
            with torch.no_grad():
                for p, _ in kept:
                    p.mul_(factor)
            said = answers(seen, module)
            if said is None or not np.isfinite(said).all():
                return None
            largest.append(float(np.abs(said).max()))
    finally:
        with torch.no_grad():
            for p, x in kept:
                p.copy_(x)
    first, second = largest
    return second if second > 0 and abs(first - second) < SAME * second else None
