"""`gradschool hand-in`: what is packed, what is told before, and what cannot be handed in."""

from __future__ import annotations

import copy
import json
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grader.course import ROOT, chapter, chapters, lessons
from grader.notebooks.source import source_notebook
from gradschool.check import check_log
from gradschool.core.exercise import in_chapter
from gradschool.lessons.predictions import record
from gradschool.student import cli
from gradschool.student.hand_in import button, clean_run, command, release
from gradschool.student.hand_in.clean_run import NoKernel, Outcome
from gradschool.student.hand_in.lesson_file import WrongFile, read, remarks
from gradschool.student.hand_in.receipt import Receipt
from gradschool.student.hand_in.unsaved import not_as_run

NAME = "loss_as_chain_rule.ipynb"
ZIP = "hand-in-01-loss-as-chain-rule.zip"
Notebook = dict[str, Any]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A student's folder, and a log of checks of its own."""
    monkeypatch.setenv("GRADSCHOOL_STATE_FILE", str(tmp_path / "state.jsonl"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture(scope="module")
def released() -> Notebook:
    return json.loads((ROOT / "course" / "01-loss-as-chain-rule" / NAME).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def solved() -> Notebook:
    """Chapter 1 with the instructor's functions, as a student's file."""
    source = source_notebook(chapter("chain"))
    source.cells = [c for c in source.cells if "instructor" not in c.metadata.get("tags", [])]
    return json.loads(nbformat.writes(source))


def put(notebook: Notebook, name: str = NAME) -> Path:
    file = Path.cwd() / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(notebook), encoding="utf-8")
    return file


def cell(notebook: Notebook, name: str) -> dict[str, Any]:
    return next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def unpacked() -> tuple[bytes, Receipt]:
    with zipfile.ZipFile(ZIP) as archive:
        return archive.read(NAME), Receipt.from_json(archive.read("receipt.json"))


def said_by(asked: str = "", **how: bool) -> tuple[int, str]:
    lines: list[str] = []
    code = command.hand_in(asked, **{"checks": False, **how}, say=lines.append)
    return code, "\n".join(lines)


# -- the whole of it ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_clean_kernel_tells_what_a_grader_will_see(solved: Notebook, capfd: pytest.CaptureFixture[str]) -> None:
    """One run for many questions: a right answer, a wrong one, none, a missing module, a check that is gone."""
    notebook = copy.deepcopy(solved)
    cell(notebook, "chain-l2-gradient-solution")["source"] = "def l2_gradient(p, l):\n    return l - p\n"
    cell(notebook, "chain-relu-vjp-solution")["source"] = (
        "def relu_vjp(z, g):\n    # YOUR CODE HERE\n    raise NotImplementedError()\n"
    )
    cell(notebook, "chain-tanh-vjp-solution")["source"] = (
        "from no_such_module import expit\ndef tanh_vjp(z, g):\n    return g\n"
    )
    cell(notebook, "chain-reflection")["source"] = "YOUR ANSWER HERE"
    experiment = next(c for c in notebook["cells"] if "experiment" in c["metadata"].get("tags", []))
    experiment["id"], experiment["source"] = "other", [*experiment["source"], "  \r\n"]  # as another front end saves it
    gone = cell(notebook, "chain-adam-step")
    notebook["cells"].remove(gone)
    put(notebook)
    code = cli.main(["hand-in"])
    printed = capfd.readouterr().out
    assert code == 0
    rows = {line.split("] ")[1].split()[0]: line for line in printed.splitlines() if line.startswith("  [")}
    assert list(rows) == [*(e.id for e in in_chapter("chain")), "chain.reflection"]
    assert "[ ] chain.l2_gradient" in rows["chain.l2_gradient"]
    assert "not yet" in rows["chain.l2_gradient"]
    assert rows["chain.l2_gradient"].endswith("warm-up")
    assert "2 points" in rows["chain.relu_vjp"]
    assert "not written yet" in rows["chain.relu_vjp"]
    assert "[x] chain.adam_step" in rows["chain.adam_step"]  # its check cell is gone: a grader brings one
    assert "not written yet" in rows["chain.reflection"]
    assert "No module named 'no_such_module'" in printed
    assert "the cell that defines it ends in ModuleNotFoundError" in " ".join(printed.split())
    assert "Note: The cell of chain.tanh_vjp imports no_such_module" in printed
    assert str(Path.cwd() / ZIP) in printed
    content, receipt = unpacked()
    assert content == Path(NAME).read_bytes()
    assert (receipt.chapter, receipt.release) == (
        "01-loss-as-chain-rule",
        release.read_facts()[receipt.chapter]["digest"],
    )
    failed = {"chain.l2_gradient", "chain.relu_vjp", "chain.tanh_vjp"}
    assert {name for name, passed in receipt.checks.items() if not passed} == failed
    assert len(receipt.checks) == len(in_chapter("chain"))
    assert check_log.events() == []  # nobody watched


@pytest.mark.slow
def test_a_clean_kernel_ends_what_takes_too_long_and_outlives_it(own_folder: Path) -> None:
    with clean_run.clean_kernel(own_folder) as run_cell:
        endless = run_cell("import time\nwhile True: time.sleep(0.01)", 1.0)
        assert endless == Outcome("TimeoutError", "it took longer than 1 seconds")
        assert run_cell("time.monotonic()", 60.0).passed
        assert run_cell("1 / 0", 60.0) == Outcome("ZeroDivisionError", "division by zero")
        assert run_cell("input()", 60.0).error == "StdinNotImplementedError"
        assert run_cell("import os; os._exit(1)", 60.0).went_silent


def test_a_run_goes_on_after_a_failing_cell_and_ends_with_the_kernel(own_folder: Path, solved: Notebook) -> None:
    """With stand-ins for cells: what a run makes of each outcome."""
    file = read(put(solved))
    ran: list[str] = []

    def run_cell(source: str, seconds: float) -> Outcome:
        ran.append(source)
        assert seconds > 0
        if 'check("chain.linear_vjp"' in source:
            return Outcome("TimeoutError", "it took longer than 60 seconds")
        if "def mlp_backward" in source:
            return Outcome("RuntimeError", "the kernel died in this cell", went_silent=True)
        return Outcome()

    found = clean_run.run(file, run_cell)
    assert found.passed["chain.l2_gradient"]
    assert not found.passed["chain.linear_vjp"]
    assert found.why["chain.linear_vjp"] == "it took longer than 60 seconds"
    assert "chain.mlp_backward" not in found.passed
    lines = "\n".join(command.table(file, found))
    assert "chain.mlp_backward         not reached" in lines
    experiments = [c.source for c in file.cells if c.experiment]
    assert len(experiments) > 10
    assert not set(experiments) & set(ran)


# -- which file -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["", "1", "01", "chain", "01-loss-as-chain-rule", NAME, f"./{NAME}"])
def test_a_lesson_is_found_by_any_of_its_names(released: Notebook, asked: str) -> None:
    put(released)
    assert command.find(asked, Path.cwd()).part == "chain"


def test_a_lesson_is_found_from_the_checkouts_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert command.find("2", Path.cwd()).path.name == "dqn_on_taxi.ipynb"
    with pytest.raises(WrongFile, match="more than one lesson here"):
        command.find("", Path.cwd())


def test_the_lessons_own_file_goes_before_its_copies_and_a_copy_says_so(released: Notebook) -> None:
    put(released)
    copied = put(released, "loss_as_chain_rule-Copy1.ipynb")
    assert command.find("", Path.cwd()).path.name == NAME
    code, said = said_by(copied.name)
    assert code == 0
    assert f"{copied.name} looks like a copy: {NAME}, beside it, is not handed in." in said


def without_names(notebook: Notebook) -> Notebook:
    stripped = copy.deepcopy(notebook)
    stripped["metadata"] = {}
    for one in stripped["cells"]:
        one["metadata"] = {}
    return stripped


def test_a_notebook_without_metadata_is_known_by_its_checks_and_functions(solved: Notebook) -> None:
    assert read(put(without_names(solved), "mine.ipynb")).part == "chain"
    for one in solved["cells"]:
        assert isinstance(one["source"], str | list)
    bare = without_names(solved)
    bare["cells"] = [c for c in bare["cells"] if "check(" not in "".join(c["source"])]
    assert read(put(bare, "mine.ipynb")).part == "chain"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (NAME, "not JSON", "is not a notebook that can be read"),
        (NAME, '{"cells": 3}', "is not a notebook that can be read"),
        (NAME, "[" * 100_000, "is not a notebook that can be read"),
        (
            NAME,
            '{"cells": [{"cell_type": "code", "source": "x = 1", "metadata": {}}, 3]}',
            "has no exercise of this course",
        ),
        (".ipynb_checkpoints/loss_as_chain_rule-checkpoint.ipynb", "{}", "hand in loss_as_chain_rule.ipynb, in the"),
        (
            NAME,
            '{"cells": [{"cell_type": "code", "source": "check(\\"chain.l2_gradient\\", f)", "metadata": 1}], '
            '"metadata": {"gradschool": {}}}',
            "is a copy that came back from grading",
        ),
    ],
)
def test_a_wrong_file_is_told_with_what_to_do(name: str, content: str, sentence: str) -> None:
    file = Path.cwd() / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    code, said = said_by(str(file))
    assert code == 1
    assert said.startswith("Nothing was packed. ")
    assert sentence in said
    assert list(Path.cwd().rglob("*.zip")) == []


