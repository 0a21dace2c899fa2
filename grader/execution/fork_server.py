"""The process from which students' kernels are forked: a script that runs alone, inside the sandbox.

It imports what every kernel needs, once, makes the shell in which cells run, and then waits. At each word on its
control line it forks; the child enters namespaces of its own (mounts, processes, network, IPC, host name, user), gives
up every right, and only then becomes a student's kernel. The server itself never reads what a kernel is started with
and never runs a student's code. It has one thread and calls no ``backward()``: torch refuses autograd in the child of
a process that has used it. Nothing of ``grader`` is in sight here, so this file imports nothing of it; beside it lies
``cell_runner.py`` alone, which runs a kernel's cells.

    server ── fork ── first process of the new space (builds it and waits; ends with the kernel or the grader)
                         └─ fork ── kernel
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import os
import pkgutil
import random
import resource
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any, NoReturn, TypedDict

PRELOADED = (
    "gradschool",  # what an environment may lack begins: the server then ends at once, and why is told
    "numpy",
    "matplotlib.pyplot",
    "gymnasium",
    "torch",
    "torch._dynamo",  # torch's optimizers ask for it at their first step
    "sqlite3",  # from here on: what the lessons' first cells import
    "pydoc",
    "tracemalloc",
    "gradschool.exercises.chain",
    "gradschool.exercises.dqn",
    "gradschool.exercises.ddpg",
    "gradschool.exercises.lab",
    "gradschool.exercises.next",
    "gradschool.student.hand_in.button",
    "gradschool.student.progress",
    "gradschool.student.setup_cell",
)
WITH_MODULES = ("gradschool.lessons", "gradschool.rl")
NEVER = ("gradschool.lessons.live_figures.widget",)  # imports what a graded notebook never shows
RUN_DIR = "/run/gradschool"  # these four as in grader/sandbox/bubblewrap.py
JUDGE_SOCKET_DIR = "/run/handed"  # the host's folder with the judges' sockets, which no kernel keeps
HOME = "/tmp/home"
SOCKETS = "/tmp/.sockets"
MOST_BYTES = 2**16
BUFFERS = "4096 16384 65536"  # bytes of a TCP connection: at least, at first, at most
IDLE = 600.0  # seconds without a kernel after which the server ends

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


def main() -> None:
    """Serve; whatever returns from :func:`serve` is a child, and becomes a kernel. Or start one kernel, and no more."""
    if sys.argv[1] == "alone":
        start_alone(json.loads(sys.argv[2]), sys.argv[3:])
    control = socket.socket(fileno=int(sys.argv[1]))
    try:
        shell = preload()
    except BaseException as error:
        control.send(f"{type(error).__name__}: {error}".encode()[:1000])
        os._exit(1)
    control.send(b"ready")
    line, cells = serve(control)
    become_kernel(line, cells)
    run_kernel(shell, cells)


def preload() -> object:
    """Import everything that kernels need, and return their shell; one thread must be left, or no child is whole.

    Meanwhile no garbage is looked for: nothing of an import is any, and looking takes a third of the time.
    """
    gc.disable()
    runner = importlib.import_module("cell_runner")
    del sys.path[0]  # the folder of this script
    for name in PRELOADED:
        importlib.import_module(name)
    for name in WITH_MODULES:
        import_all(name)
    warm_up(sys.modules["torch"])
    shell: object = runner.make_shell()
    if (threads := len(os.listdir("/proc/self/task"))) != 1:
        raise RuntimeError(f"the imports left {threads} threads")
    gc.collect()
    gather_memory()
    gc.freeze()  # what is shared is then not looked at, so not copied, by a child's garbage collector
    gc.enable()
    return shell


def import_all(package: str) -> None:
    """Import a package's modules, but for those that need what may be lacking."""
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, f"{package}.", onerror=lambda _: None):
        if module.name not in NEVER:
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)


def warm_up(torch: Any) -> None:
    """Let torch do what it does at the first step of a network, without autograd's backward pass."""
    torch.set_num_threads(1)
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    torch.nn.functional.mse_loss(net(torch.ones(4, 2)), torch.zeros(4, 1))
    optimizer = torch.optim.Adam(net.parameters())
    optimizer.zero_grad()
    optimizer.step()


def gather_memory() -> None:
    """Put what was imported into pages of 2 MB: a fork then copies hundreds of entries, not tens of thousands.

    Linux before 6.1 cannot, and forks more slowly.
    """
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        place, rights, _, _, _, *name = line.split()
        start, end = (int(edge, 16) for edge in place.split("-"))
        start, end = -(-start // LARGE) * LARGE, end // LARGE * LARGE
        if rights == "rw-p" and name in ([], ["[heap]"]) and start < end:
            LIBC.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), COLLAPSE)


