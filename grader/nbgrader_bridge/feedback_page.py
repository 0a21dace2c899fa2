"""A student's feedback as one page: the table and the cards first, the lesson folded below.

It has no script and loads nothing, reads on a phone, and follows the reader's light or dark scheme. nbgrader's
converter calls it for our command, for nbgrader's own and for the formgrader's button.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter
from nbformat import NotebookNode
from nbgrader.api import MissingEntry

from grader.course import chapter
from grader.gradebook.connection import display_name, open_gradebook
from grader.nbgrader_bridge.bounded import in_process
from grader.nbgrader_bridge.pieces import Pieces, squeezed, warm
from grader.notebooks.nbgrader_cells import is_grade, is_solution
from grader.notebooks.source import INSTRUCTOR_TAG, template
from grader.results import ExerciseRecord, GradeRecord

STYLE = Path(__file__).with_name("feedback.css")
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
PASSED, WRONG, READ, WAITS = "passed", "not yet", "marked by a person", "waits for a person"
PLAIN = "This page could not be laid out, so it shows the marks and what was written as it stands."


@dataclass(frozen=True)
class Item:
    """One graded cell: its name, what it earned, and what is to be said of it."""

    name: str
    shown: str
    score: float | None
    points: float
    state: str
    words: str

    @property
    def earned(self) -> str:
        """The points as text; a warm-up's cell has none."""
        if not self.points:
            return "warm-up, no marks"
        return f"{'–' if self.score is None else f'{self.score:g}'} of {self.points:g}"


class FeedbackPage(Exporter):
    """nbconvert's exporter of feedback pages; a page that takes too long to lay out is a plain one with a note."""

    file_extension = ".html"
    output_mimetype = "text/html"

    def from_notebook_node(  # type: ignore[override]  # nbconvert's own classes differ from each other
        self, nb: NotebookNode, resources: Any = None, **kw: Any
    ) -> tuple[str, Any]:
        """Return the page as HTML, and its resources."""
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        facts = resources["nbgrader"]
        title, (who, waiting) = title_of(facts["assignment"]), _from_gradebook(facts)
        for cell in nb.cells:
            if _grade_id(cell) in waiting:
                cell.metadata.nbgrader["score"] = None  # where nbgrader says 0
        _warm(facts["assignment"])
        made = in_process(lambda: as_html(nb, title, who, facts)) or as_plain_html(nb, title, who, facts)
        return made, resources


@lru_cache
def _warm(assignment: str) -> None:
    warm(template(chapter(assignment)).cells)


def title_of(assignment: str) -> str:
    """Return the chapter's title, without its number."""
    heading = re.search(r"^# +(?:\d+ +· +)?(.+)$", template(chapter(assignment)).cells[0].source, re.MULTILINE)
    return heading[1].strip() if heading else assignment


def _from_gradebook(facts: Any) -> tuple[str, set[str]]:
    """Return the student's name, and the cells that nobody has marked yet."""
    where = (facts["notebook"], facts["assignment"], facts["student"])
    with open_gradebook(facts["db_url"]) as gradebook:
        try:
            grades = gradebook.find_submission_notebook(*where).grades
            waiting = {g.name for g in grades if g.auto_score is None and g.manual_score is None}
            return display_name(gradebook.find_student(facts["student"])), waiting
        except MissingEntry:
            return str(facts["student"]), set()


def as_html(nb: NotebookNode, title: str, who: str, facts: Any) -> str:
    """Return the page: results, then a card for each thing to look at, then the lesson, folded."""
    pieces, cells = Pieces(), [c for c in nb.cells if INSTRUCTOR_TAG not in c.metadata.get("tags", [])]
    found, answers = items(nb), {_grade_id(c): c for c in cells if is_solution(c)}
    comments = _comments(cells, GradeRecord.read(nb).errors, pieces)
    looked_at = [i for i in found if i.state != PASSED or i.name in comments or f"{i.name}-solution" in comments]
    cards = "".join(_card(i, cells, answers, comments, pieces) for i in looked_at)
    lesson = "".join(_cell(c, {i.name for i in looked_at}, comments, pieces) for c in cells)
    return _page(
        title,
        who,
        facts,
        _table(found)
        + (f'<section id="cards"><h2>What to look at</h2>{cards}</section>' if cards else "")
        + '<details id="lesson"><summary>The whole lesson, with your answers and what they showed</summary>'
        + f"{lesson}</details>",
    )


def as_plain_html(nb: NotebookNode, title: str, who: str, facts: Any) -> str:
    """Return a page that needs no parser: marks, and what was written as it stands."""
    written = [c for c in nb.cells if is_solution(c)]
    texts = "".join(f"<h3>{escape(_grade_id(c))}</h3><pre>{escape(squeezed(c.source)[0])}</pre>" for c in written)
    return _page(title, who, facts, f"<p>{PLAIN}</p>{_table(items(nb))}<h2>What you wrote</h2>{texts}")


