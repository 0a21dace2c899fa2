"""Updates met first in the twenty-third round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, FUNCTION, OWN, PASSED, READ, SCRIPT, TWENTY_THIRD
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import OldEnv, env_of
from gradexaminer import Report, examine, watch

FOUR: dict[str, Any] = {"n_actions": 4}
NO_ENDS = "read: the ends of episodes are not used"
UNDETACHED = "read: no target network, and the label is not detached"


@update("3624be02998a", "DQN/DQN.py", "da598fae7c", "DQN", FUNCTION, ("mask-missing",), NO_ENDS, TWENTY_THIRD)
def dqn_3624be(code: Any) -> Report:
    m, nets, rows = code.module(), code.module("DQN/Network.py"), code.module("DQN/utils.py")

    def make():
        q, target = (nets.Q_Network(5, 4, "cpu") for _ in range(2))
        return SimpleNamespace(
            q=q, target=target, rows=rows.experience_replay(5000), adam=torch.optim.RMSprop(q.parameters())
        )

    def feed(x, t):
        obs, action, after, reward = t.as_tensors()
        for _ in range(20):
            x.rows.push(obs, action, after, reward)

    return examine(
        make,
        feed,
        lambda x: m.gradient_step(x.rows, x.q, x.target, 32, "cpu", 0.9, x.adam),
        sync=lambda x: x.target.load_state_dict(x.q.state_dict()),
        **FOUR,
    )


@update(
    "5ce7e140e96b", "deep_q_learning.py", "a0a793c2e5", "DQN", BATCH, ("bootstrap-gradient",), UNDETACHED, TWENTY_THIRD
)
def dqn_5ce7e1(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.QTrainer(m.Linear_Network(5, 64, 4), 1e-3, 0.9),
        update=lambda x, b: x.train_step(b.obs, np.eye(4)[b.action], b.reward, b.next_obs, b.done),
        **FOUR,
    )


@update("3b10e65eebda", "app/agent.py", "3f759ab11a", "DQN", OWN, RIGHT, READ, TWENTY_THIRD)
def dqn_3b10e6(code: Any) -> Report:
    m = code.module(dotted="app.agent")
    return examine(
        lambda: m.DQNCarAgent(None, 5, 4, 64, batch_size=32, target_update_freq=3),
        lambda agent, t: agent.replay_buffer.append(t.as_tuple()),
        lambda agent: agent.update_policy(),
        **FOUR,
    )


@update("c25382eccbc2", "dqn_agent.py", "d56386000a", "DQN", OWN, RIGHT, READ, TWENTY_THIRD)
def dqn_c25382(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, "cpu"),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        sync=lambda agent: agent.update_target_network(),
        **FOUR,
    )


@update("7e9cf9395e7f", "deep_q_learning.py", "99f1cbaa6c", "DQN", OWN, RIGHT, READ, TWENTY_THIRD)
def dqn_7e9cf9(code: Any) -> Report:
    m = code.module(
        stop="agent = Agent",
        change=lambda text: text.replace("!", "#").replace('gym.make("LunarLander-v2")', "made"),
        made=env_of(5, **FOUR),
    )
    return examine(
        lambda: m.Agent(5, 4),
        lambda agent, t: agent.memory.push(t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample(32), 0.98),
        **FOUR,
    )


def _frames(code: Any, *, double: bool) -> Report:
    nature = code.module(dotted="modules.nature")
    m = code.module(change=lambda text: text.replace("from core.q_learner import QLearner", "QLearner = object"))

    def make():
        x = object.__new__(m.DQNLearner)
        x.q_network, x.target_network = nature.NatureNet(4, 4), nature.NatureNet(4, 4)
        x.config = SimpleNamespace(batch_size=32, double_dqn=double, gamma=0.99)
        x.optimizer, x.loss_fn = torch.optim.Adam(x.q_network.parameters(), lr=1e-4), torch.nn.HuberLoss()
        x.device, x.logged_graph = "cpu", True
        return x

    return examine(
        make,
        update=lambda x, b: x.learn(
            0, SimpleNamespace(sample=lambda n: (b.obs, b.action, b.reward, b.next_obs, b.done))
        ),
        sync=lambda x: x.update_target_params(),
        obs=(84, 84, 4),
        n_actions=4,
        image=True,
    )


@update("1c4ed576576b", "core/dqn_learner.py", "86b740f7ae", "DQN, images", BATCH, RIGHT, READ, TWENTY_THIRD)
def dqn_1c4ed5(code: Any) -> Report:
    return _frames(code, double=False)


@update("1c4ed576576b", "core/dqn_learner.py", "86b740f7ae", "double DQN, images", BATCH, RIGHT, READ, TWENTY_THIRD)
def ddqn_1c4ed5(code: Any) -> Report:
    return _frames(code, double=True)


@update("ce499af67312", "dqn_snake.py", "9f5014ae92", "DQN", OWN, ("bootstrap-gradient",), UNDETACHED, TWENTY_THIRD)
def dqn_ce499a(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE = 32

    def make():
        x = object.__new__(m.SnakeGameAI)
        x.model, x.memory, x.criterion = m.Linear_QNet(5, 64, 4), m.ReplayMemory(), torch.nn.MSELoss()
        x.optimizer = torch.optim.Adam(x.model.parameters(), lr=1e-3)
        return x

    return examine(make, lambda x, t: x.memory.push(*t.as_tuple()), lambda x: x.train_step(), **FOUR)


@update("d59ddd99517c", "DQN/DQN2.py", "1bcb336d88", "DQN, dropout", OWN, ("mask-missing",), NO_ENDS, TWENTY_THIRD)
def dqn_d59ddd(code: Any) -> Report:
    m = code.module(definitions=True, change=lambda text: text.replace("load_models=True", "load_models=False"))
    m.MEMORY_CAPACITY, m.BATCH_SIZE, m.TARGET_REPLACE_ITER = 64, 32, 3
    return examine(
        lambda: m.DQN(),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        obs=28,
        n_actions=5,
    )


@update(
    "1c2641a7d7c5",
    "deep_q_learning.py",
    "b9be4b45f4",
    "DQN, no target network",
    SCRIPT,
    ("one-bootstrap", "mask-missing", "output-bounded"),
    "read: the label holds the largest value of the loop's last next state; no ends; a softmax over the batch",
    TWENTY_THIRD,
)
def dqn_1c2641(code: Any) -> Report:
    return watch(code.run, obs=4, n_actions=2)


def _learn_dqn(code: Any, *, double: bool) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 4, replay_capacity=64, target_update_freq=3, is_double_dqn=double),
        lambda agent, t: agent.store_data(*t.as_tuple()),
        lambda agent: agent.learn(),
        **FOUR,
    )


@update("8072b9b6eeb1", "DRL/dqn.py", "48cec09919", "double DQN", OWN, ("mask-missing",), NO_ENDS, TWENTY_THIRD)
def ddqn_8072b9(code: Any) -> Report:
    return _learn_dqn(code, double=True)


@update("8072b9b6eeb1", "DRL/dqn.py", "48cec09919", "DQN", OWN, ("mask-missing",), NO_ENDS, TWENTY_THIRD)
def dqn_8072b9(code: Any) -> Report:
    return _learn_dqn(code, double=False)


@update(
    "bb4e4b7a10a2",
    "DQN/dqn.py",
    "12b41322a7",
    "DQN",
    BATCH,
    ("broadcast|reward-averaged",),
    "read: rewards of shape (B, 1) meet values of shape (B,)",
    TWENTY_THIRD,
)
def dqn_bb4e4b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(m.Model(5, 4, 1e-3), m.Model(5, 4, 1e-3)),
        update=lambda agent, b: agent.learn([m.Sarsd(*t.as_tuple()) for t in b.transitions]),
        sync=lambda agent: agent.update_target_model(),
        **FOUR,
    )


@update("f9cde133b106", "agents/DQN/model.py", "c59f534500", "DQN", OWN, RIGHT, READ, TWENTY_THIRD)
def dqn_f9cde1(code: Any) -> Report:
    m, kept, nets = code.module(), code.module("commons/utils.py"), code.module("commons/networks.py")
    told = {"HIDDEN_LAYERS": [16, 16], "LEARNING_RATE": 1e-3, "STEP_LR": 2000, "GAMMA_LR": 0.9, "BATCH_SIZE": 32}
    told |= {"GRAD_CLAMPING": False, "DOUBLE_DQN": False, "TAU": 0.5}

    def make():
        x = object.__new__(m.DQN)
        x.config, x.device, x.continuous, x.gamma_n = told, "cpu", False, 0.99
        x.memory, x.agent = kept.NStepsReplayMemory(5000, 1, 0.99), nets.QAgent(5, 4, "cpu", told)
        return x

    return examine(make, lambda x, t: x.memory.push(*t.as_tuple()), lambda x: x.optimize(), **FOUR)


@update("8a3674c8c1a3", "dqn_learner.py", "4402610a04", "DQN", FUNCTION, RIGHT, READ, TWENTY_THIRD)
def dqn_8a3674(code: Any) -> Report:
    m = code.module()

    def make():
        q, target = (torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4)) for _ in "12")
        return SimpleNamespace(q=q, target=target, adam=torch.optim.Adam(q.parameters()))

    def learn(x, b):
        obs, action, reward, after, done = b.tensors(column=True)
        rows = SimpleNamespace(observations=obs, actions=action, rewards=reward, next_observations=after, dones=done)
        m.train_replay_batch(rows, x.q, x.target, x.adam, SimpleNamespace(gamma=0.99))

    return examine(make, update=learn, sync=lambda x: m.update_target_network(x.target, x.q, 1.0), **FOUR)


def _phases(code: Any, kind: str) -> Report:
    m = code.module()
    return examine(
        lambda: m.HierarchicalDQNLearner(env_of(5, **FOUR), network_type=kind),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.optimize_model(),
        **FOUR,
    )


@update("35a8bdaa822f", "manual_experiment/src/agent.py", "c9ea4200c6", "double DQN", OWN, RIGHT, READ, TWENTY_THIRD)
def ddqn_35a8bd(code: Any) -> Report:
    return _phases(code, "standard")


@update(
    "35a8bdaa822f", "manual_experiment/src/agent.py", "c9ea4200c6", "dueling double DQN", OWN, RIGHT, READ, TWENTY_THIRD
)
def dueling_35a8bd(code: Any) -> Report:
    return _phases(code, "dueling")


@update(
    "ab6b3f20ed04",
    "models/policy_learning_algorithms/double_deep_q_network.py",
    "9dd118d870",
    "DQN",
    PASSED,
    RIGHT,
    READ,
    TWENTY_THIRD,
)
def dqn_ab6b3f(code: Any) -> Report:
    m = code.module(dotted="models.policy_learning_algorithms.double_deep_q_network")

    def make():
        agent = m.DoubleDeepQNetwork(5, 4, update_target_every_N_updates=3, dqn_layer_sizes=(32, 32))
        return SimpleNamespace(agent=agent, rows=m.NdArrayBuffer(5000, (5,), ()))

    def feed(x, t):
        x.rows.append_experience(t.obs, t.action, t.reward, t.done, t.next_obs)

    return examine(make, feed, lambda x: x.agent.update(x.rows), **FOUR)


@update("9925b49cb645", "tutorials/D3QN/agent.py", "37beec975b", "dueling double DQN", OWN, RIGHT, READ, TWENTY_THIRD)
def d3qn_9925b4(code: Any) -> Report:
    m, told = code.module(), code.module("tutorials/D3QN/arguments.py").get_args()
    m.gym.make = lambda name: env_of(5, **FOUR)
    told.update_rate, told.batch_size = 3, 32

    def make():
        agent = m.D3QNAgent(told)
        agent.total_step = 0
        return agent

    def learn(agent):
        agent.total_step += 1
        agent.learn()

    def feed(agent, t):
        agent.memory.store(t.obs, t.action, t.reward, t.next_obs, told.gamma * t.mask)

    return examine(make, feed, learn, **FOUR)


@update("f2153add0449", "dqn_agent.py", "166d51ff96", "dueling double DQN, priorities", OWN, RIGHT, READ, TWENTY_THIRD)
def d3qn_f2153a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, 1),
        lambda agent, t: agent.store(*t.as_tuple()),
        lambda agent: agent.train(),
        **FOUR,
    )


PENDULUMS: dict[str, Any] = defaultdict(int, gamma=0.99, batch_size=32, hidden_dim=64, capacity=500, horizon=10**9)


def _pendulums(code: Any) -> Any:
    vars(np.lib)["angle"] = np.angle  # as it was called before NumPy 2
    gymnasium.Env.seed = lambda self, *_: [0]
    return code.module(change=lambda text: text.replace("int(argmax.numpy())", "int(argmax)"))


@update("b09920ce3ec2", "DDQN_agent.py", "7304a04e7a", "double DQN", BATCH, RIGHT, READ, TWENTY_THIRD)
def ddqn_b09920(code: Any) -> Report:
    m = _pendulums(code)

    def make():
        x = object.__new__(m.DDQN_agent)
        x.Q_1, x.Q_2 = m.QNetwork(4, 5, 64), m.QNetwork(4, 5, 64)
        x.gamma, x.batch_size, x.adam = 0.99, 32, torch.optim.Adam(x.Q_1.parameters())
        return x

    def learn(x, b):
        obs, action, reward, after, done = b.tensors()
        x.train(SimpleNamespace(sample=lambda n: (obs, action, after, reward, done)), x.adam)

    return examine(make, update=learn, sync=lambda x: x.update_parameters(), **FOUR)


class Pendulums(OldEnv):
    """As the program's own environment: `reset` is given an angle, `info` holds the time."""

    def reset(self, *_angle: Any) -> Any:
        """The observation alone."""
        return super().reset()

    def step(self, action: Any) -> tuple[Any, float, bool, dict[str, Any]]:
        """Without a time limit."""
        return (*super().step(action)[:3], {"time": 0})


@update(
    "b09920ce3ec2",
    "DQN_agent.py",
    "7304a04e7a",
    "DQN, batch norm, no target network",
    SCRIPT,
    ("rows-misaligned|state-overwritten",),
    "read: `s = s2` comes before the transition is stored, and a row's next state is the next stored state",
    TWENTY_THIRD,
)
def dqn_b09920(code: Any) -> Report:
    def run(make):
        m = _pendulums(code)
        m.DQN_agent.env = Pendulums(make(), time_limit_is_done=False)
        told = PENDULUMS | {"n_episode": 10**6, "min_eps": 0.1, "max_episode": 100}
        agent = m.DQN_agent(told)
        agent.evaluate_MC = lambda: (False, 0.0)
        agent.run_training("", 10**9)

    return watch(run, obs=6, n_actions=3)
