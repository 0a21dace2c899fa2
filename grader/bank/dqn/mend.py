"""Reference, known mistakes and alternative solutions of ``dqn.mend``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def column_mended(q, action, y):
    """The column is flattened before anything is subtracted."""
    rows, g = np.arange(len(action)), np.zeros_like(q)
    g[rows, action] = (q[rows, action] - y[:, 0]) / len(action)
    return g


mend = entry("dqn.mend", points=3, reference=column_mended)


@mend.mutant(
    "not-mended",
    "Every taken output is pulled to the mean of all targets, as a (B,) row minus a (B, 1) column does, averaged. "
    "Print the two shapes.",
    "b11",
)
def not_mended(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    block = q[rows, action] - y
    g[rows, action] = block.mean(axis=0) / len(action)
    return g


@mend.mutant(
    "other-axis",
    "Every target is compared with the mean of the taken outputs, as in a (B, B) block that is averaged "
    "along its other axis. Print the shapes before you subtract.",
    "b11",
)
def other_axis(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    block = q[rows, action] - y
    g[rows, action] = block.mean(axis=1) / len(action)
    return g


@mend.mutant(
    "first-target",
    "Every sample is pulled to the first target. Each row has its own target; y[0] is one for all.",
)
def first_target(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    g[rows, action] = (q[rows, action] - y[0]) / len(action)
    return g


@mend.mutant(
    "every-output",
    "All outputs of a row are pulled to its y, as (B, A) minus (B, 1) does. Only the taken action has a target.",
    "b1",
)
def every_output(q, action, y):
    return (q - y) / len(action)


@mend.mutant(
    "not-averaged",
    "B times too large: each error is right, but the 1/B of the mean is missing.",
    "a9",
)
def not_averaged(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    g[rows, action] = q[rows, action] - y.ravel()
    return g


@mend.alternative_solution
def column_meets_column(q, action, y):
    g = np.zeros_like(q)
    taken = np.take_along_axis(q, action[:, None], axis=1)
    np.put_along_axis(g, action[:, None], (taken - y) / len(q), axis=1)
    return g


@mend.alternative_solution
def squeezed(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    g[rows, action] = (q[rows, action] - np.squeeze(y, axis=1)) / len(action)
    return g
