"""nbgrader's own configuration: plain ``nbgrader`` (run from this folder) and the formgrader grade in the same way."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from grader.nbgrader_bridge.setup import configure
from grader.settings import Settings

configure(get_config(), Settings.from_env().course_directory())  # type: ignore[name-defined]  # noqa: F821
