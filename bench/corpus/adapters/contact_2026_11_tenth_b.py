"""Updates met first in the tenth round of November 2026, drawn at random: DQN.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import DICT, NO_TARGET, OWN, PASSED, READ, TENTH
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine


def one_hot(action: int, n: int = 4) -> list[int]:
    """An action as a row of zeros and a one."""
    return [int(action == a) for a in range(n)]


@update("662262508758", "agent/dqn_agent.py", "30cf10d9fe", "DQN", OWN, RIGHT, READ, TENTH)
def dqn_662262(code: Any) -> Report:
    m = code.module(dotted="agent.dqn_agent")
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        n_actions=4,
        sync=lambda agent: agent.update_target_network(),
    )


@update(
    "b08cb85b997d",
    "agent/dqn_agent.py",
    "bac72378b9",
    "DQN",
    DICT,
    ("untaken|several-labels|unexplained|broadcast", "mask-missing"),
    "read: every output is moved to the reward plus its own bootstrap, without a maximum; ends are not stored",
    TENTH,
)
def dqn_b08cb8(code: Any) -> Report:
    m = code.module(dotted="agent.dqn_agent")

    def learn(agent, b):
        o, a, r, o2, _ = b.tensors(column=True)
        agent.update_policy({"state": o, "action": a, "reward": r, "next_state": o2})

    return examine(
        lambda: m.DeepQNetwork(5, 4, learning_rate=1e-3, discount_factor=0.99, tau=0.01), update=learn, n_actions=4
    )


@update("88b9682cda57", "agent/dqn_agent.py", "7ffa50aef2", "DQN, rewards divided by 10", OWN, RIGHT, READ, TENTH)
def dqn_88b968(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.experience_replay(),
        n_actions=4,
    )


@update("78d244f9d3ca", "DQNAgent.py", "c2afdd81c1", "DQN, actions as one-hot rows", OWN, RIGHT, READ, TENTH)
def dqn_78d244(code: Any) -> Report:
    m = code.module()
    told = {"NoHiLayer": 2, "nodes": [5, 64, 64, 4], "lr0": 1e-3, "gamma": 0.99, "batchSize": 32, "dnnUpCnt": 3}
    config = SimpleNamespace(**told, maxEpisodesTrain=0, DQNckpt="ckpt", saveInterval=10**9)
    return examine(
        lambda: m.DQNAgent(0, config),
        lambda agent, t: agent.replayMemory.append([t.obs, one_hot(t.action), t.reward, t.next_obs, t.done]),
        lambda agent: agent.trainQNetwork(),
        n_actions=4,
        sync=lambda agent: agent.copyTargetQNetwork(),
    )


@update("69a1c8238e2e", "DQNAgent.py", "60b1af2a8d", "DQN", OWN, RIGHT, READ, TENTH)
def dqn_69a1c8(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        n_actions=4,
    )


@update("38e1a59246ac", "agent/dqn_agent.py", "aa576a5524", "DQN", OWN, RIGHT, NO_TARGET, TENTH)
def dqn_38e1a5(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.memorize(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.replay(),
        n_actions=4,
    )


@update("e1ca9a642c51", "agent/dqn_agent.py", "fb3ab73770", "DQN", OWN, RIGHT, READ, TENTH)
def dqn_e1ca9a(code: Any) -> Report:
    m = code.module(dotted="agent.dqn_agent")
    return examine(
        lambda: m.DQNAgent(5),
        lambda agent, t: agent.store(t.obs, m.ACTIONS[t.action], t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=m.N_ACTIONS,
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
    )


@update("5f5d54001720", "DQNAgent.py", "09e54a6900", "DQN, sum of squares", PASSED, RIGHT, READ, TENTH)
def dqn_5f5d54(code: Any) -> Report:
    m, net = code.module(), code.module("QNetwork.py")
    buffer = code.module("ExperienceReplayBuffer.py", change=lambda s: s.replace("np.float)", "float)"))
    return examine(
        lambda: m.Agent(5, 4, "cpu", buffer.ExperienceReplayBuffer(4, 5000, "cpu", 0), net.QNetwork(5, 4, 0)),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(32), 0.99),
        n_actions=4,
    )


@update("bc46b6071ea4", "agent/dqn_agent.py", "9c43dbea2a", "DQN", OWN, RIGHT, NO_TARGET, TENTH)
def dqn_bc46b6(code: Any) -> Report:
    m = code.module(dotted="agent.dqn_agent")
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.replay(32),
        n_actions=4,
    )


@update("4c49dd799784", "agent/dqn_agent.py", "40d39f7f33", "dueling double DQN, prioritized", OWN, RIGHT, READ, TENTH)
def dqn_4c49dd(code: Any) -> Report:
    m = code.module(dotted="agent.dqn_agent")
    m.config.BATCH_SIZE, m.config.REPLAY_BUFFER_SIZE, m.config.TARGET_UPDATE_FREQUENCY = 64, 2000, 3
    return examine(
        lambda: m.DQNAgent(4, 4),
        lambda agent, t: agent.replay_buffer.add((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.train(),
        n_actions=4,
        obs=16,
    )


@update("c6a5abff958f", "agents/dqn.py", "2d126018fc", "double DQN", OWN, RIGHT, READ, TENTH)
def dqn_c6a5ab(code: Any) -> Report:
    m = code.module(dotted="agents.dqn")
    return examine(
        lambda: m.DQNAgent(5, 4, "cpu", {"target_update_freq": 3}),
        lambda agent, t: agent.memory.append((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.update(*agent.memory[-1]),
        n_actions=4,
    )


@update("f8df366e6505", "agent/dqn_agent.py", "bb10d61e42", "double DQN, convolutions", OWN, RIGHT, READ, TENTH)
def dqn_f8df36(code: Any) -> Report:
    m = code.module(dotted="agent.dqn_agent")
    return examine(
        lambda: m.DQNAgent(),
        lambda agent, t: agent.memory.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        n_actions=4,
        obs=(4, 4),
        sync=lambda agent: agent.update_target_network(),
    )


@update("cd71250d6dfc", "agent/dqn_agent.py", "a9c32b9562", "dueling DQN", OWN, RIGHT, READ, TENTH)
def dqn_cd7125(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(),
        lambda agent, t: agent.memory.push(
            torch.tensor([t.obs]), t.action, t.reward, torch.tensor([t.next_obs]), t.done
        ),
        lambda agent: agent.update(),
        n_actions=4,
        obs=16,
        sync=lambda agent: agent.update_target(),
    )


@update("3a6b4565e12f", "agent/dqn_agent.py", "f0dfb460fc", "DQN", OWN, RIGHT, READ, TENTH)
def dqn_3a6b45(code: Any) -> Report:
    m = code.module(dotted="agent.dqn_agent")
    return examine(
        lambda: m.DQNAgent(SimpleNamespace(action_space=4)),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        n_actions=4,
        obs=11,
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
    )


@update(
    "43b08d5eeac3",
    "agent/dqn_agent.py",
    "1ecf4fb165",
    "double DQN",
    OWN,
    RIGHT,
    READ,
    TENTH,
)
def dqn_43b08d(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, target_sync=3),
        lambda agent, t: agent.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        n_actions=4,
    )


@update("bf9f75e0173e", "agent/dqn.py", "069ab04923", "double DQN, clamped labels", OWN, RIGHT, READ, TENTH)
def dqn_bf9f75(code: Any) -> Report:
    m = code.module(dotted="agent.dqn")
    told = {"use_her": True, "state_size": 3, "goal_size": 2, "action_size": 4, "buffer_size": 5000, "batch_size": 64}
    config = SimpleNamespace(**told, lr=1e-3, tau=0.01, gamma=0.99, use_double=True, use_huber_loss=True)
    return examine(
        lambda: m.DQNAgent(config),
        lambda agent, t: agent.add_experience(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample()),
        n_actions=4,
    )


@update(
    "ab5ce3592b2a",
    "dqn/dqn_torch.py",
    "9357ad2b0e",
    "DQN",
    OWN,
    ("bootstrap-gradient",),
    "read: the label comes from the only network and is not detached",
    TENTH,
)
def dqn_ab5ce3(code: Any) -> Report:
    m = code.module(change=lambda s: s.replace("dtype=np.bool)", "dtype=bool)"))
    return examine(
        lambda: m.Agent(0.99, 1.0, 1e-3, [5], 32, 4),
        lambda agent, t: agent.store_transitions(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update(
    "c537b8f049e5",
    "DQNAgent.py",
    "55bc5dee87",
    "DQN, actions as one-hot rows",
    OWN,
    ("bootstrap-gradient",),
    "read: the label comes from the only network and is not detached",
    TENTH,
)
def dqn_c537b8(code: Any) -> Report:
    code.module("config.py")
    code.module("model.py")
    m = code.module()
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.DQNAgent([64]),
        lambda agent, t: agent.remember(t.obs, one_hot(t.action, 3), t.reward, t.next_obs, t.done),
        lambda agent: agent.trainWithLongMemory(),
        n_actions=3,
        obs=11,
    )


@update("1551769034c9", "agent/dqn_agent.py", "1685d7f66c", "double DQN", OWN, RIGHT, READ, TENTH)
def dqn_155176(code: Any) -> Report:
    m = code.module(dotted="agent.dqn_agent")
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32, target_update=3, use_double=True, model_type="MLP"),
        lambda agent, t: agent.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        n_actions=4,
    )
