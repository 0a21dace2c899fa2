"""The site: nothing of a solution, nothing from elsewhere, links that lead somewhere, open to keyboard and voice."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser, Page

from grader.bank.entry import HIDDEN_SEED
from grader.bank.registry import entries
from grader.course import ROOT, Chapter, CourseDirectory, chapters
from grader.errors import GraderError
from grader.notebooks.source import source_notebook, template
from grader.publish.site import Page as Lesson
from grader.publish.site import lesson_page, site
from tests.support.axe import serious
from tests.support.browser import PATIENCE, SHOTS, chromium, tab_to

sys.path.insert(0, str(ROOT / "docs" / "_sphinx"))
from docstrings import paragraphs
from mathml import mathml

LESSONS = {c.assignment_id: f"course/{c.assignment_id}/{c.notebook}.html" for c in chapters()}
KINDS = [
    "index.html",
    *LESSONS.values(),
    "for-students.html",
    "threat-model.html",
    "api/diagnosis.patterns.html",
    "search.html",
]


@pytest.fixture(scope="module")
def built_site() -> Path:
    """The site as `make site` makes it; solutions that were run lately are used again. Sphinx's warnings are errors."""
    return site(CourseDirectory(ROOT / "build", ROOT / "course"), chapters()).parent


# ---------------------------------------------------------------- nothing of a solution


def secrets(chapter: Chapter) -> set[str]:
    """Lines of a chapter's solutions, model answers and marking schemes that nothing a student has contains."""
    handed_out = squeezed("\n".join(c.source for c in released(chapter).cells))
    found = set()
    for cell in source_notebook(chapter).cells:
        role = cell.metadata.get("nbgrader", {})
        if "instructor" in cell.metadata.get("tags", []) or (cell.cell_type == "markdown" and role.get("solution")):
            parts = re.split(r"[\n|.]", cell.source)
        else:
            parts = "\n".join(re.findall(r"### BEGIN SOLUTION(.*?)### END SOLUTION", cell.source, re.S)).splitlines()
        found |= {squeezed(p) for p in parts if len(squeezed(p)) >= 14}
    package = squeezed("\n".join(f.read_text(encoding="utf-8") for f in (ROOT / "src").rglob("*.py")))
    return {line for line in found if line not in handed_out and line not in package}


def released(chapter: Chapter) -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "course" / chapter.assignment_id / f"{chapter.notebook}.ipynb", as_version=4)


def squeezed(text: str) -> str:
    """Without white space, emphasis and code marks, which Markdown and a highlighter change."""
    return re.sub(r"[\s`*]+", "", text)


def words_of(page: str) -> str:
    return squeezed(unescape(re.sub(r"<[^>]*>", "", page)))


@pytest.mark.slow
@pytest.mark.parametrize("chapter", chapters(), ids=lambda c: c.key)
def test_no_line_of_a_solution_model_answer_or_marking_scheme_is_on_any_page(built_site: Path, chapter: Chapter):
    lines = secrets(chapter)
    assert len(lines) > 40  # else this test would look for nothing
    for file in [*built_site.rglob("*.html"), *built_site.rglob("*.txt"), *built_site.rglob("searchindex.js")]:
        page = words_of(file.read_text(encoding="utf-8"))
        assert not [line for line in lines if line in page], file


@pytest.mark.parametrize("chapter", chapters(), ids=lambda c: c.key)
def test_the_search_for_solutions_would_find_them(chapter: Chapter):
    """The same search on the instructor's notebook: every line is found, so that a page made from it would fail."""
    whole = squeezed("\n".join(c.source for c in source_notebook(chapter).cells))
    assert all(line in whole for line in secrets(chapter))


@pytest.mark.slow
def test_no_hint_of_a_known_mistake_and_no_hidden_seed_is_on_any_page(built_site: Path):
    pages = [words_of(f.read_text(encoding="utf-8")) for f in built_site.rglob("*.html")]
    hints = [squeezed(m.hint) for c in chapters() for e in entries(c.key).values() for m in e.mutants]
    assert len(hints) > 250
    assert not [h for h in hints for page in pages if h in page]
    assert not [page for page in pages if str(HIDDEN_SEED) in page]


