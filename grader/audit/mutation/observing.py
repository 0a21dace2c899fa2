"""What a call did besides answering: the state of everything that was handed over, before and after.

It is read here from the objects themselves and not by the exercise's adapter, so that an adapter that looks away shows
up as survivors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradschool.core.exercise import Answer

State = dict[str, Any]


class Observed:
    """A function that is called as ``answer`` is, and remembers the arguments' states before and after each call."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.calls: list[tuple[State, State]] = []

    def __call__(self, *args: Any, **given: Any) -> Any:
        """Call the function, and remember."""
        before = state_of(args)
        try:
            return self.answer(*args, **given)
        finally:
            self.calls.append((before, state_of(args)))


def state_of(args: Sequence[Any]) -> State:
    """Return the state of some arguments as arrays and plain values by name."""
    found: State = {}
    for number, value in enumerate(args):
        _add(found, str(number), value, 3)
    return found


def _add(found: State, name: str, value: Any, depth: int) -> None:
    torch = _torch_kind(value)
    if isinstance(value, np.ndarray):
        found[name] = value.copy()
    elif torch == "tensor":
        _add_tensor(found, name, value)
    elif torch == "module":
        found[f"{name}.training"] = tuple(m.training for m in value.modules())
        for key, p in [*value.named_parameters(), *value.named_buffers()]:
            _add_tensor(found, f"{name}.{key}", p)
    elif torch == "optimizer":
        _add(found, f"{name}.optimizer", value.state_dict(), 5)
    elif hasattr(value, "flat") and hasattr(value, "sizes"):
        found[f"{name}.flat"] = np.array(value.flat)
    elif depth and isinstance(value, Mapping):
        for key, item in value.items():
            _add(found, f"{name}.{key}", item, depth - 1)
    elif depth and isinstance(value, tuple | list):
        for key, item in enumerate(value):
            _add(found, f"{name}.{key}", item, depth - 1)
    elif isinstance(value, int | float | str | bool | None):
        found[name] = value


def _add_tensor(found: State, name: str, tensor: Any) -> None:
    found[name] = tensor.detach().numpy().copy()
    found[f"{name}.requires_grad"] = tensor.requires_grad
    if tensor.is_leaf and tensor.requires_grad:  # elsewhere no gradient ever arrives
        found[f"{name}.grad"] = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad.detach().numpy().copy()


def _torch_kind(value: Any) -> str:
    """Return "tensor", "module" or "optimizer" for what torch makes, else ""; without importing torch."""
    names = {f"{c.__module__}.{c.__qualname__}" for c in type(value).__mro__}
    kinds = {
        "torch.Tensor": "tensor",
        "torch.nn.modules.module.Module": "module",
        "torch.optim.optimizer.Optimizer": "optimizer",
    }
    return next((kind for name, kind in kinds.items() if name in names), "")


def differing(one: State, other: State, rtol: float = 1e-8) -> set[str]:
    """Return the names under which two states differ."""
    return {name for name in one.keys() | other.keys() if not _equal(one.get(name), other.get(name), rtol)}


def _equal(a: Any, b: Any, rtol: float) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape != b.shape:
            return False
        if a.dtype.kind in "fc" or b.dtype.kind in "fc":
            size = rtol * float(np.max(np.abs(b), initial=0.0)) if np.isfinite(b).all() else 0.0
            return bool(np.allclose(a, b, rtol=rtol, atol=size, equal_nan=True))
        return bool(np.array_equal(a, b))
    return type(a) is type(b) and bool(a == b)
