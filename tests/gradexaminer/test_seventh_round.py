"""Kinds of agents that the sixth first contact showed: each shape in our own words."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.sources import changed

SEEDS = (0, 1, 2)
PARTS = [
    (
        "return self.head(self.body(x))",
        "left, right = x\n        return self.head(self.body(torch.cat([right, left], 1)))",
    ),
    (
        "s, a, r, s2, d = self.sample()",
        "s, a, r, s2, d = self.sample()\n        s, s2 = (s[:, :2], s[:, 2:]), (s2[:, :2], s2[:, 2:])",
    ),
]
HALVES, NEXT_HALVES = "s[:, :2], s[:, 2:]", "s2[:, :2], s2[:, 2:]"
PARTS_BESIDE_AN_ACTION = [
    ("def forward(self, s):\n", "def forward(self, left, right):\n        s = torch.cat([left, right], 1)\n"),
    ("def forward(self, s, a):\n", "def forward(self, left, right, a):\n        s = torch.cat([left, right], 1)\n"),
    (sources._A2, f"a2 = self.actor_target({NEXT_HALVES})"),
    (sources._V, sources._V.replace("s2, a2", f"{NEXT_HALVES}, a2")),
    (sources._LOSS, sources._LOSS.replace("(s, a)", f"({HALVES}, a)")),
    (sources._ACTOR, f"actor_loss = -self.q1({HALVES}, self.actor({HALVES})).mean()"),
]


def test_an_observation_in_two_parts_is_recognized(load):
    module = load(changed(sources.DQN, PARTS))
    for seed in SEEDS:
        report = examine_dqn(module, seed)
        assert report.verdict == "nothing to object to", str(report)


@pytest.mark.parametrize("fault", ["mask missing", "gamma missing", "minimum", "polyak swapped"])
def test_a_fault_behind_two_parts_is_named(fault, load):
    code, changes = sources.DQN_FAULTS[fault]
    assert examine_dqn(load(changed(sources.DQN, [*PARTS, *changes]))).codes == {code}


def test_two_parts_beside_an_action_are_recognized(load):
    module = load(changed(sources.TD3, PARTS_BESIDE_AN_ACTION))
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert report.verdict == "nothing to object to", str(report)
    behind = load(changed(sources.TD3, [*PARTS_BESIDE_AN_ACTION, ("actor_loss = -self", "actor_loss = self")]))
    assert examine_continuous(behind).codes == {"actor-sign"}


@pytest.mark.parametrize("streams", ["F.relu(self.v(h)) + adv", "F.relu(self.v(h)) + F.relu(adv)"])
def test_a_dueling_value_that_ends_in_a_relu_is_bounded(streams, load):
    """The mean over a state's actions is that value: a state from which all returns are negative cannot be learned."""
    dueling = sources.DQN_RIGHT["dueling inside"]
    subtracted = streams.partition(" + ")[2]
    bounded = ("self.v(h) + adv - adv.mean(1, keepdim=True)", f"{streams} - {subtracted}.mean(1, keepdim=True)")
    module = load(changed(sources.DQN, [*dueling, bounded]))
    for seed in SEEDS:
        assert examine_dqn(module, seed).codes == {"output-bounded"}


def test_advantages_that_end_in_a_relu_are_not(load):
    dueling = sources.DQN_RIGHT["dueling inside"]
    module = load(changed(sources.DQN, [*dueling, ("adv = self.adv(h)", "adv = F.relu(self.adv(h))")]))
    for seed in SEEDS:
        assert not examine_dqn(module, seed).codes


def test_a_twin_whose_gradient_arrives_after_the_step_is_untrained(load):
    """Both heads are one module's; a second optimizer, of a critic that nobody asks, steps after the second loss."""
    apart = (
        sources._LOSS
        + "\n        self.q_optimizer.zero_grad()\n        loss.backward()\n        self.q_optimizer.step()\n"
    )
    first = "q1, q2 = self.twins(s, a)\n        loss = F.mse_loss(q1, y)\n        loss2 = F.mse_loss(q2, y)\n"
    step = "        self.q_optimizer.zero_grad()\n        loss.backward()\n        self.q_optimizer.step()\n"
    twins = (
        "class Twins(nn.Module):\n    def __init__(self, q1, q2):\n        super().__init__()\n"
        "        self.q1, self.q2 = q1, q2\n\n    def forward(self, s, a):\n"
        "        return self.q1(s, a), self.q2(s, a)\n\n\nclass Buffer:"
    )
    module_of_both = [
        ("class Buffer:", twins),
        (
            "        self.buffer, self.gamma",
            "        self.twins = Twins(self.q1, self.q2)\n"
            "        self.twins_target = Twins(self.q1_target, self.q2_target)\n        self.buffer, self.gamma",
        ),
        (sources._V, "v = torch.min(*self.twins_target(s2, a2))"),
    ]
    left = load(changed(sources.TD3, [*module_of_both, (apart, first + step + "        loss2.backward()\n")]))
    right = load(changed(sources.TD3, [*module_of_both, (apart, first + "        loss = loss + loss2\n" + step)]))
    for seed in SEEDS:
        assert examine_continuous(left, seed).codes == {"twin-untrained"}
        assert not examine_continuous(right, seed).codes
