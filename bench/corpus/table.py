"""What the examiner said beside what a reader found: one word for each entry, and their counts."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.corpus.registry import OUTSIDE, RIGHT, UNKNOWN, Entry

CLEAN, ACCUSED, SUSPECTED = "clean", "accused", "suspected"
NAMED, TOLD, MISSED = "named", "told", "missed silently"
NOT_SEEN, NOT_HERE, NOT_RUN = "not seen", "not here", "did not run"
FEW = 5  # lines of an adapter


@dataclass
class Row:
    """One entry and what was said of it.

    Attributes
    ----------
    entry : Entry
    outcome : str
        Of right code: clean, accused (a fault word), suspected. Of faulty code: named (every fault of the verdict, as a
        fault), told (some fault or suspicion, but not that), missed silently. Of both: not seen, not here, did not run.
    said : dict
        What :func:`bench.corpus.running.run_entry` returned.
    """

    entry: Entry
    said: dict[str, Any]
    outcome: str = field(init=False)

    def __post_init__(self) -> None:
        self.outcome = outcome(self.entry.verdict, self.said)

    def codes(self, level: str) -> list[str]:
        """The words of one level, each once."""
        return list(dict.fromkeys(f["code"] for f in self.said.get("findings", []) if f["level"] == level))

    @property
    def further(self) -> list[str]:
        """Fault words about faulty code that its verdict does not have."""
        if isinstance(self.entry.verdict, str):
            return []
        known = {word for fault in self.entry.verdict for word in fault.split("|")}
        return [code for code in self.codes("fault") if code not in known]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for `--json`."""
        e = self.entry
        about = {"name": e.name, "repo": e.repo, "path": e.path, "commit": e.commit, "algorithm": e.algorithm}
        about |= {"packaging": e.packaging, "verdict": e.verdict, "evidence": e.evidence, "contact": e.contact}
        return {**about, "lines": e.lines, "outcome": self.outcome, "further": self.further, **self.said}


def outcome(verdict: str | Sequence[str], said: dict[str, Any]) -> str:
    """One word for what was said, given what a reader found."""
    if "not_here" in said:
        return NOT_HERE
    if "error" in said:
        return NOT_RUN
    levels: dict[str, set[str]] = {"fault": set(), "suspicion": set(), "not seen": set()}
    for finding in said["findings"]:
        levels.setdefault(finding["level"], set()).add(finding["code"])
    if isinstance(verdict, str):
        if levels["fault"]:
            return ACCUSED
        if levels["suspicion"]:
            return SUSPECTED
        return NOT_SEEN if levels["not seen"] else CLEAN
    if all(set(fault.split("|")) & levels["fault"] for fault in verdict):
        return NAMED
    if levels["fault"] or levels["suspicion"]:
        return TOLD
    return NOT_SEEN if levels["not seen"] else MISSED


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Counts for right, faulty and other code, with milliseconds and adapter lines of all that ran."""
    ran = [r for r in rows if r.outcome not in {NOT_HERE, NOT_RUN}]
    right = [r for r in ran if r.entry.verdict == RIGHT]
    faulty = [r for r in ran if not isinstance(r.entry.verdict, str)]
    other = [r for r in ran if r.entry.verdict in {UNKNOWN, OUTSIDE}]
    times = sorted(r.said["ms"] for r in ran)
    lines = [r.entry.lines for r in ran]
    return {
        "right": _counts(right, (CLEAN, ACCUSED, SUSPECTED, NOT_SEEN)),
        "faulty": _counts(faulty, (NAMED, TOLD, MISSED, NOT_SEEN)),
        "faulty with further fault words": sum(bool(r.further) for r in faulty),
        "unknown or outside scope": len(other),
        NOT_RUN: sum(r.outcome == NOT_RUN for r in rows),
        NOT_HERE: sum(r.outcome == NOT_HERE for r in rows),
        "milliseconds, median": round(statistics.median(times)) if times else None,
        "milliseconds, nine in ten below": round(times[math.ceil(0.9 * len(times)) - 1]) if times else None,
        "adapter lines, median": statistics.median(lines) if lines else None,
        "adapters of five lines or fewer": sum(n <= FEW for n in lines),
        "ran": len(ran),
    }


def _counts(rows: Sequence[Row], words: Sequence[str]) -> dict[str, int]:
    counted = Counter(r.outcome for r in rows)
    return {"all": len(rows), **{word: counted[word] for word in words}}


def as_text(rows: Sequence[Row], engine: str) -> str:
    """The rows, and a summary for each set, as one table in Markdown."""
    lines = [f"Engine: {engine}", "", "| entry | verdict | outcome | said | ms | lines |", "|---|---|---|---|---|---|"]
    for row in rows:
        if row.outcome != NOT_HERE:
            lines.append(_line(row))
    for contact in dict.fromkeys(r.entry.contact for r in rows):
        lines += ["", f"{contact}:"]
        lines += [f"- {k}: {_told(v)}" for k, v in summary([r for r in rows if r.entry.contact == contact]).items()]
    return "\n".join(lines)


def _line(row: Row) -> str:
    verdict = row.entry.verdict if isinstance(row.entry.verdict, str) else ", ".join(row.entry.verdict)
    marks = {"fault": "", "suspicion": "?", "not seen": " (not seen)"}
    said = ", ".join(code + mark for level, mark in marks.items() for code in row.codes(level))
    said = said or str(row.said.get("error", "nothing to object to"))[:100].replace("\n", " ")
    ms = f"{row.said['ms']:.0f}" if "ms" in row.said else ""
    return f"| {row.entry.name} | {verdict} | {row.outcome} | {said} | {ms} | {row.entry.lines} |"


def _told(value: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
