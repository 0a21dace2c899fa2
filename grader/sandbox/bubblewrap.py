"""The walls around a student's kernel: bubblewrap's namespaces, limits on resources, and a watch on memory.

Inside there is a read-only system, the interpreter with its packages, ``gradschool``, and an empty scratch folder
that is gone with the kernel. There is no network, no gradebook, no ``grader/``, no ``solutions/``, no submission,
and no folder of the host that can be written to: kernel and grader meet over sockets in the sandbox's own scratch
folder, which the grader reaches through ``/proc/PID/root``.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import gradschool
from grader.course import ROOT, course_directory
from grader.errors import GraderError

EXERCISES = Path(gradschool.__file__).resolve().parent / "exercises"
SHOWN = ("__init__.py", "adapters.py")  # of a folder of exercises: the rows, and how a student's function is called
UNSANDBOXED_VARIABLE = "GRADSCHOOL_UNSANDBOXED"
COLD_VARIABLE = "GRADSCHOOL_COLD"
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


@dataclass(frozen=True)
class ResourceLimits:
    """What one kernel with all its children may use. Memory is what is resident, summed over the processes."""

    memory: int = 3 * 2**30
    address_space: int = 12 * 2**30  # of one process; an idle one with torch has about 2
    processes: int = 128  # and threads
    files: int = 512  # open at once, in one process
    file_size: int = 64 * 2**20
    scratch: int = 256 * 2**20
    cpu_seconds: int = 900  # of one process


def is_off() -> bool:
    """Whether the instructor has said to go without."""
    return os.environ.get(UNSANDBOXED_VARIABLE, "") not in ("", "0")


def is_cold() -> bool:
    """Whether every kernel is to start by itself, without a fork server."""
    return os.environ.get(COLD_VARIABLE, "") not in ("", "0")


def require() -> None:
    """Trouble, in one sentence, unless kernels can be walled in here or the instructor goes without."""
    if not is_off() and (why := unavailable()):
        raise GraderError(why)


@lru_cache
def unavailable() -> str:
    """Why kernels cannot be walled in on this machine, with what to do about it; "" if they can."""
    if not sys.platform.startswith("linux"):
        return REFUSAL.format(why="it exists for Linux only", cure="grade on Linux (a virtual machine or container)")
    missing = [program for program in ("bwrap", "prlimit", "setpriv") if not shutil.which(program)]
    if missing:
        return REFUSAL.format(why=f"{missing[0]} is missing", cure="`apt-get install bubblewrap util-linux`")
    tried = subprocess.run(
        [*_bwrap(ResourceLimits(), ()), "/usr/bin/env", "true"], capture_output=True, text=True, timeout=30
    )
    if tried.returncode == 0:
        return ""
    last = (tried.stderr.strip().splitlines() or ["no reason given"])[-1][:150]
    return REFUSAL.format(why=f"it does not start here ({last})", cure="allow unprivileged user namespaces")


def command(
    kernel: Sequence[str],
    resources: ResourceLimits,
    judge: str,
    connection_file: str,
    info_fd: int,
    seccomp_fd: int | None,
) -> list[str]:
    """The command line that runs ``kernel`` inside. bwrap writes the pid of the sandbox's first process to info_fd."""
    extra = ["--info-fd", str(info_fd), *(["--seccomp", str(seccomp_fd)] if seccomp_fd is not None else [])]
    extra += ["--ro-bind", judge, f"{RUN_DIR}/judge", "--ro-bind", connection_file, f"{RUN_DIR}/connection.json"]
    return [*_bwrap(resources, extra), *kernel]


