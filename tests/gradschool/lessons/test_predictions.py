"""Predictions: what is kept, what counts, and that nothing is kept while grading or where no person looks on."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import pytest

from gradschool.lessons.predictions import calibration, controls, lesson_calls, predict, reconcile, record, shown
from gradschool.lessons.predictions.outcome import compare, summary
from gradschool.lessons.predictions.question import NotAGuess, Question, ask, plain_value, read_number
from gradschool.lessons.predictions.record import Prediction, in_order

SHARE, PICK, ORDER = "chain.zero-share", "chain.which-side", "chain.by-size"
NUMBER: dict[str, Any] = {"number": True, "unit": "%"}
CHOICES = ["left", "right", "`both`"]
RANKED = ["ours", "theirs", "Adam's"]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the guesses, in a folder that is not there yet, and a person who watches."""
    monkeypatch.setenv("GRADSCHOOL_STATE_FILE", str(tmp_path / "a" / "progress.jsonl"))
    monkeypatch.delenv("GRADSCHOOL_JUDGE_SOCKET", raising=False)
    monkeypatch.setattr(record, "_unwritten", [])
    monkeypatch.setattr(lesson_calls, "_asked", {})
    watched(monkeypatch, True)
    return tmp_path / "a" / "progress-predictions.jsonl"


def watched(monkeypatch: pytest.MonkeyPatch, somebody: bool) -> None:
    monkeypatch.setattr(lesson_calls, "is_interactive", lambda: somebody)


def test_the_first_guess_before_the_measurement_counts(state: Path, capsys: pytest.CaptureFixture) -> None:
    for guess in ("99 %", 98, "98"):
        predict(SHARE, "What share is zero?", **NUMBER, guess=guess)
    reconcile(SHARE, np.float64(49.5))
    predict(SHARE, "What share is zero?", **NUMBER, guess="49.5")
    assert record.predictions() == {SHARE: Prediction(SHARE, 99.0, (98.0,), (49.5,), 49.5)}
    out = capsys.readouterr().out
    assert "Your prediction: 99 %\nMeasured: 49.5 %\nYour guess is 2 times the measurement." in out
    assert "After the measurement was shown: 49.5 %. That is kept, and does not count." in out
    assert len(state.read_text().splitlines()) == 5


def test_a_guess_made_after_the_measurement_does_not_count(state: Path, capsys: pytest.CaptureFixture) -> None:
    reconcile(PICK, "left")
    assert capsys.readouterr().out == "Measured: left\n"
    predict(PICK, "Which side?", choices=CHOICES, guess="left")
    assert record.predictions()[PICK] == Prediction(PICK, None, (), ("left",), "left")
    calibration("chain")
    out = capsys.readouterr().out
    assert "predicted none, measured left" in out
    assert "as measured" not in out


@pytest.mark.parametrize(
    ("entered", "value"), [("1/4", 0.25), ("-5.3", -5.3), ("\N{MINUS SIGN}2", -2), ("99 %", 99), ("1,000", 1000)]
)
def test_numbers_as_people_type_them(entered: str, value: float) -> None:
    assert read_number(entered) == value


@pytest.mark.parametrize("entered", ["", "abc", "nan", "inf", "1/0", "1 2", None, "1e999", "0,5", "9" * 50 + "/7"])
def test_what_is_no_number_is_told_in_one_sentence(entered: Any) -> None:
    with pytest.raises(NotAGuess, match=r"^Enter one number, such as 0\.5, 1e-3 or 1/6\.$"):
        read_number(entered)


def test_choices_and_rankings_are_read_as_options_or_as_letters() -> None:
    pick, order = ask(PICK, "?", choices=CHOICES), ask(ORDER, "?", rank=RANKED)
    assert (pick.read("right"), pick.read("b"), pick.read(" B ")) == ("right",) * 3
    assert order.read("c, a b") == order.read(["Adam's", "ours", "theirs"]) == ("Adam's", "ours", "theirs")
    for wrong in ("", "d", "ab", None, 3):
        with pytest.raises(NotAGuess, match="Choose one of the 3 letters"):
            pick.read(wrong)
    for wrong in ("a b", "a b b", "a b c a", ["ours"], None, 3):
        with pytest.raises(NotAGuess, match="Enter the letters a b c in your order, each of them once"):
            order.read(wrong)


@pytest.mark.parametrize(
    "wanted", [{}, {"number": True, "rank": RANKED}, {"choices": ["one"]}, {"choices": ["one", "one"]}]
)
def test_a_lesson_that_asks_badly_is_refused(wanted: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=PICK):
        predict(PICK, "?", **wanted)
    with pytest.raises(ValueError, match="is no id"):
        predict("Chain step", "?", number=True)


