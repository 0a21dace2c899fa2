"""Updates met first in November 2026, drawn at random: owners n to z and digits, DQN.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import importlib
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import FIRST, FUNCTION, LOOP, OWN, READ
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import OldEnv
from gradexaminer import Report, examine, watch


@update("916234fc17e4", "dqn.py", "463b5b7c37", "double DQN", OWN, RIGHT, READ, FIRST)
def ddqn_916234(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, double=True),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        n_actions=4,
    )


@update("3617bc62127e", "ddqn_agent.py", "d8b980ac7b", "double DQN", OWN, RIGHT, READ, FIRST)
def ddqn_3617bc(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.ddqn_Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update(
    "223c0e9c2924",
    "double_dqn.py",
    "072e3d3f41",
    "double DQN, images",
    LOOP,
    RIGHT,
    "read; rewards are clipped to their signs",
    FIRST,
)
def ddqn_223c0e(code: Any) -> Report:
    config = SimpleNamespace(atari_id="", frame_skip=1, sequence_len=4, start_epsilon=1, end_epsilon=1, anneal_step=9)
    config.__dict__.update(replay_memory_size=5000, batch_size=32, lr=1e-4, momentum=0.9, device="cpu", gamma=0.99)
    config.__dict__.update(
        total_step=10**6, target_update_frequency=100, eval_every=10**9, record_episodes=[], record_play=False
    )

    def run(make: Any) -> None:
        m = code.module()
        m.gym.make = make
        m.DoubleDQN._preprocess = lambda _self, frames: torch.from_numpy(frames[-1]).float() / 255
        m.DoubleDQN._gradient_norm = lambda _self, _net: 0.0
        m.DoubleDQN(config).train()

    return watch(run, n_actions=4, obs=(4, 84, 84), image=True)


@update(
    "4db2a1939e83",
    "src/agents/ddqn_agent.py",
    "6536920b7a",
    "double DQN, heads averaged",
    OWN,
    RIGHT,
    "read; examined with one head",
    FIRST,
)
def ddqn_4db2a1(code: Any) -> Report:
    m = code.module(dotted="src.agents.ddqn_agent")
    return examine(
        lambda: m.DDQNAgent(5, 4, 1, min_replay_size=64),
        lambda agent, t: agent.store_transition(t.obs, np.array([t.action]), t.reward, t.next_obs, t.done),
        lambda agent: agent.learn_step(),
        n_actions=4,
    )


@update(
    "1f105f7ad15a",
    "agent/dqn_agent.py",
    "2c9ce73f18",
    "DQN",
    OWN,
    ("broadcast", "mask-missing"),
    "read: (B, 1) against (B,); done is stored and not used",
    FIRST,
)
def dqn_1f105f(code: Any) -> Report:
    m = code.module(stop="DQNAgent()")
    tensor = torch.as_tensor
    return examine(
        m.DQNAgent,
        lambda agent, t: agent.memory.push(
            tensor(t.obs)[None], tensor([[t.action]]), tensor(t.next_obs)[None], tensor([t.reward]).float(), t.done
        ),
        lambda agent: agent.optimize_model(),
        n_actions=2,
        obs=4,
    )


@update("acf29c6b2ae2", "total_util.py", "7b136c27a0", "double DQN", FUNCTION, RIGHT, READ, FIRST)
def ddqn_acf29c(code: Any) -> Report:
    m = code.module()

    def make() -> Any:
        net = m.QNet_dqn(5, 4)
        return SimpleNamespace(net=net, target=m.QNet_dqn(5, 4), optimizer=torch.optim.Adam(net.parameters()))

    def update_once(x: Any, b: Any) -> None:
        batch = map(torch.tensor, (b.obs, b.action, b.reward, b.next_obs, 1 - b.done.astype("float32")))
        m.doubledqn_step(x.net, x.optimizer, x.target, *batch, 0.99, 0.995, True)

    return examine(make, update=update_once, n_actions=4)


@update("cd1d7bb310b4", "DQN_agent.py", "d88c14dc30", "DQN", OWN, RIGHT, READ, FIRST)
def dqn_cd1d7b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update("2dcc2bac8ce8", "ddqn_agent.py", "67adcc1cdb", "double DQN", OWN, RIGHT, READ, FIRST)
def ddqn_2dcc2b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.95),
        n_actions=4,
    )


@update(
    "f4b26dba28b3",
    "DQN_train.py",
    "710879f7b8",
    "DQN",
    LOOP,
    RIGHT,
    "read; the loop shapes the reward; the label is not detached, which fills the target's .grad alone",
    FIRST,
)
def dqn_f4b26d(code: Any) -> Report:
    def run(make: Any) -> None:
        sys.modules["utiles"] = SimpleNamespace(get_device=lambda *_: "cpu", get_logger=lambda _name: None)  # type: ignore[assignment]
        agents, m = code.module("DQN_agent.py"), code.module()
        env = OldEnv(make())
        env.x_threshold = env.theta_threshold_radians = 2.0
        m.train(env, agents.DQNAgent(4, 2, 1e-3, 0.99), 10**6, 200, 1, 10**9, do_log=False)

    return watch(run, n_actions=2, obs=4)


@update(
    "7a6cdaec33e9",
    "dueling_dqn.py",
    "829cf5701f",
    "dueling DQN, V and A joined outside the network",
    OWN,
    ("mask-on-reward",),
    "read: q_target[dones] = 0 wipes the terminal reward too",
    FIRST,
)
def dqn_7a6cda(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(0.99, 1.0, 1e-3, 4, [5], 5000, 64),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update(
    "5eba4625bca0",
    "double_dqn.py",
    "c00e542a3e",
    "DQN (called double), images",
    OWN,
    ("td-online",),
    "read: the loop copies a target network that the label never asks",
    FIRST,
)
def dqn_5eba46(code: Any) -> Report:
    m = code.module()
    env = SimpleNamespace(observation_space=np.zeros((4, 84, 84)), action_space=SimpleNamespace(n=4))
    args = SimpleNamespace(hidden_size=32, seed=0, lr=1e-4, batch_size=32, gamma=0.99, grad_norm_clip=10, max_episode=1)
    args.__dict__.update(eps=1, eps_min=0, eps_decay=9, update_target=9, test=False, use_cuda=False, buffer_size=5000)
    return examine(
        lambda: m.AgentDQN(env, args),
        lambda agent, t: agent.replay_buffer.push((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.train(),
        sync=lambda agent: agent.target_dqn.load_state_dict(agent.eval_dqn.state_dict()),
        n_actions=4,
        obs=(4, 84, 84),
        image=True,
    )


@update(
    "240fea97dca1",
    "double_dqn.py",
    "bdc9fe0fad",
    "double DQN",
    "script",
    RIGHT,
    "read; needs Stable-Baselines3's buffer and Gymnasium before 1.0",
    FIRST,
)
def ddqn_240fea(code: Any) -> Report:
    importlib.import_module("stable_baselines3")
    return watch(lambda make: code.run(make, "--learning-starts", "200"), n_actions=2, obs=4)
