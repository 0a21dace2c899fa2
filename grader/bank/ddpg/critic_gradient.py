"""Reference, known mistakes and alternative solutions of ``ddpg.critic_gradient``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def half_mean_square(critic, batch, y):
    """dL/dphi of L = 1/(2B) sum (Q(s, a) - y)^2."""
    q, cache = critic.forward(np.concatenate([batch.obs, batch.action], axis=1))
    return critic.vjp(cache, (q - y[:, None]) / len(y))[0]


critic_gradient = entry("ddpg.critic_gradient", points=4, reference=half_mean_square)


@critic_gradient.mutant(
    "sum", "B times too large: the loss is a mean. Feed every sample twice: a mean stays where it is.", "c4"
)
def critic_sum(critic, batch, y):
    q, cache = critic.forward(np.concatenate([batch.obs, batch.action], axis=1))
    return critic.vjp(cache, q - y[:, None])[0]


@critic_gradient.mutant(
    "averaged-twice", "1/B of the right gradient, as when the error is divided by B and the result once more.", "a10"
)
def critic_averaged_twice(critic, batch, y):
    q, cache = critic.forward(np.concatenate([batch.obs, batch.action], axis=1))
    return critic.vjp(cache, (q - y[:, None]) / len(y) ** 2)[0]


@critic_gradient.mutant(
    "sign", "The sign is flipped, as with y - Q in place of Q - y: descent then drives Q away from its TD target.", "a7"
)
def critic_sign(critic, batch, y):
    q, cache = critic.forward(np.concatenate([batch.obs, batch.action], axis=1))
    return critic.vjp(cache, (y[:, None] - q) / len(y))[0]


@critic_gradient.mutant(
    "half-lost", "Twice too large: the loss has a 1/2, which cancels the 2 that comes from the square.", "a8"
)
def critic_half_lost(critic, batch, y):
    q, cache = critic.forward(np.concatenate([batch.obs, batch.action], axis=1))
    return critic.vjp(cache, 2 * (q - y[:, None]) / len(y))[0]


@critic_gradient.mutant(
    "broadcast-then-averaged",
    "Every Q is pulled toward mean(y), not toward its own TD target: as when (B, 1) - (B,) makes (B, B) and its rows are "
    "averaged. Print the shapes.",
    "b11",
)
def critic_broadcast(critic, batch, y):
    q, cache = critic.forward(np.concatenate([batch.obs, batch.action], axis=1))
    return critic.vjp(cache, (q - y).mean(axis=1, keepdims=True) / len(y))[0]


@critic_gradient.mutant(
    "error-ignored",
    "This is the gradient of mean Q, not of the loss: the error Q - y never enters. The chain rule starts with dL/dQ.",
)
def critic_error_ignored(critic, batch, y):
    q, cache = critic.forward(np.concatenate([batch.obs, batch.action], axis=1))
    return critic.vjp(cache, np.ones_like(q) / len(y))[0]


@critic_gradient.mutant(
    "steps-at-once",
    "The gradient is right, but your function also moves the critic: its parameters are not what they were before the "
    "call. The step comes later, elsewhere.",
    "a19",
)
def critic_steps_at_once(critic, batch, y):
    q, cache = critic.forward(np.concatenate([batch.obs, batch.action], axis=1))
    gradient = critic.vjp(cache, (q - y[:, None]) / len(y))[0]
    critic.flat -= 0.001 * gradient
    return gradient


@critic_gradient.mutant(
    "error-clipped",
    "Right where |Q - y| is at most 1; larger errors count as 1 (as by np.clip, or with a Huber loss). The stated loss is "
    "the square, however large the error is.",
)
def critic_error_clipped(critic, batch, y):
    q, cache = critic.forward(np.concatenate([batch.obs, batch.action], axis=1))
    return critic.vjp(cache, np.clip(q - y[:, None], -1, 1) / len(y))[0]


@critic_gradient.mutant(
    "mean-over-wrong-rows",
    "Right, unless some row has no error at all: then your sum is divided by the number of the other rows. The mean is "
    "over all B rows.",
)
def critic_mean_over_wrong_rows(critic, batch, y):
    q, cache = critic.forward(np.concatenate([batch.obs, batch.action], axis=1))
    error = q - y[:, None]
    return critic.vjp(cache, error / max(np.count_nonzero(error), 1))[0]


@critic_gradient.alternative_solution
def critic_error_as_vector(critic, batch, y):
    q, cache = critic.forward(np.hstack((batch.obs, batch.action)))
    error = np.mean(np.eye(len(y)), axis=0) * (q[:, 0] - y)
    gradient, _ = critic.vjp(cache, error.reshape(-1, 1))
    return gradient


@critic_gradient.alternative_solution
def critic_by_jacobian(critic, batch, y):
    x = np.hstack((batch.obs, batch.action))
    errors = critic(x)[:, 0] - y
    return np.einsum("b,bp->p", errors, critic.jacobian(x)[:, 0, :]) / len(y)
