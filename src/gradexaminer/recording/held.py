"""What an object shows that a network returned in place of tensors, such as a distribution or a policy's own class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch

from gradexaminer.recording import tensors

MOST = 16  # tensors that are kept of one object
OF_TORCH = ("mean", "mode")  # of torch's own distributions: what may be an action, without a draw


def held(result: Any, rows: int) -> list[np.ndarray]:
    """Return float64 arrays of shape (rows, K): tensors among an object's attributes and properties.

    Nothing is called that takes an argument, and a property that ends with an error is left out. Tensors, lists,
    tuples and mappings are no such object: what they hold is recorded as the call's outputs.
    """
    if result is None or isinstance(result, torch.Tensor | np.ndarray | Mapping | list | tuple | int | float | str):
        return []
    found: list[np.ndarray] = []
    for x in _shown_by(result):
        in_rows = isinstance(x, torch.Tensor) and x.is_floating_point() and x.ndim and x.shape[0] == rows
        if in_rows and len(found) < MOST:
            found.append(tensors.numbers(x).reshape(rows, -1))
    return found


def _shown_by(it: Any) -> Iterator[Any]:
    with torch.random.fork_rng(devices=[]):
        for name in _properties(type(it)):
            try:
                yield getattr(it, name)
            except Exception:  # a stranger's property may need what is not there
                continue
    yield from list(vars(it).values()) if hasattr(it, "__dict__") else []


def _properties(kind: type) -> list[str]:
    """Names of a class's public properties, those of torch's own classes left out but for a distribution's center."""
    own = [k for k in kind.__mro__ if k is not object and not str(k.__module__).startswith("torch.")]
    names = [n for k in own for n, x in vars(k).items() if isinstance(x, property | cached_property) and n[0] != "_"]
    if issubclass(kind, torch.distributions.Distribution):
        names += OF_TORCH
    return list(dict.fromkeys(names))
