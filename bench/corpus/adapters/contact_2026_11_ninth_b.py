"""Updates met first in the ninth round of November 2026, drawn at random: SAC, and DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, BOX, DICT, LOOSE, NINTH, ONE, OWN, PASSED, READ, TWO
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine

SHARES = (5000, "stratified", 0.0, {"gym": 1.0})
LOG = SimpleNamespace(log=lambda *_: None)
COLUMNS = "method, columns of the batch passed in"


@update("27f7279d2d57", "algorithms/sac.py", "9b9732a7cb", "SAC, twins in one module", OWN, RIGHT, READ, NINTH)
def sac_27f727(code: Any) -> Report:
    m = code.module(dotted="algorithms.sac")
    return examine(
        lambda: m.SACAgent(5, 3, buffer_size=5000, batch_size=32, device="cpu"),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        **ONE,
    )


@update("7e1049692a84", "rl/sac.py", "313d1fb1ce", "SAC", OWN, RIGHT, READ, NINTH)
def sac_7e1049(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent(5, 3, 1.0),
        lambda agent, t: agent.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


@update(
    "5fccc04f2d02",
    "agent/sac.py",
    "4a2496a25b",
    "SAC",
    COLUMNS,
    ("entropy-averaged", "temperature-sign"),
    "read: log pi of shape (B, 1) meets values of shape (B,); the temperature's loss has log pi with the wrong sign",
    NINTH,
)
def sac_5fccc0(code: Any) -> Report:
    m = code.module(dotted="agent.sac")
    return examine(
        lambda: m.SACAgent(5, 3, BOX.action_space, [64, 64], 1e-3, 1e-3, 1e-3, 0.99, 0.01, 1, 1, -20, 2, "cpu"),
        update=lambda agent, b: agent.update(b.tensors()),
        **ONE,
    )


@update(
    "5bfe24551500",
    "src/agents/sac_agent.py",
    "450e0e83fa",
    "SAC, Huber, rewards clamped at 100",
    OWN,
    RIGHT,
    READ,
    NINTH,
)
def sac_5bfe24(code: Any) -> Report:
    m, buffer = code.module(dotted="src.agents.sac_agent"), code.module(dotted="src.compostion_buffer")
    return examine(
        lambda: m.SACAgent(5, 3, buffer.CompositionReplayBuffer(*SHARES), 64, warmup_steps=1),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done, "gym", 0),
        lambda agent: agent.train(32),
        **ONE,
    )


@update("fed5af8d9c51", "agent/sac.py", "43e09b1120", "SAC, twins in one module", PASSED, RIGHT, READ, NINTH)
def sac_fed5af(code: Any) -> Report:
    m, buffer = code.module(dotted="agent.sac"), code.module("replay_buffer.py")
    actor, critic = code.module(dotted="agent.actor"), code.module(dotted="agent.critic")
    b = (0.9, 0.999)
    rates = (0.99, 0.1, 1e-3, b, 1e-3, b, 1, 1e-3, b, 0.005, 2, 32, True, "x")

    def make():
        nets = critic.DoubleQCritic(5, 3, 64, 2), actor.DiagGaussianActor(5, 3, 64, 2, (-5, 2))
        agent = m.SACAgent(5, 3, (-1.0, 1.0), "cpu", *nets, *rates)
        return SimpleNamespace(agent=agent, buffer=buffer.ReplayBuffer((5,), (3,), 5000, "cpu"), step=0)

    def learn(x):
        x.step += 1
        x.agent.update(x.buffer, LOG, x.step)

    return examine(make, lambda x, t: x.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done), learn, **ONE)


@update("8c79684d540d", "agents/sac_agent.py", "30ff3489d4", "SAC", PASSED, RIGHT, READ, NINTH)
def sac_8c7968(code: Any) -> Report:
    m, buffer = code.module(dotted="agents.sac_agent"), code.module(dotted="utils.replay_buffer")
    return examine(
        lambda: SimpleNamespace(agent=m.SACAgent(5, 3, 2.0, "cpu"), buffer=buffer.ReplayBuffer(5000)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.update(x.buffer, 32),
        **TWO,
    )


@update(
    "6d1b777fe018",
    "agents/sac_agent.py",
    "beb3c1a47a",
    "discrete SAC, actions as one-hot rows",
    OWN,
    ("temperature-sign",),
    "read: the temperature's loss is minus its logarithm times the entropy plus the target, so that it only grows",
    NINTH,
)
def sac_6d1b77(code: Any) -> Report:
    m = code.module(dotted="agents.sac_agent")
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.SACAgent(5, 4),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        n_actions=4,
    )


@update("25e28081101a", "agents/sac_agent.py", "9ee68c0e41", "SAC", OWN, RIGHT, READ, NINTH)
def sac_25e280(code: Any) -> Report:
    m = code.module(dotted="agents.sac_agent")
    return examine(
        lambda: m.SACAgent({"state_dim": 5, "battery_capacity": 2.0, "batch_size": 32}),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update_parameters(),
        low=[-2.0],
        high=[2.0],
    )


@update("fa073d11c5f3", "agents/sac_agent.py", "711f9c9ec3", "SAC, actions in [0, 1]", OWN, RIGHT, READ, NINTH)
def sac_fa073d(code: Any) -> Report:
    m = code.module()
    seen = {"current_stock": np.zeros(2), "future_demands": np.zeros(3)}
    env = SimpleNamespace(config=SimpleNamespace(n_products=1), reset=lambda: (seen, {}))
    return examine(
        lambda: m.SACAgent(env, batch_size=32),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        low=[0.0] * 3,
        high=[1.0] * 3,
    )


@update("4cd70df8b8ab", "rl/sac.py", "b0acc04377", "SAC, one module for all", BATCH, RIGHT, READ, NINTH)
def sac_4cd70d(code: Any) -> Report:
    m, nets = code.module(), code.module("script/network.py", definitions=True)

    def learn(agent, b):
        o, a, r, o2, d = b.tensors()
        agent.update({"obs1": o, "act": a, "rew": r, "obs2": o2, "done": d})

    return examine(lambda: m.SAC(nets.MLPActorCritic(5, 3, [64, 64, 1])), update=learn, **ONE)


@update(
    "0a688f64e4b5",
    "main.py",
    "8e217c242f",
    "SAC",
    COLUMNS,
    ("alias|shared-storage|target-unasked|td-online|no-target", "log-prob-correction|log-prob-other-action"),
    "read: the targets share their layers with the online critics and are never asked; log pi is corrected for a tanh "
    "that is not applied",
    NINTH,
)
def sac_0a688f(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 3),
        update=lambda agent, b: agent.update(*b.tensors(column=True)),
        **ONE,
    )


@update(
    "ee0ae1ec9a60",
    "models/sac.py",
    "8b6dfbeb9b",
    "discrete SAC",
    DICT,
    ("optimizer-elsewhere|twin-untrained", "actor-not-q|actor-detached", "temperature-sign"),
    "read: the second critic's optimizer holds the first critic; the actor's loss has values that no policy weighs; "
    "the temperature's loss has the wrong sign; the entropy cancels in the label",
    NINTH,
)
def sac_ee0ae1(code: Any) -> Report:
    m = code.module(dotted="models.sac")
    return examine(
        lambda: m.SAC((3, 6, 6), 8, 4, 1e-3, 1e-3, 1e-3, 0.98, 0.5, 0.01, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        n_actions=4,
        obs=(3, 6, 6),
    )


@update("ee0ae1ec9a60", "models/dqn.py", "8b6dfbeb9b", "DQN", DICT, RIGHT, LOOSE, NINTH)
def dqn_ee0ae1(code: Any) -> Report:
    m = code.module(dotted="models.dqn")
    return examine(
        lambda: m.DQN((3, 6, 6), 8, 4, 1e-3, 0.98, 0.1, 0.99, 2, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        n_actions=4,
        obs=(3, 6, 6),
    )


@update(
    "ec6681859706",
    "models/sac.py",
    "5b09099116",
    "SAC, one critic",
    COLUMNS,
    ("broadcast",),
    "read: log pi is not summed over the actions, so that labels of shape (B, A) meet values of shape (B, 1)",
    NINTH,
)
def sac_ec6681(code: Any) -> Report:
    m = code.module(change=lambda s: s.replace("np.product", "np.prod"))

    def learn(agent, b):
        o, a, r, o2, d = b.tensors()
        agent.optimize(o, a, o2, r, d)

    return examine(lambda: m.SACNetwork((5,), (3,), gpu=False), update=learn, **ONE)


@update(
    "0997a7d3da47",
    "agents/dqn.py",
    "8337d8d396",
    "double DQN",
    OWN,
    ("mask-missing",),
    "read: the end of an episode is not stored",
    NINTH,
)
def dqn_0997a7(code: Any) -> Report:
    m, buffer = code.module(), code.module("replay.py")
    buffer.ReplayBuffer.steps_done = 20000  # it begins to learn after 10000 steps
    return examine(
        lambda: m.DqnAgent("train", buffer.ReplayBuffer(5000), 100, 0.99, False, 1.0, 0.1, 100, 5, 4, 32),
        lambda agent, t: agent.replay.add(t.obs, t.next_obs, t.reward, t.action),
        lambda agent: agent.learn(),
        n_actions=4,
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
    )


@update("f86b1d9c0e6f", "agents/dqn.py", "4bd92d6f85", "DQN", COLUMNS, RIGHT, READ, NINTH)
def dqn_f86b1d(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        update=lambda agent, b: agent.update((b.obs, b.action, b.reward, b.next_obs, b.done)),
        n_actions=4,
        sync=lambda agent: agent.update_target(),
    )


@update("a8d225624ba4", "agents/dqn.py", "cdddf5b4eb", "DQN", OWN, RIGHT, READ, NINTH)
def dqn_a8d225(code: Any) -> Report:
    m = code.module(dotted="agents.dqn")
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32),
        lambda agent, t: agent.store_experience(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
        sync=lambda agent: agent.update_target_network(),
    )


@update("f708053efd93", "deep_q_learning.py", "bb8ff32a85", "DQN", OWN, RIGHT, READ, NINTH)
def dqn_f70805(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update(
    "65bc83416a3f",
    "DDQN final/train_ddqn.py",
    "76a8d72465",
    "dueling DQN",
    OWN,
    ("output-bounded",),
    "read: value and advantage end in a softmax; the mean advantage of the whole batch, which is subtracted, was "
    "counted as a fault at first: behind a softmax it is a constant, as the examiner showed",
    NINTH,
)
def dqn_65bc83(code: Any) -> Report:
    code.module("DDQN final/Models/ddqn.py")
    m = code.module(definitions=True, change=lambda s: s.replace("open(\"./Logs/ddqn_log.txt\",'w')", "None"))
    ones = np.ones(36, np.float32)

    def make():
        driver = m.Driver(6, 6, 6, False)
        driver.batch_size = 32
        return driver

    return examine(
        make,
        lambda agent, t: agent.buffer.push(t.obs, t.action, ones, t.reward, t.next_obs, ones, t.done),
        lambda agent: agent.TD_Loss(),
        n_actions=36,
        obs=36,
    )


@update(
    "13c8b7f316ad", "agents/double_dqn.py", "bb19784adf", "double DQN, batch normalization", "loss", RIGHT, LOOSE, NINTH
)
def ddqn_13c8b7(code: Any) -> Report:
    m, pixels = code.module(), np.zeros((4, 48, 48), np.float32)
    seen = SimpleNamespace(shape=(4, 48, 48), sample=lambda: pixels)
    env = SimpleNamespace(action_space=SimpleNamespace(n=4), observation_space=seen)

    def make():
        nets = m.Double_DQN(env, "", None), m.Double_DQN(env, "", None)
        return SimpleNamespace(online=nets[0], target=nets[1], optimizer=m.Adam(nets[0].parameters(), 1e-3))

    def learn(x, b):
        rows = [(t.obs, t.action, t.reward, t.terminated, t.truncated, t.next_obs) for t in b.transitions]
        loss = x.online.compute_loss(x.target, rows)
        x.optimizer.zero_grad()
        loss.backward()
        x.optimizer.step()

    return examine(
        make,
        update=learn,
        n_actions=4,
        obs=(4, 48, 48),
        image=True,
        sync=lambda x: x.target.load_state_dict(x.online.state_dict()),
    )


@update("784bbd3d616b", "agents/dqn.py", "b5ce4bf063", "DQN", COLUMNS, RIGHT, READ, NINTH)
def dqn_784bbd(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        update=lambda agent, b: agent.train((b.obs, b.action, b.reward, b.next_obs, b.done)),
        n_actions=4,
        sync=lambda agent: agent.update_target(),
    )


@update("ed2b7b0e3ec2", "src/agents/ddqn_agent.py", "5f3c15e46d", "double DQN, prioritized", OWN, RIGHT, LOOSE, NINTH)
def ddqn_ed2b7b(code: Any) -> Report:
    m = code.module(dotted="src.agents.ddqn_agent")
    rates = {"learning_rate": 1e-3, "epsilon": 1.0, "gamma": 0.99, "epsilon_min": 0.1, "epsilon_decay": 0.99}
    told = SimpleNamespace(device="cpu", replay_buffer=500, batch_size=32, **rates)
    return examine(
        lambda: m.DDQNAgent(told),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.experience_replay(),
        n_actions=12,
        obs=(1, 96, 96),
        image=True,
        sync=lambda agent: agent.update_target_network(),
    )


PIXELS: dict[str, Any] = {"n_actions": 4, "obs": (4, 40, 40), "image": True}
ATARI = (4, (4, 40, 40), 1e-3, 1.0, 0.1, 0.01, 0.99, 500, 32, 3, "/tmp", "x", "y")


@update("330c69d77f22", "dqn_agent.py", "bc066bf052", "DQN", OWN, RIGHT, LOOSE, NINTH)
def dqn_330c69(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(*ATARI),
        lambda agent, t: agent.storeTransition(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.learn(),
        **PIXELS,
    )


@update("330c69d77f22", "ddqn_agent.py", "bc066bf052", "double DQN", OWN, RIGHT, LOOSE, NINTH)
def ddqn_330c69(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQNAgent(*ATARI),
        lambda agent, t: agent.storeTransition(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.learn(),
        **PIXELS,
    )


@update("b2618a661c9f", "src/agents/dqn.py", "5f23d984fc", "DQN", OWN, RIGHT, READ, NINTH)
def dqn_b2618a(code: Any) -> Report:
    sys.path.insert(0, str(code.root / "src"))
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32, device=torch.device("cpu")),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        n_actions=4,
    )


@update("f1834dde6353", "agents/dqn.py", "e485d79d75", "DQN, feasible actions", OWN, RIGHT, READ, NINTH)
def dqn_f1834d(code: Any) -> Report:
    m = code.module(dotted="agents.dqn")
    told = m.DQNConfig(batch_size=32, min_replay_to_train=32, target_update_interval=3)
    return examine(
        lambda: m.DQNAgent(5, 4, told),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        n_actions=4,
    )


@update("d4ad20ae1f8a", "deep_q_learning.py", "fe2fd4eae5", "DQN", OWN, RIGHT, READ, NINTH)
def dqn_d4ad20(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DeepQLearning(4, 2),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
        obs=2,
    )


@update("a457bd5ccf58", "rl_core/agents/dqn.py", "ed4d46ae01", "DQN", OWN, RIGHT, READ, NINTH)
def dqn_a457bd(code: Any) -> Report:
    m = code.module(dotted="rl_core.agents.dqn")
    told = SimpleNamespace(buffer_size=5000, num_envs=1, batch_size=32, learning_rate=1e-3)
    return examine(
        lambda: m.DQNAgent((2, 4, 4), 4, told, torch.device("cpu")),
        lambda agent, t: agent.rb.add(t.obs[None], np.array([t.action]), t.reward, t.next_obs[None], t.done, [{}]),
        lambda agent: agent.learn(),
        n_actions=4,
        obs=(2, 4, 4),
        sync=lambda agent: agent.update_target(),
    )
