"""When a question is asked again: boxes with growing intervals, from the student's own files on this computer alone.

After Leitner's boxes (Sebastian Leitner, So lernt man lernen, 1972): a right answer moves a question to the next box,
a wrong one back to the first. What a student once got wrong begins in the first box: a check that failed, or a
prediction that was far off. Each answer is one appended line, so a run that is killed loses no answer before it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from gradschool.check.check_log import events, state_file
from gradschool.check.own_lines import append_line, read_lines, time_of
from gradschool.lessons.predictions.outcome import compare
from gradschool.lessons.predictions.record import file as predictions_file
from gradschool.lessons.predictions.record import predictions
from gradschool.student.review.questions import topic_of

DAYS = (1, 2, 4, 8, 16, 32)  # until a question of each box is asked again
A_DAY = 5


@dataclass(frozen=True)
class Item:
    """One topic: its box, counted from 0, and the day from which its question is due; None once it is learned."""

    topic: str
    box: int
    due: int | None


@dataclass(frozen=True)
class Moment:
    """Something that was right or wrong about a topic, at a time in seconds since 1970; ``reviewed`` in a review."""

    at: float
    topic: str
    right: bool
    reviewed: bool = False


def file() -> Path:
    """Return the file of the answers: beside the log of the checks, named after it."""
    log = state_file()
    return log.with_name(f"{log.stem}-review.jsonl")


def keep(topic: str, right: bool) -> bool:
    """Keep an answer; return whether it is on the disk."""
    return append_line(file, {"at": round(time.time(), 1), "review": topic, "right": right})


def moments() -> list[Moment]:
    """Return all failed checks, predictions that were far off, and answers in reviews, in order of time."""
    checks = (Moment(e.at, topic, e.passed) for e in events() if (topic := topic_of(e.exercise)))
    answers = (m for record in read_lines(file) if (m := _answer(record)))
    return sorted([*checks, *_predictions(), *answers], key=lambda m: m.at)


def _answer(record: Mapping[str, Any]) -> Moment | None:
    at, name, right = time_of(record), record.get("review"), record.get("right")
    known = topic_of(name) if isinstance(name, str) else None
    return Moment(at, known, right, True) if at is not None and known and isinstance(right, bool) else None


def _predictions() -> Iterator[Moment]:
    """Yield a moment for each prediction that was not met, at the time at which it was first noted."""
    times: dict[str, float] = {}
    for record in read_lines(predictions_file):
        at, name = time_of(record), record.get("prediction")
        if at is not None and isinstance(name, str):
            times.setdefault(name, at)
    for name, one in predictions().items():
        topic = topic_of(name)
        if topic and name in times and one.guess is not None and one.measured is not None:
            outcome = compare(one.guess, one.measured)
            if outcome and outcome.met < outcome.possible:
                yield Moment(times[name], topic, right=False)


def day_of(at: float) -> int:
    """Return the number of a time's day, as the calendar of this computer has it."""
    return datetime.fromtimestamp(at).date().toordinal()


def items(found: Iterable[Moment]) -> list[Item]:
    """Return where each topic stands after these moments; a topic that never was wrong is none."""
    standing: dict[str, Item] = {}
    for m in found:
        now = standing.get(m.topic)
        if not m.right:
            standing[m.topic] = Item(m.topic, 0, day_of(m.at) + DAYS[0])
        elif m.reviewed and now is not None:
            box = now.box + 1
            standing[m.topic] = Item(m.topic, box, day_of(m.at) + DAYS[box] if box < len(DAYS) else None)
    return list(standing.values())


def due(found: Iterable[Moment], today: int | None = None) -> list[Item]:
    """Return the questions for today, the longest overdue first: five a day, less those that were answered today."""
    today = date.today().toordinal() if today is None else today
    found = list(found)
    answered = sum(m.reviewed and day_of(m.at) == today for m in found)
    waiting = [i for i in items(found) if i.due is not None and i.due <= today]
    waiting.sort(key=lambda i: (i.due, i.box, i.topic))
    return waiting[: max(0, A_DAY - answered)]


def next_day(found: Iterable[Moment]) -> int | None:
    """Return the next day on which a question is due, None if there is none."""
    return min((i.due for i in items(found) if i.due is not None), default=None)
