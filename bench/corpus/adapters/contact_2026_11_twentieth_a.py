"""Updates met first in the twentieth round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import torch

from bench.corpus.adapters.common import BATCH, FUNCTION, LOOP, LOOSE, OWN, PASSED, READ, SCRIPT, TWENTIETH
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import OldEnv, env_of
from gradexaminer import Report, examine, watch

FOUR: dict[str, Any] = {"n_actions": 4}
FRAMES: dict[str, Any] = {"obs": (4, 84, 84), "n_actions": 4}
WHOLE_BATCH = "read: the advantages' mean is that of the whole batch"


def _module(code: Any) -> Any:
    """The file, with the folders that it makes beside itself left out."""
    sys.modules["confs.path_conf"] = MagicMock(system_rl_model_dir="", system_model_dir="")
    return code.module()


@update("c4123a858950", "rl/duelingDqn.py", "349def2ff6", "dueling DQN", PASSED, RIGHT, READ, TWENTIETH)
def dueling_c4123a(code: Any) -> Report:
    m = _module(code)

    def make():
        return SimpleNamespace(agent=m.DuelingDQNAgent(5, 4), buffer=m.ReplayBuffer())

    return examine(
        make,
        lambda x, t: x.buffer.add((t.obs, t.next_obs, t.action, t.reward, float(t.done))),
        lambda x: x.agent.train(x.buffer, 32),
        sync=lambda x: x.agent.update_target_network(),
        **FOUR,
    )


@update(
    "c4123a858950",
    "rl/tsp/agents/dqn_agent.py",
    "349def2ff6",
    "DQN, no target, one row at a time",
    BATCH,
    ("bootstrap-gradient",),
    "read: the label, which is not detached, is the trained network's own",
    TWENTIETH,
)
def row_c4123a(code: Any) -> Report:
    m = _module(code)
    m.state_to_vector = lambda state, n: state

    def learn(agent, b):
        for t in b.transitions:
            agent.update(*t.as_tuple())

    return examine(lambda: m.DQNAgent(2, 4, alpha=1e-3, model_path="none"), update=learn, obs=6, **FOUR)


def _seedling(code: Any, *, double: bool, weights: bool) -> Report:
    m, nets = code.module(), code.module("network/q_net.py")
    told = {"type": "adam", "params": {"lr": 1e-3}}

    def make():
        model = code.module("model/model.py").Model(nets.QNet(5, 4), optimizer=told)
        return m.DQN(model, double_dqn=double, sync_freq=1000)

    def learn(agent, b):
        o, a, r, after, d = b.tensors()
        agent.train((o, a, r, after, d), torch.rand(len(b)) if weights else None)

    return examine(
        make,
        update=learn,
        sync=lambda agent: agent.target_network.load_state_dict(agent.model.module.state_dict()),
        **FOUR,
    )


@update("19de56b3513b", "agent/dqn.py", "7ae6cdf735", "DQN", BATCH, RIGHT, READ, TWENTIETH)
def dqn_19de56(code: Any) -> Report:
    return _seedling(code, double=False, weights=False)


@update(
    "19de56b3513b",
    "agent/dqn.py",
    "7ae6cdf735",
    "double DQN, priorities",
    BATCH,
    ("weights-averaged",),
    "read: the weights multiply the mean of the losses",
    TWENTIETH,
)
def weighted_19de56(code: Any) -> Report:
    return _seedling(code, double=True, weights=True)


@update(
    "1db5a5775ade",
    "reinforcement_learning/agent/dqn.py",
    "16e330b237",
    "double DQN, images",
    OWN,
    RIGHT,
    READ,
    TWENTIETH,
)
def ddqn_1db5a5(code: Any) -> Report:
    sys.path.insert(0, str(code.root / "reinforcement_learning"))
    m = code.module(dotted="agent.dqn")
    return examine(
        lambda: m.DQNAgent((4, 100, 100), 1.0, 500, 0.99, 4),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.update_target_network(),
        obs=(4, 100, 100),
        **FOUR,
    )


def _deep(code: Any, *, double: bool, dueling: bool) -> Report:
    m = code.module(dotted="agent.dqn")
    told = {"backbone": "cnn", "dueling": dueling, "double": double, "device": "cpu"}

    def learn(agent, b):
        o, a, r, after, d = b.tensors(column=True)
        agent.learn(o, a, r, after, d)

    return examine(
        lambda: m.DQNAgent((4, 84, 84), 64, 4, **told), update=learn, sync=lambda agent: agent.update_target(), **FRAMES
    )


@update("5dc98dae79d8", "agent/dqn.py", "9422f70f1b", "double DQN, images", BATCH, RIGHT, READ, TWENTIETH)
def ddqn_5dc98d(code: Any) -> Report:
    return _deep(code, double=True, dueling=False)


@update("5dc98dae79d8", "agent/dqn.py", "9422f70f1b", "dueling DQN, images", BATCH, RIGHT, READ, TWENTIETH)
def dueling_5dc98d(code: Any) -> Report:
    return _deep(code, double=False, dueling=True)


@update("bc36c01fe8b9", "dqn_lunarlander.py", "257ce7da18", "DQN", OWN, RIGHT, READ, TWENTIETH)
def dqn_bc36c0(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.train_step(),
        sync=lambda agent: agent.update_target_network(),
        **FOUR,
    )


@update(
    "bc36c01fe8b9",
    "dqn_lunarlander.py",
    "257ce7da18",
    "DQN",
    LOOP,
    ("mask-truncated",),
    "read: a time limit is stored as an end",
    TWENTIETH,
)
def loop_bc36c0(code: Any) -> Report:
    m = code.module()

    def run(make):
        m.gym.make, m.SYNC_TARGET_EPISODES, m.BATCH_SIZE = make, 2, 32
        m.train()

    return watch(run, **FOUR)


@update("9a90420cecc9", "agent/dqn.py", "67871b0cef", "DQN", OWN, RIGHT, LOOSE, TWENTIETH)
def dqn_9a9042(code: Any) -> Report:
    m = code.module(dotted="agent.dqn")

    def make():
        agent = m.DQNAgent("cpu", num_actions=4)
        agent.buffer.batch_size = 32
        return agent

    def learn(agent, t):
        agent.step(t.obs, agent.actions[t.action], t.reward, t.next_obs, t.done)

    return examine(
        make, lambda agent, t: agent.__dict__.setdefault("fed", []).append(t), _steps(learn, 32), obs=3, **FOUR
    )


def _steps(learn: Any, batch: int) -> Any:
    """Store what was fed, and learn with the last of it: for a method that does both at once."""

    def step(agent):
        fed = agent.__dict__["fed"]
        agent.__dict__["fed"] = []
        size = agent.buffer.batch_size
        agent.buffer.batch_size = 10**9
        for t in fed[:-1]:
            learn(agent, t)
        agent.buffer.batch_size = size
        learn(agent, fed[-1])

    return step


def _machine(code: Any, dotted: str, kind: str) -> Report:
    m = code.module(dotted=dotted)
    return examine(
        lambda: getattr(m, kind)(env_of(5, **FOUR), 0.99, 0.001, 32, 0.9, 0.99, 0.01, 5000, 3),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.train(),
        **FOUR,
    )


@update("4e2820348d35", "agents/dqn.py", "1fd60908f7", "DQN", OWN, RIGHT, LOOSE, TWENTIETH)
def dqn_4e2820(code: Any) -> Report:
    return _machine(code, "agents.dqn", "DQNAgent")


@update("4e2820348d35", "agents/doubledqn.py", "1fd60908f7", "double DQN", OWN, RIGHT, LOOSE, TWENTIETH)
def ddqn_4e2820(code: Any) -> Report:
    return _machine(code, "agents.doubledqn", "DoubleDQNAgent")


@update("5be45d002095", "agents/dqn.py", "026ea49e34", "DQN, options of some duration", OWN, RIGHT, READ, TWENTIETH)
def dqn_5be45d(code: Any) -> Report:
    m = code.module(dotted="agents.dqn")
    told = SimpleNamespace(GAMMA=0.99, LR=1e-3, BUFFER_SIZE=5000)
    return examine(
        lambda: m.DQNAgent(5, 4, told, "cpu"),
        lambda agent, t: agent.store_transition(*t.as_tuple(), 1),
        lambda agent: agent.train_step(32),
        sync=lambda agent: agent.update_target(),
        **FOUR,
    )


@update("8e2f2c695b30", "agent/dqn.py", "33ec25f198", "DQN", OWN, RIGHT, READ, TWENTIETH)
def dqn_8e2f2c(code: Any) -> Report:
    m = code.module(dotted="agent.dqn")
    return examine(
        lambda: m.DQNAgent(m.DQNConfig(warmup=32, target_sync=3)),
        lambda agent, t: agent.buf.push(*t.as_tuple()),
        lambda agent: agent.learn(),
        obs=11,
        n_actions=3,
    )


@update(
    "5dc44a7411ef",
    "rl/dqn.py",
    "c1e661fbc4",
    "DQN, no target",
    FUNCTION,
    ("mask-missing",),
    "read: the label of an end holds the value of what comes after it",
    TWENTIETH,
)
def dqn_5dc44a(code: Any) -> Report:
    m = code.module()

    def make():
        net = m.DQN(5, 4)
        return SimpleNamespace(net=net, memory=m.ReplayMemory(5000), adam=torch.optim.Adam(net.parameters(), lr=1e-3))

    def feed(x, t):
        obs, action, after, _ = t.as_tensors()
        x.memory.push(obs, action, after, t.reward)

    return examine(make, feed, lambda x: m.train(x.net, x.memory, x.adam, 32, "cpu"), **FOUR)


@update(
    "bd4579ea61a6", "rl/dqn.py", "d903159668", "double DQN, one label for many steps", BATCH, RIGHT, READ, TWENTIETH
)
def fitted_bd4579(code: Any) -> Report:
    m = code.module()

    def make():
        net = torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4))
        return m.QPolicy(net, env_of(5, **FOUR).action_space)

    def learn(agent, b):
        o, a, r, after, d = b.tensors()
        agent.train((o, a, r, after, d.long(), d), epochs=3)

    return examine(make, update=learn, sync=lambda agent: agent.copy_q_to(agent.tq), **FOUR)


@update("24521749a78d", "agent/dqn.py", "9858d8815e", "DQN, images", OWN, RIGHT, READ, TWENTIETH)
def dqn_245217(code: Any) -> Report:
    return _mario(code, "curr_step", 20001)


@update("24521749a78d", "agent/ddqn.py", "9858d8815e", "double DQN, images", OWN, RIGHT, READ, TWENTIETH)
def ddqn_245217(code: Any) -> Report:
    return _mario(code, "cur_step", 20001)


@update(
    "24521749a78d",
    "agent/dueling_DDQN.py",
    "9858d8815e",
    "dueling DQN, images",
    OWN,
    ("advantage-averaged",),
    WHOLE_BATCH,
    TWENTIETH,
)
def dueling_245217(code: Any) -> Report:
    return _mario(code, "cur_step", 20002)


def _mario(code: Any, counter: str, step: int) -> Report:
    m = code.module()

    def learn(agent):
        vars(agent)[counter] = step
        agent.learn()

    return examine(
        lambda: m.Mario((4, 84, 84), 4, None),
        lambda agent, t: agent.cache(t.obs, t.next_obs, t.action, t.reward, t.done),
        learn,
        sync=lambda agent: getattr(agent, "sync_Q_target", getattr(agent, "syn_Q_target", None))(),
        **FRAMES,
    )


@update("dcfed0293634", "rl/dqn.py", "e6edff7cb3", "DQN", SCRIPT, RIGHT, READ, TWENTIETH)
def script_dcfed0(code: Any) -> Report:
    def change(text):
        return text.replace("from shared import get_device", "get_device = lambda: 'cpu'").replace("= 128", "= 32")

    return watch(lambda make: code.run(make, change=change), n_actions=2)


@update("01e3b0ebed2b", "rl/dqn.py", "50f8d49c68", "DQN", SCRIPT, RIGHT, READ, TWENTIETH)
def script_01e3b0(code: Any) -> Report:
    return watch(lambda make: code.run(make, change=lambda text: text.replace("= 128", "= 32")), n_actions=2)


@update("01e3b0ebed2b", "rl/ddqn.py", "50f8d49c68", "DQN, called double", SCRIPT, RIGHT, READ, TWENTIETH)
def double_01e3b0(code: Any) -> Report:
    return watch(lambda make: code.run(make, change=lambda text: text.replace("= 128", "= 32")), n_actions=2)


@update("4bd43fc51f6f", "rl/dqn.py", "ee546686fb", "double DQN", OWN, RIGHT, READ, TWENTIETH)
def ddqn_4bd43f(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32, min_buffer=32, gamma=0.99),
        lambda agent, t: agent.store(*t.as_tuple()),
        lambda agent: agent.update(),
        **FOUR,
    )


@update("afaf1f8de2a8", "rl/dqn.py", "faf11098d8", "DQN", LOOP, RIGHT, READ, TWENTIETH)
def loop_afaf1f(code: Any) -> Report:
    m = code.module(dotted="rl.dqn")

    def run(make):
        net = lambda n, a: torch.nn.Sequential(torch.nn.Linear(n, 64), torch.nn.ReLU(), torch.nn.Linear(64, a))  # noqa: E731
        env = OldEnv(make(), time_limit_is_done=False)
        agent = m.DQN(env, net, torch.optim.Adam, {"lr": 1e-3}, device="cpu")
        agent.train(steps_warmup=32, batch_size=32, episodes_target_update=2)

    return watch(run, **FOUR)


def _soko(code: Any, dotted: str, kind: str, *, soft: bool) -> Report:
    m = code.module(dotted=dotted)
    m.UnityEnvironment, m.SummaryWriter = MagicMock(), MagicMock()
    told = {"state_dim": 4, "action_dim": 4, "memory_capacity": 200, "batch_size": 32, "learning_rate": 1e-3}
    more = {"gamma": 0.9, "tau": 1e-3, "start_episode": 1, "num_episodes": 100, "epsilon_init": 1.0, "cuda": False}
    config = MagicMock(**told, **more, epsilon_min=0.1)

    def learn(agent):
        agent.optimize_policy_model(False)
        if soft:
            agent.soft_update(agent.policy_model, agent.target_model)

    one = lambda x: torch.from_numpy(x)[None]  # noqa: E731
    return examine(
        lambda: getattr(m, kind)(config),
        lambda agent, t: agent.replayBuffer.append_sample(one(t.obs), t.action, t.reward, one(t.next_obs), t.done),
        learn,
        sync=lambda agent: agent.target_model.load_state_dict(agent.policy_model.state_dict()),
        **FRAMES,
    )


@update("dce31e69ea49", "agents/dqn.py", "da8be777d6", "DQN, images", OWN, RIGHT, READ, TWENTIETH)
def dqn_dce31e(code: Any) -> Report:
    return _soko(code, "agents.dqn", "DQNAgent", soft=False)


@update("dce31e69ea49", "agents/ddqn.py", "da8be777d6", "double DQN, images", OWN, RIGHT, READ, TWENTIETH)
def ddqn_dce31e(code: Any) -> Report:
    return _soko(code, "agents.ddqn", "DDQNAgent", soft=True)


@update(
    "dce31e69ea49",
    "agents/dueling_ddqn.py",
    "da8be777d6",
    "dueling DQN, images",
    OWN,
    ("advantage-averaged",),
    WHOLE_BATCH,
    TWENTIETH,
)
def dueling_dce31e(code: Any) -> Report:
    return _soko(code, "agents.dueling_ddqn", "DuelingDDQNAgent", soft=True)


@update("e2738e4de9ba", "rl/q_learn.py", "c481cb48fe", "DQN, weights of priorities", BATCH, RIGHT, READ, TWENTIETH)
def weighted_e2738e(code: Any) -> Report:
    m, agents = code.module(), code.module("rl/agents.py")

    def make():
        net = torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4))
        return m.QOptimizer(agents.QAgent(net, 5, 4), torch.optim.Adam(net.parameters(), lr=1e-3))

    def learn(agent, b):
        names = ("state", "action", "reward", "next_state", "done")
        agent.step({**dict(zip(names, b.tensors(column=True), strict=True)), "weight": torch.rand(len(b), 1)})
        agent.polyak_update()

    return examine(make, update=learn, **FOUR)


def _deep_rl(code: Any, algorithm: str) -> Report:
    m = code.module(dotted="agents.dqn")

    def learn(agent):
        agent.steps += 1
        agent.train_model()

    return examine(
        lambda: m.Agent(None, SimpleNamespace(algo=algorithm), "cpu", 5, 4, batch_size=32, target_update_step=3),
        lambda agent, t: agent.replay_buffer.add(*t.as_tuple()),
        learn,
        **FOUR,
    )


@update("0e8ebc6ec5c7", "agents/dqn.py", "99237862c0", "DQN", OWN, RIGHT, READ, TWENTIETH)
def dqn_0e8ebc(code: Any) -> Report:
    return _deep_rl(code, "dqn")


@update("0e8ebc6ec5c7", "agents/dqn.py", "99237862c0", "double DQN", OWN, RIGHT, READ, TWENTIETH)
def ddqn_0e8ebc(code: Any) -> Report:
    return _deep_rl(code, "ddqn")


@update("cee955ec1a8e", "rl/dqn.py", "95b2f56e0b", "DQN, images", OWN, RIGHT, READ, TWENTIETH)
def dqn_cee955(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent((4, 84, 84), 4, "cpu"),
        lambda agent, t: agent.memorize(*t.as_tuple()),
        lambda agent: agent.train(),
        sync=lambda agent: agent.update_target_network(),
        **FRAMES,
    )


@update("80bc759e9a0f", "dqn_lunarlander.py", "abf77b7f9e", "DQN", OWN, RIGHT, READ, TWENTIETH)
def dqn_80bc75(code: Any) -> Report:
    m = code.module()
    m.make_env = lambda seed: env_of(5, **FOUR)
    return examine(
        lambda: m.DQNAgent(m.HParams(batch_size=32)),
        lambda agent, t: agent.buffer.push(*t.as_tuple()),
        lambda agent: agent.update(),
        sync=lambda agent: agent.sync_target(),
        **FOUR,
    )


@update("80bc759e9a0f", "dqn_lunarlander.py", "abf77b7f9e", "DQN", LOOP, RIGHT, READ, TWENTIETH)
def loop_80bc75(code: Any) -> Report:
    m = code.module()

    def run(make):
        m.make_env = lambda seed: make()
        m.DQNAgent(m.HParams(batch_size=32, learning_starts=32, target_update_freq=5, eval_freq=10**9)).train()

    return watch(run, **FOUR)
