"""Reference, known mistakes and alternative solutions of ``dqn.fit_targets``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def own_output_but_taken(q, action, y):
    """The network's own outputs, with y in the place of the taken action."""
    targets = q.copy()
    targets[np.arange(len(q)), action] = y
    return targets


fit_targets = entry("dqn.fit_targets", points=2, reference=own_output_but_taken)


@fit_targets.mutant(
    "untaken-to-zero",
    "Untaken actions have the target 0. A target equal to the network's own output has zero error; 0 does not.",
    "b1",
)
def targets_zero(q, action, y):
    targets = np.zeros_like(q)
    targets[np.arange(len(q)), action] = y
    return targets


@fit_targets.mutant(
    "y-everywhere", "Every action has y as its target. Which of them does the sample give evidence about?"
)
def targets_y(q, action, y):
    return np.repeat(y[:, None], q.shape[1], axis=1)


@fit_targets.mutant(
    "in-place",
    "The targets are right, but q has changed with them, for example because `targets = q` names the same array. Then "
    "q - targets is 0 everywhere, and nothing is ever learned. Copy it.",
    "a19",
)
def targets_alias(q, action, y):
    targets = q
    targets[np.arange(len(q)), action] = y
    return targets


@fit_targets.mutant(
    "every-row",
    "Each sample's y is written into every row, as targets[:, action] = y does. Write one entry per row.",
    "b12",
)
def targets_every_row(q, action, y):
    targets = q.copy()
    targets[:, action] = y
    return targets


@fit_targets.mutant(
    "errors",
    "y - q is written where y belongs. The fit subtracts by itself: give it the target, not the error.",
)
def targets_errors(q, action, y):
    targets = q.copy()
    i = np.arange(len(q))
    targets[i, action] = y - q[i, action]
    return targets


@fit_targets.alternative_solution
def targets_by_where(q, action, y):
    return np.where(np.arange(q.shape[1]) == action[:, None], y[:, None], q)


@fit_targets.alternative_solution
def targets_put_along(q, action, y):
    targets = np.array(q)
    np.put_along_axis(targets, action[:, None], y[:, None], axis=1)
    return targets
