"""Pages of graded notebooks run no figure's script: it is a picture with its words, or a sentence says why not."""

from __future__ import annotations

from typing import Any

import IPython.display
import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode

from grader.course import chapter
from grader.execution.output_limits import LEFT_OUT, CellOutputs, OutputBounds
from grader.nbgrader_bridge.feedback_page import as_html
from grader.nbgrader_bridge.pieces import NAMELESS
from grader.notebooks.overwrite_cells import NOT_RUN, overwrite_cells
from grader.notebooks.source import template
from gradschool.core.judge_messages import JUDGE_VARIABLE
from gradschool.lessons.figures.figure import new_panels
from gradschool.lessons.live_figures.show import LiveFigure
from tests.grader.nbgrader_bridge.test_bounded_pages import FACTS, graded, page

WORDS = 'Six panels: "w" falls. ' + "And so on, at length. " * 30  # longer than the 200 characters of a short alt


def shown_while_grading(monkeypatch: pytest.MonkeyPatch, *things: Any) -> NotebookNode:
    """A cell as a grading kernel keeps it, after it has shown these things."""
    monkeypatch.setenv(JUDGE_VARIABLE, "/nowhere")
    cell = nbformat.v4.new_code_cell("figure")
    outputs = CellOutputs(OutputBounds(nbformat.v4.new_notebook(cells=[cell])), cell, 0)

    def display(thing: Any, **_: Any) -> None:
        data = thing if isinstance(thing, dict) else {"text/html": thing.data, "text/plain": repr(thing)}
        if isinstance(data.get("image/png"), bytes):  # as IPython sends it
            data = {**data, "image/png": "iVBORw0KGgo="}
        outputs.show("display_data", {"data": data, "metadata": {}})

    monkeypatch.setattr(IPython.display, "display", display)
    for thing in things:
        thing.show() if isinstance(thing, LiveFigure) else display(thing)
    monkeypatch.undo()
    return cell


def both_pages(cell: NotebookNode) -> dict[str, str]:
    return {
        "feedback": as_html(graded(cell), "Title", "Ann", FACTS),
        "formgrader": page(graded(cell)),
    }


def test_a_live_figure_is_a_picture_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    fig, _ = new_panels(1, 1, (2, 1))
    figure = LiveFigure("chain_graph", {"values": {"w": 1.0}}, fig.described(WORDS))
    cell = shown_while_grading(monkeypatch, figure)
    assert len(cell.outputs) == 1
    for name, html in both_pages(cell).items():
        (picture,) = BeautifulSoup(html, "html.parser").find_all("img")
        assert picture["alt"] == WORDS, name
        assert "live-figure" not in html
        assert "IPython.core" not in html
    assert "The figure in words</summary>Six panels" in both_pages(cell)["feedback"]


def test_a_picture_of_the_students_own_has_no_types_name_for_words(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure size 640x480 with 1 Axes>"}
    for html in both_pages(shown_while_grading(monkeypatch, own)).values():
        assert f'alt="{NAMELESS}"' in html
        assert "640x480" not in html


def test_html_that_is_not_kept_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = shown_while_grading(monkeypatch, IPython.display.HTML("<b>bold</b>"))
    for html in both_pages(cell).values():
        assert LEFT_OUT in html
        assert "IPython.core" not in html
        assert "<b>bold" not in html


def test_an_unchanged_figures_cell_says_that_it_was_not_run() -> None:
    handed_in = template(chapter("chain"))
    figures = [c for c in handed_in.cells if c.source.startswith(("flow.chain(", "backprop_stepper."))]
    assert len(figures) == 2
    figures[0].source += "  # mine"
    merged, _ = overwrite_cells(handed_in, template(chapter("chain")))
    mine, left = (next(c for c in merged.cells if c.source == f.source) for f in figures)
    assert mine.outputs == []  # it is run
    assert [o.text for o in left.outputs] == [NOT_RUN]
    assert all(NOT_RUN in html for html in both_pages(left).values())
