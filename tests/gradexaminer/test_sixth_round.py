"""Kinds of agents that a further round of public code showed: none is accused, and none stops the examiner."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from gradexaminer import Report, examination, examine
from gradexaminer.analysis.reading.fits import fit
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, seed_all
from tests.gradexaminer.faults_rare import _KEEP
from tests.gradexaminer.sources import changed
from tests.gradexaminer.styles_sac import DISCRETE_SAC

SEEDS = (0, 1, 2)
_POLICY_LOSS = "        actor_loss = (pi * (alpha * log_pi - q)).sum(1).mean()\n"
_ALPHA = "        alpha_loss" + DISCRETE_SAC.partition("        alpha_loss")[2].partition("        for net")[0]
LOG_PI_NOT_DETACHED = [
    (_ALPHA, ""),
    (
        _POLICY_LOSS,
        _POLICY_LOSS + _ALPHA.replace(").detach()", ")").replace("backward()", "backward(retain_graph=True)"),
    ),
]
FEATURES = [
    (
        "class Actor(nn.Module):",
        "class Features(nn.Module):\n    def __init__(self, o):\n        super().__init__()\n"
        "        self.l1, self.l2, self.drop = nn.Linear(o, 32), nn.Linear(32, 12), nn.Dropout(0.1)\n\n"
        "    def forward(self, s):\n        return torch.tanh(self.l2(self.drop(F.relu(self.l1(s)))))\n\n\n"
        "class Actor(nn.Module):",
    ),
    ("def forward(self, s, a):", "def forward(self, x):"),
    ("self.l1(torch.cat([s, a], 1))", "self.l1(x)"),
    (
        "self.actor, self.q1, self.q2 = Actor(o, a), Critic(o, a), Critic(o, a)",
        "self.features, self.actor, self.q1 = Features(o), Actor(12, a), Critic(12, a)",
    ),
    (
        "self.actor_target, self.q1_target, self.q2_target = (",
        "self.features_target = copy.deepcopy(self.features)\n        self.actor_target, self.q1_target = (",
    ),
    (
        "(self.actor, self.q1, self.q2))",
        "(self.actor, self.q1))",
    ),
    ("[*self.q1.parameters(), *self.q2.parameters()]", "[*self.features.parameters(), *self.q1.parameters()]"),
    ("a2 = self.actor_target(s2)\n", "h2 = self.features_target(s2)\n            a2 = self.actor_target(h2)\n"),
    (
        "torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2))",
        "self.q1_target(torch.cat([h2, a2], 1))",
    ),
    (
        "F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)",
        "F.mse_loss(self.q1(torch.cat([self.features(s), a], 1)), y)",
    ),
    (
        "actor_loss = -self.q1(s, self.actor(s)).mean()",
        "h = self.features(s).detach()\n            actor_loss = -self.q1(torch.cat([h, self.actor(h)], 1)).mean()",
    ),
    ("self.soft(self.q2, self.q2_target)", "self.soft(self.features, self.features_target)"),
]
FEATURE_FAULTS = {
    "actor-sign": ("= -self.q1(torch", "= self.q1(torch"),
    "mask-missing": ("* (1 - d) * v", "* v"),
    "actor-replayed": ("self.actor(h)], 1)).mean", "a], 1)).mean"),
}
SKIPPED = [
    *sources._DDPG,
    (sources._ACTOR, sources._SLOPE.format(at="mu", loss="-(slope * mu).sum(1).mean()")),
    ("        i = self.n % len(self.s)\n", "        self.n += self.n == 0\n        i = self.n % len(self.s)\n"),
    ("min(self.n, len(self.s)), k)", "min(self.n, len(self.s)), k)\n        i[0] = 0"),
]
RING = [
    (
        "class Agent:",
        "class Ring:\n    def __init__(self, size=100000):\n        self.size, self.rows, self.place = size, [], 0\n\n"
        "    def append(self, row):\n        if len(self.rows) < self.size: self.rows.append(None)\n"
        "        self.rows[self.place] = row\n        self.place = (self.place + 1) % self.size\n\n\nclass Agent:",
    ),
    ("self.memory = deque(maxlen=10000)", "self.memory, self.copy_every = Ring(), 5000"),
    ("random.sample(self.memory,", "random.sample(self.memory.rows,"),
    ("len(self.memory)", "len(self.memory.rows)"),
    ("        self.sync()\n", ""),
]

_ADDED = "self.s[i], self.a[i], self.r[i], self.s2[i], self.d[i] = s, a,"
_TANH = "torch.tanh(self.l3(F.relu(self.l2(F.relu(self.l1(s))))))"
UNITS = {
    "stored actions divided, the actor's not": (
        {"high": 0.2},
        sources.SAC,
        [(_ADDED, _ADDED.replace(" a,", " a / 0.2,")), ("return a, log_pi", "return 0.2 * a, log_pi")],
    ),
    "the environment's actions stored, the actor's shown": ({"high": 2.0}, sources.TD3, sources._DDPG),
}
SAME_UNITS = {
    "stored actions divided, the actor's shown so": ({"high": 0.2}, [(_ADDED, _ADDED.replace(" a,", " a / 0.2,"))]),
    "the actor's actions multiplied": (
        {"high": 2.0},
        [(_TANH, f"2 * {_TANH}"), ("clamp(-1, 1)", "clamp(-2, 2)")],
    ),
    "stored actions divided, six rows in a batch": (
        {"high": 2.0},
        [(_ADDED, _ADDED.replace(" a,", " a / 2,")), ("batch=40", "batch=6")],
    ),
    "six actions": ({"high": 1.0, "size": 6}, []),
    "six actions, not squashed": (
        {"high": 5.0, "size": 6},
        [(_TANH, _TANH.replace("torch.tanh", "")), ("clamp(-1, 1)", "clamp(-5, 5)")],
    ),
}
SHARES = [
    *sources._DDPG,
    (_TANH, _TANH.replace("torch.tanh", "(lambda x: F.softmax(x[:, None], -1))")),
    ("a2 = self.actor_target(s2)", "a2 = self.actor_target(s2)[:, 0]"),
    (
        sources._ACTOR,
        "mu = self.actor(s)\n            h = -(mu * torch.log(mu + 1e-7)).sum(-1).mean()\n"
        "            actor_loss = -self.q1(s, mu[:, 0]).mean() - self.log_alpha.exp().detach() * h",
    ),
    (
        "            self.actor_optimizer.step()\n",
        "            self.actor_optimizer.step()\n            self.tempered(h)\n",
    ),
    (
        "    def soft(self",
        "    def tempered(self, h):\n        loss = self.log_alpha * (h - 0.8).detach()\n"
        "        self.alpha_optimizer.zero_grad()\n        loss.backward()\n        self.alpha_optimizer.step()\n\n"
        "    def soft(self",
    ),
    (
        "self.actor_optimizer = ",
        "self.log_alpha = torch.zeros((), requires_grad=True)\n"
        "        self.alpha_optimizer = torch.optim.Adam([self.log_alpha], 1e-3)\n        self.actor_optimizer = ",
    ),
]
SHARES_FAULTS = {
    "actor-entropy-sign": ("- self.log_alpha.exp()", "+ self.log_alpha.exp()"),
    "temperature-sign": ("self.log_alpha * (h - 0.8)", "self.log_alpha * (0.8 - h)"),
    "actor-sign": ("= -self.q1(s, mu[:, 0])", "= self.q1(s, mu[:, 0])"),
}


def examine_range(module: ModuleType, seed: int, high: float, size: int = 3, low: float | None = None) -> Report:
    seed_all(seed)
    return examine(
        lambda: module.Agent(9, size),
        lambda agent, t: agent.buffer.add(*t.as_tuple()),
        lambda agent: agent.learn(),
        low=[-high if low is None else low] * size,
        high=[high] * size,
        obs=9,
        seed=seed,
    )


@pytest.mark.parametrize("name", UNITS)
def test_an_actor_that_reaches_a_part_of_what_the_critic_learns_from_is_suspected(name, load):
    spaces, source, changes = UNITS[name]
    module = load(changed(source, changes))
    for seed in SEEDS:
        found = examine_range(module, seed, **spaces).of("suspicion")
        assert [f.code for f in found] == ["action-units"]


@pytest.mark.parametrize("name", SAME_UNITS)
def test_an_actor_in_the_critics_units_is_not_suspected(name, load):
    """Six actions that a network returned are no features: they stand beside an observation."""
    spaces, changes = SAME_UNITS[name]
    module = load(changed(sources.TD3, changes))
    for seed in SEEDS:
        report = examine_range(module, seed, **spaces)
        assert report.verdict == "nothing to object to", str(report)


def test_six_actions_with_a_wrong_sign_are_named(load):
    module = load(changed(sources.TD3, [(sources._ACTOR, sources._ACTOR.replace("-self", "self"))]))
    for seed in SEEDS:
        assert examine_range(module, seed, 1.0, 6).codes == {"actor-sign"}


def test_the_entropy_of_an_action_of_shares_is_read(load):
    module = load(changed(sources.TD3, SHARES))
    for seed in SEEDS:
        report = examine_range(module, seed, 1.0, low=0.0)
        assert report.verdict == "nothing to object to", str(report)
        assert "actor: entropy bonus of the action's shares, alpha 1" in report.conventions, str(report)
        assert "temperature: learned, target entropy 0.8" in report.conventions, str(report)


@pytest.mark.parametrize("code", SHARES_FAULTS)
def test_a_wrong_sign_beside_shares_is_named(code, load):
    module = load(changed(sources.TD3, [*SHARES, SHARES_FAULTS[code]]))
    for seed in SEEDS:
        assert examine_range(module, seed, 1.0, low=0.0).codes == {code}


def test_a_temperature_whose_loss_reaches_the_policy_is_no_actors_loss(load):
    """A `zero_grad` follows before the policy's own backward pass, so no step applies it."""
    module = load(changed(DISCRETE_SAC, LOG_PI_NOT_DETACHED))
    for seed in SEEDS:
        report = examine_dqn(module, seed)
        assert report.verdict == "nothing to object to", str(report)


