"""The documents: the worked example of CONTRIBUTING is followed to the letter, and the others say what is so."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
import yaml

from grader.course import ROOT
from gradschool.core.exercise import CHAPTERS

IN_A_FILE = re.compile(
    r"^In (?:the new file )?`(?P<path>[^`]+)`,[^`]* in place of what `new-exercise` wrote:\n\n"
    r"(?P<fence>`{3,4})(?:python|markdown)\n(?P<code>.*?)^(?P=fence)$",
    re.M | re.S,
)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
BEGIN = "new-exercise"


@dataclass(frozen=True)
class Block:
    """A block of the worked example: it takes the place of what `new-exercise` put into a file."""

    path: str
    code: str

    def apply(self, tree: Path, original: Path) -> None:
        """Put the block into a tree in which `new-exercise` has run; ``original`` is the tree before."""
        file, was = tree / self.path, original / self.path
        before = was.read_text(encoding="utf-8").splitlines(keepends=True) if was.exists() else []
        after = file.read_text(encoding="utf-8").splitlines(keepends=True)
        at = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
        rest = before[at:]
        assert len(after) > len(before), f"new-exercise wrote nothing into {self.path}"
        assert after[len(after) - len(rest) :] == rest, f"new-exercise changed more than one place of {self.path}"
        file.write_text("".join([*before[:at], self.code, *rest]), encoding="utf-8")


@pytest.fixture(scope="module")
def example() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return text.partition("<!-- worked example: begin -->")[2].partition("<!-- worked example: end -->")[0]


def blocks(example: str) -> list[Block]:
    return [Block(m["path"], m["code"]) for m in IN_A_FILE.finditer(example)]


def commands(example: str) -> list[str]:
    return "".join(COMMANDS.findall(example)).splitlines()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, example: str) -> Path:
    """A copy of the checkout with the worked example in it."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("src", "grader", "solutions", "course"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    begin = next(c for c in commands(example) if BEGIN in c)
    done = run(copy, begin)
    assert done.returncode == 0, done.stderr
    for block in blocks(example):
        assert f"{block.path}: fill in TODO in lines" in " ".join(done.stdout.split())
        block.apply(copy, ROOT)
        assert "TODO" not in (copy / block.path).read_text(encoding="utf-8")
    return copy


def run(tree: Path, command: str) -> subprocess.CompletedProcess[str]:
    """One of the page's commands, in the copy, on the copy's own package."""
    own = {"PYTHONPATH": f"{tree}{os.pathsep}{tree / 'src'}", "GRADSCHOOL_WORK_DIR": str(tree / "build")}
    env = {k: v for k, v in os.environ.items() if k != "GRADSCHOOL_RELEASE"} | own
    words = [sys.executable, *command.split()[1:]]
    return subprocess.run(words, cwd=tree, env=env, capture_output=True, text=True, timeout=300)


def test_the_worked_example_has_all_its_blocks(example: str):
    assert [b.path.split("/")[0] for b in blocks(example)] == ["src", "src", "grader", "solutions"]
    fences = len(re.findall(r"^(?:```|````)(?:python|markdown)$", example, re.M))
    assert fences == len(blocks(example)), "a block stands without a line that says where it goes"


@pytest.mark.slow
def test_an_exercise_added_by_the_book_builds_and_is_audited(tree: Path, example: str):
    assert [c.split()[3] for c in commands(example)] == [BEGIN, "build", "build", "audit"]
    for command in commands(example)[1:]:
        done = run(tree, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert re.search(r"│\s*1\s*│", done.stdout), done.stdout  # it was audited, and nothing else
    release = nbformat.read(next((tree / "course").glob("01*/*.ipynb")), as_version=4)
    cells = {c.metadata.nbgrader.grade_id: c for c in release.cells if "nbgrader" in c.metadata}
    assert cells["chain-decay-gradient"].metadata.nbgrader.points == 2
    assert "raise NotImplementedError()" in cells["chain-decay-gradient-solution"].source
    assert "return decay * W" not in "\n".join(c.source for c in release.cells)


@pytest.mark.slow
def test_the_added_exercise_is_checked_on_a_students_machine(tree: Path):
    """In the copy the right answer passes and a wrong factor is named; elsewhere there is no such exercise."""
    program = (
        "from gradschool import check, CheckFailed\n"
        "check('chain.decay_gradient', lambda W, decay: decay * W)\n"
        "try: check('chain.decay_gradient', lambda W, decay: 2 * decay * W)\n"
        "except CheckFailed as failed: print('WRONG', failed)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(tree / "src")}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=600)
    assert "chain.decay_gradient: passed" in done.stdout, done.stderr
    assert re.search(r"WRONG .*(twice|2 times)", done.stdout, re.I), done.stdout
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=600)
    assert "There is no exercise 'chain.decay_gradient'" in done.stderr


def test_a_block_without_a_place_is_noticed(tree: Path):
    with pytest.raises(AssertionError, match="wrote nothing"):
        Block("src/gradschool/exercises/dqn/__init__.py", "").apply(tree, ROOT)


def test_citation_changelog_and_package_agree_on_the_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == version
    assert citation["license"] == "MIT"
    assert {"cff-version", "message", "title", "authors", "date-released"} <= set(citation)
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(), re.M)


PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_files_that_a_paper_names_exist():
    """`code` that looks like a path of the checkout is one, and links to files lead to files."""
    assert len(PAPERS) > 10
    assert {paper.name: missing for paper in PAPERS if (missing := missing_files(paper))} == {}