def test_a_measurement_that_is_no_answer_to_the_question_is_refused(state: Path) -> None:
    predict(PICK, "?", choices=CHOICES)
    for wrong in (3.0, "middle", ["left", "right"]):
        with pytest.raises(ValueError, match=r"is no answer to chain\.which-side"):
            reconcile(PICK, wrong)


def test_a_guess_beside_its_measurement() -> None:
    def words(guess: Any, measured: Any) -> tuple[str, int, int]:
        found = compare(guess, measured)
        assert found is not None
        return found.words, found.met, found.possible

    assert words(5.0, 5.0)[1:] == (1, 1)
    assert words(10.0, 4.0) == ("Your guess is 2.5 times the measurement.", 0, 1)
    assert words(3.0, 4.0) == ("Your guess is 0.75 times the measurement.", 1, 1)
    assert words(0.0, 4.0) == ("Your guess is 4 away.", 0, 1)
    assert words(-1.0, 4.0) == ("Your guess is 5 away and has the other sign.", 0, 1)
    assert "not a number" in words(1.0, float("nan"))[0]
    assert words("a", "b") == ("Not what you predicted.", 0, 1)
    assert words("a", "a")[1] == 1
    assert words(("a", "b", "c"), ("c", "a", "b")) == ("1 of 3 pairs are in the order that you predicted.", 1, 3)
    assert words(("a", "b"), ("a", "b"))[1:] == (1, 1)
    assert compare(1.0, "a") is None
    assert compare(("a", "b"), ("a", "c")) is None  # the lesson has changed


def test_the_summary_counts_by_kind_and_skips_what_is_open() -> None:
    found = [
        Prediction("c.a", 1.0, measured=1.5),
        Prediction("c.b", 9.0, measured=1.0),
        Prediction("c.c", "x", measured="x"),
        Prediction("c.d", ("x", "y", "z"), measured=("y", "x", "z")),
        Prediction("c.e", 1.0),
        Prediction("c.f", None, (), (2.0,), 2.0),
    ]
    words = summary(found)
    assert "1 of 2 numbers were within a factor of 2" in words
    assert "1 of 1 choices" in words
    assert "2 of 3 ranked pairs" in words
    assert summary(found[4:]) == ""


