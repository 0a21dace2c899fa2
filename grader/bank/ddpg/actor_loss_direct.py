"""Reference, known mistakes and alternative solutions of ``ddpg.actor_loss_direct``."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


def minus_mean_q(actor, critic, batch):
    """-mean Q(s, mu(s)); autograd does both factors."""
    return -critic(batch.obs, actor(batch.obs)).mean()


actor_loss_direct = entry("ddpg.actor_loss_direct", points=3, warm_up=True, reference=minus_mean_q)


@actor_loss_direct.mutant("ascent", "The sign is flipped: descending +Q looks for the worst action.", "c1")
def direct_ascent(actor, critic, batch):
    return critic(batch.obs, actor(batch.obs)).mean()


@actor_loss_direct.mutant("sum", "B times too large: a sum where a mean is asked for.", "c4")
def direct_sum(actor, critic, batch):
    return -critic(batch.obs, actor(batch.obs)).sum()


@actor_loss_direct.mutant(
    "squared",
    "This is the mean of Q squared, as if Q had a label of 0. -Q itself is the loss: it may be any number, also a large "
    "one.",
    "c22",
)
def direct_squared(actor, critic, batch):
    return (critic(batch.obs, actor(batch.obs)) ** 2).mean()


@actor_loss_direct.mutant(
    "replay-action",
    "The loss is -mean Q at the actions of the replay buffer: the actor does not occur in it, so nothing reaches the "
    "actor.",
    "c2",
)
def direct_replay_action(actor, critic, batch):
    return -critic(batch.obs, batch.action).mean()


@actor_loss_direct.mutant(
    "exploration-noise",
    "The gradient is taken at a noisy action. Exploration noise belongs in the environment; the actor's own action is mu(s).",
    "c18",
)
def direct_with_noise(actor, critic, batch):
    action = actor(batch.obs)
    noise = 0.2 * torch.randn(action.shape, generator=torch.Generator().manual_seed(0), dtype=action.dtype)
    return -critic(batch.obs, action + noise).mean()


@actor_loss_direct.mutant(
    "clipped-in-the-graph",
    "Q is taken at mu clipped to [-1, 1]: beyond that nothing reaches the actor. The action is squashed into its range "
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


@actor_loss_direct.mutant(
    "backward-inside",
    "The loss is right, but gradients lie in .grad before backward() is called on it: the caller's own "
    "backward() adds to them. Return the loss and leave backward() to the caller.",
)
def direct_backward_inside(actor, critic, batch):
    loss = -critic(batch.obs, actor(batch.obs)).mean()
    loss.backward(retain_graph=True)
    return loss


@actor_loss_direct.mutant(
    "critic-left-frozen",
    "The loss is right, but the critic stays frozen: its requires_grad was True before the call and is False after it, "
    "and its own training will do nothing. Put the flags back.",
)
def direct_leaves_frozen(actor, critic, batch):
    critic.requires_grad_(False)
    return -critic(batch.obs, actor(batch.obs)).mean()


@actor_loss_direct.mutant(
    "critic-left-in-eval",
    "The loss is right, but the critic comes back in eval mode: `training` was True before the call and is False after "
    "it. Put the mode back, or leave it alone.",
)
def direct_leaves_eval(actor, critic, batch):
    critic.eval()
    return -critic(batch.obs, actor(batch.obs)).mean()


@actor_loss_direct.alternative_solution
def direct_critic_frozen_meanwhile(actor, critic, batch):
    for p in critic.parameters():
        p.requires_grad_(False)
    loss = -critic(batch.obs, actor(batch.obs)).mean()
    for p in critic.parameters():
        p.requires_grad_(True)
    return loss


@actor_loss_direct.alternative_solution
def direct_negated_inside(actor, critic, batch):
    return torch.mean(torch.neg(critic(batch.obs, actor(batch.obs))))


@actor_loss_direct.alternative_solution
def direct_by_sum(actor, critic, batch):
    action = actor(batch.obs)
    return critic(batch.obs, action).sum() / -len(action)
