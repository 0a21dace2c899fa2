"""Networks with a head for each of several discrete choices, as branching Q-networks have (Tavakoli et al. 2018)."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gradexaminer.recording.trace import Call

SEVERAL_CHOICES = "its heads value the actions of several choices (several discrete choices at once are not examined)"


def several_heads(call: Call, backward: int) -> list[np.ndarray]:
    """For each head that got a gradient, the column of each row; empty unless there are two, with one entry a row."""
    rows = len(call.keys.index)
    heads = []
    for i, x in enumerate(call.outputs):
        g = call.gradient(backward, i)
        if g is None or x.ndim < 2 or x.shape[0] != rows or x.shape[-1] < 2 or not np.any(g):
            continue
        heads += list(g.reshape(rows, -1, x.shape[-1]).swapaxes(0, 1))
    heads = [head for head in heads if np.any(head)]
    if len(heads) < 2 or any((head != 0).sum(axis=1).max() > 1 for head in heads):
        return []
    return [np.where((head != 0).any(axis=1), (head != 0).argmax(axis=1), -1) for head in heads]


def heads_differ(call: Call, backward: int) -> bool:
    """Whether two heads learn about different columns of the same row."""
    heads = several_heads(call, backward)
    return any(((a != b) & (a >= 0) & (b >= 0)).any() for a, b in combinations(heads, 2))
