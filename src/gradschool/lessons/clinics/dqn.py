"""Chapter 2's clinic: six agents on Taxi, each really broken by one line.

Every fault is a change of one line in the gradient, or of one switch. They run on the student's own functions, and
which letter has which fault is settled by a hash: reading on does not tell, examining does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from gradschool.rl.dqn.agent import Batch, Gradient, Settings, StudentFunctions, table_gradient
from gradschool.rl.dqn.training import Run, train_table
from gradschool.rl.envs.taxi import Floats, TaxiModel

LETTERS = "ABCDEF"
CLINIC_SETTINGS = Settings(alpha=0.1, updates=1000, every=50, goal_q=5.0)
NAMES = {
    "broadcast": "a (B, 1) column met a (B,) row: every Q is pulled to the mean of all targets",
    "clock-as-terminal": "an episode cut by the clock counts as the end of the world",
    "exploration-ends-early": "epsilon is gone before the +20 was ever seen",
    "gradient-through-target": "the target is not a label: it receives a gradient too",
    "mean-over-outputs": "the loss is averaged over all outputs, so the gradient is 1/A of the right one",
    "no-terminal-mask": "the target bootstraps past the end of the episode",
    "sign-turned": "the step climbs the loss",
    "state-as-number": "the state's id is fed as one number, not as a one-hot row",
    "step-too-large": "repeated samples in a batch add up to more than a step of 2",
    "untaken-to-zero": "untaken actions have 0 as their target",
}


def row_meets_column(
    functions: StudentFunctions, W: Floats, W_target: Floats, batch: Batch, settings: Settings
) -> Floats:
    """Return the gradient of the mean of a (B, B) block, as when a (B, 1) column meets a (B,) row."""
    s, a, r, s_next, terminated, truncated = batch
    y = functions.td_target(r, W_target[s_next], terminated, truncated, settings.gamma)
    g = functions.output_gradient(W[s], a, np.full_like(y, y.mean()))  # the mean over the block's second axis
    return functions.weight_gradient(s, g, len(W))


def pulls_untaken_to_zero(
    functions: StudentFunctions, W: Floats, W_target: Floats, batch: Batch, settings: Settings
) -> Floats:
    """Return the gradient when every output gets a target, which is 0 for untaken actions."""
    s, a, *_ = batch
    untaken = np.arange(W.shape[1]) != a[:, None]
    right = table_gradient(functions, W, W_target, batch, settings)
    return right + functions.weight_gradient(s, W[s] * untaken / len(s), len(W))


def goes_through_target(
    functions: StudentFunctions, W: Floats, W_target: Floats, batch: Batch, settings: Settings
) -> Floats:
    """Return the whole derivative of the squared TD error, the label's part included."""
    s, a, r, s_next, terminated, truncated = batch
    y = functions.td_target(r, W[s_next], terminated, truncated, settings.gamma)
    g = functions.output_gradient(W[s], a, y)
    best = np.arange(W.shape[1]) == W[s_next].argmax(axis=1)[:, None]
    back = -settings.gamma * (g.sum(axis=1) * ~terminated)[:, None] * best
    return functions.weight_gradient(s, g, len(W)) + functions.weight_gradient(s_next, back, len(W))


def reads_one_number(
    functions: StudentFunctions, W: Floats, W_target: Floats, batch: Batch, settings: Settings
) -> Floats:
    """Return dL/dw = sum_s x_s G_s of Q(s) = x w with x = s / (S - 1), w (A,), as a step of the table x w."""
    x = np.arange(len(W)) / (len(W) - 1)
    return np.outer(x, x @ table_gradient(functions, W, W_target, batch, settings))


@dataclass(frozen=True)
class FaultyAgent:
    """How one agent of the clinic makes its gradient, and its settings."""

    gradient: Gradient
    settings: Settings


FAULTY_AGENTS: Mapping[str, FaultyAgent] = {
    "broadcast": FaultyAgent(row_meets_column, CLINIC_SETTINGS),
    "untaken-to-zero": FaultyAgent(pulls_untaken_to_zero, CLINIC_SETTINGS),
    "gradient-through-target": FaultyAgent(goes_through_target, CLINIC_SETTINGS),
    "state-as-number": FaultyAgent(
        reads_one_number, replace(CLINIC_SETTINGS, alpha=0.01)
    ),  # stable, so that it is the encoding
    "no-terminal-mask": FaultyAgent(table_gradient, replace(CLINIC_SETTINGS, terminal_mask=False)),
    "exploration-ends-early": FaultyAgent(
        table_gradient, replace(CLINIC_SETTINGS, initial_q=-100.0, epsilon=0.8, epsilon_decay=0.9)
    ),  # from a table that expects the worst, so that nothing but the dice can make it try
}


def fault_order() -> list[str]:
    """Return the faults in the order of their letters."""
    return sorted(FAULTY_AGENTS, key=lambda fault: hashlib.sha256(f"taxi rank {fault}".encode()).digest())


def faulty_agent(letter: str) -> FaultyAgent:
    """Return the agent with this letter, "A" to "F"."""
    return FAULTY_AGENTS[fault_order()[LETTERS.index(letter)]]


def train_faulty_agent(
    letter: str, functions: StudentFunctions, model: TaxiModel, seeds: range = range(5)
) -> list[Run]:
    """Train one faulty agent, with the student's own functions inside.

    Parameters
    ----------
    letter
        "A" to "F".
    functions
        The student's functions.
    model
        Taxi as arrays.
    seeds
        One run for each.

    Returns
    -------
    list of Run
        In the order of the seeds.
    """
    agent = faulty_agent(letter)
    return [train_table(functions, model, agent.settings, seed, agent.gradient) for seed in seeds]


def examine(letter: str, functions: StudentFunctions) -> tuple[Floats, Floats]:
    """Compute the gradients of a faulty agent and of a healthy one, on one fixed batch of four transitions.

    States 0, 1, 2 are left by actions 3, 1, 5 towards states 3, 4, 5; only the last of them ends the episode. The
    fourth transition leaves state 2 by action 5 again. State 5, where the episode ends, has outputs that are not 0.

    Parameters
    ----------
    letter
        "A" to "F".
    functions
        The student's functions.

    Returns
    -------
    faulty, healthy : ndarray
        dL/dW (6, 6) of each.
    """
    rng = np.random.default_rng(7)
    W, W_target = rng.uniform(1.0, 6.0, size=(2, 6, 6))
    s, a, s_next = np.array([[0, 1, 2, 2], [3, 1, 5, 5], [3, 4, 5, 5]])
    over = s_next == 5
    batch = Batch(s, a, np.where(over, 20.0, -1.0), s_next, over, np.zeros(4, bool))
    agent = faulty_agent(letter)
    healthy = table_gradient(functions, W, W_target, batch, CLINIC_SETTINGS)
    return agent.gradient(functions, W, W_target, batch, agent.settings), healthy
