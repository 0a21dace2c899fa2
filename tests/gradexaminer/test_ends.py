"""Critics that learn nothing from terminated rows or do not use their action, and what resembles them."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, told
from tests.gradexaminer.sources import LOSS, TANH, changed

_CAT = "torch.cat([s, a], 1)"
LEFT_OUT = {
    "the prediction is masked as the label is": [(LOSS, "loss = F.mse_loss(q * (1 - d), y * (1 - d))")],
    "the prediction alone is masked": [(LOSS, "loss = F.mse_loss(q * (1 - d), y)")],
    "live rows alone": [(LOSS, "loss = F.mse_loss(q[d == 0], y[d == 0])")],
    "the loss is masked": [(LOSS, "loss = (F.smooth_l1_loss(q, y, reduction='none') * (1 - d)).mean()")],
    "an end's label is the prediction": [(LOSS, "loss = F.mse_loss(q, torch.where(d > 0, q.detach(), y))")],
}
WITHOUT_ACTION = {
    "the state alone": [(_CAT, "torch.cat([s, 0 * a], 1)")],
    "a layer of the states' size": [
        (
            "nn.Linear(o + a, 64), nn.Linear(64, 64), nn.Linear(64, 1)",
            "nn.Linear(o, 64), nn.Linear(64, 64), nn.Linear(64, 1)",
        ),
        (_CAT, "s"),
    ],
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_ends_that_are_not_learned_are_named(name, load):
    report = examine_dqn(load(changed(sources.DQN, LEFT_OUT[name])))
    assert told(report) == [("fault", "ends-left-out")], str(report)


def test_ends_that_ddpgs_critic_does_not_learn(load):
    text = "F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)"
    masked = text.replace("(s, a), y", "(s, a) * (1 - d), y")
    report = examine_continuous(load(changed(sources.TD3, [(text, masked)])))
    assert told(report) == [("fault", "ends-left-out")], str(report)


def test_a_wrong_label_beside_ends_that_are_not_learned(load):
    wrong = [*LEFT_OUT["live rows alone"], (sources.V, "v = self.target(s2).min(1).values")]
    assert examine_dqn(load(changed(sources.DQN, wrong))).codes == {"ends-left-out", "minimum"}


def test_rewards_of_ends_that_are_learned_in_a_loss_of_their_own(load):
    live = "F.mse_loss(q[d == 0], y[d == 0], reduction='sum')"
    parts = f"loss = ({live} + {live.replace('d == 0', 'd > 0')}) / 32"
    report = examine_dqn(load(changed(sources.DQN, [(LOSS, parts)])))
    assert report.verdict == "nothing to object to", str(report)


@pytest.mark.parametrize("name", WITHOUT_ACTION)
def test_critics_that_do_not_use_their_action_are_named(name, load):
    report = examine_continuous(load(changed(sources.TD3, WITHOUT_ACTION[name])))
    assert report.codes == {"critic-without-action"}, str(report)


def test_critics_whose_action_has_a_small_part_are_not_accused(load):
    small = [(_CAT, "torch.cat([s, 0.01 * a], 1)"), (TANH, f"0.5 * ({TANH})")]
    report = examine_continuous(load(changed(sources.TD3, small)))
    assert "critic-without-action" not in report.codes, str(report)
