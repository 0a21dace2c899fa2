"""Entries of the corpus: which update of which repository, and what a reader found in it."""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

RIGHT, UNKNOWN, OUTSIDE = "right", "unknown", "outside scope"
DEVELOPED = "developed on"
# A fault that a reader found and for which the examiner has no word of its own.
WITHOUT_WORD = {"not-finite"}
Adapter = Callable[[Any], Any]


@dataclass(frozen=True)
class Entry:
    """One update of one repository.

    Attributes
    ----------
    name : str
        The adapter's, by which one entry is run alone.
    repo : str
        `owner/name`, or for a personal repository the first 12 digits of the SHA-256 of that.
    path : str
        The file that holds the update.
    commit : str
        At least seven digits. The file is read at this commit, whatever the checkout shows.
    algorithm, packaging : str
        What it is, and how it is called.
    verdict : str or tuple of str
        `right`, `unknown`, `outside scope`, or the faults by the examiner's words (or one of
        :data:`WITHOUT_WORD`); `a|b` where either names it.
    evidence : str
        How the verdict was found: read by whom, an issue, a commit that mends it.
    contact : str
        `developed on`, or the round in which the examiner met it first, its engine frozen.
    run : callable
        `run(code)` returns the examiner's report.
    """

    name: str
    repo: str
    path: str
    commit: str
    algorithm: str
    packaging: str
    verdict: str | tuple[str, ...]
    evidence: str
    contact: str
    run: Adapter

    @property
    def lines(self) -> int:
        """Lines that a stranger would have to write; see :func:`adapter_lines`."""
        return adapter_lines(self.run)


ENTRIES: dict[str, Entry] = {}


def hashed(repo: str) -> str:
    """How a personal repository is known here."""
    return hashlib.sha256(repo.encode()).hexdigest()[:12]


def update(
    repo: str,
    path: str,
    commit: str,
    algorithm: str,
    packaging: str,
    verdict: str | Sequence[str],
    evidence: str,
    contact: str,
) -> Callable[[Adapter], Adapter]:
    """Register an adapter under its name; the arguments are the attributes of :class:`Entry`."""

    def register(run: Adapter) -> Adapter:
        name = run.__name__
        if name in ENTRIES:
            raise ValueError(f"two adapters are called {name}")
        kept = verdict if isinstance(verdict, str) else tuple(verdict)
        if isinstance(kept, str) and kept not in {RIGHT, UNKNOWN, OUTSIDE}:
            raise ValueError(f"{name}: the verdict is right, unknown, outside scope, or a list of faults")
        ENTRIES[name] = Entry(name, repo, path, commit, algorithm, packaging, kept, evidence, contact, run)
        return run

    return register


def adapter_lines(run: Adapter) -> int:
    """How many lines tell the examiner how to make, feed and update this agent.

    The import, which any program begins with, and the number or bounds of the actions are not counted, nor is a line
    that holds brackets alone.
    """
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(run))).body
    assert isinstance(function, ast.FunctionDef)
    return sum(_lines_of(statement) for statement in function.body)


def _lines_of(statement: ast.stmt) -> int:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return 0  # the docstring
    if isinstance(statement, ast.Assign) and ast.unparse(statement.value).startswith("code.module("):
        return 0
    if isinstance(statement, ast.Return) and isinstance(statement.value, ast.Call):
        call = statement.value
        given = [*call.args, *(k.value for k in call.keywords if k.arg in {None, "feed", "update", "sync", "run"})]
        return sum(_span(a) for a in given if not isinstance(a, ast.Name | ast.Dict))
    return _span(statement)


def _span(node: ast.stmt | ast.expr) -> int:
    lines = ast.unparse(node).splitlines()
    return sum(1 for line in lines if line.strip("()[]{}, \t"))
