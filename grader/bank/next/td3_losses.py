"""Reference, known mistakes and alternative solutions of ``next.td3_losses``."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


def both_learn_one_leads(actor, critic_1, critic_2, batch, y):
    """Fujimoto et al. (2018), algorithm 1: both critics learn from one TD target, the actor from -mean Q1."""
    errors = [critic(batch.obs, batch.action) - y for critic in (critic_1, critic_2)]
    critic_loss = sum((error**2).mean() for error in errors)
    return critic_loss, -critic_1(batch.obs, actor(batch.obs)).mean()


td3_losses = entry("next.td3_losses", points=6, reference=both_learn_one_leads)


@td3_losses.mutant(
    "smaller-critic-leads",
    "The actor's loss is -mean of the smaller of both critics: so SAC does it. TD3 takes the smaller one in the TD target "
    "alone; its actor follows Q1, and nothing of this loss reaches critic 2.",
)
def td3_actor_of_min(actor, critic_1, critic_2, batch, y):
    critic_loss = sum(((c(batch.obs, batch.action) - y) ** 2).mean() for c in (critic_1, critic_2))
    a = actor(batch.obs)
    return critic_loss, -torch.min(critic_1(batch.obs, a), critic_2(batch.obs, a)).mean()


@td3_losses.mutant(
    "average-critic-leads",
    "The actor's loss is -mean of the average of both critics: half of its gradient comes from critic 2, and some of it "
    "reaches critic 2's weights. Algorithm 1 has Q1 alone there.",
)
def td3_actor_of_mean(actor, critic_1, critic_2, batch, y):
    critic_loss = sum(((c(batch.obs, batch.action) - y) ** 2).mean() for c in (critic_1, critic_2))
    a = actor(batch.obs)
    return critic_loss, -(0.5 * (critic_1(batch.obs, a) + critic_2(batch.obs, a))).mean()


@td3_losses.mutant(
    "second-critic-leads",
    "The actor follows critic 2. The two are alike by design, but one is named in algorithm 1, and an actor that follows "
    "now one and now the other has no fixed aim: it is Q1.",
)
def td3_actor_of_twin(actor, critic_1, critic_2, batch, y):
    critic_loss = sum(((c(batch.obs, batch.action) - y) ** 2).mean() for c in (critic_1, critic_2))
    return critic_loss, -critic_2(batch.obs, actor(batch.obs)).mean()


@td3_losses.mutant(
    "one-critic-learns",
    "Critic 2 gets no gradient from the critic loss: it would stay as it was drawn at random, and the minimum in the target "
    "would be with noise. Both critics learn.",
)
def td3_one_learns(actor, critic_1, critic_2, batch, y):
    critic_loss = ((critic_1(batch.obs, batch.action) - y) ** 2).mean()
    return critic_loss, -critic_1(batch.obs, actor(batch.obs)).mean()


@td3_losses.mutant(
    "smaller-critic-learns",
    "In each row only the critic with the smaller Q learns: the minimum was taken of the predictions. It belongs in the "
    "TD target, where it has been taken already; each critic has an error of its own.",
)
def td3_min_learns(actor, critic_1, critic_2, batch, y):
    q = torch.min(critic_1(batch.obs, batch.action), critic_2(batch.obs, batch.action))
    return ((q - y) ** 2).mean(), -critic_1(batch.obs, actor(batch.obs)).mean()


@td3_losses.mutant(
    "mean-of-the-two",
    "The critic loss and both its gradients are half of what they should be: there is a 1/2 in front of the squares, or the "
    "mean was taken over both critics as well. The loss is the mean square of critic 1 plus that of critic 2.",
)
def td3_mean_of_two(actor, critic_1, critic_2, batch, y):
    q = torch.stack([c(batch.obs, batch.action) for c in (critic_1, critic_2)])
    return ((q - y) ** 2).mean(), -critic_1(batch.obs, actor(batch.obs)).mean()


@td3_losses.mutant(
    "critics-at-the-actors-action",
    "The critics are asked about the actor's own action. The reward in y was paid for the action that was done; and by "
    "this way the critic loss also reaches the actor.",
)
def td3_critics_at_own_action(actor, critic_1, critic_2, batch, y):
    a = actor(batch.obs)
    critic_loss = sum(((c(batch.obs, a) - y) ** 2).mean() for c in (critic_1, critic_2))
    return critic_loss, -critic_1(batch.obs, a).mean()


@td3_losses.mutant(
    "actor-at-the-replay-action",
    "The actor's loss is -mean Q1 at the actions of the batch: the actor does not occur in it, so nothing reaches it.",
    "c2",
)
def td3_actor_at_replay(actor, critic_1, critic_2, batch, y):
    critic_loss = sum(((c(batch.obs, batch.action) - y) ** 2).mean() for c in (critic_1, critic_2))
    return critic_loss, -critic_1(batch.obs, batch.action).mean()


@td3_losses.mutant("ascent", "The actor's loss is +mean Q1: descending it looks for the worst action.", "c1")
def td3_ascent(actor, critic_1, critic_2, batch, y):
    critic_loss = sum(((c(batch.obs, batch.action) - y) ** 2).mean() for c in (critic_1, critic_2))
    return critic_loss, critic_1(batch.obs, actor(batch.obs)).mean()


@td3_losses.mutant(
    "broadcast",
    "Every critic is pulled toward all targets at once: (B, 1) minus (B,) makes (B, B). Q and y are (B,) both; print the "
    "shape of their difference.",
    "b11",
)
def td3_broadcast(actor, critic_1, critic_2, batch, y):
    critic_loss = sum(((c(batch.obs, batch.action)[:, None] - y) ** 2).mean() for c in (critic_1, critic_2))
    return critic_loss, -critic_1(batch.obs, actor(batch.obs)).mean()


@td3_losses.mutant(
    "sum-over-the-batch",
    "Both losses and all gradients are B times too large: they are sums over the batch where means are asked for.",
    "c4",
)
def td3_sum_over_batch(actor, critic_1, critic_2, batch, y):
    critic_loss = sum(((c(batch.obs, batch.action) - y) ** 2).sum() for c in (critic_1, critic_2))
    return critic_loss, -critic_1(batch.obs, actor(batch.obs)).sum()


@td3_losses.mutant(
    "critic-left-frozen",
    "Both losses are right, but critic 1 stays frozen: its requires_grad was True before the call and is False after it, "
    "and its next update does nothing. Put the flags back.",
)
def td3_left_frozen(actor, critic_1, critic_2, batch, y):
    critic_loss = sum(((c(batch.obs, batch.action) - y) ** 2).mean() for c in (critic_1, critic_2))
    critic_1.requires_grad_(False)
    return critic_loss, -critic_1(batch.obs, actor(batch.obs)).mean()


@td3_losses.mutant(
    "critic-left-in-eval",
    "Both losses are right, but critic 1 comes back in eval mode: `training` was True before the call and is False after "
    "it. Put the mode back, or leave it alone.",
)
def td3_left_in_eval(actor, critic_1, critic_2, batch, y):
    critic_loss = sum(((c(batch.obs, batch.action) - y) ** 2).mean() for c in (critic_1, critic_2))
    critic_1.eval()
    return critic_loss, -critic_1(batch.obs, actor(batch.obs)).mean()


@td3_losses.mutant(
    "errors-not-squared",
    "The critic loss is the mean of the errors themselves: errors above and below 0 cancel, and descending it pushes every "
    "Q down without end. Square each error first.",
)
def td3_errors_not_squared(actor, critic_1, critic_2, batch, y):
    critic_loss = sum((c(batch.obs, batch.action) - y).mean() for c in (critic_1, critic_2))
    return critic_loss, -critic_1(batch.obs, actor(batch.obs)).mean()


@td3_losses.mutant(
    "backward-inside",
    "The losses are right, but gradients lie in .grad already when they come back: the caller's own backward() adds to "
    "them. Return the losses and leave backward() to the caller.",
)
def td3_backward_inside(actor, critic_1, critic_2, batch, y):
    critic_loss = sum(((c(batch.obs, batch.action) - y) ** 2).mean() for c in (critic_1, critic_2))
    actor_loss = -critic_1(batch.obs, actor(batch.obs)).mean()
    critic_loss.backward(retain_graph=True)
    actor_loss.backward(retain_graph=True)
    return critic_loss, actor_loss


@td3_losses.alternative_solution
def td3_by_mse_loss(actor, critic_1, critic_2, batch, y):
    mse = torch.nn.functional.mse_loss
    q1, q2 = critic_1(batch.obs, batch.action), critic_2(batch.obs, batch.action)
    return mse(q1, y) + mse(q2, y), -critic_1(batch.obs, actor(batch.obs)).mean()


@td3_losses.alternative_solution
def td3_critic_frozen_meanwhile(actor, critic_1, critic_2, batch, y):
    critic_loss = 0
    for critic in (critic_1, critic_2):
        critic_loss = critic_loss + (critic(batch.obs, batch.action) - y).pow(2).sum() / len(y)
    for p in critic_1.parameters():
        p.requires_grad_(False)
    actor_loss = -critic_1(batch.obs, actor(batch.obs)).mean()
    for p in critic_1.parameters():
        p.requires_grad_(True)
    return critic_loss, actor_loss


@td3_losses.alternative_solution
def td3_by_stacking(actor, critic_1, critic_2, batch, y):
    q = torch.stack([critic_1(batch.obs, batch.action), critic_2(batch.obs, batch.action)], dim=1)
    actor_loss = torch.neg(torch.mean(critic_1(batch.obs, actor(batch.obs))))
    return (q - y.detach()[:, None]).square().sum(dim=1).mean(), actor_loss


@td3_losses.alternative_solution
def td3_by_functional_call(actor, critic_1, critic_2, batch, y):
    constants = {name: p.detach() for name, p in critic_1.named_parameters()}
    q1 = torch.func.functional_call(critic_1, constants, (batch.obs, actor(batch.obs)))
    error_1, error_2 = critic_1(batch.obs, batch.action) - y, critic_2(batch.obs, batch.action) - y
    return (error_1 @ error_1 + error_2 @ error_2) / len(y), -q1.sum() / len(y)
