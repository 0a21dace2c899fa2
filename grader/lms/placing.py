"""Deciding which of a student's notebooks counts, saying so of each, and writing it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.course import CourseDirectory
from grader.errors import GraderError
from grader.lms import handed_in_predictions, history
from grader.lms.history import Change
from grader.lms.ids import spelling_key
from grader.lms.looking import Notebook
from grader.lms.manifest import Manifest, ManifestEntry, is_newer, is_same_submission, what_is_new, worth
from grader.lms.timestamps import parse_utc, stamp
from grader.results import digest_of

CAME_ANOTHER_WAY = "another submission lies there that did not come this way: it stays (move it away to take this one)."


@dataclass(frozen=True)
class CollectResult:
    """What became of one file.

    "new", "replaced", "updated" (more is known of the same file), "unchanged", "older" (another counts) or "failed";
    of an undone collecting "restored" or "removed".
    """

    path: str
    status: str
    student: str = ""
    chapter: str = ""
    late: bool = False
    note: str = ""
    lms: str = ""


@dataclass
class Placing:
    """One run's decisions; ``manifest`` follows them, and nothing else changes before ``write``."""

    course: CourseDirectory
    manifest: Manifest
    changes: list[tuple[Change, Notebook | None]] = field(default_factory=list)
    counting: list[Notebook] = field(default_factory=list)

    def place(self, found: Iterable[Notebook]) -> Iterator[CollectResult]:
        """Decide, and yield one result for each notebook."""
        groups: dict[tuple[str, str], list[Notebook]] = defaultdict(list)
        for notebook in found:
            groups[notebook.student, notebook.chapter.assignment_id].append(notebook)
        self._folders = self._spellings()
        self._under = {
            (e["lms"], e["lms_id"], c): s for s, of in self.manifest.items() for c, e in of.items() if not e["shared"]
        }
        for some in groups.values():
            some.sort(key=lambda n: (worth(n.entry()), n.rank), reverse=True)
            yield from self._place(some)

    def _spellings(self) -> dict[str, str]:
        folders = self.course.submitted.iterdir() if self.course.submitted.is_dir() else ()
        return {spelling_key(f.name): f.name for f in folders}

    def _place(self, found: list[Notebook]) -> Iterator[CollectResult]:
        """Place the best of one student's notebooks for a chapter, and say of the others why they do not count."""
        best, *others = found
        file = self.course.notebook_path(self.course.submitted, best.student, best.chapter)
        try:
            _require_inside(file, self.course)
            same = self._folders.setdefault(spelling_key(best.student), best.student)
            if same != best.student:
                raise GraderError(
                    f"{best.student!r} and {same!r} differ only in case: give one another id in a roster."
                )
        except GraderError as error:
            yield from (_result(n, "failed", [str(error)]) for n in found)
            return
        entry, known = best.entry(), self.manifest.get(best.student, {}).get(best.chapter.assignment_id)
        status, notes = self._decide(best, entry, known, file)
        yield _result(best, status, [*notes, *best.notes])
        if status != "older":
            self.counting.append(best)
        counts = known if status == "older" and known else entry
        for other in others:
            yield _result(other, "older", [_why_not(other.entry(), counts), *other.notes])

    def _decide(
        self, best: Notebook, entry: ManifestEntry, known: ManifestEntry | None, file: Path
    ) -> tuple[str, list[str]]:
        """Return what becomes of a notebook, with notes on why; remember what there is to write."""
        existing = digest_of(file) if file.is_file() else ""
        newer = known is None or is_newer(entry, known) or bool(entry["time"] and not known["time"])
        if existing == entry["digest"]:
            return self._same(best, entry, known, newer, file)
        if not existing:
            notes = self._moved(best, entry)
            self._change(best, known, entry, file)
            return "new", notes
        if known and known["digest"] == existing:
            if not newer:
                return "older", [_why_not(entry, known)]
            self._change(best, known, entry, file)
            return "replaced", [f"takes the place of {PurePosixPath(known['path']).name}, which is kept"]
        if not _is_later(entry, file):
            return "older", [CAME_ANOTHER_WAY]
        self._change(best, known, entry, file)
        return "replaced", ["takes the place of an earlier one that did not come this way, which is kept"]

    def _same(
        self, best: Notebook, entry: ManifestEntry, known: ManifestEntry | None, newer: bool, file: Path
    ) -> tuple[str, list[str]]:
        """The file is there already: take over what is newly known of it."""
        if known is None or newer or is_same_submission(entry, known):
            told = what_is_new(entry, known) if known else ""
            merged: ManifestEntry = {**entry, "time": entry["time"] or (known["time"] if known else "")}
            if told or known is None or newer:
                self._change(best, known, merged, file)
            return ("updated", [told]) if told else ("unchanged", [])
        return "unchanged", []

    def _change(self, best: Notebook, known: ManifestEntry | None, entry: ManifestEntry, file: Path) -> None:
        before = digest_of(file) if file.is_file() else ""
        student, chapter = best.student, best.chapter.assignment_id
        change = Change(student, chapter, known, entry, before, entry["digest"], history.time_of(file))
        self.changes.append((change, best))
        self.manifest.setdefault(student, {})[chapter] = entry

    def _moved(self, best: Notebook, entry: ManifestEntry) -> list[str]:
        """Put away what was collected of this student under another id, before a roster said who it is."""
        chapter = best.chapter.assignment_id
        former = self._under.get((entry["lms"], entry["lms_id"], chapter), best.student)
        old = self.manifest.get(former, {}).get(chapter)
        if best.shared or former == best.student or old is None or is_newer(old, entry):
            return []
        file = self.course.notebook_path(self.course.submitted, former, best.chapter)
        digest = digest_of(file) if file.is_file() else ""
        if digest != old["digest"]:
            return []
        self.changes.append((Change(former, chapter, old, None, digest, "", history.time_of(file)), None))
        del self.manifest[former][chapter]
        if not self.manifest[former]:
            del self.manifest[former]
        return [f"was collected as {former} before: that copy is put away; marks given to {former} stay where they are"]

    def write(self) -> None:
        """Write what was decided, the journal first."""
        if self.changes:
            history.note_run(self.course, [change for change, _ in self.changes])
        chapters = {n.chapter.assignment_id: n.chapter for _, n in self.changes if n}
        for change, notebook in self.changes:
            file = self.course.notebook_path(self.course.submitted, change.student, chapters[change.chapter])
            history.keep(self.course, file)
            if notebook is None or change.after is None:
                history.remove_submission(file)
                continue
            content = notebook.member.read()
            if hashlib.sha256(content).hexdigest() != change.digest_after:
                raise GraderError(f"{notebook.member.path} was changed while it was collected: collect again.")
            history.write_submission(file, content, change.after["time"])
        for notebook in self.counting:
            handed_in_predictions.write(self.course, notebook.student, notebook.digest, notebook.predictions)


