"""Reference, known mistakes and alternative solutions of ``ddpg.agent``: a whole update in torch.

A name here stands for what the weights show. Several texts have one effect from outside: whether the action is
detached, the loss never steps, or the gradient was cleared before it, the actor has not moved.
"""

from __future__ import annotations

import torch

from grader.bank.entry import entry


def whole_update(
    actor, critic, target_actor, target_critic, actor_optimizer, critic_optimizer, batch, gamma, tau
):  # the critic's step, the actor's step, Polyak
    with torch.no_grad():
        next_action = target_actor(batch.next_obs)
        y = batch.reward + gamma * (1 - batch.terminated) * target_critic(batch.next_obs, next_action)
    critic_loss = (critic(batch.obs, batch.action) - y).square().mean()
    critic_optimizer.zero_grad()
    critic_loss.backward()
    critic_optimizer.step()
    actor_loss = -critic(batch.obs, actor(batch.obs)).mean()
    actor_optimizer.zero_grad()
    actor_loss.backward()
    actor_optimizer.step()
    with torch.no_grad():
        for target, online in ((target_actor, actor), (target_critic, critic)):
            for old, new in zip(target.parameters(), online.parameters(), strict=True):
                old.mul_(1 - tau).add_(tau * new)


agent = entry("ddpg.agent", points=12, reference=whole_update)

MASK = "(1 - batch.terminated)"
LABEL = "y = batch.reward + gamma * (1 - batch.terminated) * target_critic(batch.next_obs, next_action)"
NEXT_ACTION = "next_action = target_actor(batch.next_obs)"
CRITIC_LOSS = "critic_loss = (critic(batch.obs, batch.action) - y).square().mean()"
CRITIC_ZERO, CRITIC_STEP = "    critic_optimizer.zero_grad()\n", "    critic_optimizer.step()\n"
ACTOR_LOSS = "actor_loss = -critic(batch.obs, actor(batch.obs)).mean()"
ACTOR_ZERO, ACTOR_STEP = "    actor_optimizer.zero_grad()\n", "    actor_optimizer.step()\n"
ACTOR_PART = f"    {ACTOR_LOSS}\n{ACTOR_ZERO}    actor_loss.backward()\n{ACTOR_STEP}"
CRITIC_PART = f"    {CRITIC_LOSS}\n{CRITIC_ZERO}    critic_loss.backward()\n{CRITIC_STEP}"
PAIRS = "((target_actor, actor), (target_critic, critic))"
MOVE = "old.mul_(1 - tau).add_(tau * new)"
BLEND = f"""    with torch.no_grad():
        for target, online in {PAIRS}:
            for old, new in zip(target.parameters(), online.parameters(), strict=True):
                {MOVE}
"""

# -- the critic's label ---------------------------------------------------------------------------------------

