"""The first process of a kernel that runs as another OS user: it gives the kernel its user and limits, and ends all.

It runs as text, as root and by itself (``python -ISc``), since the kernel's user can read none of the grader's files.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import struct
import sys
from typing import Any, NoReturn

# linux/prctl.h, linux/capability.h
DEATH_SIGNAL, SECCOMP, DROP_BOUND, SUBREAPER, NO_NEW_RIGHTS = 1, 22, 24, 36, 38
FILTER, CAPABILITIES_3 = 2, 0x20080522
# landlock(7): its system calls, what a rule is about, and the accesses to files, by the version that knows them
CREATE, ADD, RESTRICT = 444, 445, 446
BENEATH = 1
EXECUTE, WRITE, READ, LIST = 1, 2, 4, 8
KNOWN = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
OF_FILES = EXECUTE | WRITE | READ | 1 << 14 | 1 << 15
TCP, ABSTRACT_SOCKETS_AND_SIGNALS = 3, 3
LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> NoReturn:
    """Start the kernel, and end everything of its user when the kernel or the grader has ended."""
    order, line, program = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    _prctl(SUBREAPER, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    kernel = os.fork()
    if kernel == 0:
        try:
            os.close(line)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            give_up_rights(order)
            os.execv(program[0], program)
        except BaseException as error:  # the grader sees that no kernel starts; a person who looks sees why
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)
    ended = os.pidfd_open(kernel)
    while not select.select([line, ended], [], [], 1.0)[0]:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0] not in (0, kernel):  # orphans that a student left to this process
                pass
    end_all(order["user"])
    os._exit(0)


def end_all(user: int) -> None:
    """Kill every process of a user in one system call, so that none can start another meanwhile."""
    if (killer := os.fork()) == 0:
        os.setresuid(user, user, user)
        with contextlib.suppress(OSError):
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(killer, 0)


def give_up_rights(order: dict[str, Any]) -> None:
    """Set the limits, a user of the kernel's own, no rights, the folders in reach where Landlock exists, the filter."""
    os.setsid()
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="utf-8") as first_to_go:
        first_to_go.write("1000")
    for name, most in order["limits"].items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (most, most))
    number = 0
    while LIBC.prctl(DROP_BOUND, number, 0, 0, 0) == 0:
        number += 1
    os.setgroups([])
    os.setresgid(*[order["user"]] * 3)
    os.setresuid(*[order["user"]] * 3)
    LIBC.capset(struct.pack("=Ii", CAPABILITIES_3, 0), bytes(24))
    _prctl(NO_NEW_RIGHTS, 1)
    _prctl(DEATH_SIGNAL, signal.SIGKILL)
    if order["landlock"]:
        confine(order["landlock"], order["read"], order["write"])
    os.chdir(order["home"])
    code = bytes.fromhex(order["filter"])
    calls = _Program(len(code) // 8, code)  # kept until the system has read it
    _prctl(SECCOMP, FILTER, ctypes.addressof(calls))


def confine(version: int, read: list[str], write: list[str]) -> None:
    """Leave these places alone in reach: to be read and run, or to be written, too. No TCP, no abstract sockets."""
    known = KNOWN[min(version, 5)]
    scopes = (TCP if version >= 4 else 0, ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    attributes = struct.pack("=QQQ", known, *scopes)[:size]
    rules = _syscall(CREATE, attributes, size, 0)
    for places, access in ((read, EXECUTE | READ | LIST), (write, known)):
        for place in places:
            with contextlib.suppress(OSError):  # what is not there cannot be reached either
                found = os.open(place, os.O_PATH)
                of_this = access & known if os.path.isdir(place) else access & known & OF_FILES
                _syscall(ADD, rules, BENEATH, struct.pack("=Qi", of_this, found), 0)
                os.close(found)
    _syscall(RESTRICT, rules, 0)
    os.close(rules)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _prctl(option: int, *words: int) -> None:
    if LIBC.prctl(option, *[ctypes.c_ulong(w) for w in (*words, 0, 0, 0, 0)[:4]]) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _syscall(number: int, *words: int | bytes) -> int:
    found: int = LIBC.syscall(number, *[ctypes.c_ulong(w) if isinstance(w, int) else w for w in words])
    if found < 0:
        raise OSError(ctypes.get_errno(), f"system call {number}")
    return found


if __name__ == "__main__":
    main()
