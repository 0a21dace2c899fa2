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
        number for step in update.steps for p, sources in step.applied.items() if p in parameters for number in sources
    }
    return bool(applied) and backward.number not in applied


def applied_to(update: Update, backward: Backward) -> set[int]:
    """Parameters to which a step applies this pass's gradient."""
    return {p for step in update.steps for p, sources in step.applied.items() if backward.number in sources}


def climbs(update: Update, backward: Backward) -> bool:
    """Whether every step that applies this pass's gradient goes up its loss: a turned gradient, `maximize=True`."""
    steps = [(s, mine) for s in update.steps if (mine := {p for p, b in s.applied.items() if backward.number in b})]
    return bool(steps) and all(mine <= s.turned for s, mine in steps)


def sign_of(update: Update, backward: Backward) -> int:
    """What turns a gradient of this loss into one of a loss that is minimized: -1 where the steps climb it, else 1."""
    return -1 if climbs(update, backward) else 1
