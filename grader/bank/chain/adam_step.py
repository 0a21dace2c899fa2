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


adam_step = entry("chain.adam_step", points=5, reference=adam)


@adam_step.mutant(
    "no-bias-correction",
    "Both moments start at 0 and are too small at first. Divide them by 1 - beta^t, or the first steps are wrong.",
)
def no_bias_correction(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return theta - lr * m / (np.sqrt(v) + eps), m, v


@adam_step.mutant(
    "eps-under-the-root",
    "eps stands under the square root. There it acts like a number of size sqrt(eps), which a tiny gradient notices: add "
    "it after the root.",
)
def eps_under_the_root(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return theta - lr * (m / (1 - beta1**t)) / np.sqrt(v / (1 - beta2**t) + eps), m, v


@adam_step.mutant(
    "not-squared", "The second moment gathers the gradient's size, not its square, and is then put under a root."
)
def not_squared(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * np.abs(grad)
    return theta - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@adam_step.mutant(
    "counts-from-zero",
    "t is one too small in the correction: it counts steps from 1. With t = 0 the first step divides by zero.",
)
def counts_from_zero(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - np.float64(beta1) ** (t - 1)), v / (1 - np.float64(beta2) ** (t - 1))
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@adam_step.mutant(
    "counts-one-too-far",
    "t is one too large in the correction: it already is the number of this step, counted from 1.",
)
def counts_one_too_far(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1 ** (t + 1)), v / (1 - beta2 ** (t + 1))
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@adam_step.mutant(
    "corrected-kept",
    "The step is right, but you return the corrected moments: the next step would correct them again. Keep m and v raw.",
)
def corrected_kept(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = (beta1 * m + (1 - beta1) * grad) / (1 - beta1**t)
    v = (beta2 * v + (1 - beta2) * grad**2) / (1 - beta2**t)
    return theta - lr * m / (np.sqrt(v) + eps), m, v


@adam_step.mutant("uphill", "The step climbs the loss: subtract it.", "a7")
def adam_uphill(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return theta + lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


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
    optimiser = torch.optim.Adam([p], lr=lr, betas=(beta1, beta2), eps=eps)
    optimiser.state[p] = {"step": torch.tensor(t - 1.0), "exp_avg": torch.tensor(m), "exp_avg_sq": torch.tensor(v)}
    optimiser.step()
    state = optimiser.state[p]
    return p.detach().numpy(), state["exp_avg"].numpy(), state["exp_avg_sq"].numpy()
