"""Building a release: source, notebook, nbgrader's gradebook, ``course/``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException

from grader.course import Chapter, House, Trouble
from grader.gradebook.connection import alone, opened
from grader.nbgrader_bridge.setup import converter, last_words, reason
from grader.notebooks.source import source_notebook


def build(chapter: Chapter, house: House) -> Path:
    """Build one chapter into ``house.release`` and its gradebook; the path of the release notebook."""
    source = house.source / chapter.name / f"{chapter.notebook}.ipynb"
    source.parent.mkdir(parents=True, exist_ok=True)
    (house.work / "exchange").mkdir(mode=0o777, exist_ok=True)
    nbformat.write(source_notebook(chapter), source)
    _generate(chapter, house)
    return house.release / chapter.name / f"{chapter.notebook}.ipynb"


def _generate(chapter: Chapter, house: House) -> None:
    generate = converter(GenerateAssignment, house, chapter.name)
    generate.force = True
    with opened(house) as gradebook, alone(gradebook.engine), last_words() as words:
        try:
            generate.start()
        except NbGraderException as error:
            if any("submissions associated" in line for line in words):
                raise Trouble(_CELLS_CHANGED.format(chapter=chapter.name)) from None
            raise Trouble(f"nbgrader could not build {chapter.name}: {reason(words)}") from error


_CELLS_CHANGED = (
    "{chapter} has gained or lost graded cells since submissions were graded: "
    "keep the cells, or grade again into a new gradebook."
)


def stale(wanted: Iterable[Chapter], house: House) -> list[str]:
    """Names of the chapters whose committed release differs from what their source builds."""
    different = []
    with tempfile.TemporaryDirectory() as folder:
        fresh = House(Path(folder) / "work", Path(folder) / "course")
        for chapter in wanted:
            built = build(chapter, fresh)
            committed = house.release / chapter.name / built.name
            if not committed.exists() or committed.read_bytes() != built.read_bytes():
                different.append(chapter.name)
    return different
