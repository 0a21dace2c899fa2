"""Answers that measure slopes where a gradient is to be derived: found by the form of the code, noted for a person.

Such an answer may be exact (with a complex step, with many digits, term by term), and then no input refutes it. So no
mark depends on what is found here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from nbformat import NotebookNode

from grader.notebooks.comparing import text_of
from grader.notebooks.find_answers import name_of

MEASURING = {"chain-numerical-gradient-solution"}  # where that is what is asked for
MANY_DIGITS = {"mpmath", "decimal", "fractions", "sympy", "longdouble", "float128", "complex_step"}
MEASURES = {"numerical_gradient", "central_differences", "approx_fprime"}
SHOWS = re.compile("|".join(("/", *sorted(MANY_DIGITS | MEASURES))))  # without any of it nothing is found
MOST_TEXT = 50_000  # characters of a cell that is looked at


def note_measured_slopes(cells: Iterable[NotebookNode]) -> list[str]:
    """Return a note for each answer whose functions measure slopes, with the line and what shows it."""
    notes = []
    for cell in cells:
        name = name_of(cell)
        if cell.cell_type == "code" and name.endswith("-solution") and name not in MEASURING:
            found = next(_signs(text_of(cell)), None)
            if found:
                notes.append(f"The cell {name} may measure slopes ({found[1]} in line {found[0]}): worth a look.")
    return notes


def _signs(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of functions in which something is measured, and what shows it; nothing of what is no program."""
    if len(text) > MOST_TEXT or (text.isascii() and not SHOWS.search(text)):  # other letters may spell the same names
        return
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for inner in ast.walk(node):
                if sign := _sign(inner):
                    yield inner.lineno, sign  # type: ignore[attr-defined]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or node.names[0].name
            if module.partition(".")[0] in MANY_DIGITS:
                yield node.lineno, module


def _sign(node: ast.AST) -> str:
    """Return what shows in this one expression that slopes are measured; "" if nothing does."""
    match node:
        case ast.BinOp(op=ast.Div(), left=above, right=below) if _is_quotient(above, below):
            return "a difference quotient"
        case ast.BinOp(op=ast.Div(), left=ast.Attribute(attr="imag")):
            return "a complex step"
        case ast.BinOp(op=ast.Div(), left=ast.Call(func=ast.Attribute(attr="imag"))):
            return "a complex step"
        case ast.Attribute(attr=str(word)) | ast.Name(id=str(word)) if word in MANY_DIGITS:
            return word
        case ast.Call(func=ast.Attribute(attr=str(word)) | ast.Name(id=str(word))) if word in MEASURES:
            return word
    return ""


def _is_quotient(above: ast.expr, below: ast.expr) -> bool:
    """Return whether this is f(x + h) - f(x) over anything, or f(up) - f(down) over 2 h; f has no dot in its name."""
    match above:
        case ast.BinOp(
            op=ast.Sub(), left=ast.Call(func=ast.Name(id=f)) as one, right=ast.Call(func=ast.Name(id=g)) as two
        ):
            twice = isinstance(below, ast.BinOp) and isinstance(below.left, ast.Constant) and below.left.value == 2
            return f == g and ast.dump(one) != ast.dump(two) and (twice or _steps(one) or _steps(two))
    return False


def _steps(call: ast.Call) -> bool:
    """Return whether an argument is a sum or a difference, as p + h is."""
    return any(isinstance(a, ast.BinOp) and isinstance(a.op, ast.Add | ast.Sub) for a in call.args)
