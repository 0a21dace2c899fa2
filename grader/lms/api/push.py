"""Marks and feedback to an LMS: what is there already is not sent again, and what a person changed there stays.

Before a mark is sent, the LMS is asked what it has for this student. So a run that was killed, even between the LMS's
change and our note of it, sends nothing twice; and a request that failed with 500 is repeated only if it did nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.course import Chapter, CourseDirectory
from grader.errors import GraderError, UsageError
from grader.lms.api.interface import Assignment, Lms, Page, Standing, Unavailable
from grader.lms.api.journal import Journal, folder_of
from grader.lms.api.people import by_chapter, class_ids, numbers_by_student
from grader.lms.api.pull import Patience
from grader.lms.totals import ChapterTotal, Totals, Ungraded, max_score, ungraded_note

TRIES = 3  # of one student's mark, where the LMS fails with an error of its own
CLOSE = 0.005  # two marks are the same: they are given with two digits


@dataclass(frozen=True)
class Sent:
    """What became of one mark: "sent", "unchanged", "kept" (the LMS's own stays), "would be sent" or "failed"."""

    student: str
    chapter: str
    status: str
    mark: float
    note: str = ""


@dataclass(frozen=True)
class PushOptions:
    """How to push: ``overwrite`` what a person changed in the LMS, with feedback pages or not, one student or all."""

    ungraded: Ungraded = "blank"
    overwrite: bool = False
    feedback: bool = True
    dry_run: bool = False
    student: str | None = None


def push(
    lms: Lms,
    course: CourseDirectory,
    chapters: Sequence[Chapter],
    totals: Totals,
    options: PushOptions,
    sleep: Callable[[float], None],
    chosen: Mapping[str, str] | None = None,
) -> tuple[list[Sent], list[str]]:
    """Send marks, with the feedback pages that are there; return a line for each mark, and notes.

    Raises
    ------
    LmsError
        If the LMS does not let us, or fails again and again. What was sent stays, and is not sent again.
    """
    if options.student is not None and not any(student == options.student for student, _ in totals):
        raise UsageError(f"There is no mark of {options.student!r}.")
    numbers = numbers_by_student(course, lms.kind, class_ids(course, lms, lms.students()))
    graded = [c for c in chapters if any(chapter == c.assignment_id for _, chapter in totals)]
    assignments, notes = by_chapter(graded, lms.assignments(), chosen or {})
    run = _Pushing(lms, course, numbers, options, sleep, Journal(folder_of(course, lms.kind, lms.course)))
    lines: list[Sent] = []
    for chapter in graded:
        assignment = assignments.get(chapter.assignment_id)
        if assignment is None:
            continue
        trouble = _trouble(lms, chapter, assignment, totals)
        notes += [trouble] if trouble else _without_files(lms, chapter, assignment, options)
        own = [t for t in totals.values() if t.chapter == chapter.assignment_id and not trouble]
        some = [t for t in own if _is_wanted(t, options)]
        lines += run.chapter(chapter, assignment, sorted(some, key=lambda t: t.student))
    return lines, [*notes, *ungraded_note(totals, options.ungraded)]


def _is_wanted(total: ChapterTotal, options: PushOptions) -> bool:
    """Return whether a mark is to be sent: it is the chosen student's, and does not wait for a person."""
    waits = total.needs_manual_grade and options.ungraded == "blank"
    return options.student in (None, total.student) and not waits


def _trouble(lms: Lms, chapter: Chapter, assignment: Assignment, totals: Totals) -> str:
    """Return why a chapter's marks cannot be sent, "" if they can."""
    if assignment.trouble:
        return f"{chapter.assignment_id}: nothing is sent to {assignment.title[:80]!r}, {assignment.trouble}."
    most = max_score(chapter, totals)
    if assignment.points is not None and abs(assignment.points - most) < CLOSE:
        return ""
    in_lms = "no points" if assignment.points is None else f"{assignment.points:g} points"
    return (
        f"{chapter.assignment_id}: nothing is sent, because {lms.name} has it out of {in_lms} and the chapter has "
        f"{most:g}: set it so there."
    )


def _without_files(lms: Lms, chapter: Chapter, assignment: Assignment, options: PushOptions) -> list[str]:
    if assignment.takes_files or not options.feedback:
        return []
    return [f"{chapter.assignment_id}: {lms.name} takes no feedback files there, so marks alone are sent."]


@dataclass
class _Pushing:
    lms: Lms
    course: CourseDirectory
    numbers: Mapping[str, str]
    options: PushOptions
    sleep: Callable[[float], None]
    journal: Journal

    def __post_init__(self) -> None:
        self.patience = Patience()

    def chapter(self, chapter: Chapter, assignment: Assignment, some: Sequence[ChapterTotal]) -> Iterator[Sent]:
        """Send a chapter's marks, one line for each."""
        standings = self.lms.standings(assignment) if some else {}
        for total in some:
            mark = round(total.score, 2)
            number = self.numbers.get(total.student)
            if number is None:
                note = f"is not among the students of the course in {self.lms.name}"
                yield Sent(total.student, chapter.assignment_id, "failed", mark, note)
                continue
            page = self._page(total.student, chapter) if self.options.feedback and assignment.takes_files else None
            try:
                status, note = self._one(assignment, number, mark, page, standings.get(number, Standing()))
                self.patience.worked()
            except Unavailable as error:
                status, note = "failed", str(error)
                self.patience.failed(error)
            yield Sent(total.student, chapter.assignment_id, status, mark, note)

    def _one(
        self, assignment: Assignment, number: str, mark: float, page: Page | None, listed: Standing
    ) -> tuple[str, str]:
        """Send one mark, unless it is there; return what became of it, and a note."""
        key = (assignment.number, number)
        known = _with_page(listed, self.journal.pages.get(key, ""))
        if not _differs(known, mark, page):
            return "unchanged", ""
        for attempt in range(TRIES):
            before = self.lms.standing(assignment, number)
            if not _differs(before, mark, page):
                if not self.options.dry_run:
                    self.journal.add_mark(*key, mark, page.name if page else "")
                return ("sent", "") if attempt else ("unchanged", "")
            why = self._kept(before, mark, self.journal.sent.get(key))
            if why or self.options.dry_run:
                return ("kept", why) if why else ("would be sent", _said(before, page))
            try:
                self.lms.send(assignment, number, mark, page, before)
            except Unavailable:
                if attempt == TRIES - 1:
                    raise
                self.sleep(2.0**attempt)
                continue
            self.journal.add_mark(*key, mark, page.name if page else "")
            return "sent", _said(before, page)
        raise AssertionError("the last try returns or raises")

    def _kept(self, before: Standing, mark: float, last: float | None) -> str:
        """Return why the LMS's mark stays, "" if it does not."""
        if self.options.overwrite:
            return ""
        if before.others:
            return f"{before.others}: --overwrite sends the mark all the same"
        if before.mark is None or _same(before.mark, mark) or (last is not None and _same(before.mark, last)):
            return ""
        past = "never sent from here" if last is None else f"{last:g} was sent"
        return f"{self.lms.name} has {before.mark:g} ({past}), the gradebook {mark:g}: --overwrite replaces it"

    def _page(self, student: str, chapter: Chapter) -> Page | None:
        """Return a student's feedback page, if `feedback` has made one."""
        file = self.course.feedback / student / chapter.assignment_id / f"{chapter.notebook}.html"
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GraderError(f"{file} cannot be opened ({error.strerror}).") from error
        return Page(f"{chapter.notebook}-{hashlib.sha256(content).hexdigest()[:8]}.html", content)


def _with_page(listed: Standing, page: str) -> Standing:
    """Return what the LMS's list shows with the page that was sent, where the list shows no files."""
    return replace(listed, files=listed.files | {page}) if page else listed


def _differs(standing: Standing, mark: float, page: Page | None) -> bool:
    return not _same(standing.mark, mark) or (page is not None and page.name not in standing.files)


def _same(one: float | None, other: float) -> bool:
    return one is not None and abs(one - other) < CLOSE


def _said(before: Standing, page: Page | None) -> str:
    """Say what a mark takes the place of, and that a page goes with it."""
    parts = [f"in place of {before.mark:g}"] if before.mark is not None else []
    return ", ".join([*parts, *(["with feedback"] if page and page.name not in before.files else [])])
