"""Is a cell as it was handed out? White space, line ends and a formatter's work are no change.

Two pieces of code are the same if they parse to the same tree, up to the white space of docstrings and the order of
imports; what does not parse, and prose, is compared by letters and digits.
"""

from __future__ import annotations

import ast
import hashlib
import re
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from inspect import cleandoc
from typing import Any, ParamSpec, TypeVar

from nbformat import NotebookNode

from grader.notebooks.nbgrader_cells import compute_checksum

LONGEST = 40_000  # characters of a cell that is compared by more than its text
KEPT = 8_000  # characters of a cell whose results are kept: longer ones are rare, and would fill the memory
SIGNS = re.compile(r"[\W_]+")
WORD = re.compile(r"(?<!\w)[^\W\d]\w*")
PREFIX = re.compile(r"(?<!\w)[fFrRbBuU]{1,2}(?=[\"'])")  # of a text: several texts in a row may become one
MAGIC = re.compile(r"^([ \t]*)[%!](.*)$", re.MULTILINE)  # IPython's own lines, which Python cannot parse
OWN_ID = re.compile(r"([0-9a-f]{12})-\d+")  # of a lesson's cell: the digest of its text, see `source.py`
Import = ast.Import | ast.ImportFrom
P = ParamSpec("P")
R = TypeVar("R")


def kept_by_text(function: Callable[P, R]) -> Callable[P, R]:
    """Keep a function's results by its first argument, a cell's text, and the others, if the text is short.

    The cells of a lesson are the same in every submission. A result must be one that no caller changes.
    """
    kept = lru_cache(maxsize=1024)(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        short = len(str(args[0])) <= KEPT
        return kept(*args, **kwargs) if short else function(*args, **kwargs)  # type: ignore[arg-type]  # all hashable

    return call


def plain_text(text: str) -> str:
    """Return a cell's text with the line ends of Unix, and without a byte order mark."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


def text_of(cell: NotebookNode) -> str:
    """Return a cell's text, without the halves of characters (lone surrogates) that no file could hold."""
    text = cell.get("source", "")
    text = "".join(map(str, text)) if isinstance(text, list) else str(text)
    return plain_text(text if text.isascii() else text.encode("utf-8", "replace").decode())


def same_text(one: str, other: str, code: bool) -> bool:
    """Return whether two cells' texts say the same."""
    if one == other:
        return True
    return _signature(one, code) == _signature(other, code) and _canonical(one, code) == _canonical(other, code)


class HandedOut:
    """The cells of a lesson as they were handed out, found by a text that says the same."""

    def __init__(self, cells: Iterable[NotebookNode]) -> None:
        self._by_signature: dict[tuple[str, str], list[NotebookNode]] = defaultdict(list)
        self._found: dict[tuple[str, str], list[NotebookNode]] = {}  # each cell is asked for several times
        for cell in cells:
            self._by_signature[cell.cell_type, _signature(cell.source, cell.cell_type == "code")].append(cell)

    def find(self, cell: NotebookNode) -> list[NotebookNode]:
        """Return the lesson's cells that say the same as this one; text without a letter is only like itself."""
        text, kind = text_of(cell), str(cell.cell_type)
        if (kind, text) not in self._found:
            alike = self._by_signature.get((kind, _signature(text, kind == "code")), [])
            self._found[kind, text] = [c for c in alike if same_text(text, c.source, kind == "code")]
        return self._found[kind, text]

    def has(self, cell: NotebookNode) -> bool:
        """Return whether a cell is as some release handed it out: this one, or another by the cell's own digest."""
        return bool(self.find(cell)) or _says_so_itself(cell)


def _says_so_itself(cell: NotebookNode) -> bool:
    """Return whether a cell's own checksum or id, which a release gives it, is that of its text.

    Somebody could forge both, and would only have own work taken for none.
    """
    about = cell.metadata.get("nbgrader")
    if isinstance(about, dict) and isinstance(about.get("grade_id"), str):
        try:
            return bool(about.get("checksum") == compute_checksum(cell))
        except (KeyError, TypeError, ValueError):
            return False
    digest = OWN_ID.fullmatch(str(cell.get("id", "")))
    return bool(digest and digest[1] == hashlib.sha256(text_of(cell).encode()).hexdigest()[:12])


@kept_by_text
def _signature(text: str, code: bool) -> str:
    """Return what no formatter changes: of prose its letters and digits, of code its words, in no order."""
    if len(text) > LONGEST:
        return text
    if code:
        return " ".join(sorted(WORD.findall(PREFIX.sub("", text)))) or _without_trailing_space(text)
    return SIGNS.sub("", text.casefold()) or " ".join(text.split())


@lru_cache(maxsize=1024)
def _canonical(text: str, code: bool) -> str:
    """Return a digest that two texts share if they say the same."""
    return hashlib.sha256(_normal_form(text, code).encode("utf-8", "replace")).hexdigest()


def _normal_form(text: str, code: bool) -> str:
    if not code or len(text) > LONGEST:
        return _signature(text, code=False)
    tree = parse(text)
    try:
        return _dump(tree) if tree else _without_trailing_space(text)
    except RecursionError:
        return _without_trailing_space(text)


def _without_trailing_space(text: str) -> str:
    return "\n".join(line.rstrip() for line in plain_text(text).expandtabs().strip().splitlines())


def _dump(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        body: Any = getattr(node, "body", None)
        if isinstance(body, list):
            _dedent_docstring(body)
            node.body = _sorted_imports(body)  # type: ignore[attr-defined]  # whatever has a body
    return ast.dump(tree)


def parse(text: str) -> ast.Module | None:
    """Parse a cell's code, IPython's own lines taken for texts; None if it does not parse."""
    text = plain_text(text)
    for code in (text, MAGIC.sub(lambda found: found[1] + repr(found[2]), text)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of odd escapes in a student's texts
                return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _dedent_docstring(body: list[ast.stmt]) -> None:
    match body:
        case [ast.Expr(value=ast.Constant(value=str(text)) as docstring), *_]:
            docstring.value = "\n".join(line.rstrip() for line in cleandoc(text).strip().splitlines())


def _sorted_imports(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return statements with every run of imports in one order."""
    found: list[ast.stmt] = []
    run: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, Import):
            statement.names.sort(key=lambda alias: alias.name)
            run.append(statement)
        else:
            found += [*sorted(run, key=ast.dump), statement]
            run = []
    return [*found, *sorted(run, key=ast.dump)]
