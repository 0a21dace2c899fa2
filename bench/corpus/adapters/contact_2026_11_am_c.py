"""Updates met first in November 2026, drawn at random: owners a to m, the last of the draw."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bench.corpus.adapters.common import FIRST
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine, watch


@update(
    "579b8d26fb45",
    "dqn.py",
    "5d88231998",
    "DQN",
    "function with networks, memory and environment",
    ("mask-truncated",),
    "read: done is set where a time limit ends the episode, and is what is stored",
    FIRST,
)
def dqn_579b8d(code: Any) -> Report:
    m, memory, strategy = code.module(), code.module("memory.py"), code.module("strategy.py")

    def run(make):
        net, target = m.DQN((5,), 4), m.DQN((5,), 4)
        optimizer = m.torch.optim.Adam(net.parameters(), lr=1e-3)
        choose = strategy.EpsilonGreedyStrategy(1.0)
        rest = (m.nn.MSELoss(), "cpu", make(), memory.ReplayMemory(10000), choose, 32)
        m.train_dqn_target(net, target, 100000, optimizer, *rest)

    return watch(run, n_actions=4)


@update(
    "12d13fa8def8",
    "src/SAC/SAC.py",
    "964da25793",
    "SAC",
    "method, buffer passed in",
    ("target-action-parameters|action-units",),
    "read: the target critics are shown the concentrations of the Dirichlet distribution instead of an action",
    FIRST,
)
def sac_12d13f(code: Any) -> Report:
    m, buffers = code.module(), code.module("src/SAC/replay_buffer.py")
    return examine(
        lambda: SimpleNamespace(agent=m.SAC(5, 3, "cpu"), buffer=buffers.ReplayBuffer(1000, 5, 3)),
        lambda both, t: both.buffer.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda both: both.agent.train(both.buffer, 64),
        low=[0.0] * 3,
        high=[1.0] * 3,
    )


@update(
    "23c89a174662",
    "sac.py",
    "acd4100a40",
    "SAC",
    "agent object with buffer",
    RIGHT,
    "read: V-network variant",
    FIRST,
)
def sac_23c89a(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.Agent(5, 3, [-1.0] * 3, [1.0] * 3, 64, 1.0, 0.2, mem_size=1000),
        lambda agent, t: agent.replay_buffer.add_to_mem(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update_networks(True),
        low=[-1.0] * 3,
        high=[1.0] * 3,
    )
