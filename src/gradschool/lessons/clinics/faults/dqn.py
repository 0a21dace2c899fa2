"""The six faults of chapter 2's clinic, and which letter has which: a grading kernel has no such file.

Every fault is a change of one line in the gradient, or of one switch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from gradschool.lessons.clinics.dqn import CLINIC_SETTINGS, LETTERS, FaultyAgent
from gradschool.rl.dqn.agent import Batch, Settings, StudentFunctions, table_gradient
from gradschool.rl.envs.taxi import Floats


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
    ),  # from a pessimistic table, so that only exploration can make it try
}


def faults() -> dict[str, str]:
    """Return each letter's fault; the order is that of a hash, so that reading on does not tell it."""
    order = sorted(FAULTY_AGENTS, key=lambda fault: hashlib.sha256(f"taxi rank {fault}".encode()).digest())
    return dict(zip(LETTERS, order, strict=True))


def agent(letter: str) -> FaultyAgent:
    """Return the agent with this letter, "A" to "F"."""
    return FAULTY_AGENTS[faults()[letter]]