agent.changed(
    "no-terminal-mask",
    "Terminated rows bootstrap: their TD target holds gamma Q' of a state after the end of the episode. Which factor is 0 "
    "there?",
    (f" * {MASK}", ""),
    misconception_id="b7",
)
agent.changed(
    "truncated-as-terminal",
    "Rows that the time limit cut off do not bootstrap. The time limit does not end the task: mask with `terminated` alone.",
    (MASK, "(1 - torch.maximum(batch.terminated, batch.truncated))"),
    misconception_id="c20",
)
agent.changed(
    "mask-on-reward",
    "Terminated rows learn Q = 0: the mask removes their reward too. Only what comes after the end is masked.",
    (
        LABEL,
        "y = (1 - batch.terminated) * (batch.reward + gamma * target_critic(batch.next_obs, next_action))",
    ),
    misconception_id="b10",
)
agent.changed(
    "mask-inverted",
    "Only terminated rows bootstrap, all others learn their reward alone: the mask is the wrong way round.",
    (MASK, "batch.terminated"),
)
agent.changed(
    "gamma-missing",
    "The next state's value is not discounted: gamma is handed over and not used.",
    ("gamma * (1", "(1"),
)
agent.changed(
    "reward-missing",
    "The TD target holds no reward: Q - gamma Q' alone explains the critic's step.",
    ("batch.reward + gamma", "gamma"),
)
agent.changed(
    "online-critic-in-label",
    "The TD target is made by the critic that is being trained. Two critics: which one is asked about s'?",
    ("* target_critic(", "* critic("),
    misconception_id="b6",
)
agent.changed(
    "online-actor-in-label",
    "The action in s' is chosen by the actor that is being trained. Prime everything in the TD target: s', mu', Q'.",
    (NEXT_ACTION, "next_action = actor(batch.next_obs)"),
)
agent.changed(
    "through-online-label",
    "The TD target is made by the critic that is being trained, and a gradient runs through it: Q at s' moves as well. Ask "
    "target_critic, and block the gradient where the TD target is made.",
    ("    with torch.no_grad():\n        next_action", "    if True:\n        next_action"),
    ("* target_critic(", "* critic("),
    misconception_id="b3",
)
agent.changed(
    "action-of-the-replay",
    "In s' the TD target takes the action that was done in s. Ask the target actor what it would do there.",
    (NEXT_ACTION, "next_action = batch.action"),
    misconception_id="c2",
)
agent.changed(
    "label-at-s",
    "The TD target bootstraps from s, where it should use s'.",
    (NEXT_ACTION, "next_action = target_actor(batch.obs)"),
    ("target_critic(batch.next_obs", "target_critic(batch.obs"),
    misconception_id="b5",
)
agent.changed(
    "next-action-from-s",
    "The TD target asks about s', but with the action that the target actor would do in s.",
    (NEXT_ACTION, "next_action = target_actor(batch.obs)"),
    misconception_id="c13",
)
agent.changed(
    "broadcast",
    "Each Q(s, a) is pulled to the mean of all TD targets: a column (B, 1) met a row (B,), and torch made (B, B) of them "
    "without an error. Compare the shapes.",
    ("(critic(batch.obs, batch.action) - y)", "(critic(batch.obs, batch.action)[:, None] - y)"),
    misconception_id="b11",
)
agent.changed(
    "critic-at-own-action",
    "The critic learns about the actor's own action. The reward was earned by `batch.action`.",
    ("critic(batch.obs, batch.action)", "critic(batch.obs, actor(batch.obs).detach())"),
)
agent.changed(
    "critic-ascends",
    "Q(s, a) moves away from its TD target: the step increases the critic's loss. Optimizers descend.",
    (CRITIC_LOSS, CRITIC_LOSS.replace("= (", "= -(")),
    misconception_id="b14",
)
agent.changed(
    "critic-never-steps",
    "The critic stays as it was: its optimizer takes no step, or its gradient is cleared before.",
    (CRITIC_STEP, ""),
)

# -- the actor's step -----------------------------------------------------------------------------------------

agent.changed(
    "actor-descends",
    "The actor goes the wrong way: this step lowers Q. Optimizers descend, and the loss is -Q.",
    ("= -critic(", "= critic("),
    misconception_id="c1",
)
agent.changed(
    "actor-at-replay-action",
    "The slope dQ/da is taken at the action of the replay. Ask about the actor's own action, mu(s).",
    (
        ACTOR_LOSS,
        "at = batch.action.clone().requires_grad_()\n"
        "    dq_da = torch.autograd.grad(critic(batch.obs, at).sum(), at)[0]\n"
        "    actor_loss = -(dq_da * actor(batch.obs)).sum(dim=1).mean()",
    ),
    misconception_id="c2",
)
agent.changed(
    "mean-over-actions",
    "The actor's step is 1/A of the true one, as when the mean runs over a (B, A) array. Add over the action "
    "dimensions, average over the batch.",
    (
        ACTOR_LOSS,
        "action = actor(batch.obs)\n"
        "    at = action.detach().requires_grad_()\n"
        "    dq_da = torch.autograd.grad(critic(batch.obs, at).sum(), at)[0]\n"
        "    actor_loss = -(dq_da * action).mean()",
    ),
    misconception_id="c3",
)
agent.changed(
    "actor-still",
    "The actor has not moved: its action is detached, no gradient is there when its step is taken, or its optimizer takes no "
    "step. Hold the critic's weights fixed, not the path through it.",
    (ACTOR_STEP, ""),
    misconception_id="c8",
)
agent.changed(
    "actor-asks-the-target",
    "The actor follows the target critic, which follows slowly. Use the critic that is being trained.",
    ("= -critic(", "= -target_critic("),
)
agent.changed(
    "height-for-slope",
    "Q multiplies the action, where dQ/da should. Add 100 to every Q: the best action stays, this step does not.",
    (
        ACTOR_LOSS,
        "action = actor(batch.obs)\n"
        "    q = critic(batch.obs, action).detach()\n"
        "    actor_loss = -(q[:, None] * action).sum(dim=1).mean()",
    ),
    misconception_id="c6",
)
agent.changed(
    "actor-from-next-state",
    "The actor learns in s', where the loss is over the states s.",
    (ACTOR_LOSS, "actor_loss = -critic(batch.next_obs, actor(batch.next_obs)).mean()"),
    misconception_id="c13",
)
agent.changed(
    "q-squared",
    "The actor pulls Q to 0, as if Q had a label. -Q itself is the loss: it may be any number, also a large one.",
    (ACTOR_LOSS, "actor_loss = critic(batch.obs, actor(batch.obs)).square().mean()"),
    misconception_id="c22",
)

