"""A command that needs a module which only Unix has says so in one sentence."""

from __future__ import annotations

import subprocess
import sys

import pytest

from grader.cli import main

# Windows has no C library without a name; what uses it belongs to kernels, which start on Linux alone.
AS_ON_WINDOWS = """
import ctypes

found = ctypes.CDLL.__init__

def as_on_windows(self, name, *more, **named):
    if name is None:
        raise TypeError("argument of type 'NoneType' is not iterable")
    found(self, name, *more, **named)

ctypes.CDLL.__init__ = as_on_windows
import grader.cli.main, grader.lms.collect, grader.publish.build
"""


def missing(name: str) -> None:
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_a_module_that_windows_lacks_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(main, "app", lambda: missing("resource"))
    with pytest.raises(SystemExit, match="1"):
        main.main()
    assert capsys.readouterr().err == "grader: this command needs Linux or macOS (it uses resource).\n"
    monkeypatch.setattr(main, "app", lambda: missing("numpy"))
    with pytest.raises(ModuleNotFoundError, match="numpy"):
        main.main()


def test_commands_that_start_no_kernel_load_on_windows() -> None:
    done = subprocess.run([sys.executable, "-c", AS_ON_WINDOWS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
