"""The same attacks on stock nbgrader, with the checks as asserts in the notebook and nothing of ours switched on.

So that this is safe to run, all of nbgrader runs inside the sandbox, as if that were the instructor's whole machine:
what is looked at is whether an attack has success within it. That the instructor is told is not asked of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode

from grader.bank.registry import find_entry
from grader.course import ROOT
from grader.notebooks.source import source_notebook
from grader.redteam.cells import CHECK, OTHER, named
from grader.redteam.harness import SIGN, Attack, AttackHarness, attacks, small, submission
from grader.sandbox import bubblewrap
from grader.sandbox.resources import ResourceLimits, ResourceMonitor
from grader.settings import WORK_DIR_VARIABLE
from gradschool.core.exercise import grade_id

ASSERTS = {
    CHECK: """p, l = np.array([1.0, 2.0, -3.0]), np.array([0.5, 0.0, 1.0])
np.testing.assert_allclose(l2_gradient(p, l), [0.5, 2.0, -4.0])
### BEGIN HIDDEN TESTS
p, l = np.linspace(-2, 2, 7), np.cos(np.arange(7.0))
np.testing.assert_allclose(l2_gradient(p, l), p - l)
### END HIDDEN TESTS
""",
    OTHER: """a, phi = maximise(lambda a, phi: (-2 * a, phi), np.ones(2), np.zeros(2), 0.1, 3)
np.testing.assert_allclose(a, 0.8**3 * np.ones(2))
np.testing.assert_allclose(phi, 0.0)
""",
}
ASKED = """from numpy import *
from gradschool.core.exercise import find
from gradschool.core.plain_data import iter_leaves, to_plain
### BEGIN HIDDEN TESTS
exercise, questions = find("{exercise}"), {questions}
for args, right in questions:
    found = dict(iter_leaves(to_plain(exercise.adapter({function}, args)), exercise.returns))
    for label, expected in iter_leaves(right, exercise.returns):
        if isinstance(expected, str):
            assert found[label] == expected
        else:
            testing.assert_allclose(found[label], expected, rtol=1e-6, atol=1e-9)
### END HIDDEN TESTS
"""
SETUP = "from collections.abc import Callable\n\nimport numpy as np\n"
RESOURCES = ResourceLimits(memory=2 * 2**30, scratch=2**30, cpu_seconds=120, file_size=2**30)
LONGEST = 150.0
HONEST = "other"  # graded last, after all attackers


def run(only: Sequence[str] = (), jobs: int = 2) -> dict[str, Any]:
    """Attack stock nbgrader; return the number of attacks, what had success, and what came of each."""
    found = [a for a in attacks(*only) if not a.on_download]  # stock nbgrader reads no LMS's downloads
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = list(pool.map(lambda a: run_attack(a.name), found))
    breaks = [f"{a.name}: {', '.join(o)}" for a, o in zip(found, outcomes, strict=True) if o]
    each = [{"attack": a.name, "goal": a.goal, "breaks": o} for a, o in zip(found, outcomes, strict=True)]
    return {"attacks": len(found), "breaks": breaks, "outcomes": each}


def run_attack(name: str) -> list[str]:
    """Grade one attacker and one honest student with stock nbgrader; return in what ways the attack had success."""
    return run_class([name])[name]


def run_class(names: Sequence[str]) -> dict[str, list[str]]:
    """Grade an attacker for each of these attacks on one exercise, and an honest student, with stock nbgrader.

    Returns for each attack in what ways it had success. What cannot be laid at one attacker's door, because nbgrader
    grades them all on one machine, is every attacker's.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        inside = [sys.executable, "-m", "grader.redteam.stock_nbgrader", *names]
        start = bubblewrap.kernel_invocation(inside, RESOURCES, ROOT / "build", shown=(ROOT,))
        env = {**bubblewrap.environment(), "PYTHONPATH": str(ROOT), WORK_DIR_VARIABLE: "/tmp/work"}
        with contextlib.closing(start):
            process = subprocess.Popen(
                start.command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
                pass_fds=start.files,
            )
        too_much: list[str] = []

        def stop(why: str) -> None:
            too_much.append(f"{why}, and the class did not finish")
            process.kill()

        watch = ResourceMonitor(process.pid, RESOURCES, stop)
        try:
            process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            stop(f"it took more than {LONGEST:g} s")
            process.wait()
        watch.end()
        output.seek(0)
        said = output.read().splitlines()
    lines = [x for x in said if x.startswith("RESULT ")]
    if too_much:
        return dict.fromkeys(names, too_much)
    if not lines and process.returncode == 1:  # Python's own way out: our fault, not the attack's success
        raise RuntimeError(f"{', '.join(names)} could not be tried: {said[-1] if said else 'no reason given'}")
    found: dict[str, list[str]] = json.loads(lines[-1].removeprefix("RESULT ")) if lines else {}
    return found or {name: ["the grading process was ended"] for name in names}


