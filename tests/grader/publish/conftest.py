"""The course's site, built once for all its tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import ROOT, CourseDirectory, chapters
from grader.publish.site import site


@pytest.fixture(scope="session")
def built_site() -> Path:
    """The site as `make site` makes it; solutions that were run lately are used again. Sphinx's warnings are errors."""
    return site(CourseDirectory(ROOT / "build", ROOT / "course"), chapters()).parent
