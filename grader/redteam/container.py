"""A container as Docker makes it by default, for an autograder: root without the right to make namespaces.

bubblewrap is only what it is made with here. Inside there are the system, this Python with its packages and the folder
of the autograder, and of root's rights those that Docker leaves; so bubblewrap cannot start there. The suite of
attacks runs in it on the isolation by another OS user, with Landlock or as on a Linux that has none.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grader.course import ROOT
from grader.errors import GraderError
from grader.sandbox import bubblewrap, seccomp

DOCKERS_OWN = (
    "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL"
)
INSIDE = "/autograder"
ACCOUNTS = ("passwd", "group", "shadow", "hostname")  # an image has them, and everybody may read all but one
SHARED_MEMORY, TEMPORARY = 64 * 2**20, 2 * 2**30  # Docker's own for /dev/shm; a disk's for /tmp, kept in memory here
LONGEST = 2 * 3600.0  # seconds for one run of anything inside
SOURCE = ("grader", "solutions", "src", "constraints", "course", "tests")  # of the checkout, for the suite
# Attacks that reach further there than in bubblewrap, and what they reach; docs/threat-model.md tells the same.
WEAKER = {
    "resources/disk": "more files than are allowed, made between two counts (five a second)",
    "resources/empty_files": "the same",
    "spread/fonts_poisoned": "a list of fonts in the kernel's own home folder",
    "steal/other_processes": "the command lines of all processes",
}
WEAKER_WITHOUT_LANDLOCK = {
    "resources/last_to_die": "its own place in the order in which Linux ends programs when memory runs out",
    "resources/zero_device": "memory that is shared through /dev/zero, which no process is charged for",
    "steal/system_accounts": "the names of the accounts",
}
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info")


def inside(
    root: Path, *words: str, env: dict[str, str] | None = None, landlock: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command in such a container, in which ``root`` stands at /autograder."""
    prefixes = [p for p in (Path(sys.base_prefix).resolve(), Path(sys.prefix)) if not p.is_relative_to("/usr")]
    shown = [w for p in prefixes for w in (*bubblewrap._folders(*map(str, [*p.parents][-2::-1])), *_bound(p))]
    command = ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-net", "--cap-drop", "ALL"]
    command += [w for cap in DOCKERS_OWN.split() for w in ("--cap-add", f"CAP_{cap}")]
    command += ["--proc", "/proc", "--dev", "/dev", *_scratch("/dev/shm", SHARED_MEMORY)]
    command += [*_scratch("/tmp", TEMPORARY), *_scratch("/var/tmp", TEMPORARY), *bubblewrap._system(), *shown]
    command += [w for name in ACCOUNTS for w in ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")]
    command += [*bubblewrap._folders(INSIDE), "--bind", str(root), INSIDE, "--chdir", INSIDE]
    clean = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp", "AUTOGRADER_PYTHON": sys.executable}
    held = [] if landlock else [_filter()]
    try:
        return subprocess.run(
            [*command, *(w for fd in held for w in ("--seccomp", str(fd))), "--", *words],
            env={**clean, **(env or {})},
            capture_output=True,
            pass_fds=held,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    finally:
        for fd in held:
            os.close(fd)


def _scratch(place: str, size: int) -> tuple[str, ...]:
    return ("--perms", "1777", "--size", str(size), "--tmpfs", place)


def _bound(place: Path) -> tuple[str, ...]:
    return ("--ro-bind", str(place), str(place))


def _filter() -> int:
    """Return a descriptor with a filter under which Linux seems to have no Landlock."""
    fd = os.memfd_create("filter")
    os.write(fd, seccomp.no_landlock())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def attack(only: Sequence[str] = (), jobs: int = 1, landlock: bool = True) -> dict[str, Any]:
    """Run the suite in such a container on the isolation by another OS user, and return what it found.

    ``breaks`` leaves out the attacks that are known to reach further there: these are ``weaker``.
    Raises GraderError where there is no result: without root or bubblewrap here, or if the suite itself fails.
    """
    if os.geteuid() != 0 or bubblewrap.unavailable(ROOT / "build"):
        raise GraderError("Only root with bubblewrap can make the container in which this suite runs.")
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        root = Path(folder)
        _fill(root)
        source = f"{INSIDE}/source"
        env = {"PYTHONPATH": f"{source}:{source}/src", "GRADSCHOOL_WORK_DIR": f"{INSIDE}/results"}
        words = ["-m", "grader", "redteam", "--other-user", "--json", "--jobs", str(jobs)]
        words += [w for name in only for w in ("--only", name)]
        done = inside(root, sys.executable, *words, env=env, landlock=landlock)
    if not done.stdout.startswith("{"):
        raise GraderError(f"The suite did not run in the container: {(done.stdout + done.stderr).strip()[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    known = WEAKER if landlock else {**WEAKER, **WEAKER_WITHOUT_LANDLOCK}
    weaker = [line for line in found["breaks"] if line.partition(":")[0] in known]
    return {**found, "breaks": [line for line in found["breaks"] if line not in weaker], "weaker": weaker}


def _fill(root: Path) -> None:
    """Put a copy of this checkout where Gradescope has an autograder's, closed as `run_autograder` closes it."""
    root.chmod(0o755)
    for name in ("results", "submission", "source"):
        (root / name).mkdir(mode=0o700)
    for name in SOURCE:
        shutil.copytree(ROOT / name, root / "source" / name, ignore=LEFT_OUT)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, root / "source")
