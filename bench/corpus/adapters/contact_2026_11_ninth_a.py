"""Updates met first in the ninth round of November 2026, drawn at random: TD3 and DDPG.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BOX, LOOSE, NINTH, ONE, OWN, PASSED, READ, TWO
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine

SHARES = (5000, "stratified", 0.0, {"gym": 1.0})
LOG = SimpleNamespace(log=lambda *_: None, add_scalar=lambda *_: None)
COLUMNS = "method, columns of the batch passed in"


@update(
    "79a6aaf57af7",
    "models/td3.py",
    "40c4fb2cf7",
    "TD3, actions in [0, 1]",
    PASSED,
    ("mask-missing",),
    "read: the ends are sampled, and never used",
    NINTH,
)
def td3_79a6aa(code: Any) -> Report:
    m, buffer = code.module(dotted="models.td3"), code.module("rank/replay_buffer.py")
    net = SimpleNamespace(fc1=64, fc2=64, fc3=64, layer_norm=1e-5)
    one = SimpleNamespace(fc1=64, fc2=64, fc3=1)
    rates = {"actor_lr": 1e-3, "critic_lr": 1e-3, "discount": 0.99, "tau": 0.01, "fp16": False, "device": "cpu"}
    noise = {"policy_noise": 0.2, "noise_clip": 0.5, "policy_freq": 2, "max_action": 1.0}
    told = SimpleNamespace(state_dim=5, action_dim=3, actor=net, critic=one, **rates, **noise)
    row = SimpleNamespace(batch_size=32, fp16=False, max_grad_norm=1.0)
    return examine(
        lambda: SimpleNamespace(policy=m.TD3(told), buffer=buffer.ReplayBuffer(5000)),
        lambda x, t: x.buffer.push(t.obs, t.action, np.float32(t.reward), t.next_obs, np.float32(t.mask)),
        lambda x: x.policy.train(row, x.buffer),
        low=[0.0] * 3,
        high=[1.0] * 3,
    )


@update("27f7279d2d57", "algorithms/td3.py", "9b9732a7cb", "TD3, twins in one module", OWN, RIGHT, READ, NINTH)
def td3_27f727(code: Any) -> Report:
    m = code.module(dotted="algorithms.td3")
    return examine(
        lambda: m.TD3Agent(5, 3, buffer_size=5000, batch_size=32, device="cpu"),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        **ONE,
    )


@update("7e1049692a84", "rl/td3.py", "313d1fb1ce", "TD3, actions without a bound", OWN, RIGHT, READ, NINTH)
def td3_7e1049(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3Agent(5, 3, 1.0),
        lambda agent, t: agent.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


@update("5fccc04f2d02", "agent/td3.py", "4a2496a25b", "TD3", COLUMNS, RIGHT, READ, NINTH)
def td3_5fccc0(code: Any) -> Report:
    m = code.module(dotted="agent.td3")
    rates = (1e-3, 1e-3, 0.99, 0.01, 1, 1, 0.5, 0.2, 2, "constant(0.1)", "cpu")
    return examine(
        lambda: m.TD3Agent(5, 3, BOX.action_space, [64, 64], *rates),
        update=lambda agent, b: agent.update(b.tensors()),
        **ONE,
    )


@update("809aa4cecdb8", "agent/ddpg.py", "88c12a2087", "DDPG", COLUMNS, RIGHT, READ, NINTH)
def ddpg_809aa4(code: Any) -> Report:
    m = code.module(dotted="agent.ddpg")
    return examine(
        lambda: m.DDPGAgent(5, 3, BOX.action_space, [64, 64], 1e-3, 1e-3, 0.99, 0.01, 1, 1, "constant(0.1)", "cpu"),
        update=lambda agent, b: agent.update(b.tensors()),
        **ONE,
    )


@update("b0e9039d0d93", "models/td3.py", "144bc5eefc", "TD3", PASSED, RIGHT, READ, NINTH)
def td3_b0e903(code: Any) -> Report:
    m = code.module(dotted="models.td3")
    env = SimpleNamespace(observation_space=SimpleNamespace(shape=(5,)), action_space=BOX.action_space)
    sizes = {"actor_hidden_sizes": [64, 64], "critic_hidden_sizes": [64, 64], "learning_rate": 1e-3}
    told = SimpleNamespace(tau=0.01, gamma=0.99, policy_noise=0.2, noise_clip=0.5, policy_freq=2, **sizes)
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(told, env), buffer=m.ReplayBuffer(5000, 5, 3)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.train(x.buffer),
        **ONE,
    )


@update("9ac219e7daad", "models/td3.py", "48617a90ef", "TD3", OWN, RIGHT, READ, NINTH)
def td3_9ac219(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3(5, 3, batch_size=32),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


@update(
    "5bfe24551500",
    "src/agents/td3_agent.py",
    "450e0e83fa",
    "TD3, Huber, rewards clamped at 100",
    OWN,
    RIGHT,
    READ,
    NINTH,
)
def td3_5bfe24(code: Any) -> Report:
    m, buffer = code.module(dotted="src.agents.td3_agent"), code.module(dotted="src.compostion_buffer")
    return examine(
        lambda: m.TD3Agent(5, 3, buffer.CompositionReplayBuffer(*SHARES), 64, warmup_steps=1),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done, "gym", 0),
        lambda agent: agent.train(32),
        **ONE,
    )


@update("fed5af8d9c51", "agent/td3.py", "43e09b1120", "TD3, twins in one module", PASSED, RIGHT, READ, NINTH)
def td3_fed5af(code: Any) -> Report:
    m, buffer = code.module(dotted="agent.td3"), code.module("replay_buffer.py")
    actor, critic = code.module(dotted="agent.actor"), code.module(dotted="agent.critic")
    rates = (0.99, 1e-3, (0.9, 0.999), 1e-3, (0.9, 0.999), 0.005, 2, 0.1, 0.2, 0.5, 32, "x")

    def make():
        nets = critic.DoubleQCritic(5, 3, 64, 2), actor.TD3Actor(5, 3, 64, 2, (-1.0, 1.0))
        agent = m.TD3Agent(5, 3, (-1.0, 1.0), "cpu", *nets, *rates)
        return SimpleNamespace(agent=agent, buffer=buffer.ReplayBuffer((5,), (3,), 5000, "cpu"), step=0)

    def learn(x):
        x.step += 1
        x.agent.update(x.buffer, LOG, x.step)

    return examine(make, lambda x, t: x.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done), learn, **ONE)


@update("f0c0f488ee26", "algorithms/td3.py", "d0afe26508", "TD3, twins in one module", PASSED, RIGHT, READ, NINTH)
def td3_f0c0f4(code: Any) -> Report:
    m, buffer = code.module(dotted="algorithms.td3"), code.module(dotted="algorithms.replay_buffer")
    return examine(
        lambda: SimpleNamespace(agent=m.TD3Agent(5, 3), buffer=buffer.ReplayBuffer(5000, 5, 3)),
        lambda x, t: x.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.update(x.buffer, 32),
        **ONE,
    )


# Observations of 5 numbers, followed by a preview of 4 pairs that a transformer reads.
PREVIEW: dict[str, Any] = {
    "obs_dim_base": 5,
    "preview_steps": 4,
    "preview_token_dim": 2,
    "act_dim": 3,
    "act_limit": 2.0,
    "hidden_sizes": [64, 64],
    "actor_lr": 1e-3,
    "critic_lr": 1e-3,
    "gamma": 0.99,
    "tau": 0.005,
    "gradient_clip": 1.0,
    "base_encoder_dim": 32,
    "preview_embed_dim": 32,
    "transformer_layers": 1,
    "transformer_heads": 2,
    "transformer_ff_dim": 32,
    "transformer_dropout": 0.0,
}


@update("a116bdbd20ae", "rl/td3.py", "0e653a5590", "TD3, a transformer", PASSED, RIGHT, READ, NINTH)
def td3_a116bd(code: Any) -> Report:
    m, buffer = code.module(dotted="rl.td3"), code.module(dotted="rl.replay_buffer")
    told = m.TD3Config(**PREVIEW, policy_delay=2, target_noise=0.2, noise_clip=0.5)
    return examine(
        lambda: SimpleNamespace(agent=m.TD3Agent(told, torch.device("cpu")), buffer=buffer.ReplayBuffer(13, 3, 5000)),
        lambda x, t: x.buffer.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.train_step(x.buffer, 32),
        obs=13,
        **TWO,
    )


@update("a116bdbd20ae", "rl/ddpg.py", "0e653a5590", "DDPG, a transformer", PASSED, RIGHT, READ, NINTH)
def ddpg_a116bd(code: Any) -> Report:
    m, buffer = code.module(dotted="rl.ddpg"), code.module(dotted="rl.replay_buffer")
    told = m.DDPGConfig(**PREVIEW)
    return examine(
        lambda: SimpleNamespace(agent=m.DDPGAgent(told, torch.device("cpu")), buffer=buffer.ReplayBuffer(13, 3, 5000)),
        lambda x, t: x.buffer.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.train_step(x.buffer, 32),
        obs=13,
        **TWO,
    )


@update(
    "a782ce8ef9e7",
    "agent/td3.py",
    "c4414b2638",
    "TD3 without delay, batch normalization",
    OWN,
    RIGHT,
    "read; the targets move before the critics' step",
    NINTH,
)
def td3_a782ce(code: Any) -> Report:
    m, buffer = code.module(), code.module("replay_buffer.py", change=lambda s: s.replace(", copy=False", ""))
    return examine(
        lambda: m.TwinDelayedAgent(5, "cpu", 2, buffer.ReplayBuffer(5000), LOG, batch_size=32),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_model(),
        low=[-0.9985, 0.26],
        high=[0.9985, 0.28],
    )


@update(
    "5e24d494fbe8",
    "agent/ddpg.py",
    "196bc3126c",
    "DDPG",
    OWN,
    ("mask-missing",),
    "read: the end of an episode is not stored",
    NINTH,
)
def ddpg_5e24d4(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(5, 3, [1.0], {"name": "soft", "tau": 0.005}, memory_capacity=64),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        low=[0.0] * 3,
        high=[1.0] * 3,
    )


@update(
    "5d5320153ac5",
    "agent/ddpg.py",
    "3f2254345b",
    "DDPG",
    OWN,
    ("action-units",),
    "read: acts with and stores half of what the actor says plus one, and shows the critic what the actor says",
    NINTH,
)
def ddpg_5d5320(code: Any) -> Report:
    m = code.module(dotted="agent.ddpg")
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.Agent(5, 3, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        low=[0.0] * 3,
        high=[1.0] * 3,
    )


@update("ddfe2eab2082", "DDPG_agent.py", "ab26cef785", "DDPG, batch normalization", OWN, RIGHT, LOOSE, NINTH)
def ddpg_ddfe2e(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.Agent(5, 3, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **ONE,
    )


@update("000a6617567c", "agent/ddpg.py", "d67050f4f0", "DDPG, one module for actor and critic", OWN, RIGHT, READ, NINTH)
def ddpg_000a66(code: Any) -> Report:
    m = code.module(dotted="agent.ddpg")
    rates = (1e-3, 1e-3, 0.995, 0.1, 1, 0)
    return examine(
        lambda: m.DDPGAgent("cpu", 5, 3, 0.99, 5000, 0, 32, *rates, BOX.action_space, LOG),
        lambda agent, t: agent.observe(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.train(False),
        **ONE,
    )


@update(
    "5d5d37975936",
    "agent/ddpg.py",
    "520f7385c6",
    "DDPG",
    OWN,
    ("action-units",),
    "read: acts with and stores twice what the policy says (Pendulum), and shows the critic what the policy says",
    NINTH,
)
def ddpg_5d5d37(code: Any) -> Report:
    m = code.module(dotted="agent.ddpg")
    space = SimpleNamespace(low=-2 * np.ones(3, np.float32), high=2 * np.ones(3, np.float32), shape=(3,))
    return examine(
        lambda: m.DDPG(SimpleNamespace(shape=(5,)), space, 1, 1e-3, 1e-3, 0.1, 5000, 32, 0.99, 0.99),
        lambda agent, t: agent.add_transition((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.optimize(),
        **TWO,
    )


@update(
    "cc864631e97b",
    "utils/DDPG_agent.py",
    "751fe99be5",
    "DDPG, one module for actor and critic",
    OWN,
    ("bootstrap-gradient",),
    "read: the target's parameters keep the history of their copy, and the label is not detached, so that a thousandth "
    "of the target's gradient reaches the online critic",
    NINTH,
)
def ddpg_cc8646(code: Any) -> Report:
    m = code.module(dotted="utils.DDPG_agent")
    return examine(
        lambda: m.DDPGAgent(5, 3),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "014f9ac1da4d",
    "agent/ddpg.py",
    "e96e0de15d",
    "DDPG, Huber",
    OWN,
    ("target-unasked|td-online|no-target",),
    "read: the target networks are updated and never asked; the rows at the end of an episode are never drawn",
    NINTH,
)
def ddpg_014f9a(code: Any) -> Report:
    m = code.module(dotted="agent.ddpg")

    def feed(agent, t):  # the row after it holds the next observation
        agent.remember(t.obs, t.action, t.reward, t.done)
        agent.remember(t.next_obs, t.action, 0.0, True)

    return examine(lambda: m.DDPG(5, 3, 64, 5000, "cpu"), feed, lambda agent: agent.update(32), **ONE)
