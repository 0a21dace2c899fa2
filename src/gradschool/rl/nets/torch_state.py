"""What a call can change in torch: networks, batches and optimizers as named arrays, to be compared with before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from gradschool.rl.nets.mlp import Array

Tensor = torch.Tensor
SETTINGS = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "eps", "amsgrad", "maximize")
KEPT = ("momentum_buffer", "exp_avg", "exp_avg_sq", "step")  # of each parameter, by SGD with momentum and by Adam


def network_state(name: str, net: torch.nn.Module) -> dict[str, Any]:
    """Return everything of a network but its ``.grad``: weights, buffers, flags, and the mode of each module.

    Parameters
    ----------
    name
        What the parts' names begin with.
    net
        The network.

    Returns
    -------
    dict
        ``NAME_weights`` and ``NAME_buffers`` as copies, ``NAME_requires_grad`` and ``NAME_training`` as booleans.

    Examples
    --------
    >>> state = network_state("critic", torch.nn.Linear(2, 1).eval())
    >>> [(part, len(found)) for part, found in state.items()]
    [('critic_weights', 2), ('critic_buffers', 0), ('critic_requires_grad', 2), ('critic_training', 1)]
    >>> state["critic_training"]
    array([False])
    """
    parameters = list(net.parameters())
    return {
        f"{name}_weights": copies(parameters),
        f"{name}_buffers": copies(net.buffers()),
        f"{name}_requires_grad": np.array([p.requires_grad for p in parameters], bool),
        f"{name}_training": np.array([module.training for module in net.modules()], bool),
    }


def tensors_state(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the values of tensors by their names, as ``NAME_after``, and their flags, as ``NAME_requires_grad``."""
    return {
        f"{name}_after": {key: t.detach().clone() for key, t in tensors.items()},
        f"{name}_requires_grad": np.array([t.requires_grad for t in tensors.values()], bool),
    }


def optimizer_state(name: str, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Return an optimizer's settings, and what it keeps of each parameter; 0 where it keeps nothing.

    Parameters
    ----------
    name
        What the parts' names begin with.
    optimizer
        Of class SGD or Adam. Settings and state are those of its first group of parameters.

    Returns
    -------
    dict
        ``NAME_settings`` with the learning rate and so on, and the number of parameters in all groups together;
        ``NAME_state`` with the averages, flat in the order of the parameters, and the number of steps.
    """
    group = optimizer.param_groups[0]
    settings = {key: np.array(float(group.get(key, 0.0))) for key in SETTINGS}
    settings["betas"] = np.array([float(b) for b in group.get("betas", (0.0, 0.0))])
    settings["parameters"] = np.array(float(sum(len(g["params"]) for g in optimizer.param_groups)))
    state = {key: np.concatenate([_kept(optimizer, p, key) for p in group["params"]]) for key in KEPT}
    return {f"{name}_settings": settings, f"{name}_state": state}


def _kept(optimizer: torch.optim.Optimizer, parameter: Tensor, key: str) -> Array:
    """What the optimizer keeps of one parameter under this key, flat; ``step`` is one number for each parameter."""
    found = optimizer.state.get(parameter, {}).get(key)
    if found is None:
        return np.zeros(1 if key == "step" else parameter.numel())
    flat: Array = torch.as_tensor(found, dtype=torch.float64).detach().numpy().ravel().copy()
    return flat


def gradients_of(net: torch.nn.Module) -> tuple[Tensor, ...]:
    """Return copies of the ``.grad`` of every parameter; zeros where there is none."""
    return tuple(torch.zeros_like(p) if p.grad is None else p.grad.detach().clone() for p in net.parameters())


def copies(tensors: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """Return copies of tensors, without their history."""
    return tuple(t.detach().clone() for t in tensors)
