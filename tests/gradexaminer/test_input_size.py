"""Who does not say how long an observation is gets as many numbers as the networks' first layers take."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from gradexaminer import Report, examine
from gradexaminer.findings import FAULT, NOT_SEEN
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import seed_all
from tests.gradexaminer.sources import changed

Load = Callable[[str], ModuleType]


def examined(module: ModuleType, agent: Callable[[], object], **arguments: object) -> Report:
    seed_all(0)
    usual = {"feed": lambda agent, t: agent.remember(*t.as_tuple()), "update": lambda agent: agent.learn()}
    return examine(agent, **{**usual, **arguments})


def words(report: Report) -> list[tuple[str, str]]:
    return [(f.level, f.code) for f in report.findings]


@pytest.mark.parametrize("fault", [None, "mask missing"])
def test_a_dqn_of_three_numbers_is_examined_as_if_they_had_been_named(load: Load, fault: str | None) -> None:
    module = load(changed(sources.DQN, sources.DQN_FAULTS[fault][1]) if fault else sources.DQN)
    found = examined(module, lambda: module.Agent(3, 4), n_actions=4)
    named = examined(module, lambda: module.Agent(3, 4), n_actions=4, obs=3)
    assert words(found) == words(named)
    assert found.conventions == named.conventions != []
    assert found.updates > 0


def test_a_critic_that_takes_state_and_action_does_not_mislead(load: Load) -> None:
    module = load(sources.TD3)
    bounds = {"low": [-2.0] * 3, "high": [2.0] * 3}
    store = {"feed": lambda agent, t: agent.buffer.add(*t.as_tuple())}
    found = examined(module, lambda: module.Agent(7, 3), **bounds, **store)
    assert words(found) == words(examined(module, lambda: module.Agent(7, 3), **bounds, **store, obs=7))
    assert found.updates > 0


def test_who_named_another_length_is_told_which_one_fits(load: Load) -> None:
    module = load(sources.DQN)
    (crashed,) = examined(module, lambda: module.Agent(3, 4), n_actions=4, obs=6).findings
    assert (crashed.level, crashed.code) == (NOT_SEEN, "crashed")
    assert crashed.evidence.endswith("; observations of 6 numbers were given: try obs=3")


@pytest.mark.parametrize("size", [5, 3])
def test_an_error_of_another_kind_is_told_alone(load: Load, size: int) -> None:
    module = load(sources.DQN.replace("loss = F.mse_loss(q, y)", "loss = F.mse_loss(q, y.nothing)"))
    (crashed,) = examined(module, lambda: module.Agent(size, 4), n_actions=4).findings
    assert crashed.code == "crashed"
    assert "has no attribute 'nothing'" in crashed.evidence
    assert "try obs=" not in crashed.evidence


def test_images_and_networks_without_a_linear_layer_are_not_guessed(load: Load) -> None:
    module = load(sources.DQN.replace("nn.Linear(o, 64), nn.ReLU()", "nn.Conv1d(o, 64, 1), nn.Flatten(0)"))
    (crashed,) = examined(module, lambda: module.Agent(3, 4), n_actions=4).findings
    assert (crashed.code, "try obs=" in crashed.evidence) == ("crashed", False)


def test_a_line_of_the_callers_that_asks_for_what_is_not_there_is_no_fault_of_the_agents(load: Load) -> None:
    """Of the agent's own line it is one, as nothing sets what it reads."""
    module = load(sources.DQN)
    for wrong in ({"feed": lambda agent, t: agent.store(t)}, {"update": lambda agent: agent.train_step()}):
        (crashed,) = examined(module, lambda: module.Agent(5, 4), n_actions=4, **wrong).findings
        assert (crashed.level, crashed.code) == (NOT_SEEN, "crashed")
    module = load(sources.DQN.replace("self.sync()\n", "self.copy_weights()\n"))
    (crashed,) = examined(module, lambda: module.Agent(5, 4), n_actions=4).of(FAULT)
    assert "nothing in Agent sets it" in crashed.evidence
