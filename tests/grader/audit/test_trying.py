"""`try`: any one answer by the judge and by `check`; whatever its code does, it costs that answer alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from typer.testing import CliRunner

from grader.audit import trying
from grader.audit.answers import read_answer, read_lines
from grader.audit.many import try_all
from grader.audit.namespaces import lesson_namespace
from grader.audit.trying import Trial, try_answer
from grader.children import Limits
from grader.cli.main import app
from grader.course import ROOT, chapters
from grader.errors import GraderError
from grader.notebooks.source import source_notebook
from gradschool.core.exercise import CHAPTERS, in_chapter

QUICK = Limits(seconds=1.0, memory=2**28)
ID = "chain.l2_gradient"
RIGHT = "def l2_gradient(p, l):\n    return p - l\n"


def tried(code: str, exercise: str = ID, limits: Limits = QUICK) -> dict[str, Any]:
    return try_answer(Trial(exercise, code), seed=7, limits=limits)


def test_a_right_answer_passes_both_and_a_wrong_one_neither():
    right, wrong = tried(RIGHT), tried(RIGHT.replace("p - l", "l - p"))
    for side in ("grader", "check"):
        assert (right[side]["verdict"], right[side]["fraction"], right[side]["earned"]) == ("passed", 1.0, 2.0)
        assert (wrong[side]["verdict"], wrong[side]["earned"]) == ("failed", 0.2)
        assert wrong[side]["sentence"]
    assert wrong["grader"]["mistake"] == "label-minus-prediction"
    assert right["agree"]
    assert wrong["agree"]


MISBEHAVING = {
    "an endless loop": (
        "def l2_gradient(p, l):\n    while True:\n        pass\n",
        "time-limit",
        "did not return within",
    ),
    "sleep": ("import time\ndef l2_gradient(p, l):\n    time.sleep(99)\n", "time-limit", "did not return within"),
    "os._exit": ("import os\ndef l2_gradient(p, l):\n    os._exit(0)\n", "crashed", "ended the process"),
    "a signal": ("import os\ndef l2_gradient(p, l):\n    os.kill(os.getpid(), 11)\n", "crashed", "(SIGSEGV)"),
    "exit in a call": ("def l2_gradient(p, l):\n    exit(3)\n", "raised", "SystemExit: 3"),
    "exit": ("exit(3)\n", "does-not-run", "SystemExit: 3 (line 1)"),
    "memory": ("def l2_gradient(p, l):\n    return bytearray(2**30)\n", "raised", "MemoryError"),
    "no syntax": ("x = 1\ndef l2_gradient(p, l)\n    return p\n", "does-not-run", "SyntaxError: expected ':' (line 2)"),
    "a name that is not there": ("def f():\n    return no\nf()\n", "does-not-run", "(line 2)"),
    "nothing": ("x = 1\n", "not-defined", "does not define `l2_gradient`"),
    "two others": ("def f(): pass\ndef g(): pass\n", "not-defined", "does not define `l2_gradient`"),
    "no function": ("l2_gradient = 3\n", "not-defined", "`l2_gradient` is no function"),
}


@pytest.mark.parametrize("what", [pytest.param(k, marks=pytest.mark.slow) if k == "sleep" else k for k in MISBEHAVING])
def test_an_answer_that_misbehaves_fails_with_a_sentence(what: str):
    code, mistake, sentence = MISBEHAVING[what]
    found = tried(code)
    for side in ("grader", "check"):
        assert (found[side]["verdict"], found[side]["mistake"], found[side]["fraction"]) == ("failed", mistake, 0.0)
        assert sentence in found[side]["sentence"]


def test_a_flood_of_output_is_dropped(capfd: pytest.CaptureFixture[str]):
    found = tried(f"import os\nos.write(1, b'loud' * 1000)\nprint('loud' * 1000)\n{RIGHT}")
    assert found["check"]["verdict"] == found["grader"]["verdict"] == "passed"
    assert capfd.readouterr() == ("", "")


def test_what_an_answer_does_to_its_process_stays_there(tmp_path: Path):
    code = "import gradschool.core.numerics as n, os\nn.TOLERANCES.clear()\nos.chdir('/')\n" + RIGHT.replace("-", "+")
    here = Path.cwd()
    assert tried(code)["grader"]["verdict"] == "failed"
    assert tried(RIGHT)["agree"]
    assert Path.cwd() == here


def test_the_judge_asks_from_outside_so_that_an_answer_cannot_pass_itself():
    """It takes over the check of its own process, and gains nothing with the judge."""
    code = (
        "import grader.audit.trying as t, dataclasses\n"
        "honest = t.check_here\n"
        "t.check_here = lambda e, f: dataclasses.replace(honest(e, f), fraction=1.0)\n"
        "t.examine = t.check_here\n"
        "def l2_gradient(p, l):\n    return l - p\n"
    )
    found = tried(code)
    assert found["check"]["verdict"] == "passed"
    assert found["grader"]["verdict"] == "failed"
    assert not found["agree"]


def test_a_failure_of_the_grader_itself_is_an_error_and_no_failed_answer(monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        raise KeyError("table")

    monkeypatch.setattr(trying, "examine", broken)
    monkeypatch.setattr(trying, "check_here", broken)
    found = tried(RIGHT)
    for side in ("grader", "check"):
        assert (found[side]["verdict"], found[side]["earned"]) == ("error", None)
        assert "The grader itself failed: KeyError" in found[side]["sentence"]


@pytest.mark.slow
@pytest.mark.parametrize("part", CHAPTERS)
def test_the_lessons_own_solution_runs_with_the_names_of_the_lesson(part: str):
    solutions = {
        c.metadata.nbgrader.grade_id: c.source
        for chapter in chapters()
        if chapter.key == part
        for c in source_notebook(chapter).cells
        if c.cell_type == "code" and "nbgrader" in c.metadata
    }
    for exercise in in_chapter(part):
        found = tried(solutions[exercise.grade_id + "-solution"], exercise.id, Limits())
        assert (found["grader"]["verdict"], found["check"]["verdict"]) == ("passed", "passed"), found


def test_an_answer_finds_earlier_functions_and_no_later_ones():
    code = (
        "def squash_vjp(z, g, low, high):\n    a = squash(z, low, high)\n"
        "    return g * 2 * (a - low) * (high - a) / (high - low)\n"
    )
    assert tried(code, "ddpg.squash_vjp")["grader"]["verdict"] == "passed"
    namespace = lesson_namespace(next(e for e in in_chapter("ddpg") if e.id == "ddpg.squash_vjp"))
    assert {"np", "torch", "MLP", "squash", "check"} <= set(namespace)
    assert not {"squash_vjp", "polyak"} & set(namespace)


def test_one_function_of_another_name_is_taken():
    assert tried("def my_own(p, l):\n    return p - l\n")["grader"]["verdict"] == "passed"


def test_many_come_back_in_their_order_with_what_they_brought():
    lines = [{"exercise": ID, "code": RIGHT, "id": f"n{k}", "truth": k} for k in range(3)]
    lines.insert(1, {"exercise": "dqn.one_hot", "code": "def one_hot(s, n_states):\n    return np.eye(n_states)[s]\n"})
    trials = read_lines(json.dumps(line) for line in lines)
    found = list(try_all(trials, 3, QUICK, 2))
    assert [f["id"] for f in found] == ["n0", 2, "n1", "n2"]
    assert [f.get("truth") for f in found] == [0, None, 1, 2]
    assert all(f["grader"]["verdict"] == f["check"]["verdict"] == "passed" for f in found)


def test_an_answer_that_kills_the_grader_costs_only_itself():
    killer = "import os, signal\ndef l2_gradient(p, l):\n    os.kill(os.getppid(), signal.SIGKILL)\n"
    found = list(try_all([Trial(ID, RIGHT, 1), Trial(ID, killer, 2), Trial(ID, RIGHT, 3)], 3, QUICK, 2))
    assert [f["grader"]["verdict"] for f in found] == ["passed", "error", "passed"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("not json", "Line 2 is not JSON"),
        ("[1]", "Line 2 should be"),
        ('{"exercise": "chain.l2_gradient"}', "Line 2 should be"),
        (
            '{"exercise": "chain.l2_grad", "code": ""}',
            'Line 2: There is no exercise .* did you mean "chain.l2_gradient"',
        ),
    ],
)
def test_a_line_that_is_no_answer_is_named(line: str, sentence: str):
    with pytest.raises(GraderError, match=sentence):
        read_lines([json.dumps({"exercise": ID, "code": RIGHT}), line])


def test_a_notebooks_own_cell_is_taken_or_the_one_that_defines_the_function():
    new = nbformat.v4
    named = new.new_code_cell(RIGHT)
    named.metadata["nbgrader"] = {"grade_id": "chain-l2-gradient-solution"}
    other = new.new_code_cell("def l2_gradient(p, l):\n    return l - p\n")
    notebook = new.new_notebook(cells=[new.new_markdown_cell("# text"), other, named])
    assert read_answer(ID, "a.ipynb", nbformat.writes(notebook)).code == RIGHT
    assert read_answer(ID, "a.ipynb", nbformat.writes(new.new_notebook(cells=[other]))).code == other.source
    with pytest.raises(GraderError, match="No cell of the notebook defines l2_gradient"):
        read_answer(ID, "a.ipynb", nbformat.writes(new.new_notebook()))
    with pytest.raises(GraderError, match="cannot be read"):
        read_answer(ID, "a.ipynb", "{")


@pytest.mark.slow
def test_the_command_takes_an_exercise_and_a_file_or_lines_and_says_what_is_missing(tmp_path: Path):
    answer, lines = tmp_path / "answer.py", tmp_path / "answers.jsonl"
    answer.write_text(RIGHT)
    lines.write_text(json.dumps({"exercise": ID, "code": RIGHT.replace("p - l", "l - p")}) + "\n")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    told = CliRunner().invoke(app, ["try", ID, str(answer)])
    assert (told.exit_code, told.stdout.count("passed"), told.stderr) == (0, 2, "")
    here = CliRunner().invoke(app, ["try", str(lines), "--json"])
    program = [sys.executable, "-m", "grader", "try", "-", "--json"]
    apart = subprocess.run(
        program, input=lines.read_text(), env=env, capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert (here.exit_code, apart.returncode) == (0, 0)
    for done in (here, apart):
        found = json.loads(done.stdout)
        assert found["grader"]["mistake"] == "label-minus-prediction"
        assert list(found) == ["id", "exercise", "grader", "check", "agree"]
        figures = ["verdict", "fraction", "points", "earned", "mistake", "sentence", "experiment", "seconds"]
        assert list(found["check"]) == list(found["grader"]) == figures


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere.jsonl"], "There is no file nowhere.jsonl"),
        (["chain.l2", "-"], 'did you mean "chain.l2_gradient"'),
    ],
)
def test_a_wrong_command_line_is_one_sentence(words: list[str], sentence: str):
    error = CliRunner().invoke(app, ["try", *words], input=RIGHT).exception
    assert isinstance(error, GraderError)
    assert sentence in str(error)
