"""Pages of a class, a feedback page and the class report: for readers without a mouse or without eyes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser

from grader.audit.known_mistakes import over_the_wire
from grader.bank.registry import find_entry
from grader.course import Chapter, CourseDirectory
from grader.execution.notebook_run import _card
from grader.judging.examine import examine
from grader.nbgrader_bridge.feedback_page import improve_accessibility
from grader.publish.class_report import page
from grader.publish.feedback import write_feedback
from tests.support import class_without_kernels
from tests.support.axe import serious
from tests.support.browser import SHOTS, chromium

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def pages(course: CourseDirectory, chain: Chapter) -> dict[str, Path]:
    """A feedback page with the card of a known mistake on it, and the report of a class of two."""
    class_without_kernels.hand_in(course, chain, "ann", 4, words="A gradient is how a loss asks.")
    class_without_kernels.hand_in(course, chain, "bob", 10)
    class_without_kernels.grade(course, chain)
    file = course.notebook_path(course.autograded, "ann", chain)
    graded = nbformat.read(file, as_version=4)
    entry = find_entry("chain.l2_gradient")
    wrong = examine(entry, over_the_wire(entry, entry.mutants[0]), seed=1)
    cell = next(c for c in graded.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "chain-l2-gradient")
    cell.outputs = [_card(wrong)]
    nbformat.write(graded, file)
    (feedback,) = write_feedback(course, chain, "ann")
    return {"feedback": feedback, "class-report": page.write_report(course, [chain])}


def test_axe_finds_nothing_serious_on_a_feedback_page_and_on_the_class_report(
    browser: Browser, pages: dict[str, Path]
) -> None:
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 1200, "height": 1000}, color_scheme=scheme)
        for name, file in pages.items():
            page.goto(file.as_uri())
            page.screenshot(path=SHOTS / f"{name}-{scheme}.png")
            assert serious(page) == [], f"{name}, {scheme}"
        page.close()


def test_what_can_be_unfolded_on_a_feedback_page_shows_it(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.new_page()
    page.goto(pages["feedback"].as_uri())
    shown = page.evaluate("[...document.querySelectorAll('summary')].map(s => getComputedStyle(s).display)")
    assert len(shown) > 10
    assert set(shown) == {"list-item"}  # any other loses the triangle
    page.close()


def test_a_feedback_page_is_mended_once() -> None:
    page = "<html>\n<head><title>x</title></head><body></body></html>"
    assert improve_accessibility(page).startswith('<html lang="en">')
    assert improve_accessibility(improve_accessibility(page)) == improve_accessibility(page)
