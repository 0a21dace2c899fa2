"""Questions on students' own code, through real kernels: from a small class's submissions to keys and printed pages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
import pytest

from grader import sample_class
from grader.bank.registry import find_entry
from grader.course import ROOT, Chapter, CourseDirectory
from grader.execution.config import ExecutionConfig
from grader.execution.fork_client import fork_server_pool
from grader.execution.grade_notebook import grade_notebook
from grader.questions.question import Question, as_text, from_json
from grader.questions.sheets import graded_notebooks, make_sheets, write_sheets
from tests.support.axe import serious
from tests.support.browser import chromium, watched_page
from tests.support.own_code import sheets

pytestmark = pytest.mark.slow

STUDENTS = ("perfect", "mistaken-1", "crash", "untouched")


@pytest.fixture(scope="module")
def graded(
    built: CourseDirectory, chain: Chapter, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CourseDirectory]:
    """Four students of the sample class, graded: right, wrong, one who ends the kernel, one who wrote nothing."""
    folder = tmp_path_factory.mktemp("class")
    course = CourseDirectory(folder / "work", built.release)
    sample_class.fill_class(course, chain, mistaken=1)
    config = ExecutionConfig(course.work)
    for student in STUDENTS:
        file = course.notebook_path(course.autograded, student, chain)
        file.parent.mkdir(parents=True)
        nbformat.write(grade_notebook(course.notebook_path(course.submitted, student, chain), chain, config), file)
    yield course
    fork_server_pool().end()


def test_keys_are_what_the_code_in_the_notebook_returns(
    graded: CourseDirectory, chain: Chapter, tmp_path: Path
) -> None:
    config = ExecutionConfig(graded.work)
    sheets = list(make_sheets(graded_notebooks(graded.autograded, [chain]), config))
    by_name = {s.student: s for s in sheets}
    assert sorted(by_name) == sorted(STUDENTS)
    assert {name: len(s.questions) for name, s in by_name.items()} == dict.fromkeys(STUDENTS, 3) | {"untouched": 0}
    for name in ("perfect", "mistaken-1"):
        notebook = nbformat.read(graded.notebook_path(graded.submitted, name, chain), as_version=4)
        code = "import numpy as np\n" + "\n".join(
            c.source for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution") and c.cell_type == "code"
        )
        asked = [q for q in by_name[name].questions if q.kind != "changes"]
        assert [q.options[q.key[0]] for q in asked] == in_a_process_of_their_own(code, asked, tmp_path)


def in_a_process_of_their_own(code: str, asked: Sequence[Question], folder: Path) -> list[str]:
    """What the student's functions return there, as text: nothing of the grader has a part in it."""
    lines = [
        "import json\nimport torch\nfrom collections.abc import Callable, Sequence",
        code.replace("from gradschool", "# from gradschool"),
    ]
    for q in asked:
        name = q.exercise.partition(".")[2]
        part = f"[{find_entry(q.exercise).exercise.returns.index(q.part)}]" if q.part else ""
        inputs = f"json.loads({json.dumps(q.inputs)!r}).values()"
        lines += [
            f"args = [np.array(x) if isinstance(x, list) else x for x in {inputs}]",
            f"print(json.dumps(np.asarray({name}(*args){part}).tolist()))",
        ]
    file = folder / "own.py"
    file.write_text("\n".join(lines))
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [as_text(from_json(json.loads(line))) for line in done.stdout.splitlines()]


def test_the_command_writes_everything_and_prints_no_key(graded: CourseDirectory, tmp_path: Path) -> None:
    words = ["questions", "chain", "--students", "perfect", "--from", str(graded.autograded), "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "grader", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "3 questions for 1 notebooks" in " ".join(done.stdout.split())
    names = {f.name for f in tmp_path.rglob("*") if f.is_file()}
    assert names == {"oral.html", "keys.html", "questions.json", "questions-with-keys.json", "questions.ipynb"}


def test_each_student_has_one_page_of_paper_and_every_page_is_accessible(tmp_path: Path) -> None:
    write_sheets([sheet for _, sheet in sheets(10)], tmp_path, ["html"])
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) == 2 * 4  # of the chapters with questions, a page for students and one of keys
    with chromium() as browser:
        for file in pages:
            with watched_page(browser) as page:
                page.goto(file.as_uri())
                assert serious(page) == [], file
                printed = page.pdf(prefer_css_page_size=True)
            if file.name == "oral.html":
                assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 10, file
