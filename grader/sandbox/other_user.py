"""Isolation by another OS user, for a container in which bubblewrap cannot start: weaker, and every record says so.

A kernel runs as a user of its own, without rights, with resource limits and a filter of system calls that refuses
all network sockets. What it must not read has to be closed to other users: the grader looks, as that user, and does
not grade while it is open. `gradschool` is a copy without inputs and oracles. Where Linux has Landlock, that user
reaches few folders at all; without it, everything that this container lets everybody read.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from grader.course import ROOT
from grader.errors import GraderError
from grader.sandbox import bubblewrap, seccomp
from grader.sandbox.holdings import Holdings
from grader.sandbox.resources import ResourceLimits

DEVICES = ("/dev/null", "/dev/full", "/dev/tty", "/dev/random", "/dev/urandom", "/dev/shm")  # /dev/zero shares pages
READABLE = (*bubblewrap.SYSTEM, "/proc", *DEVICES, "/sys/devices/system/cpu")
SETTINGS = tuple(f"/etc/{name}" for name in bubblewrap.SETTINGS)
WRITABLE = ("/dev/null", "/dev/full", "/dev/tty", "/dev/shm")
SWEPT = ("/tmp", "/var/tmp", "/dev/shm")  # where everybody may leave files
GUARDS_SOCKETS = 6  # the version of Landlock that keeps a program from abstract sockets outside
SUPERVISOR = Path(__file__).with_name("supervise.py")
NOTE = (
    "Graded without namespaces: the code ran as another OS user of this container, with limits and no network. "
    "This is weaker than bubblewrap (docs/threat-model.md)."
)
REFUSAL = "Kernels cannot run as another OS user here: {why}."
PROBE = "import os,sys; os.setgroups([]); os.setresgid(*[{u}]*3); os.setresuid(*[{u}]*3); " + (
    "print(*[p for p in sys.argv[1:] if os.access(p, os.R_OK) or os.access(p, os.X_OK)], sep='\\n')"
)


def require(secret: Sequence[Path]) -> None:
    """Raise GraderError, in one sentence, unless kernels can run as another user who can read none of these."""
    if why := unavailable(tuple(secret)):
        raise GraderError(REFUSAL.format(why=why))


@lru_cache
def unavailable(secret: tuple[Path, ...]) -> str:
    """Return why no kernel can run as another user who can read none of these folders; "" if one can."""
    if not sys.platform.startswith("linux") or seccomp.program(seccomp.LOCAL) is None:
        return "that needs Linux on x86-64 or AArch64"
    if os.geteuid() != 0:
        return "only root can start a process as another user"
    places = [str(p) for p in (*own_secrets(), *secret) if p.exists()]
    user = bubblewrap.own_user()
    words = [sys.executable, "-ISc", PROBE.format(u=user), *places]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        return f"root may not change its user ({(done.stderr.strip().splitlines() or ['no reason given'])[-1][:150]})"
    opened = [Path(p) for p in done.stdout.split("\n") if p]
    return f"every user can read {opened[0]}; close it with `chmod 700 {opened[0]}`" if opened else ""


def own_secrets() -> tuple[Path, ...]:
    """Return what of the checkout no student's code may read."""
    return (ROOT / "grader", ROOT / "solutions", bubblewrap.EXERCISES / "chain", bubblewrap.FAULTS)


@lru_cache(1)
def landlock() -> int:
    """Return the version of Landlock on this machine, or 0 where there is none."""
    from grader.sandbox import supervise  # only Unix can load it, and commands that run no kernel import this module

    version: int = ctypes.CDLL(None).syscall(supervise.CREATE, None, ctypes.c_ulong(0), ctypes.c_ulong(1))
    return max(0, version)


def described() -> str:
    """Return how strong this isolation is on this machine, in a sentence for the instructor."""
    reach = "Landlock leaves few folders in reach" if landlock() else "without Landlock, files open to all can be read"
    return f"No bubblewrap here: students' code runs as another OS user, without network; {reach}."


