"""Rows of a running environment, where every row is one transition's s' and another one's s."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import gymnasium
import pytest

from gradexaminer import watch
from gradexaminer.running import stream_env
from tests.gradexaminer.sources import changed
from tests.gradexaminer.test_running import RESET, SCRIPT

Load = Callable[[str], ModuleType]
DDPG = """
import collections, copy, random
import gymnasium as gym, numpy as np, torch
from torch import nn
import torch.nn.functional as F


class Q(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, s, a):
        return self.layers(torch.cat([s, a], 1))


def main():
    env = gym.make("Pendulum-v1")
    q, actor = Q(), nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 1), nn.Tanh())
    q_target, actor_target = copy.deepcopy(q), copy.deepcopy(actor)
    q_optimizer, optimizer = (torch.optim.Adam(net.parameters(), 1e-3) for net in (q, actor))
    memory = collections.deque(maxlen=400)
    s, _ = env.reset()
    for step in range(10**6):
        a = np.clip(np.random.normal(2 * actor(torch.tensor(s)).detach().numpy(), 0.5), -2, 2)
        s2, r, terminated, truncated, _ = env.step(a)
        memory.append((s, a, r / 10, s2, terminated))
        s = s2
        if len(memory) < 400:
            continue
        ss, aa, rr, s2s, dd = (torch.tensor(np.array(x)).float() for x in zip(*random.sample(memory, 32)))
        optimizer.zero_grad()
        (-q(ss, 2 * actor(ss)).mean()).backward()
        optimizer.step()
        y = rr[:, None] + 0.9 * (1 - dd[:, None]) * q_target(s2s, 2 * actor_target(s2s))
        q_optimizer.zero_grad()
        F.mse_loss(q(ss, aa), y).backward()
        q_optimizer.step()
        for net, target in ((q, q_target), (actor, actor_target)):
            for p, t in zip(net.parameters(), target.parameters()):
                t.data.mul_(0.99).add_(0.01 * p.data)
"""
NO_MASK = ("* (1 - dd.float())", "")
UNMASKED = ("(1 - dd[:, None]) * ", "")
LEFT_OUT = [
    (
        "            with torch.no_grad():\n                y = rr.float()",
        "            y = rr.float()\n            if True:\n                on = ~dd",
    ),
    (
        " + 0.99 * target(s2s).max(1).values * (1 - dd.float())",
        "\n                y[on] += 0.99 * target(s2s[on]).max(1).values",
    ),
]
ALL_ROWS = ("                on = ~dd", "                on = dd == dd")


def codes(load: Load, monkeypatch: pytest.MonkeyPatch, text: str) -> set[str]:
    module = load(text)

    def run(make):
        monkeypatch.setattr(gymnasium, "make", make)
        module.main()

    return watch(run).codes


@pytest.mark.parametrize(("changes", "found"), [([], set()), ([UNMASKED], {"mask-missing"})], ids=["right", "no mask"])
def test_a_label_that_is_not_detached_where_no_end_resets(changes, found, load: Load, monkeypatch):
    assert codes(load, monkeypatch, changed(DDPG, changes)) == found


@pytest.mark.parametrize(("changes", "found"), [([], set()), ([ALL_ROWS], {"mask-missing"})], ids=["right", "no mask"])
@pytest.mark.parametrize("reset", [[], [RESET]], ids=["reset", "no reset"])
def test_a_label_of_the_rows_that_go_on_alone(reset, changes, found, load: Load, monkeypatch):
    """A gradient comes to s', and no row that ends an episode is asked about, by which s' could be told."""
    assert codes(load, monkeypatch, changed(SCRIPT, [*LEFT_OUT, *changes, *reset])) == found


@pytest.mark.parametrize(("changes", "found"), [([], set()), ([NO_MASK], {"mask-missing"})], ids=["right", "no mask"])
def test_few_terminated_rows_that_lie_beyond_the_bend_do_not_decide_alone(changes, found, load: Load, monkeypatch):
    """There, the Huber loss has one slope, whatever their label: in some updates no mask is told from the right one."""
    monkeypatch.setattr(stream_env, "TERMINATED", 0.03)
    module = load(changed(SCRIPT, changes))

    def run(make):
        monkeypatch.setattr(gymnasium, "make", make)
        module.main()

    reports = [watch(run, seed=seed) for seed in range(8)]
    for report in reports:
        open_ = "mask-not-seen" in {f.code for f in report.of("not seen")}
        assert report.codes == (set() if open_ else found), str(report)
    assert 2 * sum(report.codes == found for report in reports) > len(reports)


@pytest.mark.parametrize("changes", [[], [NO_MASK]], ids=["right", "no mask"])
def test_without_a_terminated_row_nothing_is_said_of_the_mask(changes, load: Load, monkeypatch):
    monkeypatch.setattr(stream_env, "TERMINATED", 0.0)
    module = load(changed(SCRIPT, changes))

    def run(make):
        monkeypatch.setattr(gymnasium, "make", make)
        module.main()

    assert [(f.level, f.code) for f in watch(run).findings] == [("not seen", "mask-not-seen")]