def serve(control: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Fork at each word; only a child returns, with its line to the grader and its kernel's socket for cells.

    It is the first process of a PID namespace; the server itself stays in its own. The server ends with the grader.
    """
    call("prctl", SUBREAPER, 1, 0, 0, 0)
    own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: _reap())  # wakes select, too
    busy = time.monotonic()
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
        call("unshare", NEW_PROCESSES)  # of the next child
        if os.fork() == 0:
            control.close()
            return line, cells
        call("setns", own_processes, NEW_PROCESSES)
        line.close()
        cells.close()


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
        call("unshare", NEW_MOUNTS | NEW_NET | NEW_IPC | NEW_HOST)
        build(order)
        call("prctl", DUMPABLE, 0, 0, 0, 0)
        mount_processes()
        die_first()
        _tell_own_pid(line)
        if kernel := os.fork():
            cells.close()
            wait_for(kernel, order, line)
        give_up_rights(order)
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


def build(order: KernelOrder) -> None:
    """Make anew everything that can be written to, put the judge's socket in place, and remove the others'."""
    fonts = [(f, f.read_bytes()) for f in Path(HOME, "matplotlib").glob("fontlist-*.json")]
    packages = [(p, os.open(p, os.O_PATH)) for p in packages_below("/tmp")]
    mask = os.umask(0)
    mount(None, "/", None, RECURSIVE | PRIVATE)
    for place in ("/tmp", "/dev/shm"):
        mount("tmpfs", place, "tmpfs", PLAIN, f"mode=1777,{room(order)}")
    show_again(packages)
    mount("devpts", "/dev/pts", "devpts", NO_SUID | NO_PROGRAMS, "newinstance,ptmxmode=0666,mode=620")
    for folder in (SOCKETS, HOME, f"{HOME}/matplotlib"):
        os.mkdir(folder, 0o777)
    for file, content in fonts:  # a copy of each kernel's own, whose user may be the kernel's
        file.write_bytes(content)
        file.chmod(0o444)
    mount("tmpfs", RUN_DIR, "tmpfs", PLAIN, "mode=755,size=1m")
    Path(RUN_DIR, "judge").touch()
    mount(f"{JUDGE_SOCKET_DIR}/{order['judge']}", f"{RUN_DIR}/judge", None, BIND)
    mount(None, RUN_DIR, None, REMOUNT | BIND | READ_ONLY | PLAIN)
    call("umount2", JUDGE_SOCKET_DIR.encode(), DETACH)
    os.umask(mask)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_INTERFACE, struct.pack("16sH22x", b"lo", UP))


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
        mount(f"/proc/self/fd/{descriptor}", str(place), None, BIND | RECURSIVE)
        os.close(descriptor)
    os.umask(mask)


def mount_processes() -> None:
    """Mount a /proc of this namespace."""
    mount("proc", "/proc", "proc", PLAIN | NO_PROGRAMS)
    limit_network()
    cover_processes()


def cover_processes() -> None:
    """Cover what bubblewrap covers of /proc."""
    for name in ("sys", "sysrq-trigger", "irq", "bus"):
        if os.path.exists(place := f"/proc/{name}"):
            mount(place, place, None, BIND | RECURSIVE)
            mount(None, place, None, REMOUNT | BIND | READ_ONLY | PLAIN | NO_PROGRAMS)


def _tell_own_pid(line: socket.socket) -> None:
    """Hand the grader a descriptor of this process: a number would mean nothing outside, or another one later."""
    own = os.pidfd_open(os.getpid())
    socket.send_fds(line, [b"first"], [own])
    os.close(own)


def wait_for(kernel: int, order: KernelOrder, line: socket.socket) -> NoReturn:
    """Be the first process of a PID namespace, without rights, and end with the kernel or with the grader.

    When this process ends, so does every other in the namespace. The grader keeps the other end of the line.
    """
    _drop_capabilities()
    call("prctl", NO_NEW_RIGHTS, 1, 0, 0, 0)
    _filter(bytes.fromhex(order["filter"]))
    ended = os.pidfd_open(kernel)
    either: list[socket.socket | int] = [line, ended]
    while not select.select(either, [], [], 1.0)[0]:
        while os.waitpid(-1, os.WNOHANG)[0] not in (0, kernel):  # orphans that a student left to this process
            pass
    os._exit(0)


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
    _drop_capabilities()
    call("prctl", NO_NEW_RIGHTS, 1, 0, 0, 0)
    call("prctl", DUMPABLE, 1, 0, 0, 0)  # a change of user takes it away; a kernel that was started cold has it
    _filter(bytes.fromhex(order["filter"]))


def _close_processes() -> None:
    """Make /proc read-only: a process could lower there what :func:`die_first` has raised."""
    mount(None, "/proc", None, REMOUNT | BIND | READ_ONLY | PLAIN | NO_PROGRAMS)


def _drop_bounding() -> None:
    """Drop every capability from what programs that this process starts could have."""
    for number in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="utf-8")) + 1):
        call("prctl", DROP_BOUND, number, 0, 0, 0)


def _drop_capabilities() -> None:
    call("prctl", AMBIENT, CLEAR_ALL, 0, 0, 0)
    header, nothing = struct.pack("=Ii", CAPABILITIES_3, 0), bytes(24)
    call("capset", header, nothing)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _filter(code: bytes) -> None:
    """Install the filter of system calls; none is sent where there is none for this kind of machine."""
    if code:
        program = _Program(len(code) // 8, code)
        call("prctl", SECCOMP, FILTER, ctypes.addressof(program), 0, 0)


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
    runner = sys.modules["cell_runner"]
    runner.Runner(shell, runner.Channel(cells)).serve()


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
    main()
