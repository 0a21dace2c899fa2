"""Updates met first in the twelfth round of November 2026, drawn at random: SAC over discrete actions.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, DICT, OWN, PASSED, READ, TWELFTH
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine

FRAMES: dict[str, Any] = {"obs": (4, 84, 84), "image": True, "n_actions": 4}
UNREACHABLE = "temperature-unreachable|temperature-target"


@update(
    "99a6058a68d3",
    "sac_discrete.py",
    "831af4334a",
    "discrete SAC, dueling twins in one module",
    OWN,
    ("in-place",),
    "read: the policy's loss, with a graph through the critics, is made before their steps",
    TWELFTH,
)
def sac_99a605(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DiscreteSACAgent(5, 4, 64, memory_batch_size=32),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.soft_update_target(),
        n_actions=4,
    )


@update("2d7b05e5668e", "Brain/agent.py", "9da74d48ce", "discrete SAC on images", OWN, RIGHT, READ, TWELFTH)
def sac_2d7b05(code: Any) -> Report:
    m = code.module(dotted="Brain.agent")
    told = {"lr": 3e-4, "gamma": 0.99, "batch_size": 32, "mem_size": 1000, "fixed_network_update_freq": 4}
    return examine(
        lambda: m.SAC(state_shape=(4, 84, 84), n_actions=4, **told),
        lambda agent, t: agent.store(t.obs, t.action, np.sign(t.reward), t.next_obs, t.done),
        lambda agent: agent.train(),
        **FRAMES,
    )


@update(
    "09c1b25e28d7",
    "sac_discrete.py",
    "0206a7cc27",
    "discrete SAC",
    OWN,
    ("td-online", "several-labels"),
    "read: the label asks the online critics, and is not summed over the next action",
    TWELFTH,
)
def sac_09c1b2(code: Any) -> Report:
    nets, m = code.module("network.py"), code.module()
    size = {"input_size": 5, "output_size": 4, "hidden_feature_size": 64, "hidden_layer_num": 1, "use_sigmoid": True}
    size |= {"temperture_init": 0.0, "temperture_end": 3.0, "temperture_th": 10000}
    told = {
        "use_per": False,
        "buffer_size": 5000,
        "batch_size": 32,
        "log_name": "x",
        "log_n": 10**9,
        "save_n": 10**9,
        "tau": 0.05,
    }
    told |= {"gamma": 0.99, "lr_alpha": 0.01, "tar_ent": 0.5, "tar_update_n": 5, "alternating": False}
    every = np.ones(4, np.float32)
    names = "state", "action", "reward", "next_state", "done", "action_mask", "next_action_mask"

    def feed(agent, t):
        values = t.obs, np.array([t.action]), np.array([t.reward]), t.next_obs, np.array([t.done]), every, every
        agent.memory.push(dict(zip(names, values, strict=True)))

    return examine(
        lambda: m.SACDiscrete(nets.Dense(size), nets.Dense(size), told, None),
        feed,
        lambda agent: agent.optimize(),
        n_actions=4,
    )


@update(
    "766bd36042ae",
    "sac_discrete.py",
    "5082e31e5a",
    "discrete SAC",
    DICT,
    (UNREACHABLE,),
    "read: the target entropy is -1, as its program sets it, and no policy over discrete actions has that",
    TWELFTH,
)
def sac_766bd3(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACDiscrete(5, 64, 4, 1e-3, 1e-2, 1e-2, -1, 0.005, 0.99, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        n_actions=4,
    )


@update(
    "a6c9f00a3575",
    "DSAC.py",
    "ab34d7a4e1",
    "discrete SAC, mean of the twins, a penalty on changes of entropy",
    OWN,
    ("twin-untrained|optimizer-elsewhere", UNREACHABLE),
    "read: the second critic's optimizer holds the first, and the target entropy is minus the number of actions",
    TWELFTH,
)
def sac_a6c9f0(code: Any) -> Report:
    m = code.module()
    told = {"gamma": 0.99, "tau": 0.005, "beta": 0.5, "hidden_size": 64, "learning_rate": 3e-4, "clip_grad_param": 1.0}
    params = SimpleNamespace(**told, memory_type="Replay", buffer_size=5000, batch_size=32)
    return examine(
        lambda: m.DSACAgent(5, 4, "cpu", params),
        lambda agent, t: agent.add_exp(*t.as_tuple(), 1.0),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update(
    "ca23edcc7299",
    "sac_discrete/sac.py",
    "c372dd4e6c",
    "discrete SAC, twins in one module",
    PASSED,
    RIGHT,
    READ,
    TWELFTH,
)
def sac_ca23ed(code: Any) -> Report:
    m, memory = code.module(dotted="sac_discrete.sac"), code.module("sac_discrete/buffer.py")
    return examine(
        lambda: SimpleNamespace(
            agent=m.SACDiscrete(5, 4, hidden_dim=64), buffer=memory.ReplayBuffer((5,), 4, 5000, 32)
        ),
        lambda x, t: x.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.terminated, t.truncated),
        lambda x: x.agent.update(x.buffer),
        n_actions=4,
    )


@update("4b333afb5fb5", "sac/sac_discrete.py", "5a40ee085b", "discrete SAC", OWN, RIGHT, READ, TWELFTH)
def sac_4b333a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DiscreteSAC(None, 5, 4, batch_size=32),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.update(),
        n_actions=4,
    )


@update(
    "b178ab255eb7",
    "sac_discrete.py",
    "23f425604f",
    "discrete SAC on images, twins in one module",
    BATCH,
    RIGHT,
    READ,
    TWELFTH,
)
def sac_b178ab(code: Any) -> Report:
    code.module("models.py", change=lambda s: s.replace("x.view(", "x.reshape("))
    m, memory = code.module(), code.module("replay_buffer.py")

    def feed(x, t):
        state, after = t.obs.astype(np.float32), t.next_obs.astype(np.float32)
        x.buffer.push(state, np.array(t.action), np.float32(t.reward), after, np.array(t.done))

    return examine(
        lambda: SimpleNamespace(agent=m.SAC_Discrete((84, 84, 4), 4, 64), buffer=memory.ReplayBuffer(1000, 0)),
        feed,
        lambda x: x.agent.learn(x.buffer.sample(32)),
        obs=(84, 84, 4),
        image=True,
        n_actions=4,
    )


@update(
    "b3af238f94cb",
    "algorithms/sac.py",
    "050e06d268",
    "discrete SAC on images",
    OWN,
    ("temperature-sign",),
    "read: the temperature grows where the policy has more entropy than its target",
    TWELFTH,
)
def dsac_b3af23(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DiscreteSAC((4, 84, 84), 4, memory_size=1000, batch_size=32),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        **FRAMES,
    )


@update(
    "aeaeb959f51e",
    "algos/sac.py",
    "756608bd56",
    "discrete SAC, a state value, actions as ones among zeros, likelihood ratios",
    PASSED,
    RIGHT,
    "read; the state value learns from a mixture of the smaller and the larger twin",
    TWELFTH,
)
def sac_aeaeb9(code: Any) -> Report:
    m, memory = code.module(dotted="algos.sac"), code.module("algos/replay.py")
    algo = {
        "lr": 1e-3,
        "smooth": 0.99,
        "discount": 0.99,
        "alpha": 0.2,
        "batch_size": 32,
        "dims_hidden_neurons": (64, 64),
    }
    told, env = {"seed": 0, "algo": algo}, SimpleNamespace(dim_state=5, dims_action=(4,))

    def feed(x, t):
        state, reward, after = (torch.tensor(v, dtype=torch.double) for v in (t.obs, [t.reward], t.next_obs))
        x.buffer.add(state, torch.tensor([t.action]), reward, reward, after, t.done)

    return examine(
        lambda: SimpleNamespace(agent=m.Agent(told, env), buffer=memory.ReplayBuffer(5000, 0)),
        feed,
        lambda x: x.agent.update(x.buffer),
        n_actions=4,
    )
