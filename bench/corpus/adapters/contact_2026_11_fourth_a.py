"""Updates met first in a fourth round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, FOURTH, NO_TARGET, NOTEBOOK, OWN, PASSED, READ, SCRIPT
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import Anything
from gradexaminer import Report, examine, watch


@update("6c2af2f620cc", "dqn_cartpole.py", "cbd70116b5", "DQN", OWN, RIGHT, READ, FOURTH)
def dqn_6c2af2(code: Any) -> Report:
    m = code.module()
    m.MIN_REPLAY = 64
    return examine(
        lambda: m.AgenteDQN(5, 4),
        lambda agent, t: agent.almacenar(t.obs, t.action, t.reward, t.next_obs, float(t.done)),
        lambda agent: agent.aprender(),
        sync=lambda agent: agent.sincronizar_target(),
        n_actions=4,
    )


@update("a54f8f3691c7", "DDQN.ipynb", "7161279795", "DQN", OWN, RIGHT, NO_TARGET, FOURTH)
def dqn_a54f8f(code: Any) -> Report:
    m = code.module(stop="cartpole_env = Environment()")

    def feed(agent, t):
        obs, action, after, reward = t.as_tensors(none_at_end=True)
        agent.memorize(obs, action, after, reward)

    return examine(lambda: m.Agent(5, 4), feed, lambda agent: agent.update_Q_function(), n_actions=4)


@update("0bf3058ac217", "DDQN.ipynb", "8dc353b4ec", "double DQN", BATCH, RIGHT, READ, FOURTH)
def ddqn_0bf305(code: Any) -> Report:
    m = code.module(stop="dqn_metrics = train_agent")
    return examine(
        lambda: m.DQNAgent(5, 4, is_double_dqn=True),
        update=lambda agent, b: agent.learn((b.obs, b.action, b.reward, b.next_obs, b.done)),
        n_actions=4,
    )


@update(
    "9b179c38b37e",
    "dqn_cartpole.py",
    "977d92d0a7",
    "DQN",
    OWN,
    ("alias", "output-bounded"),
    "read: learner and target are one network, which ends in a ReLU",
    FOURTH,
)
def dqn_9b179c(code: Any) -> Report:
    m = code.module()
    args = dict.fromkeys(("episodes", "max_epilen", "smooth", "eps_start", "eps_end", "eps_decay", "savepath"), 1)
    args |= {"device": "cpu", "n_a": 4, "lr": 1e-3, "memlen": 5000, "bs": 64, "target_update": 40, "gamma": 0.99}
    return examine(
        lambda: m.DQNAgent(None, m.DQN(5, 4), torch.nn.MSELoss(), SimpleNamespace(**args)),
        lambda agent, t: agent.memory.push(*t.as_tensors(none_at_end=True)),
        lambda agent: agent.train_inner(),
        sync=lambda agent: agent.target.load_state_dict(agent.learner.state_dict()),
        n_actions=4,
    )


@update(
    "090c45de6dc3",
    "dqn_cartpole.py",
    "fe1d1dccbe",
    "DQN",
    SCRIPT,
    ("mask-truncated",),
    "read: terminated or truncated is stored",
    FOURTH,
)
def dqn_090c45(code: Any) -> Report:
    return watch(lambda make: code.run(make), n_actions=2, obs=4)


@update("61a0474c1440", "dqn_cartpole.py", "b724d266b7", "DQN", OWN, RIGHT, READ, FOURTH)
def dqn_61a047(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update("4eb58686d42c", "dqn_cartpole.py", "1ef054700b", "DQN", "function, all passed in", RIGHT, READ, FOURTH)
def dqn_4eb586(code: Any) -> Report:
    m = code.module()

    def make():
        x = SimpleNamespace(net=m.DQN(5, 4), target=m.DQN(5, 4), memory=m.ReplayMemory(10000))
        x.optimizer = torch.optim.Adam(x.net.parameters(), lr=1e-3)
        return x

    return examine(
        make,
        lambda x, t: x.memory.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: m.update(x.net, x.target, x.memory, x.optimizer, 64, 0.99),
        sync=lambda x: x.target.load_state_dict(x.net.state_dict()),
        n_actions=4,
    )


@update("34fb672744c6", "double_dqn.py", "8711577237", "double DQN, images", BATCH, RIGHT, READ, FOURTH)
def ddqn_34fb67(code: Any) -> Report:
    m = code.module()
    space = SimpleNamespace(shape=(4, 84, 84), sample=lambda: np.zeros((4, 84, 84)))
    env = SimpleNamespace(observation_space=space, action_space=SimpleNamespace(n=4))
    m.PytorchLazyFrames = m.SummaryWriter = Anything

    def make():
        x = SimpleNamespace(online=m.Network(env, "cpu"), target=m.Network(env, "cpu"))
        x.optimizer = torch.optim.Adam(x.online.parameters(), lr=m.LR)
        return x

    def update_once(x, b):
        rows = [(t.obs, t.action, t.reward, t.done, t.next_obs) for t in b.transitions]
        loss = x.online.compute_loss(rows, x.target)
        x.optimizer.zero_grad()
        loss.backward()
        x.optimizer.step()

    return examine(
        make,
        update=update_once,
        sync=lambda x: x.target.load_state_dict(x.online.state_dict()),
        n_actions=4,
        obs=(4, 84, 84),
        image=True,
    )


@update("ab8af2f55fd1", "dqn_cartpole.py", "f06e3033d2", "DQN", OWN, RIGHT, READ, FOURTH)
def dqn_ab8af2(code: Any) -> Report:
    m = code.module(stop="agent = DQN(")
    return examine(
        lambda: m.DQN(5, 4, gamma=m.GAMMA, batch_size=m.BATCH_SIZE),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.evaluate_net.state_dict()),
        n_actions=4,
    )


@update(
    "251b0c4622be",
    "DDQN.ipynb",
    "3fdcb1e949",
    "double DQN",
    NOTEBOOK,
    ("broadcast",),
    "read: rewards of shape (B,) meet values of shape (B, 1)",
    FOURTH,
)
def ddqn_251b0c(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.DoubleQLearningAgent(5, 4, 1e-3, 0.99),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update_q_networks(64),
        sync=lambda agent: agent.update_target_network(),
        n_actions=4,
    )


@update(
    "6183ffc192fa",
    "double_dqn.py",
    "cf9bae3141",
    "DQN (called double)",
    BATCH,
    ("online-overwritten",),
    "read: its copy writes the target's weights into the online network",
    FOURTH,
)
def dqn_6183ff(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Double_DQN(None, None),
        update=lambda agent, b: agent.update(
            [(t.obs, t.action, t.next_obs, t.reward, t.done) for t in b.transitions], 1
        ),
        sync=lambda agent: agent.update_policy_network(),
        n_actions=3,
        obs=11,
    )


@update("613d3c8046f1", "dqn_cartpole.py", "a4dbb26a17", "DQN", SCRIPT, RIGHT, READ, FOURTH)
def dqn_613d3c(code: Any) -> Report:
    return watch(lambda make: code.run(make), n_actions=2, obs=4)


@update("4b7ae6c651f9", "dueling_dqn.py", "865d13790a", "dueling DQN (called double)", PASSED, RIGHT, READ, FOURTH)
def dqn_4b7ae6(code: Any) -> Report:
    m, utils = code.module(definitions=True), code.module("utils.py")
    config = utils.AgentConfig(batch_size=40, target_net_update_freq=4)

    def make():
        x = SimpleNamespace(agent=m.DuelingDDQN(5, 4, config), memory=utils.ExperienceReplayMemory(5000))
        x.adam = torch.optim.Adam(x.agent.q.parameters(), lr=1e-4)
        return x

    return examine(
        make,
        lambda x, t: x.memory.push((t.obs.tolist(), t.action, t.reward, t.next_obs.tolist(), t.mask)),
        lambda x: x.agent.update_policy(x.adam, x.memory, config),
        n_actions=4,
    )
