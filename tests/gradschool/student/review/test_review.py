"""A review: what was once wrong comes back with other numbers, later and later, from files on this computer alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from gradschool.check import check_log
from gradschool.core.exercise import CHAPTERS, in_chapter
from gradschool.lessons.predictions import record
from gradschool.student.review import questions, schedule
from gradschool.student.review.schedule import A_DAY, DAYS, Item, Moment, due, items
from gradschool.student.review.terminal import LOCAL, review

ROOT = Path(__file__).resolve().parents[4]
NOON = datetime(2026, 3, 2, 12).timestamp()
DAY = 86_400.0
TODAY = datetime(2026, 3, 2).toordinal()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "progress.jsonl"
    monkeypatch.setenv("GRADSCHOOL_STATE_FILE", str(file))
    monkeypatch.delenv("GRADSCHOOL_JUDGE_SOCKET", raising=False)
    return file


def typing(*lines: str) -> Callable[[str], str]:
    """Type these lines, then end the input."""
    waiting: Iterator[str] = iter(lines)

    def read(prompt: str) -> str:
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    return read


def wrong(name: str, days_ago: float = 2.0) -> None:
    check_log.write(check_log.Event(time.time() - days_ago * DAY, name, False))


def said(*lines: str, seed: int = 1) -> str:
    shown: list[str] = []
    assert review(typing(*lines), shown.append, seed) == 0
    return "\n".join(shown)


def kept() -> list[bool]:
    return [json.loads(line)["right"] for line in schedule.file().read_text().splitlines()]


@pytest.mark.parametrize("topic", questions.TEMPLATES)
def test_each_question_has_new_numbers_and_the_answer_of_its_exercise(topic: str) -> None:
    drawn = [questions.make(topic, np.random.default_rng(seed)) for seed in range(6)]
    assert len({q.text for q in drawn}) >= 3
    for q in drawn:
        off = 0.01 + 0.002 * abs(q.answer)
        assert np.isfinite(q.answer)
        assert len(q.text) < 260
        assert q.is_right(q.answer)
        assert not q.is_right(q.answer + off)


def by_hand(topic: str, **a: float) -> float:
    """The rules of the questions, written a second time."""
    return {
        "chain.l2_gradient": lambda p, l: p - l,
        "ddpg.polyak": lambda target, online, tau: (1 - tau) * target + tau * online,
        "ddpg.squash": lambda low, high: (low + high) / 2,
    }[topic](**a)


def test_answers_agree_with_the_rules_as_they_are_worded() -> None:
    for seed in range(5):
        args = questions.TEMPLATES["ddpg.polyak"].draw(np.random.default_rng(seed))
        numbers = {k: float(np.ravel(v)[0]) for k, v in args.items()}
        question = questions.make("ddpg.polyak", np.random.default_rng(seed))
        assert question.is_right(by_hand("ddpg.polyak", **numbers))
        box = questions.TEMPLATES["ddpg.squash"].draw(np.random.default_rng(seed))
        middle = by_hand("ddpg.squash", low=float(box["low"][0]), high=float(box["high"][0]))
        assert questions.make("ddpg.squash", np.random.default_rng(seed)).is_right(middle)


def test_what_stands_for_another_exists() -> None:
    ids = {e.id for part in CHAPTERS for e in in_chapter(part)}
    asked = {name for source in (ROOT / "solutions").rglob("*.md") for name in source.read_text().split(chr(34))}
    assert set(questions.TEMPLATES) <= ids
    assert set(questions.STANDS_FOR.values()) <= set(questions.TEMPLATES)
    assert set(questions.STANDS_FOR) <= ids | asked
    assert questions.topic_of("lab.taxi_test") is None


def test_a_right_answer_doubles_the_days_and_a_wrong_one_begins_anew() -> None:
    found = [Moment(NOON, "ddpg.polyak", False)]
    assert items(found) == [Item("ddpg.polyak", 0, TODAY + 1)]
    day = 0
    for box, days in enumerate(DAYS[:-1]):
        day += days
        found.append(Moment(NOON + day * DAY, "ddpg.polyak", True, reviewed=True))
        assert items(found) == [Item("ddpg.polyak", box + 1, TODAY + day + DAYS[box + 1])]
    failed = [*found, Moment(NOON + 40 * DAY, "ddpg.polyak", False, reviewed=True)]
    assert items(failed) == [Item("ddpg.polyak", 0, TODAY + 41)]
    learned = [*found, Moment(NOON + 90 * DAY, "ddpg.polyak", True, reviewed=True)]
    assert items(learned) == [Item("ddpg.polyak", len(DAYS), None)]
    assert due(learned, TODAY + 1000) == []


def test_a_check_that_passes_says_nothing_of_the_days_after() -> None:
    """Only an answer in a review moves a question on: a check can pass by copying the cell above."""
    assert items([Moment(NOON, "ddpg.polyak", True)]) == []
    both = [Moment(NOON, "ddpg.polyak", False), Moment(NOON + 60, "ddpg.polyak", True)]
    assert items(both) == [Item("ddpg.polyak", 0, TODAY + 1)]


def test_five_a_day_the_longest_overdue_first() -> None:
    topics = list(questions.TEMPLATES)[:7]
    found = [Moment(NOON - k * DAY, topic, False) for k, topic in enumerate(topics, 2)]
    assert [i.topic for i in due(found, TODAY)] == topics[::-1][:A_DAY]
    answered = [Moment(NOON, topic, False, reviewed=True) for topic in topics[::-1][:3]]
    assert [i.topic for i in due([*found, *answered], TODAY)] == topics[::-1][3:5]


def test_a_review_asks_keeps_and_tells(state: Path) -> None:
    wrong("ddpg.polyak")
    wrong("dqn.td_target", days_ago=3)
    second = np.random.default_rng(1)
    answers = [questions.make(t, second).answer for t in ("dqn.td_target", "ddpg.polyak")]
    text = said("what?", str(answers[0]), str(answers[1] + 1))
    assert LOCAL in text
    assert "1 of 2 (dqn.td_target)" in text
    assert "Enter one number, such as 0.5" in text
    assert f"The answer is {answers[1]:.4g}. The target moves by tau" in text
    assert "1 of 2 right. The next question is due on" in text
    assert kept() == [True, False]
    assert "That is all for today. The next question is due on" in said()


def test_enter_alone_shows_the_answer_and_q_ends_the_review(state: Path) -> None:
    wrong("ddpg.polyak")
    wrong("ddpg.squash")
    assert "0 of 1 right" in said("", "q")
    assert kept() == [False]


def test_nothing_to_review_is_said(state: Path) -> None:
    assert "There is nothing to review yet" in said()
    wrong("ddpg.polyak", days_ago=0.0)
    assert "Nothing is due today. The next question is due on" in said()
    assert not schedule.file().exists()


def test_a_prediction_that_was_off_comes_back_as_its_exercise(state: Path) -> None:
    old = round(time.time() - 2 * DAY, 1)
    lines = [
        {"at": old, "prediction": "ddpg.inverted", "guess": 1.0},
        {"at": old + 5, "prediction": "ddpg.inverted", "measured": 0.25},
        {"at": old, "prediction": "dqn.flags", "guess": 2.0},
        {"at": old + 5, "prediction": "dqn.flags", "measured": 2.0},
    ]
    record.file().write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [i.topic for i in due(schedule.moments())] == ["ddpg.invert_gradients"]


def test_lines_that_are_no_answers_are_skipped(state: Path) -> None:
    wrong("ddpg.polyak")
    odd = [
        '{"at": 1e9, "review": "no.such", "right": true}', '{"at": true, "review": "ddpg.polyak", "right": true}',
        '{"at": 1e9, "review": "ddpg.polyak", "right": 1}', '{"at": 1e300, "review": "ddpg.polyak", "right": true}',
        '{"at": NaN, "review": "ddpg.polyak", "right": true}', '{"at": 1e9, "review": ["x"], "right": true}',
        "[]", "\xff\x00", '{"at": 1e9, "review": "ddpg.polyak", "ri',
    ]  # fmt: skip
    schedule.file().write_text("\n".join(odd), encoding="latin-1")
    assert [m.reviewed for m in schedule.moments()] == [False]
    assert "1 of 1 (ddpg.polyak)" in said("0")


def test_a_disk_that_cannot_be_written_is_told_and_costs_nothing_else(state: Path) -> None:
    wrong("ddpg.polyak")
    schedule.file().mkdir()
    assert "This answer could not be kept" in said("")


def test_a_killed_review_keeps_the_answers_before(state: Path) -> None:
    wrong("ddpg.polyak")
    wrong("ddpg.squash")
    words = [sys.executable, "-m", "gradschool", "review"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ, text=True) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        run.stdin.write("\n")
        run.stdin.flush()
        while "2 of 2" not in run.stdout.readline():
            assert run.poll() is None
        run.send_signal(signal.SIGKILL)
    assert kept() == [False]
    assert "1 of 1" in said("q")
