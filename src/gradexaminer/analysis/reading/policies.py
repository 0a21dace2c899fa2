"""Policies over discrete actions: which networks they are, and their gradient at the logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.dueling import is_dueling

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call

ROUNDING = 1e-4  # of the largest entry
NOTHING = 1e-7  # what rounding leaves of a gradient that is 0 behind a softmax


def softmax(x: np.ndarray) -> np.ndarray:
    """Probabilities from logits, row by row."""
    shifted = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def is_distribution(x: np.ndarray) -> bool:
    """Whether each row that has no NaN adds up to 1, without a negative entry."""
    x = x[np.isfinite(x).all(axis=1)]
    return bool(len(x) and (x >= 0).all() and np.allclose(x.sum(axis=1), 1, atol=1e-5))


def is_shares(x: np.ndarray) -> bool:
    """Whether the last axis holds several shares of one whole, as behind a softmax."""
    return x.shape[-1] > 1 and is_distribution(x.reshape(-1, x.shape[-1]))


def probabilities(call: Call, n: int) -> np.ndarray | None:
    """The probabilities that a policy gave, shape (R, n), from any of its outputs; None if it cannot be one."""
    wide = _wide(call, n)
    for x in wide.values():
        if is_distribution(x):
            return x
    return softmax(next(iter(wide.values()))) if wide else None


def _wide(call: Call, n: int) -> dict[int, np.ndarray]:
    rows = len(call.keys.index)
    return {i: x.reshape(rows, n) for i, x in enumerate(call.outputs) if x.size == rows * n}


def logit_gradient(call: Call, backward: int, n: int) -> np.ndarray | None:
    """D loss / d logits, from those at logits, probabilities and log-probabilities; None if none came."""
    pi = probabilities(call, n)
    total, some = np.zeros((len(call.keys.index), n)), False
    for i, x in _wide(call, n).items():
        g = call.gradient(backward, i)
        if g is None or pi is None or not np.any(g):
            continue
        g, some = g.reshape(total.shape), True
        if is_distribution(x):
            g = pi * (g - (pi * g).sum(axis=1, keepdims=True))
        total += g - pi * g.sum(axis=1, keepdims=True)
    return total if some else None


def is_policy(seen: Observed, call: Call) -> bool:
    """Whether a network gives probabilities of discrete actions.

    Its outputs are such, or its gradient at each row's outputs adds up to 0 and reaches several of them, as behind a
    softmax. A Q-network's gradient does not.
    """
    n = seen.spaces.n_actions
    if n is None:
        return False
    if call.network not in seen.policies:
        calls = [c for u in seen.updates for c in u.calls if c.network == call.network and not c.extra and not c.part]
        seen.policies[call.network] = any(_as_behind_softmax(c, n) and not is_dueling(c) for c in calls)
    return seen.policies[call.network]


def _as_behind_softmax(call: Call, n: int) -> bool:
    wide = _wide(call, n)
    shown = [(wide[i], g.reshape(-1, n)) for (_, i), g in call.gradients.items() if i in wide and np.any(g)]
    return any(is_balanced(g) or (is_distribution(x) and (np.abs(g) > 0).sum(axis=1).max() > 1) for x, g in shown)


def is_balanced(gradients: np.ndarray) -> bool:
    """Whether each row's gradients add up to 0, as behind a softmax; one output alone cannot.

    To add one number to all outputs of a row changes nothing after a softmax.
    """
    largest = np.abs(gradients).max(initial=0.0)
    several = (np.abs(gradients) > ROUNDING * largest).sum(axis=1).max(initial=0) > 1
    return bool(several and np.abs(gradients.sum(axis=1)).max() < max(ROUNDING * largest, NOTHING))


def looks_like_policy(values: np.ndarray, gradients: np.ndarray) -> bool:
    """Whether a critic's rows are those of a policy: probabilities, or gradients as behind a softmax."""
    return values.shape[1] > 1 and (is_balanced(gradients) or is_distribution(values))


def through_a_policy(seen: Observed, calls: list[Call], backward: int) -> bool:
    """Whether a backward pass goes through a policy's outputs: at s, or by mistake at s'."""
    return any(
        any(b == backward and np.any(g) for (b, _), g in c.gradients.items()) for c in calls if is_policy(seen, c)
    )
