"""A stranger's file as parts that can be run: a Python file as a whole, a notebook cell by cell."""

from __future__ import annotations

import ast
import json
import linecache
import re
from pathlib import Path
from typing import Any, NamedTuple

CELL = "cell "  # begins the name of a notebook's part in a traceback
KEPT = {"time", "timeit", "capture", "prun", "%"}  # cell magics whose cell is Python
LINE_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|.*\S\?)$")


class FileError(Exception):
    """The file cannot be read as Python or as a notebook; its text says why."""


class Part(NamedTuple):
    """Code, and the name that an error's traceback gives it."""

    name: str
    code: str


def parts_of(path: Path) -> list[Part]:
    """Return the code of a Python file, or of each code cell of a notebook in order.

    Raises
    ------
    FileError
        If the bytes are no text, or a notebook is no notebook.
    """
    try:
        if path.suffix != ".ipynb":
            return [Part(str(path), path.read_bytes().decode("utf-8-sig"))]
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [(n, _text(cell)) for n, cell in enumerate(cells, start=1) if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise FileError(f"it is no {'notebook' if path.suffix == '.ipynb' else 'Python file'} ({error!r})") from None
    return [Part(f"{CELL}{n}", _without_magics(text)) for n, text in code]


def _text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])  # a text, or a list of lines


def _without_magics(text: str) -> str:
    """The cell with IPython's own lines left out, each as `pass`; a cell in another language is empty."""
    first, _, rest = text.lstrip().partition("\n")
    if first.startswith("%%"):
        return _without_magics(rest) if first[2:].split(" ")[0] in KEPT else ""
    if _parsed(text) is not None:
        return text
    return "\n".join(LINE_MAGIC.sub(r"\1pass", line) for line in text.split("\n"))


def binds(parts: list[Part], name: str) -> bool:
    """Whether the code may give a name a value at its top level; True where it cannot be read."""
    return any(_binds(_parsed(part.code), name) for part in parts)


def _binds(tree: ast.Module | None, name: str) -> bool:
    if tree is None:
        return True
    return any(
        (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.alias) and (node.asname or node.name) == name)
        for node in ast.walk(tree)
    )


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def run_parts(parts: list[Part], names: dict[str, Any]) -> None:
    """Run the parts one after the other on the same names, so that tracebacks show their lines."""
    for part in parts:
        lines = [line + "\n" for line in part.code.split("\n")]
        linecache.cache[part.name] = (len(part.code), None, lines, part.name)
        exec(compile(part.code, part.name, "exec"), names)  # noqa: S102  # this process exists to run it
