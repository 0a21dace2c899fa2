"""Every name by which a script gets an environment from Gymnasium or gym, alone or as a vector of several."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

from gradexaminer.running.library import Library, installed


def replace_makes(make: Callable[..., Any]) -> None:
    """Have `make(..., library=name)` called by whichever name a script uses, from here on in this process."""
    for library in installed():
        one = partial(make, library=library.name)
        several = partial(vector_of, library, one)
        envs = importlib.import_module(f"{library.name}.envs")
        registration = importlib.import_module(f"{library.name}.envs.registration")
        vector: Any = importlib.import_module(f"{library.name}.vector")
        for module in (library.module, envs, registration):
            vars(module)["make"] = one
        if hasattr(library.module, "make_vec"):
            library.module.make_vec = several
        if hasattr(vector, "make"):
            vector.make = several
        vector.AsyncVectorEnv = partial(_in_this_process, vector.SyncVectorEnv)


def vector_of(library: Library, make: Callable[..., Any], env: Any, num_envs: int = 1, **kwargs: Any) -> Any:
    """As `gymnasium.make_vec` or `gym.vector.make`, all of whose environments run in this process.

    Parameters
    ----------
    library : Library
    make : callable
        Makes one environment.
    env : str
        Its name.
    num_envs : int
    **kwargs
        What the library takes; what says how they run is not looked at.
    """
    wrappers = kwargs.pop("wrappers", None) or []
    given = kwargs.pop("vector_kwargs", None) or {}
    for way in ("vectorization_mode", "asynchronous"):
        kwargs.pop(way, None)

    def one() -> Any:
        made = make(env, **kwargs)
        for wrapper in wrappers if isinstance(wrappers, list | tuple) else [wrappers]:
            made = wrapper(made)
        return made

    kind = importlib.import_module(f"{library.name}.vector").SyncVectorEnv
    return kind([one] * num_envs, **{k: v for k, v in given.items() if k == "autoreset_mode"})


def _in_this_process(kind: Callable[..., Any], makes: Any, **given: Any) -> Any:
    """In place of environments in processes of their own, where nothing of them could be watched."""
    return kind(makes, **{k: v for k, v in given.items() if k == "autoreset_mode"})
