"""Reference, known mistakes and alternative solutions of ``dqn.one_hot``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry

one_hot = entry("dqn.one_hot", points=1, reference=lambda s, n_states: np.eye(n_states)[s])


@one_hot.mutant("transposed", "One column per sample: samples are rows, so the shape is (B, n_states).")
def one_hot_transposed(s, n_states):
    return np.eye(n_states)[:, s]


@one_hot.mutant(
    "state-as-number",
    "The row contains the id as a number. Is state 400 twice state 200? Ids are categorical: put a 1 at the"
    " id's place.",
    "b16",
)
def state_as_number(s, n_states):
    x = np.zeros((len(s), n_states))
    x[np.arange(len(s)), s] = s
    return x


@one_hot.mutant(
    "one-based",
    "The 1 is one place too far to the right, and for the last state in the first place: states count from 0.",
)
def one_based(s, n_states):
    return np.eye(n_states)[(s + 1) % n_states]


@one_hot.mutant(
    "every-row-every-state",
    "Each row has a 1 for every state of the whole batch, as x[:, s] = 1 writes it. Write one entry per "
    "row: which index selects the row?",
    "b12",
)
def every_row_every_state(s, n_states):
    x = np.zeros((len(s), n_states))
    x[:, s] = 1.0
    return x


@one_hot.mutant(
    "width-of-the-batch",
    "The rows are as wide as the largest id of the batch requires. There are n_states states, even if the "
    "last ones are not in this batch: the shape is (B, n_states).",
)
def width_of_the_batch(s, n_states):
    return np.eye(s.max() + 1)[s]


@one_hot.alternative_solution
def by_comparison(s, n_states):
    return (s[:, None] == np.arange(n_states)).astype(float)


@one_hot.alternative_solution
def by_assignment(s, n_states):
    x = np.zeros((len(s), n_states))
    x[np.arange(len(s)), s] = 1.0
    return x


@one_hot.alternative_solution
def by_outer_comparison(s, n_states):
    return np.equal.outer(s, np.arange(n_states)).astype(np.float64)
