"""The record of one graded notebook: what each exercise earned and why, kept in the notebook's own metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from grader.course import ROOT, Chapter, CourseDirectory
from grader.text import MOST_HINT, MOST_NOTE, plain
from gradschool.core.exercise import CHAPTERS, grade_id

if TYPE_CHECKING:  # workers and LMS parsing read records, and need no assessment for it
    from nbformat import NotebookNode

    from gradschool.core.report import Report

KEY = "gradschool"  # of the record in a notebook's metadata
MOST_NOTES = 200  # of one notebook


class ExerciseJson(TypedDict):
    """One exercise of a record, as JSON."""

    exercise: str
    earned: float
    points: float
    mistake: str
    hint: str
    properties: dict[str, bool]
    warm_up: NotRequired[bool]


class RecordJson(TypedDict):
    """A record, as JSON."""

    exercises: list[ExerciseJson]
    notes: list[str]
    errors: NotRequired[dict[str, str]]
    grader: NotRequired[str]
    submission: NotRequired[str]


@dataclass(frozen=True)
class ExerciseRecord:
    """What the judge said of one exercise: points, the mistake's name with its hint, and which criteria are met.

    The points of a ``warm_up`` are the judge's scale alone: the gradebook counts none of them.
    """

    exercise: str
    earned: float
    points: float
    mistake: str
    hint: str
    criteria: Mapping[str, bool]
    warm_up: bool = False

    @classmethod
    def of(cls, report: Report) -> ExerciseRecord:
        """Return what of a report goes on record."""
        met = {criterion.name: criterion.met for criterion in report.properties}
        hint = plain(report.hint, MOST_HINT)  # it may quote what a student's function raised or printed
        earned, points = report.earned or 0.0, report.points or 0.0
        return cls(report.exercise, earned, points, report.mistake, hint, met, report.warm_up)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> ExerciseRecord:
        """Read one exercise of a record's JSON."""
        earned, points, criteria = found["earned"], found["points"], dict(found.get("properties", {}))
        hint = plain(found["hint"], MOST_HINT)
        name, mistake, warm_up = str(found["exercise"]), str(found["mistake"]), bool(found.get("warm_up"))
        return cls(name, earned, points, mistake, hint, criteria, warm_up)

    def to_json(self) -> ExerciseJson:
        """Return this exercise as it stands in the notebook's metadata."""
        found: ExerciseJson = {
            "exercise": self.exercise,
            "earned": self.earned,
            "points": self.points,
            "mistake": self.mistake,
            "hint": self.hint,
            "properties": dict(self.criteria),
        }
        return {**found, "warm_up": True} if self.warm_up else found


@dataclass(frozen=True)
class GradeRecord:
    """The record of one graded notebook: exercises in the order in which they were judged, notes for the instructor.

    ``grader`` is the :func:`grader_version` that graded it, ``submission`` the :func:`digest_of` the submitted file.
    ``errors`` says, by the name of each answer's cell that failed, what it raises and in which line. A notebook without
    a record has an empty one.
    """

    exercises: tuple[ExerciseRecord, ...] = ()
    notes: tuple[str, ...] = ()
    grader: str = ""
    submission: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, reports: Iterable[Report], notes: Iterable[str], grader: str = "", submission: str = "") -> GradeRecord:
        """Return the record of these reports."""
        return cls(tuple(ExerciseRecord.of(r) for r in reports), _bounded(notes), grader, submission)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> GradeRecord:
        """Read a record's JSON; an empty record has none of the keys."""
        exercises = tuple(ExerciseRecord.from_json(e) for e in found.get("exercises", []))
        notes = _bounded(found.get("notes", []))
        errors = {str(cell): plain(error, MOST_NOTE) for cell, error in found.get("errors", {}).items()}
        return cls(exercises, notes, found.get("grader", ""), found.get("submission", ""), errors)

    def to_json(self) -> RecordJson:
        """Return the record as it stands in the notebook's metadata."""
        found: RecordJson = {"exercises": [e.to_json() for e in self.exercises], "notes": list(self.notes)}
        if self.errors:
            found["errors"] = dict(self.errors)
        if self.grader:
            found["grader"] = self.grader
        if self.submission:
            found["submission"] = self.submission
        return found

    @classmethod
    def read(cls, notebook: NotebookNode) -> GradeRecord:
        """Read the record out of a graded notebook's metadata."""
        return cls.from_json(notebook.metadata.get(KEY, {}))

    def attach(self, notebook: NotebookNode) -> None:
        """Write the record into the graded notebook's metadata."""
        notebook.metadata[KEY] = self.to_json()

    def by_cell(self) -> dict[str, ExerciseRecord]:
        """Return each exercise by the name of its check cell, in the record's order."""
        return {grade_id(e.exercise): e for e in self.exercises}

    def earned(self) -> dict[str, float]:
        """Return the points earned, by exercise."""
        return {e.exercise: e.earned for e in self.exercises}

    def mistakes(self) -> dict[str, str]:
        """Return the names of the mistakes, by exercise, where there is one."""
        return {e.exercise: e.mistake for e in self.exercises if e.mistake}


def _bounded(notes: Iterable[object]) -> tuple[str, ...]:
    """Return notes as plain text, each and all of bounded length: they name cells, files and words of a student's."""
    return tuple(plain(note, MOST_NOTE) for note in islice(notes, MOST_NOTES))


@lru_cache
def grader_version(chapter: Chapter) -> str:
    """Return a digest of all that decides a mark: the grader, the chapter's bank and source, the student package."""
    digest = hashlib.sha256()
    others = tuple(part for part in CHAPTERS if part != chapter.key)
    folders = (ROOT / "grader", ROOT / "src" / "gradschool")
    files = sorted(f for folder in folders for f in folder.rglob("*.py"))
    places = {f: f.relative_to(ROOT).parts for f in files}
    ours = [f for f, parts in places.items() if chapter.key in parts or not any(p.startswith(others) for p in parts)]
    for file in [*ours, chapter.source]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def digest_of(file: Path) -> str:
    """Return a digest of a submitted file's bytes."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def note_ungraded(course: CourseDirectory, student: str, chapter: Chapter, reason: str) -> None:
    """Keep why a student's last submission could not be graded, if that is not the student's fault; "" forgets it."""
    file = course.ungraded / student / f"{chapter.assignment_id}.txt"
    if reason:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(reason, encoding="utf-8")
    else:
        file.unlink(missing_ok=True)


def ungraded(course: CourseDirectory, chapter: Chapter) -> dict[str, str]:
    """Return whose last submission could not be graded, and why: these students' marks are not to be handed out."""
    files = sorted(course.ungraded.glob(f"*/{chapter.assignment_id}.txt"))
    return {file.parent.name: file.read_text(encoding="utf-8") for file in files}


def left_out(course: CourseDirectory, chapters: Iterable[Chapter]) -> list[str]:
    """Return a sentence for each chapter of whose marks an export leaves some out."""
    some = {c.assignment_id: ungraded(course, c) for c in chapters}
    return [
        f"Left out of {name}, since the last submission could not be graded for no fault of the student's: "
        f"{', '.join(found)}; `python -m grader autograde` says why, so mend that, and export again."
        for name, found in some.items()
        if found
    ]
