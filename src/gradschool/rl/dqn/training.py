"""DQN's training on Taxi (Mnih et al. 2015, algorithm 1), by the student's own NumPy functions.

`run_training` is the whole algorithm in one readable loop: act, store, sample, target, gradient, step. Every gradient
in it comes from the functions in `StudentFunctions`. `train_table` runs it without a hidden layer; with one,
`gradschool.rl.dqn.hidden_layer` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gradschool.rl.dqn.agent import (
    TRANSITION,
    Batch,
    Gradient,
    QNetwork,
    Settings,
    StudentFunctions,
    Table,
    initial_table,
    table_gradient,
)
from gradschool.rl.envs.taxi import Floats, TaxiModel, greedy, start_returns
from gradschool.rl.envs.vector_taxi import VectorTaxi
from gradschool.rl.replay_buffer import ReplayBuffer
from gradschool.rl.settings_rules import require_dqn_run


@dataclass
class Run:
    """What one run leaves: the outputs for all states and, for each evaluation, how good the greedy policy was."""

    W: Floats
    """Q of all states (S, A): the table itself, or what the network with a hidden layer puts out."""
    env_steps: list[int] = field(default_factory=list)
    mean_return: list[float] = field(default_factory=list)
    """Exact mean undiscounted return over the 300 starts."""
    solved: list[int] = field(default_factory=list)
    """In how many of the 300 starts the greedy policy earns exactly what an optimal one does."""
    actions_used: list[int] = field(default_factory=list)
    """How many of the six actions are greedy somewhere among the starts."""
    deliveries: int = 0
    """How many passengers were brought home in all of the training."""
    largest_abs_q: list[float] = field(default_factory=list)
    """The largest |Q| of all states and actions: 109 may stand for a Q of -109."""

    @property
    def optimal(self) -> bool:
        """Whether the last evaluation found an optimal policy in all starts."""
        return bool(self.solved) and self.solved[-1] == 300


def train_table(
    functions: StudentFunctions,
    model: TaxiModel,
    settings: Settings,
    seed: int,
    gradient: Gradient = table_gradient,
    callback: Callable[[Run, float], None] | None = None,
) -> Run:
    """Train a network without a hidden layer, W (S, A).

    Parameters
    ----------
    functions
        The student's functions.
    model
        Taxi as arrays.
    settings
        The switches of the run.
    seed
        Everything random comes from it.
    gradient
        Makes the gradient of one batch; another one is how a lesson tries a variant, or a clinic a fault.
    callback
        Called at every evaluation with the run so far and the share (0 to 1) of the updates that is done.

    Returns
    -------
    Run
        The trained table and its learning curve.

    Raises
    ------
    SettingsError
        If a run with these settings would never begin, or show nothing of what it learned.
    """
    table = Table(initial_table(model, settings), settings.alpha * settings.batch)
    return run_training(functions, table, model, settings, np.random.default_rng(seed), gradient, callback)


@np.errstate(over="ignore", invalid="ignore")  # some switches are there to make it diverge
def run_training(
    functions: StudentFunctions,
    network: QNetwork,
    model: TaxiModel,
    settings: Settings,
    rng: np.random.Generator,
    gradient: Gradient = table_gradient,
    callback: Callable[[Run, float], None] | None = None,
) -> Run:
    """Train a network and return the run with its curve; the arguments are those of `train_table`."""
    require_dqn_run(settings)
    Q_target, run, best = network.Q.copy(), Run(network.Q), model.best_returns
    taxi = VectorTaxi(model, settings.n_envs, rng)
    buffer = ReplayBuffer(settings.buffer_size, TRANSITION, Batch)
    while buffer.size < settings.learning_starts:
        explore(functions, network.Q[taxi.state], taxi, buffer, 1.0, rng)
    for update in range(settings.updates + 1):
        if update % settings.every == 0:
            record(run, model, network.Q, best, settings.learning_starts + update * settings.n_envs)
            if callback is not None:
                callback(run, update / settings.updates)
            if settings.stop_when_optimal and run.optimal:
                break
        explore(functions, network.Q[taxi.state], taxi, buffer, settings.epsilon_at(update), rng)
        network.descend(gradient(functions, network.Q, Q_target, buffer.sample(settings.batch, rng), settings))
        if (update + 1) % settings.sync == 0:
            Q_target[...] = network.Q
    run.W, run.deliveries = network.Q, taxi.deliveries
    return run


def explore(
    functions: StudentFunctions,
    q: Floats,
    taxi: VectorTaxi,
    buffer: ReplayBuffer[Batch],
    epsilon: float,
    rng: np.random.Generator,
) -> None:
    """Step every taxi once, with random numbers drawn here and handed to the student's epsilon_greedy; store it all."""
    state = taxi.state
    u, random_action = rng.random(taxi.n), rng.integers(q.shape[1], size=taxi.n)
    action = functions.epsilon_greedy(q, epsilon, u, random_action)
    next_state, reward, terminated, truncated = taxi.step(action)
    buffer.store(Batch(state, action, reward, next_state, terminated, truncated))


def record(run: Run, model: TaxiModel, Q: Floats, best: Floats, env_steps: int) -> None:
    """Add one exact evaluation of the greedy policy of Q (S, A) to the run."""
    policy = greedy(Q)
    returns = start_returns(model, policy)
    run.env_steps.append(env_steps)
    run.mean_return.append(float(returns.mean()))
    run.solved.append(int(np.sum(returns == best)))
    run.actions_used.append(len(np.unique(policy[model.starts])))
    run.largest_abs_q.append(float(np.max(np.abs(Q))))
