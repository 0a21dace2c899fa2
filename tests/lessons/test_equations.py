"""Each displayed equation of the lessons, as numbers: against difference quotients, and against the graded reference.

The checks stand in tests/support/equations, each under the equation's own text. An equation that is new or changed in
a lesson has none and fails here.
"""

from __future__ import annotations

import importlib
import re

import numpy as np
import pytest

from grader.course import chapters
from tests.support.equations.registry import CHECKS, key

for chapter in chapters():
    importlib.import_module(f"tests.support.equations.{chapter.key}")


def displayed(text: str) -> list[str]:
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    assert not re.search(r"\\begin\{(equation|align)", prose), "write displayed equations between $$"
    return re.findall(r"\$\$(.+?)\$\$", prose, re.S)


LESSONS = {c.key: displayed(c.source.read_text(encoding="utf-8")) for c in chapters()}
ALL = [(part, latex) for part, found in LESSONS.items() for latex in found]


@pytest.mark.parametrize(("part", "latex"), ALL, ids=[f"{p}-{i}" for p, f in LESSONS.items() for i in range(len(f))])
def test_a_displayed_equation_holds(part: str, latex: str):
    assert key(latex) in CHECKS, f"tests/support/equations has no check for this equation of {part}: $${latex}$$"
    for seed in range(3):
        CHECKS[key(latex)](np.random.default_rng(seed))


def test_every_check_belongs_to_an_equation_of_a_lesson():
    assert len(ALL) > 25
    assert set(CHECKS) == {key(latex) for _, latex in ALL}
