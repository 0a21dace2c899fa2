"""Chapter 3: how a student's function is called on one set of inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradschool.core.exercise import Answer, AnswerUnusable, Args
from gradschool.core.numerics import Array
from gradschool.core.plain_data import describe, to_plain
from gradschool.rl.ddpg.agent import Batch
from gradschool.rl.nets.mlp import MLP
from gradschool.rl.nets.step_counter import StepCounter

FAULTS = {
    "critic-climbs": "the gradient of the actor's loss also enters the critic's update",
    "detached-action": "the action is detached: no gradient reaches the actor",
    "mean-over-actions": "the actor's gradient is also averaged over the action dimensions",
    "next-state": "the TD target uses s instead of s'",
    "no-noise": "there is no exploration noise",
    "replay-action": "dQ/da is evaluated at the stored action, not at the actor's own",
    "sign": "the actor minimizes Q instead of maximizing it",
    "tanh-forgotten": "the derivative of tanh is missing in the backward pass",
    "target-unscaled": "the target actor's action stays in [-1, 1], not in the environment's units",
    "time-limit-terminal": "truncation is treated as termination",
}

OWN_OPTIMIZERS = ("actor_optimizer", "critic_optimizer")
OWN_NETS = ("actor", "critic", "target_actor", "target_critic")  # in the order in which ddpg_update takes them


def net_of(a: Args) -> MLP:
    """The network of {"sizes", "flat"}. It uses the array itself, so that a change to it can be seen."""
    return MLP(tuple(int(n) for n in a["sizes"]), flat=a["flat"])


def layer_blocks(sizes: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of the arrays in a network's flat parameters, in their order: W1, b1, W2, ..."""
    widths = [int(n) for n in sizes]
    named = ((f"W{k}", (m, n), f"b{k}", (n,)) for k, (m, n) in enumerate(pairwise(widths), 1))
    return {name: shape for w, ws, b, bs in named for name, shape in ((w, ws), (b, bs))}


def actor_blocks(a: Args) -> dict[str, tuple[int, ...]]:
    """The arrays in a flat gradient of the actor."""
    return layer_blocks(a["actor"]["sizes"])


def critic_blocks(a: Args) -> dict[str, tuple[int, ...]]:
    """The arrays in a flat gradient of the critic."""
    return layer_blocks(a["critic"]["sizes"])


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

    from gradschool.rl.nets.actor_critic import TorchActor

    actor = TorchActor(net_of(a["actor"]), a["low"], a["high"])
    batch = batch_of({name: torch.tensor(x) for name, x in a["batch"].items()})
    return actor, torch_critic(a, "critic"), batch


def torch_critic(a: Args, name: str) -> Any:
    """One of the critics as a torch module, curved in the action where the case says so."""
    from gradschool.rl.nets.actor_critic import CurvedTorchCritic, TorchCritic

    return (CurvedTorchCritic if a["curved"] else TorchCritic)(net_of(a[name]))


def state_of(actor: Any, critic: Any, batch: Any) -> dict[str, Any]:
    """Weights, buffers, flags and modes of both networks, and the batch's tensors: none of it may change."""
    from gradschool.rl.nets.torch_state import network_state, tensors_state

    return {
        **network_state("actor", actor),
        **network_state("critic", critic),
        **tensors_state("batch", batch._asdict()),
    }


def left_in_grad(actor: Any, critic: Any) -> dict[str, Any]:
    """What the call itself left in the ``.grad`` of both networks; zeros where there is nothing."""
    from gradschool.rl.nets.torch_state import gradients_of

    return {"actor_grad_field": gradients_of(actor), "critic_gradient": gradients_of(critic)}


def checked_loss(loss: Any, function: str) -> Any:
    """The loss that a student's function returned; AnswerUnusable, in words that are about it, if it is no loss."""
    import torch

    if not isinstance(loss, torch.Tensor):
        raise AnswerUnusable(f"{function} should return the loss as a tensor, and returned {describe(to_plain(loss))}")
    if loss.numel() != 1:
        raise AnswerUnusable(f"{function} should return one number, and returned a tensor of shape {tuple(loss.shape)}")
    if not loss.requires_grad:
        raise AnswerUnusable(f"the loss that {function} returned is not connected to any parameter: it has no gradient")
    return loss


def actor_loss_surrogate(answer: Answer, a: Args) -> Any:
    """Call actor_loss_surrogate(actor, critic, batch): its gradient, what reaches the critic, and the state after."""
    from gradschool.rl.nets.torch_state import gradients_of

    actor, critic, batch = torch_setup(a)
    checked_loss(answer(actor, critic, batch), "actor_loss_surrogate").backward()
    found = {"actor_gradient": gradients_of(actor), "critic_gradient": gradients_of(critic)}
    return {**found, **state_of(actor, critic, batch)}


def actor_loss_direct(answer: Answer, a: Args) -> Any:
    """Call actor_loss_direct(actor, critic, batch): the loss, its gradient in the actor alone, and the state after."""
    import torch

    actor, critic, batch = torch_setup(a)
    loss = checked_loss(answer(actor, critic, batch), "actor_loss_direct")
    left = left_in_grad(actor, critic)
    found = torch.autograd.grad(loss, list(actor.parameters()), allow_unused=True)
    gradients = tuple(torch.zeros_like(p) if g is None else g for p, g in zip(actor.parameters(), found, strict=True))
    return {"loss": loss, "actor_gradient": gradients, **left, **state_of(actor, critic, batch)}


