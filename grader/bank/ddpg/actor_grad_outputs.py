"""Reference, known mistakes and alternative solutions of ``ddpg.actor_grad_outputs``."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


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
