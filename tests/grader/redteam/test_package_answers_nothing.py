"""Whatever a grading kernel can import of the package is tried as an answer to every exercise, and earns nothing.

In a process of its own, which imports every module that a kernel has in sight and none that is hidden from it.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.bank.registry import find_entry
from grader.course import ROOT
from grader.sandbox import bubblewrap
from gradschool.core.judge_messages import JUDGE_VARIABLE

PACKAGE = bubblewrap.PACKAGE
# Prints as JSON: how many callables there are, how often one was called as an answer, and who had right values, where.
WALK = """
import importlib, inspect, json, os, signal, sys, warnings
import numpy as np

warnings.simplefilter("ignore")

class Late(BaseException): pass

def late(*_): raise Late

signal.signal(signal.SIGALRM, late)
visible, hidden, planted = json.load(sys.stdin)
from grader.bank.registry import entries
from gradschool.core import calling
from gradschool.core.compare import Attempt
from gradschool.core.exercise import CHAPTERS, AnswerUnusable
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import copy_arrays, to_plain

bank = [entry for part in CHAPTERS for entry in entries(part).values()]
questions = {entry.exercise.id: entry.questions(1) for entry in bank}
readers = {
    entry.exercise.id: importlib.import_module(f"gradschool.exercises.{entry.exercise.id}").read
    for entry in bank
    if entry.exercise.read
}  # as the judge has them, whatever a kernel cannot import
for name in hidden:
    sys.modules[name] = None
for name in planted:
    sys.modules.pop(name, None)

found = {}
for name in [*visible, *planted]:
    module = importlib.import_module(name)
    for key, thing in vars(module).items():
        owners = {key: thing, **({f"{key}.{k}": v for k, v in vars(thing).items()} if inspect.isclass(thing) else {})}
        for where, one in owners.items():
            one = getattr(one, "__func__", one)
            if callable(one) and str(getattr(one, "__module__", "")).startswith("gradschool"):
                found[id(one)] = (f"{name}.{where}", one)

def fits(one, count):
    try:
        inspect.signature(one).bind(*[None] * count)
        return True
    except (TypeError, ValueError):
        return False

def reply(entry, one, case):
    signal.setitimer(signal.ITIMER_REAL, 2.0)
    try:
        with np.errstate(all="ignore"):
            first = calling._outcome(entry.exercise, one, copy_arrays(case.args), calling.Returned())
        if entry.exercise.id in readers and not isinstance(first, calling.Raised):
            first = to_plain(readers[entry.exercise.id](case.args, first).parts)
        return calling.Reply(first, first, case.plain_args)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)

def right(entry, one, case, expected):
    try:
        attempt = Attempt(case, expected, reply(entry, one, case), entry.exercise.returns, TOLERANCES[entry.tolerance])
    except (Late, AnswerUnusable):
        return False
    shown = attempt.comparisons
    return bool(shown) and not any(c.form or c.is_wrong for c in shown)

tried, earned = 0, []
out = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
for entry in bank:
    counts = []
    case, expected = questions[entry.exercise.id][0]
    got = calling.call_raw(entry.exercise, lambda *args, **_: counts.append(len(args)), case.args)
    assert counts, (entry.exercise.id, got.first)
    for name, one in list(found.values()):
        if fits(one, counts[0]):
            tried += 1
            some = questions[entry.exercise.id][:3]
            if all(right(entry, one, case, expected) for case, expected in some):
                earned.append((entry.exercise.id, name))
os.write(out, ("\\n" + json.dumps([len(found), tried, earned])).encode())
os._exit(0)
"""


def modules(hidden: bool) -> list[str]:
    """The package's modules that a grading kernel has not, or those that it has."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        inside = file.is_relative_to(bubblewrap.EXERCISES) and file.name not in bubblewrap.SHOWN
        if (inside or file.parent == bubblewrap.FAULTS) is hidden and file.name != "__main__.py":
            name = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
            found.append(name.removesuffix(".__init__"))
    return found


def walk(folder: Path, *planted: str, only: list[str] | None = None) -> tuple[int, int, list[list[str]]]:
    """Try everything in sight (or ``only`` so much of it), and of what is hidden what is ``planted``."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), JUDGE_VARIABLE: str(folder / "nobody")}
    told = json.dumps([only or modules(hidden=False), modules(hidden=True), planted])
    done = subprocess.run(
        [sys.executable, "-c", WALK], input=told, env=env, cwd=folder, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr[-2000:]
    callables, tried, earned = json.loads(done.stdout.splitlines()[-1])
    return callables, tried, earned


@pytest.mark.slow
def test_nothing_in_sight_of_a_kernel_answers_an_exercise(tmp_path: Path) -> None:
    callables, tried, earned = walk(tmp_path)
    assert callables > 300
    assert tried > 1000
    assert earned == []


@pytest.mark.slow
def test_what_is_hidden_would_be_found(tmp_path: Path) -> None:
    """The test above can fail: with the faults of chapter 2's clinic and a whole update in sight it finds both."""
    update = inspect.getsource(find_entry("dqn.agent").reference)
    (tmp_path / "gradschool_planted.py").write_text(f"import torch\n\n\n{update}", encoding="utf-8")
    planted = ("gradschool.lessons.clinics.faults", "gradschool.lessons.clinics.faults.dqn", "gradschool_planted")
    earned = walk(tmp_path, *planted, only=["gradschool.core.numerics"])[2]
    assert ["dqn.clinic", "gradschool.lessons.clinics.faults.dqn.faults"] in earned
    assert ["dqn.agent", "gradschool_planted.whole_update"] in earned
