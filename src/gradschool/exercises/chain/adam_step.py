"""Inputs and oracle of ``chain.adam_step``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array


def cases(rng: Rng) -> list[Case]:
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


def oracle(a: Args) -> tuple[Array, Array, Array]:
    """theta, m and v after a step of torch.optim.Adam from the same state."""
    import torch

    theta = torch.nn.Parameter(torch.tensor(a["theta"]))
    theta.grad = torch.tensor(a["grad"])
    adam = torch.optim.Adam([theta], lr=a["lr"], betas=(a["beta1"], a["beta2"]), eps=a["eps"])
    state = {"step": torch.tensor(a["t"] - 1.0), "exp_avg": torch.tensor(a["m"]), "exp_avg_sq": torch.tensor(a["v"])}
    adam.state[theta] = state
    adam.step()
    return theta.detach().numpy(), state["exp_avg"].numpy(), state["exp_avg_sq"].numpy()
