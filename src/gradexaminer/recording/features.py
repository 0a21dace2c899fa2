"""Rows of a network's output, recognized where they are the input of another one: an encoder's features.

Where the encoder was shown an action, too, the network behind it is a critic of that action.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gradexaminer.recording import tensors
from gradexaminer.recording.rows import Keys

if TYPE_CHECKING:
    from gradexaminer.recording.trace import Call

FEWEST = 4  # entries of a row: shorter ones, such as values of actions, are no features


class Features:
    """What networks returned in one update, found again by its numbers, detached or with an action beside it."""

    def __init__(self) -> None:
        self._calls: list[tuple[Call, np.ndarray]] = []
        self._extra: dict[int, list[tensors.Extra]] = {}  # what each call was shown beside the observation, by its time
        self._rows: dict[int, dict[bytes, tuple[int, int, Call]]] = {}

    def add(self, call: Call, extra: list[tensors.Extra]) -> None:
        """Remember each output of a call that has a row for each row of its input."""
        self._extra[call.time] = extra
        rows = len(call.keys.index)
        for x in call.outputs:
            if x.ndim == 2 and x.shape[0] == rows and x.shape[1] >= FEWEST:
                self._calls.append((call, x))

    def split(self, inputs: list[Any]) -> tuple[Keys | None, list[tensors.Extra]]:
        """Find features among the inputs of a network; return whose rows they are, and everything beside them."""
        if not (self._calls or self._rows):
            return None, []
        self._index()
        for i, x in enumerate(inputs):
            found = self._find(x) if isinstance(x, torch.Tensor) and x.ndim == 2 and x.is_floating_point() else None
            if found is None:
                continue
            keys, size, of = found
            extra = [*tensors.beside(inputs, i, len(keys.index)), *self._shown(of, keys)]
            if keys.rest.shape[1]:
                array = tensors.numbers(x)
                extra.insert(0, tensors.Extra(x, array, len(array), tensors.columns(keys, size)))
            return keys, extra
        return None, []

    def _shown(self, calls: list[Call], keys: Keys) -> list[tensors.Extra]:
        """What the encoder was shown beside the observations, where one call made all of these rows."""
        first = calls[0]
        same = all(c is first for c in calls) and np.array_equal(first.keys.index, keys.index)
        return self._extra.get(first.time, []) if same else []

    def _index(self) -> None:
        for call, x in self._calls:
            known = self._rows.setdefault(x.shape[1], {})
            for i, row in enumerate(np.ascontiguousarray(x, np.float32)):
                known[row.tobytes()] = (int(call.keys.index[i]), int(call.keys.end[i]), call)
        self._calls = []

    def _find(self, x: torch.Tensor) -> tuple[Keys, int, list[Call]] | None:
        array = tensors.numbers(x).astype(np.float32)
        for size, known in self._rows.items():
            if array.shape[1] < size:
                continue
            places = [(array[:, :size], array[:, size:], False), (array[:, -size:], array[:, :-size], True)]
            for features, rest, last in places[: 1 + (array.shape[1] > size)]:
                features = np.ascontiguousarray(features)
                if not len(features) or features[0].tobytes() not in known:
                    continue
                names = [known.get(row.tobytes()) for row in features]
                if all(n is not None for n in names):
                    there = [n for n in names if n is not None]
                    for _, _, call in there:
                        call.fed = True
                    keys = Keys(np.array([n[0] for n in there]), np.array([n[1] for n in there]), rest, last)
                    return keys, size, [n[2] for n in there]
        return None
