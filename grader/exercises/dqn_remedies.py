"""References, mistakes and other right ways: the Huber slope, the clinic, and the mended agent."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.registry import entry
from gradschool.lessons.clinics.dqn import LETTERS, fault_order


def clipped_slope(q, action, y, kappa):
    """The slope of the Huber loss is the error, clipped to [-kappa, kappa]."""
    B = len(action)
    g = np.zeros_like(q)
    g[np.arange(B), action] = np.clip(q[np.arange(B), action] - y, -kappa, kappa) / B
    return g


huber_gradient = entry("dqn.huber_gradient", points=3, reference=clipped_slope)


@huber_gradient.mutant(
    "clipped-signal",
    "Beyond the bend the gradient is 0: the error was clipped *inside* the loss, and a clipped number has no slope. Such a "
    "sample never learns. Clip the slope, not the signal.",
    "b18",
)
def clipped_signal(q, action, y, kappa):
    t = torch.tensor(q, requires_grad=True)
    error = t.gather(1, torch.tensor(action)[:, None]).squeeze(1) - torch.tensor(y)
    loss = 0.5 * error.clamp(-kappa, kappa).square().mean()
    return torch.autograd.grad(loss, t)[0].numpy()


@huber_gradient.mutant("square", "Large errors are not clipped: this is still the square's slope.")
def still_square(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = (q[i, action] - y) / len(action)
    return g


@huber_gradient.mutant(
    "sign-only", "Every error counts as kappa. Within the bend the loss is a square, and its slope the error."
)
def sign_only(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = kappa * np.sign(q[i, action] - y) / len(action)
    return g


@huber_gradient.mutant(
    "bend-at-one",
    "The bend is at 1, whatever kappa is. DQN's clipping to [-1, 1] is the case kappa = 1.",
)
def bend_at_one(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = np.clip(q[i, action] - y, -1.0, 1.0) / len(action)
    return g


@huber_gradient.mutant(
    "one-sided",
    "Only errors above kappa are clipped; those below -kappa pass whole. The bend is on both sides.",
)
def one_sided(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = np.minimum(q[i, action] - y, kappa) / len(action)
    return g


@huber_gradient.mutant(
    "clipped-after-mean",
    "You divide by B first and clip then, so the bend lies at B kappa. Clip each error, then average.",
)
def clipped_after_mean(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = np.clip((q[i, action] - y) / len(action), -kappa, kappa)
    return g


@huber_gradient.mutant("sign", "The negative of the gradient.", "b14")
def huber_sign(q, action, y, kappa):
    i, g = np.arange(len(action)), np.zeros_like(q)
    g[i, action] = np.clip(y - q[i, action], -kappa, kappa) / len(action)
    return g


@huber_gradient.alternative_solution
def huber_by_torch(q, action, y, kappa):
    t = torch.tensor(q, requires_grad=True)
    taken = t.gather(1, torch.tensor(action)[:, None]).squeeze(1)
    loss = torch.nn.functional.huber_loss(taken, torch.tensor(y), delta=kappa)
    return torch.autograd.grad(loss, t)[0].numpy()


@huber_gradient.alternative_solution
def huber_by_cases(q, action, y, kappa):
    g = np.zeros_like(q)
    for b, a in enumerate(action):
        e = q[b, a] - y[b]
        g[b, a] = e if abs(e) <= kappa else kappa * (1 if e > 0 else -1)
    return g / len(q)


def right_names():
    """Each letter's fault."""
    return dict(zip(LETTERS, fault_order(), strict=True))


clinic = entry("dqn.clinic", points=6, reference=right_names)


@clinic.mutant(
    "both-take-one-action",
    "A and B both end with one action everywhere, for different reasons. Look at the gradients: one agent's is healthy and "
    "it has no passengers to learn from, the other's moves states that were not in the batch.",
    "b16",
)
def both_take_one_action():
    return {
        "A": "state-as-number",
        "B": "exploration-ends-early",
        "C": "untaken-to-zero",
        "D": "broadcast",
        "E": "gradient-through-target",
        "F": "no-terminal-mask",
    }


