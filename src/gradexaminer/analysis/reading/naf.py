"""Critics whose own output is the action at which their Q is largest (Gu et al. 2016, arXiv 1603.00748, eq. 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call


def is_naf(seen: Observed, network: str) -> bool:
    """Whether this network has such a Q in every call that was shown an action."""
    shown = [c for u in seen.updates for c in u.calls if c.network == network and c.extra]
    return bool(shown) and all(q_output(seen, c) is not None for c in shown)


def q_output(seen: Observed, call: Call) -> int | None:
    """Which output is Q, where a call returned an action beside a Q that is nowhere above a V; None elsewhere."""
    size, rows = seen.spaces.action_size, len(call.keys.index)
    if not call.extra or not any(x.shape == (rows, size) for x in call.outputs):
        return None
    numbers = {i: x.reshape(-1) for i, x in enumerate(call.outputs) if x.size == rows}
    if len(numbers) < 2 + (size == 1):
        return None
    below = [
        i for i, q in numbers.items() for v in numbers.values() if (q <= v + 1e-5).all() and not np.array_equal(q, v)
    ]
    return below[0] if len(below) == 1 else None
