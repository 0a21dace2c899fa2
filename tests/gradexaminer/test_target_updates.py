"""How target networks follow: copies, soft updates, aliases, and parts that stay behind."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import numpy as np
import torch

from gradexaminer import examine
from gradexaminer.analysis.update.targets import _equal
from gradexaminer.recording.trace import Update
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_changed, examine_continuous, examine_dqn, seed_all, told
from tests.gradexaminer.faults_rare import CROSSED
from tests.gradexaminer.sources import DQN, SYNC, Q, V, changed

SEEDS = (0, 1, 2)
RIGHT = "nothing to object to"
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


EXCHANGE = """        self.optimizer.step()
        if not self.exchanged:
            self.net, self.target = self.b, self.a_net
            self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-3)
            self.exchanged = True
        self.sync()"""
TWO = [
    (
        "self.target.load_state_dict(self.net.state_dict())\n        self.optimizer",
        "self.b, self.a_net, self.exchanged = self.target, self.net, False\n        self.optimizer",
    ),
    ("        self.optimizer.step()\n        self.sync()", EXCHANGE),
]


def test_two_networks_that_change_places_are_no_alias(load):
    assert examine_changed(load, *TWO).codes == set()
    shared = ("self.net, self.target = Net(o, a), Net(o, a)", "self.net = self.target = Net(o, a)")
    assert "alias" in examine_changed(load, shared).codes


LOOP = [
    (
        "        if len(self.memory) < self.batch:\n            return\n",
        "        for k in range(3):\n            self.step(k)\n\n    def step(self, k):\n",
    ),
    ("        self.sync()", "        if k % 2 == 0:\n            self.sync()"),
]


def test_a_call_of_several_steps_whose_target_follows_in_between(load):
    report = examine_changed(load, *LOOP)
    assert report.verdict == "nothing to object to", str(report)
    swapped = ("self.tau * p.data + (1 - self.tau) * t.data", "(1 - self.tau) * p.data + self.tau * t.data")
    assert "polyak-swapped" in examine_changed(load, *LOOP, swapped).codes
    elsewhere = ("self.tau * p.data + (1 - self.tau) * t.data", "t.data + 0.1 * torch.randn_like(t.data)")
    assert "unexplained-target" in examine_changed(load, *LOOP, elsewhere).codes


def test_weights_that_were_nearly_the_same_are_no_part_that_stays_behind():
    """A noisy layer's spread that is trained a little: a soft update moves its target by less than rounding."""
    near, far = np.full(64, 0.5), np.random.default_rng(0).normal(size=64)
    update = Update(0, before={1: near, 2: near + 1e-4, 3: far})
    assert _equal(update, 1, 2)
    assert not _equal(update, 1, 3)


def test_entries_of_a_parameter_that_are_not_copied(load):
    report = examine_dqn(
        load(changed(sources.DQN, [(SYNC, "t.data[:2] = self.tau * p.data[:2] + (1 - self.tau) * t.data[:2]")]))
    )
    assert "partly-updated" in report.codes, str(report)


IN_PLACE = [(sources.SYNC, "t.detach_()\n            t.copy_(self.tau * p + (1 - self.tau) * t)")]
ATTACHED = [*IN_PLACE, (sources.NO_GRAD, "if True:")]


def test_a_gradient_through_weights_that_keep_their_copys_graph_is_named(load):
    wrong, right = load(changed(sources.DQN, ATTACHED)), load(changed(sources.DQN, IN_PLACE))
    plain = load(changed(sources.DQN, ATTACHED[1:]))
    for seed in SEEDS:
        assert examine_dqn(wrong, seed).codes == {"bootstrap-gradient"}
        assert not examine_dqn(right, seed).codes
        assert not examine_dqn(plain, seed).codes  # the target's own `.grad` fills, and nothing comes of it


SECOND = [
    (
        "self.net, self.target = Net(o, a), Net(o, a)",
        "self.net = Net(o, a)\n        self.target = copy.deepcopy(self.net)",
    ),
    (
        "        for t, p in zip(self.target.parameters(), self.net.parameters()):\n            " + sources.SYNC,
        "        new, old = self.net.state_dict(), self.target.state_dict()\n"
        "        self.target.load_state_dict({k: self.tau * new[k] + (1 - self.tau) * old[k] for k in new})",
    ),
]


def test_a_shallow_copy_shares_its_memory_whatever_it_is_called(load):
    deep = changed(sources.DQN, SECOND).replace("self.target", "self.slow")
    shallow = deep.replace("copy.deepcopy", "copy.copy")
    for seed in SEEDS:
        assert examine_dqn(load(shallow), seed).codes == {"shared-storage"}
        assert not examine_dqn(load(deep), seed).codes


SOFT = "t.data.mul_(1 - self.tau).add_(self.tau * p.data)"


def test_a_soft_update_that_binds_a_name_anew_is_told(load):
    wrong = load(changed(sources.TD3, [(SOFT, "t = (1 - self.tau) * t + self.tau * p")]))
    left_to_the_loop = load(
        changed(
            sources.TD3,
            [("for p, t in zip(net.parameters(), target.parameters()):", "for p in net.parameters():"), (SOFT, "pass")],
        )
    )
    for seed in SEEDS:
        assert told(examine_continuous(wrong, seed)) == [("suspicion", "target-never")]
        assert {code for _, code in told(examine_continuous(left_to_the_loop, seed))} == {"target-not-seen"}


