"""Updates met first in the fourteenth round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import DICT, FOURTEENTH, LOOP, LOOSE, NO_TARGET, OWN, READ, SCRIPT
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import Anything, StandIn, env_of
from gradexaminer import Report, examine, watch

FOUR: dict[str, Any] = {"n_actions": 4}
ENV = env_of(5, n_actions=4)
CPU = torch.device("cpu")
LIMITS = "read: a time limit is stored as an end"
AVERAGED = "read: the advantage's mean is taken over the whole batch"


@update(
    "47487256b313",
    "agents/dqn.py",
    "a49f9db96c",
    "DQN",
    OWN,
    ("alias|shared-storage",),
    "read: one object is both networks",
    FOURTEENTH,
)
def dqn_474872(code: Any) -> Report:
    sys.modules["core.env_details"] = StandIn("core.env_details")  # asks for a part of an older Gymnasium
    m = code.module(dotted="agents.dqn")

    def make():
        net = torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4))
        parts = SimpleNamespace(
            network=net, optimizer=torch.optim.Adam(net.parameters()), loss_metric=torch.nn.MSELoss()
        )
        env = SimpleNamespace(make_env=lambda _: None, n_actions=4)
        return m.DQN(env, parts, SimpleNamespace(buffer_size=5000, batch_size=32, gamma=0.99, tau=0.001), "cpu", 0)

    return examine(
        make,
        lambda agent, t: agent.memory.add(m.DQNExperience(*t.as_tuple())),
        lambda agent: agent.learn(agent.memory.sample()),
        sync=lambda agent: agent._DQN__update_target_network(),
        **FOUR,
    )


@update("fd2daa9dc42e", "double_dqn_agent.py", "b2106e6cbe", "dueling double DQN", OWN, RIGHT, READ, FOURTEENTH)
def ddqn_fd2daa(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **FOUR,
    )


@update("2839986cfad6", "ML training/cartpole_dqn.py", "ee05446faa", "DQN", SCRIPT, RIGHT, READ, FOURTEENTH)
def dqn_283998(code: Any) -> Report:
    return watch(lambda make: code.run(make), **FOUR)


@update(
    "9bfb0cc8615f", "cartpole_dqn.py", "3b85022af1", "DQN, no target", SCRIPT, ("mask-truncated",), LIMITS, FOURTEENTH
)
def dqn_9bfb0c(code: Any) -> Report:
    return watch(lambda make: code.run(make), obs=4, n_actions=2)


@update("9bfb0cc8615f", "lunar_lander_DQN_dueling.py", "3b85022af1", "dueling double DQN", OWN, RIGHT, READ, FOURTEENTH)
def dueling_9bfb0c(code: Any) -> Report:
    m = code.module(stop="__main__")
    net = (0.99, 1, 0.001, 32, 5000, 5000, True)
    return examine(
        lambda: SimpleNamespace(net=m.Net(*net), goal=m.Net(*net)),
        lambda x, t: x.net.buffer.add(m.Transition(t.obs, t.next_obs, t.action, t.done, t.reward)),
        lambda x: x.net.train(x.goal),
        obs=8,
        **FOUR,
    )


@update(
    "9bfb0cc8615f",
    "lunar_lander_DQN_dueling_PER.py",
    "3b85022af1",
    "dueling double DQN, priorities",
    OWN,
    RIGHT,
    "read; the weights are those of the drawn numbers, not of the priorities, which its buffer alone shows",
    FOURTEENTH,
)
def per_9bfb0c(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        lambda: m.Agent(5, 4, 4096, 32, 0.6, 0.4, 0.9, 0.99, 1e-3),
        lambda agent, t: agent.buffer.add(m.Transi(*t.as_tuple())),
        lambda agent: agent.train(),
        **FOUR,
    )


@update(
    "9bfb0cc8615f",
    "moutain_car_DQN_vanilla.py",
    "3b85022af1",
    "DQN, no target",
    SCRIPT,
    ("mask-truncated",),
    LIMITS,
    FOURTEENTH,
)
def car_9bfb0c(code: Any) -> Report:
    return watch(lambda make: code.run(make), obs=2, n_actions=3)


def _bool(text: str) -> str:
    """A newer PyTorch takes no numbers for a mask."""
    return text.replace("T.tensor(done)", "T.tensor(done).bool()")


@update("119ebf5c7ac2", "dueling_ddqn/d_ddqn.py", "92a2038e89", "dueling double DQN", OWN, RIGHT, LOOSE, FOURTEENTH)
def dueling_119ebf(code: Any) -> Report:
    m = code.module(change=_bool)
    return examine(
        lambda: m.Agent(0.99, 1.0, 1e-3, 4, [5], 5000, 32),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **FOUR,
    )


@update(
    "70093e9fe740",
    "dueling_dqn_torch.py",
    "7c270e6a77",
    "dueling DQN",
    OWN,
    ("mask-on-reward",),
    "read: labels of ends are 0",
    FOURTEENTH,
)
def dueling_70093e(code: Any) -> Report:
    m = code.module(change=_bool)
    return examine(
        lambda: m.Agent(0.99, 1.0, 1e-3, 4, [5], 5000, 32),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **FOUR,
    )


@update("11323810fa3f", "DQN.py", "f4fc3b1736", "DQN", DICT, RIGHT, LOOSE, FOURTEENTH)
def dqn_113238(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 64, 4, 1e-3, 0.98, 0.1, 10, CPU),
        update=lambda agent, b: agent.update(b.as_dict()),
        **FOUR,
    )


@update("11323810fa3f", "DQN.py", "f4fc3b1736", "double DQN", DICT, RIGHT, LOOSE, FOURTEENTH)
def ddqn_113238(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 64, 4, 1e-3, 0.98, 0.1, 10, CPU, "DoubleDQN"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **FOUR,
    )


@update("11323810fa3f", "DQN.py", "f4fc3b1736", "dueling DQN", DICT, RIGHT, LOOSE, FOURTEENTH)
def dueling_113238(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 64, 4, 1e-3, 0.98, 0.1, 10, CPU, "DuelingDQN"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **FOUR,
    )


SETTINGS = SimpleNamespace(
    gamma=0.95,
    epsilon_start=1.0,
    epsilon_end=0.01,
    epsilon_decay=100,
    lr=1e-3,
    memory_capacity=5000,
    batch_size=32,
    device=CPU,
    hidden_dim=64,
)


@update("21a1cc8b724f", "DQN/agent.py", "890fc08872", "DQN", OWN, RIGHT, READ, FOURTEENTH)
def dqn_21a1cc(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 4, SETTINGS),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        **FOUR,
    )


@update("21a1cc8b724f", "DoubleDQN/agent.py", "890fc08872", "double DQN", OWN, RIGHT, READ, FOURTEENTH)
def ddqn_21a1cc(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DoubleDQN(5, 4, SETTINGS),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        **FOUR,
    )


def _delivery(code: Any) -> Any:
    """Its files lie beside each other, and import each other from folders."""
    for folder, name in (("models", "cnn_q_network"), ("utils", "replay_buffer")):
        sys.modules[folder] = StandIn(folder)
        sys.modules[f"{folder}.{name}"] = code.module(f"{name}.py")
    return code.module()


@update("77490a0cb078", "double_dqn_agent.py", "94412b8599", "double DQN on images", OWN, RIGHT, READ, FOURTEENTH)
def ddqn_77490a(code: Any) -> Report:
    m = _delivery(code)
    return examine(
        lambda: m.DoubleDQNAgent(batch_size=32, buffer_capacity=5000),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        obs=(4, 16, 20),
        image=True,
        **FOUR,
    )


@update("77490a0cb078", "dqn_agent.py", "94412b8599", "DQN on images", OWN, RIGHT, READ, FOURTEENTH)
def dqn_77490a(code: Any) -> Report:
    m = _delivery(code)
    return examine(
        lambda: m.DQNAgent(num_actions=4, batch_size=32, buffer_capacity=5000),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        obs=(4, 16, 20),
        image=True,
        **FOUR,
    )


@update("bbdf8bb63319", "double_dqn_agent.py", "dbfc613a95", "double DQN", OWN, RIGHT, READ, FOURTEENTH)
def ddqn_bbdf8b(code: Any) -> Report:
    m = code.module(stop="__main__")
    m.MIN_REPLAY = 64
    return examine(
        m.DoubleDQNAgent,
        lambda agent, t: agent.replay.push(*t.as_tuple()),
        lambda agent: agent.train_step(),
        sync=lambda agent: agent._hard_update_target(),
        obs=90,
        n_actions=3,
    )


@update(
    "ad9ec3a0f156",
    "dqn_torch.py",
    "b5aefa6f58",
    "DQN, no target",
    OWN,
    ("bootstrap-gradient", "mask-missing"),
    "read: the label is not detached; ends as whole numbers are an index, which masks the first two rows",
    FOURTEENTH,
)
def dqn_ad9ec3(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        lambda: m.Agent(0.99, 1.0, 1e-3, [5], 32, 4, 5000),
        lambda agent, t: agent.store_transitions(*t.as_tuple()),
        lambda agent: agent.learn(),
        **FOUR,
    )


@update("45613a9389f5", "DQN/DQN.py", "a5b261db5c", "DQN", OWN, RIGHT, READ, FOURTEENTH)
def dqn_45613a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 4),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        **FOUR,
    )


@update("45613a9389f5", "DoubleDQN/DoubleDQN.py", "a5b261db5c", "double DQN", OWN, RIGHT, READ, FOURTEENTH)
def ddqn_45613a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DoubleDQN(5, 4),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        **FOUR,
    )


@update("45613a9389f5", "DuelingDQN/DuelingDQN.py", "a5b261db5c", "dueling double DQN", OWN, RIGHT, READ, FOURTEENTH)
def dueling_45613a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DuelingDQN(5, 4),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        **FOUR,
    )


@update("f00b6fc40b5b", "agents/dqn.py", "f1deefdbd5", "DQN on images, n-step", OWN, RIGHT, READ, FOURTEENTH)
def dqn_f00b6f(code: Any) -> Report:
    m = code.module(dotted="agents.dqn")
    told = {
        "epsilon_start": 1.0,
        "epsilon_end": 0.1,
        "epsilon_decay": 0.99,
        "learning_rate": 1e-3,
        "replay_buffer_size": 5000,
    }
    told |= {"batch_size": 32, "device": "cpu", "gamma": 0.99, "n_step_td": 1}
    return examine(
        lambda: m.DQN((4, 84, 84), 4, told),
        lambda agent, t: agent.replay_buffer.add(*t.as_tuple()),
        lambda agent: agent.update_online(),
        sync=lambda agent: agent.update_target(),
        obs=(4, 84, 84),
        image=True,
        **FOUR,
    )


@update(
    "974c3b436ec1",
    "RL_brain.py",
    "9650f22817",
    "DQN",
    OWN,
    ("mask-missing",),
    "read: no end of an episode is stored",
    FOURTEENTH,
)
def dqn_974c3b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DeepQNetwork(4, 5),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        **FOUR,
    )


@update("da91ec231cbc", "Q-learning/1. DQN/agent.py", "34355e9276", "DQN", OWN, RIGHT, READ, FOURTEENTH)
def dqn_da91ec(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN_agent(ENV, 0.99, 5000, 64, 1e-3, 32),
        lambda agent, t: agent.memorize(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.update_target_network_params(),
        **FOUR,
    )


@update("da91ec231cbc", "Q-learning/2. Double DQN/agent.py", "34355e9276", "double DQN", OWN, RIGHT, READ, FOURTEENTH)
def ddqn_da91ec(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN_agent(ENV, 0.99, 5000, 64, 1e-3, 32),
        lambda agent, t: agent.memorize(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.update_target_network_params(),
        **FOUR,
    )


@update(
    "da91ec231cbc",
    "Q-learning/3. Dueling DQN/agent.py",
    "34355e9276",
    "dueling DQN",
    OWN,
    ("advantage-averaged",),
    AVERAGED,
    FOURTEENTH,
)
def dueling_da91ec(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN_agent(ENV, 0.99, 5000, 64, 1e-3, 32),
        lambda agent, t: agent.memorize(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.update_target_network_params(),
        **FOUR,
    )


@update(
    "da91ec231cbc",
    "Q-learning/4. Prioritized Experience Replay/agent.py",
    "34355e9276",
    "double DQN, priorities",
    OWN,
    RIGHT,
    READ,
    FOURTEENTH,
)
def per_da91ec(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN_agent(ENV, 0.99, 5000, 64, 1e-3, 32, 0.6),
        lambda agent, t: agent.memorize(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.learn(0.4),
        sync=lambda agent: agent.update_target_network_params(),
        **FOUR,
    )


@update("bdb13314e36f", "agents/dqn.py", "95bb1d8223", "double DQN", OWN, RIGHT, READ, FOURTEENTH)
def ddqn_bdb133(code: Any) -> Report:
    m = code.module(dotted="agents.dqn")
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32, buffer_size=5000),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        **FOUR,
    )


@update("bdb13314e36f", "agents/dqn.py", "95bb1d8223", "dueling DQN", OWN, RIGHT, READ, FOURTEENTH)
def dueling_bdb133(code: Any) -> Report:
    m = code.module(dotted="agents.dqn")
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32, buffer_size=5000, update_freq=1, double_dqn=False, dueling=True),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        **FOUR,
    )


@update("1a56cd9aa744", "double_dqn_agent.py", "f45ec46c29", "double DQN on images", OWN, RIGHT, READ, FOURTEENTH)
def ddqn_1a56cd(code: Any) -> Report:
    m, nets = code.module(), code.module("dqn_cnn_model.py")
    net = lambda: nets.DQN_CNN_Model((4, 84, 84), 4)  # noqa: E731
    return examine(
        lambda: m.DoubleDQNAgent(Anything(), net(), net(), None, 5000, 32, 1e-3, 0.99, 1.0, 0.1, 1000, 10, "cpu"),
        lambda agent, t: agent.memory.add(
            torch.as_tensor(t.obs).float(), t.action, t.reward, t.done, torch.as_tensor(t.next_obs).float()
        ),
        lambda agent: agent.update_weights(),
        obs=(4, 84, 84),
        image=True,
        **FOUR,
    )


@update("1a56cd9aa744", "dqn_agent.py", "f45ec46c29", "DQN on images, no target", OWN, RIGHT, NO_TARGET, FOURTEENTH)
def dqn_1a56cd(code: Any) -> Report:
    m, nets = code.module(), code.module("dqn_cnn_model.py")
    return examine(
        lambda: m.DQNAgent(
            Anything(), nets.DQN_CNN_Model((4, 84, 84), 4), None, 5000, 32, 1e-3, 0.99, 1.0, 0.1, 1000, 10, "cpu"
        ),
        lambda agent, t: agent.memory.add(
            torch.as_tensor(t.obs).float(), t.action, t.reward, t.done, torch.as_tensor(t.next_obs).float()
        ),
        lambda agent: agent.update_weights(),
        obs=(4, 84, 84),
        image=True,
        **FOUR,
    )


@update("1c03c28999e3", "D3QN/d3qn.py", "ddfca3bcbf", "double DQN", OWN, RIGHT, LOOSE, FOURTEENTH)
def ddqn_1c03c2(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DoubleDQN(5, 4, SETTINGS),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        **FOUR,
    )


@update("1c03c28999e3", "D3QN/d3qn.py", "ddfca3bcbf", "dueling DQN", OWN, ("advantage-averaged",), AVERAGED, FOURTEENTH)
def dueling_1c03c2(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.D3QN(5, 4, SETTINGS),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        **FOUR,
    )


@update("1c03c28999e3", "DQN/dqn.py", "ddfca3bcbf", "DQN", OWN, RIGHT, READ, FOURTEENTH)
def dqn_1c03c2(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 4, SETTINGS),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        **FOUR,
    )


def _cartpole(code: Any, kind: str) -> Report:
    m = code.module()

    def run(make):
        m.gym.make = make
        m.CartPoleDQN.num_episodes = 50
        agent = m.CartPoleDQN(kind)
        agent.setup()
        agent.train()

    return watch(run, **FOUR)


@update("5004783faecb", "dqn/cartpole_dqn.py", "6185dba3fc", "DQN", LOOP, RIGHT, READ, FOURTEENTH)
def dqn_500478(code: Any) -> Report:
    return _cartpole(code, "DQN")


@update("5004783faecb", "dqn/cartpole_dqn.py", "6185dba3fc", "double DQN", LOOP, RIGHT, READ, FOURTEENTH)
def ddqn_500478(code: Any) -> Report:
    return _cartpole(code, "DoubleDQN")


@update("96a31c898ed5", "lunar_lander_dqn.py", "df2feddd54", "DQN, no target", OWN, RIGHT, NO_TARGET, FOURTEENTH)
def dqn_96a31c(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        lambda: m.DQNAgentPyTorch(5, 4, m.exp_spec | {"batch_size": 32}, CPU),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.replay(),
        **FOUR,
    )


@update("d62aa8b7e2fd", "lunar_lander_dqn.py", "75cd036842", "DQN", OWN, RIGHT, READ, FOURTEENTH)
def dqn_d62aa8(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        lambda: m.Agent(5, 4),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.update_target_network(),
        **FOUR,
    )


@update(
    "8cc5ca14ff5f",
    "model.py",
    "d924e3925f",
    "DQN, no target, row by row",
    OWN,
    ("bootstrap-gradient", "untaken|wrong-column|index-as-value"),
    "read: the label is not detached; an action of zeros and a one is used as indices, which label outputs 0 and 1",
    FOURTEENTH,
)
def dqn_8cc5ca(code: Any) -> Report:
    m = code.module()

    def learn(trainer, batch):
        for t in batch.transitions:
            trainer.train_step(t.obs, np.eye(3, dtype=int)[t.action], t.reward, t.next_obs, t.done)

    return examine(lambda: m.QTrainer(m.Linear_QNet(5, 64, 3), 1e-3, 0.9), update=learn, n_actions=3)
