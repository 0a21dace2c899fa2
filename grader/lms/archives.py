"""Reading what an LMS handed over: a folder, a zip, or zips in it. Nothing is unpacked to disk or executed.

nbgrader's own ``zip_collect`` unpacks with :func:`shutil.unpack_archive`, without a bound on sizes or counts, and its
exchange copies with :func:`shutil.copytree`, which follows a student's links. So we read here, member by member, and
where something is written is decided by :mod:`grader.lms.collect` from the roster alone, never by a name in an archive.

What one student handed in has limits of its own (:mod:`grader.lms.hand_in_zip`): it cannot use up anybody else's.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from grader.errors import GraderError
from grader.lms.filenames import looks_like_notebook, parse_name
from grader.lms.hand_in_zip import (
    ZIP_SIGN,
    ArchiveMember,
    HandInLimits,
    HandInZip,
    bounded,
    is_noise,
    member_trouble,
    packed_time,
    unpacked,
)

MOST_FILES = 200_000  # in one folder: no download has as many

Limits = dict[str, HandInLimits]  # by who handed in


@contextmanager
def open_archive(source: Path) -> Iterator[list[ArchiveMember]]:
    """Open a folder or zip and give every file in it, in the order of their paths.

    Raises
    ------
    GraderError
        If it is neither.
    """
    limits: Limits = {}
    with ExitStack() as stack:
        if source.is_dir():
            found = list(_folder(source, stack, limits))
        elif source.is_file():
            archive = _download(source, stack)
            if archive is None:
                raise GraderError(f"{source} is neither a folder nor a zip: give the LMS's download.")
            if parse_name(source.name):
                found = list(_on_disk(source, source.name, stack, limits))
            else:
                found = list(_members(archive, "", limits))
        else:
            raise GraderError(f"There is no {source}: give the LMS's download, a folder or a zip.")
        found += [ArchiveMember(limit.path, trouble=limit.trouble) for limit in limits.values() if limit.trouble]
        yield sorted(found, key=lambda p: p.path)


def _limits_of(path: str, limits: Limits) -> HandInLimits:
    """Return the limits of whoever handed this file in; what nobody is known to have handed in stands by itself."""
    name = parse_name(path)
    parts = PurePosixPath(path).parts
    who = f"{name.download}/{name.lms} {name.lms_id}" if name else "/".join(parts[:2])
    return limits.setdefault(who, HandInLimits(path=path))


def _folder(source: Path, stack: ExitStack, limits: Limits) -> Iterator[ArchiveMember]:
    left = MOST_FILES
    for folder, folders, files in os.walk(source, followlinks=False):
        here = Path(folder)
        folders.sort()
        linked = [f for f in folders if (here / f).is_symlink()]
        for file in (here / f for f in sorted([*files, *linked])):
            path = file.relative_to(source).as_posix()
            if is_noise(path):
                continue
            left -= 1
            if left < 0:
                yield ArchiveMember(source.name, trouble=f"more than {MOST_FILES:,} files: give the download alone.")
                return
            yield from _on_disk(file, path, stack, limits)


def _on_disk(file: Path, path: str, stack: ExitStack, limits: Limits) -> Iterator[ArchiveMember]:
    about = file.lstat()
    mtime = datetime.fromtimestamp(about.st_mtime).isoformat(timespec="seconds")
    member = ArchiveMember(path, mtime, lambda: _limits_of(path, limits).spend(path, lambda: _bytes_of(file)))
    if stat.S_ISLNK(about.st_mode):
        yield replace(member, trouble="a link to somewhere else: ask for the file itself.")
    elif not stat.S_ISREG(about.st_mode):
        yield replace(member, trouble="not a plain file: left alone.")
    elif parse_name(path):
        yield from _handed_in(member, lambda: _first_bytes(file), limits)
    elif file.suffix.lower() == ".zip" and (archive := _download(file, stack)):
        yield from _members(archive, path + "/", limits)
    else:
        yield member


def _first_bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened_file:
            return opened_file.read(len(ZIP_SIGN))
    except OSError:
        return b""


def _bytes_of(file: Path) -> bytes:
    """Read a plain file's bytes; fail if it was changed into a link in the meantime."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(file, flags), "rb") as opened_file:
            return bounded(opened_file)
    except OSError as error:
        raise GraderError(f"cannot be opened ({error.strerror}).") from error


def _download(source: Path, stack: ExitStack) -> zipfile.ZipFile | None:
    """Open a zip that an LMS or an instructor made; None if it is none."""
    try:
        return stack.enter_context(zipfile.ZipFile(source))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None


def _members(archive: zipfile.ZipFile, prefix: str, limits: Limits) -> Iterator[ArchiveMember]:
    for info in archive.infolist():
        path = prefix + info.filename.replace("\\", "/")
        if not info.is_dir() and not is_noise(path):
            yield from _member(archive, info, path, limits)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str, limits: Limits) -> Iterator[ArchiveMember]:
    member = ArchiveMember(path, packed_time(info), trouble=member_trouble(info, path))
    if member.trouble:
        yield member
        return
    read = replace(member, read=lambda: _limits_of(path, limits).spend(path, lambda: unpacked(archive, info)))
    yield from _handed_in(read, lambda: unpacked(archive, info, len(ZIP_SIGN)), limits)


def _handed_in(member: ArchiveMember, first: Callable[[], bytes], limits: Limits) -> Iterator[ArchiveMember]:
    """Yield a file, or the files in it if it is a zip, whatever its ending: content decides."""
    name = PurePosixPath(member.path).name
    is_zip = name.lower().endswith(".zip")
    if not is_zip and looks_like_notebook(name):
        try:
            is_zip = first() == ZIP_SIGN
        except GraderError:
            is_zip = False
    if not is_zip:
        yield member
        return
    yield from HandInZip(member.path, member.read, _limits_of(member.path, limits)).members()
