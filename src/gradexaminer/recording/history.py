"""Weights that keep the graph of how they were made, as those of a target network that was copied with gradients on.

`target.copy_(tau * online + (1 - tau) * target)` outside of `no_grad` makes the target's weights a result of the online
ones: what flows into them in a backward pass flows on.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch


def behind(weights: Iterable[torch.Tensor]) -> frozenset[int]:
    """Parameters, by id, of which these weights were made; empty for weights that are parameters themselves."""
    waiting = [w.grad_fn for w in weights if w.grad_fn is not None]
    seen = set(waiting)
    made_of = set()
    while waiting:
        node = waiting.pop()
        if (variable := getattr(node, "variable", None)) is not None:
            made_of.add(id(variable))
        new = {before for before, _ in node.next_functions if before is not None} - seen
        seen |= new
        waiting.extend(new)
    return frozenset(made_of)