def items(nb: NotebookNode) -> list[Item]:
    """Return every graded cell, in the lesson's order."""
    record = GradeRecord.read(nb).by_cell()
    return [_item(c, record.get(_grade_id(c))) for c in nb.cells if is_grade(c)]


def _item(cell: NotebookNode, found: ExerciseRecord | None) -> Item:
    info = cell.metadata.nbgrader
    score, points = info.get("score"), float(info.get("points") or 0)
    passed = found is not None and found.earned == found.points
    state = PASSED if passed else WRONG if found else WAITS if score is None else READ
    words = (found.hint or WRONG) if found and not passed else state
    return Item(str(info.grade_id), found.exercise if found else str(info.grade_id), score, points, state, words)


def _table(found: list[Item]) -> str:
    """Return the table of all exercises. A hint may quote a student's text: here it is text, and nothing parses it."""
    sign = {PASSED: ("good", "✓"), WRONG: ("bad", "✗"), READ: ("", ""), WAITS: ("", "")}
    rows = "".join(
        f'<tr class="{kind}"><th scope="row"><span class="sign" aria-hidden="true">{mark}</span>'
        f'<a href="#{escape(i.name)}">{escape(i.shown)}</a></th>'
        f"<td>{escape(i.earned)}</td><td>{_prose(i.words)}</td></tr>"
        for i in found
        for kind, mark in [sign[i.state]]
    )
    heads = "".join(f'<th scope="col">{h}</th>' for h in ("Exercise", "Earned", "What to look at"))
    return (
        '<section id="results"><h2>Your results</h2><div class="wide"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _prose(text: str) -> str:
    """Return a sentence of ours: escaped, and what stands between backticks as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))


def _card(
    item: Item, cells: list[NotebookNode], answers: dict[str, NotebookNode], comments: dict[str, str], pieces: Pieces
) -> str:
    cell = next(c for c in cells if _grade_id(c) == item.name)
    of_answer = f"{item.name}-solution"
    body = pieces.markdown(cell.source) if cell.cell_type == "markdown" else pieces.outputs(cell)
    to_answer = f'<p><a href="#{escape(of_answer)}">Your answer in the lesson</a></p>' if of_answer in answers else ""
    remarks = "".join(comments[n] for n in (item.name, of_answer) if n in comments)
    head = f'<h3>{escape(item.shown)} <span class="soft">{escape(item.earned)}</span></h3>'
    return f'<article id="{escape(item.name)}">{head}{remarks}{body}{to_answer}</article>'


def _comments(cells: list[NotebookNode], errors: Any, pieces: Pieces) -> dict[str, str]:
    """Return the comments by cell. A person's is Markdown; one that the grader made quotes a student, and is text."""
    found = {}
    for cell in cells:
        said, name = cell.metadata.get("nbgrader", {}).get("comment"), _grade_id(cell)
        if said:
            automatic = name in errors and said == f"This cell {errors[name]}."
            shown = f"<p>{escape(said)}</p>" if automatic else pieces.markdown(said, escape_html=True)
            found[name] = f'<div class="comment"><strong>Comment.</strong> {shown}</div>'
    return found


def _cell(cell: NotebookNode, above: set[str], comments: dict[str, str], pieces: Pieces) -> str:
    """Return a cell of the lesson; what has a card above is linked there."""
    name = _grade_id(cell)
    place = f' id="{escape(name)}"' if name and name not in above else ""
    kind = ' class="answer"' if is_solution(cell) else ""
    if cell.cell_type != "code":
        body = f'<p><a href="#{escape(name)}">Shown above</a></p>' if name in above else pieces.markdown(cell.source)
        return f"<div{place}{kind}>{body}</div>"
    shown = f'<p><a href="#{escape(name)}">Its card is above</a></p>' if name in above else pieces.outputs(cell)
    remark = comments.get(name, "") if is_solution(cell) else ""
    return f"<div{place}{kind}>{pieces.code(cell.source)}{remark}{shown}</div>"


def _grade_id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _page(title: str, who: str, facts: Any, body: str) -> str:
    late = float(facts.get("late_penalty") or 0)
    score = f"{float(facts['score']):g} of {float(facts['max_score']):g} points"
    score += f", {late:g} taken off for handing in late" if late else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Feedback: {escape(title)} — {escape(who)}</title><style>{_style()}</style></head><body><main>"
        f"<header><h1>Feedback: {escape(title)}</h1>"
        f'<p class="score">{escape(who)} · <strong>{score}</strong></p></header>'
        f"{body}</main></body></html>\n"
    )


@lru_cache
def _style() -> str:
    return STYLE.read_text(encoding="utf-8")
