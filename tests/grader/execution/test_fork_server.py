"""Kernels forked from a process that has imported everything: as walled in as those that start cold, and as right."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import psutil
import pytest
from nbformat import NotebookNode

from grader import sample_class
from grader.bank.registry import entries
from grader.cli import grading
from grader.course import Chapter, CourseDirectory, chapters
from grader.execution import (
    cell_output,
    cell_runner,
    fork_client,
    fork_server,
    forked_kernel,
    grade_notebook,
    kernel_messages,
    output_limits,
    walls,
)
from grader.execution.config import MANY, ExecutionConfig, TimeLimits
from grader.execution.fork_client import ForkError, fork_server_pool
from grader.execution.kernel import Kernel
from grader.judging.server import JudgeServer
from grader.notebooks.source import source_notebook
from grader.results import GradeRecord
from grader.sandbox import bubblewrap
from grader.sandbox.resources import ResourceLimits, process_tree
from gradschool.student.kernel_probe import lesson_imports
from tests.support.running_kernels import COLD, CONFIG, LIMITED, ask, kernels
from tests.support.time_limits import PATIENT

pytestmark = pytest.mark.slow


def solved(chain: Chapter, built: CourseDirectory) -> NotebookNode:
    cells = {c.metadata.nbgrader.grade_id: c.source for c in source_notebook(chain).cells if "nbgrader" in c.metadata}
    released = nbformat.read(built.release / chain.assignment_id / f"{chain.notebook}.ipynb", as_version=4)
    return sample_class.filled(released, chain, lambda e: cells[e.exercise.grade_id + "-solution"])


# --- the same marks -------------------------------------------------------------------------------------------------


def mixed(chain: Chapter, course: CourseDirectory, first: int) -> NotebookNode:
    """A notebook with an answer of every kind; ``first`` is the kind of the first exercise's, and so on in turn."""
    right = sample_class.solutions(chain)
    kinds: list[sample_class.Fill] = [
        lambda e: sample_class.as_answer(e, e.mutants[0]),
        lambda e: sample_class.as_answer(e, e.alternatives[-1]),
        lambda _: None,
        lambda e: sample_class.as_answer(e, e.mutants[-1]),
        right,
    ]
    fills = {name: kinds[(first + k) % len(kinds)] for k, name in enumerate(entries("chain"))}
    stubborn = sample_class.CRASH if first else sample_class.ENDLESS
    fills[list(fills)[2 + first]] = lambda e: stubborn.format(name=e.exercise.function)
    return sample_class.filled(sample_class.released(course, chain), chain, lambda e: fills[e.exercise.id](e))


