"""Reference, known mistakes and alternative solutions of ``next.two_estimators``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry


def both_estimators(x, f, slope, mu, sigma):
    """Score function: f times the slope of log p. Reparameterized: the slope of f times that of mu + sigma eps."""
    eps = (x - mu) / sigma
    score = np.stack([eps / sigma, (eps**2 - 1) / sigma], axis=1)
    return f[:, None] * score, slope[:, None] * np.stack([np.ones_like(eps), eps], axis=1)


two_estimators = entry("next.two_estimators", points=4, reference=both_estimators)


@two_estimators.mutant(
    "score-alone",
    "The score function is there, but f does not occur in it: its mean is 0, whatever f is. Which factor says whether a "
    "sample was good?",
)
def estimators_score_alone(x, f, slope, mu, sigma):
    eps = (x - mu) / sigma
    score = np.stack([eps / sigma, (eps**2 - 1) / sigma], axis=1)
    return score, slope[:, None] * np.stack([np.ones_like(eps), eps], axis=1)


@two_estimators.mutant(
    "slope-in-the-score",
    "The score is multiplied by the slope of f. The score function estimator never differentiates f: it needs the value "
    "f(x) alone, which is why it also works where f has no derivative.",
)
def estimators_slope_in_score(x, f, slope, mu, sigma):
    eps = (x - mu) / sigma
    score = np.stack([eps / sigma, (eps**2 - 1) / sigma], axis=1)
    return slope[:, None] * score, slope[:, None] * np.stack([np.ones_like(eps), eps], axis=1)


@two_estimators.mutant(
    "value-in-the-path",
    "The reparameterized estimate uses the value of f where its slope belongs: add a constant to f, and a gradient must "
    "not change.",
    "c6",
)
def estimators_value_in_path(x, f, slope, mu, sigma):
    eps = (x - mu) / sigma
    score = np.stack([eps / sigma, (eps**2 - 1) / sigma], axis=1)
    return f[:, None] * score, f[:, None] * np.stack([np.ones_like(eps), eps], axis=1)


@two_estimators.mutant(
    "normalizer-forgotten",
    "In the sigma column of the score function a term is missing: log N has -log(sigma) in it, the normalizing constant, "
    "and that has a slope too. With f = 1 the column's mean must be 0.",
)
def estimators_normalizer_forgotten(x, f, slope, mu, sigma):
    eps = (x - mu) / sigma
    score = np.stack([eps / sigma, eps**2 / sigma], axis=1)
    return f[:, None] * score, slope[:, None] * np.stack([np.ones_like(eps), eps], axis=1)


@two_estimators.mutant(
    "score-in-eps",
    "The score function is sigma times too large in both columns, as if the density of eps had been differentiated. Its "
    "argument is (x - mu) / sigma: the chain rule brings another 1/sigma.",
)
def estimators_score_in_eps(x, f, slope, mu, sigma):
    eps = (x - mu) / sigma
    score = np.stack([eps, eps**2 - 1], axis=1)
    return f[:, None] * score, slope[:, None] * np.stack([np.ones_like(eps), eps], axis=1)


@two_estimators.mutant(
    "sigma-as-variance",
    "The score function divides by sigma where sigma squared belongs: right at sigma = 1 alone. Is your sigma a variance "
    "or a standard deviation?",
)
def estimators_sigma_as_variance(x, f, slope, mu, sigma):
    eps = (x - mu) / sigma
    score = np.stack([(x - mu) / sigma, ((x - mu) ** 2 / sigma - 1) / (2 * sigma)], axis=1)
    return f[:, None] * score, slope[:, None] * np.stack([np.ones_like(eps), eps], axis=1)


@two_estimators.mutant(
    "in-log-sigma",
    "Both sigma columns are sigma times too large: that is the gradient in log sigma, which policies often learn. Asked "
    "for is the gradient in sigma.",
)
def estimators_in_log_sigma(x, f, slope, mu, sigma):
    eps = (x - mu) / sigma
    score = np.stack([eps / sigma, eps**2 - 1], axis=1)
    return f[:, None] * score, slope[:, None] * np.stack([np.ones_like(eps), sigma * eps], axis=1)


@two_estimators.mutant(
    "noise-not-scaled",
    "In the sigma column of the reparameterized estimate the slope is multiplied by x - mu, which is sigma * eps. How far "
    "does x move when sigma grows by 1 and eps stays?",
)
def estimators_noise_not_scaled(x, f, slope, mu, sigma):
    eps = (x - mu) / sigma
    score = np.stack([eps / sigma, (eps**2 - 1) / sigma], axis=1)
    return f[:, None] * score, slope[:, None] * np.stack([np.ones_like(eps), x - mu], axis=1)


@two_estimators.mutant(
    "noise-forgotten",
    "Both columns of the reparameterized estimate are the slope. That is right for mu; for sigma the sample moves by eps, "
    "so a sample below the mean goes the other way.",
)
def estimators_noise_forgotten(x, f, slope, mu, sigma):
    eps = (x - mu) / sigma
    score = np.stack([eps / sigma, (eps**2 - 1) / sigma], axis=1)
    return f[:, None] * score, np.stack([slope, slope], axis=1)


@two_estimators.mutant(
    "score-turned",
    "The mu column of the score function has the wrong sign: where x lies above mu, a larger mu makes x more likely, so "
    "log p rises.",
)
def estimators_score_turned(x, f, slope, mu, sigma):
    eps = (mu - x) / sigma
    score = np.stack([eps / sigma, (eps**2 - 1) / sigma], axis=1)
    return f[:, None] * score, slope[:, None] * np.stack([np.ones_like(eps), -eps], axis=1)


@two_estimators.mutant(
    "baseline-of-the-batch",
    "The mean of f over the samples is subtracted from f. A baseline is a good idea, but this one is made of the samples "
    "themselves, and a single sample gets no gradient at all. Asked for is f(x) as it is.",
)
def estimators_with_baseline(x, f, slope, mu, sigma):
    eps = (x - mu) / sigma
    score = np.stack([eps / sigma, (eps**2 - 1) / sigma], axis=1)
    return (f - f.mean())[:, None] * score, slope[:, None] * np.stack([np.ones_like(eps), eps], axis=1)


@two_estimators.mutant(
    "averaged",
    "Every row holds the average over the samples. Asked for is one estimate for each sample, so that their variance can "
    "be measured.",
)
def estimators_averaged(x, f, slope, mu, sigma):
    eps = (x - mu) / sigma
    score = f[:, None] * np.stack([eps / sigma, (eps**2 - 1) / sigma], axis=1)
    path = slope[:, None] * np.stack([np.ones_like(eps), eps], axis=1)
    return np.tile(score.mean(axis=0), (len(x), 1)), np.tile(path.mean(axis=0), (len(x), 1))


@two_estimators.alternative_solution
def estimators_written_out(x, f, slope, mu, sigma):
    d = x - mu
    score = np.column_stack((f * d / sigma**2, f * (d**2 / sigma**3 - 1 / sigma)))
    return score, np.column_stack((slope, slope * d / sigma))


@two_estimators.alternative_solution
def estimators_by_loop(x, f, slope, mu, sigma):
    score, path = np.empty((len(x), 2)), np.empty((len(x), 2))
    for i in range(len(x)):
        eps = (x[i] - mu) / sigma
        score[i] = f[i] * eps / sigma, f[i] * (eps * eps - 1.0) / sigma
        path[i] = slope[i], slope[i] * eps
    return score, path


@two_estimators.alternative_solution
def estimators_by_torch(x, f, slope, mu, sigma):
    eps = torch.tensor((x - mu) / sigma)
    m = torch.full_like(eps, mu, requires_grad=True)
    s = torch.full_like(eps, sigma, requires_grad=True)
    log_p = torch.distributions.Normal(m, s).log_prob(torch.tensor(x))
    score = torch.autograd.grad(log_p, (m, s), torch.tensor(f))
    path = torch.autograd.grad(m + s * eps, (m, s), torch.tensor(slope))
    return torch.stack(score, dim=1).numpy(), torch.stack(path, dim=1).numpy()


@two_estimators.alternative_solution
def estimators_by_outer_factors(x, f, slope, mu, sigma):
    eps = (x - mu) / sigma
    mu_score, sigma_score = eps / sigma, (eps - 1) * (eps + 1) / sigma
    return np.array([f * mu_score, f * sigma_score]).T, np.array([slope * np.ones(len(x)), slope * eps]).T
