"""Reference, known mistakes and alternative solutions of ``next.ppo_gradient``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry


def where_the_clip_does_not_bind(log_prob, old_log_prob, advantage, clip):
    """Schulman et al. (2017), eq. 7: -r A / B, and 0 where the clipped term is the smaller one."""
    r = np.exp(log_prob - old_log_prob)
    clipped = np.where(advantage > 0, r > 1 + clip, r < 1 - clip)
    return np.where(clipped, 0.0, -r * advantage) / len(r)


ppo_gradient = entry("next.ppo_gradient", points=4, reference=where_the_clip_does_not_bind)


@ppo_gradient.mutant(
    "clip-without-min",
    "The gradient is 0 wherever the ratio is outside of the range, as with the clipped term alone. The minimum keeps the "
    "way back open: where a bad action has become *more* likely, or a good one less, the gradient must flow.",
)
def ppo_without_min(log_prob, old_log_prob, advantage, clip):
    r = np.exp(log_prob - old_log_prob)
    return np.where(np.abs(r - 1) > clip, 0.0, -r * advantage) / len(r)


@ppo_gradient.mutant(
    "never-clipped",
    "The gradient flows in every row: this is the surrogate without a clip, -mean(r A). Where is the clipped term the "
    "smaller one of the two?",
)
def ppo_never_clipped(log_prob, old_log_prob, advantage, clip):
    r = np.exp(log_prob - old_log_prob)
    return -r * advantage / len(r)


@ppo_gradient.mutant(
    "max-for-min",
    "Rows are 0 where they should flow, and flow where they should be 0: as with the maximum of the two terms. The "
    "surrogate is a pessimistic bound, so it takes the minimum.",
)
def ppo_max_for_min(log_prob, old_log_prob, advantage, clip):
    r = np.exp(log_prob - old_log_prob)
    clipped = np.where(advantage > 0, r < 1 - clip, r > 1 + clip)
    return np.where(clipped, 0.0, -r * advantage) / len(r)


@ppo_gradient.mutant(
    "zeros-reversed",
    "The rows with a gradient and the rows without one have changed places: you keep the gradient where the clipped term "
    "is the smaller one. That term is a constant there; the gradient is 0 in those rows, and flows in all others.",
)
def ppo_zeros_reversed(log_prob, old_log_prob, advantage, clip):
    r = np.exp(log_prob - old_log_prob)
    clipped = np.where(advantage > 0, r > 1 + clip, r < 1 - clip)
    return np.where(clipped, -r * advantage, 0.0) / len(r)


@ppo_gradient.mutant(
    "advantage-taken-for-positive",
    "Rows with a positive advantage are right; those with a negative one stop above the range instead of below it. Which "
    "of r A and clip(r) A is smaller when A < 0?",
)
def ppo_positive_rule_for_all(log_prob, old_log_prob, advantage, clip):
    r = np.exp(log_prob - old_log_prob)
    return np.where(r > 1 + clip, 0.0, -r * advantage) / len(r)


@ppo_gradient.mutant(
    "ratio-forgotten",
    "The zeros are where they belong, but the other rows lack the ratio: this is the slope in r. The gradient is asked "
    "for in log_prob, and dr/dlog_prob = r.",
)
def ppo_ratio_forgotten(log_prob, old_log_prob, advantage, clip):
    r = np.exp(log_prob - old_log_prob)
    clipped = np.where(advantage > 0, r > 1 + clip, r < 1 - clip)
    return np.where(clipped, 0.0, -advantage) / len(r)


@ppo_gradient.mutant(
    "stopped-at-the-bound",
    "Clipped rows get the slope at the end of the range, -(1 + clip) A or -(1 - clip) A, instead of 0. A clipped ratio is "
    "a constant, and a constant has no slope.",
)
def ppo_stopped_at_bound(log_prob, old_log_prob, advantage, clip):
    r = np.exp(log_prob - old_log_prob)
    r = np.where(advantage > 0, np.minimum(r, 1 + clip), np.maximum(r, 1 - clip))
    return -r * advantage / len(r)


@ppo_gradient.mutant(
    "ascent",
    "Each row has the wrong sign: this is the gradient of the surrogate, which goes up. The loss is its negative, because "
    "optimizers descend.",
)
def ppo_ascent(log_prob, old_log_prob, advantage, clip):
    r = np.exp(log_prob - old_log_prob)
    clipped = np.where(advantage > 0, r > 1 + clip, r < 1 - clip)
    return np.where(clipped, 0.0, r * advantage) / len(r)


@ppo_gradient.mutant(
    "sum", "B times too large: the loss is a mean over the batch, and this is the gradient of a sum.", "c4"
)
def ppo_sum(log_prob, old_log_prob, advantage, clip):
    r = np.exp(log_prob - old_log_prob)
    clipped = np.where(advantage > 0, r > 1 + clip, r < 1 - clip)
    return np.where(clipped, 0.0, -r * advantage)


@ppo_gradient.mutant(
    "ratio-upside-down",
    "The ratio is old over new. It must be 1 at the start and *grow* when the action becomes more likely: new over old, "
    "exp(log_prob - old_log_prob).",
)
def ppo_upside_down(log_prob, old_log_prob, advantage, clip):
    r = np.exp(old_log_prob - log_prob)
    clipped = np.where(advantage > 0, r > 1 + clip, r < 1 - clip)
    return np.where(clipped, 0.0, -r * advantage) / len(r)


@ppo_gradient.mutant(
    "clipped-in-the-logarithm",
    "The range is measured in log r: rows near its ends are stopped too late or too early. 1 - clip and 1 + clip bound "
    "the ratio itself.",
)
def ppo_clipped_in_log(log_prob, old_log_prob, advantage, clip):
    log_r = log_prob - old_log_prob
    clipped = np.where(advantage > 0, log_r > clip, log_r < -clip)
    return np.where(clipped, 0.0, -np.exp(log_r) * advantage) / len(log_r)


@ppo_gradient.mutant(
    "advantages-normalized",
    "The advantages are normalized to mean 0 and standard deviation 1 first. Much code does so before it calls the loss; "
    "here the advantage is used as it is handed over.",
)
def ppo_normalized(log_prob, old_log_prob, advantage, clip):
    a = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    r = np.exp(log_prob - old_log_prob)
    clipped = np.where(a > 0, r > 1 + clip, r < 1 - clip)
    return np.where(clipped, 0.0, -r * a) / len(r)


@ppo_gradient.mutant(
    "mean-over-unclipped",
    "The right rows are 0, but the others are divided by their own number instead of by B. Clipped rows count in the "
    "mean; they add nothing to its slope.",
)
def ppo_mean_over_unclipped(log_prob, old_log_prob, advantage, clip):
    r = np.exp(log_prob - old_log_prob)
    clipped = np.where(advantage > 0, r > 1 + clip, r < 1 - clip)
    return np.where(clipped, 0.0, -r * advantage) / max((~clipped).sum(), 1)


@ppo_gradient.alternative_solution
def ppo_by_autograd(log_prob, old_log_prob, advantage, clip):
    new = torch.tensor(log_prob, requires_grad=True)
    A = torch.tensor(advantage)
    r = torch.exp(new - torch.tensor(old_log_prob))
    loss = -torch.min(r * A, torch.clamp(r, 1 - clip, 1 + clip) * A).mean()
    return torch.autograd.grad(loss, new)[0].numpy()


@ppo_gradient.alternative_solution
def ppo_by_loop(log_prob, old_log_prob, advantage, clip):
    out = []
    for new, old, A in zip(log_prob, old_log_prob, advantage, strict=True):
        r = np.exp(new - old)
        stopped = (A > 0 and r > 1 + clip) or (A < 0 and r < 1 - clip)
        out.append(0.0 if stopped else -r * A)
    return np.array(out) / len(out)


@ppo_gradient.alternative_solution
def ppo_by_comparing_terms(log_prob, old_log_prob, advantage, clip):
    r = np.exp(log_prob - old_log_prob)
    plain, limited = r * advantage, np.clip(r, 1 - clip, 1 + clip) * advantage
    return -plain * (plain <= limited) / r.size


@ppo_gradient.alternative_solution
def ppo_by_pessimistic_bound(log_prob, old_log_prob, advantage, clip):
    r = np.exp(log_prob - old_log_prob)
    # Spinning Up writes the clipped term as one bound: (1 + clip) A where A >= 0, and (1 - clip) A elsewhere.
    bound = np.where(advantage >= 0, (1 + clip) * advantage, (1 - clip) * advantage)
    return np.where(r * advantage > bound, 0.0, -r * advantage / len(advantage))
