"""What another OS user's processes hold in files and sockets, seen by a root that has only Docker's rights."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from grader.course import ROOT
from tests.support import container

KEPT = "made = open('x', 'wb'); made.write(bytes({mb} * 2**20)); made.flush()"
# What a process of that user does -> what is said of it, with 2 MB, 100 files and 20 sockets allowed.
ACTS = {
    f"import socket; s = socket.socketpair(); {KEPT.format(mb=1)}": "",
    KEPT.format(mb=3): "its files took more than 2 MB",
    f"import os; {KEPT.format(mb=3)}; os.unlink('x')": "its files took more than 2 MB",
    "import os; os.mkdir('d'); [os.mknod(f'd/{k}') for k in range(100)]": "it made more than 100 files",
    "import socket; s = [socket.socketpair() for _ in range(11)]": "it opened more than 20 sockets",
    "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)": "it hid what it has open",  # PR_SET_DUMPABLE
    "import os; os.fork() or os._exit(0)": "",  # a child that has ended, whose folder in /proc is root's
    "import os; [(os.mkdir('d' * 200), os.chdir('d' * 200)) for _ in range(40)]": (
        "it made a folder that cannot be counted"
    ),
}
WATCHING = """
import json, os, subprocess, sys
from pathlib import Path
from grader.sandbox.holdings import Holdings
from grader.sandbox.resources import ResourceLimits, process_tree
user, limits, found = 1_000_000_063, ResourceLimits(scratch=2**20, inodes=50, sockets=20), []
for act in json.loads(sys.argv[1]):
    folder = Path("/tmp", str(len(found)))
    folder.mkdir()
    os.chown(folder, user, user)
    command = [sys.executable, "-ISc", act + "\\nprint('done', flush=True); input()"]
    own = {"user": user, "group": user, "extra_groups": [], "cwd": folder}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **own) as process:
        assert process.stdout.readline() == b"done\\n"
        if "fork" in act:
            child = process_tree(process.pid)[1]
            while "Z (zombie)" not in Path(f"/proc/{child}/status").read_text():
                pass
        held = Holdings(user, [folder], limits)
        found.append([held.excess([*process_tree(process.pid), 2**22 - 1]) for _ in range(3)])
        process.kill()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return what is said of each process in three counts, from one container."""
    container.needs_root()
    root = tmp_path_factory.mktemp("autograder")
    shutil.copytree(ROOT / "grader" / "sandbox", root / "grader" / "sandbox")
    done = container.inside(Path(root), sys.executable, "-c", WATCHING, json.dumps(list(ACTS)))
    assert done.returncode == 0, done.stderr
    return dict(zip(ACTS, json.loads(done.stdout), strict=True))


def test_a_process_that_shows_nothing_for_a_moment_is_not_stopped(found: dict[str, list[str]]) -> None:
    """One that has just begun or is about to end; three counts in a row are hiding."""
    (hiding,) = (act for act, what in ACTS.items() if what == "it hid what it has open")
    assert found[hiding] == ["", "", ACTS[hiding]]


@pytest.mark.parametrize("act", ACTS, ids=range(len(ACTS)))
def test_what_is_held_is_counted_without_the_right_to_look_into_processes(
    act: str, found: dict[str, list[str]]
) -> None:
    assert found[act][-1] == ACTS[act]
