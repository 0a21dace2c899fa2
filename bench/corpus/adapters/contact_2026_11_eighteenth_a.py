"""Updates met first in the eighteenth round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import DICT, EIGHTEENTH, FUNCTION, LOOP, LOOSE, NO_TARGET, OWN, READ, SCRIPT
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import OldEnv, env_of
from gradexaminer import Report, examine, watch

FOUR: dict[str, Any] = {"n_actions": 4}
FRAMES: dict[str, Any] = {"obs": (4, 64, 64), "n_actions": 4}
LIMITED = "read: a time limit is stored as an end"
EITHER = "read: the update takes terminated or truncated as the end"
WRITTEN = "read: the label is written into the predictions' own memory, so that the loss is 0 on a CPU"


@update("189803128652", "agents/dqn.py", "3e1aaf5ca3", "double DQN", OWN, RIGHT, READ, EIGHTEENTH)
def ddqn_189803(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(0, 5, 4),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.replay(),
        sync=lambda agent: agent.update_target_network(),
        **FOUR,
    )


@update("f573307a5be2", "agents/dqn.py", "7c4f0dbb63", "double DQN", OWN, ("mask-truncated",), EITHER, EIGHTEENTH)
def ddqn_f57330(code: Any) -> Report:
    m = code.module(dotted="agents.dqn")
    told = {"name": "dqn", "input_dim": 5, "action_dim": 4, "buffer_size": 5000, "batch_size": 32, "gamma": 0.99}
    more = {"tau": 0.005, "fc_hidden_size": [64, 64], "lr": 1e-3, "clip_grad_param": 1.0, "epsilon_start": 1.0}
    rest = {"epsilon_end": 0.1, "epsilon_decay": 100, "initial_random_samples": 1, "test_episodes": 1}
    last = {"video_save_path": "", "hard_update": False, "learn_after": 0, "use_per": False, "batch_norm": False}

    def make():
        agent = m.DQN({**told, **more, **rest, **last}, {})
        agent.do_pre_task_proceessing()
        return agent

    return examine(
        make,
        lambda agent, t: agent.buffer.add((t.obs, t.action, t.reward, t.next_obs, t.truncated, t.terminated)),
        lambda agent: agent.learn(1000),
        **FOUR,
    )


@update(
    "631e9cb59cc0",
    "src/Othello/Agents/dqn.py",
    "9e056daef6",
    "DQN, images, legal moves, batch norm",
    OWN,
    RIGHT,
    "read; what is illegal gets -1e9 within the network",
    EIGHTEENTH,
)
def othello_631e9c(code: Any) -> Report:
    sys.path.insert(0, str(code.root / "src"))
    m = code.module(dotted="Othello.Agents.dqn")

    def board(obs):
        return {"board": obs, "valid_moves": np.ones(4), "current_player": 0}

    return examine(
        lambda: m.DQNAgent((4, 4), 4, batch_size=32),
        lambda agent, t: agent.remember(board(t.obs), t.action, t.reward, board(t.next_obs), t.done),
        lambda agent: agent.replay(),
        obs=16,
        **FOUR,
    )


def _frames(code: Any, make: Any) -> Report:
    m, nets, buffers = code.module("src/agent.py"), code.module("src/dqn.py"), code.module("src/buffer.py")

    def feed(agent, t):
        agent.fill_buffer((t.obs, t.action, t.reward, t.done, t.next_obs))

    return examine(
        lambda: make(m, nets, buffers.ReplayBuffer(0, 32)),
        feed,
        lambda agent: agent.update(),
        sync=lambda agent: getattr(agent, "sync_nets", int)(),
        **FRAMES,
    )


@update("09944d651934", "src/agent.py", "b95706c400", "DQN, images, no target", OWN, RIGHT, NO_TARGET, EIGHTEENTH)
def dqn_09944d(code: Any) -> Report:
    env = env_of(5, **FOUR)
    return _frames(code, lambda m, nets, buffer: m.Agent(nets.DQN(env), None, buffer))


@update("09944d651934", "src/agent.py", "b95706c400", "DQN, images", OWN, RIGHT, READ, EIGHTEENTH)
def target_09944d(code: Any) -> Report:
    env = env_of(5, **FOUR)
    return _frames(code, lambda m, nets, buffer: m.DDQNAgent(nets.DQN(env), nets.DQN(env), None, buffer))


@update(
    "09944d651934",
    "src/dqn.py",
    "b95706c400",
    "dueling DQN, images",
    OWN,
    ("advantage-averaged", "output-bounded"),
    "read: the mean advantage is the whole batch's; value and advantage are behind a ReLU",
    EIGHTEENTH,
)
def dueling_09944d(code: Any) -> Report:
    env = env_of(5, **FOUR)
    return _frames(code, lambda m, nets, buffer: m.DDQNAgent(nets.DuelingDQN(env), nets.DuelingDQN(env), None, buffer))


def _classic(code: Any, kind: str) -> Report:
    code.module("utils_classic_control.py", change=lambda text: text.replace("cuda:0", "cpu"))
    m = code.module()
    told = {"tau": 0.005, "gamma": 0.99, "update_every": 1, "n_updates": 1, "batch_size": 32, "clip_grad": 10.0}
    more = {"eps_start": 1.0, "eps_decay": 0.99, "eps_min": 0.1, "double": True, "hidden_dim": 64, "lr": 1e-3}
    rest = {"buffer_size": 5000, "seed": 0, "hard_update_step": 0, "alpha": 0.6, "beta": 0.4}
    args = SimpleNamespace(**told, **more, **rest)

    def learn(agent):
        if kind == "DQN":
            agent.update(agent.replay_buffer.sample())
        else:
            agent.update()

    return examine(
        lambda: getattr(m, kind)(5, 4, args),
        lambda agent, t: agent.replay_buffer.add(*t.as_tuple(), 0.0),
        learn,
        **FOUR,
    )


@update("76c9a21cba1f", "algos/dqn.py", "167260db78", "double DQN", OWN, RIGHT, READ, EIGHTEENTH)
def ddqn_76c9a2(code: Any) -> Report:
    return _classic(code, "DQN")


@update(
    "76c9a21cba1f",
    "algos/priordqn.py",
    "167260db78",
    "double DQN, priorities",
    OWN,
    ("weights-averaged",),
    "read: weights of shape (B,) meet losses of shape (B, 1); corrected after the run",
    EIGHTEENTH,
)
def priorities_76c9a2(code: Any) -> Report:
    return _classic(code, "PriorDQN")


@update("b26c059b4bdb", "src/dqn.py", "a9fff0205d", "DQN, images", LOOP, RIGHT, READ, EIGHTEENTH)
def dqn_b26c05(code: Any) -> Report:
    m = code.module()

    def make():
        net, target = (m.DeepQNetwork((4, 8, 8), 4, 1e-3) for _ in range(2))
        return SimpleNamespace(net=net, target=target, buffer=m.ReplayBuffer(5000))

    return examine(
        make,
        lambda x, t: x.buffer.add(t.as_tuple()),
        lambda x: x.net.train_step(x.buffer.draw(32), 0.9, x.target),
        sync=lambda x: x.target.load_state_dict(x.net.state_dict()),
        obs=(4, 8, 8),
        **FOUR,
    )


@update(
    "b5adacd4c5b9",
    "agents/dqn.py",
    "a0c0e4ed62",
    "double DQN, priorities",
    OWN,
    ("weights-averaged",),
    "read: weights of shape (B,) meet losses of shape (B, 1); the buffer that is made is not kept, and is set here",
    EIGHTEENTH,
)
def priorities_b5adac(code: Any) -> Report:
    m, env = code.module(dotted="agents.dqn"), env_of(5, **FOUR)

    def make():
        agent = m.DQNAgent(env, batch_size=32)
        agent.replay_buffer = m.PrioritizedReplayBuffer(5000)
        return agent

    return examine(
        make,
        lambda agent, t: agent._store_transition(*t.as_tuple()),
        lambda agent: agent._update_policy_step(),
        **FOUR,
    )


@update("36a32e7b25b4", "agents/dqn.py", "fb7a8d554b", "DQN", FUNCTION, ("mask-truncated",), EITHER, EIGHTEENTH)
def dqn_36a32e(code: Any) -> Report:
    m = code.module()

    def make():
        x = SimpleNamespace(q=m.QNetwork(5, 64, 4), target=m.QNetwork(5, 64, 4), buffer=m.ReplayBuffer())
        x.optimizer = torch.optim.Adam(x.q.parameters())
        return x

    def feed(x, t):
        ends = t.terminated, t.truncated
        x.buffer.put((torch.tensor(t.obs), t.action, t.reward, torch.tensor(t.next_obs), *ends))

    return examine(
        make,
        feed,
        lambda x: m.Update_Q(x.buffer, x.q, x.target, x.optimizer, 32, 0.99),
        sync=lambda x: x.target.load_state_dict(x.q.state_dict()),
        **FOUR,
    )


@update(
    "f2a37290e4bd",
    "dqn.py",
    "72d6d9e66f",
    "DQN",
    OWN,
    ("mask-missing",),
    "read: the end of an episode is not stored; gradients are clamped after the step",
    EIGHTEENTH,
)
def dqn_f2a372(code: Any) -> Report:
    m = code.module()

    def make():
        agent = m.DeepQlearningAgent(5, 4, batch_size=32, ctarget=5)
        agent.t = 1000
        return agent

    def feed(agent, t):
        told = torch.tensor(t.obs), torch.tensor(t.action), torch.tensor(t.next_obs), torch.tensor(t.reward).float()
        agent.replay_memory.push(*told)

    return examine(
        make,
        feed,
        lambda agent: agent.optimize(False),
        **FOUR,
    )


@update("a31ed41d1258", "src/dqn.py", "8be7df08a6", "double DQN", LOOP, RIGHT, READ, EIGHTEENTH)
def ddqn_a31ed4(code: Any) -> Report:
    m = code.module(stop="import minihack")
    told = {"use_double_dqn": True, "lr": 1e-3, "batch_size": 32, "gamma": 0.99, "device": "cpu"}
    return examine(
        lambda: m.DQNAgent(5, 4, m.ReplayBuffer(5000), **told),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.optimise_td_loss(),
        sync=lambda agent: agent.update_target_network(),
        **FOUR,
    )


def _landing(code: Any, kind: str) -> Report:
    m, buffers = code.module(), code.module("agents/experience_replay.py")

    def net():
        return torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4))

    return examine(
        lambda: getattr(m, kind)(0.99, 4, net(), buffers.ExperienceReplay(5000, (5,)), 1e-3, update_steps=5),
        lambda agent, t: agent.store(torch.tensor(t.obs), t.action, t.reward, torch.tensor(t.next_obs), t.done),
        lambda agent: agent.learn(),
        **FOUR,
    )


STILL = ("gradient-zero|nothing-learned|online-still|in-place",)


@update("9f61c8678c15", "agents/dqn.py", "d99f28eceb", "DQN", OWN, STILL, WRITTEN, EIGHTEENTH)
def dqn_9f61c8(code: Any) -> Report:
    return _landing(code, "AgentDQN")


@update("9f61c8678c15", "agents/ddqn.py", "d99f28eceb", "double DQN", OWN, STILL, WRITTEN, EIGHTEENTH)
def ddqn_9f61c8(code: Any) -> Report:
    return _landing(code, "AgentDDQN")


@update(
    "495af0f5d5a3",
    "dqn_cartpole.py",
    "a9b83c4432",
    "DQN",
    LOOP,
    ("alias|no-target", "output-bounded"),
    "read: the target is the network itself, which ends in a ReLU",
    EIGHTEENTH,
)
def dqn_495af0(code: Any) -> Report:
    m = code.module(definitions=True, change=lambda text: text.replace("env = gym", "_ = gym"))
    m.device = "cpu"
    return examine(
        lambda: m.Runner(m.DQN(5, 4), torch.nn.MSELoss(), batch_size=32),
        lambda runner, t: runner.memory.push(*t.as_tensors(none_at_end=True)),
        lambda runner: runner.train_inner(),
        sync=lambda runner: runner.target.load_state_dict(runner.learner.state_dict()),
        **FOUR,
    )


@update(
    "29e1fb156de9",
    "agent.py",
    "7d964fb2c1",
    "dueling DQN",
    LOOP,
    ("mask-missing", "advantage-averaged"),
    "read: the ends are not used; the mean advantage is the whole batch's",
    EIGHTEENTH,
)
def dueling_29e1fb(code: Any) -> Report:
    m, nets, buffers = code.module(), code.module("dueling_dqn.py"), code.module("experience_replay.py")

    def make():
        q, target = nets.DuelingDQN(5, 4), nets.DuelingDQN(5, 4)
        told = torch.optim.Adam(q.parameters()), torch.nn.MSELoss(), buffers.ExperienceReply(5000)
        return m.DQNAgent(None, q, target, *told)

    def feed(agent, t):
        told = torch.tensor(t.obs)[None], t.action, t.reward, torch.tensor(t.next_obs)[None], t.done
        agent.experience_replay.push(*told)

    return examine(
        make,
        feed,
        lambda agent: agent.update(32),
        sync=lambda agent: agent.target_model.load_state_dict(agent.model.state_dict()),
        **FOUR,
    )


def _patients(code: Any, kind: str, before: str, **config: Any) -> Report:
    m = code.module(definitions=True, change=lambda text: text.split(before)[0], locale=None)
    told = {"nb_actions": 4, "learning_rate": 1e-3, "gamma": 0.95, "buffer_size": 5000, "batch_size": 32}
    rest = {"epsilon_min": 0.01, "epsilon_max": 1.0, "epsilon_decay_period": 10, "epsilon_delay_decay": 1}

    def net():
        return torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4))

    def sync(agent):
        if hasattr(agent, "target_model"):
            agent.target_model.load_state_dict(agent.model.state_dict())

    return examine(
        lambda: getattr(m, kind)({**told, **rest, **config}, net()),
        lambda agent, t: agent.memory.append(*t.as_tuple()),
        lambda agent: agent.gradient_step(),
        sync=sync,
        **FOUR,
    )


@update("739708e88fb8", "src/dqn.py", "1583394583", "DQN, no target", LOOP, RIGHT, NO_TARGET, EIGHTEENTH)
def dqn_739708(code: Any) -> Report:
    return _patients(code, "ProjectAgent", "\nstate_dim")


@update("739708e88fb8", "src/double_dqn.py", "1583394583", "double DQN", LOOP, RIGHT, LOOSE, EIGHTEENTH)
def ddqn_739708(code: Any) -> Report:
    return _patients(code, "double_dqn_agent", "\nstate_dim")


@update("739708e88fb8", "src/dqn_target.py", "1583394583", "DQN", LOOP, RIGHT, READ, EIGHTEENTH)
def target_739708(code: Any) -> Report:
    return _patients(code, "ProjectAgent", "\nstate_dim")


@update("7caf92f6be0b", "src/agents.py", "006ff1bad0", "DQN, no target", OWN, RIGHT, NO_TARGET, EIGHTEENTH)
def dqn_7caf92(code: Any) -> Report:
    m, nets = code.module(), code.module("src/dqn.py")

    def learn(agent, b):
        obs, action, reward, after, done = b.tensors()
        agent.learn(action, obs, after, reward, done)

    return examine(lambda: m.DQNAgent(5, 4, nets.MLP(5, 4, [64])), update=learn, **FOUR)


@update("63b5d97158e2", "dqn.py", "8e970411b3", "DQN", SCRIPT, ("mask-truncated",), LIMITED, EIGHTEENTH)
def dqn_63b5d9(code: Any) -> Report:
    return watch(lambda make: code.run(make), obs=4, n_actions=2)


def _typed(code: Any, kind: str) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 64, 4, 1e-3, 0.98, 0.1, 5, "cpu", kind),
        update=lambda agent, b: agent.update(b.as_dict()),
        **FOUR,
    )


@update("63b5d97158e2", "double_dqn.py", "8e970411b3", "double DQN", DICT, RIGHT, LOOSE, EIGHTEENTH)
def ddqn_63b5d9(code: Any) -> Report:
    return _typed(code, "DoubleDQN")


@update("63b5d97158e2", "dueling_dqn.py", "8e970411b3", "dueling DQN", DICT, RIGHT, LOOSE, EIGHTEENTH)
def dueling_63b5d9(code: Any) -> Report:
    return _typed(code, "DuelingDQN")


@update("439be916724c", "dqn.py", "d29768d9a5", "DQN", SCRIPT, ("mask-truncated",), LIMITED, EIGHTEENTH)
def dqn_439be9(code: Any) -> Report:
    return watch(lambda make: code.run(lambda *_: OldEnv(make())), obs=4, n_actions=2)


@update(
    "439be916724c",
    "dueling_dqn.py",
    "d29768d9a5",
    "dueling double DQN",
    SCRIPT,
    ("mask-truncated",),
    LIMITED,
    EIGHTEENTH,
)
def dueling_439be9(code: Any) -> Report:
    return watch(lambda make: code.run(lambda *_: OldEnv(make())), obs=4, n_actions=2)


@update("d09e6945816e", "agents/dqn.py", "c3c7ec96a9", "DQN", LOOP, RIGHT, READ, EIGHTEENTH)
def dqn_d09e69(code: Any) -> Report:
    m = code.module(dotted="agents.dqn")
    logger = SimpleNamespace(**dict.fromkeys(("warning", "info", "debug", "error"), print))

    def run(make):
        env = make()
        env.spec = SimpleNamespace(id="made-up", max_episode_steps=None)
        agent = m.DQN(env, "cpu", logger)
        agent.train_with_episodes(m.agents.utils.HyperParams(num_episodes=10**6, batch_size=32), early_stop=False)

    return watch(run, **FOUR)


@update("5f2dc6367943", "src/dqn.py", "42a2cee026", "DQN", LOOP, ("mask-truncated",), LIMITED, EIGHTEENTH)
def dqn_5f2dc6(code: Any) -> Report:
    m = code.module(dotted="src.dqn")

    def run(make):
        m.DQNAgent(batch_size=32).train_on_env(make(), 10**6, verbose=False)

    return watch(run, obs=7, n_actions=3)


@update("60464d72c3b5", "agents/dqn.py", "0e002b1a85", "DQN", LOOP, ("mask-truncated",), LIMITED, EIGHTEENTH)
def dqn_60464d(code: Any) -> Report:
    m = code.module(dotted="agents.dqn")
    few = {"learning_starts": 200, "batch_size": 32, "target_update_freq": 50}
    return watch(lambda make: m.DQN(make(), **few).learn(10**6), **FOUR)


@update(
    "2dab7363d8b7",
    "dqn_carracing.py",
    "e4bd92f2ae",
    "DQN, images, no target",
    OWN,
    ("mask-missing", "critic-one-row|rows-weighted|unexplained"),
    "read: the end of an episode is not stored; the last transition of a batch alone is learned from",
    EIGHTEENTH,
)
def racing_2dab73(code: Any) -> Report:
    m = code.module(
        change=lambda text: text.replace("use_gpu = True", "use_gpu = False").replace("x.view(", "x.reshape(")
    )
    return examine(
        lambda: m.DriverAgent((96, 96, 12), 5),
        lambda agent, t: agent.remember(t.obs, t.reward, t.action, t.next_obs),
        lambda agent: agent.replay(16),
        obs=(96, 96, 12),
        n_actions=5,
    )


def _deep(code: Any, algo: str) -> Report:
    m = code.module(dotted="agents.dqn")
    return examine(
        lambda: m.Agent(None, SimpleNamespace(algo=algo), "cpu", 5, 4, target_update_step=1, batch_size=32),
        lambda agent, t: agent.replay_buffer.add(*t.as_tuple()),
        lambda agent: agent.train_model(),
        **FOUR,
    )


@update("2138550b7b2c", "agents/dqn.py", "d5bcabc541", "DQN", OWN, RIGHT, READ, EIGHTEENTH)
def dqn_213855(code: Any) -> Report:
    return _deep(code, "dqn")


@update("2138550b7b2c", "agents/dqn.py", "d5bcabc541", "double DQN", OWN, RIGHT, READ, EIGHTEENTH)
def ddqn_213855(code: Any) -> Report:
    return _deep(code, "ddqn")
