"""Updates met first in a sixth round of November 2026, drawn at random: further DQN, dueling, prioritized.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from typing import Any

import torch

from bench.corpus.adapters.common import OWN, PASSED, READ, SIXTH
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine

OVER_BATCH = "read: the network subtracts the mean advantage of the whole batch"


@update("1f6ec35d03e9", "agents/dqn_agent.py", "c10c4c8c00", "DQN", OWN, RIGHT, READ, SIXTH)
def dqn_1f6ec3(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        n_actions=4,
    )


@update(
    "614d2966eeef", "dueling_dqn_agent.py", "c890112209", "dueling DQN", OWN, ("advantage-averaged",), OVER_BATCH, SIXTH
)
def dueling_614d29(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DuelingDqnAgent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample()),
        n_actions=4,
    )


@update(
    "ea41db939824", "dueling_dqn_agent.py", "8adddef969", "dueling DQN", OWN, ("advantage-averaged",), OVER_BATCH, SIXTH
)
def dueling_ea41db(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DuelingDQNAgent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update(
    "ea41db939824",
    "per_agent.py",
    "8adddef969",
    "DQN, prioritized",
    OWN,
    ("weights-averaged",),
    "read: the importance weights, which are the probabilities, multiply the averaged loss; its one number is "
    "everyone's priority",
    SIXTH,
)
def per_ea41db(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.PERAgent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update(
    "8ebeed15c73e",
    "dueling_dqn_agent.py",
    "224abd7394",
    "dueling DQN",
    OWN,
    ("advantage-averaged",),
    OVER_BATCH + ", and both of its streams end in a ReLU",
    SIXTH,
)
def dueling_8ebeed(code: Any) -> Report:
    m = code.module()

    def feed(agent, t):
        agent.replay_memory.add(agent.preprocessing(t.obs), t.action, t.reward, agent.preprocessing(t.next_obs), t.done)

    return examine(lambda: m.DuelingDQNAgent(5, 4), feed, lambda agent: agent.learn(), n_actions=4)


@update(
    "8ebeed15c73e",
    "prioritized_replay_dqn_agent.py",
    "224abd7394",
    "DQN, prioritized",
    OWN,
    RIGHT,
    "read; new priorities do not reach the sums above them",
    SIXTH,
)
def per_8ebeed(code: Any) -> Report:
    m = code.module()

    def feed(agent, t):
        agent.replay_memory.add(agent.preprocessing(t.obs), t.action, t.reward, agent.preprocessing(t.next_obs), t.done)

    return examine(lambda: m.PrioritizedReplayDQNAgent(5, 4), feed, lambda agent: agent.learn(beta=0.4), n_actions=4)


@update(
    "157d267e6d7b",
    "dueling_dqn_agent.py",
    "c3735a3a0a",
    "dueling double DQN",
    OWN,
    ("output-bounded",),
    "read: the stream of the value ends in a ReLU, so that the mean of a state's values cannot be negative",
    SIXTH,
)
def dueling_157d26(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Dueling_DQN_Agent(1e-3, 5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update(
    "157d267e6d7b",
    "PER_PP_agent.py",
    "c3735a3a0a",
    "double DQN, prioritized",
    OWN,
    RIGHT,
    "read; the importance weights stand inside the square",
    SIXTH,
)
def per_157d26(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.PER_PP_Agent(1e-3, 0.4, 0.6, 5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.alt_sample(0.4, 0.6), 0.99),
        n_actions=4,
    )


@update("0e4e3b2d2a38", "dqn_per.py", "6e043a554f", "DQN, prioritized", PASSED, RIGHT, READ, SIXTH)
def per_0e4e3b(code: Any) -> Report:
    m, env = code.module(), env_of(5, n_actions=4)

    def make():
        agent = m.DQN(env.observation_space, env.action_space)
        agent.buffer = m.PrioritizedReplayBuffer(env.observation_space, env.action_space, 5000, 0.6, 0.4, 0)
        return agent

    def feed(agent, t):
        agent.buffer.add(torch.from_numpy(t.obs), t.action, t.reward, t.done, torch.from_numpy(t.next_obs))

    return examine(
        make,
        feed,
        lambda agent: agent.update(agent.buffer),
        sync=lambda agent: agent.q_target.load_state_dict(agent.q.state_dict()),
        n_actions=4,
    )


@update("19c2d87645b2", "DQN/custom_dqn_agent.py", "739abe5164", "DQN", OWN, RIGHT, READ, SIXTH)
def dqn_19c2d8(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.CustomDQN(env_of(5, n_actions=4)),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.q_net.state_dict()),
        n_actions=4,
    )


@update(
    "19c2d87645b2",
    "SAC/sac_agent.py",
    "739abe5164",
    "SAC, discrete",
    PASSED,
    ("temperature-sign",),
    "read: the temperature grows while the entropy is above its target",
    SIXTH,
)
def sac_19c2d8(code: Any) -> Report:
    m = code.module(change=lambda text: text.replace("torch.set_num_interop_threads(1)", ""))

    def make():
        agent = m.DiscreteSAC(5, 4)
        agent.buffer = m.ReplayBuffer(5000)
        return agent

    return examine(
        make,
        lambda agent, t: agent.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(agent.buffer, 32),
        n_actions=4,
    )


@update(
    "095a3912d7d4",
    "sac_agent.py",
    "da7a731120",
    "SAC, discrete",
    OWN,
    ("temperature-sign",),
    "read: the temperature's loss has the sign of log pi's formula, but is given the entropy",
    SIXTH,
)
def sac_095a39(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent(5, 4, None),
        lambda agent, t: agent.store_experience(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        n_actions=4,
    )
