"""Random generators for several seeds at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Generators:
    """S generators that draw like one: the rows of each draw come in S equal blocks, each from its own generator.

    So an agent that is trained beside others draws exactly the numbers that it would draw alone.

    Parameters
    ----------
    generators
        One np.random.Generator for each seed, in the order of the blocks.
    """

    def __init__(self, generators: Sequence[np.random.Generator]):
        self.per_item = list(generators)

    def _blocks(self, name: str, *args: Any, size: tuple[int, ...]) -> NDArray[Any]:
        share = (size[0] // len(self.per_item), *size[1:])
        return np.concatenate([getattr(rng, name)(*args, size=share) for rng in self.per_item])

    def normal(self, loc: float, scale: float, size: tuple[int, ...]) -> NDArray[np.float64]:
        """Draw normal numbers, size (S * n, ...), as np.random.Generator.normal does."""
        return self._blocks("normal", loc, scale, size=size)

    def uniform(self, low: Any, high: Any, size: tuple[int, ...]) -> NDArray[np.float64]:
        """Draw uniform numbers from [low, high), size (S * n, ...), as np.random.Generator.uniform does."""
        return self._blocks("uniform", low, high, size=size)

    def integers(self, high: int, size: tuple[int, ...]) -> NDArray[np.int64]:
        """Draw integers from 0 to high - 1, size (S * n, ...), as np.random.Generator.integers does."""
        return self._blocks("integers", high, size=size)


RandomSource = np.random.Generator | Generators
"""What everything random in a training run comes from: the generator of one seed, or of several seeds."""