def test_a_file_that_is_not_there_and_a_chapter_that_is_not(released: Notebook) -> None:
    assert "gone.ipynb cannot be read: No such file" in said_by("gone.ipynb")[1]
    assert "There is no chapter '7': there are 1 (01-loss-as-chain-rule), 2 (02-" in said_by("7")[1]
    assert "No lesson of this course is in" in said_by()[1]
    put(released)
    assert "No notebook of chapter 02-dqn-on-taxi is in" in said_by("2")[1]
    assert command.find(str(Path.cwd()), Path("/")).path.name == NAME
    os.mkfifo("pipe.ipynb")  # reading it would wait for ever
    assert "is no file: name a notebook" in said_by("pipe.ipynb")[1]


def test_a_file_that_no_grader_reads_is_told(released: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    from grader.notebooks import reader
    from gradschool.student.hand_in import lesson_file

    assert lesson_file.MOST_BYTES == reader.MOST_BYTES
    monkeypatch.setattr(lesson_file, "MOST_BYTES", 1000)
    put(released)
    assert "Clear Outputs of All Cells" in said_by(NAME)[1]


# -- what is told before --------------------------------------------------------------------------------------


def test_a_lesson_in_another_chapters_place_is_told(solved: Notebook) -> None:
    (remark,) = remarks(read(put(solved, "02-dqn-on-taxi/mine.ipynb")))
    assert "holds exercises of 01-loss-as-chain-rule, though its folder is 02-dqn-on-taxi" in remark
    (remark,) = remarks(read(put(solved, "dqn_on_taxi (1).ipynb")))
    assert "though its name is another chapter's" in remark
    assert remarks(read(put(solved, "01-loss-as-chain-rule/any name.ipynb"))) == []


GRADED = [ROOT / "course" / c.assignment_id / f"{c.notebook}.ipynb" for c in chapters()]


@pytest.mark.parametrize("file", GRADED, ids=lambda f: f.parent.name)
def test_nothing_is_written_in_a_lesson_as_it_was_handed_out(file: Path) -> None:
    lesson = read(file)
    assert not any(lesson.is_written(e) for e in in_chapter(lesson.part))
    assert len([c for c in lesson.cells if c.experiment]) > (7 if lesson.part == "lab" else 10)


def test_a_reading_is_not_handed_in() -> None:
    (casebook,) = (c for c in lessons() if c.is_reading)
    with pytest.raises(WrongFile, match="has no exercise of this course"):
        read(ROOT / "course" / casebook.assignment_id / f"{casebook.notebook}.ipynb")


def test_an_untouched_lesson_and_lost_cells_are_told(released: Notebook, solved: Notebook) -> None:
    assert any("No exercise is written in" in r for r in remarks(read(put(released))))
    assert remarks(read(put(solved))) == []
    less = copy.deepcopy(solved)
    less["cells"].remove(cell(less, "chain-tanh-vjp-solution"))
    assert remarks(read(put(less))) == [
        "The notebook has no cell for chain.tanh_vjp: take a fresh copy of the lesson and paste your functions into it."
    ]
    elsewhere = copy.deepcopy(less)
    elsewhere["cells"].append({"cell_type": "code", "source": "def tanh_vjp(z, g):\n    return g", "metadata": {}})
    assert remarks(read(put(elsewhere))) == []


def test_a_lesson_of_another_release_is_told(solved: Notebook) -> None:
    for key, value in (("release", "0123456789abcdef"), ("version", "0.0.9")):
        other = copy.deepcopy(solved)
        other["metadata"][release.KEY][key] = value
        (remark,) = remarks(read(put(other)))
        assert "are of different releases" in remark
        assert "paste your functions into its lesson" in remark
    del other["metadata"][release.KEY]
    assert remarks(read(put(other))) == []


def test_modules_that_a_grader_may_lack_are_told(solved: Notebook) -> None:
    extra = copy.deepcopy(solved)
    cell(extra, "chain-tanh-vjp-solution")["source"] = "import math, torch\nfrom scipy.special import expit\n"
    extra["cells"].append({"cell_type": "code", "source": "import pandas as pd", "metadata": {}})
    assert [r for r in remarks(read(put(extra))) if "imports" in r] == [
        "The cell of chain.tanh_vjp imports scipy, which the course does not install: a grader may lack it.",
        "A cell of your own imports pandas, which the course does not install: a grader may lack it.",
    ]


# -- saved, or not --------------------------------------------------------------------------------------------


def test_a_file_older_than_the_last_check_is_not_packed_unawares(solved: Notebook) -> None:
    file = put(solved)
    os.utime(file, (time.time() - 600, time.time() - 600))
    check_log.write(check_log.Event(time.time() - 700, "chain.l2_gradient", True))
    check_log.write(check_log.Event(time.time(), "dqn.td_target", True))
    assert said_by()[0] == 0
    Path(ZIP).unlink()
    check_log.write(check_log.Event(time.time() - 60, "chain.tanh_vjp", True))
    code, said = said_by()
    assert code == 1
    assert "the file is older than what you ran" in said
    assert "chain.tanh_vjp was checked at" in said
    assert not Path(ZIP).exists()
    assert said_by(anyway=True)[0] == 0
    os.utime(file)
    assert said_by()[0] == 0


def test_a_file_saved_while_its_checks_run_is_not_packed(solved: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(solved)

    def saved_meanwhile(*_: Any) -> None:
        file.write_text("{}")

    monkeypatch.setattr(command, "_checked", saved_meanwhile)
    code, said = said_by(checks=True)
    assert (code, Path(ZIP).exists()) == (1, False)
    assert "was saved again while its checks ran" in said


def test_functions_that_differ_from_what_the_kernel_ran(solved: Notebook) -> None:
    file = read(put(solved))
    own = file.cell("chain-l2-gradient-solution")
    assert own is not None
    assert not_as_run(file, ["import numpy", "%matplotlib inline", own.source + "\n\n"]) == []
    assert not_as_run(file, [own.source, own.source.replace("p - l", "l - p")]) == ["l2_gradient"]
    assert not_as_run(file, [own.source.replace("p - l", "l - p"), own.source]) == []


# -- when something is missing --------------------------------------------------------------------------------


def test_without_a_kernel_the_zip_is_written_and_says_so(solved: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> None:
        raise NoKernel("no kernel can be started (No module named 'jupyter_client')")

    monkeypatch.setattr(clean_run, "clean_kernel", none)
    put(solved)
    code, said = said_by(checks=True)
    assert code == 0
    assert "The checks did not run, since no kernel can be started (No module named 'jupyter_client')" in said
    assert "not checked" in said
    assert unpacked()[1].checks == {}


def test_a_folder_that_cannot_be_written(solved: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(solved)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    real = command.write_zip

    def here_no(to: Path, content: bytes, receipt: Receipt) -> None:
        if to.parent.name == "own":
            raise PermissionError(13, "Permission denied")
        real(to, content, receipt)

    monkeypatch.setattr(command, "write_zip", here_no)
    code, said = said_by()
    assert code == 0
    assert str(tmp_path / ZIP) in said

    def nowhere(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command, "write_zip", nowhere)
    code, said = said_by()
    assert code == 1
    assert "No space left on device" in said
    assert f"upload {NAME} itself" in said


# -- predictions ----------------------------------------------------------------------------------------------


def test_predictions_are_packed_only_if_the_student_says_so(
    solved: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    put(solved)
    assert "Your predictions" not in said_by()[1]
    assert "There are no predictions of this chapter on this computer" in said_by(with_predictions=True)[1]
    record.keep_guess("chain.zero-share", 99.0)
    record.keep_measurement("chain.zero-share", 98.0)
    record.keep_guess("dqn.of-another-chapter", 1.0)
    _, said = said_by()
    assert "Your predictions are not packed; --with-predictions adds them." in said
    with zipfile.ZipFile(ZIP) as archive:
        assert b"zero-share" not in archive.read("receipt.json")
    assert "Packed with your predictions (1)" in said_by(with_predictions=True)[1]
    assert unpacked()[1].predictions == {"chain.zero-share": {"guess": 99.0, "measured": 98.0}}
    assert cli.main(["hand-in", "--no-checks", "--with-predictions"]) == 0
    assert "No mark depends on them" in capsys.readouterr().out
    assert unpacked()[1].predictions


@pytest.mark.parametrize("wanted", [False, True])
def test_the_buttons_checkbox_says_whether_predictions_are_packed(
    wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    asked: list[Any] = []
    monkeypatch.setattr(button, "is_interactive", lambda: True)
    monkeypatch.setattr(button, "_namespace", dict)
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.setattr(button, "pack", lambda part, namespace, run: run(None))
    monkeypatch.setattr(button, "_run", lambda file, with_predictions: asked.append(with_predictions))
    button.hand_in("chain")
    box, press, _ = shown[0].children
    assert box.value is False  # nothing is packed unasked
    box.value = wanted
    press.click()
    assert asked == [wanted]


# -- the button -----------------------------------------------------------------------------------------------


def pressed(part: str, namespace: dict[str, Any]) -> tuple[list[str], list[Path]]:
    said: list[str] = []
    ran: list[Path] = []
    button.pack(part, namespace, said.append, lambda file: ran.append(file.path))
    return said, ran


def test_the_button_packs_the_kernels_own_notebook(solved: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    own = put(solved, "folder/renamed.ipynb")
    put(solved)
    assert pressed("chain", {})[1] == [Path.cwd() / NAME]
    monkeypatch.setenv("JPY_SESSION_NAME", str(own))
    assert pressed("chain", {})[1] == [own]
    monkeypatch.setenv("JPY_SESSION_NAME", str(own.with_name("renamed-since.ipynb")))
    assert pressed("chain", {})[1] == [Path.cwd() / NAME]
    assert pressed("chain", {"__vsc_ipynb_file__": str(own)})[1] == [own]
    said, ran = pressed("dqn", {"__vsc_ipynb_file__": str(own)})
    assert ran == []
    assert "renamed.ipynb is a notebook of 01-loss-as-chain-rule" in said[0]


def test_the_button_asks_to_save_first(solved: Notebook) -> None:
    put(solved)
    said, ran = pressed("chain", {"In": ["", "def tanh_vjp(z, g):\n    return 2 * g"]})
    assert ran == []
    assert "tanh_vjp is not what you last ran. Save the notebook (Ctrl+S" in said[0]


def test_nothing_is_shown_where_nobody_looks_on(capsys: pytest.CaptureFixture[str]) -> None:
    button.hand_in("chain")
    assert capsys.readouterr() == ("", "")


def test_each_lesson_ends_with_its_button() -> None:
    for part in ("chain", "dqn", "ddpg"):
        cells = source_notebook(chapter(part)).cells
        (own,) = [c for c in cells if c.cell_type == "code" and c.source == f'hand_in("{part}")']
        assert "experiment" in own.metadata.tags
        assert release.text_digest(own.source) in release.experiments()


# -- the release ----------------------------------------------------------------------------------------------


def test_the_package_knows_the_lessons_that_are_released(released: Notebook) -> None:
    made_from = released["metadata"][release.KEY]
    assert made_from["release"] == release.read_facts()["01-loss-as-chain-rule"]["digest"]
    texts: Callable[[Notebook], list[tuple[str, str]]] = lambda n: [  # noqa: E731
        (c["cell_type"], "".join(c["source"])) for c in n["cells"]
    ]
    assert release.digest(texts(released)) == made_from["release"]
