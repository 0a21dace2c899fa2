"""Reference, known mistakes and alternative solutions of ``ddpg.actor_step``."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


def step_of_the_actor(actor, critic, optimizer, batch):
    """Descend -mean Q(s, mu(s)) in the actor's parameters alone."""
    loss = -critic(batch.obs, actor(batch.obs)).mean()
    params = list(actor.parameters())
    for p, g in zip(params, torch.autograd.grad(loss, params), strict=True):
        p.grad = g
    optimizer.step()


actor_step = entry("ddpg.actor_step", points=8, reference=step_of_the_actor)


@actor_step.mutant(
    "stale-critic-gradients",
    "The actor's step is right, but the critic's .grad holds gradients afterwards (loss.backward() fills it on the way), "
    "and the critic's next step applies them. Clear them, or never make them.",
    "c9",
)
def step_leaves_critic_gradients(actor, critic, optimizer, batch):
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimizer.step()


@actor_step.mutant(
    "critic-climbs",
    "The critic has moved, toward higher Q for whatever the actor does. Then any actor looks good. Compare the critic's "
    "weights before and after; only the actor may learn here.",
    "c7",
)
def step_moves_the_critic(actor, critic, optimizer, batch):
    both = torch.optim.SGD([*actor.parameters(), *critic.parameters()], lr=optimizer.param_groups[0]["lr"])
    both.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    both.step()
    both.zero_grad()


@actor_step.mutant(
    "detached-action",
    "The actor does not move, and only the critic holds gradients: as when the action is detached, or the actor's "
    "gradient is cleared before the step. Freeze the critic's weights, not the path.",
    "c8",
)
def step_detached(actor, critic, optimizer, batch):
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs).detach()).mean()).backward()
    optimizer.step()


@actor_step.mutant(
    "no-grad-around-q",
    "Nothing to differentiate: backward() is called on a loss without a graph, as under no_grad. Without a graph behind Q, "
    "dQ/da is gone too; what has to be held fixed are Q's parameters.",
    "c8",
)
def step_no_grad(actor, critic, optimizer, batch):
    optimizer.zero_grad()
    with torch.no_grad():
        loss = -critic(batch.obs, actor(batch.obs)).mean()
    loss.backward()
    optimizer.step()


@actor_step.mutant(
    "left-frozen",
    "The step is right, but the critic stays frozen: its requires_grad was True before the call and is False after it, "
    "and its own training will do nothing. Put the flags back.",
)
def step_left_frozen(actor, critic, optimizer, batch):
    for p in critic.parameters():
        p.requires_grad_(False)
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimizer.step()


@actor_step.mutant(
    "ascent", "The actor goes the wrong way: this step lowers Q. Optimizers descend, and the loss is -Q.", "c1"
)
def step_ascent(actor, critic, optimizer, batch):
    optimizer.zero_grad()
    critic(batch.obs, actor(batch.obs)).mean().backward()
    optimizer.step()
    critic.zero_grad()


@actor_step.mutant(
    "actor-not-zeroed",
    "The old gradient that lay in the actor's .grad goes into the step as well, and the first step's gradient into the "
    "second. Clear the actor's gradients before backward().",
    "a18",
)
def step_not_zeroed(actor, critic, optimizer, batch):
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimizer.step()
    critic.zero_grad()


@actor_step.mutant(
    "sum",
    "The gradient of the step is B times too large: the loss is a mean over the batch. Adam nearly hides it, SGD does not.",
    "c4",
)
def step_sum(actor, critic, optimizer, batch):
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).sum()).backward()
    optimizer.step()
    critic.zero_grad()


@actor_step.mutant(
    "no-step",
    "The actor is as it was, and no gradient is left anywhere. Is the gradient there when the step is taken, and is the "
    "step taken at all?",
)
def step_not_taken(actor, critic, optimizer, batch):
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    critic.zero_grad()


@actor_step.mutant(
    "hand-made-step",
    "With plain SGD the step is right, with momentum and with Adam it is not: the actor moves by -lr times the gradient "
    "whatever the optimizer. Its own rule, and what it remembers, are in optimizer.step().",
)
def step_by_hand(actor, critic, optimizer, batch):
    params = list(actor.parameters())
    gradients = torch.autograd.grad(-critic(batch.obs, actor(batch.obs)).mean(), params)
    lr = optimizer.param_groups[0]["lr"]
    with torch.no_grad():
        for p, g in zip(params, gradients, strict=True):
            p -= lr * g


@actor_step.mutant(
    "fresh-optimizer",
    "The first step is right, the second only with plain SGD: momentum and averages begin again at 0, as with a new "
    "optimizer in each call. Step the one that is handed over; it remembers.",
)
def step_with_a_fresh_optimizer(actor, critic, optimizer, batch):
    settings = {k: v for k, v in optimizer.param_groups[0].items() if k in optimizer.defaults}
    new = type(optimizer)(actor.parameters(), **settings)
    new.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    new.step()
    critic.zero_grad()


