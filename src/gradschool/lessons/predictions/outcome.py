"""A guess beside the measurement: how far apart they are, in one sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from gradschool.lessons.predictions.question import Value, said
from gradschool.lessons.predictions.record import Prediction

FACTOR = 2.0  # a number within this factor of the measurement is called close


@dataclass(frozen=True)
class Outcome:
    """How a guess compares with the measurement: a sentence, and for a summary how many of how many were met.

    ``kind`` is "number", "choice" or "ranking"; of a number and a choice ``possible`` is 1, of a ranking the pairs.
    """

    kind: str
    words: str
    met: int
    possible: int = 1


def compare(guess: Value, measured: Value, unit: str = "") -> Outcome | None:
    """Compare a guess with the measurement; None if they are of different kinds, as after a change of the lesson."""
    if isinstance(guess, float) and isinstance(measured, float):
        return _numbers(guess, measured, unit)
    if isinstance(guess, str) and isinstance(measured, str):
        right = guess == measured
        return Outcome("choice", "As you predicted." if right else "Not what you predicted.", int(right))
    if isinstance(guess, tuple) and isinstance(measured, tuple) and set(guess) == set(measured):
        return _rankings(guess, measured)
    return None


def _numbers(guess: float, measured: float, unit: str) -> Outcome:
    if not math.isfinite(measured):
        return Outcome("number", "The measurement is not a number that a guess can be compared with.", 0)
    if math.isclose(guess, measured, rel_tol=5e-3, abs_tol=1e-12):
        return Outcome("number", "Your guess and the measurement agree.", 1)
    if guess * measured <= 0:
        apart = said(abs(guess - measured), unit)
        sign = " and has the other sign" if guess * measured < 0 else ""
        return Outcome("number", f"Your guess is {apart} away{sign}.", 0)
    ratio = guess / measured
    return Outcome("number", f"Your guess is {ratio:.3g} times the measurement.", int(1 / FACTOR <= ratio <= FACTOR))


def _rankings(guess: tuple[str, ...], measured: tuple[str, ...]) -> Outcome:
    place = {name: k for k, name in enumerate(measured)}
    pairs = list(combinations(guess, 2))
    met = sum(place[first] < place[second] for first, second in pairs)
    if met == len(pairs):
        return Outcome("ranking", "The order is as you predicted.", met, met)
    return Outcome("ranking", f"{met} of {len(pairs)} pairs are in the order that you predicted.", met, len(pairs))


def summary(found: Iterable[Prediction]) -> str:
    """Say in one sentence how a chapter's predictions and measurements compare; "" without any."""
    outcomes = [
        o
        for p in found
        if p.guess is not None and p.measured is not None and (o := compare(p.guess, p.measured)) is not None
    ]
    counted = []
    for kind, words in (
        ("number", "{met} of {possible} numbers were within a factor of 2"),
        ("choice", "{met} of {possible} choices were as measured"),
        ("ranking", "{met} of {possible} ranked pairs were in the measured order"),
    ):
        of_kind = [o for o in outcomes if o.kind == kind]
        if of_kind:
            counted.append(words.format(met=sum(o.met for o in of_kind), possible=sum(o.possible for o in of_kind)))
    if not counted:
        return ""
    return f"Of your predictions, {', '.join(counted)}; where they differ is where the chapter taught you something."
