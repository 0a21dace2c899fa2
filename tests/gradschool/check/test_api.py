"""`check` as a student meets it: every right way passes, every known mistake fails, every misuse gets a sentence."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest

from grader.bank.entry import Entry, Variant
from grader.bank.registry import entries
from gradschool import CheckFailed, check
from gradschool.check.api import check_here
from gradschool.core import protocol
from gradschool.core.exercise import find, in_chapter
from gradschool.core.interactive import is_interactive
from gradschool.core.judge_messages import JUDGE_VARIABLE, unpack_reply

CHAIN = entries("chain")
ALTERNATIVES = [(e, a) for e in CHAIN.values() for a in e.alternatives]
# The public oracle measures too: only the judge's hidden inputs tell a measured slope from a derived one.
MUTANTS = [(e, m) for e in CHAIN.values() for m in e.mutants if m.name != "measured-not-derived"]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No judge, unless a test starts one."""
    monkeypatch.delenv(JUDGE_VARIABLE, raising=False)


def named(pair: object) -> str:
    """What a parametrised test is called."""
    return pair.exercise.id if isinstance(pair, Entry) else getattr(pair, "name", "")


# -- chapter 1, all of it ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("entry", CHAIN.values(), ids=named)
def test_the_reference_passes_and_prints_the_card_alone(entry: Entry, capsys: pytest.CaptureFixture[str]) -> None:
    check(entry.exercise.id, entry.reference)
    out, err = capsys.readouterr()
    assert out.startswith(f"{entry.exercise.id}: passed. {entry.exercise.title}\n  {entry.exercise.meaning}\n  [x] ")
    is_last = entry.exercise == in_chapter("chain")[-1]
    assert ("\nNext exercise: " in out) is not is_last
    assert out.count("\n") == (6 if is_last else 7)
    assert err == ""


@pytest.mark.parametrize(("entry", "alternative"), ALTERNATIVES, ids=named)
def test_another_right_way_passes(entry: Entry, alternative: Variant) -> None:
    report = check_here(entry.exercise, alternative.fresh())
    assert report.passed, report.hint


@pytest.mark.parametrize(("entry", "mutant"), MUTANTS, ids=named)
def test_a_known_mistake_fails_with_a_sentence(entry: Entry, mutant: Variant) -> None:
    report = check_here(entry.exercise, mutant.fresh())
    assert not report.passed
    assert len(report.hint) > 20
    assert report.mistake not in ("", "untouched")


@pytest.mark.parametrize("entry", CHAIN.values(), ids=named)
def test_a_lazy_answer_earns_little(entry: Entry) -> None:
    """The first input back, zeros, or nothing: never more than the share of the shape."""
    for lazy in (lambda *a: a[0], lambda *a: 0.0, lambda *a: None, lambda *a: np.zeros_like(a[0])):
        assert check_here(entry.exercise, lazy).fraction <= 0.125


