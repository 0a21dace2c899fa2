"""Scripts that make rewards of what they see: their labels are read without them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradexaminer import watch
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