def test_both_ways_to_start_give_the_same_records(
    course: CourseDirectory, chain: Chapter, built: CourseDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right, mistaken, untouched, endless and crashing answers: every mark, mistake, hint and note is the same."""
    students = {"perfect": solved(chain, built), "mixed": mixed(chain, course, 0), "other": mixed(chain, course, 3)}
    for student, notebook in students.items():
        sample_class.submit(course, chain, student, notebook)

    def class_record(config: ExecutionConfig) -> dict[str, Any]:
        graded = {
            s: grade_notebook.grade_notebook(course.notebook_path(course.submitted, s, chain), chain, config)
            for s in students
        }
        return {s: (GradeRecord.read(nb), [(c.source, _shown(c)) for c in nb.cells]) for s, nb in graded.items()}

    started: list[str] = []
    real = Kernel._start

    def noting(self: Kernel) -> None:
        started.append(self.attempt)
        real(self)

    monkeypatch.setattr(Kernel, "_start", noting)
    forked = class_record(LIMITED)
    assert set(started) == {"forked"}
    started.clear()
    cold = class_record(replace(LIMITED, fork=False))
    assert set(started) == {"cold"}
    assert forked == cold
    assert sum(e.earned for e in forked["perfect"][0].exercises) == sum(e.points for e in entries("chain").values())
    found = {e.mistake for name in ("mixed", "other") for e in forked[name][0].exercises}
    assert found >= {"untouched", "never-returned", "kernel-died"}
    assert len(found) > 8


def _shown(cell: NotebookNode) -> list[Any]:
    """What a cell shows, but for what differs from one start to the next: times, addresses, pixels."""
    kinds = [(o.output_type, sorted(o.get("data", {}))) for o in cell.get("outputs", [])]
    return kinds if "time" not in cell.source else []


SHOWING = (
    "import sys, warnings\nx = 5\nprint(x); print('careful', file=sys.stderr); x",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.title('τ'); plt.show(); print(plt.get_backend())",
    "fig, ax = plt.subplots(); ax.plot([3, 1])",
    "from IPython.display import HTML, Image, clear_output, display\ndisplay(HTML('<b>x</b>'), x); HTML('y')",
    "def f(n):\n    return 1 / n\n\nf(0)",
    "def g(:\n    pass",
    "undefined_name",
    "warnings.warn('mind this')",
    "class Odd:\n    def __repr__(self): raise ValueError('no')\nOdd()",
    "raise SystemExit(3)",
    "input('?')",
    "import asyncio\nprint(asyncio.get_running_loop().is_running()); await asyncio.sleep(0); 'awaited'",
    "%matplotlib inline\n%autosave 60",
    "!echo from a shell",
    "%%capture caught\nprint('kept')",
    "print(caught.stdout, _, In[1][:10], get_ipython().__class__.__name__)",
    "import threading\nt = threading.Thread(target=print, args=('thread',)); t.start(); t.join()",
    "for k in range(300):\n    clear_output(wait=True); print(k)",
    "for k in range(30_000): print('many lines')",
    "from tqdm import tqdm\nfor _ in tqdm(range(2), bar_format='{n_fmt}'): pass",
    "import torch\ntorch.arange(3.0), __name__, sys.argv[1:], [p for p in sys.path if 'gradschool' in p]",
    "%no_such_magic",
    "x?",
    "sys.exit",
    "def deep(n): return deep(n + 1)\ntry: deep(0)\nexcept RecursionError as error: print(type(error))",
    "[k for k in globals() if not k.startswith('_')]",
)
OTHER = re.compile(
    r"ipykernel_\d+/\d+\.py|\(\d+\.py, line|0x[0-9a-f]{6,}"
)  # a hash of a cell's text, a place in memory


def test_both_kinds_of_kernels_show_the_same() -> None:
    """Every output to the letter and to the pixel; of an error in the kernel's own `input` the name and the message."""
    shown = {}
    for config in (CONFIG, COLD):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in SHOWING])
        with JudgeServer() as judge, Kernel(notebook, judge.address, config) as kernel:
            found = [(kernel.run(k, 120.0), cell) for k, cell in enumerate(notebook.cells)]
            shown[str(kernel.attempt)] = [
                (outcome, json.loads(OTHER.sub("", json.dumps(cell.outputs)))) for outcome, cell in found
            ]
    for text, forked, cold in zip(SHOWING, shown["forked"], shown["cold"], strict=True):
        if text.startswith("input("):
            assert forked[1][0].pop("traceback")[0] == cold[1][0].pop("traceback")[0]
        assert forked == cold, text


# --- what a child is ------------------------------------------------------------------------------------------------


def test_autograd_and_figures_work_in_a_forked_kernel() -> None:
    """torch refuses backward() in the child of a process that has called it: the server never may."""
    backward = (
        "import torch\n"
        "layer = torch.nn.Linear(3, 2)\n"
        "optimizer = torch.optim.Adam(layer.parameters())\n"
        "layer(torch.ones(4, 3)).sum().backward(); optimizer.step()\n"
        "print(layer.bias.grad.tolist(), torch.get_num_threads())"
    )
    figure = (
        "import matplotlib, matplotlib.pyplot as plt\n"
        "plt.plot([1, 2]); plt.title('τ'); plt.show(); print(matplotlib.get_backend())"
    )
    ((first, second),) = ask(backward, figure)
    assert first == "[4.0, 4.0] 1"
    assert "inline" in second