def _result(notebook: Notebook, status: str, notes: list[str]) -> CollectResult:
    note = "; ".join(note.rstrip(".") for note in notes if note)
    name, chapter = notebook.name, notebook.chapter.assignment_id
    note += "." if note else ""
    return CollectResult(notebook.member.path, status, notebook.student, chapter, name.late, note, name.lms)


def _why_not(entry: ManifestEntry, counts: ManifestEntry) -> str:
    """Say which submission counts instead, and why if not for being later."""
    name = PurePosixPath(counts["path"]).name
    if worth(entry) != worth(counts):
        for key, why in (
            ("untouched", "has work in it"),
            ("rides", "is the chapter's own"),
            ("shared", "is their own"),
        ):
            if entry[key] and not counts[key]:  # type: ignore[literal-required]  # one of three flags
                return f"{name} counts, since it {why}"
    return f"{name} counts"


def _is_later(entry: ManifestEntry, file: Path) -> bool:
    """Return whether a submission is later than one that lies there with a timestamp of its own."""
    try:
        existing = parse_utc(history.time_of(file))
    except (ValueError, OverflowError):
        return False
    return bool(entry["time"]) and entry["time"] > stamp(existing)


def _require_inside(file: Path, course: CourseDirectory) -> None:
    """Refuse to write through a link that somebody put into ``submitted/``."""
    places = [file, file.parent, file.parent.parent]
    if any(p.is_symlink() for p in places) or file.is_dir():
        raise GraderError(f"{file.relative_to(course.work)} is a link or a folder: clear it away and collect again.")
