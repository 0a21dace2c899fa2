"""Reference, known mistakes and alternative solutions of ``dqn.semi_gradient``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry


def gradient_with_label(W, W_target, state, action, reward, next_state, terminated, gamma):
    """mean_b (Q(s, a) - y) at (s, a): the target is a label."""
    y = reward + gamma * (1.0 - terminated) * W_target[next_state].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (W[state, action] - y) / len(state))
    return grad


semi_gradient = entry("dqn.semi_gradient", points=4, warm_up=True, reference=gradient_with_label)


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


@semi_gradient.mutant(
    "online-in-target",
    "The target is computed from W, and W_target makes no difference. If W_target changes, should your answer change?",
    "b6",
)
def semi_online(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * (1.0 - terminated) * W[next_state].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (W[state, action] - y) / len(state))
    return grad


@semi_gradient.mutant(
    "max-over-s",
    "The target bootstraps from the state that was left instead of the state that was reached.",
    "b5",
)
def semi_max_over_s(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * (1.0 - terminated) * W_target[state].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (W[state, action] - y) / len(state))
    return grad


@semi_gradient.mutant(
    "last-wins",
    "A pair (s, a) that occurs twice in the batch keeps only its last error, as with grad[state, action] +="
    " error in NumPy. Paths add.",
    "a14",
)
def semi_last_wins(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * (1.0 - terminated) * W_target[next_state].max(axis=1)
    grad = np.zeros_like(W)
    grad[state, action] += (W[state, action] - y) / len(state)
    return grad


@semi_gradient.mutant(
    "last-row-wins",
    "A state that occurs twice in the batch keeps only the row of its last sample, even where two actions "
    "were taken. Paths add, entry by entry.",
    "a14",
)
def semi_last_row_wins(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * (1.0 - terminated) * W_target[next_state].max(axis=1)
    grad = np.zeros_like(W)
    for s, a, e in zip(state, action, (W[state, action] - y) / len(state), strict=True):
        grad[s] = 0.0
        grad[s, a] = e
    return grad


@semi_gradient.mutant(
    "no-terminal-mask",
    "Terminated rows bootstrap: gamma max Q is added after the end.",
    "b7",
)
def semi_no_mask(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * W_target[next_state].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (W[state, action] - y) / len(state))
    return grad


@semi_gradient.mutant(
    "terminal-skipped",
    "Terminated rows leave no gradient at all, so the agent never learns of the +20. Where does it enter?",
    "b8",
)
def semi_terminal_skipped(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * W_target[next_state].max(axis=1)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), (1.0 - terminated) * (W[state, action] - y) / len(state))
    return grad


@semi_gradient.mutant(
    "sign",
    "This is the negative of the gradient, y - Q in place of Q - y. Descending with it moves away from y.",
    "b14",
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


@semi_gradient.alternative_solution
def semi_by_bincount(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = np.array(reward)
    y[~terminated] += gamma * np.amax(W_target[next_state[~terminated]], axis=1)
    cells = state * W.shape[1] + action
    return np.bincount(cells, (W.ravel()[cells] - y) / len(y), W.size).reshape(W.shape)
