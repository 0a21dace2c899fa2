"""Our own agents as texts, and faults as changes to a text: what a stranger would write, and gets wrong."""

from __future__ import annotations

DQN = """
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
"""

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
        (
            LOSS,
            "full = self.net(s)\n        goal = full.detach().clone()\n        goal[range(32), a] = y\n        loss = F.mse_loss(full, goal)",
        ),
    ],
    "live rows only": [
        (
            V,
            "v = torch.zeros(32)\n            live = d == 0\n            v[live] = self.target(s2[live]).max(1).values",
        ),
        (Y, "y = r + self.gamma * v"),
    ],
    "hard copy": [(SYNC, "t.data.copy_(p.data)")],
    "copy now and then": [
        (
            "        self.sync()\n",
            "        self.n = getattr(self, 'n', 0) + 1\n        if self.n % 20 == 0: self.sync()\n",
        ),
        (SYNC, "t.data.copy_(p.data)"),
    ],
    "SGD with momentum": [
        ("Adam(self.net.parameters(), lr=1e-3)", "SGD(self.net.parameters(), lr=1e-2, momentum=0.9)")
    ],
    "clipped gradients": [
        (
            "        self.optimizer.step()\n",
            "        nn.utils.clip_grad_norm_(self.net.parameters(), 0.5)\n        self.optimizer.step()\n",
        )
    ],
    "reward scaled": [(Y, "y = 0.1 * r + self.gamma * (1 - d) * v")],
    "reward clipped": [(Y, "y = r.clamp(-1, 1) + self.gamma * (1 - d) * v")],
    "no target network": [
        (V, "v = self.net(s2).max(1).values"),
        ("self.net, self.target = Net(o, a), Net(o, a)", "self.net = Net(o, a)"),
        (COPY, "self.optimizer"),
        ("        self.sync()\n", ""),
    ],
    "observations normalized inside": [
        (
            "s, a, r, s2, d = self.sample()",
            "s, a, r, s2, d = self.sample()\n        k = torch.tensor([1.5, 2., .5, 3., 1.]); s, s2 = (s - 0.3) / k, (s2 - 0.3) / k",
        )
    ],
    "dueling, joined outside": [
        ("self.head = nn.Linear(64, a)", "self.v, self.adv = nn.Linear(64, 1), nn.Linear(64, a)"),
        ("return self.head(self.body(x))", "h = self.body(x)\n        return self.v(h), self.adv(h)"),
        (
            Q,
            "qq = lambda n, x: (lambda v, adv: v + adv - adv.mean(1, keepdim=True))(*n(x))\n        q = qq(self.net, s).gather(1, a[:, None]).squeeze(1)",
        ),
        (V, "v = qq(self.target, s2).max(1).values"),
    ],
    "dueling inside": [
        ("self.head = nn.Linear(64, a)", "self.v, self.adv = nn.Linear(64, 1), nn.Linear(64, a)"),
        (
            "return self.head(self.body(x))",
            "h = self.body(x); adv = self.adv(h)\n        return self.v(h) + adv - adv.mean(1, keepdim=True)",
        ),
    ],
}

