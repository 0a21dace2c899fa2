"""Sentences that coincidences would make: tried on changed inputs, on wrong rows alone, with one option at a time."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from gradschool.check.api import check_here
from gradschool.core.calling import call_twice
from gradschool.core.compare import Attempt
from gradschool.core.exercise import Case, Exercise, find
from gradschool.core.plain_data import to_plain
from gradschool.core.report import Report
from gradschool.diagnosis.evidence import FRESH_SEEDS, Budget, Laboratory, fresh_cases, parts_of, with_rows
from gradschool.diagnosis.hypotheses import responses
from gradschool.diagnosis.hypotheses.counterfactuals import counterfactuals
from gradschool.diagnosis.hypotheses.responses import LAST, SHAPES, STRONG, Probe, Responses
from gradschool.diagnosis.hypotheses.surroundings import with_others, with_small_others
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


def test_which_entries_are_wrong_says_more_than_in_which_answers() -> None:
    """Every answer of more than one action is wrong somewhere; where, is what helps."""

    def untaken_to_zero(q: Array, action: Array, y: Array) -> Array:
        target = np.zeros_like(q)
        target[np.arange(len(q)), action] = y
        return (q - target) / len(q)

    report = check_here(find("dqn.output_gradient"), untaken_to_zero)
    assert "wrong exactly where the column is not the row's `action`" in str(report)


def test_single_samples_are_asked_for_where_the_batch_is_wrong() -> None:
    """Rows 0 to 2 are right in every batch; the last is wrong, alone as well."""

    def wrong(x: Array) -> Array:
        return np.where(x > 90, np.cos(x), np.exp(-x))

    draws = {"x": lambda B: np.concatenate([np.linspace(0.1, 1, 3 * (B - 1)), [91.0, 92.0, 93.0]]).reshape(B, 3)}
    name, _ = hint(lambda x: np.exp(-x), wrong, "x", **draws)
    assert name not in ("samples-mixed", "batch-combined")


def found_last(
    right: Answer, wrong: Answer, probes: tuple[Probe, ...] = LAST, names: str = "x, w", **draws: Any
) -> list[str]:
    """The sentences of the experiments that come last, whatever else could be said."""
    made = exercise(right, names, **draws)

    def attempt(case: Case) -> Attempt:
        return Attempt(case, to_plain(right(*case.args.values())), call_twice(made, wrong, case.args))

    attempts = [attempt(case) for case in made.cases(np.random.default_rng(0))]
    laboratory = Laboratory(made, lambda a: call_twice(made, wrong, a), lambda a: right(*a.values()), attempts[0])
    parts = parts_of(made, [*attempts, *laboratory.fresh])[""]
    return [d.sentence for d in Responses(laboratory).found(parts, probes)]


def test_right_without_an_input_must_hold_beside_rows_of_zeros() -> None:
    """A division by how many errors are not 0, as half are: with `x` set to 0 none is, until a row of `w` is 0."""

    def wrong(x: Array, w: Array) -> Array:
        return (w - x) / np.count_nonzero((w - x).any(axis=1))

    def table(slope: float) -> Any:
        return lambda B: 0.7 + slope * np.maximum(0, np.arange(B) - B // 2 + 1)[:, None] * np.linspace(1, 2, 3)

    assert found_last(lambda x, w: (w - x) / len(x), wrong, x=table(0.1), w=table(1.0)) == []
    cured = found_last(lambda x, w: np.exp(x) * w, lambda x, w: (1 + x) * w)
    assert cured == ["With `x` set to 0, yours is right; with other values it can be wrong."]


def test_right_without_an_input_must_hold_beside_other_numbers_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """`v` is a weight and a bias of 0: with `x` set to 0, sin and tanh of it are the same."""
    right = lambda x, w, v: w + np.tanh(v[0] * x + v[1])  # noqa: E731
    wrong = lambda x, w, v: w + np.sin(v[0] * x + v[1])  # noqa: E731
    made = {"names": "x, w, v", "v": lambda B: np.array([0.3 * B, 0.0])}
    without_bias = found_last(lambda x, w: w + np.tanh(x), lambda x, w: w + np.sin(x))
    of_x = "With `x` set to 0, yours is right; with other values it can be wrong."
    assert without_bias == [of_x]
    assert of_x not in found_last(right, wrong, **made)
    monkeypatch.setattr(responses, "SURROUNDINGS", ())
    assert of_x in found_last(right, wrong, **made)


def test_right_without_an_input_that_the_right_answer_never_uses_says_nothing() -> None:
    """Differences of numbers of which `w` is one lose digits; that is no question of what `w` is."""
    assert found_last(lambda x, w: np.exp(x), lambda x, w: np.exp(x) + 0.01 * w) == []


def test_inputs_that_are_changed_together_get_signs_of_their_own() -> None:
    made = exercise(lambda x, w: x)
    args = made.cases(np.random.default_rng(0))[1].args
    for change, size in ((with_others, 1.0), (with_small_others, 0.1)):
        other = change(made, {**args, "v": args["x"]}, "v")
        signs = np.sign(other["x"]) * np.sign(other["w"])
        assert {-1.0, 1.0} == set(np.unique(signs))
        assert 0.3 * size < np.abs(other["x"]).max() / np.abs(args["x"]).max() < 2.0 * size


def test_a_width_has_no_other_sign() -> None:
    """np.clip and torch.clamp differ on an empty range: what would be right there depends on who works it out."""
    within = lambda x, clip: np.clip(x, -clip, clip) * clip  # noqa: E731
    made = exercise(within, "x, clip", clip=lambda B: 0.2 * B)
    args = made.cases(np.random.default_rng(0))[0].args
    keys = [c.key for c in counterfactuals(made, args, ("x", "clip"))]
    assert {("x", "negative"), ("clip", "twice")} <= set(keys)
    assert ("clip", "negative") not in keys
    turned = found_last(within, lambda x, clip: np.cos(x) * clip, SHAPES, "x, clip", clip=lambda B: 0.2 * B)
    assert not [said for said in turned if "`clip` changes its sign" in said]


def test_what_holds_on_some_inputs_alone_is_said_of_some() -> None:
    """In batches of odd size `w` is squared."""
    said = found_last(lambda x, w: x * w, lambda x, w: x * w * (w if len(w) % 2 else 1.0), SHAPES)
    assert said[0] == "When `w` is doubled, the right result doubles; yours does so only on some inputs."
    assert "yours does not" not in " ".join(said)
    always = found_last(lambda x, w: x * w, lambda x, w: x * w * w, SHAPES)
    assert always[0] == "When `w` is doubled, the right result doubles; yours becomes 4 times as large."


def test_growth_that_differs_from_input_to_input_is_said_plainly() -> None:
    """`w` over its norm, but for a small constant that shows where `w` is tiny."""
    tiny = {"w": lambda B: np.linspace(1, 2, 3 * B).reshape(B, 3) * (1e-9 if B == 5 else 1.0)}
    normed = lambda x, w: w / (np.linalg.norm(w) + 1e-9)  # noqa: E731
    said = found_last(lambda x, w: w, normed, SHAPES, **tiny)
    assert said[0] == "When `w` is doubled, the right result doubles; yours does not."


def test_growth_that_is_right_on_some_inputs_is_not_said_to_be_wrong_on_all() -> None:
    """So few inputs as these are left where the budget is spent: two grow wrongly, each otherwise, and one rightly."""
    sizes = iter((4, 5, 6, 4, 5, 6))
    made = exercise(lambda x, w: w, w=lambda B: np.linspace(1, 2, 3 * next(sizes)).reshape(-1, 3))
    powers = {4: 0.0, 5: 2.0, 6: 1.0}
    wrong = lambda x, w: 3.0 * w ** powers[len(w)]  # noqa: E731
    cases = [case for _ in range(2) for case in made.cases(np.random.default_rng(0))][:3]
    attempts = [Attempt(c, c.args["w"], call_twice(made, wrong, c.args)) for c in cases]
    laboratory = Laboratory(made, lambda a: call_twice(made, wrong, a), lambda a: a["w"], attempts[0])
    growth = tuple(p for p in SHAPES if p.name == "growth")

    def said(some: list[Attempt]) -> list[str]:
        return [d.sentence for d in Responses(laboratory).found(parts_of(made, some)[""], growth)]

    assert said(attempts[:2]) == ["When `w` is doubled, the right result doubles; yours does not."]
    assert said(attempts) == []


def test_growth_on_one_of_three_inputs_is_not_said_of_all() -> None:
    """The right answer is 0 in two of them, where nothing grows."""
    sizes = iter((4, 5, 6, 4, 5, 6))
    right = lambda x, w: w * (len(w) == 4)  # noqa: E731
    made = exercise(right, w=lambda B: np.linspace(1, 2, 3 * next(sizes)).reshape(-1, 3))
    wrong = lambda x, w: w**2 * (len(w) == 4)  # noqa: E731
    cases = [case for _ in range(2) for case in made.cases(np.random.default_rng(0))][:3]
    attempts = [Attempt(c, right(**c.args), call_twice(made, wrong, c.args)) for c in cases]
    laboratory = Laboratory(made, lambda a: call_twice(made, wrong, a), lambda a: right(**a), attempts[0])
    growth = tuple(p for p in SHAPES if p.name == "growth")
    assert list(Responses(laboratory).found(parts_of(made, attempts)[""], growth)) == []


def test_an_answer_that_is_0_before_and_after_is_not_said_to_grow_wrongly() -> None:
    """`x` is in neither answer; in batches of odd size the wrong one is 0, as a gradient whose direction is all."""
    said = found_last(lambda x, w: w, lambda x, w: np.sign(w) * (len(w) % 2 == 0), SHAPES)
    assert said
    assert not [s for s in said if "`x`" in s]


def test_what_is_left_without_an_input_is_too_much() -> None:
    right = lambda x, w: w * np.exp(x)  # noqa: E731
    penalty = found_last(right, lambda x, w: right(x, w) + 0.01 * np.sin(x), SHAPES)
    assert penalty[0] == "With `w` set to 0, the right result is 0, and yours is not: what else is in it?"
    assert not [s for s in found_last(right, lambda x, w: np.sin(w) * np.exp(x), SHAPES) if "set to 0" in s]
    assert not [s for s in found_last(lambda x, w: w + 1, lambda x, w: w + 2, SHAPES) if "set to 0" in s]


def test_an_answer_of_signs_alone_does_not_follow_a_small_change() -> None:
    coarse = "When `w` changes a little, the right result changes too, and yours stays as it is on most inputs"
    assert any(s.startswith(coarse) for s in found_last(lambda x, w: w * x, lambda x, w: np.sign(w) * x, SHAPES))
    assert not any("a little" in s for s in found_last(lambda x, w: w * x, lambda x, w: np.sin(w) * x, SHAPES))


def test_a_flag_that_switches_the_mistake_off_is_named_where_it_is_rarely_on() -> None:
    """One row of six has the flag."""
    rare = {"flag": lambda B: np.arange(B) == 1, "x": lambda B: np.linspace(0.5, 2, 9 * B).reshape(3 * B, 3)}
    rare["flag"] = lambda B: np.arange(3 * B) % 6 == 1
    on = lambda x, flag: np.where(flag[:, None], x, x + np.exp(x) + np.sin(5 * x))  # noqa: E731
    off = lambda x, flag: np.where(flag[:, None], x, x + np.cos(7 * x) * x**3)  # noqa: E731
    _, sentence = hint(on, off, "x, flag", **rare)
    assert sentence == "The result is right where `flag` is on: what is wrong is the part that it switches off."


def test_no_question_is_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two probes set an input to 0; an answer may cost as much as a whole update of an agent."""
    asked: list[str] = []
    attempt = Laboratory.attempt

    def counted(self: Laboratory, case: Case, right: Any = None) -> Attempt | None:
        asked.append(repr(case.args))
        return attempt(self, case, right)

    monkeypatch.setattr(Laboratory, "attempt", counted)
    at_zero = tuple(p for p in (*SHAPES, *LAST) if p.name in ("left-over", "right-without"))
    found_last(lambda x, w: x * w + x, lambda x, w: x * w * w + x, at_zero)
    assert len(at_zero) == 2
    assert len(asked) > 3
    assert len(set(asked)) == len(asked)


