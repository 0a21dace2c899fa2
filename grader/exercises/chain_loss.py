"""References, mistakes and other right ways: a loss and its slope, for one prediction and for a batch."""

from __future__ import annotations

import numpy as np

from grader.bank.registry import entry

l2_gradient = entry("chain.l2_gradient", points=2, reference=lambda p, l: p - l)


@l2_gradient.mutant(
    "label-minus-prediction",
    "Your gradient points the other way: label minus prediction. Take one step of descent with it: did the loss fall?",
    "a7",
)
def label_minus_prediction(p, l):
    return l - p


@l2_gradient.mutant(
    "lost-half",
    "Every entry is twice too large. Write the loss down first: the 1/2 is there to cancel the 2 of the square.",
    "a8",
)
def lost_half(p, l):
    return 2 * (p - l)


@l2_gradient.mutant(
    "half-twice",
    "Every entry is half of what it should be. The 1/2 of the loss and the 2 of the square cancel; nothing is left over.",
    "a8",
)
def half_twice(p, l):
    return 0.5 * (p - l)


@l2_gradient.mutant(
    "mean-over-outputs",
    "You divide by the number of outputs. This loss is a sum over the outputs, so no 1/n appears in its gradient.",
    "a11",
)
def mean_over_outputs(p, l):
    return (p - l) / len(p)


@l2_gradient.mutant(
    "loss-not-slope",
    "These are the loss's terms, 1/2 (p - l)^2, not their slope. The gradient says how the loss changes, and has a sign.",
)
def loss_not_slope(p, l):
    return 0.5 * (p - l) ** 2


@l2_gradient.mutant(
    "distance",
    "The sizes are right, the signs are gone. |p - l| cannot say in which direction the prediction should move.",
)
def distance(p, l):
    return np.abs(p - l)


@l2_gradient.mutant(
    "in-place",
    "The numbers are right, but your function overwrites the prediction it was given (-= works in place): a gradient "
    "looks, it does not touch.",
    "a19",
)
def in_place(p, l):
    p -= l
    return p


@l2_gradient.alternative_solution
def by_subtract(p, l):
    return np.subtract(p, l)


@l2_gradient.alternative_solution
def by_loop(p, l):
    gradient = np.zeros(len(p))
    for i in range(len(p)):
        gradient[i] = p[i] - l[i]
    return gradient


batch_mean_gradient = entry("chain.batch_mean_gradient", points=3, reference=lambda p, l: (p - l[:, None]) / len(l))


@batch_mean_gradient.mutant(
    "sum-for-mean",
    "B times too large: this is the gradient of the sum. Put every sample into the batch twice: the gradient of a mean "
    "halves per entry, and the total stays as it was.",
    "a9",
)
def sum_for_mean(p, l):
    return p - l[:, None]


@batch_mean_gradient.mutant(
    "averaged-twice",
    "B times too small: the mean is taken twice. Who averaged already?",
    "a10",
)
def averaged_twice(p, l):
    return (p - l[:, None]) / len(l) ** 2


@batch_mean_gradient.mutant(
    "broadcast",
    "A (B, 1) prediction minus (B,) labels is a (B, B) table: every prediction against every label. Print the shapes; "
    "make both (B, 1) or both (B,) first.",
    "a16",
)
def broadcast(p, l):
    return (p - l) / len(l)


@batch_mean_gradient.mutant(
    "broadcast-then-averaged",
    "The shape is right, but every prediction is compared with the mean of all labels: a (B, B) table was averaged over "
    "its rows. A network trained so returns one constant. Print the shapes before you subtract.",
    "a16",
)
def broadcast_then_averaged(p, l):
    return (p - l).mean(axis=1, keepdims=True) / len(l)


@batch_mean_gradient.mutant(
    "lost-half",
    "Twice too large. The loss here is 1/(2B) times the sum of squares: the 2 of the square cancels the 1/2.",
    "a8",
)
def batch_lost_half(p, l):
    return 2 * (p - l[:, None]) / len(l)


@batch_mean_gradient.mutant(
    "flat",
    "The numbers are right, but the shape is (B,), and the network's output is (B, 1): a gradient has the shape of what "
    "it is the gradient of, or the next line broadcasts.",
    "a16",
)
def flat(p, l):
    return (p[:, 0] - l) / len(l)


@batch_mean_gradient.mutant(
    "label-minus-prediction",
    "The sign is turned round: label minus prediction. Did the loss fall?",
    "a7",
)
def batch_label_minus_prediction(p, l):
    return (l[:, None] - p) / len(l)


@batch_mean_gradient.alternative_solution
def batch_by_reshape(p, l):
    return (p - l.reshape(p.shape)) / p.shape[0]


@batch_mean_gradient.alternative_solution
def batch_by_flatten(p, l):
    gradient = p.ravel() - l
    gradient /= gradient.size
    return gradient[:, np.newaxis]
