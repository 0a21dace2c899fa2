"""Who may import whom: the contracts of pyproject.toml hold, and so does what a fresh interpreter has loaded."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from grader.course import ROOT

STUDENTS = ROOT / "src" / "gradschool"
STRANGERS_CODE = {"IPython", "ipykernel", "jupyter_client", "jupyter_core", "nbclient", "nbconvert", "nbgrader", "zmq"}


def test_the_contracts_hold() -> None:
    """Every contract of import-linter, on imports at the top of a module and on those inside functions."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 broken." in done.stdout


def test_the_contracts_see_every_module() -> None:
    """import-linter passes over a folder without ``__init__.py``: there is none with modules in it."""
    folders = {file.parent for top in (STUDENTS, ROOT / "grader") for file in top.rglob("*.py")}
    assert not [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()]


def test_modules_that_unpickle_are_banned() -> None:
    """ruff holds it (TID251), also for imports inside functions; ``exec`` and ``eval`` are S102 and S307."""
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    banned = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "runpy"}
    assert banned <= set(lint["flake8-tidy-imports"]["banned-api"])
    assert {"TID251", "S102", "S307"} <= set(lint["select"])


def test_text_is_run_as_code_in_a_few_places_and_a_students_in_a_child_process_alone() -> None:
    """The bank's own solutions, an attack that makes its own notebook or download, the lesson's definitions, mutants.

    An answer that somebody tries is run by ``trying``, in the process that it forks for it:
    ``test_what_an_answer_does_to_its_process_stays_there``.
    """
    files = [*STUDENTS.rglob("*.py"), *(ROOT / "grader").rglob("*.py")]
    allowed = {str(f.relative_to(ROOT)) for f in files if "noqa: S102" in f.read_text(encoding="utf-8")}
    here = {"grader/bank/entry.py", "grader/redteam/harness.py"}
    here |= {"grader/audit/namespaces.py", "grader/audit/mutation/mutants.py"}
    assert allowed == here | {"grader/audit/trying.py"}
    assert not [f for f in files if "S307" in f.read_text(encoding="utf-8")]


def test_no_text_of_the_student_package_names_a_module_of_the_grader() -> None:
    """The contracts hold imports; a name in a text could be imported later."""
    found = {}
    for file in sorted(STUDENTS.rglob("*.py")):
        texts = {n.value for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Constant)}
        named = {t for t in texts if isinstance(t, str) and (t == "grader" or t.startswith(("grader.", "grader/")))}
        found |= {str(file): named} if named else {}
    assert found == {}


JUDGE = """
import json, sys
import grader.judging.server
from grader.bank.registry import entries
from grader.course import STEP_OPTIMIZERS
from grader.judging.examine import examine
from gradschool.core.exercise import CHAPTERS
from gradschool.core.calling import Raised, Reply
for part in sorted(CHAPTERS, key=STEP_OPTIMIZERS.__contains__):
    for entry in entries(part).values():
        wrong = Reply(Raised("ValueError", "no"), Raised("ValueError", "no"), {}, "", 0.0)
        assert not examine(entry, lambda args: wrong, 1).passed
    assert part in STEP_OPTIMIZERS or "torch._dynamo" not in sys.modules, f"{part} steps an optimizer"
print(json.dumps(sorted(sys.modules)))
"""


def loaded(program: str) -> set[str]:
    """The packages that a fresh interpreter has loaded after this program, which prints its modules as JSON."""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name.strip('"[], ').partition(".")[0] for name in done.stdout.split(",")}


def test_the_judge_needs_the_standard_library_and_numpy() -> None:
    """Beside what `import grader` alone loads; torch comes only where an exercise is about it."""
    alone = loaded("import json, sys, grader; print(json.dumps(sorted(sys.modules)))")
    found = loaded("import json, sys, grader.judging.server; print(json.dumps(sorted(sys.modules)))")
    foreign = {name for name in found - alone - set(sys.stdlib_module_names) if not name.startswith("_")}
    assert foreign == {"gradschool", "numpy"}


@pytest.mark.slow
def test_a_judge_at_work_has_loaded_nothing_that_could_run_a_notebook() -> None:
    """Every exercise of every chapter examined, as in the judge's process, by answers that came as data."""
    found = loaded(JUDGE)
    assert {"grader", "gradschool", "numpy"} <= found
    assert found.isdisjoint(STRANGERS_CODE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("grader.executors.dask_task", {"sqlalchemy", "alembic", "nbgrader", "distributed", "torch"}),
        ("grader.executors.local", {"sqlalchemy", "alembic", "nbgrader", "distributed", "torch"}),
        ("grader.execution.grade_notebook", {"sqlalchemy", "alembic", "nbgrader", "torch"}),
        ("grader.lms.collect", {"zmq", "jupyter_client", "ipykernel", "torch", "sqlalchemy", "nbgrader"}),
        ("grader.lms.roster", {"zmq", "jupyter_client", "ipykernel", "torch", "sqlalchemy", "nbgrader"}),
        ("gradschool", {"torch", "matplotlib", "IPython", "anywidget", "ipywidgets", "gymnasium", "zmq"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fresh_interpreter_has_loaded_no_more_than_it_needs(module: str, without: set[str]) -> None:
    """A worker holds no database, an LMS's files are read without a kernel, `import gradschool` is quick."""
    found = loaded(f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))")
    assert module.partition(".")[0] in found
    assert found.isdisjoint(without)


def test_the_command_line_loads_what_is_slow_only_when_a_command_needs_it() -> None:
    found = loaded("import json, sys, grader.cli.main; print(json.dumps(sorted(sys.modules)))")
    assert "typer" in found
    assert found.isdisjoint({"torch", "matplotlib", "nbformat", "nbgrader", "sqlalchemy", "distributed", "sphinx"})
