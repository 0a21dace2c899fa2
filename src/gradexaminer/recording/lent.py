"""Weights that a network is lent for one call, as `torch.func.functional_call` does: a network of their own.

A target network may be a dict of tensors that the online network is called with. Its layers then hold other weights
than those that were found in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from gradexaminer.recording.layers import parameters


def with_its_weights(module: nn.Module) -> nn.Module:
    """The network's layers, each with the weights that it holds right now, and without its other state."""
    made: nn.Module = object.__new__(type(module))
    made.__dict__.update(module.__dict__)
    made.__dict__.pop("forward", None)
    made.__dict__["_parameters"] = dict(module._parameters)
    inner = {name: None if part is None else with_its_weights(part) for name, part in module._modules.items()}
    made.__dict__["_modules"] = inner
    return made


def place_of(module: nn.Module, kept: Mapping[str, Mapping[Any, Any]], network: str) -> str:
    """Where the weights are kept that a network was lent; empty where it holds weights of its own."""
    held = parameters(module)
    keys = set(map(id, held))
    for path, weights in kept.items():
        if keys <= set(map(id, weights.values())):
            return path
    return "" if all(isinstance(p, nn.Parameter) for p in held) else f"weights lent to {network}"


def is_weights(x: Any) -> bool:
    """Whether this is a dict of weights by their names."""
    return isinstance(x, Mapping) and bool(x) and all(isinstance(v, torch.Tensor) for v in x.values())


def ensemble(args: tuple[Any, ...]) -> tuple[nn.Module, list[Any]] | None:
    """Of a call through `torch.vmap`: the weights of several networks, side by side in each tensor, and what is shared.

    `args` are those of PyTorch's `vmap_impl`: function, axes of the inputs, three more, and the inputs.
    """
    axes, inputs = args[1], args[5:]
    stacked = [x for i, x in enumerate(inputs) if _axis(axes, i) == 0 and _tensors(x)]
    shared = [x for i, x in enumerate(inputs) if _axis(axes, i) is None]
    if not stacked or len(stacked) + len(shared) < len([x for x in inputs if not _is_empty(x)]):
        return None
    made = nn.Module()
    tensors = [w for x in stacked for w in _tensors(x) if w.is_floating_point()]
    made.__dict__["_parameters"] = {str(i): w for i, w in enumerate(tensors)}
    return made, shared


def _axis(axes: Any, i: int) -> Any:
    """Along which axis of an input the networks stand; None where all of them get the same."""
    one = axes[i] if isinstance(axes, tuple) else axes
    return one if one is None or isinstance(one, int) else 0


def _tensors(x: Any) -> list[torch.Tensor]:
    """The tensors of a dict or a sequence of weights; none where it is something else."""
    given = list(x.values()) if isinstance(x, Mapping) else list(x) if isinstance(x, list | tuple) else []
    return given if all(isinstance(w, torch.Tensor) for w in given) else []


def _is_empty(x: Any) -> bool:
    return isinstance(x, Mapping | list | tuple) and not x
