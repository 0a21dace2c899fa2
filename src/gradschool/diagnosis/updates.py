"""After which update an agent's networks are wrong, where their weights stand side by side, one row for each update."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Part
from gradschool.diagnosis.wording import listed

FEWEST = 2  # wrong answers that must agree


class FirstWrong(NamedTuple):
    """After so many updates these networks are wrong, those right; after fewer all are right."""

    updates: int
    wrong: tuple[str, ...]
    right: tuple[str, ...]


def first_wrong_update(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Yield after how many updates an agent is wrong first, if that is so in every wrong answer.

    Named are the networks that are wrong in all of them: a target network that stands still is right by its tau.
    """
    found = [at for p in parts if p.is_wrong and (at := _first_wrong(p))]
    wrong, right = _in_all([at.wrong for at in found]), _in_all([at.right for at in found])
    if len(found) < max(FEWEST, sum(p.is_wrong for p in parts)) or len({at.updates for at in found}) > 1 or not wrong:
        return
    updates = found[0].updates
    beside = f", and {_named(right)} right" if right else ""
    before = " After fewer, all of its networks are right." if updates > 1 else ""
    after = "1 update" if updates == 1 else f"{updates} updates"
    said = f"After {after} of one agent, {_named(wrong)} wrong{beside}.{before}"
    claim = Claim("updates", parts[0].label, (updates, *wrong))
    yield Diagnosis("first-wrong-update", said, claim, f"compared on {len(parts)} inputs")


def _in_all(names: Sequence[tuple[str, ...]]) -> list[str]:
    return [name for name in names[0] if all(name in other for other in names)] if names else []


def _first_wrong(p: Part) -> FirstWrong | None:
    """Return it for one wrong answer; None where the part has no such rows."""
    counts = p.exercise.networks_in[p.label](p.case.args)
    if p.wrong.ndim != 2 or p.wrong.shape[1] != sum(counts.values()):
        return None
    row = int(np.argmax(p.wrong.any(axis=1)))
    ends = np.cumsum([0, *counts.values()])
    is_wrong = {name: bool(p.wrong[row, ends[k] : ends[k + 1]].any()) for k, name in enumerate(counts)}
    wrong, right = (tuple(n for n, x in is_wrong.items() if x is how) for how in (True, False))
    return FirstWrong(row + 1, wrong, right)


def _named(names: Sequence[str]) -> str:
    return f"{listed([f'`{n}`' for n in names])} {'is' if len(names) == 1 else 'are'}"
