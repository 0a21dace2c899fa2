"""What a student's cells define, and the answer to an exercise put together from cells that are not its own."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from grader.notebooks.comparing import LONGEST, kept_by_text, parse, plain_text

DEFINITION = re.compile(r"^(?:async )?(?:def|class) +(\w+)", re.MULTILINE)
BUILTINS = frozenset(dir(builtins))
FUNCTIONS = (ast.Lambda, ast.Name, ast.Attribute)  # what may be a function where a name is given to it
CONSTANTS = (*FUNCTIONS, ast.Constant, ast.UnaryOp, ast.Tuple, ast.List, ast.Dict)


@dataclass(frozen=True)
class Statement:
    """A statement of a cell that binds names and does nothing else; ``uses`` are the names that it reads."""

    text: str
    binds: frozenset[str]
    uses: frozenset[str]


@kept_by_text
def defined(source: str) -> frozenset[str]:
    """Return the functions and classes that a cell defines at its top level; the text need not parse."""
    tree = parse(source) if len(source) <= LONGEST else None
    if tree is None:
        return frozenset(DEFINITION.findall(plain_text(source)))
    return frozenset(name for statement in tree.body for name in _binds(statement, FUNCTIONS))


@kept_by_text
def statements(source: str) -> tuple[Statement, ...]:
    """Return the top-level statements of a cell that define something: functions, classes, imports, constants."""
    tree = parse(source) if len(source) <= LONGEST else None
    lines = plain_text(source).split("\n")
    found = []
    for node in tree.body if tree else []:
        if binds := _binds(node, CONSTANTS) | _imports(node):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            text = "\n".join(lines[first - 1 : node.end_lineno])
            found.append(Statement(text, frozenset(binds), frozenset(_uses(node))))
    return tuple(found)


def _binds(node: ast.stmt, values: tuple[type[ast.expr], ...]) -> set[str]:
    """Return the names that a definition, or an assignment of one of these kinds of values, gives a meaning."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets, value=value) if isinstance(value, values):
            return {t.id for t in targets if isinstance(t, ast.Name)}
    return set()


def _imports(node: ast.stmt) -> set[str]:
    aliases = node.names if isinstance(node, ast.Import | ast.ImportFrom) else []
    return {(a.asname or a.name).partition(".")[0] for a in aliases}


def _uses(node: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} - BUILTINS


def put_together(wanted: Set[str], cells: Iterable[str], leave_out: Set[str]) -> str:
    """Return the definitions of ``wanted`` from these cells, with those of the helpers that they use.

    Of several definitions of a name the last counts, as in Python. Names of ``leave_out`` are the lesson's to define.
    """
    known = [s for cell in cells for s in statements(cell)]
    taken: set[int] = set()
    ask = list(wanted)
    while ask:
        name = ask.pop()
        last = _last(name, known)
        if last is not None and last not in taken:
            taken.add(last)
            ask += known[last].uses - leave_out - wanted
    return "\n\n\n".join(known[i].text for i in sorted(taken))


def _last(name: str, known: Sequence[Statement]) -> int | None:
    return max((i for i, s in enumerate(known) if name in s.binds), default=None)
