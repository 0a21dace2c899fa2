"""The door for whole scripts: the training loop runs as it is, in an environment of crafted transitions.

It alone sees how the loop stores `terminated`, `truncated` and the next observation, and when it copies the target.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from gradexaminer.examination import USUAL_SIZE, conclude_script, spaces_of
from gradexaminer.findings import Report
from gradexaminer.recording.observe import Observed, enough, told
from gradexaminer.running.asking_spaces import NO_ENVIRONMENT, SpacesUnknownError, spaces_of_env
from gradexaminer.running.ending import EnoughError
from gradexaminer.running.on_cpu import lacks_a_gpu
from gradexaminer.running.opening import Opening
from gradexaminer.running.script_words import in_words_of_a_script
from gradexaminer.running.watcher import SOME_ENDS
from gradexaminer.transitions import NoMoreStatesError, Spaces

MORE_STATES = 8192  # where a script stores more numbered states than usual before it learns


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
