"""Chapter 3, the exercises in torch: where gradients go is read off the parameters' own fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.core.numerics import central_differences
from gradschool.exercises.ddpg_cases import Args, batch_of, bounded, net_of
from gradschool.rl.nets.mlp import MLP, Array

Answer = Callable[..., Any]


# -- ddpg.actor_loss_surrogate, ddpg.actor_grad_outputs, ddpg.actor_loss_direct, ddpg.actor_step ------------------


def torch_world(a: Args) -> tuple[Any, Any, Any]:
    """Actor and critic as torch modules, and the batch as tensors."""
    import torch

    from gradschool.rl.nets.actor_critic import TorchActor, TorchCritic

    actor = TorchActor(net_of(a["actor"]), a["low"], a["high"])
    batch = batch_of({name: torch.tensor(x) for name, x in a["batch"].items()})
    return actor, TorchCritic(net_of(a["critic"])), batch


def surrogate_run(answer: Answer, a: Args) -> Any:
    """actor_loss_surrogate(actor, critic, batch): what its gradient is, and that the critic gets nothing at all."""
    actor, critic, batch = torch_world(a)
    answer(actor, critic, batch).backward()
    return {"actor_gradient": gradients_of(actor), "critic_gradient": gradients_of(critic)}


def direct_run(answer: Answer, a: Args) -> Any:
    """actor_loss_direct(actor, critic, batch): the loss, and its gradient in the actor's parameters alone."""
    import torch

    actor, critic, batch = torch_world(a)
    loss = answer(actor, critic, batch)
    found = torch.autograd.grad(loss, list(actor.parameters()), allow_unused=True)
    gradients = tuple(torch.zeros_like(p) if g is None else g for p, g in zip(actor.parameters(), found, strict=True))
    return {"loss": loss, "actor_gradient": gradients}


def grad_outputs_run(answer: Answer, a: Args) -> Any:
    """actor_grad_outputs(actor, critic, batch), and that nothing piled up in anybody's .grad on the way."""
    actor, critic, batch = torch_world(a)
    found = answer(actor, critic, batch)
    fields = {"actor_grad_field": gradients_of(actor), "critic_gradient": gradients_of(critic)}
    return {"actor_gradient": tuple(found), **fields}


def gradients_of(net: Any) -> tuple[Any, ...]:
    """Copies of the .grad of every parameter; zeros where there is none."""
    import torch

    return tuple(torch.zeros_like(p) if p.grad is None else p.grad.detach().clone() for p in net.parameters())


def direct_loss(a: Args, flat: Array) -> float:
    """L(theta) = -1/B sum Q(s, mu(s; theta)) in NumPy."""
    obs = a["batch"]["obs"]
    action = bounded(MLP(net_of(a["actor"]).sizes, flat=flat)(obs), a["low"], a["high"])
    return -float(net_of(a["critic"])(np.concatenate([obs, action], axis=1)).mean())


def true_gradient(a: Args, flat: Array | None = None) -> tuple[Array, ...]:
    """dL/dtheta by central differences, as arrays in torch's shapes and order."""
    from gradschool.rl.nets.actor_critic import layer_arrays

    flat = a["actor"]["flat"] if flat is None else flat
    return layer_arrays(central_differences(lambda p: direct_loss(a, p), flat), net_of(a["actor"]).sizes)


def nothing(a: Args, which: str) -> tuple[Array, ...]:
    """Zeros in the shapes of a network's parameters."""
    from gradschool.rl.nets.actor_critic import layer_arrays

    return layer_arrays(np.zeros_like(a[which]["flat"]), net_of(a[which]).sizes)


def surrogate_expect(a: Args) -> dict[str, Any]:
    """The gradient of -mean Q(s, mu(s)); nothing for the critic."""
    return {"actor_gradient": true_gradient(a), "critic_gradient": nothing(a, "critic")}


def direct_expect(a: Args) -> dict[str, Any]:
    """-mean Q(s, mu(s)) and its gradient."""
    return {"loss": np.array(direct_loss(a, a["actor"]["flat"])), "actor_gradient": true_gradient(a)}


def grad_outputs_expect(a: Args) -> dict[str, Any]:
    """The gradient of -mean Q(s, mu(s)); nothing anywhere else."""
    return {
        "actor_gradient": true_gradient(a),
        "actor_grad_field": nothing(a, "actor"),
        "critic_gradient": nothing(a, "critic"),
    }


STEP = 0.05  # step size of the plain SGD optimiser that actor_step is handed


def step_run(answer: Answer, a: Args) -> Any:
    """actor_step(actor, critic, optimiser, batch), twice, with an old gradient lying about in the actor beforehand."""
    import torch

    actor, critic, batch = torch_world(a)
    optimiser = torch.optim.SGD(actor.parameters(), lr=STEP)
    for p in actor.parameters():
        p.grad = torch.ones_like(p)
    after = []
    for _ in range(2):
        answer(actor, critic, optimiser, batch)
        after.append(weights_of(actor))
    return {
        "actor_after": after[0],
        "actor_after_2_steps": after[1],
        "critic_weights": weights_of(critic),
        "critic_gradient": gradients_of(critic),
        "critic_requires_grad": np.array([p.requires_grad for p in critic.parameters()]),
        "actor_requires_grad": np.array([p.requires_grad for p in actor.parameters()]),
    }


def weights_of(net: Any) -> tuple[Any, ...]:
    """Copies of all parameters."""
    return tuple(p.detach().clone() for p in net.parameters())


def step_expect(a: Args) -> dict[str, Any]:
    """theta - lr dL/dtheta, twice; the critic exactly as it was, with nothing in .grad and every flag still up."""
    from gradschool.rl.nets.actor_critic import layer_arrays

    sizes = net_of(a["actor"]).sizes
    flats = [a["actor"]["flat"]]
    for _ in range(2):
        flats.append(flats[-1] - STEP * central_differences(lambda p: direct_loss(a, p), flats[-1]))
    up = {which: np.ones(2 * (len(a[which]["sizes"]) - 1), dtype=bool) for which in ("actor", "critic")}
    return {
        "actor_after": layer_arrays(flats[1], sizes),
        "actor_after_2_steps": layer_arrays(flats[2], sizes),
        "critic_weights": layer_arrays(a["critic"]["flat"].copy(), net_of(a["critic"]).sizes),
        "critic_gradient": nothing(a, "critic"),
        "critic_requires_grad": up["critic"],
        "actor_requires_grad": up["actor"],
    }
