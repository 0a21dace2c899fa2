"""A whole class, by every way in: the same marks, one sentence for each trouble, nothing lost."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import datetime
from multiprocessing import active_children
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from grader import sample_class
from grader.autograde import autograde, only_run, submissions
from grader.bank.registry import entries
from grader.cli import grading
from grader.course import ROOT, Chapter, CourseDirectory
from grader.errors import GraderError
from grader.execution.config import ExecutionConfig, TimeLimits
from grader.executors.local import LocalExecutor
from tests.support.commands import grader_here

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
MOST_MUTANTS = max(len(e.mutants) for e in entries("chain").values())


def grader(*words: str, course: CourseDirectory, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run ``python -m grader`` in this course directory."""
    env = {**os.environ, "GRADSCHOOL_WORK_DIR": str(course.work), "GRADSCHOOL_RELEASE": str(course.release)}
    return subprocess.run([sys.executable, "-m", "grader", *words], cwd=cwd, env=env, capture_output=True, text=True)


def nbgrader(*words: str, course: CourseDirectory) -> subprocess.CompletedProcess[str]:
    """Run plain nbgrader, as its own documentation says, from the folder with its configuration."""
    env = {**os.environ, "GRADSCHOOL_WORK_DIR": str(course.work), "GRADSCHOOL_RELEASE": str(course.release)}
    return subprocess.run([BIN / "nbgrader", *words], cwd=ROOT / "grader", env=env, capture_output=True, text=True)


def marks(course: CourseDirectory, chain: Chapter) -> dict[str, dict[str, tuple[float | None, float | None, bool]]]:
    """Everybody's marks as the gradebook has them."""
    with Gradebook(course.db_url) as gradebook:
        return {
            s.student_id: {g.name: (g.auto_score, g.manual_score, g.needs_manual_grade) for g in s.notebooks[0].grades}
            for s in gradebook.assignment_submissions(chain.assignment_id)
        }


@pytest.fixture(scope="module")
def graded(
    built: CourseDirectory, chain: Chapter, tmp_path_factory: pytest.TempPathFactory, one_fork_server: None
) -> CourseDirectory:
    """A class with every mistake of the bank in it, graded once; who never ends gets 5 CPU seconds instead of 20."""
    folder = tmp_path_factory.mktemp("class")
    shutil.copytree(built.work, folder / "work")
    shutil.copytree(built.release, folder / "course")
    course = CourseDirectory(folder / "work", folder / "course")
    sample_class.fill_class(course, chain, mistaken=MOST_MUTANTS)
    with pytest.MonkeyPatch.context() as patch:
        limited = replace(ExecutionConfig(course.work), limits=TimeLimits(check=5.0))
        patch.setattr(grading, "execution_config", lambda *_: limited)
        done = grader_here("autograde", "chain", "--json", course=course)
    assert done.returncode == 0, done.stderr
    (folder / "results.json").write_text(done.stdout)
    return course


def results(course: CourseDirectory) -> dict[str, dict]:
    return {r["student"]: r for r in json.loads((course.work.parent / "results.json").read_text())}


@pytest.fixture
def own(graded: CourseDirectory, tmp_path: Path) -> CourseDirectory:
    """A copy of the graded class that a test may change."""
    shutil.copytree(graded.work, tmp_path / "work")
    shutil.copytree(graded.release, tmp_path / "course")
    return CourseDirectory(tmp_path / "work", tmp_path / "course")


def test_right_work_written_any_way_gets_all_automatic_points(graded: CourseDirectory) -> None:
    found = results(graded)
    total = sum(e.marks for e in entries("chain").values())
    for student in ("perfect", "alternative", "alternative-2", "chatty"):
        assert (found[student]["score"], found[student]["mistakes"]) == (total, {}), student
    assert found["untouched"]["score"] == 0
    assert set(found["untouched"]["mistakes"].values()) == {"untouched"}


