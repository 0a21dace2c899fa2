"""Reference, known mistakes and alternative solutions of ``chain.adam_step``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry


def adam(theta, grad, m, v, t, lr, beta1, beta2, eps):
    """Kingma & Ba (2015), algorithm 1."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


adam_step = entry("chain.adam_step", points=5, warm_up=True, reference=adam)


@adam_step.mutant(
    "no-bias-correction",
    "theta moves by m and v as they are. Both start at 0 and are too small at first: divide them by 1 - beta1^t and 1 "
    "- beta2^t, or the first steps are wrong.",
)
def no_bias_correction(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return theta - lr * m / (np.sqrt(v) + eps), m, v


@adam_step.mutant(
    "eps-under-the-root",
    "theta is the result with eps under the square root, sqrt(v_hat + eps). There it acts like a number of size "
    "sqrt(eps), which matters for a tiny gradient: add it after the root.",
)
def eps_under_the_root(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return theta - lr * (m / (1 - beta1**t)) / np.sqrt(v / (1 - beta2**t) + eps), m, v


@adam_step.mutant(
    "not-squared",
    "v is the running mean of |grad|, not of its square, and theta follows from it: accumulate grad**2.",
)
def not_squared(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * np.abs(grad)
    return theta - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@adam_step.mutant(
    "counts-from-zero",
    "theta is corrected by 1 - beta^(t - 1), which is 0 in the first step. t is the number of this step, counted from "
    "1: use it as it is.",
)
def counts_from_zero(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - np.float64(beta1) ** (t - 1)), v / (1 - np.float64(beta2) ** (t - 1))
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@adam_step.mutant(
    "counts-one-too-far",
    "theta is corrected by 1 - beta^(t + 1). t already is the number of this step, counted from 1.",
)
def counts_one_too_far(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1 ** (t + 1)), v / (1 - beta2 ** (t + 1))
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@adam_step.mutant(
    "corrected-kept",
    "theta is right, but m and v come back divided by 1 - beta^t: the next step would correct them again. Return them "
    "without the correction.",
)
def corrected_kept(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = (beta1 * m + (1 - beta1) * grad) / (1 - beta1**t)
    v = (beta2 * v + (1 - beta2) * grad**2) / (1 - beta2**t)
    return theta - lr * m / (np.sqrt(v) + eps), m, v


@adam_step.mutant(
    "uphill",
    "m and v are right, and theta moves by the right amount in the wrong direction, up the loss: subtract the step.",
    "a7",
)
def adam_uphill(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return theta + lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@adam_step.mutant(
    "eps-by-default",
    "theta is that of eps = 1e-8, whatever eps is. Use the eps that is given, also where it is large beside the gradient.",
)
def eps_by_default(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return theta - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + 1e-8), m, v


@adam_step.mutant(
    "betas-by-default",
    "m and v decay by 0.9 and 0.999, whatever beta1 and beta2 are. Use those that are given.",
)
def betas_by_default(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = 0.9 * m + 0.1 * grad
    v = 0.999 * v + 0.001 * grad**2
    return theta - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + eps), m, v


@adam_step.mutant(
    "eps-before-correction",
    "theta is the result with eps added to sqrt(v) and the sum corrected: eps counts 1 / sqrt(1 - beta2^t) times. "
    "Correct v first, take the root, then add eps.",
)
def eps_before_correction(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return theta - lr * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + eps), m, v


@adam_step.mutant(
    "clipped",
    "The result is that of a gradient clipped to [-1, 1]. Adam divides by the gradient's size by itself: accumulate grad as "
    "it is.",
)
def adam_clipped(theta, grad, m, v, t, lr, beta1, beta2, eps):
    grad = np.clip(grad, -1, 1)
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return theta - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@adam_step.mutant(
    "corrections-swapped",
    "m and v are right, and theta takes each with the other's correction: m belongs to beta1, v to beta2.",
)
def corrections_swapped(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return theta - lr * (m / (1 - beta2**t)) / (np.sqrt(v / (1 - beta1**t)) + eps), m, v


@adam_step.alternative_solution
def adam_with_corrected_step_size(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = m + (1 - beta1) * (grad - m)
    v = v + (1 - beta2) * (grad * grad - v)
    root = np.sqrt(1 - beta2**t)
    return theta - lr * root / (1 - beta1**t) * m / (np.sqrt(v) + eps * root), m, v


@adam_step.alternative_solution
def adam_by_torch(theta, grad, m, v, t, lr, beta1, beta2, eps):
    p = torch.nn.Parameter(torch.tensor(theta))
    p.grad = torch.tensor(grad)
    optimizer = torch.optim.Adam([p], lr=lr, betas=(beta1, beta2), eps=eps)
    optimizer.state[p] = {"step": torch.tensor(t - 1.0), "exp_avg": torch.tensor(m), "exp_avg_sq": torch.tensor(v)}
    optimizer.step()
    state = optimizer.state[p]
    return p.detach().numpy(), state["exp_avg"].numpy(), state["exp_avg_sq"].numpy()


@adam_step.alternative_solution
def adam_in_copies(theta, grad, m, v, t, lr, beta1, beta2, eps):
    theta, m, v = theta.copy(), m.copy(), v.copy()
    m *= beta1
    m += (1 - beta1) * grad
    v *= beta2
    v += (1 - beta2) * np.square(grad)
    theta -= lr * (m / (1 - np.power(beta1, t))) / (np.power(v / (1 - np.power(beta2, t)), 0.5) + eps)
    return theta, m, v
