"""Where the checks of equations are registered, each under the equation's own text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grader.bank.registry import find_entry

CHECKS: dict[str, Callable[[np.random.Generator], None]] = {}
SAME = {"rtol": 1e-10, "atol": 1e-12}  # two closed forms
NEAR = {"rtol": 1e-7, "atol": 1e-8}  # a closed form and a difference quotient


def equation(latex: str) -> Callable[[Any], Any]:
    """Register a function as the check of the equation with this text."""

    def register(function: Callable[[np.random.Generator], None]) -> Callable[[np.random.Generator], None]:
        assert key(latex) not in CHECKS, "one check for each equation"
        CHECKS[key(latex)] = function
        return function

    return register


def key(latex: str) -> str:
    return "".join(latex.split())


def reference(exercise_id: str) -> Callable[..., Any]:
    """What the judge compares students with."""
    return find_entry(exercise_id).reference


def l2(p: Any, l: Any) -> float:
    return 0.5 * float(np.sum((p - l) ** 2))
