"""Counters that a program keeps of its own updates, set forward to where it copies its target network.

A target that is copied every thousandth update is not seen in a few dozen of them. The counter is found by its growing
with each update, and put just below the next multiple of the numbers that the program calls an interval.
"""

from __future__ import annotations

import dis
import itertools
import sys
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from torch import nn

from gradexaminer.recording.discovery import is_plain_object
from gradexaminer.recording.missing import class_that_lacks

WORDS = ("freq", "every", "interval", "replace", "update", "target", "sync", "period", "copy", "steps")
DEEPEST = 3
MOST_GROWTH = 4  # of a counter in one update
MOST_INTERVAL = 1_000_000
MOST_TRIED = 24
Place = dict[str, Any]


def bring_forward(roots: Iterable[Any], update: Callable[[], bool]) -> bool:
    """Set each counter forward to each interval until `update` says that it is enough; then put the counter back.

    Parameters
    ----------
    roots : iterable
        The agent, and the function that updates it.
    update : callable
        Has the agent learn once; True when nothing is waited for any more.
    """
    places = list(_places(roots))
    before = [dict(_numbers(place)) for place in places]
    if update():
        return True
    growing = [
        (place, name, n - old[name])
        for place, old in zip(places, before, strict=True)
        if not _keeps(place, np.ndarray)
        for name, n in _numbers(place)
        if 1 <= n - old.get(name, n) <= MOST_GROWTH
    ]
    still = [_constants(roots), *places]
    named = {n for place in still for name, n in _numbers(place) if _is_interval(name, n)}
    intervals = sorted(named | {n for n in _written_out(roots) if 2 <= n <= MOST_INTERVAL})
    tried = [(counter, n) for counter in growing for n in intervals if not _is_beyond(*counter, n)][:MOST_TRIED]
    return any(_try(*counter, n, update) for counter, n in tried)


def _try(place: Place, name: str, growth: int, interval: int, update: Callable[[], bool]) -> bool:
    start = place[name]
    place[name] = _ahead(start, growth, interval)
    try:
        return update() or update()
    except Exception as error:  # a stranger's code may raise anything where a number is not what it has counted
        if class_that_lacks(error):
            raise  # whatever the counter says
        return False
    finally:
        place[name] = start


def _ahead(start: int, growth: int, interval: int) -> int:
    return (start // interval + 1) * interval - growth


def _keeps(place: Place, *kinds: type) -> bool:
    """Whether an object holds such things and no network: then it counts what it stores, to write there."""
    kept = list(place.values())
    return any(isinstance(x, kinds) for x in kept) and not any(isinstance(x, nn.Module) for x in kept)


def _is_beyond(place: Place, name: str, growth: int, interval: int) -> bool:
    """Whether the counter would leave a list that the same object keeps, and perhaps writes into."""
    kept = [len(x) for x in place.values() if isinstance(x, list | deque)]
    return _keeps(place, list, deque) and min(kept) < _ahead(place[name], growth, interval) + growth


def _is_interval(name: str, n: int) -> bool:
    return 2 <= n <= MOST_INTERVAL and any(word in name.lower() for word in WORDS)


def _numbers(place: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    return ((k, n) for k, n in list(place.items()) if isinstance(k, str) and type(n) is int)


def _constants(roots: Iterable[Any]) -> Place:
    """Whole numbers of the modules that the agent's classes come from."""
    names = {type(x).__module__ for x in _objects(roots, 0, set())}
    modules = [vars(sys.modules[name]) for name in names if name in sys.modules and name != "builtins"]
    return {name: n for module in modules for name, n in _numbers(module)}


def _written_out(roots: Iterable[Any]) -> Iterator[int]:
    """Whole numbers of which the agent's own functions take a remainder, as in `self.updates % 1000`."""
    for x in _objects(roots, 0, set()):
        for f in (
            list(x.values()) if isinstance(x, dict) else [f for kind in type(x).__mro__ for f in vars(kind).values()]
        ):
            if isinstance(f, types.FunctionType) and not str(f.__module__).startswith("torch"):
                yield from _divisors(f.__code__)


def _divisors(code: types.CodeType) -> Iterator[int]:
    for number, then in itertools.pairwise(dis.get_instructions(code)):
        remainder = then.argrepr == "%" or then.opname == "BINARY_MODULO"  # the latter before Python 3.11
        if remainder and number.opname.startswith("LOAD_") and type(number.argval) is int:
            yield number.argval


def _places(roots: Iterable[Any]) -> Iterator[Place]:
    for x in _objects(roots, 0, set()):
        yield x if isinstance(x, dict) else vars(x)


def _objects(things: Iterable[Any], depth: int, seen: set[int]) -> Iterator[Any]:
    """Objects and dicts with names of their own, to be found from these."""
    for x in things:
        inside = x.__self__ if isinstance(x, types.MethodType) else x
        if id(inside) in seen or not (isinstance(inside, dict | nn.Module) or is_plain_object(inside)):
            continue
        seen.add(id(inside))
        yield inside
        if depth < DEEPEST:
            yield from _objects(list((inside if isinstance(inside, dict) else vars(inside)).values()), depth + 1, seen)
