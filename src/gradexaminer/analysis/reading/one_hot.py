"""Critics that are shown a discrete action as a row of zeros and a one: examined as if that row were the action.

What a critic of continuous actions can be asked, such as a slope through the action that an actor made by a
straight-through softmax, can then be asked of these, too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.recording.rows import HERE

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call


def with_rows_for_actions(seen: Observed) -> Observed:
    """The same record with rows of zeros and a one as actions, where a critic learned from such; else as it is."""
    n = seen.spaces.n_actions
    if n is None or n < 2 or not any(_is_shown(seen, c, n) for u in seen.updates for c in u.calls):
        return seen
    spaces = replace(seen.spaces, n_actions=None, low=np.zeros(n, np.float32), high=np.ones(n, np.float32))
    rows = np.eye(n, dtype=np.float32)
    transitions = {i: replace(t, action=rows[t.action]) for i, t in seen.transitions.items()}
    return replace(seen, spaces=spaces, transitions=transitions, memory={}, policies={}, actors={})


def _is_shown(seen: Observed, call: Call, n: int) -> bool:
    """Whether a gradient went through what a network answered about stored actions that were shown so."""
    here = (call.keys.end == HERE) & (call.keys.index >= 0)
    values = any(x.size == len(here) for x in call.outputs)  # several numbers for a row are a model's, such as of s'
    if not call.extra or not here.all() or not call.learns or not values:
        return False
    stored = np.eye(n)[[seen.transitions[int(i)].action for i in call.keys.index]]
    return any(x.shape == stored.shape and np.array_equal(x, stored) for x in call.extra)