@actor_step.mutant(
    "lr-changed",
    "The first step is right, but the optimizer's learning rate is not what it was: later steps have another length. A "
    "schedule belongs to the caller, who made the optimizer.",
)
def step_changes_lr(actor, critic, optimizer, batch):
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimizer.step()
    critic.zero_grad()
    optimizer.param_groups[0]["lr"] *= 0.99


@actor_step.mutant(
    "gradient-clipped",
    "Right where the actor's gradient is no longer than 1; a longer one is cut to length 1, as by clip_grad_norm_. The "
    "step on -mean Q itself is asked for.",
)
def step_clips(actor, critic, optimizer, batch):
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    torch.nn.utils.clip_grad_norm_(actor.parameters(), 1.0)
    optimizer.step()
    critic.zero_grad()


@actor_step.mutant(
    "critic-left-in-eval",
    "The step is right, but the critic comes back in eval mode: `training` was True before the call and is False after "
    "it. Put the mode back, or leave it alone.",
)
def step_leaves_eval(actor, critic, optimizer, batch):
    critic.eval()
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimizer.step()
    critic.zero_grad()


@actor_step.mutant(
    "critic-joins-the-optimizer",
    "The actor's first step is right, but the optimizer holds the critic's parameters as well afterwards: from the next "
    "step on it moves the critic. It is the actor's optimizer.",
)
def step_adds_the_critic(actor, critic, optimizer, batch):
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimizer.step()
    if len(optimizer.param_groups) == 1:
        optimizer.add_param_group({"params": list(critic.parameters())})
    critic.zero_grad()


@actor_step.mutant(
    "batch-overwritten",
    "The step is right, but `batch.action` is not what it was: the actor's own actions stand in it now. The critic still "
    "needs the actions that were really done; work on a copy.",
)
def step_overwrites_batch(actor, critic, optimizer, batch):
    optimizer.zero_grad()
    action = actor(batch.obs)
    batch.action.copy_(action.detach())
    (-critic(batch.obs, action).mean()).backward()
    optimizer.step()
    critic.zero_grad()


@actor_step.alternative_solution
def step_by_closure(actor, critic, optimizer, batch):
    def closure():
        optimizer.zero_grad(set_to_none=False)
        loss = -critic(batch.obs, actor(batch.obs)).mean()
        loss.backward(inputs=list(actor.parameters()))
        return loss

    optimizer.step(closure)


@actor_step.alternative_solution
def step_modes_put_back(actor, critic, optimizer, batch):
    modes = critic.training, actor.training
    critic.eval(), actor.eval()
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimizer.step()
    optimizer.zero_grad()
    critic.zero_grad(set_to_none=False)
    critic.train(modes[0]), actor.train(modes[1])


@actor_step.alternative_solution
def step_frozen_and_restored(actor, critic, optimizer, batch):
    for p in critic.parameters():
        p.requires_grad_(False)
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimizer.step()
    for p in critic.parameters():
        p.requires_grad_(True)


@actor_step.alternative_solution
def step_zero_grad_of_both(actor, critic, optimizer, batch):
    optimizer.zero_grad()
    (-critic(batch.obs, actor(batch.obs)).mean()).backward()
    optimizer.step()
    critic.zero_grad()


@actor_step.alternative_solution
def step_zeros_kept(actor, critic, optimizer, batch):
    optimizer.zero_grad(set_to_none=False)
    torch.neg(critic(batch.obs, actor(batch.obs)).mean()).backward()
    critic.zero_grad(set_to_none=False)
    optimizer.step()


@actor_step.alternative_solution
def step_by_functional_call(actor, critic, optimizer, batch):
    constants = {name: p.detach() for name, p in critic.named_parameters()}
    q = torch.func.functional_call(critic, constants, (batch.obs, actor(batch.obs)))
    optimizer.zero_grad()
    (-q.mean()).backward()
    optimizer.step()


@actor_step.alternative_solution
def step_by_vjp(actor, critic, optimizer, batch):
    action = actor(batch.obs)
    at = action.detach().requires_grad_()
    (slope,) = torch.autograd.grad(-critic(batch.obs, at).mean(), at)
    optimizer.zero_grad()
    action.backward(slope)
    optimizer.step()


@actor_step.alternative_solution
def step_by_surrogate(actor, critic, optimizer, batch):
    at = actor(batch.obs).detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(batch.obs, at).mean(), at)
    optimizer.zero_grad()
    (-(slope * actor(batch.obs)).sum()).backward()
    optimizer.step()


@actor_step.alternative_solution
def step_with_inputs_named(actor, critic, optimizer, batch):
    optimizer.zero_grad()
    loss = -critic(batch.obs, actor(batch.obs)).mean()
    loss.backward(inputs=list(actor.parameters()))
    optimizer.step()


@actor_step.alternative_solution
def step_on_a_copy_of_the_critic(actor, critic, optimizer, batch):
    from copy import deepcopy

    judge = deepcopy(critic).requires_grad_(False)
    optimizer.zero_grad()
    (-judge(batch.obs, actor(batch.obs)).mean()).backward()
    optimizer.step()
