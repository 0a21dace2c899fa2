"""DDPG's agent (Lillicrap et al. 2015), its settings and its batch, driven by the student's own functions.

`ReferenceAgent.update` calls the functions of the lesson one after the other and can be read beside the paper.
`gradschool.rl.ddpg.fused` computes the same gradients with preallocated arrays (a test compares them).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike

from gradschool.rl.envs.pendulum import TIME_LIMIT, VectorPendulum
from gradschool.rl.generators import RandomSource
from gradschool.rl.nets.mlp import MLP, Adam, Array
from gradschool.rl.replay_buffer import ReplayBuffer
from gradschool.rl.settings_rules import (
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    SettingsError,
    Span,
    is_whole,
    require_values,
)

OBS = 3
"""Length of a pendulum's observation: cosine, sine, speed."""


class Batch(NamedTuple):
    """B transitions of the replay buffer: what was seen, done, earned, and seen next.

    Attributes
    ----------
    obs, next_obs
        Observations (B, 3): cosine and sine of the angle, and the speed in rad/s.
    action
        What was really done (B, A), exploration noise included, in N m.
    reward
        (B,), multiplied by ``Settings.reward_scale``.
    terminated
        (B,), 1.0 where the episode ended in the environment itself: nothing comes after.
    truncated
        (B,), 1.0 where the time limit cut the episode, which is not an end of the task.
    """

    obs: Array
    action: Array
    reward: Array
    next_obs: Array
    terminated: Array
    truncated: Array


@dataclass(frozen=True)
class StudentFunctions:
    """The student's NumPy functions that training runs on.

    Attributes
    ----------
    squash
        (z (B, A), low (A,), high (A,)) -> actions (B, A) inside [low, high].
    critic_target
        (batch, target_actor, target_critic, low, high, gamma) -> y (B,).
    critic_gradient
        (critic, batch, y) -> gradient (n_params,) of mean (Q - y)^2 / 2 in the critic's parameters.
    action_gradient
        (actor, critic, batch, low, high) -> dQ/da (B, A) at the actor's own actions.
    actor_gradient_vjp
        (actor, batch, dq_da, low, high) -> gradient (n_params,) of -mean Q in the actor's parameters.
    polyak
        (target, online, tau) -> the target's new parameters (n_params,).
    twin_target
        (batch, target_actor, target_critics, low, high, gamma, noise, clip) -> y (B,); needed when ``Settings.twin``.
    """

    squash: Callable[..., Array]
    critic_target: Callable[..., Array]
    critic_gradient: Callable[..., Array]
    action_gradient: Callable[..., Array]
    actor_gradient_vjp: Callable[..., Array]
    polyak: Callable[..., Array]
    twin_target: Callable[..., Array] | None = None


@dataclass(frozen=True)
class Settings:
    """Every switch of the experiments. The defaults solve Pendulum on 20 of 20 seeds.

    A value that no run can use raises SettingsError; values that do not go together do so when training begins.
    """

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

    def __post_init__(self) -> None:
        whole = dict.fromkeys(
            ("env_steps", "n_envs", "updates_per_step", "batch", "action_dim", "time_limit", "delay"), 1
        )
        numbers = dict.fromkeys(("lr_actor", "lr_critic", "reward_scale"), POSITIVE)
        numbers |= dict.fromkeys(("gamma", "lr_decay_from"), SHARE) | {"tau": Span(0.0, 1.0, above=True)}
        numbers |= dict.fromkeys(("noise", "smoothing", "smoothing_clip"), NOT_NEGATIVE)
        flags = ("time_limit_is_terminal", "twin", "probe_q")
        require_values(self, {**whole, "learning_starts": 0, "evaluate_every": 0}, numbers, flags)
        if not isinstance(self.hidden, tuple) or not all(is_whole(width) for width in self.hidden):
            raise SettingsError(f"Settings(hidden={self.hidden!r}): hidden must be a tuple of widths.")


class Agent(Protocol):
    """What the training loop needs of an agent."""

    actor: MLP
    critic: MLP

    def scale_learning_rate(self, factor: float) -> None:
        """Set every step size to this share of its full size."""

    def act(self, obs: Array) -> Array:
        """Return the actor's own actions (N, A) for observations (N, 3), without noise."""

    def update(self, batch: Batch, rng: RandomSource) -> None:
        """Take one step with every network."""


