"""Reference, known mistakes and alternative solutions of ``chain.maximise``."""

from __future__ import annotations

import numpy as np

from grader.bank.entry import entry


def descend_minus_f(gradients, a, phi, lr, steps):
    """Descend the loss -f(a; phi) in a alone: a <- a - lr * (-df/da)."""
    a = a.copy()
    for _ in range(steps):
        df_da, _ = gradients(a, phi)
        a = a - lr * (-df_da)
    return a, phi


maximise = entry("chain.maximise", points=4, reference=descend_minus_f)


@maximise.mutant(
    "downhill",
    "a goes down f instead of up. Descent needs a loss: use -f, whose gradient is -df/da.",
    "a7",
)
def downhill(gradients, a, phi, lr, steps):
    a = a.copy()
    for _ in range(steps):
        a = a - lr * gradients(a, phi)[0]
    return a, phi


@maximise.mutant(
    "moves-the-function",
    "a and phi both climb, so f increases partly because f itself has changed, as a loss falls when the labels move. "
    "Only a may learn; return phi as it was.",
)
def moves_the_function(gradients, a, phi, lr, steps):
    a, phi = a.copy(), phi.copy()
    for _ in range(steps):
        df_da, df_dphi = gradients(a, phi)
        a, phi = a + lr * df_da, phi + lr * df_dphi
    return a, phi


@maximise.mutant(
    "moves-only-the-function",
    "a never moves: phi climbs instead, and any score can be reached that way without a better a.",
)
def moves_only_the_function(gradients, a, phi, lr, steps):
    phi = phi.copy()
    for _ in range(steps):
        phi = phi + lr * gradients(a, phi)[1]
    return a, phi


@maximise.mutant(
    "one-step",
    "You take one step, whatever `steps` is, even for 0.",
)
def one_step(gradients, a, phi, lr, steps):
    return a + lr * gradients(a, phi)[0], phi


@maximise.mutant(
    "gradient-not-renewed",
    "a moves by `steps` times the first step: the slope at the start is used for all of them. Each step needs the "
    "slope at the point it starts from.",
)
def gradient_not_renewed(gradients, a, phi, lr, steps):
    df_da, _ = gradients(a, phi)
    return a + lr * steps * df_da, phi


@maximise.mutant(
    "in-place",
    "The caller's a is changed as well, for example because += on an array works in place. Make a copy first.",
    "a19",
)
def maximise_in_place(gradients, a, phi, lr, steps):
    for _ in range(steps):
        a += lr * gradients(a, phi)[0]
    return a, phi


@maximise.mutant(
    "the-lessons-hill",
    "a moves as if df/da were phi - a. That holds for the lesson's example only; f may be any function: use the slope that "
    "gradients(a, phi) returns.",
)
def the_lessons_hill(gradients, a, phi, lr, steps):
    return phi + (1 - lr) ** steps * (a - phi), phi


@maximise.mutant(
    "clipped",
    "Every step is right where the slope is at most 10 in size, and beyond it counts as 10 or -10, as np.clip makes it. "
    "Plain gradient descent takes the slope as it is.",
)
def maximise_clipped(gradients, a, phi, lr, steps):
    for _ in range(steps):
        a = a + lr * np.clip(gradients(a, phi)[0], -10, 10)
    return a, phi


@maximise.mutant(
    "stops-early",
    "a stands still once the slope is shorter than 0.1, though steps are left. Take all the steps that are asked for.",
)
def stops_early(gradients, a, phi, lr, steps):
    for _ in range(steps):
        slope = gradients(a, phi)[0]
        if np.linalg.norm(slope) < 0.1:
            break
        a = a + lr * slope
    return a, phi


@maximise.alternative_solution
def uphill(gradients, a, phi, lr, steps):
    for _ in range(steps):
        a = a + lr * gradients(a, phi)[0]
    return a, phi


@maximise.alternative_solution
def by_recursion(gradients, a, phi, lr, steps):
    if steps == 0:
        return a, phi
    loss_gradient = -gradients(a, phi)[0]
    return by_recursion(gradients, a - lr * loss_gradient, phi, lr, steps - 1)


@maximise.alternative_solution
def in_a_copy(gradients, a, phi, lr, steps):
    here = np.array(a)
    for _ in range(steps):
        here += lr * gradients(here.copy(), phi.copy())[0]
    return here, phi.copy()
