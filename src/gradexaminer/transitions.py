"""Crafted transitions: every observation is unique, so that a row of a batch tells which transition it came from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch


@dataclass(frozen=True)
class Spaces:
    """What the agent was built for.

    Attributes
    ----------
    obs_shape : tuple of int
        Shape of one observation.
    n_actions : int or None
        Number of discrete actions; None for continuous ones.
    low, high : ndarray of shape (A,), or None
        Bounds of continuous actions.
    image : bool
        Observations are whole numbers from 0 to 255.
    n_states : int or None
        Number of states, where an observation is the number of one; None where it is a vector or an image.
    """

    obs_shape: tuple[int, ...]
    n_actions: int | None = None
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    image: bool = False
    n_states: int | None = None

    @property
    def continuous(self) -> bool:
        """Whether an action is a vector of numbers."""
        return self.n_actions is None

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest continuous action."""
        if self.low is None or self.high is None:
            raise ValueError("these actions are discrete: they have no bounds")
        return self.low, self.high

    @property
    def action_size(self) -> int:
        """Length of an action; 1 for a discrete one."""
        return 1 if self.low is None else len(self.low)


@dataclass(frozen=True)
class Transition:
    """One step of an environment, as an agent would store it.

    Attributes
    ----------
    obs, next_obs : ndarray of float32 (uint8 for images, NumPy int64 for states that are numbers)
        Unique for every transition.
    action : int or ndarray of shape (A,)
        What was done.
    reward : float
        Of several sizes, both signs.
    terminated, truncated : bool
        Whether the episode ended by itself, or by a time limit. Never both.
    """

    index: int
    obs: np.ndarray
    action: Any
    reward: float
    next_obs: np.ndarray
    terminated: bool
    truncated: bool

    @property
    def done(self) -> bool:
        """The flag that stops the bootstrap: `terminated`."""
        return self.terminated

    @property
    def mask(self) -> float:
        """1 where the next state counts, 0 at the end of an episode."""
        return 0.0 if self.terminated else 1.0

    def as_tuple(self) -> tuple[Any, ...]:
        """`(obs, action, reward, next_obs, done)`."""
        return self.obs, self.action, self.reward, self.next_obs, self.done

    def as_tensors(self, *, none_at_end: bool = False) -> tuple[Any, ...]:
        """`(obs, action, next_obs, reward)` as tensors with a batch axis of 1, the order of PyTorch's own tutorial.

        With `none_at_end`, `next_obs` is None where the episode has terminated.
        """
        import torch

        kind = torch.float32 if isinstance(self.action, np.ndarray) else torch.int64
        after = None if none_at_end and self.terminated else torch.as_tensor(self.next_obs.copy())[None]
        action = torch.as_tensor(self.action, dtype=kind).reshape(1, -1)
        return torch.as_tensor(self.obs.copy())[None], action, after, torch.tensor([self.reward], dtype=torch.float32)


class Batch:
    """Transitions side by side, for an update that takes its batch as an argument.

    Attributes
    ----------
    obs, next_obs : ndarray of shape (B, ...), float32
    action : ndarray of shape (B,), int64; or (B, A), float32
    reward, done, terminated, truncated, mask : ndarray of shape (B,), float32
    """

    def __init__(self, transitions: Sequence[Transition]) -> None:
        self.transitions = list(transitions)
        self.obs = np.stack([t.obs for t in transitions])
        self.next_obs = np.stack([t.next_obs for t in transitions])
        self.action = np.array([t.action for t in transitions])
        self.reward = np.array([t.reward for t in transitions], np.float32)
        self.terminated = np.array([t.terminated for t in transitions], np.float32)
        self.truncated = np.array([t.truncated for t in transitions], np.float32)
        self.done = self.terminated.copy()
        self.mask = 1 - self.done

    def __len__(self) -> int:
        return len(self.transitions)

    def as_dict(self) -> dict[str, np.ndarray]:
        """Arrays by the names that notebooks use: states, actions, rewards, next_states, dones."""
        return {
            "states": self.obs.copy(),
            "actions": self.action.copy(),
            "rewards": self.reward.copy(),
            "next_states": self.next_obs.copy(),
            "dones": self.done.copy(),
        }

    def tensors(self, *, column: bool = False) -> tuple[torch.Tensor, ...]:
        """`(obs, action, reward, next_obs, done)` as tensors; with `column`, numbers of a row get shape (B, 1)."""
        import torch

        def shaped(x: np.ndarray) -> torch.Tensor:
            made = torch.from_numpy(x.copy())
            return made[:, None] if column and made.ndim == 1 else made

        return tuple(shaped(x) for x in (self.obs, self.action, self.reward, self.next_obs, self.done))


TERMINATED = 0.3  # share of transitions that end an episode
TRUNCATED = 0.1  # share of those that a time limit cuts off
LARGE = 4.0  # some rewards are this many times larger, so that a clipped one shows


def make_transitions(spaces: Spaces, n: int, rng: np.random.Generator, first: int = 0) -> list[Transition]:
    """Return `n` transitions, no two observations of which are equal; the first one is number `first` of all.

    Raises
    ------
    NoMoreStatesError
        If states are numbers, and all of them were handed out.
    """
    kinds = rng.random(n)
    rewards = rng.normal(size=n) * np.where(rng.random(n) < 0.25, LARGE, 1.0)
    return [
        Transition(
            first + i,
            new_observation(spaces, rng, 2 * (first + i)),
            _action(spaces, rng),
            float(np.float32(rewards[i])),
            new_observation(spaces, rng, 2 * (first + i) + 1),
            bool(kinds[i] < TERMINATED),
            bool(TERMINATED <= kinds[i] < TERMINATED + TRUNCATED),
        )
        for i in range(n)
    ]


def new_reward(rng: np.random.Generator) -> float:
    """Return a reward, some of them large."""
    reward = rng.normal() * (LARGE if rng.random() < 0.25 else 1.0)
    return float(np.float32(reward))


class NoMoreStatesError(BaseException):
    """Every state was handed out: a further one could not be told from the first of the same number.

    It ends a script; no `except Exception` of its own catches it.
    """


def new_observation(spaces: Spaces, rng: np.random.Generator, number: int) -> Any:
    """Return an observation that differs from all others; it is the one with this number."""
    if spaces.n_states is not None:
        return _state(spaces.n_states, spaces.n_actions or 0, number)
    if not spaces.image:
        return rng.normal(size=spaces.obs_shape).astype(np.float32)
    dark = rng.integers(0, 120)  # pictures of different brightness: networks then differ in what they answer
    return rng.integers(dark, 256, size=spaces.obs_shape).astype(np.uint8)


def _state(n_states: int, n_actions: int, number: int) -> Any:
    """Return states in an order without a pattern; none of them can be taken for an action or a flag."""
    order = _order(max(n_actions, 2), n_states)
    if number >= len(order):
        raise NoMoreStatesError(f"all {n_states} states were handed out")
    return order[number]


@cache
def _order(low: int, high: int) -> np.ndarray:
    return np.random.default_rng(high).permutation(np.arange(low, high))


def _action(spaces: Spaces, rng: np.random.Generator) -> Any:
    if spaces.n_actions is not None:
        return int(rng.integers(spaces.n_actions))
    low, high = spaces.bounds
    return (low + (high - low) * rng.random(len(low))).astype(np.float32)
