"""Updates met first in the twenty-second round of November 2026, drawn at random: DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import torch

from bench.corpus.adapters.common import (
    BATCH,
    BOX,
    DICT,
    FUNCTION,
    LOOP,
    LOOSE,
    ONE,
    OWN,
    PASSED,
    READ,
    SCRIPT,
    SWEPT,
    TWENTY_SECOND,
)
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import OldEnv, env_of
from gradexaminer import Report, examine, watch

SINGLE: dict[str, Any] = {"low": [-2.0], "high": [2.0]}
UNIT: dict[str, Any] = {"low": [-1.0], "high": [1.0]}
NORMAL: dict[str, Any] = {"low": [-1.0] * 4, "high": [1.0] * 4}


@update(
    "b6566b8a8d2f",
    "DDPG/train.py",
    "7da6f94f65",
    "DDPG",
    SCRIPT,
    ("mask-truncated",),
    "read: a time limit is stored as an end",
    TWENTY_SECOND,
)
def ddpg_b6566b(code: Any) -> Report:
    return watch(code.run, **SINGLE)


def _loop(code: Any, kind: str) -> Report:
    m = code.module()

    def make_env(make):
        env = OldEnv(make(), time_limit_is_done=False)
        env._max_episode_steps = 10**9
        return env

    def run(make):
        m.gym.make = lambda *a, **k: make_env(make)
        getattr(m, kind)(buffer_size=64, update_every=2, batch_size=32).learn()

    return watch(run, **ONE)


@update(
    "72039f1a4ed0",
    "DDPG/ddpg.py",
    "7389f7b9e4",
    "DDPG with noise of the target action",
    LOOP,
    RIGHT,
    READ,
    TWENTY_SECOND,
)
def ddpg_72039f(code: Any) -> Report:
    return _loop(code, "DDPG")


@update(
    "72039f1a4ed0",
    "TD3/td3.py",
    "7389f7b9e4",
    "TD3, one noise for all parts of an action",
    LOOP,
    RIGHT,
    READ,
    TWENTY_SECOND,
)
def td3_72039f(code: Any) -> Report:
    return _loop(code, "TD3")


@update("72039f1a4ed0", "SAC/sac.py", "7389f7b9e4", "SAC, fixed temperature", LOOP, RIGHT, READ, TWENTY_SECOND)
def sac_72039f(code: Any) -> Report:
    return _loop(code, "SAC")


@update("4b55b5c02616", "DDPG/algo.py", "763b31ebac", "DDPG", DICT, RIGHT, LOOSE, TWENTY_SECOND)
def ddpg_4b55b5(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(5, 1, 2.0, -2.0, 0.01, 1e-3, 1e-3, 0.005, 0.98, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **SINGLE,
    )


@update(
    "f2f024951c5d", "SAC.ipynb", "38123332ce", "DDPG with twin critics, called SAC", PASSED, RIGHT, READ, TWENTY_SECOND
)
def twin_f2f024(code: Any) -> Report:
    m = code.module(definitions=True)

    def make():
        return SimpleNamespace(agent=m.SAC(5, 3), rows=m.ReplayBuffer(5000))

    return examine(make, lambda x, t: x.rows.add(*t.as_tuple()), lambda x: x.agent.update(x.rows, 32), **ONE)


@update("f2f024951c5d", "DDPG.ipynb", "38123332ce", "DDPG", OWN, RIGHT, READ, TWENTY_SECOND)
def ddpg_f2f024(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.DDPGAgent(5, 3, 1.0),
        lambda agent, t: agent.replay_buffer.add(*t.as_tuple()),
        lambda agent: agent.train(),
        **ONE,
    )


@update("f6a327ae671d", "SAC.ipynb", "845f9ae2b2", "SAC", PASSED, RIGHT, SWEPT, TWENTY_SECOND)
def sac_f6a327(code: Any) -> Report:
    m = code.module(definitions=True)

    def make():
        return SimpleNamespace(agent=m.SAC(5, BOX.action_space, 64), rows=m.ReplayBuffer(5000, 1))

    def feed(x, t):
        x.rows.add(t.obs, t.action, t.next_obs, t.reward, t.done)

    return examine(make, feed, lambda x: x.agent.update(x.rows, 32), **ONE)


@update(
    "f87aa3a67680",
    "DDPG/agent.py",
    "ebd4e114dd",
    "DDPG",
    OWN,
    ("states-rounded",),
    "read: the buffer takes the next states for ends, and makes whole numbers from 0 to 255 of them",
    TWENTY_SECOND,
)
def ddpg_f87aa3(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 3, 1e-3, 1e-3, 0.001, batch_size=32),
        lambda agent, t: agent.store_history(*t.as_tuple()),
        lambda agent: agent.train(),
        **ONE,
    )


@update(
    "ff1a5e56b4ed",
    "SAC/sac.py",
    "1907759c95",
    "SAC with a V network and a score function",
    OWN,
    ("log-prob-correction",),
    "read: the action is a softmax of the drawn numbers, log pi is corrected as for a tanh",
    TWENTY_SECOND,
)
def sac_ff1a5e(code: Any) -> Report:
    m = code.module()
    told = {"batch_size": 32, "capacity": 5000, "device": "cpu", "hidden_dim": 64}
    told.update(value_lr=1e-3, soft_q_lr=1e-3, policy_lr=1e-3)
    return examine(
        lambda: m.SAC(5, 3, SimpleNamespace(**told)),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        low=[0.0] * 3,
        high=[1.0] * 3,
    )


@update("fd03dad9463b", "SAC.ipynb", "132c78b2b2", "SAC", OWN, RIGHT, READ, TWENTY_SECOND)
def sac_fd03da(code: Any) -> Report:
    m = code.module(definitions=True)

    def make():
        agent = m.SAC_Agent()
        agent.batch_size = 32
        return agent

    return examine(
        make, lambda agent, t: agent.memory.put(t.as_tuple()), lambda agent: agent.train_agent(), obs=3, **SINGLE
    )


@update("4276d4e42748", "DDPG.ipynb", "be75a3966e", "DDPG", OWN, RIGHT, READ, TWENTY_SECOND)
def ddpg_4276d4(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.DDPG(5, 3, 1.0),
        lambda agent, t: agent.replay_buffer.add(*t.as_tuple()),
        lambda agent: agent.train(),
        **ONE,
    )


@update(
    "0bed7d7eaf33",
    "TD3.ipynb",
    "2690b8072a",
    "TD3",
    BATCH,
    ("target-action-online",),
    "read: the target actor is copied and never asked; the noise is drawn and not added",
    TWENTY_SECOND,
)
def td3_0bed7d(code: Any) -> Report:
    m = code.module(definitions=True)
    m.env = SimpleNamespace(writer=MagicMock())
    names = ("actor", "critic1", "critic2")

    def make():
        for name in names:
            kind = m.TD3_Actor if name == "actor" else m.Critic
            net, target = kind(5, 3), kind(5, 3)
            target.load_state_dict(net.state_dict())
            vars(m).update(
                {name: net, f"target_{name}": target, f"opt_{name}": torch.optim.Adam(net.parameters(), 1e-3)}
            )
        return m

    def learn(m, b):
        states, actions, rewards, after, done = b.tensors()
        m.critic_target = m.compute_critic_target(rewards, after, done)
        for name in ("critic1", "critic2"):
            critic = getattr(m, name)
            loss = ((critic.get_qvalues(states, actions) - m.critic_target) ** 2).mean()
            m.optimize(name, critic, getattr(m, f"opt_{name}"), loss)
        m.optimize("actor", m.actor, m.opt_actor, m.compute_actor_loss(states))
        for name in names:
            m.update_target_networks(getattr(m, name), getattr(m, f"target_{name}"))

    return examine(make, update=learn, **ONE)


@update("e2df8b90c161", "DDPG/train.py", "87aca24a52", "DDPG", FUNCTION, RIGHT, READ, TWENTY_SECOND)
def ddpg_e2df8b(code: Any) -> Report:
    m = code.module(definitions=True)

    def make():
        for which in ("online", "target"):
            policy, q = m.DeterministicPolicy(5, learning_rate=1e-4), m.Q_nn(5, 1, learning_rate=1e-3)
            vars(m).update({f"{which}_policy": policy, f"{which}_Q": q})
        m.replay_memory = m.ReplayMemory(5000)
        return m

    def feed(m, t):
        m.replay_memory.push((torch.tensor(t.obs), torch.tensor(t.action), t.reward, t.next_obs, t.done))

    def learn(m):
        batch = m.replay_memory.sample(32)
        m.update_online_q_net(m.online_Q, *m.compute_q_values(m.target_Q, m.online_Q, batch))
        m.update_policy(m.online_policy, batch)
        m.soft_update(m.target_Q, m.online_Q, m.TAU)
        m.soft_update(m.target_policy, m.online_policy, m.TAU)

    return examine(make, feed, learn, **UNIT)


@update("a0e6db345895", "SAC.ipynb", "3d6f3f3f5a", "SAC", PASSED, RIGHT, READ, TWENTY_SECOND)
def sac_a0e6db(code: Any) -> Report:
    m = code.module(definitions=True)
    m.BATCH_SIZE = 32

    def make():
        return SimpleNamespace(agent=m.SACAgent(), rows=m.ReplayBuffer(5000, 16, 4))

    return examine(make, lambda x, t: x.rows.store(*t.as_tuple()), lambda x: x.agent.update(x.rows), obs=16, **NORMAL)


@update("1672b2803c4c", "TD3.ipynb", "63701346a6", "TD3", PASSED, RIGHT, READ, TWENTY_SECOND)
def td3_1672b2(code: Any) -> Report:
    m = code.module(definitions=True)

    def make():
        return SimpleNamespace(agent=m.TripleDelayedDDPG(1e-3, 5, 3, 1.0), rows=m.Memory())

    def learn(x):
        x.agent.improve(x.rows, 2, 32, 0.99, 0.995, 0.2, 0.5, 2)

    def feed(x, t):
        x.rows.add((t.obs, t.action.astype(np.float64), *t.as_tuple()[2:]))  # as its loop stores them

    return examine(make, feed, learn, **ONE)


@update("56fe72fd1384", "DDPG/train.py", "fec8aba8d7", "DDPG", OWN, RIGHT, READ, TWENTY_SECOND)
def ddpg_56fe72(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGAgent(5, 3, 1.0),
        lambda agent, t: agent.store_transition(t.as_tuple()),
        lambda agent: agent.train(),
        **ONE,
    )


def _module(code: Any, kind: str) -> Report:
    m = code.module()
    return examine(
        lambda: getattr(m, kind)(env_of(5, **ONE), batch_size=32),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample(), 0),
        **ONE,
    )


@update("b2316f275859", "DQN/module.py", "0fb782be2c", "DDPG, in a folder DQN", OWN, RIGHT, READ, TWENTY_SECOND)
def ddpg_b2316f(code: Any) -> Report:
    return _module(code, "DDPG")


@update("b2316f275859", "TD3/module.py", "0fb782be2c", "TD3", OWN, RIGHT, READ, TWENTY_SECOND)
def td3_b2316f(code: Any) -> Report:
    return _module(code, "TD3")


@update("a84eba7a3f7a", "TD3_.py", "a436bd2580", "TD3, one noise for the whole batch", OWN, RIGHT, READ, TWENTY_SECOND)
def td3_a84eba(code: Any) -> Report:
    m = code.module(definitions=True)
    m.device = "cpu"
    return examine(
        lambda: m.TD3("cpu", 4, 5, 32, 0.99, 0.005, 0.1, 0.2, 0.5, 2),
        lambda agent, t: agent.memory.push(t.as_tuple()),
        lambda agent: agent.update(),
        low=[-24.0, -25.0, -30.0, 0.0],
        high=[10.5, 25.0, 30.0, 1.0],
    )


def _pendulum(m: Any) -> Report:
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.SACAgent(),
        lambda agent, t: agent.buffer.push(*t.as_tuple()),
        lambda agent: agent.update(),
        obs=3,
        **UNIT,
    )


@update(
    "65ebe7161448",
    "SAC.ipynb",
    "cca90ff6be",
    "SAC",
    OWN,
    ("temperature-unreachable",),
    "read: the target entropy is log 2, the largest that an action of one number within 1 can have",
    TWENTY_SECOND,
)
def sac_65ebe7(code: Any) -> Report:
    return _pendulum(code.module(stop="agent = SACAgent()"))


@update("65ebe7161448", "SAC.ipynb", "cca90ff6be", "SAC, one critic for the actor", OWN, RIGHT, READ, TWENTY_SECOND)
def second_65ebe7(code: Any) -> Report:
    end = "agent = SACAgent()"
    return _pendulum(code.module(stop=end, change=lambda text: text.split("agent.test()")[1]))


@update("65ebe7161448", "TD3.ipynb", "cca90ff6be", "TD3", OWN, RIGHT, READ, TWENTY_SECOND)
def td3_65ebe7(code: Any) -> Report:
    m = code.module(definitions=True)

    def make():
        agent = m.TD3(5, 3, 1.0, "cpu")
        agent.batch_size = 32
        return agent

    return examine(make, lambda agent, t: agent.store_transition(*t.as_tuple()), lambda agent: agent.update(), **ONE)


@update("8b7dd686551b", "SAC.ipynb", "de6622c377", "SAC", BATCH, RIGHT, READ, TWENTY_SECOND)
def sac_8b7dd6(code: Any) -> Report:
    m = code.module(definitions=True, change=lambda text: text.replace("pip install", "# pip install", 1))
    names = ("obs", "acts", "rews", "obs2", "done")
    return examine(
        lambda: m.SACAgent(SimpleNamespace(shape=(5,)), BOX.action_space, m.SACConfig(), "cpu"),
        update=lambda agent, b: agent.update(dict(zip(names, b.tensors(column=True), strict=True))),
        **ONE,
    )


@update("1b01a4ec0466", "DDPG/train.py", "79190020fc", "DDPG", OWN, RIGHT, READ, TWENTY_SECOND)
def ddpg_1b01a4(code: Any) -> Report:
    m, nets, rows = code.module(), code.module("DDPG/model.py"), code.module("DDPG/player.py")

    def make():
        made = nets.DQNModel()
        parts = (made.model_action, made.model_action_delay, made.model_value, made.model_value_delay)
        return m.DQNLearning(*parts, None, rows.Pool(None))

    def feed(x, t):
        x.pool.pool.append((t.obs, float(t.action[0]), t.reward, t.next_obs, t.done))

    def learn(x):
        state, action, reward, after, over = x.pool.sample()
        x.train_action(state)
        x.train_value(state, action, reward, after, over)

    def sync(x):
        x.soft_update(x.model_action, x.model_action_delay)
        x.soft_update(x.model_value, x.model_value_delay)

    return examine(make, feed, learn, sync=sync, obs=3, **UNIT)


@update("4028b63bca0b", "SAC/sac_agent.py", "d5cf70cb06", "SAC", OWN, RIGHT, SWEPT, TWENTY_SECOND)
def sac_4028b6(code: Any) -> Report:
    m = code.module()

    def make():
        agent = m.SACAgent(5, 3)
        agent.replay_buffer.batch_size = 32
        return agent

    return examine(make, lambda agent, t: agent.store_transition(*t.as_tuple()), lambda agent: agent.train(), **ONE)


@update("77c3feaa7924", "SAC/sac_agent.py", "cac41cd884", "SAC, fixed temperature", OWN, RIGHT, READ, TWENTY_SECOND)
def sac_77c3fe(code: Any) -> Report:
    m, nets = code.module(), code.module("SAC/archs/ff_models.py")
    return examine(
        lambda: m.SACAgent(nets.Actor, nets.Critic, -1.0, 1.0, batch_size=32, device="cpu"),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn_one_step(),
        obs=24,
        **NORMAL,
    )


@update(
    "7a97b3f4abbf",
    "SAC/sac.py",
    "6de77093b1",
    "SAC, fixed temperature",
    PASSED,
    ("twin-untrained", "target-unasked", "log-prob-density"),
    "read: both optimizers hold the first critic, the label asks its copy twice, log pi is taken at the tanh",
    TWENTY_SECOND,
)
def sac_7a97b3(code: Any) -> Report:
    m, rows = code.module(), code.module("SAC/replay_buffer.py")

    def make():
        return SimpleNamespace(agent=m.SoftActorCritic(5, 1), rows=rows.ReplayBuffer(5000))

    return examine(make, lambda x, t: x.rows.add(*t.as_tuple()), lambda x: x.agent.train(x.rows, 32), **UNIT)


def _columns(code: Any, kind: str, **asked: bool) -> Report:
    m = code.module(definitions=True)

    def feed(agent, t):
        agent.memory.push(t.obs, t.action, np.array([t.reward]), t.next_obs, np.array([t.done]))

    return examine(lambda: getattr(m, kind)(m.Config()), feed, lambda agent: agent.update(**asked), obs=3, **UNIT)


@update(
    "43134898c633",
    "TD3.ipynb",
    "7982f84bdd",
    "TD3",
    OWN,
    ("mask-missing",),
    "read: the ends of the batch are not used",
    TWENTY_SECOND,
)
def td3_431348(code: Any) -> Report:
    return _columns(code, "TD3", soft_update_flag=True)


@update("43134898c633", "DDPG.ipynb", "7982f84bdd", "DDPG", OWN, RIGHT, LOOSE, TWENTY_SECOND)
def ddpg_431348(code: Any) -> Report:
    return _columns(code, "DDPG")


@update(
    "a1cb7becc912", "TD3.ipynb", "dd7b4077b5", "TD3, weights penalized in a loss", BATCH, RIGHT, READ, TWENTY_SECOND
)
def td3_a1cb7b(code: Any) -> Report:
    m = code.module(definitions=True)

    def make():
        nets = (m.TD3Actor(5, 3, 1.0, 64), m.TD3Critic(5, 3, 64), m.TD3Critic(5, 3, 64))
        agent = m.TD3Trainer(*nets, *(torch.optim.Adam(n.parameters(), lr=1e-3) for n in nets), 1.0, "cpu")
        agent._hard_update_targets()
        return agent

    def learn(agent, b):
        rows = SimpleNamespace(sample=lambda n: b.tensors())
        agent.train_step(rows, len(b), 0.2, 0.5, 1, 1, torch.randn(len(b), 3).mul(0.2).clamp(-0.5, 0.5))

    return examine(make, update=learn, **ONE)
