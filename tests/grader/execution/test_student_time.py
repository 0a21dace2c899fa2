"""The student's time: computing counts, whoever does it; sleep ends too; a busy machine costs nobody anything."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from grader.course import ROOT
from grader.execution import cpu_meter, student_time
from grader.execution.config import TimeLimits
from grader.execution.cpu_meter import CpuMeter, ProcessTimes
from grader.execution.student_time import Excess, Seconds, StudentClock
from tests.support.running_kernels import CONFIG, kernels

BURN = (
    "import os, signal, sys, time\n"
    "def burn(s):\n    u = time.thread_time() + s\n    while time.thread_time() < u: pass\n"
)
SUBREAPER = "import ctypes; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"  # orphans go to it, as to a sandbox's first
WAYS = {
    "itself": "burn(0.2)",
    "a thread": "import threading; t = threading.Thread(target=burn, args=(0.2,)); t.start(); t.join()",
    "children that are waited for": "for _ in range(4):\n    if os.fork() == 0: burn(0.05); os._exit(0)\n    os.wait()",
    "children that are not": "for _ in range(4):\n    if os.fork() == 0: burn(0.05); os._exit(0)",
    "orphans in sessions of their own": (
        "for _ in range(4):\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0: burn(0.05)\n"
        "        os._exit(0)\n    os.wait()"
    ),
    "children whose end is ignored": (
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\nfor _ in range(4):\n"
        "    if os.fork() == 0: burn(0.05); os._exit(0)\n    time.sleep(0.05)"
    ),
}


@pytest.fixture
def program():
    """Start programs that say something when they are through, and then wait; they end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(text: str) -> subprocess.Popen[bytes]:
        whole = f"{BURN}{SUBREAPER}sys.stdin.read(1)\n{text}\nprint(flush=True)\nsys.stdin.read(1)\n"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        started.append(subprocess.Popen([sys.executable, "-S", "-c", whole], **pipes))  # type: ignore[call-overload]
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("way", WAYS)
def test_whoever_computes_it_counts(program, way: str) -> None:
    process = program(WAYS[way])
    meter = CpuMeter(process.pid)
    process.stdin.write(b"x")
    process.stdin.flush()
    until = time.monotonic() + 60.0
    while meter.read() < 0.15 and time.monotonic() < until:
        time.sleep(0.02)
    assert meter.read() >= 0.15


def test_what_ends_is_counted_once(program) -> None:
    process = program("for _ in range(10):\n    if os.fork() == 0: burn(0.02); os._exit(0)\n    os.wait()")
    meter = CpuMeter(process.pid)
    process.stdin.write(b"x")
    process.stdin.flush()
    before = time.monotonic()
    while not meter.runnable and time.monotonic() < before + 60.0:
        meter.read()
    process.stdout.readline()
    assert 0.15 < meter.read() < 0.4


def test_sleep_is_no_computing_and_counts_apart(program) -> None:
    process = program("time.sleep(600)")
    process.stdin.write(b"x")
    process.stdin.flush()
    clock = StudentClock(process.pid)
    while clock.look().asleep < 0.3:
        time.sleep(0.02)
    used = clock.look()
    assert used.cpu < 0.2
    assert used.excess(Seconds(0.2, 0.2, 60.0)) is Excess.ASLEEP
    before = clock.look().asleep
    time.sleep(0.1)
    assert clock.look(excused=lambda: True).asleep == before


def test_the_limits_are_those_of_the_documentation() -> None:
    limits, text = TimeLimits(), (ROOT / "docs" / "running-a-class.md").read_text()
    told = text[text.index("| of | CPU seconds |") :].splitlines()[2:6]
    found = [[float(word) for word in line.split("|")[2:5]] for line in told]
    cpu = (limits.check, limits.cell, limits.locked, limits.notebook)
    assert found == [list(astuple(limits.allowance(seconds))) for seconds in cpu]
    assert f"(at most {limits.restarts})" in text


class Machine:
    """A machine of which a kernel gets a share: time goes by, and the kernel computes or waits for its turn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, share: float) -> None:
        self.now, self.share = 0.0, share
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(cpu_meter, "times_of", lambda _: {(1, 0.0): ProcessTimes(self.share * self.now, 0.0, True)})
        monkeypatch.setattr(cpu_meter, "own_cgroup", lambda _: None)

    def used_after(self, seconds: float) -> Seconds:
        """What a clock says that is looked at every tenth of a second for so long."""
        clock = StudentClock(1)
        while self.now < seconds:
            self.now += 0.1
            used = clock.look()
        return used


@pytest.mark.parametrize(("share", "on_the_wall"), [(1.0, 10.0), (0.1, 100.0)], ids=["quiet", "busy"])
def test_a_busy_machine_is_not_the_students_time(
    monkeypatch: pytest.MonkeyPatch, share: float, on_the_wall: float
) -> None:
    """Ten seconds of CPU time in a limit of twelve: a limit on the wall's seconds would stop it where it is busy."""
    used = Machine(monkeypatch, share).used_after(on_the_wall)
    assert used.cpu == pytest.approx(10.0, abs=0.2)
    assert used.asleep == 0.0
    assert used.excess(TimeLimits().allowance(12.0)) is None
    assert (used.wall > 12.0) is (share < 1.0)
    assert used.excess(TimeLimits().allowance(9.0)) is Excess.CPU


