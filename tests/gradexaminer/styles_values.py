"""Styles of public code that concern the label: several steps, priorities, dueling heads, layers that draw or normalize."""

from __future__ import annotations

from tests.gradexaminer.sources import LOSS, NO_GRAD, Q, V, Y
from tests.gradexaminer.styles import Changes

_REMEMBER = """        self.memory.append((s, a, r, s2, done))
"""
N_STEP: Changes = [
    (
        _REMEMBER,
        """        if not hasattr(self, "window"):
            self.window = deque(maxlen=3)
        self.window.append((s, a, r, s2, done))
        if len(self.window) < 3:
            return
        total, last, end = 0.0, s2, done
        for k, (_, _, rk, last, end) in enumerate(self.window):
            total += self.gamma**k * rk
            if end:
                break
        self.memory.append((*self.window[0][:2], total, last, end))
""",
    ),
    (Y, "y = r + self.gamma**3 * (1 - d) * v"),
]
N_STEP_RIGHT: dict[str, Changes] = {
    "three steps": N_STEP,
    "three steps, Huber": [*N_STEP, (LOSS, "loss = F.smooth_l1_loss(q, y)")],
    "three steps, live rows only": [
        *N_STEP,
        (
            V,
            "v = torch.zeros(32)\n            live = d == 0\n            v[live] = self.target(s2[live]).max(1).values",
        ),
        ("* (1 - d) * v", "* v"),
    ],
}
N_STEP_FAULTS: dict[str, tuple[str, Changes]] = {
    "three steps, one gamma": ("n-step-discount", [*N_STEP, ("self.gamma**3 *", "self.gamma *")]),
    "three steps, rewards not discounted": ("n-step-discount", [*N_STEP, ("self.gamma**k * rk", "rk")]),
    "three steps, mask missing": ("mask-missing", [*N_STEP, ("* (1 - d) * v", "* v")]),
    "three steps, minimum": ("minimum", [*N_STEP, (V, "v = self.target(s2).min(1).values")]),
    "three steps, broadcast": ("broadcast", [*N_STEP, (Q, "q = self.net(s).gather(1, a[:, None])")]),
}

PRIORITIES: Changes = [
    (
        _REMEMBER,
        "        self.memory.append((s, a, r, s2, done))\n        self.p = [*getattr(self, 'p', []), max(getattr(self, 'p', [1.0]))]\n",
    ),
    (
        "s, a, r, s2, d = zip(*random.sample(self.memory, self.batch))",
        "p = np.array(self.p) ** 0.6\n        p /= p.sum()\n        self.i = np.random.choice(len(p), self.batch, p=p)\n        self.w = (len(p) * p[self.i]) ** -0.4\n        self.w = torch.tensor(self.w / self.w.max(), dtype=torch.float32)\n        s, a, r, s2, d = zip(*[self.memory[i] for i in self.i])",
    ),
    (
        LOSS,
        "loss = (self.w * (q - y) ** 2).mean()\n        for i, e in zip(self.i, (q - y).detach().abs().tolist()): self.p[i] = e + 1e-2",
    ),
]
_HUBER = "loss = (self.w * F.smooth_l1_loss(q, y, reduction='none')).mean()"
PRIORITIES_RIGHT: dict[str, Changes] = {
    "priorities": PRIORITIES,
    "priorities, Huber": [*PRIORITIES, ("loss = (self.w * (q - y) ** 2).mean()", _HUBER)],
    "priorities without weights": [*PRIORITIES, ("loss = (self.w * (q - y) ** 2)", "loss = ((q - y) ** 2)")],
    "priorities, double": [
        *PRIORITIES,
        (V, "v = self.target(s2).gather(1, self.net(s2).argmax(1, keepdim=True)).squeeze(1)"),
    ],
}
PRIORITIES_FAULTS: dict[str, tuple[str, Changes]] = {
    "priorities, mask missing": ("mask-missing", [*PRIORITIES, ("(1 - d) * v", "v")]),
    "priorities, minimum": ("minimum", [*PRIORITIES, (V, "v = self.target(s2).min(1).values")]),
    "priorities, label not detached": (
        "bootstrap-gradient td-online",
        [*PRIORITIES, (NO_GRAD, "if True:"), (V, "v = self.net(s2).max(1).values")],
    ),
}

_HEAD, _RETURN = "self.head = nn.Linear(64, a)", "return self.head(self.body(x))"
LAYERS_RIGHT: dict[str, Changes] = {
    "dueling, joined by the max outside": [
        (_HEAD, "self.v, self.adv = nn.Linear(64, 1), nn.Linear(64, a)"),
        (_RETURN, "h = self.body(x)\n        return self.v(h), self.adv(h)"),
        (
            Q,
            "qq = lambda n, x: (lambda v, adv: v + adv - adv.max(1, keepdim=True).values)(*n(x))\n        q = qq(self.net, s).gather(1, a[:, None]).squeeze(1)",
        ),
        (V, "v = qq(self.target, s2).max(1).values"),
    ],
    "dropout": [(_RETURN, "return self.head(F.dropout(self.body(x), 0.1, self.training))")],
    "layer norm": [("nn.Linear(o, 64), nn.ReLU()", "nn.Linear(o, 64), nn.LayerNorm(64), nn.ReLU()")],
    "batch norm": [("nn.Linear(o, 64), nn.ReLU()", "nn.Linear(o, 64), nn.BatchNorm1d(64), nn.ReLU()")],
    "noisy layer": [
        (
            "class Net(nn.Module):",
            "class Noisy(nn.Module):\n    def __init__(self, i, o):\n        super().__init__()\n        self.mu, self.sigma = nn.Parameter(torch.randn(o, i) * .1), nn.Parameter(torch.full((o, i), .01))\n        self.bias = nn.Parameter(torch.zeros(o))\n\n    def forward(self, x):\n        return F.linear(x, self.mu + self.sigma * torch.randn_like(self.sigma), self.bias)\n\n\nclass Net(nn.Module):",
        ),
        (_HEAD, "self.head = Noisy(64, a)"),
    ],
    "normalized by running statistics": [
        (
            "s, a, r, s2, d = self.sample()",
            "s, a, r, s2, d = self.sample()\n        self.m, self.k = 0.9 * getattr(self, 'm', 0) + 0.1 * s.mean(0), 0.9 * getattr(self, 'k', 1) + 0.1 * s.std(0)\n        s, s2 = (s - self.m) / (self.k + 1e-8), (s2 - self.m) / (self.k + 1e-8)",
        )
    ],
    "normalized over the batch": [
        (
            "s, a, r, s2, d = self.sample()",
            "s, a, r, s2, d = self.sample()\n        s, s2 = (s - s.mean(0)) / s.std(0), (s2 - s2.mean(0)) / s2.std(0)",
        )
    ],
    "rewards normalized over the batch": [(Y, "y = (r - r.mean()) / (r.std() + 1e-6) + self.gamma * (1 - d) * v")],
}
LAYERS_FAULTS: dict[str, tuple[str, Changes]] = {
    "normalized by running statistics, no gamma": (
        "gamma-missing",
        [*LAYERS_RIGHT["normalized by running statistics"], ("self.gamma * (1", "(1")],
    ),
    "layer norm, broadcast": (
        "broadcast",
        [*LAYERS_RIGHT["layer norm"], (Q, "q = self.net(s).gather(1, a[:, None])")],
    ),
    "batch norm, wrong state": ("wrong-state", [*LAYERS_RIGHT["batch norm"], (V, "v = self.target(s).max(1).values")]),
}
