"""Chapter 2's clinic: six agents on Taxi, each with one bug.

They run on the student's own functions. The faults, and which letter has which, are in ``faults/dqn.py``. A kernel
that is being graded has no such file, and every letter stands there for a healthy agent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradschool.lessons.clinics.diagnoses import module_of_faults
from gradschool.rl.dqn.agent import Batch, Gradient, Settings, StudentFunctions, table_gradient
from gradschool.rl.dqn.training import Run, train_table
from gradschool.rl.envs.taxi import Floats, TaxiModel

LETTERS = ("A", "B", "C", "D", "E", "F")
CLINIC_SETTINGS = Settings(alpha=0.1, updates=1000, every=50, goal_q=5.0)
NAMES = {
    "broadcast": "a (B, 1) column minus a (B,) row: every Q is pulled to the mean of all targets",
    "exploration-ends-early": "epsilon decays to 0 before the +20 is ever reached",
    "gradient-through-target": "the target is not held constant: a gradient runs through it",
    "mean-over-outputs": "the loss is averaged over all outputs: the gradient is rescaled to 1/A",
    "no-terminal-mask": "the target bootstraps past the end of the episode",
    "sign-flipped": "the step ascends the loss",
    "state-as-number": "the state's id is the input, as one number instead of a one-hot row",
    "step-too-large": "repeated samples in a batch add up to more than a step of 2",
    "truncated-as-terminal": "an episode cut off by the time limit counts as terminated",
    "untaken-to-zero": "untaken actions have 0 as their target",
}


@dataclass(frozen=True)
class FaultyAgent:
    """How one agent of the clinic makes its gradient, and its settings."""

    gradient: Gradient
    settings: Settings


def faulty_agent(letter: str) -> FaultyAgent:
    """Return the agent with this letter, "A" to "F"; a healthy one in a kernel that is being graded."""
    if letter not in LETTERS:
        raise ValueError(f"there is no agent {letter!r}: the letters are {LETTERS[0]} to {LETTERS[-1]}")
    faults = module_of_faults("dqn")
    return FaultyAgent(table_gradient, CLINIC_SETTINGS) if faults is None else faults.agent(letter)


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
