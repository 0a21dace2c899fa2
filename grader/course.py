"""The chapters of the course, and the folders of a class: sources, release, and what a run makes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import GraderError
from gradschool.core.exercise import CHAPTERS

ROOT = Path(__file__).resolve().parents[1]
STUDENT_ID = re.compile(r"[\w][\w.@+=-]{0,127}")  # nbgrader's gradebook has room for so much
# By key, the chapters whose cells or judged answers step optimizers of torch: their first step imports for a second.
STEP_OPTIMIZERS = frozenset({"dqn", "ddpg", "lab"})
READINGS = {"casebook": "06-casebook"}  # lessons without graded cells, which no gradebook knows
TIMESTAMP, SECRET = "timestamp.txt", "submission_secret.txt"
EXCHANGE_FILES = (
    TIMESTAMP,
    SECRET,
)  # beside a notebook from nbgrader's exchange; feedback is found by the second
POSTGRES = re.compile(r"^postgres(ql)?://")


@dataclass(frozen=True)
class Chapter:
    """One chapter: ``assignment_id`` is nbgrader's name for it (the folder), ``notebook`` its file without ending.

    A reading is a chapter without graded cells: it is built and shown as the others are, and never handed in.
    """

    assignment_id: str
    notebook: str
    key: str

    @property
    def is_reading(self) -> bool:
        """Whether the chapter has no graded cells."""
        return self.key in READINGS

    @property
    def steps_optimizers(self) -> bool:
        """Whether its cells or judged answers step optimizers of torch."""
        return self.key in STEP_OPTIMIZERS

    @property
    def source(self) -> Path:
        """The one file that an instructor edits."""
        return ROOT / "solutions" / self.assignment_id / f"{self.notebook}.md"


@dataclass(frozen=True)
class CourseDirectory:
    """The folders of one class. ``work`` holds all that a run makes; ``release`` what students get.

    ``db`` is the gradebook's address, a secret where it holds a password; without one it is SQLite in ``work``.
    """

    work: Path
    release: Path
    db: str = field(default="", repr=False)

    @property
    def source(self) -> Path:
        """Notebooks made from the sources, solutions included; never committed."""
        return self.work / "source"

    @property
    def submitted(self) -> Path:
        """``submitted/<student>/<chapter>/<notebook>.ipynb``, as students handed them in; only ever read."""
        return self.work / "submitted"

    @property
    def autograded(self) -> Path:
        """The same tree after grading."""
        return self.work / "autograded"

    @property
    def feedback(self) -> Path:
        """The same tree as HTML for the students."""
        return self.work / "feedback"

    @property
    def ungraded(self) -> Path:
        """``ungraded/<student>/<chapter>.txt``: why the last submission could not be graded, for no student's fault."""
        return self.work / "ungraded"

    @property
    def db_url(self) -> str:
        """The gradebook's address, as nbgrader takes it: for PostgreSQL with the driver that we install."""
        return POSTGRES.sub("postgresql+psycopg://", self.db) or f"sqlite:///{self.work / 'gradebook.db'}"

    def released(self, chapter: Chapter) -> Path:
        """Return the file of a chapter's notebook as students get it."""
        return self.release / chapter.assignment_id / f"{chapter.notebook}.ipynb"

    def notebook_path(self, step: Path, student: str, chapter: Chapter) -> Path:
        """Return the file of one student's notebook in one of the trees."""
        return step / student / chapter.assignment_id / f"{chapter.notebook}.ipynb"


def chapters() -> list[Chapter]:
    """Return every graded chapter that has a source, in the course's order."""
    return _with_source(CHAPTERS)


def lessons() -> list[Chapter]:
    """Return every chapter and every reading that has a source, in the course's order."""
    return _with_source({**CHAPTERS, **READINGS})


def _with_source(names: Mapping[str, str]) -> list[Chapter]:
    found = []
    for key, assignment_id in names.items():
        for source in sorted((ROOT / "solutions" / assignment_id).glob("*.md")):
            found.append(Chapter(assignment_id, source.stem, key))
    return found


def chapter(name: str) -> Chapter:
    """Return the chapter of this name, number ("01", "1") or key ("chain"); raise GraderError, with what there is."""
    return _named(name, chapters())


def _named(name: str, known: Sequence[Chapter]) -> Chapter:
    for found in known:
        if name in (
            found.assignment_id,
            found.key,
            found.notebook,
            found.assignment_id[:2],
            found.assignment_id[:2].lstrip("0"),
        ):
            return found
    raise GraderError(f"There is no chapter {name!r}; there are {', '.join(c.assignment_id for c in known)}.")


def select_chapters(name: str | None) -> list[Chapter]:
    """Return the one chapter that was named, or all that are graded."""
    return [chapter(name)] if name else chapters()


def select_lessons(name: str | None) -> list[Chapter]:
    """Return the one chapter or reading that was named, or all of both."""
    return [_named(name, lessons())] if name else lessons()
