"""Updates met first in a fifth round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import FIFTH, FUNCTION, NO_TARGET, NOTEBOOK, OWN, READ
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine


@update("1bd58b06f72a", "ddqn.py", "9655a103ac", "double DQN, batch normalization", OWN, RIGHT, READ, FIFTH)
def ddqn_1bd58b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQNAgent(5, 4),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample()),
        n_actions=4,
    )


@update("d7d0054e1bfb", "src/dqn.py", "f53f64addb", "DQN", OWN, RIGHT, READ, FIFTH)
def dqn_d7d005(code: Any) -> Report:
    m, env = code.module(), env_of(5, n_actions=4)

    def feed(agent, t):
        agent.last = (t.obs, t.action, t.reward, t.terminated, t.truncated, t.next_obs)
        agent.buffer.push(t.obs, t.action, t.reward, t.terminated, t.next_obs)

    return examine(
        lambda: m.DQN(env.action_space, env.observation_space, 0.99, 64, 5000, 4, 1.0, 0.99, 0.1, 1e-3),
        feed,
        lambda agent: agent.update(*agent.last),
        n_actions=4,
    )


@update(
    "af63143c0623",
    "dqn_pytorch.py",
    "6b31399235",
    "DQN",
    OWN,
    ("broadcast|bootstrap-averaged", "mask-missing"),
    "read: values of shape (B, 1) meet labels of shape (B, B); no end can be stored",
    FIFTH,
)
def dqn_af6314(code: Any) -> Report:
    m = code.module(stop="dqn = DQN()", change=lambda text: text.replace("-v0", "-v1"))
    m.MEMORY_CAPACITY = 64
    return examine(
        lambda: m.DQN(),
        lambda agent, t: agent.store_transaction(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        n_actions=2,
        obs=4,
    )


@update(
    "347060b34fd8",
    "src/agent.py",
    "e75663a867",
    "DQN",
    OWN,
    ("bootstrap-gradient",),
    "read: the only network gives the label, which is not detached",
    FIFTH,
)
def dqn_347060(code: Any) -> Report:
    m = code.module(dotted="src.agent")
    return examine(
        lambda: m.Agent(0.99, 1.0, 1e-3, 5, 64, 4, max_transitions=5000),
        lambda agent, t: agent.remember(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update(
    "e046e258c19b",
    "dqn_pytorch.py",
    "09985496d2",
    "DQN, images, batch normalization",
    NOTEBOOK,
    ("mask-missing",),
    "read: the mask is applied to the next values after the label was made of them",
    FIFTH,
)
def dqn_e046e2(code: Any) -> Report:
    m = code.module(definitions=True, change=lambda text: text.replace("len(memory) < 3000", "len(memory) < 64"))

    def make():
        m.policy_net, m.target_net, m.memory = m.DQN(84, 84, 3, 4), m.DQN(84, 84, 3, 4), m.ReplayMemory(3000)
        m.optimizer, m.criterion = torch.optim.RMSprop(m.policy_net.parameters(), lr=1e-3), torch.nn.SmoothL1Loss()
        return vars(m)

    def feed(_, t):
        obs, action, after, reward = t.as_tensors()
        m.memory.push(obs.float() / 255, action, reward, after.float() / 255, t.done)

    return examine(
        make,
        feed,
        lambda _: m.optimize_model(),
        sync=lambda _: m.target_net.load_state_dict(m.policy_net.state_dict()),
        n_actions=4,
        obs=(3, 84, 84),
        image=True,
    )


@update("5c2491594cd0", "ddqn.py", "275e778515", "double DQN", OWN, RIGHT, READ, FIFTH)
def ddqn_5c2491(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQNAgent(env_of(5, n_actions=4), 5000, 32, 100, 1e-3),
        lambda agent, t: agent.memory.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update_model(),
        sync=lambda agent: agent.dqn_target.load_state_dict(agent.dqn.state_dict()),
        n_actions=4,
    )


@update(
    "23aeafe863db",
    "dqn_pytorch.py",
    "be50b00287",
    "DQN, row by row",
    OWN,
    RIGHT,
    NO_TARGET + "; a step for each row, whose other outputs are their own labels",
    FIFTH,
)
def dqn_23aeaf(code: Any) -> Report:
    m = code.module(stop="num_servers = 3")
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.remember(t.obs[None], t.action, t.reward, t.next_obs[None], t.done),
        lambda agent: agent.replay(32),
        n_actions=4,
    )


@update("877652bf28f0", "agent.py", "3f7865c6b3", "DQN (called double)", OWN, RIGHT, READ, FIFTH)
def dqn_877652(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQNAgent(300, 4, 0),
        lambda agent, t: agent.replay_buffer.push({"maze": t.obs}, t.action, t.reward, {"maze": t.next_obs}, t.done),
        lambda agent: agent.learn(agent.replay_buffer.sample(64)),
        n_actions=4,
        obs=300,
    )


@update("2fa6cebbedda", "src/dqn.py", "9d0e4fbc14", "DQN", FUNCTION, RIGHT, READ, FIFTH)
def dqn_2fa6ce(code: Any) -> Report:
    m = code.module(definitions=True)
    m.DQNParams.BATCH_SIZE = 64

    def make():
        x = SimpleNamespace(net=m.SimpleDQN(5, 4), target=m.SimpleDQN(5, 4), memory=m.ReplayMemory(5000))
        x.adam = torch.optim.AdamW(x.net.parameters(), lr=1e-3)
        return x

    return examine(
        make,
        lambda x, t: x.memory.push(*t.as_tensors(none_at_end=True)),
        lambda x: m.optimize_model(x.adam, x.net, x.target, x.memory, m.DQNParams, "cpu"),
        sync=lambda x: x.target.load_state_dict(x.net.state_dict()),
        n_actions=4,
    )


@update(
    "3b022a431ab4",
    "src/train.py",
    "15d394a472",
    "DQN",
    OWN,
    ("alias",),
    "read: in place of a copy, the target network becomes the online one",
    FIFTH,
)
def dqn_3b022a(code: Any) -> Report:
    m = code.module(make=None)
    m.make = lambda **_: None
    args = SimpleNamespace(env="CartPole-v0", eval_freq=1, num_eval_episodes=1)

    def feed(agent, t):
        obs, action, after, reward = t.as_tensors(none_at_end=True)
        agent.memory.push(obs, action, after, reward[None])

    return examine(
        lambda: m.TrainClassicControlAgent(args),
        feed,
        lambda agent: agent.optimize_network(),
        sync=lambda agent: setattr(agent, "target_network", agent.dqn),
        n_actions=2,
        obs=4,
    )


@update("6673db88eec6", "ddqn.py", "805b36db4c", "double DQN", OWN, RIGHT, READ, FIFTH)
def ddqn_6673db(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQN(5, 4, hidden_layers=(64, 64), buffer_size_min=64, device="cpu"),
        lambda agent, t: agent.experience(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        n_actions=4,
    )


@update(
    "9cc05bc40d04",
    "dqn_pytorch.py",
    "7e1a1f0515",
    "DQN",
    OWN,
    ("output-bounded", "mask-missing"),
    "read: the network ends in a softmax; no end can be stored",
    FIFTH,
)
def dqn_9cc05b(code: Any) -> Report:
    m = code.module(stop="dqn = DQN()")
    m.MEMORY_CAPACITY = m.BATCH_SIZE = 64
    return examine(
        lambda: m.DQN(),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        n_actions=3,
        obs=2,
    )
