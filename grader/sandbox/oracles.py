"""The public halves without their oracles: what a kernel sees of ``gradschool.exercises`` while it is graded.

An oracle answers an exercise without a reference, so that `check` can work on a student's own machine. While grading,
the judge needs none, and a student who returned the oracle's answer would be paid for calling it.
"""

from __future__ import annotations

import ast
import os
import threading
import uuid
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import gradschool

EXERCISES = Path(gradschool.__file__).resolve().parent / "exercises"
ONE_PARSER = threading.Lock()  # CPython 3.11's parser counts its depth for all threads together, and may trip over it
EXPECT_AT = 4  # the place of ``expect`` among Exercise's arguments


def stripped(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Write every exercise module without its oracles into ``folder``; pairs of (the copy, the file it stands for)."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = tuple((file, file.read_text(encoding="utf-8")) for file in sorted(EXERCISES.glob("*.py")))
    with ONE_PARSER:
        texts = _without_oracles(sources)
    for (file, _), text in zip(sources, texts, strict=True):
        _write(folder / file.name, text)
        yield folder / file.name, file


@lru_cache(maxsize=4)
def _without_oracles(sources: tuple[tuple[Path, str], ...]) -> list[str]:
    """The modules' texts without their oracles, in the same order."""
    trees = [ast.parse(text) for _, text in sources]
    names = {name for tree in trees for name in _take_oracles(tree)}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef) and node.name in names:
            node.body = [ast.parse("raise LookupError('no oracle while grading')").body[0]]
    return [ast.unparse(tree) for tree in trees]


def _take_oracles(tree: ast.Module) -> set[str]:
    """Put None where an Exercise of this module names its oracle; the names that stood there."""
    taken: set[str] = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if not (isinstance(call.func, ast.Name) and call.func.id == "Exercise"):
            continue
        places = [k for k in call.keywords if k.arg == "oracle"]
        found = [k.value for k in places] + call.args[EXPECT_AT : EXPECT_AT + 1]
        taken |= {node.id for value in found for node in ast.walk(value) if isinstance(node, ast.Name)}
        for keyword in places:
            keyword.value = ast.Constant(None)
        call.args[EXPECT_AT : EXPECT_AT + 1] = [ast.Constant(None)] * len(call.args[EXPECT_AT : EXPECT_AT + 1])
    return taken


def _write(file: Path, text: str) -> None:
    """In one move: other workers, and other threads of this one, may be reading or writing it."""
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        partial = file.with_suffix(f".{uuid.uuid4().hex}")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, file)
