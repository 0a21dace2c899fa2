"""States that critics are shown rescaled, with noise on them, or clamped, while the transitions' other end is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import are_stored, stored_actions
from gradexaminer.analysis.reading.policies import is_policy
from gradexaminer.analysis.reading.rounded_states import NAMES
from gradexaminer.findings import FAULT, Report
from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call, Update

NEAR = 0.5  # of the distance from other rows: rows that were changed stay below that
FEWEST = 3  # updates
AT_A_BOUND = 0.05  # share of the entries that are exactly the largest, or the smallest, where they were clamped


def say_changed(seen: Observed, report: Report) -> None:
    """Name the end of the transitions that critics are only shown changed, and the other one as it is."""
    rescaled = [
        end for end in (HERE, NEXT) if seen.ways.get(end) == {False} and seen.ways.get(HERE + NEXT - end) == {True}
    ]
    for end in rescaled:
        told = f"{NAMES[end]} is rescaled or reordered, and {NAMES[HERE + NEXT - end]} is as it was handed out"
        report.add(FAULT, "states-changed", "", told)
    for end in (HERE, NEXT) if seen.unknown else ():
        asked = [[c for c in u.calls if _is_critics(seen, c)] for u in seen.updates]
        if any(_is_as_it_is(seen, c, end) for calls in asked for c in calls) or not all(asked):
            continue
        found = [x for u, calls in zip(seen.updates, asked, strict=True) for x in _changed(seen, u, calls[0], end)]
        if len(found) >= FEWEST:
            report.add(FAULT, "states-changed", asked[0][0].network, _how(found, NAMES[end]))


def _is_critics(seen: Observed, call: Call) -> bool:
    return bool(call.extra) if seen.spaces.continuous else not is_policy(seen, call)


def _is_as_it_is(seen: Observed, call: Call, end: int) -> bool:
    """Whether a critic's loss or label comes from its answer about this end; an actor's is about other actions."""
    if not (call.keys.end == end).any():
        return False
    others = seen.spaces.continuous and end == HERE
    stored = stored_actions(seen, call.keys.index) if others else np.zeros(0)
    return not others or any(are_stored(x, stored) for x in call.extra)


def _changed(seen: Observed, update: Update, critic: Call, end: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Unknown inputs whose rows are much nearer to this end of the critic's transitions than to that of others."""
    index = critic.keys.index.tolist()
    if min(index) < 0:
        return
    name = "next_obs" if end == NEXT else "obs"
    own = np.stack([np.asarray(getattr(seen.transitions[i], name), float).reshape(-1) for i in index])
    for x in seen.unknown:
        if x.shape == own.shape and np.abs(x - own).mean() < NEAR * np.abs(x - np.roll(own, 1, axis=0)).mean():
            yield x, own


def _how(found: list[tuple[np.ndarray, np.ndarray]], name: str) -> str:
    shown, own = (np.concatenate(x) for x in zip(*found, strict=True))
    told = f"what stands for {name} is up to {np.abs(shown - own).max():.2g} away from it"
    if min((shown == shown.min()).mean(), (shown == shown.max()).mean()) > AT_A_BOUND:
        told += f", and clamped between {shown.min():.3g} and {shown.max():.3g}"
    return told
