"""Updates met first in the eighth round of November 2026, drawn at random: critics of discrete actions.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import BATCH, EIGHTH, FUNCTION, LOOSE, NO_TARGET, OWN, READ
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine

DRAWN = (
    "read: in half of the updates the label asks the online network, in a graph, at the action that the target prefers"
)


@update("18323b944952", "src/dqn_agent.py", "c4b3e9ce06", "DQN", OWN, RIGHT, READ, EIGHTH)
def dqn_18323b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(state_dim=5),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(32),
        n_actions=4,
    )


@update("1ad7a93bb149", "src/dqn_agent.py", "538a92cd43", "DQN", OWN, RIGHT, READ, EIGHTH)
def dqn_1ad7a9(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        n_actions=4,
    )


@update("49975ac52aff", "src/dqn_agent.py", "098d3a1fd9", "DQN", OWN, RIGHT, READ, EIGHTH)
def dqn_49975a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DeepQAgent({"nb_actions": 4, "batch_size": 32}, m.TargetNetwork(5, 64, 4)),
        lambda agent, t: agent.memory.append(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.gradient_step(),
        sync=lambda agent: agent.target_model.load_state_dict(agent.model.state_dict()),
        n_actions=4,
    )


@update("b7948f7fa8b8", "src/dqn_agent.py", "e117e86c7c", "DQN", OWN, RIGHT, NO_TARGET, EIGHTH)
def dqn_b7948f(code: Any) -> Report:
    m = code.module()
    sizes = {"gamma": 0.98, "batch_size": 32, "nb_actions": 4, "buffer_size": 5000, "learning_rate": 1e-3}
    more = {"epsilon_max": 1.0, "epsilon_min": 0.1, "epsilon_decay_period": 100, "epsilon_delay_decay": 10}
    told = {**sizes, **more, "criterion": torch.nn.SmoothL1Loss(), "model_path": "", "scaling": "log"}
    return examine(
        lambda: m.dqn_agent(told, torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4))),
        lambda agent, t: agent.memory.append(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.gradient_step(),
        n_actions=4,
    )


@update("8e9151662236", "src/dqn_agent.py", "46c752eac2", "DQN", OWN, RIGHT, READ, EIGHTH)
def dqn_8e9151(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, 0, batch_size=32),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), agent.gamma),
        n_actions=4,
    )


@update("7e690cb956c0", "ddqn_agent.py", "5e40e354ac", "double DQN, images", OWN, RIGHT, READ, EIGHTH)
def ddqn_7e690c(code: Any) -> Report:
    m = code.module()

    def make():
        agent = m.Agent(5, "x", "cpu")
        agent.batch_size = 32
        return agent

    def learn(agent):
        agent.current_step += 1
        agent.experience_replay(0.0)

    return examine(
        make,
        lambda agent, t: agent.remember(t.obs / 255, t.next_obs / 255, t.action, t.reward, t.done),
        learn,
        n_actions=5,
        obs=(4, 84, 84),
        image=True,
    )


@update(
    "ba172557fe82",
    "ddqn_agent.py",
    "ca95ff04c3",
    "DQN",
    BATCH,
    RIGHT,
    "read; its buffer's `sample` asks a generator of NumPy for a method that it has not, so that a batch is handed in",
    EIGHTH,
)
def dqn_ba1725(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQNAgent(5, 4),
        update=lambda agent, b: agent.learn(b.tensors(column=True), 0.99),
        n_actions=4,
    )


@update("1d7ff66b537a", "ddqn_agent.py", "b949b99c0c", "double DQN", OWN, ("bootstrap-gradient",), DRAWN, EIGHTH)
def ddqn_1d7ff6(code: Any) -> Report:
    settings = {"Agent": {"Buffer_size": 5000, "Batch_size": 32, "Gamma": 0.99, "Tau": 1e-3, "Lr": 5e-4}}
    settings["Agent"]["Update_every"] = 4
    settings["Model"] = {"fc1_size": 64, "fc2_size": 64}
    utils = SimpleNamespace(load_cfg=lambda *_: settings)
    sys.modules["utils"] = utils  # type: ignore[assignment]
    sys.modules["model"] = code.module("ddqn_model.py")
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update("0d10f0eb36da", "ddqn_agent.py", "7e19612c15", "DQN (called double)", OWN, RIGHT, READ, EIGHTH)
def dqn_0d10f0(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update(
    "ff2ca4ca1d88",
    "ddqn_agent.py",
    "cf1301b3de",
    "double DQN, prioritized by rank",
    OWN,
    RIGHT,
    "read; weights of rows, their sum",
    EIGHTH,
)
def ddqn_ff2ca4(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.DDQNPERAgent(5, 4, 0.1, [], 1e-3, 64, 64),
        lambda agent, t: agent.ebuffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(*agent.ebuffer.sample(), 0.99),
        n_actions=4,
    )


@update("017167b8b838", "src/ai_snake/ai/dqn.py", "de95ff168d", "DQN", OWN, RIGHT, READ, EIGHTH)
def dqn_017167(code: Any) -> Report:
    m = code.module()

    def feed(agent, t):
        obs, after = torch.from_numpy(t.obs)[None], torch.from_numpy(t.next_obs)[None]
        agent.remember(obs, t.action, t.reward, after, t.done)

    return examine(
        lambda: m.DQNAgent(batch_size=32, device="cpu"), feed, lambda agent: agent.replay(), n_actions=4, obs=27
    )


@update(
    "5fa5c74a4a5a",
    "src/agents/dqn_agent.py",
    "6ffd419906",
    "double DQN, images, dropout",
    OWN,
    RIGHT,
    "read; half of the images are mirrored, and the actions with them",
    EIGHTH,
)
def ddqn_5fa5c7(code: Any) -> Report:
    m = code.module(dotted="src.agents.dqn_agent")
    m.torch.cuda.get_device_name = lambda *_: "none"
    config = m.Config(batch_size=32, memory_size=2000, pretrained_model="", train_start=32)
    return examine(
        lambda: m.DQNAgent({key: set() for key in range(6)}, config),
        lambda agent, t: agent._remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent._replay(),
        n_actions=6,
        obs=(84, 84, 4),
        image=True,
    )


@update("8904f017083c", "src/dqn_agent.py", "57e38f79f9", "DQN", OWN, RIGHT, READ, EIGHTH)
def dqn_8904f0(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update("8f0506ed1f14", "ddqn_agent.py", "7c128dfbb0", "double DQN", OWN, RIGHT, READ, EIGHTH)
def ddqn_8f0506(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQN_Agent(5, 4, 0, BATCH_SIZE=32),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), agent.gamma),
        n_actions=4,
    )


@update("d65fd47df9d8", "ddqn_agent.py", "f6b61ffbf3", "dueling double DQN", OWN, RIGHT, LOOSE, EIGHTH)
def ddqn_d65fd4(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQNAgent(5, 4, {}),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.replay(),
        sync=lambda agent: agent.update_target_network(),
        n_actions=4,
    )


@update(
    "2375e175705f", "ddqn_agent.py", "2f8c122640", "double DQN, images", OWN, ("bootstrap-gradient",), DRAWN, EIGHTH
)
def ddqn_2375e1(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQNAgent(0.99, 1.0, 1e-3, 5, (1, 44, 44), 2000, 32, algo="x", env_name="x", chkpt_dir="/tmp"),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=5,
        obs=(1, 44, 44),
        image=True,
    )


@update(
    "d15c32468b02",
    "ddqn_agent.py",
    "79b607ead2",
    "double DQN",
    OWN,
    ("fixed-output|rows-misaligned",),
    "read: `index_select(1, best)[:, 0]` values all rows at the action that the first row prefers",
    EIGHTH,
)
def ddqn_d15c32(code: Any) -> Report:
    m = code.module()
    m.PARAM.BATCH_SIZE = 32
    return examine(
        lambda: m.DDQNAgent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update("a3931945e6ee", "models/dqn.py", "e016c36462", "DQN", BATCH, RIGHT, "read; the loop copies the target", EIGHTH)
def dqn_a39319(code: Any) -> Report:
    h = code.module(dotted="utils").hyperparams
    m = code.module(dotted="models.dqn")

    def make():
        agent = m.DQN((5,), 4, h.DQN_Config())
        agent.held = [agent.make_net().requires_grad_(False)]
        return agent

    def learn(agent, b):
        s, a, r, s2, d = b.tensors()
        target = agent.held[0]
        agent.update(s, a, r, [None if end else x[None] for x, end in zip(s2, d, strict=True)], Held(target))

    class Held:
        def __init__(self, net):
            self.forward = net

    return examine(make, update=learn, sync=lambda agent: agent.copy_net(agent.held[0]), n_actions=4)


@update(
    "e5b8df3eb2f8",
    "dqn.py",
    "39022dd778",
    "DQN",
    FUNCTION,
    RIGHT,
    "read; the loop copies the target",
    EIGHTH,
)
def dqn_e5b8df(code: Any) -> Report:
    m = code.module()

    def make():
        net, target = m.DQN(5, 4), m.DQN(5, 4)
        return SimpleNamespace(net=net, target=target, adam=torch.optim.Adam(net.parameters()))

    def learn(agent, b):
        s, a, r, s2, d = b.tensors(column=True)
        m.train_dqn_batch(agent.adam, m.Batch(s, a, r, s2, d.bool()), agent.net, agent.target, 0.99)

    return examine(
        make,
        update=learn,
        sync=lambda agent: agent.target.load_state_dict(agent.net.state_dict()),
        n_actions=4,
    )