@clinic.mutant(
    "both-fill-the-stand",
    "C and D both take thousands of illegal actions. Look at the gradients: in one agent columns of untaken actions are not "
    "0, in the other only the size of the taken ones is off.",
    "b11",
)
def both_fill_the_stand():
    return {
        "A": "exploration-ends-early",
        "B": "state-as-number",
        "C": "broadcast",
        "D": "untaken-to-zero",
        "E": "gradient-through-target",
        "F": "no-terminal-mask",
    }


@clinic.mutant(
    "the-well-looking-one",
    "F drives perfectly, and is ill all the same. Which row of its gradient differs, and what ended there? Compare its "
    "largest Q with +20.",
    "b7",
)
def the_well_looking_one():
    return {
        "A": "exploration-ends-early",
        "B": "state-as-number",
        "C": "untaken-to-zero",
        "D": "broadcast",
        "E": "gradient-through-target",
        "F": "step-too-large",
    }


@clinic.mutant(
    "rows-of-the-next-state",
    "E's gradient has rows that the healthy one has not. Which states are they: those that were left, or those that were "
    "reached?",
    "b3",
)
def rows_of_the_next_state():
    return {
        "A": "exploration-ends-early",
        "B": "state-as-number",
        "C": "untaken-to-zero",
        "D": "broadcast",
        "E": "sign-turned",
        "F": "no-terminal-mask",
    }


@clinic.alternative_solution
def by_zip():
    faults = (
        "exploration-ends-early",
        "state-as-number",
        "untaken-to-zero",
        "broadcast",
        "gradient-through-target",
        "no-terminal-mask",
    )
    return dict(zip("ABCDEF", faults, strict=True))


@clinic.alternative_solution
def letter_by_letter():
    found = {"F": "no-terminal-mask", "E": "gradient-through-target", "D": "broadcast"}
    found["C"] = "untaken-to-zero"
    found["B"] = "state-as-number"
    found["A"] = "exploration-ends-early"
    return found


def column_mended(q, action, y):
    """The column is flattened before anything is subtracted."""
    rows, g = np.arange(len(action)), np.zeros_like(q)
    g[rows, action] = (q[rows, action] - y[:, 0]) / len(action)
    return g


mend = entry("dqn.mend", points=3, reference=column_mended)


@mend.mutant(
    "not-mended",
    "Still ill: every taken output is pulled to the mean of all targets. (B,) minus (B, 1) is (B, B). Print the two shapes.",
    "b11",
)
def not_mended(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    block = q[rows, action] - y
    g[rows, action] = block.mean(axis=0) / len(action)
    return g


@mend.mutant(
    "other-axis",
    "The block is still there, averaged along its other axis: now every target meets the mean of the outputs.",
    "b11",
)
def other_axis(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    block = q[rows, action] - y
    g[rows, action] = block.mean(axis=1) / len(action)
    return g


@mend.mutant(
    "first-target",
    "Every sample is pulled to the first target: y[0] is a number for all. Each row has a target of its own.",
)
def first_target(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    g[rows, action] = (q[rows, action] - y[0]) / len(action)
    return g


@mend.mutant(
    "every-output",
    "The shapes fit now, but all outputs are pulled to y: (B, A) minus (B, 1). Only the taken action has a target.",
    "b1",
)
def every_output(q, action, y):
    return (q - y) / len(action)


@mend.mutant("not-averaged", "The block is gone, and the 1/B of the mean with it.", "a9")
def not_averaged(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    g[rows, action] = q[rows, action] - y.ravel()
    return g


@mend.alternative_solution
def column_meets_column(q, action, y):
    g = np.zeros_like(q)
    taken = np.take_along_axis(q, action[:, None], axis=1)
    np.put_along_axis(g, action[:, None], (taken - y) / len(q), axis=1)
    return g


@mend.alternative_solution
def squeezed(q, action, y):
    rows, g = np.arange(len(action)), np.zeros_like(q)
    g[rows, action] = (q[rows, action] - np.squeeze(y, axis=1)) / len(action)
    return g
