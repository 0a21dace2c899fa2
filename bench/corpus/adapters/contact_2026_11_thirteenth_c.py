"""Updates met first in the thirteenth round of November 2026, drawn at random: SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import BOX, ONE, OWN, PASSED, READ, SWEPT, THIRTEENTH
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import StandIn, env_of
from gradexaminer import Report, examine

ENV = env_of(5, **ONE)
CPU = torch.device("cpu")


@update("fc25ae6465fa", "SAC/SAC.py", "bc5da67342", "SAC", OWN, RIGHT, READ, THIRTEENTH)
def sac_fc25ae(code: Any) -> Report:
    m = code.module()
    m.DEVICE, m.INIT_BUFFER_SIZE, m.BATCH_SIZE = CPU, 32, 32
    return examine(
        lambda: m.SAC(5, 3),
        lambda agent, t: agent.update((t.obs, t.action, t.next_obs, t.reward, t.done)),
        lambda agent: agent.optimize(),
        **ONE,
    )


@update("359c7c2c6237", "SAC/agent_class.py", "d9cba2d631", "SAC with a state value", OWN, RIGHT, SWEPT, THIRTEENTH)
def sac_359c7c(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, (5,), 0.005, BOX, 3, max_size=5000, batch_size=32),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "861a6376e0e9",
    "soft_actor_critic/agent.py",
    "82599123f1",
    "SAC with a state value, one critic, likelihood ratio",
    OWN,
    RIGHT,
    READ,
    THIRTEENTH,
)
def sac_861a63(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 3, 32),
        lambda agent, t: agent.add_to_memory(*t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


@update("18e10a9b17be", "SAC/sac_agent.py", "75123ff8bd", "SAC", OWN, RIGHT, READ, THIRTEENTH)
def sac_18e10a(code: Any) -> Report:
    sys.modules["gym.wrappers.monitoring"] = StandIn("gym.wrappers.monitoring")
    m = code.module()
    told = {
        "env": ENV,
        "device": "cpu",
        "buffer_size": 5000,
        "gamma": 0.99,
        "tau": 0.01,
        "update_step": 0,
        "delay_freq": 2,
    }
    told |= {"batch_size": 32, "alpha": 0.2, "lr_a": 1e-3, "lr_critic": 1e-3, "lr_actor": 1e-3}
    return examine(
        lambda: m.SACAgent(told),
        lambda agent, t: agent.memory.append(*t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


@update(
    "9f89275f295b",
    "SAC/agent.py",
    "6ca163e000",
    "SAC with a state value",
    OWN,
    ("polyak-uneven",),
    "read: loading within the loop copies all parameters but the first; the actor mixes two draws, without bias",
    THIRTEENTH,
)
def sac_9f8927(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, 5, 0.99, 3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        low=[-100.0] * 3,
        high=[100.0] * 3,
    )


@update("231138a5f7b6", "SAC/SAC.py", "3805c1e0bf", "SAC", OWN, RIGHT, READ, THIRTEENTH)
def sac_231138(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SAC(5, 3, 1.0, "cpu"),
        lambda agent, t: agent.replay_buffer.push(*t.as_tuple()),
        lambda agent: agent.update(32),
        **ONE,
    )


@update("bab9adbc84d2", "SAC/agent.py", "b665e2cac8", "SAC", OWN, RIGHT, READ, THIRTEENTH)
def sac_bab9ad(code: Any) -> Report:
    m = code.module()
    ENV.spec = SimpleNamespace(_env_name="x")
    told = {
        "hidden_size": 64,
        "log_std_min": -20,
        "log_std_max": 2,
        "q_lr": 1e-3,
        "actor_lr": 1e-3,
        "buffer_size": 5000,
    }
    args = SimpleNamespace(**told, log_path=".", batch_size=32, gamma=0.99, polyak=0.99)
    return examine(
        lambda: m.SAC(ENV, args),
        lambda agent, t: agent.buffer.store(*t.as_tuple()),
        lambda agent: agent._update_networks(),
        **ONE,
    )


@update(
    "ed590bcb42d0",
    "SAC_Model/SAC.py",
    "6886883dfb",
    "SAC without a distribution",
    PASSED,
    ("log-prob-missing",),
    "read: the actor draws nothing, and minus the action's square stands for log pi",
    THIRTEENTH,
)
def sac_ed590b(code: Any) -> Report:
    m, memory = code.module(), code.module("SAC_Model/Replay_Buffer.py")
    return examine(
        lambda: SimpleNamespace(agent=m.SACAgent(5, 3, 1.0), buffer=memory.ReplayBuffer(5000, 5, 3)),
        lambda x, t: x.buffer.store(*t.as_tuple()),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


@update(
    "b4f1692de5e7",
    "sac_torch.py",
    "1d4fee3ab4",
    "discrete SAC on images",
    OWN,
    ("index-as-value", "output-bounded"),
    "read: the label takes the index of the best action; values end in a ReLU, and nine of them are added",
    THIRTEENTH,
)
def sac_b4f169(code: Any) -> Report:
    m = code.module()
    m.Hyper.batch_size = 32
    return examine(
        lambda: m.Agent((4, 84, 84), SimpleNamespace(action_space=SimpleNamespace(n=9)), 9),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        obs=(4, 84, 84),
        image=True,
        n_actions=9,
    )


@update(
    "3484dc92c6a2",
    "SAC/agent.py",
    "0aa8b486a9",
    "SAC",
    OWN,
    ("temperature-averaged",),
    "read: log pi is averaged over the action's entries, and the temperature aims at as much for each of them",
    THIRTEENTH,
)
def sac_3484dc(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent((5,), 3, [64, 64], log_std_interval=(-20, 2), batch_size=32, checkpoint_dir="."),
        lambda agent, t: agent.replay_buffer.remember(*t.as_tuple()),
        lambda agent: agent.update({"critic": [], "actor": [], "temperature": []}),
        **ONE,
    )


@update("835b718165d3", "sac_pendulum.py", "1fc7aabb0e", "SAC", OWN, RIGHT, READ, THIRTEENTH)
def sac_835b71(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        m.SAC_Agent,
        lambda agent, t: agent.buffer.record(t.as_tuple()),
        lambda agent: agent.train_agent(),
        obs=3,
        low=[-2.0],
        high=[2.0],
    )


@update(
    "11cf0c488f99",
    "SAC/agent.py",
    "ade319917a",
    "SAC",
    OWN,
    ("in-place",),
    "read: the temperature's loss goes back through the policy, which has taken its step by then",
    THIRTEENTH,
)
def sac_11cf0c(code: Any) -> Report:
    m = code.module()
    told = {
        "device": "cpu",
        "lr": 1e-3,
        "gamma": 0.99,
        "tau": 0.01,
        "alpha": 0.2,
        "memory_size": 5000,
        "batch_size": 32,
    }
    sizes = {"o_dim": 5, "a_dim": 3, "action_scale": [1.0] * 3, "action_bias": [0.0] * 3, "action_boundary": 1.0}
    return examine(
        lambda: m.SACAgent(SimpleNamespace(**told, target_update_interval=1), sizes),
        lambda agent, t: agent.memory.store(*t.as_tuple()),
        lambda agent: agent.update(1),
        **ONE,
    )


@update("3810dead1731", "sac_pendulum.py", "9d1a040193", "SAC", OWN, RIGHT, READ, THIRTEENTH)
def sac_3810de(code: Any) -> Report:
    m = code.module(definitions=True, change=lambda s: s.replace("gym.make(", "str("))
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.SACAgent(5, 3, 1.0),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.train(),
        **ONE,
    )


@update("5738466c876b", "sac_torch.py", "a36eb0a8d3", "SAC with a state value", OWN, RIGHT, SWEPT, THIRTEENTH)
def sac_573846(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(input_dims=[5], env=BOX, n_actions=3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "12330a932a4f",
    "SAC/trainer.py",
    "b90d83c7ff",
    "SAC",
    OWN,
    ("several-labels",),
    "read: log pi of each entry, less the corrections of all, makes several labels for one value",
    THIRTEENTH,
)
def sac_12330a(code: Any) -> Report:
    m, nets = code.module(), code.module("SAC/agent.py")
    m.cfg.input_shape, m.cfg.actions, m.cfg.max_action, m.cfg.buffer_min_size = 5, 3, 1.0, 0.001
    return examine(
        lambda: m.Trainer(nets.Agent(5, 3), buffer_size=5000, batch_size=32),
        lambda agent, t: agent.add_to_buffer(*(torch.as_tensor(x, dtype=torch.float32) for x in t.as_tuple())),
        lambda agent: agent.train_step(),
        **ONE,
    )
