"""Updates met first in the sixteenth round of November 2026, drawn at random: DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np

from bench.corpus.adapters.common import BATCH, BOX, FUNCTION, LOOSE, ONE, OWN, PASSED, READ, SIXTEENTH
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import Anything, env_of
from gradexaminer import Report, examine

ENV = env_of(5, **ONE)
SINGLE: dict[str, Any] = {"low": [-1.0], "high": [1.0]}
SINGLE_ENV = env_of(5, **SINGLE)


@update(
    "598e22aabd1b",
    "rl/ddpg.py",
    "51fbfe2664",
    "DDPG",
    BATCH,
    ("shared-storage|alias",),
    "read: the targets are shallow copies, which hold the same parameters",
    SIXTEENTH,
)
def ddpg_598e22(code: Any) -> Report:
    m, nets = code.module(), code.module("rl/dqn.py")

    def learn(agent, b):
        agent.backward(b.obs, b.action, b.reward, b.next_obs, b.done.astype(np.float32))

    return examine(
        lambda: m.DDPG(5, 3, nets.MLP([8, 64, 1]), nets.MLP([5, 64, 3], use_tanh=True), tau=10), update=learn, **ONE
    )


def _toys(code: Any, kind: str, **options: Any) -> Report:
    m = code.module()

    def learn(agent):
        agent.total_step = getattr(agent, "total_step", 0) + (kind == "SAC")
        agent.learn()

    return examine(
        lambda: getattr(m, kind)("game", ENV, replay_memory_size=5000, batch_size=32, **options),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        learn,
        **ONE,
    )


@update("c8681d5fe370", "DDPG/ddpg_algorithm.py", "dd11b0a561", "DDPG", OWN, RIGHT, LOOSE, SIXTEENTH)
def ddpg_c8681d(code: Any) -> Report:
    return _toys(code, "DDPG")


@update(
    "c8681d5fe370",
    "TD3/td3_algorithm.py",
    "dd11b0a561",
    "TD3",
    OWN,
    RIGHT,
    "read; no noise on the target action, by choice",
    SIXTEENTH,
)
def td3_c8681d(code: Any) -> Report:
    return _toys(code, "TD3")


@update("c8681d5fe370", "SAC/sac_algorithm.py", "dd11b0a561", "SAC", OWN, RIGHT, READ, SIXTEENTH)
def sac_c8681d(code: Any) -> Report:
    return _toys(code, "SAC")


@update("a8d334c29a57", "td3/agent.py", "85c2c7f203", "TD3", OWN, RIGHT, LOOSE, SIXTEENTH)
def td3_a8d334(code: Any) -> Report:
    m = code.module()
    low, high = (np.array(ONE[side], np.float32) for side in ("low", "high"))
    return examine(
        lambda: m.DDPGAgent((5,), (3,), low, high, batch_size=32, mem_size=5000),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("a8d334c29a57", "ddpg/agent.py", "85c2c7f203", "DDPG", OWN, RIGHT, LOOSE, SIXTEENTH)
def ddpg_a8d334(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGAgent((5,), (3,), 0.01, batch_size=32, mem_size=5000),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "a8d334c29a57",
    "sac/agent.py",
    "85c2c7f203",
    "SAC with a state value",
    OWN,
    ("actor-detached|actor-not-q",),
    "read: the actor's action is drawn by sample(), so that no slope of Q reaches the actor",
    SIXTEENTH,
)
def sac_a8d334(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent((5,), BOX.action_space, batch_size=32, h1_size=64, h2_size=64, mem_size=5000),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "5235fc1fb55e",
    "ddpg/ddpg.py",
    "3f87979aa5",
    "DDPG",
    OWN,
    ("target-never|online-overwritten",),
    "read: the soft update is handed its networks in the other order",
    SIXTEENTH,
)
def ddpg_5235fc(code: Any) -> Report:
    m = code.module()

    def learn(agent):
        agent.optimize_critic()
        agent.optimize_actor()
        agent.soft_update(agent.actor, agent.actor_, agent.tau)
        agent.soft_update(agent.critic, agent.critic_, agent.tau)

    return examine(
        lambda: m.DDPG(SINGLE_ENV, 1e-3, 32, 0.99, 1, 1, 1),
        lambda agent, t: agent.rb.store(t.obs, t.action[0], t.reward, t.next_obs, t.done),
        learn,
        **SINGLE,
    )


@update(
    "5235fc1fb55e",
    "sac/sac.py",
    "3f87979aa5",
    "SAC",
    OWN,
    ("actor-entropy-sign", "log-prob-other-action|log-prob-correction|log-prob-uncorrected"),
    "read: minus log pi in the actor's loss; log pi of another action, corrected twice",
    SIXTEENTH,
)
def sac_5235fc(code: Any) -> Report:
    m = code.module()
    m.SAC.setup_environment = lambda _: ENV
    m.SAC.initialize_replay_buffer = lambda _: m.ReplayBuffer(5, 3, 5000, 32)
    return examine(
        m.SAC, lambda agent, t: agent.replay_buffer.store(*t.as_tuple()), lambda agent: agent.optimize(), **ONE
    )


@update("e7eb7489e6f9", "td3/agent.py", "dad0c25ff9", "TD3", PASSED, RIGHT, READ, SIXTEENTH)
def td3_e7eb74(code: Any) -> Report:
    m = code.module(dotted="td3")
    return examine(
        lambda: SimpleNamespace(agent=m.TD3Agent(5, 3, 1.0), buffer=m.ReplayBuffer(5, 3, 5000)),
        lambda x, t: x.buffer.add(*t.as_tuple()),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


@update(
    "70591dae6152",
    "sac/agent.py",
    "0c47a85ac2",
    "SAC",
    BATCH,
    RIGHT,
    "read; one draw for all rows; the (B, B) of the actor's loss has the same mean",
    SIXTEENTH,
)
def sac_70591d(code: Any) -> Report:
    sys.modules["logger"] = SimpleNamespace(Logger=Anything())
    m = code.module(dotted="sac.agent")

    def learn(agent, b):
        keys = "state", "action", "reward", "next_state", "termination"
        agent.optimize(dict(zip(keys, b.tensors(), strict=True)), 0)

    return examine(lambda: m.SACAgent((5,), (3,), [64, 64], [64, 64]), update=learn, **ONE)


def _cpu(text: str) -> str:
    return text.replace("'mps'", "'cpu'").replace('"mps"', '"cpu"').replace("cuda:0", "cpu")


@update(
    "c7daf2797eb6",
    "sac/agent.py",
    "60cdbdcb1a",
    "SAC",
    OWN,
    ("actions-rounded", "bootstrap-sign", "log-prob-other-action"),
    "read: actions become whole numbers; ~done of whole numbers is -1 and -2; log pi of the squashed action",
    SIXTEENTH,
)
def sac_c7daf2(code: Any) -> Report:
    code.module("sac/model_mlp.py", change=_cpu)
    m = code.module()
    return examine(
        lambda: m.Agent(SINGLE_ENV),
        lambda agent, t: agent.update_replay_memory(t.as_tuple()),
        lambda agent: agent.learn(),
        **SINGLE,
    )


@update(
    "c7daf2797eb6",
    "sac/agent_discrete.py",
    "60cdbdcb1a",
    "discrete SAC, images",
    OWN,
    ("temperature-unweighted",),
    "read: the temperature learns from the plain mean of log pi over all actions",
    SIXTEENTH,
)
def discrete_c7daf2(code: Any) -> Report:
    code.module("sac/model.py", change=_cpu)
    m = code.module(change=lambda text: text.replace("minibatch_size = 128", "minibatch_size = 32"))
    return examine(
        lambda: m.Agent(env_of(5, n_actions=4)),
        lambda agent, t: agent.update_replay_memory((t.obs[None], *t.as_tuple()[1:3], t.next_obs[None], t.done)),
        lambda agent: agent.learn(),
        obs=(4, 128, 64),
        image=True,
        n_actions=4,
    )


@update(
    "0f5a7e239e9d",
    "ddpg/agent.py",
    "c46fb49377",
    "DDPG",
    OWN,
    RIGHT,
    "read; optimizers are made anew in each update",
    SIXTEENTH,
)
def ddpg_0f5a7e(code: Any) -> Report:
    m, seen = code.module(), []

    def feed(agent, t):
        seen.append(m.Transition(*t.as_tuple()))
        agent.memory.add(seen[-1])

    return examine(
        lambda: m.Ddpg(act_dim=3, obs_dim=5), feed, lambda agent: agent.update(agent.observe + 1, seen[-1]), **ONE
    )


@update("f08bcd79cf20", "algorithms/td3/agent.py", "0d57df5a74", "TD3", OWN, RIGHT, READ, SIXTEENTH)
def td3_f08bcd(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(
            1e-3, 1e-3, (5,), 0.005, ENV, n_actions=3, max_size=5000, layer1_size=64, layer2_size=64, batch_size=32
        ),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("f08bcd79cf20", "algorithms/ddpg/td3_style/agent.py", "0d57df5a74", "DDPG", OWN, RIGHT, READ, SIXTEENTH)
def ddpg_f08bcd(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, (5,), 0.005, 3, 1.0, max_size=5000, batch_size=32),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


def _walker(code: Any, *options: Any) -> Report:
    m = code.module()
    env = env_of(5, **ONE)
    env.name = "walker"
    return examine(
        lambda: m.Agent(env, 1e-3, 0.99, 0.005, shouldLoad=False),
        lambda agent, t: agent.buffer.store(*t.as_tuple()),
        lambda agent: agent.update(32, *options),
        **ONE,
    )


@update("510e9a418105", "TD3/agent.py", "69d0400b68", "TD3", OWN, RIGHT, READ, SIXTEENTH)
def td3_510e9a(code: Any) -> Report:
    return _walker(code, 0.2, 0.5, True)


@update("510e9a418105", "sac/agent.py", "69d0400b68", "SAC", OWN, RIGHT, READ, SIXTEENTH)
def sac_510e9a(code: Any) -> Report:
    return _walker(code)


def _hopper(code: Any) -> Report:
    m, seen, step = code.module(change=_cpu), [], count(6000)
    specs = {"observation_space": ENV.observation_space, "action_space": ENV.action_space}

    def feed(agent, t):
        seen.append(t.as_tuple())
        agent.replay_buffer.add(*seen[-1])

    return examine(lambda: m.Agent(specs), feed, lambda agent: agent.update(*seen[-1], next(step), 32), **ONE)


@update("cf6992181ba2", "codes/td3/agent.py", "dbc2dc29a7", "TD3", OWN, RIGHT, READ, SIXTEENTH)
def td3_cf6992(code: Any) -> Report:
    return _hopper(code)


@update("cf6992181ba2", "codes/ddpg/agent.py", "dbc2dc29a7", "DDPG", OWN, RIGHT, READ, SIXTEENTH)
def ddpg_cf6992(code: Any) -> Report:
    return _hopper(code)


@update(
    "f39082598b32",
    "ddpg/agent.py",
    "4d8fd1a75e",
    "DDPG",
    OWN,
    ("partly-updated",),
    "read: the soft update leaves the biases out",
    SIXTEENTH,
)
def ddpg_f39082(code: Any) -> Report:
    m = code.module()
    args = SimpleNamespace(hidden1=64, hidden2=64, init_w=0.003, prate=1e-3, rate=1e-3, rmsize=5000, bsize=32, tau=0.01)
    vars(args).update(ou_theta=0.15, ou_mu=0.0, ou_sigma=0.2, discount=0.99, epsilon=1000)
    return examine(
        lambda: m.DDPG(5, 3, args),
        lambda agent, t: agent.buffer.add_entry(*t.as_tuple()),
        lambda agent: agent.update_policy(),
        **ONE,
    )


def _basics(code: Any) -> Report:
    return examine(
        lambda: vars(code.module(definitions=True, env=SINGLE_ENV)),
        lambda names, t: names["replay_buffer"].store(t.obs, t.action, t.reward, t.next_obs, int(t.done)),
        lambda names: names["update"](0, 1),
        **SINGLE,
    )


@update("4c72d3b4e6b5", "DDPG/train.py", "5823f5e2ac", "DDPG", FUNCTION, RIGHT, READ, SIXTEENTH)
def ddpg_4c72d3(code: Any) -> Report:
    return _basics(code)


@update(
    "4c72d3b4e6b5",
    "SAC/train.py",
    "5823f5e2ac",
    "SAC",
    FUNCTION,
    ("log-prob-missing",),
    "read: the tanh's correction replaces the density, and is not added to it",
    SIXTEENTH,
)
def sac_4c72d3(code: Any) -> Report:
    return _basics(code)


@update("ab9df85c94f7", "src/ddpg_agent.py", "16888fbc31", "DDPG", OWN, RIGHT, READ, SIXTEENTH)
def ddpg_ab9df8(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DdpgAgent(5, 3, 1, 0, 32, 5000, 1e-3, 1e-3, 0.0, 0.01, 1, 0.99, "cpu", 64, 64),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample()),
        **ONE,
    )
