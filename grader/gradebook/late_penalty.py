"""Late penalties, by the rule that nbgrader is configured with. Without a due date or a rule, there are none."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from nbgrader.api import Gradebook

from grader.course import Chapter

if TYPE_CHECKING:
    from nbgrader.plugins import LateSubmissionPlugin


@lru_cache
def rule(folder: Path = Path(__file__).parents[1]) -> LateSubmissionPlugin:
    """Return nbgrader's plugin for late work that ``nbgrader_config.py`` in this folder chooses, with its settings."""
    from nbgrader.preprocessors import AssignLatePenalties  # half a second, which only late work has to wait for
    from traitlets.config.loader import PyFileConfigLoader

    step = AssignLatePenalties(config=PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config())
    step.init_plugin()
    return step.plugin_inst


def apply_late_penalty(
    gradebook: Gradebook, student: str, chapter: Chapter, plugin: LateSubmissionPlugin | None = None
) -> None:
    """Enter what lateness costs, once the marks are in: never negative, never more than was earned."""
    submission = gradebook.find_submission(chapter.assignment_id, student)
    notebook = gradebook.find_submission_notebook(chapter.notebook, chapter.assignment_id, student)
    gradebook.db.refresh(notebook)  # its score is a sum that the database makes
    seconds = submission.total_seconds_late
    notebook.late_submission_penalty = penalty_for(student, notebook.score, seconds, plugin) if seconds > 0 else None
    gradebook.db.commit()


def penalty_for(student: str, score: float, seconds: float, plugin: LateSubmissionPlugin | None = None) -> float | None:
    """Return what so many seconds cost of a score: never negative, never more than it; None where they cost nothing."""
    penalty = (plugin or rule()).late_submission_penalty(student, score, seconds)
    return None if penalty is None else min(max(penalty, 0), score)
