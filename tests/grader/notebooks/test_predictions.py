"""The predictions that the lessons ask for: each id once, each with its measurement, each chapter with its table."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell

from grader.course import lessons
from grader.notebooks.predictions import faults, questions
from grader.notebooks.source import template

ASK = 'predict("chain.one", "Well?", number=True, unit="%")'
TELL, END = 'reconcile("chain.one", value)', 'calibration("chain")'


def test_every_prediction_of_the_course_is_asked_once_and_measured_once() -> None:
    found: dict[str, str] = {}
    for chapter in lessons():
        cells = template(chapter).cells
        assert faults(chapter.key, cells) == []
        own = questions(cells)
        assert not found.keys() & own.keys()
        found |= dict.fromkeys(own, chapter.key)


@pytest.mark.parametrize(
    ("sources", "fault"),
    [
        ([ASK, ASK, TELL, END], "chain.one is asked 2 times"),
        ([ASK, END], "it has predict."),
        ([TELL, ASK, END], "it has reconcile, predict."),
        ([ASK, TELL, TELL, END], "it has predict, reconcile, reconcile."),
        ([ASK, TELL], 'one calibration("chain")'),
        ([END, ASK, TELL], 'one calibration("chain")'),
        ([ASK, TELL, 'calibration("dqn")'], 'one calibration("chain")'),
        ([ASK.replace("chain", "dqn"), TELL.replace("chain", "dqn"), END], "dqn.one does not begin with 'chain'"),
    ],
)
def test_a_lesson_that_asks_badly_is_found(sources: list[str], fault: str) -> None:
    assert any(fault in one for one in faults("chain", [new_code_cell(s) for s in sources]))


def test_questions_are_read_without_running_anything() -> None:
    cells = [new_code_cell("%matplotlib inline"), new_code_cell(f"import os\n{ASK}\n{TELL}"), new_code_cell(END)]
    assert faults("chain", cells) == []
    assert questions(cells)["chain.one"].unit == "%"
    named = new_code_cell('sides = ["left", "right"]\npredict("chain.side", "Which?", choices=sides)')
    assert questions([named])["chain.side"].options == ("left", "right")
    with pytest.raises(ValueError, match="malformed"):
        questions([new_code_cell('predict("chain.side", "Which?", choices=sides)')])  # named in another cell
    with pytest.raises(ValueError, match="malformed"):
        questions([new_code_cell('predict("chain.one", f"{1}", number=True)')])
