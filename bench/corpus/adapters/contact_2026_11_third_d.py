"""Updates met first in a third round of November 2026, drawn at random: further DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, LOOP, NOTEBOOK, ONE, OWN, PASSED, READ, SCRIPT, THIRD, TWO
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine, watch


@update(
    "7a8aad27d7c4",
    "algos/sac.py",
    "49483c827d",
    "SAC",
    PASSED,
    ("in-place",),
    "read: the actor's loss is built before the critics' steps and differentiated after them; torch refuses since 1.5",
    THIRD,
)
def sac_7a8aad(code: Any) -> Report:
    m, actors, critics = code.module(), code.module("policies/actor.py"), code.module("policies/critic.py")
    args = SimpleNamespace(a_lr=1e-4, c_lr=1e-4, alpha=None, discount=0.99, tau=0.005)

    def make():
        qs = [critics.FF_Q(5, 3, (64, 64)) for _ in range(2)]
        return m.SAC(actors.FF_Stochastic_Actor(5, 3, (64, 64), bounded=True), *qs, -3, args)

    def update_once(agent, b):
        s, a, s2, r, live = map(torch.tensor, (b.obs, b.action, b.next_obs, b.reward[:, None], b.mask[:, None]))
        agent.update_policy(SimpleNamespace(sample=lambda *_, **__: (s, a, s2, r, live, len(b), 1)))

    return examine(make, update=update_once, **ONE)


@update(
    "7a8aad27d7c4",
    "algos/td3.py",
    "49483c827d",
    "TD3",
    PASSED,
    RIGHT,
    "read; the target action is not clamped after its noise; the critics' optimizers decay weights",
    THIRD,
)
def td3_7a8aad(code: Any) -> Report:
    m, actors, critics = code.module(), code.module("policies/actor.py"), code.module("policies/critic.py")
    args = SimpleNamespace(a_lr=1e-4, c_lr=1e-4, discount=0.99, tau=0.005, recurrent=False, update_freq=1)
    args.__dict__.update(expl_noise=0.2, policy_noise=0.2)

    def make():
        return m.TD3(actors.FF_Actor(5, 3, (64, 64)), *[critics.FF_Q(5, 3, (64, 64)) for _ in range(2)], args)

    def update_once(agent, b):
        s, a, s2, r, live = map(torch.tensor, (b.obs, b.action, b.next_obs, b.reward[:, None], b.mask[:, None]))
        agent.update_policy(SimpleNamespace(sample=lambda *_, **__: (s, a, s2, r, live, len(b), 1)))

    return examine(make, update=update_once, **ONE)


@update("aa1756819e16", "algorithms/td3.py", "dee7e7b43f", "TD3", OWN, RIGHT, READ, THIRD)
def td3_aa1756(code: Any) -> Report:
    m = code.module(dotted="algorithms.td3")

    def make():
        agent = m.TD3(5, 3, buffer_size=5000)
        agent.stable_update_size = 64
        return agent

    return examine(
        make,
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


@update("aa1756819e16", "algorithms/sac.py", "dee7e7b43f", "SAC", OWN, RIGHT, READ, THIRD)
def sac_aa1756(code: Any) -> Report:
    m = code.module(dotted="algorithms.sac")
    return examine(
        lambda: m.SAC(5, 3, buffer_size=5000, batch_size=64, stable_update_size=64),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


@update("ecc584b2fbfc", "algos/sac.py", "27de3a6bcd", "SAC", OWN, RIGHT, READ, THIRD)
def sac_ecc584(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.ManagerSAC(5, 3, 64, warmup_steps=64, batch_size=64, buffer_size=5000),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


@update("ecc584b2fbfc", "algos/td3.py", "27de3a6bcd", "TD3", OWN, RIGHT, READ, THIRD)
def td3_ecc584(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.ManagerTD3(5, 3, 64, warmup_steps=64, batch_size=64, buffer_size=5000),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


@update(
    "cda915f63646",
    "sac.ipynb",
    "88eb8dc8e8",
    "SAC",
    LOOP,
    RIGHT,
    "read; its list of the critics' parameters is a spent iterator, so that nothing is frozen, which harms nothing",
    THIRD,
)
def sac_cda915(code: Any) -> Report:
    def run(make):
        m = code.module(stop="ac, epoch_ret = sac()")
        m.gym.make = make
        m.sac(start_steps=100, update_after=200, update_every=1, replay_size=5000)

    return watch(run, **TWO)


@update(
    "10569abf9155",
    "sac_agent.py",
    "e2866beee9",
    "SAC",
    OWN,
    ("broadcast|entropy-averaged",),
    "read: log pi of shape (B,) meets values of shape (B, 1) in the label, which becomes (B, B)",
    THIRD,
)
def sac_10569a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent(5, 3, 2.0, hidden1=64, hidden2=64, buffer_size=5000, batch_size=64),
        lambda agent, t: agent.buffer.append(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.train(),
        **TWO,
    )


@update("286237f99ce3", "algorithms/td3.py", "00f06f2991", "TD3", OWN, RIGHT, READ, THIRD)
def td3_286237(code: Any) -> Report:
    m = code.module(dotted="algorithms.td3")
    return examine(
        lambda: m.TD3(5, 3, 2.0),
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(40),
        **TWO,
    )


@update("286237f99ce3", "algorithms/ddpg.py", "00f06f2991", "DDPG", OWN, RIGHT, READ, THIRD)
def ddpg_286237(code: Any) -> Report:
    m = code.module(dotted="algorithms.ddpg")
    return examine(
        lambda: m.DDPG(5, 3, 2.0),
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(40),
        **TWO,
    )


@update(
    "2aeb11a4c30f",
    "ddpg_pendulum.py",
    "8ddd5f12b9",
    "DDPG",
    SCRIPT,
    ("mask-truncated",),
    "read: done or truncated is stored",
    THIRD,
)
def ddpg_2aeb11(code: Any) -> Report:
    return watch(lambda make: code.run(make), **TWO)


@update(
    "e36caa0e7dc4",
    "algorithms/ddpg.py",
    "df9c7647a0",
    "DDPG of one agent, batch normalization",
    BATCH,
    RIGHT,
    "read; a penalty on the actor's outputs, by choice; the loop updates the targets",
    THIRD,
)
def ddpg_e36caa(code: Any) -> Report:
    m = code.module()

    def update_once(agents, b):
        s, a, r, s2, d = map(torch.tensor, (b.obs, b.action, b.reward, b.next_obs, b.done))
        agents.update(([s], [a], [r], [s2], [d]), 0)
        agents.update_all_targets()

    sizes = {"num_in_pol": 5, "num_out_pol": 3, "num_in_critic": 8}
    return examine(lambda: m.MADDPG([sizes], ["DDPG"]), update=update_once, **ONE)


@update(
    "10df1ad64888",
    "sac.ipynb",
    "a7d1d7e9ac",
    "SAC, images, batch normalization",
    NOTEBOOK,
    ("entropy-unmasked",),
    "read: alpha log pi is subtracted outside of the discount and of the mask",
    THIRD,
)
def sac_10df1a(code: Any) -> Report:
    m = code.module(definitions=True)
    space, tensor = env_of(1, low=[-1.0], high=[1.0]).action_space, torch.tensor
    return examine(
        lambda: m.SAC((1, 3, 40, 40), space, 5000, 0.99, 0.005, 100, -1, 1e-3, 1e-3, 1e-3),
        lambda agent, t: agent.replay_memory.push(
            tensor(t.obs)[None] / 255,
            tensor(t.action)[None],
            tensor(t.next_obs)[None] / 255,
            tensor([[t.reward]]),
            tensor([[float(t.done)]]),
        ),
        lambda agent: agent.update(32),
        obs=(3, 40, 40),
        image=True,
        low=[-1.0],
        high=[1.0],
    )


@update(
    "8a6ebfbfc567",
    "algorithms/ddpg.py",
    "e079ebdcf7",
    "DDPG of costs",
    PASSED,
    ("in-place",),
    "read: the actor's loss is built before the critic's step and differentiated after it; it minimizes costs",
    THIRD,
)
def ddpg_8a6ebf(code: Any) -> Report:
    m = code.module()

    def feed(x, t):
        end = [float(t.done)]
        x.data.force_add_sample({"x_": t.obs, "u": t.action, "x": t.next_obs, "c": [-t.reward], "t": end})

    return examine(
        lambda: SimpleNamespace(agent=m.ActorCriticDDPG(5, 3, torch.ones(3), 0.02), data=m.DataSet(5000)),
        feed,
        lambda x: x.agent.training(x.data),
        **ONE,
    )


@update("6026d68fdd9f", "policy/ddpg.py", "e0b6a634f9", "TD3 (called DDPG)", PASSED, RIGHT, READ, THIRD)
def td3_6026d6(code: Any) -> Report:
    buffers = code.module(dotted="utils.replay_buffer")
    sys.modules["utils.rl"] = SimpleNamespace(estimate_advantages=None)  # type: ignore[assignment]
    m = code.module(dotted="policy.ddpg")
    bounds = np.array([[-2.0] * 3, [2.0] * 3], "float32")

    def make():
        actor, critic = m.TD3_Actor(5, [64, 64], 3, bounds), m.TD3_Critic(5, 3, [64, 64])
        x = SimpleNamespace(agent=m.DDPG_Learner(actor, critic, 10**6), buffer=buffers.ReplayBuffer((5,), 3, 5000, 64))
        x.agent.record_state_visitations = print
        return x

    return examine(
        make,
        lambda x, t: x.buffer.append(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.agent.learn(x.buffer),
        **TWO,
    )
