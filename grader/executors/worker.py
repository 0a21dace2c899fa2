"""What a worker does with one submission, in a process of this machine or of a cluster: grade it and reply in text."""

from __future__ import annotations

from pathlib import Path

from grader.course import Chapter
from grader.errors import GraderError
from grader.execution import canary
from grader.execution.config import ExecutionConfig
from grader.execution.grade_notebook import grade_notebook
from grader.executors.base import Reply, error_reply, serialize


def grade_submission(file: Path, chapter: Chapter, config: ExecutionConfig) -> Reply:
    """Grade one file, and return the graded notebook as text or the sentence that says why there is none."""
    try:
        return True, serialize(grade_notebook(file, chapter, config))
    except Exception as error:
        return error_reply(error)


def canary_problem(chapters: list[Chapter], config: ExecutionConfig) -> str:
    """Return why no notebook of these chapters can be graded in this process's kernels; "" if they can be."""
    try:
        return next((why for chapter in chapters if (why := canary.problem(chapter, config))), "")
    except GraderError as error:
        return str(error).rstrip(".")