def test_a_part_of_a_fit_that_is_rounding_has_no_sign():
    rng = np.random.default_rng(0)
    x, noise, z = rng.normal(size=(3, 60))
    found = fit(x + 1e-7 * noise, {"x": x, "z": z}, np.ones(60, bool))
    assert found.exact
    assert found.resolves("x")
    assert found.coefficients["z"] != 0
    assert not found.resolves("z")
    assert fit(x + 1e-3 * z, {"x": x, "z": z}, np.ones(60, bool)).resolves("z")


def test_features_that_are_learned_beside_a_stored_action_are_the_critics(load):
    """The joined input carries a gradient; the action in it does not."""
    module = load(changed(sources.TD3, FEATURES))
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert report.verdict == "nothing to object to", str(report)


@pytest.mark.parametrize("code", FEATURE_FAULTS)
def test_a_fault_behind_such_features_is_named(code, load):
    module = load(changed(sources.TD3, [*FEATURES, FEATURE_FAULTS[code]]))
    for seed in SEEDS:
        assert examine_continuous(module, seed).codes == {code}


def test_without_a_known_critic_nothing_is_said_against_an_actor(load):
    """The critic's own loss, shown the actor's actions, looks like an actor's."""
    shown = [(sources._LOSS, sources._LOSS.replace("(s, a)", "(s, self.actor(s))"))]
    report = examine_continuous(load(changed(sources.TD3, shown)))
    assert not report.codes, str(report)


