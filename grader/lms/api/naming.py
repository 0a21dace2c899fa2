"""Names of downloaded files: those that the LMS's own download has, made of nothing that leaves the folder.

:mod:`grader.lms.filenames` reads them back, so what was fetched is collected like any download.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from grader.lms.api.interface import HandedInFile, Student
from grader.lms.filenames import normalize_name
from grader.lms.ids import DEVICE

MOST_BYTES = 100  # of one name; a folder's takes 255
LEFT_OUT = re.compile(r"[^\w.@+() -]")
BETWEEN_NUMBERS = re.compile(r"_(?=\d)|(?<=\d)_")  # where a number in a student's name would look like the LMS's


def download_path(kind: str, file: HandedInFile, student: Student) -> str:
    """Return the path of a file below its chapter's folder: the LMS's own convention, under the student's number."""
    name = file_name(file.name)
    if kind == "moodle":
        return f"{person_name(student.name) or 'student'}_{student.number}_moodleuser_/{name}"
    late = "LATE_" if file.late else ""
    who = normalize_name(person_name(student.name))
    return f"{who}{'_' if who else ''}{late}{student.number}_{file.number}_{name}"


def file_name(text: str) -> str:
    r"""Return a student's name for a file as one that any system takes, and that names no folder.

    >>> file_name("../../.ssh/loss_as_chain_rule.ipynb"), file_name("C:\\x\\a_12_34_b.ipynb"), file_name("..")
    ('loss_as_chain_rule.ipynb', 'a-12-34-b.ipynb', 'file')
    """
    last = unicodedata.normalize("NFC", text).replace("\\", "/").rsplit("/", 1)[-1]
    name = BETWEEN_NUMBERS.sub("-", LEFT_OUT.sub("-", last)).strip(". ")
    ending = PurePosixPath(name).suffix[:20]
    name = _cut(name.removesuffix(ending), MOST_BYTES - len(ending.encode())) + ending
    return f"_{name}" if DEVICE.match(name) else name or "file"


def person_name(text: str) -> str:
    """Return a person's name as a folder and a roster may have it; "" if no letter is left."""
    name = _cut(LEFT_OUT.sub(" ", unicodedata.normalize("NFC", text).replace("_", " ")), MOST_BYTES)
    name = " ".join(name.split()).strip(". ")
    return name if normalize_name(name) else ""


def _cut(text: str, most: int) -> str:
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
