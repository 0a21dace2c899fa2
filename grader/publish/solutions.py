"""Solutions: the instructor's notebooks, executed and rendered."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

from grader.course import ROOT, Chapter, CourseDirectory
from grader.errors import GraderError
from grader.nbgrader_bridge.formulas import markdown2html
from grader.notebooks.source import source_notebook

PACKAGE = "gradschool_package"  # of the digest in an executed notebook's metadata


def package_digest() -> str:
    """Return a digest of the student package's code: with another one, a solution may show something else."""
    digest = hashlib.sha256()
    for file in sorted((ROOT / "src" / "gradschool").rglob("*.py")):
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def solution_file(course: CourseDirectory, chapter: Chapter) -> Path:
    """Return where a chapter's executed solution is, or will be."""
    return course.work / "solutions" / chapter.assignment_id / f"{chapter.notebook}.ipynb"


def run_solution(course: CourseDirectory, chapter: Chapter) -> tuple[Path, Path]:
    """Execute the instructor's notebook in a kernel and render it; return the notebook's and the page's paths.

    Raises
    ------
    GraderError
        If a cell raises, or writes to stderr.
    """
    notebook, file = source_notebook(chapter), solution_file(course, chapter)
    file.parent.mkdir(parents=True, exist_ok=True)
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(file.parent)}},
        extra_arguments=["--IPKernelApp.log_level=40"],  # it would warn that its local sockets are not encrypted
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise GraderError(
            f"The solution of {chapter.assignment_id} does not run: {error.ename}: {error.evalue}"
        ) from error
    _require_silence(notebook, chapter)
    notebook.metadata[PACKAGE] = package_digest()
    nbformat.write(notebook, file)
    exporter = HTMLExporter(template_name="lab", filters={"markdown2html": markdown2html})
    body, _ = exporter.from_notebook_node(notebook)
    page = file.with_suffix(".html")
    page.write_text(body, encoding="utf-8")
    return file, page


def run_solutions(course: CourseDirectory, chapters: list[Chapter]) -> Iterator[tuple[Path, Path]]:
    """Run the solutions of several chapters, as many at once as there are cores; yield paths in the chapters' order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda chapter: run_solution(course, chapter), chapters)


def _require_silence(notebook: nbformat.NotebookNode, chapter: Chapter) -> None:
    """Refuse a lesson that writes to stderr, which looks broken to a student."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise GraderError(
                    f"A cell of {chapter.assignment_id} writes to stderr: {output.text.strip().splitlines()[-1][:200]}"
                )
