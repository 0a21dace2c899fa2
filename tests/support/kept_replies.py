"""What the bank's solutions have replied, kept from one examination of theirs to the next.

The hidden questions, and the further inputs that an explanation asks for, are the same objects in every examination of
an exercise; only the fresh inputs follow the seed. A solution that keeps nothing from call to call replies to the same
inputs the same way, so that an examination with another seed need not run it on them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from grader.audit import known_mistakes
from grader.bank.entry import Entry, Variant
from grader.judging import examine as examining
from gradschool.core.calling import Reply
from gradschool.core.compare import same

Args = Mapping[str, Any]


class KeptReplies:
    """Replies by solution and inputs; none of a solution whose second call has ever answered otherwise."""

    def __init__(self) -> None:
        self.asked = self.run = 0
        self._found: dict[tuple[str, str, int, bool], tuple[Args, Reply]] = {}
        self._keepers: set[tuple[str, str]] = set()

    def reply(self, exercise: str, solution: str, args: Args, once: bool, ask: Callable[..., Reply]) -> Reply:
        """Return the kept reply to these very inputs, called twice or once, or ask and keep it."""
        key = (exercise, solution, id(args), once)
        self.asked += 1
        if key in self._found and (exercise, solution) not in self._keepers:
            return self._found[key][1]
        self.run += 1
        found = ask(args, once)
        if not same(found.first, found.second, examining.SAME_MISTAKE):
            self._keepers.add((exercise, solution))
        self._found[key] = args, found  # with the inputs themselves, so that no others get their id
        return found

    @contextmanager
    def used(self) -> Iterator[None]:
        """Examine with the replies that are kept."""
        over_the_wire = known_mistakes.over_the_wire

        def over(entry: Entry, solution: Variant) -> Callable[..., Reply]:
            ask = over_the_wire(entry, solution)
            return lambda args, once=False: self.reply(entry.exercise.id, solution.name, args, once, ask)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(known_mistakes, "over_the_wire", over)
            yield
