"""A wheel of fortune: a decision problem of six state-action pairs in which a random step tells two gradients apart.

States: 0 the start, 1 won, 2 lost. At the start one may walk home (+0.2, the end) or turn the wheel, which wins with
probability 1/5 and loses with 4/5. Having won, one may collect (+1, the end) or leave it (0, the end); having lost,
go (0, the end) or pay a fine (-1, the end). Everything about it can be solved exactly by linear algebra.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradschool.core.withheld import refuse_answers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Transitions:
    """Every outcome once, as arrays of length n.

    Attributes
    ----------
    state, action, reward, next_state, terminated
        One outcome (s, a, r, s', over) in each row.
    weight
        Its probability times the share of its (s, a); the weights sum to 1.
    """

    state: Ints
    action: Ints
    reward: Floats
    next_state: Ints
    terminated: NDArray[np.bool_]
    weight: Floats


GAMMA = 0.9
N_STATES, N_ACTIONS = 3, 2
CHOICES = (("walk home", "turn the wheel"), ("collect", "leave it"), ("go", "pay a fine"))
WIN = 0.2


def outcomes(win: float = WIN) -> Transitions:
    """List all outcomes of the wheel, every state-action pair with the same share 1/6.

    Parameters
    ----------
    win
        Probability that the wheel wins.

    Returns
    -------
    Transitions
        Seven outcomes.
    """
    rows = [  # state, action, reward, next_state, terminated, probability
        (0, 0, 0.2, 0, True, 1.0),
        (0, 1, 0.0, 1, False, win),
        (0, 1, 0.0, 2, False, 1.0 - win),
        (1, 0, 1.0, 1, True, 1.0),
        (1, 1, 0.0, 1, True, 1.0),
        (2, 0, 0.0, 2, True, 1.0),
        (2, 1, -1.0, 2, True, 1.0),
    ]
    s, a, r, s_next, over, p = (np.array(column) for column in zip(*rows, strict=True))
    return Transitions(s, a, r, s_next, over, p / (N_STATES * N_ACTIONS))


def full_batch() -> Transitions:
    """Make a batch of 30 in which every outcome stands as often as its probability says (5 rows for each s, a).

    Returns
    -------
    Transitions
        30 rows of equal weight. Their mean gradient is the expected gradient itself, so plain descent reaches a fixed
        point to the last digit.
    """
    t = outcomes()
    copies = np.rint(t.weight * 30).astype(int)
    at = np.repeat(np.arange(len(copies)), copies)
    return Transitions(
        t.state[at], t.action[at], t.reward[at], t.next_state[at], t.terminated[at], np.full(len(at), 1 / 30)
    )


N_STARTS = 5
"""Starts of `separate_starts`: one that always wins and four that always lose, as the wheel's odds are."""


def separate_starts() -> Transitions:
    """Take the chance out of the wheel: five starts, each with an outcome of its own that never changes.

    Returns
    -------
    Transitions
        30 rows of equal weight. States 0 to 4 are the starts, of which 0 wins; 5 is won, 6 is lost.

    References
    ----------
    Sutton & Barto 2018, section 11.5: the A-presplit example.
    """
    t = full_batch()
    start, own = t.state == 0, np.arange(len(t.state)) % N_STARTS
    state = np.where(start, 0, t.state + N_STARTS - 1)
    for action in range(N_ACTIONS):
        here = start & (t.action == action)
        state[here] = own[: here.sum()]  # the one winning row of `full_batch` is the first of its five
    next_state = np.where(t.terminated, state, t.next_state + N_STARTS - 1)
    return Transitions(state, t.action, t.reward, next_state, t.terminated, t.weight)


def with_one_row_for_the_starts(t: Transitions) -> Transitions:
    """Number the states of `separate_starts` by the rows of a table in which all starts share row 0."""
    row = np.r_[np.zeros(N_STARTS, np.int64), 1, 2]
    return Transitions(row[t.state], t.action, t.reward, row[t.next_state], t.terminated, t.weight)


def independent_pairs(t: Transitions) -> tuple[Ints, Ints, Floats]:
    """List all pairs of outcomes of one state and action, as two independent draws of it would give them.

    Parameters
    ----------
    t
        Outcomes of equal weight within each state and action.

    Returns
    -------
    first, second : ndarray
        Rows of `t` (m,).
    weight : ndarray
        The weight of each pair (m,); the weights sum to 1.
    """
    same = (t.state[:, None] == t.state) & (t.action[:, None] == t.action)
    first, second = np.nonzero(same)
    return first, second, t.weight[first] / same.sum(axis=1)[first]


def double_sampled_gradient(W: Floats, t: Transitions, pairs: tuple[Ints, Ints, Floats]) -> Floats:
    """Compute the gradient of the mean squared *expected* TD error, from two independent draws of each next state.

    Parameters
    ----------
    W
        (S, A).
    t
        Outcomes, their states numbered by the rows of W.
    pairs
        From `independent_pairs`: the error is taken from the first draw, its slope from the second.

    Returns
    -------
    ndarray
        (S, A).

    References
    ----------
    Baird 1995; Sutton & Barto 2018, section 11.5: double sampling.
    """
    refuse_answers("the course's gradient through the target")
    first, second, weight = pairs
    best, onward = W[t.next_state].argmax(axis=1), GAMMA * ~t.terminated
    error = W[t.state, t.action] - t.reward - onward * W[t.next_state, best]
    grad = np.zeros_like(W)
    np.add.at(grad, (t.state[first], t.action[first]), weight * error[first])
    np.add.at(grad, (t.next_state[second], best[second]), -onward[second] * weight * error[first])
    return grad


def bellman_solution(t: Transitions, gamma: float = GAMMA) -> Floats:
    """Solve for the Q at which the expected TD error is zero in every (s, a): the fixed point of the semi-gradient.

    A linear system is solved for each greedy policy, until the policy that it implies is the one that it was solved
    for.

    Parameters
    ----------
    t
        Every outcome with its weight.
    gamma
        The discount.

    Returns
    -------
    ndarray
        Q* (S, A).

    Raises
    ------
    ArithmeticError
        If no policy is greedy for its own solution.

    References
    ----------
    Sutton & Barto 2018, equation 4.2 and section 11.4.
    """

    def solve(policy: Ints) -> Floats:
        now, then = _features(t, policy, gamma)
        A, b = now.T @ (t.weight[:, None] * (now - then)), now.T @ (t.weight * t.reward)
        return np.asarray(np.linalg.solve(A, b), np.float64)

    return _with_greedy_policy(solve)


def residual_solution(t: Transitions, gamma: float = GAMMA) -> Floats:
    """Find the minimum of the mean squared TD error, sample by sample: where the residual gradient is zero.

    Parameters
    ----------
    t
        Every outcome with its weight.
    gamma
        The discount.

    Returns
    -------
    ndarray
        Q (S, A), by least squares with the differences of features as rows.

    Raises
    ------
    ArithmeticError
        If no policy is greedy for its own solution.

    References
    ----------
    Baird 1995; Sutton & Barto 2018, section 11.5.
    """

    def solve(policy: Ints) -> Floats:
        now, then = _features(t, policy, gamma)
        root = np.sqrt(t.weight)
        Q, *_ = np.linalg.lstsq(root[:, None] * (now - then), root * t.reward, rcond=None)
        return np.asarray(Q, np.float64)

    return _with_greedy_policy(solve)


def _features(t: Transitions, policy: Ints, gamma: float) -> tuple[Floats, Floats]:
    """Return one_hot(s, a) and gamma * (1 - terminated) * one_hot(s', policy(s')), both (n, S A)."""
    eye = np.eye(N_STATES * N_ACTIONS)
    onward = gamma * ~t.terminated
    return eye[t.state * N_ACTIONS + t.action], onward[:, None] * eye[t.next_state * N_ACTIONS + policy[t.next_state]]


def _with_greedy_policy(solve: Callable[[Ints], Floats]) -> Floats:
    policy = np.zeros(N_STATES, np.int64)
    for _ in range(N_ACTIONS**N_STATES + 1):
        Q = solve(policy).reshape(N_STATES, N_ACTIONS)
        if np.array_equal(Q.argmax(axis=1), policy):
            return Q
        policy = Q.argmax(axis=1)
    raise ArithmeticError("no policy is greedy for its own solution")
