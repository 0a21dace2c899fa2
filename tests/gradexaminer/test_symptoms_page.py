"""The page "My agent does X": its probes tell right agents from faulty ones, and its words are the examiner's."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gradexaminer.words import MEANINGS
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import seed_all
from tests.gradexaminer.sources import changed

PAGE = (Path(__file__).parents[2] / "docs" / "my-agent-does-not-learn.md").read_text(encoding="utf-8")
OBSERVATIONS = torch.randn((400, 5), generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def probes() -> SimpleNamespace:
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], names)
    return SimpleNamespace(**names)


def dqn(fault: str | None = None) -> Any:
    """An agent of ours with a full memory: action 2 earns 1 where the first entry is positive, every other action 0."""
    names: dict[str, Any] = {}
    exec(changed(sources.DQN, sources.DQN_FAULTS[fault][1] if fault else []), names)
    seed_all(0)
    agent = names["Agent"]()
    for i, s in enumerate(OBSERVATIONS.numpy()):
        agent.remember(s, i % 4, float(i % 4 == 2 and s[0] > 0), s, i % 3 == 0)
    return agent


def td3(fault: str | None = None) -> Any:
    names: dict[str, Any] = {}
    exec(changed(sources.TD3, sources.TD3_FAULTS[fault][1] if fault else []), names)
    seed_all(0)
    agent = names["Agent"]()
    for s in OBSERVATIONS.numpy():
        agent.buffer.add(s, [0.1, -0.2, 0.3], float(s[0]), s, False)
    return agent


def trained(agent: Any, updates: int) -> Any:
    for _ in range(updates):
        agent.learn()
    return agent


def test_every_word_of_the_page_is_one_of_the_examiner():
    table = re.findall(r"^\| \[.*$", PAGE, re.MULTILINE)
    words = {w for row in table for w in re.findall(r"`([a-z]+(?:-[a-z]+)*)`", row.split("|")[3])}
    assert len(table) == 7
    assert len(words) >= 15
    assert words <= set(MEANINGS)
    later = set(re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", PAGE)) - set(MEANINGS)
    assert not later


def test_every_row_leads_to_its_section():
    targets = re.findall(r"^\| \[[^]]*\]\(#([^)]+)\)", PAGE, re.MULTILINE)
    headings = [re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^## (.*)$", PAGE, re.M)]
    assert targets == headings[:7]


@pytest.mark.parametrize("fault", ["no step", "zeroed before the step", "optimizer of the target"])
def test_nothing_moves(probes, fault):
    right, wrong = dqn(), dqn(fault)
    assert probes.moved_by(right.learn, right.net)[0] > 0
    assert probes.moved_by(wrong.learn, wrong.net) == [0.0]


def test_spread_over_states_and_over_actions(probes):
    states, actions = probes.spread(trained(dqn(), 400).net, OBSERVATIONS)
    assert min(states, actions) > 0.2
    assert probes.spread(trained(dqn("broadcast"), 400).net, OBSERVATIONS)[0] < 0.1
    assert probes.spread(trained(dqn("untaken to the label"), 400).net, OBSERVATIONS)[1] < 0.1


def test_q_beyond_its_bound(probes):
    bounded = partial(probes.largest_q, observations=OBSERVATIONS, largest_reward=1.0, gamma=0.99)
    agent = dqn()
    assert bounded(agent.net) < 1
    with torch.no_grad():
        agent.net.head.bias += 150
    assert bounded(agent.net) > 1


def test_a_saturated_actor(probes):
    agent = td3()
    share = partial(probes.share_at_a_bound, agent.actor, OBSERVATIONS, -1.0, 1.0)
    assert share() < 0.1
    with torch.no_grad():
        for p in agent.actor.parameters():
            p.mul_(50)
    assert share() > 0.5


def test_parameters_without_a_gradient(probes):
    right, wrong = td3(), td3("actor detached")
    for agent in (right, wrong):
        trained(agent, 2)
    assert not probes.without_gradient(right.actor)
    assert len(probes.without_gradient(wrong.actor)) == len(list(wrong.actor.parameters()))


def test_an_optimizer_that_holds_the_critic_moves_it_in_the_actors_step(probes):
    def actor_step(agent: Any) -> None:
        loss = -agent.q1(OBSERVATIONS, agent.actor(OBSERVATIONS)).mean()
        agent.actor_optimizer.zero_grad()
        loss.backward()
        agent.actor_optimizer.step()

    right, wrong = td3(), td3("actor's optimizer holds the critic")
    assert probes.moved_by(partial(actor_step, right), right.q1) == [0.0]
    assert probes.moved_by(partial(actor_step, wrong), wrong.q1)[0] > 0
