"""Pages of a class, a feedback page and the class report: for readers without a mouse or without eyes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from grader.audit.known_mistakes import judged
from grader.bank.registry import find_entry
from grader.course import Chapter, CourseDirectory
from grader.execution.notebook_run import _card
from grader.publish.class_report import page
from grader.publish.feedback import write_feedback
from tests.support import class_without_kernels
from tests.support.axe import serious
from tests.support.browser import SHOTS, chromium, fits

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
    wrong = judged(entry, entry.mutants[0], seed=1)
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
            assert serious(page, colors_alone=scheme == "dark") == [], f"{name}, {scheme}"
        page.close()


def test_a_feedback_page_fits_a_phone_says_whose_it_is_and_follows_a_dark_desktop(
    browser: Browser, pages: dict[str, Path]
) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
        page.goto(pages["feedback"].as_uri())
        assert page.title() == "Feedback: Loss as chain rule — ann"
        assert page.locator("html").get_attribute("lang") == "en"
        expect(page.locator("#lesson")).to_have_js_property("open", False)  # so one sees the cards
        assert page.evaluate("document.body.getBoundingClientRect().height") < 25_000 / 2
        reflection = page.locator("#results tr", has_text="chain-reflection")
        assert "– of 6" in reflection.inner_text()  # nobody has marked it yet: that is no 0
        assert "waits for a person" in reflection.inner_text()
        tops = [page.locator(f"#{part}").bounding_box()["y"] for part in ("results", "cards", "lesson")]
        assert tops == sorted(tops)
        page.locator("#results a[href='#chain-l2-gradient']").click()  # leads to its card, which is not folded
        page.wait_for_url("**#chain-l2-gradient")
        page.locator("#lesson > summary").click()
        expect(page.locator("#lesson")).to_have_js_property("open", True)
        fits(page, 390)
        shown = page.evaluate("[...document.querySelectorAll('summary')].map(s => getComputedStyle(s).display)")
        assert set(shown) == {"list-item"}  # any other loses the triangle
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.close()
    assert grounds == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]


def test_the_class_report_fits_a_phone(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(pages["class-report"].as_uri())
    fits(page, 390)
    assert serious(page) == []  # what scrolls sideways here can be reached by key
    squeezed = "[...document.querySelectorAll('caption')].filter(c => c.getBoundingClientRect().width < 300).length"
    assert page.evaluate(squeezed) == 0
    page.close()