DQN_FAULTS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "bootstrap gradient": (
        "bootstrap-gradient td-online",
        [(NO_GRAD, "if True:"), (V, "v = self.net(s2).max(1).values")],
    ),
    "bootstrap gradient, no target": (
        "bootstrap-gradient",
        [
            (NO_GRAD, "if True:"),
            (V, "v = self.net(s2).max(1).values"),
            ("self.net, self.target = Net(o, a), Net(o, a)", "self.net = Net(o, a)"),
            (COPY, "self.optimizer"),
            ("        self.sync()\n", ""),
        ],
    ),
    "online label": ("td-online", [(V, "self.target(s2); v = self.net(s2).max(1).values")]),
    "broadcast": ("broadcast", [(Q, "q = self.net(s).gather(1, a[:, None])")]),
    "broadcast huber": (
        "broadcast",
        [(Q, "q = self.net(s).gather(1, a[:, None])"), (LOSS, "loss = F.smooth_l1_loss(q, y)")],
    ),
    "rewards of the other shape": (
        "reward-averaged",
        [
            (Q, "q = self.net(s).gather(1, a[:, None])"),
            (V, "v = self.target(s2).max(1, keepdim=True).values"),
            (Y, "y = r + self.gamma * (1 - d[:, None]) * v"),
        ],
    ),
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
    "double, value at s": (
        "wrong-state",
        [(V, "v = self.target(s).gather(1, self.net(s2).argmax(1, keepdim=True)).squeeze(1)")],
    ),
    "double, all at s": (
        "wrong-state",
        [(V, "v = self.target(s).gather(1, self.net(s).argmax(1, keepdim=True)).squeeze(1)")],
    ),
    "double, argmin": (
        "minimum",
        [(V, "v = self.target(s2).gather(1, self.net(s2).argmin(1, keepdim=True)).squeeze(1)")],
    ),
    "argmax of s": (
        "argmax-of-s",
        [(V, "v = self.target(s2).gather(1, self.net(s).argmax(1, keepdim=True)).squeeze(1)")],
    ),
    "replayed action": ("replayed-action", [(V, "v = self.target(s2).gather(1, a[:, None]).squeeze(1)")]),
    "double swapped": (
        "double-swapped",
        [(V, "v = self.net(s2).gather(1, self.target(s2).argmax(1, keepdim=True)).squeeze(1)")],
    ),
    "max over the batch": ("batch-max", [(V, "v = self.target(s2).max()")]),
    "clipped inside the square": ("clip-inside", [(LOSS, "loss = ((q - y).clamp(-1, 1) ** 2).mean()")]),
    "untaken to zero": (
        "untaken",
        [(LOSS, "full = self.net(s)\n        loss = F.mse_loss(full, F.one_hot(a, self.a) * y[:, None])")],
    ),
    "untaken to the label": (
        "untaken",
        [(LOSS, "full = self.net(s)\n        loss = F.mse_loss(full, y[:, None].expand(32, self.a))")],
    ),
    "untaken to the target's": (
        "untaken",
        [
            (
                LOSS,
                "full = self.net(s)\n        goal = self.target(s).detach().clone()\n        goal[range(32), a] = y\n        loss = F.mse_loss(full, goal)",
            )
        ],
    ),
    "argmax instead of taken": ("wrong-column", [(Q, "q = self.net(s).max(1).values")]),
    "one column": ("wrong-column", [(Q, "q = self.net(s)[:, 0]")]),
    "all pairs": ("untaken", [(Q, "q = self.net(s)[:, a]"), (LOSS, "loss = F.mse_loss(q, y.expand(32, 32))")]),
    "not zeroed": ("grads-not-zeroed", [("self.optimizer.zero_grad()\n        ", "")]),
    "zeroed before the step": (
        "zeroed-before-step",
        [(STEP, "loss.backward()\n        self.optimizer.zero_grad()\n        self.optimizer.step()\n")],
    ),
    "no step": ("no-step", [(STEP, "self.optimizer.zero_grad()\n        loss.backward()\n")]),
    "optimizer of the target": (
        "optimizer-elsewhere",
        [("Adam(self.net.parameters()", "Adam(self.target.parameters()")],
    ),
    "target in the optimizer": (
        "target-trained",
        [
            ("Adam(self.net.parameters()", "Adam([*self.net.parameters(), *self.target.parameters()]"),
            (NO_GRAD, "if True:"),
        ],
    ),
    "loss detached": ("detached", [(LOSS, "loss = F.mse_loss(q, y).detach()")]),
    "loss made anew": ("detached", [(LOSS, "loss = torch.tensor(F.mse_loss(q, y).item())")]),
    "alias": ("alias", [(COPY, "self.target = self.net\n        self.optimizer")]),
    "alias after the first copy": ("alias", [("        self.sync()\n", "        self.target = self.net\n")]),
    "shared storage": ("shared-storage", [(SYNC, "t.data = p.data")]),
    "polyak swapped": ("polyak-swapped", [(SYNC, "t.data.copy_((1 - self.tau) * p.data + self.tau * t.data)")]),
    "copied the wrong way": ("online-overwritten", [(SYNC, "p.data.copy_(t.data)")]),
    "only the head": (
        "partly-updated",
        [
            (
                "zip(self.target.parameters(), self.net.parameters())",
                "zip(self.target.head.parameters(), self.net.head.parameters())",
            )
        ],
    ),
    "softmax at the end": (
        "output-bounded",
        [("return self.head(self.body(x))", "return torch.softmax(self.head(self.body(x)), -1)")],
    ),
    "sigmoid at the end": (
        "output-bounded",
        [("return self.head(self.body(x))", "return torch.sigmoid(self.head(self.body(x)))")],
    ),
    "mean before square": ("error-averaged", [(LOSS, "loss = (q - y).mean() ** 2")]),
    "gamma in a base class": (
        "gamma-missing",
        [
            (Y, "y = r + (1 - d) * v"),
            ("self.gamma, self.tau, self.batch = 0.99, 0.01, 32", "self.tau, self.batch = 0.01, 32"),
            ("class Agent:\n", "class Settings:\n    gamma = 0.99\n\n\nclass Agent(Settings):\n"),
        ],
    ),
    "relu at the end": (
        "output-bounded",
        [("return self.head(self.body(x))", "return torch.relu(self.head(self.body(x)))")],
    ),
}


