"""What was fetched and sent, a line each, written before the next request: a run that was killed goes on from there.

It lies in ``lms/`` of the work folder and holds no token. Without it nothing is lost: the LMS is asked what it has.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from grader.course import CourseDirectory
from grader.lms.ids import safe_id

NAME = "journal.jsonl"


def folder_of(course: CourseDirectory, kind: str, number: str) -> Path:
    """Return the folder in which downloads and journal of one course of an LMS lie."""
    return course.work / "lms" / safe_id(f"{kind}-{number}")


class Journal:
    """The journal of one course of an LMS."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / NAME
        self.fetched: dict[str, str] = {}  # path -> version
        self.sent: dict[tuple[str, str], float] = {}  # assignment, student's number -> mark
        self.pages: dict[tuple[str, str], str] = {}  # the same -> name of the feedback page
        for line in self._lines():
            self._take(line)

    def add_file(self, path: str, version: str) -> None:
        """Note that a file was downloaded completely."""
        self._add({"fetched": path, "version": version})

    def add_mark(self, assignment: str, student: str, mark: float, page: str) -> None:
        """Note that a mark was entered."""
        self._add({"sent": mark, "assignment": assignment, "student": student, "page": page})

    def _lines(self) -> list[dict[str, Any]]:
        """Return the lines; one that a kill cut off says nothing."""
        try:
            lines = self.file.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            found += [value] if isinstance(value, dict) else []
        return found

    def _take(self, line: dict[str, Any]) -> None:
        if "fetched" in line:
            self.fetched[str(line["fetched"])] = str(line.get("version"))
        elif isinstance(line.get("sent"), int | float):
            key = str(line.get("assignment")), str(line.get("student"))
            self.sent[key] = float(line["sent"])
            self.pages[key] = str(line.get("page", ""))

    def _add(self, line: dict[str, Any]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("ab+") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - 1))
            cut_off = opened.read() not in (b"", b"\n")
            opened.write((("\n" if cut_off else "") + json.dumps(line, sort_keys=True) + "\n").encode())
            opened.flush()
            os.fsync(opened.fileno())
        self._take(line)
