"""Updates met first in a fifth round of November 2026, drawn at random: SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from bench.corpus.adapters.common import BATCH, FIFTH, ONE, OWN, PASSED, READ, SWEPT
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine


@update("8228269c7d5a", "src/sac.py", "bd0c8987b4", "SAC, discrete actions", BATCH, RIGHT, SWEPT, FIFTH)
def sac_822826(code: Any) -> Report:
    m = code.module(dotted="src.sac")
    config = {
        "state_size": 5,
        "action_size": 4,
        "gamma": 0.99,
        "tau": 0.01,
        "device": "cpu",
        "hidden": 64,
        "alpha": 0.2,
    }
    config |= {"actor_lr": 1e-3, "critic_lr": 1e-3, "alpha_lr": 1e-3, "target_entropy_scale": 0.5}
    return examine(
        lambda: m.SACDiscrete(config),
        update=lambda agent, b: agent.update((b.obs, b.action, b.reward, b.next_obs, b.done)),
        n_actions=4,
    )


@update(
    "430c6ebb5b26",
    "src/sac_trainer.py",
    "6eb7b1e6cb",
    "SAC with a state value",
    OWN,
    RIGHT,
    "read; the actor follows the first critic, and its means and deviations are penalized, as in SAC of 2018",
    FIFTH,
)
def sac_430c6e(code: Any) -> Report:
    m = code.module(dotted="src.sac_trainer")
    m.set_seeds = lambda *_args: None
    options = {"seed": 0, "hidden_dim": 64, "max_action": 1.0, "grad_steps": 1, "batch_size": 64, "file_name": "x"}
    options |= {"replay_buffer_size": 5000, "min_replay_buffer_size": 64, "target_smoothing": 0.01, "policy_reg": 1e-3}
    options |= {"target_update_freq": 1, "n_initial_exploration_steps": 0, "scale_reward": 5.0, "discount": 0.99}
    options |= {"max_env_steps": 100, "eval_freq": 100, "eval_episodes": 1, "adam_kwargs": {"lr": 1e-3}}
    return examine(
        lambda: m.SACTrainer(env=env_of(5, **ONE), dest_res_path=".", **options),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent._do_updates(*agent.replay_buffer.sample(64)),
        **ONE,
    )


@update(
    "f72c00035ce5",
    "model/sac.py",
    "2e47bb4ae6",
    "SAC",
    PASSED,
    ("action-units",),
    "read: actions are stored divided by 0.2, and the critic is shown the policy's undivided",
    FIFTH,
)
def sac_f72c00(code: Any) -> Report:
    m, memory = code.module(dotted="model.sac"), code.module("model/replay_memory.py")
    args = SimpleNamespace(gamma=0.99, tau=0.01, alpha=0.2, policy="Gaussian", target_update_interval=1, cuda=False)
    args.__dict__.update(automatic_entropy_tuning=True, hidden_size=64, clr=1e-3, plr=1e-3, alphalr=1e-3)

    def make():
        env = env_of(5, low=[-0.2] * 3, high=[0.2] * 3)
        return SimpleNamespace(agent=m.SAC(5, env.action_space, args), memory=memory.ReplayMemory(5000, 0))

    return examine(
        make,
        lambda x, t: x.memory.push(t.obs, t.action / 0.2, np.array([t.reward]), t.next_obs, t.mask),
        lambda x: x.agent.update_parameters(x.memory, 64, 0),
        low=[-0.2] * 3,
        high=[0.2] * 3,
    )


@update(
    "b99da0ad6ca8",
    "src/sac.py",
    "d9617e2a67",
    "SAC",
    BATCH,
    RIGHT,
    "read; rewards are standardized over the batch",
    FIFTH,
)
def sac_b99da0(code: Any) -> Report:
    m = code.module(dotted="src.sac")
    args = SimpleNamespace(alpha=0.2, continuous_space=True, hidden_dim=[64, 64], lr=1e-3, gamma=0.99, tau=0.01)
    args.__dict__.update(target_update=1, hard_target=False)
    return examine(
        lambda: m.SAC(env_of(5, **ONE), args),
        update=lambda agent, b: agent.update((b.obs, b.action, b.reward, b.next_obs, b.done), 0),
        **ONE,
    )


@update(
    "81196c1f1f07",
    "src/sac.py",
    "ba28a36293",
    "SAC, its actions shares by a softmax",
    OWN,
    ("actor-entropy-sign", "temperature-sign"),
    "read: the actor's loss adds the entropy of its shares, and the temperature's loss has it with the same sign",
    FIFTH,
)
def sac_81196c(code: Any) -> Report:
    m = code.module()
    m.Actor.__init__.__defaults__ = (1, 3)
    return examine(
        lambda: m.SAC(5, 3, 1.0, "cpu"),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.next_obs, t.reward, t.mask),
        lambda agent: agent.update_parameters(64),
        low=[0] * 3,
        high=[1] * 3,
    )


@update(
    "95c3864e9784",
    "src/sac.py",
    "7e36ac75f0",
    "SAC of one or more agents, without entropy",
    OWN,
    ("actor-detached",),
    "read: the action that the actor's loss shows the critic is detached",
    FIFTH,
)
def sac_95c386(code: Any) -> Report:
    m = code.module()

    def make():
        agent = m.SAC(1, 5, np.array([[0.25] * 3, [-0.25] * 3, [0.0] * 3]), batch_size=64)
        agent.episode_done, agent.steps_done = 11, 50
        return agent

    return examine(
        make,
        lambda agent, t: agent.memory.push(t.obs[None], t.action[None], [t.reward], t.next_obs[None], not t.done),
        lambda agent: agent.update_policy(),
        low=[-0.25] * 3,
        high=[0.25] * 3,
    )


@update("0be7e94b3efb", "src/sac.py", "7a643af2b9", "SAC", PASSED, RIGHT, READ, FIFTH)
def sac_0be7e9(code: Any) -> Report:
    own = "from energy_buffer import ReplayBufferEnergy"
    m = code.module(definitions=True, change=lambda text: text.replace(own, ""))
    return examine(
        lambda: SimpleNamespace(agent=m.SAC(5, 3, hidden_dim=64), memory=m.ReplayBuffer(5000)),
        lambda x, t: x.memory.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.update_parameters(x.memory, 64),
        **ONE,
    )


@update(
    "0366fa82f10d",
    "src/sac.py",
    "19bf9ebb75",
    "SAC",
    BATCH,
    ("critic-moved-by-actor|actor-gradient-left", "mask-missing"),
    "read: one backward pass for both losses, so that the critic's step follows the actor's loss, too; no ends",
    FIFTH,
)
def sac_0366fa(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SAC(5, 1, env_of(5, low=[-1], high=[1]).action_space),
        update=lambda agent, b: agent.update_parameters(b.tensors(column=True)[:4], 0),
        low=[-1],
        high=[1],
    )
