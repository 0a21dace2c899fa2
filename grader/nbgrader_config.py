"""nbgrader's own configuration: plain ``nbgrader`` (run from this folder) and the formgrader take the same road."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from grader.course import course_directory
from grader.nbgrader_bridge.setup import configure

configure(get_config(), course_directory())  # type: ignore[name-defined]  # noqa: F821
