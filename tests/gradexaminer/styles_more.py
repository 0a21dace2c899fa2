"""Styles that change how a gradient is made: two networks for one Q, encoders, mixed precision, compiled, functional."""

from __future__ import annotations

from tests.gradexaminer.sources import LOSS, STEP, TD3, Q, V
from tests.gradexaminer.styles import Changes

_NETS = "self.net, self.target = Net(o, a), Net(o, a)"
_OPTIMIZER = "self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-3)"
_COPY = "        self.target.load_state_dict(self.net.state_dict())\n"
_ZIP = "zip(self.target.parameters(), self.net.parameters())"
_JOIN = "(lambda v, adv: v + adv - adv.mean(1, keepdim=True))"
TWO_NETWORKS: Changes = [
    (
        _NETS,
        "self.v, self.adv, self.v_target, self.adv_target = Net(o, 1), Net(o, a), Net(o, 1), Net(o, a)",
    ),
    (_COPY, ""),
    (_OPTIMIZER, _OPTIMIZER.replace("self.net.parameters()", "[*self.v.parameters(), *self.adv.parameters()]")),
    (Q, f"q = {_JOIN}(self.v(s), self.adv(s)).gather(1, a[:, None]).squeeze(1)"),
    (V, f"v = {_JOIN}(self.v_target(s2), self.adv_target(s2)).max(1).values"),
    (
        _ZIP,
        "zip([*self.v_target.parameters(), *self.adv_target.parameters()], [*self.v.parameters(), *self.adv.parameters()])",
    ),
]
_HEADS = "self.v_head, self.adv_head = nn.Linear(64, 1), nn.Linear(64, a)"
TWO_METHODS: Changes = [
    ("self.head = nn.Linear(64, a)", _HEADS),
    (
        "    def forward(self, x):\n        return self.head(self.body(x))\n",
        "    def value(self, x):\n        return self.v_head(self.body(x))\n\n"
        "    def advantage(self, x):\n        return self.adv_head(self.body(x))\n",
    ),
    (Q, f"q = {_JOIN}(self.net.value(s), self.net.advantage(s)).gather(1, a[:, None]).squeeze(1)"),
    (V, f"v = {_JOIN}(self.target.value(s2), self.target.advantage(s2)).max(1).values"),
]
FEATURES: Changes = [
    ("self.head = nn.Linear(64, a)", _HEADS),
    ("    def forward(self, x):\n        return self.head(self.body(x))\n", ""),
    (
        Q,
        f"h = self.net.body(s)\n        q = {_JOIN}(self.net.v_head(h), self.net.adv_head(h)).gather(1, a[:, None]).squeeze(1)",
    ),
    (
        V,
        f"h2 = self.target.body(s2)\n            v = {_JOIN}(self.target.v_head(h2), self.target.adv_head(h2)).max(1).values",
    ),
]
HEADS_RIGHT: dict[str, Changes] = {
    "value and advantage, two networks": TWO_NETWORKS,
    "value and advantage, two methods": TWO_METHODS,
    "value and advantage, heads on features": FEATURES,
}
HEADS_FAULTS: dict[str, tuple[str, Changes]] = {
    "two networks, mask missing": ("mask-missing", [*TWO_NETWORKS, ("* (1 - d) * v", "* v")]),
    "two networks, one trained": (
        "twin-untrained partly-trained",
        [*TWO_NETWORKS, ("[*self.v.parameters(), *self.adv.parameters()], lr", "self.adv.parameters(), lr")],
    ),
    "two methods, minimum": ("minimum", [*TWO_METHODS, (".max(1).values", ".min(1).values")]),
    "features, broadcast": ("broadcast", [*FEATURES, (".gather(1, a[:, None]).squeeze(1)", ".gather(1, a[:, None])")]),
}

SCALED: Changes = [
    (_OPTIMIZER, _OPTIMIZER + "\n        self.scaler = torch.amp.GradScaler('cpu', init_scale=1024.0)"),
    (
        STEP,
        "self.optimizer.zero_grad()\n        self.scaler.scale(loss).backward()\n"
        "        self.scaler.step(self.optimizer)\n        self.scaler.update()\n",
    ),
]
COMPILED: Changes = [("self.optimizer = ", "self.net = torch.compile(self.net)\n        self.optimizer = ")]
MANNER_RIGHT: dict[str, Changes] = {
    "scaled loss": SCALED,
    "compiled": COMPILED,
    "loss compiled": [
        (LOSS, "loss = squares(q, y)"),
        ("class Agent:\n", "@torch.compile\ndef squares(q, y):\n    return ((q - y) ** 2).mean()\n\n\nclass Agent:\n"),
    ],
}
MANNER_FAULTS: dict[str, tuple[str, Changes]] = {
    "scaled loss, mask missing": ("mask-missing", [*SCALED, ("* (1 - d) * v", "* v")]),
    "compiled, mask missing": ("mask-missing", [*COMPILED, ("* (1 - d) * v", "* v")]),
}
HALF = [
    (
        Q,
        "with torch.autocast('cpu', torch.bfloat16):\n            full = self.net(s)\n        "
        + Q.replace("self.net(s)", "full.float()"),
    )
]
FUNCTIONAL: Changes = [
    (
        STEP,
        "new = {k: p - 1e-3 * g[k] for k, p in w.items()}\n        self.net.load_state_dict(new)\n",
    ),
    (
        Q,
        "w = {k: p.detach() for k, p in self.net.named_parameters()}\n\n"
        "        def loss_of(w):\n"
        "            q = torch.func.functional_call(self.net, w, (s,)).gather(1, a[:, None]).squeeze(1)\n"
        "            return F.mse_loss(q, y)\n",
    ),
    (LOSS, "g = torch.func.grad(loss_of)(w)"),
]

