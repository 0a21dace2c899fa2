"""Updates met first in a fifth round of November 2026, drawn at random: DDPG and TD3.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from typing import Any

from bench.corpus import stubs
from bench.corpus.adapters.common import BATCH, FIFTH, ONE, OWN, READ, SCRIPT, TWO
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine


@update(
    "b9b201b423ba",
    "ddpg_torch.py",
    "6a4662d3e7",
    "DDPG, a second critic for mirrored transitions",
    OWN,
    RIGHT,
    "read; a second critic learns from transitions with the signs of observation and action turned",
    FIFTH,
)
def ddpg_b9b201(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, 5, 64, 64, 3, 0.99, 0.01, None, 64, 5000),
        lambda agent, t: agent.remember(t.obs, t.next_obs, t.action, t.reward, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "5032c94ca816",
    "ddpg_torch.py",
    "6825c5cfa7",
    "DDPG",
    OWN,
    ("wrong-state|td-online", "optimizer-elsewhere|online-still|no-step", "actor-sign"),
    "read: the label takes the online critic's value of s; the critic's optimizer takes no step; the actor descends Q",
    FIFTH,
)
def ddpg_5032c9(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, [5], 0.01, None, n_actions=3, max_size=5000, layer1_size=64, layer2_size=64),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "252803de5f42",
    "rlc/agents/ddpg.py",
    "f041e4d2e6",
    "DDPG",
    OWN,
    RIGHT,
    "read; the actor learns before the critic",
    FIFTH,
)
def ddpg_252803(code: Any) -> Report:
    m, env = code.module(dotted="rlc.agents.ddpg"), env_of(5, **TWO)
    config = {"hidden_dim": 64, "batch_size": 64, "agent_params": m.DDPG.get_default_params()}
    return examine(
        lambda: m.DDPG(env.action_space, env.observation_space, config),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent._update_agent(0),
        **TWO,
    )


@update("69be6588e19c", "ddpg_torch.py", "4e104ab961", "DDPG", OWN, RIGHT, READ, FIFTH)
def ddpg_69be65(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, [5], 0.01, None, n_actions=3, max_size=5000, layer1_size=64, layer2_size=64),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "e73357950848",
    "ddpg_torch.py",
    "0e3efdac11",
    "DDPG",
    OWN,
    ("action-units", "mask-missing"),
    "read: actions are stored in the environment's units, and the critic is shown the actor's; no end can be stored",
    FIFTH,
)
def ddpg_e73357(code: Any) -> Report:
    stubs.gymnasium_makes(lambda *_args: env_of(5, **TWO))
    m = code.module(change=lambda text: text.replace("env.seed(1)", ""))
    m.MEMORY_CAPACITY = 64
    return examine(
        lambda: m.DDPG(),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        **TWO,
    )


@update(
    "73c6b70ab67b",
    "ddpg_torch.py",
    "541d6208ee",
    "DDPG, double precision",
    SCRIPT,
    ("mask-missing",),
    "read: no end can be stored; its task, a pendulum, has none but time limits",
    FIFTH,
)
def ddpg_73c6b7(code: Any) -> Report:
    m = code.module(stop="ep_reward_list = []", change=lambda text: text.replace("-v0", "-v1"))
    return examine(
        lambda: vars(m),
        lambda names, t: names["buffer"].record((t.obs, t.action, t.reward, t.next_obs)),
        lambda names: names["buffer"].learn(),
        sync=lambda names: names["update_target"](0.005),
        low=[-2],
        high=[2],
        obs=3,
    )


@update(
    "9aca1e28ae2a",
    "src/td3.py",
    "80b2df61bc",
    "DDPG (called TD3)",
    OWN,
    RIGHT,
    "read; it samples rows of its buffer that are still empty, and is examined with a full one",
    FIFTH,
)
def ddpg_9aca1e(code: Any) -> Report:
    m = code.module(stop="env = gym.make")

    def make():
        agent = m.TD3Agent(env_of(5, **ONE))
        agent.memory = m.ReplayBuffer(64, [5], 3)
        return agent

    return examine(
        make,
        lambda agent, t: agent.store(t.obs, t.action, t.reward, t.next_obs, int(t.done)),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "dfc068740e0a",
    "agents/attacker_agent.py",
    "5b8dbb9118",
    "DDPG",
    BATCH,
    ("mask-missing",),
    "read: the update takes no ends; no target networks, by choice",
    FIFTH,
)
def ddpg_dfc068(code: Any) -> Report:
    m = code.module(dotted="agents.attacker_agent")
    return examine(
        lambda: m.Attacker(),
        update=lambda agent, b: agent.update(b.obs, b.action, b.reward, b.next_obs),
        obs=m.Attacker().state_dim,
        low=[0] * 7,
        high=[1] * 7,
    )
