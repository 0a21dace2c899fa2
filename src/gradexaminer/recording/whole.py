"""Observations whose digits behind the point are gone: stored in a buffer of whole numbers, or cast on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FEWEST = 6  # rows; fewer may be whole numbers of another end by chance
WAYS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "cut off": np.trunc,
    "rounded": np.rint,
    "rounded down": np.floor,
    "cut off, and what is left is kept in one byte": lambda x: np.trunc(x) % 256,
}


def whole_end(rows: np.ndarray, known: Sequence[np.ndarray], ends: Sequence[int]) -> tuple[int, str] | None:
    """The one end of transitions whose whole parts all these rows are, and how; None where there is none, or two."""
    if len(rows) < FEWEST or not is_whole(rows) or not known or is_whole(np.stack(known[:FEWEST])):
        return None
    asked, of = {_key(row) for row in rows}, np.array(ends)
    given = np.stack(known).astype(np.float64)
    for how, way in WAYS.items():
        held = [end for end in set(ends) if asked <= {_key(row) for row in way(given[of == end])}]
        if held:
            return (held[0], how) if len(held) == 1 else None
    return None


def is_whole(x: np.ndarray) -> bool:
    """Whether these are whole numbers alone."""
    return bool(np.isfinite(x).all() and (x == np.rint(x)).all())


def _key(row: np.ndarray) -> bytes:
    return (np.asarray(row, np.float32) + 0.0).tobytes()  # a zero has no sign then
