"""The filter of system calls, on a process that has it: what it lets through and what it refuses."""

from __future__ import annotations

import errno
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from grader.sandbox import seccomp
from grader.sandbox.supervise import FILTER, NO_NEW_RIGHTS, SECCOMP

UNDER_FILTER = f"""
import ctypes, errno, os, socket, sys
code = bytes.fromhex(sys.argv[1])
class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))
calls, prctl = Program(len(code) // 8, code), ctypes.CDLL(None).prctl
assert prctl({NO_NEW_RIGHTS}, *[ctypes.c_ulong(n) for n in (1, 0, 0, 0)]) == 0
assert prctl({SECCOMP}, *[ctypes.c_ulong(n) for n in ({FILTER}, ctypes.addressof(calls), 0, 0)]) == 0
def tried(name, work):
    try: work(); print(name, "works")
    except OSError as error: print(name, errno.errorcode[error.errno])
def reach(place):
    with socket.socket(socket.AF_UNIX) as end: end.connect(place)
tried("judge", lambda: reach(sys.argv[2]))
tried("abstract", lambda: reach("\\0" + sys.argv[3]))
for kind in ("STREAM", "SEQPACKET", "DGRAM", "RAW"):
    number = getattr(socket, "SOCK_" + kind)
    tried(kind, lambda: socket.socket(socket.AF_UNIX, number | socket.SOCK_CLOEXEC).close())
    tried(kind + " pair", lambda: [end.close() for end in socket.socketpair(socket.AF_UNIX, number)])
os.nice(5)
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
print("nice", os.getpriority(os.PRIO_PROCESS, 0))
print("policy", os.sched_getscheduler(0))
tried("INET", lambda: socket.socket(socket.AF_INET))
tried("INET DGRAM", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
"""


QUEUE = {"nice": str(os.getpriority(os.PRIO_PROCESS, 0)), "policy": str(os.sched_getscheduler(0))}


def said_under(code: bytes | None, judge: Path, abstract: str) -> dict[str, str]:
    """Return what a process with this filter can do with sockets: name -> "works", or the error."""
    assert code is not None, "this machine has no table of system calls: add one to grader/sandbox/seccomp.py"
    words = [sys.executable, "-ISc", UNDER_FILTER, code.hex(), str(judge), abstract]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return dict(line.rsplit(" ", 1) for line in said.splitlines())


@pytest.mark.parametrize("guarded", [True, False])
def test_the_filter_leaves_the_judges_socket_alone_in_reach(tmp_path: Path, guarded: bool) -> None:
    judge, name = tmp_path / "judge", f"grad-school-{tmp_path.name}-{'x' * 20}"
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
        one.bind(str(judge))
        other.bind(f"\0{name}")
        for end in (one, other):
            end.listen()
        assert len(name) != len(str(judge)), "the filter tells addresses by their length"
        said = said_under(seccomp.program(seccomp.LOCAL, str(judge) if guarded else None), judge, name)
    works = {"judge", "STREAM", "STREAM pair", "SEQPACKET", "SEQPACKET pair"}
    assert {what for what, how in said.items() if how == "works"} == works | (
        set() if guarded else {"abstract", "DGRAM", "DGRAM pair", "RAW", "RAW pair"}
    )
    assert {name: said[name] for name in QUEUE} == QUEUE  # asking for the processor last of all changes nothing
    assert said["abstract"] == ("ECONNREFUSED" if guarded else "works")
    assert said["INET"] == said["INET DGRAM"] == errno.errorcode[errno.EOPNOTSUPP]  # libzmq dies of others


@pytest.mark.parametrize("only_reaches", [None, "/tmp/run-12345678/judge"])
@pytest.mark.parametrize("families", [seccomp.FAMILIES, seccomp.LOCAL])
def test_its_jumps_land_inside(families: tuple[int, ...], only_reaches: str | None) -> None:
    code = seccomp.program(families, only_reaches)
    assert code is not None
    steps = [struct.unpack("=HBBI", code[i : i + 8]) for i in range(0, len(code), 8)]
    assert all(k + 1 + max(yes, no) < len(steps) for k, (_, yes, no, _) in enumerate(steps) if yes or no)
    assert steps[-1][0] == seccomp.RETURN
