"""What a notebook is: which chapter's, and whether anybody has worked in it."""

from __future__ import annotations

from functools import lru_cache

from nbformat import NotebookNode

from grader.bank.registry import entries
from grader.course import Chapter, chapters
from grader.errors import SubmissionError
from grader.notebooks.comparing import HandedOut, text_of
from grader.notebooks.definitions import defined
from grader.notebooks.find_answers import name_of
from gradschool.core.exercise import grade_id

FEWEST = 2  # cells of a lesson, or functions of its exercises, by which a notebook without names is known
SHORTEST = 20  # characters of a cell that tells one lesson from another
MOST_CELLS = 2_000  # that are looked at


def chapter_of(notebook: NotebookNode, file: str) -> Chapter:
    """Return the chapter whose exercises the notebook has most of, by their names, else by texts and functions.

    Raises
    ------
    SubmissionError
        If it has no cell of any chapter; the sentence names ``file``.
    """
    names = {name_of(c) for c in notebook.cells}
    common = {c: len(names & {grade_id(i) for i in entries(c.key)}) for c in chapters()}
    if any(common.values()):
        return max(common, key=lambda c: common[c])
    common = {c: _likeness(notebook, c) for c in chapters()}
    ranked = sorted(common, key=lambda c: -common[c])
    if not ranked or common[ranked[0]] < FEWEST or common[ranked[0]] in [common[c] for c in ranked[1:]]:
        raise SubmissionError(f"{file} has no cell of any chapter: is it a notebook of this course?")
    return ranked[0]


def is_untouched(notebook: NotebookNode, chapter: Chapter) -> bool:
    """Return whether every cell with a text is as this release or another handed it out."""
    given = _handed_out(chapter)
    return all(not text_of(c).strip() or given.has(c) for c in notebook.cells[:MOST_CELLS])


def _likeness(notebook: NotebookNode, chapter: Chapter) -> int:
    """Count the lesson's cells in a notebook, and the functions of its exercises that the other cells define."""
    functions = {e.exercise.function for e in entries(chapter.key).values()}
    cells, given = set(), _handed_out(chapter)
    written: set[str] = set()
    for cell in notebook.cells[:MOST_CELLS]:
        same = given.find(cell) if len(text_of(cell)) >= SHORTEST else []
        cells |= {id(c) for c in same}
        written |= functions & defined(text_of(cell)) if not same and cell.cell_type == "code" else set()
    return len(cells) + len(written)


def _handed_out(chapter: Chapter) -> HandedOut:
    return _of_text(chapter, chapter.source.read_bytes())


@lru_cache(maxsize=8)
def _of_text(chapter: Chapter, text: bytes) -> HandedOut:
    """Return a lesson's cells; ``text``, the source's bytes, makes them others when the source has changed."""
    from grader.notebooks.source import template  # loads jupytext and a client of kernels, which few downloads need

    return HandedOut(template(chapter).cells)
