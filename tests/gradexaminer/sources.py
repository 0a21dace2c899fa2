"""Our own agents as texts, and faults as changes to a text: what a stranger would write, and gets wrong."""

from __future__ import annotations

DQN = '''
import copy, random
from collections import deque
import numpy as np, torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.head = nn.Linear(64, a)

    def forward(self, x):
        return self.head(self.body(x))


class Agent:
    def __init__(self, o=5, a=4):
        self.a = a
        self.net, self.target = Net(o, a), Net(o, a)
        self.target.load_state_dict(self.net.state_dict())
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-3)
        self.memory = deque(maxlen=10000)
        self.gamma, self.tau, self.batch = 0.99, 0.01, 32

    def remember(self, s, a, r, s2, done):
        self.memory.append((s, a, r, s2, done))

    def sample(self):
        s, a, r, s2, d = zip(*random.sample(self.memory, self.batch))
        return (torch.tensor(np.array(s)), torch.tensor(a), torch.tensor(r, dtype=torch.float32),
                torch.tensor(np.array(s2)), torch.tensor(d, dtype=torch.float32))

    def learn(self):
        if len(self.memory) < self.batch:
            return
        s, a, r, s2, d = self.sample()
        q = self.net(s).gather(1, a[:, None]).squeeze(1)
        with torch.no_grad():
            v = self.target(s2).max(1).values
            y = r + self.gamma * (1 - d) * v
        loss = F.mse_loss(q, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.sync()

    def sync(self):
        for t, p in zip(self.target.parameters(), self.net.parameters()):
            t.data.copy_(self.tau * p.data + (1 - self.tau) * t.data)
'''

V = "v = self.target(s2).max(1).values"
Y = "y = r + self.gamma * (1 - d) * v"
Q = "q = self.net(s).gather(1, a[:, None]).squeeze(1)"
LOSS = "loss = F.mse_loss(q, y)"
NO_GRAD = "with torch.no_grad():"
STEP = "self.optimizer.zero_grad()\n        loss.backward()\n        self.optimizer.step()\n"
SYNC = "t.data.copy_(self.tau * p.data + (1 - self.tau) * t.data)"
COPY = "self.target.load_state_dict(self.net.state_dict())\n        self.optimizer"

# name: (list of (old, new), convention that must be told)
DQN_RIGHT: dict[str, list[tuple[str, str]]] = {
    "plain": [],
    "huber": [(LOSS, "loss = F.smooth_l1_loss(q, y)")],
    "huber with another bend": [(LOSS, "loss = F.huber_loss(q, y, delta=0.5)")],
    "sum": [(LOSS, "loss = ((q - y) ** 2).sum()")],
    "half": [(LOSS, "loss = 0.5 * ((q - y) ** 2).mean()")],
    "double": [(V, "v = self.target(s2).gather(1, self.net(s2).argmax(1, keepdim=True)).squeeze(1)")],
    "columns": [
        (Q, "q = self.net(s).gather(1, a[:, None])"),
        (V, "v = self.target(s2).max(1, keepdim=True).values"),
        (Y, "y = r[:, None] + self.gamma * (1 - d[:, None]) * v"),
    ],
    "detached instead of no_grad": [(NO_GRAD, "if True:"), (V, "v = self.target(s2).detach().max(1).values")],
    "target not detached": [(NO_GRAD, "if True:")],
    "one-hot": [(Q, "q = (self.net(s) * F.one_hot(a, self.a)).sum(1)")],
    "target row replaced": [
        (LOSS, "full = self.net(s)\n        goal = full.detach().clone()\n        goal[range(32), a] = y\n        loss = F.mse_loss(full, goal)"),
    ],
    "live rows only": [
        (V, "v = torch.zeros(32)\n            live = d == 0\n            v[live] = self.target(s2[live]).max(1).values"),
        (Y, "y = r + self.gamma * v"),
    ],
    "hard copy": [(SYNC, "t.data.copy_(p.data)")],
    "copy now and then": [("        self.sync()\n", "        self.n = getattr(self, 'n', 0) + 1\n        if self.n % 20 == 0: self.sync()\n"), (SYNC, "t.data.copy_(p.data)")],
    "SGD with momentum": [("Adam(self.net.parameters(), lr=1e-3)", "SGD(self.net.parameters(), lr=1e-2, momentum=0.9)")],
    "clipped gradients": [("        self.optimizer.step()\n", "        nn.utils.clip_grad_norm_(self.net.parameters(), 0.5)\n        self.optimizer.step()\n")],
    "reward scaled": [(Y, "y = 0.1 * r + self.gamma * (1 - d) * v")],
    "reward clipped": [(Y, "y = r.clamp(-1, 1) + self.gamma * (1 - d) * v")],
    "no target network": [(V, "v = self.net(s2).max(1).values"), ("self.net, self.target = Net(o, a), Net(o, a)", "self.net = Net(o, a)"), (COPY, "self.optimizer"), ("        self.sync()\n", "")],
    "observations normalized inside": [("s, a, r, s2, d = self.sample()", "s, a, r, s2, d = self.sample()\n        k = torch.tensor([1.5, 2., .5, 3., 1.]); s, s2 = (s - 0.3) / k, (s2 - 0.3) / k")],
    "dueling, joined outside": [
        ("self.head = nn.Linear(64, a)", "self.v, self.adv = nn.Linear(64, 1), nn.Linear(64, a)"),
        ("return self.head(self.body(x))", "h = self.body(x)\n        return self.v(h), self.adv(h)"),
        (Q, "qq = lambda n, x: (lambda v, adv: v + adv - adv.mean(1, keepdim=True))(*n(x))\n        q = qq(self.net, s).gather(1, a[:, None]).squeeze(1)"),
        (V, "v = qq(self.target, s2).max(1).values"),
    ],
    "dueling inside": [
        ("self.head = nn.Linear(64, a)", "self.v, self.adv = nn.Linear(64, 1), nn.Linear(64, a)"),
        ("return self.head(self.body(x))", "h = self.body(x); adv = self.adv(h)\n        return self.v(h) + adv - adv.mean(1, keepdim=True)"),
    ],
}

