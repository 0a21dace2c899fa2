"""Fresh weights for every network, unrelated to each other.

Right after a copy a target network equals its online network, and half of the possible faults cannot be seen. Huber's
loss saturates where values are large. So each update is observed with weights drawn anew.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from gradexaminer.recording.layers import layers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)
GAIN = 1.3  # keeps a signal's size through a few layers of ReLU or tanh
BIAS = 0.3
LARGE = 10_000  # weights of one layer, up to which each is drawn
DRAWN = 8191


def scramble(
    modules: Iterable[nn.Module], generator: torch.Generator, *, input_scale: Callable[[int], float] = lambda _: 1.0
) -> None:
    """Draw new weights, in place, for all parameters of the modules; each storage once.

    Parameters
    ----------
    modules : iterable of Module
        A network that is reached twice, or that shares its storage with another, is drawn once.
    generator : torch.Generator
    input_scale : callable
        Typical size of an entry of what the first layer is given, by its number of entries: the weights are divided
        by it.
    """
    done: set[int] = set()
    with torch.no_grad():
        for module in modules:
            first = True
            for layer in layers(module):
                for name, p in layer._parameters.items():
                    if p is None or is_lazy(p) or p.data_ptr() in done or not p.is_floating_point():
                        continue
                    done.add(p.data_ptr())
                    scale = 1 / input_scale(math.prod(p.shape[1:])) if first else 1.0
                    _draw(layer, name, p, generator, scale)
                    first = first and p.ndim < 2


def _noise(shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    """Normal numbers; of a large layer DRAWN ones over and over, so that rows begin at different ones of them.

    To draw the weights of 300 by 400 units takes about seven times as long as to copy them. DRAWN is a prime, so that
    no two rows are equal unless their length is a multiple of it.
    """
    n = math.prod(shape)
    if n <= LARGE or math.prod(shape[1:]) % DRAWN == 0:
        return torch.randn(shape, generator=generator, dtype=torch.float32)
    drawn = torch.randn(DRAWN, generator=generator, dtype=torch.float32)
    return drawn.repeat(n // DRAWN + 1)[:n].view(shape)


def _draw(layer: nn.Module, name: str, p: torch.Tensor, generator: torch.Generator, scale: float) -> None:
    noise = _noise(p.shape, generator).to(p.dtype)
    if isinstance(layer, NORMS):
        p.copy_((1 + 0.1 * noise) if name == "weight" else 0.1 * noise)
    elif p.ndim >= 2 and "sigma" not in name:
        fan_in = math.prod(p.shape[1:])
        p.copy_(noise * (GAIN * scale / math.sqrt(fan_in)))
    elif p.ndim == 1 and "sigma" not in name and p.numel() > 0:
        p.copy_(noise * BIAS)
