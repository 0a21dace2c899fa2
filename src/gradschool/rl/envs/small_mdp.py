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
