"""Learned temperatures: their sign, their target entropy, and when they learn."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, told
from tests.gradexaminer.sources import SAC, changed
from tests.gradexaminer.styles_sac import DISCRETE_SAC

SEEDS = (0, 1, 2)
CLIPPED = [
    (
        "        alpha_loss.backward()\n",
        "        alpha_loss.backward()\n        nn.utils.clip_grad_norm_([self.log_alpha], 0.5)\n",
    )
]


def test_a_temperature_with_a_clipped_gradient_is_read_by_its_signs(load):
    right = load(changed(sources.SAC, CLIPPED))
    wrong = load(changed(sources.SAC, [*CLIPPED, ("alpha_loss = -(", "alpha_loss = (")]))
    for seed in SEEDS:
        report = examine_continuous(right, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert "temperature: learned, its gradient clipped at 0.5" in report.conventions
        assert examine_continuous(wrong, seed).codes == {"temperature-sign"}


@pytest.mark.parametrize(("bound", "seed"), [("1.5", 2), ("2.5", 1)])
def test_a_temperature_whose_gradient_was_clipped_in_one_update_is_read_by_the_others(load, bound, seed):
    clipped = [(CLIPPED[0][0], CLIPPED[0][1].replace("0.5", bound))]
    wrong = load(changed(sources.SAC, [*clipped, ("alpha_loss = -(", "alpha_loss = (")]))
    report = examine_continuous(load(changed(sources.SAC, clipped)), seed)
    assert report.verdict == "nothing to object to", str(report)
    assert f"temperature: learned, its gradient clipped at {bound}" in report.conventions
    assert examine_continuous(wrong, seed).codes == {"temperature-sign"}


MEAN = "(pi * log_pi).sum(1)"
TARGET = "+ self.target_entropy"


def test_a_temperature_that_learns_from_all_actions_alike_is_named(load):
    wrong = load(changed(DISCRETE_SAC, [(MEAN, "log_pi.mean(1)")]))
    for seed in SEEDS:
        assert told(examine_dqn(wrong, seed)) == [("fault", "temperature-unweighted")]


@pytest.mark.parametrize("target", ["- 4", "+ 1.5"])
def test_a_target_entropy_that_no_policy_over_four_actions_has_is_named(load, target):
    wrong = load(changed(DISCRETE_SAC, [(TARGET, target)]))
    for seed in SEEDS:
        assert told(examine_dqn(wrong, seed)) == [("fault", "temperature-unreachable")]


@pytest.mark.parametrize("target", ["+ np.log(4)", "+ 0.0"])
def test_a_target_entropy_at_a_bound_is_a_choice(load, target):
    module = load(changed(DISCRETE_SAC, [(TARGET, target)]))
    for seed in SEEDS:
        assert not told(examine_dqn(module, seed))


TANH = "a = torch.tanh(u)"
CORRECTED = "(normal.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6))"
UNBOUNDED = [(TANH, "a = u"), (CORRECTED, "normal.log_prob(u)")]
TWICE = [
    (TANH, "a = 2 * torch.tanh(u)"),
    (CORRECTED, "(normal.log_prob(u) - torch.log(2 * (1 - (a / 2).pow(2)) + 1e-6))"),
]
POSITIVE = ("0.005, -a\n", "0.005, a\n")  # the most that three entries between -1 and 1 have is 3 log 2, 2.08


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ([POSITIVE], ["temperature-unreachable"]),
        ([("0.005, -a\n", "0.005, 2.05\n")], []),
        ([POSITIVE, *UNBOUNDED], []),
        ([POSITIVE, *TWICE], []),
    ],
    ids=["of the wrong sign", "nearly all of it", "no tanh", "twice the tanh"],
)
def test_a_target_entropy_that_no_squashed_policy_has_is_named(load, changes, level):
    module = load(changed(sources.SAC, changes))
    for seed in SEEDS:
        found = examine_continuous(module, seed).findings
        assert [f.code for f in found if f.code.startswith("temperature")] == level


def test_a_temperature_that_learns_in_every_other_update_is_examined(load):
    step = "        self.alpha_optimizer.step()\n"
    delayed = "        self.k = getattr(self, 'k', 0) + 1\n        if self.k % 2: self.alpha_optimizer.step()\n"
    wrong = load(changed(DISCRETE_SAC, [(MEAN, "log_pi.mean(1)"), (step, delayed)]))
    right = load(changed(DISCRETE_SAC, [(step, delayed)]))
    assert told(examine_dqn(wrong)) == [("fault", "temperature-unweighted")]
    assert any("temperature: learned" in said for said in examine_dqn(right).conventions)


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


AT_THE_NEXT = [
    ("alpha_loss = -(self.log_alpha * ((pi * log_pi)", "alpha_loss = -(self.log_alpha * ((pi2 * log_pi2)"),
]


def test_a_temperature_that_learns_at_the_next_states_is_examined(load):
    everywhere = (AT_THE_NEXT[0][1] + ".sum(1)", "alpha_loss = -(self.log_alpha * (log_pi2.mean(1)")
    right = examine_dqn(load(changed(DISCRETE_SAC, AT_THE_NEXT)))
    assert right.verdict == "nothing to object to", str(right)
    assert any("temperature: learned" in said for said in right.conventions)
    assert told(examine_dqn(load(changed(DISCRETE_SAC, [*AT_THE_NEXT, everywhere])))) == [
        ("fault", "temperature-unweighted")
    ]
