"""How a process inside the sandbox finishes its walls and gives up every right: calls of Linux, by libc.

A kernel that starts by itself runs this text first, and then becomes Python again (:func:`start_alone`). In the fork
server it is a module beside the server's own file. Nothing of ``grader`` is in sight in either place, so that this file
imports nothing of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import struct
import sys
from pathlib import Path
from typing import NoReturn, TypedDict

BUFFERS = "4096 16384 65536"  # bytes of a TCP connection: at least, at first, at most

# linux/sched.h, linux/mount.h, linux/mman.h, linux/prctl.h, linux/sockios.h
NEW_MOUNTS, NEW_HOST, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_USER, NEW_PROCESSES, NEW_NET = 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
PLAIN = NO_SUID | NO_DEVICES
DETACH = 2
LARGE, COLLAPSE = 2**21, 25
DUMPABLE, SECCOMP, DROP_BOUND, SUBREAPER, NO_NEW_RIGHTS, AMBIENT = 4, 22, 24, 36, 38, 47
CLEAR_ALL, FILTER, CAPABILITIES_3 = 4, 2, 0x20080522
SET_INTERFACE, UP = 0x8914, 1
LIBC = ctypes.CDLL(None, use_errno=True)


class KernelOrder(TypedDict):
    """What a kernel is to be, as the grader sends it in JSON."""

    judge: str  # the name of the judge's socket in JUDGE_SOCKET_DIR
    scratch: int  # bytes
    inodes: int
    limits: dict[str, int]
    user: int | None
    filter: str  # of system calls, in hexadecimal digits


def start_alone(order: KernelOrder, program: list[str]) -> NoReturn:
    """Become a program that imports everything by itself, with the limits and the rights of a forked kernel."""
    die_first()
    for place in ("/tmp", "/dev/shm"):
        mount(None, place, None, REMOUNT | PLAIN, room(order))
    limit_network()
    cover_processes()
    give_up_rights(order)
    os.execv(program[0], program)


def room(order: KernelOrder) -> str:
    """Return the options of a tmpfs that holds no more than it may: files without content take memory, too."""
    return f"size={order['scratch']},nr_inodes={order['inodes']}"


def die_first() -> None:
    """Be the first to go, with all children, when this machine runs out of memory: sooner than the grader."""
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")


def limit_network() -> None:
    """Let connections within this network namespace hold little that is not read; where they cannot, they stay."""
    for name in ("tcp_rmem", "tcp_wmem"):
        with contextlib.suppress(OSError):
            Path("/proc/sys/net/ipv4", name).write_text(BUFFERS, encoding="utf-8")


def cover_processes() -> None:
    """Cover what bubblewrap covers of /proc."""
    for name in ("sys", "sysrq-trigger", "irq", "bus"):
        if os.path.exists(place := f"/proc/{name}"):
            mount(place, place, None, BIND | RECURSIVE)
            mount(None, place, None, REMOUNT | BIND | READ_ONLY | PLAIN | NO_PROGRAMS)


def give_up_rights(order: KernelOrder) -> None:
    """Set the limits, a user of its own (in a user namespace unless the grader is root), no rights, and the filter."""
    call("prctl", DUMPABLE, 1, 0, 0, 0)
    os.setsid()
    for name, most in order["limits"].items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (most, most))
    if order["user"] is None:
        call("unshare", NEW_USER | NEW_MOUNTS)
        for name, text in (("setgroups", "deny"), ("uid_map", "1000 0 1"), ("gid_map", "1000 0 1")):
            Path("/proc/self", name).write_text(text, encoding="utf-8")
        _close_processes()
        _drop_bounding()
    else:
        _close_processes()
        _drop_bounding()
        os.setgroups([])
        os.setresgid(*[order["user"]] * 3)
        os.setresuid(*[order["user"]] * 3)
    drop_capabilities()
    call("prctl", NO_NEW_RIGHTS, 1, 0, 0, 0)
    call("prctl", DUMPABLE, 1, 0, 0, 0)  # a change of user takes it away; a kernel that was started cold has it
    install_filter(bytes.fromhex(order["filter"]))


def _close_processes() -> None:
    """Make /proc read-only: a process could lower there what :func:`die_first` has raised."""
    mount(None, "/proc", None, REMOUNT | BIND | READ_ONLY | PLAIN | NO_PROGRAMS)


def _drop_bounding() -> None:
    """Drop every capability from what programs that this process starts could have."""
    for number in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="utf-8")) + 1):
        call("prctl", DROP_BOUND, number, 0, 0, 0)


def drop_capabilities() -> None:
    """Drop every capability of this process."""
    call("prctl", AMBIENT, CLEAR_ALL, 0, 0, 0)
    header, nothing = struct.pack("=Ii", CAPABILITIES_3, 0), bytes(24)
    call("capset", header, nothing)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def install_filter(code: bytes) -> None:
    """Install the filter of system calls; none is sent where there is none for this kind of machine."""
    if code:
        program = _Program(len(code) // 8, code)
        call("prctl", SECCOMP, FILTER, ctypes.addressof(program), 0, 0)


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Call mount(2)."""
    texts = [None if t is None else t.encode() for t in (source, target, kind, data)]
    call("mount", *texts[:3], ctypes.c_ulong(flags), texts[3], say=target)


def call(name: str, *words: object, say: object = "") -> None:
    """Call a function of libc, and raise OSError unless it returns 0."""
    words = tuple(ctypes.c_ulong(w) if isinstance(w, int) else w for w in words)
    if getattr(LIBC, name)(*words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name} {say}: {os.strerror(number)}")


if __name__ == "__main__":
    start_alone(json.loads(sys.argv[1]), sys.argv[2:])