def server_command(script: Path, handed: Path, control_fd: int) -> list[str]:
    """The command line that runs a fork server inside: with the rights to build walls, and nothing to use them on."""
    inside = f"{RUN_DIR}/{script.name}"
    extra = ["--ro-bind", str(handed), JUDGE_SOCKET_DIR, "--ro-bind", str(script), inside]
    caps = ("SYS_ADMIN", "NET_ADMIN", "SETPCAP", *(("SETUID", "SETGID") if os.geteuid() == 0 else ("SETFCAP",)))
    start = [*_namespaces(caps), *([] if os.geteuid() == 0 else ["--uid", "0", "--gid", "0"])]
    return [*start, *_mounts(ResourceLimits(), extra), sys.executable, inside, str(control_fd)]


def _bwrap(resources: ResourceLimits, extra: Sequence[str]) -> list[str]:
    """bwrap and all its arguments, up to the program to run."""
    own_user = os.geteuid() == 0
    spaces = _namespaces(("SETUID", "SETGID") if own_user else ())
    return [*spaces, *_mounts(resources, extra), *_limits(resources), *(_as_nobody() if own_user else [])]


def _namespaces(caps: Sequence[str]) -> list[str]:
    """bwrap, the namespaces that it makes, and the capabilities that are left."""
    spaces = ["pid", "net", "ipc", "uts", "cgroup-try", *([] if os.geteuid() == 0 else ["user"])]
    line = ["bwrap", "--die-with-parent", "--hostname", "sandbox", *(f"--unshare-{s}" for s in spaces)]
    line += ["--cap-drop", "ALL"]
    return line + [word for cap in caps for word in ("--cap-add", f"CAP_{cap}")]


def _mounts(resources: ResourceLimits, extra: Sequence[str]) -> list[str]:
    """All that is in sight. Mounts are made in the order in which they stand."""
    scratch = str(resources.scratch)
    line = ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    line += ["--perms", "1777", "--size", scratch, "--tmpfs", "/dev/shm"]
    line += ["--perms", "1777", "--size", scratch, "--tmpfs", "/tmp"]
    line += ["--perms", "0777", "--dir", "/tmp/.sockets", "--perms", "0777", "--dir", HOME]
    line += [*_folders("/run", RUN_DIR), *_system(), *_fonts(), *_packages(), *extra]
    return [*line, "--remount-ro", "/", "--chdir", HOME, "--"]


def _system() -> Iterator[str]:
    """The read-only system: programs and libraries, the few settings that they need, nothing of anybody's."""
    for place in map(Path, SYSTEM):
        if place.is_symlink():
            yield from ("--symlink", os.readlink(place), str(place))
        elif place.is_dir():
            yield from ("--ro-bind", str(place), str(place))
    yield from _folders("/etc", "/sys", "/sys/devices", "/sys/devices/system")
    for name in SETTINGS:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    yield from ("--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu")  # torch counts cores there


def _packages() -> Iterator[str]:
    """The interpreter, its packages and gradschool; exercises and whatever of the house lies within are covered up."""
    bound = [Path(sys.base_prefix).resolve(), Path(sys.prefix), EXERCISES.parent]
    bound = [p for p in bound if not p.is_relative_to("/usr")]
    for place in bound:
        yield from _folders(*map(str, [*place.parents][-2::-1]))
        yield from ("--ro-bind", str(place), str(place))
    yield from _exercises()
    for secret in (ROOT / "grader", ROOT / "solutions", ROOT / "tests", course_directory().work):
        if secret.is_dir() and any(secret.is_relative_to(p) for p in [*bound, Path("/usr")]):
            yield from _covered(secret)


def _exercises() -> Iterator[str]:
    """The exercises without their inputs and oracles: of each folder :data:`SHOWN`, and nothing else.

    `check` on a student's own machine works with them. While grading, the judge needs none, and a student who
    returned an oracle's answer would be paid for calling it. Bytecode is hidden with the rest.
    """
    yield from ("--tmpfs", str(EXERCISES))
    for file in sorted(f for name in SHOWN for f in EXERCISES.rglob(name)):
        yield from _folders(*(str(f) for f in reversed(file.parents) if f.is_relative_to(EXERCISES)))
        yield from ("--ro-bind", str(file), str(file))
    yield from ("--remount-ro", str(EXERCISES))


