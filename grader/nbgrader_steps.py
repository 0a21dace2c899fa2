"""Our steps as nbgrader's preprocessors: thin, so that plain nbgrader and the formgrader take the same road."""

from __future__ import annotations

from html import escape
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade

from grader import record
from grader.house import chapter
from grader.source import INSTRUCTOR_TAG, template
from grader.transplant import transplant

Step = tuple[NotebookNode, Any]
NOTES = "gradschool_notes"
PADDED = 'style="padding:2px 12px 2px 0;vertical-align:top"'


def _for_students(nb: NotebookNode) -> list[NotebookNode]:
    """The cells that a student may see."""
    return [c for c in nb.cells if INSTRUCTOR_TAG not in c.metadata.get("tags", [])]


class DropInstructorCells(NbGraderPreprocessor):
    """Building a release: leave out the cells that are only for the instructor."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Step:
        nb.cells = _for_students(nb)
        return nb, resources


class Transplant(NbGraderPreprocessor):
    """Autograding, first pass: the student's solutions in the instructor's notebook."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Step:
        graded, notes = transplant(nb, template(chapter(resources["nbgrader"]["assignment"])))
        graded.metadata[NOTES] = notes
        return graded, resources


class Judge(NbGraderPreprocessor):
    """Autograding, second pass: run the notebook with the judge listening."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Step:
        from grader.road import judge

        judge(nb, chapter(resources["nbgrader"]["assignment"]), list(nb.metadata.pop(NOTES, [])))
        return nb, resources


class EnterRecord(NbGraderPreprocessor):
    """Autograding, last: the record into the gradebook."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Step:
        names = resources["nbgrader"]
        with Gradebook(names["db_url"]) as gradebook:
            record.enter(gradebook, nb, names["student"], chapter(names["assignment"]))
        return nb, resources


class Summary(NbGraderPreprocessor):
    """Feedback: a table of all exercises at the top, each linked to its card, and no instructor's cell."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> Step:
        nb.cells = _for_students(nb)
        found = record.by_cell(nb)
        rows = [_row(c, found.get(c.metadata.nbgrader.grade_id, {})) for c in nb.cells if is_grade(c)]
        heads = "".join(f'<th scope="col" {PADDED}>{h}</th>' for h in ("Exercise", "Earned", "What to look at"))
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        nb.cells.insert(0, nbformat.v4.new_markdown_cell("## Your results\n\n" + table))
        return nb, resources


def _row(cell: NotebookNode, found: dict[str, Any]) -> str:
    info = cell.metadata.nbgrader
    name, score, points = info.grade_id, info.get("score"), info.get("points")
    passed = bool(found) and found["earned"] == found["points"]
    say = "passed" if passed else found.get("hint") or "marked by a person"
    earned = "–" if score is None else f"{score:g}"
    link = f'<a href="#{escape(name)}">{escape(found.get("exercise", name))}</a>'
    cells = (link, f"{earned} of {points:g}", escape(say))
    return "<tr>" + "".join(f"<td {PADDED}>{c}</td>" for c in cells) + "</tr>"
