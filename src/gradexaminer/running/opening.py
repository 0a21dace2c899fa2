"""What a script finds in place of `make`, of its own classes of environments, and of a GPU that is not there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from gradexaminer.recording.observe import one_thread
from gradexaminer.recording.seeded import seeded
from gradexaminer.recording.wrapping import not_compiled
from gradexaminer.running.asking_spaces import own_environment
from gradexaminer.running.given_actions import Given
from gradexaminer.running.library import Library, installed
from gradexaminer.running.library import library as library_of
from gradexaminer.running.on_cpu import on_cpu
from gradexaminer.running.own_classes import answered_for
from gradexaminer.running.stream_env import specification
from gradexaminer.running.watcher import Watcher
from gradexaminer.transitions import Spaces

MANY_STATES = 2048  # where states are numbers: each is handed out once, so that it tells its row


class Opening:
    """A script's `make`: environments of one stream of transitions. What is not described, its own environment says.

    Parameters
    ----------
    spaces : Spaces or None
        What the environment takes and gives, if that was described.
    read : callable
        Returns that of an environment of Gymnasium.
    seed, most_seconds
        As for :func:`watch`.
    """

    def __init__(self, spaces: Spaces | None, read: Callable[[Any], Spaces], seed: int, most_seconds: float) -> None:
        self.spaces, self.read, self.seed = spaces, read, seed
        self.end = time.monotonic() + most_seconds  # of all runs together
        self.originals = {of.name: of.module.make for of in installed()}
        self.fresh = self.roomy = True
        self.lasting = self.on_cpu = self._making = False
        self.given = Given()
        self.states = MANY_STATES
        self.error = ""  # of a run with more states than the script's own environment has
        self.start()

    def start(self) -> None:
        """Watch from here on; where nothing was described, from the first environment on."""
        self.own: Any = None
        self._answering: dict[int, tuple[Any, Any]] = {}
        self.watcher = self._watcher(self.spaces) if self.spaces else None

    def _watcher(self, spaces: Spaces) -> Watcher:
        if self.roomy and spaces.n_states is not None:
            spaces = replace(spaces, n_states=max(spaces.n_states, self.states))
        return Watcher(spaces, self.seed, self.end, self.given, fresh=self.fresh, lasting=self.lasting)

    def make(self, *args: Any, library: str = "", **kwargs: Any) -> Any:
        """In place of `gymnasium.make`, or of that of another `library`."""
        of = library_of(library)
        if self.watcher is None:
            self._making = True
            try:
                self.own = own_environment(of, self.originals[of.name], args, kwargs)
                self.watcher = self._watcher(self.read(self.own))
                self.own.close()
            finally:
                self._making = False
        env = self.watcher.environment(of, self.own)
        env.spec, env.render_mode = specification(args, of), kwargs.get("render_mode")
        return env

    def answer(self, of: Library, own: Any) -> Any:
        """In place of an environment of the script's own class; None for one of `make`'s, or that is not ready."""
        if self._making or not (hasattr(own, "observation_space") and hasattr(own, "action_space")):
            return None
        if self.watcher is None:
            self.watcher = self._watcher(self.read(own))
        if id(own) not in self._answering:
            self._answering[id(own)] = own, self.watcher.environment(of, None)
        return self._answering[id(own)][1]

    @contextmanager
    def settings(self) -> Iterator[None]:
        """What is in place while the script runs."""
        with ExitStack() as stack:
            for each in (seeded(self.seed), one_thread(), not_compiled(), self.given.watched()):
                stack.enter_context(each)
            stack.enter_context(answered_for(self.answer))
            if self.on_cpu:
                stack.enter_context(on_cpu())
            yield
