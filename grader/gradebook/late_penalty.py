"""Late work: nbgrader's rule, asked by our road as by its own. Without a due date or a rule, lateness costs nothing."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook

from grader.course import Chapter


@lru_cache
def rule(folder: Path = Path(__file__).parents[1]) -> Any:
    """nbgrader's plugin for late work that ``nbgrader_config.py`` in this folder chooses, with its settings."""
    from nbgrader.preprocessors import AssignLatePenalties  # half a second that a class in time need not wait
    from traitlets.config import PyFileConfigLoader

    asks = AssignLatePenalties(config=PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config())
    asks.init_plugin()
    return asks.plugin_inst


def apply_late_penalty(gradebook: Gradebook, student: str, chapter: Chapter, plugin: Any = None) -> None:
    """Enter what lateness costs, once the marks are in: never below nothing, never more than was earned."""
    submission = gradebook.find_submission(chapter.assignment_id, student)
    notebook = gradebook.find_submission_notebook(chapter.notebook, chapter.assignment_id, student)
    gradebook.db.refresh(notebook)  # its score is a sum that the database makes
    asked, seconds = None, submission.total_seconds_late
    if seconds > 0:
        asked = (plugin or rule()).late_submission_penalty(student, notebook.score, seconds)
    notebook.late_submission_penalty = None if asked is None else min(max(asked, 0), notebook.score)
    gradebook.db.commit()
