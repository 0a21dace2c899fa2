"""Pendulum-v1, many at once: equal to Gymnasium's own step for step (a test compares them), and much faster.

An episode is cut after 200 steps. That is a time limit and not an end of the task: `truncated` says so, and
`terminated` is never true. Nothing that a pendulum does ends an episode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gradschool.rl.generators import RandomSource
from gradschool.rl.settings_rules import require_whole
from gradschool.rl.shapes import require_shape

Array = NDArray[np.float64]
Policy = Callable[[Array], Array]

TIME_LIMIT = 200
MAX_TORQUE = 2.0
MAX_SPEED = 8.0
EVALUATION_SEEDS = tuple(range(10_000, 10_100))
"""The 100 fixed episodes of every evaluation: Gymnasium's own starts for these seeds."""


def pendulum_step(theta: Array, theta_dot: Array, torque: Array) -> tuple[Array, Array, Array]:
    """Step pendulums as Gymnasium's Pendulum-v1 does (g = 10, m = l = 1, dt = 0.05 s).

    Parameters
    ----------
    theta
        Angles (N,) in rad; 0 is upright.
    theta_dot
        Speeds (N,) in rad/s.
    torque
        Torques (N,) in N m, cut to -2..2.

    Returns
    -------
    theta, theta_dot, reward : ndarray
        The next angles (not wrapped), the next speeds and the rewards, each (N,).

    Examples
    --------
    >>> hanging, still, push = np.array([np.pi]), np.zeros(1), np.array([5.0])
    >>> theta, theta_dot, reward = pendulum_step(hanging, still, push)  # a push of 5 counts as 2
    >>> theta_dot.round(3), reward.round(3)
    (array([0.3]), array([-9.874]))
    """
    require_shape("pendulum_step's torque", torque, np.shape(theta), "one torque for each angle")
    torque = np.clip(torque, -MAX_TORQUE, MAX_TORQUE)
    angle = (theta + np.pi) % (2 * np.pi) - np.pi
    reward = -(angle**2 + 0.1 * theta_dot**2 + 0.001 * torque**2)
    theta_dot = np.clip(theta_dot + (15.0 * np.sin(theta) + 3.0 * torque) * 0.05, -MAX_SPEED, MAX_SPEED)
    return theta + theta_dot * 0.05, theta_dot, reward


def observe(theta: Array, theta_dot: Array) -> Array:
    """Turn angles and speeds (N,) into observations (N, 3): cosine, sine, speed, rounded to float32 as Gymnasium's are.

    >>> observe(np.array([0.0]), np.array([1.5]))  # upright, and falling
    array([[1. , 0. , 1.5]])
    """
    return np.stack([np.cos(theta), np.sin(theta), theta_dot], axis=1).astype(np.float32).astype(np.float64)


class VectorPendulum:
    """N pendulums with one clock.

    Parameters
    ----------
    n
        How many pendulums, N.
    rng
        Draws their starts.
    action_dim
        How many torques act on one axle (their sum counts): 1 as in Gymnasium, 3 as in the clinic.
    time_limit
        Steps after which all episodes are cut.

    Notes
    -----
    `low` and `high` (action_dim,) are the bounds of an action in N m.
    """

    def __init__(self, n: int, rng: RandomSource, action_dim: int = 1, time_limit: int = TIME_LIMIT):
        for name, value in (("n", n), ("action_dim", action_dim), ("time_limit", time_limit)):
            require_whole("VectorPendulum", name, value)
        self.n, self.rng, self.action_dim, self.time_limit = n, rng, action_dim, time_limit
        self.high = np.full(action_dim, MAX_TORQUE / action_dim)
        self.low = -self.high
        self.reset()

    def reset(self, starts: Array | None = None) -> Array:
        """Begin episodes at `starts` (N, 2) of angle and speed, or by Gymnasium's uniform law; return (N, 3)."""
        if starts is None:
            starts = self.rng.uniform([-np.pi, -1.0], [np.pi, 1.0], size=(self.n, 2))
        require_shape("VectorPendulum.reset", starts, (self.n, 2), "angle and speed of each pendulum")
        self.theta, self.theta_dot, self.clock = starts[:, 0].copy(), starts[:, 1].copy(), 0
        return observe(self.theta, self.theta_dot)

    def step(self, action: Array) -> tuple[Array, Array, NDArray[np.bool_], NDArray[np.bool_]]:
        """Step every pendulum; nothing is reset, so at the time limit the last observation of the episode is returned.

        Parameters
        ----------
        action
            Torques (N, action_dim) in N m.

        Returns
        -------
        obs : ndarray
            Observations (N, 3).
        reward : ndarray
            (N,).
        terminated, truncated : ndarray
            (N,), booleans: never; the time limit is reached.

        Raises
        ------
        ValueError
            If the torques have another shape: NumPy would broadcast (N, 1, 1) to rewards (N, N).
        """
        require_shape("VectorPendulum.step", action, (self.n, self.action_dim), "one row of torques for each pendulum")
        self.theta, self.theta_dot, reward = pendulum_step(self.theta, self.theta_dot, action.sum(axis=1))
        self.clock += 1
        terminated = np.zeros(self.n, dtype=bool)
        truncated = np.full(self.n, self.clock >= self.time_limit)
        return observe(self.theta, self.theta_dot), reward, terminated, truncated


