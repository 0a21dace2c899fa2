"""Updates met first in the eighteenth round of November 2026, drawn at random: DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from collections import namedtuple
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import DICT, EIGHTEENTH, LOOSE, ONE, OWN, PASSED, READ
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine

ENV = env_of(5, **ONE)
SINGLE: dict[str, Any] = {"low": [-1.0], "high": [1.0]}
CLAMPED = "read; log pi is clamped to 20 on either side"
SWEPT = "read; the actor's loss fills the temperature's gradient, which is zeroed before its step"


@update(
    "189803128652",
    "agents/ddpg.py",
    "3e1aaf5ca3",
    "DDPG, batch norm",
    OWN,
    RIGHT,
    "read; batch norm in both networks, the targets' in training mode, by choice",
    EIGHTEENTH,
)
def ddpg_189803(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGAgent(0, 5, 3, batch_size=32, buffer_size=5000),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.replay(),
        **ONE,
    )


def _merging(code: Any, dotted: str, kind: str, learn: Any) -> Report:
    code.module("utils.py", change=lambda text: text.replace("'cuda:{}'.format(0)", "'cpu'"))
    m, env = code.module(dotted=dotted), env_of(5, n_actions=4)
    fields = [f for f in m.Transition._fields if f != "cost"]
    m.DEVICE, m.Transition = "cpu", namedtuple("Transition", fields)
    net = {"type": "MultiLayerPerceptron", "layers": [64, 64]}
    few = {"common": None, "actor": net, "critic": {**net}, "target_update": 1}

    def update_(agent, b):
        obs, action, reward, after, done = b.tensors()
        learn(agent, m.Transition(obs, action, reward, after, done, None))

    return examine(lambda: getattr(m, kind)(env, {**few}), update=update_, n_actions=4)


@update(
    "76c9a21cba1f",
    "agents/sac.py",
    "167260db78",
    "discrete SAC",
    OWN,
    ("critic-moved-by-actor", "temperature-sign"),
    "read: one optimizer takes the sum of the losses, Q not detached in the actor's; alpha falls with the entropy",
    EIGHTEENTH,
)
def discrete_76c9a2(code: Any) -> Report:
    def learn(agent, batch):
        q_loss, actor_loss, entropy = agent.compute_loss(batch)
        agent.optimizer.zero_grad()
        (q_loss + actor_loss).backward()
        agent.optimizer.step()
        alpha_loss = -(agent.log_alpha * (entropy + agent.target_entropy).detach()).mean()
        agent.alpha_optimizer.zero_grad()
        alpha_loss.backward()
        agent.alpha_optimizer.step()
        agent.update_target_network()

    return _merging(code, "agents.sac", "SACAgent", learn)


@update(
    "76c9a21cba1f",
    "agents/sac_double.py",
    "167260db78",
    "discrete SAC, fixed temperature",
    OWN,
    ("critic-moved-by-actor",),
    "read: one optimizer takes the sum of the losses, Q not detached in the actor's",
    EIGHTEENTH,
)
def double_76c9a2(code: Any) -> Report:
    def learn(agent, batch):
        agent.optimizer.zero_grad()
        sum(agent.compute_loss(batch)).backward()
        agent.optimizer.step()
        agent.update_target_network()

    return _merging(code, "agents.sac_double", "SACDoubleAgent", learn)


@update(
    "36a32e7b25b4",
    "agents/sac.py",
    "fb7a8d554b",
    "SAC with a state value and a goal",
    OWN,
    RIGHT,
    READ,
    EIGHTEENTH,
)
def value_36a32e(code: Any) -> Report:
    m, goal = code.module(dotted="agents.sac"), np.zeros(2, np.float32)
    return examine(
        lambda: m.SAC(5, 2, 3, 5000, 0.2, 0.99, 0.005, 1e-3, "cpu", use_her=False),
        lambda agent, t: agent.buffer.put((t.obs, goal, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.update(32),
        **ONE,
    )


@update("63b5d97158e2", "ddpg.py", "8e970411b3", "DDPG", DICT, RIGHT, LOOSE, EIGHTEENTH)
def ddpg_63b5d9(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(5, 64, 1, 1.0, 0.1, 1e-3, 1e-3, 0.005, 0.98, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **SINGLE,
    )


@update(
    "2dab7363d8b7",
    "ddpg_mcarcontinues.py",
    "e4bd92f2ae",
    "DDPG",
    OWN,
    ("mask-missing",),
    "read: the end of an episode is not stored; the label is not detached, which fills the target's .grad alone",
    EIGHTEENTH,
)
def ddpg_2dab73(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.ActorCriticAgent(m.EnvSpace(5), m.EnvSpace(3)),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.training(),
        **ONE,
    )


def _deep(code: Any, kind: str, **options: Any) -> Report:
    m = code.module(dotted=f"agents.{kind}")
    return examine(
        lambda: m.Agent(None, None, "cpu", 5, 3, 1.0, batch_size=32, **options),
        lambda agent, t: agent.replay_buffer.add(*t.as_tuple()),
        lambda agent: agent.train_model(),
        **ONE,
    )


@update("2138550b7b2c", "agents/ddpg.py", "d5bcabc541", "DDPG", OWN, RIGHT, READ, EIGHTEENTH)
def ddpg_213855(code: Any) -> Report:
    return _deep(code, "ddpg")


@update("2138550b7b2c", "agents/td3.py", "d5bcabc541", "TD3", OWN, RIGHT, READ, EIGHTEENTH)
def td3_213855(code: Any) -> Report:
    return _deep(code, "td3")


@update("2138550b7b2c", "agents/sac.py", "d5bcabc541", "SAC", OWN, RIGHT, READ, EIGHTEENTH)
def sac_213855(code: Any) -> Report:
    return _deep(code, "sac", automatic_entropy_tuning=True)


@update(
    "abf9c44a8bf2",
    "sac_agent.py",
    "85bfccfa65",
    "SAC",
    PASSED,
    ("in-place",),
    "read: the policy's loss is made before the critic's steps and sent back after them, which raises an error",
    EIGHTEENTH,
)
def sac_abf9c4(code: Any) -> Report:
    m, buffers = code.module(), code.module("replay_memory.py")
    return examine(
        lambda: SimpleNamespace(
            agent=m.soft_actor_critic_agent(5, ENV.action_space, 64, 0, 1e-3, 0.99, 0.005, 0.2),
            memory=buffers.ReplayMemory(5000),
        ),
        lambda x, t: x.memory.push(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda x: x.agent.update_parameters(x.memory, 32, 0),
        **ONE,
    )


@update(
    "6e157d5a1adc",
    "sac_agent.py",
    "0eb0a2dccd",
    "SAC",
    OWN,
    RIGHT,
    "read; the standard deviation is not limited where actions are drawn",
    EIGHTEENTH,
)
def sac_6e157d(code: Any) -> Report:
    m = code.module(change=lambda text: text.replace("'cuda'", "'cpu'").replace('"cuda"', '"cpu"'))

    def feed(agent, t):
        agent.last = t.obs, t.action, t.next_obs, t.reward, t.done
        agent.replay_buffer.add_transition(*agent.last)

    return examine(lambda: m.SAC_Agent(ENV, 32), feed, lambda agent: agent.update(*agent.last), **ONE)


@update("6a14ba32846c", "sac_agent.py", "2115efb644", "SAC", OWN, RIGHT, READ, EIGHTEENTH)
def sac_6a14ba(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent(5, 3),
        lambda agent, t: agent.replay.put(t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


@update("f6c1d528ddc1", "sac_agent.py", "69f830d4f5", "discrete SAC, attention", OWN, RIGHT, READ, EIGHTEENTH)
def discrete_f6c1d5(code: Any) -> Report:
    m = code.module()

    def feed(agent, t):
        agent.replay_buffer.push(t.obs.reshape(3, 5), t.action, t.reward, t.next_obs.reshape(3, 5), t.done)

    small = {"model_dim": 32, "latent_dim": 32, "num_blocks": 1, "buffer_size": 5000, "learning_starts": 64}
    return examine(
        lambda: m.SACAgent((3, 5), 4, 5, "cpu", batch_size=32, **small),
        feed,
        lambda agent: agent.update(),
        obs=15,
        n_actions=4,
    )


@update(
    "f394306313ea",
    "sac_agent.py",
    "393359ea2d",
    "SAC",
    OWN,
    ("action-units|target-action-units",),
    "read: stored actions are in the environment's units, the policy's are not",
    EIGHTEENTH,
)
def sac_f39430(code: Any) -> Report:
    m = code.module()
    bounds = {"low": [0.0] * 4 + [0.8], "high": [1.0] * 4 + [1.2]}
    return examine(
        lambda: m.RuleGuidedSAC(5, 5, bounds["low"], bounds["high"]),
        lambda agent, t: agent.replay_buffer.push(*t.as_tuple()),
        lambda agent: agent.update(32),
        **bounds,
    )


def _homework(code: Any, kind: str) -> Report:
    m = code.module()
    env = {"obs_dim": 5, "act_dim": 3, "act_low": [-1.0] * 3, "act_high": [1.0] * 3}

    def feed(agent, t):
        told = {"obs": torch.tensor(t.obs), "next_obs": torch.tensor(t.next_obs), "action": torch.tensor(t.action)}
        agent._buffer.add(**told, reward=t.reward, done=float(t.done))

    return examine(
        lambda: getattr(m, kind)(env, batch_size=32, buffer_size=5000),
        feed,
        lambda agent: agent._perform_update(),
        **ONE,
    )


@update("8a89b0ad4767", "sac_agent.py", "d22ae2b562", "SAC", OWN, RIGHT, CLAMPED, EIGHTEENTH)
def sac_8a89b0(code: Any) -> Report:
    return _homework(code, "SACAgent")


@update("8a89b0ad4767", "td3_agent.py", "d22ae2b562", "TD3", OWN, RIGHT, READ, EIGHTEENTH)
def td3_8a89b0(code: Any) -> Report:
    return _homework(code, "TD3Agent")


@update("8a89b0ad4767", "src/td3.py", "d22ae2b562", "TD3", OWN, RIGHT, READ, EIGHTEENTH)
def stacked_8a89b0(code: Any) -> Report:
    m = code.module(dotted="src.td3")
    return examine(
        lambda: m.TD3_Agent(max_action=1.0),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(32),
        obs=9,
        **SINGLE,
    )


@update("854d1c5ace12", "sac_agent.py", "e3f28a05a5", "SAC", OWN, RIGHT, CLAMPED, EIGHTEENTH)
def sac_854d1c(code: Any) -> Report:
    return _homework(code, "SACAgent")


@update("854d1c5ace12", "td3_agent.py", "e3f28a05a5", "TD3", OWN, RIGHT, READ, EIGHTEENTH)
def td3_854d1c(code: Any) -> Report:
    return _homework(code, "TD3Agent")


@update(
    "2d5b28f59547",
    "SAC/sac_agent.py",
    "61f82deab7",
    "SAC",
    PASSED,
    ("actor-detached",),
    "read: torch.tensor(...) detaches Q in the actor's loss",
    EIGHTEENTH,
)
def sac_2d5b28(code: Any) -> Report:
    m, buffers = code.module(), code.module("SAC/replay_memory.py")
    return examine(
        lambda: SimpleNamespace(
            agent=m.soft_actor_critic_agent(5, ENV.action_space, 64, 0, 1e-3, 0.99, 0.005, 0.2),
            memory=buffers.ReplayMemory(5000),
        ),
        lambda x, t: x.memory.push(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda x: x.agent.update_parameters(x.memory, 32, 0),
        **ONE,
    )


@update(
    "2d5b28f59547",
    "TD3/td3_agent.py",
    "61f82deab7",
    "TD3",
    PASSED,
    ("critic-other-action",),
    "read: noise is written into the memory of the batch's actions, while all are float32, as in the warm-up; "
    "corrected after the run",
    EIGHTEENTH,
)
def td3_2d5b28(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.TD3Agent(5, 3, 1.0), buffer=m.ReplayBuffer()),
        lambda x, t: x.buffer.add((t.obs, t.next_obs, t.action, t.reward, t.done)),
        lambda x: x.agent.train(x.buffer, 1, 32),
        **ONE,
    )


def _robot(code: Any, dotted: str, kind: str) -> Report:
    m = code.module(dotted=dotted)
    return examine(
        lambda: getattr(m, kind)(5, 3, batch_size=32, replay_capacity=5000),
        lambda agent, t: agent.add_to_memory(t.obs, t.action, None if t.done else t.next_obs, t.reward),
        lambda agent: agent.learn(None, None, None, None),
        **ONE,
    )


@update("817cd8504f7f", "agents/ddpg.py", "4a73e0573e", "DDPG", OWN, RIGHT, READ, EIGHTEENTH)
def ddpg_817cd8(code: Any) -> Report:
    return _robot(code, "agents.ddpg", "DDPGAgent")


@update("817cd8504f7f", "agents/td3.py", "4a73e0573e", "TD3", OWN, RIGHT, READ, EIGHTEENTH)
def td3_817cd8(code: Any) -> Report:
    return _robot(code, "agents.td3", "TD3")


@update(
    "e1b910b469ca",
    "td3_agent.py",
    "3738fcf2f5",
    "TD3",
    PASSED,
    RIGHT,
    "read; the actor learns in every call",
    EIGHTEENTH,
)
def td3_e1b910(code: Any) -> Report:
    m = code.module(change=lambda text: text.replace("print(torch.cuda.get_device_name(0))", ""))
    buffers = code.module("td3_buffer.py")
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(5, 3, 1.0), buffer=buffers.ReplayBuffer()),
        lambda x, t: x.buffer.add((t.obs, t.next_obs, t.action.astype(float), t.reward, float(t.done))),
        lambda x: x.agent.train(x.buffer, 1, 32),
        **ONE,
    )


def _legs(code: Any, dotted: str, kind: str) -> Report:
    m = code.module(dotted=dotted)
    return examine(
        lambda: getattr(m, kind)(ENV),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(32),
        **ONE,
    )


@update(
    "e1b910b469ca",
    "DDPG/DDPG_model.py",
    "3738fcf2f5",
    "DDPG",
    OWN,
    ("mask-missing", "critic-width"),
    "read: the ends are not used; the critic has an output for each action",
    EIGHTEENTH,
)
def ddpg_e1b910(code: Any) -> Report:
    return _legs(code, "DDPG.DDPG_model", "DDPGagent")


@update(
    "e1b910b469ca",
    "DDPG/TD3_model2.py",
    "3738fcf2f5",
    "TD3",
    OWN,
    ("mask-averaged|broadcast", "critic-other-action"),
    "read: a mask of shape (B,) meets values of shape (B, 1); noise is written into the actions (corrected)",
    EIGHTEENTH,
)
def twins_e1b910(code: Any) -> Report:
    return _legs(code, "DDPG.TD3_model2", "TD3agent")


@update("1d1c1d1a2949", "SAC.py", "d09f52eb7e", "SAC with a state value", OWN, RIGHT, READ, EIGHTEENTH)
def value_1d1c1d(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent(ENV.observation_space, ENV.action_space),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train(1),
        sync=lambda agent: agent._copy_nets(),
        **ONE,
    )


@update("1d1c1d1a2949", "td3.py", "d09f52eb7e", "TD3, priorities", PASSED, RIGHT, READ, EIGHTEENTH)
def td3_1d1c1d(code: Any) -> Report:
    m = code.module()

    def learn(trainer):
        *batch, idx, weights = trainer.buffer.sample(32)
        batch = [torch.from_numpy(x.astype(np.float32)) for x in batch]
        told = trainer.critic_update(*batch, torch.from_numpy(weights), idx)
        trainer.buffer.update_priorities(idx, told["td_err"])
        trainer.actor_target_update(batch[0])

    return examine(
        lambda: m.TD3_trainer(5, 3, (-1.0, 1.0), priority_buffer=True),
        lambda trainer, t: trainer.buffer.add(*t.as_tuple()),
        learn,
        **ONE,
    )


def _reacher(code: Any, dotted: str, kind: str, *count: int) -> Report:
    m, nets, tools = (code.module(dotted=d) for d in (dotted, "agents.models_success", "agents.utils"))

    def make():
        memory = tools.ReplayBuffer(3, "cpu", 5000, 32, 0)
        return getattr(m, kind)(5, 3, 0, *count, memory, nets.Actor, nets.Critic, "cpu", BOOTSTRAP_SIZE=1)

    def sync(agent):
        m.soft_update(agent.actor_local, agent.actor_target, agent.TAU)
        m.soft_update(agent.critic_local, agent.critic_target, agent.TAU)

    return examine(
        make,
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(),
        sync=sync,
        **ONE,
    )


@update(
    "b648e39e3912",
    "agents/ddpg.py",
    "81df91cb87",
    "DDPG",
    OWN,
    ("target-action-online", "output-bounded"),
    "read: the next action is the online actor's; the critic ends in tanh",
    EIGHTEENTH,
)
def ddpg_b648e3(code: Any) -> Report:
    return _reacher(code, "agents.ddpg", "DDPG")


@update(
    "b648e39e3912",
    "agents/parallel_ddpg.py",
    "81df91cb87",
    "DDPG, many at once",
    OWN,
    ("output-bounded",),
    "read: the critic ends in tanh",
    EIGHTEENTH,
)
def parallel_b648e3(code: Any) -> Report:
    return _reacher(code, "agents.parallel_ddpg", "ParallelDDPG", 1)


@update(
    "cb8d2fd9a515",
    "agents/ddpg.py",
    "176032f883",
    "DDPG",
    OWN,
    ("actor-target-critic",),
    "read: the actor learns from the target critic",
    EIGHTEENTH,
)
def ddpg_cb8d2f(code: Any) -> Report:
    m = code.module()

    def make():
        actor, critic = m.ActorFeedForward([5, 64, 3]), m.CriticFeedForward([5, 32], [3, 32], [64, 32, 1])
        return m.DDPG(actor, critic, m.MemoryBuffer())

    return examine(
        make,
        lambda agent, t: agent.membuff.add(t.obs, t.action, t.reward, t.next_obs, float(t.done)),
        lambda agent: agent.learn(agent.membuff.sample(32)),
        **ONE,
    )


@update("dea9d9f05b43", "sac_agent.py", "dc6f167090", "SAC", OWN, RIGHT, READ, EIGHTEENTH)
def sac_dea9d9(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent(5, 3, 1.0, "cpu", m.SACConfig(replay_size=5000)),
        lambda agent, t: agent.replay_buffer.add(*t.as_tuple()),
        lambda agent: agent.update(32),
        **ONE,
    )


@update(
    "e414b217e10e",
    "sac_agent.py",
    "190acfcc1e",
    "SAC",
    PASSED,
    ("mask-inverted",),
    "read: the script stores the flag of the end where the update takes a mask",
    EIGHTEENTH,
)
def sac_e414b2(code: Any) -> Report:
    m, buffers = code.module(), code.module("replay_memory.py")
    return examine(
        lambda: SimpleNamespace(
            agent=m.soft_actor_critic_agent(5, ENV.action_space, "cpu", 64, 0, 1e-3, 0.99, 0.005, 0.2),
            memory=buffers.ReplayMemory(0, 5000),
        ),
        lambda x, t: x.memory.push(*t.as_tuple()),
        lambda x: x.agent.update_parameters(x.memory, 32, 0),
        **ONE,
    )


@update("7f1468f11f68", "sac_agent.py", "cd0428b612", "discrete SAC", PASSED, RIGHT, SWEPT, EIGHTEENTH)
def discrete_7f1468(code: Any) -> Report:
    m, buffers = code.module(), code.module("replay_buffer.py")
    return examine(
        lambda: SimpleNamespace(agent=m.SACAgent(5, 4), buffer=buffers.ReplayBuffer(5000, 5)),
        lambda x, t: x.buffer.push(*t.as_tuple()),
        lambda x: x.agent.update(x.buffer.sample(32)),
        n_actions=4,
    )


@update("0c3b7a18e757", "sac_agent.py", "3df8a2344a", "SAC", OWN, RIGHT, SWEPT, EIGHTEENTH)
def sac_0c3b7a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent(5, 3, batch_size=32, learning_starts=64),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )
