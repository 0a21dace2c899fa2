"""New kinds of faults with further seeds, and right agents that resemble them, which are not accused."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gradexaminer.recording.missing import class_that_lacks
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.faults_rare import _HEAD, RARE
from tests.gradexaminer.sources import _ACTOR, _LOSS, LOSS, SYNC, Q, Y, changed

NEW = [
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
_DENSITY = "-0.5 * ((u - mean) / log_std.exp()) ** 2 - log_std - 0.5 * np.log(2 * np.pi)"
_WRITTEN_OUT = [
    (
        "normal = Normal(mean, log_std.exp())\n        u = normal.rsample()",
        "u = mean + log_std.exp() * torch.randn_like(mean)",
    ),
    ("normal.log_prob(u)", _DENSITY),
    (
        "    def sample(self, s):\n        mean, log_std = self(s)\n",
        "def draw(policy, s):\n    if True:\n        mean, log_std = policy(s)\n",
    ),
    ("self.policy.sample(s2)", "draw(self.policy, s2)"),
    ("self.policy.sample(s)", "draw(self.policy, s)"),
]
RIGHT = {
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


@pytest.mark.parametrize("name", NEW)
def test_a_new_fault_is_named_with_other_seeds_too(name, load):
    rare = RARE[name]
    module = load(changed(rare.source, rare.changes))
    for seed in (1, 2):
        report = rare.run(module, seed)
        assert report.codes == {rare.code} | rare.beside, str(report)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_agent_that_resembles_it_is_not_accused(name, load):
    source, changes, run = RIGHT[name]
    module = load(changed(source, changes))
    for seed in (0, 1, 2):
        report = run(module, seed)
        assert report.verdict == "nothing to object to", str(report)


def test_a_normal_density_that_is_written_out_is_an_entropy_term(load):
    """Its temperature is not examined; the label is."""
    report = examine_continuous(load(changed(sources.SAC, _WRITTEN_OUT)))
    assert not report.codes, str(report)
    assert any("minus alpha log pi, alpha 0.2" in text for text in report.conventions), str(report)


def test_mixed_labels_that_are_masked_lack_no_mask(load):
    broadcast = [(Q, "q = self.net(s).gather(1, a[:, None])")]
    assert examine_dqn(load(changed(sources.DQN, broadcast))).codes == {"broadcast"}
    report = examine_dqn(load(changed(sources.DQN, [*broadcast, (Y, "y = r + self.gamma * v")])))
    assert report.codes == {"broadcast", "mask-missing"}, str(report)


def test_entries_of_a_parameter_that_are_not_copied(load):
    report = examine_dqn(
        load(changed(sources.DQN, [(SYNC, "t.data[:2] = self.tau * p.data[:2] + (1 - self.tau) * t.data[:2]")]))
    )
    assert "partly-updated" in report.codes, str(report)


def test_an_attribute_that_nothing_sets_is_the_programs_own_fault(load):
    read = [(Y, "y = r + self.discount * (1 - d) * v")]
    report = examine_dqn(load(changed(sources.DQN, read)))
    assert [(f.level, f.code) for f in report.findings] == [("fault", "crashed")], str(report)
    later = "\n\ndef make():\n    agent = Agent()\n    agent.discount = 0.9\n    return agent\n"
    report = examine_dqn(load(changed(sources.DQN, read) + later))
    assert [(f.level, f.code) for f in report.findings] == [("not seen", "crashed")], str(report)


def test_objects_of_the_caller_lack_nothing():
    with pytest.raises(AttributeError) as error:
        _ = SimpleNamespace().discount
    assert class_that_lacks(error.value) == ""
