"""What a training script's own environment takes and gives, where nobody described it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gradexaminer.recording.seeded import seeded
from gradexaminer.running.library import installed
from gradexaminer.running.library import library as library_of
from gradexaminer.transitions import Spaces

Make = Callable[..., Any]
SAY = (
    "say what it takes: n_actions=4, or low=[-1] and high=[1], and obs=8 "
    "(in a terminal --n-actions 4, or --low -1 and --high 1, and --obs 8)"
)
NO_ENVIRONMENT = (
    "no environment was made by gymnasium.make, so there was nothing to learn from; "
    "for an agent without a training loop write examined = dict(make=..., feed=..., update=..., n_actions=4)"
)


class SpacesUnknownError(ValueError):
    """The environment's spaces could not be found out; its text says what to give."""


class _MadeError(BaseException):
    """Ends a script at its first environment; no `except Exception` of its own catches it."""

    def __init__(self, env: Any) -> None:
        super().__init__()
        self.env = env


def spaces_asked_for(
    run: Callable[[Make], Any], seed: int, obs: int | tuple[int, ...] | None = None, *, image: bool = False
) -> Spaces:
    """Run a script up to its first environment, and return what that environment takes and gives.

    Parameters
    ----------
    run : callable
        `run(make)` starts the script, as for :func:`gradexaminer.watch`.
    seed : int
    obs : int or tuple of int, optional
        Shape of an observation, where it is not to be that of the environment.
    image : bool
        Observations are whole numbers from 0 to 255.

    Raises
    ------
    SpacesUnknownError
        If the script makes no environment, or one that cannot be made here or is of another kind.
    """
    originals = {of.name: of.module.make for of in installed()}

    def make(*args: Any, library: str = "", **kwargs: Any) -> Any:
        raise _MadeError(_made(originals[library_of(library).name], args, kwargs))

    try:
        with seeded(seed):
            run(make)
    except _MadeError as made:
        return spaces_of_env(made.env, obs, image=image)
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
    raise SpacesUnknownError(NO_ENVIRONMENT)


def _made(original: Make, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The environment that was asked for, without a window."""
    try:
        return original(*args, **{k: v for k, v in kwargs.items() if k != "render_mode"})
    except Exception as error:  # any simulator may be missing
        asked = repr(args[0]) if args else repr(kwargs)
        text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise SpacesUnknownError(f"the environment {asked} cannot be made here ({text}); {SAY}") from error


def spaces_of_env(env: Any, obs: int | tuple[int, ...] | None = None, *, image: bool = False) -> Spaces:
    """Return what an environment of Gymnasium takes and gives, and close it."""
    env.close()
    if obs is not None:
        observed = Spaces((obs,) if isinstance(obs, int) else tuple(obs), image=image)
    else:
        observed = _observed(env.observation_space)
    return _with_actions(observed, env.action_space)


def _observed(space: Any) -> Spaces:
    if hasattr(space, "n") and not getattr(space, "shape", ()):
        return Spaces((), n_states=int(space.n))
    shape = getattr(space, "shape", None)
    if not shape:
        raise SpacesUnknownError(f"observations from {space} are not examined; vectors and images of numbers are")
    return Spaces(tuple(shape), image=len(shape) > 1 and space.dtype == np.uint8)


def _with_actions(spaces: Spaces, space: Any) -> Spaces:
    if hasattr(space, "n") and not getattr(space, "shape", ()):
        return replace(spaces, n_actions=int(space.n))
    if hasattr(space, "low") and len(space.shape) == 1:
        low, high = (np.asarray(x, np.float32) for x in (space.low, space.high))
        if np.isfinite([low, high]).all():
            return replace(spaces, low=low, high=high)
    raise SpacesUnknownError(f"actions from {space} are not examined: one whole number is, or bounded real numbers")
