"""A student's answer as plain data: nested tuples and dicts of arrays, text and None.

Everything that compares, sends or draws an answer works on this form, so a subclass with its own idea of
equality, a tensor that still carries a graph, or an object of the student's own never gets any further.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_DEPTH = 8
MAX_NODES = 10_000
MAX_BYTES = 64 * 2**20
NUMBER_KINDS = "fiub"


@dataclass(frozen=True)
class Foreign:
    """A value that is none of the above; ``what`` says what it is, for the message."""

    what: str


Tree = Any  # np.ndarray | str | None | Foreign | tuple[Tree, ...] | dict[str, Tree]


def plain(value: Any) -> Tree:
    """``value`` as plain data; numbers become 0-d arrays, tensors their numbers, anything else a Foreign."""
    budget = [MAX_NODES, MAX_BYTES]
    return _plain(value, MAX_DEPTH, budget)


def _plain(value: Any, depth: int, budget: list[int]) -> Tree:
    budget[0] -= 1
    if depth < 0 or budget[0] < 0:
        return Foreign("something nested too deeply or too long to read")
    if value is None or type(value) is str:
        return value if value is None or len(value) <= 10_000 else Foreign("a very long text")
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item, depth - 1, budget) for item in value)
    if isinstance(value, Mapping):
        return {str(key)[:200]: _plain(item, depth - 1, budget) for key, item in value.items()}
    return _number(value, budget)


def _number(value: Any, budget: list[int]) -> np.ndarray | Foreign:
    if _is_tensor(value):
        value = value.detach().cpu().numpy()
    if not isinstance(value, (np.ndarray, np.generic, bool, int, float, complex)):
        return Foreign(f"a {type(value).__name__}")
    try:
        array = np.array(value, subok=False)
    except (ValueError, TypeError, OverflowError):
        return Foreign(f"a {type(value).__name__}")
    if array.dtype.kind not in NUMBER_KINDS:
        return Foreign(
            f"an array of {array.dtype} numbers" if array.dtype.kind == "c" else f"an array of {array.dtype}"
        )
    budget[1] -= array.nbytes
    return array if budget[1] >= 0 else Foreign("an array too large to read")


def _is_tensor(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach")


def leaves(tree: Tree, names: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every leaf with a name for it, such as ``grad_W``, ``[1]`` or ``params[0]``; "" for a lone leaf.

    ``names`` are the names of a tuple's parts, or of the one leaf.
    """
    if isinstance(tree, tuple):
        for i, item in enumerate(tree):
            yield from _under(names[i] if i < len(names) else f"[{i}]", item)
    elif isinstance(tree, dict):
        for key, item in tree.items():
            yield from _under(key, item)
    else:
        yield (names[0] if len(names) == 1 else ""), tree


def _under(prefix: str, tree: Tree) -> Iterator[tuple[str, Any]]:
    for name, leaf in leaves(tree):
        yield (f"{prefix}.{name}" if name and not name.startswith("[") else prefix + name), leaf


def describe(leaf: Any) -> str:
    """What a leaf is, in a few words, for a message: its kind, shape and dtype."""
    if leaf is None:
        return "None"
    if isinstance(leaf, str):
        return f"the text {leaf[:40]!r}"
    if isinstance(leaf, Foreign):
        return leaf.what
    if isinstance(leaf, dict):
        return "a dictionary"
    if isinstance(leaf, tuple):
        return f"a list or tuple of {len(leaf)}"
    kind = "a number" if leaf.ndim == 0 else f"an array of shape {leaf.shape}"
    return kind if leaf.dtype == np.float64 else f"{kind} of {leaf.dtype}"


def copied(tree: Any) -> Any:
    """The inputs again, every array its own copy, so that nothing a function does to them stays."""
    if isinstance(tree, np.ndarray):
        return tree.copy()
    if isinstance(tree, tuple | list):
        return type(tree)(copied(item) for item in tree)
    if isinstance(tree, Mapping):
        return {key: copied(item) for key, item in tree.items()}
    return tree