def test_a_page_has_the_students_cells_and_the_teachers_pictures(tmp_path: Path, chain: Chapter):
    executed = source_notebook(chain)
    shown = [c for c in executed.cells if c.cell_type == "code"]
    widget = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider()"}
    png = {"image/png": "iVBORw0KGgo=", "text/plain": "A falling curve."}
    shown[3].outputs = [
        nbformat.v4.new_output("display_data", data=png, metadata={"image/png": {"alt": 'A "curve"', "width": 70}}),
        nbformat.v4.new_output("display_data", data=widget),
        nbformat.v4.new_output("stream", name="stdout", text="  10%\r 100%\nend\n"),
    ]
    page = lesson_page(Lesson(chain, tmp_path), template(chain), executed)
    stub = next(c for c in page.cells if "def l2_gradient" in c.source)
    assert "raise NotImplementedError()" in stub.source
    assert "return p - l" not in stub.source
    picture, text = next(c for c in page.cells if c.id == shown[3].id).outputs  # the widget is left out
    file = f"../../_static/figures/{chain.assignment_id}-01.png"
    assert picture.data["text/html"] == f'<img src="{file}" alt="A &quot;curve&quot;" width="70" loading="lazy">'
    assert (tmp_path / "_static" / "figures" / f"{chain.assignment_id}-01.png").read_bytes() == b"\x89PNG\r\n\x1a\n"
    assert text.text == " 100%\nend\n"
    executed.cells = [c for c in executed.cells if c.id != shown[3].id]
    with pytest.raises(GraderError, match="stale"):
        lesson_page(Lesson(chain, tmp_path), template(chain), executed)


# ---------------------------------------------------------------- nothing from elsewhere, links that lead somewhere


class Links(HTMLParser):
    """Every address that a page loads or leads to, and every place in it that a link may name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        if tag in ("a", "area"):
            self.leads += [given["href"]] if "href" in given else []
        else:
            self.loads += [given[n] for n in ("src", "href", "data", "poster", "srcset", "action") if n in given]


@pytest.fixture(scope="module")
def linked(built_site: Path) -> dict[Path, Links]:
    return {f.resolve(): Links(f.read_text(encoding="utf-8")) for f in built_site.rglob("*.html")}


@pytest.mark.slow
def test_pages_load_nothing_from_elsewhere(built_site: Path, linked: dict[Path, Links]):
    for file, links in linked.items():
        for address in links.loads:
            if not address.startswith(("data:", "#")):
                assert not urlsplit(address).scheme, (file, address)
                assert not urlsplit(address).netloc, (file, address)
                assert (file.parent / unquote(urlsplit(address).path)).exists(), (file, address)
    for sheet in built_site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


@pytest.mark.slow
def test_every_link_leads_somewhere(linked: dict[Path, Links]):
    seen = 0
    for file, links in linked.items():
        for address in links.leads:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                assert parts.scheme == "https", (file, address)
                assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), (file, address)
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            assert target.exists(), (file, address)
            if parts.fragment and target in linked:
                assert unquote(parts.fragment) in linked[target].places | {""}, (file, address)
            seen += 1
    assert seen > 500


# ---------------------------------------------------------------- formulas and docstrings


def formulas(text: str) -> list[tuple[str, bool]]:
    """Every formula in a source's prose: its LaTeX, and whether it stands on a line of its own."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)
    found = re.finditer(r"\$\$(?P<block>.+?)\$\$|(?<![\\$])\$(?P<inline>[^$\n]+?)\$(?!\$)", prose, re.S)
    return [(m["block"] or m["inline"], m["block"] is not None) for m in found]


@pytest.mark.parametrize("chapter", chapters(), ids=lambda c: c.key)
def test_every_formula_of_a_lesson_becomes_mathml(chapter: Chapter):
    found = formulas(chapter.source.read_text(encoding="utf-8"))
    assert len(found) > 50
    for latex, block in found:
        assert "<merror" not in mathml(latex, block=block)


