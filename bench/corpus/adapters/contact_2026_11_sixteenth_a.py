"""Updates met first in the sixteenth round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, FUNCTION, LOOSE, OWN, PASSED, READ, SCRIPT, SIXTEENTH
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import Anything, OldEnv, env_of
from gradexaminer import Report, examine, watch

FOUR: dict[str, Any] = {"n_actions": 4}
ENV = env_of(5, **FOUR)
LIMITS = "read: a time limit is stored as an end"
WHOLE = "read: the network subtracts the mean advantage of the whole batch"


@update("787b09e57835", "DQNAgent.py", "480de53238", "DQN", OWN, RIGHT, LOOSE, SIXTEENTH)
def dqn_787b09(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4, "cpu", 1.0, 0.1, 0.99, 5000),
        lambda agent, t: agent.buffer.store(*t.as_tuple()),
        lambda agent: agent.learn(32),
        sync=lambda agent: agent.update_target(),
        **FOUR,
    )


@update(
    "598e22aabd1b",
    "rl/dqn.py",
    "51fbfe2664",
    "DQN",
    BATCH,
    ("shared-storage|alias",),
    "read: the target is a shallow copy, which holds the same parameters",
    SIXTEENTH,
)
def dqn_598e22(code: Any) -> Report:
    m = code.module()

    def learn(agent, b):
        agent.backward(b.obs, b.action, b.reward, b.next_obs, b.done.astype(np.float32))

    return examine(lambda: m.DQN(5, 4, m.MLP([5, 64, 4]), tau=10), update=learn, **FOUR)


@update("b8e6145fa333", "dqn/agent.py", "59f7dcc62f", "double DQN, images", OWN, RIGHT, READ, SIXTEENTH)
def ddqn_b8e614(code: Any) -> Report:
    m = code.module(dotted="dqn.agent")
    boxes = m.spaces.Box(0, 255, (3, 84, 84)), m.spaces.Discrete(4)
    return examine(
        lambda: m.DQNAgent(*boxes, m.ReplayBuffer(5000), True, 1e-4, 32, 0.99),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, float(t.done)),
        lambda agent: agent.optimise_td_loss(),
        sync=lambda agent: agent.update_target_network(),
        obs=(3, 84, 84),
        image=True,
        **FOUR,
    )


@update(
    "b1bf6d945c82",
    "dqn/agent.py",
    "fef5572bec",
    "double DQN, images",
    OWN,
    ("state-overwritten",),
    "read: the prediction, too, is asked at the next states",
    SIXTEENTH,
)
def ddqn_b1bf6d(code: Any) -> Report:
    m = code.module(dotted="dqn.agent")
    boxes = m.spaces.Box(0, 255, (9, 9)), m.spaces.Discrete(4)
    return examine(
        lambda: m.DQNAgent(*boxes, m.ReplayBuffer(5000), 1e-4, 32, 0.99),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.reward, t.next_obs, float(t.done)),
        lambda agent: agent.optimise_td_loss(),
        sync=lambda agent: agent.update_target_network(),
        obs=(9, 9),
        **FOUR,
    )


@update(
    "2661d53bfbd1",
    "dqn/agent.py",
    "a6c257e737",
    "DQN on numbered states, no activations",
    OWN,
    RIGHT,
    READ,
    SIXTEENTH,
)
def lake_2661d5(code: Any) -> Report:
    m = code.module(dotted="dqn.agent")
    return examine(
        lambda: m.Agent(300, 4, 5000, 32, state_trans="one_hot"),
        lambda agent, t: agent.replay_buffer.append(int(t.obs), t.action, t.reward, int(t.next_obs), t.done),
        lambda agent: agent.train_step(),
        sync=lambda agent: agent.save_target(),
        n_states=300,
        **FOUR,
    )


@update("c5595ae3e87f", "src/train.py", "88dbea823e", "DQN, no target", SCRIPT, ("mask-truncated",), LIMITS, SIXTEENTH)
def dqn_c5595a(code: Any) -> Report:
    return watch(lambda make: code.run(make), obs=3, n_actions=2)


@update("55c4c5194cc0", "DQNAgent.py", "b47535b6ce", "DQN with goals", OWN, RIGHT, READ, SIXTEENTH)
def dqn_55c4c5(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4, 1e-3, 5000, 32, 0.9, "0.00001", 0.1, 0.99, 50),
        lambda agent, t: agent.replay_buffer.store(*t.as_tuple(), np.zeros(5)),
        lambda agent: agent.update(),
        obs=5,
        **FOUR,
    )


@update("b4096350440f", "dqn/agent.py", "793d930a1b", "double DQN", OWN, RIGHT, READ, SIXTEENTH)
def ddqn_b40963(code: Any) -> Report:
    m = code.module()
    seen: list[Any] = []

    def feed(agent, t):
        seen.append((t.obs, t.action, t.reward, t.done, t.next_obs))
        agent.rb.add_transition(*seen[-1])

    return examine(
        lambda: m.DQNAgent((5,), 4, 1e-3, 0.99, 1.0, 0.1, 0.99),
        feed,
        lambda agent: agent.learn(*seen[-1]),
        sync=lambda agent: agent.nn_target.load_state_dict(agent.nn.state_dict()),
        **FOUR,
    )


def _banana(code: Any, mode: str) -> Report:
    m = code.module()
    modes = {"DQN": 0, "DDQN": 0, "DuelingDDQN": 0, mode: 1}
    sizes = {"l1": [5, 64], "l2": [64, 64], "l3": [64, 64], "l4": [64, 32], "l5": [32, 4]}
    params = {"action_size": 4, "state_size": 5, "nn_params": sizes, "learning_mode": modes, "a": 0.0, "b": 0.0}
    params |= {"buf_params": {"buffer_size": 5000, "batch_size": 64, "mode": {}}, "gamma": 0.99, "tau": 0.01}
    params |= {"eps_initial": 1.0, "learning_rate": 1e-3, "update_period": 1, "e": 1e-6}

    def learn(agent):
        agent._Agent__update(agent._Agent__memory.sample())

    return examine(
        lambda: m.Agent(params), lambda agent, t: agent._Agent__memory.add(*t.as_tuple()), learn, n_actions=4
    )


@update(
    "0fd4ba1f2454",
    "src/agent.py",
    "1edca07188",
    "dueling double DQN, priorities",
    OWN,
    ("advantage-averaged",),
    WHOLE,
    SIXTEENTH,
)
def dueling_0fd4ba(code: Any) -> Report:
    return _banana(code, "DuelingDDQN")


@update("0fd4ba1f2454", "src/agent.py", "1edca07188", "double DQN, priorities", OWN, RIGHT, READ, SIXTEENTH)
def ddqn_0fd4ba(code: Any) -> Report:
    return _banana(code, "DDQN")


def _atari(code: Any, network: str, loss: str) -> Report:
    m, nets = code.module(), code.module("src/lib/dqn_model.py")

    def make():
        q, target = (getattr(nets, network)((4, 44, 44), 4) for _ in range(2))
        return SimpleNamespace(q=q, target=target, optimizer=torch.optim.Adam(q.parameters()))

    def learn(x, b):
        x.optimizer.zero_grad()
        batch = b.obs, b.action, b.reward, b.done, b.next_obs
        getattr(m, loss)(batch, x.q, x.target, 0.99, "cpu").backward()
        torch.nn.utils.clip_grad_norm_(x.q.parameters(), 10)
        x.optimizer.step()

    return examine(
        make,
        update=learn,
        sync=lambda x: x.target.load_state_dict(x.q.state_dict()),
        obs=(4, 44, 44),
        image=True,
        **FOUR,
    )


@update("012fea62ab32", "src/lib/dqn_loss.py", "c1d73884f0", "DQN, images", FUNCTION, RIGHT, READ, SIXTEENTH)
def dqn_012fea(code: Any) -> Report:
    return _atari(code, "DqnModel", "vanilla_dqn_loss")


@update(
    "012fea62ab32",
    "src/lib/dqn_loss.py",
    "c1d73884f0",
    "dueling double DQN, images",
    FUNCTION,
    ("advantage-averaged",),
    WHOLE,
    SIXTEENTH,
)
def dueling_012fea(code: Any) -> Report:
    return _atari(code, "DuelingDqnModel", "double_dqn_loss")


@update(
    "307f777ab42a",
    "src/dqn_agent.py",
    "e1937010fd",
    "double DQN",
    OWN,
    RIGHT,
    "read; the target is copied in every update",
    SIXTEENTH,
)
def ddqn_307f77(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.CustomDQNAgent(5, 4),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_network(),
        **FOUR,
    )


@update("cc6aab992485", "src/dqn_agent.py", "3ed517c2db", "DQN", OWN, RIGHT, READ, SIXTEENTH)
def dqn_cc6aab(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32, buffer_size=5000, hidden_sizes=[64, 64]),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.update(),
        **FOUR,
    )


def _old(code: Any, change: Any = None, **actions: Any) -> Report:
    def made(make: Any) -> Any:
        env = OldEnv(make())
        env.render = lambda *_: None
        return env

    return watch(lambda make: code.run(lambda *_args, **_kwargs: made(make), change=change), **actions)


@update(
    "5b470064ca04",
    "dueling_ddqn.py",
    "2f4c0b2c45",
    "dueling double DQN",
    SCRIPT,
    ("advantage-averaged", "mask-truncated"),
    WHOLE + ", and a time limit is stored as an end",
    SIXTEENTH,
)
def dueling_5b4700(code: Any) -> Report:
    return _old(code, obs=4, n_actions=2)


@update("5b470064ca04", "ddqn.py", "2f4c0b2c45", "double DQN", SCRIPT, ("mask-truncated",), LIMITS, SIXTEENTH)
def ddqn_5b4700(code: Any) -> Report:
    return _old(code, obs=4, n_actions=2)


@update("6c637e4cbabc", "dqn_mountaincar.py", "94fc1c875c", "DQN", SCRIPT, ("mask-truncated",), LIMITS, SIXTEENTH)
def dqn_6c637e(code: Any) -> Report:
    return watch(lambda make: code.run(make), obs=2, n_actions=3)


@update(
    "f1a96208d5cc",
    "dqn_mountaincar/main.py",
    "fd2f327fe1",
    "DQN, no target, rewards of its own making",
    SCRIPT,
    ("mask-truncated",),
    LIMITS + "; rewards that are never negative, behind a ReLU",
    SIXTEENTH,
)
def dqn_f1a962(code: Any) -> Report:
    os.makedirs(os.path.join(os.environ.get("TMPDIR", "/tmp"), "tensorboard"), exist_ok=True)
    return _old(code, lambda text: text.replace("batch_size * 10", "batch_size"), obs=2, n_actions=3)


@update(
    "c8681d5fe370",
    "DQN/train.py",
    "dd11b0a561",
    "DQN, images",
    OWN,
    ("detached",),
    "read: the loss is rebuilt from numbers",
    SIXTEENTH,
)
def dqn_c8681d(code: Any) -> Report:
    m = code.module(stop="env_name = [")

    return examine(
        lambda: m.DQN("game", ENV, replay_memory_size=5000),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.update_model(agent.target_net, agent.net),
        obs=(4, 84, 84),
        **FOUR,
    )


def _weights(code: Any, kind: str) -> Report:
    m = code.module()
    return examine(
        lambda: getattr(m, kind)("game", (4, 44, 44), 4, batch_size=32, mem_size=600, replace_target_count=5),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        obs=(4, 44, 44),
        **FOUR,
    )


@update("a8d334c29a57", "dqn/dqn.py", "85c2c7f203", "DQN, images", OWN, RIGHT, LOOSE, SIXTEENTH)
def dqn_a8d334(code: Any) -> Report:
    return _weights(code, "DQNAgent")


@update("a8d334c29a57", "ddqn/ddqn.py", "85c2c7f203", "double DQN, images", OWN, RIGHT, LOOSE, SIXTEENTH)
def ddqn_a8d334(code: Any) -> Report:
    return _weights(code, "DDQNAgent")


@update(
    "5235fc1fb55e",
    "dqn/dqn.py",
    "3f87979aa5",
    "DQN",
    OWN,
    RIGHT,
    "read; the target takes over 85 % at every fifth update, by choice",
    SIXTEENTH,
)
def dqn_5235fc(code: Any) -> Report:
    m = code.module()

    def make():
        q, target = m.QNetwork(ENV), m.QNetwork(ENV)
        loss, optimizer, buffer = torch.nn.MSELoss(), torch.optim.Adam(q.parameters()), m.ReplayBuffer()
        return m.DQN(ENV, q, target, loss, optimizer, buffer, Anything(), 32, 0.99, 1, 1, 1, 1, 1.0, 0.1, 1, 1)

    return examine(make, lambda agent, t: agent.rb.store(*t.as_tuple()), lambda agent: agent.optimize(), **FOUR)


@update(
    "0f5a7e239e9d",
    "dqn/dqn-torch/dqn.py",
    "c46fb49377",
    "DQN, images",
    PASSED,
    ("grads-not-zeroed",),
    "read: two steps follow one backward pass",
    SIXTEENTH,
)
def dqn_0f5a7e(code: Any) -> Report:
    m = code.module()

    def feed(x, t):
        one_hot = torch.eye(4)[t.action][None]
        x.buffer.add(
            torch.tensor(t.obs)[None], one_hot, torch.tensor(t.next_obs)[None], torch.tensor([[t.reward]]), t.done
        )

    return examine(
        lambda: SimpleNamespace(q=m.dqn_net(4), target=m.dqn_net(4), buffer=m.replay_memory(5000)),
        feed,
        lambda x: x.q.update(x.buffer.sample(32), torch.nn.MSELoss, None, 0.1, x.target, 32, 0.99),
        sync=lambda x: x.target.load_state_dict(x.q.state_dict()),
        obs=(4, 84, 84),
        **FOUR,
    )


@update("f08bcd79cf20", "algorithms/dqn/agent.py", "0d57df5a74", "DQN, images", OWN, RIGHT, READ, SIXTEENTH)
def dqn_f08bcd(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(4, (4, 44, 44), 600, replace=5),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        obs=(4, 44, 44),
        **FOUR,
    )


@update("4c72d3b4e6b5", "DQN/train.py", "5823f5e2ac", "DQN", FUNCTION, RIGHT, READ, SIXTEENTH)
def dqn_4c72d3(code: Any) -> Report:
    return examine(
        lambda: vars(code.module(definitions=True, env=ENV)),
        lambda names, t: names["replay_buffer"].store(t.obs, t.action, t.reward, t.next_obs, int(t.done)),
        lambda names: names["update"](0, 1),
        **FOUR,
    )
