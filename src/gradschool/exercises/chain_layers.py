"""Chapter 1, layers and networks: inputs to try, and oracles that need no reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradschool.core.exercise import Case
from gradschool.core.numerics import Array, central_differences

Args = Mapping[str, Any]
Rng = np.random.Generator


# -- chain.linear_jacobian, chain.jacobian_product, chain.linear_vjp ------------------------------------------


def linear_cases(rng: Rng) -> list[Case]:
    """A linear layer p = W x + b: W (m, n), b (m,), x (n,)."""

    def case(name: str, m: int, n: int, edge: bool = False) -> Case:
        args = {"W": rng.normal(size=(m, n)), "b": rng.normal(size=m), "x": rng.normal(size=n)}
        return Case(name, args, edge=edge, sizes={"m": m, "n": n})

    return [
        case("3 outputs, 2 inputs", 3, 2),
        case("2 outputs, 4 inputs", 2, 4),
        case("a square layer", 3, 3, edge=True),
        case("one output", 1, 3, edge=True),
    ]


def linear_jacobian_expect(a: Args) -> Array:
    """dp/dw for w = W read row by row, (m, m n), by central differences."""
    W = a["W"]
    return central_differences(lambda w: w.reshape(W.shape) @ a["x"] + a["b"], W.ravel())


def product_cases(rng: Rng) -> list[Case]:
    """A Jacobian J = dp/dw (m, n_w) and the gradient g = dL/dp (m,) that arrives at the prediction."""

    def case(name: str, m: int, n_w: int, edge: bool = False) -> Case:
        args = {"J": rng.normal(size=(m, n_w)), "g": rng.normal(size=m)}
        return Case(name, args, edge=edge, sizes={"m": m, "n_w": n_w})

    return [
        case("3 outputs, 6 weights", 3, 6),
        case("2 outputs, 5 weights", 2, 5),
        case("as many weights as outputs", 3, 3, edge=True),
        case("one output", 1, 4, edge=True),
    ]


def product_expect(a: Args) -> Array:
    """dL/dw by central differences of L(w) = g . (J w), whose Jacobian is J."""
    return central_differences(lambda w: float(a["g"] @ (a["J"] @ w)), np.zeros(a["J"].shape[1]))


def linear_vjp_cases(rng: Rng) -> list[Case]:
    """The linear layer and a gradient g = dL/dp (m,)."""
    return [Case(c.name, {**c.args, "g": rng.normal(size=c.sizes["m"])}, c.edge, c.sizes) for c in linear_cases(rng)]


def linear_vjp_expect(a: Args) -> tuple[Array, ...]:
    """Gradients of L = g . p in W, b and x by central differences."""
    return _each_gradient(lambda W, b, x: float(a["g"] @ (W @ x + b)), a["W"], a["b"], a["x"])


def _each_gradient(loss: Callable[..., float], *points: Array) -> tuple[Array, ...]:
    """The gradient of ``loss(*points)`` in each of its arguments, by central differences."""

    def in_one(i: int) -> Array:
        return central_differences(lambda v: loss(*points[:i], v, *points[i + 1 :]), points[i])

    return tuple(in_one(i) for i in range(len(points)))


# -- chain.relu_vjp, chain.tanh_vjp ---------------------------------------------------------------------------


def activation_cases(rng: Rng) -> list[Case]:
    """Pre-activations z and gradients g, both (B, n); z stays away from the kink of relu at 0."""

    def case(name: str, shape: tuple[int, ...], edge: bool = False) -> Case:
        z = rng.uniform(0.2, 2.0, size=shape) * rng.choice([-1.0, 1.0], size=shape)
        z.flat[0] = -abs(z.flat[0])  # both signs in every case
        return Case(name, {"z": z, "g": rng.normal(size=shape)}, edge=edge)

    return [case("a batch of 3 by 4", (3, 4)), case("a vector of 5", (5,)), case("one unit", (1,), edge=True)]


def relu_cases(rng: Rng) -> list[Case]:
    """The same, and z with exact zeros, where the lesson agrees on the slope 0."""
    at_kink = {"z": np.array([-1.0, 0.0, 2.0, 0.0]), "g": rng.normal(size=4)}
    return [*activation_cases(rng), Case("exactly at the kink", at_kink, edge=True)]


def relu_expect(a: Args) -> Array:
    """Gradient of L = sum g relu(z) by central differences; 0 at the kink, as agreed."""
    gradient = central_differences(lambda z: float(np.sum(a["g"] * np.maximum(z, 0))), a["z"])
    return np.where(a["z"] == 0, 0.0, gradient)


def tanh_expect(a: Args) -> Array:
    """Gradient of L = sum g tanh(z) by central differences."""
    return central_differences(lambda z: float(np.sum(a["g"] * np.tanh(z))), a["z"])


# -- chain.mlp_backward, chain.shared_paths -------------------------------------------------------------------


def mlp(W1: Array, b1: Array, W2: Array, b2: Array, X: Array) -> Array:
    """Y = tanh(X W1^T + b1) W2^T + b2 for a batch X (B, n); Y is (B, m)."""
    return np.tanh(X @ W1.T + b1) @ W2.T + b2


def mlp_cases(rng: Rng) -> list[Case]:
    """A network with n inputs, h hidden units and m outputs, a batch X (B, n) and G = dL/dY (B, m)."""

    def case(name: str, B: int, n: int, h: int, m: int, edge: bool = False) -> Case:
        shapes = {"W1": (h, n), "b1": (h,), "W2": (m, h), "b2": (m,), "X": (B, n), "G": (B, m)}
        args = {key: rng.normal(size=shape) for key, shape in shapes.items()}
        return Case(name, args, edge=edge, sizes={"B": B})

    return [
        case("a batch of 3; 2, 4 and 3 units", 3, 2, 4, 3),
        case("a batch of 5; 3, 2 and 4 units", 5, 3, 2, 4),
        case("square layers", 4, 3, 3, 3, edge=True),
        case("a batch of 1, one output", 1, 3, 2, 1, edge=True),
    ]


def mlp_expect(a: Args) -> tuple[Array, ...]:
    """Gradients of L = sum G Y in W1, b1, W2, b2 and X by central differences."""
    return _each_gradient(lambda *p: float(np.sum(a["G"] * mlp(*p))), a["W1"], a["b1"], a["W2"], a["b2"], a["X"])


def shared_cases(rng: Rng) -> list[Case]:
    """One matrix W (n, n) used in both layers, an input x (n,) and g = dL/dy (n,)."""

    def case(name: str, n: int, edge: bool = False) -> Case:
        return Case(name, {"W": rng.normal(size=(n, n)), "x": rng.normal(size=n), "g": rng.normal(size=n)}, edge=edge)

    return [case("3 units", 3), case("4 units", 4), case("one unit", 1, edge=True)]


def shared_expect(a: Args) -> Array:
    """Gradient of L = g . (W tanh(W x)) in W by central differences."""
    return central_differences(lambda W: float(a["g"] @ (W @ np.tanh(W @ a["x"]))), a["W"])


# -- chain.inject_gradient ------------------------------------------------------------------------------------


def inject_run(answer: Callable[..., Any], a: Args) -> Any:
    """inject_gradient(net, X, G) on a torch network, twice; and what reached the place where G came from.

    G is computed from a tensor ``source`` that requires a gradient, as it does in a larger program: an injected
    gradient is a constant there, so nothing may arrive at ``source``.
    """
    import torch

    from gradschool.rl.nets.torch_mlp import tanh_net

    net = tanh_net(a["W1"], a["b1"], a["W2"], a["b2"])
    source = torch.tensor(a["G"], requires_grad=True)
    X = torch.tensor(a["X"])
    first = _copies(answer(net, X, source * 1.0))
    second = _copies(answer(net, X, source * 1.0))
    leaked = torch.zeros_like(source) if source.grad is None else source.grad
    return {"backward": first[0], "surrogate": first[1], "called_again": second, "at_source_of_G": leaked}


def _copies(answer: Any) -> tuple[Any, Any]:
    """Both lists of gradients, copied at once: the next call may reuse the same buffers."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise TypeError("inject_gradient should return two lists of gradients: (by_backward, by_surrogate)")
    return tuple(tuple(None if t is None else t.detach().clone() for t in way) for way in answer)  # type: ignore[return-value]


def inject_expect(a: Args) -> dict[str, Any]:
    """The gradients of L = sum G Y in the parameters by central differences, for both ways; nothing at the source."""
    grads = mlp_expect(a)[:4]
    return {"backward": grads, "surrogate": grads, "called_again": (grads, grads), "at_source_of_G": 0.0 * a["G"]}
