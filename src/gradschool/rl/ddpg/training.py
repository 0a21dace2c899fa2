"""DDPG (Lillicrap et al. 2015, algorithm 1) on many pendulums, driven by the student's own functions.

The plain road: `PlainAgent.update` calls the functions of the lesson one after the other and can be read beside
the paper. The fused road in `ddpg_fused` computes the same gradients with preallocated arrays (a test compares them).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gradschool.rl.envs.pendulum import TIME_LIMIT, VectorPendulum, discounted_returns, evaluate, gymnasium_starts
from gradschool.rl.nets.mlp import MLP, Adam, Array

OBS = 3
"""A pendulum's observation: cosine, sine, speed."""

PROBE_STEPS = 160  # how far a true return is followed; with gamma = .95 the rest is at most 0.09


class Batch(NamedTuple):
    """B transitions of the replay memory."""

    obs: Array  # (B, 3)
    action: Array  # (B, A), what was really done, noise included
    reward: Array  # (B,)
    next_obs: Array  # (B, 3)
    terminated: Array  # (B,), 1.0 where the world ended
    truncated: Array  # (B,), 1.0 where the clock cut the episode, which is no end of the world


@dataclass(frozen=True)
class StudentFunctions:
    """The student's NumPy functions that training runs on; their signatures and shapes are the lesson's."""

    squash: Callable
    critic_target: Callable
    critic_gradient: Callable
    action_gradient: Callable
    actor_gradient_vjp: Callable
    polyak: Callable
    twin_target: Callable | None = None  # needed when Settings.twin


@dataclass(frozen=True)
class Settings:
    """Every switch of the experiments. The defaults solve Pendulum on 20 of 20 seeds."""

    env_steps: int = 10_000
    n_envs: int = 16
    updates_per_step: int = 3  # after each step of all n_envs
    learning_starts: int = 800  # env steps with uniformly random actions before the first update
    batch: int = 32
    hidden: tuple[int, ...] = (64, 64)
    gamma: float = 0.95
    tau: float = 0.1  # 1.0: no target networks
    lr_actor: float = 3e-3
    lr_critic: float = 7e-3
    lr_decay_from: float = 0.6  # from this share of env_steps on, both step sizes fall linearly to 0; 1.0: never
    noise: float = 0.4  # standard deviation of the exploration noise, in half ranges of the action
    reward_scale: float = 0.1
    action_dim: int = 1  # A
    time_limit: int = TIME_LIMIT
    time_limit_is_terminal: bool = False  # the mistake, to be looked at
    twin: bool = False  # two critics, the smaller target counts (TD3)
    delay: int = 1  # critic updates for each update of the actor and the targets (TD3: 2)
    smoothing: float = 0.0  # noise on the target action, in half ranges (TD3: 0.2)
    smoothing_clip: float = 0.5
    evaluate_every: int = 1000  # env steps between evaluations; 0: only at the end
    probe_q: bool = False  # at each evaluation, compare Q with the true discounted return


@dataclass
class Run:
    """What one training run leaves: one entry in each list for each evaluation."""

    seed: int
    settings: Settings
    agent: Agent
    env_steps: list[int] = field(default_factory=list)
    mean_return: list[float] = field(default_factory=list)  # over the 100 fixed episodes, undiscounted
    cpu_seconds: list[float] = field(default_factory=list)  # training alone, evaluations not counted
    q_estimated: list[float] = field(default_factory=list)  # mean Q(s, mu(s)) over 128 states of the memory, in rewards
    q_true: list[float] = field(default_factory=list)  # mean true discounted return from the same states

    def seconds_to(self, criterion: float = -200.0) -> float:
        """CPU seconds of training until the first evaluation that reached the criterion (inf: never)."""
        return next(
            (s for s, r in zip(self.cpu_seconds, self.mean_return, strict=True) if r >= criterion), float("inf")
        )


class Agent(Protocol):
    """What `train` needs of an agent."""

    actor: MLP
    critic: MLP

    def scale_learning_rate(self, factor: float) -> None: ...

    def act(self, obs: Array) -> Array: ...

    def update(self, batch: Batch, rng: np.random.Generator) -> None: ...


