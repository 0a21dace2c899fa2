"""A student's progress: from the checks, on this computer alone, and never in the way of anything."""

from __future__ import annotations

import multiprocessing
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gradschool.check import check_log, own_lines
from gradschool.check.api import CheckFailed, check
from gradschool.check.check_log import Event, ExerciseStatus, chapter_status, events, write
from gradschool.core.judge_messages import judge_address
from gradschool.lessons.predictions import record
from gradschool.student import progress

MINUTE = 60.0


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of this test's own, in a folder that is not there yet, and somebody who watches."""
    file = tmp_path / "a" / "b" / "progress.jsonl"
    monkeypatch.setenv("GRADSCHOOL_STATE_FILE", str(file))
    monkeypatch.delenv("GRADSCHOOL_JUDGE_SOCKET", raising=False)
    for module in (check_log, progress):
        monkeypatch.setattr(module, "is_interactive", lambda: True)
    return file


def log(*rows: tuple[float, str, bool]) -> list[Event]:
    return [Event(1e9 + MINUTE * at, name, passed) for at, name, passed in rows]


def standing(name: str, found: list[Event]) -> ExerciseStatus:
    return next(s for s in chapter_status("chain", found) if s.exercise.id == name)


L2, NUM = "chain.l2_gradient", "chain.numerical_gradient"


def test_minutes_run_from_the_first_check_to_the_first_pass_without_pauses() -> None:
    found = log((0, L2, False), (5, L2, False), (8, L2, True), (9, NUM, False), (60, NUM, False), (64, NUM, True))
    assert standing(L2, found).minutes == pytest.approx(8)
    assert standing(NUM, found).minutes == pytest.approx(4)  # 51 minutes without a check are a pause
    assert standing("chain.relu_vjp", found).word == "not tried yet"
    busy = log((0, NUM, False), (15, L2, False), (30, L2, True), (45, NUM, True))
    assert standing(NUM, busy).minutes == pytest.approx(45)  # another exercise in between is no pause


def test_the_last_check_counts_and_reds_are_counted_since_the_last_pass() -> None:
    found = log((0, L2, False), (1, L2, True), (2, L2, False), (3, L2, False))
    assert (standing(L2, found).word, standing(L2, found).failures_since_pass, standing(L2, found).minutes) == (
        "not yet",
        2,
        1,
    )
    assert standing(L2, found[:2]).failures_since_pass == 0