def test_what_is_read_from_weights_may_depend_on_every_input() -> None:
    made = exercise(lambda x, w: x)
    for read, said in ((None, True), (lambda a, got: None, False)):
        attempts = [
            Attempt(c, c.args["x"], call_twice(made, lambda x, w: x + w, c.args))
            for c in made.cases(np.random.default_rng(0))
        ]
        of = replace(made, read=read)
        laboratory = Laboratory(made, lambda a: call_twice(made, lambda x, w: x + w, a), lambda a: a["x"], attempts[0])
        found = Responses(laboratory).found(parts_of(of, [*attempts, *laboratory.fresh])[""], STRONG)
        assert any("When `w` changes, the right result stays" in d.sentence for d in found) == said


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
        after, state = step(a["actor"], a["g"], a["optimizer"])
        return {"actor_after": after, "optimizer_state": {"exp_avg": state}}

    def cases(rng: np.random.Generator) -> list[Case]:
        draw = lambda: rng.normal(size=(4, 3))  # noqa: E731
        return [
            Case(f"{kind} {k}", {"actor": draw(), "g": draw() + 0.1 * k, "optimizer": kind})
            for kind in kinds
            for k in range(3)
        ]

    def right(actor: Array, g: Array, kind: str) -> tuple[Array, Array]:
        return actor - (0.1 * g if kind == "SGD" else 0.1 * np.sign(g)), 0.5 * g

    made = Exercise(
        "test.step",
        "A step",
        "step(actor, g, optimizer) -> None",
        cases,
        lambda a: answer(right, a),
        answer,
        earning=("actor_after",),
    )
    return check_here(made, wrong)


