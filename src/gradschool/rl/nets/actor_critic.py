"""The chapter's actor and critic as torch modules, made from the same parameters as their NumPy twins."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from gradschool.rl.nets.mlp import MLP, Array

Tensor = torch.Tensor


class TorchActor(torch.nn.Module):
    """The chapter's actor as a torch module: obs (B, n) -> network, tanh, scale -> actions (B, A) in [low, high].

    Parameters
    ----------
    net
        The NumPy network whose parameters are copied.
    low, high
        Bounds (A,) of the actions.
    """

    low: Tensor
    high: Tensor

    def __init__(self, net: MLP, low: Array, high: Array):
        super().__init__()
        self.net = torch_layers(net)
        self.register_buffer("low", torch.tensor(low))
        self.register_buffer("high", torch.tensor(high))

    def forward(self, obs: Tensor) -> Tensor:
        """Return actions (B, A) in the environment's units for observations (B, n)."""
        return self.low + (self.high - self.low) * (torch.tanh(self.net(obs)) + 1) / 2


class TorchCritic(torch.nn.Module):
    """The chapter's critic as a torch module: obs (B, n), actions (B, A) -> Q (B,).

    Parameters
    ----------
    net
        The NumPy network whose parameters are copied.
    """

    def __init__(self, net: MLP):
        super().__init__()
        self.net = torch_layers(net)

    def forward(self, obs: Tensor, action: Tensor) -> Tensor:
        """Return one Q for each row (B,)."""
        q: Tensor = self.net(torch.cat([obs, action], dim=1))
        return q[:, 0]


class CurvedTorchCritic(TorchCritic):
    """A critic whose slope in the action changes with the action, where layers with ReLU have steps alone."""

    def forward(self, obs: Tensor, action: Tensor) -> Tensor:
        """Return z + sin(z) / 2 for each row (B,), with z from the layers."""
        z = super().forward(obs, action)
        return z + torch.sin(z) / 2


def torch_layers(net: MLP) -> torch.nn.Sequential:
    """Build the same network from torch.nn.Linear and ReLU, in float64; Linear keeps W as (n_out, n_in)."""
    layers: list[torch.nn.Module] = []
    for w, b in zip(net.weights, net.biases, strict=True):
        layers += [_linear(w, b), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def _linear(w: Array, b: Array) -> torch.nn.Linear:
    """Build a Linear with these parameters; its own constructor would first draw random ones, which takes longer."""
    linear = torch.nn.Linear.__new__(torch.nn.Linear)
    torch.nn.Module.__init__(linear)
    linear.in_features, linear.out_features = w.shape
    for name, x in (("weight", w.T), ("bias", b)):
        own = torch.from_numpy(np.array(x, dtype=np.float64, order="C"))
        linear.register_parameter(name, torch.nn.Parameter(own))
    return linear


def flat_gradient(gradients: Iterable[Tensor]) -> Array:
    """Flatten gradients in the order of ``parameters()`` into one array (n_params,) in the order of ``MLP.flat``.

    >>> dW, db = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([5.0, 6.0])  # torch keeps W as (n_out, n_in)
    >>> flat_gradient([dW, db])
    array([1., 3., 2., 4., 5., 6.], dtype=float32)
    """
    return np.concatenate([g.detach().numpy().T.ravel() for g in gradients])


def load_flat(net: torch.nn.Module, flat: Array) -> None:
    """Put parameters (n_params,) in the order of ``MLP.flat`` into a torch module of the same layers, in place.

    >>> net = torch.nn.Linear(2, 2)
    >>> load_flat(net, np.array([1.0, 3.0, 2.0, 4.0, 5.0, 6.0]))
    >>> net.weight.tolist(), net.bias.tolist()
    ([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0])

    Raises
    ------
    ValueError
        If there are fewer numbers than the module has parameters, or more.
    """
    own, start = np.array(flat), 0  # torch warns of arrays that cannot be written
    with torch.no_grad():
        for p in net.parameters():
            piece = own[start : start + p.numel()]
            p.copy_(torch.from_numpy(piece.reshape(p.shape[::-1]).T))  # a bias is its own transpose
            start += p.numel()
    if start != own.size:
        raise ValueError(f"{own.size} parameters for a network of {start}")


def layer_arrays(flat: Array, sizes: tuple[int, ...]) -> tuple[Array, ...]:
    """Split an MLP's flat array (n_params,) in the shapes and order of a torch module's ``parameters()``.

    >>> W, b = layer_arrays(np.array([1.0, 3.0, 2.0, 4.0, 5.0, 6.0]), (2, 2))
    >>> W
    array([[1., 2.],
           [3., 4.]])
    """
    net = MLP(sizes, flat=flat)
    return tuple(np.array(x) for w, b in zip(net.weights, net.biases, strict=True) for x in (w.T, b))
