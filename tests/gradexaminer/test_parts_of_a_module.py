"""One module that holds the online network, the target network and a `forward`, as the policies of libraries do."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_dqn
from tests.gradexaminer.sources import COPY, SYNC, changed

POLICY = [
    (
        "class Agent:\n",
        "class Policy(nn.Module):\n"
        "    def __init__(self, o, a):\n"
        "        super().__init__()\n"
        "        self.q_net, self.q_target = Net(o, a), Net(o, a)\n\n"
        "    def forward(self, x):\n"
        "        return self.q_net(x).argmax(1)\n\n\n"
        "class Agent:\n",
    ),
    ("self.net, self.target = Net(o, a), Net(o, a)", "self.policy = Policy(o, a)"),
    (COPY, "self.optimizer"),
    ("Adam(self.net.", "Adam(self.policy.q_net."),
    ("q = self.net(s)", "q = self.policy.q_net(s)"),
    ("v = self.target(s2)", "v = self.policy.q_target(s2)"),
    (
        "zip(self.target.parameters(), self.net.parameters())",
        "zip(self.policy.q_target.parameters(), self.policy.q_net.parameters())",
    ),
]


def test_the_parts_target_is_told(load):
    report = examine_dqn(load(changed(sources.DQN, POLICY)))
    assert report.verdict == "nothing to object to", str(report)
    assert "agent.policy.q_target: soft update, tau 0.01" in report.conventions


@pytest.mark.parametrize(
    ("new", "level", "code"),
    [
        ("t.data.copy_((1 - self.tau) * p.data + self.tau * t.data)", "fault", "polyak-swapped"),
        ("t.data = p.data", "fault", "shared-storage"),
        ("pass", "suspicion", "target-never"),  # a loop through both that changes neither
    ],
)
def test_what_is_wrong_with_it_is_named(new, level, code, load):
    report = examine_dqn(load(changed(sources.DQN, [*POLICY, (SYNC, new)])))
    assert [(f.level, f.code) for f in report.findings] == [(level, code)], str(report)


def test_a_part_that_the_update_leaves_alone_is_not_seen(load):
    report = examine_dqn(load(changed(sources.DQN, [*POLICY, ("        self.sync()\n", "")])))
    assert [(f.level, f.code) for f in report.findings] == [("not seen", "target-not-seen")], str(report)
