"""Checkouts in a folder, found by name or by the name's hash, and brought to a commit."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from bench.corpus.registry import hashed


class NotHereError(Exception):
    """The repository, or the commit, is not in the folder."""


def checkouts(folder: Path) -> dict[str, Path]:
    """Every checkout, by `owner/name`, by the hash of that, and by both with `@commit` where the folder says so."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        name, at, commit = path.name.partition("@")
        if path.is_dir() and "+" in name:
            repo = name.replace("+", "/", 1)
            for known in (repo, hashed(repo)):
                found[known + at + commit] = path
    return found


def bring(found: Mapping[str, Path], repo: str, commit: str, to: Path) -> Path:
    """Write the repository's files at a commit below `to`, once, and return their folder.

    A folder called `owner+name@commit` holds files of that commit without a history, and is taken as it is.
    """
    for known, path in found.items():
        name, _, at = known.partition("@")
        if name == repo and at and (commit.startswith(at) or at.startswith(commit)):
            return path
    if repo not in found:
        raise NotHereError(repo)
    place = to / f"{repo.replace('/', '+')}-{commit}"
    if not place.exists():
        git = ["git", "-c", "safe.directory=*", "-C", str(found[repo])]
        done = subprocess.run([*git, "archive", commit], capture_output=True, check=False)
        if done.returncode:
            raise NotHereError(f"{repo} at {commit}")
        with tarfile.open(fileobj=BytesIO(done.stdout)) as files:
            files.extractall(place, filter="data")
    return place