def test_every_known_mistake_is_named_in_a_real_kernel(graded: CourseDirectory) -> None:
    found = results(graded)
    for name, entry in entries("chain").items():
        for k in range(MOST_MUTANTS):
            wanted = entry.mutants[k % len(entry.mutants)].name
            assert found[f"mistaken-{k + 1}"]["mistakes"][name] == wanted


def test_a_bad_function_costs_only_its_own_exercise(graded: CourseDirectory) -> None:
    found = results(graded)
    assert found["endless"]["mistakes"] == {"chain.linear_jacobian": "never-returned"}
    assert found["crash"]["mistakes"] == {"chain.linear_jacobian": "kernel-died"}


def test_trouble_is_one_sentence_and_the_rest_is_graded(graded: CourseDirectory) -> None:
    found = results(graded)
    assert found["damaged"]["reason"] == (
        "loss_as_chain_rule.ipynb is not a notebook (it is not JSON): ask for the file again."
    )
    assert found["renamed"]["reason"] == (
        "loss_as_chain_rule.ipynb is missing, and there is 'my homework (final).ipynb': "
        "rename it if it is the submission, and grade again."
    )


def test_plain_nbgrader_gives_the_same_marks(graded: CourseDirectory, own: CourseDirectory, chain: Chapter) -> None:
    expected = marks(graded, chain)
    shutil.rmtree(own.autograded)
    (own.work / "gradebook.db").unlink()
    students = ["perfect", "untouched", "crash", "mistaken-3", "damaged", "renamed"]  # one of each kind
    for folder in own.submitted.iterdir():
        if folder.name not in students:
            shutil.rmtree(folder)
    assert nbgrader("generate_assignment", chain.assignment_id, "--force", course=own).returncode == 0
    done = nbgrader("autograde", chain.assignment_id, course=own)
    assert "error processing assignment" in done.stderr  # damaged and renamed, which leaves the others graded
    assert marks(own, chain) == {s: expected[s] for s in students}


@pytest.mark.usefixtures("one_fork_server")
def test_nothing_is_graded_twice_and_force_changes_no_mark(own: CourseDirectory, chain: Chapter) -> None:
    before = marks(own, chain)
    again = json.loads(grader_here("autograde", "chain", "--json", course=own).stdout)
    assert {r["status"] for r in again} == {"unchanged", "failed"}
    forced = json.loads(
        grader_here("autograde", "chain", "--student", "mistaken-2", "--force", "--json", course=own).stdout
    )
    assert [r["status"] for r in forced] == ["graded"]
    assert marks(own, chain) == before


@pytest.mark.usefixtures("one_fork_server")
def test_a_resubmission_replaces_and_manual_marks_stay(own: CourseDirectory, chain: Chapter) -> None:
    with Gradebook(own.db_url) as gradebook:
        where = (chain.notebook, chain.assignment_id, "untouched")
        gradebook.find_grade("chain-reflection", *where).manual_score = 4
        gradebook.find_comment("chain-reflection", *where).manual_comment = "Well seen."
        gradebook.find_grade("chain-l2-gradient", *where).manual_score = 1.5
        gradebook.db.commit()
    file = own.notebook_path(own.submitted, "untouched", chain)
    file.write_bytes(own.notebook_path(own.submitted, "perfect", chain).read_bytes())
    assert grader_here("autograde", "chain", "--student", "untouched", course=own).returncode == 0
    found = marks(own, chain)["untouched"]
    assert found["chain-mlp-backward"][0] == entries("chain")["chain.mlp_backward"].marks == 8
    assert found["chain-adam-step"][0] == 0  # a warm-up
    assert found["chain-reflection"][1] == 4
    assert found["chain-l2-gradient"][1:] == (1.5, True)  # a person looks again
    with Gradebook(own.db_url) as gradebook:
        assert gradebook.find_comment("chain-reflection", *where).manual_comment == "Well seen."


