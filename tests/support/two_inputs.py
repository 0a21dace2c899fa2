"""An exercise of one or two inputs, made for one wrong answer, and the hint that this answer gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.check.api import check_here
from gradschool.core.exercise import Case, Exercise

Answer = Callable[..., Any]


def exercise(right: Answer, names: str = "x, w", edge: bool = False, **others: Callable[[int], Any]) -> Exercise:
    """An exercise whose right answer is ``right(x, w)``, on x and w (B, 3) for B = 4 and 5, w a row where asked."""

    def cases(rng: np.random.Generator) -> list[Case]:
        def case(B: int, edge: bool = False) -> Case:
            known = {"x": lambda B: rng.uniform(0.5, 2, (B, 3)) * rng.choice([-1, 1], (B, 3))}
            known |= {
                "w": lambda B: rng.normal(size=(B, 3)),
                "row": lambda B: rng.uniform(2, 3, 3),
                "h": lambda B: 0.1 * B,
            }
            known |= {"action": lambda B: np.arange(B) % 3, "flag": lambda B: np.arange(B) % 2 == 0, **others}
            return Case(f"a batch of {B}", {n: known[n](B) for n in names.split(", ")}, edge, {"B": B})

        return [case(4), case(5), *([case(1, edge=True)] if edge else [])]

    return Exercise("test.it", "A test", f"it({names}) -> (B, 3)", cases, lambda a: right(*a.values()))


def hint(right: Answer, wrong: Answer, names: str = "x, w", **more: Any) -> tuple[str, str]:
    """The name and the sentence that a wrong answer gets."""
    report = check_here(exercise(right, names, **more), wrong)
    assert not report.passed
    return report.mistake, report.hint
