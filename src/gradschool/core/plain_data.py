"""Plain data: nested tuples and dicts of arrays, text and None, as which every answer of a student's is looked at.

Everything that compares, sends or draws an answer works on this form, so a subclass with its own idea of
equality, a tensor that still carries a graph, or an object of the student's own never gets any further.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

MAX_DEPTH = 8
MAX_NODES = 10_000
MAX_BYTES = 16 * 2**20  # of numbers
MAX_LETTERS = 50_000
NUMBER_KINDS = "fiub"
SEQUENCES = (list, tuple)
NUMBERS = (np.generic, bool, int, float, complex)


@dataclass(frozen=True)
class Unsupported:
    """The place of a value that is no plain data; ``what`` says what it is, for a message: ``"a generator"``."""

    what: str


Leaf: TypeAlias = np.ndarray | str | Unsupported | None
PlainData: TypeAlias = "np.ndarray | str | Unsupported | tuple[PlainData, ...] | dict[str, PlainData] | None"


@dataclass
class _Budget:
    """What may still be read of one answer."""

    nodes: int = MAX_NODES
    bytes: int = MAX_BYTES
    letters: int = MAX_LETTERS


def to_plain(value: object) -> PlainData:
    """Return *value* as plain data. It never raises, whatever the value does when it is looked at.

    Parameters
    ----------
    value
        Anything that a student's function may return or change: an array, a tensor, a number, text, None, and lists,
        tuples and dictionaries of them.

    Returns
    -------
    PlainData
        Numbers become 0-d arrays, tensors their numbers, lists tuples, and anything else :class:`Unsupported`. Plain
        data stays as it is. It is bounded: at most ``MAX_NODES`` parts, ``MAX_BYTES`` of numbers and ``MAX_LETTERS``
        of text, nested ``MAX_DEPTH`` deep.

    Examples
    --------
    >>> to_plain([1, 2.0])
    (array(1), array(2.))
    >>> to_plain({"W": np.eye(1), "name": "ann", "file": open})
    {'W': array([[1.]]), 'name': 'ann', 'file': Unsupported(what='a builtin_function_or_method')}
    """
    return _to_plain(value, MAX_DEPTH, _Budget())


def _to_plain(value: object, depth: int, budget: _Budget) -> PlainData:
    budget.nodes -= 1
    if depth < 0 or budget.nodes < 0:
        return Unsupported("something nested too deeply or too long to read")
    try:
        return _by_kind(value, type(value), depth, budget)
    except Exception:  # an object may raise at any look at it
        return _unsupported(value, budget)


def _by_kind(value: Any, kind: type, depth: int, budget: _Budget) -> PlainData:
    # The type decides, not isinstance(), which believes what an object says of its __class__; and the methods of
    # list, dict and str are called past whatever a subclass makes of them.
    if kind is np.ndarray:
        return _array(value, depth, budget)
    if value is None:
        return None
    if kind is Unsupported:
        return Unsupported(_text(value.what, budget, 100))
    if issubclass(kind, str):
        return _text(str.__str__(value), budget, MAX_LETTERS)
    if issubclass(kind, SEQUENCES):
        size = list.__len__(value) if issubclass(kind, list) else tuple.__len__(value)
        items = list.__iter__(value) if issubclass(kind, list) else tuple.__iter__(value)
        return _too_long(size, budget) or tuple([_to_plain(item, depth - 1, budget) for item in items])
    if issubclass(kind, dict):
        pairs = dict.items(value)
        return _too_long(len(pairs), budget) or {_key(k, budget): _to_plain(v, depth - 1, budget) for k, v in pairs}
    return _array(value.detach().cpu().numpy() if _is_tensor(value) else value, depth, budget)


def _too_long(size: int, budget: _Budget) -> Unsupported | None:
    return Unsupported("a list, tuple or dictionary too long to read") if size > budget.nodes else None


def _text(text: str, budget: _Budget, most: int) -> str:
    text = sanitize_text(text[:most])
    budget.letters -= len(text)
    return text if budget.letters >= 0 else ""


def _key(key: object, budget: _Budget) -> str:
    try:
        return _text(str(key), budget, 200)
    except Exception:
        return _unsupported(key, budget).what


def _unsupported(value: object, budget: _Budget) -> Unsupported:
    name = str(type.__dict__["__name__"].__get__(type(value)))
    return Unsupported(_text(f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}", budget, 100))


def _array(value: Any, depth: int, budget: _Budget) -> PlainData:
    if issubclass(type(value), np.ndarray):
        size = np.ndarray.nbytes.__get__(value)  # before the copy: a broadcast view may be far larger than its memory
    elif issubclass(type(value), NUMBERS):
        size = 8
    else:
        return _unsupported(value, budget)
    if size > budget.bytes:
        return Unsupported("an array too large to read")
    array = np.array(value, subok=False)
    if array.dtype.kind == "U":
        return _to_plain(array.tolist(), depth, budget)
    if array.dtype.kind == "c":
        return Unsupported("complex numbers")
    if array.dtype.kind not in NUMBER_KINDS:
        return Unsupported(f"an array of dtype {array.dtype}"[:100]) if array.ndim else _unsupported(value, budget)
    budget.bytes -= array.nbytes
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _is_tensor(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach")


def sanitize_text(text: str) -> str:
    """Return *text* without what no page or terminal should be sent: control characters and halves of characters.

    >>> sanitize_text("all right")
    'all right'
    >>> sanitize_text(f"red{chr(27)}[31m") == f"red{chr(0xFFFD)}[31m"
    True
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else (" " if c.isspace() else "\ufffd") for c in text)


