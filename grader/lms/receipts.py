"""Receipts of `gradschool hand-in`, and the releases that notebooks were made from: what they say, as notes.

A receipt is made on the student's computer. It is no evidence: the LMS's time counts, and no mark depends on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from nbformat import NotebookNode

from grader.course import Chapter
from grader.errors import GraderError
from grader.lms.hand_in_zip import RECEIPT, ArchiveMember
from gradschool.student.hand_in import release
from gradschool.student.hand_in.receipt import NotAReceipt, Receipt


def is_receipt(path: str) -> bool:
    """Return whether a file is called as a receipt is."""
    return PurePosixPath(path).name == RECEIPT


def read_receipts(members: list[ArchiveMember]) -> dict[str, Receipt | str]:
    """Return the receipts among these files by the folder in which they lie; a sentence for one that is none."""
    found: dict[str, Receipt | str] = {}
    for member in members:
        if is_receipt(member.path) and not member.trouble:
            try:
                found[folder_of(member.path)] = Receipt.from_json(member.read())
            except (NotAReceipt, GraderError) as error:
                found[folder_of(member.path)] = str(error)
    return found


def folder_of(path: str) -> str:
    """Return the folder, or zip, in which a file lies."""
    return str(PurePosixPath(path).parent)


def receipt_note(receipt: Receipt | str | None, file: str, content: bytes, chapter: Chapter) -> str:
    """Say what a notebook's receipt is worth; "" without one."""
    if receipt is None:
        return ""
    if isinstance(receipt, str):
        return receipt.rstrip(".")
    if PurePosixPath(file).name != receipt.notebook:
        return f"its receipt is of {receipt.notebook[:80]!r}, another file"
    if hashlib.sha256(content).hexdigest() != receipt.sha256.lower():
        return "differs from its receipt: it was changed after `gradschool hand-in` had packed it"
    if receipt.chapter != chapter.assignment_id:
        return f"its receipt says {receipt.chapter[:80]!r}"
    passed = f", {sum(receipt.checks.values())} of {len(receipt.checks)} checks passed" if receipt.checks else ""
    return f"as its receipt says: packed {receipt.time[:25]} by the student's clock{passed}"


def predictions_of(receipt: Receipt | str | None, content: bytes) -> Mapping[str, Mapping[str, Any]]:
    """Return the predictions that were handed in with a notebook: none if its receipt is another file's."""
    if not isinstance(receipt, Receipt) or hashlib.sha256(content).hexdigest() != receipt.sha256.lower():
        return {}
    return receipt.predictions


def release_note(notebook: NotebookNode, chapter: Chapter, receipt: Receipt | str | None) -> str:
    """Say that a notebook was made from another release of its lesson than this checkout's; "" if not, or unknown."""
    about = notebook.metadata.get(release.KEY)
    said = about.get("release") if isinstance(about, dict) else None
    if not said and isinstance(receipt, Receipt):
        said = receipt.release
    ours = release.read_facts().get(chapter.assignment_id, {}).get("digest")
    if not isinstance(said, str) or not said or not ours or said == ours:
        return ""
    return f"made from another release of the lesson ({said[:8]}, not {ours[:8]})"
