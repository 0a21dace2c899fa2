"""The log of a student's checks: one line for each, in a file of the student's own, on this computer alone.

Each check in a notebook that somebody has open appends one line. Lines stand on their own: two kernels may write at
once, and a line that cannot be read is skipped. Nothing is written while grading, and a disk that cannot be written
costs the note, not the check.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from gradschool.check.own_lines import append_line, read_lines, time_of
from gradschool.core.exercise import Exercise, in_chapter
from gradschool.core.interactive import is_interactive

STATE_VARIABLE = "GRADSCHOOL_STATE_FILE"
_OLD_STATE_VARIABLE = "GRADSCHOOL_STATE"  # its name in version 0.1, heeded for one version more
BREAK = 20 * 60.0  # seconds without any check that count as a pause


@dataclass(frozen=True)
class Event:
    """One check: when (seconds since 1970), of what, and whether it passed."""

    at: float
    exercise: str
    passed: bool


@dataclass(frozen=True)
class ExerciseStatus:
    """One exercise: how often it was checked, whether its last check passed, and the minutes until the first pass.

    ``failures_since_pass`` counts the checks that failed since it last passed. Minutes run from the first check on;
    pauses do not count.
    """

    exercise: Exercise
    checks: int = 0
    passed: bool = False
    minutes: float = 0.0
    failures_since_pass: int = 0

    @property
    def word(self) -> str:
        """How the exercise stands, in a word or three: passed, not yet, or not tried yet."""
        return "passed" if self.passed else ("not yet" if self.checks else "not tried yet")


def state_file() -> Path:
    """Return the log's file: $GRADSCHOOL_STATE_FILE, or one in the folder where this system keeps a user's state."""
    chosen = os.environ.get(STATE_VARIABLE) or os.environ.get(_OLD_STATE_VARIABLE)
    if chosen:
        return Path(chosen)
    home = Path.home()
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local"))
    elif sys.platform == "darwin":
        folder = home / "Library/Application Support"
    else:
        folder = Path(os.environ.get("XDG_STATE_HOME", home / ".local/state"))
    return folder / "gradschool" / "progress.jsonl"


def log_check(exercise: str, passed: bool) -> None:
    """Add a check to the log, if a person has the notebook open and the disk allows it."""
    if is_interactive():
        write(Event(time.time(), exercise, passed))


def write(event: Event) -> None:
    """Append an event as one line, in one write; do nothing where that is not possible, or while grading."""
    append_line(state_file, {"at": round(event.at, 1), "exercise": event.exercise, "passed": event.passed})


def events() -> list[Event]:
    """Return every check that can be read, in order of time; none while grading."""
    return sorted((e for found in read_lines(state_file) if (e := _event(found))), key=lambda e: e.at)


def _event(found: Mapping[str, Any]) -> Event | None:
    at, exercise, passed = time_of(found), found.get("exercise"), found.get("passed")
    if at is not None and isinstance(exercise, str) and isinstance(passed, bool):
        return Event(at, exercise, passed)
    return None


def chapter_status(part: str, log: Iterable[Event]) -> list[ExerciseStatus]:
    """Return the status of every exercise of a chapter after these checks, in the lesson's order."""
    log = list(log)
    return [_exercise_status(exercise, log) for exercise in in_chapter(part)]


def current_status(part: str) -> list[ExerciseStatus]:
    """Return the status of a chapter's exercises; none where nobody watches, or if nothing could be noted."""
    log = events() if is_interactive() else []
    return chapter_status(part, log) if log else []


def _exercise_status(exercise: Exercise, log: Sequence[Event]) -> ExerciseStatus:
    own = [e for e in log if e.exercise == exercise.id]
    if not own:
        return ExerciseStatus(exercise)
    until = next((e for e in own if e.passed), own[-1]).at
    while_at_it = [e.at for e in log if own[0].at <= e.at <= until]
    gaps = [b - a for a, b in pairwise(while_at_it)]
    failures_since_pass = next((k for k, e in enumerate(reversed(own)) if e.passed), len(own))
    return ExerciseStatus(
        exercise, len(own), own[-1].passed, sum(g for g in gaps if g <= BREAK) / 60, failures_since_pass
    )


def line(all_of: Sequence[ExerciseStatus]) -> str:
    """Say in one line how many of a chapter's exercises pass, and which one is next."""
    passed = sum(s.passed for s in all_of)
    following = next((s.exercise.id for s in all_of if not s.passed), "")
    said = f"{passed} of {len(all_of)} exercises of this chapter pass"
    return f"{said}; the next is {following}." if following else f"{said}: all of them."
