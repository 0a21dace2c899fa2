"""Updates met first in the twelfth round of November 2026, drawn at random: DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from bench.corpus.adapters.common import BATCH, DICT, LOOP, LOOSE, ONE, OWN, PASSED, READ, TWELFTH, TWO
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import Anything, OldEnv, env_of, gymnasium_makes
from gradexaminer import Report, examine, watch

ENV = env_of(5, **ONE)


@update("d22df3010b40", "agents/td3_agent.py", "44d3bfc25b", "TD3", OWN, RIGHT, READ, TWELFTH)
def td3_d22df3(code: Any) -> Report:
    m = code.module(dotted="agents.td3_agent")
    return examine(
        lambda: m.TD3Agent(ENV.observation_space, ENV.action_space, buffer_size=5000, batch_size=32),
        lambda agent, t: agent.store(*t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


@update("43e83875160d", "agents/td3_agent.py", "f270724baf", "TD3, batch normalization", OWN, RIGHT, READ, TWELFTH)
def td3_43e838(code: Any) -> Report:
    m, memory = code.module(dotted="agents.td3_agent"), code.module(dotted="agents.utils.buffers")
    m.BATCH_SIZE = 32

    def feed(agent, t):
        reward, done = np.array([[t.reward]]), np.array([[t.done]])
        agent.memory.add(memory.Experience(s=t.obs[None], a=t.action[None], r=reward, sp=t.next_obs[None], done=done))

    def learn(agent):
        agent.total_steps += 1
        agent.learn(agent.memory.sample(), agent.gamma)

    return examine(lambda: m.Agent(5, 3, 0, writer=Anything()), feed, learn, **ONE)


@update("862b645c1560", "agents/td3_agent.py", "6d1272dc41", "TD3", PASSED, RIGHT, READ, TWELFTH)
def td3_862b64(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(5, 3, 64, 1.0), buffer=m.ReplayBuffer(5000)),
        lambda x, t: x.buffer.push(*t.as_tuple()),
        lambda x: x.agent.update(x.buffer, 32),
        **ONE,
    )


@update("e74d542a1349", "agents/td3_agent.py", "b86ec927b9", "TD3", BATCH, RIGHT, READ, TWELFTH)
def td3_e74d54(code: Any) -> Report:
    m = code.module()

    def make():
        actor = lambda *_: nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 3), nn.Tanh())  # noqa: E731
        critic = lambda *_: nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 1))  # noqa: E731
        return m.TD3Agent(
            (5,), 3, actor, critic, torch.optim.Adam, lambda o: torch.optim.lr_scheduler.ConstantLR(o, 1.0)
        )

    return examine(make, update=lambda agent, b: agent.update(*b.tensors(), 1), **ONE)


@update("f7975868f5f7", "agents/td3_agent.py", "c036ca707e", "TD3, batch normalization", OWN, RIGHT, READ, TWELFTH)
def td3_f79758(code: Any) -> Report:
    m = code.module(dotted="agents.td3_agent")
    return examine(
        lambda: m.TD3Agent(5, 3, 1.0, -1.0, buffer_size=5000, batch_size=32),
        lambda agent, t: agent.memory.add(0, *t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


SIZES = {"state_dim": 5, "action_dim": 3, "buffer_size": 5000, "batch_size": 32}


@update(
    "a5a7246acfad",
    "rllib/algorithms/ddpg.py",
    "8d26b0145f",
    "DDPG",
    OWN,
    ("target-action-state",),
    "read: the target actor is shown s; the label is not detached, which fills the targets' .grad alone",
    TWELFTH,
)
def ddpg_a5a724(code: Any) -> Report:
    m = code.module(dotted="rllib.algorithms.ddpg")
    return examine(
        lambda: m.DDPG(m.DDPGConfig(SIZES)),
        lambda agent, t: agent.push((t.obs, t.action, t.next_obs, t.reward, t.done)),
        lambda agent: agent.train(),
        **ONE,
    )


@update("a5a7246acfad", "rllib/algorithms/td3.py", "8d26b0145f", "TD3", OWN, RIGHT, READ, TWELFTH)
def td3_a5a724(code: Any) -> Report:
    m = code.module(dotted="rllib.algorithms.td3")
    return examine(
        lambda: m.TD3(m.TD3Config(SIZES)),
        lambda agent, t: agent.push((t.obs, t.action, t.next_obs, t.reward, t.done)),
        lambda agent: agent.train(),
        **ONE,
    )


@update("a0ff275a80ff", "algorithms/ddpg.py", "dc6f3236da", "DDPG, scripted networks", OWN, RIGHT, LOOSE, TWELFTH)
def ddpg_a0ff27(code: Any) -> Report:
    m = code.module()
    cfg = SimpleNamespace(
        n_states=5, n_actions=1, actor_hidden_dim=64, critic_hidden_dim=64, action_bound=1.0, device="cpu"
    )
    vars(cfg).update(memory_capacity=5000, lr_a=1e-4, lr_c=1e-3, batch_size=32, gamma=0.99, tau=0.005)
    return examine(
        lambda: m.DDPG(cfg),
        lambda agent, t: agent.memory.push((t.obs, float(t.action[0]), t.reward, t.next_obs, t.done)),
        lambda agent: agent.update(),
        low=[-1.0],
        high=[1.0],
    )


@update(
    "b1faa5932405",
    "algorithms/ddpg.py",
    "546d75a476",
    "DDPG",
    PASSED,
    RIGHT,
    "read; labels are clamped at 100 and rewards at 25",
    TWELFTH,
)
def ddpg_b1faa5(code: Any) -> Report:
    m = code.module()
    config = m.DDPGConfig(batch_size=32, replay_size=5000, hidden_size=64)
    low, high = np.array(ONE["low"], np.float32), np.array(ONE["high"], np.float32)
    return examine(
        lambda: SimpleNamespace(agent=m.DDPGAgent(5, 3, config, "cpu", low, high), buffer=m.ReplayBuffer(5000)),
        lambda x, t: x.buffer.add(*t.as_tuple()),
        lambda x: x.agent.update(x.buffer),
        **ONE,
    )


@update(
    "21ce16c8d512",
    "algorithms/model_free_ddpg.py",
    "5beba261ab",
    "DDPG",
    LOOP,
    ("mask-truncated",),
    "read: the old Gym's done, with time limits in it, is stored",
    TWELFTH,
)
def ddpg_21ce16(code: Any) -> Report:
    def run(make):
        m = code.module()
        gymnasium_makes(lambda *_: OldEnv(make()))
        m.DdpgAgent("x", buffer_size=5000).train(10**6, assess_every_nb_steps=10**9)

    return watch(run, **ONE)


@update("3e2757aa7989", "algorithms/ddpg.py", "1a95da10b8", "DDPG", OWN, RIGHT, LOOSE, TWELFTH)
def ddpg_3e2757(code: Any) -> Report:
    m = code.module(dotted="algorithms.ddpg")
    return examine(
        lambda: m.DDPGTrainer(ENV, "x", buffer_size=5000, batch_size=32),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.optimize_model(),
        **ONE,
    )


@update("3b8c07d37937", "rl/algorithms/ddpg.py", "2fadaadf22", "DDPG", OWN, RIGHT, READ, TWELFTH)
def ddpg_3b8c07(code: Any) -> Report:
    m, spaces = code.module(dotted="rl.algorithms.ddpg"), (ENV.observation_space, ENV.action_space)
    return examine(
        lambda: m.DDPG(*spaces, (64, 64), 1, 0, 0.1, Path("models"), batch_size=32, buffer_size=5000),
        lambda agent, t: agent.replay_buffer.store(t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


@update("3b8c07d37937", "rl/algorithms/sac.py", "2fadaadf22", "SAC, twins in one module", OWN, RIGHT, READ, TWELFTH)
def sac_3b8c07(code: Any) -> Report:
    m = code.module(dotted="rl.algorithms.sac")
    return examine(
        lambda: m.SAC(ENV, (64, 64), 1, 0, batch_size=32, buffer_size=5000),
        lambda agent, t: agent.replay_buffer.store(t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


@update("b3af238f94cb", "algorithms/sac.py", "050e06d268", "SAC", OWN, RIGHT, READ, TWELFTH)
def sac_b3af23(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SAC(5, 3, memory_size=5000, batch_size=32),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        **ONE,
    )


HALF: dict[str, Any] = {"low": [0.0, -1.0, -1.0], "high": [1.0, 1.0, 1.0]}


@update("a680ea803d9c", "algorithms/sac.py", "ba8b08e98f", "SAC, twins in one module", BATCH, RIGHT, READ, TWELFTH)
def sac_a680ea(code: Any) -> Report:
    m, memory = code.module(dotted="algorithms.sac"), code.module(dotted="algorithms.buffers")
    return examine(
        lambda: SimpleNamespace(agent=m.SACAgent(5, 3), buffer=memory.ReplayBuffer.create(5000, 5, 3)),
        lambda x, t: x.buffer.add(*t.as_tuple()),
        lambda x: x.agent.train_step(x.buffer.sample(32)),
        **HALF,
    )


@update("a680ea803d9c", "algorithms/td3.py", "ba8b08e98f", "TD3, twins in one module", BATCH, RIGHT, READ, TWELFTH)
def td3_a680ea(code: Any) -> Report:
    m, memory = code.module(dotted="algorithms.td3"), code.module(dotted="algorithms.buffers")
    return examine(
        lambda: SimpleNamespace(agent=m.TD3Agent(5, 3), buffer=memory.ReplayBuffer.create(5000, 5, 3)),
        lambda x, t: x.buffer.add(*t.as_tuple()),
        lambda x: x.agent.train_step(x.buffer.sample(32)),
        **HALF,
    )


@update("461dfc007edd", "learning.py", "02412d5d0a", "SAC", OWN, RIGHT, READ, TWELFTH)
def sac_461dfc(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 3, 1.0, 64, 0.99, 3e-4, 3e-4, 0.005, 0.2, 32, 5000, True, -3),
        lambda agent, t: agent.replay_buffer.push(*t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


@update(
    "835b449977da",
    "agents/sac_agent.py",
    "a3883ae4de",
    "SAC, twins in one module",
    PASSED,
    ("action-units",),
    "read: choices are scaled to the bounds before they are stored, and the update's are not",
    TWELFTH,
)
def sac_835b44(code: Any) -> Report:
    m, memory = code.module(dotted="agents.sac_agent"), code.module("utils/memory.py")
    low, high = np.array(TWO["low"], np.float32), np.array(TWO["high"], np.float32)
    return examine(
        lambda: SimpleNamespace(
            agent=m.SACAgent(5, 3, high, low, hidden_dim=64), buffer=memory.ReplayBuffer(5, 3, 5000)
        ),
        lambda x, t: x.buffer.add(*t.as_tuple()),
        lambda x: x.agent.train(x.buffer, 32),
        **TWO,
    )


@update(
    "766bd36042ae", "sac_continuous.py", "5082e31e5a", "SAC, rewards rescaled in the update", DICT, RIGHT, READ, TWELFTH
)
def csac_766bd3(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACContinuous(5, 64, 3, 1.0, 3e-4, 3e-3, 3e-4, -3.0, 0.005, 0.99, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **ONE,
    )