def test_a_row_that_was_never_stored_leaves_the_others(load):
    """A ring buffer whose first row is zeros until it wraps."""
    module = load(changed(sources.TD3, SKIPPED))
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert not report.codes, str(report)
        assert report.verdict == "nothing to object to", str(report)
    behind = load(changed(sources.TD3, [*SKIPPED, ("-(slope * mu)", "(slope * mu)")]))
    assert examine_continuous(behind).codes == {"actor-sign"}


def test_a_ring_in_a_list_is_not_set_forward(load):
    report = examine_dqn(load(changed(sources.DQN, RING)))
    assert [(f.level, f.code) for f in report.findings] == [("not seen", "target-not-seen")], str(report)


def test_an_error_that_our_own_change_caused_is_none_of_the_programs(load):
    """The counter that chooses the row lies in the agent, beside its networks."""
    inside = [
        ("self.memory = deque(maxlen=10000)", "self.memory, self.place, self.copy_every = [], 0, 5000"),
        (
            _KEEP,
            "self.memory.append(None)\n        self.memory[self.place] = (s, a, r, s2, done)\n        self.place += 1",
        ),
        ("        self.sync()\n", ""),
    ]
    report = examine_dqn(load(changed(sources.DQN, inside)))
    assert [(f.level, f.code) for f in report.findings] == [("not seen", "target-not-seen")], str(report)


