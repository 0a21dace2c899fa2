"""What a right agent is told about itself, in the words that its author used."""

from __future__ import annotations

import pytest

from gradexaminer.findings import NOTHING
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.sources import changed

SMOOTHING = ("noise=0.2", "noise=0.0")
DELAY = ("delay=2", "delay=1")


def test_the_temperature_is_told_by_itself_and_not_times_gamma(load):
    assert "minus alpha log pi, alpha 0.2, gamma 0.99" in str(examine_continuous(load(sources.SAC)))


def test_the_mean_of_hubers_loss_is_no_mean_of_squares(load):
    summary = examine_dqn(load(changed(sources.DQN, sources.DQN_RIGHT["huber"]))).summary
    assert "loss: Huber loss (bend at 1), mean" in summary
    assert not [line for line in summary if "squares" in line]


@pytest.mark.parametrize(
    ("source", "changes", "kind"),
    [
        (sources.TD3, [], "TD3 (clipped double Q, target policy smoothing, delayed policy updates)"),
        (sources.TD3, [SMOOTHING], "TD3 (clipped double Q, delayed policy updates, no target policy smoothing seen)"),
        (sources.TD3, [DELAY], "TD3 (clipped double Q, target policy smoothing, no delayed policy updates seen)"),
        (sources.TD3, [SMOOTHING, DELAY], "DDPG (clipped double Q)"),
        (sources.TD3, sources.TD3_RIGHT["DDPG"], "DDPG"),
        (sources.SAC, [], "SAC (clipped double Q)"),
        (sources.SAC, [("self.q1_target(s2, a2), self.q2_target(s2, a2)", "*[self.q1_target(s2, a2)] * 2")], "SAC"),
    ],
)
def test_an_agent_is_named_by_what_was_measured_of_it(source, changes, kind, load):
    report = examine_continuous(load(changed(source, changes)))
    assert report.summary[0] == kind, str(report)
    told = {line.partition(":")[0] for line in report.summary}
    assert ("target policy smoothing" in told) == (", target policy smoothing" in kind)
    assert ("delayed policy updates" in told) == (", delayed policy updates" in kind)


def test_the_noise_and_the_delay_are_told_as_measured(load):
    told = dict(line.split(": ", 1) for line in examine_continuous(load(sources.TD3)).summary[1:])
    assert told["delayed policy updates"] == "the actor learned in 3 of 6 updates"
    largest = float(told["target policy smoothing"].removeprefix("noise of up to ").split()[0])
    assert 0.3 < largest <= 0.5


def test_each_convention_has_a_line_of_its_own(load):
    text = str(examine_continuous(load(sources.SAC))).splitlines()
    assert text[0] == "SAC (clipped double Q)"
    assert "actor: mean of alpha log pi - Q, alpha 0.2" in text
    assert not [line for line in text if "; " in line]


def test_notes_alone_are_no_objection(load):
    report = examine_dqn(load(changed(sources.DQN, sources.DQN_RIGHT["target not detached"])))
    assert [f.code for f in report.findings] == ["target-not-detached"]
    assert str(report).endswith(NOTHING)
    faulty = examine_dqn(load(changed(sources.DQN, sources.DQN_FAULTS["mask missing"][1])))
    assert NOTHING not in str(faulty)
