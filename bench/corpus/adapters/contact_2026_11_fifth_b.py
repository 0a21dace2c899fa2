"""Updates met first in a fifth round of November 2026, drawn at random: further DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import FIFTH, LOOP, LOOSE, OWN, READ, SCRIPT
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine, watch


@update(
    "05967dd0170e",
    "src/dqn.py",
    "42a56b6d0a",
    "DQN, sampled by priority",
    OWN,
    ("mask-missing",),
    "read: done is stored and not used; no target network, by choice",
    FIFTH,
)
def dqn_05967d(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.replay(64),
        n_actions=4,
    )


@update(
    "7ac778f6ee3d",
    "ddqn.py",
    "c29beb8126",
    "DQN (called double), continuous actions from a table",
    SCRIPT,
    ("mask-truncated",),
    "read: terminated or truncated is stored",
    FIFTH,
)
def dqn_7ac778(code: Any) -> Report:
    return watch(lambda make: code.run(make), obs=24, low=[-1] * 4, high=[1] * 4)


@update("2de89e389599", "src/agent.py", "faf22b680c", "DQN", OWN, RIGHT, READ, FIFTH)
def dqn_2de89e(code: Any) -> Report:
    m = code.module(dotted="src.agent")
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.optimize_model(),
        n_actions=4,
    )


@update(
    "3b60b2288a46",
    "src/agent.py",
    "e6eabfcc0f",
    "double DQN, images, batch normalization, dropout",
    OWN,
    RIGHT,
    "read; rewards are clipped, and every fourth call learns",
    FIFTH,
)
def ddqn_3b60b2(code: Any) -> Report:
    m = code.module(dotted="src.agent")

    def feed(agent, t):
        agent.memory.push((t.obs + 0.5) / 255, t.action, t.reward, (t.next_obs + 0.5) / 255, t.done)

    return examine(
        lambda: m.DQNAgent((4, 84, 84), 4, replay_capacity=500),
        feed,
        lambda agent: [agent.train_step() for _ in range(4)],
        sync=lambda agent: agent.update_target_network(),
        n_actions=4,
        obs=(4, 84, 84),
        image=True,
    )


@update("d3c9397d6183", "src/dqn_agent.py", "a62d6ecf84", "DQN, images", OWN, RIGHT, READ, FIFTH)
def dqn_d3c939(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQAgent(100, None, (4, 84, 84), 4),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, int(t.done), None),
        lambda agent: agent.learn(1, 1),
        n_actions=4,
        obs=(4, 84, 84),
        image=True,
    )


@update(
    "74df2e39c7ce",
    "dqn_pytorch.py",
    "456941a924",
    "DQN",
    OWN,
    ("mask-missing",),
    "read: no end can be stored; its game goes on; no target network, by choice",
    FIFTH,
)
def dqn_74df2e(code: Any) -> Report:
    m = code.module(stop="dqn_player = DQNPlayer()")
    m.axl.Action = SimpleNamespace(C=0, D=1)
    return examine(
        lambda: m.DQNPlayer(),
        lambda player, t: player.store_experience(t.obs, t.action, t.reward, t.next_obs),
        lambda player: player.train_model(),
        n_actions=2,
        obs=4,
    )


@update("c8d9f33f6913", "ddqn.py", "11d431e58e", "DQN (called double), images", OWN, RIGHT, LOOSE, FIFTH)
def dqn_c8d9f3(code: Any) -> Report:
    m = code.module()

    def feed(agent, t):
        obs, action, after, reward = t.as_tensors()
        agent.remember(obs, action, reward, after, torch.tensor([[int(t.done)]]))

    return examine(
        lambda: m.DQNAgent((4, 84, 84), 4, 500, 32, 0.9, 1e-3, 0.0, 1.0, 0.02, 0.99, True, False),
        feed,
        lambda agent: agent.experience_replay(),
        sync=lambda agent: agent.copy_model(),
        n_actions=4,
        obs=(4, 84, 84),
        image=True,
    )


@update("d528d9e812d7", "src/dqn.py", "7f072dc80e", "DQN", OWN, RIGHT, READ, FIFTH)
def dqn_d528d9(code: Any) -> Report:
    m = code.module(dotted="src.dqn")
    args = SimpleNamespace(tau=0.01, gamma=0.99, epsilon=1.0, eps_end=0.1, eps_dec=1e-4, batch_size=40, ckpt_dir=".")
    args.__dict__.update(lr=1e-3, fc1_dim=64, fc2_dim=64, max_size=5000)
    return examine(
        lambda: m.DQN(5, 4, args),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update(
    "e24cd6dcdfb3",
    "src/dqn.py",
    "a2fc347497",
    "DQN",
    LOOP,
    ("mask-truncated",),
    "read: terminated or truncated is stored; no target network, by choice",
    FIFTH,
)
def dqn_e24cd6(code: Any) -> Report:
    m = code.module()
    return watch(lambda make: m.DQN(make()).learn(10**5), n_actions=4)


@update(
    "391b95185713",
    "src/dqn.py",
    "825f3e3711",
    "DQN",
    OWN,
    ("td-online",),
    "read: the label takes the online network's values; a target network is made, and neither copied nor asked",
    FIFTH,
)
def dqn_391b95(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.dqn_agent({"nb_actions": 4, "batch_size": 40}, _mlp()),
        lambda agent, t: agent.memory.append(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.gradient_step(),
        n_actions=4,
    )


@update("391b95185713", "src/double_dqn.py", "825f3e3711", "double DQN", OWN, RIGHT, READ, FIFTH)
def ddqn_391b95(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.double_dqn_agent({"nb_actions": 4, "batch_size": 40, "target_update_freq": 20}, _mlp()),
        lambda agent, t: agent.memory.append(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.gradient_step(),
        sync=lambda agent: agent.update_target(),
        n_actions=4,
    )


def _mlp() -> torch.nn.Module:
    """A network for agents that are handed one."""
    return torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4))


@update(
    "cdb110ad3b02",
    "src/dqn.py",
    "d5c10b7986",
    "DQN",
    LOOP,
    ("mask-truncated",),
    "read: terminated or truncated is stored",
    FIFTH,
)
def dqn_cdb110(code: Any) -> Report:
    def run(make):
        m = code.module()
        m.make_env = lambda *_args, **_kwargs: make()
        args = m.parse_args()
        args.warmup, args.target_update = 256, 200
        m.train(args)

    return watch(run, n_actions=4)


@update("482dff6c5eb7", "ddqn.py", "6f1581888e", "double DQN", OWN, RIGHT, LOOSE, FIFTH)
def ddqn_482dff(code: Any) -> Report:
    m = code.module()

    def feed(agent, t):
        agent.last = (t.obs, t.action, t.reward, t.next_obs, t.done)
        agent.store_transition(*agent.last)

    return examine(
        lambda: m.Agent(1e-3, [5], 4, 5000, 40, "x", ".", replace=4),
        feed,
        lambda agent: agent.learn(*agent.last),
        n_actions=4,
    )


@update("874f539c759c", "ddqn.py", "87f53160c4", "double DQN", OWN, RIGHT, READ, FIFTH)
def ddqn_874f53(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(0.99, 1.0, 1e-3, 4, [5], 5000, 40, tau=4),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )
