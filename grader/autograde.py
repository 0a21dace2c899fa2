"""Grading a class: an executor runs the notebooks, one writer owns the gradebook.

A submission is entered in the gradebook before its graded notebook is put in place, in one move. So a run that is
stopped at any point, and started again, ends as one that was not.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import parse_utc

from grader.course import STUDENT_ID, Chapter, CourseDirectory
from grader.errors import GraderError, Interrupted
from grader.execution.config import ExecutionConfig
from grader.executors.base import Executor, Failed, Graded, Submission
from grader.executors.local import LocalExecutor
from grader.gradebook import grades, late_penalty
from grader.gradebook.connection import enter_student, open_gradebook, write_transaction
from grader.gradebook.file_lock import try_lock
from grader.notebooks.reader import escapes_folder
from grader.results import GradeRecord, digest_of, grader_version, note_ungraded


class Status(StrEnum):
    """What came of a submission."""

    GRADED = "graded"
    UNCHANGED = "unchanged"  # this very file was graded before, by this very grader
    FAILED = "failed"  # it could not be graded


@dataclass(frozen=True)
class Result:
    """What came of one submission; ``reason`` says why it could not be graded.

    ``grader_fault``: the machine, the lesson or the grader is the reason, not the student. ``errors`` says of each
    answer's cell that failed what it raises, and in which line.
    """

    student: str
    chapter: str
    status: Status
    score: float | None = None
    max_score: float | None = None
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    mistakes: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    grader_fault: bool = False


Progress = Callable[[Iterator[Result], int], Iterable[Result]]  # shows results on their way, of so many


def grade_class(
    course: CourseDirectory,
    chapters: list[Chapter],
    *,
    student: str | None = None,
    force: bool = False,
    executor: Executor | None = None,
    config: ExecutionConfig | None = None,
    progress: Progress = lambda results, _: results,
) -> list[Result]:
    """Grade the class, or one student, and return the results in the order of chapter and student.

    Without an executor the notebooks run on this machine; without a config, forked and in the sandbox.
    """
    with only_run(course):
        found = submissions(course, chapters, student)
        steps = autograde(course, found, executor=executor, force=force, config=config)
        try:
            results = list(progress(steps, len(found)))
        except KeyboardInterrupt:  # typer would end without a word
            raise Interrupted("stopped. What was entered stays; run the same command again to go on.") from None
    return sorted(results, key=lambda r: (r.chapter, r.student))


@contextlib.contextmanager
def only_run(course: CourseDirectory) -> Iterator[None]:
    """Hold the class's lock, so that two runs never write to one gradebook at the same time."""
    course.work.mkdir(parents=True, exist_ok=True)
    with open(course.work / ".grading.lock", "a+", encoding="utf-8") as lock:
        if not try_lock(lock):
            lock.seek(0)
            who = lock.read().strip() or "unknown"
            raise GraderError(f"Another run is grading in {course.work} (process {who}): wait until it ends.")
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def submissions(course: CourseDirectory, chapters: list[Chapter], student: str | None = None) -> list[Submission]:
    """Return what there is to grade, in the order of student and chapter; raise GraderError if there is nothing."""
    if not course.submitted.is_dir():
        raise GraderError(
            f"There is no folder {course.submitted}: put submissions there as STUDENT/CHAPTER/NOTEBOOK.ipynb."
        )
    students = sorted(f.name for f in course.submitted.iterdir() if f.is_dir() and not f.name.startswith("."))
    if student is not None:
        if student not in students:
            near = get_close_matches(student, students, 1)
            raise GraderError(
                f"There is no submission of a student {student!r} in {course.submitted}"
                + (f"; did you mean {near[0]!r}?" if near else ".")
            )
        students = [student]
    found = [s for name in students for s in _of_student(course, name, chapters)]
    if not found:
        raise GraderError(
            f"There is nothing to grade in {course.submitted} for {', '.join(c.assignment_id for c in chapters)}."
        )
    return found


def _of_student(course: CourseDirectory, student: str, chapters: list[Chapter]) -> Iterator[Submission]:
    for chapter in chapters:
        file = course.notebook_path(course.submitted, student, chapter)
        if not STUDENT_ID.fullmatch(student):
            yield Submission(student, chapter, file, f"The folder name {student!r} is not a student id: rename it.")
        elif escapes_folder(file, course.submitted):
            yield Submission(
                student, chapter, file, f"{file.name} is a link to somewhere else: ask for the file itself."
            )
        elif file.is_file():
            yield Submission(student, chapter, file)
        elif file.parent.is_dir():
            yield Submission(student, chapter, file, _missing(file))


def _missing(file: Path) -> str:
    others = sorted(f.name for f in file.parent.glob("*.ipynb"))
    if others:
        return (
            f"{file.name} is missing, and there is {others[0]!r}: rename it if it is the submission, and grade again."
        )
    return f"{file.name} is missing from the folder {file.parent.name}: ask for it."