class ReplayBuffer:
    """A replay memory as one packed array; drawing a batch is one `take`."""

    def __init__(self, capacity: int, n_actions: int, dtype: DTypeLike = np.float64):
        self.rows = np.empty((capacity, 2 * OBS + n_actions + 3), dtype)
        self.n_actions, self.size = n_actions, 0

    def store(self, transitions: Batch) -> None:
        """Append N transitions. Raises ValueError when the memory is full."""
        new = self.pack(transitions)
        if self.size + len(new) > len(self.rows):
            raise ValueError("the replay memory is full")
        self.rows[self.size : self.size + len(new)] = new
        self.size += len(new)

    def sample(self, n: int, rng: np.random.Generator) -> Batch:
        """n transitions, uniformly and with replacement."""
        return self.unpack(self.rows.take(rng.integers(self.size, size=n), axis=0))

    def pack(self, transitions: Batch) -> Array:
        """N transitions as rows (N, 2 * 3 + A + 3)."""
        obs, action, reward, next_obs, terminated, truncated = transitions
        return np.concatenate([obs, action, next_obs, np.stack([reward, terminated, truncated], axis=1)], axis=1)

    def unpack(self, rows: Array) -> Batch:
        """And back, as views."""
        a = OBS + self.n_actions
        return Batch(rows[:, :OBS], rows[:, OBS:a], rows[:, -3], rows[:, a : a + OBS], rows[:, -2], rows[:, -1])


class ReferenceAgent:
    """DDPG, and TD3 when the settings say so, in the words of the lesson's functions."""

    def __init__(self, functions: StudentFunctions, settings: Settings, rng: np.random.Generator):
        if settings.twin and functions.twin_target is None:
            raise ValueError("two critics need a twin_target among the functions")
        body = VectorPendulum(1, rng, settings.action_dim)
        self.functions, self.settings, self.low, self.high = functions, settings, body.low, body.high
        self.actor, *self.critics = new_networks(settings, rng)
        self.critic = self.critics[0]
        self.target_actor = self.actor.copy()
        self.target_critics = [critic.copy() for critic in self.critics]
        self.actor_adam = Adam(self.actor.n_params, settings.lr_actor)
        self.critic_adams = [Adam(critic.n_params, settings.lr_critic) for critic in self.critics]
        self.updates = 0

    def scale_learning_rate(self, factor: float) -> None:
        """Set every step size to this share of its full size."""
        self.actor_adam.lr = factor * self.settings.lr_actor
        for adam in self.critic_adams:
            adam.lr = factor * self.settings.lr_critic

    def act(self, obs: Array) -> Array:
        """obs (N, 3) -> the actor's own actions (N, A), no noise."""
        return np.clip(self.functions.squash(self.actor(obs), self.low, self.high), self.low, self.high)

    def update(self, batch: Batch, rng: np.random.Generator) -> None:
        """All gradients first, then all steps: so the actor's gradient asks the critic that made the target."""
        critic_gradients, actor_gradient = self.gradients(batch, rng)
        for critic, adam, gradient in zip(self.critics, self.critic_adams, critic_gradients, strict=True):
            adam.step(critic.flat, gradient)
        if actor_gradient is not None:
            self.actor_adam.step(self.actor.flat, actor_gradient)
            self.update_targets()

    def gradients(self, batch: Batch, rng: np.random.Generator) -> tuple[list[Array], Array | None]:
        """The gradient of each critic's loss, and of -mean Q for the actor (None when it is not the actor's turn)."""
        y = self.target(batch, rng)
        critic_gradients = [self.functions.critic_gradient(critic, batch, y) for critic in self.critics]
        self.updates += 1
        if self.updates % self.settings.delay:
            return critic_gradients, None
        dq_da = self.functions.action_gradient(self.actor, self.critic, batch, self.low, self.high)
        return critic_gradients, self.functions.actor_gradient_vjp(self.actor, batch, dq_da, self.low, self.high)

    def target(self, batch: Batch, rng: np.random.Generator) -> Array:
        """The critic's label (B,), with both critics and noise on the target action when the settings say so."""
        s = self.settings
        if not s.twin or self.functions.twin_target is None:
            return self.functions.critic_target(
                batch, self.target_actor, self.target_critics[0], self.low, self.high, s.gamma
            )
        half = (self.high - self.low) / 2
        noise = rng.normal(0.0, s.smoothing, batch.action.shape) * half
        return self.functions.twin_target(
            batch, self.target_actor, self.target_critics, self.low, self.high, s.gamma, noise, s.smoothing_clip * half
        )

    def update_targets(self) -> None:
        """Both targets lag behind: the actor's too."""
        pairs = [(self.target_actor, self.actor), *zip(self.target_critics, self.critics, strict=True)]
        for target, online in pairs:
            target.flat[:] = self.functions.polyak(target.flat, online.flat, self.settings.tau)


def new_networks(settings: Settings, rng: np.random.Generator) -> list[MLP]:
    """The actor (3 -> A, before the squash) and one critic (3 + A -> 1), or two."""
    sizes = [(OBS, *settings.hidden, settings.action_dim)]
    sizes += [(OBS + settings.action_dim, *settings.hidden, 1)] * (2 if settings.twin else 1)
    return [MLP(s, rng) for s in sizes]


