"""Reference, known mistakes and alternative solutions of ``lab.pendulum_ddpg``: the class of the file, mended."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


class PendulumAgent:
    """DDPG: actor and critic, and a target network of each that follows slowly."""

    def __init__(self, actor, critic, optimizer=torch.optim.Adam, lr=3e-3, gamma=0.97, tau=0.01):
        self.actor, self.target_actor = actor(), actor()
        self.critic, self.target_critic = critic(), critic()
        self.target_actor.load_state_dict(self.actor.state_dict())
        self.target_critic.load_state_dict(self.critic.state_dict())
        self.actor_optimizer = optimizer(self.actor.parameters(), lr=lr)
        self.critic_optimizer = optimizer(self.critic.parameters(), lr=lr)
        self.gamma = gamma
        self.tau = tau

    @torch.no_grad()
    def act(self, obs, noise=0.0):
        """Return the actor's action with noise, within the limits."""
        action = self.actor(obs)
        return (action + noise * torch.randn_like(action)).clamp(-2.0, 2.0)

    def learn(self, batch):
        """Take one step of the critic and one of the actor, then let both target networks follow."""
        self.learn_critic(*batch)
        self.learn_actor(*batch[:2])
        self.follow(self.actor, self.target_actor)
        self.follow(self.critic, self.target_critic)

    def learn_critic(self, obs, action, reward, next_obs, done):
        """Take one step on 0.5 * mean of (Q(s, a) - y)^2."""
        with torch.no_grad():
            next_action = self.target_actor(next_obs)
            y = reward + self.gamma * (1 - done) * self.target_critic(next_obs, next_action)
        loss = 0.5 * (self.critic(obs, action) - y).pow(2).mean()
        self.critic_optimizer.zero_grad()
        loss.backward()
        self.critic_optimizer.step()

    def learn_actor(self, obs, action):
        """Take one step on -mean Q: first the slope of Q in the action, then the chain rule through the actor."""
        self.actor_optimizer.zero_grad()
        at = self.actor(obs).detach().requires_grad_()
        self.critic(obs, at).mean().backward()
        loss = -(at.grad * self.actor(obs)).sum()
        loss.backward()
        self.actor_optimizer.step()

    @torch.no_grad()
    def follow(self, net, target_net):
        """Move a target network's weights a fraction tau of the way to those of its network."""
        for p, target in zip(net.parameters(), target_net.parameters(), strict=True):
            target.mul_(1 - self.tau).add_(self.tau * p)


pendulum_ddpg = entry("lab.pendulum_ddpg", points=6, reference=PendulumAgent)

TWO = (
    "        self.actor_optimizer = optimizer(self.actor.parameters(), lr=lr)\n"
    "        self.critic_optimizer = optimizer(self.critic.parameters(), lr=lr)\n"
)
ONE = "        self.optimizer = optimizer([*self.actor.parameters(), *self.critic.parameters()], lr=lr)\n"
NEXT_ACTION = "next_action = self.target_actor(next_obs)"
AT = "at = self.actor(obs).detach().requires_grad_()"
# The faults of the file: what mends each, and what stands there.
PLANTED = {
    "one-optimizer": (
        (TWO, ONE),
        ("        self.critic_optimizer.zero_grad()", "        self.optimizer.zero_grad()"),
        ("        self.critic_optimizer.step()", "        self.optimizer.step()"),
        ("        self.actor_optimizer.zero_grad()", "        self.optimizer.zero_grad()"),
        ("        self.actor_optimizer.step()", "        self.optimizer.step()"),
    ),
    "target-action-at-s": ((NEXT_ACTION, "next_action = self.target_actor(obs)"),),
    "slope-at-stored-actions": ((AT, "at = action.clone().requires_grad_()"),),
}
ALL_THREE = [change for changes in PLANTED.values() for change in changes]

pendulum_ddpg.changed(
    "one-optimizer",
    "The critic moves when the actor learns: one optimizer holds both, and its step takes the gradients that "
    "asking for the slope left in the critic. Who may step whom?",
    *PLANTED["one-optimizer"],
)
pendulum_ddpg.changed(
    "target-action-at-s",
    "The label is Q'(s', a) with an action that was chosen at s. What would the target actor do at s'?",
    *PLANTED["target-action-at-s"],
)
pendulum_ddpg.changed(
    "slope-at-stored-actions",
    "The actor follows the action gradient at stored actions. At which action should it be evaluated?",
    *PLANTED["slope-at-stored-actions"],
)
pendulum_ddpg.changed("nothing-mended", "This is the file's class as it was: all three faults are in it.", *ALL_THREE)
pendulum_ddpg.changed(
    "online-critic-label",
    "The TD target is computed with the critic itself, which changes at every step. Its target network is never used.",
    ("self.target_critic(next_obs, next_action)", "self.critic(next_obs, next_action)"),
)
pendulum_ddpg.changed(
    "descends",
    "The actor minimizes Q. What is the sign of its loss?",
    ("loss = -(at.grad", "loss = (at.grad"),
)
pendulum_ddpg.changed(
    "actor-first",
    "The actor's step comes before the critic's, so it uses the critic before its update.",
    (
        "        self.learn_critic(*batch)\n        self.learn_actor(*batch[:2])\n",
        "        self.learn_actor(*batch[:2])\n        self.learn_critic(*batch)\n",
    ),
)
pendulum_ddpg.changed(
    "critic-not-zeroed",
    "The critic's step includes what the actor's update left in its `.grad`. Clear it first.",
    ("        self.critic_optimizer.zero_grad()\n", ""),
)
pendulum_ddpg.changed(
    "target-actor-never",
    "The target actor never changes. Both target networks must follow.",
    ("        self.follow(self.actor, self.target_actor)\n", ""),
)

pendulum_ddpg.changed(
    "slope_by_autograd_grad",
    "",
    ("self.critic(obs, at).mean().backward()", "(slope,) = torch.autograd.grad(self.critic(obs, at).mean(), at)"),
    ("loss = -(at.grad * self.actor(obs)).sum()", "loss = -(slope * self.actor(obs)).sum()"),
    right=True,
)
pendulum_ddpg.changed(
    "minus_mean_q",
    "",
    ("        at = self.actor(obs).detach().requires_grad_()\n        self.critic(obs, at).mean().backward()\n", ""),
    ("loss = -(at.grad * self.actor(obs)).sum()", "loss = -self.critic(obs, self.actor(obs)).mean()"),
    right=True,
)
pendulum_ddpg.changed(
    "one_optimizer_emptied_between",
    "",
    (TWO, ONE),
    ("        self.critic_optimizer.zero_grad()", "        self.optimizer.zero_grad()"),
    ("        self.critic_optimizer.step()", "        self.optimizer.step()"),
    ("        self.actor_optimizer.zero_grad()\n", ""),
    (
        "        loss.backward()\n        self.actor_optimizer.step()",
        "        self.optimizer.zero_grad()\n        loss.backward()\n        self.optimizer.step()",
    ),
    right=True,
)
