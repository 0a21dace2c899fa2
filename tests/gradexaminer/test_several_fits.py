"""Labels for all actions that an update fits in several steps, as Keras's `fit` does with more than one epoch."""

from __future__ import annotations

import pytest

from tests.gradexaminer.conftest import examine_dqn, told
from tests.gradexaminer.sources import DQN, changed

SEEDS = (0, 1, 2)
START, END = DQN.index("        q = self.net(s).gather"), DQN.index("        self.sync()\n")
FITTED = (
    DQN[:START]
    + """        with torch.no_grad():
            y = self.net(s).clone()
            y[torch.arange(len(a)), a] = r + self.gamma * (1 - d) * self.target(s2).max(1).values
        for _ in range(3):
            loss = F.mse_loss(self.net(s), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
"""
    + DQN[END:]
)
KEPT = "labels of untaken outputs: their values before the steps of the update"


@pytest.mark.parametrize("rate", ["1e-3", "1e-2"])
def test_values_that_are_drawn_back_to_where_they_were_are_a_choice(rate, load):
    module = load(changed(FITTED, [("lr=1e-3", f"lr={rate}")]))
    for seed in SEEDS:
        report = examine_dqn(module, seed)
        assert not told(report), str(report)
        assert KEPT in report.conventions


@pytest.mark.parametrize("other", ["self.target(s)", "torch.zeros_like(self.net(s))", "self.net(s2)"])
def test_untaken_outputs_that_learn_anything_else_are_named(other, load):
    module = load(changed(FITTED, [("y = self.net(s).clone()", f"y = {other}.clone()")]))
    for seed in SEEDS:
        assert ("fault", "untaken") in told(examine_dqn(module, seed))


def test_faults_of_a_label_that_is_fitted_in_several_steps_are_named(load):
    module = load(changed(FITTED, [("(1 - d) * ", "")]))
    for seed in SEEDS:
        assert told(examine_dqn(module, seed)) == [("fault", "mask-missing")]


_LOOP = "        for i in {rows}:\n            loss = F.mse_loss(self.net(s[i]), y[i])\n"
_ZERO = "        self.optimizer.zero_grad()\n"
BY_ROW = FITTED.replace("        for _ in range(3):\n            loss = F.mse_loss(self.net(s), y)\n", _LOOP)


@pytest.mark.parametrize(("rows", "codes"), [("range(31, 32)", {"critic-one-row"}), ("range(32)", set())])
def test_a_loop_that_fits_one_row_of_a_batch_is_told_from_one_that_fits_each(rows, codes, load):
    module = load(BY_ROW.replace("{rows}", rows))
    alone = load(changed(DQN, [("self.batch = 0.99, 0.01, 32", "self.batch = 0.99, 0.01, 1")]))
    for seed in SEEDS:
        report = examine_dqn(module, seed)
        assert {code for level, code in told(report) if level == "fault"} == codes, str(report)
        assert "critic-one-row" not in examine_dqn(alone, seed).codes


def test_a_loop_whose_only_step_comes_after_it_applies_the_last_row_alone(load):
    text = BY_ROW.replace("{rows}", "range(32)")
    moved = changed(text, [("            self.optimizer.step()\n", "        self.optimizer.step()\n")])
    summed = changed(moved, [("    " + _ZERO, ""), ("        for i in", _ZERO + "        for i in")])
    assert told(examine_dqn(load(moved), 0)) == [("fault", "critic-one-row")]
    assert not told(examine_dqn(load(summed), 0))
