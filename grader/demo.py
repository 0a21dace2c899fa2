"""All of an instructor's work on a made-up class, from start to end, in ``build/demo``."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from rich.console import Console

from grader import sample_class
from grader.autograde import Progress, Result, grade_class
from grader.course import CourseDirectory, chapters
from grader.execution.config import ExecutionConfig, TimeLimits
from grader.publish import build
from grader.publish.class_report.page import write_report
from grader.publish.feedback import write_feedback
from grader.publish.marks import export_csv
from grader.publish.solutions import run_solutions

QUICK = TimeLimits(check=5.0)  # the demo has a student whose function never returns


def run(
    console: Console,
    course: CourseDirectory,
    config: ExecutionConfig,
    progress: Progress,
    show_results: Callable[[list[Result]], None],
) -> None:
    """Build, solve, fill a class, grade it, write feedback, and say where everything is.

    The class is made in a folder ``demo`` of the course's work folder, with a gradebook of its own.
    """
    started = time.perf_counter()
    where = replace(course, work=course.work / "demo", db="")
    where.work.mkdir(parents=True, exist_ok=True)
    sample_class.clear(where)
    for chapter in chapters():
        console.print(f"Built {build.build(chapter, where)}", highlight=False)
    console.print("Running the instructor's solutions ...")
    for _, page in run_solutions(where, chapters()):
        console.print(f"Ran and rendered {page}", highlight=False)
    for number, chapter in enumerate(chapters()):
        students = sample_class.fill_class(where, chapter, misbehaving=number == 0, written=True)
        console.print(f"A class hands in {chapter.assignment_id}: {', '.join(students)}", highlight=False)
    own = replace(config, work_dir=where.work, limits=QUICK)
    show_results(grade_class(where, chapters(), config=own, progress=progress))
    for chapter in chapters():
        files = write_feedback(where, chapter)
        console.print(f"{len(files)} feedback pages, for example {files[0]}", highlight=False)
    rows = export_csv(where, chapters(), where.work / "marks.csv")
    console.print(f"{rows} marks in {where.work / 'marks.csv'}", highlight=False)
    console.print(f"The class report, what to teach tomorrow: {write_report(where, chapters())}", highlight=False)
    console.print(
        f"Done in {time.perf_counter() - started:.0f} s. Next: `make formgrader WORK=build/demo` "
        "shows this class in nbgrader's pages; `make lab` opens the lessons.",
        highlight=False,
    )
