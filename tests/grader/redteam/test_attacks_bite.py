"""Attacks do something where nothing defends: outside of the sandbox, with a judge that listens all the time.

In the suite, an attack without success looks like one that does nothing. Here each attack on the check, the protocol or
the public half runs in a plain process, and what comes of it must differ from the same work without the attack.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.bank.registry import find_entry
from grader.course import ROOT
from grader.judging.server import JudgeServer
from grader.redteam.harness import FORM_ALONE, AttackHarness, attacks
from gradschool.check.check_log import STATE_VARIABLE
from gradschool.core.judge_messages import JUDGE_VARIABLE

EXERCISE = "chain.l2_gradient"
# What a notebook does: import, define a wrong function, run the attack's cell, check. First with a judge, then without.
NOTEBOOK = f"""
import os, sys
from gradschool import check
import numpy as np
attack = sys.stdin.read()
def l2_gradient(p, l): return p + l
hidden = "gradschool.exercises.chain.l2_gradient"  # a kernel has no such file, a student's machine does
sys.modules[hidden] = None
exec(compile(attack, "attack", "exec"))
if sys.modules.get(hidden, 0) is None: del sys.modules[hidden]
for judge in (True, False):
    try: check("{EXERCISE}", l2_gradient); ended = "passed"
    except BaseException as error: ended = type(error).__name__
    os.write(1, f"\\nENDED {{ended}}\\n".encode())
    os.environ.pop("{JUDGE_VARIABLE}", None)
os._exit(0)
"""


@dataclass(frozen=True)
class Effect:
    """What came of a check: whether the judge took it, the mistake it found, how `check` ended with it and without."""

    taken: bool
    mistake: str | None
    with_judge: str
    without: str


HONEST = Effect(True, "term-twice", "passed", "CheckFailed")
NOT_TAKEN = Effect(False, None, "CheckFailed", "CheckFailed")  # the judge never heard of the exercise
NO_REPLY = Effect(True, None, "CheckFailed", "CheckFailed")  # it did, and the examination came to no end
EFFECTS = {
    "forge/big_true_frames": NO_REPLY,
    "forge/check_early_and_often": Effect(True, "echo", "CheckFailed", "CheckFailed"),
    "forge/crowd_of_connections": NOT_TAKEN,
    "forge/deep_header": NO_REPLY,
    "forge/echo_expected": Effect(True, "kind", "passed", "CheckFailed"),
    "forge/forged_report": NO_REPLY,
    "forge/garbage_on_the_line": NOT_TAKEN,
    "forge/hello_for_everything": NO_REPLY,
    "forge/huge_frame": NO_REPLY,
    "forge/judge_stolen_by_other_exercise": NOT_TAKEN,
    "forge/inputs_denied": Effect(True, "first-call-only", "passed", "CheckFailed"),
    "forge/no_replies_at_all": Effect(True, None, "passed", "CheckFailed"),
    "forge/patched_assertion": Effect(True, "term-twice", "passed", "SystemExit"),
    "forge/pickled_array": NO_REPLY,
    "forge/public_inputs_only": Effect(True, "term-twice", "passed", "passed"),
    "forge/raised_as_value": Effect(True, "kind", "passed", "CheckFailed"),
    "forge/replaced_assess": Effect(False, None, "passed", "AttributeError"),
    "forge/replaced_check_module": Effect(False, None, "passed", "passed"),
    "forge/slow_drip": NO_REPLY,
    "steal/public_oracle": Effect(True, "raised", "passed", "CheckFailed"),  # the package's oracle refuses an answer
}
RACES = {"forge/threads_of_checks"}  # its checks and the notebook's: either may come first
OURS = re.compile(r"(?:import|from) gradschool|GRADSCHOOL_")


def effect(name: str | None, folder: Path) -> Effect:
    """Run an attack of the suite, or none, and then the check of a wrong function."""
    find_entry(EXERCISE)  # read before the judge's clock runs
    seconds = 1.0 if name == "forge/slow_drip" else 20.0
    # Its seed is none of the two that every student's machine draws its inputs with.
    with AttackHarness(folder / "harness", []) as harness, JudgeServer(seconds, seed=5) as judge:
        text = harness.fill(attacks(name)[0].text) if name else ""
        judge.open(EXERCISE)
        env = {**os.environ, JUDGE_VARIABLE: judge.address, STATE_VARIABLE: str(folder / "state"), "HOME": str(folder)}
        command = [sys.executable, "-c", NOTEBOOK]
        done = subprocess.run(command, input=text, env=env, cwd=folder, capture_output=True, text=True, timeout=120)
        found = judge.close(wait=5.0)
    ended = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("ENDED ")]
    assert len(ended) == 2, done.stderr
    return Effect(found.taken, found.report.mistake if found.report else None, ended[0], ended[1])


@pytest.mark.slow
def test_without_an_attack_a_wrong_function_is_examined_and_fails(tmp_path: Path) -> None:
    assert effect(None, tmp_path) == HONEST


@pytest.mark.slow
@pytest.mark.parametrize("name", EFFECTS)
def test_an_attack_has_its_effect(name: str, tmp_path: Path) -> None:
    assert effect(name, tmp_path) == EFFECTS[name] != HONEST


def test_every_forgery_that_names_the_package_is_tried() -> None:
    forgeries = {a.name for a in attacks("forge/") if OURS.search(a.text) and a.exercise == EXERCISE}
    assert forgeries - RACES <= set(EFFECTS)


# Each attack on another exercise, in a process where the clinics' faults are in sight: its shares where the package
# refuses nothing, and where it does.
UNDEFENDED = """
import contextlib, json, sys, types
from grader.bank.registry import find_entry
from grader.judging.examine import _attempt
from grader.redteam.harness import attacks
from gradschool.check.assess import assess
from gradschool.core import calling

