"""The demo's marks as a table in the terminal: students as rows, chapters as columns, percent and color."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from grader.autograde import Result, Status
from grader.publish.class_report.data import ChapterFacts, Mark, by_student, percent

COLORS = {"high": "green", "good": "cyan", "low": "yellow", "poor": "red"}


def marks_table(found: Sequence[ChapterFacts]) -> Table:
    """Return everybody's share of the points marked so far; the number says what the color says."""
    heads = [f.chapter.assignment_id for f in found]
    table = Table("Student", title="Marks, in percent of the points marked so far", title_justify="left")
    for head in heads:
        table.add_column(head, justify="right")
    for row in by_student(found):
        table.add_row(Text(row.name), *(_cell(mark) for mark in row.marks))
    return table


def _cell(mark: Mark | None) -> Text:
    if mark is None:
        return Text("–", style="dim")
    if mark.share is None:
        return Text("not graded", style="bold red")
    return Text(percent(mark.share), style=COLORS[mark.level])


def troubles(found: Sequence[ChapterFacts], results: Sequence[Result]) -> Iterator[str]:
    """Yield a line for each submission that could not be graded, and one on how many wait for a person."""
    names = {mark.student: mark.name for f in found for mark in f.marks}
    for result in results:
        if result.status is Status.FAILED:
            yield f"{names.get(result.student, result.student)}, {result.chapter}: {result.reason}"
    waiting = sum(bool(mark.ungraded) for f in found for mark in f.marks)
    if waiting:
        yield f"{waiting} reflections wait for a person."
