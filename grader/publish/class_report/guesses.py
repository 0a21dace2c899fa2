"""The class's predictions, question by question: how its guesses are distributed, from those who handed them in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import nbformat

from grader.course import Chapter, CourseDirectory
from grader.lms import handed_in_predictions
from grader.notebooks.predictions import questions
from gradschool.lessons.predictions.outcome import compare
from gradschool.lessons.predictions.question import NotAGuess, Question, Value, said
from gradschool.lessons.predictions.record import Prediction


@dataclass(frozen=True)
class GuessFacts:
    """One question: how many students predicted, their guesses and measurements in words, and how many were right.

    ``right`` counts, of those who saw a measurement: a number within a factor of 2, the choice, the whole order.
    """

    question: str
    students: int
    guesses: str
    measured: str
    right: str


def facts(course: CourseDirectory, chapter: Chapter) -> list[GuessFacts]:
    """Return the facts of every question that somebody's hand-in answers, in the lesson's order."""
    handed_in = handed_in_predictions.read(course, chapter)
    if not handed_in:
        return []
    lesson = nbformat.read(course.released(chapter), as_version=4)
    made = []
    for asked in questions(lesson.cells).values():
        found = [own for of in handed_in.values() if (own := _own(asked, of.get(asked.id)))]
        if found:
            made.append(_facts(asked, found))
    return made


def _own(asked: Question, p: Prediction | None) -> Prediction | None:
    """Return a prediction as far as it answers the question: whatever else a file says is left out."""
    guess = _read(asked, p.guess) if p else None
    return Prediction(asked.id, guess, measured=_read(asked, p.measured)) if p and guess is not None else None


def _read(asked: Question, value: Value | None) -> Value | None:
    if isinstance(value, float) != (asked.kind == "number"):
        return None
    try:
        return asked.read(value)
    except NotAGuess:
        return None


def _facts(asked: Question, found: Sequence[Prediction]) -> GuessFacts:
    guesses = [p.guess for p in found if p.guess is not None]
    measured = [p.measured for p in found if p.measured is not None]
    both = [o for p in found if p.guess is not None and p.measured is not None and (o := compare(p.guess, p.measured))]
    right = f"{sum(o.met == o.possible for o in both)} of {len(both)}" if both else "–"
    return GuessFacts(asked.text, len(found), _distribution(asked, guesses), _distribution(asked, measured), right)


def _distribution(asked: Question, values: Sequence[Value]) -> str:
    """Return a distribution in words: lowest, median and highest number, or how often each answer was given."""
    numbers = [v for v in values if isinstance(v, float)]
    if numbers:
        low, middle, high = (said(n, asked.unit) for n in (min(numbers), median(numbers), max(numbers)))
        return middle if low == high else f"{low} to {high}, median {middle}"
    return "; ".join(f"{said(value)}: {count}" for value, count in Counter(values).most_common()) or "–"
