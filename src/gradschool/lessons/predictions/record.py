"""The record of a student's guesses: a file of the student's own beside the log of the checks, never sent anywhere.

Each guess is one line, and so is each measurement that was shown. The order of the lines says which guess was made
before the measurement. What a disk refuses is remembered by this kernel alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradschool.check.check_log import state_file
from gradschool.check.own_lines import append_line, read_lines
from gradschool.lessons.predictions.question import ID, Value, plain_value

MOST_HANDED_IN = 100  # predictions of one chapter that are read from a file
_unwritten: list[dict[str, Any]] = []  # records of this kernel that are on no disk


@dataclass(frozen=True)
class Prediction:
    """One prediction: the guess that counts, what was changed later, and the measurement.

    Attributes
    ----------
    id
        The id of the question.
    guess
        The first guess that was made before a measurement was shown; None if there is none.
    changed
        Other guesses made later, still before the measurement.
    after
        Guesses made after the measurement was shown. They count for nothing.
    measured
        The last measurement; None before the first.
    """

    id: str
    guess: Value | None = None
    changed: tuple[Value, ...] = ()
    after: tuple[Value, ...] = ()
    measured: Value | None = None

    @property
    def last(self) -> Value | None:
        """The guess that was made last, whenever that was."""
        return next(iter((*reversed(self.after), *reversed(self.changed), self.guess)))


def file() -> Path:
    """Return the file of the guesses: beside the log of the checks, named after it."""
    log = state_file()
    return log.with_name(f"{log.stem}-predictions{log.suffix or '.jsonl'}")


def keep_guess(name: str, guess: Value) -> bool:
    """Keep a guess, which a person has made; return whether it is on the disk."""
    return _keep({"prediction": name, "guess": guess})


def keep_measurement(name: str, measured: Value) -> bool:
    """Keep that a measurement was shown; return whether that is on the disk."""
    return _keep({"prediction": name, "measured": measured})


def _keep(record: dict[str, Any]) -> bool:
    record = {"at": round(time.time(), 1), **record}
    if append_line(file, record):
        return True
    _unwritten.append({**record, **{k: list(v) for k, v in record.items() if isinstance(v, tuple)}})
    return False


def predictions(part: str = "") -> dict[str, Prediction]:
    """Return what is kept, by id, in the order of the first guesses; of one chapter, if that is named."""
    return in_order([*read_lines(file), *_unwritten], part)


def as_plain(found: Iterable[Prediction]) -> dict[str, dict[str, Any]]:
    """Return the guesses that count, with their measurements, as what JSON can hold: by id, for handing in."""
    return {p.id: {"guess": p.guess, "measured": p.measured} for p in found if p.guess is not None}


def from_plain(found: Any) -> dict[str, Prediction]:
    """Read what :func:`as_plain` has made, whoever wrote it: what is none of it is left out."""
    made = {}
    for name, one in list(found.items())[:MOST_HANDED_IN] if isinstance(found, dict) else ():
        guess = plain_value(one.get("guess")) if isinstance(one, dict) and ID.fullmatch(str(name)) else None
        if guess is not None:
            made[name] = Prediction(name, guess, measured=plain_value(one.get("measured")))
    return made


def in_order(records: Iterable[Mapping[str, Any]], part: str = "") -> dict[str, Prediction]:
    """Put records together by id; what is no record is skipped."""
    found: dict[str, Prediction] = {}
    for record in records:
        name = record.get("prediction")
        if isinstance(name, str) and ID.fullmatch(name) and part in ("", name.partition(".")[0]):
            found[name] = _with(found.get(name, Prediction(name)), record)
    return {name: p for name, p in found.items() if p != Prediction(name)}


def _with(p: Prediction, record: Mapping[str, Any]) -> Prediction:
    measured, guess = plain_value(record.get("measured")), plain_value(record.get("guess"))
    if measured is not None:
        return Prediction(p.id, p.guess, p.changed, p.after, measured)
    if guess is None or guess == p.last:
        return p
    if p.measured is not None:
        return Prediction(p.id, p.guess, p.changed, (*p.after, guess), p.measured)
    if p.guess is None:
        return Prediction(p.id, guess)
    return Prediction(p.id, p.guess, (*p.changed, guess), p.after, p.measured)
