"""Weights that lie in a dict and are lent to a network with `functional_call`."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.sources import changed

SEEDS = (0, 1, 2)
CALL = "torch.func.functional_call"
TARGET_IN_A_DICT = [
    ("self.net, self.target = Net(o, a), Net(o, a)", "self.net = Net(o, a)"),
    (
        "self.target.load_state_dict(self.net.state_dict())",
        "self.target = {k: p.detach().clone() for k, p in self.net.named_parameters()}",
    ),
    (sources.V, f"v = {CALL}(self.net, self.target, (s2,)).max(1).values"),
    ("zip(self.target.parameters(), self.net.parameters())", "zip(self.target.values(), self.net.parameters())"),
]
NEW_DICT = [
    *TARGET_IN_A_DICT,
    (
        "        for t, p in zip(self.target.values(), self.net.parameters()):\n            " + sources.SYNC,
        "        self.target = {k: self.tau * p.detach() + (1 - self.tau) * self.target[k]\n"
        "                       for k, p in self.net.named_parameters()}",
    ),
]
BOTH_IN_DICTS = [
    (
        "self.net, self.target = Net(o, a), Net(o, a)",
        "self.net = Net(o, a)\n        given = self.net.named_parameters\n"
        "        self.params = {k: p.detach().clone().requires_grad_() for k, p in given()}\n"
        "        self.target_params = {k: p.detach().clone() for k, p in given()}",
    ),
    ("torch.optim.Adam(self.net.parameters()", "torch.optim.Adam(self.params.values()"),
    ("self.net(s)", f"{CALL}(self.net, self.params, (s,))"),
    (sources.V, f"v = {CALL}(self.net, self.target_params, (s2,)).max(1).values"),
    (
        "zip(self.target.parameters(), self.net.parameters())",
        "zip(self.target_params.values(), self.params.values())",
    ),
    (sources.COPY, "self.optimizer"),
]
OF_A_TARGET_NETWORK = [
    (sources.V, f"v = {CALL}(self.net, dict(self.target.named_parameters()), (s2,)).max(1).values"),
]
ACTOR_CRITIC_IN_DICTS = [
    (
        "(copy.deepcopy(x) for x in (self.actor, self.q1, self.q2))",
        "({k: p.detach().clone() for k, p in x.named_parameters()} for x in (self.actor, self.q1, self.q2))",
    ),
    ("self.actor_target(s2)", f"{CALL}(self.actor, self.actor_target, (s2,))"),
    ("self.q1_target(s2, a2)", f"{CALL}(self.q1, self.q1_target, (s2, a2))"),
    ("self.q2_target(s2, a2)", f"{CALL}(self.q2, self.q2_target, (s2, a2))"),
    ("target.parameters())", "target.values())"),
]
SOFT = "soft update, tau"


@pytest.mark.parametrize("changes", [TARGET_IN_A_DICT, BOTH_IN_DICTS, OF_A_TARGET_NETWORK])
def test_weights_in_a_dict_are_a_network(changes, load):
    for seed in SEEDS:
        report = examine_dqn(load(changed(sources.DQN, changes)), seed)
        assert report.verdict == "nothing to object to", str(report)
        assert "max of the target network" in str(report)
        assert SOFT in str(report)


@pytest.mark.parametrize("changes", [TARGET_IN_A_DICT, BOTH_IN_DICTS, NEW_DICT])
def test_a_fault_beside_weights_in_a_dict_is_named(changes, load):
    wrong = [*changes, ("* (1 - d) * v", "* v")]
    assert examine_dqn(load(changed(sources.DQN, wrong))).codes == {"mask-missing"}


def test_a_new_dict_each_time_is_not_accused(load):
    for seed in SEEDS:
        report = examine_dqn(load(changed(sources.DQN, NEW_DICT)), seed)
        assert not report.codes, str(report)


def test_target_actor_and_critics_in_dicts_are_recognized(load):
    for seed in SEEDS:
        report = examine_continuous(load(changed(sources.TD3, ACTOR_CRITIC_IN_DICTS)), seed)
        assert report.verdict == "nothing to object to", str(report)
        assert str(report).count("smallest of 2 target critics") == 1
    wrong = load(changed(sources.TD3, [*ACTOR_CRITIC_IN_DICTS, ("actor_loss = -self", "actor_loss = self")]))
    assert examine_continuous(wrong).codes == {"actor-sign"}
