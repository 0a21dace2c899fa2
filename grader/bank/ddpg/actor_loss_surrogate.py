"""Reference, known mistakes and alternative solutions of ``ddpg.actor_loss_surrogate``."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


def mended_surrogate(actor, critic, batch):
    """-1/B sum dQ/da . mu(s), with dQ/da a number taken at mu(s)."""
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return -(dq_da * action).sum(dim=1).mean()


actor_loss_surrogate = entry("ddpg.actor_loss_surrogate", points=5, reference=mended_surrogate)


@actor_loss_surrogate.mutant(
    "as-found",
    "Both faults are still there: dQ/da is asked at replay actions, and the mean runs over the action dimensions too. Mend "
    "one, check, then the other.",
    "c2, c3",
)
def surrogate_as_found(actor, critic, batch):
    at = batch.action.clone().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.mean(-dq_da * actor(batch.obs))


@actor_loss_surrogate.mutant(
    "mean-over-actions",
    "1/A of the true gradient: a mean over a (B, A) array divides by A as well. Add over the action dimensions, average "
    "over the batch. Adam hides this, a step of SGD does not.",
    "c3",
)
def surrogate_mean_over_actions(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.mean(-dq_da * action)


@actor_loss_surrogate.mutant(
    "replay-action",
    "dQ/da is taken where the memory acted, not where the actor would. With Q = -(a - 0.5)^2, mu = 1 and a remembered 0 it "
    "pushes up where the truth is down.",
    "c2",
)
def surrogate_replay_action(actor, critic, batch):
    at = batch.action.clone().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return -(dq_da * actor(batch.obs)).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "ascent", "The minus is missing: optimisers descend, and this loss leads downhill in Q.", "c1"
)
def surrogate_ascent(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return (dq_da * action).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "height-for-slope",
    "Q multiplies the action, where its slope should. Add 100 to every Q: the best action stays, your gradient does not.",
    "c6",
)
def surrogate_height(actor, critic, batch):
    action = actor(batch.obs)
    q = critic(batch.obs, action).detach()
    return -(q[:, None] * action).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "applied-twice",
    "Autograd already goes through the critic to the actor, and your dQ/da multiplies once more: the loss is -Q here, times "
    "its own slope. Either the product by hand, or autograd, not both.",
    "c5",
)
def surrogate_applied_twice(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    held = {name: p.detach() for name, p in critic.named_parameters()}
    q = torch.func.functional_call(critic, held, (batch.obs, action))
    return -(dq_da.sum(dim=1) * q).mean()


@actor_loss_surrogate.mutant(
    "stale-critic-gradients",
    "The actor is right, but q.sum().backward() has left a gradient in every parameter of the critic, and its next step "
    "will take it along. torch.autograd.grad returns the one gradient that you want and leaves nothing behind.",
    "c9",
)
def surrogate_leaves_critic_gradients(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    critic(batch.obs, at).sum().backward()
    return -(at.grad * action).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "batch-averaged-twice",
    "1/B of the true gradient: q.mean() has averaged already, and the loss averages again.",
    "c4",
)
def surrogate_averaged_twice(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).mean(), at)
    return -(dq_da * action).sum(dim=1).mean()


@actor_loss_surrogate.alternative_solution
def surrogate_mean_inside(actor, critic, batch):
    at = actor(batch.obs).detach()
    at.requires_grad_(True)
    dq_da = torch.autograd.grad(critic(batch.obs, at).mean(), at)[0]
    return torch.sum(-dq_da * actor(batch.obs))


@actor_loss_surrogate.alternative_solution
def surrogate_einsum_over_batch(actor, critic, batch):
    action = actor(batch.obs)
    q = critic(batch.obs, action)
    dq_da = torch.autograd.grad(q, action, torch.ones_like(q), retain_graph=True)[0]
    return -torch.einsum("ba,ba->", dq_da.detach(), action) / len(action)
