"""Inputs on which a place should be right, changed so that it may not be: few sizes are tried, and they are not alone.

One batch of a size, or one value of an option, may differ from the others in much else. What is said of the size must
survive other numbers beside it: large ones, tiny ones, a row of zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case
from gradschool.diagnosis.evidence import Part
from gradschool.diagnosis.hypotheses.observations import largest, perturbed, scaled
from gradschool.diagnosis.hypotheses.places import Place
from gradschool.diagnosis.inputs import BOUNDS, WIDTHS, Value, is_flags, is_real

KEPT = (*BOUNDS, *WIDTHS)  # ranges: other numbers may leave nothing between them
OUTSIDE = 3  # inputs of different kinds on which a place does not hold
LARGER, SMALLER = 20.0, 0.005
FLAGS = {"terminated", "truncated", "done"}
Put = Callable[[Args, Any], Args]  # the inputs with another value in the place of one


def outside(parts: Sequence[Part], at: Place) -> list[Part]:
    """Return a few right answers of different cases in which a place's condition holds nowhere."""
    found: dict[str, Part] = {}
    for p in parts:
        mask = at.condition.of(p)
        if mask is not None and not p.is_wrong and not mask.any():
            found.setdefault(p.case.name, p)
    return list(found.values())[:OUTSIDE]


def sizes_where_wrong(parts: Sequence[Part]) -> dict[str, float]:
    """Return the largest size of each input among the wrong answers."""
    sizes: dict[str, float] = {}
    for p in parts:
        for name, value, _ in _numbers(p.case.args) if p.is_wrong else ():
            sizes[name] = max(sizes.get(name, 0.0), largest(np.asarray(value, float)))
    return sizes


def challenges(case: Case, sizes: Mapping[str, float]) -> Iterator[Case]:
    """Yield the case with other numbers: all of them large or tiny, and one input at a time changed.

    An input is made larger than the case has it and than ``sizes`` says: a target of 0.02 meets no bound, even 20 times
    as large.
    """
    if not set(case.rows) <= FLAGS:
        return  # rows that have a name because of their numbers
    for factor in (SMALLER, LARGER):
        args = case.args
        for _, value, put in _numbers(args):
            args = put(args, scaled(factor)(value)) if is_real(value) and not isinstance(value, float) else args
        yield replace(case, name=f"{case.name}, times {factor:g}", args=args)
    for change in (_perturbed, _larger, _first_row_zero):
        for name, value, put in _numbers(case.args):
            single = isinstance(value, float) or is_flags(value)  # settings and flags: changed once
            if change is _perturbed or not single:
                args = put(case.args, change(value, sizes.get(name, 0.0)))
                yield _with_rows(replace(case, name=f"{case.name}, another {name}", args=args))


def _numbers(args: Args) -> Iterator[tuple[str, Any, Put]]:
    """Yield the numbers and flags among the inputs, those that no lesson names too; networks and ranges stay."""
    for name, value in args.items():
        if isinstance(value, Mapping) and "flat" not in value:
            for key, x in value.items():
                if is_real(x) or is_flags(x):
                    yield key, x, _put_inside(name, key)
        elif name not in KEPT and isinstance(value, np.ndarray | float) and (is_real(value) or is_flags(value)):
            yield name, value, _put(name)


def _put(name: str) -> Put:
    return lambda args, new: {**args, name: new}


def _put_inside(name: str, key: str) -> Put:
    return lambda args, new: {**args, name: {**args[name], key: new}}


def _with_rows(case: Case) -> Case:
    """Return the case with the rows named by the flags that it holds now."""
    now = {name: value for name, value, _ in _numbers(case.args)}
    return replace(case, rows={k: np.asarray(now[k], bool) if k in now else m for k, m in case.rows.items()})


def _perturbed(value: Any, _: float) -> Value:
    return perturbed(value)


def _larger(value: Any, than: float) -> Value:
    own = largest(value)
    return scaled(LARGER * max(1.0, than / own if own else 1.0))(value)


def _first_row_zero(value: Any, _: float) -> Value:
    zeroed = np.array(value)
    zeroed[:1] = 0.0
    return zeroed
