"""The sandbox around a student's kernel: bubblewrap's namespaces and mounts, limits on resources, and a user.

Inside there is a read-only system, the interpreter with its packages, ``gradschool``, and an empty scratch folder
that is gone with the kernel. There is no network, no gradebook, no ``grader/``, no ``solutions/``, no submission,
and no folder of the host that can be written to: kernel and grader meet over sockets in the sandbox's own scratch
folder, which the grader reaches through ``/proc/PID/root``.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradschool
from grader.course import ROOT
from grader.errors import GraderError
from grader.sandbox import seccomp
from grader.sandbox.resources import ResourceLimits
from grader.settings import UNSANDBOXED_VARIABLE

SCRIPT = ROOT / "grader" / "execution" / "fork_server.py"  # from which kernels are forked, inside
WALLS = SCRIPT.with_name("walls.py")  # what finishes a sandbox from within
IMPORTED = ("preload.py", "module_copies.py", "cell_runner.py", "cell_output.py")  # by SCRIPT, beside WALLS
BESIDE = (WALLS, *map(SCRIPT.with_name, IMPORTED))
PACKAGE = Path(gradschool.__file__).resolve().parent
EXERCISES = PACKAGE / "exercises"
FAULTS = PACKAGE / "lessons" / "clinics" / "faults"  # of the agents that a student diagnoses: what each of them has
SHOWN = ("__init__.py", "adapters.py")  # of a folder of exercises: the rows, and how a student's function is called
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
RUN_DIR = "/run/gradschool"  # inside: the judge's socket and the kernel's connection file
HOME = "/tmp/home"
SOCKETS = "/tmp/.sockets/s"  # inside: where the kernel's own sockets begin
KERNEL_OPTIONS = ("--HistoryManager.enabled=False",)  # no database of what was run, nor a thread that fills it
JUDGE_SOCKET_DIR = "/run/handed"  # inside a fork server: a folder of the grader's with sockets of judges
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
SETTINGS = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "fonts", "alternatives", "localtime")
NOBODY = 1_000_000_000  # when the grader is root, kernels run as users from here on,
USERS = 64  # so many for each worker in turn, so that what is left of one kernel takes nothing from the next
_turn = itertools.count()
REFUSAL = (
    "Grading needs bubblewrap to keep students' code away from this machine, and {why}: {cure}, "
    f"or set {UNSANDBOXED_VARIABLE}=1 (or say --unsandboxed) to run their code with all your rights."
)
WARNING = "Graded WITHOUT a sandbox: this code could read and change everything that the instructor can."


def require(sandbox: bool, work_dir: Path) -> None:
    """Raise GraderError, in one sentence, if kernels are to run in the sandbox and cannot here."""
    if sandbox and (why := unavailable(work_dir)):
        raise GraderError(why)


@lru_cache
def unavailable(work_dir: Path) -> str:
    """Return why no kernel can run in the sandbox on this machine, with what to do about it; "" if one can."""
    if not sys.platform.startswith("linux"):
        return REFUSAL.format(why="it exists for Linux only", cure="grade on Linux (a virtual machine or container)")
    if not shutil.which("bwrap"):
        return REFUSAL.format(why="bwrap is missing", cure="`apt-get install bubblewrap`")
    with contextlib.closing(kernel_invocation(["/usr/bin/env", "true"], ResourceLimits(), work_dir)) as tried:
        done = subprocess.run(
            tried.command, env=environment(), pass_fds=tried.files, capture_output=True, text=True, timeout=30
        )
    if done.returncode == 0:
        return ""
    last = (done.stderr.strip().splitlines() or ["no reason given"])[-1][:150]
    return REFUSAL.format(why=f"it does not start here ({last})", cure="allow unprivileged user namespaces")


class Invocation:
    """A command that runs a program inside, with the descriptors that it inherits: close them when it has started.

    bwrap reads its arguments from one of them, and files that are needed inside from others: what stood on its command
    line, or was bound from a folder of the grader's, a student could read in ``/proc``.
    """

    def __init__(self, arguments: Sequence[str], files: Mapping[str, bytes], program: Sequence[str]) -> None:
        self.files = [_held(content) for content in files.values()]
        shown = [w for file, fd in zip(files, self.files, strict=True) for w in _shown(file, fd)]
        every = [*arguments, *shown, "--remount-ro", "/", "--chdir", HOME]
        self.files.append(_held(b"\0".join(map(os.fsencode, every)) + b"\0"))
        self.command = ["bwrap", "--args", str(self.files[-1]), "--", *program]

    def close(self) -> None:
        """Close the descriptors."""
        for descriptor in self.files:
            os.close(descriptor)
        self.files = []


def _held(data: bytes) -> int:
    """Return a descriptor from which ``data`` can be read."""
    fd = os.memfd_create("held")
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _shown(file: str, descriptor: int) -> tuple[str, ...]:
    return ("--perms", "0444", "--ro-bind-data", str(descriptor), file)


def kernel_invocation(
    kernel: Sequence[str],
    resources: ResourceLimits,
    work_dir: Path,
    judge: str = "",
    connection: bytes = b"",
    info_fd: int | None = None,
    shown: Sequence[Path] = (),
) -> Invocation:
    """Return what runs ``kernel`` inside, once :data:`WALLS` has given up all rights.

    bwrap writes the pid of its first process to ``info_fd``. Folders that are ``shown`` can be read besides.
    """
    arguments = [*_namespaces(), *(["--info-fd", str(info_fd)] if info_fd is not None else []), *_mounts(work_dir)]
    arguments += ["--ro-bind", judge, f"{RUN_DIR}/judge"] if judge else []
    arguments += [word for folder in shown for word in ("--ro-bind", str(folder), str(folder))]
    files = {**fonts(), f"{RUN_DIR}/connection.json": connection}
    alone = [sys.executable, "-ISc", WALLS.read_text(encoding="utf-8"), json.dumps(rights(resources))]
    return Invocation(arguments, files, [*alone, *kernel])


def server_invocation(script: Path, work_dir: Path, handed: Path, control_fd: int) -> Invocation:
    """Return what runs a fork server inside, with the rights to make sandboxes of its own."""
    arguments = [*_namespaces(), *_mounts(work_dir), "--ro-bind", str(handed), JUDGE_SOCKET_DIR]
    arguments += ["--remount-ro", "/proc"]  # a kernel has one of its own
    program = [sys.executable, _inside(script), str(control_fd)]
    return Invocation(arguments, {**fonts(), **{_inside(f): f.read_bytes() for f in (script, *BESIDE)}}, program)


def _inside(script: Path) -> str:
    return f"{RUN_DIR}/{script.name}"


def rights(resources: ResourceLimits) -> dict[str, Any]:
    """Return what a process inside gives itself before a student's code runs: limits, a user, a filter."""
    return {
        "scratch": resources.scratch,
        "inodes": resources.inodes,
        "limits": resources.rlimits(),
        "user": own_user(),
        "filter": (seccomp.program() or b"").hex(),
    }