def test_a_step_is_told_with_the_optimizer_that_shows_it() -> None:
    """Twice the gradient: Adam hides it."""
    report = stepped(lambda actor, g, kind: (actor - (0.2 * g if kind == "SGD" else 0.1 * np.sign(g)), 1.0 * g))
    said = "Where the optimizer is SGD: the step from `actor` to `actor_after` is twice what it should be."
    assert report.hint == f"{said} Is a factor 1/2 missing, or is something counted twice?"


def test_a_wrong_step_comes_before_what_the_optimizer_keeps() -> None:
    def odd(actor: Array, g: Array, kind: str) -> tuple[Array, Array]:
        return actor + 0.1 * np.cos(9 * g + 1), np.sin(g + 1)

    report = stepped(odd)
    assert report.hint.startswith("`actor_after` is wrong, and so is what the optimizer keeps, its `exp_avg`")
    unused = stepped(lambda actor, g, kind: (odd(actor, g, kind)[0], 0.0 * g))
    assert unused.mistake == "no-optimizer-step"
    right_step = stepped(lambda actor, g, kind: (actor - (0.1 * g if kind == "SGD" else 0.1 * np.sign(g)), 0.4 * g))
    assert right_step.mistake == "state-optimizer_state.exp_avg"


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


def _two_matrices(shapes: list[tuple[int, int, int]]) -> Exercise:
    """The result is V U x for matrices U (h, n) and V (m, h); each case has sizes n, h, m of its own."""

    def cases(rng: np.random.Generator) -> list[Case]:
        def case(n: int, h: int, m: int) -> Case:
            args = {"U": rng.normal(size=(h, n)), "V": rng.normal(size=(m, h)), "x": rng.normal(size=n)}
            return Case(f"{n}, {h} and {m}", args, sizes={"n": n, "h": h, "m": m})

        return [case(*sizes) for sizes in shapes]

    return Exercise("test.it", "A test", "it(U, V, x) -> (m,)", cases, lambda a: a["V"] @ a["U"] @ a["x"])


