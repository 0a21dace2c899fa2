"""A note for the instructor where an answer measures slopes, in whatever way, and none for one that derives them."""

from __future__ import annotations

import nbformat
import pytest

from grader.bank.ill_conditioned import HINT
from grader.bank.registry import entries
from grader.notebooks.measured_slopes import note_measured_slopes
from gradschool.core.exercise import CHAPTERS, grade_id

MEASURED = {
    "central": "def f(p, l):\n    return (loss(p + h) - loss(p - h)) / (2 * h)",
    "one-sided": "def f(p, l):\n    return (loss(p + h) - loss(p)) / h",
    "in a helper": "def f(p, l):\n    def t(i, h):\n        return (q(p[i] + h) - q(p[i])) / (h + h)\n    return t",
    "of named arrays": "def f(p, l):\n    return (loss(up) - loss(down)) / (2 * h)",
    "complex step": "def f(p, l):\n    return loss(p + 1e-30j).imag / 1e-30",
    "by NumPy's imag": "def f(p, l):\n    return np.imag(loss(p + 1e-30j)) / 1e-30",
    "their own numerical_gradient": "def f(p, l):\n    return numerical_gradient(loss, p, 1e-5)",
    "many digits": "import mpmath\n\ndef f(p, l):\n    return mpmath.diff(loss, p)",
    "long numbers": "def f(p, l):\n    return np.asarray(p, np.longdouble)",
    "fractions": "from fractions import Fraction\n\ndef f(p, l):\n    return Fraction(1)",
}


def notes(source: str, name: str = "chain-l2-gradient-solution") -> list[str]:
    metadata = {"nbgrader": {"grade_id": name, "solution": True, "grade": False, "locked": False, "schema_version": 3}}
    return note_measured_slopes([nbformat.v4.new_code_cell(source, metadata=metadata)])


@pytest.mark.parametrize("way", MEASURED)
def test_each_way_to_measure_is_noted_with_its_line(way: str) -> None:
    (said,) = notes(MEASURED[way])
    assert said.startswith("The cell chain-l2-gradient-solution may measure slopes (")
    assert said.endswith("): worth a look.")


def test_the_banks_own_measured_slopes_are_noted() -> None:
    measured = [m for part in CHAPTERS for e in entries(part).values() for m in e.mutants if m.hint == HINT]
    assert len(measured) > 10
    assert all(notes(mutant.source) for mutant in measured)


def test_the_line_and_what_shows_it_are_said() -> None:
    assert "(a difference quotient in line 2)" in notes(MEASURED["central"])[0]
    assert "(a complex step in line 2)" in notes(MEASURED["complex step"])[0]


def test_no_solution_that_derives_is_noted() -> None:
    seen = 0
    for entry in [e for part in CHAPTERS for e in entries(part).values()]:
        for solution in entry.alternatives:
            assert not notes(solution.source, grade_id(entry.exercise.id) + "-solution"), solution.name
            seen += 1
    assert seen > 90


def test_a_gradient_check_beside_the_answer_is_none() -> None:
    assert not notes("def f(p, l):\n    return p - l\n\nprint((loss(p + h) - loss(p - h)) / (2 * h))")
    assert not notes("def f(p, l):\n    return (np.maximum(p + l, 0) - np.maximum(p, 0)) / len(p)")


@pytest.mark.parametrize("odd", ["def f(:", "x = " + "(" * 5000, "\0", "", "x" * 60_000])
def test_what_is_no_program_is_not_noted(odd: str) -> None:
    assert notes(odd) == []
