"""The sandbox around a student's kernel: bubblewrap's namespaces and mounts, limits on resources, and a user.

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
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import gradschool
from grader.course import ROOT
from grader.errors import GraderError
from grader.sandbox.resources import ResourceLimits
from grader.settings import UNSANDBOXED_VARIABLE

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
    missing = [program for program in ("bwrap", "prlimit", "setpriv") if not shutil.which(program)]
    if missing:
        return REFUSAL.format(why=f"{missing[0]} is missing", cure="`apt-get install bubblewrap util-linux`")
    tried = subprocess.run(
        [*_bwrap(ResourceLimits(), work_dir, ()), "/usr/bin/env", "true"], capture_output=True, text=True, timeout=30
    )
    if tried.returncode == 0:
        return ""
    last = (tried.stderr.strip().splitlines() or ["no reason given"])[-1][:150]
    return REFUSAL.format(why=f"it does not start here ({last})", cure="allow unprivileged user namespaces")


def command(
    kernel: Sequence[str],
    resources: ResourceLimits,
    work_dir: Path,
    judge: str,
    connection_file: str,
    info_fd: int,
    seccomp_fd: int | None,
) -> list[str]:
    """Return the command line that runs ``kernel`` inside; bwrap writes the pid of its first process to info_fd."""
    extra = ["--info-fd", str(info_fd), *(["--seccomp", str(seccomp_fd)] if seccomp_fd is not None else [])]
    extra += ["--ro-bind", judge, f"{RUN_DIR}/judge", "--ro-bind", connection_file, f"{RUN_DIR}/connection.json"]
    return [*_bwrap(resources, work_dir, extra), *kernel]


def server_command(script: Path, work_dir: Path, handed: Path, control_fd: int) -> list[str]:
    """Return the command line that runs a fork server inside, with the rights to make sandboxes of its own."""
    inside = f"{RUN_DIR}/{script.name}"
    extra = ["--ro-bind", str(handed), JUDGE_SOCKET_DIR, "--ro-bind", str(script), inside]
    caps = ("SYS_ADMIN", "NET_ADMIN", "SETPCAP", *(("SETUID", "SETGID") if os.geteuid() == 0 else ("SETFCAP",)))
    start = [*_namespaces(caps), *([] if os.geteuid() == 0 else ["--uid", "0", "--gid", "0"])]
    return [*start, *_mounts(ResourceLimits(), work_dir, extra), sys.executable, inside, str(control_fd)]


def _bwrap(resources: ResourceLimits, work_dir: Path, extra: Sequence[str]) -> list[str]:
    """Return bwrap and all its arguments, up to the program to run."""
    own_user = os.geteuid() == 0
    spaces = _namespaces(("SETUID", "SETGID") if own_user else ())
    return [*spaces, *_mounts(resources, work_dir, extra), *_limits(resources), *(_as_nobody() if own_user else [])]


def _namespaces(caps: Sequence[str]) -> list[str]:
    """Return bwrap, the namespaces that it makes, and the capabilities that are left."""
    spaces = ["pid", "net", "ipc", "uts", "cgroup-try", *([] if os.geteuid() == 0 else ["user"])]
    line = ["bwrap", "--die-with-parent", "--hostname", "sandbox", *(f"--unshare-{s}" for s in spaces)]
    line += ["--cap-drop", "ALL"]
    return line + [word for cap in caps for word in ("--cap-add", f"CAP_{cap}")]


def _mounts(resources: ResourceLimits, work_dir: Path, extra: Sequence[str]) -> list[str]:
    """Return all that is in sight; mounts are made in the order in which they stand."""
    scratch = str(resources.scratch)
    line = ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    line += ["--perms", "1777", "--size", scratch, "--tmpfs", "/dev/shm"]
    line += ["--perms", "1777", "--size", scratch, "--tmpfs", "/tmp"]
    line += ["--perms", "0777", "--dir", "/tmp/.sockets", "--perms", "0777", "--dir", HOME]
    line += [*_folders("/run", RUN_DIR), *_system(), *_fonts(), *_packages(work_dir), *extra]
    return [*line, "--remount-ro", "/", "--chdir", HOME, "--"]


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


def _fonts() -> Iterator[str]:
    """Yield matplotlib's list of fonts, which takes a second or two to make."""
    yield from ("--perms", "0777", "--dir", f"{HOME}/matplotlib")
    try:
        import matplotlib
    except ImportError:  # the canary says so, before a class
        return
    for found in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        yield from ("--ro-bind", str(found), f"{HOME}/matplotlib/{found.name}")


def _limits(resources: ResourceLimits) -> list[str]:
    return ["prlimit", *(f"--{name}={most}" for name, most in resources.rlimits().items())]


def own_user() -> int | None:
    """Return the user of a kernel of root's, another for each: then the limit on processes holds for each alone."""
    return NOBODY + USERS * os.getpid() + next(_turn) % USERS if os.geteuid() == 0 else None


def _as_nobody() -> list[str]:
    user = own_user()
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all", "--"]


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
