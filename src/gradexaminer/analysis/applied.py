"""Which gradients a step applies: one that is zeroed before its step might as well not have been computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set

    from gradexaminer.recording.trace import Backward, Update


def is_swept(update: Update, backward: Backward, parameters: Set[int]) -> bool:
    """Whether this pass's gradient of these parameters was zeroed, and a step applied another pass's to them.

    A label that is not detached gives a gradient to every network that it was made of. Where `zero_grad` follows before
    the network's own loss, nothing comes of it, and it says nothing about what that network learns.
    """
    applied = {
        number
        for step in update.steps
        for p, sources in step.sources.items()
        if p in parameters and step.moved.get(p, 0) > 0
        for number in sources
    }
    return bool(applied) and backward.number not in applied
