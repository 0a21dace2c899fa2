"""The whole job on a made-up class, start to end, in ``build/demo``."""

from __future__ import annotations

import time
from dataclasses import replace

from rich.console import Console

from grader import sample_class
from grader.cli.grading import grade_class, show_results
from grader.course import CourseDirectory, chapters, course_directory
from grader.execution.notebook_run import TimeLimits
from grader.publish import build
from grader.publish.class_report.page import write_report
from grader.publish.marks import export_csv
from grader.publish.solutions import run_solutions
from grader.write_feedback import write_feedback

QUICK = TimeLimits(check=5.0)  # the demo has a student whose function never returns


def run(console: Console) -> None:
    """Build, solve, fill a class, grade it, write feedback, and say where everything is."""
    started = time.perf_counter()
    where: CourseDirectory = replace(
        course_directory(), work=course_directory().work / "demo", db=""
    )  # never a real class's gradebook
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
    results = grade_class(where, chapters(), limits=QUICK)
    show_results(results)
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
