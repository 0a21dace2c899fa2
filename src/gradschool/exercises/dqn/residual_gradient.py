"""Inputs and oracle of ``dqn.residual_gradient``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, central_differences
from gradschool.exercises.dqn._cases import transition_cases
from gradschool.exercises.dqn._losses import td_loss


def cases(rng: Rng) -> list[Case]:
    """One network (S, A) and a batch: state, action, reward, next_state, terminated (B,), gamma."""
    return [
        Case(c.name, {k: v for k, v in c.args.items() if k != "W_target"}, c.edge, c.sizes)
        for c in transition_cases(rng)
    ]


def oracle(a: Args) -> Array:
    """dL/dW (S, A) by central differences, where the target moves with W."""
    return central_differences(lambda W: td_loss(W, W, a), a["W"])
