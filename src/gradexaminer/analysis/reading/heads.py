"""A state's value and its actions' advantages from two networks, or from two methods of one, joined outside of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from gradexaminer.analysis.reading.dueling import as_rows, is_dueling

if TYPE_CHECKING:
    from gradexaminer.recording.trace import Call, Update


def join_heads(update: Update, n_actions: int) -> None:
    """Put one call in place of each pair of such calls, in place; nothing happens unless their gradients are one Q's.

    The two calls stay in the update as parts, so that it is still known which networks were asked about which states.
    """
    pairs = list(_pairs(update, n_actions))
    if not any(is_dueling(_joined(v, a)) for v, a in pairs):
        return
    for v, a in pairs:
        v.part = a.part = True
        update.calls.append(_joined(v, a))
    update.calls.sort(key=lambda c: c.time)


def _pairs(update: Update, n_actions: int) -> Iterator[tuple[Call, Call]]:
    """A call with one number for each row, and the next one about the same rows with a number for each action."""
    alone = [c for c in update.calls if not c.extra and not c.fed and not c.ancestors and len(c.outputs) == 1]
    waiting: dict[tuple[bytes, bytes, bool, int], Call] = {}
    for call in alone:
        rows = as_rows(call.outputs[0], len(call.keys.index))
        if rows is None or rows.shape[1] not in {1, n_actions}:
            continue
        this = call.keys.index.tobytes(), call.keys.end.tobytes(), call.graph
        other = waiting.pop((*this, n_actions + 1 - rows.shape[1]), None)
        if other is None:
            waiting[*this, rows.shape[1]] = call
        else:
            yield (other, call) if rows.shape[1] == n_actions else (call, other)


def _joined(v: Call, a: Call) -> Call:
    return replace(
        a,
        time=max(v.time, a.time),
        network=a.network if v.network == a.network else f"{v.network} and {a.network}",
        method=a.method if v.method == a.method else f"{v.method} and {a.method}",
        outputs=[v.outputs[0], a.outputs[0]],
        parameters=v.parameters | a.parameters,
        last=(*v.last, *a.last),
        gradients={
            (b, i): g for i, call in enumerate((v, a)) for (b, output), g in call.gradients.items() if output == 0
        },
        part=False,
    )
