"""Updates met first in a fifth round of November 2026, drawn at random: further DDPG and TD3.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import BATCH, FIFTH, LOOSE, ONE, OWN, READ
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import Anything
from gradexaminer import Report, examine


@update("5e94a04e86f5", "agents/ddpg.py", "ed5cdaabd0", "DDPG of one or more agents", OWN, RIGHT, READ, FIFTH)
def ddpg_5e94a0(code: Any) -> Report:
    m = code.module(dotted="agents.ddpg")
    options = {"lr_actor": 1e-3, "lr_critic": 1e-3, "sigma": 0.2, "buffer_size": 5000, "max_replay_buffer_len": 64}
    options |= {"batch_size": 40, "gamma": 0.99, "tau": 0.01}
    return examine(
        lambda: m.Agent("x", [5], [3], 1, 1, [0], False, options, ".", ".", True),
        lambda agent, t: agent.experience([t.obs], [t.action], [t.reward], [t.next_obs], [t.done]),
        lambda agent: agent.update(1),
        **ONE,
    )


@update("13dfdb0ecf30", "agents/saddpg.py", "beed70fee4", "DDPG, batch normalization", BATCH, RIGHT, READ, FIFTH)
def ddpg_13dfdb(code: Any) -> Report:
    m = code.module(dotted="agents.saddpg")

    def update_once(agent, b):
        rows = [(t.obs, t.obs, t.action, [t.reward], t.next_obs, t.next_obs, [t.mask == 0]) for t in b.transitions]
        agent.learn(rows)
        agent.update_targets()

    return examine(lambda: m.SADDPG(5, 3, 5), update=update_once, **ONE)


@update("0cb6db947a35", "src/td3.py", "73294bd4e2", "TD3", OWN, RIGHT, READ, FIFTH)
def td3_0cb6db(code: Any) -> Report:
    m = code.module(dotted="src.td3")
    return examine(
        lambda: m.TD3_Agent(5, 64, 2.0, n_frames=1, device="cpu"),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(64),
        low=[-2],
        high=[2],
    )


@update("a0a67aa5121e", "ddpg_torch.py", "baccf4c583", "DDPG", OWN, RIGHT, READ, FIFTH)
def ddpg_a0a67a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, 5, 0.01, ".", n_actions=3, max_size=5000, layer1_size=64, layer2_size=64),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "00e21a68ada4",
    "agents/ddpg.py",
    "fbf5c5b67f",
    "DDPG",
    OWN,
    RIGHT,
    LOOSE + "; the buffer's first row stays empty until it is full",
    FIFTH,
)
def ddpg_00e21a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(5, 3, device="cpu"),
        lambda agent, t: agent.store(*(torch.tensor(x) for x in t.as_tuple())),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "8ee3dfb5d2b5",
    "src/dqn.py",
    "eb166b31dc",
    "DDPG (in a file called dqn)",
    OWN,
    RIGHT,
    "read; its episodes end by a time limit alone, and their last rows are left out",
    FIFTH,
)
def ddpg_8ee3df(code: Any) -> Report:
    m = code.module(definitions=True, open=Anything)
    m.gym = Anything()
    there = SimpleNamespace(exists=lambda _: False, join=lambda *names: "/".join(names))
    m.os = SimpleNamespace(environ={}, path=there, mkdir=lambda _: None)

    def follow(agent):
        for net, target in ((agent.critic_net, agent.critic_target_net), (agent.actor_net, agent.actor_target_net)):
            for p, q in zip(net.parameters(), target.parameters(), strict=True):
                q.data.copy_(agent.tau * p.data + (1 - agent.tau) * q.data)

    return examine(
        lambda: m.Pusher("x", 1, 0, "cpu", 1, 40),
        lambda agent, t: t.done or agent.memory.add(t.obs, t.action, t.next_obs, t.reward),
        lambda agent: agent._step(),
        sync=follow,
        obs=23,
        low=[-2] * 7,
        high=[2] * 7,
    )


@update(
    "c5112aa57a67",
    "ddpg_torch.py",
    "40ae95ec9b",
    "DDPG, row by row, a state a table of jobs",
    OWN,
    RIGHT,
    "read; a value is the mean over a state's jobs, and is examined with one job",
    FIFTH,
)
def ddpg_c5112a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(m.ReplayBuffer(5000), 0.99, 5, 3, (64, 64), 1e-3, 1e-3, 1),
        lambda agent, t: agent.replay_buffer.push(t.obs[None], t.action[None], t.reward, t.next_obs[None], t.done),
        lambda agent: agent.update(64, 0.01),
        low=[0] * 3,
        high=[1] * 3,
    )


@update("d700002ede4c", "ddpg_torch.py", "5f29e5505c", "TD3 (in a file called ddpg)", OWN, RIGHT, READ, FIFTH)
def td3_d70000(code: Any) -> Report:
    m = code.module(change=lambda text: text.replace("'cuda'", "'cpu'"))
    one = torch.ones(3)
    return examine(
        lambda: m.TD3(1e-3, 1e-3, 0.0, 5, 3, (64, 64), Anything(), 0.01, -one, one, replay_size=5000),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "161d2b3c550c",
    "agents/ddpg.py",
    "0fbde4eef4",
    "DDPG, a network of features with dropout before actor and critic",
    OWN,
    RIGHT,
    READ,
    FIFTH,
)
def ddpg_161d2b(code: Any) -> Report:
    c = code.module("configs/ddpg_config.py", change=lambda text: text.split("@dataclass\nclass Config:")[0])
    config = SimpleNamespace(representation=c.RepresentationConfig(), policy=c.PolicyConfig(), value=c.ValueConfig())
    config.buffer, config.agent = c.BufferConfig(capacity=5000, batch_size=64), c.AgentConfig(update_every=1)
    m, config.device = code.module(dotted="agents.ddpg"), "cpu"
    return examine(
        lambda: m.DDPGAgent(5, 3, config),
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.sample_from_buffer()),
        **ONE,
    )