def _turned_where_square(U: Array, V: Array, x: Array) -> Array:
    return np.asarray((V.T if V.shape[0] == V.shape[1] else V) @ U @ x)


def test_of_two_matrices_that_are_square_together_neither_is_blamed_alone() -> None:
    report = check_here(_two_matrices([(2, 4, 3), (3, 5, 2), (4, 2, 5), (3, 3, 3)]), _turned_where_square)
    assert "`U` is square" not in report.hint.replace("`U` or `V` is square", "")
    assert "`V` is square" not in report.hint.replace("`U` or `V` is square", "")


def test_the_matrix_that_is_square_where_the_answer_is_wrong_is_named() -> None:
    def wrong(W1: Array, b1: Array, W2: Array, b2: Array, X: Array, G: Array) -> tuple[Array, ...]:
        H = np.tanh(X @ W1.T + b1)
        D = G @ (W2.T if W2.shape[0] == W2.shape[1] else W2) * (1 - H**2)
        return D.T @ X, D.sum(axis=0), G.T @ H, G.sum(axis=0), D @ W1

    report = check_here(find("chain.mlp_backward"), wrong)
    told = "Wherever `grad_W1` is wrong, it is what would be right if `W2` were transposed."
    assert report.hint.startswith(f"{told} That happens only where `W2` is square.")


def test_right_for_square_shapes_alone_is_told_of_the_shapes_and_not_of_rows() -> None:
    """Blocks of m numbers instead of n: the first block is right in every shape."""
    jacobian = find("chain.linear_jacobian")

    def wrong(W: Array, b: Array, x: Array) -> Array:
        m, n = W.shape
        J = np.zeros((m, m * n))
        for i in range(m):
            J[i, i * m : i * m + n] = x[: J[i, i * m : i * m + n].size]
        return J

    report = check_here(jacobian, wrong)
    assert report.hint == "The result is right except where m is more than 1 and m is not n."