COPIED = """        with torch.no_grad():
            mixed = dict(self.net.named_parameters())
            for name, t in dict(self.target.named_parameters()).items():
                mixed[name] = self.tau * mixed[name] + (1 - self.tau) * t
                self.target.load_state_dict(mixed)
"""
ONCE = COPIED.replace("                self.target.load", "            self.target.load")
IN_A_LOOP = f"        for t, p in zip(self.target.parameters(), self.net.parameters()):\n            {SYNC}\n"


def test_a_target_of_which_all_but_one_parameter_is_copied_is_named(load):
    wrong, right = load(changed(DQN, [(IN_A_LOOP, COPIED)])), load(changed(DQN, [(IN_A_LOOP, ONCE)]))
    for seed in SEEDS:
        assert told(examine_dqn(wrong, seed)) == [("fault", "polyak-uneven")]
        assert examine_dqn(right, seed).verdict == RIGHT


THOUSANDTH = """self.n = getattr(self, "n", 0) + 1
        if self.n % 1000 == 0:
            self.target.load_state_dict(self.net.state_dict())"""


def test_a_target_that_is_copied_by_a_number_written_out_is_seen(load):
    right = load(changed(DQN, [("        self.sync()\n", f"        {THOUSANDTH}\n")]))
    for seed in SEEDS:
        report = examine_dqn(right, seed)
        assert report.verdict == RIGHT
        assert "agent.target: copied now and then" in report.conventions


def test_a_target_made_of_another_one_is_told_by_both_shares(load):
    report = examine_continuous(load(changed(sources.TD3, CROSSED)))
    (found,) = report.of("fault")
    assert found.evidence == "it becomes 0.005 times agent.q2 plus 0.995 times agent.q1_target"


MOST = [
    (
        "        self.sync()",
        "        self.calls = getattr(self, 'calls', 0) + 1\n        if self.calls % 3 == 0:\n            self.sync()",
    ),
    (SYNC, "t.data.copy_(0.85 * p.data + 0.15 * t.data)"),
]


def test_a_large_share_that_comes_now_and_then_stands_in_place_of_a_copy(load):
    now_and_then, always = load(changed(sources.DQN, MOST)), load(changed(sources.DQN, MOST[1:]))
    swapped = load(changed(sources.DQN, [MOST[0], (SYNC, "t.data.copy_(0.99 * p.data + 0.01 * t.data)")]))
    for seed in SEEDS:
        assert examine_dqn(now_and_then, seed).verdict == "nothing to object to"
        assert "polyak-swapped" in examine_dqn(always, seed).codes
        assert "polyak-swapped" in examine_dqn(swapped, seed).codes


EXCHANGED = [
    ("zip(self.target.parameters(), self.net.parameters())", "zip(self.net.parameters(), self.target.parameters())")
]


def test_an_online_network_that_follows_its_target_is_named(load):
    wrong = load(changed(sources.DQN, EXCHANGED))
    for seed in SEEDS:
        report = examine_dqn(wrong, seed)
        assert told(report) == [("fault", "online-overwritten")], str(report)
        assert "takes 0.01 of the weights" in str(report)


def test_a_trained_network_called_target_whose_copy_gives_the_label_is_none(load):
    report = examine_dqn(
        load(
            changed(
                sources.DQN,
                [
                    *EXCHANGED,
                    ("Adam(self.net.parameters()", "Adam(self.target.parameters()"),
                    (Q, Q.replace("self.net(", "self.target(")),
                    (V, V.replace("self.target(", "self.net(")),
                ],
            )
        )
    )
    assert not report.codes, str(report)


ANEW = (
    "        self.sync()\n",
    "        self.n = getattr(self, 'n', 0) + 1\n        if self.n % 5 == 0: self.sync()\n",
)
BY_A_LOOP = "        for t, p in zip(self.target.parameters(), self.net.parameters()):\n            " + SYNC


def test_a_target_that_is_made_anew_as_a_deep_copy_is_a_copy(load):
    made = (BY_A_LOOP, "        self.target = copy.deepcopy(self.net)")
    for seed in SEEDS:
        report = examine_dqn(load(changed(DQN, [ANEW, made])), seed)
        assert report.verdict == RIGHT, str(report)
        assert any(text.startswith("agent.target: a copy of agent.net") for text in report.conventions)


def test_a_loop_that_makes_the_target_anew_is_followed():
    seed_all(0)

    def make():
        q = torch.nn.Linear(5, 4)
        return SimpleNamespace(q=q, target=copy.deepcopy(q), optimizer=torch.optim.SGD(q.parameters(), lr=0.01))

    def learn(agent, batch):
        obs, action, reward, next_obs, done = batch.tensors()
        with torch.no_grad():
            y = reward + 0.9 * (1 - done) * agent.target(next_obs).max(1).values
        loss = (agent.q(obs).gather(1, action[:, None])[:, 0] - y).pow(2).mean()
        agent.optimizer.zero_grad()
        loss.backward()
        agent.optimizer.step()

    for sync, codes in (
        (lambda agent: setattr(agent, "target", copy.deepcopy(agent.q)), set()),
        (lambda agent: setattr(agent, "target", copy.copy(agent.q)), {"shared-storage"}),
        (lambda agent: setattr(agent, "target", agent.q), {"alias"}),
    ):
        report = examine(make, update=learn, sync=sync, n_actions=4)
        assert {f.code for f in report.of("fault")} == codes, str(report)
        assert bool(codes) or report.verdict == RIGHT, str(report)
