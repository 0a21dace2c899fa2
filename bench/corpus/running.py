"""One process for each entry, in bubblewrap's sandbox where there is one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.corpus.checkouts import NotHereError, bring
from bench.corpus.registry import Entry
from gradexaminer.running.apart import has_sandbox

ROOT = Path(__file__).resolve().parents[2]
CHANGE_SECONDS = 120  # of CPU for one change, in a process in which all is imported


def run_entry(
    entry: Entry, found: Mapping[str, Path], modules: Sequence[str] = (), seconds: int = 120, changes: int = 0
) -> dict[str, Any]:
    """What the examiner said of an entry, as plain data; `not_here` or `error` where it could say nothing.

    With `changes`, what it said of the entry `before`, and of so many `changes`, one at a time.
    """
    with tempfile.TemporaryDirectory(dir="/var/tmp") as kept:
        try:
            folder = bring(found, entry.repo, entry.commit, Path(kept))
        except NotHereError as missing:
            return {"not_here": str(missing)}
        if changes:
            return _child("changed", entry, folder, modules, changes, seconds + changes * CHANGE_SECONDS)
        return _child("child", entry, folder, modules, seconds, seconds)


def _child(
    program: str, entry: Entry, folder: Path, modules: Sequence[str], number: int, seconds: int
) -> dict[str, Any]:
    line = [*(_walls(folder) if has_sandbox() else []), sys.executable, "-m", f"bench.corpus.{program}"]
    asked = [entry.name, str(folder), str(number), *modules]
    path = os.pathsep.join([*(p for p in sys.path if p), str(ROOT)])
    env = {**os.environ, "PYTHONPATH": path, "MPLBACKEND": "Agg", "SDL_VIDEODRIVER": "dummy", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run([*line, *asked], capture_output=True, env=env, timeout=2 * seconds, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"did not end within {2 * seconds} s"}
    try:
        return dict(json.loads(done.stdout))
    except json.JSONDecodeError:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return {"error": f"ended with status {done.returncode}: {' '.join(last)}"}


def _walls(folder: Path) -> list[str]:
    """Everything readable, nothing to be written but an empty `/tmp`, no network."""
    line = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    for path in {str(folder), str(ROOT), *sys.path, sys.prefix}:
        if path.startswith("/tmp/") and Path(path).exists():
            line += ["--ro-bind", path, path]
    return [*line, "--setenv", "TMPDIR", "/tmp", "--unshare-all", "--die-with-parent", "--new-session"]