def changed(source: str, changes: list[tuple[str, str]]) -> str:
    """The text with each change made once; a change that does not apply is an error."""
    for old, new in changes:
        if old not in source:
            raise ValueError(f"not in the source: {old}")
        source = source.replace(old, new, 1)
    return source


TD3 = """
import copy, random
import numpy as np, torch
from torch import nn
import torch.nn.functional as F


class Actor(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(o, 64), nn.Linear(64, 64), nn.Linear(64, a)

    def forward(self, s):
        return torch.tanh(self.l3(F.relu(self.l2(F.relu(self.l1(s))))))


class Critic(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.l1, self.l2, self.l3 = nn.Linear(o + a, 64), nn.Linear(64, 64), nn.Linear(64, 1)

    def forward(self, s, a):
        return self.l3(F.relu(self.l2(F.relu(self.l1(torch.cat([s, a], 1))))))


class Buffer:
    def __init__(self, size, o, a):
        self.s, self.a, self.r = np.zeros((size, o), np.float32), np.zeros((size, a), np.float32), np.zeros((size, 1), np.float32)
        self.s2, self.d, self.n = np.zeros((size, o), np.float32), np.zeros((size, 1), np.float32), 0

    def add(self, s, a, r, s2, d):
        i = self.n % len(self.s)
        self.s[i], self.a[i], self.r[i], self.s2[i], self.d[i] = s, a, r, s2, d
        self.n += 1

    def sample(self, k):
        i = np.random.randint(0, min(self.n, len(self.s)), k)
        return tuple(torch.from_numpy(x[i]) for x in (self.s, self.a, self.r, self.s2, self.d))


class Agent:
    def __init__(self, o=5, a=3, twin=True, delay=2, noise=0.2):
        self.actor, self.q1, self.q2 = Actor(o, a), Critic(o, a), Critic(o, a)
        self.actor_target, self.q1_target, self.q2_target = (copy.deepcopy(x) for x in (self.actor, self.q1, self.q2))
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), 1e-3)
        self.q_optimizer = torch.optim.Adam([*self.q1.parameters(), *self.q2.parameters()], 1e-3)
        self.buffer, self.gamma, self.tau, self.delay, self.noise, self.n = Buffer(5000, o, a), 0.98, 0.005, delay, noise, 0

    def learn(self, batch=40):
        self.n += 1
        s, a, r, s2, d = self.buffer.sample(batch)
        with torch.no_grad():
            a2 = self.actor_target(s2)
            a2 = (a2 + (torch.randn_like(a2) * self.noise).clamp(-0.5, 0.5)).clamp(-1, 1)
            v = torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2))
            y = r + self.gamma * (1 - d) * v
        loss = F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)
        self.q_optimizer.zero_grad()
        loss.backward()
        self.q_optimizer.step()
        if self.n % self.delay == 0:
            actor_loss = -self.q1(s, self.actor(s)).mean()
            self.actor_optimizer.zero_grad()
            actor_loss.backward()
            self.actor_optimizer.step()
            self.soft(self.actor, self.actor_target)
            self.soft(self.q1, self.q1_target)
            self.soft(self.q2, self.q2_target)

    def soft(self, net, target):
        for p, t in zip(net.parameters(), target.parameters()):
            t.data.mul_(1 - self.tau).add_(self.tau * p.data)
"""

