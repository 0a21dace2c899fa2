"""The lessons begin and end alike, so that a student who knows one finds their way in the others."""

from __future__ import annotations

import re

import pytest

from grader.course import chapter
from grader.notebooks.source import source_notebook
from gradschool.core.exercise import CHAPTERS, in_chapter


def prose(part: str) -> str:
    """All Markdown of a lesson."""
    return "\n\n".join(c.source for c in source_notebook(chapter(part)).cells if c.cell_type == "markdown")


@pytest.mark.parametrize(("number", "part"), list(enumerate(CHAPTERS, start=1)))
def test_a_lesson_begins_with_its_number_its_aims_its_minutes_and_its_needs(number: int, part: str) -> None:
    text = prose(part)
    assert re.match(rf"# {number} · [A-Z]", text)
    head = text[: text.index("\n## ")]
    aims = re.search(r"\*\*When you are through you can\*\*\n\n((?:- .*\n)+)", head)
    assert aims
    assert all(re.match(r"- \*[a-z]+\*", aim) for aim in aims[1].splitlines()), "each aim begins with what one does"
    said = [head.index(words) for words in ("**Minutes:** about ", "The computer needs ", "**You need:** ")]
    assert aims.end() < said[0]
    assert said == sorted(said)


@pytest.mark.parametrize("part", CHAPTERS)
def test_the_two_sittings_are_all_of_the_sections(part: str) -> None:
    text = prose(part)
    sittings = re.search(r"best in two sittings \(sections 1 to (\d+), then (\d+) to (\d+)\)", text)
    assert sittings
    first, second, last = map(int, sittings.groups())
    numbered = [int(n) for n in re.findall(r"^## (\d+) · ", text, re.MULTILINE)]
    assert numbered == list(range(1, last + 1))
    assert 1 < second == first + 1 <= last


@pytest.mark.parametrize("part", CHAPTERS)
def test_a_lesson_ends_with_what_one_takes_along(part: str) -> None:
    headings = re.findall(r"^## (.*)$", prose(part), re.MULTILINE)
    assert headings[-1] == "What you take along"
    assert any(re.match(r"\d+ · Reflection", heading) for heading in headings)


SETUP = 'importlib.util.find_spec("gradschool")'
WIDTH = 98  # characters that JupyterLab shows of a line of code in a window of 1300 pixels, the file browser open


@pytest.mark.parametrize("part", CHAPTERS)
def test_what_a_student_must_read_is_not_cut_off_at_the_window(part: str) -> None:
    """Stubs, with what they promise and ask for, and the first cell. (A long line of a demonstration may scroll.)"""
    cells = [c for c in source_notebook(chapter(part)).cells if c.cell_type == "code"]
    read = [c.source for c in cells if c.metadata.get("nbgrader", {}).get("solution") or SETUP in c.source]
    assert len(read) > len(in_chapter(part))  # the first cell besides
    stubs = [text.partition("### BEGIN SOLUTION")[0] for text in read]
    assert [line for text in stubs for line in text.splitlines() if len(line) > WIDTH] == []