def test_a_check_is_noted_and_said_on_the_card(state: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(CheckFailed):
        check(L2, lambda p, l: l - p)
    check(L2, lambda p, l: p - l)
    assert [(e.exercise, e.passed) for e in events()] == [(L2, False), (L2, True)]
    out = capsys.readouterr().out
    assert "0 of 14 exercises of this chapter pass; the next is chain.l2_gradient." in out
    assert "1 of 14 exercises of this chapter pass; the next is chain.numerical_gradient." in out


def test_the_old_names_of_the_variables_are_heeded_for_one_version(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADSCHOOL_STATE", str(tmp_path / "old"))
    assert check_log.state_file() == state
    monkeypatch.delenv("GRADSCHOOL_STATE_FILE")
    assert check_log.state_file() == tmp_path / "old"
    monkeypatch.delenv("GRADSCHOOL_JUDGE_SOCKET", raising=False)
    assert judge_address() is None
    monkeypatch.setenv("GRADSCHOOL_JUDGE", "/old")
    assert judge_address() == "/old"
    write(log((0, L2, True))[0])
    assert not (tmp_path / "old").exists()
    with pytest.raises(CheckFailed, match="does not answer"):
        check(L2, lambda p, l: p - l)
    monkeypatch.setenv("GRADSCHOOL_JUDGE_SOCKET", "/new")
    assert judge_address() == "/new"


def test_nothing_is_written_or_read_while_grading_nor_where_nobody_watches(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(log((0, L2, True))[0])
    before = state.read_bytes()
    monkeypatch.setenv("GRADSCHOOL_JUDGE_SOCKET", "/nowhere")
    write(log((1, L2, True))[0])
    check_log.log_check(L2, True)
    assert events() == []
    monkeypatch.delenv("GRADSCHOOL_JUDGE_SOCKET")
    for module in (check_log, progress):
        monkeypatch.setattr(module, "is_interactive", lambda: False)
    check(L2, lambda p, l: p - l)
    assert progress.progress("chain") is None
    assert state.read_bytes() == before


def test_what_cannot_be_read_is_skipped(state: Path) -> None:
    write(log((0, L2, True))[0])
    with open(state, "ab") as file:
        for junk in (b"\xff\x00\n", b'{"at": 1e9, "exer', b"\n[]\n", b'{"at": "x", "exercise": 1, "passed": 2}\n'):
            file.write(junk)
        file.write(b"[" * 100_000 + b"\n")
    write(log((1, NUM, False))[0])
    assert [e.exercise for e in events()] == [L2, NUM]


@pytest.mark.parametrize("obstacle", ["a file where a folder should be", "a folder where the file should be"])
def test_a_disk_that_cannot_be_written_costs_the_note_and_not_the_check(
    obstacle: str, state: Path, capsys: pytest.CaptureFixture
) -> None:
    if obstacle.startswith("a file"):
        state.parent.parent.write_text("in the way")
    else:
        state.mkdir(parents=True)
    check(L2, lambda p, l: p - l)
    assert events() == []
    assert "passed" in capsys.readouterr().out


def _many(file: str, name: str) -> None:
    os.environ["GRADSCHOOL_STATE_FILE"] = file
    for k in range(200):
        write(Event(1e9 + k, name, True))


def test_two_kernels_at_once_lose_no_line(state: Path) -> None:
    both = [multiprocessing.Process(target=_many, args=(str(state), name)) for name in (L2, NUM)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    found = [e.exercise for e in events()]
    assert (found.count(L2), found.count(NUM)) == (200, 200)


def test_only_the_end_of_a_long_history_is_read(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for k in range(50):
        write(Event(1e9 + k, L2, True))
    monkeypatch.setattr(own_lines, "MOST_BYTES", 1000)
    assert 5 < len(events()) < 20


def test_the_table_reads_row_by_row(state: Path) -> None:
    write(log((0, L2, True))[0])
    html = progress.progress("chain")._repr_html_()  # type: ignore[union-attr]
    HTMLParser().feed(html)
    assert html.count('scope="row"') == 14
    assert html.count('scope="col"') == 4
    assert "✓ passed" in html
    assert not re.search(r"<script|<style|http", html)


def test_status_in_a_terminal(state: Path) -> None:
    def status() -> str:
        done = subprocess.run([sys.executable, "-m", "gradschool", "status"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "No check has been noted yet" in status()
    for event in log((0, L2, False), (7, L2, True), (8, NUM, False)):
        write(event)
    lines = status().splitlines()
    assert not any("Predictions" in line for line in lines)
    assert lines[0] == (
        "01-loss-as-chain-rule: 1 of 14 exercises of this chapter pass; the next is chain.numerical_gradient."
    )
    assert re.fullmatch(r"  \[x\] chain\.l2_gradient\s+passed\s+7 min", lines[1])
    assert re.fullmatch(r"  \[!\] chain\.numerical_gradient\s+not yet\s+<1 min", lines[2])


def test_status_counts_the_predictions(state: Path) -> None:
    write(log((0, L2, True))[0])
    record.keep_guess("chain.zero-share", 1.0)
    record.keep_guess("chain.which-side", "left")
    record.keep_measurement("chain.which-side", "left")
    record.keep_measurement("chain.never-guessed", "left")
    assert "\n  Predictions: 2, measured: 1\n" in progress.all_chapters()
