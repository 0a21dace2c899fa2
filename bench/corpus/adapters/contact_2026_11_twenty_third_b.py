"""Updates met first in the twenty-third round of November 2026, drawn at random: DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import copy
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import (
    BOX,
    FUNCTION,
    LOOSE,
    ONE,
    OWN,
    PASSED,
    READ,
    SCRIPT,
    TWENTY_THIRD,
    TWO,
)
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine, watch

SINGLE: dict[str, Any] = {"low": [-1.0], "high": [1.0]}
PENDULUM: dict[str, Any] = {"low": [-2.0], "high": [2.0]}
NO_ENDS = "read: no end is stored, or none is used"
LIMITED = "read: a time limit is stored as an end"


@update("62f257abcdd7", "TD3/td3_net.py", "9c64688b1c", "TD3, dropout", PASSED, RIGHT, READ, TWENTY_THIRD)
def td3_62f257(code: Any) -> Report:
    m, rows = code.module(), code.module("TD3/buffer.py")
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(), rows=rows.ReplayBuffer()),
        lambda x, t: x.rows.add(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda x: x.agent.train(x.rows, 1, 0.99),
        obs=24,
        low=[-1.0, -1.0],
        high=[1.0, 1.0],
    )


@update("3624be02998a", "DDPG/DDPG.py", "da598fae7c", "DDPG", FUNCTION, ("mask-missing",), NO_ENDS, TWENTY_THIRD)
def ddpg_3624be(code: Any) -> Report:
    m, nets, rows = code.module(), code.module("DDPG/Network.py"), code.module("DDPG/utils.py")

    def make():
        x = SimpleNamespace(actor=nets.Actor_Network(5, 1, "cpu"), critic=nets.Critic_Network(5, 1, "cpu"))
        x.slow, x.slow_critic, x.rows = copy.deepcopy(x.actor), copy.deepcopy(x.critic), rows.experience_replay(20000)
        x.adams = [torch.optim.Adam(net.parameters()) for net in (x.critic, x.actor)]
        return x

    def feed(x, t):
        obs, action, after, reward = t.as_tensors()
        for _ in range(200):
            x.rows.push(obs, action, after, reward)

    return examine(
        make,
        feed,
        lambda x: m.gradient_step(x.rows, x.critic, x.slow_critic, x.actor, x.slow, 32, "cpu", 0.9, *x.adams),
        sync=lambda x: (
            x.slow.load_state_dict(x.actor.state_dict()),
            x.slow_critic.load_state_dict(x.critic.state_dict()),
        ),
        **SINGLE,
    )


@update(
    "9eb94b0aaf22",
    "DDPG/ddpg_pytorch.py",
    "aeca9182f6",
    "DDPG",
    OWN,
    ("grads-not-zeroed", "polyak-whole", "broadcast|reward-missing"),
    "read: nothing is zeroed; each update loads the actor's weights into the target actor; the buffer returns actions "
    "of shape (B, 1) as the rewards",
    TWENTY_THIRD,
)
def ddpg_9eb94b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent((5,), env=env_of(5, **SINGLE), n_actions=1, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **SINGLE,
    )


@update(
    "c25382eccbc2",
    "soft_actor_critic.py",
    "d56386000a",
    "discrete SAC, no target network",
    SCRIPT,
    ("temperature-sign", "mask-truncated"),
    LIMITED + "; the temperature falls where the entropy is too small",
    TWENTY_THIRD,
)
def sac_discrete_c25382(code: Any) -> Report:
    return watch(code.run, obs=25, n_actions=5)


@update(
    "c25382eccbc2",
    "sac_agent.py",
    "d56386000a",
    "SAC",
    PASSED,
    ("log-prob-uncorrected",),
    "read: log pi is that of the number before the tanh",
    TWENTY_THIRD,
)
def sac_c25382(code: Any) -> Report:
    m = code.module(definitions=True)
    m.state_dim, m.action_dim, m.BATCH_SIZE = 5, 3, 32
    return examine(
        lambda: SimpleNamespace(agent=m.SACAgent(), rows=m.ReplayBuffer(5000)),
        lambda x, t: x.rows.push(*t.as_tuple()),
        lambda x: x.agent.update(x.rows),
        **ONE,
    )


@update("2ee1cf612251", "TD3/train.py", "731d6be307", "TD3", OWN, ("mask-missing",), NO_ENDS, TWENTY_THIRD)
def td3_2ee1cf(code: Any) -> Report:
    m = code.module(change=lambda text: text.replace('"cuda"', '"cpu"'))
    rows = code.module("TD3/buffer.py")

    def make():
        kept = rows.MemoryBuffer(5000)
        return m.Trainer(5, 3, 1.0, kept)

    return examine(
        make,
        lambda x, t: x.replay_buffer.add(t.obs, t.action, t.reward, t.next_obs),
        lambda x: x.train("/tmp/"),
        **ONE,
    )


def _told(code: Any, path: str) -> Any:
    told = code.module(path)
    told.BATCH_SIZE, told.DEVICE = 32, "cpu"
    return told


@update("3499930caa91", "SAC/sac_agent.py", "72fea8aaae", "SAC", PASSED, RIGHT, READ, TWENTY_THIRD)
def sac_349993(code: Any) -> Report:
    m, rows, told = code.module(), code.module("SAC/replay_buffer.py"), _told(code, "SAC/config.py")
    return examine(
        lambda: SimpleNamespace(agent=m.SACAgent(5, 3, 1.0, told), rows=rows.ReplayBuffer(5, 3, 5000)),
        lambda x, t: x.rows.push(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.agent.optimize(x.rows),
        **ONE,
    )


@update("3499930caa91", "TD3/td3_agent.py", "72fea8aaae", "TD3", PASSED, RIGHT, READ, TWENTY_THIRD)
def td3_349993(code: Any) -> Report:
    m, rows, told = code.module(), code.module("TD3/replay_buffer.py"), _told(code, "TD3/config.py")
    return examine(
        lambda: SimpleNamespace(agent=m.TD3Agent(5, 3, 1.0, told), rows=rows.ReplayBuffer(5, 3, 5000)),
        lambda x, t: x.rows.push(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.agent.optimize(x.rows),
        **ONE,
    )


@update("96c38eab0f67", "DDPG/DDPGAgent.py", "565e6ca0fc", "DDPG", OWN, ("mask-missing",), NO_ENDS, TWENTY_THIRD)
def ddpg_96c38e(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGAgent(env_of(5, **PENDULUM), 64, 1e-3, 1e-4, 0.99, 1e-2, 5000),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(32),
        **SINGLE,
    )


@update("eb6704abb09d", "sac/model.py", "962c57bf15", "SAC", FUNCTION, RIGHT, READ, TWENTY_THIRD)
def sac_eb6704(code: Any) -> Report:
    m = code.module()

    def make():
        x = SimpleNamespace(actor=m.Actor(5, 3), dynamics=m.DynamicsModel(5, 3))
        x.q = [m.QNet(5, 3) for _ in range(2)]
        x.slow = copy.deepcopy(x.q)
        x.adams = [torch.optim.Adam(net.parameters()) for net in (x.actor, *x.q, x.dynamics)]
        return x

    def learn(x, b):
        obs, action, reward, after, done = b.tensors(column=True)
        m.sac_update(x.actor, *x.q, *x.slow, x.dynamics, *x.adams, (obs, action, reward, after, done))

    return examine(make, update=learn, **ONE)


def _old_env(code: Any) -> Report:
    def wrapped(text):
        made = 'OldEnv(NormalizedEnv(gym.make("Pendulum-v0")), time_limit_is_done=False)'
        text = text.replace('NormalizedEnv(gym.make("Pendulum-v0"))', made).replace(
            "env.render(mode='rgb_array')", "pass"
        )
        return "from bench.corpus.stubs import OldEnv\n" + text

    return watch(lambda make: code.run(lambda *a, **k: make(), change=wrapped), obs=3, **PENDULUM)


@update("d34d48a255c6", "ddpg.py", "57c6a76fa5", "DDPG", SCRIPT, RIGHT, LOOSE, TWENTY_THIRD)
def ddpg_d34d48(code: Any) -> Report:
    return _old_env(code)


@update("d34d48a255c6", "soft_actor_critic.py", "57c6a76fa5", "SAC", SCRIPT, RIGHT, READ, TWENTY_THIRD)
def sac_d34d48(code: Any) -> Report:
    return _old_env(code)


@update("abb3540ed140", "sac/sac_agent.py", "e9c457c3e4", "SAC", OWN, RIGHT, READ, TWENTY_THIRD)
def sac_abb354(code: Any) -> Report:
    m = code.module()
    told = SimpleNamespace(
        mode="normal", per=False, device=torch.device("cpu"), alpha=0.2, automatic_entropy_tuning=True, phased=False
    )
    told.lr_milestones, told.alpha_milestones, told.lr_factor, told.learning_rate = ["100"], ["100"], 0.5, 1e-3
    told.alpha_lr, told.batch_size, told.gamma, told.update_target_every, told.soft_tau = 1e-3, 32, 0.95, 1, 0.005
    return examine(
        lambda: m.SACAgent(None, (5,), BOX.action_space, told, 3),
        lambda agent, t: agent.store_transition((t.obs, t.action, t.reward, t.next_obs, bool(t.done))),
        lambda agent: agent.update_parameters(0),
        **ONE,
    )


@update("d59ddd99517c", "sac.py", "1bcb336d88", "SAC", PASSED, RIGHT, READ, TWENTY_THIRD)
def sac_d59ddd(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: SimpleNamespace(agent=m.SAC(5, 3), rows=m.ReplayBuffer(5000)),
        lambda x, t: x.rows.push(*t.as_tuple()),
        lambda x: x.agent.update_parameters(x.rows, 32),
        **ONE,
    )


@update("d59ddd99517c", "DDPG/ddpg_stage_1.py", "1bcb336d88", "DDPG", OWN, RIGHT, READ, TWENTY_THIRD)
def ddpg_d59ddd(code: Any) -> Report:
    m = code.module(definitions=True)
    m.BATCH_SIZE = 32

    def make():
        m.ram = m.MemoryBuffer(5000)
        return m.Trainer(14, 2, 0.8, 2.0, m.ram)

    return examine(
        make,
        lambda x, t: x.ram.add(*t.as_tuple()),
        lambda x: x.optimizer(),
        obs=14,
        low=[0.0, -2.0],
        high=[0.8, 2.0],
    )


@update("a1ae93a4053a", "ddpg.py", "d1533fd49f", "DDPG", OWN, RIGHT, LOOSE, TWENTY_THIRD)
def ddpg_a1ae93(code: Any) -> Report:
    m = code.module()
    m.config["BATCH_SIZE"] = 32
    return examine(
        lambda: m.DDPGMultiAgent(5, 3, 1, None, 0, "/tmp"),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(0.9),
        **ONE,
    )


def _own_buffer(code: Any, kind: str, **told: Any) -> Report:
    m = code.module()
    return examine(
        lambda: getattr(m, kind)(5, 3, 2.0, replay_capacity=5000, replay_batch_size=32, **told),
        lambda agent, t: agent.store_data(*t.as_tuple()),
        lambda agent: agent.learn(),
        **TWO,
    )


@update("8072b9b6eeb1", "DRL/sac.py", "48cec09919", "SAC", OWN, RIGHT, READ, TWENTY_THIRD)
def sac_8072b9(code: Any) -> Report:
    return _own_buffer(code, "SAC")


@update("8072b9b6eeb1", "DRL/ddpg.py", "48cec09919", "DDPG", OWN, RIGHT, READ, TWENTY_THIRD)
def ddpg_8072b9(code: Any) -> Report:
    return _own_buffer(code, "DDPG", learn_epochs=1)


@update(
    "8072b9b6eeb1",
    "DRL/td3.py",
    "48cec09919",
    "TD3",
    OWN,
    ("target-noise-biased",),
    "read: the noise is uniform and never negative",
    TWENTY_THIRD,
)
def td3_8072b9(code: Any) -> Report:
    return _own_buffer(code, "TD3", learn_epochs=1)


@update(
    "f2835e3f9132",
    "SAC/sac.py",
    "060911f505",
    "discrete SAC, row by row, images",
    PASSED,
    ("no-bootstrap", "actor-detached"),
    "read: where an episode goes on, the value of s' is multiplied by `done`; Q in the actor's loss is detached",
    TWENTY_THIRD,
)
def sac_f2835e(code: Any) -> Report:
    m, rows = code.module(dotted="SAC.sac"), code.module("SAC/replay_memory.py")
    every = np.arange(60)
    return examine(
        lambda: SimpleNamespace(agent=m.SAC(), rows=rows.ReplayMemory(5000)),
        lambda x, t: x.rows.push(*t.as_tuple(), every, every),
        lambda x: x.agent.update_parameters(x.rows, 16),
        obs=(3, 8, 8),
        n_actions=60,
    )


@update("d676288405bb", "td3_trainer.py", "cf773107ec", "TD3, images and numbers", PASSED, RIGHT, READ, TWENTY_THIRD)
def td3_d67628(code: Any) -> Report:
    m, rows = code.module(), code.module("replay_buffer.py")
    actors, critics = code.module("models/actor.py"), code.module("models/critic.py")
    depth = np.zeros((1, 256, 144), np.float32)
    return examine(
        lambda: SimpleNamespace(
            agent=m.TD3Trainer(5, 3, 1.0, actors.Actor(5, 3, 1.0), critics.Critic(5, 3)),
            rows=rows.ReplayBuffer(5, 3, 300),
        ),
        lambda x, t: x.rows.add(*t.as_tuple(), depth, depth),
        lambda x: x.agent.train(x.rows, 16),
        **ONE,
    )


def _surel(code: Any, kind: str, **told: Any) -> Report:
    m, kept = code.module(), code.module("commons/utils.py")
    told |= {"BATCH_SIZE": 32, "GAMMA": 0.99, "TAU": 0.005, "MEMORY_CAPACITY": 5000, "GAME": {"id": "any"}}
    kept.gym.make = lambda **_: env_of(5, **ONE)
    return examine(
        lambda: getattr(m, kind)("cpu", "/tmp", told),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.optimize(),
        **ONE,
    )


RATES = {"LEARNING_RATE_CRITIC": 1e-3, "LEARNING_RATE_ACTOR": 1e-3, "HIDDEN_LAYERS": [64, 64]}


@update("f9cde133b106", "agents/DDPG/model.py", "c59f534500", "DDPG", OWN, RIGHT, READ, TWENTY_THIRD)
def ddpg_f9cde1(code: Any) -> Report:
    return _surel(code, "DDPG", **RATES)


@update("f9cde133b106", "agents/TD3/model.py", "c59f534500", "TD3", OWN, RIGHT, READ, TWENTY_THIRD)
def td3_f9cde1(code: Any) -> Report:
    return _surel(code, "TD3", UPDATE_SIGMA=0.2, UPDATE_CLIP=0.5, **RATES)


@update(
    "f9cde133b106",
    "agents/SAC/model.py",
    "c59f534500",
    "SAC with a state value",
    OWN,
    ("actor-detached",),
    "read: Q in the actor's loss is detached",
    TWENTY_THIRD,
)
def sac_f9cde1(code: Any) -> Report:
    sizes = {f"HIDDEN_{part}_LAYERS": [64, 64] for part in ("VALUE", "Q", "PI")}
    rates = {"VALUE_LR": 1e-3, "SOFTQ_LR": 1e-3, "ACTOR_LR": 1e-3, "ALPHA_LR": 1e-3, "AUTO_ALPHA": True}
    return _surel(code, "SAC", **sizes, **rates)


@update("76293898c154", "TD3/Agent.py", "72f78db5dc", "TD3", PASSED, RIGHT, READ, TWENTY_THIRD)
def td3_762938(code: Any) -> Report:
    m, rows = code.module(), code.module("TD3/replay_buffer.py")
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(BOX, 5, 3, 2.0), rows=rows.ReplayBuffer(5000, (5,), 3)),
        lambda x, t: x.rows.store_transition(*t.as_tuple()),
        lambda x: x.agent.train(x.rows, 32),
        **TWO,
    )


@update(
    "ab6b3f20ed04",
    "models/policy_learning_algorithms/soft_actor_critic_zhihan.py",
    "9dd118d870",
    "SAC",
    PASSED,
    ("entropy-averaged|broadcast",),
    "read: log pi of shape (B,) meets values of shape (B, 1) in the label",
    TWENTY_THIRD,
)
def sac_ab6b3f(code: Any) -> Report:
    m = code.module(dotted="models.policy_learning_algorithms.soft_actor_critic_zhihan")
    return examine(
        lambda: SimpleNamespace(
            agent=m.ZhihanSoftActroCritic(5, 3, env_of(5, **ONE)), rows=m.NdArrayBuffer(5000, (5,), (3,))
        ),
        lambda x, t: x.rows.append_experience(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda x: x.agent.update(x.rows),
        **ONE,
    )


def _remembered(code: Any, dotted: str, kind: str, **told: Any) -> Report:
    rows = code.module("util/buffer.py", change=lambda text: text.replace('", ".join', "', '.join"))
    sys.modules["util.buffer"] = rows  # whose f-strings need a newer Python
    m = code.module(dotted=dotted)
    env = env_of(5, **ONE)
    return examine(
        lambda: getattr(m, kind)(env.observation_space, env.action_space, mem_size=5000, batch_size=32, **told),
        lambda agent, t: agent.remember(m.Experience(*t.as_tuple())),
        lambda agent: agent.learn(1),
        **ONE,
    )


@update(
    "b431a0211824",
    "SACv1/sac.py",
    "952a63a0d3",
    "SAC with a state value",
    OWN,
    ("state-value-replayed",),
    "read: the state value learns from Q at the stored actions, and from log pi at s'",
    TWENTY_THIRD,
)
def sac_b431a0(code: Any) -> Report:
    return _remembered(code, "SACv1.sac", "SACv1Agent", log_std_bounds=[-5, 2])


@update("b431a0211824", "TD3/td3.py", "952a63a0d3", "DDPG with twin critics", OWN, RIGHT, READ, TWENTY_THIRD)
def td3_b431a0(code: Any) -> Report:
    return _remembered(code, "TD3.td3", "TD3Agent")


@update(
    "916262c1e8fb",
    "TD3/TD3.py",
    "c242378fc5",
    "TD3",
    OWN,
    ("states-changed",),
    "read: the smoothing noise is added to s', which is clamped to [-1, 1]",
    TWENTY_THIRD,
)
def td3_916262(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3(1e-3, 1e-3, 5, 3, 64, 64, 64, 64, "", max_size=5000, batch_size=32),
        lambda agent, t: agent.memory.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


def _tutorial(code: Any, kind: str) -> Report:
    for part in ("utils", "network"):  # folders without `__init__.py`
        sys.modules[part] = ModuleType(part)
        sys.modules[part].__path__ = [str(code.root / "tutorials" / kind / part)]
    m = code.module()
    told = code.module(f"tutorials/{kind}/utils/arguments.py").get_args()
    m.gym.make, m.RescaleAction = lambda name: env_of(5, **SINGLE), lambda env, low, high: env
    told.batch_size, told.buffer_size = 32, 5000

    def feed(agent, t):
        agent.memory.store(t.obs, t.action.item(), t.reward, t.next_obs, told.gamma * t.mask)

    def learn(agent):
        agent.total_step += 1
        agent.learn()

    return examine(lambda: getattr(m, f"{kind}Agent")(told), feed, learn, **SINGLE)


@update("9925b49cb645", "tutorials/SAC/algorithm/agent.py", "37beec975b", "SAC", OWN, RIGHT, READ, TWENTY_THIRD)
def sac_9925b4(code: Any) -> Report:
    return _tutorial(code, "SAC")


@update("9925b49cb645", "tutorials/TD3/algorithm/agent.py", "37beec975b", "TD3", OWN, RIGHT, READ, TWENTY_THIRD)
def td3_9925b4(code: Any) -> Report:
    return _tutorial(code, "TD3")


@update(
    "9925b49cb645",
    "tutorials/DDPG/algorithm/agent.py",
    "37beec975b",
    "DDPG",
    OWN,
    ("actions-rounded",),
    "read: `dtype=T.long` for continuous actions",
    TWENTY_THIRD,
)
def ddpg_9925b4(code: Any) -> Report:
    return _tutorial(code, "DDPG")


@update("920ab5eded3d", "TD3/main.py", "71f9d00b1c", "TD3", SCRIPT, ("mask-truncated",), LIMITED, TWENTY_THIRD)
def td3_920ab5(code: Any) -> Report:
    def shorter(text):
        text = text.replace("10000", "200").replace("range(1, 51)", "range(1, 5)")
        return text.replace("update_every=50", "update_every=2").replace("push(s, a, ", "push(s, a.item(), ")

    return watch(lambda make: code.run(make, change=shorter), obs=3, **PENDULUM)


@update(
    "920ab5eded3d",
    "SAC/non_vectorized/main.py",
    "71f9d00b1c",
    "SAC",
    SCRIPT,
    ("mask-truncated",),
    LIMITED,
    TWENTY_THIRD,
)
def sac_920ab5(code: Any) -> Report:
    def shorter(text):
        return text.replace("update_every = 100", "update_every = 2").replace("buffer_size = 1000", "buffer_size = 200")

    return watch(lambda make: code.run(make, change=shorter), obs=3, **PENDULUM)
