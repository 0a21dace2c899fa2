"""What is wrapped is put back; nothing is drawn, held or hidden; rows are known again however they were rescaled."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch
from torch import nn

from gradexaminer import Batch, examine
from gradexaminer.recording.discovery import discover
from gradexaminer.recording.recorder import Recorder
from gradexaminer.recording.rows import HERE, NEXT, RowIndex
from gradexaminer.transitions import Spaces, make_transitions
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_dqn
from tests.gradexaminer.sources import changed


def state_of_torch(module):
    return (
        torch.autograd.backward,
        torch.autograd.grad,
        torch.distributions.Normal.log_prob,
        torch.compile,
        torch.amp.GradScaler.scale,
        nn.Module.state_dict,
        nn.Module.load_state_dict,
        module.Net.forward,
        len(nn.modules.module._global_forward_pre_hooks),
    )


@pytest.mark.parametrize("change", [[], [("loss.backward()", "loss.backward(); raise OSError('disk')")]])
def test_everything_is_put_back_even_after_an_error(change, load):
    module = load(changed(sources.DQN, change))
    before = state_of_torch(module)
    examine_dqn(module)
    assert state_of_torch(module) == before


def test_between_two_recordings_nothing_is_recorded_though_all_stays_wrapped():
    net = nn.Sequential(nn.Linear(5, 2))
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    rows = RowIndex(5)
    rows.add(make_transitions(Spaces((5,), 2), 4, np.random.default_rng(0), first=0))
    recorder = Recorder(discover([net]), rows)

    def learn():
        net(torch.ones(3, 5)).sum().backward()
        optimizer.step()
        net.state_dict()

    def draws_under_a_transformation():
        torch.func.grad(lambda mean: torch.distributions.Normal(mean, 1.0).log_prob(mean))(torch.zeros(()))

    before = nn.Module.state_dict
    with recorder.kept():
        with recorder.recording(1) as first:
            learn()
        learn()
        draws_under_a_transformation()
        assert nn.Module.state_dict is not before
        with recorder.recording(2) as second:
            learn()
    assert nn.Module.state_dict is before
    for update in (first, second):
        assert [len(x) for x in (update.backwards, update.steps, update.read)] == [1, 1, 1]
        assert not update.transformed


def test_an_update_that_no_second_one_follows_is_not_examined(load):
    """As of on-policy agents, whose update empties the buffer."""
    change = [("        self.sync()\n", "        self.sync(); self.memory = deque(maxlen=0)\n")]
    report = examine_dqn(load(changed(sources.DQN, change)))
    assert [(f.level, f.code) for f in report.findings] == [("not seen", "nothing-learned")]
    assert "no later one did" in report.findings[0].evidence


def test_an_update_that_raises_is_not_seen_and_says_where(load):
    report = examine_dqn(load(changed(sources.DQN, [("loss.backward()", "raise OSError('disk is full')")])))
    assert [(f.level, f.code) for f in report.findings] == [("not seen", "crashed")]
    assert "disk is full" in report.findings[0].evidence
    assert "learn" in report.findings[0].evidence


def test_a_buffer_that_raises_below_a_batch_is_fed_on(load):
    changes = [
        ("        if len(self.memory) < self.batch:\n            return\n", ""),
        ("self.batch = 0.99, 0.01, 32", "self.batch = 0.99, 0.01, 200"),
    ]
    assert examine_dqn(load(changed(sources.DQN, changes))).findings == []


def test_an_update_that_does_nothing_is_not_praised(load):
    report = examine_dqn(load(changed(sources.DQN, [("s, a, r, s2, d = self.sample()", "return")])))
    assert report.verdict == "not seen"
    assert report.findings[0].code == "nothing-learned"


def test_nothing_of_the_agent_is_kept_alive(load):
    module = load(sources.DQN)
    made = []

    def make():
        agent = module.Agent(5, 4)
        made.append(weakref.ref(agent.net))
        return agent

    examine(make, lambda a, t: a.remember(*t.as_tuple()), lambda a: a.learn(), n_actions=4)
    gc.collect()
    assert [ref() for ref in made] == [None]


@pytest.fixture(scope="module")
def known():
    transitions = make_transitions(Spaces((5,), 4), 80, np.random.default_rng(0))
    index = RowIndex(5)
    index.add(transitions)
    return index, Batch(transitions[10:42])


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x,
        lambda x: x.astype(np.float64),
        lambda x: x / 255,
        lambda x: (x - x.mean()) / x.std(),
        lambda x: x[:, ::-1],
        lambda x: (x - np.arange(5)) / np.array([0.5, 2, 3, 4, 5]),
    ],
    ids=["as it was", "float64", "scaled", "normalized", "reversed", "normalized entry by entry"],
)
def test_rows_are_known_again(change, known):
    index, batch = known
    expected = [t.index for t in batch.transitions]
    for end, rows in ((HERE, batch.obs), (NEXT, batch.next_obs)):
        keys = index.find(change(rows))
        assert keys is not None
        assert keys.index.tolist() == expected
        assert set(keys.end.tolist()) == {end}


def test_other_rows_are_not_known(known):
    index, batch = known
    rng = np.random.default_rng(1)
    assert index.find(rng.normal(size=(32, 5)).astype(np.float32)) is None
    assert index.find(batch.obs[:, :4]) is None
    assert index.find(np.sin(batch.obs)) is None


def test_networks_are_found_in_every_packaging():
    net, head = nn.Linear(5, 4), nn.Sequential(nn.Linear(5, 4))

    class Holder:
        def __init__(self):
            self.inner = {"critics": [net]}

    holder = Holder()
    assert list(discover(holder).modules.values()) == [net]
    assert {id(m) for m in discover(lambda: (net, head)).modules.values()} == {id(net), id(head)}
    twice = Holder()
    twice.target = net
    assert discover(twice).aliases
