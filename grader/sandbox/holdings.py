"""What a kernel that runs as another OS user holds besides its processes' memory: files, deleted ones too, and sockets.

bubblewrap has file systems of limited size and a network namespace that counts sockets. Where there are no namespaces
both are counted here: files in the folders that the user can write to, and what the user's processes have open. Root
in a container may not look into another user's processes, but that user may: a thread takes on its identity for this.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from grader.sandbox.resources import ResourceLimits, too_many_sockets

HIDDEN = "it hid what it has open"
UNCOUNTED = "it made a folder that cannot be counted"
MOST_HIDDEN = 3  # counts in a row: a process that starts or ends shows nothing for a moment


class Hidden(Exception):
    """A process does not let its own user see what it has open."""


class Holdings:
    """The files and sockets of one user."""

    def __init__(self, user: int, places: Sequence[Path], resources: ResourceLimits) -> None:
        self.user, self.places, self.resources = user, places, resources
        self._hidden = 0  # counts in a row in which a process hid what it has open

    def excess(self, processes: Sequence[int]) -> str:
        """Return in words what of this is too much, or hidden; "" if all is well."""
        try:
            size, files = self._files()
            deleted, sockets, hidden = self._open(processes)
        except OSError:  # a path too long, or a folder closed to a root without its usual rights
            return UNCOUNTED
        self._hidden = self._hidden + 1 if hidden else 0
        if self._hidden >= MOST_HIDDEN:
            return HIDDEN
        most, most_files = 2 * self.resources.scratch, 2 * self.resources.inodes  # as bubblewrap's two folders
        if sockets > self.resources.sockets:
            return too_many_sockets(self.resources)
        if files > most_files:
            return f"it made more than {most_files} files"
        return f"its files took more than {most // 2**20} MB" if size + deleted > most else ""

    def _files(self) -> tuple[int, int]:
        """Return the bytes and the number of the user's files, up to somewhat more than are allowed."""
        size, files, waiting = 0, 0, list(self.places)
        while waiting and files <= 2 * self.resources.inodes:
            for entry in _entries(waiting.pop()):
                try:
                    about = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if about.st_uid == self.user:
                    size, files = size + 512 * about.st_blocks, files + 1
                    if stat.S_ISDIR(about.st_mode):
                        waiting.append(Path(entry.path))
        return size, files

    def _open(self, processes: Sequence[int]) -> tuple[int, int, bool]:
        """Return the bytes of deleted files that are open, the number of sockets, and whether a process hides them."""
        deleted, sockets, hidden = dict[tuple[int, int], int](), set[int](), False
        with identity(self.user):
            for pid in processes:
                try:
                    for about in _descriptors(pid):
                        if stat.S_ISSOCK(about.st_mode):
                            sockets.add(about.st_ino)
                        elif stat.S_ISREG(about.st_mode) and about.st_nlink == 0:
                            deleted[about.st_dev, about.st_ino] = 512 * about.st_blocks
                except Hidden:
                    hidden = hidden or not _has_ended(pid)
        return sum(deleted.values()), len(sockets), hidden


def _has_ended(pid: int) -> bool:
    """Return whether a process has given its memory back: it has nothing open, and its folder in /proc is root's."""
    try:
        if len(os.listdir(f"/proc/{pid}/task")) > 1:  # a first thread that has ended leaves the others' files open
            return False
        return "VmSize:" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return True


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what a folder holds; nothing if it is gone."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _descriptors(pid: int) -> Iterator[os.stat_result]:
    """Yield what each descriptor of a process refers to; nothing if the process is gone."""
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except PermissionError as error:
        raise Hidden from error
    except OSError:
        return
    for name in names:
        try:
            yield os.stat(f"/proc/{pid}/fd/{name}")
        except PermissionError as error:
            raise Hidden from error
        except OSError:
            continue


@contextmanager
def identity(user: int) -> Iterator[None]:
    """Let this thread alone look at files as a user and group of that number; see setfsuid(2)."""
    system = ctypes.CDLL(None)
    system.setfsgid(user)
    system.setfsuid(user)
    try:
        yield
    finally:
        system.setfsuid(os.geteuid())
        system.setfsgid(os.getegid())
