"""Shapes of public updates that were met in a third round, in our own words: right ones are clean, faults are named."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from gradexaminer import examine
from gradexaminer.analysis.critic.candidates import Candidate
from gradexaminer.analysis.critic.evidence import Label
from gradexaminer.analysis.critic.shifted import of_log_pi
from gradexaminer.recording.rows import HERE, NEXT, RowIndex
from gradexaminer.transitions import Spaces, make_transitions
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_dqn
from tests.gradexaminer.sources import V, changed

GLOBALS = (
    sources.DQN
    + """

net, target = Net(5, 4), Net(5, 4)
optimizer, memory = torch.optim.Adam(net.parameters(), 1e-3), []


def learn():
    rows = random.sample(memory, 32)
    s, a, r, s2, d = (torch.as_tensor(np.array(x)) for x in zip(*rows))
    with torch.no_grad():
        y = r.float() + 0.99 * (1 - d.float()) * target(s2).max(1).values
    loss = F.mse_loss(net(s).gather(1, a[:, None]).squeeze(1), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    target.load_state_dict(net.state_dict())
"""
)


def test_a_network_that_is_reached_in_two_ways_is_no_alias(load):
    m = load(GLOBALS)
    report = examine(
        lambda: vars(m), lambda x, t: x["memory"].append(t.as_tuple()), lambda x: x["learn"](), n_actions=4
    )
    assert report.verdict == "nothing to object to", str(report)


def test_an_alias_of_another_name_is_one(load):
    m = load(GLOBALS.replace("net, target = Net(5, 4), Net(5, 4)", "net = target = Net(5, 4)"))
    report = examine(
        lambda: vars(m), lambda x, t: x["memory"].append(t.as_tuple()), lambda x: x["learn"](), n_actions=4
    )
    assert "alias" in report.codes, str(report)


def test_rows_of_a_running_environment_whose_entries_were_rescaled():
    made = make_transitions(Spaces((5,), 4), 60, np.random.default_rng(0))
    index = RowIndex(5)
    for k, (t, later) in enumerate(pairwise(made)):
        index.also(k, HERE, t.obs)
        index.also(k, NEXT, later.obs)  # one value stands for both, so that it is known twice
    seen = np.stack([t.obs for t in made[:20]]) * np.array([1, 1, 1, 1, 1 / 24], np.float32)
    keys = index.find(seen)
    assert keys is not None
    assert keys.index.tolist() == list(range(20))


LAYERS = """class Net(nn.Module):
    def __init__(self, o, n):
        super().__init__()
        self.one, self.two, self.out = nn.Linear(o, 64), nn.Linear(64, 64), nn.Linear(64, n)

    def values(self, x):
        return self.out(F.relu(self.two(F.relu(self.one(x)))))
"""
BY_METHOD = [
    (sources.DQN[sources.DQN.index("class Net") : sources.DQN.index("\n\nclass Agent")], LAYERS),
    ("self.net(s)", "self.net.values(s)"),
    (V, "v = self.target.values(s2).max(1).values"),
]


def test_a_network_without_forward_whose_layers_its_methods_ask(load):
    report = examine_dqn(load(changed(sources.DQN, BY_METHOD)))
    assert report.verdict == "nothing to object to", str(report)
    report = examine_dqn(load(changed(sources.DQN, [*BY_METHOD, ("* (1 - d) * v", "* v")])))
    assert report.codes == {"mask-missing"}, str(report)


DUELING = LAYERS.replace("values(self, x)", "forward(self, x)").replace(
    "        return self.out(F.relu(self.two(F.relu(self.one(x)))))\n",
    "        x = F.relu(self.one(x))\n"
    "        a = self.out(F.relu(self.two(x)))\n"
    "        return x.sum(1, keepdim=True) + a - {mean}\n",
)


@pytest.mark.parametrize(
    ("mean", "codes"), [("a.mean(1, keepdim=True)", set()), ("a.mean()", {"advantage-averaged"})], ids=["row", "batch"]
)
def test_the_mean_advantage_of_a_row_and_of_the_batch(mean, codes, load):
    new = [(BY_METHOD[0][0], DUELING.format(mean=mean))]
    report = examine_dqn(load(changed(sources.DQN, new)))
    assert report.codes == codes, str(report)


def test_batch_normalization_is_no_mean_advantage(load):
    normed = DUELING.format(mean="a.mean(1, keepdim=True)").replace(
        "nn.Linear(64, 64)", "nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64))"
    )
    report = examine_dqn(load(changed(sources.DQN, [(BY_METHOD[0][0], normed)])))
    assert "advantage-averaged" not in report.codes, str(report)


@pytest.mark.parametrize(
    ("temperatures", "said"), [((0.2, 0.2, 0.2), 0.2), ((0.2, 0.3, 0.1), None), ((0.2, 0.2), None)]
)
def test_a_shift_is_of_log_pi_where_its_factor_is_the_same_in_every_update(temperatures, said):
    rng, found = np.random.default_rng(0), []
    for alpha in temperatures:
        log_pi = rng.normal(size=8) - 3
        value = Candidate("target critic", rng.normal(size=8), np.ones(8, bool), entropy={"log pi": log_pi})
        shift = -0.99 * alpha * float(log_pi.mean())
        found.append(Label(value, "live", "plain", 2.0, 0.99, 1.0, 0.0, "", shift, "squared", np.nan, "shifted"))
    assert of_log_pi(found) == (pytest.approx(said) if said else None)


STORED = [
    ("self.gamma, self.tau", "self.stored, self.copy_every = 0, 5000\n        self.gamma, self.tau"),
    ("        self.memory.append(", "        self.stored += 1\n        self.memory.append("),
    (
        "        self.sync()\n",
        "        if self.stored % self.copy_every == 0:\n"
        "            self.target.load_state_dict(self.net.state_dict())\n",
    ),
]


def test_a_target_that_is_copied_by_the_number_of_stored_transitions(load):
    report = examine_dqn(load(changed(sources.DQN, STORED)))
    assert report.verdict == "nothing to object to", str(report)
    assert any("copied now and then" in text for text in report.conventions)


AROUND = '''
import copy
import random

import torch
import torch.nn.functional as F
from torch import nn


class Both(nn.Module):
    """Holds every network; its forward does nothing."""

    def __init__(self):
        super().__init__()
        self.policy = nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 2), nn.Tanh())
        self.q = nn.Sequential(nn.Linear(7, 64), nn.ReLU(), nn.Linear(64, 1))
        self.policy_targ, self.q_targ = copy.deepcopy(self.policy), copy.deepcopy(self.q)
        self.steps = [torch.optim.Adam(x.parameters(), 1e-3) for x in (self.q, self.policy)]

    def forward(self, x):
        pass

    def act(self, s):
        return 2 * self.policy(s)

    def target_act(self, s):
        return 2 * self.policy_targ(s)

    def value(self, s, a):
        return self.q(torch.cat([s, a], 1))

    def learn(self, memory):
        s, a, r, s2, d = (torch.as_tensor([list(x) if hasattr(x, "__len__") else [float(x)] for x in xs]).float()
                          for xs in zip(*random.sample(memory, 64)))
        y = r + 0.99 * (1 - d) * self.q_targ(torch.cat([s2, self.target_act(s2)], 1)).detach()
        for step, loss in zip(self.steps, (lambda: F.mse_loss(self.value(s, a), y),
                                           lambda: -self.value(s, self.act(s)).mean())):
            step.zero_grad()
            loss().backward()
            step.step()
        for net, target in ((self.q, self.q_targ), (self.policy, self.policy_targ)):
            for p, t in zip(net.parameters(), target.parameters()):
                t.data.lerp_(p.data, 0.01)
'''


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [("", "", set()), ("return 2 * self.policy_targ(s)", "return self.policy_targ(s)", {"target-action-units"})],
    ids=["right", "target action without its factor"],
)
def test_a_module_whose_forward_does_nothing_holds_networks(old, new, codes, load):
    m = load(AROUND.replace(old, new))
    x = (m.Both(), [])
    report = examine(
        lambda: x, lambda x, t: x[1].append(t.as_tuple()), lambda x: x[0].learn(x[1]), low=[-2.0] * 2, high=[2.0] * 2
    )
    assert report.codes == codes, str(report)


def test_mean_and_spread_of_one_action_are_no_state_value_and_no_log_pi(load):
    outside = [
        ("mu, log_pi = self.policy.sample(s)", "mu, log_pi = sampled(self.policy, s)"),
        ("a2, log_pi2 = self.policy.sample(s2)", "a2, log_pi2 = sampled(self.policy, s2)"),
    ]
    text = (
        changed(sources.SAC, outside)
        + """

def sampled(policy, s):
    mean, log_std = policy(s)
    u = mean + log_std.exp() * torch.randn_like(mean)
    log_pi = torch.distributions.Normal(mean, log_std.exp()).log_prob(u) - torch.log(1 - torch.tanh(u) ** 2 + 1e-6)
    return torch.tanh(u), log_pi.sum(1, keepdim=True)
"""
    )
    m = load(text)
    report = examine(
        lambda: m.Agent(5, 1),
        lambda agent, t: agent.buffer.add(*t.as_tuple()),
        lambda agent: agent.learn(),
        low=[-1.0],
        high=[1.0],
    )
    assert not report.codes, str(report)
