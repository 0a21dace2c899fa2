"""Networks that return a state's value and its actions' advantages, which are joined outside of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gradexaminer.recording.trace import Call


def as_rows(x: np.ndarray, rows: int) -> np.ndarray | None:
    """An output as (R, K), or None where it does not have a row for each input row."""
    if x.size == 0 or x.size % rows or (x.ndim > 1 and x.shape[0] != rows and rows != 1):
        return None
    if x.ndim == 0 or (x.ndim == 1 and rows != 1 and x.shape[0] != rows):
        return None
    return x.reshape(rows, -1)


ONE = 1e-4  # of the largest entry: smaller ones are rounding
DUELING: dict[
    str, Callable[[np.ndarray], np.ndarray]
] = {  # how value and advantage are joined; the share of Q's baseline that each advantage has
    "mean": lambda advantage: np.full_like(advantage, 1 / advantage.shape[1]),
    "max": lambda advantage: (advantage == advantage.max(axis=1, keepdims=True)).astype(float),
}


def dueling_parts(call: Call) -> tuple[int, int] | None:
    """Which outputs are V (R, 1) and A (R, K), where a network returns both; None otherwise."""
    rows = len(call.keys.index)
    shapes = [x.shape for x in (as_rows(out, rows) for out in call.outputs) if x is not None]
    if len(shapes) != 2 or len(call.outputs) != 2 or {shapes[0][1] == 1, shapes[1][1] == 1} != {True, False}:
        return None
    return (0, 1) if shapes[0][1] == 1 else (1, 0)


def joined_values(call: Call) -> dict[str, np.ndarray]:
    """Q = V + A - baseline(A), for each known baseline."""
    parts = dueling_parts(call)
    if parts is None:
        return {}
    rows = len(call.keys.index)
    v, a = (call.outputs[i].reshape(rows, -1) for i in parts)
    return {name: v + a - (share(a) * a).sum(axis=1, keepdims=True) for name, share in DUELING.items()}


def joined_gradient(call: Call, backward: int, name: str) -> np.ndarray | None:
    """D loss / d Q, from those of value and advantage; None where one of them has none."""
    parts = dueling_parts(call)
    if parts is None:
        return None
    rows = len(call.keys.index)
    v, a = (call.gradient(backward, i) for i in parts)
    if v is None or a is None:
        return None
    share = DUELING[name](call.outputs[parts[1]].reshape(rows, -1))
    return np.asarray(a.reshape(rows, -1) + v.reshape(rows, 1) * share)


def is_dueling(call: Call) -> bool:
    """Whether the gradients of value and advantage are those of one Q in each row."""
    for name in DUELING if dueling_parts(call) else ():
        for backward in {b for b, _ in call.gradients}:
            g = joined_gradient(call, backward, name)
            if g is not None and np.any(g) and (np.abs(g) > ONE * np.abs(g).max()).sum(axis=1).max() == 1:
                return True
    return False
