"""Labels that are held within bounds, and an actor whose range lies beside the one that its critic learns from."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.sources import changed

SEEDS = (0, 1, 2)
CLAMPED = "y = (r + self.gamma * (1 - d) * v).clamp(-50.0, 0.0)"


def test_labels_that_are_clamped_are_read_and_nothing_is_held_against_them(load):
    right = load(changed(sources.DQN, [(sources.Y, CLAMPED)]))
    for seed in SEEDS:
        report = examine_dqn(right, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert any("clamped at" in told for told in report.conventions)


@pytest.mark.parametrize(
    ("fault", "label"),
    [
        ("mask-missing", "y = (r + self.gamma * v).clamp(-50.0, 0.0)"),
        ("mask-on-reward", "y = ((1 - d) * (r + self.gamma * v)).clamp(-50.0, 0.0)"),
    ],
)
def test_a_fault_behind_a_clamp_is_named(load, fault, label):
    wrong = load(changed(sources.DQN, [(sources.Y, label)]))
    for seed in SEEDS:
        assert examine_dqn(wrong, seed).codes == {fault}


BESIDE = [
    ("return torch.tanh(", "return 2.2 - torch.tanh("),
    (".clamp(-0.5, 0.5)).clamp(-1, 1)", ".clamp(-0.5, 0.5))"),
]


WITHOUT_A_BOUND = [("return torch.tanh(", "return 50 * ("), BESIDE[1]]


def test_an_actor_whose_range_lies_beside_the_critics_is_told(load):
    wrong, wide = load(changed(sources.TD3, BESIDE)), load(changed(sources.TD3, WITHOUT_A_BOUND))
    for seed in SEEDS:
        report = examine_continuous(wrong, seed)
        assert [(f.level, f.code) for f in report.findings if f.level != "note"] == [("suspicion", "action-units")]
        assert examine_continuous(wide, seed).verdict == "nothing to object to"