# Two choices at once: the action's two bits choose in two heads.
BRANCHES: Changes = [
    ("self.head = nn.Linear(64, a)", "self.first, self.second = nn.Linear(64, 2), nn.Linear(64, 2)"),
    (
        "return self.head(self.body(x))",
        "h = self.body(x)\n        return torch.stack([self.first(h), self.second(h)], 1)",
    ),
    (Q, "bits = torch.stack([a % 2, a // 2], 1)\n        q = self.net(s).gather(2, bits[..., None]).squeeze(2)"),
    (V, "v = self.target(s2).max(2).values.mean(1)"),
    (LOSS, "loss = F.mse_loss(q, y[:, None].expand(-1, 2))"),
]
BRANCHES_AS_A_LIST: Changes = [
    BRANCHES[0],
    ("return self.head(self.body(x))", "h = self.body(x)\n        return self.first(h), self.second(h)"),
    (
        Q,
        "bits = torch.stack([a % 2, a // 2], 1)\n"
        "        q = torch.cat([x.gather(1, bits[:, i, None]) for i, x in enumerate(self.net(s))], 1)",
    ),
    (V, "v = torch.stack([x.max(1).values for x in self.target(s2)]).mean(0)"),
    BRANCHES[4],
]

_CLASSES = TD3[TD3.index("class Buffer") : TD3.index("class Agent")]
NAF = (
    TD3[: TD3.index("class Actor")]
    + """
class Naf(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.a = a
        self.body = nn.Sequential(nn.Linear(o, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        self.v, self.mu, self.low = nn.Linear(64, 1), nn.Linear(64, a), nn.Linear(64, a * a)

    def forward(self, s, action=None):
        h = self.body(s)
        v, mu = self.v(h), torch.tanh(self.mu(h))
        if action is None:
            return mu, None, v
        low = self.low(h).view(-1, self.a, self.a)
        low = low.tril(-1) + torch.diag_embed(low.diagonal(dim1=1, dim2=2).exp())
        u = (action - mu).unsqueeze(2)
        q = v - 0.5 * (u.transpose(1, 2) @ low @ low.transpose(1, 2) @ u).squeeze(2)
        return mu, q, v


"""
    + _CLASSES
    + """
class Agent:
    def __init__(self, o=5, a=3):
        self.net, self.target = Naf(o, a), Naf(o, a)
        self.optimizer = torch.optim.Adam(self.net.parameters(), 1e-3)
        self.buffer, self.gamma, self.tau = Buffer(5000, o, a), 0.99, 0.005

    def learn(self, batch=40):
        s, a, r, s2, d = self.buffer.sample(batch)
        with torch.no_grad():
            v = self.target(s2)[2]
        y = r + self.gamma * (1 - d) * v
        q = self.net(s, a)[1]
        loss = F.mse_loss(q, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        for t, p in zip(self.target.parameters(), self.net.parameters()):
            t.data.lerp_(p.data, self.tau)
"""
)
NAF_RIGHT: dict[str, Changes] = {"NAF": []}
NAF_FAULTS: dict[str, tuple[str, Changes]] = {
    # ikostrikov's issue #16 in our own words: the mask belongs to the value, and is added to it.
    "NAF, mask missing": ("mask-missing", [("* (1 - d) * v", "* v")]),
    "NAF, bootstrap gradient": (
        "bootstrap-gradient td-online",
        [("with torch.no_grad():", "if True:"), ("self.target(s2)[2]", "self.net(s2)[2]")],
    ),
}

# An encoder before policy and critics, whose features the actor sees detached (as in SAC from images).
ENCODER: Changes = [
    (
        "class Policy(nn.Module):",
        "class Encoder(nn.Module):\n    def __init__(self, o):\n        super().__init__()\n        self.l = nn.Linear(o, 12)\n\n    def forward(self, s):\n        return torch.tanh(self.l(s))\n\n\nclass Policy(nn.Module):",
    ),
    (
        "Policy(o, a), Q(o, a), Q(o, a)",
        "Policy(12, a), Q(12, a), Q(12, a)\n        self.encoder = Encoder(o)\n        self.encoder_target = copy.deepcopy(self.encoder)",
    ),
    (
        "[*self.q1.parameters(), *self.q2.parameters()]",
        "[*self.encoder.parameters(), *self.q1.parameters(), *self.q2.parameters()]",
    ),
    (
        "a2, log_pi2 = self.policy.sample(s2)",
        "h2 = self.encoder_target(s2)\n            a2, log_pi2 = self.policy.sample(self.encoder(s2))",
    ),
    ("self.q1_target(s2, a2), self.q2_target(s2, a2)", "self.q1_target(h2, a2), self.q2_target(h2, a2)"),
    (
        "F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)",
        "(lambda h: F.mse_loss(self.q1(h, a), y) + F.mse_loss(self.q2(h, a), y))(self.encoder(s))",
    ),
    ("mu, log_pi = self.policy.sample(s)", "h = self.encoder(s).detach()\n        mu, log_pi = self.policy.sample(h)"),
    ("torch.min(self.q1(s, mu), self.q2(s, mu))", "torch.min(self.q1(h, mu), self.q2(h, mu))"),
    ("(self.q2, self.q2_target))", "(self.q2, self.q2_target), (self.encoder, self.encoder_target))"),
]
ENCODER_RIGHT: dict[str, Changes] = {"SAC with an encoder": ENCODER}
ENCODER_FAULTS: dict[str, tuple[str, Changes]] = {
    "SAC with an encoder, mask missing": ("mask-missing", [*ENCODER, ("* (1 - d) * v", "* v")]),
    "SAC with an encoder, actor's sign": (
        "actor-sign",
        [*ENCODER, ("alpha * log_pi - torch", "alpha * log_pi + torch")],
    ),
}
