"""Calls that clip gradients: of which parameters, and which backward passes' gradients lay in them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import utils

from gradexaminer.recording.wrapping import callers_line, replace_in

# What `clip_grad_norm_` itself calls is known under no other name in programs; older versions of PyTorch lack it.
INNER = "_clip_grads_with_norm_"
OF_A_NORM = ((utils.clip_grad, INNER),)
OF_A_NORM_BEFORE = ((utils, "clip_grad_norm_"), (utils.clip_grad, "clip_grad_norm_"))
OF_A_VALUE = ((utils, "clip_grad_value_"), (utils.clip_grad, "clip_grad_value_"))


@dataclass(frozen=True)
class Clip:
    """One call.

    Attributes
    ----------
    time : int
        Position among all events of the update.
    line : tuple of (str, int)
        File and line of the program that made it.
    lying : dict of int to tuple of int
        For each of its parameters, by id, the backward passes whose gradients lay in `.grad`.
    """

    time: int
    line: tuple[str, int]
    lying: dict[int, tuple[int, ...]]


def wrap_clips(note: Callable[[list[Any], tuple[str, int]], None], stack: ExitStack) -> None:
    """Have `note(parameters, line)` called before gradients are clipped."""
    known = OF_A_NORM if hasattr(utils.clip_grad, INNER) else OF_A_NORM_BEFORE
    for module, name in (*known, *OF_A_VALUE):
        replace_in(stack, module, name, _noting(getattr(module, name), note))


def _noting(original: Callable[..., Any], note: Callable[[list[Any], tuple[str, int]], None]) -> Callable[..., Any]:
    @functools.wraps(original)
    def clip(parameters: Any, *args: Any, **kwargs: Any) -> Any:
        given = [parameters] if isinstance(parameters, torch.Tensor) else list(parameters)
        note(given, callers_line())
        return original(given, *args, **kwargs)

    return clip
