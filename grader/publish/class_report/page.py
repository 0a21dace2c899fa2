"""The class report's page: where the class stands, what it got wrong, what to teach tomorrow.

It has no script, and loads nothing from elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from grader.course import Chapter, CourseDirectory
from grader.lms.manifest import read_manifest
from grader.publish.class_report.data import (
    PATTERN,
    ChapterFacts,
    Mark,
    Misconception,
    by_student,
    facts,
    percent,
    top_misconceptions,
)
from grader.publish.class_report.figures import BINS, chapter_figures, svg
from gradschool.lessons.figures.figure import LessonFigure

MOST_MISTAKES = 12  # in one figure and its table
STYLE = """
:root { color-scheme: light dark; --ink: #222; --soft: #595959; --line: #c8c8c8; --card: #f3f5f7; --page: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --soft: #b0b0b0; --line: #4a4a4a; --card: #23272b; --page: #16181a; }
}
@media print {
  :root { --ink: #000; --soft: #333; --line: #999; --card: #fff; --page: #fff; color-scheme: light; }
  section, article, figure, tr { break-inside: avoid; } .chapter { break-before: page; } nav { display: none; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 52rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; } h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); } h3 { margin-top: 2rem; }
.chapter { break-inside: auto; }
article { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .2rem 1rem; margin: 1rem 0; }
article h3 { margin: .6rem 0 0; } article p { margin: .4rem 0 .6rem; }
figure { margin: 1rem 0; color: var(--soft); } figure svg { width: 100%; height: auto; }
figcaption { font-size: .9rem; }
.wide { overflow-x: auto; } .wide:focus-visible { outline: 2px solid #0072b2; outline-offset: 2px; }
table { border-collapse: collapse; font-size: .9rem; margin: .5rem 0; min-width: min(100%, 34rem); }
caption { text-align: left; color: var(--soft); position: sticky; left: 0; max-width: min(50rem, 100vw - 2rem); }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; white-space: nowrap; }
.marks td { border-left: .4rem solid transparent; padding-left: .6rem; }
.marks .high { border-left-color: #0072b2; background: color-mix(in srgb, #0072b2 22%, var(--page)); }
.marks .good { border-left-color: #56b4e9; background: color-mix(in srgb, #56b4e9 18%, var(--page)); }
.marks .low { border-left-color: #e69f00; background: color-mix(in srgb, #e69f00 22%, var(--page)); }
.marks .poor { border-left-color: #d55e00; background: color-mix(in srgb, #d55e00 28%, var(--page)); }
.marks .failed { border-left-color: #d55e00; font-weight: bold; }
h3, p, li { overflow-wrap: anywhere; } td, th { overflow-wrap: break-word; }
code { font-size: .95em; } .soft { color: var(--soft); }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_report(
    course: CourseDirectory, chapters: Iterable[Chapter], to: Path | None = None, when: datetime | None = None
) -> Path:
    """Write the report and return its path: ``class-report.html`` in the work folder unless ``to`` names another."""
    file = to or course.work / "class-report.html"
    page = as_html(facts(course, chapters), late=_late(course), when=when or datetime.now())
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    partial.write_text(page, encoding="utf-8")
    os.replace(partial, file)
    return file


def _late(course: CourseDirectory) -> set[tuple[str, str]]:
    """Return who handed in late, as the LMS says, by student and chapter."""
    return {(s, c) for s, collected in read_manifest(course).items() for c, entry in collected.items() if entry["late"]}


def as_html(found: Sequence[ChapterFacts], *, late: set[tuple[str, str]], when: datetime) -> str:
    """Return the page."""
    students = {m.student for f in found for m in f.marks}
    parts = [
        f"<h1>Class report</h1><p class='soft'>{len(students)} students, {when:%d %B %Y, %H:%M}</p>",
        _contents(found),
        _overview(found),
        _tomorrow(found),
        _marks(found),
        *(_chapter(f, late) for f in found),
        _waiting(found),
        _to_look_at(found),
    ]
    head = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Class report</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
    )
    return f"{head}<body><main>{''.join(parts)}</main></body></html>\n"


def _contents(found: Sequence[ChapterFacts]) -> str:
    links = [
        ("tomorrow", "What to teach tomorrow"),
        ("marks", "Everybody's marks"),
        *((f.chapter.assignment_id, f.chapter.assignment_id) for f in found),
    ]
    links += [("waiting", "Waiting for you"), ("look", "Worth a look")]
    return "<nav><p>" + " · ".join(f'<a href="#{escape(to)}">{escape(text)}</a>' for to, text in links) + "</p></nav>"


def _overview(found: Sequence[ChapterFacts]) -> str:
    rows = []
    for f in found:
        shares = sorted(f.shares)
        middle = f"{_median(shares):.0%}" if shares else "–"
        ungraded = sum(bool(m.ungraded) for m in f.marks)
        rows.append((f.chapter.assignment_id, len(shares), middle, ungraded, sum(m.failed for m in f.marks)))
    heads = ("Chapter", "Graded", "Median", "Waiting for you", "Could not be graded")
    return _table("Where the class stands", heads, rows, numbers={1, 2, 3, 4})


def _median(shares: list[float]) -> float:
    return (shares[(len(shares) - 1) // 2] + shares[len(shares) // 2]) / 2


def _tomorrow(found: Sequence[ChapterFacts]) -> str:
    graded = {f.chapter.assignment_id: len(f.shares) for f in found}
    cards = [_card(m, graded[m.chapter]) for m in top_misconceptions(found)]
    none = f"<p>No pattern: no known mistake was made by {PATTERN} students.</p>"
    return f'<h2 id="tomorrow">What to teach tomorrow</h2>{"".join(cards) or none}'


def _marks(found: Sequence[ChapterFacts]) -> str:
    """Return a table with a row for each student and a column for each chapter: percent, and a color that says it."""
    heads = "".join(f'<th scope="col" class="n">{escape(f.chapter.assignment_id)}</th>' for f in found)
    rows = "".join(
        f'<tr><th scope="row">{escape(row.name)}</th>{"".join(_share(mark) for mark in row.marks)}</tr>'
        for row in by_student(found)
    )
    return (
        '<h2 id="marks">Everybody\'s marks</h2><div class="wide" tabindex="0"><table class="marks"><caption>Percent of '
        "the points marked so far. + says that a person has still to mark something; – that nothing was "
        f'handed in</caption><thead><tr><th scope="col">Student</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _share(mark: Mark | None) -> str:
    if mark is None:
        return '<td class="n soft">–</td>'
    if mark.share is None:
        return '<td class="n failed">not graded</td>'
    return f'<td class="n {mark.level}">{percent(mark.share)}{" +" if mark.ungraded else ""}</td>'


def _card(mistake: Misconception, graded: int) -> str:
    where = f"section {escape(mistake.section)}" if mistake.section else "its section"
    worth = f"{mistake.points:g} point" + ("" if mistake.points == 1 else "s") + " each"
    worth = "in a warm-up, no marks" if mistake.warm_up else worth
    return (
        f"<article><h3>{_name(mistake.name)} <span class='soft'>in <code>{escape(mistake.exercise)}</code></span></h3>"
        f"<p><strong>{len(mistake.students)} of {graded} students, {worth}.</strong> {escape(mistake.hint)}</p>"
        f"<p class='soft'>Lesson {escape(mistake.chapter)}, {where}</p></article>"
    )


def _name(name: str) -> str:
    return escape(name.replace("-", " ").capitalize())


def _chapter(found: ChapterFacts, late: set[tuple[str, str]]) -> str:
    name = found.chapter.assignment_id
    head = f'<section class="chapter"><h2 id="{escape(name)}">{escape(name)}</h2>'
    if not found.shares:
        return f"{head}<p>Nothing is graded yet.</p></section>"
    spread, counts, exercises, mistakes = chapter_figures(found, MOST_MISTAKES)
    is_late = sorted(m.name for m in found.marks if (m.student, name) in late)
    parts = [
        head,
        f"<p>Handed in late, by the LMS: {escape(', '.join(is_late))}.</p>" if is_late else "",
        "<h3>Marks</h3>",
        _figure(spread, f"marks-{found.chapter.key}"),
        _counts(counts),
        "<h3>Exercises</h3>",
        _figure(exercises, f"exercises-{found.chapter.key}"),
        _exercises(found),
        "<h3>Misconceptions</h3>",
        _figure(mistakes, f"mistakes-{found.chapter.key}") if mistakes else "<p>None was named.</p>",
        _mistakes(found) if mistakes else "",
        _guesses(found),
    ]
    return "".join(parts) + "</section>"


def _figure(figure: LessonFigure, name: str) -> str:
    return f'<figure>{svg(figure, name)}<figcaption id="{name}-words">{escape(figure.alt)}</figcaption></figure>'


def _counts(counts: list[int]) -> str:
    heads = [f"{a:.0%} to {b:.0%}" for a, b in pairwise(BINS)]
    rows = [(head, count) for head, count in zip(heads, counts, strict=True) if count]
    return _table("The figure in numbers", ("Share of the points", "Students"), rows, numbers={1})


def _exercises(found: ChapterFacts) -> str:
    heads = ("Exercise", "Section", "Points", "All points", "Mean", "Left as handed out")
    rows = [
        (
            e.exercise,
            e.section,
            f"{e.points:g}" if e.points else "warm-up",
            f"{e.passed:.0%}",
            f"{e.mean:.0%}",
            e.untouched,
        )
        for e in found.exercises
    ]
    return _table("The figure in numbers", heads, rows, numbers={2, 3, 4, 5})


def _mistakes(found: ChapterFacts) -> str:
    rows = [
        (len(m.students), m.exercise, m.name.replace("-", " "), m.hint, m.section)
        for m in found.mistakes[:MOST_MISTAKES]
    ]
    left = len(found.mistakes) - len(rows)
    caption = "The figure in numbers" + (f"; {left} rarer ones are left out" if left else "")
    return _table(
        caption, ("Students", "Exercise", "Mistake", "What the student is told", "Section"), rows, numbers={0}
    )


def _guesses(found: ChapterFacts) -> str:
    if not found.guesses:
        return ""
    rows = [(g.question, g.students, g.guesses, g.measured, g.right) for g in found.guesses]
    heads = ("Question", "Students", "Predicted", "Measured", "Right")
    caption = (
        "From those who handed their predictions in; no mark depends on them. Right is a number within a factor of 2, "
        "the choice, or the whole order"
    )
    return f"<h3>Predictions</h3>{_table(caption, heads, rows, numbers={1, 4})}"


def _waiting(found: Sequence[ChapterFacts]) -> str:
    rows = [(m.name, f.chapter.assignment_id, ", ".join(m.ungraded)) for f in found for m in f.marks if m.ungraded]
    none = "<p>Nothing waits for you.</p>"
    table = _table(f"{len(rows)} to mark by hand: `python -m grader desk`", ("Student", "Chapter", "Cells"), rows)
    return f'<h2 id="waiting">Waiting for you</h2>{table if rows else none}'


def _to_look_at(found: Sequence[ChapterFacts]) -> str:
    rows = [(m.name, f.chapter.assignment_id, note) for f in found for m in f.marks for note in m.notes]
    failed = [(m.name, f.chapter.assignment_id, _why_failed(m)) for f in found for m in f.marks if m.failed or m.reason]
    table = _table("Notes change no mark", ("Student", "Chapter", "What there is"), [*failed, *rows])
    none = "<p>Nothing unusual.</p>"
    return f'<h2 id="look">Worth a look</h2>{table if failed or rows else none}'


def _why_failed(mark: Mark) -> str:
    if not mark.reason:
        return "could not be graded: see `autograde`"
    older = "" if mark.failed else " Its marks are those of an earlier submission."
    return f"the last submission has no mark, which is not the student's fault. {mark.reason}{older}"


def _table(
    caption: str, heads: Sequence[str], rows: Sequence[Sequence[Any]], numbers: set[int] | frozenset[int] = frozenset()
) -> str:
    """Return a table; every cell is escaped, whoever wrote it."""

    def line(tag: str, cells: Sequence[Any]) -> str:
        kind = ' scope="col"' if tag == "th" else ""
        shown = (
            f"<{tag}{kind}{' class=n' if i in numbers else ''}>{escape(str(c))}</{tag}>" for i, c in enumerate(cells)
        )
        return f"<tr>{''.join(shown)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return (
        f'<div class="wide" tabindex="0"><table><caption>{escape(caption)}</caption><thead>{line("th", heads)}</thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
