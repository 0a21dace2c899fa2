"""The sandbox around a kernel: what is in sight, what can be written, what is limited, and what happens without it."""

from __future__ import annotations

import asyncio
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from grader.course import ROOT
from grader.errors import GraderError
from grader.execution.cell_outcome import KernelDied
from grader.execution.config import ExecutionConfig, TimeLimits
from grader.execution.fork_client import fork_server_pool
from grader.execution.kernel import Kernel
from grader.judging.server import JudgeServer
from grader.sandbox import bubblewrap, seccomp, socket_dir
from grader.sandbox.resources import ResourceLimits
from grader.sandbox.socket_dir import socket_folder

WALLS = ResourceLimits(memory=700 * 2**20, processes=40, scratch=32 * 2**20)
CONFIG = ExecutionConfig(ROOT / "build", limits=TimeLimits(resources=WALLS))
UNSANDBOXED = replace(CONFIG, sandbox=False)


def cells_run(*sources: str, seconds: float = 120.0, config: ExecutionConfig = CONFIG) -> list[tuple[str, str]]:
    """Run cells in one kernel; for each its outcome ("lost: why" if the kernel went) and what it printed."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    found = []

    async def go(address: str) -> None:
        async with Kernel(notebook, address, config) as kernel:
            for index, cell in enumerate(notebook.cells):
                try:
                    outcome = await kernel.run(index, seconds)
                except KernelDied as lost:
                    outcome = f"lost: {lost}"
                found.append((outcome, "".join(o.get("text", o.get("evalue", "")) for o in cell.outputs)))
                if outcome.startswith("lost"):
                    return

    with JudgeServer() as judge:
        asyncio.run(go(judge.address))
    return found


def test_bubblewrap_is_here() -> None:
    """No skip: where kernels cannot be walled in, everything below would be tested in vain."""
    assert bubblewrap.unavailable(CONFIG.work_dir) == "", "install bubblewrap: the sandbox's tests need it"


def test_without_bubblewrap_grading_refuses_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: None if name == "bwrap" else real(name))
    bubblewrap.unavailable.cache_clear()
    try:
        with pytest.raises(GraderError, match=r"apt-get install bubblewrap.*--unsandboxed"):
            bubblewrap.require(True, CONFIG.work_dir)
        bubblewrap.require(False, CONFIG.work_dir)
    finally:
        bubblewrap.unavailable.cache_clear()


def test_the_filter_of_system_calls_has_jumps_that_land_inside() -> None:
    code = seccomp.program()
    if code is None:
        pytest.fail("this machine has no table of system calls: add one to grader/sandbox/seccomp.py")
    steps = [struct.unpack("=HBBI", code[i : i + 8]) for i in range(0, len(code), 8)]
    assert all(k + 1 + max(yes, no) < len(steps) for k, (_, yes, no, _) in enumerate(steps) if yes or no)
    assert steps[-1][0] == seccomp.RETURN


@pytest.mark.slow
def test_only_the_interpreter_its_packages_and_gradschool_are_in_sight() -> None:
    outcome, shown = cells_run(
        "import os, gradschool, numpy, torch\n"
        f"for name in ({str(ROOT / 'grader')!r}, {str(ROOT / 'solutions')!r}, {str(ROOT / 'tests')!r}, "
        f"{str(ROOT / 'build')!r}, {str(Path.home() / '.bashrc')!r}, '/etc/passwd', '/var', '/home'):\n"
        "    print(os.path.exists(name))\n"
        "print(sorted(os.environ))\n"
        "print(len([p for p in os.listdir('/proc') if p.isdigit()]) < 5, os.getcwd(), os.uname().nodename)"
    )[0]
    assert outcome == "ok"
    lines = shown.splitlines()
    assert lines[:8] == ["False"] * 8
    kept = {"PATH", "HOME", "TMPDIR", "LANG", "USER", "GRADSCHOOL_JUDGE_SOCKET", "OMP_NUM_THREADS", "MPLCONFIGDIR"}
    assert kept <= set(eval(lines[8]))
    assert not {"GRADSCHOOL_WORK_DIR", "PYTHONPATH", "VIRTUAL_ENV", "SSH_AUTH_SOCK"} & set(eval(lines[8]))
    assert lines[9] == f"True {bubblewrap.HOME} sandbox"


@pytest.mark.slow
def test_nothing_outside_scratch_can_be_written_and_no_network_is_there() -> None:
    outcome, shown = cells_run(
        "import gradschool, numpy, sys, os, socket\n"
        "places = [os.path.dirname(gradschool.__file__), os.path.dirname(numpy.__file__), sys.prefix, '/usr', '/etc', "
        "'/', '/dev', '/run/gradschool', '/proc/sys/kernel', '/sys']\n"
        "for place in places:\n"
        "    try: open(place + '/x', 'w'); print('written', place)\n"
        "    except OSError: pass\n"
        "open('x', 'w').write('fine')\n"
        "try: socket.create_connection(('1.1.1.1', 53), 2); print('network')\n"
        "except OSError as error: print(type(error).__name__)\n"
        "print(os.getuid() != 0)"
    )[0]
    assert (outcome, shown) == ("ok", "OSError\nTrue\n"), shown


@pytest.mark.slow
def test_too_much_memory_kills_the_kernel_and_says_so() -> None:
    (outcome, _), *_ = cells_run("x = [bytearray(b'x' * 2**24) for _ in range(500)]")
    assert outcome == "lost: it used more than 0.683594 GB of memory"


@pytest.mark.slow
def test_too_many_processes_and_too_much_disk_are_refused() -> None:
    forks = (
        "import os, time\nn = 0\ntry:\n    while n < 500:\n        if os.fork() == 0: time.sleep(20); os._exit(0)\n"
        "        n += 1\nexcept OSError: pass\nprint(n < 60)"
    )
    ((outcome, shown),) = cells_run(forks)
    assert shown == "True\n" or outcome == "lost: it ran more than 40 processes", outcome
    files = (
        "n = 0\ntry:\n    for k in range(100):\n        with open(f'f{k}', 'wb') as f: f.write(b'x' * 2**20); n += 1\n"
        "except OSError: pass\nprint(n <= 32)"
    )
    assert cells_run(files) == [("ok", "True\n")]


@pytest.mark.slow
def test_a_killed_kernel_leaves_no_process() -> None:
    from grader.redteam.harness import left_running

    cells_run("import os, time\nfor _ in range(5):\n    if os.fork() == 0: os.setsid(); time.sleep(600)")
    assert left_running() == []


@pytest.mark.slow
def test_the_instructor_may_go_without_and_is_reminded(tmp_path: Path) -> None:
    look = f"import os; print(os.path.exists({str(ROOT / 'grader')!r}))"
    (outcome, shown), *_ = cells_run(look, config=UNSANDBOXED)
    assert (outcome, shown) == ("ok", "True\n")
    from grader.redteam import run
    from grader.results import GradeRecord

    file = tmp_path / "nb.ipynb"
    file.write_text(run.submission(None))
    assert bubblewrap.WARNING in GradeRecord.read(run._grade(file, UNSANDBOXED)).notes


@pytest.mark.slow
@pytest.mark.parametrize("config", [CONFIG, replace(CONFIG, fork=False), UNSANDBOXED])
def test_a_long_path_for_temporary_files_is_no_hindrance(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: ExecutionConfig
) -> None:
    far = tmp_path / ("far" * 40)
    far.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(far))
    fork_server_pool().end()
    assert cells_run("print(1)", config=config) == [("ok", "1\n")]
    fork_server_pool().end()


def test_where_no_path_is_short_enough_the_mend_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_dir, "ROOM", 105)
    with pytest.raises(GraderError, match="set TMPDIR to one of at most 60 characters"):
        socket_folder("judge-")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try what an ordinary user would see")
def test_it_works_for_an_ordinary_user_too() -> None:
    """The other branch of the command line: a user namespace in place of root's setpriv."""
    if shutil.which("unshare") is None:
        pytest.fail("util-linux is missing")
    base = str(Path(sys.base_prefix).resolve())
    script = "from pathlib import Path; from grader.sandbox import bubblewrap; "
    script += "print(bubblewrap.unavailable(Path('build')) or 'fine')"
    outer = ["bwrap", "--dev-bind", "/", "/", "--cap-drop", "ALL"]
    outer += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    if base.startswith("/root/"):  # an interpreter in root's home: let the ordinary user in, in this view alone
        outer += ["--perms", "0755", "--tmpfs", "/root", "--perms", "0755", "--dir", str(Path(base).parent)]
        for part in list(Path(base).parents)[-3::-1]:
            outer += ["--perms", "0755", "--dir", str(part)]
        outer += ["--ro-bind", base, base]
    outer += ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--inh-caps=-all"]
    done = subprocess.run([*outer, sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "fine", done.stdout + done.stderr
