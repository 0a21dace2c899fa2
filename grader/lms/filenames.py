"""The names that an LMS gives to submissions: who handed a file in, when, and whether late.

The conventions are read from the systems' own sources.

**Canvas** (instructure/canvas-lms, ``lib/content_zipper.rb``: ``get_filename``, ``add_upload_submission``): the name is
``<sortable name, lower case, word characters only>_[LATE_]<user id>_<file id>_<file name>``; with anonymous marking
there is no name, and ``anon_<five characters>`` stands for the user id. A student who hands in the same name again
gets ``name-1.ipynb``, ``name-2.ipynb`` (``app/models/attachment.rb``: ``make_unique_filename``). The file id grows with
time. Canvas packs the zip when asked, so its entries' times are the download's, not the submissions'.

**Moodle** (moodle/moodle, ``mod/assign/classes/downloader.php``; ``feedback/file/importziplib.php`` reads it back): one
folder for each student, ``<full name>_<participant>_assignsubmission_file`` (a ``_`` at its end before 4.1), the
file's own folders inside; or flat, ``<full name>_<participant>_assignsubmission_file_<file name>``. ``_`` in a full
name becomes a space. The participant's number is the student's *in this assignment*: the same student has another one
in the next (``get_uniqueid_for_user_static`` asks for both), so a roster ties one student's numbers together.

**Moodle's web service** knows another number, the user's, which is the same in every assignment. What
:mod:`grader.lms.api` fetches lies in ``<full name>_<user>_moodleuser_``, so that the two are never mixed up.

**nbgrader** (``exchange/default/submit.py``): ``<student>+<assignment>+<time>[+<random>]``, a folder, in ``inbound/``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from grader.lms.timestamps import parse_utc

CANVAS = re.compile(
    r"(?:(?P<who>(?!LATE_)\w+?)_)?(?P<late>LATE_)?(?P<id>\d+|anon_[0-9A-Za-z]+)_"
    r"(?:(?P<file_id>\d+)_(?P<file>.+)|(?P<typed>text|link)\.html)",
    re.DOTALL,
)
MOODLE = re.compile(r"(?P<who>[^_]+)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_?$|_(?P<file>.+))", re.DOTALL)
MOODLE_USER = re.compile(r"(?P<who>[^_]+)_(?P<id>\d+)_moodleuser_")
EXCHANGE = re.compile(
    r"(?P<id>.+)\+(?P<assignment>[^+]+)\+(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[^+]*)(?:\+[\w=-]+)?$", re.DOTALL
)
VERSION = re.compile(r"-(\d{1,4})$")
NUMBERS = re.compile(r"(?=_(?P<id>\d+)_(?P<file_id>\d+)_.)")  # where Canvas's two numbers may stand, overlapping
ENDING = re.compile(r"\.ipynb(?=$|[ ._(-])[^/]*$", re.IGNORECASE)  # with what a browser or system puts behind it
LIKE = 2  # digits that two students' numbers may differ in
OTHER_ENDINGS = ("", ".json", ".txt")  # which a notebook may have by mistake


@dataclass(frozen=True)
class SubmissionName:
    """The parts of a submitted file's name: ``stem`` is the LMS's, ``file`` the student's.

    ``order`` grows with each submission where the LMS says so: Canvas's file id and the version behind the name.
    ``typed`` is set where the LMS packed something that was typed into it rather than a file. ``download`` is what lies
    outside of the part that the LMS named. ``others`` are numbers that might be the student's as well: a Canvas name
    may hold anything, and be made to look as if another number came first.
    """

    lms: str
    lms_id: str
    who: str
    stem: str
    file: str
    late: bool = False
    order: tuple[int, int] = (0, 0)
    time: datetime | None = None
    assignment: str = ""
    typed: bool = False
    download: str = ""
    others: tuple[tuple[str, str], ...] = ()  # with the name before each


def parse_name(path: str) -> SubmissionName | None:
    """Parse a file's path in a download; None if no part of it follows a convention.

    The outermost part that does decides: what is inside a zip or a folder was named by the student.
    """
    *folders, last = PurePosixPath(path).parts or ("",)
    for i, folder in enumerate(folders):
        packed = folder.lower().endswith(".zip") or looks_like_notebook(folder)  # a zip, whatever its name
        found = _moodle(folder, last, True) or _moodle_user(folder, last)
        found = found or (_canvas(folder, last) if packed else _exchange(folder, last))
        if found:
            return replace(found, download="/".join(folders[:i]))
    found = _moodle(last, last, False) or _canvas(last, last)
    return replace(found, download="/".join(folders)) if found else None


def _exchange(part: str, last: str) -> SubmissionName | None:
    match = EXCHANGE.fullmatch(part)
    if not match:
        return None
    try:
        time = parse_utc(match["time"].strip())
    except (ValueError, OverflowError):
        return None
    return SubmissionName("nbgrader", match["id"], match["id"], part, last, time=time, assignment=match["assignment"])


def _moodle(part: str, last: str, is_folder: bool) -> SubmissionName | None:
    match = MOODLE.fullmatch(part)
    if not match or not (is_folder or match["file"]):
        return None
    stem = f"{match['who']}_{match['id']}_assignsubmission_file_"
    return SubmissionName(
        "moodle", match["id"], match["who"], stem, last if is_folder else match["file"], typed=match["kind"] != "file"
    )


def _moodle_user(part: str, last: str) -> SubmissionName | None:
    match = MOODLE_USER.fullmatch(part)
    return SubmissionName("moodle user", match["id"], match["who"], part, last) if match else None


def _canvas(part: str, last: str) -> SubmissionName | None:
    match = CANVAS.fullmatch(part)
    if not match:
        return None
    file = match["file"] or f"{match['typed']}.html"
    version = VERSION.search(PurePosixPath(file).stem)
    return SubmissionName(
        "canvas",
        match["id"],
        match["who"] or "",
        part.removesuffix(file),
        file if part == last else last,
        late=bool(match["late"]),
        order=(int(match["file_id"] or 0), int(version[1]) if version else 0),
        typed=bool(match["typed"]),
        others=tuple((n["id"], part[: n.start()]) for n in NUMBERS.finditer(part) if _may_be_numbers(n, match)),
    )


def _may_be_numbers(found: re.Match[str], first: re.Match[str]) -> bool:
    """Return whether two numbers further behind in a Canvas name may be Canvas's own: others, and nearly as long."""
    pairs = [(found["id"], first["id"]), (found["file_id"], first["file_id"] or "")]
    return found["id"] != first["id"] and all(abs(len(one) - len(other)) <= LIKE for one, other in pairs)


def looks_like_notebook(file: str) -> bool:
    """Return whether a file's name has a notebook's ending, with whatever a browser put behind it."""
    return bool(ENDING.search(file))


def without_version(file: str) -> str:
    """Return the stem of a file's name as the student had it: ``loss-2.ipynb`` and ``loss (1).ipynb`` are ``loss``."""
    stem = ENDING.sub("", file) if looks_like_notebook(file) else PurePosixPath(file).stem
    return re.sub(r"\s*\(\d{1,4}\)$", "", VERSION.sub("", stem))


def normalize_name(name: str) -> str:
    """Drop case, accents, spaces and signs, to compare names that were written in different ways."""
    parts = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in parts if c.isalnum())


def names_of(name: str) -> set[str]:
    """Return the normalized forms in which a name may come back: ``Curie, Marie`` also as ``Marie Curie``."""
    first, comma, rest = name.partition(",")
    if comma:
        return {normalize_name(first + rest), normalize_name(rest + first)}
    words = name.split()
    return {normalize_name(" ".join(words[i:] + words[:i])) for i in range(max(len(words), 1))} - {""}
