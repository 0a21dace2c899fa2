"""Chapter 1, steps along a gradient: inputs to try, and oracles that need no reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradschool.core.exercise import Case
from gradschool.core.numerics import Array

Args = Mapping[str, Any]
Rng = np.random.Generator


# -- chain.maximise -------------------------------------------------------------------------------------------


def bowl_gradients(a: Array, phi: Array) -> tuple[Array, Array]:
    """Both gradients of f(a; phi) = -1/2 |a - phi|^2 + sum(phi), as autograd would hand them over: df/da, df/dphi."""
    return phi - a, 1.0 + (a - phi)


def maximise_cases(rng: Rng) -> list[Case]:
    """A start a (n,), the parameters phi (n,) of f, a step size and a number of steps."""

    def case(name: str, n: int, steps: int, edge: bool = False) -> Case:
        args = {"a": rng.normal(size=n), "phi": rng.normal(size=n), "lr": float(rng.uniform(0.05, 0.3)), "steps": steps}
        return Case(name, args, edge=edge)

    return [
        case("5 steps in 3 dimensions", 3, 5),
        case("8 steps in 2 dimensions", 2, 8),
        case("one step", 3, 1, edge=True),
        case("no step at all", 2, 0, edge=True),
    ]


def maximise_run(answer: Callable[..., Any], a: Args) -> Any:
    """maximise(gradients, a, phi, lr, steps) on the bowl."""
    return answer(bowl_gradients, a["a"], a["phi"], a["lr"], a["steps"])


def maximise_expect(a: Args) -> tuple[Array, Array]:
    """On the bowl the distance to the top shrinks by 1 - lr a step; phi stays where it was."""
    return a["phi"] + (1 - a["lr"]) ** a["steps"] * (a["a"] - a["phi"]), a["phi"]


# -- chain.sgd_step, chain.adam_step --------------------------------------------------------------------------


def sgd_cases(rng: Rng) -> list[Case]:
    """A list of parameter arrays, a list of gradients of the same shapes, and a step size."""

    def case(name: str, shapes: list[tuple[int, ...]], edge: bool = False) -> Case:
        params, grads = (tuple(rng.normal(size=s) for s in shapes) for _ in range(2))
        return Case(name, {"params": params, "grads": grads, "lr": float(rng.uniform(0.05, 0.5))}, edge=edge)

    return [
        case("a matrix and a vector", [(2, 3), (2,)]),
        case("four arrays", [(2, 3), (2,), (1, 2), (1,)]),
        case("one array", [(4,)], edge=True),
    ]


def sgd_expect(a: Args) -> tuple[Array, ...]:
    """What torch.optim.SGD makes of the same parameters and gradients."""
    import torch

    params = [torch.nn.Parameter(torch.tensor(p)) for p in a["params"]]
    for p, g in zip(params, a["grads"], strict=True):
        p.grad = torch.tensor(g)
    torch.optim.SGD(params, lr=a["lr"]).step()
    return tuple(p.detach().numpy() for p in params)


def adam_cases(rng: Rng) -> list[Case]:
    """Parameters theta, a gradient, both running moments, the number t of this step (from 1), and the settings."""

    def case(name: str, n: int, t: int, edge: bool = False, scale: float = 1.0) -> Case:
        moments = (
            (0.0 if t == 1 else scale) * rng.normal(size=n),
            (0.0 if t == 1 else scale**2) * rng.uniform(0.1, 1, n),
        )
        args = {
            "theta": rng.normal(size=n),
            "grad": scale * rng.normal(size=n),
            "m": moments[0],
            "v": moments[1],
            "t": t,
        }
        settings = {"lr": float(rng.uniform(0.01, 0.1)), "beta1": 0.8, "beta2": 0.95, "eps": 1e-4}
        return Case(name, {**args, **settings}, edge=edge)

    return [
        case("step 3", 4, 3),
        case("step 7", 3, 7),
        case("the first step", 4, 1, edge=True),
        case("a tiny gradient", 3, 2, edge=True, scale=1e-4),
    ]


def adam_expect(a: Args) -> tuple[Array, Array, Array]:
    """What torch.optim.Adam makes of the same state."""
    import torch

    theta = torch.nn.Parameter(torch.tensor(a["theta"]))
    theta.grad = torch.tensor(a["grad"])
    adam = torch.optim.Adam([theta], lr=a["lr"], betas=(a["beta1"], a["beta2"]), eps=a["eps"])
    state = {"step": torch.tensor(a["t"] - 1.0), "exp_avg": torch.tensor(a["m"]), "exp_avg_sq": torch.tensor(a["v"])}
    adam.state[theta] = state
    adam.step()
    return theta.detach().numpy(), state["exp_avg"].numpy(), state["exp_avg_sq"].numpy()
