"""Updates met first in November 2026, drawn at random: owners n to z and digits, DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import FIRST, LOOSE, ONE, OWN, PASSED, READ, SWEPT, TWO
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import gymnasium_makes
from gradexaminer import Report, examine


@update("b66406918935", "sac_agent.py", "b7b32795f6", "SAC with V, images", OWN, RIGHT, SWEPT, FIRST)
def sac_b66406(code: Any) -> Report:
    m = code.module()
    env = SimpleNamespace(action_space=SimpleNamespace(high=1.0))
    return examine(
        lambda: m.Agent(input_dims=(1, 84, 84), env=env, n_actions=3, max_size=2000, batch_size=32),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
        obs=(1, 84, 84),
        image=True,
    )


@update("cd9ee37ad3d0", "ddpg/agent.py", "76591b4f69", "DDPG, batch norm", OWN, RIGHT, LOOSE, FIRST)
def ddpg_cd9ee3(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 3, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **ONE,
    )


@update("317f13757afa", "sac_torch.py", "ff44ab2011", "SAC with V", OWN, RIGHT, SWEPT, FIRST)
def sac_317f13(code: Any) -> Report:
    m = code.module()
    env = SimpleNamespace(action_space=np.zeros(3))
    return examine(
        lambda: m.Agent(input_dims=[5], env=env, n_actions=3, batch_size=64, max_size=9000),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("1f105f7ad15a", "agent/ddpg_agent.py", "2c9ce73f18", "DDPG", OWN, RIGHT, READ, FIRST)
def ddpg_1f105f(code: Any) -> Report:
    gymnasium_makes(
        lambda _name: SimpleNamespace(action_space=np.zeros(4), observation_space=np.zeros(24), unwrapped=None)
    )
    m = code.module(stop="DQNAgent()")
    tensor = torch.tensor
    return examine(
        m.DQNAgent,
        lambda agent, t: agent.memory.push(
            tensor(t.obs)[None],
            tensor(t.action)[None],
            tensor(t.next_obs)[None],
            tensor([[t.reward]]),
            tensor([[int(t.done)]]),
        ),
        lambda agent: agent.optimize_model(),
        low=[-1.0] * 4,
        high=[1.0] * 4,
        obs=24,
    )


SETTINGS = {"EPSILON": 1, "LR_ACTOR": 1e-3, "LR_CRITIC": 1e-3, "WEIGHT_DECAY": 0, "OU_THETA": 0.15, "OU_SIGMA": 0.2}
SETTINGS |= {"BUFFER_SIZE": 10000, "BATCH_SIZE": 64, "GAMMA": 0.99, "TAU": 1e-3, "EPSILON_DECAY": 1e-6}


@update("438a7f086876", "td3_agent.py", "186c451add", "TD3 without delay", OWN, RIGHT, LOOSE, FIRST)
def td3_438a7f(code: Any) -> Report:
    m = code.module()
    m.configparser.ConfigParser.read = lambda self, _path: self.read_dict({"td3": SETTINGS})
    return examine(
        lambda: m.AgentTD3(5, 3, 0, ""),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **ONE,
    )


@update("7049b0233389", "TD3/TD3.py", "f049a7c710", "TD3", PASSED, RIGHT, READ, FIRST)
def td3_7049b0(code: Any) -> Report:
    buffers = code.module("TD3/utils.py")
    m = code.module(change=lambda text: text.replace("from utils import logger", "logger = None"))
    return examine(
        lambda: SimpleNamespace(policy=m.TD3(5, 3, 2.0), buffer=buffers.ReplayBuffer(5, 3)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.policy.train(x.buffer),
        **TWO,
    )


@update("f970c87d6ad7", "ddpg.py", "3592ab71c0", "DDPG, critic frozen for the actor", PASSED, RIGHT, READ, FIRST)
def ddpg_f970c8(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.DDPG(5, 3, 1.0, 64, 64, 64, 1e-3, 0.99, 0.005), buffer=m.ReplayBuffer(5, 3)),
        lambda x, t: x.buffer.store(t.obs, t.action, t.reward, t.next_obs, t.terminated),
        lambda x: x.agent.learn(x.buffer),
        **ONE,
    )


@update(
    "b847b8ee91a5",
    "agents/td3.py",
    "ab0508a73c",
    "TD3, discount in the batch",
    "method, iterator passed in",
    RIGHT,
    READ,
    FIRST,
)
def td3_b847b8(code: Any) -> Report:
    m = code.module(dotted="agents.td3")

    def update_once(x: Any, b: Any) -> None:
        discount = 0.99 * (1 - b.done[:, None]).astype("float32")
        x.agent.update(iter([(b.obs, b.action, b.reward[:, None], discount, b.next_obs, b.obs)]), next(x.step))

    return examine(
        lambda: SimpleNamespace(
            agent=m.TD3Agent((5,), (3,), "cpu", 1e-3, 64, 0.005, 0, 2, "0.2", 0.3), step=itertools.count()
        ),
        update=update_once,
        **ONE,
    )


@update(
    "7cf95b93b956",
    "SAC/sac.py",
    "a140846754",
    "SAC, temperature not detached",
    PASSED,
    RIGHT,
    "read; what fills log alpha's .grad is zeroed before its step",
    FIRST,
)
def sac_7cf95b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.SAC(5, 3), buffer=m.ReplayBuffer(5000)),
        lambda x, t: x.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.update_parameters(x.buffer, 64),
        **ONE,
    )


@update("dc5d96c128cd", "td3_agent.py", "e74eee680b", "TD3", PASSED, RIGHT, READ, FIRST)
def td3_dc5d96(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(5, 3), buffer=m.ReplayBuffer(5, 3)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.agent.train(x.buffer, 64),
        **ONE,
    )


@update("5a361b6fa9a8", "agents/td3.py", "1f3ca04c36", "TD3", "agent.update(tuple)", RIGHT, READ, FIRST)
def td3_5a361b(code: Any) -> Report:
    m = code.module(dotted="agents.td3")
    return examine(
        lambda: SimpleNamespace(
            agent=m.TD3Agent(5, 3, -1.0, 1.0, "cpu", 1e-3, 64, 0.005, 0, 2, "0.2", 0.3, 0.99), step=itertools.count()
        ),
        update=lambda x, b: x.agent.update((b.obs, b.action, b.reward, b.next_obs, 1.0 - b.done), next(x.step)),
        **ONE,
    )


@update(
    "973f0cf26f1f",
    "abcdrl/ddpg_torch.py",
    "2bc13922a8",
    "DDPG, networks asked through their holder",
    "learn(samples)",
    RIGHT,
    READ,
    FIRST,
)
def ddpg_973f0c(code: Any) -> Report:
    m = code.module()
    box = m.gym.spaces.Box
    config = {"obs_space": box(-9, 9, (5,)), "act_space": box(-1, 1, (3,)), "device": "cpu", "learning_rate": 1e-3}

    def update_once(agent: Any, b: Any) -> None:
        names = ("observations", "actions", "rewards", "next_observations", "dones")
        given = (b.obs, b.action, b.reward, b.next_obs, b.done)
        agent.learn(SimpleNamespace(**{k: torch.tensor(v).float() for k, v in zip(names, given, strict=True)}), True)

    return examine(
        lambda: m.Algorithm(config | {"gamma": 0.99, "tau": 0.005}),
        update=update_once,
        sync=lambda agent: agent.sync_target(),
        **ONE,
    )