def _namespaces() -> list[str]:
    """Return bwrap's arguments for namespaces, and for the capabilities with which a sandbox is finished inside."""
    root = os.geteuid() == 0
    caps = ("SYS_ADMIN", "NET_ADMIN", "SETPCAP", *(("SETUID", "SETGID") if root else ("SETFCAP",)))
    spaces = ["pid", "net", "ipc", "uts", "cgroup-try", *([] if root else ["user"])]
    line = ["--die-with-parent", "--hostname", "sandbox", *(f"--unshare-{s}" for s in spaces)]
    line += [] if root else ["--uid", "0", "--gid", "0"]
    return [*line, "--cap-drop", "ALL", *(word for cap in caps for word in ("--cap-add", f"CAP_{cap}"))]


def _mounts(work_dir: Path) -> list[str]:
    """Return all that is in sight; mounts are made in the order in which they stand."""
    scratch = str(ResourceLimits().scratch)
    line = ["--proc", "/proc", "--dev", "/dev", "--dev-bind", "/dev/full", "/dev/zero", "--remount-ro", "/dev"]
    line += ["--perms", "1777", "--size", scratch, "--tmpfs", "/dev/shm"]
    line += ["--perms", "1777", "--size", scratch, "--tmpfs", "/tmp"]
    line += ["--perms", "0777", "--dir", "/tmp/.sockets", "--perms", "0777", "--dir", HOME]
    line += ["--perms", "0777", "--dir", f"{HOME}/matplotlib", *_folders("/run", RUN_DIR)]
    return [*line, *_system(), *_packages(work_dir)]


