"""The data of the class report: marks from the gradebook, mistakes and notes from the judge's records."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from grader.bank.registry import entries
from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError
from grader.gradebook.connection import display_name, open_gradebook
from grader.publish.class_report import guesses
from grader.publish.class_report.guesses import GuessFacts
from grader.results import KEY, GradeRecord, ungraded
from grader.text import MOST_REASON, plain
from gradschool.core.exercise import CHAPTERS, grade_id

MOST_NOTES = 200  # in one chapter's list
LEVELS = ((0.9, "high"), (0.7, "good"), (0.5, "low"), (float("-inf"), "poor"))  # from this share of the points on
PATTERN = 2  # students with the same mistake make a pattern


@dataclass(frozen=True)
class Mark:
    """One student's work for one chapter; ``share`` is of the points marked so far, None if nothing was.

    ``ungraded`` names the cells that wait for manual grading; ``failed`` is set if the notebook could not be graded,
    and ``reason`` says why where the student has no part in it: any marks are then those of an earlier submission.
    ``name`` is the student's as the gradebook has it, or the id.
    """

    student: str
    score: float
    max_score: float
    share: float | None
    ungraded: list[str]
    notes: list[str]
    failed: bool = False
    reason: str = ""
    name: str = ""

    @property
    def level(self) -> str:
        """The share in one word, for its color: ``high``, ``good``, ``low`` or ``poor``; "" without a share."""
        if self.share is None:
            return ""
        return next(word for least, word in LEVELS if self.share >= least)


@dataclass(frozen=True)
class StudentRow:
    """One student's marks, in the order of the chapters; None where nothing was handed in."""

    student: str
    name: str
    marks: list[Mark | None]


@dataclass(frozen=True)
class ExerciseFacts:
    """One exercise in numbers: how many were marked, the share with full points, the mean share of the points.

    ``points`` are those that count: 0 for a warm-up, whose shares are the judge's.
    """

    exercise: str
    section: str
    points: float
    marked: int
    passed: float
    mean: float
    untouched: int


@dataclass(frozen=True)
class Misconception:
    """One mistake in one exercise and who made it; ``known`` if the bank has it, with a teacher's hint.

    ``points`` are those on which the judge reports, a warm-up's too; ``place`` says where it stands in the course:
    chapter, then exercise.
    """

    chapter: str
    exercise: str
    name: str
    hint: str
    section: str
    students: list[str]
    known: bool
    points: float = 0.0
    place: tuple[int, int] = (0, 0)
    warm_up: bool = False

    @property
    def weight(self) -> float:
        """How much of the class's points the mistake is about: students times points."""
        return len(self.students) * self.points


@dataclass(frozen=True)
class ChapterFacts:
    """One chapter of a class: exercises in the lesson's order, mistakes by falling weight (students times points)."""

    chapter: Chapter
    marks: list[Mark] = field(default_factory=list)
    exercises: list[ExerciseFacts] = field(default_factory=list)
    mistakes: list[Misconception] = field(default_factory=list)
    guesses: list[GuessFacts] = field(default_factory=list)

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
    """Return what to teach tomorrow, over all chapters: the known mistakes with most students times points.

    At most one of a section, and none that a single student made. Of two that weigh the same, the one of more students
    comes first, then the one that the course teaches first: what follows builds on it.
    """
    patterns = [m for f in found for m in f.mistakes if m.known and len(m.students) >= PATTERN]
    best: dict[tuple[str, str], Misconception] = {}
    for mistake in sorted(patterns, key=lambda m: (-m.weight, -len(m.students), m.place, m.name)):
        best.setdefault((mistake.chapter, mistake.section or mistake.exercise), mistake)
    return list(best.values())[:most]


def percent(share: float) -> str:
    """Return a share in percent, rounded down: 100% is said of full marks alone."""
    return f"{int(share * 100 + 1e-6)}%"


def by_student(found: Sequence[ChapterFacts]) -> list[StudentRow]:
    """Return one row for each student, by name: the marks of all chapters side by side."""
    marks = [{m.student: m for m in f.marks} for f in found]
    names = {m.student: m.name for f in found for m in f.marks}
    order = sorted(names, key=lambda student: (names[student].casefold(), student))
    return [StudentRow(student, names[student], [of.get(student) for of in marks]) for student in order]


def _chapter(course: CourseDirectory, gradebook: Any, chapter: Chapter) -> ChapterFacts:
    sections = sections_of(course.released(chapter))
    marks, scores, records, not_theirs = [], {}, {}, ungraded(course, chapter)
    for submission in sorted(gradebook.assignment_submissions(chapter.assignment_id), key=lambda s: s.student_id):
        student = submission.student_id
        grades = [g for n in submission.notebooks for g in n.grades]
        records[student] = found = _record(course.notebook_path(course.autograded, student, chapter))
        name = display_name(submission.student)
        marks.append(_mark(student, name, grades, list(found.notes), not_theirs.get(student, "")))
        if not marks[-1].failed:
            scores[student] = {g.name: (float(g.score), float(g.max_score)) for g in grades if _is_marked(g)}
    exercises = [_exercise(e, scores, records, sections) for e in entries(chapter.key).values()]
    mistakes = _mistakes(chapter, records, sections)
    return ChapterFacts(chapter, marks, exercises, mistakes, guesses.facts(course, chapter))


def _is_marked(grade: Any) -> bool:
    return grade.auto_score is not None or grade.manual_score is not None


def _mark(student: str, name: str, grades: list[Any], notes: list[str], reason: str) -> Mark:
    marked = [g for g in grades if _is_marked(g)]
    possible = sum(float(g.max_score) for g in marked)
    score = sum(float(g.score) for g in marked)
    return Mark(
        student,
        score,
        sum(float(g.max_score) for g in grades),
        score / possible if possible else None,
        [g.name for g in grades if g.needs_manual_grade and marked],
        notes[:MOST_NOTES],
        failed=not marked,
        reason=plain(reason, MOST_REASON),
        name=name,
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
    got = {student: s[grade_id(name)] for student, s in scores.items() if grade_id(name) in s}
    shares = [min(score / most, 1.0) if most else _judged(records[s], name) for s, (score, most) in got.items()]
    untouched = sum(r.mistakes().get(name) == "untouched" for r in records.values())
    count = max(len(shares), 1)
    return ExerciseFacts(
        name,
        sections.get(name, ""),
        entry.marks,
        len(shares),
        sum(s >= 1 - 1e-9 for s in shares) / count,
        sum(shares) / count,
        untouched,
    )


def _judged(record: GradeRecord, exercise: str) -> float:
    """Return the share of its points that the judge gave to an exercise that no mark counts."""
    found = record.by_cell().get(grade_id(exercise))
    return found.earned / found.points if found and found.points else 0.0


def _mistakes(chapter: Chapter, records: dict[str, GradeRecord], sections: dict[str, str]) -> list[Misconception]:
    """Return every mistake that the judge named, but for what was left as handed out."""
    bank = entries(chapter.key)
    known = {(name, m.name): m.hint for name, entry in bank.items() for m in entry.mutants}
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
        points = bank[exercise].points if exercise in bank else 0.0
        place = (list(CHAPTERS).index(chapter.key), list(bank).index(exercise) if exercise in bank else len(bank))
        made.append(
            Misconception(
                chapter.assignment_id,
                exercise,
                name,
                hint,
                sections.get(exercise, ""),
                students,
                (exercise, name) in known,
                points,
                place,
                exercise in bank and bank[exercise].warm_up,
            )
        )
    return sorted(made, key=lambda m: (-m.weight, -len(m.students), m.place, m.name))


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
