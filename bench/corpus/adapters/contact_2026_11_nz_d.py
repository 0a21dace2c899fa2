"""Updates met first in November 2026, drawn at random: owners n to z and digits, DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import FIRST, LOOSE, ONE, OWN, PASSED, READ, SWEPT, TWO
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine


@update("5f5ff10b2412", "ddpg/agent.py", "13e309ebf4", "DDPG, batch norm", OWN, RIGHT, LOOSE, FIRST)
def ddpg_5f5ff1(code: Any) -> Report:
    m = code.module(dotted="ddpg.agent")
    return examine(
        lambda: m.Agent(5, 3, "", batch_size=64),
        lambda agent, t: agent.memory.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(64)),
        **ONE,
    )


@update("67726a2936a6", "off_policy/td3.py", "240669f8e5", "TD3, tau the share that is kept", OWN, RIGHT, READ, FIRST)
def td3_67726a(code: Any) -> Report:
    m = code.module(dotted="off_policy.td3")
    spaces = SimpleNamespace(
        observation_space=np.zeros(5), action_space=SimpleNamespace(shape=(3,), high=np.ones(3, "float32"))
    )
    code.module(dotted="off_policy.agent").gym = SimpleNamespace(make=lambda _name: spaces)
    m.TD3Config.update(device="cpu", eval=False, batch_size=64)
    whole = type("Whole", (m.TD3,), {"save_model": None, "load_model": None})
    return examine(
        lambda: whole("", ""),
        lambda agent, t: agent.store(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("b8b102ba97d9", "TD3/TD3.py", "c64420fc6e", "TD3, one noise for the whole batch", OWN, RIGHT, READ, FIRST)
def td3_b8b102(code: Any) -> Report:
    m = code.module(dotted="TD3.TD3")
    return examine(
        lambda: m.TD3(1e-3, 1e-3, 5, 3, 64, 64, 64, 64, "", max_size=9000, batch_size=64),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("4b9854d16728", "SAC/sac.py", "60b036fb37", "SAC with V", OWN, RIGHT, SWEPT, FIRST)
def sac_4b9854(code: Any) -> Report:
    m = code.module()
    env = SimpleNamespace(action_space=SimpleNamespace(high=np.ones(3, "float32")))
    return examine(
        lambda: m.Agent(1e-3, 1e-3, [5], 0.005, env, "", n_actions=3, max_size=9000),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "79ab00036f64",
    "SAC/sac_torch.py",
    "0b67e05e1b",
    "SAC with V",
    OWN,
    ("entropy-averaged|crashed",),
    "read: log pi is the density of N(0, 1) summed over the batch; with more than one action shapes do not fit",
    FIRST,
)
def sac_79ab00(code: Any) -> Report:
    m = code.module()
    env = SimpleNamespace(action_space=SimpleNamespace(high=np.ones(1, "float32")))
    return examine(
        lambda: m.Agent(input_dims=5, env=env, n_actions=1, max_size=9000, batch_size=64),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        low=[-1.0],
        high=[1.0],
    )


@update(
    "c4c4f6d9f095",
    "src/sac.py",
    "7c5242580e",
    "SAC, actor trained twice every second time",
    "agent.learn(samples)",
    RIGHT,
    READ,
    FIRST,
)
def sac_c4c4f6(code: Any) -> Report:
    m = code.module()
    env = SimpleNamespace(
        observation_space=np.zeros(5), action_space=SimpleNamespace(shape=(3,), low=-np.ones(3), high=np.ones(3))
    )
    policy = {"dtype": "float32", "log_std_min": -5, "log_std_max": 2, "q_lr": 1e-3, "policy_lr": 1e-3, "mgamma": 0.01}
    policy |= {"policy_frequency": 2, "target_network_frequency": 1, "tau": 0.005}
    config = {"policy_config": {"SAC": policy}, "env_config": {"reward": {"boundsout": -9}}}

    def update_once(agent: Any, b: Any) -> None:
        names = ("observations", "actions", "rewards", "next_observations", "dones")
        given = (b.obs, b.action, b.reward, b.next_obs, b.done)
        agent.learn(SimpleNamespace(**{k: torch.tensor(v).float() for k, v in zip(names, given, strict=True)}))

    return examine(lambda: m.SAC(env, config), update=update_once, **ONE)


@update(
    "cfa256dabf32",
    "ddpg/agent.py",
    "a572998333",
    "DDPG",
    "agent object, memory passed in",
    ("one-target-never",),
    "read: soft_update(actor_target, actor_target)",
    FIRST,
)
def ddpg_cfa256(code: Any) -> Report:
    m, memory = code.module(), code.module("ddpg/replayBuffer.py")
    return examine(
        lambda: m.Agent(5, 3, 1.0, memory.ReplayMemory(9000)),
        lambda agent, t: agent.remember(t.obs[None], t.action[None], t.reward, t.next_obs[None], t.done),
        lambda agent: agent.replay(64),
        **ONE,
    )


@update("df2cb8a068de", "src/ddpg.py", "60b42e4b78", "DDPG, label row by row", OWN, RIGHT, READ, FIRST)
def ddpg_df2cb8(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.Agent(1e-3, 1e-3, 5, 0.005, None, 3, max_size=9000),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("0c4c61984cb0", "rl/ddpg.py", "d44c5b058b", "DDPG", "agent.train(batch)", RIGHT, LOOSE, FIRST)
def ddpg_0c4c61(code: Any) -> Report:
    m = code.module(dotted="rl.ddpg")
    m.action_size = (3,)
    return examine(
        lambda: m.Agent(
            None, m.Critic((5,), (3,), (64,)), m.Actor((5,), np.ones(3), (64,)), 1e-3, 1e-3, 0.1, 0.99, 0.995
        ),
        update=lambda agent, b: agent.train((b.obs, b.action, b.reward, b.done.astype("float32"), b.next_obs)),
        sync=lambda agent: agent.target_update(),
        **ONE,
    )


@update("608186deeefa", "ddpg/agent.py", "1ae67c1ef4", "DDPG", OWN, RIGHT, LOOSE, FIRST)
def ddpg_608186(code: Any) -> Report:
    torch.__version__ = "2.13.0"
    m = code.module()
    return examine(
        lambda: m.DDPGAgent(5, 3, batch_size=64),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample()),
        **ONE,
    )


@update("d7e228c6ef19", "TD3/TD3.py", "8d290d1906", "TD3", PASSED, RIGHT, READ, FIRST)
def td3_d7e228(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(5, 3, 2.0, 64), buffer=m.ReplayBuffer(5, 3)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.agent.train(x.buffer),
        **TWO,
    )


@update(
    "788a1237b35b",
    "SAC/SAC.py",
    "ad242ce444",
    "SAC",
    OWN,
    ("entropy-unmasked",),
    "read: the label's - alpha log pi stands outside of gamma and of the mask",
    FIRST,
)
def sac_788a12(code: Any) -> Report:
    m = code.module()
    args = SimpleNamespace(
        tau=0.005,
        lr=1e-3,
        gamma=0.99,
        max_action=1.0,
        device="cpu",
        batch_size=64,
        buffer_size=9000,
        n_states=5,
        n_actions=3,
        hidden_dim=64,
    )
    return examine(
        lambda: m.SAC(args),
        lambda agent, t: agent.memory.push((t.obs, t.action, t.next_obs, t.reward, t.terminated, t.done)),
        lambda agent: agent.update(),
        **ONE,
    )
