"""The course as static pages: what students get, with what a teacher's run shows, and nothing of a solution."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.course import ROOT, Chapter, CourseDirectory
from grader.errors import GraderError
from grader.notebooks.source import source_notebook
from grader.publish.phone_figures import with_stacked_parts
from grader.publish.solutions import PACKAGE, package_digest, run_solutions, solution_file
from gradschool.lessons.live_figures import page as live_figures

ROOT_PAGES = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "LICENSE-TEXT",
    "SECURITY.md",
)  # pages at the top of the checkout
FIGURES = "_static/figures"
_DATA_URI = re.compile(r"data:image/(?P<kind>png|gif|jpeg|svg\+xml);base64,(?P<data>[A-Za-z0-9+/=\s]+)")
_READING_NOTE = (
    "> **You are reading a run of this notebook**, with everything that it measures. Open it in JupyterLab to enter "
    "your predictions ([how to begin](../../for-students.md))."
)
_NOTE = (
    "> **You are reading a run of this lesson**, with everything that it draws and measures. What you are to write is "
    "left open: open the notebook in JupyterLab to write it ([how to begin](../../for-students.md))."
)


@dataclass
class Page:
    """One lesson being made into a page: where its pictures go, and how many there are."""

    chapter: Chapter
    folder: Path  # of the site's sources
    pictures: int = 0
    shown: list[NotebookNode] = field(default_factory=list)

    def keep(self, data: bytes, kind: str) -> str:
        """Write one picture; return its address as seen from the lesson's page."""
        self.pictures += 1
        ending = {"svg+xml": "svg", "jpeg": "jpg"}.get(kind, kind)
        name = f"{self.chapter.assignment_id}-{self.pictures:02}.{ending}"
        (self.folder / FIGURES).mkdir(parents=True, exist_ok=True)
        (self.folder / FIGURES / name).write_bytes(data)
        return f"../../{FIGURES}/{name}"


def site(course: CourseDirectory, chapters: list[Chapter], *, fresh: bool = False) -> Path:
    """Build the whole site and return its front page; solutions are executed where the last run is stale."""
    sources, to = course.work / "site-source", course.work / "site"
    shutil.rmtree(sources, ignore_errors=True)
    shutil.copytree(ROOT / "docs", sources, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ROOT_PAGES:
        shutil.copy(ROOT / name, sources / (name if name.endswith(".md") else f"{name}.txt"))
    _api_pages(sources / "api")
    for chapter, executed in _executed(course, chapters, fresh):
        released = nbformat.read(course.released(chapter), as_version=4)
        page = Page(chapter, sources)
        file = sources / "course" / chapter.assignment_id / f"{chapter.notebook}.ipynb"
        file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(lesson_page(page, released, executed), file)
    _sphinx(sources, to)
    return to / "index.html"


def _api_pages(folder: Path) -> None:
    """Write one page for each public module of the student package."""
    folder.mkdir()
    package = ROOT / "src" / "gradschool"
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package).with_suffix("").parts
        if parts[-1].startswith("_") or {"exercises", "clinics"} & set(parts):
            continue
        name = ".".join(parts)
        text = f"# gradschool.{name}\n\n```{{eval-rst}}\n.. automodule:: gradschool.{name}\n   :members:\n```\n"
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def _executed(course: CourseDirectory, chapters: list[Chapter], fresh: bool) -> list[tuple[Chapter, NotebookNode]]:
    stale = [c for c in chapters if fresh or not is_fresh(course, c)]
    for _ in run_solutions(course, stale):
        pass
    return [(c, nbformat.read(solution_file(course, c), as_version=4)) for c in chapters]


def is_fresh(course: CourseDirectory, chapter: Chapter) -> bool:
    """Return whether the executed solution was made from today's source, with today's package."""
    file = solution_file(course, chapter)
    if not file.exists():
        return False
    was = nbformat.read(file, as_version=4)
    same = [c.source for c in was.cells] == [c.source for c in source_notebook(chapter).cells]
    return same and was.metadata.get(PACKAGE) == package_digest()


def lesson_page(page: Page, released: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """Put the outputs of the executed notebook under the cells of the released one, and return it."""
    outputs = {c.id: c.outputs for c in executed.cells if c.cell_type == "code"}
    for cell in released.cells:
        cell.metadata.pop("nbgrader", None)
        if cell.cell_type != "code":
            page.shown.append(cell)
            continue
        if cell.id not in outputs:
            name = page.chapter.assignment_id
            raise GraderError(f"The release of {name} is stale: run `python -m grader build` and commit course/.")
        cell.outputs = [shown for o in outputs[cell.id] if (shown := _plain(o, page)) is not None]
        if cell.outputs and not cell.source.startswith("predict("):  # a question is nobody's run
            run = "instructors-answer" if cell.source.startswith("check(") else "instructors-run"
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), run]
        page.shown.append(cell)
    page.shown.insert(
        1, nbformat.v4.new_markdown_cell(_READING_NOTE if page.chapter.is_reading else _NOTE, id="about-this-page")
    )
    released.cells = page.shown
    return released


def _plain(output: NotebookNode, page: Page) -> NotebookNode | None:
    """Return an output that needs no kernel, script or network; None for one that only a kernel can show."""
    if output.output_type == "stream":
        text = re.sub(r"[^\n]*\r(?!\n)", "", output.text)  # of a progress bar, its end
        return _output("stream", name="stdout", text=text) if text.strip() else None
    if output.output_type == "error":
        raise GraderError(
            f"A cell of {page.chapter.assignment_id} raises {output.ename}: run `python -m grader solutions` first."
        )
    data = output.data
    figure, html = data.get(live_figures.MIME), data.get("text/html")
    if html is not None:  # of a figure, its SVG in the page's colors
        html = html if figure else with_stacked_parts(html)
        html = _DATA_URI.sub(lambda m: page.keep(base64.b64decode(m["data"]), m["kind"]), html)
    elif "image/png" in data:
        html = _picture(base64.b64decode(data["image/png"]), output.get("metadata", {}), page)
    if html is not None:
        return _html(live_figures.as_html(figure, html) if figure else html)
    if "text/markdown" in data:
        return _output("display_data", data={"text/markdown": data["text/markdown"]})
    if any("widget" in kind for kind in data) or "text/plain" not in data:
        return None
    return _output("display_data", data={"text/plain": data["text/plain"]})


def _picture(png: bytes, metadata: Any, page: Page) -> str:
    shown = metadata.get("image/png", {})
    width = f' width="{shown["width"]}"' if "width" in shown else ""
    words = escape(shown.get("alt") or metadata.get("alt", ""), quote=True)
    return f'<img src="{page.keep(png, "png")}" alt="{words}"{width} loading="lazy">'


def _output(kind: str, **content: Any) -> NotebookNode:
    made: NotebookNode = nbformat.v4.new_output(kind, **content)
    return made


def _html(text: str) -> NotebookNode:
    return _output("display_data", data={"text/html": text})


def _sphinx(sources: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    words = ["-b", "html", "--nitpicky", "--fail-on-warning", "--keep-going", "--quiet", "-d", str(to) + "-doctrees"]
    run = subprocess.run(
        [sys.executable, "-m", "sphinx", *words, str(sources), str(to)], cwd=ROOT, capture_output=True, text=True
    )
    if run.returncode:
        raise GraderError("Sphinx is not content:\n" + (run.stderr or run.stdout).strip())
