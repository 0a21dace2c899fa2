"""Reference, known mistakes and alternative solutions of ``ddpg.actor_step``."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


def step_of_the_actor(actor, critic, optimiser, batch):
    """Descend -mean Q(s, mu(s)) in the actor's parameters alone."""
    loss = -critic(batch.obs, actor(batch.obs)).mean()
    params = list(actor.parameters())
    for p, g in zip(params, torch.autograd.grad(loss, params), strict=True):
        p.grad = g
    optimiser.step()


actor_step = entry("ddpg.actor_step", points=8, reference=step_of_the_actor)


@actor_step.mutant(
    "stale-critic-gradients",
    "The actor's step is right, but loss.backward() also filled the critic's .grad, and there it stays: the critic's next "
    "step takes -mean dQ/dphi along. Clear it, or never make it.",
    "c9",
)
def step_leaves_critic_gradients(actor, critic, optimiser, batch):
    optimiser.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimiser.step()


@actor_step.mutant(
    "critic-climbs",
    "The critic has moved: your step trains it as well, towards higher Q for whatever the actor does. Then any actor "
    "looks good. Hash the critic before and after; only the actor may learn here.",
    "c7",
)
def step_moves_the_critic(actor, critic, optimiser, batch):
    both = torch.optim.SGD([*actor.parameters(), *critic.parameters()], lr=optimiser.param_groups[0]["lr"])
    both.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    both.step()
    both.zero_grad()


@actor_step.mutant(
    "detached-action",
    "The actor stands still, and the critic alone holds gradients: the path from Q ends before it reaches the actor. Was "
    "the action detached (or the actor's gradient cleared before the step)? Freeze the critic's weights, not the path.",
    "c8",
)
def step_detached(actor, critic, optimiser, batch):
    optimiser.zero_grad()
    (-critic(batch.obs, actor(batch.obs).detach()).mean()).backward()
    optimiser.step()


@actor_step.mutant(
    "no-grad-around-q",
    "Nothing to differentiate: under no_grad the critic leaves no graph behind, so dQ/da is gone too. Blocking Q blocks "
    "the actor; what has to be held fixed are Q's parameters.",
    "c8",
)
def step_no_grad(actor, critic, optimiser, batch):
    optimiser.zero_grad()
    with torch.no_grad():
        loss = -critic(batch.obs, actor(batch.obs)).mean()
    loss.backward()
    optimiser.step()


@actor_step.mutant(
    "left-frozen",
    "The step is right, but the critic stays frozen: requires_grad is still False afterwards, and its own training will "
    "do nothing from now on. Put the flags back.",
)
def step_left_frozen(actor, critic, optimiser, batch):
    for p in critic.parameters():
        p.requires_grad_(False)
    optimiser.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimiser.step()


@actor_step.mutant("ascent", "The actor goes the wrong way: this step lowers Q. Optimisers descend: use -Q.", "c1")
def step_ascent(actor, critic, optimiser, batch):
    optimiser.zero_grad()
    critic(batch.obs, actor(batch.obs)).mean().backward()
    optimiser.step()
    critic.zero_grad()


@actor_step.mutant(
    "actor-not-zeroed",
    "The old gradient that lay in the actor's .grad went into the step as well, and the second step takes the first "
    "along. Zero the actor's gradients before backward.",
    "a18",
)
def step_not_zeroed(actor, critic, optimiser, batch):
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimiser.step()
    critic.zero_grad()


@actor_step.mutant(
    "sum", "The step is B times too long: the loss is a sum where a mean is asked for. With SGD it shows.", "c4"
)
def step_sum(actor, critic, optimiser, batch):
    optimiser.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).sum()).backward()
    optimiser.step()
    critic.zero_grad()


@actor_step.mutant(
    "no-step",
    "Nothing happened to anybody: the actor is as it was. Is the gradient there when the step is taken, and is the step "
    "taken at all?",
)
def step_not_taken(actor, critic, optimiser, batch):
    optimiser.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    critic.zero_grad()


@actor_step.alternative_solution
def step_frozen_and_restored(actor, critic, optimiser, batch):
    for p in critic.parameters():
        p.requires_grad_(False)
    optimiser.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimiser.step()
    for p in critic.parameters():
        p.requires_grad_(True)


@actor_step.alternative_solution
def step_zero_grad_of_both(actor, critic, optimiser, batch):
    optimiser.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimiser.step()
    critic.zero_grad()


@actor_step.alternative_solution
def step_zeros_kept(actor, critic, optimiser, batch):
    optimiser.zero_grad(set_to_none=False)
    torch.neg(critic(batch.obs, actor(batch.obs)).mean()).backward()
    critic.zero_grad(set_to_none=False)
    optimiser.step()


@actor_step.alternative_solution
def step_by_functional_call(actor, critic, optimiser, batch):
    constants = {name: p.detach() for name, p in critic.named_parameters()}
    q = torch.func.functional_call(critic, constants, (batch.obs, actor(batch.obs)))
    optimiser.zero_grad()
    (-q.mean()).backward()
    optimiser.step()


@actor_step.alternative_solution
def step_by_vjp(actor, critic, optimiser, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (slope,) = torch.autograd.grad(-critic(batch.obs, at).mean(), at)
    optimiser.zero_grad()
    action.backward(slope)
    optimiser.step()


@actor_step.alternative_solution
def step_by_surrogate(actor, critic, optimiser, batch):
    at = actor(batch.obs).detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(batch.obs, at).mean(), at)
    optimiser.zero_grad()
    (-(slope * actor(batch.obs)).sum()).backward()
    optimiser.step()


@actor_step.alternative_solution
def step_with_inputs_named(actor, critic, optimiser, batch):
    optimiser.zero_grad()
    loss = -critic(batch.obs, actor(batch.obs)).mean()
    loss.backward(inputs=list(actor.parameters()))
    optimiser.step()


@actor_step.alternative_solution
def step_on_a_copy_of_the_critic(actor, critic, optimiser, batch):
    from copy import deepcopy

    judge = deepcopy(critic).requires_grad_(False)
    optimiser.zero_grad()
    (-judge(batch.obs, actor(batch.obs)).mean()).backward()
    optimiser.step()
