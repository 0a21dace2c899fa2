"""Weights of rows in a loss: tensors without a gradient that it was multiplied by, as its graph keeps them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

FEWEST = 6  # rows
MOST = 4096  # rows
MOST_NODES = 40  # of the graph, from the loss on


def row_weights(loss: Any) -> tuple[np.ndarray, ...]:
    """One number for each of several rows that a factor of this loss holds, the factor nearest to the loss first."""
    found: list[np.ndarray] = []
    waiting = [loss.grad_fn] if isinstance(loss, torch.Tensor) and loss.grad_fn is not None else []
    seen = set(waiting)
    for _ in range(MOST_NODES):
        if not waiting:
            break
        node = waiting.pop(0)
        if type(node).__name__ == "MulBackward0":
            found += [w for name in ("_saved_self", "_saved_other") if (w := _rows(node, name)) is not None]
        new = [before for before, _ in node.next_functions if before is not None and before not in seen]
        seen.update(new)
        waiting.extend(new)
    return tuple(found)


def _rows(node: Any, name: str) -> np.ndarray | None:
    """A factor that has one number for each row, not the same for all; None for any other."""
    try:
        kept = getattr(node, name)
    except RuntimeError:  # freed by an earlier backward pass, or changed in place
        return None
    if not isinstance(kept, torch.Tensor) or kept.requires_grad or not kept.is_floating_point():
        return None
    if not FEWEST <= kept.numel() <= MOST or kept.numel() != max(kept.shape):
        return None
    numbers: np.ndarray = kept.detach().double().cpu().numpy().reshape(-1)
    return numbers.copy() if np.ptp(numbers) > 0 else None
