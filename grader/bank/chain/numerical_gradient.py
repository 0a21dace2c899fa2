"""Reference, known mistakes and alternative solutions of ``chain.numerical_gradient``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def central(f, x, h):
    """(f(x + h e_i) - f(x - h e_i)) / 2h for every entry i."""
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        gradient[i] = (f(up) - f(down)) / (2 * h)
    return gradient


numerical_gradient = entry("chain.numerical_gradient", points=4, reference=central)


@numerical_gradient.mutant(
    "forward-difference",
    "That is the one-sided difference (f(x + h) - f(x)) / h: its error shrinks like h, that of the two-sided one like h^2.",
)
def forward_difference(f, x, h):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up = x.copy()
        up[i] += h
        gradient[i] = (f(up) - f(x)) / h
    return gradient


@numerical_gradient.mutant(
    "divided-by-h",
    "Every entry is twice too large: from x - h to x + h is a distance of 2h, not h.",
    "a8",
)
def divided_by_h(f, x, h):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        gradient[i] = (f(up) - f(down)) / h
    return gradient


@numerical_gradient.mutant(
    "all-at-once",
    "Every entry is the same slope, that of all entries moved together. Move one entry at a time.",
)
def all_at_once(f, x, h):
    return np.full_like(x, (f(x + h) - f(x - h)) / (2 * h))


@numerical_gradient.mutant(
    "not-put-back",
    "x itself comes out changed, and every slope but the first is taken at another point: restore each entry "
    "before you move the next one.",
)
def not_put_back(f, x, h):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        x[i] += h
        up = f(x)
        x[i] -= 2 * h
        gradient[i] = (up - f(x)) / (2 * h)
    return gradient


@numerical_gradient.mutant(
    "float32",
    "The slopes carry rounding errors as large as those of float32: a difference of two nearly equal numbers keeps "
    "only the digits that are left, and at a small h there are hardly any. Use float64 for every check of a gradient.",
    "a17",
)
def in_float32(f, x, h):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        up, down = x.astype(np.float32), x.astype(np.float32)
        up[i] += h
        down[i] -= h
        gradient[i] = (np.float32(f(up)) - np.float32(f(down))) / (2 * h)
    return gradient


@numerical_gradient.mutant(
    "first-axis-only",
    "Every entry of a row has the same slope, that of the whole row moved together. Every entry needs its own slope: "
    "np.ndindex(x.shape) visits them all.",
)
def first_axis_only(f, x, h):
    gradient = np.zeros_like(x)
    for i in range(len(x)):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        gradient[i] = (f(up) - f(down)) / (2 * h)
    return gradient


@numerical_gradient.mutant(
    "own-step",
    "The result is that of the step 1e-5, whatever h is. Try h = 0.1: the quotient has to change.",
)
def own_step(f, x, h):
    h = 1e-5
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        gradient[i] = (f(up) - f(down)) / (2 * h)
    return gradient


@numerical_gradient.mutant(
    "others-at-zero",
    "Each slope is taken at a point whose other entries are 0. Where f mixes its entries that is another slope: start from "
    "a copy of x.",
)
def others_at_zero(f, x, h):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = np.zeros_like(x), np.zeros_like(x)
        up[i], down[i] = x[i] + h, x[i] - h
        gradient[i] = (f(up) - f(down)) / (2 * h)
    return gradient


@numerical_gradient.mutant(
    "extrapolated",
    "This is closer to the derivative than the central difference: the error in h^2 is gone, as after an "
    "extrapolation from two steps. Return (f(x + h e_i) - f(x - h e_i)) / 2h itself.",
)
def extrapolated(f, x, h):
    def quotient(h):
        gradient = np.zeros_like(x)
        for i in np.ndindex(x.shape):
            up, down = x.copy(), x.copy()
            up[i] += h
            down[i] -= h
            gradient[i] = (f(up) - f(down)) / (2 * h)
        return gradient

    return (4 * quotient(h / 2) - quotient(h)) / 3


@numerical_gradient.mutant(
    "never-moved-back",
    "Only the first entry is right: the entries before stay moved while the next one moves. Move each alone, and put it "
    "back.",
)
def never_moved_back(f, x, h):
    gradient = np.zeros_like(x)
    plus, minus = x.copy(), x.copy()
    for i in np.ndindex(x.shape):
        plus[i] += h
        minus[i] -= h
        gradient[i] = (f(plus) - f(minus)) / (2 * h)
    return gradient


@numerical_gradient.mutant(
    "relative-step",
    "Where an entry is larger than 1, its step is h times the entry. The step is h for every entry, as it was given.",
)
def relative_step(f, x, h):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = h * max(1.0, abs(x[i]))
        plus, minus = x.copy(), x.copy()
        plus[i] += step
        minus[i] -= step
        gradient[i] = (f(plus) - f(minus)) / (2 * step)
    return gradient


@numerical_gradient.alternative_solution
def by_flat_identity(f, x, h):
    steps = h * np.eye(x.size)
    slopes = [(f(x + s.reshape(x.shape)) - f(x - s.reshape(x.shape))) / (2 * h) for s in steps]
    return np.array(slopes).reshape(x.shape)


@numerical_gradient.alternative_solution
def moved_and_put_back(f, x, h):
    gradient = np.empty_like(x)
    it = np.nditer(x, flags=["multi_index"])
    for _ in it:
        i = it.multi_index
        kept = x[i]
        x[i] = kept + h
        up = f(x)
        x[i] = kept - h
        down = f(x)
        x[i] = kept
        gradient[i] = (up - down) / h / 2
    return gradient
