"""A command that needs a module which only Unix has says so in one sentence."""

from __future__ import annotations

import pytest

from grader.cli import main


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