def test_right_without_an_input_speaks_of_one_part_where_there_are_several() -> None:
    two = replace(
        exercise(lambda x, w: (np.exp(x) + np.cos(w), np.exp(x) * w**2)), signature="it(x, w)", returns=("one", "two")
    )
    report = check_here(two, lambda x, w: (np.exp(x) + np.cos(w) ** 2, np.exp(x) * w**2 + 1))
    assert "yours is right" not in report.hint


def test_what_is_read_from_weights_is_not_said_to_stay() -> None:
    """The target network is compared as if `q` had not moved: the weights themselves follow every input."""
    torch = pytest.importorskip("torch")

    def copied_first(q: Any, target_q: Any, optimizer: Any, batch: Any, gamma: float, copy_target: bool) -> None:
        with torch.no_grad():
            y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
        if copy_target:
            target_q.load_state_dict(q.state_dict())
        taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
        optimizer.zero_grad()
        (taken - y).square().mean().backward()
        optimizer.step()

    report = check_here(find("dqn.agent"), copied_first)
    assert not report.passed
    assert "stays as it is" not in report.hint


def test_a_largest_size_is_not_taken_for_the_other_sign() -> None:
    """The two agree wherever the lowest output of each row is the largest in size: not where all are above 0."""

    def wrong(reward: Array, q_next: Array, terminated: Array, truncated: Array, gamma: float) -> Array:
        return np.asarray(reward + gamma * (1 - terminated) * np.abs(q_next).max(axis=1))

    report = check_here(find("dqn.td_target"), wrong)
    assert report.hint == "The result is what would be right if `q_next` were replaced by the absolute value."


def test_rows_of_what_is_read_from_weights_are_calls_and_not_named_as_rows() -> None:
    torch = pytest.importorskip("torch")

    def sharing(q: Any, target_q: Any, optimizer: Any, batch: Any, gamma: float, copy_target: bool) -> None:
        with torch.no_grad():
            y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
        taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
        optimizer.zero_grad()
        (taken - y).square().mean().backward()
        optimizer.step()
        if copy_target:
            for old, new in zip(target_q.parameters(), q.parameters(), strict=True):
                old.data = new.data

    report = check_here(find("dqn.agent"), sharing)
    assert not report.passed
    assert "the row is" not in report.hint


def test_a_mere_change_of_scale_is_not_a_small_change() -> None:
    """A gradient that is scaled to a norm of 1, and rounded, follows every small change but one of its scale."""
    found = found_last(lambda x, w: w * x, lambda x, w: x * np.round(w / np.linalg.norm(w), 6), SHAPES)
    assert not any("changes a little" in s for s in found)


def test_a_bound_that_nothing_meets_says_nothing_of_signs() -> None:
    low = {"low": lambda B: np.full(3, -50.0)}
    found = found_last(lambda x, low: x + low, lambda x, low: np.maximum(x, low), SHAPES, "x, low", **low)
    assert not any("changes a little" in s for s in found)


def test_an_option_that_matters_at_0_is_not_called_ignored() -> None:
    right, wrong = lambda x, w, h: x + h * (w - x), lambda x, w, h: x if h == 0 else w
    assert any("`h` changes" in s for s in found_last(right, lambda x, w, h: w, STRONG, "x, w, h"))
    assert not any("`h` changes" in s for s in found_last(right, wrong, STRONG, "x, w, h"))


def test_rows_are_taken_only_where_some_input_has_them() -> None:
    """A batch that is nested deeper stays whole, so the case may not be called one of a single row."""
    nested = Case("nested", {"replay": {"x": np.ones((4, 6, 3))}, "net": np.ones(40)}, sizes={"B": 6, "A": 2})
    assert with_rows(nested, np.array([0]), "its first row") is None
    several = Case("several", {"batches": {"x": np.ones((4, 6, 3))}, "net": np.ones(40)}, sizes={"B": 6, "A": 2})
    assert with_rows(several, np.array([0, 0]), "its first row twice") is None
    first = with_rows(several, np.array([0]), "the first row of each batch")
    assert first is not None
    assert first.args["batches"]["x"].shape == (4, 1, 3)
    assert first.sizes["B"] == 1
    flat = Case("flat", {"x": np.ones((6, 3))}, sizes={"B": 6, "A": 2})
    alone = with_rows(flat, np.array([0]), "its first row")
    assert alone is not None
    assert alone.args["x"].shape == (1, 3)
    assert alone.sizes["B"] == 1


