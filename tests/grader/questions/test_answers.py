"""Sheets as notebooks and pages without keys; the marking of what came back; what the commands say."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from grader.cli.main import app
from grader.errors import GraderError
from grader.questions.answers import as_notebook, mark_folder, sheet_name
from grader.questions.page import keys_page, sheets_page
from grader.questions.question import Sheet
from grader.questions.sheets import KEY_FILE, read_keys, write_sheets
from tests.support.own_code import sheets


@pytest.fixture(scope="module")
def made() -> list[Sheet]:
    """Two students in each chapter."""
    return [sheet for _, sheet in sheets(2, lambda entry, k: entry.reference)]


def other_keys(sheet: Sheet) -> Sheet:
    """The same sheet with other keys."""
    return replace(sheet, questions=tuple(replace(q, key="d" if q.key != "d" else "c") for q in sheet.questions))


def answer(file: Path, *texts: str) -> None:
    """Type these texts into the answer cells of a notebook."""
    notebook = nbformat.read(file, as_version=4)
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    for cell, text in zip(cells, texts, strict=True):
        cell.source = text
    nbformat.write(notebook, file)


def test_neither_notebook_nor_page_nor_json_has_a_key(made: list[Sheet]) -> None:
    """They are the same whatever the keys are."""
    others = [other_keys(s) for s in made]
    assert sheets_page(made) == sheets_page(others)
    assert keys_page(made) != keys_page([replace(s, questions=s.questions[:1]) for s in made])
    for sheet, other in zip(made, others, strict=True):
        assert as_notebook(sheet) == as_notebook(other)
        assert sheet.to_json(with_key=False) == other.to_json(with_key=False)
        assert sheet.to_json() != other.to_json()


def test_a_notebook_is_valid_and_shows_what_is_needed(made: list[Sheet]) -> None:
    for sheet in made:
        notebook = as_notebook(sheet)
        nbformat.validate(notebook)
        assert [c.source for c in notebook.cells if c.cell_type == "code"] == [f'answer_{k} = ""' for k in (1, 2, 3)]
        text = "\n".join(c.source for c in notebook.cells)
        for q in sheet.questions:
            assert q.prompt in text
            assert all(option in text for option in q.options.values())


def test_pages_are_plain_html_with_one_section_for_each_student(made: list[Sheet]) -> None:
    page = sheets_page([*made, Sheet("idle", "01-loss-as-chain-rule", (), "Too little.")])
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert page.count('<section class="sheet">') == len(made)
    assert len(re.findall("<h1>", page)) == 1
    assert not re.search(r"<script|https?://|<img", page)
    keys = keys_page([*made, Sheet("idle", "01-loss-as-chain-rule", (), "Too little.")])
    assert keys.count("<tr>") == 1 + 3 * len(made)
    assert "idle: Too little." in keys
    evil = replace(made[0], student="<b>eve</b>")
    assert "<b>eve" not in sheets_page([evil]) + keys_page([evil])


def test_answers_are_marked_by_the_keys_that_were_kept(made: list[Sheet], tmp_path: Path) -> None:
    files = write_sheets(made, tmp_path / "out")
    assert {f.name for f in files} == {"oral.html", "keys.html", "questions.json", KEY_FILE, "questions.ipynb"}
    answered = tmp_path / "answered"
    for sheet in made:
        file = answered / f"{sheet.student}-{sheet.assignment}.ipynb"
        file.parent.mkdir(exist_ok=True)
        nbformat.write(as_notebook(sheet), file)
        first, second, _ = (q.key for q in sheet.questions)
        answer(file, f'answer_1 = "{first}"', f'answer_2 = " {second[0].upper()} {second[1]}"', 'answer_3 = "z"')
    marked, unknown = mark_folder(answered, read_keys(tmp_path / "out"))
    assert unknown == []
    assert [m.right for m in marked] == [(True, True, False)] * len(made)
    assert {(m.student, m.assignment) for m in marked} == {(s.student, s.assignment) for s in made}


def test_what_is_typed_is_read_and_never_run(made: list[Sheet], tmp_path: Path) -> None:
    sheet, file = made[0], tmp_path / "a.ipynb"
    write_sheets([sheet], tmp_path / "out")
    nbformat.write(as_notebook(sheet), file)
    touched = tmp_path / "touched"
    key = sheet.questions[1].key
    answer(
        file, f"open({str(touched)!r}, 'w')\nanswer_1 = chr(97)", "answer_2 = (", f"answer_3 = {key!r}; answer_2 = 7"
    )
    shutil.rmtree(tmp_path / "out" / sheet.assignment / "notebooks")
    (marked,), _ = mark_folder(tmp_path, read_keys(tmp_path / "out"))
    assert marked.given == ("", "7", key)
    assert not touched.exists()


def test_a_notebook_of_another_run_is_named(made: list[Sheet], tmp_path: Path) -> None:
    changed = replace(made[0], questions=made[0].questions[::-1])
    assert sheet_name(changed.to_json(False)) != sheet_name(made[0].to_json(False))
    nbformat.write(as_notebook(changed), tmp_path / "old.ipynb")
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "none.ipynb")
    write_sheets(made[:1], tmp_path / "out", ["html"])
    marked, unknown = mark_folder(tmp_path, read_keys(tmp_path / "out"))
    assert (marked, len(unknown)) == ([], 2)


def test_a_damaged_or_missing_key_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(GraderError, match="make the questions first"):
        read_keys(tmp_path)
    (tmp_path / KEY_FILE).write_text("[{]")
    with pytest.raises(GraderError, match="is damaged"):
        read_keys(tmp_path)
    with pytest.raises(GraderError, match="There is no answered notebook"):
        mark_folder(tmp_path, {})


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--from", "nowhere"], "There is no folder nowhere: grade the class first"),
        (["--from", "."], "There is no graded notebook in . for 01-loss-as-chain-rule"),
        (["--from", ".", "--students", "ad"], "There is no graded work of a student 'ad' in .; did you mean 'ada'?"),
        (["--format", "pdf"], "There is no format 'pdf': say html, notebook, json or all."),
        (["--format", ","], "No format is named"),
        (["chapter-9"], "There is no chapter 'chapter-9'"),
        (["dqn", "--from", "."], "is not a graded notebook: run `python -m grader autograde` first."),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ada").mkdir()
    if "dqn" in words:
        (tmp_path / "ada" / "02-dqn-on-taxi").mkdir()
        nbformat.write(nbformat.v4.new_notebook(), tmp_path / "ada" / "02-dqn-on-taxi" / "dqn_on_taxi.ipynb")
    result = CliRunner().invoke(app, ["questions", *words])
    assert result.exit_code != 0
    assert isinstance(result.exception, GraderError)
    assert sentence in str(result.exception)


def test_the_marking_command_prints_a_table_or_json(made: list[Sheet], tmp_path: Path) -> None:
    write_sheets(made[:1], tmp_path / "keys", ["json"])
    nbformat.write(as_notebook(made[0]), tmp_path / "a.ipynb")
    words = ["mark-questions", str(tmp_path), "--keys", str(tmp_path / "keys")]
    shown = CliRunner().invoke(app, words)
    assert (shown.exit_code, "0 of 3" in shown.stdout) == (0, True)
    found = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert found["marked"][0]["points"] == 0
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "b.ipynb")
    assert CliRunner().invoke(app, words).exit_code == 1
