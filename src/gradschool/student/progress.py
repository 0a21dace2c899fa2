"""How far a student has come, from the checks: which exercises pass, and the minutes each took. Local only.

Each check in a notebook that somebody has open appends one line to a file of the student's own. Lines stand on their
own: two kernels may write at once, and a line that cannot be read is skipped. Nothing is written while grading, and a
disk that cannot be written costs the note, not the check.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

from gradschool.core.exercise import CHAPTERS, Exercise, in_chapter
from gradschool.core.judge_messages import JUDGE_VARIABLE
from gradschool.lessons.notebook_ui import is_interactive

STATE_VARIABLE = "GRADSCHOOL_STATE"
BREAK = 20 * 60.0  # seconds without any check that count as a pause
MOST_BYTES = 1_000_000  # of the file's end that are read: some ten thousand checks


@dataclass(frozen=True)
class Event:
    """One check: when (seconds since 1970), of what, and whether it passed."""

    at: float
    exercise: str
    passed: bool


@dataclass(frozen=True)
class ExerciseStatus:
    """One exercise: how often it was checked, whether its last check passed, and the minutes until the first pass.

    ``red``: checks that failed since it last passed. Minutes run from the first check on; pauses do not count.
    """

    exercise: Exercise
    checks: int = 0
    passed: bool = False
    minutes: float = 0.0
    failures_since_pass: int = 0

    @property
    def word(self) -> str:
        """passed, open, or not tried yet."""
        return "passed" if self.passed else ("open" if self.checks else "not tried yet")


def state_file() -> Path:
    """Where progress is kept: $GRADSCHOOL_STATE, or the folder in which this system keeps a user's state."""
    if os.environ.get(STATE_VARIABLE):
        return Path(os.environ[STATE_VARIABLE])
    home = Path.home()
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local"))
    elif sys.platform == "darwin":
        folder = home / "Library/Application Support"
    else:
        folder = Path(os.environ.get("XDG_STATE_HOME", home / ".local/state"))
    return folder / "gradschool" / "progress.jsonl"


def log_check(exercise: str, passed: bool) -> None:
    """Write a check down, if somebody watches and the disk allows it."""
    if is_interactive():
        write(Event(time.time(), exercise, passed))


def write(event: Event) -> None:
    """Append one line, in one write; nothing happens where that is not possible, or while grading."""
    if JUDGE_VARIABLE in os.environ:
        return
    line = json.dumps({"at": round(event.at, 1), "exercise": event.exercise, "passed": event.passed}) + "\n"
    try:
        file = state_file()
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "ab", buffering=0) as out:
            out.write(line.encode())
    except (OSError, RuntimeError):  # a full or read-only disk; no home at all
        pass


def events() -> list[Event]:
    """Every check that can be read, in order of time; none while grading."""
    if JUDGE_VARIABLE in os.environ:
        return []
    try:
        with open(state_file(), "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - MOST_BYTES))
            lines = file.read().split(b"\n")
    except (OSError, RuntimeError):
        return []
    return sorted((e for line in lines if (e := _event(line))), key=lambda e: e.at)


def _event(line: bytes) -> Event | None:
    try:
        found = json.loads(line)
        at, exercise, passed = found["at"], found["exercise"], found["passed"]
    except (ValueError, KeyError, TypeError, RecursionError):  # half a line, another program's, or nothing at all
        return None
    good = isinstance(at, int | float) and 0 < at < 1e11 and isinstance(exercise, str) and isinstance(passed, bool)
    return Event(float(at), exercise, passed) if good else None


def chapter_status(part: str, log: Iterable[Event]) -> list[ExerciseStatus]:
    """Every exercise of the chapter, in the lesson's order, as it stands after these checks."""
    log = list(log)
    return [_exercise_status(exercise, log) for exercise in in_chapter(part)]


def current_status(part: str) -> list[ExerciseStatus]:
    """The chapter's standings for somebody who watches; none elsewhere, or if nothing could be noted."""
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
    """One line: how many of the chapter's exercises pass, and which one is next."""
    passed = sum(s.passed for s in all_of)
    following = next((s.exercise.id for s in all_of if not s.passed), "")
    said = f"{passed} of {len(all_of)} exercises of this chapter pass"
    return f"{said}; the next is {following}." if following else f"{said}: all of them."


def as_text(part: str, all_of: Sequence[ExerciseStatus]) -> str:
    """The chapter's standings as a table for a terminal."""
    wide = max(len(s.exercise.id) for s in all_of)
    rows = [f"  [{_sign(s)}] {s.exercise.id:{wide}}  {s.word:13} {_minutes(s):>6}" for s in all_of]
    return "\n".join([f"{CHAPTERS[part]}: {line(all_of)}", *rows])


def _sign(s: ExerciseStatus) -> str:
    return "x" if s.passed else ("!" if s.checks else " ")


def _minutes(s: ExerciseStatus) -> str:
    return f"{s.minutes:.0f} min" if s.checks else ""


def as_html(part: str, all_of: Sequence[ExerciseStatus]) -> str:
    """The same for a notebook: no scripts, and read aloud row by row."""
    head = "".join(
        f'<th scope="col" style="text-align:left">{h}</th>' for h in ("Exercise", "About", "Stands", "Minutes")
    )
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left;font-weight:normal"><code>{escape(s.exercise.id)}</code></th>'
        f'<td style="text-align:left">{escape(s.exercise.title)}</td>'
        f'<td style="text-align:left">{"✓ " if s.passed else ""}{s.word}</td>'
        f'<td style="text-align:right">{_minutes(s)}</td></tr>'
        for s in all_of
    )
    words = escape(line(all_of))
    return f"<div><div><strong>{words}</strong></div><table><tr>{head}</tr>{rows}</table>{_NOTE}</div>"


_NOTE = (
    "<div><em>From the checks on this computer alone; nobody else sees it. Minutes run from an exercise's first check "
    "to its first pass, pauses not counted.</em></div>"
)


class _Progress:
    """What IPython displays: HTML where it can, text elsewhere."""

    def __init__(self, part: str, all_of: Sequence[ExerciseStatus]) -> None:
        self.part, self.all_of = part, all_of

    def _repr_html_(self) -> str:
        return as_html(self.part, self.all_of)

    def __repr__(self) -> str:
        return as_text(self.part, self.all_of)


def progress(part: str) -> _Progress | None:
    """In a lesson: how far you are in this chapter ("chain", "dqn" or "ddpg"). Nothing where nobody watches."""
    return _Progress(part, chapter_status(part, events())) if is_interactive() else None


def all_chapters() -> str:
    """All chapters for a terminal."""
    log = events()
    if not log:
        return "No check has been noted yet: open a lesson, write a function, and run its check."
    return "\n\n".join(as_text(part, chapter_status(part, log)) for part in CHAPTERS)
