"""Chapter 5: how a student's function is called on one set of inputs."""

from __future__ import annotations

from typing import Any

from gradschool.core.exercise import Answer, AnswerUnusable, Args
from gradschool.core.plain_data import describe, to_plain
from gradschool.exercises.ddpg.adapters import batch_of, checked_loss, net_of, torch_critic

NETS = ("actor", "critic_1", "critic_2")


def td3_setup(a: Args) -> tuple[dict[str, Any], Any, Any]:
    """Actor and both critics as torch modules, the batch as tensors, and the TD target as a tensor."""
    import torch

    from gradschool.rl.nets.actor_critic import TorchActor

    nets = {
        "actor": TorchActor(net_of(a["actor"]), a["low"], a["high"]),
        "critic_1": torch_critic(a, "critic_1"),
        "critic_2": torch_critic(a, "critic_2"),
    }
    batch = batch_of({name: torch.tensor(x) for name, x in a["batch"].items()})
    return nets, batch, torch.tensor(a["y"])


def td3_losses(answer: Answer, a: Args) -> dict[str, Any]:
    """Call td3_losses(actor, critic_1, critic_2, batch, y): both losses, what each sends where, and the state after."""
    from gradschool.rl.nets.torch_state import gradients_of, network_state, tensors_state

    nets, batch, y = td3_setup(a)
    critic_loss, actor_loss = two_losses(answer(*nets.values(), batch, y))
    found = {"critic_loss": critic_loss, "actor_loss": actor_loss}
    for name in ("critic_1", "critic_2"):
        found[f"{name}_gradient"] = gradient(critic_loss, nets[name])
    found["actor_gradient"] = gradient(actor_loss, nets["actor"])
    found["critic_loss_at_the_actor"] = gradient(critic_loss, nets["actor"])
    found["actor_loss_at_critic_2"] = gradient(actor_loss, nets["critic_2"])
    for name, net in nets.items():
        found |= {f"{name}_grad_field": gradients_of(net), **network_state(name, net)}
    return {**found, **tensors_state("batch", batch._asdict()), **tensors_state("target", {"y": y})}


def two_losses(returned: Any) -> tuple[Any, Any]:
    """The two losses that td3_losses returned; AnswerUnusable, in words that are about it, if it has not."""
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        got = describe(to_plain(returned))
        raise AnswerUnusable(f"td3_losses should return two losses, critic_loss and actor_loss, and returned {got}")
    first, second = (checked_loss(loss, "td3_losses") for loss in returned)
    return first, second


def gradient(loss: Any, net: Any) -> tuple[Any, ...]:
    """The gradient of a loss in each parameter of a network; zeros where it does not reach."""
    import torch

    params = list(net.parameters())
    asked = [p for p in params if p.requires_grad]
    got = torch.autograd.grad(loss, asked, retain_graph=True, allow_unused=True) if asked else ()
    by_id = {id(p): g for p, g in zip(asked, got, strict=True)}
    return tuple(torch.zeros_like(p) if by_id.get(id(p)) is None else by_id[id(p)] for p in params)
