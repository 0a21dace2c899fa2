"""One backward pass of the critics' loss and the policy's, over discrete actions."""

from __future__ import annotations

import pytest

from tests.gradexaminer.conftest import examine_dqn, told
from tests.gradexaminer.sources import changed
from tests.gradexaminer.styles_sac import DISCRETE_SAC

SEEDS = (1, 2)


_STEPS = """        self.q_optimizer.zero_grad()
        loss.backward()
        self.q_optimizer.step()
"""
_ACTORS_STEP = """        self.policy_optimizer.zero_grad()
        actor_loss.backward()
        self.policy_optimizer.step()
"""
_BOTH = """        self.q_optimizer.zero_grad()
        self.policy_optimizer.zero_grad()
        (loss + actor_loss).backward()
        self.q_optimizer.step()
        self.policy_optimizer.step()
"""
_WITHOUT = "with torch.no_grad():\n            q = torch.min(self.q1(s), self.q2(s))"
_ASKED_ONCE = [
    (_STEPS, ""),
    (_ACTORS_STEP, _BOTH),
    ("q1 = self.q1(s).gather", "all1, all2 = self.q1(s), self.q2(s)\n        q1 = all1.gather"),
    ("q2 = self.q2(s).gather", "q2 = all2.gather"),
]
JOINT = {
    "the smaller of two": "torch.min(all1, all2)",
    "their mean": "(all1 + all2) / 2",
    "one of two": "all1",
}


@pytest.mark.parametrize("name", JOINT)
def test_a_policys_loss_in_the_critics_own_backward_pass_is_named_and_their_labels_are_read(name, load):
    module = load(changed(DISCRETE_SAC, [*_ASKED_ONCE, (_WITHOUT, f"q = {JOINT[name]}")]))
    detached = load(changed(DISCRETE_SAC, [*_ASKED_ONCE, (_WITHOUT, f"q = ({JOINT[name]}).detach()")]))
    unmasked = load(changed(DISCRETE_SAC, [*_ASKED_ONCE, (_WITHOUT, f"q = {JOINT[name]}"), ("(1 - d) * v", "v")]))
    for seed in SEEDS:
        assert told(examine_dqn(module, seed)) == [("fault", "critic-moved-by-actor")]
        assert {code for _, code in told(examine_dqn(unmasked, seed))} == {"critic-moved-by-actor", "mask-missing"}
        right = examine_dqn(detached, seed)
        assert not told(right), str(right)


def test_values_that_are_held_down_at_all_actions_are_not_taken_for_a_policys_loss(load):
    down = "loss = F.mse_loss(q1, y) + F.mse_loss(q2, y) + torch.logsumexp(all1, 1).mean() - q1.mean()"
    before = "loss = F.mse_loss(q1, y) + F.mse_loss(q2, y)"
    module = load(changed(DISCRETE_SAC, [*_ASKED_ONCE, (_WITHOUT, "q = all1.detach()"), (before, down)]))
    for seed in SEEDS:
        assert "critic-moved-by-actor" not in examine_dqn(module, seed).codes


def test_a_policy_beside_critics_that_are_not_understood_is_not_called_on_policy(load):
    squares = [(_WITHOUT, "q = torch.min(all1, all2)"), ("log_pi - q)", "log_pi - q ** 2)")]
    module = load(changed(DISCRETE_SAC, [*_ASKED_ONCE, *squares]))
    for seed in SEEDS:
        codes = {code for _, code in told(examine_dqn(module, seed))}
        assert "critic-not-seen" in codes
        assert "out-of-scope" not in codes
