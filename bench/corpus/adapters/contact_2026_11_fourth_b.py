"""Updates met first in a fourth round of November 2026, drawn at random: further relatives of DQN.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import FOURTH, LOOP, LOOSE, NOTEBOOK, OWN, READ, SCRIPT
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import Anything, OldEnv, env_of
from gradexaminer import Report, examine, watch


@update("4b99e9bc837d", "DDQN.ipynb", "e87c8ee22f", "dueling double DQN, images", NOTEBOOK, RIGHT, READ, FOURTH)
def ddqn_4b99e9(code: Any) -> Report:
    m = code.module(definitions=True)

    def make():
        m.policy_net, m.target_net, m.memory = m.DuelingDQN(), m.DuelingDQN(), m.ReplayMemory(5000)
        m.optimizer = m.optim.Adam(m.policy_net.parameters(), lr=1e-5)
        return vars(m)

    return examine(
        make,
        lambda names, t: names["memory"].push(*t.as_tensors(none_at_end=True)),
        lambda names: names["optimize_model"](),
        sync=lambda names: names["target_net"].load_state_dict(names["policy_net"].state_dict()),
        n_actions=4,
        obs=(4, 84, 84),
        image=True,
    )


@update("8a381e5a8588", "DDQN.ipynb", "ccb3a6a52f", "double DQN", OWN, RIGHT, LOOSE, FOURTH)
def ddqn_8a381e(code: Any) -> Report:
    m = code.module(stop="agent = DQNAgent(")
    m.gym.make = lambda _name: env_of(5, n_actions=4)

    def make():
        agent = m.DQNAgent("vector")
        agent.train_start = 64
        return agent

    return examine(
        make,
        lambda agent, t: agent.remember(t.obs[None], t.action, t.reward, t.next_obs[None], t.done),
        lambda agent: agent.replay(),
        sync=lambda agent: agent.update_target_model(),
        n_actions=4,
    )


@update(
    "097c0f7a399f",
    "dueling_dqn.py",
    "887294a43b",
    "dueling DQN",
    OWN,
    ("advantage-averaged",),
    "read: the mean advantage is taken over the whole batch",
    FOURTH,
)
def dqn_097c0f(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DuelingDQNAgent(5, 4, 0.99, [64, 64], "mean", None, 5000, 64, 10, 1e-3, 0),
        lambda agent, t: agent.memory.push((t.obs, t.action, t.reward, t.next_obs, t.done, False, {})),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.target_q_network.load_state_dict(agent.q_network.state_dict()),
        n_actions=4,
    )


@update("fdc2c6025688", "dueling_dqn.py", "b139e0a302", "dueling double DQN", OWN, RIGHT, LOOSE, FOURTH)
def ddqn_fdc2c6(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(4, [5], "run", mem_size=5000, batch_size=32),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(0),
        n_actions=4,
    )


@update(
    "eb757f800f6d",
    "DDQN.ipynb",
    "7823df4208",
    "double DQN",
    OWN,
    RIGHT,
    "read; the target network is copied after every step, by choice",
    FOURTH,
)
def ddqn_eb757f(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.DDQNAgent(),
        lambda agent, t: agent.replay_mem.append((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.train(),
        n_actions=4,
        obs=24,
    )


@update(
    "f142effb4cc1",
    "double_dqn.py",
    "bc85ce9b82",
    "DQN (called double)",
    OWN,
    ("broadcast",),
    "read: values of shape (B, 1) meet labels of shape (B,); the two networks change places once",
    FOURTH,
)
def dqn_f142ef(code: Any) -> Report:
    m = code.module(definitions=True, device="cpu")
    return examine(
        lambda: m.Agent(4, env_of(5, n_actions=4), "cpu"),
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.train(),
        n_actions=4,
    )


@update("17c1f0e674a3", "DQN/dqn.py", "9fdbbacc1b", "DQN", OWN, RIGHT, LOOSE, FOURTH)
def dqn_17c1f0(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 64, 4, replay_buffer_sz=5000, replay_start_sz=40),
        lambda agent, t: agent.store_experience(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.train(),
        sync=lambda agent: agent.update_target(),
        n_actions=4,
    )


@update("3b7b954c705c", "DDQN/ddqn.py", "5c18b3e7ea", "double DQN", OWN, RIGHT, READ, FOURTH)
def ddqn_3b7b95(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQN(5, 4, {}),
        lambda agent, t: agent.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        n_actions=4,
    )


@update(
    "685edb23897d",
    "DQN/dqn.py",
    "afaf66120b",
    "DQN, weights by the error's sign",
    LOOP,
    ("mask-truncated",),
    "read: the old Gym's done, with time limits in it, is stored; its weights are 1 by default",
    FOURTH,
)
def dqn_685edb(code: Any) -> Report:
    def run(make):
        m, nets = code.module(), code.module("DQN/network.py")
        net = next(x for x in vars(nets).values() if isinstance(x, type) and issubclass(x, torch.nn.Module))
        m.RiskSensitiveDQN(net, OldEnv(make()), initial_buffer_capacity=1000).learn(10**6)

    return watch(run, n_actions=4, obs=5)


@update(
    "1fab6e49b37a",
    "SAC/sac.py",
    "7f19e62f6a",
    "DQN (called SAC), images, prioritized",
    OWN,
    ("replayed-action", "mask-missing"),
    "read: the label takes the target network's value of s' at the stored action; no end can be stored",
    FOURTH,
)
def dqn_1fab6e(code: Any) -> Report:
    code.module("DDQN/SumTree.py")
    m = code.module()
    priority = m.Memory._get_priority
    m.Memory._get_priority = lambda memory, error: priority(memory, float(np.squeeze(error)))  # for NumPy of today
    m.DroneEnv = lambda _depth: SimpleNamespace(reset=lambda: (torch.zeros(84, 84), None))

    def make():
        agent = m.SAC_Agent()
        agent.batch_size = 40
        return agent

    return examine(
        make,
        lambda agent, t: agent.append_sample(agent.transformToTensor(t.obs), t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.updateNetworks(),
        n_actions=8,
        obs=(84, 84),
        image=True,
    )


@update(
    "9863e4a0ccfc",
    "double_dqn.py",
    "1b6dd8c96f",
    "DQN (called double), images",
    "functions on globals",
    ("broadcast",),
    "read: values of shape (B, 1) meet labels of shape (B,)",
    FOURTH,
)
def dqn_9863e4(code: Any) -> Report:
    m = code.module(definitions=True, n_valid_actions=4)
    m.init_replay_size = 64

    def make():
        m.model, m.target_model, m.memory = m.DQN(), m.DQN(), m.ExperienceReplay(5000)
        m.optimizer = m.optim.RMSprop(m.model.parameters(), lr=1e-4)
        return vars(m)

    return examine(
        make,
        lambda names, t: names["memory"].push(*t.as_tensors(none_at_end=True)),
        lambda names: names["double_q_learning"](),
        sync=lambda names: names["target_model"].load_state_dict(names["model"].state_dict()),
        n_actions=4,
        obs=(4, 84, 84),
        image=True,
    )


@update(
    "3cd08553a218",
    "dqn_cartpole.py",
    "1f39afb92c",
    "DQN",
    SCRIPT,
    RIGHT,
    "read; the label is not detached, which fills the target's .grad alone; steps its environment at greedy actions",
    FOURTH,
)
def dqn_3cd085(code: Any) -> Report:
    return watch(lambda make: code.run(make), n_actions=2, obs=4)


@update(
    "932a6acdb5c8",
    "DDQN.ipynb",
    "959b017e87",
    "double DQN",
    "function, networks and buffer passed in",
    ("untaken",),
    "read: rows (B,) and actions (B, 1) index every pair of row and action, so that other outputs get labels too",
    FOURTH,
)
def ddqn_932a6a(code: Any) -> Report:
    m = code.module(definitions=True, ManufacturingSystem=Anything)
    m.BATCH_SIZE = 40

    def make():
        x = SimpleNamespace(net=m.DQN(5, 4), target=m.DQN(5, 4), memory=deque(maxlen=5000))
        x.net.optimizer = torch.optim.Adam(x.net.parameters(), lr=1e-3)
        return x

    return examine(
        make,
        lambda x, t: x.memory.append((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda x: m.optimize(x.net, x.target, x.memory),
        sync=lambda x: x.target.load_state_dict(x.net.state_dict()),
        n_actions=4,
    )


@update("67ca08b7eedd", "dqn_cartpole.py", "752a8d6042", "DQN", OWN, RIGHT, READ, FOURTH)
def dqn_67ca08(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(env_of(5, n_actions=4), 5),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update_q_network(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.q_net.state_dict()),
        n_actions=4,
    )
