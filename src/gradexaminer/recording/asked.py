"""What an agent itself chooses, asked through the method that its program acts by.

Its units tell in which units it would store actions. It is asked after everything else: what the call changes in the
agent, such as a counter, is no longer looked at.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from gradexaminer.recording.discovery import is_plain_object

METHODS = ("select_action", "choose_action", "get_action", "take_action", "sample_action", "act")


def chosen(agent: Any, observations: list[np.ndarray], size: int) -> dict[str, np.ndarray]:
    """Actions of `size` entries, one for each observation, by the name of the method that gave them all."""
    found: dict[str, np.ndarray] = {}
    for holder in (agent, *_parts(agent)):
        for name in METHODS:
            method = getattr(holder, name, None)
            given = _answers(method, observations, size) if callable(method) else None
            if given is not None:
                found.setdefault(name, given)
    return found


def _parts(agent: Any) -> Iterator[Any]:
    held = agent if isinstance(agent, Mapping) else vars(agent) if hasattr(agent, "__dict__") else {}
    yield from (x for x in list(held.values()) if is_plain_object(x))


def _answers(method: Any, observations: list[np.ndarray], size: int) -> np.ndarray | None:
    """Its answers, to an observation as it is, with an axis before it, or as a tensor; None where it has none."""
    for ask in (np.copy, lambda x: x[None].copy(), lambda x: torch.from_numpy(x.copy())):
        with contextlib.suppress(Exception), torch.no_grad():  # a stranger's method may raise anything
            given = [_of_size(method(ask(x)), size) for x in observations]
            if all(x is not None for x in given):
                return np.array(given)
    return None


def _of_size(answer: Any, size: int) -> np.ndarray | None:
    """The first of what a method returned that is an action."""
    for x in answer if isinstance(answer, tuple | list) else (answer,):
        made = np.asarray(x.detach().cpu() if isinstance(x, torch.Tensor) else x)
        if made.size == size and np.issubdtype(made.dtype, np.floating):
            return made.reshape(size).astype(float)
    return None
