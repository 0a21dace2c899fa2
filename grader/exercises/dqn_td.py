"""References, mistakes and other right ways: the two gradients of a TD error."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.registry import entry


def gradient_with_label(W, W_target, state, action, reward, next_state, terminated, gamma):
    """mean_b (Q(s, a) - y) at (s, a): the target is a label."""
    y = reward + gamma * (1.0 - terminated) * W_target[next_state].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (W[state, action] - y) / len(state))
    return grad


semi_gradient = entry("dqn.semi_gradient", points=4, reference=gradient_with_label)


@semi_gradient.mutant(
    "through-the-target",
    "Rows of s' have a gradient as well: -gamma times the error, at the best next action. The target is a label here.",
    "b3",
)
def semi_through(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * (1.0 - terminated) * W_target[next_state].max(axis=1)
    error = (W[state, action] - y) / len(state)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), error)
    np.add.at(grad, (next_state, W_target[next_state].argmax(axis=1)), -gamma * (1.0 - terminated) * error)
    return grad


@semi_gradient.mutant("online-in-target", "The target is made from W. Perturb W_target: does your answer change?", "b6")
def semi_online(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * (1.0 - terminated) * W[next_state].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (W[state, action] - y) / len(state))
    return grad


@semi_gradient.mutant(
    "max-over-s", "You bootstrap on the state that was left, not on the one that was reached. Where did you land?", "b5"
)
def semi_max_over_s(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * (1.0 - terminated) * W_target[state].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (W[state, action] - y) / len(state))
    return grad


@semi_gradient.mutant(
    "last-wins", "A pair (s, a) that stands in the batch twice keeps only its last error. Paths add.", "a14"
)
def semi_last_wins(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * (1.0 - terminated) * W_target[next_state].max(axis=1)
    grad = np.zeros_like(W)
    for s, a, e in zip(state, action, (W[state, action] - y) / len(state), strict=True):
        grad[s] = 0.0
        grad[s, a] = e
    return grad


@semi_gradient.mutant("no-terminal-mask", "Terminal rows bootstrap past the end.", "b7")
def semi_no_mask(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * W_target[next_state].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (W[state, action] - y) / len(state))
    return grad


@semi_gradient.mutant(
    "terminal-skipped",
    "Terminal transitions are left out altogether, so nobody ever learns of the +20. Where does it enter?",
    "b8",
)
def semi_terminal_skipped(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * W_target[next_state].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (1.0 - terminated) * (W[state, action] - y) / len(state))
    return grad


@semi_gradient.mutant(
    "sign", "The TD error y - Q, as a gradient: its negative. Descending with it walks away from y.", "b14"
)
def semi_sign(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * (1.0 - terminated) * W_target[next_state].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (y - W[state, action]) / len(state))
    return grad


@semi_gradient.alternative_solution
def semi_by_matmul(W, W_target, state, action, reward, next_state, terminated, gamma):
    x, taken = np.eye(len(W))[state], np.eye(W.shape[1])[action]
    y = np.where(terminated, reward, reward + gamma * W_target[next_state].max(axis=1))
    return x.T @ (taken * (x @ W - y[:, None])) / len(state)


@semi_gradient.alternative_solution
def semi_by_autograd(W, W_target, state, action, reward, next_state, terminated, gamma):
    w = torch.tensor(W, requires_grad=True)
    y = torch.tensor(reward + gamma * (1.0 - terminated) * W_target[next_state].max(axis=1))
    loss = 0.5 * (w[torch.tensor(state), torch.tensor(action)] - y).square().mean()
    return torch.autograd.grad(loss, w)[0].numpy()


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
    "This is the semi-gradient: nothing arrives in the rows of s'. Here the target moves with W, so its slope counts too.",
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
    "Terminal rows push the output of the goal state. Their target is the reward alone, which depends on no weight.",
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
    "All outputs of s' get a gradient. The maximum hands its gradient to the one entry that is the largest.",
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