def test_an_error_of_the_examiners_own_leaves_one_question_open(load, monkeypatch):
    def fails(*_args):
        raise KeyError(-1)

    monkeypatch.setattr(examination, "examine_actor", fails)
    module = load(changed(sources.TD3, [("* (1 - d) * v", "* v")]))
    with pytest.raises(KeyError):
        examine_continuous(module)
    monkeypatch.delenv(examination.ERRORS)
    report = examine_continuous(module)
    assert report.codes == {"mask-missing"}, str(report)
    (left,) = [f for f in report.of("not seen") if f.code == "question-open"]
    assert left.evidence == "how the actor learns: KeyError: -1"


SILENT = {
    "body detached": (
        "partly-trained",
        sources.DQN,
        [("self.head(self.body(x))", "self.head(self.body(x).detach())")],
        examine_dqn,
    ),
    "layer made in the call": (
        "partly-trained",
        sources.DQN,
        [("self.head(self.body(x))", "nn.Linear(64, 4)(self.body(x))")],
        examine_dqn,
    ),
    "flag of the transition before": (
        "rows-misaligned",
        sources.DQN,
        [
            (
                _KEEP,
                "self.memory.append((s, a, r, s2, getattr(self, 'last', False)))\n        self.last = done",
            )
        ],
        examine_dqn,
    ),
    "log pi of s in the label": (
        "log-prob-other-action",
        sources.SAC,
        [(f"            {sources._SV}", f"            _, log_pi2 = self.policy.sample(s)\n            {sources._SV}")],
        examine_continuous,
    ),
    "log pi at the mean": (
        "log-prob-other-action",
        sources.SAC,
        [("normal.log_prob(u)", "normal.log_prob(mean)")],
        examine_continuous,
    ),
    "a target that is made, and nothing else": (
        "td-online",
        sources.DQN,
        [(sources.V, "v = self.net(s2).max(1).values"), ("        self.sync()\n", "")],
        examine_dqn,
    ),
}
_PARALLEL = [
    ("self.head = nn.Linear(64, a)", "self.head, self.spare = nn.Linear(64, a), nn.Linear(64, a)"),
    (
        "return self.head(self.body(x))",
        "h = self.body(x)\n        self.aside = self.spare(h)\n        return self.head(h)",
    ),
]
_BORROWED = [
    ("class Net(nn.Module):", "FIXED = nn.Linear(5, 5)\n\n\nclass Net(nn.Module):"),
    ("return self.head(self.body(x))", "return self.head(self.body(FIXED(x).detach()))"),
]
_DRAWN = [
    (
        "self.actor, self.q1, self.q2 = Actor(o, a), Critic(o, a), Critic(o, a)",
        "self.actor, self.q1, self.q2, self.q3 = Actor(o, a), Critic(o, a), Critic(o, a), Critic(o, a)\n"
        "        self.q3_target = copy.deepcopy(self.q3)",
    ),
    (
        sources._V,
        "one, two = [(self.q1_target, self.q2_target), (self.q2_target, self.q3_target)][self.n % 2]\n"
        "            v = torch.min(one(s2, a2), two(s2, a2))",
    ),
    (sources._LOSS, sources._LOSS + " + F.mse_loss(self.q3(s, a), y)"),
    ("*self.q2.parameters()]", "*self.q2.parameters(), *self.q3.parameters()]"),
    (
        "            self.soft(self.q2, self.q2_target)",
        "            self.soft(self.q2, self.q2_target)\n            self.soft(self.q3, self.q3_target)",
    ),
]
QUIET = {
    "a spare head": (sources.DQN, _PARALLEL, examine_dqn),
    "a fixed layer in front": (sources.DQN, _BORROWED, examine_dqn),
    "one twin's target for both, on purpose": (
        sources.TD3,
        [(sources._V, "v = self.q1_target(s2, a2)")],
        examine_continuous,
    ),
    "two targets of three, drawn": (sources.TD3, _DRAWN, examine_continuous),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_had_no_word_is_named(name, load):
    code, source, changes, run = SILENT[name]
    module = load(changed(source, changes))
    for seed in SEEDS:
        report = run(module, seed)
        assert report.codes == {code}, str(report)


@pytest.mark.parametrize("name", QUIET)
def test_what_resembles_it_is_not(name, load):
    source, changes, run = QUIET[name]
    module = load(changed(source, changes))
    for seed in SEEDS:
        report = run(module, seed)
        assert not report.codes, str(report)
