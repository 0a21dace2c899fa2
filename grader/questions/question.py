"""A question on a student's own code, as plain data: what is shown, the options, and the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gradschool.core.plain_data import PlainData

DIGITS = 3  # after the point; options that differ only beyond these are no options
KINDS = ("returns", "whose", "changes")


@dataclass(frozen=True)
class Change:
    """One entry of one input that becomes another: ``at`` is its index, () of a number."""

    name: str
    at: tuple[int, ...]
    old: float | bool
    new: float | bool


@dataclass(frozen=True)
class Question:
    """One question. ``options`` and ``remarks`` map what is to be chosen ("a", "1") to its text.

    ``inputs`` are all arguments by name, as JSON; ``shown`` names those that are printed. ``part`` is the label of
    the part of the answer that is asked for. ``key`` is the right choice, such as ``"b"``, or ``"a2"`` where a remark
    is to be chosen too.
    """

    exercise: str
    kind: str
    prompt: str
    inputs: Mapping[str, Any]
    shown: tuple[str, ...]
    options: Mapping[str, str]
    key: str
    part: str = ""
    remarks: Mapping[str, str] | None = None
    change: Change | None = None

    def to_json(self, with_key: bool = True) -> dict[str, Any]:
        """Return the question as JSON data; without its key for whoever has to answer."""
        found = asdict(self)
        return found if with_key else {k: v for k, v in found.items() if k != "key"}


@dataclass(frozen=True)
class Sheet:
    """The questions for one student on one chapter; ``why`` says why there are fewer than three, or none."""

    student: str
    assignment: str
    questions: tuple[Question, ...]
    why: str = ""

    def to_json(self, with_key: bool = True) -> dict[str, Any]:
        """Return the sheet as JSON data."""
        questions = [q.to_json(with_key) for q in self.questions]
        return {"student": self.student, "assignment": self.assignment, "why": self.why, "questions": questions}


def as_json(value: Any) -> Any:
    """Return arguments as JSON data: arrays as lists, whose numbers say by a point whether they are floats.

    >>> as_json({"p": np.array([1.0, -2.0]), "n": 3})
    {'p': [1.0, -2.0], 'n': 3}
    """
    if isinstance(value, Mapping):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def from_json(value: Any) -> Any:
    """Return JSON data as arguments: lists as arrays.

    >>> from_json({"p": [1.0, -2.0], "n": 3})
    {'p': array([ 1., -2.]), 'n': 3}
    """
    if isinstance(value, Mapping):
        return {key: from_json(one) for key, one in value.items()}
    return np.array(value) if isinstance(value, list) else value


def as_text(value: Any) -> str:
    """Return an array or a number as it is printed on a sheet, rounded to three digits after the point.

    >>> print(as_text(np.array([[1.0, -0.5], [0.0, 2.0]])))
    [[ 1.  -0.5]
     [ 0.   2. ]]
    """
    array = np.asarray(value)
    if array.dtype.kind == "f":
        array = np.round(array, DIGITS) + 0.0  # no "-0."
    if array.ndim == 0:
        return f"{array.item():g}" if array.dtype.kind == "f" else str(array.item())
    with np.printoptions(precision=DIGITS, suppress=True, linewidth=70, threshold=100, floatmode="maxprec"):
        return str(array)


def are_apart(one: PlainData, other: PlainData) -> bool:
    """Return whether two arrays can be told apart by eye: another shape, or an entry that differs by 0.05 or more."""
    if not isinstance(one, np.ndarray) or not isinstance(other, np.ndarray):
        return False
    if one.shape != other.shape:
        return True
    return bool(np.max(np.abs(one.astype(float) - other.astype(float)), initial=0.0) >= 0.05)
