"""Attacks on pages are judged by what acts on them, and the judge sees it where a defense is gone."""

from __future__ import annotations

import pytest

from grader import children
from grader.nbgrader_bridge import bounded, feedback_page
from grader.nbgrader_bridge.pieces import Pieces
from grader.redteam import pages
from grader.redteam.acting import acting
from grader.redteam.harness import attacks, lesson
from grader.results import ExerciseRecord, GradeRecord


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ("<script>1</script>", "<script>"),
        ("<p OnClick=1>", "onclick="),
        ("<a href='javascript:1'>x</a>", "a href=javascript:1"),
        ("<a href='https://x'>x</a>", "a href=https://x"),
        ("<img src='//x/p.png'>", "img src=//x/p.png"),
        ("<img src='data:image/svg+xml,<svg>'>", "img src=data:image/svg+xml,<svg>"),
        ("<table><tr><td><h1>100 of 100</h1></td></tr></table>", "a heading among the results"),
    ],
)
def test_what_acts_is_seen(page: str, what: str) -> None:
    assert dict(acting(page)) == {what: 1}


def test_what_only_shows_is_not() -> None:
    shown = (
        "<h1>x</h1><a href='#y'>y</a><img src='data:image/png;base64,AA' alt='z'><table><td>&lt;script&gt;</td></table>"
    )
    assert not acting(shown)


def test_the_pages_of_honest_work_have_no_break_and_a_lost_defence_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    graded = lesson()
    hint = "it raised <img src=http://x/p.png>"
    GradeRecord((ExerciseRecord("chain.l2_gradient", 0, 2, "raised", hint, {}),)).attach(graded)
    assert pages.page_breaks(graded) == []
    with monkeypatch.context() as patch:
        patch.setattr(feedback_page, "_prose", str)  # hints as they come
        assert pages.page_breaks(graded) == ["img src=http://x/p.png on a page"]
    with monkeypatch.context() as patch:
        patch.setattr(pages, "LONGEST", 0.0)
        assert pages.page_breaks(graded) != []
    GradeRecord((ExerciseRecord("chain.l2_gradient", 0, 2, "raised", "\x1b[2J" + "x" * pages.MOST_SAID, {}),)).attach(
        graded
    )
    with monkeypatch.context() as patch:
        patch.setattr("grader.results.plain", lambda text, most: str(text))  # nothing cut, nothing cleaned
        assert len(pages.page_breaks(graded)) == 2
    assert pages.page_breaks(graded) == []


def test_pages_without_a_budget_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One attack on the time of pages, with the texts neither squeezed nor held to their time."""
    (attack,) = attacks("resources/endless_formulas")
    space: dict = {}
    exec(compile(attack.text, attack.name, "exec"), space)
    graded = lesson()
    space["tamper"](graded)
    monkeypatch.setattr(pages, "LONGEST", 3.5)
    assert pages.page_breaks(graded) == []
    monkeypatch.setattr(Pieces, "piece", lambda self, text, render, most_line=0: render(text))
    monkeypatch.setattr(bounded.in_process, "__defaults__", (2.0, bounded.MEMORY))
    monkeypatch.setattr(children, "PATIENCE", 100.0)  # a busy machine may take long for two CPU seconds
    assert any("CPU seconds" in found for found in pages.page_breaks(graded))
