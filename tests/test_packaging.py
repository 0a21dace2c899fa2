"""Packaging: environments that agree, a wheel without the grader, and no text that names this machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from grader.course import ROOT

TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")[:-1]


def test_environment_yml_lists_what_pyproject_needs() -> None:
    text = (ROOT / "environment.yml").read_text()
    listed = [line.strip()[2:] for line in text.split("- pip:\n")[1].splitlines()]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert listed == [*project["dependencies"], *project["optional-dependencies"]["lessons"], "-e .[lessons]"]
    assert f"- python{project['requires-python']}" in text


@pytest.mark.slow
def test_the_wheel_holds_what_students_and_strangers_install(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "MANIFEST.in"):
        shutil.copy(ROOT / name, tree)
    for name in ("src", "grader"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        ".",
    ]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.startswith("gradschool-")} == {"gradexaminer", "gradschool"}
    inside = {n for n in zipfile.ZipFile(wheel).namelist() if n.endswith(".py")}
    assert inside == {str(f.relative_to(ROOT / "src")) for f in (ROOT / "src").rglob("*.py")}, "no more, and no less"
    asked = [Requirement(line) for line in _metadata(wheel).get_all("Requires-Dist", [])]
    assert {r.name for r in asked if r.marker is None} == {"numpy", "torch"}
    lessons = {r.name for r in asked if r.marker is None or r.marker.evaluate({"extra": "lessons"})}
    assert lessons == {"numpy", "torch", "anywidget", "gymnasium", "matplotlib", "ipywidgets", "jupyterlab", "nbgrader"}


@pytest.mark.slow
def test_the_sdist_holds_the_same_and_nothing_of_the_grader(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for folder in ("grader", "solutions", "tests"):
        (tree / folder).mkdir()
        (tree / folder / "test_secret.py").write_text("")
    for name in ("pyproject.toml", "README.md", "MANIFEST.in"):
        shutil.copy(ROOT / name, tree)
    build = "from setuptools import build_meta; build_meta.build_sdist('..')"
    subprocess.run([sys.executable, "-c", build], cwd=tree, check=True, capture_output=True)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = [n.partition("/")[2] for n in archive.getnames()]
    tops = {n.split("/")[0] for n in names if n}
    assert tops == {"src", "pyproject.toml", "README.md", "MANIFEST.in", "PKG-INFO", "setup.cfg"}
    assert "src/gradschool/release.json" in names


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


def test_grader_cannot_be_imported_from_elsewhere(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import gradschool, grader"], cwd=tmp_path, capture_output=True, text=True
    )
    assert "No module named 'grader'" in done.stderr


def test_no_machine_path_and_no_registry_host() -> None:
    """In no tracked text, but for the two tests that must name such paths."""
    may = {"tests/test_packaging.py", "tests/grader/sandbox/test_bubblewrap.py"}
    files = [n for n in TRACKED if Path(n).suffix in {".py", ".md", ".toml", ".yml", ".txt", ".ipynb", ""}]
    assert len(files) > 200, "git lists too few files"
    forbidden = re.compile(r"/work/|/root/|/home/\w+/|pypi\.org|pythonhosted|deb\.debian|registry\.npmjs")
    texts = {n: (ROOT / n).read_text(errors="replace") for n in files if n not in may and (ROOT / n).is_file()}
    assert {n: sorted(set(found)) for n, text in texts.items() if (found := forbidden.findall(text))} == {}


def test_every_readme_command_is_a_make_target() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert named, "the README names no command"
    assert named <= targets
