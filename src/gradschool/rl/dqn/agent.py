"""DQN's batch, settings and step on Taxi (Mnih et al. 2015), by the student's own NumPy functions.

With no hidden layer the parameters are one matrix W (S, A), and `W[s]` is what one_hot(s) @ W gives, so no one-hot row
is ever built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from gradschool.rl.envs.taxi import Bools, Floats, Ints, TaxiModel, goal_states
from gradschool.rl.settings_rules import POSITIVE, SHARE, Span, require_values
from gradschool.rl.shapes import require_shape

TRANSITION = np.dtype(
    [
        ("state", np.int64),
        ("action", np.int64),
        ("reward", np.float64),
        ("next_state", np.int64),
        ("terminated", np.bool_),
        ("truncated", np.bool_),
    ],
    align=True,
)
"""One row of the replay buffer, with the fields of `Batch`."""


class Batch(NamedTuple):
    """B transitions of the replay buffer.

    Attributes
    ----------
    state, next_state
        Ids (B,) in 0..S - 1.
    action
        What was done (B,), in 0..A - 1.
    reward
        (B,): -1 for a step, -10 for an illegal pick-up or drop-off, 20 for a passenger brought home.
    terminated
        (B,), true where the passenger was brought home: nothing comes after.
    truncated
        (B,), true where the time limit cut the episode, which is not an end of the task.
    """

    state: Ints
    action: Ints
    reward: Floats
    next_state: Ints
    terminated: Bools
    truncated: Bools


@dataclass(frozen=True)
class StudentFunctions:
    """The student's NumPy functions that training runs on; B is the batch, A the number of actions, S of states.

    Attributes
    ----------
    td_target
        (reward (B,), q_next (B, A), terminated (B,), truncated (B,), gamma) -> y (B,).
    output_gradient
        (q (B, A), action (B,), y (B,)) -> dL/dq (B, A) of L = 1/2 mean_b (q[b, action_b] - y_b)^2.
    weight_gradient
        (state (B,), g (B, A), n_states) -> dL/dW (S, A).
    epsilon_greedy
        (q (N, A), epsilon, u (N,), random_action (N,)) -> action (N,).
    """

    td_target: Callable[..., Floats]
    output_gradient: Callable[..., Floats]
    weight_gradient: Callable[..., Floats]
    epsilon_greedy: Callable[..., Ints]


@dataclass(frozen=True)
class Settings:
    """Every switch of a run. `alpha` is the step of one sample: the mean's gradient is multiplied by alpha * batch.

    A value that no run can use raises SettingsError; values that do not go together do so when training begins.
    """

    n_envs: int = 64
    batch: int = 512
    updates: int = 1000
    learning_starts: int = 1024
    """Transitions stored before the first update: a batch drawn from few transitions is full of repeats."""
    alpha: float = 0.2
    gamma: float = 0.99
    epsilon: float = 0.4
    sync: int = 5
    """Updates between two copies of the online network into the target network."""
    buffer_size: int = 50_000
    """Transitions that the replay buffer keeps."""
    initial_q: float = 0.0
    goal_q: float = 0.0
    """Where the outputs of the four goal states begin. They are never trained, so there they stay."""
    terminal_mask: bool = True
    every: int = 25
    """Updates between two exact evaluations."""
    stop_when_optimal: bool = False
    epsilon_decay: float = 1.0
    """Factor on epsilon at every update; 1 leaves it alone."""

    def __post_init__(self) -> None:
        whole = dict.fromkeys(("n_envs", "batch", "updates", "sync", "buffer_size", "every"), 1)
        numbers = {"alpha": POSITIVE, "gamma": SHARE, "epsilon": SHARE, "epsilon_decay": SHARE}
        numbers |= {"initial_q": Span(), "goal_q": Span()}
        require_values(self, {**whole, "learning_starts": 0}, numbers, ("terminal_mask", "stop_when_optimal"))

    def epsilon_at(self, update: int) -> float:
        """Return the share of random actions at this update.

        >>> Settings(epsilon=0.5, epsilon_decay=0.9).epsilon_at(2)
        0.405
        """
        return self.epsilon * self.epsilon_decay**update


Gradient = Callable[[StudentFunctions, Floats, Floats, Batch, Settings], Floats]
"""(functions, Q (S, A), Q_target (S, A), batch, settings) -> dL/dQ (S, A)."""


def table_gradient(
    functions: StudentFunctions, W: Floats, W_target: Floats, batch: Batch, settings: Settings
) -> Floats:
    """Return the gradient of one batch's loss: target, gradient at the outputs, gradient of the weights.

    Parameters
    ----------
    functions
        The student's functions.
    W, W_target
        Outputs of the online and of the target network for all states (S, A).
    batch
        B transitions.
    settings
        `gamma`, and whether the end of an episode ends the future (`terminal_mask`).

    Returns
    -------
    ndarray
        dL/dW (S, A) of L = 1/2 mean_b (W[s_b, a_b] - y_b)^2, the label y held fixed.

    References
    ----------
    Mnih et al. 2015, equation 2 and algorithm 1.
    """
    s, a, r, s_next, terminated, truncated = batch
    terminated = terminated & settings.terminal_mask
    q = W.take(s, axis=0)  # W[s], five times as fast
    q_next = W_target.T.take(s_next, axis=1).T  # W_target[s_next], laid out so that a maximum over actions is quick
    y = functions.td_target(r, q_next, terminated, truncated, settings.gamma)
    return functions.weight_gradient(s, functions.output_gradient(q, a, y), len(W))


class QNetwork(Protocol):
    """What the training loop needs of a network: its outputs for all states, and a step against a gradient."""

    Q: Floats
    """(S, A)."""

    def descend(self, gradient: Floats) -> None:
        """Take one step with the gradient dL/dQ (S, A), and bring ``Q`` up to date."""


class Table:
    """A network without a hidden layer: its outputs are its parameters, and plain SGD moves them.

    Parameters
    ----------
    W
        (S, A), changed in place.
    step_size
        Factor on the gradient of the mean over the batch.
    """

    def __init__(self, W: Floats, step_size: float):
        self.Q, self.step_size = W, step_size

    def descend(self, gradient: Floats) -> None:
        """Move every output against its gradient (S, A)."""
        require_shape("The gradient of the weights", gradient, self.Q.shape, "one entry for each state and action")
        self.Q -= self.step_size * gradient


def initial_table(model: TaxiModel, settings: Settings) -> Floats:
    """Return W (S, A) before training: `initial_q` everywhere, `goal_q` on top of it in the goal states."""
    W = np.full((model.n_states, model.n_actions), settings.initial_q)
    W[goal_states(model)] += settings.goal_q
    return W
