"""A stranger's file examined in a process of its own, with limits, and in bubblewrap's sandbox where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from io import SEEK_END
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any, NamedTuple

from gradexaminer.findings import ORDER, Report
from gradexaminer.running.writable import copy_into, project_of

MOST_ANSWER, MOST_COMPLAINT = 20_000_000, 10_000  # bytes that are read of what a child wrote


class CannotExamineError(Exception):
    """The file could not be examined; its text says why, and what to do."""


@cache
def has_sandbox() -> bool:
    """Whether bubblewrap is installed and may make namespaces here."""
    if shutil.which("bwrap") is None:
        return False
    tried = subprocess.run([*_sandbox(Path("/")), "true"], capture_output=True, check=False, timeout=30)
    return tried.returncode == 0


def _sandbox(folder: Path, copy: Path | None = None, beside: Sequence[Path] = ()) -> list[str]:
    """Everything to be read, nothing to be written, no network; an empty `/tmp`, but for the project's folder.

    Where there is a copy of that, the copy lies in its place, to be written into, with what was not copied `beside`.
    """
    line = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    line += ["--tmpfs", "/var/tmp", "--setenv", "TMPDIR", "/var/tmp"]
    for path in dict.fromkeys([*sys.path, sys.prefix]):
        if path.startswith("/tmp/") and Path(path).exists():
            line += ["--ro-bind", path, path]
    if folder != Path("/"):  # after those: `python -m` has put the current folder among them
        bind = ["--bind", str(copy)] if copy else ["--ro-bind", str(folder)]
        line += [*bind, str(folder), "--chdir", str(folder)]
        for left in map(str, beside):
            line += ["--ro-bind", left, left]
    return [*line, "--unshare-all", "--die-with-parent", "--new-session"]


def examine_file(request: dict[str, Any], *, sandbox: bool = True) -> dict[str, Any]:
    """Examine a file; return the report as plain data, with `sandboxed` in it.

    Parameters
    ----------
    request : dict
        `file`, `object`, `script`, `spaces`, `seed`, `seconds`, `arguments` (of the script).
    sandbox : bool
        False to leave out the sandbox though there is one.

    Raises
    ------
    CannotExamineError
        If the file is missing, raises while it is imported, or takes too long.
    """
    path = Path(request["file"]).resolve()
    if not path.is_file():
        raise CannotExamineError(f"{path.name} is not a file here; give the path of a Python file or notebook")
    walled = sandbox and has_sandbox()
    project = project_of(path, Path.cwd())
    asked = json.dumps({**request, "file": str(path), "project": str(project)})
    with TemporaryDirectory(ignore_cleanup_errors=True) as copy:
        line = [*(_walled(project, Path(copy)) if walled else []), sys.executable, "-m", "gradexaminer.running.child"]
        return _answer(path, _run(line, asked, path, request["seconds"]), walled=walled, seconds=request["seconds"])


def _walled(project: Path, copy: Path) -> list[str]:
    """The sandbox for a project; it is only to be read where a copy would be too large or cannot be made."""
    try:
        beside = copy_into(project, copy)
    except OSError:
        beside = None
    return _sandbox(project) if beside is None else _sandbox(project, copy, beside)


def _run(line: list[str], asked: str, path: Path, seconds: int) -> _Said:
    patience = seconds * 4 + 30
    with TemporaryFile() as out, TemporaryFile() as err:  # files, whose size the child's limit bounds
        try:
            done = subprocess.run(line, input=asked.encode(), stdout=out, stderr=err, check=False, timeout=patience)
        except subprocess.TimeoutExpired as late:
            more = "it waits for something, or needs more with --seconds"
            raise CannotExamineError(f"{path.name} did not end in {patience} seconds: {more}") from late
        return _Said(done.returncode, _end_of(out, MOST_ANSWER), _end_of(err, MOST_COMPLAINT))


class _Said(NamedTuple):
    """How a child ended, its answer, and the end of what it complained about."""

    returncode: int
    stdout: str
    stderr: str


def _end_of(file: IO[bytes], most: int) -> str:
    file.seek(max(file.seek(0, SEEK_END) - most, 0))
    return file.read().decode("utf-8", "replace")


def _answer(path: Path, done: _Said, *, walled: bool, seconds: int) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = _last_line(done) or f"it ended with status {done.returncode}"
        why = (
            f"used up its {seconds} CPU seconds (more with --seconds)"
            if done.returncode in {-9, -24, 137, 152}
            else last
        )
        raise CannotExamineError(f"{path.name} could not be examined: {_shown(why)}") from None
    if not isinstance(said, dict):
        said = {}
    if "error" in said:
        why = f"{said['error']}{_complaint(path, done) if said.get('complained') else ''}"
        raise CannotExamineError(f"{path.name} could not be examined: {_shown(why)}")
    return _checked(path, {**said, "sandboxed": walled})


def _last_line(done: _Said) -> str:
    return (done.stderr.strip().splitlines() or [""])[-1][:300]


def _complaint(path: Path, done: _Said) -> str:
    """What a script wrote before it ended itself, and how it gets arguments where it asks for some."""
    last = _last_line(done)
    asks = f"; its own arguments go after --: gradexaminer {path.name} -- ..." if "argument" in last else ""
    return f" ({last}){asks}" if last else ""


def _checked(path: Path, said: dict[str, Any]) -> dict[str, Any]:
    """The answer made anew from known fields: the code that was examined may have written it itself."""
    try:
        findings = [{k: _shown(f[k]) for k in ("level", "code", "where", "evidence")} for f in said["findings"]]
        conventions = [_shown(c) for c in said["conventions"]]
        numbers = {"updates": int(said["updates"]), "milliseconds": float(said["milliseconds"])}
        flags = {"sandboxed": bool(said["sandboxed"]), "discrete": bool(said["discrete"])}
        report = Report.from_dict({"conventions": conventions, "findings": findings, **numbers, **flags}).as_dict()
        if any(f["level"] not in ORDER for f in findings):
            raise KeyError("level")
    except (KeyError, TypeError, ValueError):
        raise CannotExamineError(f"{path.name} could not be examined: what came back is no report") from None
    return report


def _shown(text: Any) -> str:
    """One line without control characters."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(str(text).split()))
