"""Patterns of wrong numbers: each by its name, only where it explains every wrong pair."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradschool.core.compare import Comparison
from gradschool.core.numerics import TOLERANCES
from gradschool.core.report import Diagnosis
from gradschool.diagnosis.patterns import values

RNG = np.random.default_rng(7)
BATCHES = (4, 6)


def pairs(
    change: Callable[[np.ndarray, int], object], shape: tuple[int, ...] = (3,), rows: bool = False
) -> list[Comparison]:
    """What ``change(expected, B)`` makes of right answers (B, *shape) for two batch sizes."""
    found = []
    for B in BATCHES:
        expected = RNG.uniform(0.5, 2, size=(B, *shape)) * RNG.choice([-1, 1], size=(B, *shape))
        mask = {"terminated": np.arange(B) % 2 == 0} if rows else {}
        found.append(Comparison(change(expected.copy(), B), expected, "grad", {"B": B, "A": 3}, mask))
    return found


def put(x: np.ndarray, where: object, value: object) -> np.ndarray:
    """x with some entries set."""
    x[where] = value
    return x


def some(x: np.ndarray, B: int) -> np.ndarray:
    return put(x, (0, 0), 9.0)


def in_terminal_rows(x: np.ndarray, B: int) -> np.ndarray:
    return put(x, np.arange(B) % 2 == 0, RNG.normal(size=(B // 2, *x.shape[1:])))


PATTERNS = {
    "nan": (lambda x, B: put(x, (0, 0), np.nan), "NaN or infinite"),
    "zero": (lambda x, B: 0 * x, "zero everywhere"),
    "precision": (lambda x, B: x.astype(np.float32).astype(float), "5 digits"),
    "sign": (lambda x, B: -x, "the negative"),
    "twice": (lambda x, B: 2 * x, "twice"),
    "half": (lambda x, B: x / 2, "half"),
    "minus-twice": (lambda x, B: -2 * x, "-2 times"),
    "minus-half": (lambda x, B: -x / 2, "-1/2"),
    "times-B": (lambda x, B: B * x, "B (the batch size) times too large"),
    "over-B": (lambda x, B: x / B, "B (the batch size) times too small"),
    "minus-times-B": (lambda x, B: -B * x, "times too large, and a sign"),
    "minus-over-B": (lambda x, B: -x / B, "times too small, and a sign"),
    "times-A": (lambda x, B: 3 * x, "A (the number of actions) times too large"),
    "over-A": (lambda x, B: x / 3, "A (the number of actions) times too small"),
    "ratio": (lambda x, B: 0.7 * x, "0.7 times"),
    "scaled": (lambda x, B: x * B**2, "points the right way"),
    "offset": (lambda x, B: x + 0.3, "the same amount"),
    "some": (some, "28 of 30"),
    "values": (lambda x, B: x**2 + np.arange(3), "the numbers in it are wrong"),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_has_its_name_and_its_sentence(name: str) -> None:
    change, words = PATTERNS[name]
    finding = values(pairs(change))
    assert finding is not None
    assert finding.name == name
    assert words in finding.sentence
    assert finding.sentence.startswith("`grad` ")


@pytest.mark.parametrize("name", [n for n in PATTERNS if n not in ("nan", "values", "some")])
def test_a_pattern_is_named_only_if_it_explains_every_wrong_pair(name: str) -> None:
    sick = pairs(PATTERNS[name][0])
    other = pairs(PATTERNS["values"][0])
    for mixed in ([sick[0], other[1]], [other[0], sick[1]]):
        finding = values(mixed)
        assert finding is not None
        assert finding.name in ("values", "some")


def test_nothing_wrong_is_nothing_found() -> None:
    assert values(pairs(lambda x, B: x)) is None
    assert values(pairs(lambda x, B: x * (1 + 1e-10))) is None


def test_right_pairs_do_not_hide_a_pattern_that_they_do_not_contradict() -> None:
    """A factor of B is invisible in a batch of one."""
    one = Comparison(np.ones((1, 3)), np.ones((1, 3)), sizes={"B": 1})
    assert values([*pairs(lambda x, B: B * x), one]).name == "times-B"


def test_a_right_pair_contradicts_a_sign() -> None:
    right = pairs(lambda x, B: x)[0]
    assert values([right, pairs(lambda x, B: -x)[1]]).name != "sign"


def test_a_leak_is_right_elsewhere_and_not_zero_where_it_should_be() -> None:
    def leaky(x: np.ndarray, B: int) -> Comparison:
        expected = put(x.copy(), (slice(None), 1), 0.0)
        return Comparison(x, expected, "grad", {"B": B})

    found = [leaky(RNG.uniform(1, 2, size=(B, 3)), B) for B in BATCHES]
    assert values(found).name == "leak"
    assert "flows where nothing may" in values(found).sentence
    wrong_too = Comparison(found[0].got * 1.5, found[0].expected, "grad", {"B": 4})
    assert values([wrong_too, found[1]]).name not in ("leak", "ratio", "scaled")


def test_what_should_be_zero_everywhere_is_named() -> None:
    assert values([Comparison(np.ones(3), np.zeros(3), "at_source")]).name == "not-zero"
    assert values([Comparison(np.ones(3), np.zeros(3)), Comparison(np.ones(3), np.arange(3.0) + 5)]).name == "values"


def test_a_transpose_of_a_square_is_seen() -> None:
    x = RNG.normal(size=(2, 3, 3))
    assert values([Comparison(x[0].T, x[0]), Comparison(x[1].T, x[1])]).name == "transposed"
    assert values([Comparison(x[0].T, x[0]), Comparison(x[1] ** 2, x[1])]).name == "some"  # the diagonal is right


def test_rows_with_a_name_are_named() -> None:
    found = pairs(in_terminal_rows, rows=True)
    assert values(found).name == "rows-terminated"
    assert "except in the rows that are terminated" in values(found).sentence
    assert values(pairs(in_terminal_rows, shape=(), rows=True)).name == "rows-terminated"


def test_rows_that_are_all_there_is_explain_nothing() -> None:
    x = RNG.normal(size=(4, 3))
    pair = Comparison(x**2 + 1, x, rows={"terminated": np.ones(4, bool)})
    assert values([pair]).name == "values"


def test_a_row_mask_of_another_length_is_passed_over() -> None:
    x = RNG.normal(size=(4, 3))
    assert values([Comparison(x**2 + 1, x, rows={"terminated": np.ones(3, bool)})]).name == "values"
    assert values([Comparison(np.array(2.0), np.array(3.1), rows={"terminated": np.ones(3, bool)})]).name == "values"


def test_a_lone_number_is_no_proof_of_a_nameless_factor() -> None:
    """Any number is some multiple of any other."""
    assert values([Comparison(np.array([0.7]), np.array([1.3]))]).name == "values"
    assert values([Comparison(np.array(0.7), np.array(1.3)), Comparison(np.array(5.0), np.array(1.1))]).name == "values"
    assert values([Comparison(np.array(0.7), np.array(-0.7))]).name == "sign"


def test_cases_with_different_sizes_are_no_stumbling_block() -> None:
    x = RNG.normal(size=3)
    mixed = [Comparison(0.7 * x, x, sizes={"B": 4}), Comparison(0.7 * x, x, sizes={"n": 3}), Comparison(0.7 * x, x)]
    assert values(mixed).name == "ratio"


def test_integers_are_compared_as_numbers() -> None:
    x = np.array([1, 2, 5], np.uint8)
    assert values([Comparison(x + np.uint8(3), x)]).name == "offset"
    assert values([Comparison(x[::-1], x)]).name == "some"


def test_flags_and_texts() -> None:
    flags = np.array([True, False, True])
    assert values([Comparison(~flags, flags, "chosen")]).sentence == "`chosen` is wrong in every entry."
    assert values([Comparison(flags[::-1] ^ [True, False, False], flags)]).sentence.startswith(
        "The result is right in 2 of 3"
    )
    assert values([Comparison("leak", "sign", "A")]).sentence == "`A` is not the right answer yet."
    assert values([Comparison(np.array(True), np.array(False))]).name == "answer"


def test_the_tolerance_that_is_asked_for_decides() -> None:
    x = RNG.normal(size=(4, 3))
    off = put(x.copy(), (0, 0), x[0, 0] * (1 + 3e-9))
    assert values([Comparison(off, x, tolerance=TOLERANCES["numeric"])]) is None
    assert values([Comparison(off, x, tolerance=TOLERANCES["exact"])]).name == "precision"


@given(st.integers(0, 2**32), st.sampled_from([(3,), (2, 3), (3, 3), (5,)]))
@settings(max_examples=150, deadline=None)
def test_random_numbers_are_given_no_false_name(seed: int, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(seed)
    found = [
        Comparison(
            rng.normal(size=shape),
            rng.normal(size=shape),
            sizes={"B": B},
            rows={"terminated": rng.random(shape[0]) < 0.5},
        )
        for B in BATCHES
    ]
    assert values(found).name == "values"


@given(st.integers(0, 2**32), st.sampled_from(sorted(PATTERNS)))
@settings(max_examples=100, deadline=None)
def test_no_pattern_breaks_down(seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(0, 4, size=rng.integers(0, 3)))
    expected = rng.normal(size=shape) * (rng.random(shape) < 0.7)
    got = rng.choice([expected, -expected, rng.normal(size=shape), expected + 1, np.full(shape, np.inf)])
    assert isinstance(values([Comparison(got, expected), *pairs(PATTERNS[name][0])]), Diagnosis)
