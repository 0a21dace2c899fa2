"""Who may import whom: the student's package, the judge, the bank and the workers each know no more than they need."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from grader.course import ROOT

STUDENTS = ROOT / "src" / "gradschool"
FILES = {
    ".".join(file.relative_to(base).with_suffix("").parts).removesuffix(".__init__"): file
    for base, folder in ((ROOT, ROOT / "grader"), (ROOT / "src", STUDENTS))
    for file in sorted(folder.rglob("*.py"))
}
STRANGERS_CODE = {"IPython", "ipykernel", "jupyter_client", "jupyter_core", "nbclient", "nbconvert", "nbgrader", "zmq"}
RUNS_TEXT = {"exec", "eval", "compile", "__import__"}


@cache
def imported(file: Path, lazily: bool = True) -> frozenset[str]:
    """Every module that a file imports; without those inside functions unless ``lazily``."""
    return frozenset(name for node in _imports(ast.parse(file.read_text()), lazily) for name in _names(node))


def _imports(tree: ast.AST, lazily: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif lazily or not (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_for_types(node)):
            yield from _imports(node, lazily)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _names(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The modules' full names; ``from package import module`` names the module, where it is one of ours."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    assert node.level == 0, "an import relative to its package is one that these rules cannot read"
    for alias in node.names:
        full = f"{node.module}.{alias.name}"
        yield full if full in FILES else str(node.module)


def tops(names: frozenset[str]) -> set[str]:
    """The packages that hold these modules."""
    return {name.partition(".")[0] for name in names}


def reached(*starts: str, lazily: bool = True) -> set[str]:
    """Our modules that these import, directly or through others, themselves included."""
    found: set[str] = set()
    left = list(starts)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [m for m in imported(FILES[name], lazily) if m in FILES]
    return found


@pytest.mark.parametrize("file", sorted(STUDENTS.rglob("*.py")), ids=lambda f: str(f.relative_to(STUDENTS)))
def test_the_students_package_knows_nothing_of_the_grader(file: Path) -> None:
    """Neither by import nor by a name that could be imported later: the public half of an exercise stands alone."""
    assert tops(imported(file)).isdisjoint({"grader", "nbgrader", "jupytext", "tests", "solutions"})
    texts = [n.value for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Constant)]
    assert not [t for t in texts if isinstance(t, str) and (t == "grader" or t.startswith(("grader.", "grader/")))]


def test_no_module_imports_itself_in_a_circle() -> None:
    """Nor inside a function, where a circle would only show when that function runs."""
    in_circles = {
        name for name, file in FILES.items() for m in imported(file) if m in FILES and m != name and name in reached(m)
    }
    assert in_circles == set()


def test_the_judge_knows_the_bank_and_nothing_of_kernels_notebooks_and_gradebooks() -> None:
    """Named one by one: whoever gives the judge another module decides so here."""
    known = {name for name in reached("grader.judging.server", "grader.judging.examine") if name.startswith("grader.")}
    expected = ("bank.registry", "errors", "judging.examine", "judging.server", "sandbox.socket_dir")
    assert known == {f"grader.{name}" for name in expected}


def test_the_judge_needs_the_standard_library_and_numpy() -> None:
    needed = {
        t for name in reached("grader.judging.server", lazily=False) for t in tops(imported(FILES[name], lazily=False))
    }
    assert needed - set(sys.stdlib_module_names) == {"grader", "gradschool", "numpy"}


def test_the_bank_is_built_on_nothing_but_the_students_package() -> None:
    bank = {name for name in FILES if name.startswith("grader.exercises.")}
    assert {n for n in reached(*bank) if n.startswith("grader.")} - bank == {
        "grader.bank.registry",
        "grader.bank.ill_conditioned",
    }
    assert {t for name in bank for t in tops(imported(FILES[name]))} - set(sys.stdlib_module_names) == {
        *("grader", "gradschool", "numpy", "torch")
    }


def test_a_clusters_worker_holds_no_gradebook_and_no_cluster() -> None:
    """It gets bytes and gives bytes: what writes marks stays with the one writer."""
    writers = {"gradebook", "autograde", "cluster", "collect", "gradesheets", "move", "nbgrader_setup", "roster"}
    assert reached("grader.executors.dask_task").isdisjoint({f"grader.{name}" for name in writers})


def test_text_is_run_as_code_in_two_places_and_never_a_students() -> None:
    """The bank's own solutions, and an attack of the suite that changes its own notebook file. Nobody unpickles."""
    found = set()
    for name, file in FILES.items():
        assert tops(imported(file)).isdisjoint({"pickle", "marshal", "shelve", "dill", "cloudpickle", "runpy"}), name
        calls = [n.func.id for n in ast.walk(ast.parse(file.read_text())) if _is_call_of_a_name(n)]
        found |= {name for called in calls if called in RUNS_TEXT}
    assert found == {"grader.bank.registry", "grader.redteam.harness"}


def _is_call_of_a_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


JUDGE = """
import json, sys
import grader.judging.server
from grader.bank.registry import entries
from grader.judging.examine import examine
from gradschool.core.exercise import CHAPTERS
from gradschool.core.calling import Raised, Reply
for part in CHAPTERS:
    for entry in entries(part).values():
        wrong = Reply(Raised("ValueError", "no"), Raised("ValueError", "no"), {}, "", 0.0)
        assert not examine(entry, lambda args: wrong, 1).passed
print(json.dumps(sorted(sys.modules)))
"""


def loaded(program: str) -> set[str]:
    """The packages that a fresh interpreter has loaded after this program, which prints its modules as JSON."""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name.strip('"[], ').partition(".")[0] for name in done.stdout.split(",")}


@pytest.mark.slow
def test_a_judge_at_work_has_loaded_nothing_that_could_run_a_notebook() -> None:
    """Every exercise of every chapter examined, as in the judge's process, by answers that came as data."""
    found = loaded(JUDGE)
    assert {"grader", "gradschool", "numpy"} <= found
    assert found.isdisjoint(STRANGERS_CODE)


def test_the_command_line_loads_what_is_slow_only_when_a_command_needs_it() -> None:
    found = loaded("import json, sys, grader.cli.main; print(json.dumps(sorted(sys.modules)))")
    assert "typer" in found
    assert found.isdisjoint({"torch", "matplotlib", "nbformat", "nbgrader", "sqlalchemy", "distributed", "sphinx"})
