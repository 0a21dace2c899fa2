"""Rare faults with further seeds, and right agents that resemble them, which are not accused."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.faults_rare import _HEAD, _KEEP, RARE
from tests.gradexaminer.sources import _ACTOR, _LOSS, LOSS, Y, changed

SEEDS = (0, 1, 2)
RARE_NAMES = [
    *("reward discounted as well", "rewards as whole numbers", "rewards of the transition before"),
    *("mask of the other shape", "the error itself", "gradients clamped from below at 0", "soft update that adds"),
    *("actor at s', critic at s", "actor climbs the largest value of the batch", "log pi without the tanh"),
    *("the tanh added to log pi", "log pi at the tanh", "policy of s", "values summed without the policy"),
    *("one loss for critic and actor", "values of the other shape, continuous", "hidden layer in a list"),
    *("optimizer that maximizes the error", "one online critic in the minimum", "label in the prediction's memory"),
    *("one target for both twins", "target action clamped above 0"),
]
_BODY = "nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())"
_AGENT = "class Agent:\n    def __init__(self, o=5, a=3, twin=True, delay=2, noise=0.2):\n"
_MODULE = _AGENT.replace("class Agent:", "class Agent(nn.Module):") + "        super().__init__()\n"
_ONE_CALL = [
    (sources.Q, "both = self.net(torch.cat([s, s2]))\n        q = both[:32].gather(1, a[:, None]).squeeze(1)"),
    (sources.V, "v = both[32:].max(1).values"),
]
_SPREAD = (
    "self.l1, self.l2, self.l3 = nn.Linear(o, 64), nn.Linear(64, 64), nn.Linear(64, a)",
    "self.log_std = nn.Parameter(torch.zeros(a))\n"
    "        self.l1, self.l2, self.l3 = nn.Linear(o, 64), nn.Linear(64, 64), nn.Linear(64, a)",
)
LOOK_ALIKES = {
    "s and s' in one call, and a target that is left over": (
        sources.DQN,
        [*_ONE_CALL, ("        self.sync()\n", "")],
        examine_dqn,
    ),
    "a policy's spread that a deterministic actor leaves": (sources.TD3, [_SPREAD], examine_continuous),
    "optimizer that maximizes minus the loss": (
        sources.DQN,
        [(LOSS, "loss = -F.mse_loss(q, y)"), ("lr=1e-3", "lr=1e-3, maximize=True")],
        examine_dqn,
    ),
    "gradients turned round by hand": (
        sources.DQN,
        [
            (LOSS, "loss = -F.mse_loss(q, y)"),
            ("loss.backward()\n", "loss.backward()\n        [p.grad.neg_() for p in self.net.parameters()]\n"),
        ],
        examine_dqn,
    ),
    "actor's optimizer maximizes": (
        sources.TD3,
        [
            (_ACTOR, _ACTOR.replace("-self", "self")),
            ("Adam(self.actor.parameters(), 1e-3)", "Adam(self.actor.parameters(), 1e-3, maximize=True)"),
        ],
        examine_continuous,
    ),
    "gradients clamped on both sides": (
        sources.DQN,
        [
            (
                "loss.backward()\n",
                "loss.backward()\n        [p.grad.clamp_(-1e-3, 1e-3) for p in self.net.parameters()]\n",
            )
        ],
        examine_dqn,
    ),
    "reward and value scaled alike": (sources.DQN, [(Y, "y = 0.5 * r + self.gamma * (1 - d) * v")], examine_dqn),
    "layers in a list that is registered": (
        sources.DQN,
        [
            (_BODY, "nn.Linear(o, 64)"),
            (
                "self.head = ",
                "self.hidden = nn.ModuleList([nn.Linear(64, 64)])\n        self.all = [*self.hidden]\n"
                "        self.head = ",
            ),
            (_HEAD, "h = self.body(x).relu()\n        return self.head(self.all[0](h).relu())"),
        ],
        examine_dqn,
    ),
    "agent that is a module with a loss method": (
        sources.TD3,
        [
            (_AGENT, _MODULE),
            (_LOSS, "loss = self.critic_loss(s, a, y)"),
            (
                "    def soft(self",
                "    def critic_loss(self, s, a, y):\n"
                "        return F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)\n\n    def soft(self",
            ),
        ],
        examine_continuous,
    ),
    "wide policy whose tanh saturates": (
        sources.SAC,
        [("self.log_std(h).clamp(-5, 2)", "(self.log_std(h) + 1.5).clamp(-5, 2)")],
        examine_continuous,
    ),
}


@pytest.mark.parametrize("name", RARE_NAMES)
def test_a_new_fault_is_named_with_other_seeds_too(name, load):
    rare = RARE[name]
    module = load(changed(rare.source, rare.changes))
    for seed in (1, 2):
        report = rare.run(module, seed)
        assert report.codes == {rare.code} | rare.beside, str(report)


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_right_agent_that_resembles_it_is_not_accused(name, load):
    source, changes, run = LOOK_ALIKES[name]
    module = load(changed(source, changes))
    for seed in (0, 1, 2):
        report = run(module, seed)
        assert report.verdict == "nothing to object to", str(report)


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


def test_a_target_that_follows_and_is_left_out_of_one_call_is_named(load):
    assert examine_dqn(load(changed(sources.DQN, _ONE_CALL))).codes == {"td-online"}
