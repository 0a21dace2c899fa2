"""States that networks are shown as whole numbers, though those that were handed out are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradexaminer.findings import FAULT, SUSPICION, Report
from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed

NAMES = {HERE: "s", NEXT: "s'"}


def say_rounded(seen: Observed, report: Report) -> None:
    """A fault where it is one end of a transition alone; a program whose own states are whole may keep both so."""
    asked = {int(end) for u in seen.updates for c in u.calls for end in c.keys.end}
    for end, how in sorted(seen.whole.items()):
        alone = seen.whole.keys() == {end} and 1 - end in asked
        told = f"the digits behind the point of {NAMES[end]} are {how}"
        beside = f", those of {NAMES[1 - end]} are not" if alone else ""
        report.add(FAULT if alone else SUSPICION, "states-rounded", "", told + beside)
