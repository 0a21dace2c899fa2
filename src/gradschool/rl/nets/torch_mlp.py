"""The chapters' small networks as torch modules in float64, made from the same arrays as their NumPy twins."""

from __future__ import annotations

import numpy as np
import torch


def tanh_net(W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray) -> torch.nn.Sequential:
    """Build Y = tanh(X W1^T + b1) W2^T + b2 as a torch module in float64.

    Parameters
    ----------
    W1, b1, W2, b2
        (h, n), (h,), (m, h), (m,); ``parameters()`` come in this order.

    Returns
    -------
    torch.nn.Sequential
        X (B, n) -> Y (B, m).
    """
    hidden, out = _linear(W1, b1), _linear(W2, b2)
    return torch.nn.Sequential(hidden, torch.nn.Tanh(), out)


def _linear(W: np.ndarray, b: np.ndarray) -> torch.nn.Linear:
    layer = torch.nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(W))
        layer.bias.copy_(torch.tensor(b))
    return layer
