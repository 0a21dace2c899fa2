"""nbgrader in a course's formgrader: the checkout's own configuration, with the hub's exchange and course name."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from grader.nbgrader_bridge.setup import configure
from grader.settings import Settings

c = get_config()  # noqa: F821  # traitlets puts it there
configure(c, Settings.from_env().course_directory())
c.CourseDirectory.course_id = os.environ["GRADSCHOOL_HUB_COURSE"]
c.Exchange.root = os.environ["GRADSCHOOL_EXCHANGE"]
