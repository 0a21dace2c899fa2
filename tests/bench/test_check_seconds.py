"""The table of what `check` costs: of every exercise one line, with the slowest of its mistakes."""

from __future__ import annotations

from bench.check_seconds import REFERENCE, Check, answers, checks_of, slowest, table
from grader.bank.registry import find_entry


def test_the_right_answer_and_every_known_mistake_are_checked_anew() -> None:
    entry = find_entry("chain.jacobian_product")
    found = checks_of(entry)
    assert [c.answer for c in found] == [name for name, _ in answers(entry)]
    assert [c.answer for c in found if not c.told] == [REFERENCE]
    assert all(c.cpu > 0 for c in found)


def test_a_line_says_the_median_and_the_worst() -> None:
    costs = [(REFERENCE, 0.01, ""), ("a", 0.1, "zero"), ("b", 0.5, "values"), ("c", 0.2, "zero")]
    checks = [Check("dqn.agent", *cost) for cost in costs]
    assert table(checks).splitlines()[-1] == "| dqn.agent | 0.010 | 3 | 0.200 | 0.500 | b |"
    assert slowest(checks, 1) == " 0.500 s  dqn.agent: b (told values)"
