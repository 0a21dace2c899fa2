"""Agents with further networks: a state value, a model of the environment, an actor that is shown more than a state."""

from __future__ import annotations

from tests.gradexaminer.sources import _SV, TD3
from tests.gradexaminer.styles import Changes

_TWINS = "        self.q1_target, self.q2_target = copy.deepcopy(self.q1), copy.deepcopy(self.q2)\n"
_V_LEARNS = """        with torch.no_grad():
            a1, log_pi1 = self.policy.sample(s)
            goal = torch.min(self.q1(s, a1), self.q2(s, a1)) - alpha * log_pi1
        v_loss = F.mse_loss(self.v(s), goal)
        self.v_optimizer.zero_grad()
        v_loss.backward()
        self.v_optimizer.step()
"""
STATE_VALUE: Changes = [
    (
        _TWINS,
        "        self.v = nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))\n"
        "        self.v_target = copy.deepcopy(self.v)\n"
        "        self.v_optimizer = torch.optim.Adam(self.v.parameters(), 3e-4)\n",
    ),
    ("            a2, log_pi2 = self.policy.sample(s2)\n", ""),
    (_SV, "v = self.v_target(s2)"),
    ("        mu, log_pi = self.policy.sample(s)\n", f"{_V_LEARNS}        mu, log_pi = self.policy.sample(s)\n"),
    ("((self.q1, self.q1_target), (self.q2, self.q2_target))", "((self.v, self.v_target),)"),
]
OF_STORED = ("self.q1(s, a1), self.q2(s, a1)", "self.q1(s, a), self.q2(s, a)")
OF_NEXT = ("a1, log_pi1 = self.policy.sample(s)", "a1, log_pi1 = self.policy.sample(s2)")

_ADAM = "        self.buffer, self.gamma"
_LEARNS = "        loss = F.mse_loss(self.q1(s, a), y)"


def with_model(outputs: str, error: str) -> Changes:
    """A network that is shown s and a, and learns by this error of its outputs `x`."""
    made = (
        f"        self.model = nn.Sequential(nn.Linear(o + a, 64), nn.ReLU(), nn.Linear(64, {outputs}))\n"
        "        self.model_optimizer = torch.optim.Adam(self.model.parameters(), 1e-3)\n"
    )
    learns = (
        f"        x = self.model(torch.cat([s, a], 1))\n        model_loss = ({error}).pow(2).mean()\n"
        "        self.model_optimizer.zero_grad()\n        model_loss.backward()\n        self.model_optimizer.step()\n"
    )
    return [(_ADAM, made + _ADAM), (_LEARNS, learns + _LEARNS)]


MODELS: dict[str, Changes] = {
    "the next state": with_model("o", "x - s2"),
    "the change of the state": with_model("o", "x - (s2 - s)"),
    "the state that its outputs are added to": with_model("o", "s + x - s2"),
    "the next state and the reward": with_model("o + 1", "x - torch.cat([s2, r], 1)"),
    "the reward": with_model("1", "x - r"),
    "the ends": [
        (old, new.replace("(x).pow(2).mean()", "F.binary_cross_entropy_with_logits(x, d)"))
        for old, new in with_model("1", "x")
    ],
    "a mean and a spread of the next state": with_model("2 * o", "(x[:, :5] - s2) * (-x[:, 5:]).exp()"),
}
_KEPT = "        self.memory = "
_ASKED = "        q = self.net(s)"


def beside_dqn(inputs: str, outputs: str, shown: str, error: str) -> Changes:
    """A further network of a DQN."""
    made = (
        f"        self.model = nn.Linear({inputs}, {outputs})\n"
        "        self.model_optimizer = torch.optim.Adam(self.model.parameters(), 1e-3)\n"
    )
    learns = (
        f"        x = self.model({shown})\n        model_loss = ({error}).pow(2).mean()\n"
        "        self.model_optimizer.zero_grad()\n        model_loss.backward()\n        self.model_optimizer.step()\n"
    )
    return [(_KEPT, made + _KEPT), (_ASKED, learns + _ASKED)]


_ONE_HOT = "torch.cat([s, F.one_hot(a, self.a).float()], 1)"
BESIDE_DQN: dict[str, Changes] = {
    "the next state": beside_dqn("o + a", "o", _ONE_HOT, "x - s2"),
    "the next state from the state alone": beside_dqn("o", "o", "s", "x - s2"),
    "the reward of each action": beside_dqn("o", "a", "s", "x.gather(1, a[:, None]).squeeze(1) - r"),
}

_SHOWN = "torch.tanh(self.l3(F.relu(self.l2(F.relu(self.l1(s))))))"
GOALS: Changes = [
    (
        "nn.Linear(o, 64), nn.Linear(64, 64), nn.Linear(64, a)",
        "nn.Linear(o + 7, 64), nn.Linear(64, 64), nn.Linear(64, a)",
    ),
    ("def forward(self, s):", "def forward(self, s, goal):"),
    (_SHOWN, _SHOWN.replace("(s)", "(torch.cat([s, goal], 1))")),
    ("        self.n += 1\n        s, a,", "        self.n += 1\n        goal = torch.zeros(batch, 7)\n        s, a,"),
    ("self.actor_target(s2)", "self.actor_target(s2, goal)"),
    ("self.actor(s)", "self.actor(s, goal)"),
]
assert _SHOWN in TD3
_V = "v = torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2))"
_A2 = "a2 = self.actor_target(s2)"
CHANGED: dict[str, str] = {
    "noise and a clamp": "x2 = (s2 + 0.2 * torch.randn_like(s2)).clamp(-1, 1)",
    "a clamp": "x2 = s2.clamp(-0.8, 0.8)",
    "noise": "x2 = s2 + 0.1 * torch.randn_like(s2)",
    "one number for all": "x2 = (s2 + 0.2 * torch.randn(())).clamp(-1, 1)",
}


def changed_states(how: str) -> Changes:
    """The label's critics are shown another s' than the target actor."""
    return [(_V, f"{how}\n            {_V.replace('(s2,', '(x2,')}")]
