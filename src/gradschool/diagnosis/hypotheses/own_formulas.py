"""Formulas of one exercise alone: wrong answers that its own file can work out, such as those of another activation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from gradschool.core.numerics import Array
from gradschool.diagnosis.evidence import Laboratory, Part, numbers_in
from gradschool.diagnosis.hypotheses.formulas import Formula


def own_formulas(laboratory: Laboratory, part: Part) -> Iterator[Formula]:
    """Yield what the exercise says a wrong answer may be, for parts of this label."""
    otherwise = laboratory.exercise.otherwise
    for words in otherwise(part.case.args) if otherwise else ():
        yield Formula("otherwise", words, ("otherwise", words), partial(_worked_out, words), partly=True)


def _worked_out(words: str, p: Part) -> Array | None:
    made = p.exercise.otherwise(p.case.args).get(words) if p.exercise.otherwise else None
    return None if made is None else numbers_in(made(), p.exercise.returns).get(p.label)
