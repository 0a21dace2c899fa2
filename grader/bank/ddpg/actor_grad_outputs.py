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


actor_grad_outputs = entry("ddpg.actor_grad_outputs", points=4, warm_up=True, reference=by_grad_outputs)


@actor_grad_outputs.mutant("ascent", "The sign is flipped: the upstream gradient at mu is d(-Q)/da.", "c1")
def outputs_ascent(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=dq_da / len(action))


@actor_grad_outputs.mutant("sum", "B times too large: the loss is a mean over the batch.", "c4")
def outputs_sum(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-dq_da)


@actor_grad_outputs.mutant(
    "averaged-twice", "1/B of the true gradient, as when q.mean() averages and a division by B does so again.", "c4"
)
def outputs_averaged_twice(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).mean(), at)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-dq_da / len(action))


@actor_grad_outputs.mutant("replay-action", "The slope is taken at the stored action; take it at mu(s).", "c2")
def outputs_replay_action(actor, critic, batch):
    at = batch.action.clone().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.autograd.grad(actor(batch.obs), list(actor.parameters()), grad_outputs=-dq_da / len(at))


@actor_grad_outputs.mutant(
    "ones-for-slope",
    "dQ/da does not enter: this is the gradient of minus the mean of the actions, as with ones for grad_outputs. Put "
    "d(-Q)/da there.",
)
def outputs_ones(actor, critic, batch):
    action = actor(batch.obs)
    ones = torch.ones_like(action) / len(action)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-ones)


@actor_grad_outputs.mutant(
    "mean-over-actions",
    "1/A of the true gradient, as when the number of entries, B times A, divides. The mean is over B.",
    "c3",
)
def outputs_mean_over_actions(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-dq_da / action.numel())


@actor_grad_outputs.mutant(
    "left-in-grad",
    "The gradients are right, but gradients lie in the critic's parameters afterwards (backward() leaves them there). Ask "
    "torch.autograd.grad for the one you want.",
    "c9",
)
def outputs_left_in_grad(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    critic(batch.obs, at).sum().backward()
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-at.grad / len(action))


@actor_grad_outputs.mutant(
    "slope-clipped",
    "Right where every |dQ/da| is at most 1; larger slopes count as 1, as by clamp(-1, 1). Nothing is to be cut off on "
    "the way.",
)
def outputs_slope_clipped(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-dq_da.clamp(-1, 1) / len(action))


@actor_grad_outputs.mutant(
    "left-in-the-actor",
    "The gradients are right, but they lie in the actor's .grad as well: the next backward() adds to them. Nothing may be "
    "left in any .grad.",
)
def outputs_left_in_actor(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    actor.zero_grad()
    action.backward(-dq_da / len(action))
    return tuple(p.grad.clone() for p in actor.parameters())


@actor_grad_outputs.mutant(
    "old-gradient-added",
    "Right where the actor's .grad is empty; an older gradient that lies there is added to the result. backward() adds: "
    "clear .grad before it, or ask torch.autograd.grad.",
    "a18",
)
def outputs_with_an_old_gradient(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    action.backward(-dq_da / len(action))
    found = tuple(p.grad for p in actor.parameters())
    for p in actor.parameters():
        p.grad = None
    return found


@actor_grad_outputs.mutant(
    "critic-left-frozen",
    "The gradients are right, but the critic stays frozen: its requires_grad was True before the call and is False after "
    "it, and its own training will do nothing. Put the flags back.",
)
def outputs_leave_frozen(actor, critic, batch):
    for p in critic.parameters():
        p.requires_grad = False
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    return torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-dq_da / len(action))


@actor_grad_outputs.mutant(
    "actor-steps",
    "The gradients are right, but the actor has moved: its weights are not what they were before the call. The gradient "
    "is only asked for here; the step comes later.",
)
def outputs_and_steps(actor, critic, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (dq_da,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
    found = torch.autograd.grad(action, list(actor.parameters()), grad_outputs=-dq_da / len(action))
    with torch.no_grad():
        for p, g in zip(actor.parameters(), found, strict=True):
            p -= 1e-3 * g
    return found


@actor_grad_outputs.alternative_solution
def outputs_backward_and_cleared(actor, critic, batch):
    actor.zero_grad()
    action = actor(batch.obs)
    (-critic(batch.obs, action).mean()).backward()
    found = tuple(p.grad.clone() for p in actor.parameters())
    actor.zero_grad(set_to_none=False)
    critic.zero_grad()
    return found


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
