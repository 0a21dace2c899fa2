"""Single numbers that optimizers hold outside of networks, such as SAC's temperature, moved between updates.

A temperature that is learned moves by a thousandth in an update: too little to tell whether a loss uses it.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING
from weakref import ref

import torch

from gradexaminer.recording.wrapping import program_frame

if TYPE_CHECKING:
    from collections.abc import Iterable

AMOUNTS = (0.4, 1.1, 0.6, 1.2, 0.5, 0.9)  # far from 0, and up and down in turns: two updates' numbers are never one
FEWEST_ROWS = 32  # of the last batch


class SingleNumbers:
    """Moves them away from where they began, each time by another amount."""

    def __init__(self) -> None:
        self._met: dict[int, ref[torch.Tensor]] = {}
        self._logarithms: set[int] = set()
        self._first: dict[int, float] = {}
        self._moves = count()

    def meet(self, parameters: list[torch.Tensor]) -> None:
        """Note those that an optimizer steps, and whether their name says `log`; none is kept alive."""
        for p in parameters:
            if p.numel() == 1 and p.is_floating_point() and id(p) not in self._met:
                self._met[id(p)] = ref(p)
                if any("log" in name.lower() for name in _names(p)):
                    self._logarithms.add(id(p))

    def move(self, inside: Iterable[torch.Tensor], rows: int) -> None:
        """Move each that is not inside a network: one above 0 stays there, unless it is a logarithm; others go down."""
        if rows < FEWEST_ROWS:
            return  # several updates' rows are explained together, with one temperature
        moves = next(self._moves)
        if moves == 0:
            return  # the first update has the program's own number, which is what is told
        amount = AMOUNTS[moves % len(AMOUNTS)]
        networks = {id(p) for p in inside}
        with torch.no_grad():
            for key, met in self._met.items():
                p = met()
                if p is not None and key not in networks:
                    first = self._first.setdefault(key, float(p))
                    down = first <= 0 or key in self._logarithms
                    p.fill_(min(first, 0.0) - amount if down else first * (1 + amount))


def _names(p: torch.Tensor) -> list[str]:
    """What the function that has an optimizer take its step calls a number, and its object."""
    frame = program_frame()
    scopes = (frame.f_locals, frame.f_globals, getattr(frame.f_locals.get("self"), "__dict__", {})) if frame else ()
    return [str(name) for scope in scopes for name, x in list(scope.items()) if x is p]
