"""Two steps after one backward pass apply one gradient twice, though it is zeroed before every pass."""

from __future__ import annotations

from gradexaminer.findings import FAULT
from tests.gradexaminer.conftest import examine_dqn
from tests.gradexaminer.sources import DQN, STEP, changed

BETWEEN = "no backward pass came in between"


def test_two_steps_after_one_backward_pass_are_told_from_gradients_that_are_never_zeroed(load):
    twice = examine_dqn(load(changed(DQN, [(STEP, f"{STEP}        self.optimizer.step()\n")])))
    never = examine_dqn(load(changed(DQN, [("self.optimizer.zero_grad()\n        ", "")])))
    for report, between in ((twice, True), (never, False)):
        (found,) = [f for f in report.findings if f.level == FAULT]
        assert found.code == "grads-not-zeroed"
        assert (BETWEEN in found.sentence) is between, found.sentence
