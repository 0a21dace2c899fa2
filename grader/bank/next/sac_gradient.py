"""Reference, known mistakes and alternative solutions of ``next.sac_gradient``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry


def two_paths(mu, log_std, eps, dq_da, alpha):
    """log pi of a squashed Gaussian, and the gradient of alpha log pi - Q: through the action and through log pi."""
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    log_slope = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - log_slope).sum(axis=1)
    a = np.tanh(u)
    at_u = 2 * alpha * a - dq_da * (1 - a**2)
    return log_prob, at_u, at_u * sigma * eps - alpha


sac_gradient = entry("next.sac_gradient", points=6, reference=two_paths)


@sac_gradient.mutant(
    "tanh-correction-forgotten",
    "log pi is that of u, before tanh, and neither it nor its gradient knows of the squash. tanh presses the density "
    "together; log(1 - tanh(u)^2) is subtracted for each action dimension (Haarnoja et al. 2018, appendix C).",
)
def sac_no_correction(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi)).sum(axis=1)
    at_u = -dq_da * (1 - np.tanh(u) ** 2)
    return log_prob, at_u, at_u * sigma * eps - alpha


@sac_gradient.mutant(
    "correction-added",
    "The correction for tanh has the wrong sign: log(1 - tanh(u)^2) is below 0, and subtracting it makes log pi larger. "
    "Squeezed into a smaller interval, the same probability is denser.",
)
def sac_correction_added(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    log_slope = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) + log_slope).sum(axis=1)
    a = np.tanh(u)
    at_u = -2 * alpha * a - dq_da * (1 - a**2)
    return log_prob, at_u, at_u * sigma * eps - alpha


@sac_gradient.mutant(
    "normalizer-forgotten",
    "Both gradients are right; log_prob is too large by the same number in every row, 0.919 for each action dimension: "
    "half of the logarithm of 2 pi, the constant of the Gaussian's density. It has no slope, but alpha is tuned by log pi.",
)
def sac_normalizer_forgotten(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    log_slope = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
    log_prob = (-0.5 * eps**2 - log_std - log_slope).sum(axis=1)
    a = np.tanh(u)
    at_u = 2 * alpha * a - dq_da * (1 - a**2)
    return log_prob, at_u, at_u * sigma * eps - alpha


@sac_gradient.mutant(
    "unstable-logarithm",
    "Right for ordinary u, but far out log pi is infinite or has lost its digits: there 1 - tanh(u)^2 is 0 in float64. "
    "Write its logarithm as 2 (log 2 - u - softplus(-2u)), which never meets a 0.",
)
def sac_unstable(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    a = np.tanh(u)
    with np.errstate(divide="ignore"):
        log_slope = np.log(1 - a**2)
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - log_slope).sum(axis=1)
    at_u = 2 * alpha * a - dq_da * (1 - a**2)
    return log_prob, at_u, at_u * sigma * eps - alpha


@sac_gradient.mutant(
    "small-constant-in-the-logarithm",
    "log pi is off by about a millionth, and by much more far out: as with log(1 - a^2 + 1e-6), which much public code "
    "has. The exact form with softplus needs no constant.",
)
def sac_small_constant(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    a = np.tanh(u)
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - np.log(1 - a**2 + 1e-6)).sum(axis=1)
    inner = 1 - a**2
    at_u = 2 * alpha * a * inner / (inner + 1e-6) - dq_da * inner
    return log_prob, at_u, at_u * sigma * eps - alpha


@sac_gradient.mutant(
    "log-prob-detached",
    "log pi is right, but its gradient is missing: only the path through the action is there, as when log pi is detached. "
    "Then the temperature changes nothing, and no entropy is kept.",
)
def sac_log_prob_detached(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    log_slope = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - log_slope).sum(axis=1)
    at_u = -dq_da * (1 - np.tanh(u) ** 2)
    return log_prob, at_u, at_u * sigma * eps


@sac_gradient.mutant(
    "action-detached",
    "The gradient holds the path through log pi alone: dq_da does not occur in it. Then nothing tells the policy which "
    "action is good; the action must not be detached on its way into Q.",
    "c8",
)
def sac_action_detached(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    log_slope = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - log_slope).sum(axis=1)
    at_u = 2 * alpha * np.tanh(u)
    return log_prob, at_u, at_u * sigma * eps - alpha


@sac_gradient.mutant(
    "action-fixed-in-log-prob",
    "In the path through log pi the sampled action is held fixed: that is the score, of a Gaussian at a fixed u. In SAC "
    "the action moves along with mu and log_std, because it is reparameterized, and log pi is asked where it goes.",
)
def sac_action_fixed(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    log_slope = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - log_slope).sum(axis=1)
    through_q = -dq_da * (1 - np.tanh(u) ** 2)
    return log_prob, through_q + alpha * eps / sigma, through_q * sigma * eps + alpha * (eps**2 - 1)


@sac_gradient.mutant(
    "direct-term-forgotten",
    "log_prob and grad_mu are right; in grad_log_std alpha times -1 is missing. log pi depends on log_std by two ways: "
    "through u, and directly through its own term -log_std.",
)
def sac_direct_forgotten(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    log_slope = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - log_slope).sum(axis=1)
    a = np.tanh(u)
    at_u = 2 * alpha * a - dq_da * (1 - a**2)
    return log_prob, at_u, at_u * sigma * eps


@sac_gradient.mutant(
    "temperature-forgotten",
    "log_prob is right, but the gradient does not depend on alpha: log pi enters it with a weight of 1. The loss is alpha "
    "log pi - Q.",
)
def sac_temperature_forgotten(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    log_slope = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - log_slope).sum(axis=1)
    a = np.tanh(u)
    at_u = 2 * a - dq_da * (1 - a**2)
    return log_prob, at_u, at_u * sigma * eps - 1


@sac_gradient.mutant(
    "entropy-reversed",
    "The path through log pi has the wrong sign: this loss would make the policy less random. SAC's loss is alpha log pi "
    "- Q, and descending log pi spreads the policy out.",
)
def sac_entropy_reversed(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    log_slope = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - log_slope).sum(axis=1)
    a = np.tanh(u)
    at_u = -2 * alpha * a - dq_da * (1 - a**2)
    return log_prob, at_u, at_u * sigma * eps + alpha


@sac_gradient.mutant(
    "tanh-slope-forgotten",
    "On the path through the action the slope of tanh is missing: dq_da arrives at the action, and u is one step further "
    "back.",
    "c10",
)
def sac_tanh_slope_forgotten(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    log_slope = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - log_slope).sum(axis=1)
    at_u = 2 * alpha * np.tanh(u) - dq_da
    return log_prob, at_u, at_u * sigma * eps - alpha


@sac_gradient.mutant(
    "gradient-in-std",
    "log_prob and grad_mu are right; grad_log_std is the gradient in sigma. Its parameter is the logarithm: d sigma / d "
    "log_std = sigma.",
)
def sac_gradient_in_std(mu, log_std, eps, dq_da, alpha):
    sigma = np.exp(log_std)
    u = mu + sigma * eps
    log_slope = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
    log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - log_slope).sum(axis=1)
    a = np.tanh(u)
    at_u = 2 * alpha * a - dq_da * (1 - a**2)
    return log_prob, at_u, at_u * eps - alpha / sigma


@sac_gradient.alternative_solution
def sac_by_autograd(mu, log_std, eps, dq_da, alpha):
    m, s, noise = torch.tensor(mu, requires_grad=True), torch.tensor(log_std, requires_grad=True), torch.tensor(eps)
    u = m + s.exp() * noise
    gaussian = -0.5 * noise**2 - s - 0.5 * np.log(2 * np.pi)
    log_prob = (gaussian - 2 * (np.log(2) - u - torch.nn.functional.softplus(-2 * u))).sum(dim=1)
    loss = (alpha * log_prob).sum() - (torch.tensor(dq_da) * torch.tanh(u)).sum()
    loss.backward()
    return log_prob.detach().numpy(), m.grad.numpy(), s.grad.numpy()


@sac_gradient.alternative_solution
def sac_by_cosh(mu, log_std, eps, dq_da, alpha):
    u = mu + np.exp(log_std) * eps
    size = np.abs(u)
    log_cosh = size + np.log1p(np.exp(-2 * size)) - np.log(2)
    log_prob = np.sum(2 * log_cosh - eps**2 / 2 - log_std, axis=1) - mu.shape[1] * np.log(2 * np.pi) / 2
    through_q, through_log_prob = -dq_da * np.exp(-2 * log_cosh), 2 * alpha * np.tanh(u)
    by_log_std = np.exp(log_std) * eps
    return log_prob, through_q + through_log_prob, (through_q + through_log_prob) * by_log_std - alpha


@sac_gradient.alternative_solution
def sac_by_loop(mu, log_std, eps, dq_da, alpha):
    B, A = mu.shape
    log_prob, grad_mu, grad_log_std = np.zeros(B), np.zeros((B, A)), np.zeros((B, A))
    for b in range(B):
        for i in range(A):
            spread = np.exp(log_std[b, i]) * eps[b, i]
            u = mu[b, i] + spread
            softplus = max(-2 * u, 0.0) + np.log1p(np.exp(-abs(2 * u)))
            log_prob[b] += -(eps[b, i] ** 2) / 2 - log_std[b, i] - np.log(2 * np.pi) / 2
            log_prob[b] -= 2 * (np.log(2) - u - softplus)
            a = np.tanh(u)
            grad_mu[b, i] = alpha * 2 * a - dq_da[b, i] * (1 - a) * (1 + a)
            grad_log_std[b, i] = grad_mu[b, i] * spread - alpha
    return log_prob, grad_mu, grad_log_std


@sac_gradient.alternative_solution
def sac_by_sigmoid(mu, log_std, eps, dq_da, alpha):
    spread = np.exp(log_std) * eps
    u = mu + spread
    log_a, log_b = -np.logaddexp(0, -2 * u), -np.logaddexp(0, 2 * u)  # logs of sigmoid(2u) and of 1 - sigmoid(2u)
    slope = 4 * np.exp(log_a + log_b)
    log_prob = (-0.5 * (eps**2 + np.log(2 * np.pi)) - log_std - np.log(4) - log_a - log_b).sum(axis=-1)
    grad_mu = alpha * 2 * np.tanh(u) - slope * dq_da
    return log_prob, grad_mu, spread * grad_mu - alpha
