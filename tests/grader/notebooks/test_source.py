"""From the one source to the release: the same bytes every time, complete, and without a solution."""

from __future__ import annotations

import ast
import json
import re
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from grader.bank.registry import entries
from grader.cli.main import app, main
from grader.course import ROOT, Chapter, CourseDirectory, chapter, chapters, lessons, select_lessons
from grader.errors import GraderError
from grader.notebooks import source
from grader.publish import build as building
from grader.publish.release import pack_release
from gradschool.core.exercise import grade_id, in_chapter

CHAPTERS = chapters()


@pytest.fixture(scope="module", params=CHAPTERS, ids=lambda c: c.key)
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Chapter, CourseDirectory]:
    """A chapter, and a course directory where it alone was built."""
    folder = tmp_path_factory.mktemp(request.param.key)
    course = CourseDirectory(folder / "work", folder / "course")
    building.build(request.param, course)
    return request.param, course


def release_of(course: CourseDirectory, which: Chapter) -> nbformat.NotebookNode:
    return nbformat.read(course.release / which.assignment_id / f"{which.notebook}.ipynb", as_version=4)


def test_each_exercise_has_the_anchor_that_cards_link_to(fresh: tuple[Chapter, CourseDirectory]) -> None:
    which, course = fresh
    texts = [c.source for c in release_of(course, which).cells if c.cell_type == "markdown"]
    anchors = re.findall(r'<a id="([^"]+)"></a>\*\*Exercise `', "\n".join(texts))
    wanted = [] if which.is_reading else [exercise.anchor for exercise in in_chapter(which.key)]
    assert anchors == wanted


def test_two_builds_agree_to_the_byte(course: CourseDirectory, chain: Chapter) -> None:
    file = course.release / chain.assignment_id / f"{chain.notebook}.ipynb"
    before = file.read_bytes()
    source._parsed.cache_clear()  # from the text on
    building.build(chain, course)
    assert file.read_bytes() == before


def test_whoever_changes_the_notebook_changes_it_for_nobody_else(chain: Chapter) -> None:
    """The text is parsed once; the notebook that comes of it is each caller's own."""
    first = source.source_notebook(chain)
    kept = nbformat.writes(first)
    first.cells[0].source += " Changed."
    first.cells[1].metadata["changed"] = True
    assert nbformat.writes(source.source_notebook(chain)) == kept


def test_the_committed_release_is_what_the_source_builds(fresh: tuple[Chapter, CourseDirectory]) -> None:
    which, course = fresh
    committed = ROOT / "course" / which.assignment_id / f"{which.notebook}.ipynb"
    assert committed.read_bytes() == (course.release / which.assignment_id / committed.name).read_bytes()


