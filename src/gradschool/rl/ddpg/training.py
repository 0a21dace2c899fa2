"""DDPG's training on many pendulums at once (Lillicrap et al. 2015, algorithm 1).

`run_training` is the one loop: act, store, sample, update, evaluate. `train` runs it for one agent;
`gradschool.rl.ddpg.batched.train_batched` runs it for several seeds side by side.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gradschool.rl.ddpg.agent import OBS, Agent, Batch, Settings, new_replay_buffer
from gradschool.rl.envs.pendulum import VectorPendulum, discounted_returns, evaluate, gymnasium_starts
from gradschool.rl.generators import RandomSource
from gradschool.rl.nets.mlp import Array
from gradschool.rl.replay_buffer import ReplayBuffer
from gradschool.rl.settings_rules import require_ddpg_run

PROBE_STEPS = 160  # how far a true return is followed; with gamma = .95 the rest is at most 0.09


@dataclass
class Run:
    """What one training run leaves: its agent, and in each list one entry for each evaluation.

    Attributes
    ----------
    env_steps
        Steps of all pendulums together until the evaluation.
    mean_return
        Mean undiscounted return over the 100 fixed episodes.
    cpu_seconds
        CPU seconds of training alone, evaluations not counted.
    q_estimated, q_true
        Mean Q(s, mu(s)) over 128 states of the replay buffer, in rewards, and the mean true discounted return from the
        same states; empty unless ``Settings.probe_q``.
    """

    seed: int
    settings: Settings
    agent: Agent
    env_steps: list[int] = field(default_factory=list)
    mean_return: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    q_estimated: list[float] = field(default_factory=list)
    q_true: list[float] = field(default_factory=list)

    def seconds_to(self, criterion: float = -200.0) -> float:
        """Return the CPU seconds until the first evaluation that reached the criterion (inf: never)."""
        return next(
            (s for s, r in zip(self.cpu_seconds, self.mean_return, strict=True) if r >= criterion), float("inf")
        )


def train(
    make_agent: Callable[[Settings, np.random.Generator], Agent],
    settings: Settings,
    seed: int,
    callback: Callable[[Run, float], None] | None = None,
) -> Run:
    """Train one agent.

    Parameters
    ----------
    make_agent
        ``make_agent(settings, rng)`` builds the agent.
    settings
        The switches of the run.
    seed
        Everything random comes from it.
    callback
        Called after every step of the pendulums with the run so far and the share (0 to 1) of the steps that is done.

    Returns
    -------
    Run
        The trained agent and its learning curve.

    Raises
    ------
    SettingsError
        If a run with these settings would take no step, make no update, or never train its actor.
    """
    require_ddpg_run(settings)
    rng = np.random.default_rng(seed)
    run = Run(seed, settings, make_agent(settings, rng))
    env = VectorPendulum(settings.n_envs, rng, settings.action_dim, settings.time_limit)
    report = None if callback is None else lambda share: callback(run, share)
    run_training([run], run.agent, env, new_replay_buffer(settings), rng, report)
    return run


def run_training(
    runs: Sequence[Run],
    agent: Agent,
    env: VectorPendulum,
    buffer: ReplayBuffer[Batch],
    rng: RandomSource,
    callback: Callable[[float], None] | None = None,
) -> None:
    """Train an agent, or several that act as one, from the first random step to the last evaluation.

    Parameters
    ----------
    runs
        One for each agent, all with the same settings; evaluations are added to them.
    agent
        The agent of the one run, or of all runs side by side.
    env
        ``n_envs`` pendulums for each run.
    buffer
        An empty replay buffer with room for all steps.
    rng
        The generator of the one run, or one for each run.
    callback
        Called after every step of the pendulums with the share (0 to 1) of the steps that is done.
    """
    settings = runs[0].settings
    require_ddpg_run(settings)
    obs, seconds, begun = env.reset(), 0.0, time.process_time()
    for steps in range(settings.n_envs, settings.env_steps + 1, settings.n_envs):
        obs = interact(env, obs, agent, buffer, settings, rng)
        agent.scale_learning_rate(step_size_factor(steps, settings))
        if buffer.size >= settings.learning_starts:
            for _ in range(settings.updates_per_step):
                agent.update(buffer.sample(settings.batch, rng), rng)
        if evaluation_is_due(steps, settings):
            seconds += time.process_time() - begun
            record(runs, agent, steps, seconds / len(runs), buffer)
            begun = time.process_time()
        if callback is not None:
            callback(steps / settings.env_steps)


def step_size_factor(steps: int, settings: Settings) -> float:
    """Return the share of both step sizes: 1 at first, then falling linearly to 0, so that a run ends settled.

    >>> settings = Settings(env_steps=1000, lr_decay_from=0.6)
    >>> [round(step_size_factor(steps, settings), 2) for steps in (0, 600, 800, 1000)]
    [1.0, 1.0, 0.5, 0.0]
    """
    if settings.lr_decay_from >= 1.0:
        return 1.0
    return min(1.0, (1.0 - steps / settings.env_steps) / (1.0 - settings.lr_decay_from))


def interact(
    env: VectorPendulum, obs: Array, agent: Agent, buffer: ReplayBuffer[Batch], settings: Settings, rng: RandomSource
) -> Array:
    """Step every pendulum, store the transitions and return the next observations. Noise explores here alone."""
    if buffer.size < settings.learning_starts:
        action = rng.uniform(env.low, env.high, size=(env.n, settings.action_dim))
    else:
        noise = rng.normal(0.0, settings.noise, size=(env.n, settings.action_dim)) * env.high
        action = np.clip(agent.act(obs) + noise, env.low, env.high)
    next_obs, reward, terminated, truncated = env.step(action)
    if settings.time_limit_is_terminal:
        terminated = terminated | truncated
    flags = terminated.astype(np.float64), truncated.astype(np.float64)
    buffer.store(Batch(obs, action, settings.reward_scale * reward, next_obs, *flags))
    return env.reset() if truncated.all() else next_obs


def evaluation_is_due(steps: int, settings: Settings) -> bool:
    """Return whether to evaluate: at the end, and whenever another `evaluate_every` env steps have been passed.

    >>> settings = Settings(env_steps=100, n_envs=16, evaluate_every=40)
    >>> [steps for steps in range(16, 101, 16) if evaluation_is_due(steps, settings)]
    [48, 80, 96]
    """
    every = settings.evaluate_every
    last = steps + settings.n_envs > settings.env_steps
    return last or (every > 0 and steps // every > (steps - settings.n_envs) // every)


def record(runs: Sequence[Run], agent: Agent, steps: int, seconds: float, buffer: ReplayBuffer[Batch]) -> None:
    """Evaluate on the fixed episodes; with `probe_q` also compare the critic's estimates with true returns."""
    settings, n = runs[0].settings, len(runs)
    returns = evaluate(agent.act, np.tile(gymnasium_starts(), (n, 1))).reshape(n, -1).mean(axis=1)
    for run, mean_return in zip(runs, returns, strict=True):
        run.env_steps.append(steps)
        run.cpu_seconds.append(seconds)
        run.mean_return.append(float(mean_return))
    if not settings.probe_q:
        return
    obs = np.ascontiguousarray(buffer.rows["obs"][:, probe_rows(buffer.size)]).reshape(-1, OBS)
    estimated = agent.critic(np.concatenate([obs, agent.act(obs)], axis=1)) / settings.reward_scale
    true = discounted_returns(agent.act, obs, settings.gamma, PROBE_STEPS)
    for run, q, earned in zip(runs, estimated.reshape(n, -1), true.reshape(n, -1), strict=True):
        run.q_estimated.append(float(q.mean()))
        run.q_true.append(float(earned.mean()))


def probe_rows(size: int) -> NDArray[np.int_]:
    """Return which 128 rows of a buffer are probed: evenly spaced, so that training's own randomness is left alone."""
    return np.linspace(0, size - 1, 128).astype(int)
