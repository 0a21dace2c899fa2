"""Scripts that make rewards of what they see: their labels are read without them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradexaminer import watch
from gradexaminer.analysis.critic.own_rewards import _exact
from gradexaminer.running import stream_env
from tests.gradexaminer.conftest import told

SEEDS = (0, 1, 2)
LABELS = {
    "right": lambda r, v, ended, cut: r + 0.99 * (1 - ended) * v,
    "cut": lambda r, v, ended, cut: r + 0.99 * (1 - ended) * (1 - cut) * v,
    "unmasked": lambda r, v, ended, cut: r + 0.99 * v,
    "unknown": lambda r, v, ended, cut: r + torch.tanh(3 * v) * (1 - ended),
}


def shaped(make, label: str) -> None:
    """A DQN that learns from a bonus for speed in place of its environment's reward."""
    env, q, target, rng = make(), nn.Linear(4, 3), nn.Linear(4, 3), np.random.default_rng(0)
    optimizer, rows = torch.optim.Adam(q.parameters(), 1e-3), []
    s = env.reset()[0]
    for step in range(10**6):
        a = int(env.action_space.sample())
        s2, _, terminated, truncated, _ = env.step(a)
        rows.append((s, a, s2, abs(float(s2[1])) + float(s2[0]) ** 2, float(terminated), float(truncated)))
        s = env.reset()[0] if terminated or truncated else s2
        if len(rows) < 64:
            continue
        drawn = [rows[i] for i in rng.integers(len(rows), size=48)]
        now, after = (torch.from_numpy(np.stack([row[k] for row in drawn])) for k in (0, 2))
        action, reward, ended, cut = (torch.tensor([row[k] for row in drawn]) for k in (1, 3, 4, 5))
        with torch.no_grad():
            y = LABELS[label](reward, target(after).max(1).values, ended, cut)
        loss = F.mse_loss(q(now).gather(1, action[:, None])[:, 0], y.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 4 == 0:
            target.load_state_dict(q.state_dict())


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("right", []),
        ("cut", [("fault", "mask-truncated")]),
        ("unmasked", [("fault", "mask-missing")]),
        ("unknown", [("suspicion", "unexplained")]),
    ],
)
def test_a_label_over_rewards_of_the_scripts_own(label, said):
    pytest.importorskip("gymnasium")
    for seed in SEEDS:
        report = watch(lambda make: shaped(make, label), n_actions=3, obs=4, seed=seed)
        assert told(report) == said, str(report)
        own = any(x.endswith("the script's own, not the environment's") for x in report.conventions)
        assert own == (label != "unknown")


@pytest.mark.parametrize("label", ["right", "unmasked"])
def test_rewards_of_its_own_in_rows_that_end_once_leave_the_mask_unseen(label, monkeypatch):
    """Within a row that was learned once, nothing is left."""
    monkeypatch.setattr(stream_env, "TERMINATED", 0.0)
    report = watch(lambda make: shaped(make, label), n_actions=3, obs=4)
    assert told(report) == [("not seen", "mask-not-seen")], str(report)


def test_a_value_that_is_q_itself_explains_nothing():
    """Whatever the gradient is, Q is 1 times itself, and the gradient's factor is rounding."""
    rng = np.random.default_rng(0)
    index = np.tile(np.arange(40), 4)
    q, g, no = rng.normal(size=160), rng.normal(size=160), np.zeros(160)
    e = SimpleNamespace(g=g, q=q, terminated=no, truncated=no, reward=no, over=40)
    itself = SimpleNamespace(value=q + 1e-9 * rng.normal(size=160), asked=np.ones(160, bool), entropy={})
    assert list(_exact(e, [itself], index, np.ones(160, bool))) == []
    value = rng.normal(size=160)
    e.g = (q - 0.99 * value - rng.normal(size=40)[index]) / 20
    other = SimpleNamespace(value=value, asked=np.ones(160, bool), entropy={})
    found = list(_exact(e, [itself, other], index, np.ones(160, bool)))
    assert [(x.candidate, round(x.gamma, 6), round(x.scale, 6)) for x in found[:1]] == [(other, 0.99, 2.0)]
