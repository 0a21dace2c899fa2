"""Settings are read from the environment in one place, under new and old names, and passed down from there."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.cli.common import course_directory, execution_config
from grader.course import ROOT
from grader.execution.config import ExecutionConfig, TimeLimits
from grader.settings import Settings

# What else these do with the environment: threads before numpy is imported, variables of nbgrader's, Jupyter's and a
# kernel's own, the secret that attacks look for.
ALLOWED = {
    "grader/settings.py",
    "grader/audit/pool.py",
    "grader/executors/preload.py",
    "grader/execution/kernel_manager.py",
    "grader/gradebook/connection.py",
    "grader/nbgrader_bridge/formulas.py",
    "grader/publish/lite.py",
    "grader/redteam/downloads.py",
    "grader/redteam/harness.py",
    "grader/redteam/preconditions.py",
}


def test_without_variables_a_checkout_grades_in_its_own_folders() -> None:
    assert Settings.from_env({}) == Settings(ROOT / "build", ROOT / "course")


def test_every_setting_has_its_variable(tmp_path: Path) -> None:
    found = Settings.from_env({
        "GRADSCHOOL_WORK_DIR": str(tmp_path / "work"),
        "GRADSCHOOL_RELEASE": str(tmp_path / "course"),
        "GRADSCHOOL_DB": "postgresql://there",
        "GRADSCHOOL_UNSANDBOXED": "1",
        "GRADSCHOOL_NO_FORK": "1",
    })  # fmt: skip
    assert found == Settings(tmp_path / "work", tmp_path / "course", "postgresql://there", sandbox=False, fork=False)
    assert "there" not in repr(found)


@pytest.mark.parametrize("value", ["", "0"])
def test_a_switch_that_is_empty_or_zero_is_off(value: str) -> None:
    found = Settings.from_env({"GRADSCHOOL_UNSANDBOXED": value, "GRADSCHOOL_NO_FORK": value})
    assert (found.sandbox, found.fork) == (True, True)


def test_old_names_of_variables_work_and_new_ones_come_first(tmp_path: Path) -> None:
    old = {"GRADSCHOOL_WORK": str(tmp_path / "old"), "GRADSCHOOL_COLD": "1"}
    found = Settings.from_env(old)
    assert (found.work_dir, found.fork) == (tmp_path / "old", False)
    found = Settings.from_env({**old, "GRADSCHOOL_WORK_DIR": str(tmp_path / "new"), "GRADSCHOOL_NO_FORK": "0"})
    assert (found.work_dir, found.fork) == (tmp_path / "new", True)


def test_an_option_adds_to_what_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GRADSCHOOL_UNSANDBOXED", "GRADSCHOOL_NO_FORK", "GRADSCHOOL_COLD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GRADSCHOOL_WORK_DIR", str(tmp_path))
    assert execution_config() == ExecutionConfig(tmp_path)
    assert execution_config(no_fork=True) == ExecutionConfig(tmp_path, fork=False)
    monkeypatch.setenv("GRADSCHOOL_NO_FORK", "1")
    assert execution_config(unsandboxed=True) == ExecutionConfig(tmp_path, sandbox=False, fork=False)
    assert course_directory("sqlite:///other.db").db == "sqlite:///other.db"


def test_limits_survive_the_way_to_a_cluster() -> None:
    from dataclasses import asdict

    limits = TimeLimits(check=3.0, restarts=2)
    assert TimeLimits.from_dict(asdict(limits)) == limits


def test_the_environment_is_a_channel_between_no_modules() -> None:
    """Nobody but :mod:`grader.settings` reads a variable of ours, and nobody writes one for another to read."""
    files = [f for f in (ROOT / "grader").rglob("*.py") if "exercises" not in f.parts and "bank" not in f.parts]
    users = {str(f.relative_to(ROOT)) for f in files if "os.environ" in f.read_text(encoding="utf-8")}
    assert users <= ALLOWED
    own = {"GRADSCHOOL_WORK", "GRADSCHOOL_RELEASE", "GRADSCHOOL_DB", "GRADSCHOOL_UNSANDBOXED", "GRADSCHOOL_NO_FORK"}
    for name in users - {"grader/settings.py"}:
        assert not [v for v in own if v in (ROOT / name).read_text(encoding="utf-8")], name
