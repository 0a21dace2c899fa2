"""How far a student has come, from the log of the checks: which exercises pass, and the minutes each took."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gradschool.check.check_log import ExerciseStatus, chapter_status, events, line
from gradschool.core.exercise import CHAPTERS
from gradschool.core.interactive import is_interactive
from gradschool.lessons.predictions.record import predictions


def as_text(part: str, all_of: Sequence[ExerciseStatus]) -> str:
    """Make a table for a terminal of how the chapter's exercises stand."""
    wide = max(len(s.exercise.id) for s in all_of)
    rows = [f"  [{_sign(s)}] {s.exercise.id:{wide}}  {s.word:13} {_minutes(s):>6}" for s in all_of]
    return "\n".join([f"{CHAPTERS[part]}: {line(all_of)}", *rows])


def _sign(s: ExerciseStatus) -> str:
    return "x" if s.passed else ("!" if s.checks else " ")


def _minutes(s: ExerciseStatus) -> str:
    if not s.checks:
        return ""
    return f"{s.minutes:.0f} min" if s.minutes >= 1 else "<1 min"


def as_html(part: str, all_of: Sequence[ExerciseStatus]) -> str:
    """Make a table for a notebook of how the chapter's exercises stand: no scripts, and read aloud row by row."""
    head = "".join(
        f'<th scope="col" style="text-align:left">{h}</th>' for h in ("Exercise", "About", "Stands", "Minutes")
    )
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left;font-weight:normal"><code>{escape(s.exercise.id)}</code></th>'
        f'<td style="text-align:left">{escape(s.exercise.title)}</td>'
        f'<td style="text-align:left">{"✓ " if s.passed else ""}{s.word}</td>'
        f'<td style="text-align:right">{escape(_minutes(s))}</td></tr>'
        for s in all_of
    )
    words = escape(line(all_of))
    return f"<div><div><strong>{words}</strong></div><table><tr>{head}</tr>{rows}</table>{_NOTE}</div>"


_NOTE = (
    "<div><em>From the checks on this computer alone; nobody else sees it. Minutes run from an exercise's first check "
    "to its first pass, pauses not counted.</em></div>"
)


_WHENCE = "From your last checks on this computer. `gradschool hand-in` runs all of them anew, as a grader does."


class _Progress:
    """What IPython displays: HTML where it can, text elsewhere."""

    def __init__(self, part: str, all_of: Sequence[ExerciseStatus]) -> None:
        self.part, self.all_of = part, all_of

    def _repr_html_(self) -> str:
        return as_html(self.part, self.all_of)

    def __repr__(self) -> str:
        return as_text(self.part, self.all_of)


def progress(part: str) -> _Progress | None:
    """Show in a lesson how many of its exercises pass; nothing where no person looks on.

    Parameters
    ----------
    part
        The chapter: "chain", "dqn" or "ddpg".
    """
    return _Progress(part, chapter_status(part, events())) if is_interactive() else None


def _predictions(part: str) -> str:
    found = [p for p in predictions(part).values() if p.guess is not None]
    return f"\n  Predictions: {len(found)}, measured: {sum(p.measured is not None for p in found)}" if found else ""


def all_chapters() -> str:
    """Make the tables of all chapters for a terminal."""
    log = events()
    if not log:
        return "No check has been noted yet: open a lesson, write a function, and run its check."
    tables = [as_text(part, chapter_status(part, log)) + _predictions(part) for part in CHAPTERS]
    return "\n\n".join([*tables, _WHENCE])
