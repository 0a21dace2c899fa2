"""A repository's code at a commit, imported in a fresh namespace."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.corpus import stubs


class Code:
    """What an adapter is handed: the checkout at the entry's commit.

    Attributes
    ----------
    root : Path
        Of the checkout.
    path : str
        The entry's file.
    """

    def __init__(self, root: Path, path: str) -> None:
        self.root, self.path = root.resolve(), path
        self._forget()

    def _forget(self) -> None:
        """Let every module of the checkout be imported anew: an earlier examination has filled its buffers."""
        for name in [name for name, module in sys.modules.items() if self._holds(module)]:
            del sys.modules[name]

    def _holds(self, module: ModuleType) -> bool:
        """Whether a module lies in the checkout: its file, or a package's folders, which may have no file."""
        places = [vars(module).get("__file__"), *vars(module).get("__path__", ())]
        return any(isinstance(place, str) and Path(place).is_relative_to(self.root) for place in places)

    def module(
        self,
        path: str | None = None,
        *,
        definitions: bool = False,
        stop: str | None = None,
        change: Callable[[str], str] | None = None,
        dotted: str | None = None,
        **names: Any,
    ) -> ModuleType:
        """Import a file of the checkout, a notebook's cells included.

        Parameters
        ----------
        path : str, optional
            Another file than the entry's.
        definitions : bool
            Run imports, functions, classes, options and assignments alone; an assignment that raises is left out. For
            files that begin to train when they are imported.
        stop : str, optional
            Run what stands above the first statement that contains this text.
        change : callable, optional
            From the file's text to the text that is run, for a file that this machine cannot run as it is.
        dotted : str, optional
            Import this name instead, such as `agents.td3`: for files that import each other from within a package.
        **names
            Put into the module before its code runs.
        """
        if dotted is not None:
            os.chdir(os.environ.get("TMPDIR", "/tmp"))
            sys.path.insert(0, str(self.root))
            return importlib.import_module(dotted)
        file = self.root / (path or self.path)
        for folder in (self.root, file.parent):
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))
        text = source(file)
        module = ModuleType(file.stem)
        vars(module).update(__file__=str(file), **names)
        sys.modules[file.stem] = module
        sys.argv = [str(file)]
        os.chdir(os.environ.get("TMPDIR", "/tmp"))
        for statement in statements(change(text) if change else text, definitions=definitions, stop=stop):
            try:
                exec(compile(ast.Module([statement], []), str(file), "exec"), vars(module))
            except Exception:
                if not definitions or not isinstance(statement, ast.Assign | ast.AnnAssign):
                    raise
        return module

    def enter(self) -> None:
        """Make the checkout the current folder, for code that reads files beside it."""
        os.chdir(self.root)

    def run(self, make: Callable[..., Any], *argv: str, change: Callable[[str], str] | None = None) -> None:
        """Run the entry's file as a script, `make` in place of Gymnasium's."""
        stubs.gymnasium_makes(make)
        os.chdir(os.environ.get("TMPDIR", "/tmp"))
        file = self.root / self.path
        sys.path[:0] = [str(file.parent), str(self.root)]
        sys.argv = [str(file), *argv]
        text = source(file)
        module = ModuleType("__main__")
        module.__file__ = str(file)
        sys.modules["__main__"] = module
        exec(compile(change(text) if change else text, str(file), "exec"), vars(module))


def source(file: Path) -> str:
    """A file's text; of a notebook, its code without commands to the notebook."""
    text = file.read_text(encoding="utf-8", errors="replace").lstrip("\ufeff")
    if file.suffix != ".ipynb":
        return text
    read = json.loads(text)
    cells = read["cells"] if "cells" in read else read["worksheets"][0]["cells"]
    codes = ["".join(c.get("source", c.get("input", ""))) for c in cells if c["cell_type"] == "code"]
    return "\n".join(_without_commands(code) for code in codes)


def _without_commands(cell: str) -> str:
    if cell.lstrip().startswith("%%"):
        return ""
    return "\n".join(re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in cell.splitlines())


def marimo_cells(text: str) -> str:
    """The program that a marimo notebook's cells are, for `change=`."""
    kept: list[ast.stmt] = []
    for node in ast.parse(text).body:
        is_cell = isinstance(node, ast.FunctionDef) and node.name == "_"
        kept += [s for s in node.body if not isinstance(s, ast.Return)] if is_cell else [node]
    return ast.unparse(ast.Module(kept, []))


def statements(text: str, *, definitions: bool, stop: str | None) -> Iterator[ast.stmt]:
    """The statements of a file that are to be run."""
    for node in ast.parse(text).body:
        if stop is not None and stop in (ast.get_source_segment(text, node) or ""):
            return
        kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
        is_option = isinstance(node, ast.Expr) and "add_argument" in ast.unparse(node)
        if not definitions or is_option or isinstance(node, kinds):
            yield node
