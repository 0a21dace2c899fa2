"""The compiled constraints: one file for each Python, names and versions alone, and all that pyproject asks for."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from grader.course import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ASKED = [Requirement(r) for r in sum(PROJECT["optional-dependencies"].values(), PROJECT["dependencies"])]
COMPILED = [ROOT / "constraints" / f"py{version}.txt" for version in ("311", "312", "313", "314")]


def pinned(file: Path) -> dict[str, str]:
    """Name -> version; every line that is no comment is ``name==version``."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    found = [re.fullmatch(r"([a-z0-9-]+)==([\w.]+)", line) for line in lines]
    assert all(found), "a line that is not name==version: an address, a hash or a local version"
    return {m[1]: m[2] for m in found if m}


@pytest.mark.parametrize("file", COMPILED, ids=lambda f: f.stem)
def test_every_requirement_has_one_version_within_its_bounds(file: Path) -> None:
    versions = pinned(file)
    wrong = [str(r) for r in ASKED if not r.specifier.contains(versions.get(canonicalize_name(r.name), "0"))]
    assert not wrong


@pytest.mark.parametrize("file", COMPILED, ids=lambda f: f.stem)
def test_torch_is_the_one_of_constraints_txt(file: Path) -> None:
    assert f"torch=={pinned(file)['torch']}\n" in (ROOT / "constraints.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", [*COMPILED, ROOT / "constraints.txt"], ids=lambda f: f.stem)
def test_no_file_names_a_host(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"://|@ |--index|--find-links|\.(org|com|io)\b", text)


def test_there_is_a_file_for_the_oldest_python_and_for_this_one() -> None:
    oldest = PROJECT["requires-python"].removeprefix(">=").replace(".", "")
    assert {f"py{oldest}", "py{}{}".format(*sys.version_info[:2])} <= {f.stem for f in COMPILED}
