"""References, mistakes and other right ways: the actor's gradient in torch, by grad_outputs and through the critic."""

from __future__ import annotations

import torch

from grader.bank.registry import entry


def by_grad_outputs(actor, critic, batch):
    """d mu/d theta, with -dQ/da / B as what arrives at mu: the grad_ys of TensorFlow, the grad_outputs of torch."""
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-dq_da / len(action))


actor_grad_outputs = entry("ddpg.actor_grad_outputs", points=4, reference=by_grad_outputs)


@actor_grad_outputs.mutant("ascent", "The minus is missing: what arrives at mu is d(-Q)/da.", "c1")
def outputs_ascent(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=dq_da / len(action))


@actor_grad_outputs.mutant("sum", "B times too large: nobody divided by the batch.", "c4")
def outputs_sum(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-dq_da)


@actor_grad_outputs.mutant("averaged-twice", "B times too small: q.mean() and the division both average.", "c4")
def outputs_averaged_twice(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).mean(), at)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-dq_da / len(action))


@actor_grad_outputs.mutant("replay-action", "The slope is taken at the memory's action: ask at mu(s).", "c2")
def outputs_replay_action(actor, critic, batch):
    at = batch.action.clone().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.autograd.grad(actor(batch.obs), list(actor.parameters()), grad_outputs=-dq_da / len(at))


@actor_grad_outputs.mutant(
    "ones-for-slope",
    "grad_outputs is all ones: that is the gradient of -mean of the actions. Put d(-Q)/da there.",
)
def outputs_ones(actor, critic, batch):
    action = actor(batch.obs)
    ones = torch.ones_like(action) / len(action)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-ones)


@actor_grad_outputs.mutant(
    "mean-over-actions", "1/A of the true gradient: you divide by the number of entries, B times A.", "c3"
)
def outputs_mean_over_actions(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-dq_da / action.numel())


@actor_grad_outputs.mutant(
    "left-in-grad",
    "The gradients are right, but backward() has also put gradients into the critic's parameters on the way. Ask "
    "torch.autograd.grad for the one you want.",
    "c9",
)
def outputs_left_in_grad(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    critic(batch.obs, at).sum().backward()
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-at.grad / len(action))


@actor_grad_outputs.alternative_solution
def outputs_in_one_graph(actor, critic, batch):
    action = actor(batch.obs)
    (slope,) = torch.autograd.grad(-critic(batch.obs, action).mean(), action, retain_graph=True)
    return torch.autograd.grad(action, tuple(actor.parameters()), slope)


@actor_grad_outputs.alternative_solution
def outputs_by_func_vjp(actor, critic, batch):
    names = [name for name, _ in actor.named_parameters()]
    values = tuple(p.detach() for p in actor.parameters())

    def policy(*params):
        return torch.func.functional_call(actor, dict(zip(names, params, strict=True)), (batch.obs,))

    action, pull_back = torch.func.vjp(policy, *values)
    slope = torch.func.grad(lambda a: critic(batch.obs, a).mean())(action)
    return pull_back(-slope)


def minus_mean_q(actor, critic, batch):
    """-mean Q(s, mu(s)); autograd does both factors."""
    return -critic(batch.obs, actor(batch.obs)).mean()


actor_loss_direct = entry("ddpg.actor_loss_direct", points=3, reference=minus_mean_q)


@actor_loss_direct.mutant("ascent", "The minus is missing: descending +Q looks for the worst action.", "c1")
def direct_ascent(actor, critic, batch):
    return critic(batch.obs, actor(batch.obs)).mean()


@actor_loss_direct.mutant("sum", "B times too large: a sum where a mean is asked for.", "c4")
def direct_sum(actor, critic, batch):
    return -critic(batch.obs, actor(batch.obs)).sum()


@actor_loss_direct.mutant(
    "squared",
    "Q is squared, as if it had a label of 0. -Q itself is the loss: it may be any number, also a large one.",
    "c22",
)
def direct_squared(actor, critic, batch):
    return (critic(batch.obs, actor(batch.obs)) ** 2).mean()


@actor_loss_direct.mutant(
    "replay-action",
    "The loss asks about the actions in the memory: the actor does not occur in it, so nothing reaches the actor.",
    "c2",
)
def direct_replay_action(actor, critic, batch):
    return -critic(batch.obs, batch.action).mean()


@actor_loss_direct.mutant(
    "exploration-noise",
    "The gradient is taken at a disturbed action. Noise explores, in the environment; the actor's own action is mu(s).",
    "c18",
)
def direct_with_noise(actor, critic, batch):
    action = actor(batch.obs)
    noise = 0.2 * torch.randn(action.shape, generator=torch.Generator().manual_seed(0), dtype=action.dtype)
    return -critic(batch.obs, action + noise).mean()


@actor_loss_direct.mutant(
    "clipped-in-the-graph",
    "mu is clipped to [-1, 1] inside the graph: beyond that the slope is 0 and the actor hears nothing. It is squashed "
    "already; clip after adding noise, for the environment alone.",
    "c16",
)
def direct_clipped(actor, critic, batch):
    return -critic(batch.obs, actor(batch.obs).clamp(-1.0, 1.0)).mean()


@actor_loss_direct.mutant(
    "from-next-state",
    "You ask about s', where the batch holds s as well: the loss of algorithm 1 is over the states s_i.",
    "c13",
)
def direct_next_obs(actor, critic, batch):
    return -critic(batch.next_obs, actor(batch.next_obs)).mean()


@actor_loss_direct.alternative_solution
def direct_negated_inside(actor, critic, batch):
    return torch.mean(torch.neg(critic(batch.obs, actor(batch.obs))))


@actor_loss_direct.alternative_solution
def direct_by_sum(actor, critic, batch):
    action = actor(batch.obs)
    return critic(batch.obs, action).sum() / -len(action)