TANH = "torch.tanh(self.l3(F.relu(self.l2(F.relu(self.l1(s))))))"
_V = "v = torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2))"
_Y = "y = r + self.gamma * (1 - d) * v"
_LOSS = "loss = F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)"
_ACTOR = "actor_loss = -self.q1(s, self.actor(s)).mean()"
_A2 = "a2 = self.actor_target(s2)"
_DDPG = [
    (_V, "v = self.q1_target(s2, a2)"),
    (_LOSS, "loss = F.mse_loss(self.q1(s, a), y)"),
    ("[*self.q1.parameters(), *self.q2.parameters()]", "self.q1.parameters()"),
    ("delay=2, noise=0.2", "delay=1, noise=0.0"),
    ("            self.soft(self.q2, self.q2_target)\n", ""),
    (
        "self.actor, self.q1, self.q2 = Actor(o, a), Critic(o, a), Critic(o, a)",
        "self.actor, self.q1 = Actor(o, a), Critic(o, a)",
    ),
    (
        "self.actor_target, self.q1_target, self.q2_target = (copy.deepcopy(x) for x in (self.actor, self.q1, self.q2))",
        "self.actor_target, self.q1_target = copy.deepcopy(self.actor), copy.deepcopy(self.q1)",
    ),
]
_SLOPE = "mu = self.actor(s)\n            u = {at}.detach().requires_grad_()\n            slope = torch.autograd.grad(self.q1(s, u).sum(), u)[0]\n            actor_loss = {loss}"
_ROOM = "room = torch.where(slope {up} 0, (1 - u) / 2, (1 + u) / 2).detach()"
_INVERTING = _SLOPE.format(at="mu", loss="-(room * slope * mu).sum(1).mean()").replace(
    "actor_loss", _ROOM + "; actor_loss"
)

