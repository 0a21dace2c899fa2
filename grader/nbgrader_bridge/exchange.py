"""nbgrader's exchange between the OS users of one machine: the instructor collects, and releases feedback.

nbgrader's own collector follows the links in a submission with the instructor's rights, and takes a folder for the
submission of the student whose name it begins with, whoever owns it. Every student can put such a folder into the
exchange. Here a link is not read, and a submission counts only if it belongs to the OS user whose name it has.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry
from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback
from nbgrader.utils import parse_utc

from grader.course import EXCHANGE_FILES
from grader.gradebook.connection import open_gradebook
from grader.notebooks.reader import MOST_BYTES

MOST_NOTEBOOKS = 20  # of one submission; a chapter has one

Record = dict[str, Any]


class CollectOwnFiles(ExchangeCollect):
    """nbgrader's collector that reads plain files of the student alone: notebooks, the time, the secret."""

    def init_src(self) -> None:
        """Find the latest submission of each student; a forged or misnamed one never takes its place."""
        folder = Path(self.root) / self.coursedir.course_id / "inbound"
        if not self.coursedir.course_id or not folder.is_dir():
            self.fail(f"Nothing was released in this course yet: there is no {folder}.")
        self.inbound_path = str(folder)
        due = self._due()
        latest: dict[str, tuple[bool, Any, Record]] = {}
        for name in sorted(os.listdir(folder)):
            if (found := self._record(folder, name)) is None:
                continue
            rank = (due is None or found["timestamp"] <= due, found["timestamp"], found)
            if found["username"] not in latest or rank[:2] > latest[found["username"]][:2]:
                latest[found["username"]] = rank
        self.src_records = [record for _, _, record in latest.values()]

    def _due(self) -> Any:
        """Return the due date if only submissions before it are wanted."""
        if not self.before_duedate:
            return None
        with open_gradebook(self.coursedir.db_url) as gradebook:
            try:
                return gradebook.find_assignment(self.coursedir.assignment_id).duedate
            except MissingEntry:
                return None

    def _record(self, folder: Path, name: str) -> Record | None:
        """Return who submitted a folder and when, or None if it is not a wanted submission of its owner."""
        student, _, rest = name.partition(f"+{self.coursedir.assignment_id}+")
        if not rest or self.coursedir.student_id not in ("", "*", student):
            return None
        try:
            when = parse_utc(rest.partition("+")[0])
            owner = _owner(folder / name)
        except (ValueError, OverflowError, OSError) as error:
            self.log.error("%s is not a submission and was left out (%s).", name, error)
            return None
        if self.check_owner and owner != student:
            self.log.error("%s is not %s's submission: it belongs to %s. It was left out.", name, student, owner)
            return None
        return {"username": student, "filename": name, "timestamp": when}

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy a submission's plain files, each opened without following a link."""
        os.makedirs(dest)
        folder = _open_folder(src)
        try:
            names = sorted(os.listdir(folder))
            notebooks = [n for n in names if n.endswith(".ipynb")][:MOST_NOTEBOOKS]
            for name in [*notebooks, *(n for n in EXCHANGE_FILES if n in names)]:
                self._copy_file(folder, name, Path(dest) / name)
        finally:
            os.close(folder)

    def _copy_file(self, folder: int, name: str, to: Path) -> None:
        try:
            opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)  # a pipe does not wait
        except OSError as error:
            self.log.error("%s of %s was left out: %s.", name, to.parent, error.strerror)
            return
        with os.fdopen(opened, "rb") as file:
            found = os.fstat(opened)
            own = found.st_uid == os.fstat(folder).st_uid  # no second name of the instructor's file
            if not stat.S_ISREG(found.st_mode) or not own or found.st_size > MOST_BYTES:
                self.log.error("%s of %s was left out: no file of the student's, or over 50 MB.", name, to.parent)
                return
            with to.open("wb") as copy:
                shutil.copyfileobj(file, copy)


def _open_folder(path: str | Path) -> int:
    """Open a folder; raise OSError for a link, and for anything that is no folder."""
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)


def _owner(folder: Path) -> str:
    """Return the OS user who owns a folder."""
    import pwd  # Windows has no exchange and no such module

    opened = _open_folder(folder)
    try:
        user = os.fstat(opened).st_uid
    finally:
        os.close(opened)
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


class ReleaseToOwners(ExchangeReleaseFeedback):
    """nbgrader's release of feedback; a submission that did not come by the exchange does not stop the others."""

    def copy_files(self) -> None:
        """Release each page for which there is a secret, and name the students without one."""
        folder = self.coursedir.format_path(self.coursedir.feedback_directory, "*", self.coursedir.assignment_id)
        pages = sorted(Path(folder).parent.parent.glob(f"*/{self.coursedir.assignment_id}"))
        without = [p.parent.name for p in pages if not all((p / name).is_file() for name in EXCHANGE_FILES)]
        if without:
            self.log.warning("Not collected from the exchange, so send them their pages: %s.", ", ".join(without))
        excluded = self.coursedir.student_id_exclude
        self.coursedir.student_id_exclude = ",".join(filter(None, [excluded, *without]))
        try:
            super().copy_files()
        finally:
            self.coursedir.student_id_exclude = excluded
