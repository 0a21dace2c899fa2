"""Updates met first in a third round of November 2026, drawn at random: further DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import itertools
import sys
from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import BATCH, DICT, FUNCTION, LOOP, NO_TARGET, OWN, READ, SCRIPT, THIRD
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine, watch


@update(
    "906664146588", "src/agents/dqn.py", "e1230c05a1", "DQN, images, a body and a head apart", OWN, RIGHT, READ, THIRD
)
def dqn_906664(code: Any) -> Report:
    m = code.module(dotted="src.agents.dqn")
    space, choice = SimpleNamespace(shape=(4, 84, 84)), SimpleNamespace(n=4)
    return examine(
        lambda: m.DQN(space, choice, {"model_name": "small", "model_output_dim": 64}, "cpu"),
        lambda agent, t: agent.memory.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        sync=lambda agent: agent.update_target_network(),
        n_actions=4,
        obs=(4, 84, 84),
        image=True,
    )


@update(
    "fdb172cee1dc",
    "algos/ddqn.py",
    "172bf7ec43",
    "double DQN with entropy",
    BATCH,
    ("advantage-averaged",),
    "read: the mean advantage is taken over the whole batch; an entropy is added to label and loss, by choice",
    THIRD,
)
def ddqn_fdb172(code: Any) -> Report:
    m, parts = code.module(), code.module("models/constructor.py")
    args = SimpleNamespace(gamma=0.99, tau=0.005, alpha=0.1, actor_lr=1e-3)

    def update_once(agent, b):
        r, d = torch.tensor(b.reward)[:, None], torch.tensor(b.done)[:, None]
        s, s2, a = map(torch.tensor, (b.obs, b.next_obs, b.action))
        agent.update_parameters(s, s2, a, r, d)

    return examine(lambda: m.DDQN(args, parts.ModelConstructor(5, 4, 64)), update=update_once, n_actions=4)


@update(
    "39368874e084",
    "src/agents/dqn.py",
    "f533d0e4a5",
    "DQN",
    OWN,
    RIGHT,
    "read; the later of the two agents that the file defines",
    THIRD,
)
def dqn_393688(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        n_actions=4,
    )


@update("770dcdc5b8cd", "src/agents/dqn.py", "bebfd3c419", "DQN, a step for each row", OWN, RIGHT, NO_TARGET, THIRD)
def dqn_770dcd(code: Any) -> Report:
    m = code.module(dotted="src.agents.dqn")
    env = SimpleNamespace(get_state_size=lambda: 5, get_action_space=lambda: range(4))
    return examine(
        lambda: m.DQNAgent(env),
        lambda agent, t: agent.memory.append((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.replay(),
        n_actions=4,
    )


@update("547dd4440b60", "dqn_lunar_lander.py", "b09bcf0a0c", "DQN", SCRIPT, RIGHT, READ, THIRD)
def dqn_547dd4(code: Any) -> Report:
    return watch(
        lambda make: code.run(make, change=lambda text: text.replace("episodes = 50", "episodes = 5000")),
        n_actions=4,
        obs=8,
    )


@update("ed16d673e6e1", "D3QN.py", "a8471ea434", "dueling double DQN", BATCH, RIGHT, READ, THIRD)
def ddqn_ed16d6(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(m.DDQN(m.Model(5, 4), 4, 0.99, 1e-3), 5, 4),
        update=lambda agent, b: agent.learn(b.obs, b.action, b.reward, b.next_obs, b.done),
        n_actions=4,
    )


@update("bf01999567d6", "src/agents/dqn.py", "b5e8c3bf28", "DQN", OWN, RIGHT, READ, THIRD)
def dqn_bf0199(code: Any) -> Report:
    m = code.module(dotted="src.agents.dqn")
    env = env_of(5, n_actions=4)
    return examine(
        lambda: m.DQN_Agent(env, 1, 0, 0.9, 5, 1e-3, 0.99, 5000, "MountainCar-v0", 40, 10, "", None),
        lambda agent, t: agent.replay_memory.store(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.learn(40, False),
        sync=lambda agent: agent.hard_update(),
        n_actions=4,
    )


@update("292967ebb5f2", "src/agents/dqn.py", "dbc792cca6", "double DQN", BATCH, RIGHT, READ, THIRD)
def ddqn_292967(code: Any) -> Report:
    m = code.module()

    def rows(b):
        return [(torch.tensor(t.obs), t.action, t.reward, torch.tensor(t.next_obs), t.done) for t in b.transitions]

    return examine(
        lambda: m.DQNAgent(5, 4),
        update=lambda agent, b: agent.update(rows(b), len(b)),
        sync=lambda agent: agent.soft_update_target(),
        n_actions=4,
    )


@update(
    "2da2edf4b042",
    "src/agents/dqn.py",
    "ccc2b0a899",
    "DQN",
    LOOP,
    ("mask-truncated",),
    "read: done = terminated or truncated is stored",
    THIRD,
)
def dqn_2da2ed(code: Any) -> Report:
    class Vans:
        n_vans = n_zones = 2

        def __init__(self, env):
            self.env, self.observation_space, self.sales = env, env.observation_space, 0.0

        def reset(self, **_):
            self.obs = self.env.reset()[0]

        def step(self, action):
            self.obs, reward, terminated, truncated, _ = self.env.step(action)
            self.sales += reward
            return self.obs, 0, terminated, truncated, {"n_total_sales": self.sales}

        def _observation(self):
            return self.obs

    def run(make):
        rest = {"MACRO_NAMES": [], "MACROS": [lambda *_, i=i: i for i in range(4)], "_GreedyShim": print}
        for name, held in {
            "src.env": {},
            "src.env.dispatcher_env": {"DispatcherEnv": 0},
            "src.agents.greedy_agent": {"GreedyAgent": 0},
            "src.agents.q_learning": rest,
        }.items():
            sys.modules[name] = SimpleNamespace(**held)  # type: ignore[assignment]
        m = code.module(dotted="src.agents.dqn")
        m.WARMUP_STEPS = 100
        m.DQNAgent(Vans(make())).train([None], 10**6)

    return watch(run, n_actions=4)


@update(
    "fc205f4aef10",
    "agents/double_dqn.py",
    "481cd056d7",
    "double DQN",
    "agent object, network and buffer given to it",
    RIGHT,
    READ,
    THIRD,
)
def ddqn_fc205f(code: Any) -> Report:
    m, nets, buffers = (
        code.module(),
        code.module("agents/vfa/neural_network.py"),
        code.module("agents/buffers/experience_replay.py"),
    )
    steps = itertools.count(2)

    def make():
        net = torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4))
        vfa = nets.NeuralNetworkVfa(net, torch.nn.MSELoss(), torch.optim.Adam(net.parameters()), None, 1.0)
        return m.DoubleDqn(buffers.ExperienceReplay(5000, 40), vfa, None, 1, 10, 0, 1)

    return examine(
        make,
        update=lambda agent, b: agent.learn(
            b.obs, b.action, b.next_obs, b.reward, b.terminated, b.truncated, 0.99, next(steps), print
        ),
        n_actions=4,
    )


@update("d6f233289304", "agents/double_dqn.py", "352fdd9684", "double DQN", OWN, RIGHT, READ, THIRD)
def ddqn_d6f233(code: Any) -> Report:
    m = code.module()
    env = env_of(5, n_actions=4)
    return examine(
        lambda: m.DoubleDQNAgent(env.action_space, env.observation_space, batch_size=40),
        lambda agent, t: agent.memory.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(0.0, None, False),
        n_actions=4,
    )


@update(
    "6ef75bc28c7f",
    "D3QN.py",
    "9a0fd61007",
    "dueling double DQN",
    FUNCTION,
    ("advantage-averaged",),
    "read: the mean advantage is taken over the whole batch, so that rows depend on each other",
    THIRD,
)
def ddqn_6ef75b(code: Any) -> Report:
    m = code.module()

    def make():
        net = m.Q_net(5, 4)
        x = SimpleNamespace(net=net, target=m.Q_net(5, 4), buffer=m.ReplayBuffer(5, 5000, 40))
        x.optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
        return x

    return examine(
        make,
        lambda x, t: x.buffer.put(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda x: m.train(x.net, x.target, x.buffer, "cpu", x.optimizer),
        sync=lambda x: x.target.load_state_dict(x.net.state_dict()),
        n_actions=4,
    )


@update("3b898c92055f", "src/agents/dqn.py", "be68a5940d", "DQN, images", OWN, RIGHT, READ, THIRD)
def dqn_3b898c(code: Any) -> Report:
    m = code.module(dotted="src.agents.dqn")
    config = SimpleNamespace(EPSILON_START=1, LEARNING_RATE=1e-4, MEMORY_SIZE=2000, BATCH_SIZE=32, GAMMA=0.99)
    return examine(
        lambda: m.DQNAgent((4, 84, 84), 4, "cpu", config),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.update_target_network(),
        n_actions=4,
        obs=(4, 84, 84),
        image=True,
    )


@update(
    "719546a0a490",
    "algorithms/ddpg.py",
    "8622f274b4",
    "DQN with a discrete actor (called DDPG)",
    DICT,
    RIGHT,
    "read; the actor climbs the expected Q, without entropy",
    THIRD,
)
def dqn_719546(code: Any) -> Report:
    m = code.module()
    return examine(lambda: m.DDPGAgent(5, 4), update=lambda agent, b: agent.update(b.as_dict()), n_actions=4)