refusing = calling.examined
shares = {}
for attack in [a for a in attacks() if a.exercise != "chain.l2_gradient" and a.name not in sys.argv[1:]]:
    entry, space = find_entry(attack.exercise), {}
    entry.hidden  # the right answers, before the attack changes anything
    types.FunctionType(compile(attack.text, attack.name, "exec"), space)()
    answer, shares[attack.name] = space[entry.exercise.function], []
    for calling.examined in (lambda exercise_id: contextlib.nullcontext(), refusing):
        ask = lambda args: calling.call_twice(entry.exercise, answer, args)
        attempts = [_attempt(entry, case, right, ask) for case, right in [*entry.questions(1), *entry.hidden]]
        shares[attack.name].append(assess(entry.exercise, attempts).fraction)
print(json.dumps(shares))
"""
GONE = {
    "forge/clinic_marks_itself",
    "forge/clinic_seal_patched",
}  # they rely on seals: there are none any more
# On a whole update nothing is refused: an attack that lacks the right weights earns nothing, defended or not.
WEIGHTS = {a.name for a in attacks() if a.exercise in ("dqn.agent", "ddpg.agent")}
AT_HOME = {f"steal/clinic_{name}" for name in ("asked_for_its_order", "sources_read")}  # files that a kernel has not
AT_HOME |= {f"steal/clinic_told_by_{name}" for name in ("code_names", "wrappers")} | {"steal/clinic_formula"}


@pytest.mark.slow
def test_an_attack_for_points_earns_them_where_nothing_defends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", UNDEFENDED, *GONE, *WEIGHTS]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    shares = json.loads(done.stdout.splitlines()[-1])
    assert len(shares) >= 20
    assert not GONE & set(shares)
    for name, (undefended, refused) in shares.items():
        assert undefended == 1.0, name
        assert refused == 1.0 if name in AT_HOME else refused <= FORM_ALONE, (name, refused)


def test_no_forged_weights_earn_anything_even_where_nothing_defends(tmp_path: Path) -> None:
    chosen = sorted({a.name for a in attacks() if a.exercise != EXERCISE} - WEIGHTS)
    command = [sys.executable, "-c", UNDEFENDED, *chosen]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    shares = json.loads(done.stdout.splitlines()[-1])
    assert set(shares) == WEIGHTS
    assert len(shares) >= 13
    assert all(found == [0.0, 0.0] for found in shares.values()), shares


@pytest.mark.parametrize("name", ["environment", "gradebook", "import_grader", "other_submissions"])
def test_a_theft_succeeds_in_a_plain_process(name: str, tmp_path: Path) -> None:
    with AttackHarness(tmp_path / "harness", []) as harness:
        text = harness.fill(attacks(f"steal/{name}")[0].text)
        done = subprocess.run([sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert [e for e in harness.side_effects(done.stdout) if e.startswith("CANARY-")], done.stderr
    if name == "import_grader":
        assert done.stdout.count("CANARY-IMPORTED") == 5