# -- what must not move, and what is carried over ---------------------------------------------------------------
# Without the ids c7 and c9: in ddpg.actor_step the critic is beside the point and costs a tenth, here it is a step.

agent.changed(
    "critic-climbs",
    "The critic's step holds the actor's loss as well: Q goes up at whatever the actor does, and any actor looks good. "
    "Keep the two losses apart, or clear the critic's gradient in between.",
    (CRITIC_STEP, ""),
    (ACTOR_STEP, f"{CRITIC_STEP}{ACTOR_STEP}"),
)
agent.changed(
    "stale-critic-gradient",
    "In the second call the critic's step holds what the actor's loss left in the critic's .grad in the first: cleared "
    "after its own step, it fills again. Clear it right before the critic's backward().",
    (CRITIC_ZERO, ""),
    (CRITIC_STEP, CRITIC_STEP + CRITIC_ZERO),
)
agent.changed(
    "critic-not-zeroed",
    "The critic's gradients add up: the second call applies the first one's once more, and what the actor's loss left. "
    "Where are they cleared?",
    (CRITIC_ZERO, ""),
    misconception_id="a18",
)
agent.changed(
    "actor-not-zeroed",
    "The actor's second step applies its first gradient once more: gradients add up in .grad. Where are they cleared?",
    (ACTOR_ZERO, ""),
    misconception_id="a18",
)
agent.changed(
    "nothing-moves",
    "Neither actor nor critic has moved: no step is taken, or the gradients are cleared before it.",
    (CRITIC_STEP, ""),
    (ACTOR_STEP, ""),
)
agent.changed(
    "not-a-gradient",
    "A network has moved, but not by -lr times a gradient at the outputs that the lesson names, so that no formula can "
    "be read from it. A gradient at other pairs, such as (s', mu(s')) of the online actor, clipped gradients, a step of your "
    "own, or a target's weights that are written into the online network do that.",
    (CRITIC_STEP, "    torch.nn.utils.clip_grad_value_(critic.parameters(), 1e-3)\n" + CRITIC_STEP),
)

# -- the targets ------------------------------------------------------------------------------------------------

agent.changed(
    "never-blended",
    "Both targets stay as they were: they should move the fraction tau toward their online networks. An assignment "
    "gives the result a name and leaves the network alone.",
    (MOVE, "old = (1 - tau) * old + tau * new"),
    misconception_id="c14",
)
agent.changed(
    "copied",
    "Both targets become copies of their online networks at once: they do not follow slowly.",
    (MOVE, "old.copy_(new)"),
    misconception_id="b19",
)
agent.changed(
    "tau-reversed",
    "tau and 1 - tau are swapped: a small tau should keep most of the target.",
    (MOVE, "old.mul_(tau).add_((1 - tau) * new)"),
    misconception_id="b19",
)
agent.changed(
    "added",
    "The targets grow: this is the target plus tau times the online network. The two weights must sum to 1.",
    (MOVE, "old.add_(tau * new)"),
)
agent.changed(
    "actor-target-frozen",
    "The target actor never moves, the target critic does. Both should follow their networks slowly.",
    (PAIRS, "((target_critic, critic),)"),
)
agent.changed(
    "critic-target-frozen",
    "The target critic never moves, the target actor does. Both should follow their networks slowly.",
    (PAIRS, "((target_actor, actor),)"),
)
agent.changed(
    "weights-alone",
    "The targets' weight matrices move and their biases stay.",
    (MOVE, "old.mul_(1 - tau if old.ndim > 1 else 1).add_((tau if old.ndim > 1 else 0) * new)"),
)
agent.changed(
    "blended-first",
    "The targets move before the TD target is made, so that it is made by networks that have moved already. They go last.",
    (BLEND, ""),
    ("    with torch.no_grad():\n        next_action", BLEND + "    with torch.no_grad():\n        next_action"),
)

# -- right, and written another way -----------------------------------------------------------------------------

