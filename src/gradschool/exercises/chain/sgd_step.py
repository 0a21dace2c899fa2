"""Inputs and oracle of ``chain.sgd_step``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array


def cases(rng: Rng) -> list[Case]:
    """A list of parameter arrays, a list of gradients of the same shapes, and a step size."""

    def case(name: str, shapes: list[tuple[int, ...]], edge: bool = False) -> Case:
        params, grads = (tuple(rng.normal(size=s) for s in shapes) for _ in range(2))
        return Case(name, {"params": params, "grads": grads, "lr": float(rng.uniform(0.05, 0.5))}, edge=edge)

    return [
        case("a matrix and a vector", [(2, 3), (2,)]),
        case("four arrays", [(2, 3), (2,), (1, 2), (1,)]),
        case("one array", [(4,)], edge=True),
    ]


def oracle(a: Args) -> tuple[Array, ...]:
    """The parameters after a step of torch.optim.SGD on the same gradients."""
    import torch

    params = [torch.nn.Parameter(torch.tensor(p)) for p in a["params"]]
    for p, g in zip(params, a["grads"], strict=True):
        p.grad = torch.tensor(g)
    torch.optim.SGD(params, lr=a["lr"]).step()
    return tuple(p.detach().numpy() for p in params)
