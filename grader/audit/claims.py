"""The sentences shown for wrong answers, tested on fresh inputs by code that is no part of the diagnosis."""

from __future__ import annotations

from grader.audit.mutants import Solution
from grader.bank.entry import Entry
from gradschool.core.report import Report


def false_claims(entry: Entry, mutant: Solution, reports: tuple[Report, ...], inputs: int) -> str:
    """Return what a report claims of a mutant and fresh inputs refute; "" if every claim holds."""
    return ""