def iter_leaves(tree: PlainData, names: tuple[str, ...] = ()) -> Iterator[tuple[str, Leaf]]:
    """Yield every leaf with a name for it, such as ``grad_W``, ``[1]`` or ``params[0]``; "" for a lone leaf.

    ``names`` are the names of a tuple's parts, or of the one leaf.

    >>> list(iter_leaves((1, {"W": 2, "b": (3, 4)}), ("loss", "grads")))
    [('loss', 1), ('grads.W', 2), ('grads.b[0]', 3), ('grads.b[1]', 4)]
    """
    if isinstance(tree, tuple | dict):
        yield from _inside(tree, names, "")
    else:
        yield (names[0] if len(names) == 1 else ""), tree


def part_of(label: str) -> str:
    """Return the part of an answer that a leaf's label belongs to: a list of gradients under one name is one part.

    >>> part_of("actor_gradient[3]"), part_of("grad_W"), part_of("[1]")
    ('actor_gradient', 'grad_W', '')
    """
    return label.partition("[")[0]


def _inside(
    tree: tuple[PlainData, ...] | dict[str, PlainData], names: tuple[str, ...], prefix: str
) -> Iterator[tuple[str, Leaf]]:
    pairs = tree.items() if isinstance(tree, dict) else zip(_numbered(len(tree), names), tree, strict=True)
    for key, item in pairs:
        name = f"{prefix}.{key}" if prefix and key and not key.startswith("[") else prefix + key
        if isinstance(item, tuple | dict):
            yield from _inside(item, (), name)
        else:
            yield name, item


def _numbered(size: int, names: tuple[str, ...]) -> list[str]:
    return [names[i] if i < len(names) else f"[{i}]" for i in range(size)]


def describe(data: PlainData) -> str:
    """Say what a piece of plain data is, in a few words for a message: its kind, shape and dtype.

    >>> describe(np.zeros((2, 3)))
    'an array of shape (2, 3)'
    >>> describe(np.float32(1.5))
    'a number of float32'
    >>> describe(("a", None))
    'a list or tuple of 2'
    """
    if data is None:
        return "None"
    if isinstance(data, str):
        return f"the text {data[:40]!r}"
    if isinstance(data, Unsupported):
        return data.what
    if isinstance(data, dict):
        return "a dictionary"
    if isinstance(data, tuple):
        return f"a list or tuple of {len(data)}"
    kind = "a number" if data.ndim == 0 else f"an array of shape {data.shape}"
    return kind if data.dtype == np.float64 else f"{kind} of {data.dtype}"


def copy_arrays(tree: Any) -> Any:
    """Return inputs with a copy of each of their arrays, so that nothing a function does to them stays."""
    if isinstance(tree, np.ndarray):
        return tree.copy()
    if isinstance(tree, tuple | list):
        return type(tree)(copy_arrays(item) for item in tree)
    if isinstance(tree, Mapping):
        return {key: copy_arrays(item) for key, item in tree.items()}
    return tree


def alike(one: PlainData, other: PlainData) -> bool:
    """Return whether two pieces of plain data are the same to the last bit."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(alike(item, other[key]) for key, item in one.items())
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and bool(one == other)
