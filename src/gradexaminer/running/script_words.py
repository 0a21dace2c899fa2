"""What is said of a script that did not learn: in the words of one who started it by its name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from gradexaminer.findings import FAULT, NOT_SEEN, Finding, Report
from gradexaminer.running.library import NEW

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed

OF_A_SCRIPT = {"crashed": "script-crashed", "nothing-learned": "script-learned-nothing"}
SHAPED = "a reward that the script itself works out is known only from rows that it learns from several times"
PICTURES = "it asks for a picture at most steps, as an agent that learns from pictures does; here they show nothing"
OLDER, NEWER = r"too many values to unpack \(expected 4\)", r"not enough values to unpack \(expected 5, got 4\)"
WHY_NOT = (
    "does it train where it is started without arguments? Its own arguments stand after --, as in "
    "gradexaminer my_script.py -- --train"
)


def in_words_of_a_script(report: Report, seen: Observed, before: str = "", *, looks: bool = False) -> Report:
    """Change findings that speak of an agent's `update`, which a script need not have.

    Parameters
    ----------
    report : Report
    seen : Observed
    before : str
        The error of an earlier run, with more states than the script's own environment has.
    looks : bool
        Whether it asks for a picture at most steps.
    """
    report.findings = [_reworded(f, seen, before) for f in report.findings]
    if looks and report.of(NOT_SEEN) and not report.of(FAULT):
        report.add(NOT_SEEN, "out-of-scope", "", PICTURES)
    return report


def _reworded(finding: Finding, seen: Observed, before: str) -> Finding:
    if finding.code == "unexplained":
        return replace(finding, evidence="; ".join(filter(None, [finding.evidence, SHAPED])))
    if finding.level != NOT_SEEN:
        return finding
    if finding.code == "crashed":
        return replace(finding, code=OF_A_SCRIPT["crashed"], evidence=finding.evidence + _advice(finding.evidence))
    if finding.code == "nothing-learned":
        return replace(finding, code=OF_A_SCRIPT["nothing-learned"], evidence=_steps_taken(seen, before))
    return finding


def _steps_taken(seen: Observed, before: str) -> str:
    steps = f"it took {len(seen.transitions)} steps in its environment"
    if seen.used_up:
        with_more = f"; with more states it stopped with {before}" if before else ""
        return f"{steps}, and met all {seen.spaces.n_states} states; each is handed out once{with_more}"
    if seen.ended:
        return f"{steps}, and came to its end; {WHY_NOT}"
    return f"{steps} in its time, which --seconds makes longer; {WHY_NOT}"


def _advice(error: str) -> str:
    """What may help against an error that comes of where a script runs."""
    old = ".".join(map(str, NEW))
    if re.search(OLDER, error) and "step(" in error:
        return f"; it was written for gym before {old}, whose step returns 4 values: install gym==0.25.2"
    if re.search(NEWER, error) and "step(" in error:
        return f"; it was written for Gymnasium, or for gym from {old} on, and an older gym is installed"
    return ""
