"""Updates met first in a sixth round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import LOOSE, OWN, READ, SIXTH
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine

SQUARED = "the importance weights stand inside the square"


@update(
    "760b4042a943",
    "agents/dqn_agent.py",
    "2a1170d9d6",
    "dueling double DQN, prioritized",
    OWN,
    RIGHT,
    LOOSE + "; " + SQUARED,
    SIXTH,
)
def dqn_760b40(code: Any) -> Report:
    m = code.module(change=lambda text: text.replace("numpy().squeeze()", "numpy().squeeze().astype(float)"))
    return examine(
        lambda: m.Agent(5, 4, 1, batch_size=32),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done, 1.0),
        lambda agent: agent.learn(agent.memory.sample(32)),
        n_actions=4,
    )


@update(
    "59719287f9ee",
    "agents/dqn_agent.py",
    "99879c4776",
    "DQN with a preference vector",
    OWN,
    RIGHT,
    "read; observations are divided by a constant inside the update",
    SIXTH,
)
def dqn_597192(code: Any) -> Report:
    m = code.module()
    half = np.array([0.5, 0.5], np.float32)
    return examine(
        lambda: m.CondDQNAgent(5, 4, 2),
        lambda agent, t: agent.store(t.obs, half, t.action, np.array([t.reward, t.reward]), t.next_obs, t.done),
        lambda agent: agent.update(),
        n_actions=4,
    )


@update("8c780b0b3042", "agents/dqn_agent.py", "fc660d933d", "DQN", OWN, RIGHT, READ, SIXTH)
def dqn_8c780b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent("x", np.zeros((4, 4))),
        lambda agent, t: agent.memory.push(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.optimize_model(),
        sync=lambda agent: agent.update_target_network(),
        n_actions=5,
        obs=4,
    )


@update("fd4db202b1f9", "agents/dqn_agent.py", "41cd059e29", "DQN, a vector and a window", OWN, RIGHT, READ, SIXTH)
def dqn_fd4db2(code: Any) -> Report:
    m = code.module(dotted="agents.dqn_agent")
    maze = SimpleNamespace(action_space=SimpleNamespace(n=4), reset=lambda: ({"a": np.zeros(2), "window": 0}, {}))

    def parts(x):
        x = torch.from_numpy(x)[None]
        return x[:, :2], x[:, 2:].reshape(1, 3, 15, 15)

    return examine(
        lambda: m.DQNAgent(maze, 1e-3, 1.0, 0.1, 100, 0.99, 0.0, 32, 5000, 10, "cpu"),
        lambda agent, t: agent.memorize(parts(t.obs), t.action, t.reward, None if t.done else parts(t.next_obs)),
        lambda agent: agent.optimize_model(),
        sync=lambda agent: agent.update_target(),
        n_actions=4,
        obs=677,
    )


@update(
    "fd4db202b1f9",
    "agents/ddqn_agent.py",
    "41cd059e29",
    "double DQN, a vector and a window",
    OWN,
    RIGHT,
    "read; dropout in both networks, in training mode",
    SIXTH,
)
def ddqn_fd4db2(code: Any) -> Report:
    m = code.module(dotted="agents.ddqn_agent")
    maze = SimpleNamespace(action_space=SimpleNamespace(n=4), reset=lambda: ({"a": np.zeros(2), "window": 0}, {}))

    def parts(x):
        x = torch.from_numpy(x)[None]
        return x[:, :2], x[:, 2:].reshape(1, 3, 15, 15)

    return examine(
        lambda: m.DDQNAgent(maze, 1e-3, 1.0, 0.1, 100, 0.99, 0.0, 32, 5000, 10, "cpu"),
        lambda agent, t: agent.memorize(parts(t.obs), t.action, t.reward, None if t.done else parts(t.next_obs)),
        lambda agent: agent.optimize_model(),
        sync=lambda agent: agent.update_target(),
        n_actions=4,
        obs=677,
    )


@update("49952b3c729a", "agents/dqn_agent.py", "1617308339", "DQN", OWN, RIGHT, READ, SIXTH)
def dqn_49952b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.replay(),
        sync=lambda agent: agent.update_target_network(),
        n_actions=4,
    )


@update(
    "a3e4e5da18f8",
    "agents/dqn_agent.py",
    "624bf760d1",
    "dueling double DQN, prioritized",
    OWN,
    RIGHT,
    "read; only feasible actions are greedy; the reward is standardized by running statistics",
    SIXTH,
)
def dqn_a3e4e5(code: Any) -> Report:
    m = code.module(dotted="agents.dqn_agent")
    return examine(
        lambda: m.DQNAgent(14, 4, 4),
        lambda agent, t: agent.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        n_actions=4,
        obs=14,
    )


@update(
    "3188a9655374",
    "agents/dqn_agent.py",
    "fadbd4ed78",
    "double DQN on a board, batch normalization, dropout",
    OWN,
    RIGHT,
    READ,
    SIXTH,
)
def dqn_3188a9(code: Any) -> Report:
    m = code.module()
    board = SimpleNamespace(action_space=SimpleNamespace(n=4), observation_space=SimpleNamespace(shape=(6, 4)))
    return examine(
        lambda: m.DQNAgent(board, batch_size=32, target_update=1),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        n_actions=4,
        obs=(6, 4),
    )


@update("2ddd98f4fc92", "DQN.py", "b92b59bd6b", "DQN", OWN, RIGHT, READ, SIXTH)
def dqn_2ddd98(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DAgent(0.99, 1.0, 1e-3, 5, 32, 4),
        lambda agent, t: agent.memory.push(*t.as_tensors(none_at_end=True)),
        lambda agent: agent.optimize_model(),
        sync=lambda agent: agent.soft_update(0.01),
        n_actions=4,
    )


@update("e03a8c426168", "dqn_agent.py", "ad49d3f0f1", "DQN on a board", OWN, RIGHT, READ, SIXTH)
def dqn_e03a8c(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        sync=lambda agent: agent.update_target(),
        n_actions=7,
        obs=(2, 6, 7),
    )


@update("8e6e34e50724", "models/dqn_agent.py", "56b6da720c", "DQN", OWN, RIGHT, READ, SIXTH)
def dqn_8e6e34(code: Any) -> Report:
    m = code.module()
    m.config.WARMUP_STEPS = 64
    return examine(
        lambda: m.DQNAgent(),
        lambda agent, t: agent.memory.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.sync_target(),
        n_actions=2,
    )
