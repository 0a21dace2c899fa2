"""Well-known DDPG, TD3 and SAC updates of papers' authors and of courses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bench.corpus.adapters.common import DICT, EXPLAINED, ONE, OWN, PASSED, TWO
from bench.corpus.registry import DEVELOPED, RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine


@update("sfujim/TD3", "TD3.py", "34770ccdcb", "TD3", PASSED, RIGHT, EXPLAINED, DEVELOPED)
def sfujim_td3(code: Any) -> Report:
    m, buffers = code.module(), code.module("utils.py")
    return examine(
        lambda: SimpleNamespace(policy=m.TD3(5, 3, 2.0), buffer=buffers.ReplayBuffer(5, 3)),
        lambda both, t: both.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda both: both.policy.train(both.buffer, 32),
        **TWO,
    )


@update("sfujim/TD3", "OurDDPG.py", "34770ccdcb", "DDPG", PASSED, RIGHT, EXPLAINED, DEVELOPED)
def sfujim_our_ddpg(code: Any) -> Report:
    m, buffers = code.module(), code.module("utils.py")
    return examine(
        lambda: SimpleNamespace(policy=m.DDPG(5, 3, 2.0), buffer=buffers.ReplayBuffer(5, 3)),
        lambda both, t: both.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda both: both.policy.train(both.buffer, 32),
        **TWO,
    )


@update("Lizhi-sjtu/DRL-code-pytorch", "6.DDPG/DDPG.py", "8f767b99ad", "DDPG", PASSED, RIGHT, EXPLAINED, DEVELOPED)
def lizhi_ddpg(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        lambda: SimpleNamespace(policy=m.DDPG(5, 3, 2.0), buffer=m.ReplayBuffer(5, 3)),
        lambda both, t: both.buffer.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda both: both.policy.learn(both.buffer),
        **TWO,
    )


@update("Lizhi-sjtu/DRL-code-pytorch", "7.TD3/TD3.py", "8f767b99ad", "TD3", PASSED, RIGHT, EXPLAINED, DEVELOPED)
def lizhi_td3(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        lambda: SimpleNamespace(policy=m.TD3(5, 3, 2.0), buffer=m.ReplayBuffer(5, 3)),
        lambda both, t: both.buffer.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda both: both.policy.learn(both.buffer),
        **TWO,
    )


@update(
    "Lizhi-sjtu/DRL-code-pytorch", "8.SAC/SAC-continuous.py", "8f767b99ad", "SAC", PASSED, RIGHT, EXPLAINED, DEVELOPED
)
def lizhi_sac(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        lambda: SimpleNamespace(policy=m.SAC(5, 3, 2.0), buffer=m.ReplayBuffer(5, 3)),
        lambda both, t: both.buffer.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda both: both.policy.learn(both.buffer),
        **TWO,
    )


@update("boyu-ai/Hands-on-RL", "第13章-DDPG算法.ipynb", "4a151a4bfe", "DDPG", DICT, RIGHT, EXPLAINED, DEVELOPED)
def hands_on_ddpg(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.DDPG(5, 64, 1, 2.0, 0.1, 1e-3, 1e-3, 0.005, 0.98, "cpu"),
        update=lambda agent, batch: agent.update(batch.as_dict()),
        low=[-2.0],
        high=[2.0],
    )


@update(
    "boyu-ai/Hands-on-RL",
    "第14章-SAC算法.ipynb",
    "4a151a4bfe",
    "SAC",
    DICT,
    ("log-prob-correction",),
    "own proof: the correction is log(1 - tanh(action)^2), and the action is a tanh already; rescales the reward",
    DEVELOPED,
)
def hands_on_sac(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.SACContinuous(5, 64, 1, 2.0, 1e-3, 1e-3, 1e-3, -1.0, 0.005, 0.99, "cpu"),
        update=lambda agent, batch: agent.update(batch.as_dict()),
        low=[-2.0],
        high=[2.0],
    )


@update("MrSyee/pg-is-all-you-need", "03.DDPG.ipynb", "a13bc8e1ea", "DDPG", OWN, RIGHT, EXPLAINED, DEVELOPED)
def mrsyee_ddpg(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.DDPGAgent(env_of(5, **ONE), 1000, 32, 1.0, 0.1, initial_random_steps=0),
        lambda agent, t: agent.memory.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update_model(),
        **ONE,
    )


@update("MrSyee/pg-is-all-you-need", "04.TD3.ipynb", "a13bc8e1ea", "TD3", OWN, RIGHT, EXPLAINED, DEVELOPED)
def mrsyee_td3(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.TD3Agent(env_of(5, **ONE), 1000, 32, initial_random_steps=0),
        lambda agent, t: agent.memory.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: (setattr(agent, "total_step", agent.total_step + 1), agent.update_model()),
        **ONE,
    )


@update(
    "MrSyee/pg-is-all-you-need", "05.SAC.ipynb", "a13bc8e1ea", "SAC", OWN, RIGHT, "read; V-network variant", DEVELOPED
)
def mrsyee_sac(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.SACAgent(env_of(5, **ONE), 1000, 32, initial_random_steps=0),
        lambda agent, t: agent.memory.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: (setattr(agent, "total_step", agent.total_step + 1), agent.update_model()),
        **ONE,
    )


@update(
    "sweetice/Deep-reinforcement-learning-with-pytorch",
    "Char05 DDPG/DDPG.py",
    "7b9fac7e5e",
    "DDPG",
    "agent object with buffer, settings at module level",
    RIGHT,
    EXPLAINED,
    DEVELOPED,
)
def sweetice_ddpg(code: Any) -> Report:
    m = code.module(definitions=True)
    m.directory, m.args.update_iteration, m.args.batch_size = "", 1, 40
    return examine(
        lambda: m.DDPG(5, 3, 2.0),
        lambda agent, t: agent.replay_buffer.push((t.obs, t.next_obs, t.action, t.reward, float(t.done))),
        lambda agent: agent.update(),
        **TWO,
    )


@update(
    "nikhilbarhate99/TD3-PyTorch-BipedalWalker-v2",
    "TD3.py",
    "1657d708e7",
    "TD3",
    PASSED,
    ("critic-other-action",),
    "own proof: FloatTensor shares a float32 array's memory, normal_() overwrites the batch's actions with noise; "
    "not with float64 actions, as its train.py has them",
    DEVELOPED,
)
def nikhil_td3(code: Any) -> Report:
    m, utils = code.module(), code.module("utils.py")
    return examine(
        lambda: SimpleNamespace(policy=m.TD3(1e-3, 5, 3, 2.0), buffer=utils.ReplayBuffer()),
        lambda both, t: both.buffer.add((t.obs, t.action, t.reward, t.next_obs, float(t.done))),
        lambda both: both.policy.update(both.buffer, 2, 40, 0.99, 0.995, 0.2, 0.5, 2),
        **TWO,
    )


@update("pranz24/pytorch-soft-actor-critic", "sac.py", "c1805660b3", "SAC", PASSED, RIGHT, EXPLAINED, DEVELOPED)
def pranz24_sac(code: Any) -> Report:
    m, memory = code.module(), code.module("replay_memory.py")
    told = {"gamma": 0.99, "tau": 0.005, "alpha": 0.2, "policy": "Gaussian", "target_update_interval": 1}
    rest = {"automatic_entropy_tuning": True, "cuda": False, "hidden_size": 64, "lr": 1e-3}
    args, space = SimpleNamespace(**told, **rest), env_of(5, **TWO).action_space
    return examine(
        lambda: SimpleNamespace(policy=m.SAC(5, space, args), buffer=memory.ReplayMemory(1000, 0)),
        lambda both, t: both.buffer.push(t.obs, t.action, t.reward, t.next_obs, 1.0 - t.done),
        lambda both: both.policy.update_parameters(both.buffer, 40, 0),
        **TWO,
    )
