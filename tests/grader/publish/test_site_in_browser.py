"""The site in a browser: open to keyboard and voice, on a wide screen and on a phone."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from grader.course import chapters
from tests.support.axe import serious
from tests.support.browser import DRAWN, PATIENCE, SHOTS, chromium, contrast, fits, tab_to

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
        assert serious(page, colors_alone=scheme == "dark") == [], name
        page.screenshot(path=SHOTS / f"site-{Path(name).stem}-{scheme}.png")


@pytest.mark.slow
def test_axe_would_find_a_picture_without_words_and_a_pale_word_among_thousands(built_site: Path, page: Page):
    page.goto((built_site / LESSONS["02-dqn-on-taxi"]).as_uri())
    page.evaluate("document.querySelector('article').append(document.createElement('img'))")
    page.evaluate("[...document.querySelectorAll('article p')].at(-3).innerHTML += ' <i style=color:#ccc>pale</i>'")
    link = " <a href='#x' style='color:#333;text-decoration:none'>a link</a> in a sentence"
    page.evaluate("link => { document.querySelector('article p').innerHTML += link }", link)
    found = serious(page)
    assert any(f.startswith("image-alt") for f in found)
    assert any(f.startswith("color-contrast") and "pale" in f for f in found)
    colors = {f.partition(":")[0] for f in serious(page, colors_alone=True)}
    assert colors == {"color-contrast", "link-in-text-block"}


@pytest.mark.slow
def test_pages_fit_a_phone_and_every_picture_is_there(built_site: Path, page: Page):
    for name in KINDS:
        page.goto((built_site / name).as_uri())
        fits(page, 390)
        page.evaluate("document.querySelectorAll('img').forEach(i => { i.loading = 'eager' })")
        unsized = "[...document.images].filter(i => !i.src.endsWith('.svg') && !i.getAttribute('height')).length"
        assert page.evaluate(unsized) == 0, name  # without a height, what is below moves when the picture comes
        page.wait_for_function("[...document.images].every(i => i.complete)")
        assert page.evaluate("[...document.images].filter(i => !i.naturalWidth || !i.alt).length") == 0, name
        page.screenshot(path=SHOTS / f"site-{Path(name).stem}-phone.png")


# Every box that is cut, scrolls sideways or leaves the page: what it is, by how many pixels, and its first words.
BOXES = "pre, .cell_output, .output, .formula, math, table, .table-wrapper, figure, img, svg, [role=region]"
OPEN_ALL = """() => {
  const all = [...document.querySelectorAll('details:not([open])')];
  if (all.length) delete document.documentElement.dataset.fitted;  // until the page has heard of what was opened
  all.forEach(d => { d.open = true; });
}"""
TOO_WIDE = """boxes => {
  const wide = e => { const s = getComputedStyle(e), b = e.getBoundingClientRect();
    const cut = s.display === 'inline' || !e.clientWidth ? 0 : e.scrollWidth - e.clientWidth;
    return Math.max(cut - 1, b.right - document.documentElement.clientWidth - 1); };
  const name = e => `${e.tagName} ${e.className.baseVal ?? e.className}: ${Math.ceil(wide(e))} px: `;
  return [...document.querySelectorAll('article :is(' + boxes + ')')].filter(e => e.checkVisibility() && wide(e) > 0)
    .map(e => name(e) + e.textContent.trim().slice(0, 60));
}"""
FITTED = "document.fonts.status === 'loaded' && document.documentElement.dataset.fitted == innerWidth"


def too_wide(page: Page, width: int) -> list[str]:
    """Every box of an open page that is wider than its place, in a window of this width."""
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate(OPEN_ALL)
    page.evaluate(DRAWN)  # what has been laid out has asked for its fonts
    page.wait_for_function(FITTED)  # formulas have been made small enough for this window
    found: list[str] = page.evaluate(TOO_WIDE, BOXES)
    return found


@pytest.mark.slow
def test_no_code_output_formula_table_or_figure_is_cut_at_any_width(built_site: Path, page: Page):
    """Modules' pages, a hundred of one kind, are measured on a phone alone, where everything is narrowest."""
    names = sorted(file.relative_to(built_site).as_posix() for file in built_site.rglob("*.html"))
    assert len(names) > 80
    wrong = {}
    for name in names:
        page.goto((built_site / name).as_uri(), wait_until="domcontentloaded")
        widths = (390,) if name.startswith("api/") else (1280, 900, 390)
        wrong |= {(name, width): found for width in widths if (found := too_wide(page, width))}
    assert wrong == {}


