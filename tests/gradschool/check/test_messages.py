"""What a student reads, to the letter: each sentence of a report, and its example."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradschool.check.api import check_here
from gradschool.core.calling import Raised, raised_text
from gradschool.core.exercise import Case, Exercise
from gradschool.core.report import Report

B = 4
X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0], [7.0, 8.0, 10.0], [-9.0, 11.0, 12.0]])  # no two ratios alike
SQUARE = "where does the 2 of the square go, and is there a 1/2 in the loss?"


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
    sentence = "The result is twice what it should be. Is a factor 1/2 missing, or is something counted twice?"
    assert lines(report) == {
        "shape": "+ right on every input.",
        "value": "- The result has the right shape, but the numbers in it are wrong.",
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
    said = "index 9 is out of bounds for axis 0 with size 3 (line 1 of <lambda>, `x[9]`: x is (3,))"
    assert shown.error == f"IndexError: {said}"
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
    assert check_here(words, lambda x, k: {"A": "sign", "B": "half"}).fraction == 0.5
    assert check_here(words, lambda x, k: {"A": "sign", "B": "sign"}).fraction == 0.0  # one name for all: no answer
    assert check_here(words, lambda x, k: {"A": "half", "B": "sign"}).fraction == 0.0
    assert check_here(words, lambda x, k: {"A": "half", "B": "sign"}).hint == "2 of the 2 answers are not right yet."
    assert check_here(words, lambda x, k: {"A": "sign", "B": "sign"}).hint == "1 of the 2 answers is not right yet."


def test_two_numbers_are_not_one() -> None:
    """Only an answer that says one and the same number everywhere ignores its inputs."""
    flags = replace(TOY, oracle=lambda a: np.array([a["x"].sum()]))
    assert check_here(flags, lambda x, k: np.array([float(len(x) > 3)])).fraction == 0.1
    assert check_here(flags, lambda x, k: np.array([1.0])).fraction == 0.0


def test_sizes_and_rows_of_a_case_reach_the_diagnosis() -> None:
    def cases(rng: np.random.Generator) -> list[Case]:
        mask = np.array([True, False, False, False])
        return [Case("all", {"x": X, "k": 1}, sizes={"B": B}, rows={"terminated": mask})]

    batch = replace(TOY, cases=cases, oracle=lambda a: a["x"])
    assert check_here(batch, lambda x, k: x / len(x)).mistake == "over-B"
    assert (
        check_here(batch, lambda x, k: np.vstack([x[:1] ** 2 + 0.5, x[1:]])).mistake == "wrong-where-first-row"
    )  # in other rows too, if they come first
