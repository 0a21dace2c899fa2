"""All of an instructor's work on a made-up class, from start to end, in a folder ``demo`` of the work folder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from grader import sample_class
from grader.autograde import Progress, grade_class
from grader.course import Chapter, CourseDirectory, chapters
from grader.demo import students
from grader.demo.table import marks_table, troubles
from grader.execution.config import ExecutionConfig, TimeLimits
from grader.publish import build
from grader.publish.class_report.data import facts
from grader.publish.class_report.page import write_report
from grader.publish.feedback import write_feedback
from grader.publish.marks import export_csv
from grader.publish.solutions import run_solution

QUICK = TimeLimits(check=5.0)  # the demo has a student whose function never returns
SHOWN = "lobrien"  # whose feedback page is named to be opened: several exercises are wrong


def shown_chapters() -> list[Chapter]:
    """Return the chapters that the made-up class hands in: those for which its mistakes and answers are written."""
    return [chapter for chapter in chapters() if chapter.key in students.SHARED]


def run(console: Console, course: CourseDirectory, config: ExecutionConfig, progress: Progress) -> None:
    """Build, solve, fill a class, grade it, write feedback and the report, and say what to open.

    The class is made in a folder ``demo`` of the course's work folder, with a gradebook of its own.
    """
    started = time.perf_counter()
    where = replace(course, work=course.work / "demo", db="")
    where.work.mkdir(parents=True, exist_ok=True)
    sample_class.clear(where)

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    for chapter in shown_chapters():
        say(f"Built {shown(build.build(chapter, where))}")
    say("Running the instructor's solution of the first chapter (`python -m grader solutions` runs them all) ...")
    say(f"Ran and rendered {shown(run_solution(where, shown_chapters()[0])[1])}")
    for chapter in shown_chapters():
        say(f"{len(students.fill_class(where, chapter))} students hand in {chapter.assignment_id}.")
    own = replace(config, work_dir=where.work, limits=QUICK)
    results = grade_class(where, shown_chapters(), config=own, progress=progress)
    found = facts(where, shown_chapters())
    console.print(marks_table(found))
    for line in troubles(found, results):
        say(line)
    pages = [page for chapter in shown_chapters() for page in write_feedback(where, chapter)]
    say(f"{len(pages)} feedback pages are in {shown(where.feedback)}")
    marks = export_csv(where, shown_chapters(), where.work / "marks.csv")
    say(f"{marks} marks are in {shown(where.work / 'marks.csv')}")
    report = write_report(where, shown_chapters())
    say(f"Done in {time.perf_counter() - started:.0f} s. Open:")
    for line in what_to_open(where, report, pages):
        say(line)


def what_to_open(where: CourseDirectory, report: Path, pages: Sequence[Path]) -> list[str]:
    """Return the demo's last lines: each thing to look at, at the place where it really is."""
    page = next((p for p in pages if p.is_relative_to(where.feedback / SHOWN)), pages[0])
    work = where.work.resolve()
    lines = [
        ("the class report, what to teach tomorrow", shown(report)),
        ("a student's feedback", shown(page)),
        ("the marking desk, where the reflections wait", f"make desk WORK={work}"),
        ("this class in nbgrader's pages", f"make formgrader WORK={work}"),
        ("the lessons, as a student sees them", "make lab"),
    ]
    return [f"  {what}: {place}" for what, place in lines]


def shown(path: Path) -> str:
    """Return a path as it can be typed from here: relative to the current folder where it lies below it."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
