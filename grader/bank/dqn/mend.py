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
    "Still ill: every taken output is pulled to the mean of all targets. (B,) minus (B, 1) is (B, B). Print the two shapes.",
    "b11",
)
def not_mended(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    block = q[rows, action] - y
    g[rows, action] = block.mean(axis=0) / len(action)
    return g


@mend.mutant(
    "other-axis",
    "The block is still there, averaged along its other axis: now every target meets the mean of the outputs.",
    "b11",
)
def other_axis(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    block = q[rows, action] - y
    g[rows, action] = block.mean(axis=1) / len(action)
    return g


@mend.mutant(
    "first-target",
    "Every sample is pulled to the first target: y[0] is a number for all. Each row has a target of its own.",
)
def first_target(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    g[rows, action] = (q[rows, action] - y[0]) / len(action)
    return g


@mend.mutant(
    "every-output",
    "The shapes fit now, but all outputs are pulled to y: (B, A) minus (B, 1). Only the taken action has a target.",
    "b1",
)
def every_output(q, action, y):
    return (q - y) / len(action)


@mend.mutant("not-averaged", "The block is gone, and the 1/B of the mean with it.", "a9")
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
