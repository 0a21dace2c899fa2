"""Updates met first in a fourth round of November 2026, drawn at random: DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import BATCH, DICT, FOURTH, LOOP, LOOSE, ONE, OWN, PASSED, READ, TWO
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import OldEnv, env_of
from gradexaminer import Report, examine, watch


@update("d1b9068752f5", "DDPG/ddpg.py", "556a70dfbb", "DDPG", OWN, RIGHT, LOOSE, FOURTH)
def ddpg_d1b906(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDpgAgent(1e-4, 1e-3, [5], 0.01, 3, max_size=5000),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "d1b9068752f5",
    "TD3/td3.py",
    "556a70dfbb",
    "TD3",
    OWN,
    RIGHT,
    "read; one draw of noise serves the whole batch; the label is not detached, which fills the target's .grad alone",
    FOURTH,
)
def td3_d1b906(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3Agent(1e-4, 1e-3, [5], 0.01, env_of(5, **ONE), n_actions=3, max_size=5000),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("17c1f0e674a3", "DDPG/ddpg.py", "9fdbbacc1b", "DDPG", OWN, RIGHT, READ, FOURTH)
def ddpg_17c1f0(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(5, 64, 3, max_action=2, replay_buffer_sz=5000, replay_start_sz=40),
        lambda agent, t: agent.store_experience(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.update(),
        **TWO,
    )


def _extra(b: Any) -> dict[str, Any]:
    """A batch whose states have two parts, as the encoder's buffer of this repository has them."""
    parts = {"z": b.obs[:, :3], "state": b.obs[:, 3:], "next_z": b.next_obs[:, :3], "next_state": b.next_obs[:, 3:]}
    return {**parts, "action": b.action, "reward": b.reward[:, None], "done": b.done[:, None]}


@update("0464147684d2", "agents/td3.py", "78896689d0", "TD3", DICT, RIGHT, READ, FOURTH)
def td3_046414(code: Any) -> Report:
    m = code.module(dotted="agents.td3")
    return examine(
        lambda: m.TD3Agent(5, 3, device="cpu"),
        update=lambda agent, b: agent.update(_extra(b)),
        **ONE,
    )


@update("0464147684d2", "agents/sac.py", "78896689d0", "SAC", DICT, RIGHT, READ, FOURTH)
def sac_046414(code: Any) -> Report:
    m = code.module(dotted="agents.sac")
    return examine(
        lambda: m.SACAgent(5, 3, device="cpu"),
        update=lambda agent, b: agent.update(_extra(b)),
        **ONE,
    )


@update("ee88645d379c", "sac/sac.py", "b859d6bebd", "SAC", OWN, RIGHT, READ, FOURTH)
def sac_ee8864(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent(env_of(5, **ONE), hidden_size=64),
        lambda agent, t: agent.store_rollout(m.Rollout(t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.update(),
        **ONE,
    )


@update("ee88645d379c", "td3/td3.py", "b859d6bebd", "TD3", PASSED, RIGHT, READ, FOURTH)
def td3_ee8864(code: Any) -> Report:
    m, buffers = code.module(), code.module("td3/replay_buffer.py")
    return examine(
        lambda: SimpleNamespace(policy=m.TD3(5, 3, 2.0), buffer=buffers.ReplayBuffer(5, 3)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.policy.train(x.buffer, 40),
        **TWO,
    )


@update("f423cc8eb3b1", "agents/td3.py", "f012a1d281", "TD3, n steps", BATCH, RIGHT, READ, FOURTH)
def td3_f423cc(code: Any) -> Report:
    m, space = code.module(dotted="agents.td3"), env_of(5, **TWO)

    def update_once(agent, b):
        s, a, r, s2, d = map(torch.tensor, (b.obs, b.action, b.reward[:, None], b.next_obs, b.done[:, None]))
        rows = {"observations": s, "actions": a, "rewards": r, "next_observations": s2, "dones": d[:, 0]}
        rows |= {"timeouts": torch.zeros(len(b), dtype=torch.bool)}
        agent.update_step(SimpleNamespace(**{name: x[None] for name, x in rows.items()}))

    return examine(
        lambda: m.TD3(space.observation_space, space.action_space, mlp_dims=[64, 64], device="cpu"),
        update=update_once,
        **TWO,
    )


@update(
    "685edb23897d",
    "DDPG/ddpg.py",
    "afaf66120b",
    "DDPG, batch normalization",
    LOOP,
    ("mask-truncated",),
    "read: the old Gym's done, with time limits in it, is stored; the label is not detached",
    FOURTH,
)
def ddpg_685edb(code: Any) -> Report:
    def run(make):
        m = code.module()
        m.DDPG(OldEnv(make()), m.ActorNetwork, m.CriticNetwork).learn(10**6)

    return watch(run, **TWO)


@update("fb30f694f61d", "SAC/sac.py", "6ef3081ba9", "SAC", OWN, RIGHT, LOOSE, FOURTH)
def sac_fb30f6(code: Any) -> Report:
    m, tensor = code.module(), torch.tensor
    args = SimpleNamespace(gamma=0.99, model_dim=64, capacity=5000, batch_size=64, lr=1e-3, tau=0.005, alpha=0.2)
    args.entropy_tuning = "adaptive"
    return examine(
        lambda: m.SAC(args, 5, 3),
        lambda agent, t: agent.add_transition(tensor(t.obs), tensor(t.next_obs), tensor(t.action), t.reward, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("fb30f694f61d", "TD3/td3.py", "6ef3081ba9", "TD3", OWN, RIGHT, READ, FOURTH)
def td3_fb30f6(code: Any) -> Report:
    m, tensor = code.module(), torch.tensor
    args = SimpleNamespace(gamma=0.99, model_dim=64, capacity=5000, batch_size=64, lr=1e-3, tau=0.005, policy_delay=2)
    args.__dict__.update(policy_noise_method="", policy_noise=0.2, noise_clip=0.5, update_type="soft")
    args.__dict__.update(initial_policy_noise=0.2, policy_noise_decay_rate=1, exploration_noise_method="")
    args.__dict__.update(exploration_noise=0.1, initial_exploration_noise=0.1, exploration_noise_decay_rate=1)
    args.hard_update_frequency = 0
    return examine(
        lambda: m.TD3(args, 5, 3),
        lambda agent, t: agent.add_transition(tensor(t.obs), tensor(t.next_obs), tensor(t.action), t.reward, t.done),
        lambda agent: agent.learn(0),
        **ONE,
    )


@update("3b7b954c705c", "DDPG/ddpg.py", "5c18b3e7ea", "DDPG", OWN, RIGHT, READ, FOURTH)
def ddpg_3b7b95(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(5, 3, {}),
        lambda agent, t: agent.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


@update("09d377d69cfe", "agents/td3.py", "a37fe9e4ca", "TD3", BATCH, RIGHT, READ, FOURTH)
def td3_09d377(code: Any) -> Report:
    m = code.module(dotted="agents.td3")

    def update_once(agent, b):
        s, a, r, s2, d = map(torch.tensor, (b.obs, b.action, b.reward[:, None], b.next_obs, b.done[:, None]))
        agent.learn(s, a, r, s2, d, global_timesteps=2)

    return examine(lambda: m.TD3(env_of(5, **ONE), buffer_size=5000), update=update_once, **ONE)
