"""Distributional, recurrent and on-policy agents are not examined, and told so; nothing of theirs is accused."""

from __future__ import annotations

import pytest

from gradexaminer import examination, examine
from tests.gradexaminer.conftest import seed_all

HEAD = """
import collections, copy, random
import numpy as np, torch
from torch import nn
import torch.nn.functional as F


def net(i, o):
    return nn.Sequential(nn.Linear(i, 32), nn.Tanh(), nn.Linear(32, o))


class Base:
    def __init__(self, o=5, a=4):
        self.memory = collections.deque(maxlen=2000)
        self.build(o, a)

    def remember(self, *row):
        self.memory.append(row)

    def arrays(self, rows):
        o, a, r, n, d = (torch.tensor(np.array(x)) for x in zip(*rows))
        return o.float(), a, r.float(), n.float(), d.float()

    def take(self, loss):
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
"""
QUANTILES = """
class Agent(Base):
    def build(self, o, a):
        self.a, self.atoms = a, 21
        self.net = net(o, a * self.atoms)
        self.target = copy.deepcopy(self.net)
        self.optimizer = torch.optim.Adam(self.net.parameters(), 1e-3)

    def learn(self):
        o, a, r, n, d = self.arrays(random.sample(list(self.memory), 32))
        rows = torch.arange(32)
        with torch.no_grad():
            q = self.target(n).view(32, self.a, self.atoms)
            y = r[:, None] + 0.99 * (1 - d[:, None]) * q[rows, q.mean(-1).argmax(1)]
        x = self.net(o).view(32, self.a, self.atoms)[rows, a]
        u = y[:, None, :] - x[:, :, None]
        tau = (torch.arange(self.atoms) + 0.5) / self.atoms
        self.take(((tau[None, :, None] - (u < 0).float()).abs() * F.huber_loss(u, 0 * u, reduction="none")).mean())
        for t, p in zip(self.target.parameters(), self.net.parameters()):
            t.data.lerp_(p.data, 0.01)
"""
CATEGORIES = (
    QUANTILES[: QUANTILES.index("        with torch.no_grad")]
    + """
        z = torch.linspace(-10, 10, self.atoms)
        with torch.no_grad():
            p = self.target(n).view(32, self.a, self.atoms).softmax(-1)
            p = p[rows, (p * z).sum(-1).argmax(1)]
            at = (r[:, None] + 0.99 * (1 - d[:, None]) * z).clamp(-10, 10)
            m = ((1 - (at[:, None, :] - z[None, :, None]).abs()).clamp(0, 1) * p[:, None, :]).sum(-1)
        x = self.net(o).view(32, self.a, self.atoms)[rows, a]
        self.take(-(m * x.log_softmax(-1)).sum(-1).mean())
        for t, p in zip(self.target.parameters(), self.net.parameters()):
            t.data.lerp_(p.data, 0.01)
"""
)
RECURRENT = """
class Recurrent(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.gru, self.head = nn.GRU(o, 32, batch_first=True), nn.Linear(32, a)

    def forward(self, x):
        return self.head(self.gru(x)[0])


class Agent(Base):
    def build(self, o, a):
        self.net, self.target = Recurrent(o, a), Recurrent(o, a)
        self.optimizer = torch.optim.Adam(self.net.parameters(), 1e-3)

    def learn(self):
        rows = list(self.memory)
        starts = [random.randrange(len(rows) - 8) for _ in range(16)]
        o, a, r, n, d = (x.unflatten(0, (16, 8)) for x in self.arrays([t for s in starts for t in rows[s : s + 8]]))
        q = self.net(o).gather(2, a[..., None]).squeeze(-1)
        with torch.no_grad():
            y = r + 0.99 * (1 - d) * self.target(n).max(-1).values
        self.take(F.mse_loss(q, y))
        self.target.load_state_dict(self.net.state_dict())
"""
ON_POLICY = """
class Agent(Base):
    def build(self, o, a):
        self.actor, self.critic = net(o, a), net(o, 1)
        self.optimizer = torch.optim.Adam([*self.actor.parameters(), *self.critic.parameters()], 1e-3)

    def learn(self):
        o, a, r, n, d = self.arrays(list(self.memory)[-32:])
        v = self.critic(o).squeeze(-1)
        with torch.no_grad():
            y = r + 0.99 * (1 - d) * self.critic(n).squeeze(-1)
        pi = torch.distributions.Categorical(logits=self.actor(o))
        self.take(-(pi.log_prob(a) * (y - v).detach()).mean() + F.mse_loss(v, y) - 0.01 * pi.entropy().mean())
"""
GAUSSIAN = ON_POLICY.replace("Categorical(logits=self.actor(o))", "Normal(self.actor(o), 0.3)").replace(
    "pi.log_prob(a)", "pi.log_prob(a).sum(-1)"
)
POLICY_ALONE = ON_POLICY.replace("(y - v).detach()", "r").replace(" + F.mse_loss(v, y)", "").replace("[-32:]", "[:32]")
CASES = {
    "C51": (CATEGORIES, "84 outputs for 4 actions", set()),
    "QR-DQN": (QUANTILES, "84 outputs for 4 actions", {"untaken"}),
    "DRQN": (RECURRENT, "it holds a layer GRU", set()),
    "A2C": (ON_POLICY, "each row's gradient adds up to 0", set()),
    "REINFORCE": (POLICY_ALONE, "each row's gradient adds up to 0", set()),
}


