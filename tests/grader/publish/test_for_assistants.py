"""What a release says to AI assistants: to tutor, with no line of a solution in it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from grader.bank.registry import entries
from grader.course import ROOT, CourseDirectory, chapters
from grader.publish.release import FOR_ASSISTANTS, pack_release
from tests.grader.publish.test_site import secrets, squeezed


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in FOR_ASSISTANTS.glob("*.md")}


def test_the_release_has_them_at_its_top(course: CourseDirectory, tmp_path: Path, pages: dict[str, str]) -> None:
    pack_release(CourseDirectory(course.work, ROOT / "course"), chapters(), tmp_path / "release.zip")
    with zipfile.ZipFile(tmp_path / "release.zip") as archive:
        found = {name: archive.read(f"gradschool/{name}").decode() for name in pages}
    assert found == pages
    assert set(found) == {"AGENTS.md", "CLAUDE.md"}
    assert "AGENTS.md" in found["CLAUDE.md"]


def leaks(text: str) -> list[str]:
    """The lines of solutions, model answers, marking schemes and hints of mistakes that a text contains."""
    page = squeezed(text)
    lines = {line for chapter in chapters() for line in secrets(chapter)}
    hints = {squeezed(m.hint) for c in chapters() for e in entries(c.key).values() for m in e.mutants}
    return [line for line in lines | hints if line in page]


def test_no_line_of_a_solution_is_in_them(pages: dict[str, str]) -> None:
    assert leaks("\n".join(pages.values())) == []
    one = next(line for chapter in chapters() for line in sorted(secrets(chapter)))
    assert leaks(pages["AGENTS.md"] + one) == [one]  # the search would find one


def test_an_assistant_is_told_to_tutor_and_what_never_to_do(pages: dict[str, str]) -> None:
    text = pages["AGENTS.md"]
    ladder = re.findall(r"^(\d)\. ", text.partition("## The hint ladder")[2], re.M)
    assert ladder == [str(k) for k in range(1, len(ladder) + 1)]
    assert len(ladder) >= 5
    for said in ("tutor", "Never write, complete or correct the body of an exercise's function", "`check(...)`"):
        assert said in text
    commands = set(re.findall(r"python -m gradschool (\w+)", text))
    assert commands == {"status", "doctor"}


def test_the_maintainers_file_names_what_is_there() -> None:
    text = (ROOT / "AGENTS.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"`make ([\w-]+)`", text)) <= targets
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[A-Z]+\.md)`", text)
    assert [name for name in named if not (ROOT / name).exists() and not name.startswith(".venv")] == []
    assert "AGENTS.md" in (ROOT / "CLAUDE.md").read_text(encoding="utf-8")
