"""Legal inputs of an exercise, many more than it is examined on: its cases from many seeds, and changes to them.

What is legal needs no opinion: an input counts where every right solution that the course holds gives one answer,
within the exercise's own tolerance. Elsewhere, as where two actions tie and no lesson says which to take, they part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from grader.bank.entry import Entry
from gradschool.core.exercise import Case, Rng
from gradschool.core.plain_data import copy_arrays

NOT_ROWS = {"W", "W_target", "W1", "b1", "W2", "b2", "b", "J", "low", "high", "flat", "noise_clip", "theta", "x"}
SCALES = (1e-3, 0.1, 100.0, -1.0)

NOT_SCALED = {"u", "terminated", "truncated", "done"}  # dice, from 0 to 1, and flags, 0 or 1
NOT_TURNED = {"low", "high", "noise_clip", "v"}  # bounds of a range, and what is nowhere negative

Change = Callable[[dict[str, Any], int, Rng], None]


def candidates(entry: Entry, seeds: int, changes: int | None = None) -> Iterator[Case]:
    """Yield inputs that may be legal: each case of both halves for each seed, as it is and changed.

    ``changes`` bounds the changed forms of each case (None: all). Which they are goes round, so that all are tried.
    """
    names, begin = list(CHANGES), 0
    for seed in range(seeds):
        rng = np.random.default_rng([2, seed])
        for case in [*entry.cases(rng), *entry.exercise.cases(rng)]:
            yield case
            chosen = names if changes is None else [names[(begin + k) % len(names)] for k in range(changes)]
            begin += len(chosen)
            for name, change in ((name, CHANGES[name]) for name in chosen):
                args = copy_arrays(dict(case.args))
                change(args, _batch_size(case), rng)
                yield replace(case, name=f"{case.name}, {name}", args=args, rows={}, sizes={})


def is_changed(case: Case) -> bool:
    """Return whether a candidate is a changed case and none of the exercise's own."""
    return case.name.rpartition(", ")[2] in CHANGES


def _batch_size(case: Case) -> int:
    batch = case.args.get("batch")
    if isinstance(batch, Mapping):
        return len(batch["obs"])
    return case.sizes.get("B", case.sizes.get("N", 0))


def _floats(args: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Return the places of all arrays of floats, those of batches and networks too."""
    found = [(d, k) for d in (args, *args.values()) if isinstance(d, dict) for k in d if k not in NOT_SCALED]
    return [(d, k) for d, k in found if isinstance(d[k], np.ndarray) and d[k].dtype.kind == "f" and d[k].size]


def _rows(args: dict[str, Any], size: int) -> list[tuple[dict[str, Any], str]]:
    """Return the places of all arrays with one row for each sample."""
    batch = args.get("batch")
    places = [(args, key) for key in args if key not in NOT_ROWS]
    places += [(batch, key) for key in batch] if isinstance(batch, dict) else []
    return [(d, k) for d, k in places if isinstance(d[k], np.ndarray) and d[k].ndim and len(d[k]) == size]


def _pick(places: list[tuple[dict[str, Any], str]], rng: Rng) -> tuple[dict[str, Any], str] | None:
    return places[rng.integers(len(places))] if places else None


def _scaled(args: dict[str, Any], size: int, rng: Rng) -> None:
    lists = [(args, k) for k, v in args.items() if isinstance(v, list | tuple) and isinstance(v[0], np.ndarray)]
    if place := _pick([*_floats(args), *lists], rng):
        values, scale = place[0][place[1]], rng.choice(SCALES[: -1 if place[1] in NOT_TURNED else None])
        whole = isinstance(values, np.ndarray)
        place[0][place[1]] = values * scale if whole else type(values)(v * scale for v in values)


def _reordered(args: dict[str, Any], size: int, rng: Rng) -> None:
    order = rng.permutation(size)
    for d, k in _rows(args, size):
        d[k] = d[k][order]


def _repeated(args: dict[str, Any], size: int, rng: Rng) -> None:
    rows = rng.integers(max(size, 1), size=size + 2) if size else ()
    for d, k in _rows(args, size) if size else ():
        d[k] = d[k][rows]


def _one_row(args: dict[str, Any], size: int, rng: Rng) -> None:
    for d, k in _rows(args, size) if size else ():
        d[k] = d[k][:1]


def _zero_row(args: dict[str, Any], size: int, rng: Rng) -> None:
    if place := _pick(_floats(args), rng):
        place[0][place[1]][0] = 0.0


def _exact(args: dict[str, Any], size: int, rng: Rng) -> None:
    """One sample exact: where two arrays have one shape, the first row of one is that of the other."""
    arrays = [(k, v) for k, v in args.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f" and v.size]
    pairs = [
        (a, b)
        for i, (_, a) in enumerate(arrays)
        for name, b in arrays[i + 1 :]
        if a.shape == b.shape and name not in NOT_TURNED
    ]
    if pairs:
        one, other = pairs[rng.integers(len(pairs))]
        other[0] = one[0]


def _flags(args: dict[str, Any], size: int, rng: Rng) -> None:
    for d, k in _rows(args, size):
        if d[k].dtype == bool or k in ("terminated", "truncated"):
            d[k] = (rng.random(size) < rng.choice([0.0, 0.5, 1.0])).astype(d[k].dtype)


def _same_ids(args: dict[str, Any], size: int, rng: Rng) -> None:
    for d, k in _rows(args, size):
        if d[k].dtype.kind in "iu":
            d[k][:] = d[k][0]


def _halved(args: dict[str, Any], size: int, rng: Rng) -> None:
    """One setting, such as gamma, at half of its value."""
    settings = [k for k, v in args.items() if isinstance(v, float)]
    if settings:
        name = settings[rng.integers(len(settings))]
        args[name] = args[name] / 2


CHANGES: dict[str, Change] = {
    "one argument scaled": _scaled,
    "another argument scaled": _scaled,
    "rows in another order": _reordered,
    "rows repeated": _repeated,
    "the first row alone": _one_row,
    "a row of zeros": _zero_row,
    "one sample exact": _exact,
    "other flags": _flags,
    "one id throughout": _same_ids,
    "one setting halved": _halved,
}