def _asserts(exercise: str) -> str:
    """Return the check of an exercise as a stock course has it: asserts, with what is right in a hidden test."""
    name = grade_id(exercise)
    if name in ASSERTS:
        return ASSERTS[name]
    entry = find_entry(exercise)
    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        questions = repr([(dict(case.args), right) for case, right in entry.questions(0) if not case.edge])
    return ASKED.format(exercise=exercise, questions=questions, function=entry.exercise.function)


def _course(folder: Path, attack: Attack) -> None:
    """Make a stock course with the small lesson."""
    exercises = (attack.exercise, attack.companion)
    notebook = small(source_notebook(attack.chapter), exercises)
    notebook.cells[0].source = SETUP
    for exercise in exercises:
        cell = named(notebook, grade_id(exercise))
        cell.source = _asserts(exercise)
        cell.metadata["nbgrader"]["points"] = find_entry(exercise).points  # a warm-up's too, which has no marks
    (folder / "source/ps").mkdir(parents=True)
    nbformat.write(notebook, folder / "source/ps/nb.ipynb")
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'stock'\n")
    _nbgrader(folder, "generate_assignment", "ps")


def _nbgrader(folder: Path, *words: str, most: float = 100.0) -> bool:
    """Run one of nbgrader's commands; return whether it came to an end.

    Nothing is read of it: a pipe would stay open, and seem to be nbgrader still at work, as long as anything that a
    kernel left behind holds it.
    """
    command, nowhere = [sys.executable, "-m", "nbgrader", *words], subprocess.DEVNULL
    try:
        subprocess.run(command, cwd=folder, stdin=nowhere, stdout=nowhere, stderr=nowhere, timeout=most)
    except subprocess.TimeoutExpired:
        return False
    return True


def _inside(names: Sequence[str]) -> dict[str, list[str]]:
    """Run the attacks on the machine that the sandbox pretends to be; return in what ways each had success."""
    from nbgrader.api import Gradebook

    attackers = {f"aaa-attacker-{k}": next(a for a in attacks(n) if a.name == n) for k, n in enumerate(names)}
    about = next(iter(attackers.values()))
    base = Path("/tmp/arena")
    with AttackHarness(base) as harness:
        course = base / "course"
        (course / "gradebook.db").unlink()  # the real one stands here
        _course(course, about)
        texts = {s: submission(a, harness.fill, _released(course)) for s, a in attackers.items()}
        texts[HONEST] = submission(replace(about, text=""), released=_released(course))
        for student, text in texts.items():
            file = course / "submitted" / student / "ps" / "nb.ipynb"
            file.parent.mkdir(parents=True)
            file.write_text(text, encoding="utf-8")
        harness.before = harness._state()
        finished = _nbgrader(course, "autograde", "ps")
        everybody = [] if finished else ["the class did not finish"]
        everybody += [b for b in harness.side_effects("") if not _by_nbgrader(b)]
        breaks: dict[str, list[str]] = {}
        for student, attack in attackers.items():
            read = SIGN.findall(_shown(course / "autograded" / student / "ps" / "nb.ipynb"))
            marks = _marks(Gradebook, f"sqlite:///{course}/gradebook.db", attack, student)
            breaks[attack.name] = [*marks, *(f"{sign} was read" for sign in sorted(set(read))), *everybody]
    return breaks


def _released(course: Path) -> NotebookNode:
    released: NotebookNode = nbformat.read(course / "release/ps/nb.ipynb", as_version=4)
    return released


def _marks(gradebook: Any, url: str, attack: Attack, attacker: str) -> list[str]:
    points, breaks = find_entry(attack.companion).points, []
    most = {grade_id(attack.companion): points}
    with gradebook(url) as book:
        for student in (attacker, HONEST):
            try:
                entered = book.find_submission_notebook("nb", "ps", student)
            except Exception:
                breaks.append(f"{'the attacker' if student == attacker else 'another student'} was not graded")
                continue
            for grade in entered.grades:
                if not grade.score <= most.get(grade.name, 0.0):
                    breaks.append(f"{grade.score:g} points for {grade.name}")
            if student == HONEST and entered.score != points:
                breaks.append("another student's mark was changed")
    return [b for b in breaks if b != "the attacker was not graded"]


def _shown(graded: Path) -> str:
    try:
        notebook = nbformat.read(graded, as_version=4)
    except Exception:
        return ""
    outputs = [o for c in notebook.cells for o in c.get("outputs", []) if o.output_type != "error"]
    return "\n".join(str(o.get("text", o.get("data", ""))) for o in outputs)


def _by_nbgrader(effect: str) -> bool:
    """Return whether nbgrader makes this change itself while it grades."""
    own = ("gradebook.db", "nb.ipynb", "timestamp.txt", "jupyter", "alembic", ".nbgrader.log")
    return effect.endswith("was changed") and effect.startswith(own)


if __name__ == "__main__":
    os.chdir("/tmp")
    asyncio.set_event_loop(asyncio.new_event_loop())
    started = time.monotonic()
    print("RESULT " + json.dumps(_inside(sys.argv[1:])), flush=True)
