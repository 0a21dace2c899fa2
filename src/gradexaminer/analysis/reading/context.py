"""Actors that are shown more than a state, such as a goal, a history or a picture: none of it is an action."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call


def without_context(seen: Observed) -> Observed:
    """Leave out what a network that returns actions was shown beside the state; with a single action all is kept."""
    size = seen.spaces.action_size
    if not seen.spaces.continuous or size == 1 or not any(_is_context(c, size) for u in seen.updates for c in u.calls):
        return seen
    updates = [replace(u, calls=[_alone(c) if _is_context(c, size) else c for c in u.calls]) for u in seen.updates]
    return replace(seen, updates=updates, memory={})


def _is_context(call: Call, size: int) -> bool:
    """Whether nothing beside the state has the shape of an action, and something that is returned has it."""
    shape = (len(call.keys.index), size)
    return (
        bool(call.extra) and all(x.shape != shape for x in call.extra) and any(x.shape == shape for x in call.outputs)
    )


def _alone(call: Call) -> Call:
    return replace(call, extra=[], extra_gradients={})
