"""Updates met first in the fourteenth round of November 2026, drawn at random: DDPG and TD3.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import DICT, FOURTEENTH, LOOSE, ONE, OWN, PASSED, READ
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine

ENV = env_of(5, **ONE)
CPU = torch.device("cpu")
ALONE: dict[str, Any] = {"low": [-1.0], "high": [1.0]}


class Buffer(list):
    """A replay that draws columns of tensors: state, action, next state, reward, and whether it goes on."""

    def sample(self, n: int = 32) -> tuple[torch.Tensor, ...]:
        """`n` rows."""
        columns = zip(*random.choices(self, k=n), strict=True)
        made = [torch.as_tensor(np.array(x), dtype=torch.float32) for x in columns]
        return tuple(x if x.ndim > 1 else x[:, None] for x in made)


@update("f7d3f89b6a27", "DDPG/agent.py", "671805a5dd", "DDPG", OWN, RIGHT, LOOSE, FOURTEENTH)
def ddpg_f7d3f8(code: Any) -> Report:
    m = code.module()
    sizes = {"low": [-1.0] * 4, "high": [1.0] * 4}
    told = {"batch_size": 32, "buffer_size": 5000, "lr_factor": 0.5, "update_target_every": 1}
    return examine(
        lambda: m.DDPGAgent(None, (5,), SimpleNamespace(shape=(8,)), told),
        lambda agent, t: agent.store_transition((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.train(1, 1),
        **sizes,
    )


@update("119ebf5c7ac2", "DDPG/ddpg.py", "92a2038e89", "DDPG", OWN, RIGHT, READ, FOURTEENTH)
def ddpg_119ebf(code: Any) -> Report:
    m = code.module(change=lambda s: s.replace("'cuda:1'", "'cpu'"))
    return examine(
        lambda: m.Agent(1e-3, 1e-3, [5], 0.01, None, n_actions=3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


def hyperparameters(**told: Any) -> Any:
    """What its agents ask for their settings."""
    told |= {
        "network_size": 64,
        "memory_size": 5000,
        "learning_rate_actor": 1e-3,
        "learning_rate_q": 1e-3,
        "normalize_rewards": False,
    }
    told |= {"batch_size": 32, "gamma": 0.99, "max_grad_norm": 1.0, "tau": 0.005}
    return SimpleNamespace(get_hyperparameter=told.__getitem__)


@update("13ea6c828e0a", "src/td3/agent.py", "4f129264aa", "TD3", OWN, RIGHT, READ, FOURTEENTH)
def td3_13ea6c(code: Any) -> Report:
    m = code.module(dotted="src.td3.agent")
    env = SimpleNamespace(get_dimensions=lambda: (3, 5))

    def learn(agent):
        agent.optimize_q_networks()
        agent.optimize_actor_network()
        for online, target in (
            (agent.actor, agent.actor_target),
            (agent.qnet1, agent.qnet1_target),
            (agent.qnet2, agent.qnet2_target),
        ):
            agent.polyak_update(online, target)

    return examine(
        lambda: m.TD3Agent(env, hyperparameters(policy_noise=0.2, noise_clip=0.5)),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        learn,
        **ONE,
    )


@update("65ddea548eab", "DDPG/DDPG.py", "4397d56a32", "DDPG", PASSED, RIGHT, READ, FOURTEENTH)
def ddpg_65ddea(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.DDPG(5, 3), buffer=Buffer()),
        lambda x, t: x.buffer.append((t.obs, t.action, t.next_obs, t.reward, t.mask)),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


@update("65ddea548eab", "TD3/TD3.py", "4397d56a32", "TD3", PASSED, RIGHT, READ, FOURTEENTH)
def td3_65ddea(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(5, 3), buffer=Buffer()),
        lambda x, t: x.buffer.append((t.obs, t.action, t.next_obs, t.reward, t.mask)),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


@update(
    "56cd7450f4ff",
    "TD3/TD3.py",
    "f4f68c2a72",
    "TD3",
    OWN,
    ("critic-other-action",),
    "read: on a CPU, the noise is drawn into the batch's actions, which the critic is then shown",
    FOURTEENTH,
)
def td3_56cd74(code: Any) -> Report:
    m = code.module()
    box = SimpleNamespace(shape=(6,))
    return examine(
        lambda: m.TD3Agent(ENV.observation_space, box, batch_size=32, buffer_size=5000),
        lambda agent, t: agent.store_transition((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.train(),
        **ONE,
    )


@update("11323810fa3f", "DDPG.py", "f4fc3b1736", "DDPG", DICT, RIGHT, LOOSE, FOURTEENTH)
def ddpg_113238(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(5, 64, 1, 1.0, 0.1, 1e-3, 1e-3, 0.005, 0.98, CPU),
        update=lambda agent, b: agent.update(b.as_dict()),
        **ALONE,
    )


@update("21a1cc8b724f", "DDPG/agent.py", "890fc08872", "DDPG", OWN, RIGHT, READ, FOURTEENTH)
def ddpg_21a1cc(code: Any) -> Report:
    m = code.module()
    cfg = SimpleNamespace(
        device=CPU,
        hidden_dim=64,
        critic_lr=1e-3,
        actor_lr=1e-3,
        memory_capacity=5000,
        batch_size=32,
        soft_tau=0.01,
        gamma=0.99,
    )
    return examine(
        lambda: m.DDPG(5, 3, cfg),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


@update("45613a9389f5", "DDPG/DDPG.py", "a5b261db5c", "DDPG", OWN, RIGHT, READ, FOURTEENTH)
def ddpg_45613a(code: Any) -> Report:
    m = code.module(change=lambda s: s.replace("cuda:0", "cpu"))
    sizes = {"state_dim": 5, "hidden_dim": 64, "action_dim": 3, "actor_lr": 1e-3, "critic_lr": 1e-3}
    args = SimpleNamespace(**sizes, gamma=0.99, repeat_times=1, batch_size=64, soft_update_tau=0.01)
    return examine(
        lambda: m.DDPG(args),
        lambda agent, t: agent.memory.memorystore(*t.as_tuple()),
        lambda agent: agent.update(),
        low=[-2.0] * 3,
        high=[2.0] * 3,
    )


@update(
    "ac89178603d8",
    "TD3/TD3.py",
    "0176057d86",
    "TD3",
    PASSED,
    ("gamma-missing",),
    "read: no discount in the label",
    FOURTEENTH,
)
def td3_ac8917(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(5, 3, 1.0, ENV, CPU), buffer=m.ExperienceReplay(5000, 32, CPU)),
        lambda x, t: x.buffer.store_transition(*t.as_tuple()),
        lambda x: x.agent.train(x.buffer, 2),
        **ONE,
    )


@update(
    "ac89178603d8",
    "TD3_FORK/TD3_fork.py",
    "0176057d86",
    "TD3 with a model",
    OWN,
    ("actor-target-critic",),
    "read: the actor follows the target critic",
    FOURTEENTH,
)
def fork_ac8917(code: Any) -> Report:
    m = code.module(definitions=True, change=lambda s: s.replace("< 1e4", "< 32"))
    return examine(
        lambda: m.TD3_FORK("x", ENV, batch_size=32, buffer_capacity=5000),
        lambda agent, t: agent.add_to_replay_memory(
            (t.obs, t.action, t.reward, t.reward, t.next_obs, t.done), agent.replay_memory_buffer
        ),
        lambda agent: agent.learn_and_update_weights_by_replay(1, 0.1, 1),
        **ONE,
    )


@update("c8fa3c529de4", "src/agents/insti/agent_insti.py", "afe1922a4a", "DDPG", OWN, RIGHT, LOOSE, FOURTEENTH)
def ddpg_c8fa3c(code: Any) -> Report:
    m = code.module(dotted="src.agents.insti.agent_insti")
    return examine(
        lambda: m.Agent_Insti(0, 1e-3, 1e-3, 5, 0.005, 3, torch.nn.Linear(2, 2), max_mem_size=5000, batch_size=32),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "da91ec231cbc",
    "Policy Gradients/4. DDPG/agent.py",
    "34355e9276",
    "DDPG",
    OWN,
    ("no-step|nothing-learned|online-still", "reward-missing"),
    "read: no optimizer takes a step, and the reward is on both sides of the loss",
    FOURTEENTH,
)
def ddpg_da91ec(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG_agent(ENV, 64, 64, 1e-3, 0.99, 1e-3, 32, 5000, 0.01),
        lambda agent, t: agent.memorize(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("47c4d14f4813", "DDPG/agent.py", "8d3ca67de0", "DDPG", OWN, RIGHT, LOOSE, FOURTEENTH)
def ddpg_47c4d1(code: Any) -> Report:
    m = code.module(dotted="DDPG.agent")
    return examine(
        lambda: m.Agent((5,), (3,), 1e-3, 1e-3, buffer_size=5000, batch_size=32),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "47c4d14f4813",
    "TD3/agent.py",
    "8d3ca67de0",
    "TD3",
    OWN,
    ("polyak-swapped|unexplained-target|polyak-crossed",),
    "read: the second target is made of the first one's weights",
    FOURTEENTH,
)
def td3_47c4d1(code: Any) -> Report:
    m = code.module(dotted="TD3.agent")
    return examine(
        lambda: m.Agent(ENV, (5,), (3,), 1e-3, 1e-3, buffer_size=5000, batch_size=32),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("ce63f2517e7f", "DDPG/agent.py", "fa5e60fd19", "DDPG", OWN, RIGHT, READ, FOURTEENTH)
def ddpg_ce63f2(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.DDPGController(5, 1),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action[0], t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        low=[-24.0],
        high=[24.0],
    )


@update("1c03c28999e3", "DDPG/agent.py", "ddfca3bcbf", "DDPG", OWN, RIGHT, READ, FOURTEENTH)
def ddpg_1c03c2(code: Any) -> Report:
    m = code.module()
    cfg = {
        "device": CPU,
        "hidden1_dim": 64,
        "hidden2_dim": 64,
        "critic_lr": 1e-3,
        "actor_lr": 1e-3,
        "memory_capacity": 5000,
    }
    cfg |= {
        "batch_size": 32,
        "soft_tau": 0.01,
        "gamma": 0.99,
        "epsilon_start": 1,
        "epsilon_end": 0.1,
        "epsilon_decay": 100,
    }
    return examine(
        lambda: m.DDPG(5, 3, SimpleNamespace(**cfg)),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


@update("1c03c28999e3", "TD3/agent.py", "ddfca3bcbf", "TD3", OWN, RIGHT, READ, FOURTEENTH)
def td3_1c03c2(code: Any) -> Report:
    m = code.module()
    cfg = SimpleNamespace(
        gamma=0.99, lr=0.005, policy_noise=0.2, noise_clip=0.5, policy_freq=2, batch_size=32, device=CPU
    )
    return examine(
        lambda: m.TD3(5, 3, 1.0, cfg),
        lambda agent, t: agent.memory.push(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.update(),
        **ONE,
    )
