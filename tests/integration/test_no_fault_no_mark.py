"""A submission that could not be graded for no fault of the student's: no mark, no export, exit status 1."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from grader.autograde import autograde, submissions
from grader.cli.main import app
from grader.course import Chapter, CourseDirectory
from grader.errors import EnvironmentFault, GraderError, SubmissionError
from grader.execution.config import ExecutionConfig
from grader.executors import local
from grader.executors.base import Failed, Graded, Outcome, Submission, error_reply, outcome_of
from grader.gradebook.connection import open_gradebook
from grader.lms.totals import chapter_totals
from grader.publish.class_report.page import write_report
from grader.publish.marks import export_csv
from grader.results import GradeRecord
from tests.support.class_without_kernels import FakeExecutor, grade, hand_in

REASON = "Could not be graded, for no fault of the student's: the disk is full."


class FailingMachine(FakeExecutor):
    """An executor on a machine that fails with the notebooks of some students."""

    students = ("ada", "bob")

    def run(self, todo: Sequence[Submission], config: ExecutionConfig) -> Iterator[Outcome]:
        """Yield a failure for these, and marks for the others."""
        yield from (Failed(s, REASON, grader_fault=True) for s in todo if s.student in self.students)
        yield from super().run([s for s in todo if s.student not in self.students], config)


@pytest.fixture
def failing(course: CourseDirectory, chain: Chapter) -> CourseDirectory:
    """Ada was graded before and handed in again, Bob handed in once, Cyd is graded."""
    hand_in(course, chain, "ada", 7)
    grade(course, chain)
    for student in ("ada", "bob", "cyd"):
        hand_in(course, chain, student, 9)
    found = list(autograde(course, submissions(course, [chain]), executor=FailingMachine()))
    assert [(r.student, r.status, r.grader_fault) for r in sorted(found, key=lambda r: r.student)] == [
        ("ada", "failed", True),
        ("bob", "failed", True),
        ("cyd", "graded", False),
    ]
    return course


def marks(course: CourseDirectory, chain: Chapter) -> dict[str, list[float | None]]:
    with open_gradebook(course) as book:
        some = book.assignment_submissions(chain.assignment_id)
        return {s.student_id: sorted({g.auto_score is None for g in s.notebooks[0].grades}) for s in some}


def test_no_mark_is_written_and_an_earlier_one_stays(failing: CourseDirectory, chain: Chapter) -> None:
    assert marks(failing, chain) == {"ada": [False], "bob": [True], "cyd": [False]}
    assert not (failing.autograded / "bob").exists()


def test_nothing_of_it_is_exported(failing: CourseDirectory, chain: Chapter, tmp_path: Path) -> None:
    export_csv(failing, [chain], tmp_path / "marks.csv")
    assert {row["student"] for row in csv.DictReader((tmp_path / "marks.csv").open())} == {"cyd"}
    assert [student for student, _ in chapter_totals(failing, [chain])] == ["cyd"]
    done = CliRunner().invoke(app, ["export", "chain", "--to", str(tmp_path / "again.csv")])
    assert done.exit_code == 0
    said = " ".join(done.output.split())
    assert (
        "Left out of 01-loss-as-chain-rule, since the last submission could not be graded for no fault of the "
        "student's: ada, bob; `python -m grader autograde` says why, so mend that, and export again." in said
    )


def test_where_nobody_is_left_export_refuses(failing: CourseDirectory, chain: Chapter, tmp_path: Path) -> None:
    hand_in(failing, chain, "cyd", 8)
    FailingMachine.students += ("cyd",)
    try:
        list(autograde(failing, submissions(failing, [chain]), executor=FailingMachine()))
    finally:
        FailingMachine.students = ("ada", "bob")
    for write in (lambda: export_csv(failing, [chain], tmp_path / "m.csv"), lambda: chapter_totals(failing, [chain])):
        with pytest.raises(GraderError, match=r"^Left out of .*: ada, bob, cyd; "):
            write()


def test_the_class_report_shows_it(failing: CourseDirectory, chain: Chapter) -> None:
    page = write_report(failing, [chain]).read_text()
    assert page.count("the last submission has no mark, which is not the student&#x27;s fault. Could not be") == 2
    assert page.count("the disk is full. Its marks are those of an earlier submission.") == 1


def test_once_the_machine_is_mended_everybody_is_graded_and_exported(failing: CourseDirectory, chain: Chapter) -> None:
    again = {r.student: r.status for r in grade(failing, chain)}
    assert again == {"ada": "graded", "bob": "graded", "cyd": "unchanged"}
    assert {student for student, _ in chapter_totals(failing, [chain])} == {"ada", "bob", "cyd"}
    assert not list(failing.ungraded.rglob("*.txt"))


def test_a_file_that_cannot_be_read_is_no_such_case_and_has_no_score(course: CourseDirectory, chain: Chapter) -> None:
    hand_in(course, chain, "ada", 7)
    hand_in(course, chain, "dee", 7)
    file = course.notebook_path(course.submitted, "dee", chain)
    grade_one = FakeExecutor().run

    def run(todo: Sequence[Submission], config: ExecutionConfig) -> Iterator[Outcome]:
        yield from (Failed(s, "is not a notebook") for s in todo if s.file == file)
        yield from grade_one([s for s in todo if s.file != file], config)

    executor = FakeExecutor()
    executor.run = run
    found = {r.student: r for r in autograde(course, submissions(course, [chain]), executor=executor)}
    assert (found["dee"].status, found["dee"].grader_fault) == ("failed", False)
    export_csv(course, [chain], course.work / "m.csv")
    scores = {(r["student"], r["score"] == "") for r in csv.DictReader((course.work / "m.csv").open())}
    assert scores == {("ada", False), ("dee", True)}


def test_the_command_ends_with_status_1_and_says_it(
    course: CourseDirectory, chain: Chapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(course, chain, "bob", 9)
    hand_in(course, chain, "cyd", 9)
    monkeypatch.setattr(local.LocalExecutor, "run", lambda self, todo, config: FailingMachine().run(todo, config))
    monkeypatch.setenv("GRADSCHOOL_NO_FORK", "1")
    done = CliRunner().invoke(app, ["autograde", "chain"])
    assert done.exit_code == 1
    said = " ".join(done.output.replace("│", " ").split())
    assert "1 graded, 0 unchanged, 1 could not be graded, 0 flagged. Not the students' fault: bob." in said
    assert "the disk is full" in said
    done = CliRunner().invoke(app, ["autograde", "chain", "--json"])
    assert done.exit_code == 1
    found = {r["student"]: r for r in json.loads(done.output)}
    assert (found["bob"]["grader_fault"], found["bob"]["score"], found["bob"]["reason"]) == (True, None, REASON)
    monkeypatch.setattr(local.LocalExecutor, "run", lambda self, todo, config: FakeExecutor().run(todo, config))
    assert CliRunner().invoke(app, ["autograde", "chain"]).exit_code == 0


class WithError(FakeExecutor):
    """An executor whose notebooks have an answer's cell that failed."""

    said = "raises SyntaxError: invalid syntax (line 3: `<<<<<<< HEAD`, a conflict marker of git)"

    def run(self, todo: Sequence[Submission], config: ExecutionConfig) -> Iterator[Outcome]:
        """Yield marks, and the error in the record."""
        for outcome in super().run(todo, config):
            assert isinstance(outcome, Graded)
            record = GradeRecord.read(outcome.notebook)
            replace(record, errors={"chain-l2-gradient-solution": self.said}).attach(outcome.notebook)
            yield outcome


