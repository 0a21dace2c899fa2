"""Well-known DQN updates."""

from __future__ import annotations

from typing import Any

from bench.corpus.registry import DEVELOPED, RIGHT, update
from gradexaminer import Report, examine

READ = "read; every examined batch is explained by the plain formula"


@update(
    repo="udacity/deep-reinforcement-learning",
    path="dqn/solution/dqn_agent.py",
    commit="561eec3ae8",
    algorithm="DQN",
    packaging="agent object, learn(experiences, gamma)",
    verdict=RIGHT,
    evidence=READ,
    contact=DEVELOPED,
)
def udacity_dqn(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )
