"""Faults injected into our own agents are named, and right variants are not accused; three seeds each."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.sources import changed

SEEDS = (0, 1, 2)
RIGHT = [
    *((sources.DQN, name, changes, examine_dqn) for name, changes in sources.DQN_RIGHT.items()),
    *((sources.TD3, name, changes, examine_continuous) for name, changes in sources.TD3_RIGHT.items()),
    *((sources.SAC, name, changes, examine_continuous) for name, changes in sources.SAC_RIGHT.items()),
]
WRONG = [
    *((sources.DQN, name, code, changes, examine_dqn) for name, (code, changes) in sources.DQN_FAULTS.items()),
    *((sources.TD3, name, code, changes, examine_continuous) for name, (code, changes) in sources.TD3_FAULTS.items()),
    *((sources.SAC, name, code, changes, examine_continuous) for name, (code, changes) in sources.SAC_FAULTS.items()),
]


@pytest.mark.parametrize(("source", "name", "changes", "run"), RIGHT, ids=[x[1] for x in RIGHT])
def test_a_right_agent_is_not_accused(source, name, changes, run, load):
    module = load(changed(source, changes))
    for seed in SEEDS:
        report = run(module, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert report.conventions, "silence is no praise: what was seen is said"


@pytest.mark.parametrize(("source", "name", "code", "changes", "run"), WRONG, ids=[x[1] for x in WRONG])
def test_a_fault_is_named_and_nothing_else(source, name, code, changes, run, load):
    module = load(changed(source, changes))
    for seed in SEEDS:
        report = run(module, seed)
        assert report.codes == set(code.split()), str(report)


def test_there_are_enough_of_both():
    assert len(WRONG) >= 100
    assert len(RIGHT) >= 40
