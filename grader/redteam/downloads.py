"""Attacks on a class's downloads: what one student hands in, beside three who are honest, is collected and read.

Nothing is graded. An attack has success if another student's work is not collected, or not as it was handed in; if
collecting or reading breaks, takes too long or too much memory; if the attacker's fault is more than a line; or if
nobody is told.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grader.course import ROOT, CourseDirectory, chapter
from grader.redteam.harness import Attack, AttackHarness, functions_of, submission

HONEST = {"12001": "Curie, Marie", "12002": "Noether, Emmy", "12003": "O'Neill-Smith, Zoë"}
ATTACKER = "12666"
MOST_MEMORY = 800 * 2**20  # bytes of the process that collects; an honest class takes a quarter
LONGEST = 60.0  # CPU seconds; an honest class takes four
PATIENCE = 600.0  # seconds, on however busy a machine


def attack_download(attack: Attack) -> tuple[list[str], list[str]]:
    """Collect a class with this attack in it; return in what ways it had success, and what the instructor is told."""
    hand_in: Callable[[bytes], dict[str, bytes]] = functions_of(attack)["hand_in"]
    return collect_class(hand_in(submission(None).encode()))


def collect_class(handed_in: dict[str, bytes]) -> tuple[list[str], list[str]]:
    """Collect three honest students beside these files, as an instructor does; an empty class is honest alone."""
    with tempfile.TemporaryDirectory(prefix="redteam-") as folder, AttackHarness(Path(folder) / "arena") as harness:
        course = CourseDirectory(Path(folder) / "work", Path(folder) / "course")
        theirs = _write_class(course, handed_in)
        done = _in_a_process_of_its_own(course)
        breaks = harness.side_effects(done.get("error", ""))
    lines = [line for line in done.get("lines", []) if line["student"] not in HONEST]
    if done.get("seconds", 0) > LONGEST:
        breaks.append(f"it held the class up for {done['seconds']:.0f} s")
    if done.get("memory", 0) > MOST_MEMORY:
        breaks.append(f"it took {done['memory'] / 2**30:.1f} GB of memory")
    if "error" in done:
        breaks.append(f"collecting broke: {done['error']}")
    breaks += [f"{HONEST[n]}'s work is not there as it was handed in" for n in HONEST if done.get(n) != theirs[n]]
    flags = [line["note"] for line in lines if line["note"]]
    failed = [line for line in lines if line["status"] == "failed"]
    if len(failed) > 2:  # one says that the student handed in nothing else
        breaks.append(f"one student's fault is {len(failed)} lines")
    if handed_in and not flags:
        breaks.append("the instructor was not told")
    return breaks, flags


def _write_class(course: CourseDirectory, handed_in: dict[str, bytes]) -> dict[str, str]:
    """Write Canvas's two files, the download and the roster; return each honest student's work."""
    (course.work / "roster").mkdir(parents=True)
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]]
    rows += [
        [name, number, f"S{number}", number, "A"] for number, name in [*HONEST.items(), (ATTACKER, "Max, Mallory")]
    ]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    (course.work / "roster" / "canvas.csv").write_text(text.getvalue(), encoding="utf-8")
    theirs = {}
    with zipfile.ZipFile(course.work / "download.zip", "w") as archive:
        for path, content in handed_in.items():
            archive.writestr(path, content)
        for i, (number, name) in enumerate(HONEST.items()):
            theirs[number] = submission(None) + " " * i
            sortable = "".join(c for c in name.casefold() if c.isalnum())
            archive.writestr(f"{sortable}_{number}_6700{i}_loss_as_chain_rule.ipynb", theirs[number])
    return theirs


def _in_a_process_of_its_own(course: CourseDirectory) -> dict[str, Any]:
    """Collect and read in a process that is watched from outside, and return what it says."""
    words = [sys.executable, "-m", __name__, str(course.work)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    try:
        done = subprocess.run(
            words, cwd=ROOT, env=env, capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE, check=False
        )
        found: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"error": f"not through after {PATIENCE:g} s"}
    except ValueError:
        return {"error": f"exit status {done.returncode}: {done.stderr[-300:]}"}
    return found


def _collect(work: Path) -> dict[str, Any]:
    """Collect the class, read every submission as grading does, and return what came of it."""
    import resource

    from grader.errors import GraderError
    from grader.lms import roster
    from grader.lms.collect import Collector
    from grader.notebooks.overwrite_cells import overwrite_cells
    from grader.notebooks.reader import read_submission
    from grader.notebooks.source import template

    resource.setrlimit(resource.RLIMIT_AS, (2 * 2**30, 2 * 2**30))
    course, chain = CourseDirectory(work, work.parent / "course"), chapter("chain")
    found: dict[str, Any] = {}
    try:
        known = roster.read(roster.files(course))
        results = Collector(course, known).collect([work / "download.zip"])
        found["lines"] = [{"student": r.student, "note": r.note, "status": r.status} for r in results]
        for student in sorted(course.submitted.iterdir()):
            file = course.notebook_path(course.submitted, student.name, chain)
            found[student.name] = file.read_text(encoding="utf-8", errors="replace") if student.name in HONEST else ""
            try:
                overwrite_cells(read_submission(file), template(chain))
            except GraderError as error:
                found["lines"].append({"student": student.name, "note": str(error), "status": "failed"})
    except Exception as error:  # a break, whatever it is: this would have stopped the class
        found["error"] = f"{type(error).__name__}: {str(error)[:200]}"
    used = resource.getrusage(resource.RUSAGE_SELF)
    found["memory"], found["seconds"] = used.ru_maxrss * 1024, used.ru_utime + used.ru_stime
    return found


if __name__ == "__main__":
    print(json.dumps(_collect(Path(sys.argv[1]))))
