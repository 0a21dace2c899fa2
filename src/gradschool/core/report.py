"""What a check found: criteria that are met or not, the diagnosis of a mistake, one example, the report of them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gradschool.core.numerics import Array
from gradschool.core.plain_data import PlainData


@dataclass(frozen=True)
class Claim:
    """What a sentence says, as plain data that a program can test without reading it.

    Attributes
    ----------
    kind
        The kind of the claim, such as ``"formula"`` or ``"response"``; "" where nothing is claimed.
    part
        The label of the part of the answer that it is about; "" for the whole.
    details
        What is claimed, as texts and numbers.
    """

    kind: str = ""
    part: str = ""
    details: tuple[str | float, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """What went wrong: ``name`` for a program (``"times-B"``), ``sentence`` for the student.

    ``claim`` is what the sentence says as data; ``experiment`` is how it was found out, in half a sentence.
    """

    name: str
    sentence: str
    claim: Claim = field(default_factory=Claim)
    experiment: str = ""


@dataclass(frozen=True)
class Criterion:
    """One share of an exercise's points: whether it is met, and a sentence that says so.

    ``not_evaluated``: not looked at, since a criterion that it rests on is not met.
    """

    name: str
    met: bool
    sentence: str
    not_evaluated: bool = False


@dataclass(frozen=True)
class Example:
    """One case on which an answer is wrong.

    ``label`` is the part of the answer that is shown, ``wrong`` the mask of its wrong entries (None where there are
    no two arrays of one shape); ``error`` is set if the function raised. ``blocks`` are the names and shapes of the
    arrays that a flat gradient consists of, in its order; empty where the answer is no such gradient.
    """

    case: str
    inputs: PlainData
    label: str = ""
    expected: PlainData = None
    got: PlainData = None
    wrong: Array | None = None
    error: str = ""
    blocks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


class Following(NamedTuple):
    """The exercise that comes next in the lesson: its id, its title, and the anchor of its place in the notebook."""

    id: str
    title: str
    anchor: str


@dataclass(frozen=True)
class Report:
    """What a check found.

    ``fraction`` of the points is earned; ``mistake`` names what went wrong, with a ``hint``; ``seconds`` is the time
    of the slowest call; ``points`` is None where an exercise carries none, as on a student's own machine. ``claim`` is
    what the hint says, as data; ``experiment`` is how it was found out, in half a sentence. The points of a
    ``warm_up`` are a scale alone: no gradebook counts them. ``meaning`` says what a right answer is and what the
    student can now rely on; ``following`` is the exercise that comes next.
    """

    exercise: str
    title: str
    fraction: float
    properties: tuple[Criterion, ...]
    mistake: str = ""
    hint: str = ""
    example: Example | None = None
    printed: str = ""
    seconds: float = 0.0
    points: float | None = None
    notes: tuple[str, ...] = field(default=())
    claim: Claim = field(default_factory=Claim)
    experiment: str = ""
    warm_up: bool = False
    meaning: str = ""
    following: Following | None = None

    @property
    def passed(self) -> bool:
        """Whether everything that the exercise asks for is met."""
        return self.fraction == 1.0

    @property
    def earned(self) -> float | None:
        """Points earned, to the hundredth; None where the exercise carries no points."""
        return None if self.points is None else round(self.points * self.fraction, 2)
