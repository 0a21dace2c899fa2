"""The process from which students' kernels are forked: a script that runs alone, inside the sandbox.

It imports what every kernel needs, once, makes the shell in which cells run, and then waits. At each word on its
control line it forks; the child enters namespaces of its own (mounts, processes, network, IPC, host name, user), gives
up every right, and only then becomes a student's kernel. The server itself never reads what a kernel is started with
and never runs a student's code. It has one thread and calls no ``backward()``: torch refuses autograd in the child of
a process that has used it. Nothing of ``grader`` is in sight here but the few files that lie beside this one:
``preload.py``, ``walls.py``, and ``cell_runner.py`` with ``cell_output.py``, which run a kernel's cells.

    server ── fork ── first process of the new space (builds it and waits; ends with the kernel or the grader)
                         └─ fork ── kernel
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import resource
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING or __package__:
    from grader.execution import preload, walls
else:
    import preload  # inside the sandbox, beside this file
    import walls

RUN_DIR = "/run/gradschool"  # these four as in grader/sandbox/bubblewrap.py
JUDGE_SOCKET_DIR = "/run/handed"  # the host's folder with the judges' sockets, which no kernel keeps
HOME = "/tmp/home"
SOCKETS = "/tmp/.sockets"
MOST_BYTES = 2**16
IDLE = 600.0  # seconds without a kernel after which the server ends
WITH_OPTIMIZERS = b"optimizers"  # as in grader/execution/fork_client.py
MANY = 16  # kernels: whoever has asked for so many grades a class; as in grader/execution/config.py


def main() -> None:
    """Serve; whatever returns from :func:`serve` is a child, and becomes a kernel."""
    control = socket.socket(fileno=int(sys.argv[1]))
    try:
        shell = preload.preload()
    except BaseException as error:
        control.send(f"{type(error).__name__}: {error}".encode()[:1000])
        os._exit(1)
    control.send(b"ready")
    line, cells = serve(control)
    become_kernel(line, cells)
    run_kernel(shell, cells)


def serve(control: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Fork at each word; only a child returns, with its line to the grader and its kernel's socket for cells.

    It is the first process of a PID namespace; the server itself stays in its own. The server ends with the grader.
    """
    walls.call("prctl", walls.SUBREAPER, 1, 0, 0, 0)
    own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: _reap())  # wakes select, too
    busy, kernels = time.monotonic(), 0
    while True:
        if not select.select([control], [], [], IDLE / 10)[0]:
            if _reap():
                busy = time.monotonic()
            elif time.monotonic() - busy > IDLE:
                os._exit(0)
            continue
        busy = time.monotonic()
        word, fds, _, _ = socket.recv_fds(control, 16, 2)
        if not word:
            os._exit(0)
        line, cells = (socket.socket(fileno=fd) for fd in fds)
        if word == WITH_OPTIMIZERS:
            preload.warm_up_optimizers()
        walls.call("unshare", walls.NEW_PROCESSES)  # of the next child
        if os.fork() == 0:
            control.close()
            return line, cells
        walls.call("setns", own_processes, walls.NEW_PROCESSES)
        line.close()
        cells.close()
        kernels += 1
        if kernels == MANY:
            preload.warm_up_optimizers()
            preload.gather_memory()


