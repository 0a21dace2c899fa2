"""Reference, known mistakes and alternative solutions of ``chain.batch_mean_gradient``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry

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
    "1/B of the gradient, as if the mean had been taken twice. Which 1/B is in it already?",
    "a10",
)
def averaged_twice(p, l):
    return (p - l[:, None]) / len(l) ** 2


@batch_mean_gradient.mutant(
    "broadcast",
    "The result is a (B, B) table, every prediction against every label: that is what a (B, 1) column minus a (B,) "
    "row gives. Print the shapes; make both (B, 1) or both (B,) first.",
    "a16",
)
def broadcast(p, l):
    return (p - l) / len(l)


@batch_mean_gradient.mutant(
    "broadcast-then-averaged",
    "Every prediction is compared with the mean of all labels, for example because a (B, B) table was averaged over "
    "its rows. A network trained like this returns one constant. Print the shapes before you subtract.",
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
    "The sign is flipped: this is label minus prediction, divided by B. Did the loss fall?",
    "a7",
)
def batch_label_minus_prediction(p, l):
    return (l[:, None] - p) / len(l)


@batch_mean_gradient.mutant(
    "over-nonzero",
    "The mean is taken over the samples whose error is not 0. A sample that is already right counts in B too: divide by "
    "len(l).",
)
def over_nonzero(p, l):
    error = p - l[:, None]
    return error / max(1, np.count_nonzero(error))


@batch_mean_gradient.alternative_solution
def batch_by_reshape(p, l):
    return (p - l.reshape(p.shape)) / p.shape[0]


@batch_mean_gradient.alternative_solution
def batch_by_flatten(p, l):
    gradient = p.ravel() - l
    gradient /= gradient.size
    return gradient[:, np.newaxis]