def test_an_id_of_0_is_no_missing_quantity() -> None:
    """The right choice happens to be 0 wherever the answer is wrong."""
    chosen = {"action": lambda B: np.arange(B) % 3}
    name, _ = hint(lambda action: action, lambda action: np.where(action == 0, 2, action), "action", **chosen)
    assert name != "leak"


def test_batches_whose_rows_lie_deeper_are_drawn_once_more() -> None:
    """`ddpg.agent` takes two batches in one input: no rows are reordered there, and no case is asked twice as it is."""
    first, others = fresh_cases(find("ddpg.agent").cases)
    cases = (*first, *others)
    of_a_kind = [case for case in cases if case.name == "ends, cuts, a row twice"]
    assert len(of_a_kind) == len(FRESH_SEEDS) + 1
    assert len({case.args["first"]["actor"].tobytes() for case in of_a_kind}) == len(of_a_kind)
    assert any("another order" in case.name for case in fresh_cases(find("dqn.td_target").cases)[0])


def test_of_what_is_wrong_in_few_entries_other_numbers_must_be_wrong_in_the_same_way() -> None:
    """All numbers beyond 2 are smaller than 3: cut at 2 they are what they are when cut to whole numbers."""
    draws = {"x": lambda B: np.linspace(0.3, 2.9, 3 * B).reshape(B, 3)}
    wrongs = (
        lambda x, w: np.minimum(x, 2.0) * w,
        lambda x, w: np.where(x > 2.0, np.trunc(x), x) * w,
    )
    cut_at_2, cut_to_whole = (hint(lambda x, w: x * w, wrong, "x, w", **draws)[1] for wrong in wrongs)
    assert "whole numbers" not in cut_at_2
    assert "is what would be right if `x` were cut to whole numbers" in cut_to_whole


def test_a_size_is_named_only_if_large_numbers_are_right_elsewhere() -> None:
    """Numbers are cut at 1.3; those of a single row are tiny, and meet no bound even 20 times as large."""

    def draw(B: int) -> Array:
        return np.linspace(0.01, 0.02, 3)[None] if B == 1 else np.linspace(1.0, 4.0, 3 * B).reshape(B, 3)

    def answer(x: Array, w: Array) -> Array:
        return np.sin(w) * (x**2).sum(axis=1, keepdims=True)

    def cut(x: Array, w: Array) -> Array:
        return answer(np.clip(x, -1.3, 1.3), w)

    def summed(x: Array, w: Array) -> Array:
        return answer(x, w) + np.cos(w) * (len(x) > 1)

    sentences = [hint(answer, wrong, "x, w", edge=True, x=draw)[1] for wrong in (cut, summed)]
    assert "where B is more than 1" not in sentences[0]
    assert sentences[1].startswith("The result is right for one sample at a time")


def test_numbers_in_other_places_are_so_where_an_id_occurs_twice() -> None:
    """Rows and columns of a square table have the same numbers while every state occurs once."""
    draws = {"x": lambda B: np.arange(1.0, 1 + B * B).reshape(B, B) ** 2, "action": np.arange}

    def columns(x: Array, action: Array) -> Array:
        return x[:, action].T

    def backward(x: Array, action: Array) -> Array:
        return x[action][:, ::-1] if len(x) == 5 else x[action][:, [1, 0, 2, 3]]

    names = [hint(lambda x, action: x[action], wrong, "x, action", **draws)[0] for wrong in (columns, backward)]
    assert names[0] != "displaced"
    assert names[1] == "displaced"


def test_a_broadcast_is_an_example_only_where_all_other_rows_move() -> None:
    """A row that ends goes on at its next state: that moves one entry, and no other row's."""

    def residual(W: Array, state: Array, action: Array, reward: Array, next_state: Array, done: Array, gamma: float):
        best = W[next_state].argmax(axis=1)
        error = (W[state, action] - reward - gamma * (1.0 - done) * W[next_state, best]) / len(state)
        grad = np.zeros_like(W)
        np.add.at(grad, (state, action), error)
        np.add.at(grad, (next_state, best), -gamma * error)
        return grad

    report = check_here(replace(find("dqn.residual_gradient"), otherwise=None), residual)
    assert report.mistake == "rows-mixed"
    assert "(B, 1) meets (B,)" not in report.hint


def test_an_action_before_the_one_that_was_taken_is_told() -> None:
    def before(q: Array, action: Array, y: Array) -> Array:
        rows, g = np.arange(len(q)), np.zeros_like(q)
        g[rows, action - 1] = (q[rows, action - 1] - y) / len(q)
        return g

    report = check_here(find("dqn.output_gradient"), before)
    assert report.hint == "The result is what would be right if `action` were smaller by 1, 0 becoming -1."


