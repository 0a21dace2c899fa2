"""A copy of a project's folder for a script to write into: most scripts make a folder for logs before they learn."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

MOST_FILES, MOST_BYTES, MOST_ENTRIES = 500, 10_000_000, 500  # of one entry of the folder; entries
LEFT_OUT = {"node_modules", "venv", "env"}


def project_of(file: Path, cwd: Path) -> Path:
    """Return the folder that a script runs in: that of its caller if the script lies in it, or else its own."""
    return cwd if cwd in file.parents and cwd not in {Path(cwd.anchor), Path.home()} else file.parent


def copy_into(folder: Path, empty: Path) -> list[Path] | None:
    """Copy what lies in a folder, and return what is too large for that, hidden, or an environment of Python's.

    None if so much lies in it that it is no project.
    """
    entries = sorted(folder.iterdir())
    if len(entries) > MOST_ENTRIES:  # a folder of downloads
        return None
    return [entry for entry in entries if not _copied(entry, empty / entry.name)]


def _copied(entry: Path, target: Path) -> bool:
    """Copy a file or a folder; False if it is left where it is."""
    if entry.name.startswith(".") or entry.name in LEFT_OUT or (entry / "pyvenv.cfg").exists():
        return False
    files: list[Path] = []
    bytes_ = 0
    for file in _files(entry):
        files.append(file)
        bytes_ += file.stat().st_size
        if len(files) > MOST_FILES or bytes_ > MOST_BYTES:
            return False
    for file in files:
        to = target / file.relative_to(entry) if file != entry else target
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to)
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    return True


def _files(entry: Path) -> Iterator[Path]:
    """A file itself, or the regular files below a folder that may be read."""
    found = [entry] if entry.is_file() else (Path(here, n) for here, _, names in os.walk(entry) for n in sorted(names))
    yield from (file for file in found if file.is_file() and os.access(file, os.R_OK))
