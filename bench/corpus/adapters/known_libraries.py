"""Well-known libraries: Stable-Baselines3, CleanRL, Spinning Up, Actor-Critic-Methods-Paper-To-Code."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from bench.corpus.adapters.common import EXPLAINED, ONE, SCRIPT, TWO
from bench.corpus.registry import DEVELOPED, RIGHT, update
from bench.corpus.stubs import Anything, OldEnv, SameStepVector, env_of
from gradexaminer import Report, examine, watch

LIBRARY, CLOSURE = "library class, replay buffer inside", "closure inside a function"
SB3, CLEANRL, SPINNING = "DLR-RM/stable-baselines3", "vwxyzjn/cleanrl", "openai/spinningup"
PAPERS = "philtabor/Actor-Critic-Methods-Paper-To-Code"


def sb3(code: Any, name: str, **actions: Any) -> Report:
    """Stable-Baselines3 stores actions in [-1, 1]; the loop copies DQN's target."""
    sys.path.insert(0, str(code.root))
    import stable_baselines3 as library
    from stable_baselines3.common.logger import configure

    def make():
        model = getattr(library, name)("MlpPolicy", env_of(5, **actions), buffer_size=3000, device="cpu")
        model.set_logger(configure(None, []))
        model.target_update_interval = 1
        return model

    def feed(model, t):
        action = np.array([t.action]) if name == "DQN" else model.policy.scale_action(t.action)
        model.replay_buffer.add(t.obs, t.next_obs, action, t.reward, t.done, [{}])

    sync = {"sync": lambda model: model._on_step()} if name == "DQN" else {}
    return examine(make, feed, lambda model: model.train(1, 40), **sync, **actions)


@update(SB3, "stable_baselines3/dqn/dqn.py", "e05d2dbe6e", "DQN", LIBRARY, RIGHT, EXPLAINED, DEVELOPED)
def sb3_dqn(code: Any) -> Report:
    return sb3(code, "DQN", n_actions=4)


@update(SB3, "stable_baselines3/ddpg/ddpg.py", "e05d2dbe6e", "DDPG", LIBRARY, RIGHT, EXPLAINED, DEVELOPED)
def sb3_ddpg(code: Any) -> Report:
    return sb3(code, "DDPG", **TWO)


@update(SB3, "stable_baselines3/td3/td3.py", "e05d2dbe6e", "TD3", LIBRARY, RIGHT, EXPLAINED, DEVELOPED)
def sb3_td3(code: Any) -> Report:
    return sb3(code, "TD3", **TWO)


@update(SB3, "stable_baselines3/sac/sac.py", "e05d2dbe6e", "SAC", LIBRARY, RIGHT, EXPLAINED, DEVELOPED)
def sb3_sac(code: Any) -> Report:
    return sb3(code, "SAC", **TWO)


def cleanrl(code: Any, make: Any) -> None:
    """Run one of CleanRL's scripts, whose settings are read without a command line."""
    import gymnasium

    sys.path.insert(0, str(code.root))
    gymnasium.vector.SyncVectorEnv = gymnasium.vector.AsyncVectorEnv = lambda *_args, **_kwargs: SameStepVector(make())
    text = (code.root / code.path).read_text(encoding="utf-8")
    copies = ", target_network_frequency=20" if "target_network_frequency: int = 500" in text else ""
    settings = f"Args(learning_starts=200, buffer_size=3000{copies})"
    code.run(make, change=lambda text: text.replace("tyro.cli(Args)", settings))


@update(CLEANRL, "cleanrl/dqn.py", "fe8d8a03c4", "DQN", SCRIPT, RIGHT, EXPLAINED, DEVELOPED)
def cleanrl_dqn(code: Any) -> Report:
    return watch(lambda make: cleanrl(code, make), n_actions=4)


@update(CLEANRL, "cleanrl/ddpg_continuous_action.py", "fe8d8a03c4", "DDPG", SCRIPT, RIGHT, EXPLAINED, DEVELOPED)
def cleanrl_ddpg(code: Any) -> Report:
    return watch(lambda make: cleanrl(code, make), **TWO)


@update(CLEANRL, "cleanrl/td3_continuous_action.py", "fe8d8a03c4", "TD3", SCRIPT, RIGHT, EXPLAINED, DEVELOPED)
def cleanrl_td3(code: Any) -> Report:
    return watch(lambda make: cleanrl(code, make), **TWO)


@update(CLEANRL, "cleanrl/sac_continuous_action.py", "fe8d8a03c4", "SAC", SCRIPT, RIGHT, EXPLAINED, DEVELOPED)
def cleanrl_sac(code: Any) -> Report:
    return watch(lambda make: cleanrl(code, make), **TWO)


def spinning_up(code: Any, name: str) -> Report:
    """Spinning Up without its logger, which asks for MPI and TensorFlow."""

    def change(text: str) -> str:
        text = text.replace(f"import spinup.algos.pytorch.{name}.core as core", "import core")
        return text.replace("from spinup.utils.logx import EpochLogger", "")

    def run(make):
        m = code.module(change=change, stop="__main__", EpochLogger=Anything)
        settings = {"start_steps": 100, "update_after": 200, "update_every": 1, "batch_size": 40, "replay_size": 5000}
        getattr(m, name)(lambda: OldEnv(make(), time_limit_is_done=False), **settings)

    return watch(run, **TWO)


@update(SPINNING, "spinup/algos/pytorch/ddpg/ddpg.py", "038665d62d", "DDPG", CLOSURE, RIGHT, EXPLAINED, DEVELOPED)
def spinning_ddpg(code: Any) -> Report:
    return spinning_up(code, "ddpg")


@update(SPINNING, "spinup/algos/pytorch/td3/td3.py", "038665d62d", "TD3", CLOSURE, RIGHT, EXPLAINED, DEVELOPED)
def spinning_td3(code: Any) -> Report:
    return spinning_up(code, "td3")


@update(SPINNING, "spinup/algos/pytorch/sac/sac.py", "038665d62d", "SAC", CLOSURE, RIGHT, EXPLAINED, DEVELOPED)
def spinning_sac(code: Any) -> Report:
    return spinning_up(code, "sac")


@update(PAPERS, "DDPG/ddpg_torch.py", "10d4685549", "DDPG", "agent object with buffer", RIGHT, EXPLAINED, DEVELOPED)
def papers_ddpg(code: Any) -> Report:
    code.module("DDPG/networks.py", change=lambda text: text.replace("cuda:1", "cpu"))
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, [5], 0.005, 3, max_size=3000),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(PAPERS, "TD3/td3_torch.py", "10d4685549", "TD3", "agent object with buffer", RIGHT, EXPLAINED, DEVELOPED)
def papers_td3(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, [5], 0.005, env_of(5, **ONE), n_actions=3, max_size=3000),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    PAPERS, "SAC/sac_torch.py", "10d4685549", "SAC", "agent object with buffer", RIGHT, "V-network variant", DEVELOPED
)
def papers_sac(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, [5], 0.005, env_of(5, **ONE), "made", n_actions=3, max_size=3000),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )
