"""What a right agent is told about itself, in the words that its author used."""

from __future__ import annotations

from gradexaminer.findings import NOTHING
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.sources import changed


def test_the_temperature_is_told_by_itself_and_not_times_gamma(load):
    assert "minus alpha log pi, alpha 0.2, gamma 0.99" in examine_continuous(load(sources.SAC)).paragraph


def test_the_mean_of_hubers_loss_is_no_mean_of_squares(load):
    paragraph = examine_dqn(load(changed(sources.DQN, sources.DQN_RIGHT["huber"]))).paragraph
    assert "Huber loss (bend at 1), mean" in paragraph
    assert "squares" not in paragraph


def test_notes_alone_are_no_objection(load):
    report = examine_dqn(load(changed(sources.DQN, sources.DQN_RIGHT["target not detached"])))
    assert [f.code for f in report.findings] == ["target-not-detached"]
    assert str(report).endswith(NOTHING)
    faulty = examine_dqn(load(changed(sources.DQN, sources.DQN_FAULTS["mask missing"][1])))
    assert NOTHING not in str(faulty)
