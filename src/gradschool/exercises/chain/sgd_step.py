"""Inputs and oracle of ``chain.sgd_step``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._draws import signed
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes, has_value, large_of_both_signs, several, some

AXES: Axes = {
    "one array": some(lambda a: len(a["params"]) == 1),
    "several arrays": some(lambda a: len(a["params"]) > 2),
    "a vector, a matrix and three axes": some(lambda a: {np.ndim(p) for p in a["params"]} >= {1, 2, 3}),
    "a square matrix": some(lambda a: any(np.shape(p) == (3, 3) for p in a["params"])),
    "arrays of equal shapes": some(lambda a: len({np.shape(p) for p in a["params"]}) < len(a["params"])),
    "arrays of equal shapes, whichever end one begins at": some(
        lambda a: len(a["params"]) > 1 and a["lr"] > 0 and _shapes(a) == _shapes(a)[::-1]
    ),
    "several step sizes": several("lr"),
    "a step size above 1": some(lambda a: a["lr"] > 1),
    "a step size of 0": has_value("lr", 0.0),
    "large gradients on both sides of 0": large_of_both_signs(
        lambda a: np.concatenate([g.ravel() for g in a["grads"]])
    ),
    "a tiny gradient": some(lambda a: any(np.min(np.abs(g[g != 0]), initial=1) < 1e-5 for g in a["grads"])),
    "a parameter of 0": some(lambda a: any(np.any(p == 0) for p in a["params"])),
    "a gradient of 0": some(lambda a: any(np.any(g == 0) for g in a["grads"])),
}


def _shapes(a: Args) -> list[tuple[int, ...]]:
    """The shapes of the arrays, in their order."""
    return [np.shape(p) for p in a["params"]]


def cases(rng: Rng) -> list[Case]:
    """A list of parameter arrays, a list of gradients of the same shapes, and a step size."""

    def case(name: str, shapes: list[tuple[int, ...]], lr: float, edge: bool = False) -> Case:
        params, grads = (tuple(signed(rng, s) for s in shapes) for _ in range(2))
        return Case(name, {"params": params, "grads": grads, "lr": lr * float(rng.uniform(0.8, 1.0))}, edge=edge)

    uneven = case("four arrays, uneven gradients", [(2, 3), (2,), (1, 2), (4,)], 0.3)
    uneven.args["grads"][3][:3] = (0.0, 300.0, -200.0)
    uneven.args["grads"][2][0, 1] = 2e-6
    one = case("one array, a parameter of 0", [(4,)], 0.5, edge=True)
    one.args["params"][0][1] = 0.0
    return [
        case("a matrix and a vector", [(2, 3), (2,)], 0.1),
        uneven,
        one,
        case("a vector, two square matrices and three axes", [(3,), (3, 3), (3, 3), (2, 1, 3)], 0.05, edge=True),
        case("a step size above 1", [(2, 2), (2,)], 2.0, edge=True),
        case("two arrays of one shape", [(2, 3), (2, 3)], 0.2, edge=True),
        case("a step size of 0", [(2, 2), (3,)], 0.0, edge=True),
    ]


def oracle(a: Args) -> tuple[Array, ...]:
    """Where the straight line through each parameter along its gradient is at -lr, as torch.optim.SGD steps."""
    return tuple(np.polyval([g, p], -a["lr"]) for p, g in zip(a["params"], a["grads"], strict=True))


def otherwise(a: Args) -> Otherwise:
    """Steps along the gradients of other arrays, where these have the same shape."""
    grads = a["grads"]

    def step(of: Callable[[int], Array]) -> Callable[[], tuple[Array, ...]]:
        return lambda: oracle({**a, "grads": tuple(of(k) for k in range(len(grads)))})

    alike = [[g for g in grads if np.shape(g) == np.shape(p)] for p in a["params"]]
    back = grads[::-1] if _shapes(a) == _shapes(a)[::-1] else grads
    return {
        "what it would be with the gradients in reverse order, where the shapes allow it": step(lambda k: back[k]),
        "what it would be with the last of all gradients of its shape for each array": step(lambda k: alike[k][-1]),
        "what it would be with the first of all gradients of its shape for each array": step(lambda k: alike[k][0]),
    }
