"""Critics of discrete actions that one backward pass shows two losses: their own, and the policy's.

In `(critic_loss + actor_loss).backward()` with Q not detached in the actor's loss, mean over the batch of
sum over a of pi(a|s) (alpha log pi(a|s) - Q(s, a)), each Q gets -pi(a|s) / B besides: it is pushed up. That share is
found where the critic's own loss gives nothing, at the actions not taken, and taken off.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.policies import is_policy, probabilities
from gradexaminer.analysis.update.applied import is_swept
from gradexaminer.findings import FAULT, Report
from gradexaminer.recording.rows import HERE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Call, Update

ROUNDING = 1e-4  # of the largest entry
FEWEST = 6  # rows


def without_policys_share(seen: Observed, report: Report) -> Observed:
    """Name critics that a policy's loss moves in their own backward pass; the record without what it gave them."""
    if seen.spaces.continuous:
        return seen
    pushed: dict[str, None] = {}
    updates = []
    for update in seen.updates:
        changed = {id(call): new for b in update.backwards for call, new in _cleaned(seen, update, b)}
        pushed |= dict.fromkeys(call.network for call in changed.values())
        updates.append(replace(update, calls=[changed.get(id(c), c) for c in update.calls]) if changed else update)
    if not pushed:
        return seen
    told = "at actions not taken, d loss / d Q is -pi times one number: the policy's loss, which raises every value"
    report.add(FAULT, "critic-moved-by-actor", ", ".join(pushed), told)
    return replace(seen, updates=updates, memory={})


def _cleaned(seen: Observed, update: Update, backward: Backward) -> Iterator[tuple[Call, Call]]:
    """Calls of critics in this pass, and the same with their own loss's gradients alone."""
    n = seen.spaces.n_actions or 0
    calls = [c for c in update.calls_with_gradient(backward.number) if (c.keys.end == HERE).all()]
    policies = [(c, pi) for c in calls if is_policy(seen, c) and (pi := probabilities(c, n)) is not None]
    asked = [c for c in calls if not is_policy(seen, c) and c.outputs and c.outputs[0].size == len(c.keys.index) * n]
    for call in asked:
        rows = len(call.keys.index)
        g = call.gradient(backward.number)
        if g is None or rows < FEWEST or is_swept(update, backward, call.parameters):
            continue
        q, key = call.outputs[0].reshape(rows, n), (backward.number, 0)
        others = [c.outputs[0].reshape(rows, n) for c in asked if c is not call and len(c.keys.index) == rows]
        where = [np.ones_like(q), *((q <= other).astype(float) for other in others)]
        for pi in (pi for c, pi in policies if np.array_equal(c.keys.index, call.keys.index)):
            own = _own_gradient(seen, call, g.reshape(rows, n), [pi * x for x in where])
            if own is not None:
                yield call, replace(call, gradients={**call.gradients, key: own.reshape(g.shape)})
                break


def _own_gradient(seen: Observed, call: Call, g: np.ndarray, shares: list[np.ndarray]) -> np.ndarray | None:
    """What is left at the actions taken, where -1 times a factor and one of these shares is all that others get."""
    taken = np.zeros(g.shape, bool)
    taken[np.arange(len(g)), [seen.transitions[int(i)].action for i in call.keys.index]] = True
    largest = float(np.abs(g).max())
    if np.abs(g[~taken]).max(initial=0.0) < ROUNDING * largest:
        return None
    for share in shares:
        size = float((share[~taken] ** 2).sum())
        factor = -float((share * g)[~taken].sum()) / size if size else 0.0
        left = g + factor * share
        own = np.where(taken, left, 0.0)
        exact = np.abs(left[~taken]).max() < ROUNDING * largest
        if factor > 0 and exact and np.abs(own).max() > ROUNDING * largest:
            return own
    return None
