"""Every finding is raised by a fault that is injected, and a right agent raises none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradexaminer.findings import FAULT, SUSPICION
from gradexaminer.words import MEANINGS
from tests.gradexaminer import sources, styles_more
from tests.gradexaminer.conftest import told
from tests.gradexaminer.faults_rare import RARE
from tests.gradexaminer.sources import changed
from tests.gradexaminer.test_injected_faults import WRONG
from tests.gradexaminer.test_styles import WRONG as WRONG_STYLES

BY_A_SCRIPT = {  # only a whole training loop shows what it stores; by the tests that raise them
    "mask-truncated": "test_running",
    "script-crashed": "test_running",
    "script-learned-nothing": "test_own_scripts",
    "mask-not-seen": "test_script_rows",
}
BY_AN_ERROR = {"question-open"}  # of the examiner's own


def injected() -> set[str]:
    """Codes that some fault of the tests must raise."""
    return (
        {code for x in WRONG for code in x[2].split()}
        | {code for x in WRONG_STYLES for code in x[3].split()}
        | {x.code for x in RARE.values()}
    )


def test_a_fault_is_injected_for_every_code():
    assert set(MEANINGS) - injected() - set(BY_A_SCRIPT) - BY_AN_ERROR == set(), (
        "inject a fault for it in faults_rare.py"
    )
    assert injected() <= set(MEANINGS)
    for code, test in BY_A_SCRIPT.items():
        assert f'"{code}"' in (Path(__file__).parent / f"{test}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RARE)
def test_a_rare_fault_is_told_with_its_level_and_nothing_else_is_objected_to(name, load):
    rare = RARE[name]
    report = rare.run(load(changed(rare.source, rare.changes)))
    assert (rare.level, rare.code) in {(f.level, f.code) for f in report.findings}, str(report)
    own = {rare.code} if rare.level in {FAULT, SUSPICION} else set()
    assert report.codes == own | rare.beside, str(report)


def test_what_is_not_examined_says_why(load):
    for name, reason in {
        "gradients by torch.func": "torch.func",
        "two choices, stacked": "several discrete choices",
        "two choices, a list": "several discrete choices",
    }.items():
        rare = RARE[name]
        (found,) = rare.run(load(changed(rare.source, rare.changes))).of("not seen")
        assert reason in found.evidence


def test_a_state_dict_that_is_loaded_again_is_a_soft_update(load):
    rare = RARE["soft update into a dict"]
    loaded = rare.changes[0][1] + "\n        self.target.load_state_dict(t)"
    report = rare.run(load(changed(sources.DQN, [(rare.changes[0][0], loaded)])))
    assert report.verdict == "nothing to object to", str(report)
    assert "agent.target: soft update, tau 0.01" in report.conventions


def test_a_mean_as_target_action_that_stays_in_range_is_a_suspicion(load):
    rare = RARE["target action without a tanh"]
    bounded = [(old, new.replace("[0]", "[0].mul(0.05)")) for old, new in rare.changes]
    squashed = rare.source.replace("return self.mean(h),", "return torch.tanh(self.mean(h)),")
    undrawn = ("fault", "log-prob-other-action")  # log pi is that of a number that was drawn
    assert told(rare.run(load(changed(rare.source, bounded)))) == [undrawn]
    report = rare.run(load(changed(squashed, rare.changes)))
    assert set(told(report)) == {undrawn, ("suspicion", "target-action-parameters")}, str(report)


def test_compiled_code_is_compiled_again_afterwards(load):
    import torch

    before = torch.compile
    styles_more_agent = load(changed(sources.DQN, styles_more.COMPILED))
    assert torch.compile is before
    assert isinstance(styles_more_agent.Agent(5, 4).net, torch._dynamo.OptimizedModule)