def leave_old_gradients(net: Any) -> None:
    """Put a number into every entry of a network's ``.grad``, each another: equal ones look like a constant."""
    import torch

    for p in net.parameters():
        p.grad = torch.linspace(0.5, 1.5, p.numel(), dtype=p.dtype).reshape(p.shape)


def actor_grad_outputs(answer: Answer, a: Args) -> Any:
    """Call actor_grad_outputs(actor, critic, batch): its gradients, what it left in .grad, and the state after.

    An old gradient is in the actor's ``.grad`` beforehand, as in a running program. It may stay or be cleared; what it
    may not do is enter the answer.
    """
    import torch

    actor, critic, batch = torch_setup(a)
    leave_old_gradients(actor)
    old = [p.grad.clone() for p in actor.parameters()]
    found = answer(actor, critic, batch)
    for p, before in zip(actor.parameters(), old, strict=True):
        p.grad = None if p.grad is not None and torch.equal(p.grad, before) else p.grad
    if not isinstance(found, Iterable) or isinstance(found, torch.Tensor):
        raise AnswerUnusable(
            "actor_grad_outputs should return one gradient for each parameter of the actor, and returned "
            f"{describe(to_plain(found))}"
        )
    return {"actor_gradient": tuple(found), **left_in_grad(actor, critic), **state_of(actor, critic, batch)}


def step_setup(a: Args) -> tuple[Any, Any, Any, Any]:
    """What actor_step is handed: :func:`torch_setup` and the case's optimizer, which holds the actor's parameters."""
    import torch

    actor, critic, batch = torch_setup(a)
    kinds: dict[str, tuple[Any, dict[str, Any]]] = {
        "SGD": (torch.optim.SGD, {}),
        "SGD with momentum": (torch.optim.SGD, {"momentum": 0.9}),
        "Adam": (torch.optim.Adam, {"betas": (0.8, 0.95), "eps": 1e-4}),
    }
    make, settings = kinds[a["optimizer"]]
    return actor, critic, make(actor.parameters(), lr=a["lr"], **settings), batch


def actor_step(answer: Answer, a: Args) -> Any:
    """Call actor_step(actor, critic, optimizer, batch), twice, with an old gradient left in the actor beforehand."""
    from gradschool.rl.nets.torch_state import copies, gradients_of

    actor, critic, optimizer, batch = step_setup(a)
    leave_old_gradients(actor)
    after = []
    for _ in range(2):
        answer(actor, critic, optimizer, batch)
        after.append(copies(actor.parameters()))
    return step_result(after, gradients_of(critic), state_of(actor, critic, batch), optimizer)


def step_result(after: list[Any], critic_gradient: Any, state: Mapping[str, Any], optimizer: Any) -> dict[str, Any]:
    """The parts of an answer of actor_step: the actor after one step and two, and everything else after both."""
    from gradschool.rl.nets.torch_state import optimizer_state

    steps = {"actor_after": after[0], "actor_after_2_steps": after[1], "critic_gradient": critic_gradient}
    kept = {key: part for key, part in state.items() if key != "actor_weights"}
    return {**steps, **kept, **optimizer_state("optimizer", optimizer)}


def clinic(answer: Answer, a: Args) -> dict[str, str]:
    """Call clinic(): the diagnosis of each letter."""
    from gradschool.lessons.clinics.diagnoses import listed_diagnoses

    return listed_diagnoses(answer(), a["patients"], FAULTS)


def is_curved(critic_sizes: Sequence[int]) -> bool:
    """Whether the critic of a whole update is curved in the action: the one with two hidden layers is."""
    return len(critic_sizes) == 4


def agent(answer: Answer, a: Args) -> dict[str, Array]:
    """Call ddpg_update twice, with two optimizers, on networks of other weights: all weights and steps after each."""
    import torch

    from gradschool.rl.nets.actor_critic import CurvedTorchCritic, TorchActor, TorchCritic, flat_gradient, load_flat
    from gradschool.rl.nets.torch_batch import TorchBatch

    critic = CurvedTorchCritic if is_curved(a["critic_sizes"]) else TorchCritic
    sizes = {name: a[f"{name.removeprefix('target_')}_sizes"] for name in OWN_NETS}
    nets: dict[str, Any] = {}
    for name, n in sizes.items():
        net = MLP(n, flat=a["first"][name])
        nets[name] = TorchActor(net, a["low"], a["high"]) if name.endswith("actor") else critic(net)
    optimizers = [torch.optim.SGD(nets[name].parameters(), lr=a[f"{name}_lr"]) for name in OWN_NETS[:2]]
    counter = StepCounter(dict(zip(OWN_OPTIMIZERS, optimizers, strict=True)))
    after: dict[str, list[Array]] = {name: [] for name in nets}
    for call in (a["first"], a["second"]):
        for name in reversed(OWN_NETS):  # targets first: networks that share their memory hold the online weights
            load_flat(nets[name].net, call[name])
        answer(*nets.values(), *optimizers, TorchBatch.of(call["batch"]), a["gamma"], a["tau"])
        counter.end_call()
        for name, net in nets.items():
            after[name].append(flat_gradient(net.parameters()))
    return {name: np.stack(weights) for name, weights in after.items()} | counter.counts()
