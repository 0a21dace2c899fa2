"""Chapter 3: how a student's function is called on one set of inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Answer, Args
from gradschool.rl.ddpg.agent import Batch
from gradschool.rl.nets.mlp import MLP

FAULTS = {
    "replay-action": "dQ/da is taken at the replay memory's action, not at the actor's own",
    "mean-over-actions": "the actor's gradient is averaged over the action dimensions too",
    "critic-climbs": "the actor's loss also moves the critic",
    "detached-action": "the action is cut off the graph: nothing reaches the actor",
    "target-unscaled": "the target actor's action stays in [-1, 1], in the wrong units",
    "time-limit-terminal": "the time limit is taken for the end of the world",
    "sign": "the actor descends Q instead of climbing it",
    "tanh-forgotten": "the slope of tanh is left out on the way back",
    "no-noise": "nobody explores",
    "next-state": "the target looks at s where it should look at s'",
}
STEP_SIZE = 0.05  # of the plain SGD optimiser that actor_step is handed


def net_of(a: Args) -> MLP:
    """The network of {"sizes", "flat"}. It uses the array itself, so that a change to it can be seen."""
    return MLP(tuple(int(n) for n in a["sizes"]), flat=a["flat"])


def batch_of(a: Args) -> Batch:
    """The Batch of the six arrays by name."""
    return Batch(**{name: a[name] for name in Batch._fields})


def critic_target(answer: Answer, a: Args) -> Any:
    """Call critic_target(batch, target_actor, target_critic, low, high, gamma)."""
    nets = [net_of(a[name]) for name in ("target_actor", "target_critic")]
    return answer(batch_of(a["batch"]), *nets, a["low"], a["high"], a["gamma"])


def twin_target(answer: Answer, a: Args) -> Any:
    """Call twin_target(batch, target_actor, target_critics, low, high, gamma, noise, noise_clip)."""
    critics = [net_of(a["target_critic"]), net_of(a["target_critic_2"])]
    rest = (a[name] for name in ("low", "high", "gamma", "noise", "noise_clip"))
    return answer(batch_of(a["batch"]), net_of(a["target_actor"]), critics, *rest)


def critic_gradient(answer: Answer, a: Args) -> Any:
    """Call critic_gradient(critic, batch, y)."""
    return answer(net_of(a["critic"]), batch_of(a["batch"]), a["y"])


def action_gradient(answer: Answer, a: Args) -> Any:
    """Call action_gradient(actor, critic, batch, low, high)."""
    return answer(net_of(a["actor"]), net_of(a["critic"]), batch_of(a["batch"]), a["low"], a["high"])


def actor_gradient(answer: Answer, a: Args) -> Any:
    """Call actor_gradient_jacobian or actor_gradient_vjp(actor, batch, dq_da, low, high)."""
    return answer(net_of(a["actor"]), batch_of(a["batch"]), a["dq_da"], a["low"], a["high"])


def torch_setup(a: Args) -> tuple[Any, Any, Any]:
    """Actor and critic as torch modules, and the batch as tensors."""
    import torch

    from gradschool.rl.nets.actor_critic import TorchActor, TorchCritic

    actor = TorchActor(net_of(a["actor"]), a["low"], a["high"])
    batch = batch_of({name: torch.tensor(x) for name, x in a["batch"].items()})
    return actor, TorchCritic(net_of(a["critic"])), batch


def actor_loss_surrogate(answer: Answer, a: Args) -> Any:
    """Call actor_loss_surrogate(actor, critic, batch): its gradient, and what reaches the critic (nothing should)."""
    actor, critic, batch = torch_setup(a)
    answer(actor, critic, batch).backward()
    return {"actor_gradient": gradients_of(actor), "critic_gradient": gradients_of(critic)}


def actor_loss_direct(answer: Answer, a: Args) -> Any:
    """Call actor_loss_direct(actor, critic, batch): the loss, and its gradient in the actor's parameters alone."""
    import torch

    actor, critic, batch = torch_setup(a)
    loss = answer(actor, critic, batch)
    found = torch.autograd.grad(loss, list(actor.parameters()), allow_unused=True)
    gradients = tuple(torch.zeros_like(p) if g is None else g for p, g in zip(actor.parameters(), found, strict=True))
    return {"loss": loss, "actor_gradient": gradients}


def actor_grad_outputs(answer: Answer, a: Args) -> Any:
    """Call actor_grad_outputs(actor, critic, batch), and see that nothing piled up in anybody's .grad on the way."""
    actor, critic, batch = torch_setup(a)
    found = answer(actor, critic, batch)
    fields = {"actor_grad_field": gradients_of(actor), "critic_gradient": gradients_of(critic)}
    return {"actor_gradient": tuple(found), **fields}


def actor_step(answer: Answer, a: Args) -> Any:
    """Call actor_step(actor, critic, optimiser, batch), twice, with an old gradient left in the actor beforehand."""
    import torch

    actor, critic, batch = torch_setup(a)
    optimiser = torch.optim.SGD(actor.parameters(), lr=STEP_SIZE)
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


def gradients_of(net: Any) -> tuple[Any, ...]:
    """Copies of the .grad of every parameter; zeros where there is none."""
    import torch

    return tuple(torch.zeros_like(p) if p.grad is None else p.grad.detach().clone() for p in net.parameters())


def weights_of(net: Any) -> tuple[Any, ...]:
    """Copies of all parameters."""
    return tuple(p.detach().clone() for p in net.parameters())


def clinic(answer: Answer, a: Args) -> dict[str, str]:
    """Call clinic(): the diagnosis of each letter, sealed."""
    from gradschool.lessons.clinics.diagnoses import sealed_diagnoses

    return sealed_diagnoses("ddpg", answer(), a["patients"], FAULTS)
