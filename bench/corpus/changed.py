"""Runs one entry as it is, and again with one change at a time, each in a fork of this process."""

from __future__ import annotations

import contextlib
import json
import linecache
import os
import resource
import sys
import traceback
from collections.abc import Callable, Iterator
from importlib import machinery
from pathlib import Path
from types import FrameType
from typing import Any

from bench.corpus import code as codes
from bench.corpus import stubs
from bench.corpus.adapters import load
from bench.corpus.changes import Change, changes_of, some_of
from bench.corpus.child import findings_of
from bench.corpus.registry import Entry
from bench.corpus.running import CHANGE_SECONDS


def main() -> None:
    """`python -m bench.corpus.changed NAME FOLDER MOST MODULE...`: one line of JSON on standard output."""
    name, folder, most, *modules = sys.argv[1:]
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    entry = load(modules)[name]
    json.dump(run(entry, Path(folder).resolve(), int(most)), answer)
    answer.close()


def run(entry: Entry, folder: Path, most: int) -> dict[str, Any]:
    """What the examiner says of an entry, and of at most so many changed ones."""
    _import_once()
    lines: dict[str, list[int]] = _apart(lambda: _lines_run(entry, folder))
    before = _apart(lambda: _said(entry, folder))
    if "error" in lines or "error" in before:
        return {"error": before.get("error") or lines["error"]}
    places = [(Path(file), change) for file, run in lines.items() for change in _changes(Path(file), set(run))]
    chosen = some_of([change for _, change in places], most, entry.name)
    where = {id(change): file for file, change in places}
    rows = [_row(entry, folder, where[id(change)], change) for change in chosen]
    return {"before": before, "changes": rows}


def _import_once() -> None:
    """Import what every fork needs. No backward pass here: PyTorch's threads do not survive a fork."""
    import torch

    import gradexaminer  # noqa: F401

    torch.set_num_threads(1)
    torch.optim.Adam(torch.nn.Linear(1, 1).parameters())  # its first use imports a second's worth of modules
    with contextlib.suppress(ImportError):
        import gymnasium  # noqa: F401


def _row(entry: Entry, folder: Path, file: Path, change: Change) -> dict[str, Any]:
    said = _apart(lambda: _said(entry, folder, file, change.text))
    place = {"kind": change.kind, "file": str(file.relative_to(folder)), "line": change.line}
    return {**place, "old": change.old[:160], "new": change.new[:160], **said}


def _changes(file: Path, lines: set[int]) -> list[Change]:
    with contextlib.suppress(SyntaxError, OSError):
        return changes_of(codes.source(file), lines)
    return []


def _apart(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do this in a fork, with a limit on its CPU time; what it raises is an answer, too."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        resource.setrlimit(resource.RLIMIT_CPU, (CHANGE_SECONDS, CHANGE_SECONDS + 5))
        with os.fdopen(write, "w") as line:
            try:
                answer = work()
            except BaseException as error:  # a stranger's file may raise anything
                traceback.print_exc()
                answer = {"error": f"{type(error).__name__}: {error}"[:300]}
            json.dump(answer, line)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as line:
        text = line.read()
    os.waitpid(child, 0)
    return dict(json.loads(text)) if text else {"error": f"did not end within {CHANGE_SECONDS} s of CPU time"}


def _said(entry: Entry, folder: Path, file: Path | None = None, text: str = "") -> dict[str, Any]:
    stubs.install(folder)
    with _in_place(file, text) if file else contextlib.nullcontext():
        report = entry.run(codes.Code(folder, entry.path))
    return {"findings": findings_of(report), "conventions": report.conventions}


@contextlib.contextmanager
def _in_place(file: Path, text: str) -> Iterator[None]:
    """Have a file read as this text, whether an adapter reads it or it is imported."""
    read, compiled = codes.source, machinery.SourceFileLoader.get_code

    def get_code(self: Any, name: str) -> Any:
        same = Path(self.path).resolve() == file
        return compile(text, self.path, "exec", dont_inherit=True) if same else compiled(self, name)

    codes.source = lambda path: text if Path(path).resolve() == file else read(path)
    machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    linecache.cache[str(file)] = (len(text), None, text.splitlines(keepends=True), str(file))
    try:
        yield
    finally:
        codes.source, machinery.SourceFileLoader.get_code = read, compiled  # type: ignore[method-assign]


def _lines_run(entry: Entry, folder: Path) -> dict[str, Any]:
    """The lines of the checkout's files that an examination runs, by file."""
    lines: dict[str, set[int]] = {}

    def trace(frame: FrameType, _event: str, _given: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(str(folder)):
            return None
        mine = lines.setdefault(str(Path(file).resolve()), set())

        def line(inner: FrameType, _event: str, _given: Any) -> Any:
            mine.add(inner.f_lineno)
            return line

        return line(frame, "call", None)

    stubs.install(folder)
    sys.settrace(trace)
    try:
        entry.run(codes.Code(folder, entry.path))
    finally:
        sys.settrace(None)
    return {file: sorted(run) for file, run in sorted(lines.items())}


if __name__ == "__main__":
    main()
