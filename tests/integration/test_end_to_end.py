"""An instructor's whole term, by command, in real kernels: every mark compared with one that was worked out by hand.

The course is published with two mistakes of the instructor's own: a reference that is twice too large, and an exercise
that carries too few points. They are found when the class has handed in three times, mended, and everybody is graded
again. Late work costs a point for each day that was begun, one student has an extension, one file arrives damaged.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader import sample_class
from grader.bank.entry import Entry
from grader.bank.registry import entries
from grader.course import ROOT, Chapter, CourseDirectory
from grader.gradebook.connection import open_gradebook
from grader.lms.totals import chapter_totals
from grader.notebooks.source import source_notebook

pytestmark = pytest.mark.slow

MISTAKES = {  # of the instructor's: the file, what is right, what was published
    "grader/bank/chain/batch_mean_gradient.py": (
        "reference=lambda p, l: (p - l[:, None]) / len(l))",
        "reference=lambda p, l: 2 * (p - l[:, None]) / len(l))",
    ),
    "grader/bank/chain/linear_vjp.py": ('entry("chain.linear_vjp", points=4', 'entry("chain.linear_vjp", points=2'),
}
A_POINT_A_DAY = """

from nbgrader.plugins import BasePlugin

class PointADay(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return -(-total_seconds_late // 86400)

get_config().AssignLatePenalties.plugin_class = PointADay
"""
DUE = "2026-10-01 12:00:00 UTC"


class Term:
    """A checkout of the instructor's own, and the commands run in it."""

    def __init__(self, folder: Path, chapter: Chapter) -> None:
        self.folder, self.chapter = folder, chapter
        self.course = CourseDirectory(folder / "build", folder / "course")
        for name in ("grader", "src", "solutions"):  # gradschool is imported from where it is installed
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        with open(folder / "grader" / "nbgrader_config.py", "a") as config:
            config.write(A_POINT_A_DAY)
        for file in MISTAKES:
            self.change(file, *MISTAKES[file])
        cells = source_notebook(chapter).cells
        self.solved = {c.metadata.nbgrader.grade_id: c.source for c in cells if "nbgrader" in c.metadata}

    def change(self, file: str, old: str, new: str) -> None:
        """Edit one line of the checkout."""
        text = (self.folder / file).read_text()
        assert text.count(old) == 1, (file, old)
        (self.folder / file).write_text(text.replace(old, new))

    def grader(self, *words: str) -> str:
        """Run ``python -m grader`` in the checkout; what it printed."""
        names = ("GRADSCHOOL_WORK_DIR", "GRADSCHOOL_RELEASE", "GRADSCHOOL_DB")
        env = {name: value for name, value in os.environ.items() if name not in names}
        command = [sys.executable, "-m", "grader", *words]
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def grade(self) -> dict[str, tuple[str, float | None]]:
        """Grade the class; for each student the status and the marks of the chapter."""
        found = json.loads(self.grader("autograde", "chain", "--jobs", "2", "--json"))
        return {r["student"]: (r["status"], r["score"] and round(r["score"], 2)) for r in found}

    def hand_in(self, student: str, when: str, words: str = "", **wrong: str) -> None:
        """All exercises solved but those in ``wrong``: the name of the mistake, or "untouched"."""

        def fill(entry: Entry) -> str | None:
            name = wrong.get(entry.exercise.id.partition(".")[2])
            if name == "untouched":
                return None
            if name is None:
                return self.solved[entry.exercise.grade_id + "-solution"]
            (mutant,) = (m for m in entry.mutants if m.name == name)
            return sample_class.as_answer(entry, mutant)

        notebook = sample_class.filled(sample_class.released(self.course, self.chapter), self.chapter, fill)
        for cell in notebook.cells:
            if words and cell.metadata.get("nbgrader", {}).get("grade_id") == "chain-reflection":
                cell.source = words
        file = sample_class.submit(self.course, self.chapter, student, notebook)
        (file.parent / "timestamp.txt").write_text(when)

    def by_hand(self, student: str, points: dict[str, float], comment: str = "") -> None:
        """Marks and a comment that a person gives."""
        where = (self.chapter.notebook, self.chapter.assignment_id, student)
        with open_gradebook(self.course) as book:
            for cell, score in points.items():
                grade = book.find_grade(cell, *where)
                grade.manual_score, grade.needs_manual_grade = score, False
            book.find_comment("chain-reflection", *where).manual_comment = comment or None
            book.db.commit()

    def totals(self) -> dict[str, tuple[float, float, bool]]:
        """What goes to the office: marks less what lateness costs, of how many, whether some are still to come."""
        found = chapter_totals(self.course, [self.chapter])
        return {t.student: (round(t.score, 2), t.max_score, t.needs_manual_grade) for t in found.values()}


def test_a_whole_term_against_marks_worked_out_by_hand(tmp_path: Path, chain: Chapter) -> None:
    term = Term(tmp_path / "course-of-autumn", chain)
    term.grader("build", "chain")
    with open_gradebook(term.course) as book:
        book.update_or_create_assignment(chain.assignment_id, duedate=DUE)

    # The first round, in time. 41 points as published; the right batch_mean_gradient earns a tenth of its 3: 41 - 2.7.
    # Bob's sgd_step is wrong in both rounds, and costs nothing: it is a warm-up.
    term.hand_in("ada", "2026-09-30 10:00:00 UTC", "Because the loss sees one output.")
    term.hand_in("bob", "2026-09-30 11:00:00 UTC", "Half a thought.", sgd_step="uphill", linear_vjp="untouched")
    term.hand_in("dee", "2026-10-01 12:00:00 UTC", batch_mean_gradient="lost-half")  # right, says the wrong reference
    assert term.grade() == {
        "ada": ("graded", 38.3),
        "bob": ("graded", 36.3),  # 38.3 - 2
        "dee": ("graded", 41.0),
    }
    term.by_hand("ada", {"chain-reflection": 5.5}, "Well seen.")

    # The second: bob again, 30 hours late; cyd's file arrives cut off; ada and dee hand in nothing new.
    term.hand_in("bob", "2026-10-02 18:00:00 UTC", "A thought.", sgd_step="uphill", linear_vjp="bias-times-bias")
    term.hand_in("cyd", "2026-10-02 09:00:00 UTC")
    file = term.course.notebook_path(term.course.submitted, "cyd", chain)
    file.write_bytes(file.read_bytes()[:5000])
    assert term.grade() == {
        "ada": ("unchanged", 43.8),
        "bob": ("graded", 37.7),  # 38.3 - 0.3 * 2: grad_W and grad_x are right, and grad_b earns its form
        "cyd": ("failed", None),
        "dee": ("unchanged", 41.0),
    }
    term.by_hand("bob", {"chain-linear-vjp": 1.5})

    # The third: cyd, with an extension of two days; bob's file once more as it was; dee a second late, corrected.
    with open_gradebook(term.course) as book:
        book.grant_extension(chain.assignment_id, "cyd", days=2)
    term.hand_in("cyd", "2026-10-03 11:00:00 UTC", "Short.")
    term.hand_in("dee", "2026-10-01 12:00:01 UTC")
    assert term.grade() == {
        "ada": ("unchanged", 43.8),
        "bob": ("unchanged", 37.8),  # 37.7 - 0.7 * 2 + 1.5 by hand
        "cyd": ("graded", 38.3),
        "dee": ("graded", 38.3),
    }
    term.by_hand("cyd", {"chain-reflection": 3.0}, "More of it.")
    assert term.totals() == {
        "ada": (43.8, 47.0, False),
        "bob": (35.8, 47.0, True),  # two days late
        "cyd": (41.3, 47.0, False),
        "dee": (37.3, 47.0, False),  # a day, for a second
    }

    # The mistakes are mended: 2 points more, and the right gradient is right.
    for file_name, (right, published) in MISTAKES.items():
        term.change(file_name, published, right)
    term.grader("build", "chain")
    assert term.grade() == {
        "ada": ("graded", 48.5),  # 43 + 5.5
        "bob": ("graded", 40.5),  # 43 - 4 + 1.5
        "cyd": ("graded", 46.0),  # 43 + 3
        "dee": ("graded", 43.0),
    }
    assert term.totals() == {
        "ada": (48.5, 49.0, True),  # what a person marked before is looked at again
        "bob": (38.5, 49.0, True),
        "cyd": (46.0, 49.0, True),
        "dee": (42.0, 49.0, False),
    }

    # What leaves the grader.
    term.grader("export", "chain")
    rows = list(csv.DictReader((term.course.work / "marks.csv").open()))
    assert len(rows) == 4 * 15
    bobs = {r["exercise"]: (r["score"], r["max_score"], r["mistake"]) for r in rows if r["student"] == "bob"}
    assert bobs["chain-linear-vjp"] == ("1.5", "4.0", "bias-times-bias")
    assert bobs["chain-mlp-backward"] == ("8.0", "8.0", "")
    assert bobs["chain-sgd-step"] == ("0.0", "0.0", "uphill")
    assert {r["mistake"] for r in rows if r["exercise"] == "chain-batch-mean-gradient"} == {""}
    term.grader("feedback", "chain", "--student", "ada")
    assert "Well seen." in (term.course.feedback / "ada" / chain.assignment_id / f"{chain.notebook}.html").read_text()
    report = Path(json.loads(term.grader("class-report", "chain", "--json"))["file"]).read_text()
    assert "bias-times-bias" in report


def test_the_literals_fit_the_bank() -> None:
    """Where an exercise's points change, the sums above have to be worked out again."""
    assert sum(e.marks for e in entries("chain").values()) == 43
