"""What a student reads, to the letter: each sentence of the doctor and of the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradschool.check.api import check_here
from gradschool.check.assess import assess
from gradschool.core.calling import Raised, Reply, raised_text
from gradschool.core.compare import Attempt, Comparison, example_of, same
from gradschool.core.exercise import Case, Exercise
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import Unsupported, to_plain
from gradschool.core.report import Diagnosis, Report
from gradschool.diagnosis.patterns import values

B = 4
X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0], [7.0, 8.0, 10.0], [-9.0, 11.0, 12.0]])  # no two ratios alike


def pair(got: Any, expected: Any = X, label: str = "", **rows: np.ndarray) -> Comparison:
    return Comparison(got, expected, label, {"B": B, "A": 3}, rows)


def two(change: Callable[[np.ndarray], np.ndarray], expected: np.ndarray = X, **rows: np.ndarray) -> list[Comparison]:
    """The same mistake on two inputs, the second of which has a name of its own that must not be shown."""
    return [
        pair(change(expected.copy()), expected, "first", **rows),
        pair(change(3 * expected), 3 * expected, "second", **rows),
    ]


ASKED = "where an array of shape (4, 3) is asked for"
FORMS = {
    "none": (
        pair(None),
        "The result is None, where an array of shape (4, 3) is asked for: is there a `return` on every path?",
    ),
    "none of a part": (
        pair(None, label="w"),
        f"`w` is None, {ASKED}: did a gradient arrive there at all?",
    ),
    "list": (
        pair((1, 2)),
        "The result is a list or tuple, where an array of shape (4, 3) is asked for: return a NumPy array.",
    ),
    "kind": (pair(Unsupported("a range")), "The result is a range, where an array of shape (4, 3) is asked for."),
    "broadcast": (
        pair(np.ones((4, 4)), np.ones((4, 1))),
        "The result has shape (4, 4), where (4, 1) is asked for: a (4, 4) block appears when a (4, 1) array meets a "
        "(4,) array and NumPy pairs every row with every row. Print both shapes before you subtract.",
    ),
    "transposed": (pair(X.T), "The result has shape (3, 4), where (4, 3) is asked for: it is the transpose."),
    "not-summed": (
        pair(np.ones((4, 3)), np.ones(3)),
        "The result has shape (4, 3), where (3,) is asked for: there is still one entry per sample. The batch has not "
        "been added up or averaged.",
    ),
    "collapsed": (
        pair(np.array(1.0)),
        "The result has shape (), where (4, 3) is asked for: everything has been added up or averaged into one number.",
    ),
    "reshaped": (
        pair(X.ravel()),
        "The result has shape (12,), where (4, 3) is asked for: the right number of entries in another arrangement.",
    ),
    "shape": (pair(np.ones(5)), "The result has shape (5,), where (4, 3) is asked for."),
    "float32": (
        pair(X.astype(np.float32)),
        "The result is float32, where float64 is asked for: half of the digits are lost, and a gradient check needs "
        "them.",
    ),
    "dtype": (pair(X.astype(int)), "The result is of dtype int64, where float64 is asked for."),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_words_for_a_wrong_form(name: str) -> None:
    sick, sentence = FORMS[name]
    assert sick.form == Diagnosis(name.split()[0], sentence)


def test_blocks_and_samples_are_seen_from_a_batch_of_two_on() -> None:
    for size, names in ((2, ("broadcast", "not-summed")), (1, ("shape", "reshaped"))):
        sizes = {"B": size}
        block = Comparison(np.ones((size, size, 2)), np.ones((size, 1)), "", sizes).form
        rows = Comparison(np.ones((size, 3)), np.ones(3), "", sizes).form
        assert (block.name, rows.name) == names
    without = Comparison(np.ones((1, 3)), np.ones(3)).form
    assert without.name == "reshaped"


def test_whole_numbers_of_any_width_are_alike_and_a_lone_number_of_any_kind() -> None:
    for got, want in ((np.uint8, np.int64), (np.int64, np.uint8), (np.int32, np.int64)):
        assert pair(np.ones(3, got), np.ones(3, want)).form is None
    for got, want in ((1, 1.0), (1.0, 1)):
        assert pair(np.array(got), np.array(want)).form is None
    assert pair(np.array(np.uint64(1)), np.array(1.0)).form is None
    assert pair(np.array(np.float32(1)), np.array(1.0)).form.name == "float32"
    assert pair(np.array(True), np.array(1.0)).form.name == "dtype"


TURNED = "a sign is turned round"
SQUARE = "where does the 2 of the square go, and is there a 1/2 in the loss?"
SUM, MEAN = "is a sum where a mean is asked for?", "what has been averaged that should not be?"
WHAT = "`first` is "
SQUARE_X = np.array([[1.0, 2.0, 3.0], [5.0, 7.0, 11.0], [13.0, 17.0, 19.0]])
BLOCKED = np.where(X > 4, 0.0, X)
VALUES = {
    "sign": (two(lambda x: -x), f"{WHAT}the negative of what it should be: {TURNED}."),
    "twice": (two(lambda x: 2 * x), f"{WHAT}twice what it should be: {SQUARE}"),
    "half": (two(lambda x: x / 2), f"{WHAT}half of what it should be: {SQUARE}"),
    "minus-twice": (two(lambda x: -2 * x), f"{WHAT}-2 times what it should be: {TURNED}, and {SQUARE}"),
    "minus-half": (two(lambda x: -x / 2), f"{WHAT}-1/2 of what it should be: {TURNED}, and {SQUARE}"),
    "times-B": (two(lambda x: 4 * x), f"{WHAT}B (the batch size) times too large: {SUM}"),
    "over-B": (two(lambda x: x / 4), f"{WHAT}B (the batch size) times too small: {MEAN}"),
    "minus-times-B": (two(lambda x: -4 * x), f"{WHAT}B (the batch size) times too large, and {TURNED}."),
    "minus-over-B": (two(lambda x: -x / 4), f"{WHAT}B (the batch size) times too small, and {TURNED}."),
    "times-A": (two(lambda x: 3 * x), f"{WHAT}A (the number of actions) times too large: {SUM}"),
    "over-A": (two(lambda x: x / 3), f"{WHAT}A (the number of actions) times too small: {MEAN}"),
    "ratio": (two(lambda x: 0.7 * x), f"{WHAT}0.7 times what it should be, everywhere: a constant factor."),
    "scaled": (
        [pair(5 * X, X, "first"), pair(7 * X, X, "second")],
        "`first` points the right way, but its length is off, by a factor that differs by input.",
    ),
    "zero": (two(lambda x: 0 * x), f"{WHAT}zero everywhere, and should not be: nothing arrives there."),
    "precision": (
        two(lambda x: x * (1 + 3e-7)),
        f"{WHAT}right to about 5 digits, and no further: is something computed in float32, or by a difference "
        "quotient?",
    ),
    "leak": (
        two(lambda x: np.where(x == 0, 5.0, x), BLOCKED),
        f"{WHAT}not 0 where it should be: something flows where nothing may. Everywhere else it is right.",
    ),
    "not-zero": (
        [pair(X, 0 * X, "first"), pair(X, 0 * X, "second")],
        f"{WHAT[:-4]} should be zero everywhere, and is not.",
    ),
    "transposed": (two(lambda x: x.T, SQUARE_X), f"{WHAT}the transpose of what it should be."),
    "offset": (two(lambda x: x + 0.3), f"{WHAT}off by the same amount in every entry."),
    "nan": (
        two(lambda x: np.where(x == x.flat[0], np.nan, x)),
        "`first` has NaN or infinite entries: look for 0/0, the log of 0, or an overflow in exp.",
    ),
    "some": (
        two(lambda x: np.where(x == x.flat[0], 99.0, x)),
        f"{WHAT}right in 22 of 24 entries; the marked ones differ.",
    ),
    "values": (two(lambda x: x**2 + 0.5), "`first` has the right shape, but the numbers in it are wrong."),
    "rows-terminated": (
        two(lambda x: np.vstack([x[0] ** 2 + 0.5, x[1:]]), terminated=np.array([True, False, False, False])),
        f"{WHAT}right except in the rows that are terminated.",
    ),
    "answer": ([pair("leak", "sign", "first")], f"{WHAT}not the right answer yet."),
}


@pytest.mark.parametrize("name", VALUES)
def test_the_words_for_wrong_numbers(name: str) -> None:
    sick, sentence = VALUES[name]
    assert values(sick) == Diagnosis(name, sentence)


def test_flags_that_are_all_wrong_and_some_wrong() -> None:
    want = np.array([True, False, True])
    assert values([pair(~want, want)]) == Diagnosis("answer", "The result is wrong in every entry.")
    assert values([pair(np.array([True, True, True]), want)]).name == "some"
    assert values([pair(np.array([3, 5, 1]), np.array([3, 4, 2]))]).name == "some"


def test_what_is_no_array_is_wrong_when_it_differs() -> None:
    assert pair(Unsupported("a range"), Unsupported("a set")).is_wrong
    assert not pair(Unsupported("a range"), Unsupported("a range")).is_wrong
    assert pair(np.ones(2), np.zeros(2)).is_wrong
    assert not pair(" Sign  turned", "sign turned").is_wrong
    assert pair("signturned", "sign turned").is_wrong


def test_none_and_another_kind_where_no_array_is_asked_for() -> None:
    assert pair("leak", "sign").form is None
    assert pair(None, "sign").form.name == "none"
    assert pair(np.array(1.0), "sign").form.name == "kind"
    assert pair("sign", Unsupported("a range")).form.name == "kind"


def test_a_factor_has_to_be_the_same_to_six_digits() -> None:
    """Nearly twice, or twice on one input and not on the other, is not twice."""
    for second in (2.1, 2.0001, 2.00001):
        pairs = [pair(2 * X), pair(second * X)]
        assert values(pairs).name == "scaled"
    assert values([pair(2.1 * X)]).name == "ratio"
    assert values([pair(-5 * X), pair(-7 * X)]).name == "values"
    assert values([pair(0.5 * X), pair(0.9 * X)]).name == "scaled"


def test_lone_numbers_on_two_inputs_show_a_nameless_factor() -> None:
    lone = [pair(np.array(0.7 * v), np.array(v)) for v in (2.0, 5.0)]
    assert values(lone).name == "ratio"
    assert values(lone[:1]).name == "values"
    assert values([pair(np.array([1.4, 2.1]), np.array([2.0, 3.0]))]).name == "ratio"


def test_sizes_that_have_no_long_name_are_called_by_their_letter() -> None:
    sick = [Comparison(7 * X, X, "", {"n": 7})]
    assert values(sick) == Diagnosis("times-n", f"The result is n times too large: {SUM}")


def test_rows_are_named_only_where_every_pair_has_them() -> None:
    change = two(lambda x: np.vstack([x[0] ** 2 + 0.5, x[1:]]), terminated=np.array([True, False, False, False]))
    nameless = replace(change[1], rows={})
    assert values([change[0], nameless]).name == "some"
    elsewhere = two(lambda x: np.vstack([x[:3], x[3:] ** 2 + 0.5]), terminated=np.array([True, False, False, False]))
    assert values(elsewhere).name == "some"


# -- the report -----------------------------------------------------------------------------------------------------


def toy_cases(rng: np.random.Generator) -> list[Case]:
    """Two regular cases and one at the edge; the regular ones do not come in the order of their size."""
    return [
        Case("five", {"x": np.array([1.0, 2, 4, 8, 16]), "k": 3}, sizes={"n": 5}),
        Case("three", {"x": np.array([1.0, 5, 7]), "k": 3}, sizes={"n": 3}),
        Case("one", {"x": np.array([2.0]), "k": 3}, edge=True, sizes={"n": 1}),
    ]


TOY = Exercise("chain.toy", "A toy", "toy(x, k) -> (n,)", toy_cases, lambda a: a["k"] * a["x"])
PAIR = replace(TOY, oracle=lambda a: (a["k"] * a["x"], a["x"].sum()), returns=("scaled", "total"))
NAMED = replace(TOY, oracle=lambda a: {"up": a["x"], "down": -a["x"]})


def lines(report: Report) -> dict[str, str]:
    return {p.name: ("+ " if p.met else "? " if p.not_evaluated else "- ") + p.sentence for p in report.properties}


def test_a_report_on_right_work() -> None:
    report = check_here(TOY, lambda x, k: k * x)
    assert lines(report) == {
        "shape": "+ right on every input.",
        "value": "+ right on every input.",
        "edge": "+ right there too.",
        "purity": "+ it does, and the second call gives the same.",
    }
    assert (report.exercise, report.title) == ("chain.toy", "A toy")
    assert (report.mistake, report.hint, report.example, report.printed) == ("", "", None, "")
    assert all(type(p.met) is bool for p in report.properties)
    assert report.seconds > 0


def test_a_report_on_wrong_numbers() -> None:
    def twice(x: np.ndarray, k: int) -> np.ndarray:
        print("here")
        return 2 * k * x

    report = check_here(TOY, twice)
    sentence = f"The result is twice what it should be: {SQUARE}"
    assert lines(report) == {
        "shape": "+ right on every input.",
        "value": f"- {sentence}",
        "edge": "? looked at once the values are right.",
        "purity": "? looked at once the values are right.",
    }
    assert all(type(p.met) is bool for p in report.properties)
    assert (report.mistake, report.hint) == ("twice", sentence)
    assert "here" in report.printed


def test_a_report_on_a_wrong_shape() -> None:
    report = check_here(TOY, lambda x, k: (k * x)[:, None])
    sentence = (
        "The result has shape (3, 1), where (3,) is asked for: the right number of entries in another arrangement."
    )
    assert lines(report) == {
        "shape": f"- {sentence}",
        "value": "? looked at once shape and dtype are right.",
        "edge": "? looked at once the values are right.",
        "purity": "? looked at once the values are right.",
    }


def test_the_example_is_the_smallest_regular_case_whole() -> None:
    shown = check_here(TOY, lambda x, k: 2 * k * x).example
    x = np.array([1.0, 5, 7])
    assert (shown.case, shown.label, shown.error) == ("three", "", "")
    assert shown.inputs["x"].tolist() == x.tolist()
    assert shown.inputs["k"] == 3
    assert shown.expected.tolist() == (3 * x).tolist()
    assert shown.got.tolist() == (6 * x).tolist()
    assert shown.wrong.tolist() == [True] * 3


def test_the_example_of_a_function_that_raises() -> None:
    shown = check_here(TOY, lambda x, k: x[9]).example
    assert (shown.case, shown.label) == ("three", "")
    assert shown.error == "IndexError: index 9 is out of bounds for axis 0 with size 3 (line 1 of <lambda>)"
    assert shown.inputs["x"].tolist() == [1, 5, 7]
    assert (shown.expected, shown.got, shown.wrong) == (None, None, None)


def test_the_example_of_an_answer_in_other_parts() -> None:
    shown = check_here(PAIR, lambda x, k: k * x).example
    assert (shown.case, shown.label, shown.error, shown.wrong) == ("three", "", "", None)
    assert shown.expected[0].tolist() == [3, 15, 21]
    assert shown.got.tolist() == [3, 15, 21]
    assert shown.inputs["k"] == 3


def test_the_example_names_the_part() -> None:
    shown = check_here(PAIR, lambda x, k: (k * x, 1.0 + x.sum())).example
    assert (shown.case, shown.label) == ("three", "total")
    assert (float(shown.expected), float(shown.got)) == (13.0, 14.0)
    assert bool(shown.wrong)


def test_words_for_an_answer_in_other_parts() -> None:
    told = {
        "The answer is an array of shape (3,), where a list or tuple of 2 (scaled, total) is asked for.": (
            PAIR,
            lambda x, k: k * x,
        ),
        "The answer is an array of shape (3,), where a dictionary (up, down) is asked for.": (NAMED, lambda x, k: x),
        "The parts of the answer are not the ones that are asked for: `up`, `down` missing; `a`, `b` not asked for.": (
            NAMED,
            lambda x, k: {"a": x, "b": x},
        ),
    }
    for sentence, (exercise, answer) in told.items():
        report = check_here(exercise, answer)
        assert (report.mistake, report.hint) == ("parts", sentence)


def test_words_for_what_raises() -> None:
    def stub(x: np.ndarray, k: int) -> np.ndarray:
        raise NotImplementedError

    def at_the_edge(x: np.ndarray, k: int) -> np.ndarray:
        if len(x) == 1:
            raise NotImplementedError
        return k * x

    def silent(x: np.ndarray, k: int) -> np.ndarray:
        raise ValueError

    def dotted(x: np.ndarray, k: int) -> np.ndarray:
        raise ValueError("...too short...")

    told = {
        "Not written yet: the function still raises NotImplementedError.": stub,
        'The function raised NotImplementedError: line 3 of at_the_edge, on the case "one".': at_the_edge,
        "The function raised ValueError: line 2 of silent.": silent,
        "The function raised ValueError: ...too short... (line 2 of dotted).": dotted,
    }
    for sentence, answer in told.items():
        report = check_here(TOY, answer)
        assert report.hint == sentence
        assert report.mistake == ("untouched" if sentence.startswith("Not written") else "raised")
    assert raised_text(Raised("ValueError", "")) == "ValueError"
    assert raised_text(Raised("ValueError", "...too short.")) == "ValueError: ...too short"


def test_words_for_what_is_not_pure() -> None:
    def random(x: np.ndarray, k: int) -> np.ndarray:
        return k * x if next(turn) % 2 == 0 else k * x + 1

    turn = iter(range(100))
    assert check_here(TOY, random).hint == (
        "The second call with the same inputs gives something else: is something kept from call to call, or drawn at "
        "random?"
    )

    def in_place(x: np.ndarray, k: int) -> np.ndarray:
        x *= k
        return x.copy()

    report = check_here(TOY, in_place)
    assert report.mistake == "inputs-modified"
    assert report.hint == ("The function changes its inputs in place (as `x += 1` and `x[0] = 1` do): work on a copy.")


def test_purity_is_looked_at_beyond_a_case_that_raises() -> None:
    """At the edge it raises; elsewhere it changes its inputs."""

    def answer(x: np.ndarray, k: int) -> np.ndarray:
        if len(x) == 5:
            x += 0.0
        if len(x) == 1:
            raise ValueError
        if len(x) == 3:
            x *= 2
            return k * x / 2
        return k * x

    cases = lambda rng: toy_cases(rng)[::-1]  # noqa: E731
    report = check_here(replace(TOY, cases=cases), answer)
    assert not next(p for p in report.properties if p.name == "purity").met
    assert next(p for p in report.properties if p.name == "purity").sentence.startswith("The function changes")


def test_marks_by_the_entry_are_shared_to_six_digits() -> None:
    marks = replace(TOY, per_item=True, oracle=lambda a: np.arange(3.0), cases=lambda rng: toy_cases(rng)[:1])
    assert check_here(marks, lambda x, k: np.array([0.0, 1, 9])).fraction == 0.666667
    assert check_here(marks, lambda x, k: np.array([7.0, 8, 9])).fraction == 0.0
    words = replace(marks, oracle=lambda a: {"A": "sign", "B": "leak"})
    assert check_here(words, lambda x, k: {"A": "sign", "B": "sign"}).fraction == 0.5
    assert check_here(words, lambda x, k: {"A": "half", "B": "sign"}).fraction == 0.0
    assert check_here(words, lambda x, k: {"A": "half", "B": "sign"}).hint == "These are not right yet: `A`, `B`."
    assert check_here(words, lambda x, k: {"A": "sign", "B": "sign"}).hint == "`B` is not the right answer yet."


def test_two_numbers_are_not_one() -> None:
    """Only an answer that says one and the same number everywhere ignores its inputs."""
    flags = replace(TOY, oracle=lambda a: np.array([a["x"].sum()]))
    assert check_here(flags, lambda x, k: np.array([float(len(x) > 3)])).fraction == 0.1
    assert check_here(flags, lambda x, k: np.array([1.0])).fraction == 0.0


def test_two_replies_are_the_same_only_in_every_part() -> None:
    table = TOLERANCES["exact"]
    one, other = Raised("ValueError", "a"), Raised("KeyError", "a")
    assert same(one, Raised("ValueError", "b"), table)
    for left, right in ((one, other), (one, np.ones(1)), (np.ones(1), one)):
        assert not same(left, right, table)
    assert not same((np.ones(1), np.ones(1)), (np.ones(1),), table)
    assert not same((np.ones(1), np.ones(1)), (np.ones(1), np.zeros(1)), table)
    assert not same({"a": np.ones(1)}, {"b": np.ones(1)}, table)


def test_sizes_and_rows_of_a_case_reach_the_doctor() -> None:
    def cases(rng: np.random.Generator) -> list[Case]:
        mask = np.array([True, False, False, False])
        return [Case("all", {"x": X, "k": 1}, sizes={"B": B}, rows={"terminated": mask})]

    batch = replace(TOY, cases=cases, oracle=lambda a: a["x"])
    assert check_here(batch, lambda x, k: x / len(x)).mistake == "over-B"
    assert check_here(batch, lambda x, k: np.vstack([x[:1] ** 2 + 0.5, x[1:]])).mistake == "rows-terminated"


def test_no_reply_is_the_example_of_right_work() -> None:
    tried = [
        Attempt(c, TOY.oracle(c.args), Reply(TOY.oracle(c.args), TOY.oracle(c.args), to_plain(dict(c.args))))
        for c in toy_cases(np.random.default_rng(0))
    ]
    assert example_of(tried) is None
    assert assess(TOY, tried).passed