def test_feedback_names_the_mistake_and_shows_nothing_hidden(own: CourseDirectory, chain: Chapter) -> None:
    answer = grader_here("feedback", "chain", "--student", "mistaken-1", "--json", course=own)
    (file,) = json.loads(answer.stdout)["files"]
    page = Path(file).read_text()
    for entry in entries("chain").values():
        assert entry.mutants[0].hint.split(".")[0].split("'")[0].split("`")[0][:40] in page
    assert "For example" in page
    assert "Expected" in page
    assert "BEGIN SOLUTION" not in page
    assert "arking scheme" not in page
    assert "return g * (z > 0)" not in page


def test_export_is_one_row_for_each_student_and_exercise(own: CourseDirectory, chain: Chapter) -> None:
    assert grader_here("export", "chain", "--to", str(own.work / "m.csv"), course=own).returncode == 0
    rows = list(csv.DictReader((own.work / "m.csv").open()))
    assert len(rows) == len(marks(own, chain)) * (len(entries("chain")) + 1)
    mine = {r["exercise"]: (r["score"], r["max_score"], r["mistake"]) for r in rows if r["student"] == "mistaken-1"}
    assert mine["chain-tanh-vjp"] == ("0.0", "2.0", entries("chain")["chain.tanh_vjp"].mutants[0].name)
    assert mine["chain-l2-gradient"] == ("0.0", "0.0", "label-minus-prediction")  # a warm-up: named, not counted


def test_check_grades_one_file_of_any_name(own: CourseDirectory, chain: Chapter) -> None:
    file = own.submitted / "renamed" / chain.assignment_id / "my homework (final).ipynb"
    found = json.loads(grader_here("grade-file", str(file), "--json", course=own).stdout)
    assert (found["chapter"], found["earned"]) == (chain.assignment_id, 0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["autograde", "chain", "--student", "perfekt"], "did you mean 'perfect'?"),
        (["autograde", "9"], "There is no chapter '9'"),
        (["feedback", "chain", "--student", "nobody"], "Nothing of 'nobody' has been graded"),
        (["grade-file", "no-such-file.ipynb"], "no-such-file.ipynb cannot be opened"),
    ],
)
def test_bad_words_get_one_sentence(own: CourseDirectory, words: list[str], sentence: str) -> None:
    done = (grader if "perfekt" in words else grader_here)(*words, course=own)  # one of them as a process of its own
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_class_without_submissions_or_gradebook(tmp_path: Path, built: CourseDirectory) -> None:
    empty = CourseDirectory(tmp_path / "work", tmp_path / "course")
    assert "put submissions there as STUDENT/CHAPTER" in grader_here("autograde", "chain", course=empty).stderr
    (empty.submitted / "ada" / "01-loss-as-chain-rule").mkdir(parents=True)
    (empty.submitted / "ada" / "01-loss-as-chain-rule" / "loss_as_chain_rule.ipynb").write_text("{}")
    assert "run `python -m grader build` first" in grader_here("autograde", "chain", course=empty).stderr


@pytest.mark.usefixtures("one_fork_server")
def test_an_older_nbformat_is_read(own: CourseDirectory, chain: Chapter) -> None:
    file = own.notebook_path(own.submitted, "perfect", chain)
    notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        cell.pop("id", None)
    notebook.nbformat_minor = 2
    file.write_text(json.dumps(notebook))
    (found,) = json.loads(grader_here("autograde", "chain", "--student", "perfect", "--json", course=own).stdout)
    assert (found["status"], found["mistakes"]) == ("graded", {})


def test_two_runs_at_once_are_kept_apart(own: CourseDirectory) -> None:
    with only_run(own):
        done = grader("autograde", "chain", course=own)
    assert done.returncode == 1
    assert "Another run is grading" in done.stderr
    with only_run(own), pytest.raises(GraderError, match=f"process {os.getpid()}"), only_run(own):
        pass


