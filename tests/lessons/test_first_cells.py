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
    aims = re.search(r"\*\*(?:By the end you will be able to|When you are through you can)\*\*\n\n((?:- .*\n)+)", head)
    assert aims
    assert all(re.match(r"- \*[a-z]+\*", aim) for aim in aims[1].splitlines()), "each aim begins with what one does"
    first = "**Time:** 3.5 to 5 hours, " if "**Time:**" in head else "**Minutes:** about "
    said = [head.index(words) for words in (first, "The computer needs ", "**You need:** ")]
    assert aims.end() < said[0]
    assert said == sorted(said)


@pytest.mark.parametrize("part", CHAPTERS)
def test_the_sittings_are_all_of_the_sections_and_each_break_is_marked(part: str) -> None:
    text = prose(part)
    sittings = re.search(r"best in (?:one|two|three) sittings? \(sections ((?:\d+ to \d+(?:, |, then )?)+)\)", text)
    assert sittings
    found = [(int(a), int(b)) for a, b in re.findall(r"(\d+) to (\d+)", sittings[1])]
    numbered = [int(n) for n in re.findall(r"^## (\d+) · ", text, re.MULTILINE)]
    assert [n for a, b in found for n in range(a, b + 1)] == numbered == list(range(1, found[-1][1] + 1))
    if "**Time:**" in text:  # two breaks, each at the end of a sitting
        before = [int(n) for n in re.findall(r"\*\*Break\.\*\*[^#]*?\n## (\d+) · ", text)]
        assert before == [a for a, _ in found[1:]]
        assert len(before) == text.count("**Break.**") == 2


@pytest.mark.parametrize("part", CHAPTERS)
def test_a_lesson_ends_with_what_one_takes_along(part: str) -> None:
    headings = re.findall(r"^## (.*)$", prose(part), re.MULTILINE)
    assert headings[-1] == "What you take along"
    assert any(re.match(r"\d+ · Reflection", heading) for heading in headings)


@pytest.mark.parametrize("part", ["chain", "dqn", "ddpg"])
def test_torch_is_there_from_the_first_cell_on(part: str) -> None:
    """A student may use it in any answer, in exercises for NumPy too; loading it later would fail right work."""
    code = [c.source for c in source_notebook(chapter(part)).cells if c.cell_type == "code"]
    first = next(text for text in code if "from gradschool import check" in text)
    assert re.search("^import torch$", first, re.MULTILINE)


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
