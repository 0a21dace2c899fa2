"""Answers as plain data: whatever a student's function returns, nothing raises and nothing foreign gets further."""

from __future__ import annotations

import collections
import time
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gradschool.core.plain_data import (
    MAX_BYTES,
    MAX_LETTERS,
    MAX_NODES,
    NUMBER_KINDS,
    Unsupported,
    copy_arrays,
    describe,
    iter_leaves,
    sanitize_text,
    to_plain,
)
from tests.support.hostile_values import (
    Color,
    FalseTensor,
    Liar,
    LyingDict,
    LyingList,
    LyingText,
    Masquerade,
    OddKey,
    Pair,
    Unspeakable,
    endless,
)


def is_plain(tree: object) -> bool:
    """Nothing but what the type comment of ``Tree`` says."""
    if type(tree) is tuple:
        return all(map(is_plain, tree))
    if type(tree) is dict:
        return all(type(key) is str and is_plain(value) for key, value in tree.items())
    if type(tree) is np.ndarray:
        return tree.dtype.kind in NUMBER_KINDS and tree.dtype.isnative and tree.base is None
    return tree is None or type(tree) is str or type(tree) is Unsupported


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        (np.arange(3.0).view(Liar), [0, 1, 2]),
        (torch.arange(3.0, requires_grad=True) * 1, [0, 1, 2]),
        (torch.nn.Parameter(torch.ones(2)), [1, 1]),
        (torch.ones(1).expand(3), [1, 1, 1]),
        (np.ma.masked_array([1.0, 2.0], mask=[True, False]), [1, 2]),
        (np.broadcast_to(1.0, (2, 2)), [[1, 1], [1, 1]]),
        (np.arange(6).reshape(2, 3).T, [[0, 3], [1, 4], [2, 5]]),
        (np.arange(3, dtype=">i4"), [0, 1, 2]),
        (True, True),
        (np.float32(1.5), 1.5),
        (3, 3),
        (float("-inf"), -np.inf),
    ],
    ids=lambda value: type(value).__name__,
)
def test_numbers_become_an_array_of_their_own(value: object, numbers: object) -> None:
    array = to_plain(value)
    assert type(array) is np.ndarray
    assert is_plain(array)
    assert np.array_equal(array, numbers)
    assert array.shape == np.shape(numbers)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (np.array([None, 1.0]), "an array of dtype object"),
        (np.zeros(2, [("a", float)]), "an array of dtype [('a', '<f8')]"),
        (np.datetime64(1, "s"), "a datetime64"),
        (1 + 2j, "complex numbers"),
        (np.zeros(2, complex), "complex numbers"),
        (10**400, "an int"),
        ((x for x in range(3)), "a generator"),
        (map(abs, [1]), "a map"),
        (range(3), "a range"),
        ({1, 2}, "a set"),
        (b"bytes", "a bytes"),
        (object(), "an object"),
        (to_plain, "a function"),
        (torch.ones(2, dtype=torch.bfloat16), "a Tensor"),
        (torch.empty(2, device="meta"), "a Tensor"),
        (torch.eye(2).to_sparse(), "a Tensor"),
        (Masquerade(), "a Masquerade"),
        (Unspeakable(), "an Unspeakable"),
        (FalseTensor(), "a list"),
        (np.broadcast_to(1.0, (10**7, 10**7)), "an array too large to read"),
        (torch.ones(1, 1).expand(10**7, 10**7), "an array too large to read"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_is_no_data_says_what_it_is(value: object, what: str) -> None:
    assert to_plain(value) == Unsupported(what)


def test_containers_are_read_past_what_their_classes_claim() -> None:
    assert to_plain(LyingText("left")) == "left"
    assert type(to_plain(LyingText("left"))) is str
    assert to_plain(LyingDict(a="x")) == {"a": "x"}
    assert to_plain(LyingList(["x"])) == ("x",)
    assert to_plain(Pair("x", None)) == ("x", None)
    assert to_plain(collections.OrderedDict(b=None, a="x")) == {"b": None, "a": "x"}
    assert to_plain(Color.RED) == "red"


def test_texts_from_numpy_are_texts() -> None:
    names = np.array([["sign"], ["leak"]])
    assert to_plain(names[0, 0]) == "sign"
    assert to_plain(names) == (("sign",), ("leak",))


def test_odd_keys_become_texts() -> None:
    tree = to_plain({1: "one", (1, 2): "pair", None: "none", OddKey(): "odd", "k" * 999: "long"})
    assert is_plain(tree)
    assert list(tree) == ["1", "(1, 2)", "None", "an OddKey", "k" * 200]


@pytest.mark.parametrize(
    "value",
    [
        endless(),
        [0.0] * 10**6,
        [[0.0] * 99] * 10**5,
        dict.fromkeys(range(10**5), 0),
        "x" * 10**6,
        ["x" * 10**6] * 99,
        [np.zeros(MAX_BYTES // 8)] * 99,
        [[[[[[[[[[[[1.0]]]]]]]]]]]],
    ],
    ids=["recursive", "long", "wide", "keys", "letters", "texts", "bytes", "deep"],
)
def test_what_is_read_is_bounded(value: object) -> None:
    tracemalloc.start()
    started = time.process_time()
    try:
        tree = to_plain(value)
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_BYTES
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 2
    assert is_plain(tree)
    found = [leaf for _, leaf in iter_leaves(tree)]
    assert len(found) <= MAX_NODES
    assert sum(leaf.nbytes for leaf in found if isinstance(leaf, np.ndarray)) <= MAX_BYTES
    assert sum(len(leaf) for leaf in found if isinstance(leaf, str)) <= MAX_LETTERS


STRANGERS = (Liar, Masquerade(), Unspeakable(), FalseTensor(), OddKey(), np.nan, torch.ones(2), 1j, type, Ellipsis)
LIARS = (LyingList([1]), LyingDict(a=1), LyingText("x"), np.arange(2.0).view(Liar))
# Drawn by number: Hypothesis prints what it draws from, and these objects resent that.
ANYTHING = st.recursive(
    st.one_of(
        st.integers(0, len(STRANGERS) - 1).map(lambda i: STRANGERS[i]),
        st.integers(0, len(LIARS) - 1).map(lambda i: LIARS[i]),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.binary(max_size=5),
        st.none(),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)


@given(ANYTHING)
@settings(max_examples=150, deadline=None)
def test_anything_at_all_becomes_plain_data(value: object) -> None:
    assert is_plain(to_plain(value))


@given(st.text(max_size=50))
@settings(deadline=None)
def test_readable_text_can_be_written_anywhere(text: str) -> None:
    shown = sanitize_text(text)
    shown.encode("utf-8")
    assert len(shown) == len(text)
    assert all(c.isprintable() or c in "\n\t" for c in shown)
    assert sanitize_text(shown) == shown


def test_readable_strips_what_a_terminal_or_a_page_would_obey() -> None:
    assert sanitize_text("\x1b[31mred\x07 \ud800 \u202eabc caf\u00e9\u00a0\U0001f600\n") == "�[31mred� � �abc café 😀\n"
    assert to_plain("\ud800") == "�"


def test_leaves_are_named_by_the_parts_of_the_answer() -> None:
    tree = ("w", ("a", "b"), {"k": "c", "m": ("d",)})
    names = [name for name, _ in iter_leaves(tree, ("grad_W", "params"))]
    assert names == ["grad_W", "params[0]", "params[1]", "[2].k", "[2].m[0]"]
    assert list(iter_leaves("x", ("only",))) == [("only", "x")]
    assert list(iter_leaves("x", ("one", "two"))) == [("", "x")]


@pytest.mark.parametrize(
    ("leaf", "words"),
    [
        (None, "None"),
        ("sign", "the text 'sign'"),
        (Unsupported("a set"), "a set"),
        ({}, "a dictionary"),
        ((1, 2), "a list or tuple of 2"),
        (np.float64(1) * np.ones(()), "a number"),
        (np.ones(()) > 0, "a number of bool"),
        (np.ones((2, 3)), "an array of shape (2, 3)"),
        (np.ones(2, np.float32), "an array of shape (2,) of float32"),
    ],
)
def test_a_leaf_is_described_in_a_few_words(leaf: object, words: str) -> None:
    assert describe(leaf) == words


def test_copies_share_no_memory_and_keep_their_kind() -> None:
    tree = {"x": np.ones(2), "t": (np.ones(2), [np.ones(2)]), "n": 3}
    twin = copy_arrays(tree)
    twin["x"][0] = twin["t"][0][0] = twin["t"][1][0][0] = 9
    assert tree["x"][0] == tree["t"][0][0] == tree["t"][1][0][0] == 1
    assert type(twin["t"]) is tuple
    assert twin["n"] == 3
