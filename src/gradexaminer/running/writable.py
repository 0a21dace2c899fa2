"""A copy of a project's folder for a script to write into: most scripts make a folder for logs before they learn."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

MOST_FILES, MOST_BYTES = 2000, 50_000_000
LEFT_OUT = {"__pycache__", "node_modules", "venv", "env", "wandb", "mlruns"}


def project_of(file: Path, cwd: Path) -> Path:
    """Return the folder that a script runs in: that of its caller if the script lies in it, or else its own."""
    return cwd if cwd in file.parents and cwd not in {Path(cwd.anchor), Path.home()} else file.parent


def copy_into(folder: Path, empty: Path) -> bool:
    """Copy a project's files, but for hidden ones and environments; False if there are too many, or too large ones."""
    files = bytes_ = 0
    for source in _files(folder):
        try:
            files, bytes_ = files + 1, bytes_ + source.stat().st_size
            if files > MOST_FILES or bytes_ > MOST_BYTES:
                return False
            target = empty / source.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        except OSError:  # it cannot be read, by the script neither
            continue
    return True


def _files(folder: Path) -> Iterator[Path]:
    """The regular files below a folder; those in it come first."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if not n.startswith(".") and n not in LEFT_OUT and _is_plain(here, n))
        yield from (Path(here, n) for n in sorted(names) if Path(here, n).is_file())


def _is_plain(here: str, name: str) -> bool:
    """Whether a folder is no environment of Python's."""
    return not Path(here, name, "pyvenv.cfg").exists()
