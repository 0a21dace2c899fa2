"""What a kernel is asked about its packages: what cannot be imported, what lies elsewhere or is another version."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from grader.course import chapters
from grader.notebooks.source import source_notebook
from gradschool.student import kernel_probe
from gradschool.student.kernel_probe import MARK, Trouble, lesson_imports, packages_of, probe_source, troubles

IMPORTS = [("numpy", ""), ("gradschool", "check"), ("gradschool.lessons", "figures")]


def asked(imports: list[tuple[str, str]]) -> str:
    """What the probe prints in this process."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(probe_source(imports), {})
    return said.getvalue()


def answer(**changes: object) -> str:
    found = json.loads(asked(IMPORTS).partition(MARK)[2])
    return "noise\n" + MARK + json.dumps({**found, **changes})


@pytest.mark.parametrize("chapter", chapters(), ids=lambda c: c.key)
def test_what_the_lessons_import_is_read_from_the_lessons(chapter: object) -> None:
    sources = [c.source for c in source_notebook(chapter).cells if c.cell_type == "code"]
    found = lesson_imports(sources)
    assert ("gradschool", "check") in found
    assert {"numpy", "torch", "gradschool"} <= set(packages_of(found))
    written = {
        line.split()[1].split(".")[0]
        for s in sources
        for line in s.splitlines()
        if line.startswith(("import ", "from "))
    }
    assert {module.partition(".")[0] for module, _ in found} >= written


def test_here_everything_is_as_it_should_be() -> None:
    assert troubles(asked(IMPORTS), IMPORTS) == []


def test_it_leaves_no_name_behind() -> None:
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(probe_source(IMPORTS), names)
    assert not {n for n in names if n in ("import_errors", "whereabouts", "_answer", "_failed", "_found")}


def test_a_module_that_is_missing_and_a_name_that_is_missing() -> None:
    wanted = [("no_such_package", ""), ("gradschool", "no_such_name")]
    nothing = "(ModuleNotFoundError: No module named 'no_such_package')"
    assert troubles(asked(wanted), wanted) == [
        Trouble("no_such_package", f"cannot import no_such_package {nothing}"),
        Trouble(
            "gradschool",
            "cannot import gradschool.no_such_name (ModuleNotFoundError: No module named 'gradschool.no_such_name')",
        ),
    ]


def test_the_package_at_fault_is_the_one_that_is_missing() -> None:
    failed = {"gradschool.lessons.figures": "ModuleNotFoundError: No module named 'matplotlib'"}
    assert [t.package for t in troubles(answer(failed=failed), IMPORTS)] == ["matplotlib"]


def test_another_place_another_version_and_another_python() -> None:
    found = json.loads(asked(IMPORTS).partition(MARK)[2])["found"]
    there = {**found, "numpy": ["/elsewhere/numpy/__init__.py", "1.0"]}
    (trouble,) = troubles(answer(found=there), IMPORTS)
    place, version = found["numpy"]
    assert trouble == Trouble(
        "numpy", f"import numpy 1.0 from /elsewhere/numpy/__init__.py, here it is {version} from {place}"
    )
    (trouble,) = troubles(answer(python=[3, 9, 1]), IMPORTS)
    assert trouble.sentence.startswith("run Python 3.9.1, here it is ")


def test_the_same_place_by_another_name_is_the_same(tmp_path: Path) -> None:
    found = json.loads(asked(IMPORTS).partition(MARK)[2])["found"]
    place, version = found["numpy"]
    (tmp_path / "link").symlink_to(Path(place).parent)
    assert troubles(answer(found={**found, "numpy": [f"{tmp_path}/link/__init__.py", version]}), IMPORTS) == []


def test_a_kernel_that_says_nothing() -> None:
    assert troubles("Traceback", IMPORTS) == [Trouble("", "did not say what they can import")]


def test_it_runs_where_gradschool_is_not_installed() -> None:
    """With no packages at all, the probe still answers."""
    command = [sys.executable, "-I", "-S", "-c", probe_source(IMPORTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [t.package for t in troubles(done.stdout, IMPORTS)] == ["numpy", "gradschool", "gradschool"]
    assert kernel_probe.MARK in done.stdout