def test_nothing_is_kept_while_grading_nor_where_nobody_watches(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def all_three() -> str:
        predict(SHARE, "What share?", **NUMBER, guess=3)
        reconcile(SHARE, 4)
        calibration("chain")
        return capsys.readouterr().out

    watched(monkeypatch, False)
    out = all_three()
    assert "Predict. What share? A number, in %." in out
    assert "Measured: 4 %" in out
    assert "Your prediction" not in out
    assert not state.exists()
    watched(monkeypatch, True)
    monkeypatch.setenv("GRADSCHOOL_JUDGE_SOCKET", "/nowhere")
    all_three()  # even if a program that grades looked like a person
    assert not state.exists()
    monkeypatch.delenv("GRADSCHOOL_JUDGE_SOCKET")
    monkeypatch.setattr(record, "_unwritten", [])
    all_three()
    assert len(state.read_text().splitlines()) == 2  # the same calls, with a person: kept


def test_lines_that_cannot_be_read_are_skipped(state: Path) -> None:
    record.keep_guess(SHARE, 1.0)
    with open(state, "ab") as file:
        for junk in (b"\xff\x00", b'{"prediction": "chain.zero-sha', b"[]", b"[" * 100_000, b'{"prediction": 3}'):
            file.write(junk + b"\n")
        for name, guess in ((SHARE, True), (SHARE, {}), (SHARE, "x" * 5000), (SHARE, []), (SHARE, 1e308), ("NO", 1)):
            file.write(json.dumps({"prediction": name, "guess": guess}).encode() + b"\n")
    record.keep_guess(SHARE, 2.0)
    assert record.predictions() == {SHARE: Prediction(SHARE, 1.0, (2.0,))}
    assert plain_value(float("nan")) is None
    assert in_order([{"prediction": SHARE, "guess": float("inf")}]) == {}


@pytest.mark.parametrize("obstacle", ["a file where a folder should be", "a folder where the file should be"])
def test_a_disk_that_cannot_be_written_costs_only_the_record(
    obstacle: str, state: Path, capsys: pytest.CaptureFixture
) -> None:
    if obstacle.startswith("a file"):
        state.parent.write_text("in the way")
    else:
        state.mkdir(parents=True)
    predict(ORDER, "?", rank=RANKED, guess="c b a")
    reconcile(ORDER, RANKED)
    out = capsys.readouterr().out
    assert "This computer's disk could not be written" in out
    assert "0 of 3 pairs" in out  # this kernel still knows the guess


def _many(file: str, name: str) -> None:
    os.environ["GRADSCHOOL_STATE_FILE"] = file
    for k in range(100):
        record.keep_guess(name, float(k))


def test_two_kernels_at_once_lose_no_guess(state: Path) -> None:
    log = str(state.with_name("progress.jsonl"))
    both = [multiprocessing.Process(target=_many, args=(log, name)) for name in (SHARE, ORDER)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    found = record.predictions()
    assert [len(found[name].changed) for name in (SHARE, ORDER)] == [99, 99]


def test_only_the_chapters_own_predictions_are_shown(state: Path) -> None:
    record.keep_guess(SHARE, 1.0)
    record.keep_guess("dqn.seeds-optimal", 20.0)
    assert list(record.predictions("dqn")) == ["dqn.seeds-optimal"]


class Notebook:
    """Stands for a notebook's page: what is shown, and the controls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.put: list[shown.Shown] = []
        self.box: Any = None
        monkeypatch.setattr(shown, "put", self._put)
        monkeypatch.setattr(controls, "display_controls", self._controls)

    def _put(self, what: shown.Shown, instead_of: Any = None) -> int:
        if instead_of is not None:
            self.put[instead_of] = what
            return int(instead_of)
        self.put.append(what)
        return len(self.put) - 1

    def _controls(self, box: Any, words: str) -> None:
        self.box = box

    def enter(self, value: Any) -> str:
        *entries, button = self.box.children
        if isinstance(entries[-1], ipywidgets.Text):
            entries[-1].value = value
        else:
            next(e for e in entries[1:] if e.tooltip == value).click()
        button.click()
        return str(self.put[-1])


def test_what_was_typed_and_chosen_last_is_kept_in_whatever_order_a_front_end_sends_it(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clicks come in their order. The state of a widget may come late, if it is sent at every key."""
    page = Notebook(monkeypatch)
    predict(PICK, "Well?", choices=CHOICES)
    _, left, right, _, keep = page.box.children
    assert all(isinstance(b, ipywidgets.Button) for b in (left, right, keep))
    left.click()
    right.click()
    assert str(page.put[-1]) == "Chosen: right. Press `Keep my prediction`."
    assert [b.button_style for b in (left, right)] == ["", "info"]
    assert not state.exists()
    keep.click()
    assert record.predictions()[PICK].guess == "right"
    left.click()  # what is kept stays in sight
    assert str(page.put[-1]) == "Chosen: left. Press `Keep my prediction`.\nYour prediction: right."
    predict(SHARE, "How much?", **NUMBER)
    assert page.box.children[0].continuous_update is False


@pytest.mark.parametrize(
    ("asked", "entered", "said"),
    [
        ({"number": True}, "1/4", "Your prediction: 0.25."),
        ({"choices": CHOICES}, "right", "Your prediction: right."),
        ({"rank": RANKED}, "c a b", "Your prediction: Adam's, then ours, then theirs."),
    ],
)
def test_controls_keep_what_is_entered_and_show_it_again(
    asked: dict[str, Any], entered: str, said: str, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Notebook(monkeypatch)
    predict(PICK, "Well?", **asked)
    label, *_, button = page.box.children
    assert (label.value if "choices" in asked else label.description).startswith("Your ")
    button.click()  # nothing is suggested
    assert not state.exists()
    assert str(page.put[-1]).startswith(("Enter", "Choose"))
    watched(monkeypatch, False)  # a click is no request to run a cell: nothing in it says that a person looks on
    assert page.enter(entered) == said
    assert len(state.read_text().splitlines()) == 1
    watched(monkeypatch, True)
    predict(PICK, "Well?", **asked)
    assert str(page.put[-1]) == said
    html = "".join(what.html for what in page.put)
    assert "<script" not in html
    assert "Adam's" not in html  # escaped
    letters = [] if "number" in asked else ["a", "b", "c"]
    assert re.findall(r"<strong>(\w)</strong>&ensp;", page.put[0].html) == letters


def test_without_ipywidgets_the_guess_is_written_into_the_call(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    predict(ORDER, "Well?", rank=RANKED)
    assert 'predict(..., guess=["ours", "theirs", ...])' in capsys.readouterr().out
    predict(ORDER, "Well?", rank=RANKED, guess=["theirs", "ours"])
    assert "each of them once" in capsys.readouterr().out
    assert not state.exists()


def test_a_question_that_has_changed_is_told(state: Path, capsys: pytest.CaptureFixture) -> None:
    record.keep_guess(SHARE, "left")
    reconcile(SHARE, 3.0)
    assert "This question has changed since you answered it." in capsys.readouterr().out


def test_the_table_reads_row_by_row(state: Path) -> None:
    asked = {SHARE: Question(SHARE, "What share of `J`?", "number", unit="%")}
    html = shown.table([Prediction(SHARE, 1.0, measured=99.0), Prediction(PICK, "<b>")], asked).html
    assert html.count('scope="row"') == 2
    assert "<code>J</code>" in html
    assert "&lt;b&gt;" in html
