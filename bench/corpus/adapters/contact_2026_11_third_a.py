"""Updates met first in a third round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, NO_TARGET, OWN, PASSED, READ, SCRIPT, THIRD
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine, watch


@update("c102ec191132", "D3QN.py", "7465f107d0", "dueling double DQN", OWN, RIGHT, READ, THIRD)
def ddqn_c102ec(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.D3QN(1e-3, 5, 4, 64, 64, "", max_size=5000, batch_size=64),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update(
    "dd6d779748bf",
    "algorithms/dqn.py",
    "abdd669b0f",
    "DQN, the action an input",
    SCRIPT,
    RIGHT,
    "read; one output for (s, a), asked row by row at every action",
    THIRD,
)
def dqn_dd6d77(code: Any) -> Report:
    def run(make):
        scaler = SimpleNamespace(fit=lambda ends: vars(scaler).update(low=ends[0], width=ends[1] - ends[0]))
        scaler.transform = lambda x: (x - scaler.low) / scaler.width
        sys.modules["sklearn.preprocessing"] = SimpleNamespace(MinMaxScaler=lambda **_: scaler)  # type: ignore[assignment]
        code.run(make)

    return watch(run, n_actions=2, obs=4)


@update(
    "f60febe40015",
    "D3QN.py",
    "27904f33b5",
    "dueling DQN",
    PASSED,
    RIGHT,
    "read; defaults, without the robust margin",
    THIRD,
)
def dqn_f60feb(code: Any) -> Report:
    m = code.module()
    args = SimpleNamespace(state_dim=5, hidden_dim=64, action_dim=4, batch_size=64, max_train_steps=10**6, lr=1e-4)
    args.__dict__.update(gamma=0.99, tau=0.005, use_soft_update=True, target_update_freq=200, weight_reg=0)
    args.__dict__.update(grad_clip=10.0, use_lr_decay=True, use_double=False)

    def update_once(agent, b):
        batch = {"state": b.obs, "action": b.action[:, None], "reward": b.reward, "next_state": b.next_obs}
        batch = {name: torch.tensor(x) for name, x in {**batch, "terminal": b.done}.items()}
        agent.learn(SimpleNamespace(sample=lambda: (batch, None)), 0)

    return examine(lambda: m.D3QN(args), update=update_once, n_actions=4)


@update(
    "70db18d54483",
    "src/agents/dqn.py",
    "a9f1412ad6",
    "DQN, images",
    "agent object, network and buffer given to it",
    RIGHT,
    READ,
    THIRD,
)
def dqn_70db18(code: Any) -> Report:
    m, nets, utils = code.module(), code.module("src/networks/net.py"), code.module("src/utils.py")

    def make():
        net, env = nets.ConvModel(4, 4), SimpleNamespace(action_space=SimpleNamespace(n=4))
        return m.DQNAgent(env, net, utils.ReplayMemory("cpu"), torch.optim.Adam(net.parameters()), None)

    def image(x):
        return torch.tensor(x)[None] / 255

    return examine(
        make,
        lambda agent, t: agent._buffer.push((image(t.obs), t.action, t.reward, image(t.next_obs), t.done)),
        lambda agent: agent._update(*agent._buffer.sample()),
        sync=lambda agent: agent._target_estimator.load_state_dict(agent._estimator.state_dict()),
        n_actions=4,
        obs=(4, 64, 64),
        image=True,
    )


@update(
    "60c2c3fca980",
    "src/agents/dqn.py",
    "eadb5c3062",
    "DQN, states by number",
    OWN,
    RIGHT,
    "read; the buffer holds numbers of states, which the environment turns into features",
    THIRD,
)
def dqn_60c2c3(code: Any) -> Report:
    sys.path.insert(0, str(code.root / "src"))
    m = code.module()
    seen = {}
    env = SimpleNamespace(n_state_features=5, n_actions=4, get_state_features=seen.get)

    def feed(agent, t):
        seen[2 * t.index], seen[2 * t.index + 1] = t.obs, t.next_obs
        agent.buffer.push(2 * t.index, t.action, t.reward, 2 * t.index + 1, t.done)

    return examine(
        lambda: m.DQNAgent(env),
        feed,
        lambda agent: agent.learn(),
        sync=lambda agent: agent._sync_target(),
        n_actions=4,
    )


@update("a4e9baf3f467", "src/agents/dqn.py", "2ed677bc13", "DQN", OWN, RIGHT, READ, THIRD)
def dqn_a4e9ba(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.observe(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        n_actions=4,
    )


@update(
    "9eb0fcd23cca",
    "algorithms/dqn.py",
    "9d914f2f04",
    "DQN",
    OWN,
    ("bootstrap-standardized",),
    "read: the next state's values are standardized over the batch",
    THIRD,
)
def dqn_9eb0fc(code: Any) -> Report:
    m = code.module()
    m.Logger, p = lambda *_: None, m.preprocess_transition
    return examine(
        lambda: m.DQNAgent(None, 5, 4, None),
        lambda agent, t: agent.memory.update(p(t.obs), p(t.action), p(t.reward), p(t.next_obs), p(float(t.done))),
        lambda agent: agent.update_models(*agent.memory.sample(32)),
        n_actions=4,
    )


@update(
    "a1b7a3deb2a8",
    "agents/double_dqn.py",
    "15d4f696c4",
    "DQN (called double)",
    OWN,
    ("mask-missing",),
    "read: no end can be stored; its task, a bus line, hardly has one",
    THIRD,
)
def dqn_a1b7a3(code: Any) -> Report:
    m = code.module()
    told = {"is_state_globa": False, "max_hold": 60.0, "w": 0.1, "is_rewar_globa": False, "agent_name": "DoubleDQN"}
    told |= {"gamma": 0.95, "lr": 1e-3, "polya": 0.99, "batch_size": 32, "hidde_size": [64], "epsilon": 1, "t": 1}
    told |= {"update_counter": 0, "target_update_freq": 200, "is_discr_state": False}

    def update_once(agent, b):
        rows = b.obs, b.action, b.reward, b.next_obs
        kept = SimpleNamespace(get_buffer_size=lambda: 10**6, sample_transition=lambda *_: rows)
        agent._DoubleDQN__event_handl = kept
        agent.learn()

    return examine(lambda: m.DoubleDQN(SimpleNamespace(), told, False), update=update_once, n_actions=4, obs=3)


@update(
    "ccc8cfd06694",
    "src/agents/dqn.py",
    "6509809cfc",
    "double DQN, a set of objects",
    PASSED,
    RIGHT,
    "read; observations are dicts, whose kinds and masks are held fixed here",
    THIRD,
)
def ddqn_ccc8cf(code: Any) -> Report:
    sys.path.insert(0, str(code.root / "src"))
    m, buffers = code.module(), code.module("src/agents/replay_buffer.py")

    def fruits(x):
        fixed = {"fruit_types": np.eye(11)[:10], "fruit_mask": np.ones(10), "current_fruit": 0, "next_fruit": 1}
        return {"fruits": np.pad(x, ((0, 0), (0, 2))), **fixed}

    return examine(
        lambda: SimpleNamespace(agent=m.DQNAgent(batch_size=40), buffer=buffers.DictReplayBuffer(5000, 10)),
        lambda x, t: x.buffer.push(fruits(t.obs), t.action, t.reward, fruits(t.next_obs), t.done),
        lambda x: x.agent.update(x.buffer),
        n_actions=32,
        obs=(10, 2),
    )


@update("8a11490be38b", "agents/double_dqn.py", "1a8ad89f58", "double DQN", BATCH, RIGHT, READ, THIRD)
def ddqn_8a1149(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DoubleDQN(5, 4),
        update=lambda agent, b: agent.train_step(b.obs, b.action, b.reward, b.next_obs, b.done),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        n_actions=4,
    )


@update("8a11490be38b", "agents/naive_dqn.py", "1a8ad89f58", "DQN", BATCH, RIGHT, NO_TARGET, THIRD)
def dqn_8a1149(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.NaiveDQN(5, 4),
        update=lambda agent, b: agent.train_step_replay(b.obs, b.action, b.reward, b.next_obs, b.done),
        n_actions=4,
    )


@update(
    "c6afbb3ed805", "agents/double_dqn.py", "25d40378d3", "double DQN, live rows alone asked", OWN, RIGHT, READ, THIRD
)
def ddqn_c6afbb(code: Any) -> Report:
    m = code.module()
    env, tensor = env_of(5, n_actions=4), torch.tensor
    env.seed, m.gym.make = print, lambda _name: env
    m.CartPoleDoubleDqnAgent.populate_memory = lambda *_: None
    told = {"num_episodes": 1, "gamma": 0.99, "epsilon_range": (1, 0), "eps_decay": 0.9, "batch_size": 40}
    told |= {"target_update": 9, "policy_update": 1, "learning_rate": 1e-3, "step_lr_params": None}
    return examine(
        lambda: m.CartPoleDoubleDqnAgent("vector", replay_size=5000, replay_prepopulate_steps=0, **told),
        lambda agent, t: agent.memory.add(
            tensor(t.obs)[None], tensor([t.action]), tensor([t.reward]), tensor(t.next_obs)[None], tensor([t.done])
        ),
        lambda agent: agent.train_double_dqn_batch(agent.memory.sample(40)),
        sync=lambda agent: agent.dqn_target.load_state_dict(agent.dqn_model.state_dict()),
        n_actions=4,
    )


@update(
    "92c254dbe019",
    "algos/dqn.py",
    "16f7f7c16a",
    "DQN, heads added",
    PASSED,
    RIGHT,
    "read; examined with one head; numbers of 64 bits",
    THIRD,
)
def dqn_92c254(code: Any) -> Report:
    m, buffers = code.module(dotted="algos.dqn"), code.module(dotted="algos.replay")
    tensor = torch.tensor
    algo = {"lr": 1e-3, "copy_steps": 30, "eps_len": 9, "eps_max": 1, "eps_min": 0, "discount": 0.95}
    config = {"seed": 0, "algo": {**algo, "batch_size": 40, "dims_hidden_neurons": (64, 64)}}
    return examine(
        lambda: SimpleNamespace(
            agent=m.Agent(config, SimpleNamespace(dim_state=5, dims_action=(4,))), buffer=buffers.ReplayBuffer(5000, 0)
        ),
        lambda x, t: x.buffer.add(
            tensor(t.obs).double(), tensor([t.action]), tensor([t.reward]).double(), tensor(t.next_obs).double(), t.done
        ),
        lambda x: x.agent.update(x.buffer),
        n_actions=4,
    )
