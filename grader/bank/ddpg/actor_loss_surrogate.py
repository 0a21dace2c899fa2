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
    "Both faults are still there: dQ/da is taken at the stored actions, and the mean runs over the action dimensions too. Fix "
    "one, check, then the other.",
    "c2, c3",
)
def surrogate_as_found(actor, critic, batch):
    at = batch.action.clone().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.mean(-dq_da * actor(batch.obs))


@actor_loss_surrogate.mutant(
    "mean-over-actions",
    "1/A of the true gradient, as when the mean runs over a (B, A) array. Add over the action dimensions, average over "
    "the batch. Adam hides this, a step of SGD does not.",
    "c3",
)
def surrogate_mean_over_actions(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.mean(-dq_da * action)


@actor_loss_surrogate.mutant(
    "replay-action",
    "dQ/da is taken at the stored actions, not at the actor's own. With Q = -(a - 0.5)^2, mu = 1 and a stored 0 it "
    "pushes up where the truth is down.",
    "c2",
)
def surrogate_replay_action(actor, critic, batch):
    at = batch.action.clone().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return -(dq_da * actor(batch.obs)).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "ascent", "The sign is flipped: optimizers descend, and this loss leads downhill in Q. The loss is -Q.", "c1"
)
def surrogate_ascent(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return (dq_da * action).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "height-for-slope",
    "Q multiplies the action, where dQ/da should. Add 100 to every Q: the best action stays, your gradient does not.",
    "c6",
)
def surrogate_height(actor, critic, batch):
    action = actor(batch.obs)
    q = critic(batch.obs, action).detach()
    return -(q[:, None] * action).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "applied-twice",
    "The slope counts twice: this is the gradient of -Q times the sum of dQ/da, with dQ/da held constant. Either the "
    "product by hand, or autograd through the critic, not both.",
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
    "slope-not-held",
    "dQ/da is not held constant: the loss is differentiated through it as well, which adds a term wherever Q is curved in "
    "the action (a critic of ReLU layers alone hides it), and a gradient reaches the critic. A constant has no history.",
)
def surrogate_slope_not_held(actor, critic, batch):
    action = actor(batch.obs)
    (slope,) = torch.autograd.grad(critic(batch.obs, action).sum(), action, create_graph=True)
    return -(slope * action).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "stale-critic-gradients",
    "The actor's gradient is right, but gradients lie in the critic's parameters afterwards (q.sum().backward() leaves "
    "them there), and its next step applies them. torch.autograd.grad returns the one gradient that you want and "
    "leaves nothing behind.",
    "c9",
)
def surrogate_leaves_critic_gradients(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    critic(batch.obs, at).sum().backward()
    return -(at.grad * action).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "batch-averaged-twice",
    "1/B of the true gradient, as when q.mean() averages and the loss averages again.",
    "c4",
)
def surrogate_averaged_twice(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).mean(), at)
    return -(dq_da * action).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "slope-clipped",
    "Right where every |dQ/da| is at most 1; larger slopes count as 1 (as by clamp(-1, 1)): the actor then gets no gradient "
    "of how steep the critic is.",
)
def surrogate_slope_clipped(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return -(dq_da.clamp(-1, 1) * action).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "critic-moves",
    "The loss is right, but the critic's weights are not what they were before the call. A loss is only built here; "
    "weights change in an optimizer's step.",
)
def surrogate_moves_critic(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    q = critic(batch.obs, at).sum()
    dq_da, *dq_dphi = torch.autograd.grad(q, [at, *critic.parameters()])
    for p, g in zip(critic.parameters(), dq_dphi, strict=True):
        p.data += 1e-3 * g
    return -(dq_da * action).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "critic-left-in-eval",
    "The loss is right, but the critic comes back in eval mode: `training` was True before the call and is False after "
    "it. Put the mode back, or leave it alone.",
)
def surrogate_leaves_eval(actor, critic, batch):
    critic.eval()
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return -(dq_da * action).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "critic-left-frozen",
    "The loss is right, but the critic stays frozen: its requires_grad was True before the call and is False after it, "
    "and its own training will do nothing. Put the flags back.",
)
def surrogate_leaves_frozen(actor, critic, batch):
    critic.requires_grad_(False)
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return -(dq_da * action).sum(dim=1).mean()


@actor_loss_surrogate.mutant(
    "batch-overwritten",
    "The loss is right, but `batch.action` is not what it was: the actor's own actions stand in it now. The critic still "
    "needs the actions that were really done; work on a copy.",
)
def surrogate_overwrites_batch(actor, critic, batch):
    action = actor(batch.obs)
    batch.action.copy_(action.detach())
    at = batch.action.clone().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return -(dq_da * action).sum(dim=1).mean()


@actor_loss_surrogate.alternative_solution
def surrogate_critic_frozen_meanwhile(actor, critic, batch):
    was = critic.training
    critic.eval()
    critic.requires_grad_(False)
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    critic.requires_grad_(True)
    critic.train(was)
    return -(dq_da * action).sum(dim=1).mean()


@actor_loss_surrogate.alternative_solution
def surrogate_backward_and_cleared(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    critic(batch.obs, at).sum().backward()
    critic.zero_grad(set_to_none=False)
    return -(at.grad * action).sum() / len(action)


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
