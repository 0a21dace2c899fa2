"""Inputs and oracle of ``ddpg.actor_step``."""

from __future__ import annotations

from typing import Any

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes, Axis, several, some
from gradschool.exercises.ddpg._axes import ACTOR_AND_CRITIC, CURVED
from gradschool.exercises.ddpg._losses import actor_gradient, direct_gradient, nothing_in_grad, state_before
from gradschool.exercises.ddpg._other_slopes import other_slopes
from gradschool.exercises.ddpg._setups import setup_case, setup_cases, with_a_curved_critic
from gradschool.exercises.ddpg.adapters import net_of, step_result, step_setup

PARTS = ("actor", "critic", "batch", "low", "high")
# Of the six cases of `setup_cases` and one more: Adam would hide a wrong length, plain SGD a step that is made by hand.
OPTIMISERS = ("SGD", "SGD with momentum", "SGD", "SGD", "Adam", "SGD with momentum", "Adam")
STEP_SIZES = (0.05, 0.02, 5e-5, 0.05, 0.02, 0.05, 0.05)  # small where the critic is steep


def _stepped_by(name: str) -> Axis:
    """The axis of a case with this optimizer."""
    return some(lambda a: a["optimizer"] == name)


AXES: Axes = {
    **ACTOR_AND_CRITIC,
    **CURVED,
    **{name: _stepped_by(name) for name in OPTIMISERS},
    "several step sizes": several("lr"),
}


def cases(rng: Rng) -> list[Case]:
    """An actor, a critic, a batch with other actions than the actor's, the range, an optimizer and its step size."""
    drawn = with_a_curved_critic([*setup_cases(rng, *PARTS), setup_case(rng, PARTS, "a batch of 5", (5, 2))])
    return [
        Case(f"{c.name}, {name}", {**c.args, "optimizer": name, "lr": lr}, c.edge, c.sizes, c.rows)
        for c, name, lr in zip(drawn, OPTIMISERS, STEP_SIZES, strict=True)
    ]


def oracle(a: Args) -> dict[str, Any]:
    """Two steps of the case's own optimizer on the gradient of -mean Q; the critic and all else exactly as before."""
    from gradschool.rl.nets.actor_critic import flat_gradient

    actor, _, optimizer, _ = step_setup(a)
    after = []
    for _ in range(2):
        put_gradient(actor, direct_gradient(a, flat_gradient(actor.parameters())), net_of(a["actor"]).sizes)
        optimizer.step()
        after.append(tuple(p.detach().numpy().copy() for p in actor.parameters()))
    return step_result(after, nothing_in_grad(a, "critic"), state_before(a), optimizer)


def otherwise(a: Args) -> Otherwise:
    """The first step along other slopes than dQ/da at the actor's own actions."""

    def step(slopes: Array) -> dict[str, Any]:
        actor, _, optimizer, _ = step_setup(a)
        put_gradient(actor, actor_gradient({**a, "dq_da": slopes}), net_of(a["actor"]).sizes)
        optimizer.step()
        return {"actor_after": tuple(p.detach().numpy().copy() for p in actor.parameters())}

    return {
        f"what it would be with {words} instead of dQ/da at the actor's own action": lambda of=of: step(of())  # type: ignore[misc]
        for words, of in other_slopes(a).items()
    }


def put_gradient(actor: Any, gradient: Array, sizes: tuple[int, ...]) -> None:
    """Put a flat gradient (n_params,) into the ``.grad`` of the actor's parameters."""
    import torch

    from gradschool.rl.nets.actor_critic import layer_arrays

    for p, g in zip(actor.parameters(), layer_arrays(gradient, sizes), strict=True):
        p.grad = torch.tensor(g)
