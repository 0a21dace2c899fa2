"""What a notebook shows has one bound, whatever kind of message brings it, in whatever cell, after whatever restart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from nbclient.exceptions import CellControlSignal
from nbformat import NotebookNode

from grader.execution import output_limits
from grader.execution.bounded_client import BoundedClient
from grader.execution.output_limits import MOST_OUTPUT, MOST_OUTPUTS, CellOutputs, OutputBounds

PICTURE = "A" * 1_000_000


def shown_by(messages: list[tuple[str, dict[str, Any]]], cells: int = 1, kernels: int = 1) -> NotebookNode:
    """The notebook after these messages for each of its cells, run by so many kernels in turn, of either kind."""
    one, other = (
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", id=f"c{k}") for k in range(cells)])
        for _ in range(2)
    )
    for index in range(cells):
        if index % -(-cells // kernels) == 0:
            client, bounds = BoundedClient(one), OutputBounds(other)
        client.clear_before_next_output = False  # as it begins a cell
        outputs = CellOutputs(bounds, other.cells[index], index)
        for kind, content in messages:
            outputs.show(kind, dict(content))
            header = {"msg_id": "1", "msg_type": kind}
            message = {
                "msg_type": kind,
                "content": dict(content),
                "parent_header": {},
                "header": header,
                "metadata": {},
            }
            client.process_message(message, one.cells[index], index)
    assert [c.outputs for c in one.cells] == [c.outputs for c in other.cells]
    return one


def texts(tree: Any) -> Iterator[str]:
    """Every text in a tree."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        yield from (t for item in tree.items() for part in item for t in texts(part))
    elif isinstance(tree, list):
        yield from (t for item in tree for t in texts(item))


LONG = "x" * 90_000
STREAM = ("stream", {"name": "stdout", "text": LONG})
ERROR = ("error", {"ename": "E" * 9999, "evalue": LONG, "traceback": ["x" * 9999] * 50})
TEXT = ("display_data", {"data": {"text/plain": LONG}, "metadata": {"m": LONG}, "transient": {"display_id": LONG}})
RESULT = ("execute_result", {"data": {"text/plain": LONG}, "metadata": {}, "execution_count": LONG})
IMAGE = ("display_data", {"data": {"image/png": PICTURE}, "metadata": {}})
STATUS = ("status", {"execution_state": "busy", "execution_count": LONG})
OTHERS = [(kind, {"data": {"text/plain": LONG}}) for kind in ("update_display_data", "comm_open", "made_up")]


@pytest.mark.parametrize("message", [STREAM, ERROR, TEXT, RESULT, STATUS, *OTHERS], ids=lambda m: m[0])
def test_a_cell_shows_no_more_of_one_kind_than_of_all(message: tuple[str, dict[str, Any]]) -> None:
    alone, mixed = (sum(map(len, texts(shown_by(m * 30)))) for m in ([message], [STREAM, TEXT, RESULT, message]))
    assert alone < MOST_OUTPUT + 105_000  # of text, and one error
    assert mixed < MOST_OUTPUT + 105_000


def test_outputs_are_counted_and_the_error_always_finds_room() -> None:
    cell = shown_by([("display_data", {"data": {"text/plain": "x"}})] * 200 + [ERROR] * 10).cells[0]
    assert len(cell.outputs) == MOST_OUTPUTS + 1
    assert [o.output_type for o in cell.outputs].count("error") == 1
    assert cell.outputs[-1].ename == "E" * 100


@pytest.mark.parametrize("kernels", [1, 4], ids=["one kernel", "four kernels"])
def test_a_notebook_shows_so_much_in_all(monkeypatch: pytest.MonkeyPatch, kernels: int) -> None:
    monkeypatch.setattr(output_limits, "MOST_SHOWN", 3_000_000)
    notebook = shown_by([IMAGE, STREAM, ERROR, TEXT], cells=40, kernels=kernels)
    assert 2_500_000 < sum(map(len, texts([c.outputs for c in notebook.cells]))) < 3_000_000 + 40 * 1_400
    assert all(any(o.output_type == "error" for o in c.outputs) for c in notebook.cells)


def test_what_is_cleared_makes_room_again() -> None:
    """A progress bar, or a plot that is drawn anew a hundred times, uses up nothing."""
    cell = shown_by([STREAM, IMAGE, ("clear_output", {"wait": False})] * 100 + [STREAM, IMAGE]).cells[0]
    assert [o.output_type for o in cell.outputs] == ["stream", "display_data"]
    assert cell.outputs[0].text == LONG
    assert cell.outputs[1].data["image/png"] == PICTURE


def test_the_end_of_a_cell_is_seen_and_nothing_of_its_message_kept() -> None:
    with pytest.raises(CellControlSignal):
        shown_by([("status", {"execution_state": "idle", "execution_count": LONG})])
    assert not [t for t in texts(shown_by([STATUS])) if len(t) > 1000]


def test_what_is_cleared_later_is_not_joined_to_what_was_shown() -> None:
    """A progress line that is drawn anew shows its last text alone, as in Jupyter."""
    line = [("clear_output", {"wait": True}), ("stream", {"name": "stdout", "text": "50%"})]
    assert shown_by(line * 3).cells[0].outputs[0].text == "50%"