def test_an_unknown_word_in_a_formula_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"\\nosuchword"):
        mathml(r"a + \nosuchword", block=False)


def test_a_prime_stands_beside_its_letter_and_not_in_the_air():
    for latex in (r"\phi' + 1", "f'''(x)", "Q'(s', a')"):
        assert "msup" not in mathml(latex, block=False)
    assert "<msup>" in mathml("x^2", block=False)


def test_names_of_operators_stand_upright_and_in_one_piece():
    made = mathml(r"\operatorname*{arg\,max}_{a} Q \quad \arg\max_a Q \quad \operatorname{relu}(z)", block=True)
    assert made.replace("&#x000A0;", " ").count(">arg max</mo>") == 2
    assert "<mi>relu</mi>" in made


@pytest.mark.slow
def test_no_formula_is_left_as_source_on_a_page(built_site: Path):
    for name in LESSONS.values():
        page = (built_site / name).read_text(encoding="utf-8")
        prose = re.sub(r"<(pre|code)\b.*?</\1>", "", page, flags=re.S)
        assert prose.count("<math") > 50
        assert not re.findall(r"\\(?:frac|tfrac|partial|nabla)|\$\$", prose), name


def test_docstrings_keep_their_signs_and_their_lines():
    lines = ["Makes x*y of `a_b`, see :func:`f`.", "", "p -- predictions, (n,)", "l -- labels", "", "    code(*args)"]
    assert paragraphs(lines) == [
        *("Makes x\\*y of ``a_b``, see :func:`f`.", ""),
        *("| p -- predictions, (n,)", "| l -- labels", ""),
        *("::", "", "    code(*args)", ""),
    ]


# ---------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that asks for nothing from elsewhere and writes no error to its console."""
    opened = browser.new_page(viewport={"width": 1300, "height": 1000}, color_scheme=request.param)
    opened.set_default_timeout(PATIENCE)
    trouble: list[str] = []
    opened.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda e: trouble.append(str(e)))
    opened.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else trouble.append(r.url))
    yield opened
    opened.close()
    assert trouble == []


@pytest.mark.slow
def test_axe_finds_nothing_serious_on_any_kind_of_page(built_site: Path, page: Page, request: pytest.FixtureRequest):
    scheme = request.node.callspec.params["page"]
    for name in KINDS:
        page.goto((built_site / name).as_uri())
        assert serious(page) == [], name
        page.screenshot(path=SHOTS / f"site-{Path(name).stem}-{scheme}.png")


@pytest.mark.slow
def test_axe_would_find_a_picture_without_words(built_site: Path, page: Page):
    page.goto((built_site / "index.html").as_uri())
    page.evaluate("document.querySelector('article').append(document.createElement('img'))")
    assert any(found.startswith("image-alt") for found in serious(page))


@pytest.mark.slow
def test_pages_fit_a_phone_and_every_picture_is_there(built_site: Path, page: Page, request: pytest.FixtureRequest):
    page.set_viewport_size({"width": 390, "height": 844})
    for name in KINDS:
        page.goto((built_site / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        page.evaluate("document.querySelectorAll('img').forEach(i => { i.loading = 'eager' })")
        page.wait_for_function("[...document.images].every(i => i.complete)")
        assert page.evaluate("[...document.images].filter(i => !i.naturalWidth || !i.alt).length") == 0, name
        page.screenshot(path=SHOTS / f"site-{Path(name).stem}-phone-{request.node.callspec.params['page']}.png")


OPEN_TO_ALL = """() => [...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')].filter(
  e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}) && e.tabIndex >= 0 && e.type != 'hidden'
  ).length"""
HERE = """() => { const e = document.activeElement, s = getComputedStyle(e), box = e.getBoundingClientRect();
  e.dataset.reached = 1;
  return {text: e.textContent.trim(), outlined: s.outlineStyle != 'none' || s.boxShadow != 'none',
          shown: box.width > 0 && box.height > 0 && box.right > 0 && box.left < innerWidth,
          body: e === document.body} }"""


@pytest.mark.slow
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
