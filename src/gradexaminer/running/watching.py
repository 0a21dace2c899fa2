"""The door for whole scripts: the training loop runs as it is, in an environment of crafted transitions.

It alone sees how the loop stores `terminated`, `truncated` and the next observation, and when it copies the target.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import torch

from gradexaminer.examination import USUAL_SIZE, conclude_script, spaces_of
from gradexaminer.findings import Report
from gradexaminer.recording.discovery import Found
from gradexaminer.recording.observe import Observed, enough, learned, one_thread, told
from gradexaminer.recording.recorder import Recorder
from gradexaminer.recording.rows import NEXT, index_of
from gradexaminer.recording.scramble import scramble
from gradexaminer.recording.seeded import seeded
from gradexaminer.recording.wrapping import not_compiled
from gradexaminer.running.asking_spaces import NO_ENVIRONMENT, SpacesUnknownError, own_environment, spaces_of_env
from gradexaminer.running.ending import EnoughError
from gradexaminer.running.given_actions import Given
from gradexaminer.running.library import Library, installed
from gradexaminer.running.library import library as library_of
from gradexaminer.running.on_cpu import lacks_a_gpu, on_cpu
from gradexaminer.running.own_classes import answered_for
from gradexaminer.running.patience import Patience
from gradexaminer.running.script_words import in_words_of_a_script
from gradexaminer.running.stream_env import StreamEnv, as_gymnasium, specification
from gradexaminer.transitions import NoMoreStatesError, Spaces, Transition

MOST_STEPS = 200_000
SOME_ENDS = 64  # steps with the usual share of ends, before episodes last
MANY_STATES = 2048  # where states are numbers: each is handed out once, so that it tells its row
MORE_STATES = 8192  # where a script stores more of them before it learns


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
        self.seen = Observed(Found(), {}, spaces)
        self.rows = index_of(spaces)
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


def watch(
    run: Callable[[Callable[..., Any]], Any],
    *,
    n_actions: int | None = None,
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
    obs: int | tuple[int, ...] | None = None,
    image: bool = False,
    n_states: int | None = None,
    seed: int = 0,
    most_seconds: float = 60.0,
) -> Report:
    """Run a training script in a made-up environment, and say what its updates do.

    Parameters
    ----------
    run : callable
        `run(make)` starts the script; `make(...)` returns the environment, whatever it is asked for. Gymnasium must be
        installed, as it is where such a script runs, or gym: then an environment of gym is returned, by
        `make(..., library="gym")` even where both are.
    n_actions, low, high, obs, image, n_states, seed
        As for :func:`gradexaminer.examine`. Without actions, the environment that the script asks for is
        made, and says what it takes and gives.
    most_seconds : float
        The script is ended at its next step after that, and after enough updates.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        If no actions were described, and the script's environment does not tell them.
    """
    began = time.perf_counter()
    given = None
    if n_actions is not None or low is not None or high is not None or n_states is not None:
        given = spaces_of(n_actions, low, high, USUAL_SIZE if obs is None else obs, image=image, n_states=n_states)

    def read(env: Any) -> Spaces:
        return spaces_of_env(env, obs, image=image)

    opening = Opening(given, read, seed, most_seconds)
    seen = _watched(run, opening)
    looks = opening.watcher is not None and opening.watcher.looks
    report = in_words_of_a_script(conclude_script(seen), seen, opening.error, looks=looks)
    report.milliseconds = 1000 * (time.perf_counter() - began)
    return report


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


def _watched(run: Callable[[Callable[..., Any]], Any], opening: Opening) -> Observed:
    """Watch the script, and once more where the examiner itself was in its way.

    That is where fresh weights broke a graph, where the script was written for its environment's states alone, where it
    stores more of them than were handed out, or where it counts episodes, which are short here, and came to its end, or
    to an error after that, before it had learned enough.
    """
    seen = _seen_on_what_there_is(run, opening)
    if seen.used_up and not seen.updates:
        seen = _once_more(run, opening, states=MORE_STATES)
    if _was_too_short(seen):
        seen = _once_more(run, opening, lasting=True)
    if seen.error and not seen.updates and seen.spaces.n_states is not None:
        seen = _once_more(run, opening, roomy=False, error=seen.error)
    return _once_more(run, opening, fresh=False) if seen.broken else seen


def _seen_on_what_there_is(run: Callable[[Callable[..., Any]], Any], opening: Opening) -> Observed:
    """Watch the script; once more on the CPU, where it asks for a GPU and there is none."""
    try:
        seen = _seen(run, opening)
    except Exception as raised:
        if not lacks_a_gpu(str(raised)):
            raise
    else:
        if not lacks_a_gpu(seen.error):
            return seen
    return _once_more(run, opening, on_cpu=True)


def _was_too_short(seen: Observed) -> bool:
    """Whether it ended before it had learned enough, or failed after many episodes in which it had not learned."""
    failed = bool(seen.error) and not seen.updates and len(seen.transitions) > SOME_ENDS
    return failed or (seen.ended and not enough(seen.updates, seen.spaces))


def _once_more(run: Callable[[Callable[..., Any]], Any], opening: Opening, **changed: Any) -> Observed:
    """Watch the script from its start again, with an attribute of the opening changed."""
    vars(opening).update(changed)
    opening.start()
    return _seen(run, opening)


def _seen(run: Callable[[Callable[..., Any]], Any], opening: Opening) -> Observed:
    """What there was to see until the script ended, or was ended."""
    error, late, used_up, ended = "", "", False, False
    try:
        with opening.settings():
            run(opening.make)
        ended = True
    except EnoughError as end:
        late = str(end)
    except NoMoreStatesError:
        used_up = True
    except SystemExit as end:
        ended = end.code in (None, 0)
        if not ended and opening.watcher is None:
            raise
        error = "" if ended else f"the script ended itself with status {end.code}"
    except Exception as raised:  # a stranger's script may raise anything
        if opening.watcher is None:
            raise
        error = told(raised)
    finally:
        if opening.watcher is not None:
            opening.watcher.close()
    if opening.watcher is None or (late and not opening.watcher.seen.transitions):
        raise SpacesUnknownError(f"{late}, and {NO_ENVIRONMENT}" if late else NO_ENVIRONMENT)
    seen = opening.watcher.seen
    seen.error, seen.used_up, seen.ended = error, used_up, ended
    return seen