# -- how it fails --------------------------------------------------------------------------------------------------
def test_a_wrong_answer_shows_the_card_and_raises_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CheckFailed) as failed:
        check("chain.l2_gradient", lambda p, l: l - p)
    assert str(failed.value).startswith("chain.l2_gradient: The result is the negative of what it should be")
    assert "\n" not in str(failed.value)
    assert failed.value._render_traceback_() == [f"CheckFailed: {failed.value}"]
    in_words = CheckFailed("`W @ g`: W is (3, 2); a single ` stays")._render_traceback_()
    assert in_words == ["CheckFailed: \x1b[1mW @ g\x1b[0m: W is (3, 2); a single ` stays"]
    long = CheckFailed("a word " * 50)._render_traceback_()
    assert " ".join(long) == "CheckFailed: " + ("a word " * 50).strip()
    assert max(map(len, long)) <= 90
    out, err = capsys.readouterr()
    assert out.startswith("chain.l2_gradient: not yet.")
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chain.l2_gradiant", np.subtract), 'did you mean "chain.l2_gradient"?'),
        (("chain.nope", np.subtract), "There is no exercise 'chain.nope': there are chain.l2_gradient, "),
        (("chain.xyzzy", np.subtract), "there are chain.l2_gradient, chain.numerical_gradient, "),
        (("chian.l2_gradient", np.subtract), 'ids begin with "chain." or "dqn." or "ddpg."'),
        (("", np.subtract), "There is no exercise ''"),
        ((np.subtract, "chain.l2_gradient"), "check takes the id first, in quotes"),
        (("chain.l2_gradient", np.zeros(3)), "without brackets after its name; this is an array of shape (3,)."),
        (("chain.l2_gradient", None), "this is None."),
        (("chain.l2_gradient", "l2_gradient"), "this is the text 'l2_gradient'."),
    ],
)
def test_a_misuse_gets_a_clear_sentence(arguments: tuple[object, object], words: str) -> None:
    with pytest.raises(CheckFailed) as failed:
        check(*arguments)
    assert words in str(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__ or failed.value.__context__ is None


def test_what_a_student_prints_stays_within_the_card(capfd: pytest.CaptureFixture[str]) -> None:
    def chatty(p: np.ndarray, l: np.ndarray) -> np.ndarray:
        print("looking at", p.shape)
        print("and complaining", file=sys.stderr)
        return np.log(-np.abs(p)) * 0 + p - l

    with pytest.raises(CheckFailed):
        check("chain.l2_gradient", chatty)
    out, err = capfd.readouterr()
    assert out.count("looking at (4,)") == 1
    assert "Your function printed: looking at (4,)\nand complaining" in out
    assert err == ""


def test_exit_does_not_end_the_program() -> None:
    def leaves(p: np.ndarray, l: np.ndarray) -> np.ndarray:
        raise SystemExit(0)

    with pytest.raises(CheckFailed, match="raised SystemExit"):
        check("chain.l2_gradient", leaves)


def test_a_function_cannot_bend_what_is_expected() -> None:
    """It makes its input zero, in place and through what it kept, and answers as if p had been zero."""
    kept: list[np.ndarray] = []

    def bends(p: np.ndarray, l: np.ndarray) -> np.ndarray:
        kept.append(p)
        for array in kept:
            array[:] = 0
        return -l

    report = check_here(find("chain.l2_gradient"), bends)
    assert report.fraction <= 0.1


def test_what_is_expected_is_computed_before_the_students_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks_numpy(p: np.ndarray, l: np.ndarray) -> np.ndarray:
        monkeypatch.setattr(np, "sum", lambda *a, **k: 0.0)
        return 0.0 * p

    assert check_here(find("chain.l2_gradient"), breaks_numpy).fraction == 0.0


def test_a_check_asks_the_same_each_time() -> None:
    seen: list[list[bytes]] = [[], []]
    for record in seen:
        check_here(find("chain.l2_gradient"), lambda p, l, r=record: r.append(p.tobytes()))
    assert seen[0] == seen[1]


def test_float32_in_the_middle_is_caught_here_and_not_only_while_grading() -> None:
    report = check_here(find("chain.l2_gradient"), lambda p, l: (p - l).astype(np.float32).astype(float))
    assert report.mistake == "float32"


def test_in_ipython_the_card_is_html_and_the_traceback_one_line() -> None:
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    try:
        with capture_output() as shown:
            result = shell.run_cell(
                "from gradschool import check\ncheck('chain.l2_gradient', lambda p, l: l - p)", store_history=False
            )
    finally:
        InteractiveShell.clear_instance()
    assert isinstance(result.error_in_exec, CheckFailed)
    (card,) = shown.outputs
    assert set(card.data) == {"text/plain", "text/html"}
    assert card.data["text/html"].startswith("<div ")
    assert card.data["text/plain"].startswith("chain.l2_gradient: not yet.")
    assert shown.stdout.strip() == f"CheckFailed: {result.error_in_exec}"
    assert shown.stderr == ""


def test_without_ipython_it_is_text() -> None:
    code = (
        "import sys; sys.modules['IPython'] = None\n"
        "from gradschool import check\n"
        "check('chain.l2_gradient', lambda p, l: p - l)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("chain.l2_gradient: passed.")
    assert done.stderr == ""


# -- with a judge --------------------------------------------------------------------------------------------------
@pytest.fixture
def listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A server's socket at the place that the judge's variable names."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        monkeypatch.setenv(JUDGE_VARIABLE, str(tmp_path / "s"))
        yield server


def serve(server: socket.socket, *frames: bytes) -> list[object]:
    """Answer the next connection: each frame in turn after each message. What was heard ends up in the list."""
    heard: list[object] = []

    def run() -> None:
        connection, _ = server.accept()
        with connection:
            for frame in frames:
                heard.append(protocol.receive(connection))
                connection.sendall(frame)

    threading.Thread(target=run, daemon=True).start()
    return heard


ASKED = {"p": np.array([1.0, 2.0]), "l": np.array([0.5, 0.5])}


def test_a_judge_is_answered_with_numbers_and_nothing_is_shown(
    listening: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = serve(listening, protocol.encode({"args": ASKED}), protocol.encode({"accepted": True}))
    check("chain.l2_gradient", lambda p, l: l - p)
    assert heard[0] == {"check": "chain.l2_gradient"}
    assert np.array_equal(unpack_reply(heard[1]).first, [-0.5, -1.5])
    assert capsys.readouterr() == ("", "")


def test_a_judge_that_will_not_hear_leaves_it_to_the_public_check(
    listening: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(listening, protocol.encode({"accepted": False}))
    with pytest.raises(CheckFailed, match="the negative"):
        check("chain.l2_gradient", lambda p, l: l - p)
    assert "not yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "frame", [b"", b"\0\0", protocol.encode({"accepted": True})[:-3], b"\0" * 7 + b"\3abc", b"\xff" * 20]
)
def test_a_judge_that_breaks_off_is_one_clear_sentence(listening: socket.socket, frame: bytes) -> None:
    serve(listening, frame)
    with pytest.raises(CheckFailed, match=f"the judge that {JUDGE_VARIABLE} names does not answer") as failed:
        check("chain.l2_gradient", lambda p, l: p - l)
    assert failed.value.__suppress_context__


def test_a_kernel_with_a_judge_is_watched_by_nobody_whatever_its_cells_say(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook may say that its front end could ask a reader a question; while grading that changes nothing."""
    request = {"content": {"allow_stdin": True}}
    kernel = SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda: request))
    monkeypatch.setattr("IPython.get_ipython", lambda: kernel)
    serve(listening, protocol.encode({"accepted": False}))
    assert not is_interactive()
    with pytest.raises(CheckFailed, match="the negative"):
        check("chain.l2_gradient", lambda p, l: l - p)
    monkeypatch.delenv(JUDGE_VARIABLE)
    assert is_interactive()


@pytest.mark.parametrize("address", ["/nowhere/at/all", "/" + "long" * 100, "/"])
def test_nobody_at_the_judges_address_is_one_clear_sentence(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(JUDGE_VARIABLE, address)
    with pytest.raises(CheckFailed, match="does not answer"):
        check("chain.l2_gradient", lambda p, l: p - l)


# -- nbgrader's Validate button ------------------------------------------------------------------------------------
def lesson(solution: str) -> nbformat.NotebookNode:
    """A notebook of one exercise as nbgrader would hand it out, with a solution in it."""

    def cell(source: str, name: str, **flags: bool) -> nbformat.NotebookNode:
        marks = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, **flags}
        extra = {"points": 2, "cell_type": "code"} if flags.get("grade") else {"cell_type": "code"}
        return nbformat.v4.new_code_cell(source, metadata={"nbgrader": {"grade_id": name, **marks, **extra}})

    cells = [
        cell("from gradschool import check", "imports", locked=True),
        cell(solution, "answer", solution=True),
        cell('check("chain.l2_gradient", l2_gradient)', "check", grade=True, locked=True),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel)


@pytest.mark.slow
@pytest.mark.parametrize("sign", [1, -1], ids=["right", "wrong"])
def test_the_validate_button_tells_right_from_wrong(sign: int, tmp_path: Path) -> None:
    from nbgrader.validator import Validator

    file = tmp_path / "lesson.ipynb"
    nbformat.write(lesson(f"def l2_gradient(p, l):\n    return {sign} * (p - l)"), file)
    said = io.StringIO()
    validator = Validator()
    validator.stream = said
    validator.validate_and_print(str(file))
    if sign > 0:
        assert "Success! Your notebook passes all the tests." in said.getvalue()
    else:
        assert "VALIDATION FAILED ON 1 CELL(S)" in said.getvalue()
        assert "CheckFailed: chain.l2_gradient: The result is the negative of what it should be" in said.getvalue()
        assert "Traceback" not in said.getvalue()
    result = validator.validate(str(file))
    json.dumps(result)
    assert ("failed" in result) == (sign < 0)


def test_a_chapter_that_is_not_written_says_so_once_and_counts_at_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """nbgrader's Validate lists every error of a notebook; each still is one."""
    api = sys.modules["gradschool.check.api"]
    monkeypatch.setattr(api, "_written", {})

    def stub(*args: object) -> None:
        raise NotImplementedError

    said = []
    for name, entry in CHAIN.items():
        answer = entry.reference if name == "chain.relu_vjp" else stub
        try:
            check(name, answer)
        except CheckFailed as failed:
            said.append(str(failed))
    assert said[0] == "chain.l2_gradient: Not written yet: the function still raises NotImplementedError."
    assert [words.partition(": ")[2] for words in said[1:-1]] == ["not written yet."] * (len(CHAIN) - 3)
    assert said[-1] == f"chain.adam_step: not written yet. 1 of {len(CHAIN)} exercises of this chapter are written."
    monkeypatch.setattr(api, "_written", {})
    with pytest.raises(
        CheckFailed, match=r"adam_step: Not written yet: the function still raises NotImplementedError\.$"
    ):
        check("chain.adam_step", stub)  # alone, it counts nothing
    capsys.readouterr()
