"""Reference, known mistakes and alternative solutions of ``lab.taxi_dqn``: the class of the file, mended."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


class TaxiAgent:
    """DQN: an online network, a target network, one optimizer."""

    def __init__(self, make_net, optimizer=torch.optim.SGD, lr=64.0, gamma=0.95, sync_every=50):
        self.q_net = make_net()
        self.target_net = make_net()
        self.target_net.load_state_dict(self.q_net.state_dict())
        self.optimizer = optimizer(self.q_net.parameters(), lr=lr)
        self.gamma = gamma
        self.sync_every = sync_every
        self.updates = 0

    @torch.no_grad()
    def act(self, obs):
        """Return the best action."""
        return int(self.q_net(obs).argmax())

    def learn(self, batch):
        """Take one step on 0.5 * mean of (Q(s, a) - y)^2, and copy the target network when it is time."""
        obs, action, reward, next_obs, done = batch
        q = self.q_net(obs).gather(1, action.unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            best = self.target_net(next_obs).max(dim=1).values
            y = reward + self.gamma * best * (1 - done)
        loss = 0.5 * (q - y).pow(2).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.updates += 1
        if self.updates % self.sync_every == 0:
            self.target_net.load_state_dict(self.q_net.state_dict())
        return loss.item()


taxi_dqn = entry("lab.taxi_dqn", points=6, reference=TaxiAgent)

LABEL = "y = reward + self.gamma * best * (1 - done)"
CLEARED = "        self.optimizer.zero_grad()\n"
COPIED = "            self.target_net.load_state_dict(self.q_net.state_dict())"
# The faults of the file: what mends each, and what stands there.
PLANTED = {
    "mask-on-reward": ((LABEL, "y = (reward + self.gamma * best) * (1 - done)"),),
    "not-zeroed": ((CLEARED, ""),),
    "alias": ((COPIED, "            self.target_net = self.q_net"),),
}
ALL_THREE = [change for changes in PLANTED.values() for change in changes]

taxi_dqn.changed(
    "mask-on-reward",
    "The TD target of a terminated row is 0 instead of its reward: what is masked besides the bootstrapped value?",
    *PLANTED["mask-on-reward"],
)
taxi_dqn.changed(
    "not-zeroed",
    "The first step is right; the second also applies the first one's gradient. What clears `.grad` between them?",
    *PLANTED["not-zeroed"],
)
taxi_dqn.changed(
    "alias",
    "After the first copy both names refer to one network, so the TD target changes at every step. Copy the weights, not the reference.",
    *PLANTED["alias"],
)
taxi_dqn.changed(
    "acts-on-the-worst",
    "`learn` is right, but `act` was changed: it takes the action with the smallest output. Compare it with the file.",
    ("return int(self.q_net(obs).argmax())", "return int(self.q_net(obs).argmin())"),
)
taxi_dqn.changed("nothing-mended", "This is the file's class as it was: all three faults are in it.", *ALL_THREE)
taxi_dqn.changed(
    "no-mask",
    "Rows that end bootstrap: the reward is kept, but the future of the next episode is added. The mask belongs to the "
    "second term.",
    (LABEL, "y = reward + self.gamma * best"),
)
taxi_dqn.changed(
    "online-label",
    "The label is made of the online network, so that copying the target network changes nothing. Which network is "
    "asked about s'?",
    ("best = self.target_net(next_obs)", "best = self.q_net(next_obs)"),
)
taxi_dqn.changed(
    "cleared-before-the-step",
    "No weight moves: the gradients are cleared between backward() and step().",
    (CLEARED, ""),
    ("        self.optimizer.step()\n", CLEARED + "        self.optimizer.step()\n"),
)
taxi_dqn.changed(
    "sum", "Every step is B times too large: the loss is a mean over the batch.", (".pow(2).mean()", ".pow(2).sum()")
)
taxi_dqn.changed(
    "no-gamma",
    "The bootstrapped value is not discounted: gamma is an argument of the class and is never used.",
    (LABEL, "y = reward + best * (1 - done)"),
)
taxi_dqn.changed(
    "copied-every-time",
    "The target network is copied after each update, and `sync_every` makes no difference.",
    ("        if self.updates % self.sync_every == 0:\n" + COPIED, COPIED[4:]),
)
taxi_dqn.changed(
    "double-label",
    "The label is double DQN's, as on CartPole: the online network chooses the next action. Here the loss is that of plain "
    "DQN, with the target network's largest value.",
    (
        "best = self.target_net(next_obs).max(dim=1).values",
        "best = self.target_net(next_obs).gather(1, self.q_net(next_obs).argmax(1, keepdim=True)).squeeze(1)",
    ),
)
taxi_dqn.changed(
    "huber",
    "An error of more than 1 is pulled by its sign alone, as by Huber's loss. The loss here is half the squared error.",
    ("loss = 0.5 * (q - y).pow(2).mean()", "loss = torch.nn.functional.smooth_l1_loss(q, y)"),
)
taxi_dqn.changed(
    "copied-once",
    "The target network is copied at the first multiple of `sync_every`, and never again.",
    ("if self.updates % self.sync_every == 0:", "if self.updates == self.sync_every:"),
)
taxi_dqn.changed(
    "stepped-before-backward",
    "The first update moves nothing and each later one takes the step of the batch before: step() comes after backward().",
    (
        "        loss.backward()\n        self.optimizer.step()\n",
        "        self.optimizer.step()\n        self.optimizer.zero_grad()\n        loss.backward()\n",
    ),
    (CLEARED + "        self.optimizer.step()", "        self.optimizer.step()"),
)

taxi_dqn.changed(
    "cleared_after_the_step",
    "",
    (CLEARED, ""),
    ("        self.optimizer.step()\n", "        self.optimizer.step()\n" + CLEARED),
    right=True,
)
taxi_dqn.changed(
    "copied_by_deepcopy",
    "",
    (COPIED, "            from copy import deepcopy\n            self.target_net = deepcopy(self.q_net)"),
    right=True,
)
taxi_dqn.changed(
    "masked_by_where", "", (LABEL, "y = torch.where(done.bool(), reward, reward + self.gamma * best)"), right=True
)
taxi_dqn.changed(
    "copied_parameter_by_parameter",
    "",
    (
        COPIED,
        "            for p, target in zip(self.q_net.parameters(), self.target_net.parameters()):\n"
        "                target.data.copy_(p.data)",
    ),
    right=True,
)
