"""What a function returned and writes to again: an answer whose numbers change in a later call.

Right after each call such an answer is right, so that no comparison of numbers shows it: a list of ``.grad`` that the
next call sets to zero, or one array that every call fills. Shared memory is only a suspicion, since a view of an input
and a kept constant share it too. So the function is called once more, with other inputs, and what an earlier call
returned is looked at again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradschool.core.plain_data import alike, copy_arrays, to_plain

DEPTH, LEAVES = 4, 500  # what is looked at of an answer, at most


@dataclass
class Returned:
    """What the calls of a function returned, and whether any of it lies in memory that a later call may write to.

    The values are kept, so that their memory is not given to another array meanwhile.
    """

    values: list[Any] = field(default_factory=list)
    memory: set[int] = field(default_factory=set)
    is_shared: bool = False

    def add(self, value: Any, args: Sequence[Any]) -> None:
        """Look at what one call returned, and at the gradients of the networks that it was handed."""
        try:
            own = set(_memory(value))
            self.is_shared |= bool(own & (self.memory | set(_gradients(args))))
        except Exception:  # an object of a student's may raise at any look at it
            return
        self.memory |= own
        self.values += [value] if own else []


@dataclass
class _CalledAgain:
    """A student's function that is called a second time, with other inputs, as soon as it was called once.

    ``changed``: what the first call returned is not what it was any more.
    """

    answer: Callable[..., Any]
    changed: bool = False
    called: bool = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        value = self.answer(*args, **kwargs)
        if not self.called:
            self.called = True
            before = to_plain(value)
            self.answer(*map(_other, args), **kwargs)
            self.changed = not alike(before, to_plain(value))
        return value


def changes_later(adapter: Callable[[Any, Any], Any], answer: Callable[..., Any], args: Mapping[str, Any]) -> bool:
    """Return whether what a call returns changes while the function is called with other inputs."""
    again = _CalledAgain(answer)
    try:
        adapter(again, copy_arrays(args))
    except KeyboardInterrupt:
        raise
    except BaseException:  # on the other inputs it may raise, and exit()
        return again.changed
    return again.changed


def _memory(value: Any) -> Iterator[int]:
    """Yield where the numbers of an answer's arrays and tensors begin in memory."""
    for leaf in list(_leaves(value, DEPTH))[:LEAVES]:
        if type(leaf) is np.ndarray:
            while type(leaf.base) is np.ndarray:
                leaf = leaf.base
            yield from [leaf.__array_interface__["data"][0]] if leaf.size else []
        elif _is_tensor(leaf):
            yield from [leaf.untyped_storage().data_ptr()] if leaf.numel() else []


def _leaves(value: Any, depth: int) -> Iterator[Any]:
    if depth and isinstance(value, list | tuple | dict) and len(value) <= LEAVES:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item, depth - 1)
    else:
        yield value


def _gradients(args: Iterable[Any]) -> Iterator[int]:
    """Yield the memory of every ``.grad`` in the torch networks among a function's arguments."""
    torch = sys.modules.get("torch")
    for net in args if torch else ():
        if isinstance(net, torch.nn.Module):  # type: ignore[union-attr]
            yield from _memory([p.grad for p in net.parameters() if p.grad is not None])


def _other(value: Any) -> Any:
    """Return other numbers of the same kind and shape: in reverse and, unless they are counts or ids, half as large."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(_other, value))
    if isinstance(value, list | tuple):
        return type(value)(map(_other, value))
    if _is_tensor(value):
        turned = value.detach().flip(0) if value.ndim else value.detach().clone()
        return (0.5 * turned if turned.is_floating_point() else turned).requires_grad_(value.requires_grad)
    if isinstance(value, np.ndarray):
        turned = value[::-1].copy() if value.ndim else value.copy()
        return 0.5 * turned if turned.dtype.kind == "f" else turned
    return 0.5 * value if isinstance(value, float) else value


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)