class ReferenceAgent:
    """DDPG, and TD3 when the settings say so, in the words of the lesson's functions.

    Parameters
    ----------
    functions
        The student's functions.
    settings
        The switches of the run.
    rng
        Draws the networks' initial parameters.

    Raises
    ------
    ValueError
        If ``settings.twin`` asks for two critics and ``functions.twin_target`` is missing.

    References
    ----------
    Lillicrap et al. 2015, algorithm 1; Fujimoto, van Hoof & Meger 2018, algorithm 1 (TD3).
    """

    def __init__(self, functions: StudentFunctions, settings: Settings, rng: np.random.Generator):
        if settings.twin and functions.twin_target is None:
            raise ValueError("two critics need a twin_target among the functions")
        env = VectorPendulum(1, rng, settings.action_dim)
        self.functions, self.settings, self.low, self.high = functions, settings, env.low, env.high
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
        """Return the actor's own actions (N, A) for observations (N, 3), without noise."""
        actions: Array = np.clip(self.functions.squash(self.actor(obs), self.low, self.high), self.low, self.high)
        return actions

    def update(self, batch: Batch, rng: RandomSource) -> None:
        """Compute all gradients, then take all steps: so the actor's gradient asks the critic that made the target."""
        critic_gradients, actor_gradient = self.gradients(batch, rng)
        for critic, adam, gradient in zip(self.critics, self.critic_adams, critic_gradients, strict=True):
            adam.step(critic.flat, gradient)
        if actor_gradient is not None:
            self.actor_adam.step(self.actor.flat, actor_gradient)
            self.update_targets()

    def gradients(self, batch: Batch, rng: RandomSource) -> tuple[list[Array], Array | None]:
        """Return the gradient of each critic's loss, and of -mean Q for the actor (None when it is not its turn)."""
        y = self.target(batch, rng)
        critic_gradients = [self.functions.critic_gradient(critic, batch, y) for critic in self.critics]
        self.updates += 1
        if self.updates % self.settings.delay:
            return critic_gradients, None
        dq_da = self.functions.action_gradient(self.actor, self.critic, batch, self.low, self.high)
        return critic_gradients, self.functions.actor_gradient_vjp(self.actor, batch, dq_da, self.low, self.high)

    def target(self, batch: Batch, rng: RandomSource) -> Array:
        """Return the critic's label (B,), with both critics and noise on the target action when the settings say so."""
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
        """Move the target networks, the actor's too, a share tau towards the online networks."""
        pairs = [(self.target_actor, self.actor), *zip(self.target_critics, self.critics, strict=True)]
        for target, online in pairs:
            target.flat[:] = self.functions.polyak(target.flat, online.flat, self.settings.tau)


def new_networks(settings: Settings, rng: np.random.Generator) -> list[MLP]:
    """Draw the actor (3 -> A, before the squash) and one critic (3 + A -> 1), or two."""
    sizes = [(OBS, *settings.hidden, settings.action_dim)]
    sizes += [(OBS + settings.action_dim, *settings.hidden, 1)] * (2 if settings.twin else 1)
    return [MLP(s, rng) for s in sizes]


def new_replay_buffer(settings: Settings, n_agents: int = 1, dtype: DTypeLike = np.float64) -> ReplayBuffer[Batch]:
    """Make a buffer with room for a whole run of each agent; every number in it has this dtype."""
    capacity = settings.env_steps + settings.n_envs
    return ReplayBuffer(capacity, transition_dtype(settings.action_dim, dtype), Batch, n_agents, overwrite=False)


def transition_dtype(action_dim: int, dtype: DTypeLike = np.float64) -> np.dtype[np.void]:
    """Return the structured dtype of one transition, with the fields of `Batch`."""
    shapes: dict[str, tuple[int, ...]] = {"obs": (OBS,), "action": (action_dim,), "next_obs": (OBS,)}
    return np.dtype([(name, dtype, shapes.get(name, ())) for name in Batch._fields])
