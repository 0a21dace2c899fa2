"""Checkouts in a folder, found by name or by the name's hash, and brought to a commit."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from bench.corpus.registry import hashed

LINK = "120000"  # the mode of a symbolic link, which may lead out of the folder


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
        with tarfile.open(fileobj=BytesIO(_archive(found[repo], repo, commit))) as files:
            files.extractall(place, filter="data")
    return place


def _archive(checkout: Path, repo: str, commit: str) -> bytes:
    """A tar file of the commit, without files that this clone does not hold, such as pictures and weights."""
    git = ["git", "-c", "safe.directory=*", "-C", str(checkout)]
    listed = subprocess.run([*git, "ls-tree", "-r", "-z", commit], capture_output=True, text=True, check=False)
    if listed.returncode:
        raise NotHereError(f"{repo} at {commit}")
    lines = [line.partition("\t") for line in listed.stdout.split("\0") if line]
    blobs = [(kind.split()[2], name) for kind, _, name in lines if " blob " in kind]  # a name may begin with a space
    asked = "\n".join(blob for blob, _ in blobs)
    known = subprocess.run([*git, "cat-file", "--batch-check"], input=asked, capture_output=True, text=True, check=True)
    links = {name for kind, _, name in lines if kind.startswith(LINK)}
    told = zip(blobs, known.stdout.splitlines(), strict=True)
    # What is away is named, not what is here: a command's arguments have no room for the files of a large repository.
    away = [name for (_, name), there in told if name in links or " blob " not in there]
    paths = [".", *(f":(exclude,literal){name}" for name in away)]
    return subprocess.run([*git, "archive", commit, "--", *paths], capture_output=True, check=True).stdout
