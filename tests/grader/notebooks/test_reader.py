"""A file of any kind: its encoding and format are found, and its size is bounded before anything is built of it."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from grader.errors import SubmissionError
from grader.notebooks import bounded_json
from grader.notebooks.bounded_json import MOST_CONTAINERS, MOST_DEPTH, MOST_ITEMS, load_json
from grader.notebooks.reader import parse_submission

TEXT = "# Å, ü and “ſ”\nx = '→'"


def notebook(**more: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "metadata": {}, "source": TEXT, "outputs": [], "execution_count": None}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell], **more}


def sources(content: bytes) -> list[str]:
    return [c.source for c in parse_submission(content, "x.ipynb").cells]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_encoding_of_unicode_is_read(encoding: str) -> None:
    assert sources(json.dumps(notebook(), ensure_ascii=False).encode(encoding)) == [TEXT]


def test_windows_western_encoding_is_read_where_it_is_no_unicode() -> None:
    text = json.dumps(notebook(), ensure_ascii=False).replace("→", "").replace("ſ", "s")
    assert sources(text.encode("cp1252")) == [TEXT.replace("→", "").replace("ſ", "s")]


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 5, 6])
def test_every_minor_version_is_read(minor: int) -> None:
    assert sources(json.dumps(notebook(nbformat_minor=minor)).encode()) == [TEXT]


def test_version_3_is_read_with_a_list_of_lines() -> None:
    cells = [{"cell_type": "code", "input": ["a = 1\n", "b = 2"], "language": "python", "outputs": [{"odd": 1}]}]
    cells.append({"cell_type": "heading", "level": 2, "source": "Title"})
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
    assert sources(json.dumps(old).encode()) == ["a = 1\nb = 2", "## Title"]


@pytest.mark.parametrize("outputs", [None, 3, "x", [None], [{"output_type": "new"}], [{"data": 3}], {"a": 1}])
def test_outputs_of_any_form_do_not_count(outputs: Any) -> None:
    odd = notebook()
    odd["cells"][0]["outputs"] = outputs
    (cell,) = parse_submission(json.dumps(odd).encode(), "x.ipynb").cells
    assert (cell.source, cell.outputs) == (TEXT, [])


def test_odd_cells_ids_and_metadata_are_left_or_mended() -> None:
    good = notebook()["cells"][0]
    odd = [3, None, {}, {"cell_type": "new"}, {**good, "id": 5}, {**good, "id": "a"}, {**good, "id": "a"}]
    odd += [{**good, "metadata": 3}, {**good, "source": [1, "x"]}, {**good, "source": None}]
    found = parse_submission(json.dumps(notebook(cells=odd, metadata=[])).encode(), "x.ipynb")
    assert [c.source for c in found.cells] == [TEXT] * 4 + ["1x", "None"]
    assert found.metadata == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not JSON"),
        (b"hello", "is not JSON"),
        (b"[]", "it is JSON, and no notebook"),
        (b"3", "it is JSON, and no notebook"),
        (b"{}", "is not a notebook"),
        (b'{"nbformat": 3, "worksheets": 3}', "is not a notebook"),
        (b"\xff\xfe\x00", "is not"),
        (b'{"cells": [], "x": 1' + b"0" * 5000 + b"}", "Exceeds the limit"),
    ],
)
def test_what_is_no_notebook_is_one_sentence(content: bytes, said: str) -> None:
    with pytest.raises(SubmissionError, match=said):
        parse_submission(content, "x.ipynb")


FILLS = {
    "lists in the metadata": b"[" + b"{}," * 5_000 + b"{}]",
    "mappings of mappings": b"{" + b",".join(b'"%d":{"a":{}}' % i for i in range(1_500)) + b"}",
    "numbers": b"[" + b"1," * 10_000 + b"1]",
    "keys": b"{" + b",".join(b'"%d":1' % i for i in range(6_000)) + b"}",
    "texts": b"[" + b'"",' * 10_000 + b'""]',
    "no commas": b'"" ' * 20_000,
    "depth": b"[" * 1_000_000,
    "depth by turns": b'{"a":[' * 1_000,
}


@pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS)
@pytest.mark.parametrize("head", [b'{"cells": [], "metadata": ', b'{"cells": '])
def test_too_much_is_refused_before_it_is_built(fill: bytes, head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (("MOST_CONTAINERS", 2_000), ("MOST_ITEMS", 5_000), ("MOST_TEXTS", 10_000)):
        monkeypatch.setattr(bounded_json, name, most)
    monkeypatch.setattr(json, "loads", lambda text: pytest.fail("it was built"))
    with pytest.raises(SubmissionError, match=r"more than .* (lists and mappings|values|deep)"):
        parse_submission(head + fill + b"}", "x.ipynb")


def test_a_file_of_24_mb_is_refused_in_the_memory_of_its_text() -> None:
    content = b'{"cells": [], "metadata": [' + b"{}," * 8_000_000 + b"{}]}"
    tracemalloc.start()
    try:
        with pytest.raises(SubmissionError, match="more than 200,000 lists and mappings"):
            parse_submission(content, "x.ipynb")
        assert tracemalloc.get_traced_memory()[1] < 250_000_000  # bytes; building it all takes 606 million
    finally:
        tracemalloc.stop()


def test_signs_inside_of_texts_do_not_count() -> None:
    text = "[{," * MOST_CONTAINERS + '\\"[[[' * MOST_DEPTH
    assert load_json(json.dumps([text]).encode()) == [text]
    assert len(load_json(b"[" + b"1," * (MOST_ITEMS - 1) + b"1]")) == MOST_ITEMS
