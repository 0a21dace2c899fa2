"""What the monitor counts of a process: what it holds, and the tables of its pages, which Linux holds for it."""

from __future__ import annotations

import subprocess
import sys

from grader.sandbox.resources import _own_share, _resident, _sockets

# Reads a byte in every two megabytes of nothing: no page of its own, and a table for each.
READ_NOTHING = """
import mmap, sys
size = int(sys.argv[1])
pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
pages.madvise(mmap.MADV_NOHUGEPAGE)
for at in range(0, size, 2**21): pages[at]
print(flush=True); sys.stdin.read()
"""


def held_by(size: int) -> tuple[int, int]:
    """What a process that reads so much of nothing is charged, in both ways."""
    command = [sys.executable, "-IS", "-c", READ_NOTHING, str(size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline()
        try:
            return _resident(process.pid), _own_share(process.pid)
        finally:
            process.kill()


def test_tables_of_pages_count() -> None:
    """Of eight gigabytes they are sixteen megabytes, a page for each two megabytes."""
    few, many = held_by(2**21), held_by(2**33)
    assert all(15 * 2**20 < more - less < 24 * 2**20 for less, more in zip(few, many, strict=True)), (few, many)


def test_what_is_gone_or_shares_our_network_counts_nothing() -> None:
    assert (_resident(2**22), _own_share(2**22), _sockets(2**22)) == (0, 0, 0)
    with subprocess.Popen(["sleep", "60"]) as process:
        assert _sockets(process.pid) == 0
        process.kill()