def train(
    make_agent: Callable[[Settings, np.random.Generator], Agent],
    settings: Settings,
    seed: int,
    callback: Callable[[Run, float], None] | None = None,
) -> Run:
    """One training run; `make_agent(settings, rng)` builds the agent. Everything random comes from `seed`.

    callback -- told after every step of the pendulums of the run so far, and of the share of the steps that is done
    """
    rng = np.random.default_rng(seed)
    agent = make_agent(settings, rng)
    env = VectorPendulum(settings.n_envs, rng, settings.action_dim, settings.time_limit)
    memory = ReplayBuffer(settings.env_steps + settings.n_envs, settings.action_dim)
    run = Run(seed, settings, agent)
    obs, seconds, begun = env.reset(), 0.0, time.process_time()
    for steps in range(settings.n_envs, settings.env_steps + 1, settings.n_envs):
        obs = interact(env, obs, agent, memory, settings, rng)
        agent.scale_learning_rate(step_size_factor(steps, settings))
        if memory.size >= settings.learning_starts:
            for _ in range(settings.updates_per_step):
                agent.update(memory.sample(settings.batch, rng), rng)
        if evaluation_is_due(steps, settings):
            seconds += time.process_time() - begun
            record(run, steps, seconds, memory)
            begun = time.process_time()
        if callback is not None:
            callback(run, steps / settings.env_steps)
    return run


def step_size_factor(steps: int, settings: Settings) -> float:
    """1 at first, then falling linearly to 0: so that a run does not end in the middle of a stumble.

    >>> settings = Settings(env_steps=1000, lr_decay_from=0.6)
    >>> [round(step_size_factor(steps, settings), 2) for steps in (0, 600, 800, 1000)]
    [1.0, 1.0, 0.5, 0.0]
    """
    if settings.lr_decay_from >= 1.0:
        return 1.0
    return min(1.0, (1.0 - steps / settings.env_steps) / (1.0 - settings.lr_decay_from))


def interact(
    env: VectorPendulum, obs: Array, agent: Agent, memory: ReplayBuffer, settings: Settings, rng: np.random.Generator
) -> Array:
    """One step of every pendulum into the memory. Noise explores here, and nowhere else."""
    if memory.size < settings.learning_starts:
        action = rng.uniform(env.low, env.high, size=(env.n, settings.action_dim))
    else:
        noise = rng.normal(0.0, settings.noise, size=(env.n, settings.action_dim)) * env.high
        action = np.clip(agent.act(obs) + noise, env.low, env.high)
    next_obs, reward, terminated, truncated = env.step(action)
    if settings.time_limit_is_terminal:
        terminated = terminated | truncated
    flags = terminated.astype(np.float64), truncated.astype(np.float64)
    memory.store(Batch(obs, action, settings.reward_scale * reward, next_obs, *flags))
    return env.reset() if truncated.all() else next_obs


def evaluation_is_due(steps: int, settings: Settings) -> bool:
    """At the end, and whenever another `evaluate_every` env steps have been passed.

    >>> settings = Settings(env_steps=100, n_envs=16, evaluate_every=40)
    >>> [steps for steps in range(16, 101, 16) if evaluation_is_due(steps, settings)]
    [48, 80, 96]
    """
    every = settings.evaluate_every
    last = steps + settings.n_envs > settings.env_steps
    return last or (every > 0 and steps // every > (steps - settings.n_envs) // every)


def record(run: Run, steps: int, seconds: float, memory: ReplayBuffer) -> None:
    """Evaluate on the fixed episodes; with `probe_q` also hold the critic's opinion against the truth."""
    settings, agent = run.settings, run.agent
    run.env_steps.append(steps)
    run.cpu_seconds.append(seconds)
    run.mean_return.append(float(evaluate(agent.act, gymnasium_starts()).mean()))
    if settings.probe_q:
        obs = memory.rows[probe_rows(memory.size), :OBS]
        estimated = agent.critic(np.concatenate([obs, agent.act(obs)], axis=1)) / settings.reward_scale
        run.q_estimated.append(float(estimated.mean()))
        run.q_true.append(float(discounted_returns(agent.act, obs, settings.gamma, PROBE_STEPS).mean()))


def probe_rows(size: int) -> NDArray[np.int_]:
    """Which 128 of a memory's rows are probed: evenly spaced, so that training's own randomness is left alone."""
    return np.linspace(0, size - 1, 128).astype(int)
