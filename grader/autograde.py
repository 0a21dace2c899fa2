"""Grading a class: an executor runs the notebooks, :class:`grader.writer.Writer` alone writes to the gradebook."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry

from grader.course import STUDENT_ID, Chapter, CourseDirectory
from grader.errors import GraderError, Interrupted
from grader.execution.config import ExecutionConfig
from grader.executors.base import Executor, Failed, Graded, Submission
from grader.executors.local import LocalExecutor
from grader.file_lock import try_lock
from grader.gradebook import grades
from grader.gradebook.connection import open_gradebook
from grader.gradebook.entering import Score
from grader.notebooks.reader import escapes_folder
from grader.results import GradeRecord, digest_of, grader_version, note_ungraded
from grader.writer import Result, Status, Writer, result_of

__all__ = ["Progress", "Result", "Status", "autograde", "grade_class", "only_run", "submissions"]

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
        writer = Writer(gradebook, course)
        for submission in found:
            if submission.problem:
                yield from writer.enter([Failed(submission, submission.problem)])
            elif not force and (graded := _graded_before(course, submission, version(submission.chapter))):
                yield _keep(writer, graded)
            else:
                todo.append(submission)
        steps = (executor or LocalExecutor()).run(todo, config or ExecutionConfig(course.work))
        yield from writer.enter_as_they_come(steps)


def _require_built(gradebook: Gradebook, names: set[str]) -> None:
    for name in sorted(names):
        try:
            gradebook.find_assignment(name)
        except MissingEntry:
            raise GraderError(f"The gradebook does not know {name}: run `python -m grader build` first.") from None


def _graded_before(course: CourseDirectory, submission: Submission, version: str) -> Graded | None:
    """Return the graded notebook, if this very file has been graded by this very grader."""
    try:
        file = course.notebook_path(course.autograded, submission.student, submission.chapter)
        notebook: NotebookNode = nbformat.read(file, as_version=4)
        found = GradeRecord.read(notebook)
        same = found.grader == version and found.submission == digest_of(submission.file)
    except Exception:  # not there, or not whole: grade it
        return None
    return Graded(submission, notebook) if same else None


def _keep(writer: Writer, graded: Graded) -> Result:
    """Keep what is graded already; in a gradebook that does not have it, enter it once more."""
    submission = graded.submission
    entered = grades.entered(writer.gradebook, submission.student, submission.chapter)
    if entered is None:
        (result,) = writer.enter([graded])
        return result
    note_ungraded(writer.course, submission.student, submission.chapter, "")
    score = Score(float(entered.score), float(entered.max_score))
    return result_of(submission, Status.UNCHANGED, GradeRecord.read(graded.notebook), score)