def _reap() -> bool:
    """Reap every child that has ended, and return whether any is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    except ChildProcessError:
        return False


def become_kernel(line: socket.socket, cells: socket.socket) -> None:
    """Go from the first process to the kernel, which alone returns, with ``cells`` and no other socket."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        order = json.loads(line.recv(MOST_BYTES))
        walls.call("unshare", walls.NEW_MOUNTS | walls.NEW_NET | walls.NEW_IPC | walls.NEW_HOST)
        build(order)
        walls.call("prctl", walls.DUMPABLE, 0, 0, 0, 0)
        mount_processes()
        walls.die_first()
        _tell_own_pid(line)
        if kernel := os.fork():
            cells.close()
            wait_for(kernel, order, line)
        walls.give_up_rights(order)
        start_afresh()
        _show_output(line)
    except BaseException as error:
        line.send(f"{type(error).__name__}: {error}".encode()[:1000])
        os._exit(1)
    line.close()
    os.closerange(3, cells.fileno())
    os.closerange(cells.fileno() + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _show_output(line: socket.socket) -> None:
    """Hand the grader this kernel as a descriptor, and the ends of two pipes from its standard output and error."""
    (out, out_end), (error, error_end), own = os.pipe(), os.pipe(), os.pidfd_open(os.getpid())
    os.dup2(out_end, 1)
    os.dup2(error_end, 2)
    socket.send_fds(line, [b"ready"], [own, out, error])


def build(order: walls.KernelOrder) -> None:
    """Make anew everything that can be written to, put the judge's socket in place, and remove the others'."""
    fonts = [(f, f.read_bytes()) for f in Path(HOME, "matplotlib").glob("fontlist-*.json")]
    packages = [(p, os.open(p, os.O_PATH)) for p in packages_below("/tmp")]
    mask = os.umask(0)
    walls.mount(None, "/", None, walls.RECURSIVE | walls.PRIVATE)
    for place in ("/tmp", "/dev/shm"):
        walls.mount("tmpfs", place, "tmpfs", walls.PLAIN, f"mode=1777,{walls.room(order)}")
    show_again(packages)
    walls.mount("devpts", "/dev/pts", "devpts", walls.NO_SUID | walls.NO_PROGRAMS, "newinstance,ptmxmode=0666,mode=620")
    for folder in (SOCKETS, HOME, f"{HOME}/matplotlib"):
        os.mkdir(folder, 0o777)
    for file, content in fonts:  # a copy of each kernel's own, whose user may be the kernel's
        file.write_bytes(content)
        file.chmod(0o444)
    walls.mount("tmpfs", RUN_DIR, "tmpfs", walls.PLAIN, "mode=755,size=1m")
    Path(RUN_DIR, "judge").touch()
    walls.mount(f"{JUDGE_SOCKET_DIR}/{order['judge']}", f"{RUN_DIR}/judge", None, walls.BIND)
    walls.mount(None, RUN_DIR, None, walls.REMOUNT | walls.BIND | walls.READ_ONLY | walls.PLAIN)
    walls.call("umount2", JUDGE_SOCKET_DIR.encode(), walls.DETACH)
    os.umask(mask)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, walls.SET_INTERFACE, struct.pack("16sH22x", b"lo", walls.UP))


def packages_below(folder: str) -> list[Path]:
    """Return what the outer sandbox shows below a folder that is covered now: a checkout may stand in /tmp."""
    points = [Path(line.split()[4]) for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    below = [p for p in points if Path(folder) in p.parents and p.is_dir() and not p.is_relative_to(HOME)]
    return sorted({p for p in below if not any(q in p.parents for q in below)})


def show_again(packages: list[tuple[Path, int]]) -> None:
    """Mount these places again, read-only as they were, with what is mounted within them."""
    mask = os.umask(0o022)
    for place, descriptor in packages:
        place.mkdir(parents=True, exist_ok=True)
        walls.mount(f"/proc/self/fd/{descriptor}", str(place), None, walls.BIND | walls.RECURSIVE)
        os.close(descriptor)
    os.umask(mask)


def mount_processes() -> None:
    """Mount a /proc of this namespace."""
    walls.mount("proc", "/proc", "proc", walls.PLAIN | walls.NO_PROGRAMS)
    walls.limit_network()
    walls.cover_processes()


def _tell_own_pid(line: socket.socket) -> None:
    """Hand the grader a descriptor of this process: a number would mean nothing outside, or another one later."""
    own = os.pidfd_open(os.getpid())
    socket.send_fds(line, [b"first"], [own])
    os.close(own)


def wait_for(kernel: int, order: walls.KernelOrder, line: socket.socket) -> NoReturn:
    """Be the first process of a PID namespace, without rights, and end with the kernel or with the grader.

    When this process ends, so does every other in the namespace. The grader keeps the other end of the line.
    """
    walls.drop_capabilities()
    walls.call("prctl", walls.NO_NEW_RIGHTS, 1, 0, 0, 0)
    walls.install_filter(bytes.fromhex(order["filter"]))
    ended = os.pidfd_open(kernel)
    either: list[socket.socket | int] = [line, ended]
    while not select.select(either, [], [], 1.0)[0]:
        while os.waitpid(-1, os.WNOHANG)[0] not in (0, kernel):  # orphans that a student left to this process
            pass
    os._exit(0)


def start_afresh() -> None:
    """Give the kernel what a process that was started alone has of its own: signals, chance, keys, a folder to be in.

    The salt of Python's hashes and the places of things in memory are the server's, the same in all its children.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    random.seed()
    sys.modules["numpy"].random.seed()
    sys.modules["torch"].default_generator.seed()
    if "multiprocessing.process" in sys.modules:
        sys.modules["multiprocessing.process"].current_process().authkey = os.urandom(32)
    os.chdir(HOME)


def run_kernel(shell: object, cells: socket.socket) -> None:
    """Run the cells that the grader sends, until it is gone."""
    sys.modules["cell_runner"].serve(shell, cells)


if __name__ == "__main__":
    main()