def test_a_failing_cell_of_the_students_is_told_in_the_table_and_beside_the_cell(
    course: CourseDirectory, chain: Chapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(course, chain, "bob", 0)
    file = course.notebook_path(course.submitted, "bob", chain)
    notebook = nbformat.read(file, as_version=4)
    named = {c.metadata.nbgrader.grade_id: c for c in notebook.cells if "nbgrader" in c.metadata}
    named["chain-l2-gradient-solution"].source = "<<<<<<< HEAD"
    nbformat.write(notebook, file)
    monkeypatch.setattr(local.LocalExecutor, "run", lambda self, todo, config: WithError().run(todo, config))
    monkeypatch.setenv("GRADSCHOOL_NO_FORK", "1")
    done = CliRunner().invoke(app, ["autograde", "chain"])
    assert done.exit_code == 0
    assert f"l2_gradient: {WithError.said}" in " ".join(done.output.replace("│", " ").split())
    with open_gradebook(course) as book:
        where = (chain.notebook, chain.assignment_id, "bob")
        assert book.find_comment("chain-l2-gradient-solution", *where).auto_comment == f"This cell {WithError.said}."
        assert book.find_comment("chain-adam-step-solution", *where).auto_comment == "No response."


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (SubmissionError("not a notebook"), False),
        (EnvironmentFault("the disk is full"), True),
        (GraderError("no bubblewrap"), True),
        (RuntimeError("the kernel did not get ready"), True),
    ],
)
def test_only_what_is_wrong_with_the_file_is_the_students(chain: Chapter, error: Exception, fault: bool) -> None:
    submission = Submission("ada", chain, Path("x.ipynb"))
    outcome = outcome_of(submission, error_reply(error))
    assert isinstance(outcome, Failed)
    assert outcome.grader_fault is fault
