"""Old names of commands and options work for one more version, and no help text shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from grader.cli.aliases import COMMANDS, OPTIONS, with_new_names
from grader.cli.main import app
from grader.lms.roster import Roster


def run(*words: str) -> str:
    done = CliRunner().invoke(app, list(words), env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(("old", "new"), COMMANDS.items())
def test_an_old_command_is_the_new_one_and_stands_in_no_help(old: str, new: str) -> None:
    assert run(old, "--help") == run(new, "--help")
    names = [line.split()[1] for line in run("--help").splitlines() if line.startswith("│ ") and line[2].isalpha()]
    assert new in names
    assert old not in names


@pytest.mark.parametrize("command", OPTIONS)
def test_an_old_option_stands_in_no_help(command: str) -> None:
    text = run(command, "--help")
    for old, new in OPTIONS[command].items():
        assert new in text
        assert old not in text.replace(new, "")


def test_old_names_are_replaced_where_they_are_names() -> None:
    assert with_new_names(["export", "--zone=UTC", "--waiting", "points", "--to", "zone.csv"]) == [
        *("export", "--timezone=UTC", "--ungraded", "points", "--to", "zone.csv")
    ]
    assert with_new_names(["feedback", "--zone"]) == ["feedback", "--zone"]
    assert with_new_names(["move", "--to", "report"]) == ["migrate-gradebook", "--to", "report"]
    assert with_new_names([]) == []


@pytest.mark.parametrize("name", ["--zone", "--timezone"])
def test_collect_is_told_the_time_zone_by_either_name(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[Any] = []
    monkeypatch.setenv("GRADSCHOOL_WORK_DIR", str(tmp_path))
    monkeypatch.setattr("grader.lms.roster.read", lambda paths, zone: seen.append(zone) or Roster())
    (tmp_path / "in").mkdir()
    run("collect", str(tmp_path / "in"), name, "Europe/Berlin", "--json")
    assert seen == ["Europe/Berlin"]


@pytest.mark.parametrize("name", ["--waiting", "--ungraded"])
def test_export_is_told_what_stands_for_ungraded_marks_by_either_name(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[Any] = []
    monkeypatch.setenv("GRADSCHOOL_WORK_DIR", str(tmp_path))
    monkeypatch.setattr("grader.lms.canvas.write_import_file", lambda *args: seen.append(args[-1]) or ([], []))
    run("export", "--format", "canvas", name, "points", "--json")
    assert seen == ["points"]


@pytest.mark.parametrize("name", ["--cold", "--no-fork"])
def test_autograde_is_told_to_fork_nothing_by_either_name(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[Any] = []
    monkeypatch.setenv("GRADSCHOOL_WORK_DIR", str(tmp_path))
    monkeypatch.setattr("grader.autograde.grade_class", lambda *_, config, **more: seen.append(config.fork) or [])
    run("autograde", name, "--json")
    assert seen == [False]


@pytest.mark.parametrize("name", ["check", "grade-file"])
def test_one_file_is_graded_by_either_name(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("grader.execution.grade_file.grade_file", lambda file, config: {"notebook": str(file)})
    assert "mine.ipynb" in run(name, "mine.ipynb", "--json")
