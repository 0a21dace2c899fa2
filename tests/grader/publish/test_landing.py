"""The landing page's computed parts: every mistake is one, its card is the check's, and the pendulum stands up."""

from __future__ import annotations

import importlib
import re
import sys

import numpy as np
import pytest

from grader.course import ROOT
from gradschool.check.api import check_here
from gradschool.core.exercise import find


@pytest.fixture(scope="module", name="landing")
def _landing():  # type: ignore[no-untyped-def]
    """The Sphinx extension, which lies beside the pages and in no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "docs" / "_sphinx"))
        yield importlib.import_module("landing")
    for name in ("landing", "live_answers"):
        sys.modules.pop(name)


def test_eight_mistakes_in_three_exercises_each_with_its_own_sentence(landing) -> None:  # type: ignore[no-untyped-def]
    answers = landing.ANSWERS
    reports = [check_here(find(a.exercise), a.function) for a in answers]
    assert len(answers) >= 8
    assert len({a.exercise for a in answers}) == 3
    assert not any(report.passed for report in reports)
    assert len({report.hint for report in reports}) == len(answers)
    assert not {"values", "parts-right", "raised"} & {
        report.mistake for report in reports
    }  # neither vague nor an error
    (html,) = (node.astext() for node in landing.LiveCheck.run(None))
    for report in reports:
        assert re.sub("[`']", "", report.hint) in re.sub("[`']|<[^>]*>|&#x27;", "", html)
    assert "return" not in html  # a wrong answer's code is nearly a right one's


def test_a_right_answer_among_the_mistakes_stops_the_build(landing) -> None:  # type: ignore[no-untyped-def]
    right = landing.LiveAnswer("chain.l2_gradient", "right", lambda p, l: p - l)
    with pytest.raises(ValueError, match="the check passes"):
        landing._card(right)


def test_the_pendulum_hangs_first_and_stands_in_the_end(landing) -> None:  # type: ignore[no-untyped-def]
    height = np.cos(landing.swing_up_angles())
    assert height[0] == -1.0
    assert (height[-10:] > 0.99).all()