def test_a_changed_source_makes_the_release_stale(
    course: CourseDirectory, chain: Chapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = source.source_notebook

    def edited(which: Chapter) -> nbformat.NotebookNode:
        notebook = real(which)
        notebook.cells[0].source += "\nOne more sentence."
        return notebook

    monkeypatch.setattr(building, "source_notebook", edited)
    assert building.stale([chain], course) == [chain.assignment_id]


def test_check_fails_on_a_stale_release(
    course: CourseDirectory, chain: Chapter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = course.release / chain.assignment_id / f"{chain.notebook}.ipynb"
    monkeypatch.setattr(sys, "argv", ["grader", "build", "chain", "--check"])
    for text, status in ((file.read_text(), 0), (file.read_text() + " ", 1)):
        file.write_text(text)
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == status
    assert capsys.readouterr().err.startswith(
        "grader: The release of 01-loss-as-chain-rule is stale: run `python -m grader build`"
    )


@pytest.mark.parametrize("which", CHAPTERS, ids=lambda c: c.key)
def test_every_exercise_has_its_two_cells_in_the_banks_order(which: Chapter) -> None:
    names = [c.metadata.nbgrader.grade_id for c in source.source_notebook(which).cells if "nbgrader" in c.metadata]
    wanted = [n for i in entries(which.key) for n in (grade_id(i) + "-solution", grade_id(i))]
    assert [n for n in names if n in wanted] == wanted


def test_no_solution_and_no_marking_scheme_reaches_a_student(fresh: tuple[Chapter, CourseDirectory]) -> None:
    which, course = fresh
    released = release_of(course, which)
    text = json.dumps(released)
    assert "BEGIN SOLUTION" not in text
    for cell in source.source_notebook(which).cells:
        if source.INSTRUCTOR_TAG in cell.metadata.get("tags", []):
            assert cell.source not in text
    stubs = [c for c in released.cells if c.metadata.get("nbgrader", {}).get("solution") and c.cell_type == "code"]
    assert len(stubs) == len(entries(which.key))
    assert all("raise NotImplementedError()" in c.source for c in stubs)
    assert [f.name for f in (course.release / which.assignment_id).iterdir()] == [f"{which.notebook}.ipynb"]


def test_points_in_the_release_are_those_of_the_bank(course: CourseDirectory, chain: Chapter) -> None:
    cells = {c.metadata.nbgrader.grade_id: c for c in release_of(course, chain).cells if "nbgrader" in c.metadata}
    for name, entry in entries("chain").items():
        assert cells[grade_id(name)].metadata.nbgrader.points == entry.marks
    assert cells["chain-adam-step"].metadata.nbgrader.points == 0  # a warm-up
    assert cells["chain-mlp-backward"].metadata.nbgrader.points == 8


def test_a_source_without_an_exercise_is_refused(
    chain: Chapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortened = tmp_path / "loss_as_chain_rule.md"
    shortened.write_text(chain.source.read_text().replace(":check: chain.adam_step", ":tags: [experiment]"))
    monkeypatch.setattr(Chapter, "source", property(lambda self: shortened))
    with pytest.raises(GraderError, match="lacks the cells chain-adam-step"):
        source.source_notebook(chain)


def test_a_check_of_an_unknown_exercise_is_refused(
    chain: Chapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "loss_as_chain_rule.md"
    odd.write_text(chain.source.read_text().replace(":check: chain.adam_step", ":check: chain.adam_stepp"))
    monkeypatch.setattr(Chapter, "source", property(lambda self: odd))
    with pytest.raises(GraderError, match=r"chain\.adam_stepp"):
        source.source_notebook(chain)


def test_release_zip_holds_what_a_student_needs_and_nothing_else(tmp_path: Path) -> None:
    course = CourseDirectory(ROOT / "build", ROOT / "course")
    names = pack_release(course, select_lessons(None), tmp_path / "a.zip")
    assert {f"course/{c.assignment_id}/{c.notebook}.ipynb" for c in lessons()} <= set(names)
    assert "course/06-casebook/casebook.ipynb" in names
    inside = zipfile.ZipFile(tmp_path / "a.zip").namelist()
    assert inside == [f"gradschool/{n}" for n in names]
    tops = {n.split("/")[0] for n in names}
    assistants = {"AGENTS.md", "CLAUDE.md"}
    assert tops == {"README.md", "environment.yml", "pyproject.toml", "constraints.txt", "src", "course"} | assistants
    assert not [n for n in names if "grader" in n.split("/") or "solutions" in n.split("/") or "egg-info" in n]
    pack_release(course, select_lessons(None), tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_reading_is_built_and_never_graded(tmp_path: Path) -> None:
    (reading,) = select_lessons("casebook")
    fresh = CourseDirectory(tmp_path / "work", tmp_path / "course")
    built = nbformat.read(building.build(reading, fresh), as_version=4)
    assert not [c for c in built.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert not fresh.work.exists()  # no gradebook
    with pytest.raises(GraderError, match="There is no chapter 'casebook'"):
        chapter("casebook")


def test_an_unknown_chapter_is_one_sentence() -> None:
    with pytest.raises(GraderError, match="There is no chapter 'nine'; there are 01-loss-as-chain-rule"):
        chapter("nine")


def test_json_of_build_names_the_file(course: CourseDirectory) -> None:
    answer = CliRunner().invoke(app, ["build", "chain", "--json"])
    assert json.loads(answer.stdout)["built"] == [
        str(course.release / "01-loss-as-chain-rule/loss_as_chain_rule.ipynb")
    ]


@pytest.mark.parametrize("which", CHAPTERS, ids=lambda c: c.key)
def test_no_exercise_leans_on_another_students_cell(which: Chapter) -> None:
    """Whoever rewrites one solution cell must not take away what another exercise needs: an import, a helper."""
    for cell in source.template(which).cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            kinds = [type(node).__name__ for node in ast.parse(cell.source).body]
            assert kinds in (["FunctionDef"], ["ClassDef"]), (cell.metadata.nbgrader.grade_id, kinds)
