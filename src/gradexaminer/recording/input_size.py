"""How many numbers an agent's networks take, where nobody said how long an observation is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from torch import nn

from gradexaminer.recording.layers import layers
from gradexaminer.recording.observe import PATIENCE, Doors, Observed, observe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradexaminer.transitions import Spaces

MISMATCH = "shapes cannot be multiplied"  # in PyTorch's error


def observe_as_built(doors: Doors, spaces: Spaces, seed: int, patience: float = PATIENCE) -> Observed:
    """Record updates, and if none can learn from these observations, with some that its networks' first layers take.

    The first record is returned where the second has no update either, and does not fit any better.
    """
    seen = observe(doors, spaces, seed, patience)
    size = size_taken(seen)
    if size is None:
        return seen
    again = observe(doors, replace(spaces, obs_shape=(size,)), seed, patience)
    fits = MISMATCH in seen.error and MISMATCH not in again.error
    return again if again.updates or fits else seen


def size_taken(seen: Observed) -> int | None:
    """Return the length of an observation that the networks take, if they took none of those that they were given.

    A critic of actions may take both side by side: the smallest number is that of the others.
    """
    if not seen.error or seen.updates or len(seen.spaces.obs_shape) != 1:
        return None
    sizes = [size for module in seen.found.modules.values() if (size := _first_size(layers(module)))]
    smallest = min(sizes, default=0)
    return smallest if smallest and smallest != seen.spaces.obs_shape[0] else None


def _first_size(parts: Iterable[nn.Module]) -> int | None:
    """Return what the first layer with weights takes, if it is linear."""
    first = next((part for part in parts if any(True for _ in part.parameters(recurse=False))), None)
    return first.in_features if isinstance(first, nn.Linear) else None
