"""Reports of exercises that were not examined, and of functions that miss what a failed cell should define."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nbformat import NotebookNode

from grader.bank.entry import Entry
from grader.execution.cell_errors import MISSING, NOT_DEFINED, CellError, cell_error
from grader.execution.cell_outcome import CellOutcome
from gradschool.core.exercise import grade_id
from gradschool.core.report import Report

NOT_STARTED = "not-checked"  # the name of what went wrong where the check could not start
HINTS = {
    CellOutcome.TIMEOUT: (
        "never-returned",
        "The function had not returned after {time}. Is there a loop that never ends?",
    ),
    CellOutcome.UNINTERRUPTIBLE: (
        "never-returned",
        "The function had not returned after {time}, and did not even stop when it was interrupted.",
    ),
    CellOutcome.KERNEL_DIED: (
        "kernel-died",
        "The function ended the whole kernel (exit, or a crash) instead of returning.",
    ),
    CellOutcome.NO_CHECK: (
        NOT_STARTED,
        "The check never reached the judge: `check` was replaced, or the cell returned before it.",
    ),
    CellOutcome.NOT_REACHED: ("not-reached", "Grading did not get as far as this exercise."),
    CellOutcome.OK: ("broken-off", "The check broke off before the examination had ended."),
}


def unexamined_report(
    entry: Entry, check: NotebookNode, outcome: CellOutcome, time: str = "", failed: Sequence[CellError] = ()
) -> Report:
    """Return the report of an exercise that was not examined: nothing earned, and why.

    ``check`` is its cell, which ended with ``outcome`` after ``time``; ``failed`` are the cells that failed before it.
    """
    if outcome is CellOutcome.ERROR:
        name, hint = NOT_STARTED, _why_not_started(entry, cell_error(check, outcome).sentence, failed)
    else:
        name, hint = HINTS[outcome]
    text = hint if outcome is CellOutcome.ERROR else hint.format(time=time)
    title, points = entry.exercise.title, entry.points
    return Report(entry.exercise.id, title, 0.0, (), name, text, points=points, warm_up=entry.warm_up)


def _why_not_started(entry: Entry, error: str, failed: Sequence[CellError]) -> str:
    function = entry.exercise.function
    missing = NOT_DEFINED.search(error)
    culprit = _culprit(entry.exercise.id, missing[1], failed) if missing else None
    if culprit and culprit.cell == _own_cell(entry.exercise.id):
        return f"Your cell {culprit.sentence}, so `{function}` was not examined."
    if culprit and missing:
        return f"`{function}` was not examined: the cell that defines `{missing[1]}` {culprit.sentence}."
    if missing and missing[1] == function:
        return f"`{function}` was not examined: none of your cells that ran defines this name."
    return f"`{function}` was not examined: the check's own cell {error}."


def with_cause(report: Report, failed: Sequence[CellError]) -> Report:
    """Return a report whose hint names the failed cell, where the function misses a name which that should define."""
    missing = NOT_DEFINED.search(report.hint)
    culprit = _culprit(report.exercise, missing[1], failed) if missing else None
    if not missing or culprit is None:
        return report
    which = "your cell" if culprit.cell == _own_cell(report.exercise) else "the cell that should define it"
    return replace(report, hint=f"`{missing[1]}` is not defined, since {which} {culprit.sentence}: mend that first.")


def missing_module(report: Report) -> str:
    """Return the module which the function imports in vain, "" if there is none."""
    found = MISSING.search(report.hint)
    return found[1] if found and "ModuleNotFoundError" in report.hint else ""


def is_explained(check: NotebookNode, entry: Entry) -> bool:
    """Return whether an error of a check's cell comes from how the student named or passed the function."""
    sentence = cell_error(check, CellOutcome.ERROR).sentence
    missing = NOT_DEFINED.search(sentence)
    if missing:
        return missing[1] == entry.exercise.function
    return "CheckFailed" in sentence and "the judge that" not in sentence


def _own_cell(exercise_id: str) -> str:
    return grade_id(exercise_id) + "-solution"


def _culprit(exercise_id: str, name: str, failed: Sequence[CellError]) -> CellError | None:
    """Return the failed cell that should have bound this name; the exercise's own, if that failed and none does."""
    binding = [error for error in failed if name in error.binds]
    own = [error for error in failed if error.cell == _own_cell(exercise_id)]
    return next((found[-1] for found in (binding, own) if found), None)
