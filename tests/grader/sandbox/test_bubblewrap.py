"""The sandbox around a kernel: what is in sight, what can be written, what is limited, and what happens without it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from grader.course import ROOT
from grader.errors import GraderError
from grader.execution import kernel as kernel_module
from grader.execution import kernel_manager
from grader.execution.cell_outcome import KernelDied
from grader.execution.config import ExecutionConfig, TimeLimits
from grader.execution.fork_client import fork_server_pool
from grader.execution.kernel import Kernel
from grader.judging.server import JudgeServer
from grader.sandbox import bubblewrap, cgroup, socket_dir, zmtp
from grader.sandbox.resources import ResourceLimits
from grader.sandbox.socket_dir import socket_folder

WALLS = ResourceLimits(memory=700 * 2**20, processes=40, scratch=32 * 2**20)
CONFIG = ExecutionConfig(ROOT / "build", limits=TimeLimits(resources=WALLS))
UNSANDBOXED = replace(CONFIG, sandbox=False)


def cells_run(*sources: str, seconds: float = 120.0, config: ExecutionConfig = CONFIG) -> list[tuple[str, str]]:
    """Run cells in one kernel; for each its outcome ("lost: why" if the kernel went) and what it printed."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    found = []

    with JudgeServer() as judge, Kernel(notebook, judge.address, config) as kernel:
        for index, cell in enumerate(notebook.cells):
            try:
                outcome: str = kernel.run(index, seconds)
            except KernelDied as lost:
                outcome = f"lost: {lost}"
            found.append((outcome, "".join(o.get("text", o.get("evalue", "")) for o in cell.outputs)))
            if outcome.startswith("lost"):
                break
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


HIDDEN_MEMORY = """
import ctypes, errno, mmap, os, socket
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
def refused(call):
    try: return call() in (-1, 2**64 - 1)
    except OSError: return True
print([refused(lambda: libc.semget(0, 1, 0o1600)), refused(lambda: mmap.mmap(-1, 2**20)),
       refused(lambda: libc.mmap(None, 4096, 3, 0x23, -1, 0)),
       refused(lambda: mmap.mmap(os.open("/dev/zero", os.O_RDWR), 2**20)),
       refused(lambda: libc.vmsplice(os.pipe()[1], None, 0, 8)), refused(lambda: os.memfd_create("x"))])
print(open("/dev/zero", "rb").read(2), len(mmap.mmap(-1, 2**20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)))
one, other = socket.socketpair()
before = one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**22)
one.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
after, other = (one.getsockopt(socket.SOL_SOCKET, name) for name in (socket.SO_SNDBUF, socket.SO_PASSCRED))
print(after == before, other)
print([open(f"/proc/sys/net/ipv4/tcp_{d}mem").read().split()[-1] for d in "rw"])
made = 0
try:
    while True: open(f"/dev/shm/f{made}", "w").close(); made += 1
except OSError as error: print(errno.errorcode[error.errno], made < 20_000)
for k in range(made): os.unlink(f"/dev/shm/f{k}")
def lowered():
    with open("/proc/self/oom_score_adj", "w") as file: file.write("0")
print(open("/proc/self/oom_score_adj").read().strip(), refused(lowered))
import multiprocessing as m
with m.get_context("fork").Pool(1) as pool: print(m.Value("d", 1.5).value, pool.map(abs, [-2]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("config", [CONFIG, replace(CONFIG, fork=False)], ids=["forked", "cold"])
def test_no_memory_is_held_where_nothing_counts_it(config: ExecutionConfig) -> None:
    ((outcome, shown),) = cells_run(HIDDEN_MEMORY, config=config)
    assert outcome == "ok", shown
    assert shown.splitlines() == [
        str([True] * 6),
        "b'\\x00\\x00' 1048576",
        "True 1",
        "['65536', '65536']",
        "ENOSPC True",
        "1000 True",
        "1.5 [2]",
    ]


@pytest.mark.slow
def test_too_many_sockets_end_the_kernel() -> None:
    text = "import os, socket, time\nfor _ in range(3):\n    if os.fork() == 0:\n"
    text += "        held = [socket.socketpair() for _ in range(200)]; time.sleep(60)\ntime.sleep(60)"
    assert cells_run(text)[0][0] == "lost: it opened more than 512 sockets"


@pytest.mark.slow
def test_a_reply_that_is_left_out_ends_the_kernel_and_output_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell that ends with an error of many megabytes is told at once, not after all the time that it has."""
    cold = replace(CONFIG, fork=False)
    monkeypatch.setattr(kernel_manager, "MessageBounds", lambda: zmtp.MessageBounds(message=2**20))
    printed = "k = get_ipython().kernel\nk.session.send(k.iopub_socket, 'stream', {'text': 'x' * 2**21})\nprint('on')"
    (first, shown), (second, _) = cells_run(printed, "raise ValueError('x' * 2**21)", config=cold)
    assert (first, shown) == ("ok", "on\n")
    assert second == "lost: it sent a message of more than 1 MB or 8 parts"


@pytest.mark.slow
def test_where_there_are_memory_groups_one_holds_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that are no process's own: no look at processes finds them, and the group does."""
    if cgroup.place() is None:
        pytest.skip("this machine lets the grader make no memory cgroup")
    small = replace(WALLS, memory=400 * 2**20, scratch=100 * 2**20)
    config = replace(CONFIG, limits=TimeLimits(resources=small))
    monkeypatch.setattr(ResourceLimits, "in_all", property(lambda limits: limits.memory))
    fill = "for place in ('/tmp', '/dev/shm'):\n    for k in range(2):\n"
    fill += "        with open(f'{place}/{k}', 'wb') as file: file.write(b'x' * 45 * 2**20)\nprint('held')"
    hold = "x = b'x' * 225 * 2**20"
    assert [outcome for outcome, _ in cells_run(fill, hold, config=config)] == [
        "ok",
        "lost: it used more than 0.390625 GB of memory",
    ]
    monkeypatch.setattr(kernel_module, "memory_group", lambda limit: None)
    assert [outcome for outcome, _ in cells_run(fill, hold, config=config)] == ["ok", "ok"], (
        "the files alone are too much"
    )
    own = {f for f in cgroup.place().folder.iterdir() if f.name.startswith(f"gradschool-{os.getpid()}-")}
    assert own <= set(cgroup._left)


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