@pytest.mark.slow
def test_boxes_that_are_too_wide_would_be_found(built_site: Path, page: Page):
    page.goto((built_site / "terms.html").as_uri())
    for inside in (
        "<pre style='white-space:pre'>" + "x" * 300 + "</pre>",
        "<table><tr>" + "<td>wide column</td>" * 30 + "</tr></table>",
        "<figure style='width:2000px'>wide</figure>",
        "<div class=formula><math><mtext>" + "x" * 900 + "</mtext></math></div>",
    ):
        page.evaluate("html => document.querySelector('article').insertAdjacentHTML('beforeend', html)", inside)
        assert too_wide(page, 1280)
        assert too_wide(page, 390)
        page.evaluate("document.querySelector('article').lastChild.remove()")
        assert not too_wide(page, 390)


OPEN_TO_ALL = """() => [...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')].filter(
  e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}) && e.tabIndex >= 0 && e.type != 'hidden'
    && (e.type != 'radio' || e.checked)  // Tab leads to a group's choice, arrow keys to the others
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


@pytest.mark.slow
@both_schemes
def test_the_live_check_changes_its_card_by_mouse_and_by_keyboard(built_site: Path, page: Page):
    page.goto((built_site / "index.html").as_uri())
    shown = page.locator(".live-card:visible")
    expect(shown).not_to_contain_text("1/A")
    page.get_by_text("mean over actions", exact=True).click()
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("1/A")
    page.keyboard.press("ArrowRight")
    expect(shown).to_contain_text("not the row's action")
    texts: set[str] = set()
    for label in page.locator(".live-check > label").all():
        label.click()
        expect(page.locator(f"#{label.get_attribute('for')}")).to_be_checked()
        expect(shown).to_have_count(1)
        assert contrast(shown) >= 4.5
        texts.add(shown.inner_text())
    assert len(texts) >= 8


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1280, 800), (900, 800), (390, 844)])
def test_the_first_screen_says_what_this_is_and_leads_to_the_check(built_site: Path, page: Page, size: tuple[int, int]):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto((built_site / "index.html").as_uri())
    expect(page.get_by_text("Write a gradient.")).to_be_in_viewport(ratio=1)
    for door in page.locator("a.door").all():
        expect(door).to_be_in_viewport(ratio=1)
    for label in page.locator(".live-check > label").all():
        expect(label).to_be_in_viewport(ratio=1)
    expect(page.locator(".live-card:visible [role=group]")).to_be_in_viewport()  # the card begins on it
    pendulum, hero = (page.locator(part).bounding_box() for part in (".swing-up svg", ".hero"))
    middle = pendulum["x"] + pendulum["width"] / 2
    if size[0] < 500:  # it stands below the doors, in the middle
        assert middle == pytest.approx(hero["x"] + hero["width"] / 2, abs=2)


FIGURES = {"01-loss-as-chain-rule": "w", "03-ddpg-on-pendulum": "torque a"}


@pytest.mark.slow
@pytest.mark.parametrize("lesson", FIGURES)
def test_a_live_figure_stands_in_its_place_and_follows_the_keyboard(built_site: Path, page: Page, lesson: str):
    page.goto((built_site / LESSONS[lesson]).as_uri())
    figure = page.locator("[data-live-figure]", has=page.get_by_role("slider", name=FIGURES[lesson], exact=True))
    slider, says = figure.get_by_role("slider", name=FIGURES[lesson], exact=True), figure.get_by_role("status")
    expect(slider).to_be_visible()
    before, value = says.inner_text(), slider.get_attribute("aria-valuetext")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(says).not_to_have_text(before)
    expect(slider).not_to_have_attribute("aria-valuetext", str(value))
    expect(figure.locator(".live-figure-still")).to_have_count(0)


# The brightness (0 to 255) of the first pixel of a picture, its ground, as the page shows it.
GROUND_OF = """async png => { const picture = new Image();
  picture.src = 'data:image/png;base64,' + png; await picture.decode();
  const canvas = document.createElement('canvas').getContext('2d'); canvas.drawImage(picture, 0, 0);
  return canvas.getImageData(1, 1, 1, 1).data[1]; }"""


@pytest.mark.slow
@both_schemes
def test_a_figure_has_the_pages_scheme_also_where_the_reader_chose_the_other(
    built_site: Path, page: Page, request: pytest.FixtureRequest
):
    page.goto((built_site / LESSONS["01-loss-as-chain-rule"]).as_uri())
    figure = page.locator("img.lesson-figure[alt^='Relative error']")
    system = request.node.callspec.params["page"]
    for theme, scheme in (("auto", system), ("light", "light"), ("dark", "dark")):
        page.evaluate("theme => { document.body.dataset.theme = theme }", theme)
        figure.scroll_into_view_if_needed()
        page.wait_for_function("i => i.complete", arg=figure.element_handle())
        ground = page.evaluate(GROUND_OF, base64.b64encode(figure.screenshot()).decode())
        assert (ground > 240) if scheme == "light" else (ground < 40), (system, theme, ground)


@pytest.mark.slow
def test_without_scripts_a_live_figure_is_a_picture_with_words(built_site: Path, browser: Browser):
    opened = browser.new_page(java_script_enabled=False)
    opened.goto((built_site / LESSONS["01-loss-as-chain-rule"]).as_uri())
    stills = opened.locator("[data-live-figure] .live-figure-still img")
    expect(stills).to_have_count(3)
    assert all(len(still.get_attribute("alt") or "") > 40 for still in stills.all())
    opened.close()


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
        page.wait_for_function(CLOSED, arg=drawer)
        tab_to(page, f".{button} button")
        page.keyboard.press("Enter")
        page.wait_for_function(OPEN, arg=drawer)
        tab_to(
            page, f"{drawer} a", most=500
        )  # past a whole lesson; each stop on the way is on the screen and has its ring
        page.mouse.click(690 if drawer == ".sidebar-drawer" else 10, 450)  # beside it: it closes
        page.wait_for_function(CLOSED, arg=drawer)
    tab_to(page, "#furo-main-content a")
    page.locator(".nav-overlay-icon button").click()  # a click opens it once, and not twice
    expect(page.locator("#__navigation")).to_be_checked()


# Whenever the focus has moved and the page begins to scroll, all that is below the lesson's title moves down.
UNREST = """() => { let waits = false; window.moved = 0;
  addEventListener('focusin', () => { waits = true });
  addEventListener('scroll', () => { if (!waits) return;
    waits = false; window.moved += 1;
    const late = document.createElement('div'); late.style.height = '1200px';
    document.querySelector('article section').children[0].after(late); }); }"""
GLIDE = "html { scroll-behavior: smooth !important }"


# As long as a page scrolls, its position changes from one frame to the next.
AT_REST = """async () => {
  for (let was = NaN, still = 0; still < 10; was = scrollY) {
    await new Promise(requestAnimationFrame);
    still = scrollY === was ? still + 1 : 0;
  }
}"""
LOST = """() => { const e = document.activeElement, at = e.getBoundingClientRect();
  const bar = document.querySelector('.mobile-header').getBoundingClientRect().bottom;
  return Boolean(e.closest('article')) && (at.bottom <= bar || at.top >= innerHeight); }"""


def lost_on_the_way(page: Page, stops: int) -> int:
    """How often the focus is in the text and not on the screen, below the bar, when the page has come to rest."""
    lost = 0
    for _ in range(stops):
        page.keyboard.press("Tab")
        page.evaluate(AT_REST)
        lost += page.evaluate(LOST)
    return lost


@pytest.mark.slow
def test_the_focus_stays_on_the_screen_while_the_page_grows_above_it(built_site: Path, page: Page):
    """The theme's smooth scrolling ended where the focus would have been, had nothing moved."""
    page.set_viewport_size({"width": 700, "height": 900})
    for style, found in (("/* as it is */", False), (GLIDE, True)):
        page.goto((built_site / LESSONS["01-loss-as-chain-rule"]).as_uri())
        page.add_style_tag(content=style)
        tab_to(page, ".skip-to-content")
        page.keyboard.press("Enter")
        page.evaluate(UNREST)
        assert (lost_on_the_way(page, 15) > 0) is found
        assert page.evaluate("window.moved") >= 3


@pytest.mark.slow
def test_search_works_without_a_network(built_site: Path, page: Page):
    page.goto((built_site / "search.html").as_uri() + "?q=surrogate")
    page.wait_for_selector("#search-results li")
    results = page.locator("#search-results")
    expect(results).to_contain_text("Loss as chain rule")
    found = results.locator("li:has(a[href*='loss_as_chain_rule']) p.context").first
    expect(found).to_have_text(re.compile("surrogate", re.I))
    expect(found).to_have_text(re.compile(r"^.{41,399}$", re.S))
    expect(found.locator("mark")).not_to_have_count(0)


@pytest.mark.slow
def test_the_search_page_can_be_asked(built_site: Path, page: Page):
    page.goto((built_site / "search.html").as_uri())
    expect(page.locator("article h1")).to_have_text(re.compile("^Search"))
    page.get_by_label("Words to look for").fill("surrogate")
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_selector("#search-results li")
    expect(page.get_by_label("Words to look for")).to_have_value("surrogate")
