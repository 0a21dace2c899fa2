"""Collecting a class: what an LMS or nbgrader's exchange handed over goes to ``submitted/STUDENT/CHAPTER/``.

Of several submissions of one student the latest counts; a newer one is never overwritten by an older one, however
often and in whatever order downloads are collected. A notebook in which nobody worked never takes the place of work,
and one that came with the hand-in for another chapter never that of the chapter's own. What gives way is kept
(:mod:`grader.lms.history`). The manifest (:mod:`grader.lms.manifest`) says what was collected from where.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from grader.course import CourseDirectory, select_chapters
from grader.errors import GraderError
from grader.lms import archives, history
from grader.lms.filenames import looks_like_notebook, parse_name
from grader.lms.hand_in_zip import TOO_MUCH, ArchiveMember
from grader.lms.looking import UNKNOWN, Notebook, Receipts, find_owner, look
from grader.lms.manifest import Manifest, read_manifest, write_manifest
from grader.lms.placing import CollectResult, Placing
from grader.lms.receipts import is_receipt, read_receipts
from grader.lms.roster import Owner, Roster

MOODLES_NUMBERS = (
    "Moodle numbers a student anew in every assignment: without a roster each chapter's student is another one."
)
FEWEST_HAND_INS = 3  # of a download that may be for several chapters


@dataclass
class Collector:
    """One run over downloads. Nothing is written where ``dry_run`` is set.

    ``submitted`` has the times of files that came with one, by their paths, in UTC without a zone.
    """

    course: CourseDirectory
    roster: Roster = field(default_factory=Roster)
    dry_run: bool = False
    timezone: str = ""
    submitted: Mapping[str, datetime] = field(default_factory=dict)
    manifest: Manifest = field(init=False, default_factory=dict)
    _notebooks: dict[str, set[str]] = field(init=False, default_factory=dict)  # paths by student, also of none

    def collect(self, sources: Iterable[Path]) -> list[CollectResult]:
        """Collect from these folders and zips; one result for each file, in the order of their paths."""
        self.manifest, self._notebooks = read_manifest(self.course), {}
        results = [CollectResult("", "failed", note=fault) for fault in self.roster.faults]
        found: list[Notebook] = []
        with ExitStack() as stack:
            for source in sources:
                members = stack.enter_context(archives.open_archive(source))
                receipts = read_receipts(members)
                for member in members:
                    for one in self._look(member, receipts, str(source)):
                        (found if isinstance(one, Notebook) else results).append(one)  # type: ignore[arg-type]
            placing = Placing(self.course, self.manifest)
            results += placing.place(_with_riders(found))
            if not self.dry_run:
                placing.write()
                write_manifest(self.course, self.manifest, self.timezone)
        return sorted([*_in_one_line(results), *self._without_notebook()], key=lambda r: (r.path, r.status))

    def _look(self, member: ArchiveMember, receipts: Receipts, source: str) -> Iterator[Notebook | CollectResult]:
        """Look at one file; whatever is wrong with it ends here, in a result that says so."""
        name = parse_name(member.path)
        try:
            if member.trouble:
                raise GraderError(member.trouble)
            if name is None:
                raise GraderError(UNKNOWN)
            if is_receipt(member.path) or (name.lms == "nbgrader" and not looks_like_notebook(name.file)):
                return  # a receipt, timestamp.txt, and whatever the student's folder held besides
            owner = self._with_time(find_owner(name, self.roster), member.path)
            self._notebooks.setdefault(owner.student, set())
            found = look(member, name, owner, receipts, f"{source}/{name.download}")
            self._notebooks[owner.student].add(member.path)
            yield found
            for student in owner.members:
                note = f"handed in by {owner.student} for {owner.group}"
                yield replace(found, student=student, shared=True, notes=(note, *found.notes))
        except GraderError as error:
            yield CollectResult(member.path, "failed", note=str(error))

    def _with_time(self, owner: Owner, path: str) -> Owner:
        """Return an owner with the time that came with this file, or with the zip in which it lies."""
        above = PurePosixPath(path)
        time = next((self.submitted[str(p)] for p in (above, *above.parents) if str(p) in self.submitted), None)
        return replace(owner, submitted=time) if time else owner

    def _without_notebook(self) -> Iterator[CollectResult]:
        """One result for each student who handed something in, and no notebook of the course."""
        for student, paths in sorted(self._notebooks.items()):
            if not paths:
                note = f"{student} handed in no notebook of this course: ask for it."
                yield CollectResult("", "failed", student, note=note)


def _with_riders(found: list[Notebook]) -> list[Notebook]:
    """Mark the notebooks that came with the hand-in for another chapter than their own.

    A download is for the chapter of most of its hand-ins; if most of them hold several chapters, it is for all.
    """
    hand_ins: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for n in found:
        if not n.untouched:
            hand_ins[n.home][n.hand_in].add(n.chapter.assignment_id)
    homes = {home: _chapter_of_download(list(some.values())) for home, some in hand_ins.items()}
    marked = []
    for n in found:
        several = {m.chapter.assignment_id for m in found if m.hand_in == n.hand_in}
        home = n.name.assignment or homes.get(n.home, "")
        rides = home != n.chapter.assignment_id if home else len(several) > 1
        if rides and home != "*":
            known = home in [c.assignment_id for c in select_chapters(None)]
            note = f"came with the hand-in for {home}" if known else "came with another chapter's notebook"
            marked.append(replace(n, rides=True, notes=(*n.notes, note)))
        else:
            marked.append(n)
    return marked


def _chapter_of_download(hand_ins: list[set[str]]) -> str:
    """Return the chapter that a download is for, "*" if for all, "" if that cannot be said."""
    if len(hand_ins) >= FEWEST_HAND_INS and sum(len(h) > 1 for h in hand_ins) * 2 > len(hand_ins):
        return "*"
    ranked = Counter(c for h in hand_ins for c in h).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return ""
    return ranked[0][0]


def _in_one_line(results: list[CollectResult]) -> list[CollectResult]:
    """Make one line of those that say the same of several files of one hand-in, or that it holds too much."""
    kept: dict[tuple[str, ...], CollectResult] = {}
    more: Counter[tuple[str, ...]] = Counter()
    too_much = {_who(r): r.note for r in results if r.note.startswith(TOO_MUCH)}
    for r in results:
        note = too_much.get(_who(r), r.note)
        key = (_who(r), note) if r.status == "failed" and r.path else (str(len(kept)), r.path, note, r.student)
        more[key] += key in kept
        kept.setdefault(key, replace(r, note=note) if r.status == "failed" else r)
    return [replace(r, note=f"{r.note} (and {more[k]} more)") if more[k] else r for k, r in kept.items()]


def _who(result: CollectResult) -> str:
    """Return whose hand-in a line is about, as far as its path says."""
    name = parse_name(result.path)
    return f"{name.download}/{name.lms} {name.lms_id}" if name else result.path


def undo(course: CourseDirectory, student: str = "") -> list[CollectResult]:
    """Take back what the latest collecting changed, all of it or one student's; one result for each chapter.

    Raises
    ------
    GraderError
        If nothing can be taken back.
    """
    changes = [c for c in history.last_run(course) if student in ("", c.student)]
    if not changes:
        raise GraderError(f"The latest collecting changed nothing of {student!r}.")
    manifest, results, undone = read_manifest(course), [], []
    chapters = {c.assignment_id: c for c in select_chapters(None)}
    for change in reversed(changes):
        status, note = history.revert(course, manifest, change, chapters[change.chapter])
        entry = change.after or change.before
        path = PurePosixPath(entry["path"]).name if entry else ""
        results.append(CollectResult(path, status, change.student, change.chapter, note=note))
        undone += [change] if status != "failed" else []
    write_manifest(course, manifest)
    history.forget_last(course, undone)
    return results
