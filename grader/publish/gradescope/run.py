"""What runs in Gradescope's container for each submission: find the notebook, grade it, write results/results.json.

A fault of the container's or of the grader's ends with exit status 1 and writes no results: Gradescope then shows
that the autograder failed, and no student gets a mark for it. A fault in what was submitted is a result of 0 points.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from grader.bank.registry import entries
from grader.course import Chapter, chapter
from grader.errors import GraderError
from grader.execution import canary, grade_notebook
from grader.execution.config import ExecutionConfig
from grader.notebooks.reader import read_submission
from grader.notebooks.recognize import chapter_of
from grader.publish.gradescope.pack import SETTINGS
from grader.results import ExerciseRecord, GradeRecord
from grader.sandbox import bubblewrap, other_user
from gradschool.core.exercise import find
from gradschool.student import results_json
from gradschool.student.results_json import Earned

CLOSED = ("source", "submission", "results")
METADATA = "submission_metadata.json"  # names and earlier submissions of the student
BY_HAND = "Written answers are marked by hand and are not part of this score."
MOST_FILES = 2000


class SubmissionFault(GraderError):
    """What was submitted cannot be graded: the sentence is the student's."""


def main(words: list[str]) -> int:
    """Grade the submission below the folder that is named, and return the exit status."""
    root = Path(words[0]).resolve()
    try:
        settings = json.loads((root / "source" / SETTINGS).read_text(encoding="utf-8"))
        results = grade(root, chapter(settings["chapter"]), settings["visibility"])
    except GraderError as error:
        print(f"No mark was given. {error}")
        return 1
    results_json.write(results, root / "results" / "results.json")
    return 0


def grade(root: Path, wanted: Chapter, visibility: str) -> dict[str, object]:
    """Return the results of the submission below ``root``; raise GraderError where no student is at fault."""
    began = time.monotonic()
    close(root)
    config, isolation = choose(root)
    print(isolation)
    canary.require([wanted], config)
    try:
        file = find_notebook(root / "submission", wanted)
    except SubmissionFault as fault:
        return results_json.gradescope(nothing(wanted), str(fault), visibility, extra_data={"isolation": isolation})
    record = GradeRecord.read(grade_notebook.grade_notebook(file, wanted, config))
    for note in record.notes:
        print(note)
    extra = {"isolation": isolation, "grader": record.grader, "file": file.name, "notes": list(record.notes)}
    found = [earned(e) for e in record.exercises]
    return results_json.gradescope(found, BY_HAND, visibility, time.monotonic() - began, extra)


def close(root: Path) -> None:
    """Close the grader, the submission and the results to every other user; who is not their owner cannot."""
    for name in CLOSED:
        (root / name).mkdir(exist_ok=True)
        if os.access(root / name, os.W_OK) and (root / name).stat().st_uid == os.geteuid():
            (root / name).chmod(0o700)
    if (root / METADATA).is_file():
        (root / METADATA).chmod(0o600)


def choose(root: Path) -> tuple[ExecutionConfig, str]:
    """Return how kernels run in this container, and a sentence that says it: bubblewrap, or else another OS user."""
    work = root / "results"
    no_bubblewrap = bubblewrap.unavailable(work)
    if not no_bubblewrap:
        return ExecutionConfig(work), "Students' code runs in bubblewrap."
    if why := other_user.unavailable(tuple(root / name for name in CLOSED)):
        raise GraderError(f"{no_bubblewrap} {other_user.REFUSAL.format(why=why)}")
    return ExecutionConfig(work, other_user=True), other_user.described()


def find_notebook(folder: Path, wanted: Chapter) -> Path:
    """Return the one notebook of the chapter; raise SubmissionFault, with the student's sentence, if there is none."""
    files = [f for f in sorted(folder.rglob("*.ipynb"))[:MOST_FILES] if ".ipynb_checkpoints" not in f.parts]
    if not files:
        raise SubmissionFault(f"There is no notebook in this submission: submit {wanted.notebook}.ipynb.")
    whys, good = [], []
    for file in files:
        try:
            chapter_of(read_submission(file), file.name)  # this autograder has one chapter's source, and knows no other
            good.append(file)
        except GraderError as error:
            whys.append(str(error))
    named = [f for f in good if f.name == f"{wanted.notebook}.ipynb"]
    best = good if len(good) == 1 else named
    if len(best) == 1:
        return best[0]
    if good:
        raise SubmissionFault(f"There are {len(good)} notebooks of this chapter: submit one of them alone.")
    raise SubmissionFault(f"{' '.join(whys[:3])} This assignment is {wanted.assignment_id}.")


def nothing(wanted: Chapter) -> list[Earned]:
    """Return every exercise of a chapter with no points."""
    rows = entries(wanted.key).values()
    return [Earned(e.exercise.title, 0.0, e.points, "Not graded.", passed=False, counted=not e.warm_up) for e in rows]


def earned(one: ExerciseRecord) -> Earned:
    """Return what of a record a student may see: points, the hint, and which criteria are met."""
    lines = [one.hint] if one.hint else []
    lines += [f"{'met' if met else 'not met'}: {name}" for name, met in one.criteria.items()]
    passed = one.earned >= one.points and not one.mistake
    title = find(one.exercise).title
    name = f"{title} (warm-up, no points)" if one.warm_up else title
    return Earned(name, one.earned, one.points, "\n".join(lines), passed, not one.warm_up)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
