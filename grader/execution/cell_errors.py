"""How a student's own cell failed, in a sentence: its error, and the line of the cell that raised it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nbformat import NotebookNode

from grader.execution.cell_outcome import CellOutcome

ANSI = re.compile(r"\x1b\[[0-9;]*m")
PLACE = re.compile(r"(?:Cell In\[(\d+)\], line |<tokenize>:)(\d+)")  # a frame in a cell, as IPython writes it
INSIDE = re.compile(r" \(/[^)]*\)")  # where a package lies on this machine
MISSING = re.compile(r"No module named '([\w.]+)'")
CONFLICT = re.compile(r"(?:<<<<<<<|=======|>>>>>>>)(?: |$)")
NOT_DEFINED = re.compile(r"NameError: name '(\w+)' is not defined")
# What a text that does not parse seems to bind.
BOUND = re.compile(r"^(?:(?:async )?(?:def|class) +(\w+)|(\w+)\s*(?::[^=\n]+)?=(?!=))", re.M)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
MOST_LINE, MOST_MESSAGE = 60, 200
LOST = (CellOutcome.KERNEL_DIED, CellOutcome.UNINTERRUPTIBLE)


@dataclass(frozen=True)
class CellError:
    """One failed cell. ``sentence`` goes on after "the cell"; ``module`` is what it imports in vain, if it does."""

    cell: str  # its grade_id, "" for a cell of the student's own
    sentence: str
    module: str = ""
    binds: frozenset[str] = frozenset()


def cell_error(cell: NotebookNode, outcome: CellOutcome, time: str = "", lost: str = "") -> CellError:
    """Describe a cell that ended in this way; ``lost`` is what stopped its kernel, ``time`` what it had taken."""
    name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
    kind, message, line = _raised(cell)
    module = MISSING.search(message) if kind == "ModuleNotFoundError" else None
    where = _where(cell.source, line)
    if outcome in LOST:
        sentence = f"stopped the kernel ({lost or outcome.value})"
    elif outcome is CellOutcome.TIMEOUT:
        sentence = f"was stopped after {time}{where}"
    elif module:
        sentence = f"imports {module[1]}, which is not installed where work is graded{where}"
    else:
        sentence = f"raises {kind}: {message}{where}" if message else f"raises {kind}{where}"
    return CellError(name, sentence, module[1] if module else "", names_bound(cell.source))


def because_of(error: CellError, failed: Sequence[CellError]) -> CellError:
    """Return an error that also names the failed cell which should have defined the missing name, if there is one.

    ``failed`` are the errors of the cells before.
    """
    missing = NOT_DEFINED.search(error.sentence)
    culprit = next((e for e in reversed(failed) if missing and missing[1] in e.binds), None)
    if culprit is None:
        return error
    which = f"the cell {culprit.cell}" if culprit.cell else "another cell"
    return replace(error, sentence=f"{error.sentence}, which {which} should define, and that failed")


def names_bound(source: str) -> frozenset[str]:
    """Return the names that a cell binds at its top level; of a text that does not parse, what its lines show.

    >>> sorted(names_bound("from numpy import ones as o, zeros"))
    ['o', 'zeros']
    """
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset(name for found in BOUND.findall(source) for name in found if name)
    return frozenset(name for statement in body for name in _names_of(statement))


def _names_of(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, DEFINITIONS):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (a.asname or a.name.partition(".")[0] for a in node.names)


def _raised(cell: NotebookNode) -> tuple[str, str, int]:
    """Return the type, the message and the line (0 if it is not known) of the error that a cell shows last."""
    errors = [o for o in cell.get("outputs", []) if o.output_type == "error"]
    if not errors:
        return "an error", "", 0
    last = errors[-1]
    message = re.sub(r" ?\((?:<[\w ]+>|\w+\.py|[\w.-]*ipykernel[^,]*), line \d+\)$", "", str(last.evalue))
    message = " ".join(INSIDE.sub("", message).split())
    return str(last.ename), message[:MOST_MESSAGE], _line_number("\n".join(last.traceback))


def _line_number(traceback: str) -> int:
    """Return the line of the cell in which the error arose: of the frames in the cell where it begins, the last."""
    found = PLACE.findall(ANSI.sub("", traceback))
    own = [line for number, line in found if number == found[0][0]]
    return int(own[-1][:9]) if own else 0


def _line(source: str, line: int) -> str:
    lines = source.splitlines()
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""


def _where(source: str, line: int) -> str:
    """Return the line's number and text in brackets, "" if there is no such line."""
    text = _line(source, line)
    if not text:
        return f" (line {line})" if line > 0 else ""
    shown = text if len(text) <= MOST_LINE else text[: MOST_LINE - 1] + "…"
    return f" (line {line}: `{shown}`{', a conflict marker of git' if CONFLICT.match(text) else ''})"
