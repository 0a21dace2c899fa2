"""Classroom 50's autograder as a folder: a script, the points that a released notebook shows, the student's package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import nbformat

from grader.bank.registry import entries
from grader.course import ROOT, Chapter, CourseDirectory
from grader.errors import GraderError
from grader.publish.gradescope.pack import package_files, required
from gradschool.core.exercise import grade_id

HERE = Path(__file__).parent
NOT_NEEDED = ("jupyterlab", "nbgrader")  # by a runner that shows nobody a page
KERNEL = ("ipykernel>=6.29", "jupyter_client>=8.6")


def pack(chapter: Chapter, course: CourseDirectory, to: Path) -> list[str]:
    """Write the folder and return the names inside. Nothing in it is secret: students can download it.

    Raises
    ------
    GraderError
        If the folder is there already and holds something else, or if the release has not been built.
    """
    contents = dict(_contents(chapter, course))
    strange = next((f for f in to.rglob("*") if f.is_file() and str(f.relative_to(to)) not in contents), None)
    if strange:
        raise GraderError(
            f"{to} holds {strange.relative_to(to)}, which is none of the autograder: name an empty folder."
        )
    for name, content in contents.items():
        file = to / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return list(contents)


def _contents(chapter: Chapter, course: CourseDirectory) -> Iterator[tuple[str, bytes]]:
    yield "autograder.py", (HERE / "autograder.py").read_bytes()
    yield "points.json", json.dumps(_points(chapter, course), indent=1).encode()
    yield "requirements.txt", "\n".join(requirements()).encode() + b"\n"
    for file in package_files():
        yield f"package/{file.relative_to(ROOT / 'src')}", file.read_bytes()


def _points(chapter: Chapter, course: CourseDirectory) -> dict[str, float]:
    """Return the points of each exercise, as the cells of the released notebook show them."""
    file = course.released(chapter)
    if not file.is_file():
        raise GraderError(f"{file} is missing: run `python -m grader build` first.")
    cells = nbformat.read(file, as_version=4).cells
    shown = {c.metadata.nbgrader.grade_id: c.metadata.nbgrader.get("points") for c in cells if "nbgrader" in c.metadata}
    return {exercise: float(shown.get(grade_id(exercise)) or 0.0) for exercise in entries(chapter.key)}


def requirements() -> list[str]:
    """Return the packages that a lesson's checks need."""
    return [*(line for line in required("lessons") if not line.startswith(NOT_NEEDED)), *KERNEL]
