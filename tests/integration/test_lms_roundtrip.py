"""Feeds from end to end: the commands that collect and export, and what being late costs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
import pytest
from nbgrader.plugins import LateSubmissionPlugin
from typer.testing import CliRunner

from grader import sample_class
from grader.autograde import autograde, submissions
from grader.bank.registry import entries
from grader.cli.main import app
from grader.course import ROOT, Chapter, CourseDirectory
from grader.execution.config import ExecutionConfig
from grader.executors.base import Graded, Submission
from grader.gradebook import late_penalty
from grader.gradebook.connection import open_gradebook
from grader.lms.totals import chapter_totals
from grader.notebooks.overwrite_cells import overwrite_cells
from grader.notebooks.source import source_notebook, template
from grader.results import GradeRecord, digest_of, grader_version
from gradschool.core.report import Report
from tests.support import sample_downloads as sample
from tests.support.commands import grader_here
from tests.support.lms_class import NAMES, mark, table, take
from tests.support.programs import needs

# -- commands -------------------------------------------------------------------------------------------------


def grader(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-m", "grader", *words], cwd=cwd, env=env, capture_output=True, text=True)


def test_collect_and_export_as_commands(course: CourseDirectory, chain: Chapter, work: dict, tmp_path: Path) -> None:
    archive = sample.canvas_zip(tmp_path / "c.zip", chain, work)
    (course.work / "roster").mkdir()
    sample.canvas_export(course.work / "roster" / "canvas.csv", work, [chain], {chain.assignment_id: 60})
    dry = CliRunner().invoke(app, ["collect", str(archive), "--dry-run"])
    assert dry.stdout.strip().splitlines()[-1] == (
        "Would be: 4 new, 0 replaced, 0 unchanged, 0 older, 0 could not be taken."
    ), dry.output
    said = json.loads(CliRunner().invoke(app, ["collect", str(archive), "--json"]).stdout)
    assert {t["status"] for t in said} == {"new"}
    mark(course, chain, {sample.login(n): 1 for n in NAMES})
    done = CliRunner().invoke(app, ["export", "chain", "--format", "canvas", "--json"])
    assert [Path(f).name for f in json.loads(done.stdout)["files"]] == ["canvas.csv"], done.output


@pytest.mark.slow
def test_a_download_that_is_not_there_is_one_sentence(course: CourseDirectory) -> None:
    done = grader("collect", "nowhere.zip")
    assert done.returncode == 1
    assert done.stderr == "grader: There is no nowhere.zip: give the LMS's download, a folder or a zip.\n"


def commands_of(page: Path) -> list[list[str]]:
    """Every `python -m grader` command that a page tells its reader to run, in its order."""
    blocks = re.findall(r"(?s)```bash\n(.*?)```", page.read_text(encoding="utf-8"))
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert all(line.startswith("python -m grader ") for line in lines)
    return [line.split()[3:] for line in lines]


@pytest.mark.slow
def test_the_pages_ten_minutes_work_from_the_download_to_the_mark(
    course: CourseDirectory, chain: Chapter, blank: bytes, tmp_path: Path
) -> None:
    """docs/running-a-class.md, command by command, on a class of two: one all right, one with nothing done."""
    needs("bwrap")
    solved = sample_class.filled(nbformat.reads(blank.decode(), as_version=4), chain, reference(chain))
    work = {"Marie Curie": nbformat.writes(sample_class.answered(solved)).encode(), "Zoë Null": blank}
    (tmp_path / "downloads").mkdir()
    sample.canvas_zip(tmp_path / "downloads" / "chapter1.zip", chain, work, late=frozenset({"Zoë Null"}))
    (course.work / "roster").mkdir()
    sample.canvas_export(course.work / "roster" / "canvas.csv", work, [chain], {chain.assignment_id: 60})
    for words in commands_of(ROOT / "docs" / "running-a-class.md"):
        done = grader_here(*words, course=course, cwd=tmp_path)
        assert done.returncode == 0, (words, done.stderr)
    points, marie, zoe = table(course.work / "canvas.csv")
    assert (marie["ID"], marie["Loss as chain rule (900)"]) == ("12001", "")  # her reflection waits for a person
    assert (zoe["ID"], zoe["Loss as chain rule (900)"]) == ("12002", "0")
    (archive,) = course.work.glob("feedback-canvas-*.zip")
    assert set(zipfile.ZipFile(archive).namelist()) == {
        "curiemarie_12001_67001_loss_as_chain_rule.html",
        "nullzoe_LATE_12002_67002_loss_as_chain_rule.html",
    }
    assert "Handed in late, by the LMS: zoenull." in (course.work / "class-report.html").read_text()
    total = sum(e.marks for e in entries("chain").values())
    assert chapter_totals(course, [chain])["mariecurie", chain.assignment_id].score == total
    assert float(points["Loss as chain rule (900)"]) > total  # the reflection's points are among the possible ones


def reference(chapter: Chapter) -> sample_class.Fill:
    """The instructor's solution for each exercise."""
    cells = {c.metadata.nbgrader.grade_id: c.source for c in source_notebook(chapter).cells if "nbgrader" in c.metadata}
    return lambda entry: cells[entry.exercise.grade_id + "-solution"]


