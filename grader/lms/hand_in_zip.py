"""A zip that one student handed in, within limits that are this hand-in's alone; zips inside of it are opened, too."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import PurePosixPath
from typing import IO

from grader.errors import GraderError
from grader.lms.filenames import OTHER_ENDINGS, looks_like_notebook
from grader.notebooks.reader import MOST_BYTES

MOST_NOTEBOOKS = 200  # files of one hand-in that are looked into
MOST_UNPACKED = 150 * 2**20  # bytes of them
MOST_DEPTH = 2  # zips in zips of one hand-in
MOST_DIRECTORY = 4 * 2**20  # bytes of a zip's list of files: some 40,000 of them
ZIP_SIGN = b"PK\x03\x04"
END_OF_DIRECTORY = struct.Struct("<4s4H2LH")
NOISE = ("__MACOSX", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db")
RECEIPT = "receipt.json"
TOO_MUCH = "too much in one hand-in: "
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)


@dataclass(frozen=True)
class ArchiveMember:
    """One file that was handed in: ``path`` inside its source, ``mtime`` when it was packed (local time, ISO).

    ``read`` gives at most ``MOST_BYTES`` bytes or raises GraderError; ``trouble`` says why there is nothing to read.
    """

    path: str
    mtime: str = ""
    read: Callable[[], bytes] = bytes
    trouble: str = ""


@dataclass
class HandInLimits:
    """What one hand-in may still make us read; ``trouble`` is set once it is over."""

    files: int = field(default_factory=lambda: MOST_NOTEBOOKS)
    total: int = field(default_factory=lambda: MOST_UNPACKED)
    trouble: str = ""
    path: str = ""  # of a file of it
    _read: set[str] = field(default_factory=set)

    def spend_file(self) -> bool:
        """Count one more file; return whether it may be looked at."""
        self.files -= 1
        if self.files < 0:
            self.trouble = f"{TOO_MUCH}more than {MOST_NOTEBOOKS} files to look into, so the rest was left out."
        return self.files >= 0

    def spend(self, path: str, read: Callable[[], bytes]) -> bytes:
        """Read a file, count its content once, and return it; raise GraderError when too much was read already."""
        content = read() if self.total >= 0 or path in self._read else b""
        if path not in self._read and self.total >= 0:
            self._read.add(path)
            self.total -= len(content)
        if self.total < 0:
            self.trouble = f"{TOO_MUCH}more than {MOST_UNPACKED // 2**20} MB unpacked, so ask for the notebook alone."
            raise GraderError(self.trouble)
        return content


class HandInZip:
    """The files of one zip; it is unpacked again when a file is read and another zip was opened since."""

    _opened: tuple[tuple[str, int], zipfile.ZipFile] | None = None  # the last one of all, as a zip may be large

    def __init__(self, path: str, read: Callable[[], bytes], limits: HandInLimits, depth: int = MOST_DEPTH) -> None:
        self.path, self.limits, self.depth = path, limits, depth
        self._read = read

    def members(self) -> Iterator[ArchiveMember]:
        """Yield what may be a notebook, and what is wrong; whatever else is packed beside notebooks is passed over."""
        try:
            infos = [i for i in self._open().infolist() if not i.is_dir() and not is_noise(i.filename)]
        except GraderError as error:
            yield ArchiveMember(self.path, trouble=str(error))
            return
        wanted = [i for i in infos if _is_wanted(i.filename)] or [i for i in infos if _may_be(i.filename)]
        if not wanted:
            yield ArchiveMember(self.path, trouble="a zip without a notebook: ask for the .ipynb.")
        for info in wanted:
            if not self.limits.spend_file():
                return
            yield from self._member(info)

    def _member(self, info: zipfile.ZipInfo) -> Iterator[ArchiveMember]:
        path = f"{self.path}/" + info.filename.replace("\\", "/")
        member = ArchiveMember(path, packed_time(info), partial(self._unpacked, info, path), member_trouble(info, path))
        if member.trouble or not path.lower().endswith(".zip"):
            yield member
        elif self.depth <= 1:
            yield replace(member, trouble=f"zips inside zips, {MOST_DEPTH} deep: ask for the notebook alone.")
        else:
            yield from HandInZip(path, member.read, self.limits, self.depth - 1).members()

    def _unpacked(self, info: zipfile.ZipInfo, path: str) -> bytes:
        return self.limits.spend(path, lambda: unpacked(self._open(), info))

    def _open(self) -> zipfile.ZipFile:
        key = (self.path, id(self.limits))
        if HandInZip._opened and HandInZip._opened[0] == key:
            return HandInZip._opened[1]
        content = self._read()
        _require_small_directory(content)
        try:
            archive = zipfile.ZipFile(io.BytesIO(content))
        except BROKEN as error:
            raise GraderError("a damaged zip: ask for it again.") from error
        HandInZip._opened = (key, archive)
        return archive


def _is_wanted(path: str) -> bool:
    name = PurePosixPath(path.replace("\\", "/")).name
    return looks_like_notebook(name) or name.lower().endswith(".zip") or name == RECEIPT


def _may_be(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in OTHER_ENDINGS


def _require_small_directory(content: bytes) -> None:
    """Refuse a zip whose list of files is huge before it is built, which takes a hundred times its bytes."""
    at = content.rfind(b"PK\x05\x06")
    if at < 0 or len(content) - at < END_OF_DIRECTORY.size:
        raise GraderError("a damaged zip: ask for it again.")
    is_zip64 = content[max(at - 20, 0) : at].startswith(b"PK\x06\x07")  # the true size stands elsewhere
    if is_zip64 or END_OF_DIRECTORY.unpack_from(content, at)[5] > MOST_DIRECTORY:
        raise GraderError("a zip of too many files: ask for the notebook alone.")


def is_noise(path: str) -> bool:
    """Return whether this is a file that operating systems and editors leave behind."""
    parts = PurePosixPath(path).parts
    return any(p in NOISE for p in parts) or (bool(parts) and parts[-1].startswith(("._", "~$")))


def member_trouble(info: zipfile.ZipInfo, path: str) -> str:
    """Return why a member of a zip is not read, "" if it is."""
    found = PurePosixPath(path)
    if found.is_absolute() or ".." in found.parts or "\0" in info.orig_filename:
        return "its name leads out of the archive: left alone."
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link to somewhere else: ask for the file itself."
    return "locked with a password: ask for it without one." if info.flag_bits & 1 else ""


def unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int = 0) -> bytes:
    """Read a member's bytes up to the limit, whatever its header claims of its size; or its first ones."""
    try:
        with archive.open(info) as member:
            return member.read(most) if most else bounded(member)
    except BROKEN as error:
        raise GraderError("damaged in its zip: ask for it again.") from error


def bounded(file: IO[bytes]) -> bytes:
    """Read a file up to the limit; raise GraderError if there is more."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise GraderError(f"larger than {MOST_BYTES // 2**20} MB: ask for it again without its outputs.")
    return content


def packed_time(info: zipfile.ZipInfo) -> str:
    """Return when a member was packed, in local time; "" if it does not say."""
    try:
        return datetime(*info.date_time).isoformat()
    except ValueError:
        return ""
