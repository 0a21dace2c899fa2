"""Feedback as the zips that Canvas and Moodle take for bulk upload.

Canvas (``app/models/abstract_assignment.rb``, ``infer_comment_context_from_filename``) takes feedback back under the
names that the download had: of ``name_<user id>_<file id>_...`` the two numbers are read, and any file may follow.
Moodle (``feedback/file/importziplib.php``) wants a folder for each student under the name that the download had.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from grader.course import Chapter, CourseDirectory
from grader.lms.manifest import read_manifest


def write_zips(course: CourseDirectory, chapters: list[Chapter], to: Path) -> tuple[list[Path], list[str]]:
    """Pack feedback, a zip for each chapter and LMS; return the zips, and notes on whose feedback is in none."""
    packed: dict[Path, list[tuple[str, Path]]] = {}
    left_out = set()
    manifest = read_manifest(course)
    for chapter in chapters:
        for page in sorted(course.feedback.glob(f"*/{chapter.assignment_id}/{chapter.notebook}.html")):
            student = page.parts[-3]
            entry = manifest.get(student, {}).get(chapter.assignment_id)
            if entry is None or entry["shared"] or entry["lms"] not in ("canvas", "moodle"):
                left_out.add(student)
                continue
            name = entry["stem"] + ("/" if entry["lms"] == "moodle" else "") + f"{chapter.notebook}.html"
            packed.setdefault(to / f"feedback-{entry['lms']}-{chapter.assignment_id}.zip", []).append((name, page))
    for file, pages in packed.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, page in pages:
                archive.writestr(zipfile.ZipInfo(name), page.read_bytes(), zipfile.ZIP_DEFLATED)
    why = "Not collected from an LMS's download, or handed in by another of the group, so in no zip"
    notes = [f"{why}: {', '.join(sorted(left_out))}."] if left_out else []
    return list(packed), notes
