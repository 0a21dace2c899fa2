"""Shapes of the twelfth round: entropies that an actor returns, small terms, graphs that last, frames in a ring."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradexaminer import examine, watch
from gradexaminer.analysis.reading.fits import fit
from gradexaminer.recording.rows import HERE, NEXT, RowIndex
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, seed_all
from tests.gradexaminer.sources import changed
from tests.gradexaminer.styles_sac import DISCRETE_SAC as DISCRETE

SEEDS = (0, 1, 2)
RIGHT = "nothing to object to"


def told(report) -> list[tuple[str, str]]:
    return [(f.level, f.code) for f in report.findings if f.level != "note"]


ENTROPY = """
class Policy(Net):
    def entropy(self, x):
        return torch.distributions.Categorical(logits=self(x)).entropy()


class Agent:"""
RETURNED = [
    ("\nclass Agent:", ENTROPY),
    ("self.policy, self.q1, self.q2 = Net(o, a)", "self.policy, self.q1, self.q2 = Policy(o, a)"),
    ("(pi * log_pi).sum(1) + self.target_entropy", "-self.policy.entropy(s) + self.target_entropy"),
]


def test_an_entropy_that_the_policy_returns_is_not_mistaken_for_log_pi(load):
    right = load(changed(DISCRETE, RETURNED))
    wrong = load(changed(DISCRETE, [*RETURNED, ("alpha_loss = -(", "alpha_loss = (")]))
    for seed in SEEDS:
        report = examine_dqn(right, seed)
        assert report.verdict == RIGHT, str(report)
        assert any("temperature: learned" in x for x in report.conventions)
        assert told(examine_dqn(wrong, seed)) == [("fault", "temperature-sign")]


def test_an_actor_that_returns_minus_log_pi_has_an_entropy(load):
    minus = [("return a, log_pi", "return a, -log_pi"), ("- alpha * log_pi2", "+ alpha * log_pi2")]
    rest = [("(alpha * log_pi - ", "(-alpha * log_pi - "), ("(log_pi + self", "(-log_pi + self")]
    outside = changed(sources.SAC, sources.SAC_RIGHT["policy returns a distribution"])
    assert "return a, log_pi" not in outside  # there, no network returns it
    right = load(changed(sources.SAC, [*minus, *rest]))
    for seed in SEEDS:
        assert examine_continuous(right, seed).verdict == RIGHT


SMALL = [("self.log_alpha.exp().detach() * 0.2", "self.log_alpha.exp().detach() * 0.002")]


def test_a_temperature_of_a_thousandth_leaves_gamma_what_it_is(load):
    right = load(changed(DISCRETE, SMALL))
    wrong = load(changed(DISCRETE, [*SMALL, ("y = r + self.gamma *", "y = r + 0.97 *")]))
    for seed in SEEDS:
        report = examine_dqn(right, seed)
        assert report.verdict == RIGHT, str(report)
        assert any("minus alpha log pi" in x for x in report.conventions)
        assert told(examine_dqn(wrong, seed)) == [("fault", "gamma-other")]


def test_a_coefficient_is_as_certain_as_what_is_left_over_allows():
    rng = np.random.default_rng(0)
    x, z, rows = rng.normal(size=60), rng.normal(size=60), np.ones(60, bool)
    y = 2 * x + 3 * z + 1e-4 * rng.normal(size=60)
    found = fit(y, {"x": x, "z": z}, rows)
    assert 1e-6 < found.errors["x"] < 1e-4
    assert abs(found.coefficients["x"] - 2) < 5 * found.errors["x"]
    assert fit(y + rng.normal(size=60), {"x": x, "z": z}, rows).errors == {}


TWINS = "torch.min(self.q1_target(s2), self.q2_target(s2))"


def test_the_mean_of_two_critics_is_a_label_of_discrete_sac(load):
    mean = (TWINS, "(self.q1_target(s2) + self.q2_target(s2)) / 2")
    right, wrong = load(changed(DISCRETE, [mean])), load(changed(DISCRETE, [mean, ("(1 - d) * v", "v")]))
    for seed in SEEDS:
        assert examine_dqn(right, seed).verdict == RIGHT
        assert told(examine_dqn(wrong, seed)) == [("fault", "mask-missing")]


def test_a_label_with_an_entry_for_each_action_is_named(load):
    each = "v = pi2 * (torch.min(self.q1_target(s2), self.q2_target(s2)) - alpha * log_pi2)"
    label = ("y = r + self.gamma * (1 - d) * v", "y = (r + self.gamma * (1 - d) * v.T).T")
    loss = (
        "F.mse_loss(q1, y) + F.mse_loss(q2, y)",
        "((q1[:, None] - y) ** 2).mean() + ((q2[:, None] - y) ** 2).mean()",
    )
    wrong = load(
        changed(
            DISCRETE,
            [
                (f"{each}.sum(1)".replace("v = pi2 * (", "v = (pi2 * (", 1).replace(").sum", ")).sum"), each),
                label,
                loss,
            ],
        )
    )
    for seed in SEEDS:
        assert told(examine_dqn(wrong, seed)) == [("fault", "several-labels")]


def test_a_target_no_layer_of_which_is_called_has_no_part_in_an_unknown_label(load):
    unknown = ("loss = F.mse_loss(q, y)", "loss = ((q - torch.sin(3 * y)) ** 2).mean()")
    online = (sources.V, "v = self.net(s2).max(1).values")
    wrong, other = load(changed(sources.DQN, [unknown, online])), load(changed(sources.DQN, [unknown]))
    for seed in SEEDS:
        assert ("fault", "td-online") in told(examine_dqn(wrong, seed))
        assert told(examine_dqn(other, seed)) == [("suspicion", "unexplained")]


class Agent:
    """A DDPG whose networks are scripted."""

    def __init__(self) -> None:
        make = lambda i, o: torch.jit.script(nn.Sequential(nn.Linear(i, 32), nn.ReLU(), nn.Linear(32, o)))  # noqa: E731
        self.actor, self.actor_target, self.critic, self.critic_target = make(5, 3), make(5, 3), make(8, 1), make(8, 1)
        self.actor_optim = torch.optim.Adam(self.actor.parameters(), 1e-3)
        self.critic_optim = torch.optim.Adam(self.critic.parameters(), 1e-3)
        self.gamma = 0.99

    def learn(self, batch, masked: bool = True) -> None:
        s, a, r, s2, d = batch.tensors(column=True)
        with torch.no_grad():
            v = self.critic_target(torch.cat([s2, torch.tanh(self.actor_target(s2))], 1))
        loss = F.mse_loss(self.critic(torch.cat([s, a], 1)), r + self.gamma * (1 - d * masked) * v)
        self.critic_optim.zero_grad()
        loss.backward()
        self.critic_optim.step()
        loss = -self.critic(torch.cat([s, torch.tanh(self.actor(s))], 1)).mean()
        self.actor_optim.zero_grad()
        loss.backward()
        self.actor_optim.step()
        for one, target in ((self.actor, self.actor_target), (self.critic, self.critic_target)):
            for p, t in zip(one.parameters(), target.parameters(), strict=True):
                t.data.copy_(0.005 * p.data + 0.995 * t.data)


@pytest.mark.parametrize("masked", [True, False])
def test_scripted_networks_are_examined_as_they_are(masked):
    seed_all(0)
    report = examine(Agent, update=lambda agent, b: agent.learn(b, masked), low=[-1.0] * 3, high=[1.0] * 3)
    assert told(report) == ([] if masked else [("fault", "mask-missing")])


def without_a_replay(make, *, masked: bool) -> None:
    """Learn from each step's own value, which is kept from when the action was chosen, in groups of 16."""
    env = make()
    q = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 3))
    optimizer = torch.optim.Adam(q.parameters(), 1e-3)
    s, loss, n = env.reset()[0], 0.0, 0
    while True:
        values = q(torch.from_numpy(s))
        a = int(values.argmax())
        s2, r, terminated, truncated, _ = env.step(a)
        with torch.no_grad():
            after = q(torch.from_numpy(s2)).max()
        loss, n = loss + (r + 0.99 * (1 - terminated * masked) * after - values[a]) ** 2, n + 1
        if n % 16 == 0:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss = 0.0
        s = env.reset()[0] if terminated or truncated else s2


