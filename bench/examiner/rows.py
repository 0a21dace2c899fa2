"""A row of the comparison: a program, the right one beside it, and what the examiner's report comes to."""

from __future__ import annotations

import random
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from gradexaminer import Report

NAMED, TOLD, READ, UNSEEN, SILENT = "named", "told", "read back", "not seen", "silent"
OUTSIDE, CLEAN, ACCUSED = "outside", "clean", "accused"
Examination = Callable[[int], Report]


@dataclass(frozen=True)
class Row:
    """One program of a suite.

    Attributes
    ----------
    suite, name : str
    wrong : str
        What is wrong with it, in a phrase; for a right program, what it does.
    program, right : callable
        `program(seed)` examines the program, `right(seed)` the mended one beside it; None where the program is right.
    codes : tuple of str
        Codes that would name the fault. The first is its proper name.
    reads : str
        Pattern of a convention that only the wrong program's report holds: a value read back, not judged.
    outside : str
        Why the examiner cannot see it: exploration, environment, hyperparameters.
    source : str
        Where the program comes from: a path, or a question's number.
    """

    suite: str
    name: str
    wrong: str
    program: Examination
    right: Examination | None = None
    codes: tuple[str, ...] = ()
    reads: str = ""
    outside: str = ""
    source: str = ""


@dataclass
class Result:
    """What the examiner said of a row, with every seed."""

    row: Row
    outcome: str
    said: list[str]
    beside: str
    milliseconds: float
    report: str = field(default="", repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for `--json`."""
        return {
            "suite": self.row.suite,
            "row": self.row.name,
            "wrong": self.row.wrong,
            "source": self.row.source,
            "outcome": self.outcome,
            "said": self.said,
            "right code beside it": self.beside,
            "outside because": self.row.outside,
            "milliseconds": round(self.milliseconds),
        }


# From the best to the worst: over several seeds, the worst counts.
RANKS = (CLEAN, NAMED, TOLD, READ, UNSEEN, OUTSIDE, SILENT, ACCUSED)


def outcome(row: Row, report: Report) -> str:
    """What one report comes to.

    `named` is a fault with the row's own code; `told` is another word of fault or suspicion, or an error that is
    reported; `read back` is a value among the conventions; `not seen` means that the report says so.
    """
    accusing = [f.code for f in report.findings if f.level in {"fault", "suspicion"}]
    if row.right is None:
        return ACCUSED if accusing else CLEAN
    if any(f.level == "fault" and f.code in row.codes for f in report.findings):
        return NAMED
    if row.outside:
        return ACCUSED if accusing else OUTSIDE
    if accusing or {"crashed", "script-crashed"} & {f.code for f in report.findings}:
        return TOLD
    if row.reads and any(re.search(row.reads, text) for text in report.conventions):
        return READ
    return UNSEEN if report.of("not seen") else SILENT


def words(report: Report) -> list[str]:
    """The codes of a report, each with a mark of its strength: none for a fault, `?` for a suspicion."""
    marks = {"fault": "{}", "suspicion": "{}?", "not seen": "({})"}
    return [marks[f.level].format(f.code) for f in report.findings if f.level in marks]


def seeded(examination: Examination, seed: int) -> Report:
    """Examine with every generator seeded: replay buffers draw from all three.

    The report's milliseconds become those of the CPU: on one thread and an idle machine they are the clock's, and on a
    busy one they still say what the examination costs.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)
    began = time.process_time()
    report = examination(seed)
    report.milliseconds = 1000 * (time.process_time() - began)
    return report


def examine_row(row: Row, seeds: range, known: dict[Examination, list[Report]]) -> Result:
    """Examine a row with each seed, and the right program beside it once per run.

    `known` keeps the right programs' reports: several rows share one.
    """
    reports = [seeded(row.program, seed) for seed in seeds]
    beside = "itself"
    if row.right is not None:
        if row.right not in known:
            known[row.right] = [seeded(row.right, seed) for seed in seeds]
        beside = verdict_of(known[row.right])
    outcomes = [outcome(row, report) for report in reports]
    worst = max(outcomes, key=RANKS.index)
    shown = reports[outcomes.index(worst)]
    said = words(shown)
    if worst == READ:
        said = [m[0] for text in shown.conventions if (m := re.search(row.reads, text))]
    return Result(row, worst, said, beside, statistics.median(r.milliseconds for r in reports), str(shown))


def verdict_of(reports: list[Report]) -> str:
    """`clean`, or the false words said of a right program; what was not seen of it stands in parentheses."""
    false = sorted({w for r in reports for w in words(r) if not w.startswith("(")})
    unseen = sorted({w for r in reports for w in words(r) if w.startswith("(")})
    return ", ".join(["accused: " + ", ".join(false) if false else CLEAN, *unseen])
