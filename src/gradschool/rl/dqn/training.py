"""DQN on Taxi, trained by the student's own NumPy functions.

`train_table` is the whole algorithm in one readable loop: act, store, sample, target, gradient, step. What it knows
about gradients it is told by the functions in `StudentFunctions`; it only keeps the books. With no hidden layer the
parameters are one matrix W (S, A), and `W[s]` is what one_hot(s) @ W gives, so no one-hot row is ever built.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradschool.rl.envs.taxi import (
    Bools,
    Floats,
    Ints,
    TaxiModel,
    VectorTaxi,
    goal_states,
    greedy,
    start_returns,
)

Batch = tuple[Ints, Ints, Floats, Ints, Bools, Bools]


@dataclass(frozen=True)
class StudentFunctions:
    """The student's functions. B is the batch, A the number of actions, S the number of states; arrays are float64.

    td_target       -- (reward (B,), q_next (B, A), terminated (B,), truncated (B,), gamma) -> y (B,)
    output_gradient -- (q (B, A), action (B,), y (B,)) -> dL/dq (B, A), L = 1/2 mean_b (q[b, action_b] - y_b)^2
    weight_gradient -- (state (B,), g (B, A), n_states) -> dL/dW (S, A)
    epsilon_greedy  -- (q (N, A), epsilon, u (N,), random_action (N,)) -> action (N,)
    """

    td_target: Callable[..., Floats]
    output_gradient: Callable[..., Floats]
    weight_gradient: Callable[..., Floats]
    epsilon_greedy: Callable[..., Ints]


@dataclass(frozen=True)
class Settings:
    """Every switch of a run. `alpha` is the step of one sample: the mean's gradient is multiplied by alpha * batch."""

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
    memory: int = 50_000
    initial_q: float = 0.0
    goal_q: float = 0.0
    """Where the outputs of the four goal states begin. They are never trained, so there they stay."""
    terminal_mask: bool = True
    every: int = 25
    """Updates between two exact evaluations."""
    stop_when_optimal: bool = False
    epsilon_decay: float = 1.0
    """Factor on epsilon at every update; 1 leaves it alone."""

    def epsilon_at(self, update: int) -> float:
        """The share of random actions at this update.

        >>> Settings(epsilon=0.5, epsilon_decay=0.9).epsilon_at(2)
        0.405
        """
        return self.epsilon * self.epsilon_decay**update


@dataclass
class Run:
    """What came of one run: the parameters and, at every evaluation, how good the greedy policy was, exactly."""

    W: Floats
    env_steps: list[int] = field(default_factory=list)
    mean_return: list[float] = field(default_factory=list)
    """Exact mean undiscounted return over the 300 starts."""
    solved: list[int] = field(default_factory=list)
    """In how many of the 300 starts the greedy policy earns exactly what an optimal one does."""
    actions_used: list[int] = field(default_factory=list)
    """How many of the six actions are greedy somewhere among the starts."""
    deliveries: int = 0
    """How many passengers were brought home in all of the training."""
    largest_q: list[float] = field(default_factory=list)

    @property
    def optimal(self) -> bool:
        """Whether the last evaluation found an optimal policy in all starts."""
        return bool(self.solved) and self.solved[-1] == 300


class ReplayBuffer:
    """The last `size` transitions, in preallocated arrays; `sample` draws with replacement."""

    def __init__(self, size: int):
        self.size, self.filled, self._at, self.deliveries = size, 0, 0, 0
        kinds = (np.int64, np.int64, np.float64, np.int64, np.bool_, np.bool_)
        self.columns: list[Any] = [np.empty(size, kind) for kind in kinds]

    def add(self, state: Ints, action: Ints, reward: Floats, next_state: Ints, over: Sequence[Bools]) -> None:
        """Store N transitions, each argument (N,); `over` is (terminated, truncated)."""
        end = self._at + len(state)
        at = slice(self._at, end) if end <= self.size else np.arange(self._at, end) % self.size
        for column, new in zip(self.columns, (state, action, reward, next_state, *over), strict=True):
            column[at] = new
        self._at = end % self.size
        self.deliveries += int(np.count_nonzero(over[0]))
        self.filled = min(self.filled + len(state), self.size)

    def sample(self, batch: int, rng: np.random.Generator) -> Batch:
        """state, action, reward, next_state, terminated, truncated, each (batch,)."""
        at = rng.integers(self.filled, size=batch)
        state, action, reward, next_state, terminated, truncated = (column.take(at) for column in self.columns)
        return state, action, reward, next_state, terminated, truncated


