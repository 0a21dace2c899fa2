"""Fresh weights for every network, unrelated to each other.

Right after a copy a target network equals its online network, and half of the possible faults cannot be seen. Huber's
loss saturates where values are large. So each update is observed with weights drawn anew.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterable

NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)
GAIN = 1.3  # keeps a signal's size through a few layers of ReLU or tanh
BIAS = 0.3


def scramble(modules: Iterable[nn.Module], generator: torch.Generator, *, input_scale: float = 1.0) -> None:
    """Draw new weights, in place, for all parameters of the modules; each storage once.

    Parameters
    ----------
    modules : iterable of Module
        A network that is reached twice, or that shares its storage with another, is drawn once.
    generator : torch.Generator
    input_scale : float
        Typical size of an entry of an observation: the first layer's weights are divided by it.
    """
    done: set[int] = set()
    with torch.no_grad():
        for module in modules:
            first = True
            for layer in module.modules():
                for name, p in layer.named_parameters(recurse=False):
                    if p.data_ptr() in done or not p.is_floating_point():
                        continue
                    done.add(p.data_ptr())
                    _draw(layer, name, p, generator, 1 / input_scale if first else 1.0)
                    first = first and p.ndim < 2


def _draw(layer: nn.Module, name: str, p: torch.Tensor, generator: torch.Generator, scale: float) -> None:
    noise = torch.randn(p.shape, generator=generator, dtype=torch.float32).to(p.dtype)
    if isinstance(layer, NORMS):
        p.copy_((1 + 0.1 * noise) if name == "weight" else 0.1 * noise)
    elif p.ndim >= 2 and "sigma" not in name:
        fan_in = math.prod(p.shape[1:])
        p.copy_(noise * (GAIN * scale / math.sqrt(fan_in)))
    elif p.ndim == 1 and "sigma" not in name and p.numel() > 0:
        p.copy_(noise * BIAS)
