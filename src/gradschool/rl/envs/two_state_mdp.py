"""A decision problem of two states with a continuous action, in which the policy gradient is exact.

From either state, action a leads to state 1 with probability sigmoid(a - 1) (from state 0) or sigmoid(a + 1) (from
state 1). State 0 pays -(a - 1)^2 / 2, state 1 pays 1 - (a + 1)^2 / 2: the two states want opposite actions. The policy
mu(s) = theta has one parameter for both states, as a network shares its weights, so it has to compromise, and how much
each state counts decides where. Everything is solved by linear algebra, without a sample.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GAMMA = 0.9
START = np.array([0.5, 0.5])
BONUS = np.array([0.0, 1.0])
TARGET = np.array([1.0, -1.0])  # the action that each state rewards most
OFFSET = np.array([-1.0, 1.0])
OLDER_POLICY = -1.5  # the theta whose states are in the replay buffer


def transition_matrix(action: Floats) -> Floats:
    """Return P (2, 2), one row for each state, for one action in each state (2,)."""
    up = 1.0 / (1.0 + np.exp(-(action + OFFSET)))
    return np.stack([1.0 - up, up], axis=1)


def state_values(theta: float) -> Floats:
    """Return V (2,) of the policy mu(s) = theta, from (I - gamma P) V = r."""
    action = np.full(2, theta)
    reward = BONUS - (action - TARGET) ** 2 / 2
    return np.asarray(np.linalg.solve(np.eye(2) - GAMMA * transition_matrix(action), reward), np.float64)


def q_values(theta: float, action: Floats) -> Floats:
    """Return Q(s, a) (2,) of the policy mu(s) = theta, for one action in each state (2,); they need not be its own."""
    values: Floats = BONUS - (action - TARGET) ** 2 / 2 + GAMMA * transition_matrix(action) @ state_values(theta)
    return values


def action_slopes(theta: float) -> Floats:
    """Return dQ/da (2,) at the policy's own action, with V held fixed: what a perfect, frozen critic would say."""
    stay, up = transition_matrix(np.full(2, theta)).T
    v = state_values(theta)
    slopes: Floats = TARGET - theta + GAMMA * stay * up * (v[1] - v[0])
    return slopes


def expected_return(theta: float, start: Floats = START) -> float:
    """Return J, the expected discounted return of the policy mu(s) = theta from these start probabilities (2,)."""
    return float(start @ state_values(theta))


def discounted_visits(theta: float, start: Floats = START) -> Floats:
    """Return rho (2,), the expected discounted number of visits to each state; they add up to 1 / (1 - gamma).

    References
    ----------
    Silver et al. 2014, section 2.1: the (improper) discounted state distribution.
    """
    P = transition_matrix(np.full(2, theta))
    return np.asarray(np.linalg.solve(np.eye(2) - GAMMA * P.T, start), np.float64)


def replay_distribution(theta: float = OLDER_POLICY) -> Floats:
    """Return the share (2,) of each state in a long, undiscounted run of an older policy; the shares add up to 1."""
    P = transition_matrix(np.full(2, theta))
    leave = np.array([P[1, 0], P[0, 1]], np.float64)
    shares: Floats = leave / leave.sum()
    return shares


def frozen_critic_gradient(theta: float, weights: Floats) -> float:
    """Return sum over s of weights(s) * dmu/dtheta * dQ/da, with the true Q, frozen.

    Parameters
    ----------
    theta
        The policy's parameter; dmu/dtheta is 1 in both states.
    weights
        How much each state counts (2,). With :func:`discounted_visits` this is the gradient of the return (the
        deterministic policy gradient theorem); with :func:`replay_distribution` it is the actor's step of DDPG.

    Returns
    -------
    float
        An ascent direction in theta.

    References
    ----------
    Silver et al. 2014, theorem 1 and section 4.2.
    """
    return float(weights @ action_slopes(theta))


def dropped_term(theta: float, weights: Floats) -> float:
    """Return sum over s of weights(s) * dQ/dtheta at a fixed action: Q changes because the policy changes later on.

    Together with :func:`frozen_critic_gradient` it is the gradient of sum over s of weights(s) * V(s).

    References
    ----------
    Degris, White & Sutton 2012 drop this term from the off-policy gradient; Silver et al. 2014, section 4.2, do too.
    """
    P = transition_matrix(np.full(2, theta))
    dv = np.linalg.solve(np.eye(2) - GAMMA * P, action_slopes(theta))
    return float(GAMMA * weights @ P @ dv)
