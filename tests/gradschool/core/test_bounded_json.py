"""Values of a JSON text are counted before they are built: never fewer than there are, whatever stands in strings."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradschool.core.bounded_json import TooManyValues, is_within, loads

TREES = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(), inner, max_size=6),
    max_leaves=40,
)


def values(tree: Any) -> int:
    """Containers, and items of containers beyond each one's first, which stands behind its bracket."""
    if isinstance(tree, dict):
        return 1 + max(0, len(tree) - 1) + sum(map(values, tree.values()))
    return 1 + max(0, len(tree) - 1) + sum(map(values, tree)) if isinstance(tree, list) else 0


@given(TREES, st.booleans())
@example(tree=",", plain=False)
@settings(max_examples=60, deadline=None)
def test_values_are_counted_and_what_stands_in_strings_is_not(tree: object, plain: bool) -> None:
    text, number = json.dumps(tree, ensure_ascii=plain).encode("utf-8", "surrogatepass"), values(tree)
    assert is_within(text, number)
    if number and text.count(b'"') <= 4 * (number - 1):
        assert not is_within(text, number - 1)


@pytest.mark.parametrize("text", [b"[" + b"{}," * 1_000_000 + b"0]", b"[" * 3_000_000, b'"' * 3_000_000, b"," * 10**6])
def test_a_text_of_too_many_values_costs_no_more_than_itself(text: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"more than|Extra data") as found:
            loads(text, 100_000)
        assert tracemalloc.get_traced_memory()[1] < 4 * len(text) + 2**20
        assert isinstance(found.value, TooManyValues) or text[:1] == b'"'
    finally:
        tracemalloc.stop()


def test_a_long_string_is_one_value() -> None:
    text = json.dumps({"text": '1, [2], "{3}", \\' * 100_000}).encode()
    assert loads(text, 10) == json.loads(text)
