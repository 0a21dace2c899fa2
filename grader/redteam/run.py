"""Running the suite: each attack with a kernel and a harness of its own, several at a time."""

from __future__ import annotations

import importlib
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, fields, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.bank.registry import find_entry
from grader.course import ROOT, chapter
from grader.errors import EnvironmentFault, GraderError
from grader.execution import grade_notebook
from grader.execution.config import ExecutionConfig, TimeLimits
from grader.executors.process_context import end_with_parent
from grader.notebooks.overwrite_cells import overwrite_cells
from grader.notebooks.reader import read_submission
from grader.redteam.downloads import attack_download
from grader.redteam.harness import (
    COMPANIONS,
    EXERCISE,
    Attack,
    AttackHarness,
    attacks,
    lesson,
    right_work,
    submission,
)
from grader.redteam.pages import FOLDERS, page_breaks
from grader.results import GradeRecord
from grader.sandbox import other_user
from grader.sandbox.resources import ResourceLimits

RESOURCES = ResourceLimits(memory=2**30, scratch=64 * 2**20)
LIMITS = TimeLimits(
    check=2.0, cell=5.0, locked=60.0, notebook=12.0, restarts=2, sleep=1.0, wall=200.0, resources=RESOURCES
)
# Where a kernel imports everything itself: in the first cell, what torch leaves for later, and after a restart.
COLD_LIMITS = replace(LIMITS, check=8.0, cell=8.0, notebook=60.0)
CONFIG = ExecutionConfig(ROOT / "build", limits=LIMITS)
MOST_HELD = 250 * 2**20  # bytes by which this process may grow over one notebook; an honest one takes 20 MB
MOST_WRITTEN = 30 * 2**20  # bytes of a graded notebook
JOBS = 3  # attacks at once: many of them wait for a limit on time
LONGEST = 120.0  # seconds for one attack; an honest notebook of this size takes two on a machine that is not busy,
LONGER = 10.0  # and an attack may take as many times as long as that on one that is


@dataclass
class Outcome:
    """What came of one attack: points earned, in what ways it had success, and what the instructor is told of it."""

    attack: str
    goal: str
    earned: dict[str, float] = field(default_factory=dict)
    breaks: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as the command's JSON has it, whose keys are older than these names."""
        renamed = {"goal": "aim", "flags": "told"}
        return {renamed.get(f.name, f.name): getattr(self, f.name) for f in fields(self)}


def run(only: Sequence[str] = (), jobs: int = JOBS, config: ExecutionConfig = CONFIG) -> dict[str, Any]:
    """Run the suite; ``breaks`` is empty when no attack gained, touched or stopped anything.

    ``only`` is what the names of attacks hold that are wanted; one text of several is enough.

    Raises GraderError where attacks would look vain whatever they do: if one names what does not exist, or if the work
    that they come with does not earn its points without them.
    """
    wanted, config = attacks(*only), replace(config, limits=LIMITS if config.forks_kernels else COLD_LIMITS)
    if lacking := [f"{a.name} names {a.missing[0]}" for a in wanted if a.missing]:
        raise GraderError(f"{'; '.join(lacking)}: nothing could be learnt from what tries nothing.")
    honest = run_attack(None, {}, config)
    if honest.breaks or honest.earned.get("chain.maximise") != find_entry("chain.maximise").points:
        raise GraderError(
            f"The same work without an attack earned {honest.earned}{_broken(honest)}: nothing could be learnt from "
            "attacks."
        )
    _assert_right_work_is_paid(wanted, config)
    longest = max(LONGEST, LONGER * honest.seconds)
    found = sorted(run_attacks(wanted, honest.earned, jobs, config, longest), key=lambda o: o.attack)
    return {
        "attacks": len(found),
        "breaks": [_line(o) for o in found if o.breaks],
        "outcomes": [o.as_dict() for o in found],
    }


def _broken(honest: Outcome) -> str:
    return f" ({', '.join(honest.breaks)})" if honest.breaks else ""


def _assert_right_work_is_paid(wanted: Sequence[Attack], config: ExecutionConfig) -> None:
    """Grade right work for every exercise that is attacked: GraderError unless each earns its points."""
    for part, companion in COMPANIONS.items():
        attacked = dict.fromkeys(a.exercise for a in wanted if a.exercise.startswith(f"{part}."))
        exercises = (*attacked, companion)
        if not attacked or set(attacked) == {EXERCISE}:  # whose own honest work is graded anyhow
            continue
        with tempfile.TemporaryDirectory(prefix="redteam-") as folder:
            file = Path(folder) / "notebook.ipynb"
            file.write_text(right_work(exercises), encoding="utf-8")
            earned = GradeRecord.read(_grade(file, config, exercises)).earned()
        if unpaid := [e for e in exercises if earned.get(e) != find_entry(e).points]:
            raise GraderError(f"Right work for {unpaid[0]} earned {earned.get(unpaid[0], 0):g}: attacks say nothing.")


def table(result: Mapping[str, Any]) -> list[str]:
    r"""Return the lines of a table: of each kind of attack how many there are, and how many had success.

    >>> outcomes = [{"attack": "forge/nan", "breaks": []}, {"attack": "steal/history", "breaks": ["it was read"]}]
    >>> print("\n".join(table({"outcomes": outcomes})))
    forge          1 attack    0 with success
    steal          1 attack    1 with success
    all            2 attacks   1 with success
    """
    kinds: dict[str, list[bool]] = {}
    for outcome in result["outcomes"]:
        for kind in (outcome["attack"].partition("/")[0], "all"):
            kinds.setdefault(kind, []).append(bool(outcome["breaks"]))
    kinds["all"] = kinds.pop("all", [])
    return [
        f"{kind:10} {len(found):5} {'attack ' if len(found) == 1 else 'attacks'} {sum(found):3} with success"
        for kind, found in kinds.items()
    ]