def _covered(folder: Path) -> tuple[str, ...]:
    """An empty folder in its place, which stays empty: one that could be written to would join forked kernels."""
    return ("--tmpfs", str(folder), "--remount-ro", str(folder))


def _folders(*names: str) -> Iterator[str]:
    """Empty folders that anybody may enter; bwrap alone would make them for root."""
    for name in names:
        yield from ("--perms", "0755", "--dir", name)


def _fonts() -> Iterator[str]:
    """matplotlib's list of fonts, which takes a second or two to make."""
    import matplotlib

    yield from ("--perms", "0777", "--dir", f"{HOME}/matplotlib")
    for found in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        yield from ("--ro-bind", str(found), f"{HOME}/matplotlib/{found.name}")


def limits(resources: ResourceLimits) -> dict[str, int]:
    """What setrlimit(2) is to hold each process to."""
    return {
        "as": resources.address_space,
        "nproc": resources.processes,
        "nofile": resources.files,
        "fsize": resources.file_size,
        "cpu": resources.cpu_seconds,
        "core": 0,
        "memlock": 2**16,
        "msgqueue": 0,
    }


def _limits(resources: ResourceLimits) -> list[str]:
    return ["prlimit", *(f"--{name}={most}" for name, most in limits(resources).items())]


def own_user() -> int | None:
    """Root's kernels give up root, each for a user of its own: then the limit on processes holds for each alone."""
    return NOBODY + USERS * os.getpid() + next(_turn) % USERS if os.geteuid() == 0 else None


def _as_nobody() -> list[str]:
    user = own_user()
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all", "--"]


def environment() -> dict[str, str]:
    """All the variables of a kernel inside."""
    own = {"PATH": f"{Path(sys.prefix) / 'bin'}:/usr/bin:/bin", "LANG": "C.UTF-8", "USER": "student"}
    return {**own, **own_places(HOME)}


def own_places(home: str) -> dict[str, str]:
    """The variables that keep a kernel to one thread, and its files in a folder of its own."""
    places = {"IPYTHONDIR": "ipython", "JUPYTER_RUNTIME_DIR": "runtime", "MPLCONFIGDIR": "matplotlib"}
    return {**ONE_THREAD, "HOME": home, "TMPDIR": home, **{k: f"{home}/{v}" for k, v in places.items()}}


class ResourceMonitor:
    """A thread that adds up what a process and its descendants hold, and calls ``stop(why)`` when it is too much."""

    def __init__(self, pid: int, resources: ResourceLimits, stop: Callable[[str], None], every: float = 0.2) -> None:
        self.pid, self.resources, self.stop, self.every = pid, resources, stop, every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join(2.0)

    def _look(self) -> None:
        while not self._ended.wait(self.every):
            tree = process_tree(self.pid)
            if len(tree) > self.resources.processes:
                return self.stop(f"it ran more than {self.resources.processes} processes")
            if sum(map(_resident, tree)) > self.resources.memory and sum(map(_own_share, tree)) > self.resources.memory:
                return self.stop(f"it used more than {self.resources.memory / 2**30:g} GB of memory")
        return None


def process_tree(pid: int) -> list[int]:
    """A process and all its descendants, as far as they are still there."""
    found: list[int] = []
    waiting = [pid]
    while waiting and len(found) < 10_000:
        one = waiting.pop()
        found.append(one)
        for task in _listed(f"/proc/{one}/task"):
            try:
                waiting += map(int, Path(f"/proc/{one}/task/{task}/children").read_text().split())
            except (OSError, ValueError):
                continue
    return found


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _own_share(pid: int) -> int:
    """What a process holds, with what it shares with its children divided up; slower to find out than the above."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
    except (OSError, ValueError, StopIteration):
        return _resident(pid)
