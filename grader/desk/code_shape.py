"""The shape of code: what is left of an answer when names, constants, comments and formatting are taken away.

Each statement becomes a sequence of symbols, the nodes of its syntax tree in the order of reading. Operands of ``+``
and ``*`` are put in one order, keywords too, and ``x += y`` is ``x = x + y``. What belongs to a library keeps its name
(``np``, ``.sum``, ``axis=``): it says what the code does, not what somebody called it.
"""

from __future__ import annotations

import ast
import builtins
import io
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

MOST_CODE = 100_000  # characters of one answer that are looked at
MOST_SYMBOLS = 20_000  # of one answer
LIBRARY = frozenset(dir(builtins)) | {"np", "numpy", "torch", "nn", "F", "math"}
SWAPPABLE = (ast.Add, ast.Mult)
PLAIN = {tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING}


@dataclass(frozen=True)
class Statement:
    """One statement as symbols, and the lines of the answer that it stands in, counted from 1."""

    symbols: tuple[str, ...]
    first: int
    last: int


@lru_cache(maxsize=4096)
def statements(code: str) -> tuple[Statement, ...]:
    """Return the statements of an answer, in its order; of code that does not parse, its lines as tokens."""
    text = code[:MOST_CODE]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a student's invalid escape is no matter of the instructor's terminal
            found = _in_body(ast.parse(text).body)
            return tuple(_bounded(found))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return tuple(_bounded(_by_tokens(text)))


def shape(code: str) -> tuple[tuple[str, ...], ...]:
    """Return what two answers have in common exactly if they differ in names, constants and formatting alone."""
    return tuple(s.symbols for s in statements(code))


def _bounded(found: Iterable[Statement]) -> Iterator[Statement]:
    left = MOST_SYMBOLS
    for statement in found:
        left -= len(statement.symbols)
        if left < 0:
            return
        yield statement


def _in_body(body: list[ast.stmt]) -> Iterator[Statement]:
    """Yield the statements of a block: of a compound one its head, then what is inside it."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass) or _is_text(node):
            continue
        inner = [part for name in ("body", "orelse", "finalbody") for part in getattr(node, name, [])]
        handlers = [part for handler in getattr(node, "handlers", []) for part in handler.body]
        last = inner[0].lineno - 1 if inner else (node.end_lineno or node.lineno)
        yield Statement(tuple(_statement(node)), node.lineno, max(last, node.lineno))
        yield from _in_body([*inner, *handlers])


def _is_text(node: ast.stmt) -> bool:
    """Return whether a statement is a lone constant, as a docstring is."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _statement(node: ast.stmt) -> Iterator[str]:
    """Yield a statement's symbols, without those of the statements inside it."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield "def" if not isinstance(node, ast.ClassDef) else "class"
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from ("=", *(s for t in targets for s in _expression(t)))
        yield from _expression(node.value) if node.value else ()
    elif isinstance(node, ast.AugAssign):
        yield from ("=", *_expression(node.target))
        yield from _expression(ast.BinOp(node.target, node.op, node.value))
    else:
        yield type(node).__name__
        for name, value in ast.iter_fields(node):
            if name not in ("body", "orelse", "finalbody", "handlers", "type_comment"):
                yield from _part(value)


def _part(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _part(one)
    elif isinstance(value, ast.AST):
        yield from _expression(value)


def _expression(node: ast.AST) -> Iterator[str]:
    """Yield the symbols of an expression."""
    if isinstance(node, ast.Name):
        yield node.id if node.id in LIBRARY else "name"
    elif isinstance(node, ast.Constant):
        yield "constant"
    elif isinstance(node, ast.Attribute):
        yield from ("." + node.attr, *_expression(node.value))
    elif isinstance(node, ast.BinOp):
        sides = [tuple(_expression(node.left)), tuple(_expression(node.right))]
        if isinstance(node.op, SWAPPABLE):
            sides.sort()
        yield from (type(node.op).__name__, *sides[0], *sides[1])
    elif isinstance(node, ast.Call):
        yield from ("call", *_expression(node.func), *_part(node.args))
        for given in sorted(node.keywords, key=lambda k: k.arg or ""):
            yield from (f"{given.arg or '**'}=", *_expression(given.value))
    else:
        yield from _other(node)


def _other(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.expr_context | ast.arguments):
        yield type(node).__name__
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr_context | ast.arguments):
            yield from _expression(child)


def _by_tokens(text: str) -> Iterator[Statement]:
    """Yield the lines of code that does not parse, as tokens: names and constants alike, library names kept."""
    lines: dict[int, list[str]] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in PLAIN:
                lines.setdefault(token.start[0], []).append(_token(token))
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass  # what was read up to there
    for number, symbols in lines.items():
        yield Statement(tuple(symbols), number, number)


def _token(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.NAME:
        return token.string if token.string in LIBRARY else "name"
    return token.string if token.type == tokenize.OP else "constant"
