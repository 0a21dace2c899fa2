"""Arguments and results of a network's call as arrays with one row for each transition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from gradexaminer.recording.rows import Keys, RowIndex


def _values(x: torch.Tensor) -> np.ndarray:
    """A tensor's values in their own precision, as far as NumPy has it; they may share the tensor's memory."""
    try:
        return x.detach().numpy()
    except (TypeError, RuntimeError):  # 16 bits that NumPy does not have, or another device
        return x.detach().to("cpu", torch.float64).numpy()


def numbers(x: torch.Tensor) -> np.ndarray:
    """A copy of a tensor's values in float64."""
    return np.array(_values(x), np.float64)


def weights(x: torch.Tensor) -> np.ndarray:
    """A copy of a tensor's values in float32."""
    return np.array(_values(x), np.float32)


def kept(x: torch.Tensor) -> np.ndarray:
    """A copy of a tensor's values in their own precision, as far as NumPy has it."""
    return np.array(_values(x))


def change(x: torch.Tensor, before: np.ndarray) -> float:
    """The largest change of an entry since `kept`."""
    return float(np.abs(_values(x) - before).max())


MOST_CRITICS = 32


def critics_of(x: torch.Tensor, rows: int) -> list[torch.Tensor]:
    """An ensemble's answer, shape (critics, rows) or (critics, rows, K), critic by critic; anything else as it is."""
    several = x.ndim in {2, 3} and 1 < x.shape[0] <= MOST_CRITICS and x.shape[0] != rows == x.shape[1] and rows > 1
    return [x[i] for i in range(len(x))] if several else [x]


FIRST = 64
SHAPES = frozenset(  # operations that change a tensor's shape alone
    [
        "View",
        "UnsafeView",
        "ReshapeAlias",
        "Squeeze",
        "Unsqueeze",
        "Clone",
        "Select",
        "Slice",
        "T",
        "Transpose",
        "Alias",
    ]
)


def is_some(x: torch.Tensor) -> bool:
    """Whether an entry is not 0; the first few mostly tell."""
    try:
        array = x.detach().numpy().reshape(-1)
    except (TypeError, RuntimeError):
        return bool(x.any())
    return bool(array[:FIRST].any()) or bool(array.any())


def last_operation(x: torch.Tensor) -> str:
    """The operation that a tensor comes from, such as `Tanh`, whatever became of its shape; empty for a leaf."""
    node = x.grad_fn
    while node is not None:
        name = node.name().partition("Backward")[0]
        if name not in SHAPES:
            return name
        node = node.next_functions[0][0]
    return ""


def is_transforming() -> bool:
    """Whether a transformation of `torch.func` is under way, which hides the numbers of all tensors."""
    return torch._C._functorch.peek_interpreter_stack() is not None


def is_coarse(x: torch.Tensor) -> bool:
    """Whether a tensor's numbers have 16 bits."""
    return x.dtype in {torch.bfloat16, torch.float16}


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

    @property
    def carries(self) -> bool:
        """Whether a gradient goes on through these columns, and not only through what stands beside them."""
        if self.tensor is None or not self.tensor.requires_grad:
            return False
        return self.columns is None or _carries(self.tensor, first=self.columns[0] == 0)

    def cut(self, x: np.ndarray) -> np.ndarray:
        """The columns that are meant, of an array of the argument's shape."""
        x = x.reshape(self.rows, -1)
        return x if self.columns is None else x[:, self.columns[0] : self.columns[1]]

    def values(self) -> np.ndarray:
        """Its numbers, shape (R, K)."""
        return self.cut(self.array)


def _carries(x: torch.Tensor, *, first: bool) -> bool:
    """Of tensors that were joined column by column: whether one before the last, or after the first, carries gradient.

    Features that are learned and a stored action, joined, carry one as a whole; none of it goes on through the action.
    """
    node = x.grad_fn
    while node is not None and node.name().partition("Backward")[0] in SHAPES:
        node = node.next_functions[0][0]
    if node is None or not node.name().startswith("CatBackward"):
        return True
    parts = [further is not None for further, _ in node.next_functions]
    return any(parts[:-1] if first else parts[1:])


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
        extra = beside(inputs, i, n)
        if keys.rest.shape[1]:
            where = columns(keys, rows.size)
            extra.insert(0, Extra(x if isinstance(x, torch.Tensor) else None, array.astype(np.float64), n, where))
        return keys, extra
    return _in_parts(inputs, rows)


def _in_parts(inputs: list[Any], rows: RowIndex) -> tuple[Keys | None, list[Extra]]:
    """The same for an observation that comes as several inputs, such as a vector and a window beside it."""
    parts: list[np.ndarray] = []
    for k, x in enumerate(inputs):
        array = numbers(x) if isinstance(x, torch.Tensor) else np.asarray(x)
        if array.dtype.kind not in "fiu" or array.ndim < 2 or (parts and len(array) != len(parts[0])):
            break
        parts.append(array.reshape(len(array), -1))
        width = sum(part.shape[1] for part in parts)
        if width >= rows.size:
            keys = rows.find(np.concatenate(parts, axis=1)) if width == rows.size and k else None
            further = [_extra(y, len(array)) for y in inputs[k + 1 :] if _size(y) and _size(y) % len(array) == 0]
            return keys, further if keys is not None else []
    return None, []


def beside(inputs: list[Any], i: int, rows: int) -> list[Extra]:
    """All inputs but the i-th that have an entry for each row, or several."""
    return [_extra(y, rows) for j, y in enumerate(inputs) if j != i and _size(y) and _size(y) % rows == 0]


def columns(keys: Keys, size: int) -> tuple[int, int]:
    """First and last column of what stands beside an observation of this size in the same row."""
    beside = keys.rest.shape[1]
    return (0, beside) if keys.observation_last else (size, size + beside)


def _size(x: Any) -> int:
    return int(x.numel()) if isinstance(x, torch.Tensor) else int(np.size(x))


def _extra(x: Any, rows: int) -> Extra:
    if isinstance(x, torch.Tensor):
        return Extra(x, numbers(x), rows)
    return Extra(None, np.asarray(x, np.float64), rows)


def moments(distribution: Any, size: int) -> tuple[np.ndarray, np.ndarray] | None:
    """A normal distribution's mean and standard deviation, where there is one of each for all of `size` numbers."""
    kind = torch.distributions
    normal = distribution.base_dist if isinstance(distribution, kind.Independent) else distribution
    if not isinstance(normal, kind.Normal):
        return None
    mean, deviation = normal.loc, normal.scale
    return (numbers(mean), numbers(deviation)) if mean.numel() == deviation.numel() == size else None