TD3_RIGHT: dict[str, list[tuple[str, str]]] = {
    "TD3": [],
    "DDPG": _DDPG,
    "Huber": [(_LOSS, _LOSS.replace("mse_loss", "smooth_l1_loss"))],
    "one backward each": [
        (
            _LOSS + "\n        self.q_optimizer.zero_grad()\n        loss.backward()",
            "self.q_optimizer.zero_grad()\n        F.mse_loss(self.q1(s, a), y).backward()\n        F.mse_loss(self.q2(s, a), y).backward()",
        )
    ],
    "label not detached": [("with torch.no_grad():", "if True:")],
    "slope by hand": [*_DDPG, (_ACTOR, _SLOPE.format(at="mu", loss="-(slope * mu).sum(1).mean()"))],
    "slope by hand of the actor's own output": [
        *_DDPG,
        (
            _ACTOR,
            _SLOPE.format(at="mu", loss="-(slope * mu).sum(1).mean()")
            .replace("mu.detach().requires_grad_()", "mu")
            .replace("u)[0]", "u, retain_graph=True)[0]"),
        ),
    ],
    "inverting gradients": [*_DDPG, (_ACTOR, _INVERTING.format(up=">"))],
    "grad_outputs": [
        *_DDPG,
        ("actor_loss.backward()", "mu.backward(-slope / len(s))"),
        (_ACTOR, _SLOPE.format(at="mu", loss="None")),
    ],
    "actor first": [*_DDPG, (_ACTOR, "self.actor_optimizer.zero_grad(); " + _ACTOR)],
    "sum over the batch": [(_ACTOR, _ACTOR.replace("mean", "sum"))],
    "penalty": [(_ACTOR, _ACTOR + " + 1e-2 * self.actor(s).pow(2).mean()")],
    "min of both for the actor": [
        (_ACTOR, "mu = self.actor(s); actor_loss = -torch.min(self.q1(s, mu), self.q2(s, mu)).mean()")
    ],
    "critic frozen for the actor": [
        (_ACTOR, "[p.requires_grad_(False) for p in self.q1.parameters()]\n            " + _ACTOR),
        (
            "            self.actor_optimizer.step()\n",
            "            self.actor_optimizer.step()\n            [p.requires_grad_(True) for p in self.q1.parameters()]\n",
        ),
    ],
    "normalized by |Q|": [
        (_ACTOR, "q = self.q1(s, self.actor(s)); actor_loss = -(q / q.abs().mean().detach()).mean()")
    ],
    "reward scaled": [(_Y, "y = 0.01 * r + self.gamma * (1 - d) * v")],
    "batch norm": [
        (
            "self.l1, self.l2, self.l3 = nn.Linear(o, 64), nn.Linear(64, 64), nn.Linear(64, a)",
            "self.n1, self.l1, self.l2, self.l3 = nn.BatchNorm1d(o), nn.Linear(o, 64), nn.Linear(64, 64), nn.Linear(64, a)",
        ),
        ("self.l1(s)", "self.l1(self.n1(s))"),
    ],
    "one optimizer, one loss": [
        *_DDPG,
        ("        self.q_optimizer.zero_grad()\n        loss.backward()\n        self.q_optimizer.step()\n", ""),
        (
            _ACTOR,
            "[p.requires_grad_(False) for p in self.q1.parameters()]\n            "
            + _ACTOR
            + " + 0\n            [p.requires_grad_(True) for p in self.q1.parameters()]\n            actor_loss = actor_loss + F.mse_loss(self.q1(s, a), y)",
        ),
        (
            "self.actor_optimizer = torch.optim.Adam(self.actor.parameters()",
            "self.actor_optimizer = torch.optim.Adam([*self.actor.parameters(), *self.q1.parameters()]",
        ),
    ],
}