def test_chance_differs_between_children_as_between_processes() -> None:
    """All that a process draws when it starts is drawn anew; a seed that is set gives the same everywhere."""
    text = (
        "import multiprocessing, os, random, tempfile, uuid\n"
        "import numpy as np, torch\n"
        "print([random.random(), np.random.rand(), torch.rand(1).item(), torch.initial_seed(), uuid.uuid4().hex, "
        "np.random.default_rng().random(), multiprocessing.current_process().authkey.hex(), os.urandom(8).hex(), "
        "tempfile.mktemp()])\n"
        "_ = torch.manual_seed(3); np.random.seed(3); print(torch.rand(1).item(), np.random.rand())"
    )
    (one,), (other,) = ask(text, number=2)
    mine, others = (eval(shown.splitlines()[0]) for shown in (one, other))
    assert all(a != b for a, b in zip(mine, others, strict=True)), (mine, others)
    assert one.splitlines()[1] == other.splitlines()[1]


def test_what_children_of_a_kernel_print_is_shown() -> None:
    """Where it stands among the kernel's own lines depends on chance, as in ipykernel: it comes another way."""
    started = "import subprocess\nprint('a'); done = subprocess.run(['echo', 'b'])"
    forked = "from multiprocessing import Process\np = Process(target=print, args=('child',)); p.start(); p.join()"
    ((one, other),) = ask(started, forked)
    assert (sorted(one.split()), other) == (["a", "b"], "child")


def test_a_forked_kernel_imports_nothing_more_for_a_lesson() -> None:
    """What a lesson imports is there before the fork, once for all kernels."""
    code = [c.source for part in chapters() for c in source_notebook(part).cells if c.cell_type == "code"]
    modules = sorted({module for module, _ in lesson_imports(code)})
    text = f"import importlib, sys\nbefore = {{*sys.modules}}\nfor m in {modules}: importlib.import_module(m)\n"
    ((shown,),) = ask(text + "print(sorted({*sys.modules} - before))")
    assert shown == "[]"


# --- what a child sees of others ------------------------------------------------------------------------------------


# --- what may go wrong ----------------------------------------------------------------------------------------------


def test_an_interrupt_stops_the_cell_and_not_the_kernel() -> None:
    with kernels() as (kernel,):
        kernel.run("x = 5")
        assert kernel.run("while True: pass", seconds=1.0).startswith("timeout")
        assert kernel.run("print(x)") == "5"


def test_a_kernel_ends_with_everything_that_it_started() -> None:
    with kernels() as (kernel,):
        kernel.run("import os, time\nfor _ in range(3):\n    if os.fork() == 0: os.setsid(); time.sleep(600)")
        tree = process_tree(kernel.first)
        assert len(tree) == 5
        assert kernel.run("os._exit(0)").startswith("lost")
    assert _left_of(tree) == []


