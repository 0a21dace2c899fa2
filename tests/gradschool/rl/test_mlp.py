"""The flat networks: gradients against central differences and torch, views that really are views, Adam as torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gradschool.core.numerics import central_differences
from gradschool.rl.nets.actor_critic import (
    TorchActor,
    TorchCritic,
    flat_gradient,
    layer_arrays,
    load_flat,
    torch_layers,
)
from gradschool.rl.nets.mlp import MLP, Adam

SIZES = (3, 5, 4, 2)


@pytest.fixture
def net() -> MLP:
    return MLP(SIZES, np.random.default_rng(0))


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(6, 3))


def test_vjp_is_the_gradient_in_parameters_and_inputs(net, x):
    g = np.random.default_rng(2).normal(size=(6, 2))
    gradient, dx = net.vjp(net.forward(x)[1], g)
    in_parameters = central_differences(lambda flat: float(np.sum(g * MLP(SIZES, flat=flat)(x))), net.flat)
    np.testing.assert_allclose(gradient, in_parameters, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(dx, central_differences(lambda v: float(np.sum(g * net(v))), x), rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(dx, net.input_vjp(net.forward(x)[1], g))


def test_jacobian_times_upstream_is_the_vjp(net, x):
    g = np.random.default_rng(3).normal(size=(6, 2))
    explicit = np.einsum("bop,bo->p", net.jacobian(x), g)
    np.testing.assert_allclose(explicit, net.vjp(net.forward(x)[1], g)[0], rtol=1e-12, atol=1e-14)


def test_a_vjp_changes_neither_network_nor_inputs(net, x):
    g = np.ones((6, 2))
    before = net.flat.copy(), x.copy(), g.copy()
    net.vjp(net.forward(x)[1], g)
    for a, b in zip(before, (net.flat, x, g), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_are_views_into_flat_and_copies_are_not(net, x):
    twin, y = net.copy(), net(x)
    net.flat[:] = 0.0
    assert not any(w.any() for w in net.weights)
    assert not net(x).any()
    np.testing.assert_array_equal(twin(x), y)


@pytest.mark.parametrize("arguments", [{}, {"flat": np.zeros(3)}])
def test_a_network_needs_parameters_of_the_right_length(arguments):
    with pytest.raises(ValueError, match=r"rng|parameters"):
        MLP(SIZES, **arguments)


def test_torch_twins_say_the_same_and_keep_the_order(net, x):
    layers = torch_layers(net)
    np.testing.assert_allclose(layers(torch.tensor(x)).detach().numpy(), net(x), rtol=1e-13)
    gradients = torch.autograd.grad(layers(torch.tensor(x)).sum(), list(layers.parameters()))
    mine = net.vjp(net.forward(x)[1], np.ones((6, 2)))[0]
    np.testing.assert_allclose(flat_gradient(gradients), mine, rtol=1e-12, atol=1e-14)
    for a, b in zip(layer_arrays(mine, SIZES), gradients, strict=True):
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-12, atol=1e-14)


def test_torch_actor_stays_in_its_range_and_critic_gives_one_q_a_row(net, x):
    low, high = np.array([1.0, -2.0]), np.array([3.0, 0.0])
    action = TorchActor(net, low, high)(torch.tensor(100 * x)).detach().numpy()
    assert (action >= low).all()
    assert (action <= high).all()
    critic = TorchCritic(MLP((5, 4, 1), np.random.default_rng(0)))
    assert critic(torch.tensor(x), torch.tensor(action)).shape == (6,)


@pytest.mark.parametrize("lr", [0.01, np.linspace(0.001, 0.01, 4)])
def test_adam_is_torchs(lr):
    rng = np.random.default_rng(0)
    flat = rng.normal(size=4)
    theta = [torch.nn.Parameter(torch.tensor(v)) for v in flat]
    groups = [{"params": [p], "lr": float(r)} for p, r in zip(theta, np.broadcast_to(lr, 4), strict=True)]
    theirs, ours = torch.optim.Adam(groups), Adam(4, lr)
    for _ in range(5):
        g = rng.normal(size=4) * 1e-3
        for p, gi in zip(theta, g, strict=True):
            p.grad = torch.tensor(gi)
        theirs.step()
        ours.step(flat, g)
    np.testing.assert_allclose(flat, [p.item() for p in theta], rtol=1e-12)


def test_weights_are_loaded_whole_and_of_the_right_number() -> None:
    net, other = MLP((3, 4, 2), np.random.default_rng(0)), MLP((3, 4, 2), np.random.default_rng(1))
    module = torch_layers(net)
    other.flat.setflags(write=False)
    load_flat(module, other.flat)
    np.testing.assert_array_equal(flat_gradient(module.parameters()), other.flat)
    for number in (other.flat.size - 1, other.flat.size + 1):
        with pytest.raises(ValueError, match=r"reshape|parameters"):
            load_flat(module, np.zeros(number))