TD3_FAULTS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "larger of twins": ("max-of-twins", [(_V, _V.replace("min", "max"))]),
    "mask missing": ("mask-missing", [(_Y, "y = r + self.gamma * v")]),
    "mask inverted": ("mask-inverted", [(_Y, "y = r + self.gamma * d * v")]),
    "mask on reward": ("mask-on-reward", [(_Y, "y = (1 - d) * (r + self.gamma * v)")]),
    "no bootstrap": ("no-bootstrap", [(_Y, "y = r")]),
    "bootstrap subtracted": ("bootstrap-sign", [(_Y, "y = r - self.gamma * (1 - d) * v")]),
    "gamma missing": ("gamma-missing", [(_Y, "y = r + (1 - d) * v")]),
    "gamma other": ("gamma-other", [(_Y, "y = r + 0.5 * (1 - d) * v")]),
    "label halved": ("label-scaled", [(_Y, "y = 0.5 * (r + self.gamma * (1 - d) * v)")]),
    "reward negative": ("reward-sign", [(_Y, "y = -r + self.gamma * (1 - d) * v")]),
    "ascent": ("ascent", [(_LOSS, _LOSS.replace("loss = ", "loss = -(") + ")")]),
    "broadcast": ("broadcast", [(_LOSS, _LOSS.replace("y)", "y.squeeze(1))"))]),
    "broadcast, small rewards": (
        "broadcast",
        [(_LOSS, _LOSS.replace("y)", "y.squeeze(1))")), (_Y, "y = 0.01 * r + self.gamma * (1 - d) * v")],
    ),
    "rewards of the other shape": ("reward-averaged", [(_Y, "y = r.squeeze(1) + self.gamma * (1 - d) * v")]),
    "online critics in the label": (
        "td-online",
        [(_V, "self.q1_target(s2, a2); v = torch.min(self.q1(s2, a2), self.q2(s2, a2))")],
    ),
    "bootstrap gradient": (
        "bootstrap-gradient td-online",
        [("with torch.no_grad():", "if True:"), (_V, "v = torch.min(self.q1(s2, a2), self.q2(s2, a2))")],
    ),
    "critic at s in the label": ("wrong-state", [(_V, "v = torch.min(self.q1_target(s, a2), self.q2_target(s, a2))")]),
    "target action from the online actor": ("target-action-online", [(_A2, "a2 = self.actor(s2)")]),
    "target action at s": ("target-action-state", [(_A2, "a2 = self.actor_target(s)")]),
    "stored action in the label": ("target-action-replayed", [(_V, _V.replace("a2", "a"))]),
    "twin untrained": ("twin-untrained", [(_LOSS, "loss = F.mse_loss(self.q1(s, a), y)")]),
    "optimizer holds the first twin only": (
        "optimizer-elsewhere",
        [("[*self.q1.parameters(), *self.q2.parameters()]", "self.q1.parameters()")],
    ),
    "critic's gradients not zeroed": (
        "grads-not-zeroed",
        [("        self.q_optimizer.zero_grad()\n        loss.backward", "        loss.backward")],
    ),
    "critic zeroed before the actor's backward": (
        "actor-gradient-left",
        [
            (
                "        self.q_optimizer.zero_grad()\n        loss.backward()\n        self.q_optimizer.step()\n",
                "        loss.backward()\n        self.q_optimizer.step()\n        self.q_optimizer.zero_grad()\n",
            )
        ],
    ),
    "actor's gradients not zeroed": ("grads-not-zeroed", [("            self.actor_optimizer.zero_grad()\n", "")]),
    "no step for the critic": ("no-step", [("        self.q_optimizer.step()\n", "")]),
    "no step for the actor": ("no-step", [("            self.actor_optimizer.step()\n", "")]),
    "actor's optimizer holds the critic": (
        "critic-moved-by-actor",
        [
            (
                "torch.optim.Adam(self.actor.parameters()",
                "torch.optim.Adam([*self.actor.parameters(), *self.q1.parameters()]",
            )
        ],
    ),
    "actor's optimizer is the critic's": (
        "optimizer-elsewhere",
        [("torch.optim.Adam(self.actor.parameters()", "torch.optim.Adam(self.q1.parameters()")],
    ),
    "actor descends": ("actor-sign", [(_ACTOR, _ACTOR.replace("-self", "self"))]),
    "actor climbs the square of Q": ("actor-not-q", [(_ACTOR, _ACTOR.replace(".mean()", ".pow(2).mean()"))]),
    "actor detached": ("actor-detached", [(_ACTOR, _ACTOR.replace("self.actor(s)", "self.actor(s).detach()"))]),
    "actor at stored actions": ("actor-replayed", [(_ACTOR, _ACTOR.replace("self.actor(s)", "a"))]),
    "actor through the target critic": ("actor-target-critic", [(_ACTOR, _ACTOR.replace("q1(", "q1_target("))]),
    "slope at stored actions": (
        "actor-slope-replayed",
        [*_DDPG, (_ACTOR, _SLOPE.format(at="a", loss="-(slope * mu).sum(1).mean()"))],
    ),
    "slope with the wrong sign": (
        "actor-sign",
        [*_DDPG, (_ACTOR, _SLOPE.format(at="mu", loss="(slope * mu).sum(1).mean()"))],
    ),
    "inverting gradients, the wrong way round": ("actor-not-q", [*_DDPG, (_ACTOR, _INVERTING.format(up="<"))]),
    "actor imitates": (
        "actor-not-q",
        [*_DDPG, (_ACTOR, "self.q1(s, self.actor(s)); actor_loss = F.mse_loss(self.actor(s), a)")],
    ),
    "critic fed other actions": (
        "critic-other-action",
        [("with torch.no_grad():", "a = a + 0.1 * torch.randn_like(a)\n        with torch.no_grad():")],
    ),
    "critic is wide": ("critic-width", [("nn.Linear(64, 1)", "nn.Linear(64, 3)")]),
    "one target never": ("one-target-never", [("            self.soft(self.q2, self.q2_target)\n", "")]),
    "actor's target never": ("one-target-never", [("            self.soft(self.actor, self.actor_target)\n", "")]),
    "polyak swapped": (
        "polyak-swapped",
        [("t.data.mul_(1 - self.tau).add_(self.tau * p.data)", "t.data.mul_(self.tau).add_((1 - self.tau) * p.data)")],
    ),
    "copied the wrong way": (
        "online-overwritten",
        [("t.data.mul_(1 - self.tau).add_(self.tau * p.data)", "p.data.copy_(t.data)")],
    ),
    "alias": (
        "alias",
        [("(copy.deepcopy(x) for x in (self.actor, self.q1, self.q2))", "(self.actor, self.q1, self.q2)")],
    ),
    "shared storage": ("shared-storage", [("t.data.mul_(1 - self.tau).add_(self.tau * p.data)", "t.data = p.data")]),
    "critics' targets in the optimizer": (
        "target-trained",
        [
            ("with torch.no_grad():", "if True:"),
            (
                "[*self.q1.parameters(), *self.q2.parameters()]",
                "[*self.q1.parameters(), *self.q2.parameters(), *self.q1_target.parameters(), *self.q2_target.parameters()]",
            ),
        ],
    ),
    "loss detached": ("detached", [(_LOSS, "loss = F.mse_loss(self.q1(s, a).detach(), y)")]),
}