# -- late -----------------------------------------------------------------------------------------------------


@pytest.fixture
def punctual(course: CourseDirectory, chain: Chapter) -> CourseDirectory:
    """A class where ann was in time and bob an hour late, both with two points."""
    mark(course, chain, {"ann": 2, "bob": 2})
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_assignment(chain.assignment_id, duedate="2026-11-20 12:00:00 UTC")
        for student, hour in (("ann", 11), ("bob", 13)):
            gradebook.update_or_create_submission(
                chain.assignment_id, student, timestamp=f"2026-11-20 {hour}:00:00 UTC"
            )
    return course


def penalties(course: CourseDirectory, chain: Chapter, **settings: str) -> dict[str, float | None]:
    """What lateness costs each of them, as it stands in the gradebook after asking."""
    plugin = LateSubmissionPlugin(**settings) if settings else None
    with open_gradebook(course) as gradebook:
        for student in ("ann", "bob"):
            late_penalty.apply_late_penalty(gradebook, student, chain, plugin)
    with open_gradebook(course) as gradebook:
        found = {s.student_id: s.notebooks[0] for s in gradebook.assignment_submissions(chain.assignment_id)}
        return {student: notebook.late_submission_penalty for student, notebook in found.items()}


def test_lateness_costs_what_the_rule_says_and_nothing_without_one(punctual: CourseDirectory, chain: Chapter) -> None:
    assert penalties(punctual, chain) == {"ann": None, "bob": None}
    assert penalties(punctual, chain, penalty_method="zero") == {"ann": None, "bob": 2.0}
    assert chapter_totals(punctual, [chain])["bob", chain.assignment_id].score == 0
    assert penalties(punctual, chain) == {"ann": None, "bob": None}  # asked again under another rule


def test_the_rule_is_the_one_in_nbgraders_configuration(tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").write_text('c = get_config()\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    assert late_penalty.rule(tmp_path).late_submission_penalty("bob", 7, 1) == 7
    assert late_penalty.rule().late_submission_penalty("bob", 7, 1) is None


class Clerk:
    """Finds everything right, without a kernel."""

    def run(self, todo: Sequence[Submission], config: ExecutionConfig) -> Iterator[Graded]:
        for s in todo:
            graded, _ = overwrite_cells(nbformat.read(s.file, as_version=4), template(s.chapter))
            bank = entries(s.chapter.key).values()
            right = [Report(e.exercise.id, "", 1.0, (), points=e.points) for e in bank]
            GradeRecord.of(right, [], grader_version(s.chapter), digest_of(s.file)).attach(graded)
            yield Graded(s, graded)


def test_what_was_collected_late_is_graded_as_late(
    course: CourseDirectory, chain: Chapter, blank: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the exchange's time by timestamp.txt and `autograde` to the mark that the LMS gets."""
    sample.exchange(tmp_path / "in", chain, {"Ann": blank}, "2026-11-20 11:00:00.5 UTC")
    sample.exchange(tmp_path / "in", chain, {"Bob": blank}, "2026-11-20 13:00:00.5 UTC")
    take(course, tmp_path / "in")
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_assignment(chain.assignment_id, duedate="2026-11-20 12:00:00 UTC")
    monkeypatch.setattr(late_penalty, "rule", lambda: LateSubmissionPlugin(penalty_method="zero"))
    assert [r.status for r in autograde(course, submissions(course, [chain]), executor=Clerk())] == ["graded", "graded"]
    total = sum(e.marks for e in entries("chain").values())
    found = chapter_totals(course, [chain])
    assert {s: t.score for (s, _), t in found.items()} == {"ann": total, "bob": 0.0}
