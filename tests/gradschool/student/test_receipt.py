"""The zip that a student hands in, and its receipt."""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import gradschool
from gradschool.student.hand_in.receipt import NAME, NotAReceipt, Receipt, receipt_for, write_zip

CONTENT = '{"cells": [], "metadata": {"é": 1}}'.encode()


def made() -> Receipt:
    return receipt_for("01-loss-as-chain-rule", "lesson.ipynb", CONTENT, "abc", {"chain.l2_gradient": True})


def test_the_zip_holds_the_notebook_byte_for_byte_and_its_receipt(tmp_path: Path) -> None:
    to = tmp_path / "hand-in.zip"
    to.write_bytes(b"an earlier one")
    write_zip(to, CONTENT, made())
    with zipfile.ZipFile(to) as archive:
        assert archive.namelist() == ["lesson.ipynb", NAME]
        assert archive.read("lesson.ipynb") == CONTENT
        found = json.loads(archive.read(NAME))
    assert list(tmp_path.iterdir()) == [to]
    time = datetime.fromisoformat(found.pop("time"))
    assert abs(datetime.now(UTC) - time) < timedelta(minutes=1)
    assert found.pop("python").count(".") >= 1
    assert found == {
        "format": 1,
        "chapter": "01-loss-as-chain-rule",
        "notebook": "lesson.ipynb",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "gradschool": gradschool.__version__,
        "release": "abc",
        "checks": {"chain.l2_gradient": True},
    }


def test_a_zip_that_cannot_be_written_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    to = tmp_path / "hand-in.zip"
    to.write_bytes(b"an earlier one")

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(OSError, match="No space"):
        write_zip(to, CONTENT, made())
    assert to.read_bytes() == b"an earlier one"
    assert list(tmp_path.iterdir()) == [to]


def test_a_receipt_is_read_back_as_it_was_written() -> None:
    assert Receipt.from_json(made().to_json()) == made()


def test_what_is_no_prediction_is_left_out_of_a_receipt() -> None:
    good = {"chain.zero-share": {"guess": 9.0, "measured": None}}
    junk = {"<b>": {"guess": 1}, "chain.a": 3, "chain.b": {"guess": "x" * 999}, "chain.c": {"guess": {}}}
    for found, kept in (({**good, **junk}, good), ([], {}), ("x", {}), (None, {})):
        text = json.dumps({**json.loads(made().to_json()), "predictions": found})
        assert Receipt.from_json(text).predictions == kept


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        ("[" * 99_000, "is not JSON"),
        ("[]", "not of format 1"),
        ('{"format": 2}', "not of format 1"),
        ('{"format": 1, "checks": {}}', "lacks chapter, notebook, sha256, time, gradschool, python"),
        (made().to_json().replace("true", '"yes"'), "lacks checks"),
        (made().to_json().replace('"abc"', "3"), "lacks release"),
        (" " * 100_001, "larger than 100 kB"),
    ],
)
def test_what_is_no_receipt_is_said_in_one_sentence(text: str | bytes, why: str) -> None:
    with pytest.raises(NotAReceipt, match=why):
        Receipt.from_json(text)
