"""What an LMS has to offer: one interface, which Canvas and Moodle fill in.

A number is the LMS's own, as text. Times are in UTC, without a zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from grader.errors import GraderError


class LmsError(GraderError):
    """The run cannot go on: a wrong token, a wrong course, no right to do that."""


class Unavailable(LmsError):
    """The LMS does not answer, or answers with an error of its own: a later try may succeed."""


@dataclass(frozen=True)
class Student:
    """One student of a course; ``logins`` are the names that may serve as the student id, the best first."""

    number: str
    name: str
    logins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """One assignment; ``trouble`` says why it cannot be read or marked this way, "" if it can."""

    number: str
    title: str
    points: float | None
    trouble: str = ""
    takes_files: bool = True  # as feedback


@dataclass(frozen=True)
class HandedInFile:
    """One file of a student's latest submission; ``version`` differs wherever the content may."""

    student: str
    name: str
    size: int
    url: str
    version: str
    number: str = ""
    submitted: datetime | None = None
    late: bool = False


def without_file(student: str) -> str:
    """Return the sentence on a submission without a file."""
    return f"student number {student} handed in no file: ask for the notebook"


@dataclass(frozen=True)
class Page:
    """A feedback page; its content's digest is part of its name, so that the LMS's list shows whether it is there."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Standing:
    """What the LMS has for one student: the mark, and the names of the files that were given back.

    ``others`` says what a person put there, which a mark from here would replace; ``comment`` is that person's text.
    """

    mark: float | None = None
    files: frozenset[str] = frozenset()
    others: str = ""
    comment: str = ""


class Lms(Protocol):
    """One course of an LMS. Every method raises :class:`LmsError` in one sentence, which never holds the token."""

    kind: str
    name: str
    course: str

    def students(self) -> list[Student]:
        """Return all students of the course."""

    def assignments(self) -> list[Assignment]:
        """Return all assignments of the course."""

    def handed_in(self, assignment: Assignment) -> tuple[list[HandedInFile], list[str]]:
        """Return the files of each student's latest submission, and a sentence for each that is left out."""

    def read(self, file: HandedInFile, most: int) -> bytes:
        """Return a file's content, or raise GraderError when it has more than ``most`` bytes."""

    def standings(self, assignment: Assignment) -> dict[str, Standing]:
        """Return by student's number what the LMS's list shows: marks, and files where the list has them."""

    def standing(self, assignment: Assignment, student: str) -> Standing:
        """Return all that the LMS has for one student."""

    def send(self, assignment: Assignment, student: str, mark: float, page: Page | None, before: Standing) -> None:
        """Enter a mark, and give a page back, in one request."""
