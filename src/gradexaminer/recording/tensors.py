"""Arguments and results of a network's call as arrays with one row for each transition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from gradexaminer.recording.rows import Keys, RowIndex


def numbers(x: torch.Tensor) -> np.ndarray:
    """A copy of a tensor's values in float64."""
    return x.detach().to("cpu", torch.float64, copy=True).numpy()


def weights(x: torch.Tensor) -> np.ndarray:
    """A copy of a tensor's values as they are."""
    return x.detach().to("cpu", copy=True).float().numpy()


def flat(things: Iterable[Any]) -> list[Any]:
    """Tensors and arrays among the things, and one level down in lists, tuples and mappings."""
    out: list[Any] = []
    for x in things:
        if isinstance(x, torch.Tensor | np.ndarray):
            out.append(x)
        elif isinstance(x, Mapping):
            out += [y for y in x.values() if isinstance(y, torch.Tensor | np.ndarray)]
        elif isinstance(x, list | tuple):
            inner = [y for y in x if isinstance(y, torch.Tensor | np.ndarray)]
            out += inner if inner or not _is_numbers(x) else [np.asarray(x, np.float32)]
    return out


def _is_numbers(x: list[Any] | tuple[Any, ...]) -> bool:
    return bool(x) and all(isinstance(y, int | float) for y in x)


@dataclass
class Extra:
    """A further input: the columns of an argument that are not the observation.

    Attributes
    ----------
    tensor : Tensor or None
        The argument itself; None for an array, which carries no gradient.
    columns : tuple of int, or None
        First and last of its columns that are meant; None for all.
    """

    tensor: torch.Tensor | None
    array: np.ndarray
    rows: int
    columns: tuple[int, int] | None = None

    def cut(self, x: np.ndarray) -> np.ndarray:
        """The columns that are meant, of an array of the argument's shape."""
        x = x.reshape(self.rows, -1)
        return x if self.columns is None else x[:, self.columns[0] : self.columns[1]]

    def values(self) -> np.ndarray:
        """Its numbers, shape (R, K)."""
        return self.cut(self.array)


def split_inputs(inputs: list[Any], rows: RowIndex) -> tuple[Keys | None, list[Extra]]:
    """Find the observation among the inputs; return whose rows they are, and everything else with as many rows."""
    for i, x in enumerate(inputs):
        array = numbers(x) if isinstance(x, torch.Tensor) else np.asarray(x)
        if array.dtype.kind not in "fiu" or array.size < rows.size:
            continue
        keys = rows.find(array)
        if keys is None:
            continue
        n = len(keys.index)
        extra = [_extra(y, n) for j, y in enumerate(inputs) if j != i and _size(y) and _size(y) % n == 0]
        if keys.rest.shape[1]:
            columns = _columns(keys, rows.size)
            extra.insert(0, Extra(x if isinstance(x, torch.Tensor) else None, array.astype(np.float64), n, columns))
        return keys, extra
    return None, []


def _columns(keys: Keys, size: int) -> tuple[int, int]:
    beside = keys.rest.shape[1]
    return (0, beside) if keys.observation_last else (size, size + beside)


def _size(x: Any) -> int:
    return int(x.numel()) if isinstance(x, torch.Tensor) else int(np.size(x))


def _extra(x: Any, rows: int) -> Extra:
    if isinstance(x, torch.Tensor):
        return Extra(x, numbers(x), rows)
    return Extra(None, np.asarray(x, np.float64), rows)
