"""What depends on the record alone is worked out once: many findings ask for the same rows and pairs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed

P = ParamSpec("P")
T = TypeVar("T")


def once(f: Callable[Concatenate[Observed, P], T]) -> Callable[Concatenate[Observed, P], T]:
    """Keep what a function of a record and of hashable arguments has returned; nothing of it may be changed."""

    @wraps(f)
    def kept(seen: Observed, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (f, args, tuple(kwargs.items()))
        if key not in seen.memory:
            seen.memory[key] = f(seen, *args, **kwargs)
        known: Any = seen.memory[key]
        return known  # type: ignore[no-any-return]

    return kept
