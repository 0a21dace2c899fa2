"""Updates met first in a sixth round of November 2026, drawn at random: SAC and TD3.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import ONE, OWN, PASSED, READ, SIXTH
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine


@update(
    "0e4e3b2d2a38",
    "sac.py",
    "6e043a554f",
    "SAC",
    PASSED,
    RIGHT,
    "read; log pi is not summed over actions, which is right for its one action",
    SIXTH,
)
def sac_0e4e3b(code: Any) -> Report:
    m, env = code.module(), env_of(5, low=[-1], high=[1])

    def make():
        agent = m.SAC(env.observation_space, env.action_space)
        agent.buffer = m.ReplayBuffer(env.observation_space, env.action_space, 5000)
        return agent

    def feed(agent, t):
        obs, action, after = (torch.from_numpy(x) for x in (t.obs, t.action, t.next_obs))
        agent.buffer.add(obs, action, t.reward, t.done, after)

    return examine(make, feed, lambda agent: agent.update(agent.buffer.sample(64)), low=[-1], high=[1])


@update("e8ec6198dcf1", "sac_agent.py", "64fe6133a5", "SAC, fixed temperature", OWN, RIGHT, READ, SIXTH)
def sac_e8ec61(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent(5, 3, batch_size=32),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        **ONE,
    )


@update("e8ec6198dcf1", "td3_agent.py", "64fe6133a5", "TD3", OWN, RIGHT, READ, SIXTH)
def td3_e8ec61(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3Agent(5, 3, batch_size=32),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        **ONE,
    )


@update(
    "294f6b2585f3",
    "sac_agent.py",
    "a7e857755e",
    "SAC, fixed temperature",
    PASSED,
    ("polyak-weights",),
    "read: the target's share is 1 minus the target itself in place of 1 minus tau",
    SIXTH,
)
def sac_294f6b(code: Any) -> Report:
    m = code.module()

    def make():
        agent = m.SACAgent(5, 3)
        agent.buffer = m.ReplayBuffer(5, 3, 5000)
        return agent

    return examine(
        make,
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(agent.buffer, 32),
        **ONE,
    )


@update(
    "39f34a25c45c",
    "sac_agent.py",
    "82fb2426a2",
    "actor-critic called SAC, its actions shares of a capacity",
    OWN,
    ("temperature-sign",),
    "read: the temperature's loss has the sign of log pi's formula, but is given the entropy; the label has no entropy",
    SIXTH,
)
def sac_39f34a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SAC(5, 3, 1),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(32),
        low=[0] * 3,
        high=[1] * 3,
    )


@update("bf1cfe9239d3", "sac_agent.py", "7a40d969b0", "SAC", OWN, RIGHT, READ, SIXTH)
def sac_bf1cfe(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent(5, 3, batch_size=32),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "2dac17ae2918",
    "sac_agent.py",
    "bad690a182",
    "SAC",
    OWN,
    ("broadcast",),
    "read: log pi is not summed over the actions, so that labels of shape (B, A) meet values of shape (B, 1)",
    SIXTH,
)
def sac_2dac17(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SAC2Agent(env_of(5, **ONE)),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.update(32),
        **ONE,
    )


@update("35df91e319d2", "td3_agent.py", "c0a3914c15", "TD3", OWN, RIGHT, READ, SIXTH)
def td3_35df91(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3Agent(5, 3, config={"batch_size": 32}),
        lambda agent, t: agent.add_experience(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        **ONE,
    )


@update("dff49469b5dc", "td3_agent.py", "e61ca1d53d", "TD3", OWN, RIGHT, READ, SIXTH)
def td3_dff494(code: Any) -> Report:
    m, nets = code.module(), code.module("archs/mlp_models.py")
    one = np.ones(3, np.float32)
    return examine(
        lambda: m.TD3Agent(lambda: nets.Actor(5, 3), lambda: nets.Critic(5, 3), -one, one, 5, 3),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample()),
        **ONE,
    )


@update("dff49469b5dc", "ddpg_agent.py", "e61ca1d53d", "DDPG", OWN, RIGHT, READ, SIXTH)
def ddpg_dff494(code: Any) -> Report:
    m, nets = code.module(), code.module("archs/mlp_models.py")
    return examine(
        lambda: m.DDPGAgent(lambda: nets.Actor(5, 3), lambda: nets.Critic(5, 3), 5, 3),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample()),
        **ONE,
    )


@update("e69368465d45", "td3_agent.py", "f241af3b75", "TD3", OWN, RIGHT, READ, SIXTH)
def td3_e69368(code: Any) -> Report:
    m, nets = code.module(), code.module("archs/ff_models.py")
    one = np.ones(3, np.float32)
    return examine(
        lambda: m.TD3Agent(lambda: nets.Actor(5, 3), lambda: nets.Critic(5, 3), -one, one, 5, 3, batch_size=32),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample()),
        **ONE,
    )


@update("9b96ede6496a", "td3_agent.py", "20d3704ecf", "TD3", OWN, RIGHT, READ, SIXTH)
def td3_9b96ed(code: Any) -> Report:
    m = code.module(stop="env = WarehouseEnv()")

    def make():
        agent = m.TD3(5, 3, 1.0)
        agent.batch_size = 32
        return agent

    return examine(
        make,
        lambda agent, t: agent.replay_buffer.append((t.obs, t.action, t.next_obs, t.reward, t.mask)),
        lambda agent: agent.train(),
        **ONE,
    )


@update(
    "761ee879cb4b",
    "td3_agent.py",
    "1895b97188",
    "TD3",
    OWN,
    ("twin-untrained",),
    "read: the second critic's loss fills gradients of the first, which has stepped and clears them before its next "
    "step; the target's noise is 100 times the range of the actions",
    SIXTH,
)
def td3_761ee8(code: Any) -> Report:
    m = code.module(definitions=True, change=lambda text: re.sub("from (fodo_lattice|lattice_sim).*", "", text))
    return examine(
        lambda: m.TD3Agent({**m.HYPERPARAMS, "state_dim": 5, "action_dim": 3, "batch_size": 32}),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        low=[-0.001] * 3,
        high=[0.001] * 3,
    )


@update(
    "dd7339aabb5e",
    "td3_agent.py",
    "3bd7290a48",
    "TD3",
    OWN,
    ("action-units|target-action-units",),
    "read: actions are stored in [0, 1], and the critics are asked at the actor's in [-1, 1]",
    SIXTH,
)
def td3_dd7339(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE = 32

    def learn(agent):
        agent.step_counter += 1
        agent.learn(agent.memory.sample(), 0.99)

    return examine(
        lambda: m.TD3Agent(5, 3, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        learn,
        low=[0] * 3,
        high=[1] * 3,
    )
