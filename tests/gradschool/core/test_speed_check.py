"""The note on a slow answer's card: earned by a loop, by nothing else, and worth no mark in either direction."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from grader.bank.registry import entries, find_entry
from gradschool.check.api import check_here
from gradschool.check.card import as_html, as_text
from gradschool.core.exercise import find
from gradschool.core.judge_messages import JUDGE_VARIABLE
from gradschool.exercises.dqn.adapters import speed_of
from tests.support.opcode_clock import opcode_clock

BANK = entries("dqn")
TIMED = [entry for entry in BANK.values() if entry.exercise.speed_note]
LOOPS = {
    "dqn.q_values": "row_by_row",
    "dqn.epsilon_greedy": "one_after_another",
    "dqn.td_target": "by_loop",
    "dqn.output_gradient": "by_loop",
    "dqn.weight_gradient": "by_rows",
    "dqn.huber_gradient": "huber_by_cases",
}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No judge, unless a test names one."""
    monkeypatch.delenv(JUDGE_VARIABLE, raising=False)


def alternative(exercise_id):
    return next(a.fresh() for a in find_entry(exercise_id).alternatives if a.name == LOOPS[exercise_id])


@pytest.mark.parametrize("exercise_id", LOOPS)
def test_a_loop_over_the_rows_passes_with_a_note_that_says_how_slow(exercise_id):
    with opcode_clock():
        report = check_here(find(exercise_id), alternative(exercise_id))
    assert (report.passed, report.fraction) == (True, 1.0)
    (note,) = report.notes
    assert "512 rows take" in note
    assert int(note.split(" times as long")[0].split()[-1]) >= 5
    assert note in as_text(report)
    assert "times as long as vectorized" in as_html(report)


@pytest.mark.parametrize("entry", TIMED, ids=lambda entry: entry.exercise.id)
def test_a_vectorized_function_gets_none(entry):
    with opcode_clock():
        assert check_here(entry.exercise, entry.reference).notes == ()


def test_the_four_functions_that_train_are_timed():
    trained = {"dqn.td_target", "dqn.output_gradient", "dqn.weight_gradient", "dqn.epsilon_greedy"}
    assert trained <= {entry.exercise.id for entry in TIMED}


def test_the_note_never_changes_a_verdict():
    exercise = find("dqn.output_gradient")
    wrong = next(m.fresh() for m in find_entry(exercise.id).mutants)
    told = replace(exercise, speed_note=lambda answer: "slow")
    silent = replace(exercise, speed_note=None)
    for answer, notes in ((wrong, ()), (find_entry(exercise.id).reference, ("slow",))):
        with_note, without = check_here(told, answer), check_here(silent, answer)
        assert with_note.notes == notes
        assert without.notes == ()
        assert (with_note.fraction, with_note.properties, with_note.hint) == (
            without.fraction,
            without.properties,
            without.hint,
        )


@pytest.mark.parametrize("trouble", [ValueError("a large batch"), SystemExit(1)])
def test_trouble_while_timing_is_no_more_than_a_missing_note(trouble, capsys):
    def speed(answer):
        print("noise")
        raise trouble

    report = check_here(replace(find("dqn.q_values"), speed_note=speed), find_entry("dqn.q_values").reference)
    assert report.passed
    assert report.notes == ()
    assert capsys.readouterr().out == ""


def test_nothing_is_timed_while_grading(monkeypatch):
    monkeypatch.setenv(JUDGE_VARIABLE, "/nowhere")
    exercise, timed = find("dqn.q_values"), []
    told = replace(exercise, speed_note=lambda answer: timed.append(answer) or "slow")
    assert check_here(told, find_entry(exercise.id).reference).notes == ()
    assert timed == []


def test_timing_is_quick_even_of_a_very_slow_function():
    """Counted in the rows that it is asked for, a millisecond each, so that a busy machine changes nothing."""
    rows = []

    def slow(W, s):
        rows.append(len(s))
        time.sleep(0.001 * len(s))
        return W[s]

    speed_of("W", "s")(slow)
    assert 0 < sum(rows) <= 60


def test_a_costly_call_that_does_not_grow_is_no_loop():
    def fixed_cost(W, s):
        np.linalg.svd(np.ones((60, 60)))
        return W[s]

    assert speed_of("W", "s")(fixed_cost) == ""
