"""Updates met first in the thirteenth round of November 2026, drawn at random: DDPG and TD3.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import random
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, BOX, LOOSE, ONE, OWN, PASSED, READ, THIRTEENTH, TWO
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import StandIn, env_of
from gradexaminer import Report, examine

ENV = env_of(5, **ONE)
CPU = torch.device("cpu")
DOUBLE = (
    "read; actions are stored in 64 bits, as its loop does: those of 32 bits would share their memory with the noise"
)


@update(
    "5e6fb51fc2cf",
    "DDPG/agent.py",
    "2d367edec3",
    "DDPG",
    OWN,
    ("td-online",),
    "read: the label asks the online critic, though there is a target",
    THIRTEENTH,
)
def ddpg_5e6fb5(code: Any) -> Report:
    m = code.module()
    told = {"device": "cpu", "hidden_dim": 64, "critic_lr": 1e-3, "actor_lr": 1e-3, "capacity": 5000, "batch_size": 32}
    return examine(
        lambda: m.DDPGAgent(5, 3, SimpleNamespace(**told, soft_tau=0.01, gamma=0.99)),
        lambda agent, t: agent.memory.push(t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


@update("359c7c2c6237", "TD3/agent_class.py", "d9cba2d631", "TD3", OWN, RIGHT, LOOSE, THIRTEENTH)
def td3_359c7c(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, (5,), 0.005, BOX, action_dim=3, max_size=5000, batch_size=32),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("78f52076b6f4", "DDPG/agent.py", "84e3be15a2", "DDPG", OWN, RIGHT, READ, THIRTEENTH)
def ddpg_78f520(code: Any) -> Report:
    m = code.module()
    told = {
        "device": "cpu",
        "hidden_dim": 64,
        "critic_lr": 1e-3,
        "actor_lr": 1e-3,
        "memory_capacity": 5000,
        "batch_size": 32,
    }
    return examine(
        lambda: m.DDPG(5, 3, SimpleNamespace(**told, soft_tau=0.01, gamma=0.99)),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


@update("5b42cef60940", "TD3/TD3.py", "b14e902537", "TD3", OWN, RIGHT, READ, THIRTEENTH)
def td3_5b42ce(code: Any) -> Report:
    m = code.module()

    def feed(agent, t):
        state, action, after = (torch.tensor(x, dtype=torch.float32) for x in (t.obs, t.action, t.next_obs))
        agent.memory.push((state, action, torch.tensor([t.reward]), after, torch.tensor([float(t.done)])))

    return examine(lambda: m.TD3(5, 64, 3), feed, lambda agent: agent.train_net(), **TWO)


@update("861a6376e0e9", "TD3/agent.py", "82599123f1", "TD3, target actions not clamped", OWN, RIGHT, READ, THIRTEENTH)
def td3_861a63(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(ENV, 5000, 32),
        lambda agent, t: agent.add_to_memory(*t.as_tuple()),
        lambda agent: agent.update(2),
        **ONE,
    )


@update("a0de4082539e", "TD3/agent.py", "60cb70ddef", "TD3, target actions not clamped", OWN, RIGHT, READ, THIRTEENTH)
def td3_a0de40(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGAgent((5,), 3, min_experiences=64, batch_size=32),
        lambda agent, t: agent.store_experience(*t.as_tuple()),
        lambda agent: (agent.update_networks(), agent.update_target()),
        **ONE,
    )


@update("18e10a9b17be", "DDPG/agent.py", "75123ff8bd", "DDPG", OWN, RIGHT, LOOSE, THIRTEENTH)
def ddpg_18e10a(code: Any) -> Report:
    sys.modules["gym.wrappers.monitoring"] = StandIn("gym.wrappers.monitoring")
    m = code.module()
    sizes = {
        "state_dim": 5,
        "action_dim": 3,
        "hidden_size_actor": (64, 64),
        "hidden_size_critic": (64, 64),
        "buffer_size": 5000,
    }
    rates = {
        "epsilon": 1.0,
        "epsilon_decay": 0.99,
        "gamma": 0.99,
        "tau": 0.01,
        "cuda_device": 0,
        "lr_actor": 1e-3,
        "lr_critic": 1e-3,
    }
    rates |= {"weight_decay": 0, "batch_size": 32, "learning_period": 1, "update_factor": 1}
    return examine(
        lambda: m.DDPGAgent(sizes | rates),
        lambda agent, t: agent.memory.append(*t.as_tuple()),
        lambda agent: agent.update(*agent.memory.buffer[-1], 1),
        **ONE,
    )


@update("dee6f84896c6", "td3_torch.py", "32f3ff9f26", "TD3", OWN, RIGHT, LOOSE, THIRTEENTH)
def td3_dee6f8(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, (5,), 0.005, BOX, n_actions=3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "8c655db13119",
    "TD3/TD3.py",
    "b7aa1a8fb8",
    "TD3",
    PASSED,
    ("critic-untrained",),
    "read: the critics' steps stand in a map that nothing runs",
    THIRTEENTH,
)
def td3_8c655d(code: Any) -> Report:
    m, models = code.module(), code.module("TD3/models.py")
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(5, 3, 1.0), buffer=models.ReplayBuffer()),
        lambda x, t: x.buffer.add((t.obs, t.next_obs, t.action.astype(float), t.reward, float(t.done))),
        lambda x: x.agent.train(x.buffer, 2, batch_size=32),
        **ONE,
    )


@update(
    "a1773177c09c",
    "DDPG/agent.py",
    "217870ee8a",
    "DDPG, convolutions",
    OWN,
    ("mask-missing",),
    "read: no end of an episode is stored",
    THIRTEENTH,
)
def ddpg_a17731(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 3, 1.0, (1e-3, 1e-3), (0.01, 0.01), 0.99, 0.003, (0, 0), 32, 5000, 0),
        lambda agent, t: agent.replayBuffer.add(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("231138a5f7b6", "TD3/TD3.py", "3805c1e0bf", "TD3", OWN, RIGHT, READ, THIRTEENTH)
def td3_231138(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3(5, 3, 1.0, "cpu"),
        lambda agent, t: agent.replay_buffer.push(*t.as_tuple()),
        lambda agent: agent.update(32),
        **ONE,
    )


@update("51ac8b2f5099", "TD3/TD3.py", "9d8d601fcb", "TD3", PASSED, RIGHT, READ, THIRTEENTH)
def td3_51ac8b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.Agent(5, 3, 1.0), buffer=m.ReplayBuffer(5000, 32)),
        lambda x, t: x.buffer.add(*t.as_tuple()),
        lambda x: x.agent.train(x.buffer),
        **ONE,
    )


@update("bab9adbc84d2", "DDPG/agent.py", "b665e2cac8", "DDPG", OWN, RIGHT, READ, THIRTEENTH)
def ddpg_bab9ad(code: Any) -> Report:
    m = code.module()
    told = SimpleNamespace(
        a_lr=1e-3, c_lr=1e-3, critic_l2_reg=0, buffer_size=5000, batch_size=32, gamma=0.99, polyak=0.99
    )

    def learn(agent):
        agent._update_network()
        agent._soft_update_target_network(agent.target_actor, agent.actor)
        agent._soft_update_target_network(agent.target_critic, agent.critic)

    return examine(lambda: m.DDPGAgent(ENV, told), lambda agent, t: agent.buffer.store(*t.as_tuple()), learn, **ONE)


@update("fbad002ae348", "TD3/TD3.py", "47212e53ac", "TD3", PASSED, RIGHT, DOUBLE, THIRTEENTH)
def td3_fbad00(code: Any) -> Report:
    m, memory = code.module(), code.module("TD3/utils.py")
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(1e-3, 5, 3, 1.0), buffer=memory.ReplayBuffer()),
        lambda x, t: x.buffer.add((t.obs, t.action.astype(float), t.reward, t.next_obs, t.done)),
        lambda x: x.agent.update(x.buffer, 2, 32, 0.99, 0.995, 0.2, 0.5, 2),
        **ONE,
    )


@update("7f46a126f230", "DDPG/agent.py", "2565755f27", "DDPG", OWN, RIGHT, LOOSE, THIRTEENTH)
def ddpg_7f46a1(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.Agent(5, 3, 0),
        lambda agent, t: agent.step(*t.as_tuple()),
        lambda agent: agent.start_learn(),
        **ONE,
    )


@update(
    "a804e7f0dff0",
    "TD3/TD3.py",
    "8ff2412591",
    "TD3 on images, one module",
    PASSED,
    ("critic-moved-by-actor", "critic-untrained"),
    "read: the critics' loss is never used, and the actor's loss moves all networks",
    THIRTEENTH,
)
def td3_a804e7(code: Any) -> Report:
    m = code.module()

    class Buffer(list):
        def sample(self, n):
            s, a, after, r, on = zip(*random.choices(self, k=n), strict=True)
            return (
                *(torch.tensor(np.array(x), dtype=torch.float32) for x in (s, a, after)),
                torch.tensor(r)[:, None],
                torch.tensor(on)[:, None],
            )

    return examine(
        lambda: SimpleNamespace(agent=m.TD3(0, 1, 160), buffer=Buffer()),
        lambda x, t: x.buffer.append((t.obs, t.action, t.next_obs, t.reward, t.mask)),
        lambda x: x.agent.train(x.buffer, 32),
        obs=(1, 80, 80),
        image=True,
        low=[0.0],
        high=[160.0],
    )


@update("3484dc92c6a2", "TD3/agent.py", "0aa8b486a9", "TD3", OWN, RIGHT, READ, THIRTEENTH)
def td3_3484dc(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3Agent((5,), 3, [64, 64], batch_size=32, checkpoint_dir="."),
        lambda agent, t: agent.replay_buffer.remember(*t.as_tuple()),
        lambda agent: agent.update({"critic": [], "actor": []}),
        **ONE,
    )


MASKED = "read: ends as whole numbers are an index, which masks the first two rows in place of those that ended"


@update("58409823aa28", "ddpg_torch.py", "7e1b288b27", "DDPG", OWN, ("mask-missing",), MASKED, THIRTEENTH)
def ddpg_584098(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, 5, 0.005, 1.0, n_actions=3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(t.obs, t.action, [t.reward], t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("58409823aa28", "td3_torch.py", "7e1b288b27", "TD3, no noise", OWN, ("mask-missing",), MASKED, THIRTEENTH)
def td3_584098(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, 5, 0.005, 1.0, n_actions=3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(t.obs, t.action, [t.reward], t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("58409823aa28", "PER_DDPG.py", "7e1b288b27", "DDPG", PASSED, RIGHT, READ, THIRTEENTH)
def per_ddpg_584098(code: Any) -> Report:
    m = code.module()

    class Buffer(list):
        def sample(self, n):
            s, a, r, after, done = zip(*random.choices(self, k=n), strict=True)
            return np.array(s), np.array(a), np.array(r)[:, None], np.array(after), np.array(done, float)[:, None]

    return examine(
        lambda: SimpleNamespace(agent=m.DDPG(5, 3, 1.0), buffer=Buffer()),
        lambda x, t: x.buffer.append(t.as_tuple()),
        lambda x: x.agent.train(x.buffer, False, 0.4, 1e-6, 32),
        **ONE,
    )


@update("d7d2ec71a332", "DDPG/agent.py", "21cdcff26d", "DDPG", BATCH, RIGHT, READ, THIRTEENTH)
def ddpg_d7d2ec(code: Any) -> Report:
    m = code.module()

    def learn(agent, b):
        obs, action, reward, after, done = b.tensors(column=True)
        agent.update_network(obs, action, reward, after, 1 - done)

    noise = SimpleNamespace(sigma=0.1, theta=0.1, dt=0.1)
    return examine(lambda: m.DDPGagent(5, 3, 64, 5000, 32, 0.01, 0.99, 1e-3, 1e-3, noise, 0), update=learn, **ONE)


@update(
    "13c24c3681f4",
    "ddpg_torch.py",
    "b68642df01",
    "DDPG",
    OWN,
    ("broadcast|reward-averaged", "wrong-state|target-action-state", "mask-missing", "output-bounded"),
    "read: rewards of shape (B,) meet values of shape (B, 1), those of s, for ends, too; a tanh ends the critic",
    THIRTEENTH,
)
def ddpg_13c24c(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        lambda: m.DDPG(2, 1),
        lambda agent, t: agent.make_replay_buffer(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        obs=2,
        low=[-1.0],
        high=[1.0],
    )


@update("819140ce4933", "DDPG/agent.py", "5882b4e559", "DDPG, labels row by row", OWN, RIGHT, READ, THIRTEENTH)
def ddpg_819140(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, (5,), 0.01, None, n_actions=3, buffer_size=5000, batch_size=32),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "11cf0c488f99", "TD3/agent.py", "ade319917a", "TD3, target actions not clamped", PASSED, RIGHT, READ, THIRTEENTH
)
def td3_11cf0c(code: Any) -> Report:
    m, memory = code.module(), code.module("TD3/memory.py")
    told = {
        "lr_pi": 1e-3,
        "lr_q": 1e-3,
        "gamma": 0.99,
        "tau": 0.01,
        "noise_std": 0.2,
        "noise_clip": 0.5,
        "batch_size": 32,
    }
    args = SimpleNamespace(**told, policy_update_interval=2, device="cpu")
    return examine(
        lambda: SimpleNamespace(agent=m.TD3Agent(5, 3, BOX.action_space, args), memory=memory.Memory(5000, 5, 3)),
        lambda x, t: x.memory.store(*t.as_tuple()),
        lambda x: x.agent.learn(x.memory, 2),
        **ONE,
    )


@update("3810dead1731", "ddpg_pendulum2.py", "9d1a040193", "DDPG", OWN, RIGHT, READ, THIRTEENTH)
def ddpg_3810de(code: Any) -> Report:
    m = code.module(definitions=True, change=lambda s: s.replace("gym.make(", "str("))
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.DDPGAgent(5, 3, 1.0),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.train(),
        **ONE,
    )
