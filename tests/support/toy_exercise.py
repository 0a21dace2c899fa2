"""A small exercise for the tests of the check engine, answers to it, and what they earn and are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gradschool.check.api import check_here
from gradschool.core.exercise import Case, Exercise
from gradschool.core.report import Report


def toy_cases(rng: np.random.Generator) -> list[Case]:
    """Two regular cases, (3,) and (5,), and one of a single entry."""
    return [Case(f"{n} entries", {"x": rng.normal(size=n), "k": 3}, edge=n == 1, sizes={"n": n}) for n in (3, 5, 1)]


TOY = Exercise("chain.toy", "A toy", "toy(x, k) -> (n,)", toy_cases, lambda a: a["k"] * a["x"])
PAIR = replace(TOY, oracle=lambda a: (a["k"] * a["x"], a["x"].sum()), returns=("scaled", "total"))
WORDS = Exercise(
    "chain.words",
    "Diagnoses",
    "words() -> dict",
    lambda rng: [Case("all", {})],
    lambda a: {"A": "sign", "B": "leak", "C": "mean", "D": "half"},
    per_item=True,
)


def earned(answer: Callable[..., Any], exercise: Exercise = TOY) -> float:
    """The fraction that this answer earns."""
    return check_here(exercise, answer).fraction


def told(answer: Callable[..., Any], exercise: Exercise = TOY) -> str:
    """The name of the finding, and its sentence."""
    report = check_here(exercise, answer)
    return f"{report.mistake}: {report.hint}"


def held(report: Report) -> set[str]:
    """The names of the properties that hold."""
    return {p.name for p in report.properties if p.met}


def right(x: np.ndarray, k: int) -> np.ndarray:
    return k * x


def touches(x: np.ndarray, k: int) -> np.ndarray:
    x *= k
    return x.copy()


def anew(answer: Callable[..., Any]) -> Callable[..., Any]:
    """The answer; one with a memory is made for this test alone, however often a process runs it."""
    return answer() if answer in (once_only, accumulates) else answer


def once_only() -> Callable[..., np.ndarray]:
    """Right whenever it sees inputs for the first time."""
    seen: list[bytes] = []

    def answer(x: np.ndarray, k: int) -> np.ndarray:
        seen.append(x.tobytes())
        return k * x * seen.count(x.tobytes())

    return answer


def accumulates() -> Callable[..., np.ndarray]:
    """Keeps a sum from call to call, as gradients that are never zeroed do."""
    total = [0.0]

    def answer(x: np.ndarray, k: int) -> np.ndarray:
        total[0] += x[0]
        return k * x + total[0] * np.arange(len(x))

    return answer