SAC = (
    """
import copy
import numpy as np, torch
from torch import nn
import torch.nn.functional as F
from torch.distributions import Normal


class Policy(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.mean, self.log_std = nn.Linear(64, a), nn.Linear(64, a)

    def forward(self, s):
        h = self.body(s)
        return self.mean(h), self.log_std(h).clamp(-5, 2)

    def sample(self, s):
        mean, log_std = self(s)
        normal = Normal(mean, log_std.exp())
        u = normal.rsample()
        a = torch.tanh(u)
        log_pi = (normal.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6)).sum(1, keepdim=True)
        return a, log_pi


class Q(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(o + a, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, s, a):
        return self.net(torch.cat([s, a], 1))

"""
    + TD3[TD3.index("class Buffer") : TD3.index("class Agent")]
    + """
class Agent:
    def __init__(self, o=5, a=3):
        self.policy, self.q1, self.q2 = Policy(o, a), Q(o, a), Q(o, a)
        self.q1_target, self.q2_target = copy.deepcopy(self.q1), copy.deepcopy(self.q2)
        self.policy_optimizer = torch.optim.Adam(self.policy.parameters(), 3e-4)
        self.q_optimizer = torch.optim.Adam([*self.q1.parameters(), *self.q2.parameters()], 3e-4)
        self.log_alpha = torch.zeros(1, requires_grad=True)
        self.alpha_optimizer = torch.optim.Adam([self.log_alpha], 3e-4)
        self.buffer, self.gamma, self.tau, self.target_entropy = Buffer(5000, o, a), 0.99, 0.005, -a

    def learn(self, batch=64):
        s, a, r, s2, d = self.buffer.sample(batch)
        alpha = self.log_alpha.exp().detach() * 0.2
        with torch.no_grad():
            a2, log_pi2 = self.policy.sample(s2)
            v = torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2)) - alpha * log_pi2
            y = r + self.gamma * (1 - d) * v
        loss = F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)
        self.q_optimizer.zero_grad()
        loss.backward()
        self.q_optimizer.step()
        mu, log_pi = self.policy.sample(s)
        actor_loss = (alpha * log_pi - torch.min(self.q1(s, mu), self.q2(s, mu))).mean()
        self.policy_optimizer.zero_grad()
        actor_loss.backward()
        self.policy_optimizer.step()
        alpha_loss = -(self.log_alpha * (log_pi + self.target_entropy).detach()).mean()
        self.alpha_optimizer.zero_grad()
        alpha_loss.backward()
        self.alpha_optimizer.step()
        for net, target in ((self.q1, self.q1_target), (self.q2, self.q2_target)):
            for p, t in zip(net.parameters(), target.parameters()):
                t.data.copy_(self.tau * p.data + (1 - self.tau) * t.data)
"""
)

