"""The questions of a chapter as the desk shows them: text, marking scheme and model answer, from the source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from nbformat import NotebookNode

from grader.bank.registry import entries
from grader.course import Chapter
from grader.errors import GraderError
from grader.nbgrader_bridge.formulas import markdown2html
from grader.notebooks.nbgrader_cells import is_grade, is_solution
from grader.notebooks.source import INSTRUCTOR_TAG, source_notebook, template
from gradschool.core.exercise import grade_id


@dataclass(frozen=True)
class Question:
    """One graded cell of a chapter. ``cell`` carries the points, ``answer_cell`` the answer and the comment.

    ``written`` is a reflection, which a person marks; the others have an ``exercise``, which the judge marks. ``text``,
    ``scheme`` and ``model`` are the instructor's own words, as HTML or, where the model answer is code, as text;
    ``stub`` is the answer as handed out.
    """

    chapter: Chapter
    cell: str
    answer_cell: str
    title: str
    points: float
    exercise: str = ""
    text: str = ""
    scheme: str = ""
    model: str = ""
    stub: str = ""

    @property
    def written(self) -> bool:
        """Whether a person marks it."""
        return not self.exercise

    @property
    def path(self) -> str:
        """Its place in the desk's addresses."""
        return f"{self.chapter.assignment_id}/{self.cell}"


def questions(chapter: Chapter) -> list[Question]:
    """Return the chapter's questions: what a person marks, then the judge's exercises, each in the lesson's order."""
    return list(_questions(chapter, chapter.source.read_bytes()))


def find_question(chapter: Chapter, cell: str) -> Question:
    """Return one question; raise GraderError if the chapter has no graded cell of this name."""
    for found in questions(chapter):
        if found.cell == cell:
            return found
    raise GraderError(f"{chapter.assignment_id} has no graded cell {cell!r}.")


@lru_cache(maxsize=8)
def _questions(chapter: Chapter, source: bytes) -> tuple[Question, ...]:
    """Make them; ``source``, the file's bytes, makes them anew when it has changed."""
    solved, stubs = source_notebook(chapter).cells, _by_name(template(chapter))
    written = [_reflection(chapter, solved, at, stubs) for at, c in enumerate(solved) if is_grade(c) and is_solution(c)]
    answers = {c.metadata.nbgrader.grade_id: c for c in solved if "nbgrader" in c.metadata}
    judged = []
    for exercise, entry in entries(chapter.key).items():
        name = f"{grade_id(exercise)}-solution"
        judged.append(
            Question(
                chapter,
                grade_id(exercise),
                name,
                entry.exercise.title,
                entry.marks,
                exercise,
                model=_without_marks(answers[name].source),
                stub=stubs[name],
            )
        )
    return (*written, *judged)


def _without_marks(source: str) -> str:
    """Return a solution without the lines that say where it begins and ends."""
    return "\n".join(line for line in source.split("\n") if not line.strip().startswith("### "))


def _by_name(notebook: NotebookNode) -> dict[str, str]:
    return {c.metadata.nbgrader.grade_id: c.source for c in notebook.cells if "nbgrader" in c.metadata}


def _reflection(chapter: Chapter, cells: list[NotebookNode], at: int, stubs: dict[str, str]) -> Question:
    """Make a written question: its text stands in the cell before it, its marking scheme in the cells after it."""
    cell = cells[at]
    name = cell.metadata.nbgrader.grade_id
    asked = cells[at - 1].source if at and cells[at - 1].cell_type == "markdown" else ""
    scheme = []
    for after in cells[at + 1 :]:
        if INSTRUCTOR_TAG not in after.metadata.get("tags", []):
            break
        scheme.append(after.source)
    return Question(
        chapter,
        name,
        name,
        "Reflection" if name.endswith("reflection") else name,
        float(cell.metadata.nbgrader.points),
        text=_html(asked),
        scheme=_html("\n\n".join(scheme)),
        model=_html(cell.source),
        stub=stubs[name],
    )


def _html(source: str) -> str:
    """Render the instructor's own Markdown, formulas drawn."""
    return str(markdown2html({}, source)) if source else ""
