"""A loop that copies its target now and then is watched until it does."""

from __future__ import annotations

from types import SimpleNamespace

import gymnasium
import pytest
import torch

from gradexaminer import examine, watch
from gradexaminer.recording.observe import LEAST_WAIT
from tests.gradexaminer.conftest import seed_all
from tests.gradexaminer.sources import changed
from tests.gradexaminer.test_running import SCRIPT

EVERY = "            if step % 3 == 0:\n                target.load_state_dict(q.state_dict())\n"
LATE = EVERY.replace("% 3", "% 40")


@pytest.mark.parametrize(
    ("new", "codes", "waited"),
    [
        (LATE, set(), True),
        (LATE.replace("target.load_state_dict(q.", "q.load_state_dict(target."), {"online-overwritten"}, False),
        (EVERY, set(), False),
    ],
    ids=["every 40 steps", "every 40 steps, the wrong way", "every 3 steps"],
)
def test_a_copy_that_comes_late_is_seen(new, codes, waited, load, monkeypatch):
    module = load(changed(SCRIPT, [(EVERY, new)]))
    seed_all(0)

    def run(make):
        monkeypatch.setattr(gymnasium, "make", make)
        module.main()

    report = watch(run, n_actions=3, obs=4)
    assert report.codes == codes, str(report)
    assert not report.of("not seen"), str(report)
    told = [text for text in report.conventions if "a copy of" in text]
    assert any("first seen after 1" in text for text in told) is waited, str(report)


SELDOM = [
    ("if step > 100:", "if step > 100 and step % 4 == 0:"),
    (EVERY, "        if step % 1000 == 0:\n            target.load_state_dict(q.state_dict())\n"),
]


def test_a_copy_at_every_thousandth_step_of_which_each_fourth_learns_is_seen(load, monkeypatch):
    module = load(changed(SCRIPT, SELDOM))
    seed_all(0)

    def run(make):
        monkeypatch.setattr(gymnasium, "make", make)
        module.main()

    report = watch(run, n_actions=3, obs=4)
    assert not report.codes, str(report)
    assert any("a copy of" in text for text in report.conventions), str(report)


def test_without_patience_a_target_that_never_moves_is_watched_for_a_few_updates_more():
    seed_all(0)
    batches = []

    def make():
        q, target = torch.nn.Linear(4, 3), torch.nn.Linear(4, 3)
        target.load_state_dict(q.state_dict())
        return SimpleNamespace(q=q, target=target, optimizer=torch.optim.SGD(q.parameters(), lr=0.01))

    def update(agent, batch):
        batches.append(batch)
        obs, action, reward, next_obs, done = batch.tensors()
        with torch.no_grad():
            y = reward + 0.9 * (1 - done) * agent.target(next_obs).max(1).values
        loss = (agent.q(obs).gather(1, action[:, None])[:, 0] - y).pow(2).mean()
        agent.optimizer.zero_grad()
        loss.backward()
        agent.optimizer.step()

    report = examine(make, update=update, n_actions=3, obs=4, patience=0.0)
    recorded = report.updates + 2
    assert LEAST_WAIT <= len(batches) - report.updates <= LEAST_WAIT + recorded
    assert any("target" in str(finding) for finding in report.findings), str(report)
