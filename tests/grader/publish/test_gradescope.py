"""Gradescope's autograder: the zip, which notebook of a submission is graded, and a run in a container like its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from grader.bank.registry import entries
from grader.course import chapter
from grader.errors import GraderError
from grader.execution.config import ExecutionConfig
from grader.notebooks import recognize
from grader.notebooks.source import source_notebook
from grader.publish.gradescope import run
from grader.publish.gradescope.pack import pack, requirements
from grader.redteam.cells import named
from grader.sandbox import bubblewrap, other_user
from gradschool.core.exercise import grade_id
from tests.support import container

NEXT = chapter("next")  # the shortest
SCRIPTS = ["run_autograder", "setup.sh"]
# What a student's cell tries; each that has success is named, and the answer below then raises.
TRIED = """
import os, signal, socket, subprocess, sys, urllib.request
from pathlib import Path

succeeded = []

def attempt(name, act):
    try:
        act()
    except Exception:
        return
    succeeded.append(name)

attempt("results written", lambda: Path("/autograder/results/results.json").write_text('{"score": 999}'))
attempt("results listed", lambda: os.listdir("/autograder/results"))
attempt("grader read", lambda: os.listdir("/autograder/source"))
attempt("submission read", lambda: os.listdir("/autograder/submission"))
attempt("metadata read", lambda: Path("/autograder/submission_metadata.json").read_text())
attempt("oracle imported", lambda: __import__("gradschool.exercises.next.clipped_surrogate"))
attempt("reference imported", lambda: __import__("grader.bank"))
attempt("network", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
attempt("root again", lambda: os.setuid(0))
attempt("first process killed", lambda: os.kill(1, signal.SIGKILL))
attempt("grader killed", lambda: os.kill(os.getppid(), signal.SIGKILL))
attempt("memory of the grader", lambda: open(f"/proc/{os.getppid()}/mem", "rb"))
attempt("variables of the grader", lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes())
late = "import os, time; os.setsid(); time.sleep(300)"
subprocess.Popen([sys.executable, "-c", late], start_new_session=True)
assert not succeeded, succeeded
"""


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("gradescope") / "next.zip"
    pack(NEXT, to, "after_published")
    return to


def test_the_zip_has_both_scripts_at_its_root_and_one_chapter(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
        executable = [i.filename for i in archive.infolist() if i.external_attr >> 16 & 0o111]
        archive.extractall(tmp_path)
    assert executable == SCRIPTS
    assert [n for n in names if n.startswith("solutions/")] == [f"solutions/{NEXT.assignment_id}/{NEXT.notebook}.md"]
    assert not [n for n in names if n.endswith((".pyc", ".ipynb", ".attack", ".db")) or "/redteam/" in n]
    for script in SCRIPTS:
        subprocess.run(["bash", "-n", str(tmp_path / script)], check=True)
    again = tmp_path / "again.zip"
    pack(NEXT, again, "after_published")
    assert again.read_bytes() == packed.read_bytes()


def test_gradschool_is_not_installed_where_students_code_could_read_it() -> None:
    assert not [line for line in requirements() if line.startswith("gradschool")]
    assert {"nbclient>=0.10", "numpy>=2.0"} <= set(requirements())


def test_a_wish_that_cannot_be_met_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(GraderError, match="after_published, hidden, not 'soon'"):
        pack(NEXT, tmp_path / "x.zip", "soon")
    with pytest.raises(GraderError, match="There is no folder"):
        pack(NEXT, tmp_path / "none" / "x.zip")


def solved(folder: Path, name: str = f"{NEXT.notebook}.ipynb") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(source_notebook(NEXT), folder / name)
    return folder / name


def test_the_notebook_is_found_under_any_name_or_the_student_is_told_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognize, "chapters", lambda: [NEXT])  # the zip has the source of one alone
    with pytest.raises(run.SubmissionFault, match="no notebook in this submission: submit where"):
        run.find_notebook(tmp_path, NEXT)
    (tmp_path / "notes.ipynb").write_text("{}")
    with pytest.raises(run.SubmissionFault, match=rf"notes.*This assignment is {NEXT.assignment_id}"):
        run.find_notebook(tmp_path, NEXT)
    mine = solved(tmp_path / "deep", "mine (1).ipynb")
    solved(tmp_path / ".ipynb_checkpoints")
    assert run.find_notebook(tmp_path, NEXT) == mine
    solved(tmp_path, "other.ipynb")
    with pytest.raises(run.SubmissionFault, match="2 notebooks of this chapter: submit one of them alone"):
        run.find_notebook(tmp_path, NEXT)
    usual = solved(tmp_path)
    assert run.find_notebook(tmp_path, NEXT) == usual


def test_no_mark_is_given_where_nothing_keeps_students_code_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The autograder then fails, which Gradescope shows, and there are no results to take for a mark."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "settings.json").write_text('{"chapter": "next", "visibility": "visible"}')
    monkeypatch.setattr(bubblewrap, "unavailable", lambda work: "No bubblewrap.")
    monkeypatch.setattr(other_user, "unavailable", lambda secret: "only root can start a process as another user")
    assert run.main([str(tmp_path)]) == 1
    assert "only root can" in capsys.readouterr().out
    assert list((tmp_path / "results").iterdir()) == []


def test_bubblewrap_comes_first_and_another_user_second(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bubblewrap, "unavailable", lambda work: "")
    monkeypatch.setattr(other_user, "unavailable", lambda secret: "")
    assert run.choose(tmp_path) == (ExecutionConfig(tmp_path / "results"), "Students' code runs in bubblewrap.")
    monkeypatch.setattr(bubblewrap, "unavailable", lambda work: "No bubblewrap.")
    config, sentence = run.choose(tmp_path)
    assert (config.other_user, config.warnings()) == (True, [other_user.NOTE])
    assert "as another OS user" in sentence


def test_an_empty_submission_is_a_result_of_no_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "choose", lambda root: (ExecutionConfig(root), "x"))
    monkeypatch.setattr(run.canary, "require", lambda chapters, config: None)
    results = run.grade(tmp_path, NEXT, "visible")
    assert results["score"] == 0.0
    assert "no notebook" in str(results["output"])
    assert len(results["tests"]) == len(entries("next"))  # type: ignore[arg-type]
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in run.CLOSED] == [0o700] * 3


def test_open_folders_are_told_and_nothing_is_graded_as_another_user(tmp_path: Path) -> None:
    container.needs_root()
    tmp_path.chmod(0o755)
    open_place = Path(shutil.copytree(tmp_path, f"/tmp/open-{os.getpid()}"))
    try:
        open_place.chmod(0o755)
        other_user.unavailable.cache_clear()
        assert "chmod 700" in other_user.unavailable((open_place,))
    finally:
        shutil.rmtree(open_place)


def test_the_attempts_have_success_where_nothing_keeps_them_away(tmp_path: Path) -> None:
    """As root in the same container, most of what a student's cell tries below goes through: it is no empty test."""
    container.needs_root()
    for name in ("results", "source", "submission"):
        (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / "submission_metadata.json").write_text("{}")
    done = container.inside(tmp_path, sys.executable, "-c", TRIED)
    for name in ("results written", "grader read", "submission read", "metadata read", "network", "root again"):
        assert name in done.stderr
    assert (tmp_path / "results" / "results.json").is_file()


@pytest.mark.slow
def test_a_submission_that_attacks_is_graded_in_a_container_without_namespaces(packed: Path, tmp_path: Path) -> None:
    """One run of the real scripts: right answers keep their points, a wrong one loses its own, no attempt succeeds."""
    container.needs_root()
    (tmp_path / "source").mkdir()
    for name in ("submission", "results"):
        (tmp_path / name).mkdir()
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "source")
    shutil.copyfile(tmp_path / "source" / "run_autograder", tmp_path / "run_autograder")
    (tmp_path / "submission_metadata.json").write_text('{"users": ["ada"]}')
    lesson = source_notebook(NEXT)
    first, second = list(entries("next"))[:2]
    answer = named(lesson, grade_id(first) + "-solution")
    answer.source = TRIED + answer.source
    named(lesson, grade_id(second) + "-solution").source = "raise NotImplementedError()"
    nbformat.write(lesson, tmp_path / "submission" / f"{NEXT.notebook}.ipynb")
    done = container.inside(tmp_path, "bash", "run_autograder")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as another OS user" in done.stdout
    results = json.loads((tmp_path / "results" / "results.json").read_text())
    earned = [t.get("score", t["status"]) for t in results["tests"]]
    most = [t.get("max_score", "passed") for t in results["tests"]]
    assert earned[0] == most[0], results["tests"][0]
    assert earned[1] in (0.0, "failed")
    assert earned[2:] == most[2:], (results, done.stdout, done.stderr)
    assert results["visibility"] == "after_published"
    assert other_user.NOTE in results["extra_data"]["notes"]
