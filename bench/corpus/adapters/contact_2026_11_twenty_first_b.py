"""Updates met first in the twenty-first round of November 2026, drawn at random: DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, LOOSE, ONE, OWN, PASSED, READ, TWENTY_FIRST, TWO
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine

FOUR: dict[str, Any] = {"n_actions": 4}
PADDLE: dict[str, Any] = {"low": [-1.0] * 4, "high": [1.0] * 4}
UNITS = "read: actions are stored times the environment's bound (2 on its Pendulum), the critic is shown the policy's"


def _drl(code: Any, dotted: str, kind: str, actions: dict[str, Any]) -> Report:
    m = code.module(dotted=dotted)

    def make():
        spaces = env_of(5, **actions)
        env = SimpleNamespace(
            observation_space=spaces.observation_space, action_space=spaces.action_space, reset=lambda: None
        )
        return getattr(m, kind)(env, batch_size=32, target_update_interval=1, verbose=0)

    def feed(agent, t):
        one = lambda x: np.array([[x]])  # noqa: E731
        agent.buffer.add((t.obs[None], t.action[None], one(t.reward), t.next_obs[None], one(t.done)))

    def learn(agent):
        agent.training_iterations += 1
        agent._train()

    return examine(make, feed, learn, **actions)


@update(
    "b162f696e686",
    "algorithms/policy_based/sac.py",
    "f5f04988c7",
    "SAC, one critic, a plain normal distribution",
    OWN,
    ("entropy-unmasked",),
    "read: the label's entropy stands outside of gamma and of the mask of ends",
    TWENTY_FIRST,
)
def sac_b162f6(code: Any) -> Report:
    return _drl(code, "algorithms.policy_based.sac", "SAC", ONE)


@update(
    "b162f696e686",
    "algorithms/policy_based/ddpg.py",
    "f5f04988c7",
    "DDPG",
    OWN,
    ("action-units|target-action-units",),
    UNITS,
    TWENTY_FIRST,
)
def ddpg_b162f6(code: Any) -> Report:
    return _drl(code, "algorithms.policy_based.ddpg", "DDPG", TWO)


@update(
    "b162f696e686",
    "algorithms/policy_based/td3.py",
    "f5f04988c7",
    "TD3, no noise of the target action",
    OWN,
    ("action-units|target-action-units",),
    UNITS,
    TWENTY_FIRST,
)
def td3_b162f6(code: Any) -> Report:
    return _drl(code, "algorithms.policy_based.td3", "TD3", TWO)


@update(
    "33e1fbb59391",
    "sac/sac.py",
    "3225ea4e06",
    "discrete SAC",
    OWN,
    ("temperature-unreachable",),
    "read: the target entropy is minus the number of actions, and a policy over discrete actions has none below 0",
    TWENTY_FIRST,
)
def discrete_33e1fb(code: Any) -> Report:
    m = code.module(dotted="sac.sac")
    Path("tmp/sac").mkdir(parents=True, exist_ok=True)
    env = SimpleNamespace(reset=lambda: (None, None))
    return examine(
        lambda: m.DiscreteSoftActorCritic((5,), (1,), 4, env, warmup_steps=0, batch_size=32, mem_size=5000),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **FOUR,
    )


@update("0f68bda422d8", "ddpg/ddpg_agent.py", "ee2aecabd7", "DDPG", OWN, RIGHT, READ, TWENTY_FIRST)
def ddpg_0f68bd(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, 0.01, env_of(5, **ONE), size=5000, batch_size=32),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "9f79470bec77",
    "td3/td3_agent.py",
    "a4c398e643",
    "TD3, the largest of the policy's outputs is played",
    OWN,
    RIGHT,
    READ,
    TWENTY_FIRST,
)
def td3_9f7947(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3Agent(5, 3),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action.argmax(), t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


def _harwiltz(code: Any, actions: dict[str, Any]) -> Report:
    m = code.module(dotted="sac.sac_agent")
    spaces = importlib.import_module("gymnasium").spaces
    m.gym = SimpleNamespace(make=lambda name: env_of(5, **actions), spaces=spaces)
    return examine(
        lambda: m.SACAgent("any", batch_size=32),
        lambda agent, t: agent._replay_buf.store(*t.as_tuple()),
        lambda agent: agent.update(),
        **actions,
    )


@update(
    "046fe398d5ca",
    "sac/sac_agent.py",
    "076e01e63d",
    "SAC with a state value, a sigmoid's bounds",
    OWN,
    RIGHT,
    READ,
    TWENTY_FIRST,
)
def sac_046fe3(code: Any) -> Report:
    return _harwiltz(code, TWO)


@update(
    "046fe398d5ca",
    "sac/sac_agent.py",
    "076e01e63d",
    "discrete SAC with a state value, Q(s, a) of an action's number",
    OWN,
    ("actor-detached|actor-not-q",),
    "read: the critics take the number of the action that was drawn as an index, which carries no gradient",
    TWENTY_FIRST,
)
def discrete_046fe3(code: Any) -> Report:
    return _harwiltz(code, FOUR)


@update("8eb8af1a220e", "td3/td3_agent.py", "66c7463d23", "TD3", PASSED, RIGHT, READ, TWENTY_FIRST)
def td3_8eb8af(code: Any) -> Report:
    m, utils = code.module(dotted="td3.TD3"), code.module(dotted="td3.utils")
    low, high = np.array([-2.0, -1.0, 0.0], np.float32), np.array([2.0, 3.0, 1.0], np.float32)
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(5, 3, high, min_action=low), buffer=utils.ReplayBuffer(5, 3, 5000)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.agent.train(x.buffer, 32),
        low=low.tolist(),
        high=high.tolist(),
    )


@update("9da7571bad2c", "sac/sac_agent.py", "47f62890f9", "SAC", PASSED, RIGHT, READ, TWENTY_FIRST)
def sac_9da757(code: Any) -> Report:
    sys.path.insert(0, str(code.root.parent))
    m = importlib.import_module(f"{code.root.name}.sac.sac_agent")
    buffers = code.module("utils/buffer.py")
    space = env_of(5, **ONE).action_space
    return examine(
        lambda: SimpleNamespace(agent=m.SACAgent(5, 3, space, hidden_dim=64), buffer=buffers.ReplayBuffer(5, 3, 5000)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


def _hockey(code: Any, kind: str, learn: Any, **told: Any) -> Report:
    m = code.module(change=lambda text: text.replace("np.int)", "int)"))
    config = {"mode": "normal", "per": False, "lr_milestones": ["100"], "lr_factor": 0.5, "learning_rate": 1e-3}
    more = {"device": torch.device("cpu"), "batch_size": 32, "buffer_size": 500, "update_target_every": 1}
    space = env_of(5, **PADDLE).action_space
    return examine(
        lambda: getattr(m, kind)(None, (5,), space, {**config, **more, **told}),
        lambda agent, t: agent.store_transition(t.as_tuple()),
        learn,
        **PADDLE,
    )


@update("6e9f4c772757", "sac/sac_agent.py", "c0b21b5c97", "SAC", OWN, RIGHT, READ, TWENTY_FIRST)
def sac_6e9f4c(code: Any) -> Report:
    told = {"alpha": 0.2, "automatic_entropy_tuning": True, "alpha_milestones": ["100"], "alpha_lr": 1e-3}
    return _hockey(code, "SACAgent", lambda agent: agent.update_parameters(0), gamma=0.95, soft_tau=0.005, **told)


@update("6e9f4c772757", "ddpg/agent.py", "c0b21b5c97", "DDPG", OWN, RIGHT, LOOSE, TWENTY_FIRST)
def ddpg_6e9f4c(code: Any) -> Report:
    return _hockey(code, "DDPGAgent", lambda agent: agent.train(1, iter_fit=1))


@update(
    "6e9f4c772757",
    "ddpg/agent.py",
    "c0b21b5c97",
    "TD3",
    OWN,
    ("in-place|critic-other-action",),
    "read: torch.FloatTensor(a.cpu()) is a's own memory on a CPU, and the noise is written into it",
    TWENTY_FIRST,
)
def td3_6e9f4c(code: Any) -> Report:
    return _hockey(code, "TD3Agent", lambda agent: agent.train(1, iter_fit=1))


@update("f7aac0dc8836", "sac/sac_agent.py", "0657ea9463", "SAC", PASSED, RIGHT, READ, TWENTY_FIRST)
def sac_f7aac0(code: Any) -> Report:
    m, memory = code.module(dotted="sac.sac_agent"), code.module(dotted="sac.replay_memory")
    space = env_of(5, **TWO).action_space

    def make():
        agent = m.soft_actor_critic_agent(5, space, "cpu", 64, 0, 1e-3, 0.99, 0.005, 0.2)
        return SimpleNamespace(agent=agent, memory=memory.ReplayMemory(0, 5000))

    return examine(
        make,
        lambda x, t: x.memory.push(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda x: x.agent.update_parameters(x.memory, 32, 0),
        **TWO,
    )


@update(
    "f7aac0dc8836",
    "sac/sac_agent_discrete.py",
    "0657ea9463",
    "discrete SAC, one critic, fixed temperature",
    PASSED,
    RIGHT,
    READ,
    TWENTY_FIRST,
)
def discrete_f7aac0(code: Any) -> Report:
    m, memory = code.module(dotted="sac.sac_agent_discrete"), code.module(dotted="sac.replay_memory")
    space = env_of(5, **FOUR).action_space

    def make():
        agent = m.SACDiscreteAgent(5, space, "cpu", 64, 1e-3, 0.99, 0.005, 0.2)
        return SimpleNamespace(agent=agent, memory=memory.ReplayMemory(0, 5000))

    return examine(
        make,
        lambda x, t: x.memory.push(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda x: x.agent.update_parameters(x.memory, 32, 0),
        **FOUR,
    )


@update("208ceea74b91", "td3/td3_agent.py", "8a5a3edd6d", "TD3", BATCH, RIGHT, READ, TWENTY_FIRST)
def td3_208cee(code: Any) -> Report:
    m = code.module(dotted="td3.td3_agent")
    return examine(
        lambda: m.TD3Agent(5, 3, 2.0, device="cpu"),
        update=lambda agent, b: agent.update([x.numpy() for x in b.tensors()]),
        **TWO,
    )


@update(
    "2bca860d2e98",
    "ddpg_pytorch.py",
    "7dcebfd2fb",
    "DDPG, actions without bounds",
    OWN,
    ("mask-missing",),
    "read: ends are not stored",
    TWENTY_FIRST,
)
def ddpg_2bca86(code: Any) -> Report:
    m = code.module(definitions=True)
    told = {"gamma": 0.99, "tau": 0.02, "actor_lr": 1e-3, "critic_lr": 1e-3, "capacity": 5000, "batch_size": 32}
    return examine(
        lambda: m.Agent(env=env_of(5, **ONE), **told),
        lambda agent, t: agent.put(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "9a57e911f966",
    "td3/td3_agent.py",
    "9e72c0e7e4",
    "TD3, no noise of the target action",
    OWN,
    RIGHT,
    LOOSE,
    TWENTY_FIRST,
)
def td3_9a57e9(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, [5], 0.005, env_of(5, **ONE), n_actions=3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "0d216385e491",
    "sac/sac.py",
    "419f6c3e2c",
    "SAC",
    PASSED,
    ("actor-gradient-left",),
    "read: the critics' step comes after both losses' backward passes, and applies the policy's gradient, too",
    TWENTY_FIRST,
)
def sac_0d2163(code: Any) -> Report:
    m, memory = code.module(dotted="sac.sac"), code.module(dotted="sac.replay_memory")
    space = env_of(5, **ONE).action_space

    def make():
        agent = m.SAC(space, input_dim=5, hidden_size=64, automatic_temperature_tuning=True)
        return SimpleNamespace(agent=agent, memory=memory.ReplayMemory(5000))

    return examine(
        make,
        lambda x, t: x.memory.push(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda x: x.agent.update_parameters(x.memory, 32, 0),
        **ONE,
    )


@update(
    "a390239624dc",
    "sac/sac_agent.py",
    "d606fc60c3",
    "SAC, a network for each task",
    PASSED,
    ("log-prob-other-action|log-prob-correction|log-prob-uncorrected",),
    "read: log pi is the density at the squashed action, and its correction takes the squashed action, too",
    TWENTY_FIRST,
)
def sac_a39023(code: Any) -> Report:
    m, buffers = code.module(), code.module("sac/replay_buffer.py")

    def make():
        agent = m.SACAgent(5, 3, (-1, 1), device="cpu", batch_size=32, actor_bc_update_frequency=10**9)
        return SimpleNamespace(agent=agent, buffer=buffers.OnlineReplayBuffer(5000), step=0)

    def feed(x, t):
        obs, after = ({"affordances": o, "hlc": 3} for o in (t.obs, t.next_obs))
        x.buffer.add(obs, t.action, t.reward, after, t.mask)

    def learn(x):
        x.step += 1
        x.agent.update(x.buffer, None, x.step)

    return examine(make, feed, learn, **ONE)


@update("99436495f6da", "ddpg/ddpg_agent.py", "a260a7d823", "DDPG", OWN, RIGHT, READ, TWENTY_FIRST)
def ddpg_994364(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGAgent(5, 1, -3.0, 2.0, batch_size=32, buffer_size=5000, device="cpu", learning_starts=32),
        lambda agent, t: agent.push_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        low=[-3.0],
        high=[2.0],
    )


@update(
    "21a9a8d88880",
    "ddpg/ddpg_agent.py",
    "e086f669f5",
    "DDPG",
    OWN,
    ("critic-width",),
    "read: the critic has an output for each dimension of the action",
    TWENTY_FIRST,
)
def ddpg_21a9a8(code: Any) -> Report:
    m = code.module(dotted="ddpg.ddpg_agent")
    rates = {"alpha_actor": 1e-3, "alpha_critic": 1e-3, "gamma": 0.99, "tau": 0.005, "epochs": 1, "load_models": False}
    sizes = {"episodes": 1, "train_begin": 32, "batch_size": 32, "episodes_to_train": 1, "buffer_size": 5000}
    rest = {"episodes_to_save": 1, "path": "", "reward_path": ""}
    return examine(
        lambda: m.DDPGAgent({**rates, **sizes, **rest}, None),
        lambda agent, t: agent.replay_buffer.push(t.as_tuple()),
        lambda agent: agent.train_models(),
        obs=3,
        **ONE,
    )