def gymnasium_starts(seeds: Sequence[int] = EVALUATION_SEEDS) -> Array:
    """Return angle and speed (len(seeds), 2) at which Gymnasium's Pendulum-v1 starts when reset with each seed."""
    return _starts(tuple(int(seed) for seed in seeds))


@lru_cache(maxsize=8)  # a hundred generators take 4 ms, and every evaluation asks for the same
def _starts(seeds: tuple[int, ...]) -> Array:
    from gymnasium.utils.seeding import np_random

    high = np.array([np.pi, 1.0])
    starts = np.array([np_random(seed)[0].uniform(low=-high, high=high) for seed in seeds])
    starts.setflags(write=False)
    return starts


def rollout(policy: Policy, starts: Array, steps: int = TIME_LIMIT) -> Array:
    """Drive with a policy from every start (N, 2) of angle and speed, and return the rewards (steps, N)."""
    theta, theta_dot = starts[:, 0], starts[:, 1]
    rewards = np.empty((steps, len(starts)))
    for t in range(steps):
        action = policy(observe(theta, theta_dot))
        motors = np.shape(action)[1:2] or (1,)
        require_shape("rollout of a policy", action, (len(starts), *motors), "one row for each observation")
        torque = action.sum(axis=1)
        theta, theta_dot, rewards[t] = pendulum_step(theta, theta_dot, torque)
    return rewards


def angles_from_hanging(policy: Policy, steps: int) -> Array:
    """Drive a pendulum that hangs at rest; return its angle (steps,) before each step, not wrapped, 0 upright."""
    theta, theta_dot, angles = np.array([np.pi]), np.zeros(1), np.empty(steps)
    for t in range(steps):
        angles[t] = theta[0]
        theta, theta_dot, _ = pendulum_step(theta, theta_dot, policy(observe(theta, theta_dot)).sum(axis=1))
    return angles


def evaluate(policy: Policy, starts: Array) -> Array:
    """Compute the undiscounted return of one 200-step episode from each start.

    Parameters
    ----------
    policy
        Observations (N, 3) -> torques (N, A).
    starts
        Angles and speeds (N, 2).

    Returns
    -------
    ndarray
        Returns (N,).
    """
    returns: Array = rollout(policy, starts).sum(axis=0)
    return returns


def evaluate_in_gymnasium(policy: Policy, seeds: Sequence[int] = EVALUATION_SEEDS) -> Array:
    """Compute undiscounted returns in Gymnasium's own Pendulum-v1, one step at a time.

    Parameters
    ----------
    policy
        Observations (1, 3) -> torques (1, A).
    seeds
        Each resets the environment for one episode.

    Returns
    -------
    ndarray
        Returns (len(seeds),).
    """
    import gymnasium

    env = gymnasium.make("Pendulum-v1")
    returns = np.zeros(len(seeds))
    for i, seed in enumerate(seeds):
        obs, _ = env.reset(seed=int(seed))
        over = False
        while not over:
            action = policy(obs[None].astype(np.float64)).sum(axis=1)
            obs, reward, terminated, truncated, _ = env.step(action)
            returns[i] += float(reward)
            over = terminated or truncated
    env.close()
    return returns


def discounted_returns(policy: Policy, obs: Array, gamma: float, steps: int = TIME_LIMIT) -> Array:
    """Compute what a policy truly earns from each observation on, discounted.

    Parameters
    ----------
    policy
        Observations (N, 3) -> torques (N, A).
    obs
        Observations (N, 3) to start from.
    gamma
        The discount.
    steps
        Where the sum is cut; the rest is at most gamma**steps * 16.3 / (1 - gamma): 0.012 for gamma = .95 and 200.

    Returns
    -------
    ndarray
        Discounted returns (N,).
    """
    starts = np.stack([np.arctan2(obs[:, 1], obs[:, 0]), obs[:, 2]], axis=1)
    discounts = gamma ** np.arange(steps)
    return np.asarray(discounts @ rollout(policy, starts, steps))
