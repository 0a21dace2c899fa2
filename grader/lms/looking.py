"""Looking at one downloaded file: whose it is, whether it is a notebook, of which chapter, and what is odd about it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from grader.course import Chapter, chapters
from grader.errors import GraderError
from grader.lms.filenames import SubmissionName, looks_like_notebook, normalize_name, without_version
from grader.lms.hand_in_zip import ArchiveMember
from grader.lms.ids import MOST_LETTERS, is_safe, safe_id
from grader.lms.manifest import ManifestEntry, new_entry
from grader.lms.receipts import folder_of, predictions_of, receipt_note, release_note
from grader.lms.roster import Owner, Roster
from grader.notebooks.reader import parse_submission
from grader.notebooks.recognize import chapter_of, is_untouched
from gradschool.student.hand_in.receipt import Receipt

Receipts = dict[str, Receipt | str]  # by the folder in which they lie

UNKNOWN = "its name says neither Canvas, Moodle nor nbgrader: rename it as the LMS did, or put it into submitted/."
# Endings of what is never a notebook, and need not be read.
OTHER_FILES = frozenset(
    (
        ".7z", ".bz2", ".csv", ".doc", ".docx", ".gif", ".gz", ".htm", ".html", ".jpeg", ".jpg", ".md", ".mov", ".mp4",
        ".npy", ".npz", ".odt", ".pages", ".pdf", ".png", ".pptx", ".pt", ".py", ".rar", ".svg", ".tar", ".tex", ".tgz",
        ".xlsx", ".xz",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Notebook:
    """A notebook that was handed in, for one student; ``home`` is the download, and ``hand_in`` whose part of it."""

    member: ArchiveMember
    name: SubmissionName
    student: str
    submitted: datetime | None
    chapter: Chapter
    digest: str
    untouched: bool
    home: str
    hand_in: str
    notes: tuple[str, ...] = ()
    rides: bool = False
    shared: bool = False
    predictions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def rank(self) -> tuple[tuple[int, int], str, str, bool]:
        """A key by which later is greater: the LMS's order, then the time, then the name the lesson has."""
        named_so = without_version(self.name.file) in {c.notebook for c in chapters()}
        return (self.name.order, self.submitted.isoformat() if self.submitted else "", self.member.mtime, named_so)

    def entry(self) -> ManifestEntry:
        """Return the line of the manifest."""
        worth = {"untouched": self.untouched, "rides": self.rides, "shared": self.shared}
        return new_entry(self.member, self.name, self.submitted, self.digest, **worth)


def find_owner(name: SubmissionName, roster: Roster) -> Owner:
    """Return whose a file is, under an id that is fit for a folder's name.

    Raises
    ------
    GraderError
        If that cannot be said: no person may get another's file.
    """
    if not roster and name.others:
        numbers = " or ".join([name.lms_id, *(number for number, _ in name.others)])
        raise GraderError(f"its name holds more than one student's number ({numbers}): say whose it is in a roster.")
    found = roster.find(name) if roster else Owner(name.lms_id)
    student = found.student if is_safe(found.student) else safe_id(found.student)
    if not is_safe(student):
        raise GraderError(
            f"{student[:MOST_LETTERS]!r} cannot be a student id (at most {MOST_LETTERS} letters): add it to a roster."
        )
    return replace(found, student=student, submitted=found.submitted or name.time)


def look(member: ArchiveMember, name: SubmissionName, owner: Owner, receipts: Receipts, home: str) -> Notebook:
    """Read a file and say what it is.

    Raises
    ------
    GraderError
        In one sentence, if it is no notebook of this course.
    """
    _require_readable_ending(name)
    content = member.read()
    receipt = receipts.get(folder_of(member.path))
    chapter, untouched, notes = _recognized(content, name, receipt)
    notes += [receipt_note(receipt, name.file, content, chapter)]
    return Notebook(
        member,
        name,
        owner.student,
        owner.submitted,
        chapter,
        hashlib.sha256(content).hexdigest(),
        untouched,
        home,
        f"{home}/{name.lms} {name.lms_id}",
        tuple(note for note in notes if note),
        predictions=predictions_of(receipt, content),
    )


def _require_readable_ending(name: SubmissionName) -> None:
    if name.typed:
        raise GraderError("text that was typed into the LMS, not a file: ask for the notebook.")
    if _ending(name) in OTHER_FILES:
        raise GraderError(f"not a notebook ({_ending(name)}): ask for the .ipynb.")


def _ending(name: SubmissionName) -> str:
    return "" if looks_like_notebook(name.file) else PurePosixPath(name.file).suffix.lower()


def _recognized(content: bytes, name: SubmissionName, receipt: Receipt | str | None) -> tuple[Chapter, bool, list[str]]:
    """Return the chapter, whether nobody worked in it, and notes: content decides, and for a damaged file its name."""
    try:
        notebook = parse_submission(content, name.file)
    except GraderError as error:
        return _by_name(name, str(error)), False, [str(error).rstrip(".")]
    try:
        chapter = chapter_of(notebook, name.file)
    except GraderError as error:
        return _by_name(name, str(error)), False, [str(error).rstrip(".")]
    untouched = is_untouched(notebook, chapter)
    notes = [] if looks_like_notebook(name.file) else [f"a notebook, though its name is {name.file[:80]!r}"]
    notes += ["it is as it was handed out"] if untouched else []
    return chapter, untouched, [*notes, release_note(notebook, chapter, receipt)]


def _by_name(name: SubmissionName, why: str) -> Chapter:
    """Return the chapter that nbgrader's assignment or the file's name says; raise GraderError with ``why`` if none."""
    named = normalize_name(without_version(name.file))
    for chapter in chapters():
        if chapter.assignment_id == name.assignment or normalize_name(chapter.notebook) == named:
            return chapter
    if looks_like_notebook(name.file):
        raise GraderError(why)
    raise GraderError(f"not a notebook ({_ending(name) or 'no ending'}): ask for the .ipynb.")
