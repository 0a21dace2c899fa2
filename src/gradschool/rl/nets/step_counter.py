"""How often a function has the optimizers step that it is handed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

STEPS = "steps"  # the part of a name under which the counts come back, beside the weights


class StepCounter:
    """Counts the steps of optimizers from one reading to the next."""

    def __init__(self, optimizers: Mapping[str, Any]) -> None:
        """Count from now on; each optimizer has a name."""
        self._taken = dict.fromkeys(optimizers, 0)
        self._found: dict[str, list[int]] = {name: [] for name in optimizers}
        for name, optimizer in optimizers.items():
            optimizer.register_step_post_hook(partial(self._count, name))

    def _count(self, name: str, *_: object) -> None:
        self._taken[name] += 1

    def end_call(self) -> None:
        """Keep the counts of a call, and begin anew."""
        for name, taken in self._taken.items():
            self._found[name].append(taken)
            self._taken[name] = 0

    def counts(self) -> dict[str, np.ndarray]:
        """Return the counts of every call, as an answer brings them."""
        return {f"{name}_{STEPS}": np.array(found) for name, found in self._found.items()}
