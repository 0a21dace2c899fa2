"""How a network's outputs depend on what stands beside the observation: a critic's slope dQ/da."""

from __future__ import annotations

import numpy as np
import torch

from gradexaminer.recording import tensors

MOST_OUTPUTS = 10  # of one call: twins, or an ensemble of critics


def slopes_of(outputs: list[torch.Tensor], extra: list[tensors.Extra]) -> list[list[np.ndarray | None]]:
    """D (sum of each output) / d further input, from the graph that was just built; by output, then by input."""
    if not any(part.carries for part in extra):
        return []
    return [[_slope(out, part) for part in extra] for out in outputs[:MOST_OUTPUTS] if out.requires_grad]


def _slope(out: torch.Tensor, part: tensors.Extra) -> np.ndarray | None:
    if part.tensor is None or not part.carries:
        return None
    (g,) = torch.autograd.grad(out.sum(), part.tensor, retain_graph=True, allow_unused=True)
    return None if g is None else part.cut(tensors.numbers(g))
