"""The site in a browser: open to keyboard and voice, on a wide screen and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from grader.course import chapters
from tests.support.axe import serious
from tests.support.browser import PATIENCE, SHOTS, chromium, tab_to

LESSONS = {c.assignment_id: f"course/{c.assignment_id}/{c.notebook}.html" for c in chapters()}
KINDS = [
    "index.html",
    *LESSONS.values(),
    "for-students.html",
    "threat-model.html",
    "api/diagnosis.first_look.html",
    "search.html",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


# How a page looks depends on the reader's scheme; where its links lead and how wide it is does not.
both_schemes = pytest.mark.parametrize("page", ["light", "dark"], indirect=True)


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page, light unless the test asks otherwise, that fetches nothing from elsewhere and logs no error."""
    scheme = getattr(request, "param", "light")
    opened = browser.new_page(viewport={"width": 1300, "height": 1000}, color_scheme=scheme)
    opened.set_default_timeout(PATIENCE)
    trouble: list[str] = []
    opened.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda e: trouble.append(str(e)))
    opened.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else trouble.append(r.url))
    yield opened
    opened.close()
    assert trouble == []


@pytest.mark.slow
@both_schemes
def test_axe_finds_nothing_serious_on_any_kind_of_page(built_site: Path, page: Page, request: pytest.FixtureRequest):
    scheme = request.node.callspec.params["page"]
    for name in KINDS:
        page.goto((built_site / name).as_uri())
        assert serious(page) == [], name
        page.screenshot(path=SHOTS / f"site-{Path(name).stem}-{scheme}.png")


@pytest.mark.slow
def test_axe_would_find_a_picture_without_words_and_a_pale_word_among_thousands(built_site: Path, page: Page):
    page.goto((built_site / LESSONS["02-dqn-on-taxi"]).as_uri())
    page.evaluate("document.querySelector('article').append(document.createElement('img'))")
    page.evaluate("[...document.querySelectorAll('article p')].at(-3).innerHTML += ' <i style=color:#ccc>pale</i>'")
    found = serious(page)
    assert any(f.startswith("image-alt") for f in found)
    assert any(f.startswith("color-contrast") and "pale" in f for f in found)


@pytest.mark.slow
def test_pages_fit_a_phone_and_every_picture_is_there(built_site: Path, page: Page):
    page.set_viewport_size({"width": 390, "height": 844})
    for name in KINDS:
        page.goto((built_site / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        page.evaluate("document.querySelectorAll('img').forEach(i => { i.loading = 'eager' })")
        page.wait_for_function("[...document.images].every(i => i.complete)")
        assert page.evaluate("[...document.images].filter(i => !i.naturalWidth || !i.alt).length") == 0, name
        page.screenshot(path=SHOTS / f"site-{Path(name).stem}-phone.png")


OPEN_TO_ALL = """() => [...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')].filter(
  e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}) && e.tabIndex >= 0 && e.type != 'hidden'
  ).length"""
HERE = """() => { const e = document.activeElement, s = getComputedStyle(e), box = e.getBoundingClientRect();
  e.dataset.reached = 1;
  return {text: e.textContent.trim(), outlined: s.outlineStyle != 'none' || s.boxShadow != 'none',
          shown: box.width > 0 && box.height > 0 && box.right > 0 && box.left < innerWidth,
          body: e === document.body} }"""


@pytest.mark.slow
@both_schemes
@pytest.mark.parametrize("name", ["index.html", LESSONS["02-dqn-on-taxi"]])
def test_everything_can_be_reached_with_the_tab_key_and_is_seen_to_be(built_site: Path, page: Page, name: str):
    page.goto((built_site / name).as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate(HERE)["text"] == "Skip to content"
    for _ in range(400):
        page.keyboard.press("Tab")
        here = page.evaluate(HERE)
        if here["body"] or here["text"] == "Skip to content":
            break
        assert here["outlined"], here
        assert here["shown"], here
    reached = page.evaluate("document.querySelectorAll('[data-reached]').length")
    assert reached >= page.evaluate(OPEN_TO_ALL) > 10


@pytest.mark.slow
def test_a_reader_without_a_mouse_skips_searches_and_turns_the_page(built_site: Path, page: Page):
    page.goto((built_site / "index.html").as_uri())
    assert tab_to(page, ".skip-to-content") == 1
    page.keyboard.press("Enter")
    assert tab_to(page, "#furo-main-content *") == 1  # past the menu, into the text
    tab_to(page, ".next-page")
    page.keyboard.press("Enter")
    page.wait_for_url("**/loss_as_chain_rule.html")
    tab_to(page, ".sidebar-search")
    page.keyboard.type("surrogate")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li")
    tab_to(page, "#search-results a[href*='loss_as_chain_rule']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/loss_as_chain_rule.html*")
    tab_to(page, ".sidebar-tree a[href*='dqn_on_taxi']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/dqn_on_taxi.html")


# A drawer that has slid in, or out, to the end: the page's state, however long the slide takes.
SLID = "const e = document.querySelector(drawer), b = e.getBoundingClientRect(); "
OPEN = f"drawer => {{ {SLID} return b.left >= 0 && b.right <= innerWidth && !e.getAnimations().length }}"
CLOSED = f"drawer => {{ {SLID} return (b.right <= 0 || b.left >= innerWidth) && !e.getAnimations().length }}"


@pytest.mark.slow
def test_in_a_narrow_window_a_key_opens_the_menu_and_the_contents(built_site: Path, page: Page):
    """As wide as a screen enlarged to 200 %: both stand in drawers, and nobody gets lost in a closed one."""
    page.set_viewport_size({"width": 700, "height": 900})
    page.goto((built_site / LESSONS["01-loss-as-chain-rule"]).as_uri())
    for button, drawer in (("nav-overlay-icon", ".sidebar-drawer"), ("toc-header-icon", ".toc-drawer")):
        box = page.locator(drawer).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 0 or box["x"] >= 700
        tab_to(page, f".{button} button")
        page.keyboard.press("Enter")
        page.wait_for_function(OPEN, arg=drawer)
        tab_to(page, f"{drawer} a")  # each stop on the way is on the screen and has its ring
        page.mouse.click(690 if drawer == ".sidebar-drawer" else 10, 450)  # beside it: it closes
        page.wait_for_function(CLOSED, arg=drawer)
    tab_to(page, "#furo-main-content a")
    page.locator(".nav-overlay-icon button").click()  # a click opens it once, and not twice
    assert page.locator("#__navigation").is_checked()


@pytest.mark.slow
def test_search_works_without_a_network(built_site: Path, page: Page):
    page.goto((built_site / "search.html").as_uri() + "?q=surrogate")
    page.wait_for_selector("#search-results li")
    assert "Loss as chain rule" in page.locator("#search-results").inner_text()


@pytest.mark.slow
def test_the_search_page_can_be_asked(built_site: Path, page: Page):
    page.goto((built_site / "search.html").as_uri())
    assert page.locator("article h1").inner_text() == "Search"
    page.get_by_label("Words to look for").fill("surrogate")
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_selector("#search-results li")
    assert page.get_by_label("Words to look for").input_value() == "surrogate"
