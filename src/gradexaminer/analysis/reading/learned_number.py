"""The one number that an optimizer holds outside of networks, such as the logarithm of SAC's temperature."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.memory import once

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Update

LARGEST_LOG = 20.0  # of a temperature: what is further from 0 is none


@once
def learned_number(seen: Observed) -> dict[int, float]:
    """Its value in each update that steps it, by the update's number; none where there are several such numbers."""
    inside = {id(p) for p in seen.found.parameters()}
    given: dict[int, dict[int, float]] = {}
    for u in seen.updates:
        for s in u.steps:
            for p, (value, _) in s.scalars.items():
                if p not in inside:
                    given.setdefault(p, {}).setdefault(u.number, value)
    return next(iter(given.values())) if len(given) == 1 else {}


def the_one_before(seen: Observed) -> dict[int, float]:
    """The value in the update before, by the update's number: a program may renew its temperature at the end of one."""
    now, numbers = learned_number(seen), [u.number for u in seen.updates]
    return {n: now[p] for p, n in pairwise(numbers) if p in now}


def temperatures_of(seen: Observed, update: Update) -> tuple[float, ...]:
    """What the temperature may have been: the number itself or its exponential, now or before; not a number, unknown.

    Nothing where no such number is learned.
    """
    if not learned_number(seen):
        return ()
    known = (values.get(update.number, np.nan) for values in (learned_number(seen), the_one_before(seen)))
    return tuple(f for v in known for f in (v, float(np.exp(np.clip(v, -LARGEST_LOG, LARGEST_LOG)))))
