"""nbgrader's configuration: its folders, and our steps in place of its own.

``nbgrader_config.py`` calls it for plain ``nbgrader`` and for the formgrader; ``python -m grader`` calls it itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory as NbgraderDirectory
from nbgrader.preprocessors import AssignLatePenalties, GetGrades
from traitlets.config import Config

from grader.course import ROOT, CourseDirectory
from grader.gradebook.connection import COURSE, find_own_programs
from grader.nbgrader_bridge import formgrader_pages
from grader.nbgrader_bridge.exchange import CollectOwnFiles, ReleaseToOwners
from grader.nbgrader_bridge.feedback_page import FeedbackPage
from grader.nbgrader_bridge.formulas import offline_pages
from grader.nbgrader_bridge.preprocessors import (
    DropInstructorCells,
    EnterRecord,
    JudgeNotebook,
    SubmissionExporter,
)


def configure(c: Config, course: CourseDirectory) -> Config:
    """Fill ``c`` in for this course directory, and return it."""
    find_own_programs()
    folders = c.CourseDirectory
    folders.root = str(ROOT)
    folders.source_directory = str(course.source)
    folders.release_directory = str(course.release)
    folders.submitted_directory = str(course.submitted)
    folders.autograded_directory = str(course.autograded)
    folders.feedback_directory = str(course.feedback)
    folders.solution_directory = str(course.work / "solutions")
    folders.db_url = course.db_url
    folders.course_id = COURSE
    c.Exchange.root = str(course.work / "exchange")
    c.ExchangeFactory.collect = CollectOwnFiles
    c.ExchangeFactory.release_feedback = ReleaseToOwners
    c.FormgradeExtension.debug = False  # it would print this configuration, which is not plain data
    offline_pages()
    formgrader_pages.install()
    _steps(c)
    return c


def _steps(c: Config) -> None:
    """Put the judge's steps where nbgrader's own stood."""
    generate = list(GenerateAssignment.preprocessors.default_args[0])
    c.GenerateAssignment.preprocessors = [DropInstructorCells, *generate]
    c.Autograde.exporter_class = SubmissionExporter  # what stands in for nbgrader's sanitizing steps
    c.Autograde.sanitize_preprocessors = []
    c.Autograde.autograde_preprocessors = [JudgeNotebook, EnterRecord, AssignLatePenalties]
    c.GenerateFeedback.preprocessors = [GetGrades]
    c.GenerateFeedback.exporter_class = FeedbackPage


def converter(kind: type[BaseConverter], course: CourseDirectory, assignment: str, student: str = "*") -> Any:
    """Return one of nbgrader's converters, ready to start on one assignment."""
    config = configure(Config(), course)
    folders = NbgraderDirectory(config=config)
    folders.assignment_id, folders.student_id = assignment, student
    made = kind(coursedir=folders, config=config)
    made.log.setLevel(logging.ERROR)
    return made


@contextmanager
def captured_log() -> Iterator[list[str]]:
    """Collect nbgrader's log instead of printing it: its exceptions only say "see above"."""
    words: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: words.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("traitlets")
    before = log.propagate
    log.addHandler(handler)
    log.propagate = False
    try:
        yield words
    finally:
        log.removeHandler(handler)
        log.propagate = before


def first_error(words: list[str]) -> str:
    """Return the line of nbgrader's log that says most: the last line of its first traceback or message."""
    lines = [line for line in words[:1] + words[1:2] for line in line.strip().splitlines()]
    return lines[-1] if lines else "it gave no reason"
