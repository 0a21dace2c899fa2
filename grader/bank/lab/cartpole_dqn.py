"""Reference, known mistakes and alternative solutions of ``lab.cartpole_dqn``: the class of the file, mended."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


class CartPoleAgent:
    """Double DQN with a target network that follows slowly."""

    def __init__(self, make_net, optimizer=torch.optim.Adam, lr=1e-3, gamma=0.98, tau=0.01):
        self.q_net = make_net()
        self.target_net = make_net()
        self.target_net.load_state_dict(self.q_net.state_dict())
        self.optimizer = optimizer(self.q_net.parameters(), lr=lr)
        self.gamma = gamma
        self.tau = tau

    @torch.no_grad()
    def act(self, obs, epsilon):
        """Choose an action: at random with probability epsilon, else the best one."""
        q = self.q_net(obs)
        if torch.rand(()) < epsilon:
            return int(torch.randint(len(q), ()))
        return int(q.argmax())

    def learn(self, batch):
        """Take one step on 0.5 * mean of (Q(s, a) - y)^2, then let the target network follow."""
        obs, action, reward, next_obs, done = batch
        q = self.q_net(obs).gather(1, action.unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            best_action = self.q_net(next_obs).argmax(dim=1, keepdim=True)
            best = self.target_net(next_obs).gather(1, best_action).squeeze(1)
            y = reward + self.gamma * best * (1 - done)
        loss = 0.5 * (q - y).pow(2).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.follow()
        return loss.item()

    @torch.no_grad()
    def follow(self):
        """Move the target network's weights a fraction tau of the way to the online network's."""
        for p, target in zip(self.q_net.parameters(), self.target_net.parameters(), strict=True):
            target.mul_(1 - self.tau).add_(self.tau * p)


cartpole_dqn = entry("lab.cartpole_dqn", points=6, reference=CartPoleAgent)

CHOICE = "best_action = self.q_net(next_obs).argmax(dim=1, keepdim=True)"
LABEL = "y = reward + self.gamma * best * (1 - done)"
FOLLOWED = "target.mul_(1 - self.tau).add_(self.tau * p)"
# The faults of the file: what mends each, and what stands there.
PLANTED = {
    "argmax-of-s": ((CHOICE, "best_action = self.q_net(obs).argmax(dim=1, keepdim=True)"),),
    "gamma-missing": ((LABEL, "y = reward + best * (1 - done)"),),
    "polyak-swapped": ((FOLLOWED, "target.mul_(self.tau).add_((1 - self.tau) * p)"),),
}
ALL_THREE = [change for changes in PLANTED.values() for change in changes]

cartpole_dqn.changed(
    "argmax-of-s",
    "The label takes the value of s' at the action that is best at s. Double DQN asks the online network about s'.",
    *PLANTED["argmax-of-s"],
)
cartpole_dqn.changed(
    "gamma-missing",
    "The bootstrapped value is not discounted: gamma is an argument of the class and is never used.",
    *PLANTED["gamma-missing"],
)
cartpole_dqn.changed(
    "polyak-swapped",
    "The target network moves nearly all of the way to the online network: the two factors are swapped.",
    *PLANTED["polyak-swapped"],
)
cartpole_dqn.changed(
    "exploration-reversed",
    "`learn` is right, but `act` was changed: with epsilon 0 it draws at random, and with epsilon 1 never. When may it explore?",
    ("if torch.rand(()) < epsilon:", "if torch.rand(()) >= epsilon:"),
)
cartpole_dqn.changed("nothing-mended", "This is the file's class as it was: all three faults are in it.", *ALL_THREE)
cartpole_dqn.changed(
    "no-mask",
    "Rows that end bootstrap: gamma times a value is added after the end of the episode.",
    (LABEL, "y = reward + self.gamma * best"),
)
cartpole_dqn.changed(
    "plain-dqn",
    "The target network chooses the action as well as its value. In double DQN the online network chooses.",
    (CHOICE, "best_action = self.target_net(next_obs).argmax(dim=1, keepdim=True)"),
)
cartpole_dqn.changed(
    "online-value",
    "The online network gives the value of the action as well as the choice: the target network is never used.",
    ("best = self.target_net(next_obs)", "best = self.q_net(next_obs)"),
)
cartpole_dqn.changed(
    "followed-first",
    "The target network follows before the step, toward weights that the step then changes. Take the step first.",
    ("        self.follow()\n", ""),
    ("        self.optimizer.step()\n", "        self.follow()\n        self.optimizer.step()\n"),
)
cartpole_dqn.changed(
    "broadcast",
    "Every Q(s, a) is pulled to the labels of all rows: a column (B, 1) was combined with a row (B,). Print both shapes.",
    ("gather(1, action.unsqueeze(1)).squeeze(1)", "gather(1, action.unsqueeze(1))"),
)

cartpole_dqn.changed("followed_by_lerp", "", (FOLLOWED, "target.lerp_(p, self.tau)"), right=True)
cartpole_dqn.changed(
    "masked_by_where", "", (LABEL, "y = torch.where(done > 0.5, reward, reward + self.gamma * best)"), right=True
)
cartpole_dqn.changed(
    "chosen_by_indexing", "", (CHOICE, "best_action = self.q_net(next_obs).max(dim=1).indices.unsqueeze(1)"), right=True
)
cartpole_dqn.changed(
    "detached",
    "",
    ("        with torch.no_grad():\n            " + CHOICE, "        if True:\n            " + CHOICE),
    (LABEL, "y = (reward + self.gamma * (1 - done) * best).detach()"),
    right=True,
)
