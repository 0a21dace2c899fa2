"""Shapes of public updates that were met in a fourth round, in our own words: right ones are clean, faults named."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from gradexaminer.analysis.update.targets import _equal
from gradexaminer.recording.discovery import is_container
from gradexaminer.recording.trace import Update
from gradexaminer.recording.wrapping import wrap_instances
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_dqn
from tests.gradexaminer.sources import V, changed

if TYPE_CHECKING:
    from gradexaminer import Report

Y = "y = r + self.gamma * (1 - d) * v"


def _said(load, *changes: tuple[str, str]) -> Report:
    return examine_dqn(load(changed(sources.DQN, list(changes))))


def test_values_of_the_other_shape_with_rewards_and_mask_of_theirs(load):
    """The rewards and the mask of all rows meet each row's own bootstrapped value."""
    other = (V, "v = self.target(s2).max(1, keepdim=True).values")
    loss = ("F.mse_loss(q, y)", "F.mse_loss(q[:, None], y)")
    report = _said(load, other, loss)
    assert report.codes == {"broadcast"}, str(report)
    report = _said(load, other, loss, (Y, "y = r[:, None] + self.gamma * (1 - d[:, None]) * v"))
    assert report.codes == set(), str(report)


EXCHANGE = """        self.optimizer.step()
        if not self.exchanged:
            self.net, self.target = self.b, self.a_net
            self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-3)
            self.exchanged = True
        self.sync()"""
TWO = [
    (
        "self.target.load_state_dict(self.net.state_dict())\n        self.optimizer",
        "self.b, self.a_net, self.exchanged = self.target, self.net, False\n        self.optimizer",
    ),
    ("        self.optimizer.step()\n        self.sync()", EXCHANGE),
]


def test_two_networks_that_change_places_are_no_alias(load):
    assert _said(load, *TWO).codes == set()
    assert (
        "alias"
        in _said(load, ("self.net, self.target = Net(o, a), Net(o, a)", "self.net = self.target = Net(o, a)")).codes
    )


CLOSURE = """    def __init__(self, o, a):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.value, self.head = nn.Linear(64, 1), nn.Linear(64, a)

        def forward(x):
            x = self.body(x)
            a = self.head(x)
            return self.value(x) + a - {mean}

        self.forward = forward
"""
PLAIN = sources.DQN[sources.DQN.index("    def __init__(self, o, a)") : sources.DQN.index("\n\nclass Agent")]


@pytest.mark.parametrize(
    ("mean", "codes"), [("a.mean(1, keepdim=True)", set()), ("a.mean()", {"advantage-averaged"})], ids=["row", "batch"]
)
def test_a_forward_that_the_constructor_defines(mean, codes, load):
    report = _said(load, (PLAIN, CLOSURE.format(mean=mean)))
    assert report.codes == codes, str(report)


LOOP = [
    (
        "        if len(self.memory) < self.batch:\n            return\n",
        "        for k in range(3):\n            self.step(k)\n\n    def step(self, k):\n",
    ),
    ("        self.sync()", "        if k % 2 == 0:\n            self.sync()"),
]


def test_a_call_of_several_steps_whose_target_follows_in_between(load):
    report = _said(load, *LOOP)
    assert report.verdict == "nothing to object to", str(report)
    swapped = ("self.tau * p.data + (1 - self.tau) * t.data", "(1 - self.tau) * p.data + self.tau * t.data")
    assert "polyak-swapped" in _said(load, *LOOP, swapped).codes
    elsewhere = ("self.tau * p.data + (1 - self.tau) * t.data", "t.data + 0.1 * torch.randn_like(t.data)")
    assert "unexplained-target" in _said(load, *LOOP, elsewhere).codes


def test_a_recorded_network_of_pytorchs_own_class_is_no_container():
    net = nn.Sequential(nn.Sequential(nn.Linear(5, 64), nn.ReLU()), nn.Linear(64, 4))
    with ExitStack() as stack:
        wrap_instances([net], lambda it, _name, method, args, kwargs: method(it, *args, **kwargs), stack)
        assert not is_container(net)
        assert net(torch.zeros(2, 5)).shape == (2, 4)
    assert "forward" not in vars(net)


def test_weights_that_were_nearly_the_same_are_no_part_that_stays_behind():
    """A noisy layer's spread that is trained a little: a soft update moves its target by less than rounding."""
    near, far = np.full(64, 0.5), np.random.default_rng(0).normal(size=64)
    update = Update(0, before={1: near, 2: near + 1e-4, 3: far})
    assert _equal(update, 1, 2)
    assert not _equal(update, 1, 3)