def autograde(
    course: CourseDirectory,
    found: list[Submission],
    *,
    executor: Executor | None = None,
    force: bool = False,
    config: ExecutionConfig | None = None,
) -> Iterator[Result]:
    """Grade these submissions and yield each result as it is entered. Hold :func:`only_run` around it."""
    todo, version = [], grader_version
    with open_gradebook(course) as gradebook:
        _require_built(gradebook, {s.chapter.assignment_id for s in found})
        for submission in found:
            if submission.problem:
                yield _enter_failure(gradebook, course, Failed(submission, submission.problem))
            elif not force and _is_graded(course, submission, version(submission.chapter)):
                yield _keep(gradebook, course, submission)
            else:
                todo.append(submission)
        for outcome in (executor or LocalExecutor()).run(todo, config or ExecutionConfig(course.work)):
            if isinstance(outcome, Graded):
                yield _enter(gradebook, course, outcome.submission, outcome.notebook)
            else:
                yield _enter_failure(gradebook, course, outcome)


def _require_built(gradebook: Gradebook, names: set[str]) -> None:
    for name in sorted(names):
        try:
            gradebook.find_assignment(name)
        except MissingEntry:
            raise GraderError(f"The gradebook does not know {name}: run `python -m grader build` first.") from None


def _graded_file(course: CourseDirectory, submission: Submission) -> Path:
    return course.notebook_path(course.autograded, submission.student, submission.chapter)


def _read_graded(course: CourseDirectory, submission: Submission) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(_graded_file(course, submission), as_version=4)
    return notebook


def _is_graded(course: CourseDirectory, submission: Submission, version: str) -> bool:
    """Return whether this very file has been graded by this very grader."""
    try:
        found = GradeRecord.read(_read_graded(course, submission))
    except Exception:  # not there, or not whole: grade it
        return False
    return found.grader == version and found.submission == digest_of(submission.file)


def _enter(gradebook: Gradebook, course: CourseDirectory, submission: Submission, graded: NotebookNode) -> Result:
    with write_transaction(gradebook):
        _open_submission(gradebook, submission)
        grades.save_grades(gradebook, graded, submission.student, submission.chapter)
        late_penalty.apply_late_penalty(gradebook, submission.student, submission.chapter)
        result = _result(gradebook, submission, Status.GRADED, graded)
    file = _graded_file(course, submission)
    file.parent.mkdir(parents=True, exist_ok=True)
    if stamp := _stamp_of(submission):
        shutil.copyfile(stamp, file.parent / "timestamp.txt")
    partial = file.with_suffix(".partial")
    nbformat.write(graded, partial)
    os.replace(partial, file)
    note_ungraded(course, submission.student, submission.chapter, "")
    return result


def _keep(gradebook: Gradebook, course: CourseDirectory, submission: Submission) -> Result:
    """Keep what is graded already; in a gradebook that does not have it, enter it once more."""
    graded = _read_graded(course, submission)
    if not grades.is_entered(gradebook, submission.student, submission.chapter):
        return _enter(gradebook, course, submission, graded)
    note_ungraded(course, submission.student, submission.chapter, "")
    return _result(gradebook, submission, Status.UNCHANGED, graded)


def _stamp_of(submission: Submission) -> Path | None:
    """Return the file with the time from nbgrader's exchange; a link could lead to any file of the instructor's."""
    stamp = submission.file.parent / "timestamp.txt"
    return stamp if stamp.is_file() and not stamp.is_symlink() else None


def _open_submission(gradebook: Gradebook, submission: Submission) -> None:
    student, chapter = submission.student, submission.chapter
    enter_student(gradebook, student)
    when = None
    if stamp := _stamp_of(submission):
        with contextlib.suppress(ValueError, OverflowError):
            when = parse_utc(stamp.read_text(errors="replace").strip()[:100])
    gradebook.update_or_create_submission(chapter.assignment_id, student, **({"timestamp": when} if when else {}))


def _enter_failure(gradebook: Gradebook, course: CourseDirectory, failed: Failed) -> Result:
    """Enter a submission that could not be graded: known to the gradebook, without marks, left to a person.

    Marks of an earlier submission stay in the gradebook. Where the student is not at fault, they are not exported.
    """
    submission, reason = failed.submission, failed.reason
    if STUDENT_ID.fullmatch(submission.student):
        note_ungraded(course, submission.student, submission.chapter, reason if failed.grader_fault else "")
        with write_transaction(gradebook):
            _open_submission(gradebook, submission)
    chapter = submission.chapter.assignment_id
    return Result(submission.student, chapter, Status.FAILED, reason=reason, grader_fault=failed.grader_fault)


def _result(gradebook: Gradebook, submission: Submission, status: Status, graded: NotebookNode) -> Result:
    chapter = submission.chapter
    entered = gradebook.find_submission_notebook(chapter.notebook, chapter.assignment_id, submission.student)
    found = GradeRecord.read(graded)
    return Result(
        submission.student,
        chapter.assignment_id,
        status,
        float(entered.score),
        float(entered.max_score),
        notes=list(found.notes),
        mistakes=found.mistakes(),
        errors=dict(found.errors),
    )