class Invocation:
    """A kernel's folder, user and command; ``close`` removes the folder, all that its user left, and its processes."""

    def __init__(self, resources: ResourceLimits, judge: str) -> None:
        found = bubblewrap.own_user()
        assert found is not None, "only root runs kernels as other users"
        self.user, self.resources = found, resources
        self.folder = Path(tempfile.mkdtemp(prefix="run-", dir="/tmp"))  # a short path, for sockets
        self.folder.chmod(0o711)
        self.home = self.folder / "home"
        self.home.mkdir()
        os.chown(self.home, self.user, self.user)
        settings = self.home / "matplotlib"
        settings.mkdir()
        os.chown(settings, self.user, self.user)
        for file, content in bubblewrap.fonts().items():
            place = settings / Path(file).name
            place.write_bytes(content)
            place.chmod(0o444)
        self.home.chmod(0o700)
        self.sockets, self.judge = self.home / "s", self.folder / "judge"
        self.holdings = Holdings(found, [self.home, *map(Path, SWEPT)], resources)
        os.link(judge, self.judge)

    def command(self, kernel: Sequence[str], connection: Path, line: int) -> list[str]:
        """Return what runs ``kernel``; it ends, with all of its user's, when the other end of ``line`` is closed."""
        own = self.folder / "connection.json"
        shutil.copyfile(connection, own)
        os.chown(own, self.user, self.user)
        own.chmod(0o400)
        inside = [str(own) if word == str(connection) else word for word in kernel]
        text = SUPERVISOR.read_text(encoding="utf-8")
        return [sys.executable, "-ISc", text, json.dumps(self._order()), str(line), *inside]

    def _order(self) -> dict[str, object]:
        packages = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).parent, trimmed_package()}
        return {
            "user": self.user,
            "home": str(self.home),
            "limits": self.resources.rlimits(),
            "filter": (self._filter() or b"").hex(),
            "landlock": landlock(),
            "read": [*READABLE, *SETTINGS, *map(str, sorted(packages)), str(self.folder)],
            "write": [*WRITABLE, str(self.home)],
        }

    def _filter(self) -> bytes | None:
        """Return the filter of system calls; it guards the container's abstract sockets where Landlock does not."""
        guarded = landlock() >= GUARDS_SOCKETS
        return seccomp.program(seccomp.LOCAL, None if guarded else str(self.judge))

    def environment(self) -> dict[str, str]:
        """Return all the variables of the kernel."""
        own = {**bubblewrap.environment(), **bubblewrap.own_places(str(self.home))}
        return {**own, **bubblewrap.judge_variables(str(self.judge)), "PYTHONPATH": str(trimmed_package())}

    def close(self) -> None:
        """End what is left of the user, and remove its files."""
        supervisor = f"{SUPERVISOR.read_text(encoding='utf-8').rpartition('if __name__')[0]}\nend_all({self.user})"
        subprocess.run([sys.executable, "-ISc", supervisor], check=False, timeout=60)
        left = [f for place in map(Path, SWEPT) if place.is_dir() for f in place.iterdir() if self._owns(f)]
        subprocess.run(["rm", "-rf", "--", self.folder, *left], check=False, timeout=60)  # of any depth

    def _owns(self, place: Path) -> bool:
        try:
            return place.lstat().st_uid == self.user
        except FileNotFoundError:  # another kernel's, gone meanwhile
            return False


def as_here(text: str) -> str:
    """Return what a kernel printed with the place of `gradschool` as it is here: the kernel's is a copy of it."""
    return text.replace(str(trimmed_package() / "gradschool"), str(bubblewrap.PACKAGE))


@lru_cache(1)
def trimmed_package() -> Path:
    """Return a folder that holds `gradschool` as a kernel may see it: no inputs, no oracles, no faults, no bytecode."""
    folder = Path(tempfile.mkdtemp(prefix="package-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    def left_out(place: str, names: list[str]) -> list[str]:
        here = Path(place)
        if here == bubblewrap.FAULTS:
            return names
        hidden = here.is_relative_to(bubblewrap.EXERCISES)
        return [
            n for n in names if n == "__pycache__" or (hidden and not (here / n).is_dir() and n not in bubblewrap.SHOWN)
        ]

    shutil.copytree(bubblewrap.PACKAGE, folder / "gradschool", ignore=left_out)
    for place in (folder, *folder.rglob("*")):
        place.chmod(0o755 if place.is_dir() else 0o644)
    return folder