def _system() -> Iterator[str]:
    """Yield the read-only system: programs and libraries, the few settings that they need, nobody's own files."""
    for place in map(Path, SYSTEM):
        if place.is_symlink():
            yield from ("--symlink", os.readlink(place), str(place))
        elif place.is_dir():
            yield from ("--ro-bind", str(place), str(place))
    yield from _folders("/etc", "/sys", "/sys/devices", "/sys/devices/system")
    for name in SETTINGS:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    yield from ("--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu")  # torch counts cores there


def _packages(work_dir: Path) -> Iterator[str]:
    """Yield the interpreter, its packages and gradschool; exercises and the course's files within are covered."""
    bound = [Path(sys.base_prefix).resolve(), Path(sys.prefix), PACKAGE]
    bound = [p for p in bound if not p.is_relative_to("/usr")]
    for place in bound:
        yield from _folders(*map(str, [*place.parents][-2::-1]))
        yield from ("--ro-bind", str(place), str(place))
    yield from _exercises()
    yield from _covered(FAULTS)
    for secret in (ROOT / "grader", ROOT / "solutions", ROOT / "tests", work_dir.resolve()):
        if secret.is_dir() and any(secret.is_relative_to(p) for p in [*bound, Path("/usr")]):
            yield from _covered(secret)


def _exercises() -> Iterator[str]:
    """Yield the exercises without their inputs and oracles: of each folder :data:`SHOWN`, and nothing else.

    `check` on a student's own machine works with them. While grading, the judge needs none, and a student who
    returned an oracle's answer would be paid for calling it. Bytecode is hidden with the rest.
    """
    yield from ("--tmpfs", str(EXERCISES))
    for file in sorted(f for name in SHOWN for f in EXERCISES.rglob(name)):
        yield from _folders(*(str(f) for f in reversed(file.parents) if f.is_relative_to(EXERCISES)))
        yield from ("--ro-bind", str(file), str(file))
    yield from ("--remount-ro", str(EXERCISES))


def _covered(folder: Path) -> tuple[str, ...]:
    """Return an empty folder in its place, which stays empty: a writable one would connect forked kernels."""
    return ("--tmpfs", str(folder), "--remount-ro", str(folder))


def _folders(*names: str) -> Iterator[str]:
    """Yield empty folders that anybody may enter; bwrap alone would make them for root."""
    for name in names:
        yield from ("--perms", "0755", "--dir", name)


def fonts() -> dict[str, bytes]:
    """Return matplotlib's list of fonts, which takes a second or two to make, as a file inside."""
    try:
        import matplotlib
    except ImportError:  # the canary says so, before a class
        return {}
    found = Path(matplotlib.get_cachedir()).glob("fontlist-*.json")
    return {f"{HOME}/matplotlib/{file.name}": file.read_bytes() for file in found}


def own_user() -> int | None:
    """Return the user of a kernel of root's, another for each: then the limit on processes holds for each alone."""
    return NOBODY + USERS * os.getpid() + next(_turn) % USERS if os.geteuid() == 0 else None


def environment() -> dict[str, str]:
    """Return all the variables of a kernel inside, but for the judge's address."""
    own = {"PATH": f"{Path(sys.prefix) / 'bin'}:/usr/bin:/bin", "LANG": "C.UTF-8", "USER": "student"}
    return {**own, **own_places(HOME)}


def judge_variables(address: str = f"{RUN_DIR}/judge") -> dict[str, str]:
    """Return the variables that tell ``check`` where the judge listens, the old name for one version too."""
    return dict.fromkeys(("GRADSCHOOL_JUDGE_SOCKET", "GRADSCHOOL_JUDGE"), address)


def own_places(home: str) -> dict[str, str]:
    """Return the variables that keep a kernel to one thread, and its files in a folder of its own."""
    places = {"IPYTHONDIR": "ipython", "JUPYTER_RUNTIME_DIR": "runtime", "MPLCONFIGDIR": "matplotlib"}
    return {**ONE_THREAD, "HOME": home, "TMPDIR": home, **{k: f"{home}/{v}" for k, v in places.items()}}
