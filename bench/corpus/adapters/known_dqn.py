"""Well-known DQN updates."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bench.corpus.adapters.common import EXPLAINED, OWN
from bench.corpus.code import marimo_cells
from bench.corpus.registry import DEVELOPED, RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine


@update(
    "udacity/deep-reinforcement-learning",
    "dqn/solution/dqn_agent.py",
    "561eec3ae8",
    "DQN",
    "agent object, learn(experiences, gamma)",
    RIGHT,
    EXPLAINED,
    DEVELOPED,
)
def udacity_dqn(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update(
    "seungeunrho/minimalRL",
    "dqn.py",
    "c8efed8481",
    "DQN",
    "function with networks, buffer, optimizer",
    RIGHT,
    EXPLAINED,
    DEVELOPED,
)
def minimalrl_dqn(code: Any) -> Report:
    m = code.module()

    def make():
        x = SimpleNamespace(q=m.Qnet(), target=m.Qnet(), memory=m.ReplayBuffer())
        x.optimizer = m.optim.Adam(x.q.parameters(), lr=1e-3)
        return x

    return examine(
        make,
        lambda x, t: x.memory.put((t.obs, t.action, t.reward, t.next_obs, 1.0 - t.done)),
        lambda x: m.train(x.q, x.target, x.memory, x.optimizer),
        sync=lambda x: x.target.load_state_dict(x.q.state_dict()),
        n_actions=2,
        obs=4,
    )


@update(
    "boyu-ai/Hands-on-RL",
    "第7章-DQN算法.ipynb",
    "4a151a4bfe",
    "DQN",
    "agent.update(transition_dict) in a notebook",
    RIGHT,
    "issue #112 asks about the missing detach: only the target's .grad fills",
    DEVELOPED,
)
def hands_on_dqn(code: Any) -> Report:
    m = code.module(stop="env_name")
    return examine(
        lambda: m.DQN(5, 64, 4, 1e-3, 0.99, 0.1, 10, "cpu"),
        update=lambda agent, batch: agent.update(batch.as_dict()),
        n_actions=4,
    )


@update(
    "Curt-Park/rainbow-is-all-you-need",
    "01_dqn.py",
    "e864f0be10",
    "DQN",
    "agent object with buffer, in a marimo notebook",
    RIGHT,
    EXPLAINED,
    DEVELOPED,
)
def rainbow_dqn(code: Any) -> Report:
    m = code.module(definitions=True, change=marimo_cells)
    return examine(
        lambda: m.DQNAgent(env_of(5, n_actions=4), 1000, 32, 10, 0.01, 0),
        lambda agent, t: agent.memory.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update_model(),
        sync=lambda agent: agent._target_hard_update(),
        n_actions=4,
    )


@update(
    "XinJingHao/DRL-Pytorch",
    "2.1_Duel-Double-DQN/DQN.py",
    "83486646f1",
    "dueling double DQN",
    OWN,
    RIGHT,
    EXPLAINED,
    DEVELOPED,
)
def xinjinghao_dqn(code: Any) -> Report:
    m = code.module()
    told = {"state_dim": 5, "action_dim": 4, "net_width": 64, "lr": 1e-3, "batch_size": 32, "gamma": 0.99}
    rest = {"dvc": "cpu", "Duel": True, "Double": True, "exp_noise": 0.1}
    return examine(
        lambda: m.DQN_agent(**told, **rest),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        n_actions=4,
    )


@update(
    "philtabor/Youtube-Code-Repository",
    "ReinforcementLearning/DeepQLearning/simple_dqn_torch_2020.py",
    "eb3aa97331",
    "DQN",
    OWN,
    ("bootstrap-gradient",),
    "own proof: Q(s') of the online network is not detached",
    DEVELOPED,
)
def philtabor_dqn_2020(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(0.99, 1.0, 1e-3, [5], 32, 4),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )
