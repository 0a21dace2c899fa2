"""The release: one zip with what a student needs, and nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path

from grader.course import ROOT, Chapter, CourseDirectory
from grader.errors import GraderError
from gradschool.student.hand_in import release

TOP_FILES = ("README.md", "environment.yml", "pyproject.toml", "constraints.txt")
FOR_ASSISTANTS = Path(__file__).parent / "for_assistants"  # what makes a student's AI assistant a tutor


def pack_release(course: CourseDirectory, chapters: list[Chapter], to: Path) -> list[str]:
    """Zip the student package and the released notebooks; return the names inside.

    The same content gives the same bytes.
    """
    files = [ROOT / name for name in TOP_FILES]
    files += [f for kind in ("*.py", "*.js", "*.css") for f in sorted((ROOT / "src").rglob(kind))]
    files += [ROOT / "src" / "gradschool" / release.FILE]
    files += [FOR_ASSISTANTS / "AGENTS.md", FOR_ASSISTANTS / "CLAUDE.md"]
    files += [course.released(c) for c in chapters]
    missing = [str(f) for f in files if not f.is_file()]
    if missing:
        raise GraderError(f"{missing[0]} is missing: run `python -m grader build` first.")
    to.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        names = [_inside(f, course) for f in files]
        for file, name in zip(files, names, strict=True):
            archive.writestr(zipfile.ZipInfo(f"gradschool/{name}"), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return names


def _inside(file: Path, course: CourseDirectory) -> str:
    if file.is_relative_to(course.release):
        return str(Path("course") / file.relative_to(course.release))
    if file.is_relative_to(FOR_ASSISTANTS):
        return file.name
    return str(file.relative_to(ROOT))
