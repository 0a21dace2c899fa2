"""Sentences that coincidences would make: tried on changed inputs, on wrong rows alone, with one option at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradschool.check.api import check_here
from gradschool.core.calling import call_twice
from gradschool.core.compare import Attempt
from gradschool.core.exercise import Case, Exercise
from gradschool.core.plain_data import to_plain
from gradschool.core.report import Report
from gradschool.diagnosis.evidence import Laboratory, parts_of
from gradschool.diagnosis.hypotheses.responses import LAST, Responses
from tests.support.two_inputs import Answer, exercise, hint

Array = np.ndarray


def test_a_flag_that_goes_with_the_fault_by_chance_is_not_named() -> None:
    """In every case `x` is negative in the rows with the flag, and in no others; the answer does not read the flag."""

    def wrong(x: Array, flag: Array) -> Array:
        return np.where(x < 0, np.exp(2 * x) + np.sin(x), np.exp(x))

    together = {
        "x": lambda B: np.where(np.arange(B) % 2 == 0, -1.0, 1.0)[:, None] * np.linspace(0.5, 2, 3 * B).reshape(B, 3)
    }
    _, sentence = hint(lambda x, flag: np.exp(x), wrong, "x, flag", **together)
    assert sentence == "The result is wrong exactly where `x` is negative."


def test_a_bound_is_crossed_before_it_is_said() -> None:
    """Numbers near to each other count as equal: that happens where `w` is large, and not because of it."""
    large = {"w": lambda B: np.where(np.arange(B) % 2, 5000.0, 1.0)[:, None] * np.linspace(1, 2, 3 * B).reshape(B, 3)}
    large["x"] = lambda B: large["w"](B) + np.where(np.arange(B) % 2, 0.03, 1.3)[:, None]
    found = hint(lambda x, w: x - w, lambda x, w: np.where(np.isclose(x, w), 0.0, x - w), **large)
    assert found == ("zero", "Wherever the result is wrong, it is 0.")


def test_single_samples_are_asked_for_where_the_batch_is_wrong() -> None:
    """Rows 0 to 2 are right in every batch; the last is wrong, alone as well."""

    def wrong(x: Array) -> Array:
        return np.where(x > 90, np.cos(x), np.exp(-x))

    draws = {"x": lambda B: np.concatenate([np.linspace(0.1, 1, 3 * (B - 1)), [91.0, 92.0, 93.0]]).reshape(B, 3)}
    name, _ = hint(lambda x: np.exp(-x), wrong, "x", **draws)
    assert name not in ("samples-mixed", "batch-combined")


def found_last(right: Answer, wrong: Answer, **draws: Any) -> list[str]:
    """The sentences of the experiments that come last, whatever else could be said."""
    made = exercise(right, **draws)

    def attempt(case: Case) -> Attempt:
        return Attempt(case, to_plain(right(*case.args.values())), call_twice(made, wrong, case.args))

    attempts = [attempt(case) for case in made.cases(np.random.default_rng(0))]
    laboratory = Laboratory(made, lambda a: call_twice(made, wrong, a), lambda a: right(*a.values()), attempts[0])
    parts = parts_of(made, [*attempts, *laboratory.fresh])[""]
    return [d.sentence for d in Responses(laboratory).found(parts, LAST)]


def test_right_without_an_input_must_hold_beside_rows_of_zeros() -> None:
    """A division by how many errors are not 0, as half are: with `x` set to 0 none is, until a row of `w` is 0."""

    def wrong(x: Array, w: Array) -> Array:
        return (w - x) / np.count_nonzero((w - x).any(axis=1))

    def table(slope: float) -> Any:
        return lambda B: 0.7 + slope * np.maximum(0, np.arange(B) - B // 2 + 1)[:, None] * np.linspace(1, 2, 3)

    assert found_last(lambda x, w: (w - x) / len(x), wrong, x=table(0.1), w=table(1.0)) == []
    cured = found_last(lambda x, w: np.exp(x) * w, lambda x, w: (1 + x) * w)
    assert cured == ["With `x` set to 0, yours is right; with other values it can be wrong."]


def test_a_small_error_is_no_number_in_another_place() -> None:
    def draw(B: int) -> Array:
        x = np.linspace(1, 300, 3 * B).reshape(B, 3)
        x[0, 0] = 1e-7 if B == 5 else 1.0
        return x

    assert hint(lambda x: x, lambda x: np.where(x < 1e-6, 0.0, x), "x", x=draw)[0] not in ("displaced", "signs")


def test_a_vector_has_one_number_for_each_row_of_a_square_answer_too() -> None:
    """The batch of 4 is square: `y` stands by rows there as it does elsewhere."""
    draws = {"x": lambda B: np.sin(np.arange(4.0 * B)).reshape(B, 4), "y": lambda B: 1.0 + np.arange(B)}
    found = hint(lambda x, y: x * 1.0, lambda x, y: x + y[:, None], "x, y", **draws)
    assert found == ("term-too-many", "The result is too large by exactly `y`, in every entry.")


FORMULAS = {
    "rest": (lambda x, w: w - np.sin(x), "The result is `w` minus what it should be."),
    "float32": (
        lambda x, w: np.sin(x + 1000).astype(np.float32).astype(float),
        "Every entry of the result is a float32: half of the digits were lost on the way.",
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_to_the_letter(name: str) -> None:
    wrong, sentence = FORMULAS[name]
    assert hint(lambda x, w: np.sin(x), wrong) == (name, sentence)


def stepped(wrong: Any, kinds: tuple[str, ...] = ("SGD", "Adam")) -> Report:
    """The report on a step from `actor` by an optimizer of each kind; what it keeps is part of the answer."""

    def answer(step: Any, a: dict[str, Any]) -> dict[str, Array]:
        after, state = step(a["actor"], a["g"], a["optimiser"])
        return {"actor_after": after, "optimiser_state": {"exp_avg": state}}

    def cases(rng: np.random.Generator) -> list[Case]:
        draw = lambda: rng.normal(size=(4, 3))  # noqa: E731
        return [
            Case(f"{kind} {k}", {"actor": draw(), "g": draw() + 0.1 * k, "optimiser": kind})
            for kind in kinds
            for k in range(3)
        ]

    def right(actor: Array, g: Array, kind: str) -> tuple[Array, Array]:
        return actor - (0.1 * g if kind == "SGD" else 0.1 * np.sign(g)), 0.5 * g

    made = Exercise(
        "test.step",
        "A step",
        "step(actor, g, optimiser) -> None",
        cases,
        lambda a: answer(right, a),
        answer,
        earning=("actor_after",),
    )
    return check_here(made, wrong)


def test_a_step_is_told_with_the_optimizer_that_shows_it() -> None:
    """Twice the gradient: Adam hides it."""
    report = stepped(lambda actor, g, kind: (actor - (0.2 * g if kind == "SGD" else 0.1 * np.sign(g)), 1.0 * g))
    assert (
        report.hint == "Where the optimiser is SGD: the step from `actor` to `actor_after` is twice what it should be."
    )


def test_a_wrong_step_comes_before_what_the_optimizer_keeps() -> None:
    def odd(actor: Array, g: Array, kind: str) -> tuple[Array, Array]:
        return actor + 0.1 * np.cos(9 * g), np.sin(g)

    report = stepped(odd)
    assert report.hint.startswith("`actor_after` is wrong, and so is what the optimizer keeps, its `exp_avg`")
    unused = stepped(lambda actor, g, kind: (odd(actor, g, kind)[0], 0.0 * g))
    assert unused.mistake == "no-optimizer-step"
    right_step = stepped(lambda actor, g, kind: (actor - (0.1 * g if kind == "SGD" else 0.1 * np.sign(g)), 0.4 * g))
    assert right_step.mistake == "state-optimiser_state.exp_avg"


def test_a_step_that_is_kept_short_names_its_bound() -> None:
    def short(params: Array, g: Array, lr: float) -> Array:
        return params - lr * g * min(1.0, 0.5 / np.linalg.norm(g))

    made = replace(
        exercise(lambda params, g, lr: params - lr * g, "x, w, h"),
        id="test.sgd_step",
        signature="sgd_step(params, g, lr) -> (B, 3)",
    )

    def named(rng: np.random.Generator) -> list[Case]:
        names = ("params", "g", "lr")
        return [replace(c, args=dict(zip(names, c.args.values(), strict=True))) for c in made.cases(rng)]

    report = check_here(replace(made, cases=named), short)
    assert report.hint == (
        "The result is `params` moved by the right step, made shorter where the norm of the gradient is more than 0.5."
    )


def test_a_dtype_says_whether_the_numbers_are_right() -> None:
    right = lambda x, w: np.sin(x * w)  # noqa: E731
    _, said = hint(right, lambda x, w: right(x, w).astype(np.float32))
    assert said.endswith("As far as it can hold them, the numbers are right.")
    _, said = hint(right, lambda x, w: (right(x, w) + 0.1).astype(np.float32))
    assert said.endswith("The numbers in it are wrong as well.")


def test_a_block_that_is_one_by_coincidence_is_no_broadcast() -> None:
    """(4, 4) for the batch of 4, and (5, 4) for the batch of 5: no rows were paired with rows."""
    assert hint(lambda x: np.exp(x), lambda x: np.ones((len(x), 4)), "x")[0] == "shape"
    assert hint(lambda x: np.exp(x), lambda x: np.ones((len(x), len(x))), "x")[0] == "broadcast"
