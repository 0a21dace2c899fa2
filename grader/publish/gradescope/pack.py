"""Gradescope's autograder as a zip: the grader with one chapter, what installs it, and what runs it."""

from __future__ import annotations

import json
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from grader.course import ROOT, Chapter
from grader.errors import GraderError
from gradschool.student.results_json import VISIBILITIES

HERE = Path(__file__).parent
SCRIPTS = ("setup.sh", "run_autograder")
SETTINGS = "settings.json"
EXECUTABLE, PLAIN = 0o755 << 16, 0o644 << 16
LEFT_OUT = ("redteam", "demo", "desk")  # of the grader: no submission needs them


def pack(chapter: Chapter, to: Path, visibility: str = "visible", index: str = "") -> list[str]:
    """Write the zip and return the names inside; the same checkout gives the same bytes.

    ``index`` is another package index for pip, as of PyTorch's builds without CUDA.
    """
    if visibility not in VISIBILITIES:
        raise GraderError(f"--visibility is one of {', '.join(VISIBILITIES)}, not {visibility!r}.")
    if not to.parent.is_dir():
        raise GraderError(f"There is no folder {to.parent}: make it, or choose another place with -o.")
    contents = dict(sorted(_contents(chapter, visibility, index)))
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = EXECUTABLE if name in SCRIPTS else PLAIN
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return list(contents)


def _contents(chapter: Chapter, visibility: str, index: str) -> Iterator[tuple[str, bytes]]:
    for name in SCRIPTS:
        text = (HERE / name).read_text(encoding="utf-8")
        yield name, text.replace("@INDEX@", f"--extra-index-url '{index}'" if index else "").encode()
    yield SETTINGS, json.dumps({"chapter": chapter.assignment_id, "visibility": visibility}).encode()
    yield "requirements.txt", "\n".join(requirements()).encode() + b"\n"
    files = [f for f in (ROOT / "grader").rglob("*.py") if f.relative_to(ROOT / "grader").parts[0] not in LEFT_OUT]
    files += [*package_files(), chapter.source, *(ROOT / "constraints").glob("*.txt")]
    for file in files:
        yield str(file.relative_to(ROOT)), file.read_bytes()


def package_files() -> list[Path]:
    """Return every file of the student's packages, without what Python and pip write beside them."""
    found = [f for name in ("gradschool", "gradexaminer") for f in sorted((ROOT / "src" / name).rglob("*"))]
    return [f for f in found if f.is_file() and "__pycache__" not in f.parts]


def requirements() -> list[str]:
    """Return what the grader needs of other packages; `gradschool` itself is not installed, for kernels see less."""
    return [line for line in required("lessons", "grader") if not line.startswith("gradschool")]


def required(*extras: str) -> list[str]:
    """Return what pyproject.toml asks for, with these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *(line for name in extras for line in project["optional-dependencies"][name])]