def test_of_sizes_that_are_equal_together_the_one_that_matters_is_named() -> None:
    """In the lesson's batches X is square where G is, and there are as many rows as actions where W is square."""

    def biases(W1: Array, b1: Array, W2: Array, b2: Array, X: Array, G: Array) -> tuple[Array, ...]:
        H = np.tanh(X @ W1.T + b1)
        D = (G @ W2) * (1 - H**2)
        return D.T @ X, D.sum(0), G.T @ H, G.sum(1 if len(G) == G.shape[1] else 0), D @ W1

    def columns(W: Array, s: Array) -> Array:
        return W[:, s].T if W.shape[0] == W.shape[1] else W[s]

    hints = [check_here(find(i), f).hint for i, f in (("chain.mlp_backward", biases), ("dqn.q_values", columns))]
    assert "`G` is square" in hints[0]
    assert "`X` is square" not in hints[0]
    assert "`W` is square" in hints[1]
    assert "A = B" not in hints[1]


def test_right_to_five_digits_is_said_only_if_other_wrong_numbers_are() -> None:
    """A start near the maximum is moved by too little to see; a start a little further off is not."""

    def stops(gradients: Any, a: Array, phi: Array, lr: float, steps: int) -> tuple[Array, Array]:
        for _ in range(steps):
            slope = gradients(a, phi)[0]
            if np.linalg.norm(slope) < 0.01:
                break
            a = a + lr * slope
        return a, phi

    assert "5 digits" not in check_here(find("chain.maximise"), stops).hint


def test_an_input_that_is_missed_only_where_it_is_not_0_is_not_called_left_out() -> None:
    """The answer is the same whatever the rewards are, but for rewards of 0, where it changes."""

    def wrong(x: Array, w: Array) -> Array:
        return np.where(w, np.sin(x), w + np.cos(x))

    _, sentence = hint(lambda x, w: w + np.cos(x), wrong, "x, w")
    assert "where does it come in" not in sentence
    _, sentence = hint(lambda x, w: w + np.cos(x), lambda x, w: np.sin(x), "x, w")
    assert "When `w` changes, the right result changes too, and yours does not" in sentence


def whole_row(Q: Array, state: int, action: int, *rest: Any) -> Array:
    reward, next_state, terminated, alpha, gamma = rest
    new = Q.copy()
    new[state] += alpha * (reward + gamma * (1 - terminated) * Q[next_state].max() - Q[state, action])
    return new


def slope_twice(z: Array, g: Array, low: Array, high: Array) -> Array:
    return g * ((high - low) / 2 * (1 - np.tanh(z) ** 2)) ** 2


def slope_divides(z: Array, g: Array, low: Array, high: Array) -> Array:
    return g / ((high - low) / 2 * (1 - np.tanh(z) ** 2))


def with_momentum(gradients: Any, a: Array, phi: Array, lr: float, steps: int) -> tuple[Array, Array]:
    v = np.zeros_like(a)
    for _ in range(steps):
        v = 0.9 * v + gradients(a, phi)[0]
        a = a + lr * v
    return a, phi


def lr_shared_out(params: Any, grads: Any, lr: float) -> list[Array]:
    return [p - lr / len(params) * g for p, g in zip(params, grads, strict=True)]


def double(W: Any, W_target: Any, state: Any, action: Any, reward: Any, next_state: Any, *rest: Any) -> Any:
    terminated, gamma = rest
    best = W[next_state].detach().argmax(dim=1, keepdim=True)
    y = reward + gamma * (1 - terminated) * W_target.detach()[next_state].gather(1, best).squeeze(1)
    return 0.5 * (W[state, action] - y).square().mean()


def log_loss(W: Any, W_target: Any, state: Any, action: Any, reward: Any, next_state: Any, *rest: Any) -> Any:
    terminated, gamma = rest
    y = reward + gamma * (1 - terminated) * W_target.detach()[next_state].amax(dim=1)
    return (0.5 * (W[state, action] - y).square().mean()).log()


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("dqn.tabular_step", whole_row, "right except where the row is `state` and the column is not `action`."),
        ("ddpg.squash_vjp", slope_twice, "The result is `g` times the square of what it should be multiplied with"),
        ("ddpg.squash_vjp", slope_divides, "The result is `g` divided by what it should be multiplied with."),
        ("chain.maximise", with_momentum, "`a` is right except where `steps` is more than 1."),
        ("chain.sgd_step", lr_shared_out, "is 1/len(params) of what it should be."),
        ("dqn.torch_loss", double, "replaced in every row by its entry where the row of `W` is largest."),
        ("dqn.torch_loss", log_loss, "`grad_W` has the right direction, but another length on each input"),
    ],
)
def test_causes_that_a_number_of_wrong_entries_stood_for(name: str, answer: Answer, says: str) -> None:
    assert says in check_here(find(name), answer).hint