def missing_files(paper: Path) -> list[str]:
    """What a page names, or links to, that is not there."""
    text = re.sub(r"^(`{3,4}).*?^\1$", "", paper.read_text(encoding="utf-8"), flags=re.M | re.S)
    tops = "grader|src|tests|docs|solutions|course|bench|hub"
    named = {p.rstrip("/") for p in re.findall(rf"`((?:{tops})/[\w./-]+)`", text)}
    coming = {p for p in named if "NN" in p} | set(re.findall(r"the new file `([^`]+)`", text))
    missing = [p for p in named - coming if not (ROOT / p).exists()]
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        made = paper.parent == ROOT / "docs" and (
            (ROOT / link).exists() or (ROOT / Path(link).with_suffix(".ipynb")).exists()
        )
        if not (paper.parent / link).exists() and not made:
            missing.append(link)
    return missing


def defined(file: Path) -> set[str]:
    """The names of the functions, methods and classes in a file; methods also as ``Class.method``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{f.name}" for f in node.body if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)
            }
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
    return found


def test_the_architectures_names_are_the_codes():
    """Each `file.py`, `name` and each `module.name` of the three tables is where the page says."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    tops = (ROOT / "grader", ROOT / "src" / "gradschool")
    files = {str(f.relative_to(top.parent)): f for top in tops for f in top.rglob("*.py")}
    named = re.findall(r"`((?:grader|gradschool)/[\w/]+\.py)`, `([\w.]+)`", text)
    modules = {name.rpartition("/")[2].removesuffix(".py"): name for name in files}
    named += [
        (modules[m], n)
        for m, n in re.findall(r"`(\w+)\.(\w+)`", text)
        if m in modules and m not in CHAPTERS and n != "py"
    ]
    assert len(named) > 8
    assert not [f"{file}: {name}" for file, name in named if name not in defined(files[file])]


def test_binders_post_build_names_what_nbgrader_has():
    """postBuild switches nbgrader's pages off by name; a name that nbgrader lacks would switch nothing off."""
    script = (ROOT / "postBuild").read_text(encoding="utf-8")
    assert os.access(ROOT / "postBuild", os.X_OK)
    servers = re.search(r"for page in ([\w ]+);", script)[1].split()
    parts = re.search(r"for part in ([\w -]+);", script)[1].split()
    folder = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / "@jupyter" / "nbgrader" / "static"
    code = "".join(f.read_text(encoding="utf-8") for f in folder.glob("*.js"))
    assert not [p for p in parts if f"@jupyter/nbgrader:{p}" not in code]
    assert not [s for s in servers if find_spec(f"nbgrader.server_extensions.{s}") is None]
    assert "validate" not in script.partition("set -euo")[2]
    lab = ROOT / "grader" / "publish" / "student_lab"  # `make lab` switches off the same
    page = json.loads((lab / "labconfig" / "page_config.json").read_text())["disabledExtensions"]
    assert page == {f"@jupyter/nbgrader:{part}": True for part in parts}
    server = json.loads((lab / "jupyter_server_config.json").read_text())["ServerApp"]["jpserver_extensions"]
    assert server == {f"nbgrader.server_extensions.{page}": False for page in servers}
    assert "JUPYTER_CONFIG_PATH=$(CURDIR)/grader/publish/student_lab" in (ROOT / "Makefile").read_text()


def tree_of(page: str) -> dict[str, bool]:
    """Path -> whether anything below it is listed, of the tree in the architecture page."""
    found: dict[str, bool] = {}
    parents: list[str] = []
    for line in page.partition("## The tree")[2].split("```")[1].splitlines()[1:]:
        if not line.strip():
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        parents = [*parents[:depth], line.split()[0].rstrip("/")]
        path = "/".join(parents)
        found[path] = False
        if depth:
            found["/".join(parents[:-1])] = True
    return found


def test_the_architectures_tree_is_that_of_the_packages():
    """Each line is a folder or a module that is there; where one module of a folder is listed, all are."""
    listed = tree_of((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))
    assert {"src/gradschool", "grader"} <= set(listed)
    assert not [path for path in listed if not (ROOT / path).exists()]
    left_out = {"__init__.py", "__main__.py", "nbgrader_config.py"}
    below = {
        str(child.relative_to(ROOT))
        for path, is_open in listed.items()
        for child in ((ROOT / path).iterdir() if is_open else ())
        if (child.suffix == ".py" and child.name not in left_out) or (child / "__init__.py").exists()
    }
    assert below - set(listed) == set()


def lines_of(*packages: str) -> int:
    """Lines of code and docstrings in packages of the student's half."""
    files = [f for name in packages for f in (ROOT / "src" / "gradschool" / name).rglob("*.py")]
    return sum(len(f.read_text(encoding="utf-8").splitlines()) for f in files)


def test_the_readme_says_how_large_the_check_engine_is():
    """About: within a tenth."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    engine, whole = re.search(r"The check engine is about ([\d,]+) of the ([\d,]+) lines", text).groups()
    assert int(engine.replace(",", "")) == pytest.approx(lines_of("core", "check", "diagnosis"), rel=0.1)
    assert int(whole.replace(",", "")) == pytest.approx(lines_of("."), rel=0.1)


def test_the_points_of_each_chapter_are_those_of_its_notebook():
    """What an instructor reads before deciding: by the judge, by a person."""
    text = (ROOT / "docs" / "running-a-class.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) · [^|]+\|[^|]+\| (\d+) \| (\d+) \|$", text, re.M)
    assert len(rows) == len(list((ROOT / "course").glob("0?-*")))
    for number, judge, person in rows:
        (path,) = (ROOT / "course").glob(f"0{number}-*/*.ipynb")
        points = {"code": 0.0, "markdown": 0.0}
        for cell in nbformat.read(path, as_version=4).cells:
            points[cell.cell_type] += cell.metadata.get("nbgrader", {}).get("points", 0)
        assert points == {"code": float(judge), "markdown": float(person)}, path.name
