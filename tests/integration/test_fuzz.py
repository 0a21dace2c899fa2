"""Anything at all, for a bounded time: reading a notebook, overwriting cells and the protocol end in a plain answer."""

from __future__ import annotations

import contextlib
import json
import struct
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.bank.registry import find_entry
from grader.errors import GraderError
from grader.judging.examine import examine
from grader.notebooks.overwrite_cells import overwrite_cells
from grader.notebooks.reader import read_submission
from grader.redteam.harness import lesson, submission
from gradschool.core import protocol
from gradschool.core.judge_messages import unpack_reply

BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)
LESSON, HONEST = lesson(), submission(None).encode()
NAMES = [c.metadata.nbgrader.grade_id for c in LESSON.cells]
TEMPLATE_NAMES = [n for n in NAMES if n]


def read(text: bytes, folder: Path) -> Any:
    file = folder / "nb.ipynb"
    file.write_bytes(text)
    try:
        return read_submission(file)
    except GraderError as trouble:
        said = str(trouble)
    assert len(said.splitlines()) == 1
    return None


@BOUNDED
@given(text=st.binary(max_size=300))
def test_any_bytes_are_a_notebook_or_one_sentence(text: bytes, tmp_path_factory: Any) -> None:
    read(text, tmp_path_factory.mktemp("fuzz"))


cells = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading", ""]) | json_values,
        "source": st.text(max_size=50) | st.lists(st.text(max_size=9), max_size=3) | json_values,
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "nbgrader": st.fixed_dictionaries({}, optional={"grade_id": st.sampled_from(NAMES) | json_values})
                | json_values,
                "tags": json_values,
            },
        )
        | json_values,
        "outputs": json_values,
        "attachments": json_values,
        "id": json_values,
    },
)
notebooks = st.fixed_dictionaries(
    {"nbformat": st.sampled_from([4, 4, 4, 3, 5]) | json_values, "nbformat_minor": st.integers(0, 9) | json_values},
    optional={"metadata": json_values, "cells": st.lists(cells, max_size=8) | json_values},
)


@BOUNDED
@given(made=notebooks)
def test_any_json_that_looks_like_a_notebook_can_be_transplanted(made: Any, tmp_path_factory: Any) -> None:
    notebook = read(json.dumps(made).encode(), tmp_path_factory.mktemp("fuzz"))
    if notebook is None:
        return
    graded, notes = overwrite_cells(notebook, deepcopy(LESSON))
    assert [c.metadata.nbgrader.grade_id for c in graded.cells if "nbgrader" in c.metadata] == TEMPLATE_NAMES
    assert all(isinstance(note, str) for note in notes)
    nbformat.writes(graded).encode()


@BOUNDED
@given(data=st.data())
def test_an_honest_notebook_damaged_anywhere(data: st.DataObject, tmp_path_factory: Any) -> None:
    text = bytearray(HONEST)
    for _ in range(data.draw(st.integers(1, 5))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    notebook = read(bytes(text), tmp_path_factory.mktemp("fuzz"))
    if notebook is not None:
        overwrite_cells(notebook, deepcopy(LESSON))


@BOUNDED
@given(payload=st.binary(max_size=400))
def test_any_payload_is_a_tree_or_a_bad_frame(payload: bytes) -> None:
    for text in (payload, struct.pack(">I", len(payload)) + payload):
        with contextlib.suppress(protocol.ProtocolError):
            protocol.decode(text)


@BOUNDED
@given(header=json_values, blocks=st.lists(st.binary(max_size=150), max_size=3))
def test_any_header_with_any_blocks(header: Any, blocks: list[bytes]) -> None:
    text = json.dumps(header).encode()
    body = struct.pack(">I", len(text)) + text + b"".join(struct.pack(">Q", len(b)) + b for b in blocks)
    with contextlib.suppress(protocol.ProtocolError):
        unpack_reply(protocol.decode(body))


arrays = st.sampled_from(
    [
        np.zeros(3),
        np.zeros((2, 3)),
        np.full(3, np.nan),
        np.full(2, np.inf),
        np.float32([1, 2]),
        np.float16([1e4]),
        np.array([2**63], np.uint64),
        np.array(True),
        np.zeros((0, 5)),
        np.array([1, 2], ">f8"),
        np.longdouble([1, 2]),
        np.full(3, 1e308),
    ]
)
trees = st.recursive(
    arrays | st.none() | st.text(max_size=10) | st.integers() | st.floats() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
outcomes = st.one_of(
    st.builds(lambda v: {"value": v}, trees), st.just({"raised": "ValueError", "message": "\ud800<b>"})
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=outcomes, second=outcomes, inputs=trees)
def test_any_reply_is_judged_and_never_passes(first: Any, second: Any, inputs: Any) -> None:
    message = {"first": first, "second": second, "inputs": inputs, "printed": "x", "seconds": 0.0}
    payload = protocol.encode(message)[8:]

    def ask(args: Any) -> Any:
        return unpack_reply(protocol.decode(payload))

    for exercise in ("chain.l2_gradient", "chain.mlp_backward"):
        assert not examine(find_entry(exercise), ask, seed=3).passed