@pytest.mark.usefixtures("one_fork_server")
def test_an_interrupted_run_goes_on_where_it_was(own: CourseDirectory, chain: Chapter) -> None:
    everybody = marks(own, chain)
    shutil.rmtree(own.autograded)
    for folder in own.submitted.iterdir():  # enough of them that a run can be stopped in the middle
        if folder.name not in (
            "perfect",
            "alternative",
            "chatty",
            "untouched",
            *(f"mistaken-{k}" for k in range(1, 5)),
        ):
            shutil.rmtree(folder)
    expected = {folder.name: everybody[folder.name] for folder in own.submitted.iterdir()}
    (own.work / "gradebook.db").unlink()
    assert grader_here("build", "chain", course=own).returncode == 0
    env = {**os.environ, "GRADSCHOOL_WORK_DIR": str(own.work), "GRADSCHOOL_RELEASE": str(own.release)}
    run = subprocess.Popen(
        [sys.executable, "-m", "grader", "autograde", "chain"], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 600
    while not list(own.autograded.glob("*/*/*.ipynb")) and time.monotonic() < deadline:
        time.sleep(0.2)
    run.send_signal(signal.SIGINT)
    _, words = run.communicate(timeout=600)
    assert run.returncode == 130
    assert words.strip().splitlines()[-1].startswith("grader: stopped. What was entered stays")
    done = {f.parts[-3] for f in own.autograded.glob("*/*/*.ipynb")}
    assert 0 < len(done) < len(expected)
    again = json.loads(grader_here("autograde", "chain", "--json", course=own).stdout)
    assert {r["student"] for r in again if r["status"] == "unchanged"} >= done
    assert marks(own, chain) == expected


@pytest.mark.usefixtures("one_fork_server")
def test_a_timestamp_counts_and_a_link_in_its_place_does_not(course: CourseDirectory, chain: Chapter) -> None:
    for student in ("ada", "bob"):
        file = course.notebook_path(course.submitted, student, chain)
        file.parent.mkdir(parents=True)
        file.write_text("not a notebook")
    ours = course.work / "secret.txt"
    ours.write_text("2026-02-01 10:00:00 UTC\n")
    (course.submitted / "ada" / chain.assignment_id / "timestamp.txt").write_text("2026-01-01 10:00:00 UTC\n")
    (course.submitted / "bob" / chain.assignment_id / "timestamp.txt").symlink_to(ours)
    assert {r.status for r in autograde(course, submissions(course, [chain]), executor=LocalExecutor(1))} == {"failed"}
    with Gradebook(course.db_url) as gradebook:
        found = {s.student_id: s.timestamp for s in gradebook.assignment_submissions(chain.assignment_id)}
    assert found == {"ada": datetime(2026, 1, 1, 10), "bob": None}


@pytest.mark.parametrize("left_early", [False, True])
def test_a_crew_that_has_ended_leaves_no_process_and_no_thread(
    course: CourseDirectory, chain: Chapter, left_early: bool
) -> None:
    """What is still ending beside the command's own exit can fail there, with a traceback on the screen."""
    for student in ("ada", "bob", "eve"):
        file = course.notebook_path(course.submitted, student, chain)
        file.parent.mkdir(parents=True)
        file.write_text("not a notebook")
    run = LocalExecutor(2).run(submissions(course, [chain]), ExecutionConfig(course.work))
    outcomes = filter(None, run)
    next(outcomes)
    if left_early:
        run.close()
    else:
        assert len(list(outcomes)) == 2
    assert active_children() == []
    assert [t for t in threading.enumerate() if not t.daemon] == [threading.main_thread()]


def test_a_file_name_of_a_students_is_not_read_as_markup(course: CourseDirectory, chain: Chapter) -> None:
    file = course.notebook_path(course.submitted, "ada", chain).with_name("mine [b].ipynb")
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    done = grader("autograde", "chain", course=course)
    assert (done.returncode, done.stderr) == (0, "")
    assert "mine [b].ipynb" in done.stdout
    assert "0 graded, 0 unchanged, 1 could not be graded, 0 flagged." in done.stdout
