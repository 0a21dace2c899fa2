"""The locks of a class and of its gradebook, and the instructor's commands where there is no `fcntl`."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader import file_lock
from grader.course import ROOT
from grader.file_lock import FAR, try_lock


def test_one_process_has_the_lock_until_it_closes_the_file(tmp_path: Path) -> None:
    with (
        open(tmp_path / "lock", "a+", encoding="utf-8") as one,
        open(tmp_path / "lock", "a+", encoding="utf-8") as other,
    ):
        assert try_lock(one)
        assert not try_lock(other)
        one.close()
        assert try_lock(other)


def test_windows_lock_a_byte_behind_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked: list[tuple[int, int, int]] = []

    def locking(descriptor: int, kind: int, count: int) -> None:
        if locked:
            raise OSError(36, "Resource deadlock avoided")
        locked.append((os.lseek(descriptor, 0, os.SEEK_CUR), kind, count))

    windows = {"msvcrt": SimpleNamespace(locking=locking, LK_NBLCK=2)}
    monkeypatch.setattr(file_lock, "_module", windows.get)
    with open(tmp_path / "lock", "a+", encoding="utf-8") as file:
        file.write("123")
        file.flush()
        assert try_lock(file)
        assert not try_lock(file)
        file.seek(0)
        assert file.read() == "123"
    assert locked == [(FAR, 2, 1)]
    assert (tmp_path / "lock").stat().st_size == 3


WITHOUT_UNIX = """
import psutil, sys  # psutil has another way on Windows
for name in ("fcntl", "resource"):
    sys.modules[name] = None  # importing it raises ImportError, as on Windows
from typer.testing import CliRunner
from grader.cli.main import app
for words in (["build", "chain"], ["collect", "download.zip"], ["export"]):
    done = CliRunner().invoke(app, words)
    print(words[0], done.exit_code, type(done.exception).__name__, str(done.exception)[:300].replace(chr(10), " "))
"""


@pytest.mark.slow
def test_build_collect_and_export_need_nothing_that_only_unix_has(tmp_path: Path) -> None:
    """In an interpreter of its own in which these modules cannot be imported: no traceback of ours."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "GRADSCHOOL_WORK_DIR": str(tmp_path / "work")}
    env["GRADSCHOOL_RELEASE"] = str(tmp_path / "release")
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as archive:
        (lesson,) = (ROOT / "course").glob("01-*/*.ipynb")
        archive.write(lesson, "poeada_11_22_loss_as_chain_rule.ipynb")
    done = subprocess.run([sys.executable, "-c", WITHOUT_UNIX], env=env, capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr == ""
    build, collect, export = done.stdout.splitlines()
    assert (build, collect) == ("build 0 NoneType None", "collect 0 NoneType None")
    assert export == "export 1 GraderError There are no marks yet: run `python -m grader autograde` first."
