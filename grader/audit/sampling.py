"""A sample of the mutants in which every exercise and every operator is present, and a log that a later run resumes."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from hashlib import blake2s
from pathlib import Path
from typing import Any

from grader.audit.mutation.mutants import Solution
from grader.errors import GraderError

SEED = 13  # of the sample: always the same mutants


def sample(mutants: Mapping[str, Sequence[Solution]], size: int) -> dict[str, list[int]]:
    """Return the numbers of the mutants to examine, exercise by exercise, the most varied first.

    Parameters
    ----------
    mutants
        All mutants of each exercise.
    size
        How many of them are taken altogether. Exercises share them evenly; what an exercise with few mutants cannot
        use goes to the others.

    Returns
    -------
    dict
        For each exercise the places of its mutants in ``mutants``. The first ones have one operator each, the rarest
        operator first, so that a sample of any size holds as many operators as it can.
    """
    orders = {exercise: _operators_in_turn(exercise, some) for exercise, some in mutants.items()}
    shares, left = dict.fromkeys(orders, 0), size
    while left > 0 and (open_ := [e for e in orders if shares[e] < len(orders[e])]):
        for exercise in open_[:left]:
            shares[exercise] += 1
        left -= len(open_)
    return {exercise: order[: shares[exercise]] for exercise, order in orders.items()}


def _operators_in_turn(exercise: str, mutants: Sequence[Solution]) -> list[int]:
    """Return the places of all mutants, shuffled, one of each operator in turn."""
    rng = random.Random(f"{SEED} {exercise}")
    places = list(range(len(mutants)))
    rng.shuffle(places)
    by_operator: dict[str, list[int]] = {}
    for place in places:
        by_operator.setdefault(_operator(mutants[place]), []).append(place)
    rows = sorted(by_operator.values(), key=len)
    return [row[turn] for turn in range(max(map(len, rows), default=0)) for row in rows if turn < len(row)]


def _operator(mutant: Solution) -> str:
    """Return the operator; the bank's known mistakes, each with a name of its own, count as one."""
    return "known mistake" if mutant.origin == "known mistake" else mutant.operator


class Log:
    """What was found of each mutant, a JSON line each, appended to a file; a run that was cut short is resumed.

    Attributes
    ----------
    path
        The file; None keeps nothing.
    options
        Lines that were written with other options are not used again.
    """

    def __init__(self, path: Path | None, options: str) -> None:
        self.path, self.options = path, options
        self.known = self._read() if path and path.exists() else {}

    def _read(self) -> dict[str, dict[str, Any]]:
        assert self.path
        lines = self.path.read_text().split("\n")
        known = {}
        for number, line in enumerate(lines[:-1], 1):  # what follows the last line break was cut while it was written
            try:
                entry = json.loads(line)
                if entry["options"] == self.options:
                    known[entry["key"]] = entry["found"]
            except (ValueError, TypeError, KeyError):
                said = f"Line {number} of {self.path} is no line of an audit's log: name another file."
                raise GraderError(said) from None
        if lines[-1]:
            self.path.write_text("\n".join([*lines[:-1], ""]))
        return known

    def found(self, mutant: Solution) -> dict[str, Any] | None:
        """Return what an earlier run found of a mutant, None if it was not examined."""
        return self.known.get(_key(mutant))

    def add(self, mutant: Solution, found: dict[str, Any]) -> None:
        """Append what was found of a mutant."""
        if self.path:
            with self.path.open("a") as file:
                file.write(json.dumps({"key": _key(mutant), "options": self.options, "found": found}) + "\n")


def _key(mutant: Solution) -> str:
    return blake2s(f"{mutant.title}\n{mutant.source}".encode(), digest_size=12).hexdigest()
