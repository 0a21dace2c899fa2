"""Copies of torch's networks as ``copy.deepcopy`` makes them, in a tenth of the time.

Nearly every agent makes its target network so, and every test of one copies networks. A module has twenty dictionaries,
nearly all of them empty, and ``copy`` walks through each. Like :mod:`grader.execution.fork_server`, this file lies
inside the sandbox too.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any

UNCHANGED = frozenset({bool, int, float, str, type(None)})  # what deepcopy hands on as it is
WAYS = ("__new__", "__reduce_ex__", "__reduce__", "__getstate__", "__setstate__")  # by which an object is copied
CONTAINERS = frozenset({dict, OrderedDict, set, list})


def use(torch: Any) -> None:
    """Let ``copy.deepcopy`` copy every module so, from now on, in this process and its children."""
    usual = {name: getattr(torch.nn.Module, name) for name in WAYS}

    def deepcopy_of(module: Any, memo: dict[int, Any]) -> Any:
        """Return a deep copy of a module, with the state that ``copy.deepcopy`` would give it."""
        kind: Any = type(module)
        if _has_a_way_of_its_own(kind, usual):
            return copy._reconstruct(module, memo, *module.__reduce_ex__(4))  # type: ignore[attr-defined]
        twin = memo[id(module)] = kind.__new__(kind)
        twin.__dict__.update({name: _copied(value, memo) for name, value in vars(module).items()})
        return twin

    torch.nn.Module.__deepcopy__ = deepcopy_of


def _has_a_way_of_its_own(kind: type, usual: dict[str, Any]) -> bool:
    """Return whether a class says how it is copied. Slots are no such way: torch's own copy leaves them out as well."""
    return any(getattr(kind, name) is not own for name, own in usual.items()) or hasattr(kind, "__getnewargs__")


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    kind = type(value)
    if kind in UNCHANGED:
        return value
    return kind() if kind in CONTAINERS and not value else copy.deepcopy(value, memo)
