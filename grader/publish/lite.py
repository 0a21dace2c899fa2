"""The lessons in the browser: a JupyterLite site whose Python is WebAssembly, so that nothing runs on a server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import nbformat

from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError
from grader.publish.lite_parts import FROM_PYODIDE, OLDER_PYODIDE_NEEDS, Parts, own_wheel
from gradschool.core.exercise import in_chapter
from gradschool.core.without_torch import REPOSITORY_VARIABLE, colab_address

PAGE = Path(__file__).parent / "lite_page.html"  # the first page: chapters, and buttons to open, download and reset
STORAGE = "grad-school"  # of the browser's IndexedDB: what a visitor has changed is kept there
ABOUT_PROGRESS = "The log of your checks and your predictions are kept in this folder, by this browser alone.\n"
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
WHEELS_FROM_KERNEL = "../../../../wheels"  # as seen from the kernel's worker, in extensions/@jupyterlite/…/static/


def lite(
    course: CourseDirectory,
    chapters: Sequence[Chapter],
    to: Path,
    parts: Parts,
    *,
    pyodide_url: str = "",
    repository: str = "",
) -> Path:
    """Build the site and return its first page.

    Parameters
    ----------
    course
        Whose released notebooks are put in; those without an exercise that NumPy alone can check are left out.
    chapters
        Which chapters.
    to
        The site's folder; what was there is removed.
    parts
        The builder, wheels and Pyodide.
    pyodide_url
        Where the page finds Pyodide; "" for the kernel's own choice, or the copy among the parts.
    repository
        owner/name on GitHub, for links to Colab; "" for none.
    """
    if repository and not colab_address(repository, "0-a"):
        raise GraderError(f"--repository takes owner/name, as on GitHub, and not {repository!r}.")
    shutil.rmtree(to, ignore_errors=True)
    here = [c for c in chapters if runs_in_browser(c)]
    with tempfile.TemporaryDirectory() as made:
        lite_dir = Path(made)
        for chapter in here:
            (lite_dir / "contents" / chapter.assignment_id).mkdir(parents=True)
            shutil.copy(course.released(chapter), lite_dir / "contents" / chapter.assignment_id)
        (lite_dir / "contents" / "progress").mkdir()
        (lite_dir / "contents" / "progress" / "about.txt").write_text(ABOUT_PROGRESS, encoding="utf-8")
        (lite_dir / "wheels").mkdir()
        own_wheel(lite_dir / "wheels")
        for wheel in parts.wheels.glob("*.whl"):
            shutil.copy(wheel, lite_dir / "wheels")
        config = _config(parts, sorted(w.name for w in (lite_dir / "wheels").iterdir()), pyodide_url, repository)
        (lite_dir / "jupyter-lite.json").write_text(json.dumps(config), encoding="utf-8")
        _build(parts, lite_dir, to)
        shutil.copytree(lite_dir / "wheels", to / "wheels")
    if parts.pyodide:
        shutil.copytree(parts.pyodide, to / "pyodide")
    for left in to.glob("rspack.config*.js"):
        left.unlink()
    (to / "index.html").write_text(_page(course, chapters, repository), encoding="utf-8")
    return to / "index.html"


def runs_in_browser(chapter: Chapter) -> bool:
    """Return whether some exercise of the chapter can be checked without PyTorch."""
    return not chapter.is_reading and not all(e.needs_torch for e in in_chapter(chapter.key))


def _config(parts: Parts, wheels: Sequence[str], pyodide_url: str, repository: str) -> dict[str, Any]:
    """Return the site's settings: where Pyodide is, what it loads before the first cell, where changes are kept."""
    named = [*FROM_PYODIDE, *(OLDER_PYODIDE_NEEDS if parts.pyodide else ())]
    packages = [*named, *(f"{WHEELS_FROM_KERNEL}/{w}" for w in wheels if not w.startswith("comm-"))]
    options: dict[str, Any] = {"packages": packages}
    if repository:
        options["env"] = {"HOME": "/home/pyodide", REPOSITORY_VARIABLE: repository}
    kernel: dict[str, Any] = {"loadPyodideOptions": options}
    if parts.pyodide or pyodide_url:
        kernel["pyodideUrl"] = pyodide_url or f"./pyodide/{_entry(parts)}"
    if parts.pyodide:
        kernel["disablePyPIFallback"] = True
    data = {"appName": "Grad School", "contentsStorageName": STORAGE, "litePluginSettings": {KERNEL: kernel}}
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}


def _entry(parts: Parts) -> str:
    """Return the name of the file of Pyodide that this kernel loads first: a script, or in later versions a module."""
    schema = parts.kernel / "static" / "schema" / "kernel.v0.schema.json"
    address: str = json.loads(schema.read_text(encoding="utf-8"))["properties"]["pyodideUrl"]["default"]
    return address.rpartition("/")[2]


def _build(parts: Parts, lite_dir: Path, to: Path) -> None:
    words = ["--lite-dir", str(lite_dir), "--contents", str(lite_dir / "contents"), "--output-dir", str(to.resolve())]
    words += ["--apps", "lab", "--no-sourcemaps", "--no-unused-shared-packages", "--no-libarchive"]
    words += ["--ignore-sys-prefix", *(f"--LiteBuildConfig.federated_extensions={e}" for e in parts.extensions)]
    words += [f"--piplite-wheels={wheel}" for wheel in parts.wheels.glob("comm-*.whl")]
    run = subprocess.run(
        [sys.executable, str(parts.builder / "bin" / "jupyter-lite"), "build", *words],
        env={**os.environ, "PYTHONPATH": str(parts.builder)},
        cwd=lite_dir,  # it leaves a database of what was built
        capture_output=True,
        text=True,
    )
    if run.returncode or not (to / "api" / "contents" / "all.json").is_file():
        raise GraderError("JupyterLite could not build the site:\n" + (run.stderr or run.stdout).strip()[-2000:])


def _page(course: CourseDirectory, chapters: Sequence[Chapter], repository: str) -> str:
    """Make the first page: a row for each chapter."""
    rows = "".join(_row(c, _title(course, c), repository) for c in chapters)
    return Template(PAGE.read_text(encoding="utf-8")).substitute(rows=rows, storage=STORAGE)


def _row(chapter: Chapter, title: str, repository: str) -> str:
    """Make a chapter's row: where to open it, how much of it runs here, and the buttons."""
    name = chapter.assignment_id
    if not runs_in_browser(chapter):
        address = colab_address(repository, name)
        where = f'<a href="{escape(address)}">Open on Colab</a>' if address else "on your own machine, or on Colab"
        return f"<tr><td>{title}</td><td colspan=2>Needs PyTorch: {where}</td></tr>"
    exercises = in_chapter(chapter.key)
    count = f"{sum(not e.needs_torch for e in exercises)} of {len(exercises)} exercises"
    path = f"{name}/{chapter.notebook}.ipynb"
    buttons = "".join(
        f'<button type="button" data-do="{word.lower()}" data-path="{path}" aria-label="{word} {title}">{word}</button>'
        for word in ("Download", "Reset")
    )
    link = f'<a class="open" href="lab/index.html?path={path}">{title}</a>'
    return f"<tr><td>{link}</td><td>{count}</td><td>{buttons}</td></tr>"


def _title(course: CourseDirectory, chapter: Chapter) -> str:
    """Return the heading of the released notebook."""
    cells = nbformat.read(course.released(chapter), as_version=4).cells
    return next(escape(cell.source.splitlines()[0][2:]) for cell in cells if cell.source.startswith("# "))