DQN_FAULTS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "bootstrap gradient": ("bootstrap-gradient", [(NO_GRAD, "if True:"), (V, "v = self.net(s2).max(1).values")]),
    "bootstrap gradient, no target": (
        "bootstrap-gradient",
        [(NO_GRAD, "if True:"), (V, "v = self.net(s2).max(1).values"), ("self.net, self.target = Net(o, a), Net(o, a)", "self.net = Net(o, a)"), (COPY, "self.optimizer"), ("        self.sync()\n", "")],
    ),
    "online label": ("td-online", [(V, "self.target(s2); v = self.net(s2).max(1).values")]),
    "broadcast": ("broadcast", [(Q, "q = self.net(s).gather(1, a[:, None])")]),
    "broadcast huber": ("broadcast", [(Q, "q = self.net(s).gather(1, a[:, None])"), (LOSS, "loss = F.smooth_l1_loss(q, y)")]),
    "rewards of the other shape": ("reward-averaged", [(Q, "q = self.net(s).gather(1, a[:, None])"), (V, "v = self.target(s2).max(1, keepdim=True).values"), (Y, "y = r + self.gamma * (1 - d[:, None]) * v")]),
    "mask missing": ("mask-missing", [(Y, "y = r + self.gamma * v")]),
    "mask inverted": ("mask-inverted", [(Y, "y = r + self.gamma * d * v")]),
    "mask on reward": ("mask-on-reward", [(Y, "y = (1 - d) * (r + self.gamma * v)")]),
    "no bootstrap": ("no-bootstrap", [(Y, "y = r + 0 * v")]),
    "bootstrap subtracted": ("bootstrap-sign", [(Y, "y = r - self.gamma * (1 - d) * v")]),
    "gamma missing": ("gamma-missing", [(Y, "y = r + (1 - d) * v")]),
    "gamma squared": ("gamma-other", [(Y, "y = r + self.gamma**5 * (1 - d) * v")]),
    "gamma varies": ("gamma-varies", [(Y, "y = r + random.random() * (1 - d) * v")]),
    "reward negative": ("reward-sign", [(Y, "y = -r + self.gamma * (1 - d) * v")]),
    "reward missing": ("reward-missing", [(Y, "y = self.gamma * (1 - d) * v")]),
    "ascent": ("ascent", [(LOSS, "loss = -F.mse_loss(q, y)")]),
    "minimum": ("minimum", [(V, "v = self.target(s2).min(1).values")]),
    "mean over actions": ("mean-over-actions", [(V, "v = self.target(s2).mean(1)")]),
    "index": ("index-as-value", [(V, "v = self.target(s2).max(1).indices")]),
    "value at s": ("wrong-state", [(V, "v = self.target(s).max(1).values")]),
    "argmax of s": ("argmax-of-s", [(V, "v = self.target(s2).gather(1, self.net(s).argmax(1, keepdim=True)).squeeze(1)")]),
    "replayed action": ("replayed-action", [(V, "v = self.target(s2).gather(1, a[:, None]).squeeze(1)")]),
    "double swapped": ("double-swapped", [(V, "v = self.net(s2).gather(1, self.target(s2).argmax(1, keepdim=True)).squeeze(1)")]),
    "max over the batch": ("batch-max", [(V, "v = self.target(s2).max()")]),
    "clipped inside the square": ("clip-inside", [(LOSS, "loss = ((q - y).clamp(-1, 1) ** 2).mean()")]),
    "untaken to zero": ("untaken", [(LOSS, "full = self.net(s)\n        loss = F.mse_loss(full, F.one_hot(a, self.a) * y[:, None])")]),
    "untaken to the label": ("untaken", [(LOSS, "full = self.net(s)\n        loss = F.mse_loss(full, y[:, None].expand(32, self.a))")]),
    "untaken to the target's": ("untaken", [(LOSS, "full = self.net(s)\n        goal = self.target(s).detach().clone()\n        goal[range(32), a] = y\n        loss = F.mse_loss(full, goal)")]),
    "argmax instead of taken": ("wrong-column", [(Q, "q = self.net(s).max(1).values")]),
    "one column": ("wrong-column", [(Q, "q = self.net(s)[:, 0]")]),
    "all pairs": ("untaken", [(Q, "q = self.net(s)[:, a]"), (LOSS, "loss = F.mse_loss(q, y.expand(32, 32))")]),
    "not zeroed": ("grads-not-zeroed", [("self.optimizer.zero_grad()\n        ", "")]),
    "zeroed before the step": ("zeroed-before-step", [(STEP, "loss.backward()\n        self.optimizer.zero_grad()\n        self.optimizer.step()\n")]),
    "no step": ("no-step", [(STEP, "self.optimizer.zero_grad()\n        loss.backward()\n")]),
    "optimizer of the target": ("optimizer-elsewhere", [("Adam(self.net.parameters()", "Adam(self.target.parameters()")]),
    "target in the optimizer": ("target-trained", [("Adam(self.net.parameters()", "Adam([*self.net.parameters(), *self.target.parameters()]"), (NO_GRAD, "if True:")]),
    "loss detached": ("detached", [(LOSS, "loss = F.mse_loss(q, y).detach()")]),
    "loss made anew": ("detached", [(LOSS, "loss = torch.tensor(F.mse_loss(q, y).item())")]),
    "alias": ("alias", [(COPY, "self.target = self.net\n        self.optimizer")]),
    "alias after the first copy": ("alias", [("        self.sync()\n", "        self.target = self.net\n")]),
    "shared storage": ("shared-storage", [(SYNC, "t.data = p.data")]),
    "polyak swapped": ("polyak-swapped", [(SYNC, "t.data.copy_((1 - self.tau) * p.data + self.tau * t.data)")]),
    "copied the wrong way": ("online-overwritten", [(SYNC, "p.data.copy_(t.data)")]),
    "only the head": ("partly-updated", [("zip(self.target.parameters(), self.net.parameters())", "zip(self.target.head.parameters(), self.net.head.parameters())")]),
    "softmax at the end": ("output-bounded", [("return self.head(self.body(x))", "return torch.softmax(self.head(self.body(x)), -1)")]),
    "relu at the end": ("output-bounded", [("return self.head(self.body(x))", "return torch.relu(self.head(self.body(x)))")]),
}


def changed(source: str, changes: list[tuple[str, str]]) -> str:
    """The text with each change made once; a change that does not apply is an error."""
    for old, new in changes:
        if old not in source:
            raise ValueError(f"not in the source: {old}")
        source = source.replace(old, new, 1)
    return source
