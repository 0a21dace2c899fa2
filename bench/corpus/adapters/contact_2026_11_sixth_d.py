"""Updates met first in a sixth round of November 2026, drawn at random: DDPG.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import LOOSE, ONE, OWN, SIXTH
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine

SHARES: dict[str, Any] = {"low": [0.0] * 3, "high": [1.0] * 3}


@update("2ddd98f4fc92", "DDPG.py", "b92b59bd6b", "DDPG", OWN, RIGHT, LOOSE, SIXTH)
def ddpg_2ddd98(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGagent(num_inputs=5, action_space=np.zeros((3, 1))),
        lambda agent, t: agent.memory.push(*t.as_tensors(none_at_end=True)),
        lambda agent: agent.optimize_model(),
        **SHARES,
    )


@update(
    "da2b01d618d7",
    "agents/ddpg_agent.py",
    "10029e6fe6",
    "DDPG, layer normalization",
    OWN,
    RIGHT,
    "read; a penalty on the size of the actions",
    SIXTH,
)
def ddpg_da2b01(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGAgent({"state_dim": 5, "action_dim": 3}),
        lambda agent, t: agent.memory.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        **ONE,
    )


@update(
    "fc7fb729f97d",
    "agents/ddpg_agent.py",
    "f5e0faf304",
    "DDPG, row by row",
    OWN,
    ("mask-missing",),
    "read: no end can be stored",
    SIXTH,
)
def ddpg_fc7fb7(code: Any) -> Report:
    m = code.module(dotted="agents.ddpg_agent")
    options = {"tau": 0.01, "critic_lr": 1e-3, "actor_lr": 1e-3, "discount": 0.99, "planning_std": 0.1}
    options |= {"planning_steps": 1, "buffer_size": 5000}
    sizes = {name: [64, 64] for name in ("actor", "critic", "reward_model", "next_state_model")}

    def learn(agent):
        batch = agent.buffer.sample(32)
        agent.update_critic_network(batch)
        agent.update_actor_network(batch)
        agent.soft_update("actor")
        agent.soft_update("critic")

    def feed(agent, t):
        obs, action, after = (torch.from_numpy(x) for x in (t.obs, t.action, t.next_obs))
        agent.store_experience((obs, action, t.reward, after))

    return examine(lambda: m.DDPGAgent(5, 3, sizes, options, "cpu"), feed, learn, **SHARES)


@update("deb0ecefc3d8", "agents/ddpg_agent.py", "f15ad3903a", "DDPG", OWN, RIGHT, LOOSE, SIXTH)
def ddpg_deb0ec(code: Any) -> Report:
    m = code.module(dotted="agents.ddpg_agent")
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.Agent(5, 3, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **ONE,
    )


@update(
    "962b88b409ed",
    "agents/ddpg_agent.py",
    "c1955391f4",
    "DDPG",
    OWN,
    RIGHT,
    "read; learns in every second call; its label is clamped far outside of any return",
    SIXTH,
)
def ddpg_962b88(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGAgent(5, 3),
        lambda agent, t: agent.store(t.as_tuple()),
        lambda agent: agent.train(),
        **ONE,
    )


@update(
    "140bb56f417d",
    "agents/ddpg_agent.py",
    "cb81b20fce",
    "DDPG, batch normalization",
    OWN,
    ("mask-on-reward",),
    "read: the label of a terminal row is 0",
    SIXTH,
)
def ddpg_140bb5(code: Any) -> Report:
    m = code.module(dotted="agents.ddpg_agent")
    numbers = {"num_houses": 1, "state_dim_per_house": 5, "action_dim_per_house": 3, "device": "cpu", "gamma": 0.99}
    numbers |= {"tau": 0.01, "batch_size": 32, "memory_size": 5000}
    numbers |= {"learning_rate_actor": 1e-3, "learning_rate_critic": 1e-3, "fc1_dims": 64, "fc2_dims": 64}
    config = SimpleNamespace(get=lambda _, name: {**numbers, "fc3_dims": 64}[name])

    def feed(agent, t):
        obs, action, after, reward = t.as_tensors(none_at_end=True)
        agent.memory.push(obs[0], action[0], None if after is None else after[0], reward)

    return examine(lambda: m.DDPGAgent(5, 3, {}, config), feed, lambda agent: agent.optimize_model(), **ONE)


@update("941899213df2", "agents/ddpg_agent.py", "1af89476de", "DDPG", OWN, RIGHT, LOOSE, SIXTH)
def ddpg_941899(code: Any) -> Report:
    m = code.module(dotted="agents.ddpg_agent")
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.Agent(5, 3, 1, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **ONE,
    )


@update(
    "c444866a870e",
    "agents/ddpg_agent.py",
    "202d169986",
    "DDPG, batch normalization",
    OWN,
    ("output-bounded",),
    "read again after the examiner said so: the critic ends in a ReLU, and its actions go through one",
    SIXTH,
)
def ddpg_c44486(code: Any) -> Report:
    m = code.module(dotted="agents.ddpg_agent")
    config = SimpleNamespace(state_dim=5, action_dim=20, device="cpu")
    config.config = {"BatchesSizeDDPG": 32, "LearningRateDDPG": 1e-3}
    return examine(
        lambda: m.DDPGAgent(config),
        lambda agent, t: agent.memory.add([t.obs], [t.action], [t.reward], [t.next_obs], [t.done]),
        lambda agent: agent.learn(),
        low=[-1] * 20,
        high=[1] * 20,
    )


@update(
    "6dbac266cdb0",
    "agents/ddpg_agent.py",
    "a8ce1b7f4b",
    "DDPG on windows of eight steps",
    OWN,
    ("action-units|target-action-units",),
    "read: the stored actions are softmax shares of the actor's outputs, at which the critic is asked",
    SIXTH,
)
def ddpg_6dbac2(code: Any) -> Report:
    m = code.module(dotted="agents.ddpg_agent")
    options = {"actor_lr": 1e-3, "critic_lr": 1e-3, "gamma": 0.99, "tau": 0.01, "buffer_size": 5000, "batch_size": 8}
    return examine(
        lambda: m.DDPGAgent(5, 3, **options),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        **SHARES,
    )
