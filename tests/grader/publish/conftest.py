"""The course's site, built once for all its tests, whichever worker asks first."""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path

import pytest

from grader.course import ROOT, CourseDirectory, lessons
from grader.publish.site import ROOT_PAGES, site

SOURCES = ("docs", "src/gradschool", "solutions", "course", "grader", *ROOT_PAGES)


@pytest.fixture(scope="session")
def built_site() -> Path:
    """The site as `make site` makes it, Sphinx's warnings being errors; made anew where any of its sources changed.

    Two workers of pytest-xdist never build it at once: the second waits, and finds it done.
    """
    course = CourseDirectory(ROOT / "build", ROOT / "course")
    course.work.mkdir(exist_ok=True)
    with open(course.work / ".site.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made_of, stamp = digest(), course.work / "site" / ".made-of"
        if not stamp.exists() or stamp.read_text() != made_of:
            site(course, lessons())
            stamp.write_text(made_of)
    return stamp.parent


def digest() -> str:
    """Of all that the site is made from."""
    files = [f for name in SOURCES for f in (sorted((ROOT / name).rglob("*")) or [ROOT / name]) if f.is_file()]
    found = hashlib.sha256()
    for file in files:
        if "__pycache__" not in file.parts:
            found.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()
