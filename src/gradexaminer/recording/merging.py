"""Updates that take their rows one at a time, made into one that takes them side by side.

A loop over the batch asks its networks about one row after another, and has a backward pass for each row or for their
sum. Calls from one line of the program are put together, and so are the backward passes that went through them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace

import numpy as np

from gradexaminer.recording.rows import Keys
from gradexaminer.recording.trace import Backward, Call, Step, Update

Gradients = dict[tuple[int, int], np.ndarray]


def merge_rows(update: Update) -> None:
    """Put calls about one row each side by side, in place; an update without a loop over rows is left as it is."""
    groups: dict[Hashable, list[Call]] = {}
    for call in update.calls:
        if len(call.keys.index) == 1:
            groups.setdefault(_kind(call), []).append(call)
    loops = [calls for calls in groups.values() if len(calls) > 1]
    if not loops:
        return
    update.row_by_row = True
    for calls in loops:
        _sweep(update, calls)
    number = _merged_numbers(update, loops)
    merged = {id(calls[0]): _side_by_side(calls, number) for calls in loops}
    inner = {id(call) for calls in loops for call in calls[1:]}
    update.calls = [merged.get(id(c), c) for c in update.calls if id(c) not in inner]
    update.backwards = _backwards(update.backwards, number)
    update.steps = [_step(s, number) for s in update.steps]


def _sweep(update: Update, calls: list[Call]) -> None:
    """Set to 0 the gradients of passes that were zeroed before any step, where a step applied another row's."""
    mine = frozenset().union(*(call.parameters for call in calls))
    applied = {b for step in update.steps for p, sources in step.applied.items() if p in mine for b in sources}
    if not any(b in applied for call in calls for b, _ in call.gradients):
        return
    for call in calls:
        call.gradients.update({key: 0 * g for key, g in call.gradients.items() if key[0] not in applied})


def _kind(call: Call) -> Hashable:
    """What calls have in common that are one line of a loop."""
    shapes = tuple(x.size for x in call.outputs), tuple(x.shape for x in call.extra)
    return call.network, call.method, call.line, len(call.ancestors), int(call.keys.end[0]), shapes, call.learns


def _merged_numbers(update: Update, loops: list[list[Call]]) -> Callable[[int], int]:
    """For each backward pass, the first of those that went through rows of the same loop."""
    first: dict[int, int] = {}

    def number(b: int) -> int:
        while b in first:
            b = first[b]
        return b

    elsewhere = {b for call in update.calls if len(call.keys.index) > 1 for b, _ in call.gradients}
    for calls in loops:
        through = sorted({b for call in calls for (b, _), g in call.gradients.items() if np.any(g)} - elsewhere)
        for b in through[1:]:
            low, high = sorted((number(through[0]), number(b)))
            if low != high:
                first[high] = low
    return number


def _side_by_side(calls: list[Call], number: Callable[[int], int]) -> Call:
    keys = Keys(
        np.concatenate([c.keys.index for c in calls]),
        np.concatenate([c.keys.end for c in calls]),
        np.concatenate([c.keys.rest for c in calls]),
        calls[0].keys.observation_last,
    )
    whole = all(len(c.slopes) == len(calls[0].slopes) for c in calls)
    return replace(
        calls[0],
        keys=keys,
        extra=[np.concatenate(x) for x in zip(*(c.extra for c in calls), strict=True)],
        outputs=[np.stack([x.reshape(-1) for x in xs]) for xs in zip(*(c.outputs for c in calls), strict=True)],
        held=[np.concatenate(x) for x in zip(*(c.held for c in calls), strict=False)],
        graph=any(c.graph for c in calls),
        fed=any(c.fed for c in calls),
        extra_graph=[any(x) for x in zip(*(c.extra_graph for c in calls), strict=True)],
        slopes=[_stacked_slopes([c.slopes[i] for c in calls]) for i in range(len(calls[0].slopes))] if whole else [],
        gradients=_gradients(calls, [c.gradients for c in calls], number),
        extra_gradients=_gradients(calls, [c.extra_gradients for c in calls], number),
    )


def _stacked_slopes(slopes: list[list[np.ndarray | None]]) -> list[np.ndarray | None]:
    made: list[np.ndarray | None] = []
    for by_call in zip(*slopes, strict=True):
        there = [x for x in by_call if x is not None]
        made.append(np.concatenate(there) if len(there) == len(by_call) else None)
    return made


def _gradients(calls: list[Call], given: list[Gradients], number: Callable[[int], int]) -> Gradients:
    """One row for each call; 0 where no gradient came."""
    made: Gradients = {}
    for row, gradients in enumerate(given):
        for (b, i), g in gradients.items():
            key = (number(b), i)
            if key not in made:
                made[key] = np.zeros((len(calls), g.size))
            if made[key].shape[1] == g.size:
                made[key][row] += g.reshape(-1)
    return made


def _backwards(backwards: list[Backward], number: Callable[[int], int]) -> list[Backward]:
    made: dict[int, Backward] = {}
    for b in backwards:
        key = number(b.number)
        left = {p: _numbers(numbers, number) for p, numbers in b.left.items()}
        if key in made:
            first = made[key]
            made[key] = replace(first, time=b.time, value=first.value + b.value, reached=first.reached | b.reached)
        else:
            made[key] = replace(b, number=key, left=left)
    return list(made.values())


def _step(step: Step, number: Callable[[int], int]) -> Step:
    return replace(step, sources={p: _numbers(numbers, number) for p, numbers in step.sources.items()})


def _numbers(numbers: Iterable[int], number: Callable[[int], int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(number(b) for b in numbers))