def _line(outcome: Outcome) -> str:
    return f"{outcome.attack}: {', '.join(outcome.breaks)}"


def run_attacks(
    wanted: list[Attack],
    honest: dict[str, float],
    jobs: int = JOBS,
    config: ExecutionConfig = CONFIG,
    longest: float = LONGEST,
) -> Iterator[Outcome]:
    """Run these attacks, ``jobs`` at a time, and yield each outcome as it comes.

    Those on resources begin: they wait for limits, and none of them should be left over at the end.
    """
    longest_first = sorted(wanted, key=lambda attack: not attack.name.startswith("resources/"))
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=end_with_parent) as pool:
        started = [pool.submit(run_attack, attack, honest, config, longest) for attack in longest_first]
        for future in as_completed(started):
            yield future.result()


def run_attack(
    attack: Attack | None, honest: dict[str, float], config: ExecutionConfig = CONFIG, longest: float = LONGEST
) -> Outcome:
    """Grade one attacker's file as any other, and return what came of it; None is the same work without an attack."""
    outcome = Outcome(attack.name if attack else "none", attack.goal if attack else "")
    started = time.monotonic()
    if attack and attack.on_download:
        outcome.breaks, outcome.flags = attack_download(attack)
        outcome.seconds = round(time.monotonic() - started, 1)
        return outcome
    with tempfile.TemporaryDirectory(prefix="redteam-") as folder, AttackHarness(Path(folder) / "arena") as harness:
        file = Path(folder) / "notebook.ipynb"
        file.write_text(submission(attack, harness.fill), encoding="utf-8")
        importlib.import_module("grader.executors.preload")  # as in every grading process, and no attack's doing
        before = most_held(anew=True)
        try:
            graded = _grade(file, config, (attack.exercise, attack.companion) if attack else None)
        except EnvironmentFault as fault:  # no mark where a zero was due
            graded, outcome.breaks = None, [f"it was taken for no fault of the student's: {fault}"]
        except GraderError as error:
            graded, outcome.flags = None, [str(error)]
        except Exception as error:  # a break, whatever it is: this would have stopped the class
            graded, outcome.breaks = None, [f"grading broke with {type(error).__name__}: {str(error)[:200]}"]
        if (grown := most_held() - before) > MOST_HELD:
            outcome.breaks.append(f"the grader's own process took {grown >> 20} MB")
        outcome.breaks += harness.side_effects(_shown(graded) if graded else "")
    if graded and (size := len(nbformat.writes(graded))) > MOST_WRITTEN:
        outcome.breaks.append(f"the graded notebook has {size >> 20} MB")
    outcome.seconds = round(time.monotonic() - started, 1)
    if outcome.seconds > longest:
        outcome.breaks.append(f"it held the class up for {outcome.seconds:g} s")
    if graded and attack and attack.name.startswith(FOLDERS):
        outcome.breaks += page_breaks(graded)
    if graded:
        _compare(outcome, GradeRecord.read(graded), honest if attack is None or _is_usual(attack) else attack.honest())
    return outcome


def _is_usual(attack: Attack) -> bool:
    """Return whether the attack is about the usual work, whose marks were measured."""
    return attack.exercise == EXERCISE and attack.worth is None


def most_held(anew: bool = False) -> int:
    """Return the most bytes that this process has held, so far or, from now on, ``anew``; 0 where it is not told."""
    try:
        if anew:
            Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    return int(re.search(r"^VmHWM:\s+(\d+)", status, re.MULTILINE)[1]) * 1024  # type: ignore[index]


def _grade(file: Path, config: ExecutionConfig = CONFIG, exercises: Sequence[str] | None = None) -> NotebookNode:
    exercises = exercises or (EXERCISE, COMPANIONS["chain"])
    notebook, notes = overwrite_cells(read_submission(file), lesson(exercises))
    grade_notebook.execute_and_judge(notebook, chapter(exercises[0].partition(".")[0]), notes, config)
    return notebook


def _shown(graded: NotebookNode) -> str:
    """Return all that a reader of the graded notebook sees besides the attacker's own code."""
    outputs = [o for c in graded.cells for o in c.get("outputs", []) if o.output_type != "error"]
    return "\n".join(str(o.get("text", o.get("data", ""))) for o in outputs)


def _compare(outcome: Outcome, found: GradeRecord, honest: dict[str, float]) -> None:
    outcome.earned = found.earned()
    mistakes = [f"{exercise}: {mistake}" for exercise, mistake in found.mistakes().items()]
    outcome.flags = [*(n for n in found.notes if n != other_user.NOTE), *mistakes]  # that says nothing of an attack
    for exercise, most in honest.items():
        if outcome.earned.get(exercise, 0.0) > most + 1e-9:
            outcome.breaks.append(f"{outcome.earned[exercise]:g} points for {exercise}, where {most:g} were earned")
    if honest and set(outcome.earned) != set(honest):
        outcome.breaks.append("the record holds other exercises than the lesson")
    if honest and not outcome.flags:
        outcome.breaks.append("the instructor was not told")
