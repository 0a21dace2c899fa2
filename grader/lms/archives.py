"""Reading what an LMS handed over: a folder, a zip, or zips in it. Nothing is unpacked to disk or executed.

nbgrader's own ``zip_collect`` unpacks with :func:`shutil.unpack_archive`, without a bound on sizes or counts, and its
exchange copies with :func:`shutil.copytree`, which follows a student's links. So we read here, member by member, and
where something is written is decided by :mod:`grader.lms.collect` from the roster alone, never by a name in an archive.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath

from grader.errors import GraderError
from grader.notebooks.reader import MOST_BYTES

MOST_FILES = 20_000  # in one folder or zip, zips inside it included
MOST_TOTAL = 2 * 2**30  # bytes unpacked from zips in one run
NOISE = ("__MACOSX", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db")


@dataclass(frozen=True)
class ArchiveMember:
    """One file that was handed in: ``path`` inside its source, ``mtime`` when it was packed (local time, ISO).

    ``read`` gives at most ``MOST_BYTES`` bytes or raises GraderError; ``trouble`` says why there is nothing to read.
    """

    path: str
    mtime: str = ""
    read: Callable[[], bytes] = bytes
    trouble: str = ""


class UnpackLimits:
    """A budget: how many files and bytes one run may still unpack."""

    def __init__(self, files: int = MOST_FILES, total: int = MOST_TOTAL) -> None:
        self.files, self.total = files, total

    def spend_file(self) -> bool:
        """Count one more file; return whether it may be looked at."""
        self.files -= 1
        return self.files >= 0

    def spend_bytes(self, content: bytes) -> bytes:
        """Count a file's content and return it; raise GraderError when too much was unpacked already."""
        self.total -= len(content)
        if self.total < 0:
            raise GraderError(f"more than {MOST_TOTAL // 2**30} GB were unpacked in this run: collect it in parts.")
        return content


@contextmanager
def open_archive(source: Path, limits: UnpackLimits | None = None) -> Iterator[list[ArchiveMember]]:
    """Open a folder or zip and give every file in it, in the order of their paths.

    Raises
    ------
    GraderError
        If it is neither.
    """
    limits = limits or UnpackLimits()
    with ExitStack() as stack:
        if source.is_dir():
            found = list(_folder(source, stack, limits))
        elif source.is_file():
            archive = _archive(source, stack)
            if archive is None:
                raise GraderError(f"{source} is neither a folder nor a zip: give the LMS's download.")
            found = list(_members(archive, "", limits, depth=1))
        else:
            raise GraderError(f"There is no {source}: give the LMS's download, a folder or a zip.")
        if limits.files < 0:
            found.append(ArchiveMember(source.name, trouble=f"more than {MOST_FILES} files: the rest was left out."))
        yield sorted(found, key=lambda p: p.path)


def is_noise(path: str) -> bool:
    """Return whether this is a file that operating systems and editors leave behind."""
    parts = PurePosixPath(path).parts
    return any(p in NOISE for p in parts) or (bool(parts) and parts[-1].startswith(("._", "~$")))


def _folder(source: Path, stack: ExitStack, limits: UnpackLimits) -> Iterator[ArchiveMember]:
    for folder, folders, files in os.walk(source, followlinks=False):
        here = Path(folder)
        folders.sort()
        linked = [f for f in folders if (here / f).is_symlink()]
        for file in (here / f for f in sorted([*files, *linked])):
            path = file.relative_to(source).as_posix()
            if is_noise(path):
                continue
            if not limits.spend_file():
                return
            yield from _on_disk(file, path, stack, limits)


def _on_disk(file: Path, path: str, stack: ExitStack, limits: UnpackLimits) -> Iterator[ArchiveMember]:
    about = file.lstat()
    if stat.S_ISLNK(about.st_mode):
        yield ArchiveMember(path, trouble="a link to somewhere else: ask for the file itself.")
    elif not stat.S_ISREG(about.st_mode):
        yield ArchiveMember(path, trouble="not a plain file: left alone.")
    elif file.suffix.lower() == ".zip" and (archive := _archive(file, stack)):
        yield from _members(archive, path + "/", limits, depth=1)
    else:
        mtime = datetime.fromtimestamp(about.st_mtime).isoformat(timespec="seconds")
        yield ArchiveMember(path, mtime, lambda: _bytes_of(file))


def _bytes_of(file: Path) -> bytes:
    """Read a plain file's bytes; fail if it was changed into a link in the meantime."""
    try:
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as opened_file:
            return _bounded(opened_file.read(MOST_BYTES + 1))
    except OSError as error:
        raise GraderError(f"cannot be opened ({error.strerror}).") from error


def _bounded(content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise GraderError(f"larger than {MOST_BYTES // 2**20} MB: ask for it again without its outputs.")
    return content


def _archive(source: Path | io.BytesIO, stack: ExitStack | None = None) -> zipfile.ZipFile | None:
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    return stack.enter_context(archive) if stack else archive


def _members(archive: zipfile.ZipFile, prefix: str, limits: UnpackLimits, depth: int) -> Iterator[ArchiveMember]:
    for info in archive.infolist():
        path = prefix + info.filename.replace("\\", "/")
        if info.is_dir() or is_noise(path):
            continue
        if not limits.spend_file():
            return
        yield from _member(archive, info, ArchiveMember(path, _mtime(info)), limits, depth)


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, member: ArchiveMember, limits: UnpackLimits, depth: int
) -> Iterator[ArchiveMember]:
    path = PurePosixPath(member.path)
    if path.is_absolute() or ".." in path.parts or "\0" in info.orig_filename:
        yield replace(member, trouble="its name leads out of the archive: left alone.")
    elif stat.S_ISLNK(info.external_attr >> 16):
        yield replace(member, trouble="a link to somewhere else: ask for the file itself.")
    elif info.flag_bits & 1:
        yield replace(member, trouble="locked with a password: ask for it without one.")
    elif path.suffix.lower() == ".zip" and depth:
        yield from _zip_in_zip(archive, info, member, limits, depth)
    else:
        yield replace(member, read=lambda: limits.spend_bytes(_unpacked(archive, info)))


def _zip_in_zip(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, member: ArchiveMember, limits: UnpackLimits, depth: int
) -> Iterator[ArchiveMember]:
    """Yield the files of a zip inside a zip, which is unpacked again for each of them rather than kept in memory."""

    def again() -> zipfile.ZipFile:
        found = _archive(io.BytesIO(limits.spend_bytes(_unpacked(archive, info))))
        if found is None:
            raise GraderError("a damaged zip: ask for it again.")
        return found

    try:
        for inside in _members(again(), member.path + "/", limits, depth - 1):
            name = inside.path.removeprefix(member.path + "/")
            yield inside if inside.trouble else replace(inside, read=partial(_read_inside, again, name, limits))
    except GraderError as error:
        yield replace(member, trouble=str(error))


def _read_inside(again: Callable[[], zipfile.ZipFile], name: str, limits: UnpackLimits) -> bytes:
    archive = again()
    info = next(i for i in archive.infolist() if i.filename.replace("\\", "/") == name)
    return limits.spend_bytes(_unpacked(archive, info))


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Read a member's bytes up to the limit, whatever its header claims of its size."""
    try:
        with archive.open(info) as member:
            return _bounded(member.read(MOST_BYTES + 1))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise GraderError("damaged in its zip: ask for it again.") from error


def _mtime(info: zipfile.ZipInfo) -> str:
    try:
        return datetime(*info.date_time).isoformat()
    except ValueError:
        return ""