def table_gradient(learner: StudentFunctions, W: Floats, W_target: Floats, batch: Batch, settings: Settings) -> Floats:
    """dL/dW (S, A) on one batch: target, gradient at the outputs, gradient of the weights. The heart of DQN."""
    s, a, r, s_next, terminated, truncated = batch
    terminated = terminated & settings.terminal_mask
    q = W.take(s, axis=0)  # W[s], five times as fast
    q_next = W_target.T.take(s_next, axis=1).T  # W_target[s_next], laid out so that a maximum over actions is quick
    y = learner.td_target(r, q_next, terminated, truncated, settings.gamma)
    return learner.weight_gradient(s, learner.output_gradient(q, a, y), len(W))


@np.errstate(over="ignore", invalid="ignore")  # some switches are there to make it diverge
def train_table(
    learner: StudentFunctions,
    model: TaxiModel,
    settings: Settings,
    seed: int,
    gradient: Callable[..., Floats] = table_gradient,
    callback: Callable[[Run, float], None] | None = None,
) -> Run:
    """Train W (S, A) from the seed; every gradient in it is the learner's. Returns the run with its curve.

    callback -- told at every evaluation of the run so far, and of the share of the updates that is done
    """
    rng = np.random.default_rng(seed)
    W = initial_table(model, settings)
    W_target = W.copy()
    run, best = Run(W), model.best_returns
    taxi, memory = VectorTaxi(model, settings.n_envs, rng), ReplayBuffer(settings.memory)
    while memory.filled < settings.learning_starts:
        explore(learner, W[taxi.state], taxi, memory, 1.0, rng)
    for update in range(settings.updates + 1):
        if update % settings.every == 0:
            record(run, model, W, best, settings.learning_starts + update * settings.n_envs)
            if callback is not None:
                callback(run, update / settings.updates)
            if settings.stop_when_optimal and run.optimal:
                break
        explore(learner, W[taxi.state], taxi, memory, settings.epsilon_at(update), rng)
        batch = memory.sample(settings.batch, rng)
        W -= settings.alpha * settings.batch * gradient(learner, W, W_target, batch, settings)
        if (update + 1) % settings.sync == 0:
            W_target[...] = W
    run.deliveries = memory.deliveries
    return run


def initial_table(model: TaxiModel, settings: Settings) -> Floats:
    """W (S, A) before training: `initial_q` everywhere, `goal_q` on top of it in the goal states."""
    W = np.full((model.n_states, model.n_actions), settings.initial_q)
    W[goal_states(model)] += settings.goal_q
    return W


def explore(
    learner: StudentFunctions,
    q: Floats,
    taxi: VectorTaxi,
    memory: ReplayBuffer,
    epsilon: float,
    rng: np.random.Generator,
) -> None:
    """One step of every taxi, with the dice thrown here and handed to the learner's epsilon_greedy."""
    state = taxi.state
    u, random_action = rng.random(taxi.n), rng.integers(q.shape[1], size=taxi.n)
    action = learner.epsilon_greedy(q, epsilon, u, random_action)
    next_state, reward, terminated, truncated = taxi.step(action)
    memory.add(state, action, reward, next_state, (terminated, truncated))


def record(run: Run, model: TaxiModel, Q: Floats, best: Floats, env_steps: int) -> None:
    """Add one exact evaluation of the greedy policy of Q (S, A) to the run."""
    policy = greedy(Q)
    returns = start_returns(model, policy)
    run.env_steps.append(env_steps)
    run.mean_return.append(float(returns.mean()))
    run.solved.append(int(np.sum(returns == best)))
    run.actions_used.append(len(np.unique(policy[model.starts])))
    run.largest_q.append(float(np.max(np.abs(Q))))
