"""Reference, known mistakes and alternative solutions of ``dqn.residual_gradient``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry


def gradient_with_moving_target(W, state, action, reward, next_state, terminated, gamma):
    """mean_b error * (grad Q(s, a) - gamma (1 - terminated) grad max Q(s')): the whole derivative."""
    best = W[next_state].argmax(axis=1)
    onward = gamma * (1.0 - terminated)
    error = (W[state, action] - reward - onward * W[next_state, best]) / len(state)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), error)
    np.add.at(grad, (next_state, best), -onward * error)
    return grad


residual_gradient = entry("dqn.residual_gradient", points=4, reference=gradient_with_moving_target)


@residual_gradient.mutant(
    "target-still-a-label",
    "This is the semi-gradient: nothing arrives in the rows of s'. Here the target moves with W, so its "
    "derivative counts too.",
)
def still_a_label(W, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * (1.0 - terminated) * W[next_state].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (W[state, action] - y) / len(state))
    return grad


@residual_gradient.mutant(
    "target-sign",
    "The second path has the wrong sign. The error is Q - y, and Q(s') enters through *minus* y.",
)
def target_sign(W, state, action, reward, next_state, terminated, gamma):
    best = W[next_state].argmax(axis=1)
    onward = gamma * (1.0 - terminated)
    error = (W[state, action] - reward - onward * W[next_state, best]) / len(state)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), error)
    np.add.at(grad, (next_state, best), onward * error)
    return grad


@residual_gradient.mutant("gamma-forgotten", "The second path lacks its factor gamma: dy/dQ(s', a*) = gamma.")
def gamma_forgotten(W, state, action, reward, next_state, terminated, gamma):
    best = W[next_state].argmax(axis=1)
    error = (W[state, action] - reward - gamma * (1.0 - terminated) * W[next_state, best]) / len(state)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), error)
    np.add.at(grad, (next_state, best), -(1.0 - terminated) * error)
    return grad


@residual_gradient.mutant(
    "terminal-path-open",
    "Terminated rows give their next state a gradient. Their target is the reward alone, which depends on no weight.",
    "b7",
)
def terminal_path_open(W, state, action, reward, next_state, terminated, gamma):
    best = W[next_state].argmax(axis=1)
    error = (W[state, action] - reward - gamma * (1.0 - terminated) * W[next_state, best]) / len(state)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), error)
    np.add.at(grad, (next_state, best), -gamma * error)
    return grad


@residual_gradient.mutant(
    "every-next-action",
    "All outputs of s' get the same gradient. The maximum passes its gradient to the one entry that is the largest.",
)
def every_next_action(W, state, action, reward, next_state, terminated, gamma):
    onward = gamma * (1.0 - terminated)
    error = (W[state, action] - reward - onward * W[next_state].max(axis=1)) / len(state)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), error)
    np.add.at(grad, next_state, (-onward * error)[:, None] * np.ones(W.shape[1]))
    return grad


@residual_gradient.mutant(
    "only-the-target",
    "Only the rows of s' move. Both paths lead to W: Q(s, a) and the target.",
    "a14",
)
def only_the_target(W, state, action, reward, next_state, terminated, gamma):
    best = W[next_state].argmax(axis=1)
    onward = gamma * (1.0 - terminated)
    error = (W[state, action] - reward - onward * W[next_state, best]) / len(state)
    grad = np.zeros_like(W)
    np.add.at(grad, (next_state, best), -onward * error)
    return grad


@residual_gradient.mutant(
    "last-wins",
    "An entry of W that occurs twice, as a pair (s, a) or as the best action of s', keeps only the last "
    "contribution of its kind, as with grad[...] += error in NumPy. Paths add.",
    "a14",
)
def residual_last_wins(W, state, action, reward, next_state, terminated, gamma):
    best = W[next_state].argmax(axis=1)
    onward = gamma * (1.0 - terminated)
    error = (W[state, action] - reward - onward * W[next_state, best]) / len(state)
    grad = np.zeros_like(W)
    grad[state, action] += error
    grad[next_state, best] += -onward * error
    return grad


@residual_gradient.alternative_solution
def residual_by_autograd(W, state, action, reward, next_state, terminated, gamma):
    w = torch.tensor(W, requires_grad=True)
    s, a, s_next = torch.tensor(state), torch.tensor(action), torch.tensor(next_state)
    y = torch.tensor(reward) + gamma * torch.tensor(1.0 - terminated) * w[s_next].max(dim=1).values
    loss = 0.5 * (w[s, a] - y).square().mean()
    return torch.autograd.grad(loss, w)[0].numpy()


@residual_gradient.alternative_solution
def residual_by_features(W, state, action, reward, next_state, terminated, gamma):
    S, A = W.shape
    eye = np.eye(S * A)
    now = eye[state * A + action]
    then = (gamma * ~terminated)[:, None] * eye[next_state * A + W[next_state].argmax(axis=1)]
    x = now - then
    return (x.T @ (x @ W.ravel() - reward) / len(state)).reshape(S, A)
