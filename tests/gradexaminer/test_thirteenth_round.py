"""Shapes of the thirteenth round: networks that are a `Sequential`, critics without a backward pass, uneven targets."""

from __future__ import annotations

import numpy as np
import pytest

from gradexaminer.analysis.critic.curved import _stand_for_a_term
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.sources import DQN, SAC, SYNC, TD3, Q, V, Y, changed

SEEDS = (0, 1, 2)
RIGHT = "nothing to object to"


def told(report) -> list[tuple[str, str]]:
    return [(f.level, f.code) for f in report.findings if f.level != "note"]


NET = DQN[DQN.index("class Net(") : DQN.index("class Agent")]
SEQUENTIAL = """class Net(nn.Sequential):
    def __init__(self, o, a):
        super().__init__(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, a))


"""
ASKED = [
    (NET, SEQUENTIAL),
    ("q = self.net(s)", "q = self.net.forward(s)"),
    ("self.target(s2)", "self.target.forward(s2)"),
]


@pytest.mark.parametrize("changes", [ASKED[:1], ASKED], ids=["called", "by its forward"])
def test_a_network_that_is_a_sequential_of_its_own_class_is_seen(load, changes):
    right, wrong = load(changed(DQN, changes)), load(changed(DQN, [*changes, ("* (1 - d) *", "*")]))
    for seed in SEEDS:
        assert examine_dqn(right, seed).verdict == RIGHT
        assert told(examine_dqn(wrong, seed)) == [("fault", "mask-missing")]


TWINS = "F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)"
LEARN = f"""        loss = {TWINS}
        self.q_optimizer.zero_grad()
        loss.backward()
        self.q_optimizer.step()
"""
LAZY = """        losses = F.mse_loss(self.q1(s, a), y), F.mse_loss(self.q2(s, a), y)
        map(lambda loss: (self.q_optimizer.zero_grad(), loss.backward(), self.q_optimizer.step()), losses)
"""


def test_critics_whose_loss_never_goes_backward_are_named(load):
    lazy, logged = (
        load(changed(TD3, [(LEARN, LAZY)])),
        load(changed(TD3, [(LEARN, f"{LEARN}        (0 * {TWINS}).item()\n")])),
    )
    for seed in SEEDS:
        assert told(examine_continuous(lazy, seed)) == [("fault", "critic-untrained")]
        assert examine_continuous(logged, seed).verdict == RIGHT  # asked once more, for a chart


COPIED = """        with torch.no_grad():
            mixed = dict(self.net.named_parameters())
            for name, t in dict(self.target.named_parameters()).items():
                mixed[name] = self.tau * mixed[name] + (1 - self.tau) * t
                self.target.load_state_dict(mixed)
"""
ONCE = COPIED.replace("                self.target.load", "            self.target.load")
LOOP = f"        for t, p in zip(self.target.parameters(), self.net.parameters()):\n            {SYNC}\n"


def test_a_target_of_which_all_but_one_parameter_is_copied_is_named(load):
    wrong, right = load(changed(DQN, [(LOOP, COPIED)])), load(changed(DQN, [(LOOP, ONCE)]))
    for seed in SEEDS:
        assert told(examine_dqn(wrong, seed)) == [("fault", "polyak-uneven")]
        assert examine_dqn(right, seed).verdict == RIGHT


SUM = ").sum(1, keepdim=True)\n        return a, log_pi"
AVERAGED = {
    "in the policy": [(SUM, SUM.replace("sum", "mean"))],
    "where it is used": [
        (SUM, ")\n        return a, log_pi"),
        ("alpha * log_pi2", "alpha * log_pi2.mean(1, keepdim=True)"),
    ],
}
TARGETS = SAC[SAC.index("        for net, target in (") :]
DRAWN = "        s, a, r, s2, d = self.buffer.sample(batch)\n"
LEAVES = "        self.n = getattr(self, 'n', 0) + 1\n        if self.n % 2:\n            return\n"
DELAYED = [(TARGETS, ""), (DRAWN, DRAWN + TARGETS), ("        mu, log_pi", LEAVES + "        mu, log_pi")]