def _left_of(tree: list[int], patience: float = 120.0) -> list[int]:
    until = time.monotonic() + patience
    while (left := [pid for pid in tree if _lives(pid)]) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def _lives(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_killed_server_costs_nothing(chain: Chapter, built: CourseDirectory, tmp_path: Path) -> None:
    """Killed between two notebooks, and in the middle of one: the marks are all there, by a new server's kernels."""
    nbformat.write(solved(chain, built), tmp_path / "nb.ipynb")
    full = {i: e.points for i, e in entries("chain").items()}
    ask("print(1)")
    _server_process().kill()
    ask("print(1)")
    before = fork_server_pool().server
    kill = nbformat.v4.new_code_cell("import time; time.sleep(1.5)")
    notebook = solved(chain, built)
    at = next(i for i, c in enumerate(notebook.cells) if c.metadata.get("nbgrader", {}).get("grade"))
    notebook.cells.insert(at + 1, kill)
    nbformat.write(notebook, tmp_path / "nb.ipynb")
    done = threading.Event()

    def kill_once() -> None:
        while not done.is_set():
            children = process_tree(_server_process().pid)[3:]
            if len(children) >= 2:
                time.sleep(0.7)
                os.kill(_server_process().pid, signal.SIGKILL)
                return
            time.sleep(0.01)

    killer = threading.Thread(target=kill_once)
    killer.start()
    try:
        graded = grade_notebook.grade_notebook(tmp_path / "nb.ipynb", chain, replace(CONFIG, limits=PATIENT))
    finally:
        done.set()
        killer.join()
    assert fork_server_pool().server is not before, "nothing was killed"
    assert GradeRecord.read(graded).earned() == full


def _server_process() -> Any:
    server = fork_server_pool().server
    assert server is not None
    return server.process


def test_what_was_imported_lies_in_large_pages_once_there_are_many_kernels() -> None:
    """Forking copies a few entries then."""
    if not _can_gather():
        pytest.skip("this Linux cannot gather pages into large ones")
    for _ in range(fork_server.MANY + 1):  # the last one comes after it is done
        assert ask("print(1)") == [["1"]]
    family = [psutil.Process(pid) for pid in fork_server_pool().own_processes()]  # bubblewrap, then the server
    server = max(family, key=lambda process: process.memory_info().rss)
    told = Path(f"/proc/{server.pid}/smaps_rollup").read_text().splitlines()
    kilobytes = {line.split()[0]: int(line.split()[1]) for line in told[1:]}
    assert kilobytes["AnonHugePages:"] > 20_000


def test_what_optimizers_import_is_there_for_the_lessons_that_step_them() -> None:
    """It takes a second, which the other lessons are spared; a student's own optimizer imports it then."""
    loaded = "import sys; print('torch' in sys.modules, 'torch._dynamo' in sys.modules)"
    fork_server_pool().end()
    with kernels(config=replace(CONFIG, optimizers=False)) as (kernel,):
        assert (kernel.attempt, kernel.run(loaded)) == ("forked", "True False")
        assert kernel.run("import torch; torch.optim.SGD([torch.zeros(1)], 0.1).step(); print(1)") == "1"
    assert ask(loaded) == [["True True"]]


@pytest.mark.parametrize(("notebooks", "shared"), [(MANY - 1, False), (MANY, True)])
def test_a_class_shares_what_optimizers_import_from_its_first_notebook_on(
    tmp_path: Path, notebooks: int, shared: bool
) -> None:
    course, part = CourseDirectory(tmp_path / "work", tmp_path / "course"), chapters()[0]
    for k in range(notebooks):
        (course.submitted / f"student-{k}" / part.assignment_id).mkdir(parents=True)
    assert grading._is_large(course, [part]) is shared
    assert not grading._is_large(course, chapters()[1:])
    assert MANY == fork_server.MANY


def _can_gather() -> bool:
    """Whether Linux gathers some memory of our own when it is asked to: from 6.1 on, if it was built to."""
    size = 8 * walls.LARGE
    memory = np.ones(size, np.uint8)
    start = -(-memory.ctypes.data // walls.LARGE) * walls.LARGE
    large = ctypes.c_size_t(size - walls.LARGE)
    return bool(walls.LIBC.madvise(ctypes.c_void_p(start), large, walls.COLLAPSE) == 0)


def test_where_forking_fails_kernels_start_cold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server that cannot start, or one that gives no kernel: the work goes on, and soon without trying."""
    broken = tmp_path / "fork_server.py"
    broken.write_text("raise SystemExit(3)")
    fork_server_pool().end()
    monkeypatch.setattr(fork_client, "SCRIPT", broken)

    with kernels() as (kernel,):
        assert (kernel.attempt, kernel.run("print(6 * 7)")) == ("cold", "42")
    assert fork_server_pool().failures == 2
    fork_server_pool().failures = fork_client.MOST_FAILURES
    started: list[Path] = []
    monkeypatch.setattr(fork_client.ForkServerPool, "_own_server", lambda pool, folder: started.append(folder))
    with pytest.raises(ForkError, match="too often"):
        fork_server_pool().kernel("", CONFIG)
    assert started == []  # it does not even try, which may take two minutes
    fork_server_pool().failures = 0


def test_where_no_thread_can_be_started_the_kernel_starts_cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is full for a moment: the forked kernel is gone, and the work goes on."""

    class Full(threading.Thread):
        def start(self) -> None:
            monkeypatch.undo()
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(forked_kernel, "threading", SimpleNamespace(Thread=Full))
    with kernels() as (kernel,):
        assert (kernel.attempt, kernel.run("print(6 * 7)")) == ("cold", "42")


def limited(**resources: Any) -> ExecutionConfig:
    """The usual config with these resources."""
    return replace(CONFIG, limits=TimeLimits(resources=ResourceLimits(**resources)))


def test_a_child_that_cannot_build_its_walls_is_no_kernel() -> None:
    """A sandbox that fails leaves no kernel without one, and the reason is told."""
    ask("print(1)")
    with JudgeServer() as judge, pytest.raises(ForkError, match="mount /tmp"):
        fork_server_pool().kernel(judge.address, limited(scratch="nonsense"))
    with JudgeServer() as judge, pytest.raises(ForkError, match="TypeError"):
        fork_server_pool().kernel(judge.address, limited(processes="nonsense"))


def test_a_kernel_ends_with_the_process_that_asked_for_it() -> None:
    """The grader's end of the line closes when it is killed: nothing of a student's goes on without it."""
    ask("print(1)")
    with JudgeServer() as judge:
        process = fork_server_pool().kernel(judge.address, CONFIG)
        tree = process_tree(process.pid)
        assert len(tree) == 2
        process.close()
        assert _left_of(tree) == []


def test_several_processes_share_one_server() -> None:
    """A door that is lent is used instead of a server of one's own; when that server dies, there is one's own."""
    fork_server_pool().end()
    with fork_client.shared_fork_server(CONFIG) as handle:
        assert handle is not None
        fork_server_pool().shared = handle
        ask("print(1)", number=2)
        assert fork_server_pool().server is None
    ask("print(1)")
    assert fork_server_pool().shared is None
    assert fork_server_pool().server is not None


def test_both_ways_to_start_agree_on_places_and_options() -> None:
    """The fork server cannot import what starts a cold kernel, so it says the same things again."""
    for name in ("RUN_DIR", "HOME", "JUDGE_SOCKET_DIR"):
        assert getattr(fork_server, name) == getattr(bubblewrap, name)
    assert bubblewrap.SOCKETS.startswith(f"{fork_server.SOCKETS}/")
    for name in ("HEAD", "CELL", "STREAM", "DISPLAY", "RESULT", "ERROR", "CLEAR", "END"):
        ours, theirs = getattr(kernel_messages, name), getattr(cell_output, name)
        assert (ours.format, ours.size) == (theirs.format, theirs.size) if name == "HEAD" else ours == theirs
    assert list(bubblewrap.KERNEL_OPTIONS) == list(cell_runner.ARGUMENTS[3:])
    assert cell_output.SHOWN_TYPES == output_limits.SAFE_TYPES


@pytest.mark.parametrize(("config", "attempt"), [(CONFIG, "forked"), (COLD, "cold")])
def test_a_kernel_has_no_database_of_what_was_run(config: ExecutionConfig, attempt: str) -> None:
    with kernels(config=config) as (kernel,):
        assert (kernel.attempt, kernel.run("print(get_ipython().history_manager.enabled)")) == (attempt, "False")