_SV = "v = torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2)) - alpha * log_pi2"
_SA = "actor_loss = (alpha * log_pi - torch.min(self.q1(s, mu), self.q2(s, mu))).mean()"
SAC_RIGHT: dict[str, list[tuple[str, str]]] = {
    "SAC": [],
    "small temperature": [("* 0.2", "* 0.01")],
    "policy returns a distribution": [
        (
            "return self.mean(h), self.log_std(h).clamp(-5, 2)",
            "return Normal(self.mean(h), self.log_std(h).clamp(-5, 2).exp())",
        ),
        (
            "    def sample(self, s):\n        mean, log_std = self(s)\n        normal = Normal(mean, log_std.exp())\n        u = normal.rsample()\n        a = torch.tanh(u)\n        log_pi = (normal.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6)).sum(1, keepdim=True)\n        return a, log_pi\n",
            "",
        ),
        (
            "class Agent:\n",
            "def draw(dist):\n    u = dist.rsample()\n    a = torch.tanh(u)\n    return a, (dist.log_prob(u) - 2 * (np.log(2) - u - F.softplus(-2 * u))).sum(1, keepdim=True)\n\n\nclass Agent:\n",
        ),
        ("self.policy.sample(s2)", "draw(self.policy(s2))"),
        ("self.policy.sample(s)", "draw(self.policy(s))"),
    ],
    "label not detached": [("with torch.no_grad():", "if True:")],
    "first critic alone for the actor": [(_SA, "actor_loss = (alpha * log_pi - self.q1(s, mu)).mean()")],
}
SAC_FAULTS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "entropy with the wrong sign in the label": ("entropy-sign", [(_SV, _SV.replace("- alpha", "+ alpha"))]),
    "entropy with the wrong sign for the actor": (
        "actor-entropy-sign",
        [(_SA, _SA.replace("alpha * log_pi -", "-alpha * log_pi -"))],
    ),
    "actor descends": ("actor-sign", [(_SA, _SA.replace("log_pi - torch", "log_pi + torch"))]),
    "mask missing": ("mask-missing", [("y = r + self.gamma * (1 - d) * v", "y = r + self.gamma * v")]),
    "larger of twins": ("max-of-twins", [(_SV, _SV.replace("min", "max"))]),
    "broadcast": (
        "broadcast",
        [("log_pi2\n            y = r", "log_pi2\n            y = (r"), ("(1 - d) * v\n", "(1 - d) * v).squeeze(1)\n")],
    ),
    "actor detached": (
        "actor-detached",
        [("self.q1(s, mu), self.q2(s, mu)", "self.q1(s, mu.detach()), self.q2(s, mu.detach())")],
    ),
    "critic's gradients not zeroed": ("grads-not-zeroed", [("        self.q_optimizer.zero_grad()\n", "")]),
    "target never": ("one-target-never", [(", (self.q2, self.q2_target))", ",)")]),
    "gradient carried to the critic": (
        "actor-gradient-left",
        [
            (
                "        self.q_optimizer.zero_grad()\n        loss.backward()\n        self.q_optimizer.step()\n",
                "        loss.backward()\n        self.q_optimizer.step()\n        self.q_optimizer.zero_grad()\n",
            )
        ],
    ),
}
