"""Grading a class: several workers run notebooks, one writer owns the gradebook.

A submission is entered in the gradebook before its graded notebook is put in place, in one move. So a run that is
stopped at any point, and started again, ends as one that was not.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from difflib import get_close_matches
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import parse_utc

from grader import record, road, sandbox
from grader.house import Chapter, House, Trouble
from grader.session import Limits

STUDENT_ID = re.compile(r"[\w][\w.@+-]*")


@dataclass(frozen=True)
class Submission:
    """One student's file for one chapter; ``trouble`` says why it cannot even be tried."""

    student: str
    chapter: Chapter
    file: Path
    trouble: str = ""


@dataclass(frozen=True)
class Result:
    """What came of one submission: "graded", "unchanged" (nothing to do) or "trouble"."""

    student: str
    chapter: str
    status: str
    score: float | None = None
    max_score: float | None = None
    trouble: str = ""
    notes: list[str] = field(default_factory=list)
    mistakes: dict[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def only_run(house: House) -> Iterator[None]:
    """Hold the class's lock, so that two runs never write to one gradebook at the same time."""
    house.work.mkdir(parents=True, exist_ok=True)
    with open(house.work / ".grading.lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            who = lock.read().strip() or "unknown"
            raise Trouble(f"Another run is grading in {house.work} (process {who}): wait until it ends.") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def submissions(house: House, chapters: list[Chapter], student: str | None = None) -> list[Submission]:
    """What there is to grade, in the order of student and chapter; Trouble if there is nothing."""
    if not house.submitted.is_dir():
        raise Trouble(f"There is no folder {house.submitted}: put submissions there as STUDENT/CHAPTER/NOTEBOOK.ipynb.")
    students = sorted(f.name for f in house.submitted.iterdir() if f.is_dir() and not f.name.startswith("."))
    if student is not None:
        if student not in students:
            near = get_close_matches(student, students, 1)
            raise Trouble(
                f"There is no submission of a student {student!r} in {house.submitted}"
                + (f"; did you mean {near[0]!r}?" if near else ".")
            )
        students = [student]
    found = [s for name in students for s in _of_student(house, name, chapters)]
    if not found:
        raise Trouble(f"There is nothing to grade in {house.submitted} for {', '.join(c.name for c in chapters)}.")
    return found


def _of_student(house: House, student: str, chapters: list[Chapter]) -> Iterator[Submission]:
    for chapter in chapters:
        file = house.notebook_path(house.submitted, student, chapter)
        if not STUDENT_ID.fullmatch(student):
            yield Submission(student, chapter, file, f"The folder name {student!r} is not a student id: rename it.")
        elif file.is_symlink() or not file.resolve().is_relative_to(house.submitted.resolve()):
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
    house: House,
    found: list[Submission],
    *,
    jobs: int | None = None,
    force: bool = False,
    limits: Limits | None = None,
) -> Iterator[Result]:
    """Grade these submissions and yield each result as it is entered. Hold :func:`only_run` around it."""
    sandbox.require()
    todo, version = [], record.grader_version
    with Gradebook(house.db_url, "gradschool") as gradebook:
        _require_built(gradebook, {s.chapter.name for s in found})
        for submission in found:
            if submission.trouble:
                yield _enter_trouble(gradebook, submission, submission.trouble)
            elif not force and _is_graded(house, submission, version(submission.chapter)):
                yield _result(gradebook, submission, "unchanged", _read_graded(house, submission))
            else:
                todo.append(submission)
        for submission, outcome in _run_all(todo, jobs or os.cpu_count() or 1, limits):
            if isinstance(outcome, NotebookNode):
                yield _enter(gradebook, house, submission, outcome)
            else:
                yield _enter_trouble(gradebook, submission, outcome)


def _run_all(
    todo: list[Submission], jobs: int, limits: Limits | None
) -> Iterator[tuple[Submission, NotebookNode | str]]:
    """Run notebooks in worker processes; for each, as it ends, the graded notebook or a sentence of trouble."""
    if not todo:
        return
    pool = ProcessPoolExecutor(min(jobs, len(todo)), mp_context=get_context("spawn"), initializer=_worker)
    waiting: dict[Future[Any], Submission] = {pool.submit(_work, s.file, s.chapter, limits): s for s in todo}
    try:
        for future in as_completed(waiting):
            yield waiting[future], _outcome_of(future)
    except BaseException:
        _kill_workers()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _worker() -> None:
    """A worker leaves Ctrl-C to the one who started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _kill_workers() -> None:
    """End every worker, with every kernel under it, at once."""
    for worker in active_children():
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in [*psutil.Process(worker.pid).children(recursive=True), worker]:
                process.kill()


def _work(file: Path, chapter: Chapter, limits: Limits | None) -> str:
    return nbformat.writes(road.grade(file, chapter, limits))


def _outcome_of(future: Future[str]) -> NotebookNode | str:
    try:
        return nbformat.reads(future.result(), as_version=4)
    except Trouble as trouble:
        return str(trouble)
    except BrokenProcessPool:
        return "The grading process was killed (out of memory?): grade this student again."
    except Exception as error:  # one broken submission must not stop the class
        return f"Grading failed with {type(error).__name__} ({str(error)[:200]}): please report this."


def _require_built(gradebook: Gradebook, names: set[str]) -> None:
    for name in sorted(names):
        try:
            gradebook.find_assignment(name)
        except MissingEntry:
            raise Trouble(f"The gradebook does not know {name}: run `python -m grader build` first.") from None


def _graded_file(house: House, submission: Submission) -> Path:
    return house.notebook_path(house.autograded, submission.student, submission.chapter)


def _read_graded(house: House, submission: Submission) -> NotebookNode:
    return nbformat.read(_graded_file(house, submission), as_version=4)


def _is_graded(house: House, submission: Submission, version: str) -> bool:
    """Whether this very file has been graded by this very grader."""
    try:
        found = record.read(_read_graded(house, submission))
    except Exception:  # not there, or not whole: grade it
        return False
    return found.get("grader") == version and found.get("submission") == record.digest_of(submission.file)


def _enter(gradebook: Gradebook, house: House, submission: Submission, graded: NotebookNode) -> Result:
    student, chapter = submission.student, submission.chapter
    _open_submission(gradebook, submission)
    record.enter(gradebook, graded, student, chapter)
    file = _graded_file(house, submission)
    file.parent.mkdir(parents=True, exist_ok=True)
    stamp = submission.file.parent / "timestamp.txt"
    if stamp.is_file() and not stamp.is_symlink():
        shutil.copyfile(stamp, file.parent / "timestamp.txt")
    partial = file.with_suffix(".partial")
    nbformat.write(graded, partial)
    os.replace(partial, file)
    return _result(gradebook, submission, "graded", graded)


def _open_submission(gradebook: Gradebook, submission: Submission) -> None:
    student, chapter = submission.student, submission.chapter
    gradebook.update_or_create_student(student)
    stamp = submission.file.parent / "timestamp.txt"
    when = None
    if stamp.is_file():
        with contextlib.suppress(ValueError, OverflowError):
            when = parse_utc(stamp.read_text(errors="replace").strip()[:100])
    gradebook.update_or_create_submission(chapter.name, student, **({"timestamp": when} if when else {}))


def _enter_trouble(gradebook: Gradebook, submission: Submission, trouble: str) -> Result:
    """A submission that could not be graded: known to the gradebook, without marks, and waiting for a person."""
    if STUDENT_ID.fullmatch(submission.student):
        _open_submission(gradebook, submission)
    return Result(submission.student, submission.chapter.name, "trouble", trouble=trouble)


def _result(gradebook: Gradebook, submission: Submission, status: str, graded: NotebookNode) -> Result:
    chapter = submission.chapter
    entered = gradebook.find_submission_notebook(chapter.notebook, chapter.name, submission.student)
    found = record.read(graded)
    mistakes = {e["exercise"]: e["mistake"] for e in found["exercises"] if e["mistake"]}
    return Result(
        submission.student,
        chapter.name,
        status,
        float(entered.score),
        float(entered.max_score),
        notes=list(found["notes"]),
        mistakes=mistakes,
    )
