"""A short filter of system calls for student kernels: nothing that makes namespaces, mounts, spies or hides memory.

The sandbox of :mod:`grader.sandbox.bubblewrap` does not need it; it takes away the parts of Linux in which ways
through such sandboxes have been found, and the ways to hold memory that no process accounts for: memfd, System V
shared memory and semaphores, shared pages without a file, pages given away to a pipe, large socket buffers (asked
for, they stay as they are). A program also keeps its place in the queue for the processor.
The program is classic BPF as in seccomp(2), for x86-64 and AArch64; elsewhere there is none.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Sequence

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_SET, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, (16, 24, 32, 40)  # offsets in struct seccomp_data
ANONYMOUS, SHARED = 0x20, 0x01  # MAP_ANONYMOUS, and what MAP_SHARED and MAP_SHARED_VALIDATE have in common
SOCKET_LEVEL, SEND_BUFFER, RECEIVE_BUFFER = 1, 7, 8  # SOL_SOCKET, SO_SNDBUF, SO_RCVBUF
NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK; not AF_VSOCK, which knows no namespaces
LOCAL = (1,)  # where there is no network namespace: AF_UNIX alone
KIND, STREAM, PACKETS = 0xF, 1, 5  # of a socket's type, which also holds flags: SOCK_STREAM and SOCK_SEQPACKET

# Name: (x86-64, AArch64), from the kernel's tables.
REFUSED = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "vmsplice": (278, 75),
    "fanotify_init": (300, 262),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
}
# They seem to be done. A process that asked for the processor last of all would not even end on a busy machine.
WITHOUT_EFFECT = {
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
}
SOCKET, CLONE, CLONE3, MMAP, SET_OPTION = (41, 198), (56, 220), (435, 435), (9, 222), (54, 208)
SOCKET_PAIR, CONNECT = (53, 199), (42, 203)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def program(families: Sequence[int] = FAMILIES, only_reaches: str | None = None) -> bytes | None:
    """Return the filter for this machine, or None if there is no table for it.

    Parameters
    ----------
    families
        The families of sockets that a program may make.
    only_reaches
        The path of the one Unix socket that a program may connect to, where nothing else keeps it from abstract ones.
    """
    if platform.machine() not in MACHINES:
        return None
    column, architecture = MACHINES[platform.machine()]
    refuse = _return(ERRNO | errno.EPERM)
    code = [_load(ARCHITECTURE), _skip(JUMP_EQUAL, architecture, 1, 0), refuse, _load(NUMBER)]
    code += [_skip(JUMP_AT_LEAST, 0x40000000, 0, 1), refuse]  # the x32 calls have other numbers
    done = _return(ERRNO)  # an error of number 0
    for calls, answer in ((REFUSED, refuse), (WITHOUT_EFFECT, done)):
        code += [step for numbers in calls.values() for step in (_skip(JUMP_EQUAL, numbers[column], 0, 1), answer)]
    code += [_skip(JUMP_EQUAL, CLONE3[column], 0, 1), _return(ERRNO | errno.ENOSYS)]  # libc then uses clone
    code += [_skip(JUMP_EQUAL, CLONE[column], 0, 4), _load(ARGUMENTS[0])]
    code += [_skip(JUMP_SET, NAMESPACES, 0, 1), refuse, _return(ALLOW)]
    code += [_skip(JUMP_EQUAL, MMAP[column], 0, 5), _load(ARGUMENTS[3]), _skip(JUMP_SET, ANONYMOUS, 0, 2)]
    code += [_skip(JUMP_SET, SHARED, 0, 1), refuse, _return(ALLOW)]
    code += [_skip(JUMP_EQUAL, SET_OPTION[column], 0, 7), _load(ARGUMENTS[1]), _skip(JUMP_EQUAL, SOCKET_LEVEL, 0, 4)]
    code += [_load(ARGUMENTS[2]), _skip(JUMP_EQUAL, SEND_BUFFER, 1, 0), _skip(JUMP_EQUAL, RECEIVE_BUFFER, 0, 1)]
    code += [done, _return(ALLOW)]
    code += _connects_only(only_reaches, column) if only_reaches else []
    code += [_skip(JUMP_EQUAL, SOCKET[column], 0, 2 * len(families) + 2), _load(ARGUMENTS[0])]
    for family in families:
        code += [_skip(JUMP_EQUAL, family, 0, 1), _return(ALLOW)]
    no_family = _return(ERRNO | (errno.EPERM if families == FAMILIES else errno.EOPNOTSUPP))  # libzmq dies of EPERM
    return b"".join([*code, no_family, _return(ALLOW)])


def _connects_only(path: str, column: int) -> list[bytes]:
    """Return the steps that refuse every address of another length than this path's, and datagrams.

    A filter sees the length of an address and not the address. A datagram names one that no filter sees at all.
    """
    nobody, no_kind = _return(ERRNO | errno.ECONNREFUSED), _return(ERRNO | errno.EOPNOTSUPP)  # libzmq dies of others
    length = 2 + len(path.encode()) + 1  # the family before it, and the zero after it
    code = [_skip(JUMP_EQUAL, CONNECT[column], 0, 4), _load(ARGUMENTS[2]), _skip(JUMP_EQUAL, length, 1, 0)]
    code += [nobody, _return(ALLOW)]
    code += [_skip(JUMP_EQUAL, SOCKET[column], 1, 0), _skip(JUMP_EQUAL, SOCKET_PAIR[column], 0, 5)]
    code += [_load(ARGUMENTS[1]), _skip(AND, KIND, 0, 0), _skip(JUMP_EQUAL, STREAM, 2, 0)]
    return [*code, _skip(JUMP_EQUAL, PACKETS, 1, 0), no_kind, _load(NUMBER)]


def no_landlock() -> bytes:
    """Return a filter under which Linux seems to have no Landlock, to try what holds without it."""
    calls = (_skip(JUMP_AT_LEAST, 444, 0, 2), _skip(JUMP_AT_LEAST, 447, 1, 0), _return(ERRNO | errno.ENOSYS))
    return b"".join([_load(NUMBER), *calls, _return(ALLOW)])


def _load(offset: int) -> bytes:
    return struct.pack("=HBBI", LOAD, 0, 0, offset)


def _skip(kind: int, value: int, if_true: int, if_false: int) -> bytes:
    return struct.pack("=HBBI", kind, if_true, if_false, value)


def _return(value: int) -> bytes:
    return struct.pack("=HBBI", RETURN, 0, 0, value)