@pytest.mark.parametrize("where", AVERAGED)
@pytest.mark.parametrize("delayed", [[], DELAYED], ids=["each time", "every second time"])
def test_log_pi_averaged_over_entries_is_named_where_the_target_is_that_of_all(load, where, delayed):
    averaged = [*delayed, *AVERAGED[where]]
    right, wrong = load(changed(SAC, delayed)), load(changed(SAC, averaged))
    of_each = load(changed(SAC, [*averaged, ("0.99, 0.005, -a", "0.99, 0.005, -1")]))
    for seed in SEEDS:
        assert told(examine_continuous(right, seed)) == []
        assert told(examine_continuous(wrong, seed)) == [("fault", "temperature-averaged")]
        assert told(examine_continuous(of_each, seed)) == []  # -1 for each entry is -a for all


TERM = "y = r + self.gamma * (1 - d) * v", "y = r + self.gamma * (1 - d) * (v + 0.005 * a2.pow(2).sum(1, keepdim=True))"


def test_a_term_of_the_rows_that_bootstrap_is_no_weight_of_rows(load):
    wrong = load(changed(TD3, [TERM]))
    for seed in SEEDS:
        assert ("suspicion", "unexplained") in told(examine_continuous(wrong, seed))


def test_weights_that_do_not_depend_on_the_bootstrap_are_weights():
    rows, bootstraps = np.arange(24), np.arange(24) >= 8
    assert _stand_for_a_term(rows, np.arange(8), bootstraps)
    assert not _stand_for_a_term(rows, np.arange(7), bootstraps)  # one ended row differs
    assert not _stand_for_a_term(rows, np.arange(16), bootstraps)  # and so do half of the others not
    assert not _stand_for_a_term(rows[4:], rows[4:8], bootstraps)  # too few have ended


SEVERAL = [
    (Q, "q = self.net(s).gather(1, a[:, None])"),
    (V, "v = self.target(s).max(1, keepdim=True).values"),
    (Y, "y = r + self.gamma * v"),
]


def test_rewards_of_the_other_shape_are_named_beside_other_faults(load):
    wrong, without = load(changed(DQN, SEVERAL)), load(changed(DQN, [*SEVERAL[:2], (Y, "y = self.gamma * v + 0.5")]))
    for seed in SEEDS:
        assert {code for _, code in told(examine_dqn(wrong, seed))} == {
            "wrong-state",
            "mask-missing",
            "reward-averaged",
        }
        assert "reward-missing" in {code for _, code in told(examine_dqn(without, seed))}


RATIO = [
    ("u = normal.rsample()", "u = normal.sample()"),
    ("(alpha * log_pi - torch.min(self.q1(s, mu), self.q2(s, mu)))", "(log_pi * (alpha * log_pi - q).detach())"),
    ("        actor_loss", "        q = torch.min(self.q1(s, mu), self.q2(s, mu))\n        actor_loss"),
]
LOG_PI_TIMES = "log_pi * (alpha * log_pi - q)"


@pytest.mark.parametrize(
    ("times", "fault"),
    [
        ("log_pi * (alpha * log_pi - self.q1(s, mu))", ""),
        ("log_pi * (alpha * log_pi - q + q.mean())", ""),
        ("log_pi * (alpha * log_pi + q)", "actor-sign"),
        ("log_pi * (-alpha * log_pi - q)", "actor-entropy-sign"),
    ],
)
def test_an_actor_that_learns_from_log_pi_times_a_number_is_examined(load, times, fault):
    agent = load(changed(SAC, [*RATIO, (LOG_PI_TIMES, times)]))
    for seed in SEEDS:
        report = examine_continuous(agent, seed)
        assert told(report) == ([("fault", fault)] if fault else []), str(report)
        assert any("likelihood ratio" in x for x in report.conventions)


def test_an_actor_that_learns_from_log_pi_times_another_number_is_not_seen(load):
    agent = load(changed(SAC, [*RATIO, (LOG_PI_TIMES, "log_pi * (q**2)")]))
    assert told(examine_continuous(agent, 0)) == [("not seen", "actor-not-seen")]
