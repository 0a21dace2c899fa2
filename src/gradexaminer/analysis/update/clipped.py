"""Clipping that nothing comes of: no step applies the gradients that were clipped."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from gradexaminer.analysis.reading.actions import held_parameters, online_parameters
from gradexaminer.analysis.update.pairs import networks_by_path, pairs
from gradexaminer.findings import FAULT, Report
from gradexaminer.recording.layers import parameters

if TYPE_CHECKING:
    from gradexaminer.recording.clips import Clip
    from gradexaminer.recording.observe import Observed

FEWEST = 3  # calls of one line


def examine_clips(seen: Observed, report: Report) -> None:
    """Name the networks whose gradients one line clips in vain, each time that it is called.

    A step of a later update counts, too, and the last update's calls do not, as its steps may be still to come. Nothing
    is said where weights move without a step: a program may apply its gradients by hand.
    """
    last = _last_applied(seen)
    by_line: defaultdict[tuple[str, int], list[tuple[int, Clip]]] = defaultdict(list)
    for k, update in enumerate(seen.updates[:-1]):
        for clip in update.clips:
            by_line[clip.line].append((k, clip))
    for called in by_line.values():
        clips = [clip for _, clip in called]
        mine = {p for clip in clips for p in clip.lying}
        effective = any(_is_applied(k, clip, last) for k, clip in called)
        if len(clips) < FEWEST or effective or not _is_known(seen, mine):
            continue
        empty = sum(not any(clip.lying.values()) for clip in clips)
        told = f"in {len(clips)} calls no step follows that applies the clipped gradients"
        told += f"; in {empty} of them there was no gradient yet" if empty else ""
        report.add(FAULT, "clip-without-effect", _names(seen, mine), told)


def _last_applied(seen: Observed) -> dict[tuple[int, int], tuple[int, int]]:
    """When a step last applied a backward pass's gradient of a parameter: the update, and the time in it."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for k, update in enumerate(seen.updates):
        for step in update.steps:
            found |= {(p, b): (k, step.time) for p, numbers in step.sources.items() for b in numbers}
    return found


def _is_applied(k: int, clip: Clip, last: dict[tuple[int, int], tuple[int, int]]) -> bool:
    """Whether a step that comes after this call, of update `k`, applies a gradient that it clipped."""
    clipped = ((p, b) for p, numbers in clip.lying.items() for b in numbers)
    return any(last.get(both, (-1, 0)) > (k, clip.time) for both in clipped)


def _is_known(seen: Observed, mine: set[int]) -> bool:
    """Whether these are a target network's, or an optimizer steps them and backward passes were seen to reach them."""
    targets = {t for pair in pairs(seen, online_parameters(seen)) for t, _ in pair.parameters}
    reached = any(mine & b.reached for u in seen.updates for b in u.backwards)
    return mine <= targets or (reached and bool(mine & held_parameters(seen)))


def _names(seen: Observed, mine: set[int]) -> str:
    networks = networks_by_path(seen)
    return ", ".join(path for path, module in networks.items() if any(id(p) in mine for p in parameters(module)))
