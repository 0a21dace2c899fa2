"""Updates met first in the twelfth round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from bench.corpus.adapters.common import BATCH, FUNCTION, LOOP, LOOSE, NO_TARGET, OWN, PASSED, READ, TWELFTH
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import OldEnv, env_of, gymnasium_makes
from gradexaminer import Report, examine, watch

FRAMES: dict[str, Any] = {"obs": (4, 84, 84), "image": True, "n_actions": 4}
ENV = env_of(5, n_actions=4)
CPU = torch.device("cpu")


def net(sizes: tuple[int, int] = (5, 4)) -> nn.Module:
    """What the programs that are handed their networks make themselves."""
    return nn.Sequential(nn.Linear(sizes[0], 64), nn.ReLU(), nn.Linear(64, sizes[1]))


@update(
    "7b4fa190bfa8",
    "ddqn.py",
    "55da736dbb",
    "double DQN on images",
    LOOP,
    ("mask-truncated",),
    "read: what a time limit cuts off is stored as an end; next states are the rows stored after",
    TWELFTH,
)
def ddqn_7b4fa1(code: Any) -> Report:
    def run(make):
        m = code.module()
        m.make_env = lambda **_: make()
        m.DDQN_Agent("x", 4, (4, 84, 84), 4, CPU).train(32, 1000, 10**6, 100, 4, 20, log_every=10**9)

    return watch(run, **FRAMES)


@update("f3856a724dd0", "agents/dqn.py", "9ef60d8a83", "DQN on images", BATCH, RIGHT, READ, TWELFTH)
def dqn_f3856a(code: Any) -> Report:
    m, memory = code.module(dotted="agents.dqn"), code.module("utils/replay_buffer.py")
    return examine(
        lambda: SimpleNamespace(
            agent=m.DQNAgent(4, CPU, target_update_freq=4, net_scale="small"),
            buffer=memory.ReplayBuffer(1000, (4, 84, 84), CPU),
        ),
        lambda x, t: x.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.learn(x.buffer.sample(32)),
        **FRAMES,
    )


@update("f3856a724dd0", "agents/ddqn.py", "9ef60d8a83", "double DQN on images", BATCH, RIGHT, READ, TWELFTH)
def ddqn_f3856a(code: Any) -> Report:
    m, memory = code.module(dotted="agents.ddqn"), code.module("utils/replay_buffer.py")
    return examine(
        lambda: SimpleNamespace(
            agent=m.DoubleDQNAgent(4, CPU, target_update_freq=4, net_scale="small"),
            buffer=memory.ReplayBuffer(1000, (4, 84, 84), CPU),
        ),
        lambda x, t: x.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.learn(x.buffer.sample(32)),
        **FRAMES,
    )


@update("88dcc6f71142", "pytorch/agents/double_dqn.py", "4cedf05a6f", "double DQN", BATCH, RIGHT, READ, TWELFTH)
def double_dqn_88dcc6(code: Any) -> Report:
    m, nets = code.module(), code.module("pytorch/networks/dense.py")
    return examine(
        lambda: m.DoubleDQN("x", 4, nets.Dense(5, 4), nets.Dense(5, 4), lr=1e-3),
        update=lambda agent, b: agent.train_step(*b.tensors(), None),
        sync=lambda agent: agent.target_nn.load_state_dict(agent.main_nn.state_dict()),
        n_actions=4,
    )


@update("ecf39906d3f6", "agents/dueling_dqn.py", "8bd287b1cc", "dueling double DQN, dropout", OWN, RIGHT, READ, TWELFTH)
def dueling_dqn_ecf399(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQNAgent(5, 4, 0.99, 1e-3, 100),
        lambda agent, t: agent.store(*t.as_tuple()),
        lambda agent: agent.train_step(),
        n_actions=4,
    )


@update("ecf39906d3f6", "agents/dqn_agent.py", "8bd287b1cc", "double DQN", OWN, RIGHT, READ, TWELFTH)
def dqn_ecf399(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, 0.99, 1e-3, 100),
        lambda agent, t: agent.store(*t.as_tuple()),
        lambda agent: agent.train_step(),
        n_actions=4,
    )


TUTORIAL = {"env_name": "x", "learning_rate": 1e-3, "replay_buffer_size": 5000, "batch_size": 32, "seed": 0}
TUTORIAL |= {"epsilon_start": 1.0, "gamma": 0.99}


@update("681b6c2e6ac6", "agents/ddqn.py", "dd32b14ea5", "double DQN", OWN, RIGHT, READ, TWELFTH)
def ddqn_681b6c(code: Any) -> Report:
    m = code.module()
    gymnasium_makes(lambda *_: ENV)
    return examine(
        lambda: m.DDQNTrainer(TUTORIAL),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent._learn(agent.memory.sample(), 0.99),
        sync=lambda agent: agent.qnetwork_target.load_state_dict(agent.qnetwork_local.state_dict()),
        n_actions=4,
    )


@update("681b6c2e6ac6", "agents/dqn.py", "dd32b14ea5", "double DQN", OWN, RIGHT, READ, TWELFTH)
def dqn_681b6c(code: Any) -> Report:
    m = code.module()
    gymnasium_makes(lambda *_: ENV)
    return examine(
        lambda: m.DQNTrainer(TUTORIAL),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent._learn(agent.memory.sample(), 0.99),
        sync=lambda agent: agent.qnetwork_target.load_state_dict(agent.qnetwork_local.state_dict()),
        n_actions=4,
    )


@update(
    "0eff6d294b63",
    "lazaro/agents/double_dqn.py",
    "9879e938eb",
    "DQN",
    OWN,
    RIGHT,
    "read; its name says double, and its label is the plain one",
    TWELFTH,
)
def double_dqn_0eff6d(code: Any) -> Report:
    m = code.module(dotted="lazaro.agents")
    entry = code.module(dotted="lazaro.agents.base.models").ReplayBufferEntry

    class Agent(m.explorers.RandomExplorer, m.replay_buffers.RandomReplayBuffer, m.DoubleDqnAgent):
        def model_factory(self):
            return net((5, 64))

        def preprocess(self, x):
            return torch.from_numpy(x)

    return examine(
        lambda: Agent(action_space=4, use_gpu=False),
        lambda agent, t: agent.rp_add(entry(t.obs, t.next_obs, t.action, t.reward, t.done)),
        lambda agent: agent.learn(agent.rp_sample(32)),
        sync=lambda agent: agent.ensure_learning(),
        n_actions=4,
    )


@update("f70007bd1d31", "agents/ddqn.py", "af938c2911", "double DQN", OWN, RIGHT, READ, TWELFTH)
def ddqn_f70007(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQNAgent(5, 4, 0),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.step(*agent.memory.memory[-1]),
        n_actions=4,
    )


@update("f70007bd1d31", "agents/dqn.py", "af938c2911", "DQN, no target network", OWN, RIGHT, NO_TARGET, TWELFTH)
def dqn_f70007(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, 0),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.step(*agent.memory.memory[-1]),
        n_actions=4,
    )


ROUNDED = "read: rewards are kept as whole numbers"


@update("96df342bae64", "agents/ddqn.py", "dcb12f8b9c", "double DQN", OWN, ("reward-rounded",), ROUNDED, TWELFTH)
def ddqn_96df34(code: Any) -> Report:
    m = code.module(dotted="agents.ddqn")
    return examine(
        lambda: m.DDQNAgent(ENV),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.train(32),
        sync=lambda agent: agent.soft_update(),
        n_actions=4,
    )


@update("96df342bae64", "agents/dqn.py", "dcb12f8b9c", "DQN", OWN, ("reward-rounded",), ROUNDED, TWELFTH)
def dqn_96df34(code: Any) -> Report:
    m = code.module(dotted="agents.dqn")
    return examine(
        lambda: m.DQNAgent(ENV),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.train(32),
        sync=lambda agent: agent.soft_update(),
        n_actions=4,
    )


SHARED = (
    "without a GPU, label and prediction share their memory, into which the labels are written (read as right at first)"
)


@update(
    "7ec574dbf485",
    "agents/ddqn.py",
    "efeaa25e3c",
    "double DQN, labels row by row",
    OWN,
    ("gradient-zero",),
    SHARED,
    TWELFTH,
)
def ddqn_7ec574(code: Any) -> Report:
    m, memory = code.module(), code.module("agents/experience_replay.py")
    return examine(
        lambda: m.AgentDDQN(0.99, 4, net(), memory.ExperienceReplay(5000, (5,)), 1e-3, update_steps=10, batch_size=32),
        lambda agent, t: agent.store(torch.from_numpy(t.obs), t.action, t.reward, torch.from_numpy(t.next_obs), t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update(
    "7ec574dbf485", "agents/dqn.py", "efeaa25e3c", "DQN, labels row by row", OWN, ("gradient-zero",), SHARED, TWELFTH
)
def dqn_7ec574(code: Any) -> Report:
    m, memory = code.module(), code.module("agents/experience_replay.py")
    return examine(
        lambda: m.AgentDQN(0.99, 4, net(), memory.ExperienceReplay(5000, (5,)), 1e-3, update_steps=10, batch_size=32),
        lambda agent, t: agent.store(torch.from_numpy(t.obs), t.action, t.reward, torch.from_numpy(t.next_obs), t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update("6277ae16b8bb", "agents/multistep_dqn.py", "43d52999c5", "DQN, four steps", OWN, RIGHT, LOOSE, TWELFTH)
def multistep_6277ae(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.MultiStepDQNAgent(5, 4),
        lambda agent, t: agent.store_experience(*t.as_tuple()),
        lambda agent: agent.train(),
        sync=lambda agent: agent.update_target_network(),
        n_actions=4,
    )


@update("6277ae16b8bb", "agents/my_dueling_ddqn.py", "43d52999c5", "dueling double DQN", OWN, RIGHT, LOOSE, TWELFTH)
def dueling_6277ae(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DuelingDDQNAgent(5, 4),
        lambda agent, t: agent.store_experience(*t.as_tuple()),
        lambda agent: agent.train(),
        sync=lambda agent: agent.update_target_network(),
        n_actions=4,
    )


@update(
    "6277ae16b8bb",
    "agents/my_prioritized_ddqn.py",
    "43d52999c5",
    "double DQN, priorities",
    OWN,
    RIGHT,
    "read; weights lie on value and label alike, and so enter the loss squared",
    TWELFTH,
)
def prioritized_6277ae(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.PrioritizedDoubleDQNAgent(5, 4),
        lambda agent, t: agent.store_experience(*t.as_tuple()),
        lambda agent: agent.train(),
        sync=lambda agent: agent.update_target_network(),
        n_actions=4,
    )


@update("26173996889d", "src/agent/dqn.py", "8df957656a", "DQN", FUNCTION, RIGHT, READ, TWELFTH)
def dqn_261739(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE = 32
    return examine(
        m.init_training_state,
        lambda x, t: m.store_experience(
            x, torch.from_numpy(t.obs), t.action, t.reward, torch.from_numpy(t.next_obs), t.done
        ),
        m.optimize_model,
        obs=16,
        n_actions=4,
    )


@update("26173996889d", "src/agent/duelingDQN.py", "8df957656a", "dueling DQN", FUNCTION, RIGHT, READ, TWELFTH)
def dueling_261739(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE = 32
    return examine(
        m.init_training_state,
        lambda x, t: m.store_experience(
            x, torch.from_numpy(t.obs), t.action, t.reward, torch.from_numpy(t.next_obs), t.done
        ),
        m.optimize_model,
        obs=16,
        n_actions=4,
    )


@update("7bef4990ece5", "dqn/agent.py", "e83fb67c0c", "DQN", FUNCTION, RIGHT, READ, TWELFTH)
def dqn_7bef49(code: Any) -> Report:
    m = code.module()

    def make():
        x = SimpleNamespace(policy=m.DQN(5, 4), target=m.DQN(5, 4), memory=m.ReplayMemory(5000))
        x.loss_fn, x.discount_factor_g, x.optimizer = nn.MSELoss(), 0.99, torch.optim.Adam(x.policy.parameters())
        return x

    def feed(x, t):
        state, after = torch.from_numpy(t.obs), torch.from_numpy(t.next_obs)
        x.memory.append((state, torch.tensor(t.action), after, torch.tensor(t.reward), t.done))

    return examine(
        make,
        feed,
        lambda x: m.Agent.optimize(x, x.memory.sample(32), x.policy, x.target),
        sync=lambda x: x.target.load_state_dict(x.policy.state_dict()),
        n_actions=4,
    )


@update("b5e092378b51", "agent/dqn.py", "176e8d4f30", "DQN", OWN, RIGHT, READ, TWELFTH)
def dqn_b5e092(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32, update_interval=2),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.step(*agent.memory.memory[-1]),
        n_actions=4,
    )


@update("aeaeb959f51e", "algos/dqn.py", "756608bd56", "DQN, one head for each device", PASSED, RIGHT, READ, TWELFTH)
def dqn_aeaeb9(code: Any) -> Report:
    m, memory = code.module(), code.module("algos/replay.py")
    algo = {
        "lr": 1e-3,
        "copy_steps": 10,
        "eps_len": 1,
        "eps_max": 1.0,
        "eps_min": 0.1,
        "discount": 0.99,
        "batch_size": 32,
    }
    told = {"seed": 0, "algo": {**algo, "dims_hidden_neurons": (64, 64)}}

    def feed(x, t):
        state, reward, after = (torch.tensor(v, dtype=torch.double) for v in (t.obs, [t.reward], t.next_obs))
        x.buffer.add(state, torch.tensor([t.action]), reward, reward, after, t.done)

    return examine(
        lambda: SimpleNamespace(
            agent=m.Agent(told, SimpleNamespace(dim_state=5, dims_action=(4,))), buffer=memory.ReplayBuffer(5000, 0)
        ),
        feed,
        lambda x: x.agent.update(x.buffer),
        n_actions=4,
    )


@update("d22df3010b40", "agents/dqn_agent.py", "44d3bfc25b", "DQN", OWN, RIGHT, READ, TWELFTH)
def dqn_d22df3(code: Any) -> Report:
    m = code.module(dotted="agents.dqn_agent")
    return examine(
        lambda: m.DQNAgent(
            ENV.observation_space, ENV.action_space, buffer_size=5000, batch_size=32, target_update_freq=10
        ),
        lambda agent, t: agent.store(*t.as_tuple()),
        lambda agent: agent.update(),
        n_actions=4,
    )


@update("3ce81cbfac2a", "algorithms/dqn.py", "bc39c96a2a", "double DQN", OWN, RIGHT, READ, TWELFTH)
def dqn_3ce81c(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, None),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(*agent.memory.buffer[-1]),
        n_actions=4,
    )


@update("4b333afb5fb5", "dqn/dqn.py", "5a40ee085b", "DQN", BATCH, RIGHT, READ, TWELFTH)
def dqn_4b333a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 4, 5000, 32, 1e-4, 1e-8, 0.99, 1, 0.005, 10, "cpu"),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample()),
        n_actions=4,
    )


@update("4b333afb5fb5", "dqn/d3qn.py", "5a40ee085b", "dueling double DQN", BATCH, RIGHT, LOOSE, TWELFTH)
def d3qn_4b333a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.D3QN(5, 4, 5000, 32, 1e-4, 1e-8, 0.99, 1, 0.005, 10, "cpu"),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample()),
        n_actions=4,
    )


@update(
    "e98d5da14253",
    "option_keyboard/dqn/dqn.py",
    "7bace01f1a",
    "DQN, no target network, no replay, row by row",
    LOOP,
    ("mask-missing",),
    "read: the error never asks whether the episode has ended",
    TWELFTH,
)
def dqn_e98d5d(code: Any) -> Report:
    def run(make):
        m = code.module(dotted="option_keyboard.dqn.dqn")
        m.dqn(OldEnv(make()), 0.1, 0.99, 1e-3, "cpu", 10**6, 32, None, 10**9, 1, "x", "x")

    return watch(run, n_actions=4)


@update("a5a7246acfad", "rllib/algorithms/dqn.py", "8d26b0145f", "DQN on images", OWN, RIGHT, LOOSE, TWELFTH)
def dqn_a5a724(code: Any) -> Report:
    m = code.module(dotted="rllib.algorithms.dqn")
    told = {
        "state_dim": 4,
        "action_dim": 4,
        "n_initial_exploration_steps": 32,
        "buffer_size": 1000,
        "target_update_freq": 4,
    }
    return examine(
        lambda: m.DQN(m.DQNConfig(told)),
        lambda agent, t: agent.push((t.obs, t.action, t.next_obs, t.reward, t.done)),
        lambda agent: agent.train(),
        **FRAMES,
    )


@update("a0ff275a80ff", "algorithms/dqn.py", "dc6f3236da", "DQN", OWN, RIGHT, READ, TWELFTH)
def dqn_a0ff27(code: Any) -> Report:
    m, memory = code.module(), code.module("utils/replay_buffer.py")
    cfg = SimpleNamespace(epsilon_start=1.0, lr=1e-3, batch_size=32, device="cpu", gamma=0.99, target_update=1)
    return examine(
        lambda: m.DQN(net(), net(), memory.ReplayBuffer(5000), cfg),
        lambda agent, t: agent.memory.push(t.as_tuple()),
        lambda agent: agent.update(),
        sync=lambda agent: agent.end_episode(0),
        n_actions=4,
    )


@update("e74d542a1349", "agents/dqn_agent.py", "b86ec927b9", "DQN", BATCH, RIGHT, READ, TWELFTH)
def dqn_e74d54(code: Any) -> Report:
    m = code.module()

    def learn(agent, b):
        agent.calls = getattr(agent, "calls", 0) + 1
        agent.update(*b.tensors(), agent.calls)

    return examine(
        lambda: m.DQNAgent(
            (5,), 4, lambda *_: net(), torch.optim.Adam, lambda o: torch.optim.lr_scheduler.ConstantLR(o, 1.0), 0.99, 5
        ),
        update=learn,
        n_actions=4,
    )


@update("b3af238f94cb", "algorithms/dqn.py", "050e06d268", "dueling double DQN on images", OWN, RIGHT, READ, TWELFTH)
def dueling_b3af23(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DuelingDoubleDQN((4, 84, 84), 4, memory_size=1000, target_update_freq=4),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        **FRAMES,
    )


@update("a17b55138347", "algos/dqn.py", "e1a6221364", "DQN on images", OWN, RIGHT, READ, TWELFTH)
def dqn_a17b55(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE = 32
    still = np.zeros(4, np.float32)  # a state beside the image, which the network leaves unused
    return examine(
        m.DQN,
        lambda agent, t: agent.replay_buffer.add(
            (t.obs, still), t.action, t.reward, (t.next_obs, still), float(t.done), []
        ),
        lambda agent: agent.learn(),
        obs=(4, 42, 42),
        image=True,
        n_actions=9,
    )
