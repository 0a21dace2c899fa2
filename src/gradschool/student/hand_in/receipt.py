"""The zip that a student hands in: one notebook, and a receipt that says what it is and how its checks ended.

A receipt is made on the student's computer. It helps to recognize a file and to answer questions about it; it is no
evidence, and no mark depends on it. Python's own library is enough to write it and to read it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gradschool
from gradschool.lessons.predictions.record import as_plain, from_plain

FORMAT = 1
NAME = "receipt.json"  # of the receipt inside the zip, beside the notebook
MOST_BYTES = 100_000  # of a receipt


class NotAReceipt(ValueError):
    """What was read is no receipt of this format; the text says why in one sentence."""


@dataclass(frozen=True)
class Receipt:
    """What stands in ``receipt.json``.

    Attributes
    ----------
    chapter
        The assignment's name, such as "01-loss-as-chain-rule".
    notebook
        The name of the notebook's file in the zip, with its ending.
    sha256
        The digest of that file's bytes, in hexadecimal.
    time
        When the zip was made, by the student's clock: UTC, ISO 8601, to the second.
    gradschool, python
        The versions on the student's computer.
    release
        The digest of the lesson from which the notebook was made, "" if the notebook does not say.
    checks
        By exercise, whether its check passed in a clean kernel. Empty if the checks did not run.
    predictions
        By id, the student's guess and the measurement. Empty unless the student wanted to hand them in.
    """

    chapter: str
    notebook: str
    sha256: str
    time: str
    gradschool: str
    python: str
    release: str = ""
    checks: Mapping[str, bool] = field(default_factory=dict)
    predictions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the text of ``receipt.json``."""
        found = {"format": FORMAT, **asdict(self)}
        if not self.predictions:
            del found["predictions"]  # a student who does not hand them in says nothing of them
        return json.dumps(found, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Receipt:
        """Read a receipt; raise NotAReceipt if it is none, or of a format that is not known here."""
        if len(text) > MOST_BYTES:
            raise NotAReceipt(f"The receipt is larger than {MOST_BYTES // 1000} kB.")
        try:
            found: Any = json.loads(text)
        except (ValueError, RecursionError):
            raise NotAReceipt("The receipt is not JSON.") from None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise NotAReceipt(f"The receipt is not of format {FORMAT}.")
        checks: Any = found.get("checks")
        names = ("chapter", "notebook", "sha256", "time", "gradschool", "python")
        words: Any = {name: found.get(name) for name in names} | {"release": found.get("release", "")}
        wrong = [name for name, value in words.items() if not isinstance(value, str)]
        if not isinstance(checks, dict) or not all(isinstance(passed, bool) for passed in checks.values()):
            wrong.append("checks")
        if wrong:
            raise NotAReceipt(f"The receipt lacks {', '.join(wrong)}.")
        return cls(**words, checks=checks, predictions=as_plain(from_plain(found.get("predictions")).values()))


def receipt_for(
    chapter: str,
    notebook: str,
    content: bytes,
    release: str = "",
    checks: Mapping[str, bool] | None = None,
    predictions: Mapping[str, Mapping[str, Any]] | None = None,
) -> Receipt:
    """Make the receipt of a notebook's bytes, with this moment and this computer's versions."""
    return Receipt(
        chapter=chapter,
        notebook=notebook,
        sha256=hashlib.sha256(content).hexdigest(),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        gradschool=gradschool.__version__,
        python=platform.python_version(),
        release=release,
        checks=dict(checks or {}),
        predictions=dict(predictions or {}),
    )


def write_zip(to: Path, content: bytes, receipt: Receipt) -> None:
    """Write the zip in one move: it is there whole, or an earlier one of this name stays as it was."""
    handle, made = tempfile.mkstemp(dir=to.parent, prefix=".hand-in-", suffix=".zip")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(receipt.notebook, content)
            archive.writestr(NAME, receipt.to_json())
        os.chmod(made, 0o644)
        os.replace(made, to)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