def test_a_small_change_is_not_named_where_no_change_is_followed() -> None:
    """Only signs enter, or the input is left out: a larger change tells them apart."""
    signs = found_last(lambda x, w: x * w, lambda x, w: np.sign(x) * w, SHAPES)
    assert signs[0].startswith("When `x` changes a little")
    left_out = found_last(lambda x, w: x * w, lambda x, w: np.exp(w), SHAPES)
    assert not any("changes a little" in says for says in left_out)
    says = "When `x` changes, the right result changes too, and yours does not"
    assert any(sentence.startswith(says) for sentence in left_out)


@pytest.mark.parametrize("idle", [1, 2])
def test_an_answer_that_is_right_after_a_first_call_fails_and_is_told_so(idle: int) -> None:
    """As of an agent that learns only once it has been called before."""
    calls: list[int] = []

    def late(p: Array, l: Array) -> Array:
        calls.append(1)
        return p - l if len(calls) > idle else 0 * p

    report = check_here(find("chain.l2_gradient"), late)
    assert not report.passed
    assert "The first call was answered wrong, and the same inputs right when they came again" in report.hint


def test_an_update_that_moves_nothing_in_its_first_call_fails_and_is_told_so() -> None:
    calls: list[int] = []

    def late(q: Any, target_q: Any, optimizer: Any, batch: Any, gamma: float, copy_target: bool) -> None:
        calls.append(1)
        if len(calls) > 1:
            with torch.no_grad():
                y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
            optimizer.zero_grad()
            (q(batch.obs).gather(1, batch.action[:, None])[:, 0] - y).square().mean().backward()
            optimizer.step()
        if copy_target:
            target_q.load_state_dict(q.state_dict())

    report = check_here(find("dqn.agent"), late)
    assert not report.passed
    assert "right when they came again" in report.hint


def test_a_sum_of_two_answers_is_no_twice_their_mean() -> None:
    found = check_here(find("chain.linear_vjp"), lambda W, b, x, g: (np.outer(g, x), g.copy(), W.T @ (g + b)))
    assert found.hint.startswith("`grad_x` is the sum of what is right and what would be right if `g` were replaced")


def test_an_answer_of_the_largest_entry_alone_is_told() -> None:
    def largest(J: Array, g: Array) -> Array:
        k = np.argmax(np.abs(g))
        return J[k] * g[k]

    found = check_here(find("chain.jacobian_product"), largest)
    assert found.hint == "The result is what would be right if `g` were 0 except at its entry of the largest size."
    rows = {"w": lambda B: np.linspace(-1, 2, 3 * B).reshape(B, 3)}
    of_rows = lambda x, w: (w * (np.abs(w) == np.abs(w).max(1, keepdims=True))) @ np.ones((3, 3)) * np.exp(x)  # noqa: E731
    said = hint(lambda x, w: w @ np.ones((3, 3)) * np.exp(x), of_rows, **rows)[1]
    assert said.endswith("if `w` were 0 in every row except at its entry of the largest size.")


def test_a_sign_that_should_decide_is_named_where_only_the_size_follows() -> None:
    right = lambda x, w: np.where(w > 0, w, 3 * w) * np.exp(x)  # noqa: E731
    said = found_last(right, lambda x, w: w * np.exp(x) * np.cos(w), SHAPES)
    assert any(s.startswith("When `w` changes its sign, your result changes its sign and keeps its size") for s in said)
    even = found_last(right, lambda x, w: np.cos(w) * np.exp(x), SHAPES)
    assert any(s.startswith("When `w` changes its sign, your result stays as it is, and the right one") for s in even)
    assert not any("your result" in s for s in found_last(right, lambda x, w: right(x, w) + np.exp(w), SHAPES))


def test_fresh_answers_that_cost_much_leave_time_for_the_search() -> None:
    budget = Budget(cpu=0.02, clock=60.0)
    with budget.unspent():
        until = time.thread_time() + 0.03
        while time.thread_time() < until:
            pass
    assert budget.cpu == pytest.approx(0.04)
    assert budget.clock == 60.0
