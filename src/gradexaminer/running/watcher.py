"""A script's run, cut into updates at the steps of its environment."""

from __future__ import annotations

import time
from contextlib import ExitStack
from itertools import count
from typing import Any

import numpy as np
import torch

from gradexaminer.recording.discovery import Found
from gradexaminer.recording.observe import Observed, enough, learned, rows_learned
from gradexaminer.recording.recorder import Recorder
from gradexaminer.recording.rows import NEXT, index_of
from gradexaminer.recording.scramble import scramble
from gradexaminer.running.ending import EnoughError
from gradexaminer.running.given_actions import Given
from gradexaminer.running.library import Library
from gradexaminer.running.patience import Patience
from gradexaminer.running.stream_env import StreamEnv, as_gymnasium
from gradexaminer.transitions import Spaces, Transition

MOST_STEPS = 200_000
SOME_ENDS = 64  # steps with the usual share of ends, before episodes last


class Watcher:
    """Cuts a script's run into updates, at the steps of its environment."""

    def __init__(
        self,
        spaces: Spaces,
        seed: int,
        end: float,
        given: Given | None = None,
        *,
        fresh: bool = True,
        lasting: bool = False,
    ) -> None:
        self.spaces, self.fresh, self.lasting = spaces, fresh, lasting
        self.rows = index_of(spaces)
        self.seen = Observed(Found(), {}, spaces, whole=self.rows.whole)
        self.recorder = Recorder(self.seen.found, self.rows)
        self.given = given or Given()
        self.steps, self.draws = count(), count()
        self.made: list[Any] = []
        self.generator = torch.Generator().manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.end = end
        self._open = ExitStack()
        self._update = self._open.enter_context(self.recorder.recording(0))
        self._known = 0
        self._patience: Patience | None = None

    def environment(self, of: Library, own: Any) -> Any:
        """Return an environment of this library; what it lacks, the script's `own` one is asked for."""
        given = lambda: self.given.action  # noqa: E731
        shared = (self.steps, self.draws)
        made = StreamEnv(self.spaces, self.rng, self._stepped, self._reset, of, own, self._rarely, given, *shared)
        self.made.append(as_gymnasium(made, of))
        return self.made[-1]

    @property
    def looks(self) -> bool:
        """Whether the script asks for a picture at most steps, as one that learns from pictures does."""
        asked = sum(int(env.pictures) for env in self.made)
        return 2 * asked > len(self.seen.transitions)

    def _rarely(self) -> bool:
        """Whether an episode should last: until something is learned, once the buffer has some ends to learn from."""
        return self.lasting and not self._known and len(self.seen.transitions) > SOME_ENDS

    def _stepped(self, t: Transition) -> None:
        self.seen.transitions[t.index] = t
        self.rows.add([t])
        if learned(self._update):
            self._next_update()
        if t.index >= MOST_STEPS or time.monotonic() > self.end:
            raise EnoughError

    def _reset(self, obs: np.ndarray, last: int) -> None:
        """A vector of environments hands out the next episode's first observation in place of the last one's end."""
        if last in self.seen.transitions:
            self.rows.also(last, NEXT, obs)

    def _next_update(self) -> None:
        """Close the update that was recorded; the first one only tells which networks there are."""
        self._open.close()
        if self._patience:
            self._patience.take(self._update)
        elif self._known == self._networks():
            self.seen.updates.append(self._update)
        self._known = self._networks()
        if not self._patience and enough(self.seen.updates, self.spaces):
            self._patience = Patience(self.seen)
        if self._patience and self._patience.over:
            raise EnoughError
        if self.fresh:
            scramble(self.seen.found.modules.values(), self.generator, input_scale=self.rows.input_scale)
            self.recorder.numbers.move(self.seen.found.parameters(), rows_learned(self._update))
            self.seen.fresh = True
        self._open = ExitStack()
        number = len(self.seen.updates) + self.seen.calls + 1
        self._update = self._open.enter_context(self.recorder.recording(number))

    def _networks(self) -> int:
        """How many networks were met; a loss such as `nn.MSELoss()`, which many loops make anew each time, is none."""
        return sum(any(True for _ in m.parameters()) for m in self.seen.found.modules.values())

    def close(self) -> None:
        """Stop recording, and note where each network's weights lie."""
        self._open.close()
        self.seen.storage = self.seen.found.storage()
