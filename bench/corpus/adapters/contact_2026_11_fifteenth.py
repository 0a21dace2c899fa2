"""Updates met first in the fifteenth round of November 2026, drawn at random.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from bench.corpus.adapters.common import (
    BATCH,
    BOX,
    FIFTEENTH,
    FUNCTION,
    LOOSE,
    NO_TARGET,
    ONE,
    OWN,
    PASSED,
    READ,
    SCRIPT,
)
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import Anything, OldEnv, StandIn, env_of
from gradexaminer import Report, examine, watch

FOUR: dict[str, Any] = {"n_actions": 4}
ENV = env_of(5, **ONE)
CPU = torch.device("cpu")
LIMITS = "read: a time limit is stored as an end"
NO_ENDS = "read: no end of an episode is stored"


def net(*_: Any) -> nn.Module:
    """A network that a program is handed, or whose file is missing."""
    return nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 4))


@update(
    "0ae9c4e28622",
    "DQN/DQN.py",
    "80b00893d3",
    "DQN",
    FUNCTION,
    ("gamma-missing|gamma-other",),
    "read: gamma is added, and not a factor",
    FIFTEENTH,
)
def dqn_0ae9c4(code: Any) -> Report:
    m = code.module()

    def make():
        q, target = m.Qnet(5, 4), m.Qnet(5, 4)
        return SimpleNamespace(
            q=q, target=target, buffer=m.ReplayBuffer(5, 1), optimizer=torch.optim.Adam(q.parameters())
        )

    return examine(
        make,
        lambda x, t: x.buffer.add(torch.tensor(t.obs), t.action, t.reward, torch.tensor(t.next_obs), t.mask),
        lambda x: m.train(x.q, x.target, x.buffer, x.optimizer),
        sync=lambda x: x.target.load_state_dict(x.q.state_dict()),
        **FOUR,
    )


def _navigation(code: Any, kind: str, *drawn: float) -> Report:
    sys.modules["model_2"] = SimpleNamespace(QNetwork=net)
    m = code.module()
    return examine(
        lambda: getattr(m, kind)(5, 4, [64], 0),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample(*drawn), 0.99),
        **FOUR,
    )


@update("2cd59ef885c6", "double_dqn_agent.py", "817b674208", "DQN", OWN, RIGHT, READ, FIFTEENTH)
def dqn_2cd59e(code: Any) -> Report:
    return _navigation(code, "Vanilla")


@update("2cd59ef885c6", "double_dqn_agent.py", "817b674208", "double DQN", OWN, RIGHT, READ, FIFTEENTH)
def ddqn_2cd59e(code: Any) -> Report:
    return _navigation(code, "Double")


@update("2cd59ef885c6", "double_dqn_agent.py", "817b674208", "double DQN, priorities", OWN, RIGHT, READ, FIFTEENTH)
def per_2cd59e(code: Any) -> Report:
    return _navigation(code, "PrioritizedReplay", 0.4, 0.5)


@update("fcf9a1607498", "DDPG/agent.py", "1265cd1674", "DDPG", OWN, RIGHT, READ, FIFTEENTH)
def ddpg_fcf9a1(code: Any) -> Report:
    m = code.module()
    cfg = SimpleNamespace(
        device=CPU,
        hidden_dim=64,
        critic_lr=1e-3,
        actor_lr=1e-3,
        memory_capacity=5000,
        batch_size=32,
        soft_tau=0.01,
        gamma=0.99,
    )
    return examine(
        lambda: m.DDPG(5, 3, cfg),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


def _old(code: Any, **actions: Any) -> Report:
    def made(make: Any) -> Any:
        env = OldEnv(make())
        env.render = lambda *_: None
        return env

    return watch(lambda make: code.run(lambda *_args, **_kwargs: made(make)), **actions)


@update("8afc2811faf8", "cartpole_dqn.py", "c65a2f0b56", "DQN", SCRIPT, ("mask-truncated",), LIMITS, FIFTEENTH)
def dqn_8afc28(code: Any) -> Report:
    return _old(code, obs=4, n_actions=2)


@update("8afc2811faf8", "dqn.py", "c65a2f0b56", "DQN", SCRIPT, ("mask-truncated",), LIMITS, FIFTEENTH)
def episode_dqn_8afc28(code: Any) -> Report:
    return _old(code, obs=4, n_actions=2)


@update(
    "3972a92a8339",
    "dqn_torch.py",
    "03fdd2bafd",
    "DQN, no target",
    OWN,
    ("bootstrap-gradient",),
    "read: the label is not detached",
    FIFTEENTH,
)
def dqn_3972a9(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(0.99, 1.0, 1e-3, [5], 32, 4, 5000),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.terminated, t.truncated),
        lambda agent: agent.learn(),
        **FOUR,
    )


@update(
    "3972a92a8339",
    "frozen_lake_dql.py",
    "03fdd2bafd",
    "DQN on numbered states, row by row",
    PASSED,
    RIGHT,
    READ,
    FIFTEENTH,
)
def lake_3972a9(code: Any) -> Report:
    m = code.module(stop="__main__")

    def make():
        agent = m.FrozenLakeDQL()
        agent.policy, agent.target, agent.memory = m.DQN(3000, 32, 4), m.DQN(3000, 32, 4), m.ReplayMemory(5000)
        agent.optimizer = torch.optim.Adam(agent.policy.parameters())
        return agent

    return examine(
        make,
        lambda x, t: x.memory.append((int(t.obs), t.action, int(t.next_obs), t.reward, t.done)),
        lambda x: x.optimize(x.memory.sample(32), x.policy, x.target),
        sync=lambda x: x.target.load_state_dict(x.policy.state_dict()),
        n_states=3000,
        **FOUR,
    )


@update("11e842b46dba", "DDPG/pytorch/train.py", "e440688840", "DDPG", OWN, ("mask-missing",), NO_ENDS, FIFTEENTH)
def ddpg_11e842(code: Any) -> Report:
    m, memory = code.module(), code.module("DDPG/pytorch/buffer.py")
    return examine(
        lambda: m.Trainer(5, 3, 1.0, memory.ReplayBuffer(5000)),
        lambda x, t: x.ram.add(t.obs, t.action, t.reward, t.next_obs),
        lambda x: x.optimize(),
        **ONE,
    )


@update("11e842b46dba", "DDQN/train.py", "e440688840", "double DQN", OWN, ("mask-missing",), NO_ENDS, FIFTEENTH)
def ddqn_11e842(code: Any) -> Report:
    m, memory = code.module(), code.module("DDQN/buffer.py")
    return examine(
        lambda: m.Trainer(5, 4, memory.ReplayBuffer(5000)),
        lambda x, t: x.ram.add(t.obs, t.action, t.reward, t.next_obs),
        lambda x: x.optimize(),
        **FOUR,
    )


@update("11e842b46dba", "DQN/train.py", "e440688840", "DQN", OWN, ("mask-missing",), NO_ENDS, FIFTEENTH)
def dqn_11e842(code: Any) -> Report:
    m, memory = code.module(), code.module("DQN/buffer.py")
    return examine(
        lambda: m.Trainer(5, 4, memory.ReplayBuffer(5000)),
        lambda x, t: x.ram.add(t.obs, t.action, t.reward, t.next_obs),
        lambda x: x.optimize(),
        **FOUR,
    )


@update("c8cd748b12ce", "td3_torch.py", "1041f7d34a", "TD3", OWN, RIGHT, LOOSE, FIFTEENTH)
def td3_c8cd74(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(
            1e-3, 1e-3, (5,), 0.005, BOX, n_actions=3, max_size=5000, layer1_size=64, layer2_size=64, batch_size=32
        ),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("2f08f96f39fc", "src/td3_agent_custom.py", "d729adef16", "TD3", OWN, RIGHT, READ, FIFTEENTH)
def td3_2f08f9(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3Agent(5, 3, {"batch_size": 32, "hidden_dim": 64, "max_action": 1.0}),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        **ONE,
    )


@update("12eb3aa36bd0", "DDPG/algorithm.py", "df85d6b4a2", "DDPG", BATCH, RIGHT, READ, FIFTEENTH)
def ddpg_12eb3a(code: Any) -> Report:
    m, nets = code.module(), code.module("DDPG/model.py")
    return examine(
        lambda: m.DDPG(nets.Model(5, 3), nets.Model(5, 3), 0.99, 0.01, 1e-3, 1e-3),
        update=lambda agent, b: agent.learn(*b.tensors(column=True)),
        **ONE,
    )


@update("238f4d37fb38", "train.py", "fd843c596d", "DQN", FUNCTION, RIGHT, READ, FIFTEENTH)
def dqn_238f4d(code: Any) -> Report:
    sys.modules["custom_cartpole"] = StandIn("custom_cartpole")
    m = code.module(stop="__main__")

    def make():
        q = m.DQN()
        return SimpleNamespace(q=q, target=m.DQN(), rows=[], optimizer=torch.optim.Adam(q.parameters()))

    def learn(x):
        loss = m.calculate_loss(m.sample(x.rows, 32), x.q, x.target)
        x.optimizer.zero_grad()
        loss.backward()
        x.optimizer.step()

    return examine(
        make,
        lambda x, t: x.rows.append((t.obs, t.action, t.reward, t.done, t.next_obs)),
        learn,
        sync=lambda x: x.target.load_state_dict(x.q.state_dict()),
        obs=4,
        n_actions=3,
    )


SEEN = (
    lambda x, *_: torch.as_tensor(x).float(),
    5000,
    32,
    1e-3,
    0.99,
    1.0,
    0.1,
    1000,
    10,
)  # what its agents take first


@update("dbe4adf2e953", "double_dqn_agent.py", "d77585c155", "double DQN", OWN, RIGHT, READ, FIFTEENTH)
def ddqn_dbe4ad(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DoubleDQNAgent(Anything(), net(), net(), *SEEN, 20, "cpu"),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.update_weights(),
        **FOUR,
    )


@update("dbe4adf2e953", "dqn_agent.py", "d77585c155", "DQN, no target", OWN, RIGHT, NO_TARGET, FIFTEENTH)
def dqn_dbe4ad(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(Anything(), net(), *SEEN, "cpu"),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.update_weights(),
        **FOUR,
    )


@update(
    "dbe4adf2e953",
    "prioritised_double_dqn_agent.py",
    "d77585c155",
    "double DQN, priorities",
    OWN,
    RIGHT,
    READ,
    FIFTEENTH,
)
def per_dbe4ad(code: Any) -> Report:
    code.module("prioritised_replay_memory.py", change=lambda s: s.replace("'cuda'", "'cpu'"))
    m = code.module()
    return examine(
        lambda: m.PrioritisedDoubleDQNAgent(Anything(), net(), net(), *SEEN, 20, 0.6, 0.4, 1.0, 1000, 1e-3, "cpu"),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.update_weights(),
        **FOUR,
    )


@update("2b1a3fca118f", "cartpole_dqn.py", "1c406036a1", "DQN", SCRIPT, ("mask-truncated",), LIMITS, FIFTEENTH)
def dqn_2b1a3f(code: Any) -> Report:
    return watch(lambda make: code.run(make), **FOUR)


@update(
    "57e00d149bd7",
    "cartpole_dqn.py",
    "422d32795e",
    "DQN, no target, one row at a time",
    BATCH,
    ("bootstrap-gradient", "mask-missing"),
    "read: the label is not detached, and knows no ends",
    FIFTEENTH,
)
def dqn_57e00d(code: Any) -> Report:
    m = code.module(stop="__main__")

    def learn(agent, b):
        t = b.transitions[0]
        agent.learn(t.obs, t.action, t.reward, t.next_obs)

    return examine(lambda: m.Agent((5,), 4, 1e-3), update=learn, **FOUR)


@update("9cfd55bc1d9b", "td3_torch.py", "b2a0567515", "TD3", OWN, RIGHT, LOOSE, FIFTEENTH)
def td3_9cfd55(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent_TD3(
            1e-3, 1e-3, (5,), 0.005, BOX, n_actions=3, max_replay_buffer_size=5000, layer_dims=[64, 64], batch_size=32
        ),
        lambda agent, t: agent.remmember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "f91ce7bcc064",
    "DDPG/agent.py",
    "5398e18d42",
    "DDPG",
    BATCH,
    ("actor-target-critic",),
    "read: the actor follows the target critic",
    FIFTEENTH,
)
def ddpg_f91ce7(code: Any) -> Report:
    m = code.module(dotted="DDPG.agent")
    return examine(
        lambda: m.DDPG_agent(5, 3, 1e-3, 1e-3, 0.01, 0.99),
        update=lambda agent, b: agent.learn(b.obs, b.action, b.reward, b.next_obs, b.done),
        **ONE,
    )


@update("2d7b392eaf00", "DDPG/DDPG.py", "65cf532daa", "DDPG", FUNCTION, RIGHT, READ, FIFTEENTH)
def ddpg_2d7b39(code: Any) -> Report:
    m = code.module()

    def make():
        x = SimpleNamespace(mu=m.MuNet(), mu_target=m.MuNet(), q=m.QNet(), q_target=m.QNet(), memory=m.ReplayBuffer())
        x.optimizers = torch.optim.Adam(x.q.parameters()), torch.optim.Adam(x.mu.parameters())
        return x

    def learn(x):
        m.train(x.mu, x.mu_target, x.q, x.q_target, x.memory, *x.optimizers)
        m.soft_update(x.mu, x.mu_target)
        m.soft_update(x.q, x.q_target)

    return examine(
        make,
        lambda x, t: x.memory.put((t.obs, t.action[0], t.reward, t.next_obs, t.done)),
        learn,
        obs=3,
        low=[-2.0],
        high=[2.0],
    )


@update("2d7b392eaf00", "TD3/TD3.py", "65cf532daa", "TD3", OWN, RIGHT, READ, FIFTEENTH)
def td3_2d7b39(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.TD3Agent(env_of(5, low=[-1.0], high=[1.0]), 5000, 32),
        lambda agent, t: agent.memory.store(t.obs, t.action[0], t.reward, t.next_obs, t.done),
        lambda agent: agent.update_model(),
        low=[-1.0],
        high=[1.0],
    )


@update("6df733fedc0c", "DDPG/algorithm.py", "d4a230a806", "DDPG", BATCH, RIGHT, READ, FIFTEENTH)
def ddpg_6df733(code: Any) -> Report:
    m, nets = code.module(), code.module("DDPG/model.py")

    def learn(agent, b):
        agent.learn(*b.tensors(column=True))
        agent.sync_target()

    return examine(lambda: m.DDPG(nets.Model(5, 3)), update=learn, **ONE)


@update("6df733fedc0c", "DQN/algorithm.py", "d4a230a806", "DQN", BATCH, RIGHT, READ, FIFTEENTH)
def dqn_6df733(code: Any) -> Report:
    m, nets = code.module(), code.module("DQN/model.py")
    return examine(
        lambda: m.DQNModel(nets.Model(5, 4), 0.99, 1e-3),
        update=lambda agent, b: agent.learn(*b.tensors(column=True)),
        sync=lambda agent: agent.sync_target(),
        **FOUR,
    )