@pytest.mark.parametrize("masked", [True, False])
def test_a_graph_that_lasts_from_step_to_step_is_not_broken_by_fresh_weights(masked):
    pytest.importorskip("gymnasium")
    for seed in SEEDS:
        report = watch(lambda make: without_a_replay(make, masked=masked), n_actions=3, obs=4, seed=seed)
        assert told(report) == ([] if masked else [("fault", "mask-missing")])


def frames_in_a_ring(make, *, mask: str) -> None:
    """A replay that stores each observation once: the next one is that of the row stored after."""
    env, q, target, rng = make(), nn.Linear(4, 3), nn.Linear(4, 3), np.random.default_rng(0)
    optimizer, rows = torch.optim.Adam(q.parameters(), 1e-3), []
    s = env.reset()[0]
    for step in range(10**6):
        a = int(env.action_space.sample())
        s2, r, terminated, truncated, _ = env.step(a)
        rows.append((s, a, r, float(terminated), float(truncated)))
        s = env.reset()[0] if terminated or truncated else s2
        if len(rows) < 200:
            continue
        drawn = rng.integers(len(rows) - 1, size=32)
        now, after = torch.from_numpy(np.stack([rows[i][0] for i in drawn])), np.stack([rows[i + 1][0] for i in drawn])
        action, reward, ended, cut = (torch.tensor([rows[i][k] for i in drawn]) for k in range(1, 5))
        keep = {"both": (1 - ended) * (1 - cut), "none": torch.ones(32)}[mask]
        with torch.no_grad():
            y = reward + 0.99 * keep * target(torch.from_numpy(after)).max(1).values
        loss = F.mse_loss(q(now).gather(1, action[:, None])[:, 0], y.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 4 == 0:
            target.load_state_dict(q.state_dict())


@pytest.mark.parametrize(("mask", "code"), [("both", "mask-truncated"), ("none", "mask-missing")])
def test_next_states_that_are_the_rows_stored_after_are_known_again(mask, code):
    pytest.importorskip("gymnasium")
    for seed in SEEDS:
        report = watch(lambda make: frames_in_a_ring(make, mask=mask), n_actions=3, obs=4, seed=seed)
        assert ("fault", code) in told(report), str(report)
        assert not any(c == "unexplained" for _, c in told(report))


def test_a_row_of_a_running_environment_has_two_names():
    rows = RowIndex(2)
    first, second = np.array([1.0, 2.0], np.float32), np.array([3.0, 4.0], np.float32)
    rows.also(0, NEXT, first)
    assert not rows.doubled
    rows.also(1, HERE, first)
    rows.also(1, NEXT, second)
    keys = rows.find(first[None])
    assert keys is not None
    other = rows.other_end(keys, NEXT)
    assert other is not None
    assert (other.index[0], other.end[0]) == (0, NEXT)
    alone = rows.find(second[None])
    assert alone is not None
    assert rows.other_end(alone, HERE) is None


SELECT = """
    def select_action(self, state):
        a, _ = self.policy.sample(torch.from_numpy(state)[None])
        return (a * {}).detach().numpy()[0]

    def learn"""


@pytest.mark.parametrize(("size", "level"), [("2.0", "fault"), ("1.0", "suspicion")])
def test_what_the_agent_itself_chooses_proves_other_units(load, size, level):
    module = load(changed(sources.SAC, [("\n    def learn", SELECT.format(size))]))
    for seed in SEEDS:
        seed_all(seed)
        report = examine(
            lambda: module.Agent(5, 3),
            lambda agent, t: agent.buffer.add(*t.as_tuple()),
            lambda agent: agent.learn(),
            low=[-2.0] * 3,
            high=[2.0] * 3,
            seed=seed,
        )
        assert (level, "action-units") in told(report)


TWO = """
class Two(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.one, self.other = Q(o, a), Q(o, a)

    def forward(self, s, a):
        return self.one(s, a), self.other(s, a)


class Agent:
    def __init__(self, o=5, a=3):
        self.policy, self.q, self.q_target = Policy(o, a), Two(o, a), Two(o, a)
        self.q_target.load_state_dict(self.q.state_dict())
        self.policy_optimizer = torch.optim.Adam(self.policy.parameters(), 3e-4)
        self.q_optimizer = torch.optim.Adam(self.q.{}parameters(), 3e-4)
        self.buffer, self.gamma, self.tau = Buffer(5000, o, a), 0.99, 0.005

    def learn(self, batch=64):
        s, a, r, s2, d = self.buffer.sample(batch)
        with torch.no_grad():
            a2, log_pi2 = self.policy.sample(s2)
            y = r + self.gamma * (1 - d) * (torch.min(*self.q_target(s2, a2)) - 0.2 * log_pi2)
        loss = sum(F.mse_loss(q, y) for q in self.q(s, a))
        self.q_optimizer.zero_grad()
        loss.backward()
        self.q_optimizer.step()
        mu, log_pi = self.policy.sample(s)
        actor_loss = (0.2 * log_pi - torch.min(*self.q(s, mu))).mean()
        self.policy_optimizer.zero_grad()
        actor_loss.backward()
        self.policy_optimizer.step()
        for p, t in zip(self.q.parameters(), self.q_target.parameters()):
            t.data.copy_(self.tau * p.data + (1 - self.tau) * t.data)
"""


def test_a_twin_within_one_module_that_no_optimizer_holds_is_named(load):
    start = sources.SAC.index("class Agent")
    right, wrong = (load(sources.SAC[:start] + TWO.format(part)) for part in ("", "one."))
    for seed in SEEDS:
        assert examine_continuous(right, seed).verdict == RIGHT
        assert ("fault", "twin-untrained") in told(examine_continuous(wrong, seed))
        assert not any(code == "partly-trained" for _, code in told(examine_continuous(wrong, seed)))


GUMBEL = """
class Q1(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(o + a, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x, a):
        return self.net(torch.cat([x, a], 1))


class Agent:
    def __init__(self, o=5, a=4):
        self.policy, self.q1, self.q2 = Net(o, a), Q1(o, a), Q1(o, a)
        self.q1_target, self.q2_target = copy.deepcopy(self.q1), copy.deepcopy(self.q2)
        self.policy_optimizer = torch.optim.Adam(self.policy.parameters(), 3e-4)
        self.q_optimizer = torch.optim.Adam([*self.q1.parameters(), *self.q2.parameters()], 3e-4)
        self.memory, self.gamma, self.tau, self.batch = deque(maxlen=10000), 0.99, 0.005, 48

    def draw(self, s):
        logits = self.policy(s)
        a = F.gumbel_softmax(logits, hard=True)
        return a, (a * F.log_softmax(logits, 1)).sum(1, keepdim=True)

    def learn(self):
        s, a, r, s2, d = self.sample()
        a, r, d = F.one_hot(a, 4).float(), r[:, None], d[:, None]
        with torch.no_grad():
            a2, log_pi2 = self.draw(s2)
            v = torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2)) - 0.2 * log_pi2
            y = r + self.gamma * (1 - d) * v
        loss = F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)
        self.q_optimizer.zero_grad()
        loss.backward()
        self.q_optimizer.step()
        mu, log_pi = self.draw(s)
        loss = (0.2 * log_pi - torch.min(self.q1(s, mu), self.q2(s, mu))).mean()
        self.policy_optimizer.zero_grad()
        loss.backward()
        self.policy_optimizer.step()
        for net, target in ((self.q1, self.q1_target), (self.q2, self.q2_target)):
            for p, t in zip(net.parameters(), target.parameters()):
                t.data.copy_(self.tau * p.data + (1 - self.tau) * t.data)

"""
ONE_HOT_FAULTS = {
    "mask-missing": ("(1 - d) * v", "v"),
    "entropy-sign": ("- 0.2 * log_pi2", "+ 0.2 * log_pi2"),
    "actor-sign": ("0.2 * log_pi - torch", "0.2 * log_pi + torch"),
    "max-of-twins": ("v = torch.min", "v = torch.max"),
}


def one_hot(changes: list[tuple[str, str]]) -> str:
    return changed(DISCRETE[: DISCRETE.index("class Agent")] + GUMBEL + FEEDING, changes)


FEEDING = DISCRETE[DISCRETE.index("    def remember") : DISCRETE.index("    def learn")]


def test_critics_that_are_shown_zeros_and_a_one_are_right(load):
    right = load(one_hot([]))
    for seed in SEEDS:
        report = examine_dqn(right, seed)
        assert report.verdict == RIGHT, str(report)
        assert any("alpha 0.2" in x for x in report.conventions)


@pytest.mark.parametrize("code", ONE_HOT_FAULTS)
def test_faults_of_critics_that_are_shown_zeros_and_a_one_are_named(load, code):
    wrong = load(one_hot([ONE_HOT_FAULTS[code]]))
    for seed in SEEDS:
        assert ("fault", code) in told(examine_dqn(wrong, seed))


ACTOR = "actor_loss = (alpha * log_pi - torch.min(self.q1(s, mu), self.q2(s, mu))).mean()"
SILENT = ACTOR.replace("log_pi", "log_pi.detach()")
CLOSED = SILENT.replace(").mean()", " - 0.1 * self.policy(s)[1].sum(1, keepdim=True)).mean()")


def test_an_actor_whose_spread_follows_q_alone_lacks_an_entropy(load):
    wrong, closed = load(changed(sources.SAC, [(ACTOR, SILENT)])), load(changed(sources.SAC, [(ACTOR, CLOSED)]))
    for seed in SEEDS:
        assert told(examine_continuous(wrong, seed)) == [("fault", "actor-entropy-missing")]
        assert ("fault", "actor-entropy-missing") not in told(examine_continuous(closed, seed))
