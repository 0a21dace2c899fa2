"""What an example's two arrays show beside each other: a constant ratio, and the blocks of a flat gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from gradschool.core.numerics import Array
from gradschool.core.report import Example


def comparable(example: Example) -> tuple[Array, Array] | None:
    """Return the expected and the obtained array of an example, or None where they cannot be subtracted."""
    expected, got = example.expected, example.got
    if not (isinstance(expected, np.ndarray) and isinstance(got, np.ndarray)):
        return None
    if expected.shape != got.shape or expected.ndim not in (1, 2) or not expected.size:
        return None
    if not all(np.issubdtype(a.dtype, np.floating) and np.isfinite(a).all() for a in (expected, got)):
        return None
    return expected.astype(float), got.astype(float)


def constant_ratio(example: Example) -> float | None:
    """Return got / expected where it is one number other than 0 and 1 for all of at least two entries, else None.

    Entries in which both are 0 do not count: any factor fits them.
    """
    pair = comparable(example)
    if pair is None:
        return None
    expected, got = (a.ravel() for a in pair)
    counted = (expected != 0) | (got != 0)
    if counted.sum() < 2:
        return None
    with np.errstate(all="ignore"):
        ratios = got[counted] / expected[counted]
    if not np.isfinite(ratios).all():
        return None
    factor = float(np.median(ratios))
    alike = bool(np.allclose(ratios, factor, rtol=1e-6, atol=0.0))
    return factor if alike and factor != 0 and abs(factor - 1) > 1e-6 else None


@dataclass(frozen=True)
class Block:
    """One array of a flat gradient, such as ``W1``: its name and shape, its entries, and which of them are wrong."""

    name: str
    shape: tuple[int, ...]
    example: Example

    @property
    def is_right(self) -> bool:
        """Whether no entry of the block is wrong."""
        return not self._wrong.any()

    @property
    def words(self) -> str:
        """How many entries of the block are wrong, and their constant ratio if they have one."""
        if self.is_right:
            return "right"
        factor = constant_ratio(self.example)
        ratio = "" if factor is None else f", got / expected = {factor:.4g} in every entry"
        return f"{self._wrong.sum()} of {self._wrong.size} wrong{ratio}"

    @property
    def _wrong(self) -> Array:
        return np.asarray(self.example.wrong)


def blocks_of(example: Example) -> list[Block]:
    """Return the blocks of a flat gradient, in their order.

    Empty where the answer is no such gradient, or does not have the length of one.
    """
    expected, got, wrong = example.expected, example.got, example.wrong
    if not (isinstance(expected, np.ndarray) and isinstance(got, np.ndarray) and wrong is not None):
        return []
    sizes = [prod(shape) for shape in example.blocks.values()]
    if not sizes or expected.shape != (sum(sizes),):
        return []
    ends = np.cumsum(sizes)
    found = []
    for (name, shape), size, end in zip(example.blocks.items(), sizes, ends, strict=True):
        parts = [x[end - size : end].reshape(shape) for x in (expected, got, wrong)]
        label = f"{example.label} {name}".strip()
        block = replace(example, label=label, expected=parts[0], got=parts[1], wrong=parts[2], blocks={})
        found.append(Block(name, shape, block))
    return found


def shown_block(example: Example, found: Sequence[Block]) -> Example:
    """Return the first block with a wrong entry as an example of its own; the example itself where it has no blocks."""
    return next((block.example for block in found if not block.is_right), example)