def test_a_machine_that_gives_nothing_is_told_from_a_student_who_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    used = Machine(monkeypatch, 0.001).used_after(300.0)
    assert used.excess(TimeLimits().allowance(12.0)) is Excess.WALL


def test_a_grader_that_was_away_takes_no_time_from_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, 0.0)
    monkeypatch.setattr(cpu_meter, "times_of", lambda _: {(1, 0.0): ProcessTimes(0.0)})
    clock = StudentClock(1)
    machine.now = 1000.0
    assert clock.look().asleep == student_time.LONGEST_LOOK


def test_a_process_that_steps_back_waits_at_its_own_cost(program) -> None:
    process = program("os.nice(10)\nburn(60)")
    process.stdin.write(b"x")
    process.stdin.flush()
    until = time.monotonic() + 60.0
    while time.monotonic() < until:
        ((_, found),) = cpu_meter.times_of(process.pid).items()
        if os.getpriority(os.PRIO_PROCESS, process.pid) == 10 and found.own > 0.02:
            break  # Python's own start may take as long before it has stepped back
    ((_, found),) = cpu_meter.times_of(process.pid).items()
    assert not found.runnable


def test_without_proc_the_same_is_found_another_way(program, monkeypatch: pytest.MonkeyPatch) -> None:
    process = program(WAYS["children that are waited for"])
    monkeypatch.setattr(cpu_meter, "PROC", Path("/nowhere"))
    meter = CpuMeter(process.pid)
    process.stdin.write(b"x")
    process.stdin.flush()
    process.stdout.readline()
    assert 0.15 <= meter.read() < 0.4


def test_a_cgroup_of_the_kernels_own_knows_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program) -> None:
    (tmp_path / "cpu.stat").write_text("usage_usec 1000000\n")
    monkeypatch.setattr(cpu_meter, "own_cgroup", lambda _: tmp_path)
    meter = CpuMeter(program("").pid)
    (tmp_path / "cpu.stat").write_text("usage_usec 8500000\nuser_usec 5\n")
    assert meter.read() == 7.5


# --- in a kernel ----------------------------------------------------------------------------------------------------

SHORT = replace(CONFIG, limits=TimeLimits(sleep=2.0, wall=1000.0))
ORPHAN = "import os, time\nif os.fork() == 0:\n    if os.fork() == 0: os.setsid(); {}\n    os._exit(0)\nos.wait()\n"
ENDLESS = {
    "sleep": ("import time; time.sleep(10**6)", Excess.ASLEEP),
    "a pipe": ("import os; os.read(os.pipe()[0], 1)", Excess.ASLEEP),
    "a child that sleeps": ("import os, time\nif os.fork() == 0: time.sleep(10**6)\nos.wait()", Excess.ASLEEP),
    "an orphan's computing": (ORPHAN.format("[None for _ in iter(int, 1)]") + "time.sleep(10**6)", Excess.CPU),
    "a thread": (
        "import threading, time\ndef f():\n    while True: pass\n"
        "threading.Thread(target=f, daemon=True).start(); time.sleep(10**6)",
        Excess.CPU,
    ),
}


@pytest.mark.slow
def test_each_cell_that_does_not_end_is_interrupted_and_its_kernel_lives() -> None:
    """The interrupt is for the kernel itself, although its newest child is an orphan."""

    with kernels(config=SHORT) as (kernel,):
        for name, (text, kind) in ENDLESS.items():
            assert kernel.run(text, seconds=0.25).startswith("timeout"), name
            assert kernel.kernel.exceeded is kind, name
            assert kernel.kernel.used.wall < 60.0, name
        assert kernel.run("print(6 * 7)", seconds=5.0) == "42"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN)", "time.sleep(10**6)"),
        ("import os, signal", "os.kill(os.getpid(), signal.SIGSTOP)"),
        (
            "import os, time",
            "for _ in range(60):\n    if os.fork() == 0: time.sleep(10**6)\n" + "time.sleep(10**6)\n" * 3,
        ),
    ],
    ids=["ignored", "stopped", "a bomb of sleepers"],
)
def test_what_cannot_be_interrupted_is_lost(monkeypatch: pytest.MonkeyPatch, before: str, text: str) -> None:
    monkeypatch.setattr("grader.execution.kernel.GRACE", Seconds(0.3, 0.3, 600.0))

    with kernels(config=SHORT) as (kernel,):
        kernel.run(before)
        said = kernel.run(text, seconds=0.2)
        assert said == "lost: the kernel could not be interrupted" or said.startswith("timeout")
