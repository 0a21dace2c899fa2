"""What a stranger installs: NumPy, PyTorch and what these ask for. All else is hidden, and the examiner works."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.gradexaminer import sources
from tests.gradexaminer.sources import changed

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Run by every Python that is started with this folder on its path: modules of other distributions are not found.
HIDE = """
import importlib.machinery
HIDDEN = {hidden!r}
real = importlib.machinery.PathFinder.find_spec
def find_spec(cls, name, path=None, target=None):
    return None if name.partition(".")[0] in HIDDEN else real(name, path, target)
importlib.machinery.PathFinder.find_spec = classmethod(find_spec)
"""


def installed_with(names: list[str]) -> set[str]:
    """These distributions and all that pip would install for them."""
    found: set[str] = set()
    wanted = [canonicalize_name(n) for n in names]
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        found.add(name)
        for line in importlib.metadata.requires(name) or []:
            asked = Requirement(line)
            if asked.marker is None or asked.marker.evaluate({"extra": ""}):
                wanted.append(canonicalize_name(asked.name))
    return found


@pytest.fixture
def stranger(tmp_path: Path):
    """Run a Python in which only what the wheel asks for can be imported."""
    # PyTorch asks the list of distributions whether optree is there, and then imports it.
    mine = installed_with([Requirement(line).name for line in PROJECT["dependencies"]]) | {"gradschool", "optree"}
    hidden = {
        top
        for top, owners in importlib.metadata.packages_distributions().items()
        if not mine & {canonicalize_name(o) for o in owners}
    }
    assert {"matplotlib", "nbgrader", "jupyterlab", "gymnasium", "packaging", "IPython"} <= hidden
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(HIDE.format(hidden=hidden), encoding="utf-8")

    def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(tmp_path / "hide"), str(ROOT / "src")])
        return subprocess.run(
            [sys.executable, *words],
            env={**os.environ, **env, "PYTHONPATH": path},
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
        )

    return run


def test_the_wheel_asks_for_numpy_and_torch_alone():
    assert {Requirement(line).name for line in PROJECT["dependencies"]} == {"numpy", "torch"}


def test_the_command_examines_a_file_where_nothing_else_is_installed(stranger, tmp_path):
    agent = changed(sources.DQN, sources.DQN_FAULTS["mask missing"][1])
    adapter = (
        "\nexamined = dict(make=Agent, feed=lambda a, t: a.remember(*t.as_tuple()),"
        " update=lambda a: a.learn(), n_actions=4)\n"
    )
    (tmp_path / "mine.py").write_text(agent + adapter, encoding="utf-8")
    done = stranger("-m", "gradexaminer", "mine.py")
    assert (done.returncode, done.stderr) == (1, ""), done.stderr
    assert "[fault] mask-missing" in done.stdout


def test_the_command_itself_imports_no_torch():
    """The process that runs the file does: to import it in both would take twice as long."""
    asked = "import sys, gradexaminer.cli; print('torch' in sys.modules, gradexaminer.examine.__name__)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, encoding="utf-8")
    assert (done.stdout, done.stderr) == ("False examine\n", "")


def test_the_lessons_say_in_a_sentence_that_their_packages_are_missing(stranger):
    done = stranger("-c", "import gradschool.lessons.figures.flow")
    assert done.stderr.splitlines()[-1] == (
        "ImportError: The lessons need gymnasium and matplotlib: gradschool was installed without its extra `lessons`. "
        "`gradschool doctor --fix` installs it."
    )


def test_doctor_says_what_to_install_there(stranger):
    done = stranger("-m", "gradschool", "doctor")
    assert done.returncode == 1
    assert "gradschool is installed without what its lessons need (its extra `lessons`)." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    command = next(line for line in done.stdout.splitlines() if "pip install" in line and "jupyterlab" in line)
    for line in PROJECT["optional-dependencies"]["lessons"]:
        assert line in command