def report_of(load, text: str, **actions):
    module = load(HEAD + text)
    seed_all(0)
    actions = actions or {"n_actions": 4}
    a = len(actions["low"]) if "low" in actions else 4
    return examine(lambda: module.Agent(5, a), lambda x, t: x.remember(*t.as_tuple()), lambda x: x.learn(), **actions)


@pytest.mark.parametrize("name", CASES)
def test_what_is_outside_of_the_scope_is_told_and_not_accused(name, load):
    text, evidence, _ = CASES[name]
    report = report_of(load, text)
    assert report.verdict == "not seen", str(report)
    (found,) = report.of("not seen")
    assert found.code == "out-of-scope"
    assert evidence in found.evidence
    assert "are not examined)" in found.evidence


@pytest.mark.parametrize("name", [n for n, (_, _, codes) in CASES.items() if codes])
def test_without_the_scope_right_code_would_be_accused(name, load, monkeypatch):
    monkeypatch.setattr(examination, "examine_scope", lambda seen, views, report: (views, True))
    text, _, codes = CASES[name]
    assert report_of(load, text).codes == codes


def test_a_policy_over_continuous_actions(load):
    report = report_of(load, GAUSSIAN, low=[-1.0] * 3, high=[1.0] * 3)
    assert [f.code for f in report.findings] == ["out-of-scope"], str(report)
    assert "the gradient comes through log pi" in report.findings[0].evidence


def test_an_update_that_empties_its_buffer(load):
    emptied = ON_POLICY.replace("        v = self", "        self.memory.clear()\n        v = self").replace(
        "def learn(self):\n", "def learn(self):\n        if len(self.memory) < 1100:\n            return\n"
    )
    report = report_of(load, emptied)
    assert [f.code for f in report.findings] == ["out-of-scope"], str(report)
    assert "each row's gradient adds up to 0" in report.findings[0].evidence


def test_a_policy_beside_a_critic_of_all_actions_is_no_reason_to_look_away(load):
    """The critic of a discrete SAC is examined: its mask is missing here, and that is said."""
    text = (
        ON_POLICY.replace("net(o, 1)", "net(o, a)")
        .replace("* (1 - d) ", "")
        .replace("self.critic(n).squeeze(-1)", "self.critic(n).max(1).values")
        .replace("self.critic(o).squeeze(-1)", "self.critic(o).gather(1, a[:, None]).squeeze(-1)")
    )
    assert report_of(load, text).codes == {"mask-missing"}
