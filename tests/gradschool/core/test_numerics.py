"""Tolerances and measured slopes: each row of the table is used and means what it says."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.bank.registry import entries
from gradschool.core.exercise import CHAPTERS
from gradschool.core.numerics import TOLERANCES, Tolerance, central_differences, complex_step, wrong_entries

ROWS = sorted(TOLERANCES)


def test_every_row_of_the_table_is_used() -> None:
    used = {e.tolerance for part in CHAPTERS for e in entries(part).values()}
    assert used == set(TOLERANCES)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_a_row_allows_its_relative_error_and_not_twice_as_much(row: str, scale: float) -> None:
    t, rng = TOLERANCES[row], np.random.default_rng(1)
    expected = scale * rng.uniform(1, 2, size=20)
    inside = expected + 0.99 * (t.rtol * np.abs(expected) + t.atol)
    outside = expected + 2.01 * (t.rtol * np.abs(expected) + t.atol) + (row == "none") * scale * 1e-12
    assert not wrong_entries(inside, expected, t).any()
    assert wrong_entries(outside, expected, t).all()


@pytest.mark.parametrize("row", ROWS)
def test_a_huge_entry_does_not_hide_wrong_small_ones(row: str) -> None:
    expected = np.array([1e6, 1.0, 0.0])
    got = np.array([1e6, 1.01, 0.01])
    assert wrong_entries(got, expected, TOLERANCES[row]).tolist() == [False, True, True]


def test_rounding_that_follows_the_largest_term_is_allowed() -> None:
    rng = np.random.default_rng(2)
    terms = rng.normal(size=(1000, 3)) * np.array([1e4, 1.0, 1.0])
    terms[:, 1] = np.sort(terms[:, 1])
    terms[500:, 1] = -terms[:500, 1]  # these cancel, up to rounding
    one, other = terms.sum(axis=0), np.sort(terms, axis=0)[::-1].sum(axis=0)
    assert not np.array_equal(one, other)
    assert not wrong_entries(one, other, TOLERANCES["exact"]).any()


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_never_pass_for_a_number(row: str, bad: float) -> None:
    expected = np.array([1.0, 0.0, 1e300])
    assert wrong_entries(np.full(3, bad), expected, TOLERANCES[row]).all()
    assert wrong_entries(expected, np.full(3, bad), TOLERANCES[row]).all()
    one = np.array([1.0, bad, 1e300])
    assert wrong_entries(one, expected, TOLERANCES[row]).tolist() == [False, True, False]


def test_nan_and_infinity_agree_with_themselves_where_they_are_expected() -> None:
    special = np.array([np.nan, np.inf, -np.inf])
    assert not wrong_entries(special, special, TOLERANCES["exact"]).any()
    assert wrong_entries(special[::-1], special, TOLERANCES["exact"]).tolist() == [True, False, True]


@pytest.mark.parametrize("row", ["exact", "numeric"])
def test_all_zeros_are_compared_absolutely(row: str) -> None:
    assert wrong_entries(np.array([1e-7]), np.zeros(1), TOLERANCES[row]).all()
    assert not wrong_entries(np.array([1e-13]), np.zeros(1), TOLERANCES[row]).any()


def test_none_is_exact() -> None:
    assert wrong_entries(np.array([1.0 + 2e-16]), np.ones(1), TOLERANCES["none"]).all()
    assert not wrong_entries(np.array([True, False]), np.array([1, 0]), TOLERANCES["none"]).any()


def test_the_mask_has_the_shape_of_the_arrays() -> None:
    for shape in [(), (0,), (2, 3), (2, 0, 3)]:
        assert wrong_entries(np.ones(shape), np.zeros(shape), TOLERANCES["exact"]).shape == shape


def test_unsigned_and_boolean_numbers_do_not_wrap_round() -> None:
    assert wrong_entries(np.array([0], np.uint8), np.array([255], np.uint8), TOLERANCES["none"]).all()
    assert wrong_entries(np.array([True]), np.array([0]), Tolerance(0, 0.5, "")).all()


def test_float32_inside_is_seen_by_every_row() -> None:
    rng = np.random.default_rng(3)
    expected = rng.normal(size=50)
    got = expected.astype(np.float32).astype(np.float64)
    for row in ROWS:
        assert wrong_entries(got, expected, TOLERANCES[row]).any()


# -- central differences -------------------------------------------------------------------------------------------

POINTS = hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=2, max_side=3), elements=st.floats(-2, 2))


@given(POINTS)
@settings(max_examples=50, deadline=None)
def test_a_scalar_function_gives_its_gradient(x: np.ndarray) -> None:
    before = x.copy()
    gradient = central_differences(lambda x: float(np.sum(np.sin(x) + x**2)), x)
    assert np.array_equal(x, before)
    assert gradient.shape == x.shape
    assert not wrong_entries(gradient, np.cos(x) + 2 * x, Tolerance(0, 1e-8, "")).any()


def test_a_vector_function_gives_its_jacobian() -> None:
    rng = np.random.default_rng(4)
    W, x = rng.normal(size=(3, 2)), rng.normal(size=2)
    jacobian = central_differences(lambda x: np.tanh(W @ x), x)
    assert not wrong_entries(jacobian, (1 - np.tanh(W @ x) ** 2)[:, None] * W, Tolerance(0, 1e-9, "")).any()
    table = central_differences(lambda W: W @ x, W)
    assert table.shape == (3, 3, 2)
    assert np.allclose(table, np.einsum("ij,k->ijk", np.eye(3), x))


def test_a_function_that_returns_its_own_input_is_copied() -> None:
    assert np.allclose(central_differences(lambda x: x, np.arange(3.0)), np.eye(3))


def test_integers_are_moved_as_floats() -> None:
    assert np.allclose(central_differences(lambda x: float(np.sum(x**2)), np.array([1, 2])), [2, 4])


def test_nothing_to_move_gives_nothing() -> None:
    assert central_differences(lambda x: float(np.sum(x)), np.zeros((0, 2))).shape == (0, 2)


def test_the_error_shrinks_with_the_square_of_the_step() -> None:
    x = np.array([0.3, -1.2])

    def error(h: float) -> float:
        return float(np.max(np.abs(central_differences(lambda x: float(np.sum(np.exp(x))), x, h) - np.exp(x))))

    for h in (0.2, 0.1, 0.05):
        assert error(h) / error(h / 2) == pytest.approx(4, rel=0.02)
        assert error(h) == pytest.approx(h**2 / 6 * np.exp(0.3), rel=0.02)


def test_a_cubic_shows_exactly_the_term_in_h_squared() -> None:
    x, h = np.array([1.5, -0.5]), 0.1
    slope = central_differences(lambda x: float(np.sum(x**3)), x, h)
    assert np.allclose(slope, 3 * x**2 + h**2, rtol=1e-12)


# -- complex step --------------------------------------------------------------------------------------------------


@given(POINTS)
@settings(max_examples=50, deadline=None)
def test_a_complex_step_is_exact_but_for_rounding(x: np.ndarray) -> None:
    before = x.copy()
    gradient = complex_step(lambda x: np.sum(np.sin(x) + x**2), x)
    assert np.array_equal(x, before)
    assert gradient.shape == x.shape
    assert not wrong_entries(gradient, np.cos(x) + 2 * x, Tolerance(1e-14, 1e-14, "")).any()


def test_a_complex_step_goes_through_a_relu() -> None:
    x = np.array([-2.0, -1e-9, 1e-9, 3.0])
    assert complex_step(lambda x: np.sum(np.maximum(x, 0.0) ** 2 + np.maximum(x, 0.0)), x) == pytest.approx(
        [0, 0, 1 + 2e-9, 7], rel=1e-15
    )


def test_a_huge_constant_in_the_loss_costs_a_complex_step_nothing() -> None:
    """Central differences of the same loss drown in its rounding error."""
    x = np.array([0.7])
    exact = 3 * x**2
    assert complex_step(lambda x: np.sum(x**3) + 1e12, x) == pytest.approx(exact, rel=1e-15)
    assert abs(central_differences(lambda x: float(np.sum(x**3)) + 1e12, x) - exact) > 1e-3