agent.changed("update_with_the_actor_first", "", (ACTOR_PART, ""), (CRITIC_PART, ACTOR_PART + CRITIC_PART), right=True)
agent.changed(
    "update_with_sums",
    "",
    (CRITIC_LOSS, "critic_loss = 0.5 * (critic(batch.obs, batch.action) - y).square().sum()"),
    (ACTOR_LOSS, ACTOR_LOSS.replace("mean", "sum")),
    right=True,
)
agent.changed(
    "update_with_huber",
    "",
    (CRITIC_LOSS, "critic_loss = torch.nn.functional.smooth_l1_loss(critic(batch.obs, batch.action), y)"),
    right=True,
)
agent.changed(
    "update_without_detach",
    "",
    ("    with torch.no_grad():\n        next_action", "    if True:\n        next_action"),
    right=True,
)
agent.changed("update_blends_before_the_actor", "", (BLEND, ""), (ACTOR_PART, BLEND + ACTOR_PART), right=True)
agent.changed("update_blends_before_both_steps", "", (BLEND, ""), (CRITIC_PART, BLEND + CRITIC_PART), right=True)
agent.changed("update_by_lerp", "", (MOVE, "old.lerp_(new, tau)"), right=True)
agent.changed(
    "update_by_the_surrogate",
    "",
    (
        ACTOR_LOSS,
        "action = actor(batch.obs)\n"
        "    at = action.detach().requires_grad_()\n"
        "    dq_da = torch.autograd.grad(critic(batch.obs, at).sum(), at)[0]\n"
        "    actor_loss = -(dq_da * action).sum(dim=1).mean()",
    ),
    right=True,
)


@agent.alternative_solution
def update_by_grad_outputs(
    actor, critic, target_actor, target_critic, actor_optimizer, critic_optimizer, batch, gamma, tau
):
    y = batch.reward.clone()
    live = batch.terminated == 0
    with torch.no_grad():
        y[live] += gamma * target_critic(batch.next_obs[live], target_actor(batch.next_obs[live]))
    loss = torch.nn.functional.mse_loss(critic(batch.obs, batch.action), y)
    for p, g in zip(critic.parameters(), torch.autograd.grad(loss, list(critic.parameters())), strict=True):
        p.grad = g
    action = actor(batch.obs)
    (dq_da,) = torch.autograd.grad(critic(batch.obs, action).sum(), action)
    action = actor(batch.obs)
    weights = list(actor.parameters())
    for p, g in zip(weights, torch.autograd.grad(action, weights, grad_outputs=-dq_da / len(y)), strict=True):
        p.grad = g
    critic_optimizer.step()
    actor_optimizer.step()
    for target, online in ((target_actor, actor), (target_critic, critic)):
        new = online.state_dict()
        mixed = {
            name: tau * new[name] + (1 - tau) * x if name in dict(target.named_parameters()) else x
            for name, x in target.state_dict().items()
        }
        target.load_state_dict(mixed)


@agent.alternative_solution
def update_with_a_frozen_critic(
    actor, critic, target_actor, target_critic, actor_optimizer, critic_optimizer, batch, gamma, tau
):
    with torch.no_grad():
        future = target_critic(batch.next_obs, target_actor(batch.next_obs))
        y = torch.where(batch.terminated.bool(), batch.reward, batch.reward + gamma * future)
    critic_optimizer.zero_grad(set_to_none=False)
    torch.nn.functional.huber_loss(critic(batch.obs, batch.action), y, reduction="sum", delta=0.5).backward()
    critic_optimizer.step()
    critic.requires_grad_(False)
    actor_optimizer.zero_grad(set_to_none=False)
    (-critic(batch.obs, actor(batch.obs))).mean().backward()
    actor_optimizer.step()
    critic.requires_grad_(True)
    for target, online in ((target_actor, actor), (target_critic, critic)):
        for old, new in zip(target.parameters(), online.parameters(), strict=True):
            old.data = old.data + tau * (new.data - old.data)


@agent.alternative_solution
def update_row_by_row(actor, critic, target_actor, target_critic, actor_optimizer, critic_optimizer, batch, gamma, tau):
    B = len(batch.obs)
    critic_optimizer.zero_grad()
    for k in range(B):
        s, a, r, s2, end, _ = (x[k : k + 1] for x in batch)
        y = r + (0 if end else gamma * target_critic(s2, target_actor(s2)).detach())
        ((critic(s, a) - y) ** 2 / B).sum().backward()
    critic_optimizer.step()
    actor_optimizer.zero_grad()
    for k in range(B):
        s = batch.obs[k : k + 1]
        (-critic(s, actor(s)) / B).sum().backward()
    actor_optimizer.step()
    with torch.no_grad():
        for target, online in ((target_actor, actor), (target_critic, critic)):
            torch._foreach_lerp_(list(target.parameters()), list(online.parameters()), tau)
