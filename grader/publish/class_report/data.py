"""The data of the class report: marks from the gradebook, mistakes and notes from the judge's records."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from grader.bank.registry import entries
from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError
from grader.gradebook.connection import open_gradebook
from grader.results import KEY, GradeRecord, ungraded
from gradschool.core.exercise import grade_id

MOST_NOTES = 200  # in one chapter's list


@dataclass(frozen=True)
class Mark:
    """One student's work for one chapter; ``share`` is of the points marked so far, None if nothing was.

    ``ungraded`` names the cells that wait for manual grading; ``failed`` is set if the notebook could not be graded,
    and ``reason`` says why where the student has no part in it: any marks are then those of an earlier submission.
    """

    student: str
    score: float
    max_score: float
    share: float | None
    ungraded: list[str]
    notes: list[str]
    failed: bool = False
    reason: str = ""


@dataclass(frozen=True)
class ExerciseFacts:
    """One exercise in numbers: how many were marked, the share with full points, the mean share of the points."""

    exercise: str
    section: str
    points: float
    marked: int
    passed: float
    mean: float
    untouched: int


@dataclass(frozen=True)
class Misconception:
    """One mistake in one exercise and who made it; ``known`` if the bank has it, with a teacher's hint."""

    chapter: str
    exercise: str
    name: str
    hint: str
    section: str
    students: list[str]
    known: bool


@dataclass(frozen=True)
class ChapterFacts:
    """One chapter of a class: exercises in the lesson's order, mistakes by falling frequency."""

    chapter: Chapter
    marks: list[Mark] = field(default_factory=list)
    exercises: list[ExerciseFacts] = field(default_factory=list)
    mistakes: list[Misconception] = field(default_factory=list)

    @property
    def shares(self) -> list[float]:
        """Shares of the points, of everyone who was graded."""
        return [m.share for m in self.marks if m.share is not None]


def facts(course: CourseDirectory, chapters: Iterable[Chapter]) -> list[ChapterFacts]:
    """Return the facts of every chapter that somebody handed in; raise GraderError if there is none."""
    with open_gradebook(course) as gradebook:
        found = [_chapter(course, gradebook, chapter) for chapter in chapters]
    found = [f for f in found if f.marks]
    if not found:
        raise GraderError("There are no marks yet: run `python -m grader autograde` first.")
    return found


def top_misconceptions(found: Iterable[ChapterFacts], most: int = 3) -> list[Misconception]:
    """Return the misconceptions that most students have, over all chapters: what to teach tomorrow."""
    all_of_them = [m for f in found for m in f.mistakes if m.known]
    return sorted(all_of_them, key=lambda m: (-len(m.students), m.exercise, m.name))[:most]


def _chapter(course: CourseDirectory, gradebook: Any, chapter: Chapter) -> ChapterFacts:
    sections = sections_of(course.release / chapter.assignment_id / f"{chapter.notebook}.ipynb")
    marks, scores, records, not_theirs = [], {}, {}, ungraded(course, chapter)
    for submission in sorted(gradebook.assignment_submissions(chapter.assignment_id), key=lambda s: s.student_id):
        student = submission.student_id
        grades = [g for n in submission.notebooks for g in n.grades]
        records[student] = found = _record(course.notebook_path(course.autograded, student, chapter))
        marks.append(_mark(student, grades, list(found.notes), not_theirs.get(student, "")))
        if not marks[-1].failed:
            scores[student] = {g.name: (float(g.score), float(g.max_score)) for g in grades if _is_marked(g)}
    exercises = [_exercise(e, scores, records, sections) for e in entries(chapter.key).values()]
    return ChapterFacts(chapter, marks, exercises, _mistakes(chapter, records, sections))


def _is_marked(grade: Any) -> bool:
    return grade.auto_score is not None or grade.manual_score is not None


def _mark(student: str, grades: list[Any], notes: list[str], reason: str) -> Mark:
    marked = [g for g in grades if _is_marked(g)]
    possible = sum(float(g.max_score) for g in marked)
    score = sum(float(g.score) for g in marked)
    return Mark(
        student,
        score,
        sum(float(g.max_score) for g in grades),
        score / possible if possible else None,
        [g.name for g in grades if g.needs_manual_grade and marked],
        [str(n) for n in notes][:MOST_NOTES],
        failed=not marked,
        reason=reason,
    )


def _record(file: Path) -> GradeRecord:
    """Read the judge's record in a graded notebook, an empty one if there is none, without parsing the cells."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["metadata"][KEY]
        return GradeRecord.from_json(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return GradeRecord()


def _exercise(
    entry: Any,
    scores: dict[str, dict[str, tuple[float, float]]],
    records: dict[str, GradeRecord],
    sections: dict[str, str],
) -> ExerciseFacts:
    name = entry.exercise.id
    got = [s[grade_id(name)] for s in scores.values() if grade_id(name) in s]
    shares = [min(score / most, 1.0) if most else 1.0 for score, most in got]
    untouched = sum(r.mistakes().get(name) == "untouched" for r in records.values())
    count = max(len(shares), 1)
    return ExerciseFacts(
        name,
        sections.get(name, ""),
        entry.points,
        len(shares),
        sum(s >= 1 - 1e-9 for s in shares) / count,
        sum(shares) / count,
        untouched,
    )


def _mistakes(chapter: Chapter, records: dict[str, GradeRecord], sections: dict[str, str]) -> list[Misconception]:
    """Return every mistake that the judge named, but for what was left as handed out."""
    known = {(name, m.name): m.hint for name, entry in entries(chapter.key).items() for m in entry.mutants}
    who: dict[tuple[str, str], list[str]] = {}
    hints: dict[tuple[str, str], Counter[str]] = {}
    for student, found in records.items():
        for e in found.exercises:
            if e.mistake and e.mistake != "untouched":
                key = (e.exercise, e.mistake)
                who.setdefault(key, []).append(student)
                hints.setdefault(key, Counter())[e.hint] += 1
    made = []
    for (exercise, name), students in who.items():
        hint = known.get((exercise, name)) or hints[exercise, name].most_common(1)[0][0]
        where, is_known = sections.get(exercise, ""), (exercise, name) in known
        made.append(Misconception(chapter.assignment_id, exercise, name, hint, where, students, is_known))
    return sorted(made, key=lambda m: (-len(m.students), m.exercise, m.name))


@lru_cache
def sections_of(release: Path) -> dict[str, str]:
    """Return the section of the lesson in which each exercise stands, by exercise id; empty without a release."""
    try:
        cells = json.loads(release.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return {}
    found: dict[str, str] = {}
    section = ""
    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            for heading in re.findall(r"^## +(.+)$", text, re.MULTILINE):
                section = heading.strip()
        for exercise in re.findall(r'\bcheck\(\s*"([\w.]+)"', text) if cell["cell_type"] == "code" else []:
            found.setdefault(exercise, section)
    return found
