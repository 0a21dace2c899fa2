"""What a training script's own environment takes and gives, where nobody described it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gradexaminer.running.library import Library
from gradexaminer.transitions import Spaces

Make = Callable[..., Any]
SAY = (
    "say what it takes: n_actions=4, or low=[-1] and high=[1], and obs=8 "
    "(in a terminal --n-actions 4, or --low -1 and --high 1, and --obs 8)"
)
NO_ENVIRONMENT = (
    "it made no environment, by gymnasium.make or of a class of its own that inherits from gymnasium.Env, so there was "
    "nothing to learn from; give the file that trains the agent, with its own arguments after -- if it needs some, or "
    "write examined = dict(make=..., feed=..., update=..., n_actions=4)"
)


class SpacesUnknownError(ValueError):
    """The environment's spaces could not be found out; its text says what to give."""


def own_environment(of: Library, original: Make, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the environment that a script asks for, without a window, or a newer version of it.

    Parameters
    ----------
    of : Library
    original : callable
        The library's `make`, as it was before the examiner took its place.
    args, kwargs
        What the script asks it for.

    Raises
    ------
    SpacesUnknownError
        If it cannot be made here.
    """
    kwargs = {k: v for k, v in kwargs.items() if k != "render_mode"}
    try:
        return original(*args, **kwargs)
    except Exception as error:  # any simulator may be missing
        newer = _newer(of, args[0] if args else kwargs.get("id"))
        if newer is not None:
            return original(newer, *args[1:], **{k: v for k, v in kwargs.items() if k != "id"})
        asked = repr(args[0]) if args else repr(kwargs)
        text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise SpacesUnknownError(f"the environment {asked} cannot be made here ({text}); {SAY}") from error


def _newer(of: Library, name: Any) -> str | None:
    """Return the newest version of an environment that the library has, if it is not the one of this name."""
    base, _, version = str(name).rpartition("-v")
    registry = getattr(getattr(of.module, "envs", None), "registry", {})
    known = {
        int(n): str(k) for k in list(registry) for b, _, n in [str(k).rpartition("-v")] if b == base and n.isdigit()
    }
    if not base or not version.isdigit() or max(known, default=-1) <= int(version):
        return None
    return known[max(known)]


def spaces_of_env(env: Any, obs: int | tuple[int, ...] | None = None, *, image: bool = False) -> Spaces:
    """Return what an environment of Gymnasium takes and gives; `obs` and `image` say other observations.

    Raises
    ------
    SpacesUnknownError
        If they are of another kind.
    """
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
