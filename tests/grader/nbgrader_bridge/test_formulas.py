"""Formulas in nbgrader's pages: drawn without a network, and nothing but formulas."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook
from nbgrader.server_extensions.formgrader import handlers
from playwright.sync_api import expect
from traitlets.config import Config

from grader.course import Chapter, chapters
from grader.nbgrader_bridge.feedback_page import as_html
from grader.nbgrader_bridge.formgrader_pages import SubmissionPage
from grader.nbgrader_bridge.formulas import ATTRIBUTES, ELEMENTS, MOST_LATEX, MOST_OF_CELL, formula, offline_pages
from grader.notebooks.overwrite_cells import neutralize_markup
from grader.notebooks.source import source_notebook
from tests.support.browser import chromium, watched_page

# Each tries to end as something else than a formula; latex2mathml passes the first eleven on as they are.
ATTACKS = (
    r"\text{<script>window.pwned=1</script>}",
    r"\text{<img src=x onerror=window.pwned=1>}",
    r"\mbox{</math><img src=x onerror=window.pwned=1>}",
    r"\href{javascript:window.pwned=1}{x}",
    r"\style{background:url(javascript:window.pwned=1)}{x}",
    r"\class{x}{y}",
    r"\tag{<b onclick=window.pwned=1>}x",
    r"\text{<mtext onclick='window.pwned=1'>x</mtext>}",
    r"\text{<annotation-xml encoding='text/html'><svg onload='window.pwned=1'></svg></annotation-xml>}",
    r"\text{<maction actiontype='statusline' href='javascript:window.pwned=1'>x</maction>}",
    r"\text{<mi xmlns='http://www.w3.org/1999/xhtml' onclick='window.pwned=1'>x</mi>}",
    r'\color{red" onclick="window.pwned=1}{x}',
    r'\hspace{1em" onclick="window.pwned=1}',
    r"\text{<!--><img src=x onerror=window.pwned=1>-->}",
    r"\text{<![CDATA[<img src=x onerror=window.pwned=1>]]>}",
    r"\text{<?x ><img src=x onerror=window.pwned=1>?>}",
    r"\text{&lt;img src=x onerror=window.pwned=1&gt;}",
    r"\left<img src=x onerror=window.pwned=1\right>",
    r"\hspace{99999em}x",
    r"\begin{array}{c}<img src=x onerror=window.pwned=1>\end{array}",
)


class Tags(HTMLParser):
    """Every element of a page and its attributes, read as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("latex", ATTACKS)
@pytest.mark.parametrize("block", [False, True])
def test_nothing_but_a_formula_comes_out(latex: str, block: bool) -> None:
    made = Tags(formula(latex, block=block))
    assert {name for name, _ in made.found} <= ELEMENTS
    assert {key for _, given in made.found for key in given} <= ATTRIBUTES
    assert not re.search(r"9999|:", " ".join(str(v) for _, given in made.found for v in given.values()))


def test_a_formula_that_is_not_understood_stays_as_its_source() -> None:
    for latex in (r"\nosuchword <b>", r"\href{javascript:1}{x}", "x^", "{" * 900 + "}" * 900, "x+" * MOST_LATEX):
        made = Tags(formula(latex, block=False))
        assert made.found == []
        assert made.text == f"${latex}$"


def test_what_is_disarmed_in_a_students_text_is_still_a_formula() -> None:
    """The space of no width that keeps tags from beginning (overwrite_cells) stands in formulas, too."""
    for latex in ("a <b", "f(x)[i](j)"):
        assert neutralize_markup(latex) != latex
        assert formula(neutralize_markup(latex), block=False) == formula(latex, block=False)
        assert "<math" in formula(latex, block=False)


def page(*texts: str, template: str = "formgrade") -> str:
    """These texts as nbgrader shows them."""
    notebook = new_notebook(cells=[new_markdown_cell(text) for text in texts])
    if template == "feedback":
        return as_html(notebook, "Title", "Ann", {"score": 0, "max_score": 0})
    offline_pages()
    c = Config()
    c.HTMLExporter.template_name = template
    c.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    c.HTMLExporter.extra_template_paths = [f"{handlers.static_path}/node_modules/bootstrap/dist/css"]
    return SubmissionPage(config=c).from_notebook_node(notebook, {"index": 0, "total": 1})[0]


@pytest.mark.parametrize("chapter", chapters(), ids=lambda c: c.key)
def test_every_formula_of_a_lesson_is_drawn_on_the_formgraders_page(chapter: Chapter) -> None:
    texts = [c.source for c in source_notebook(chapter).cells if c.cell_type == "markdown"]
    made = page(*texts)
    assert made.count("<math") > (3 if chapter.key == "lab" else 50)
    prose = re.sub(r"<(pre|code|script|style)\b.*?</\1>", "", made, flags=re.S)
    assert not re.findall(r"\$[^$\n]{1,80}\$|\\(?:frac|partial|nabla|begin)", prose)


@pytest.mark.parametrize("template", ["formgrade", "feedback"])
def test_nbgraders_pages_draw_every_way_to_write_a_formula_and_fetch_nothing(template: str) -> None:
    ways = ("so $x^2$ is", "$$\nx^2\n$$", r"\\(x^2\\)", r"\\[x^2\\]", "\\begin{align}\nx &= 1\n\\end{align}")
    made = page(*ways, template=template)
    assert made.count("<math") == len(ways)
    assert not re.search(r"(src|href)=.https?:|import .*https?:|cdnjs", made)


def test_so_much_of_a_cell_is_drawn_and_the_rest_stays_as_source() -> None:
    many = MOST_OF_CELL // 100
    made = page(" ".join(f"${'x' * 100}$" for _ in range(many + 10)))
    assert made.count("<math") == many


@pytest.mark.slow
def test_a_tall_bracket_with_an_exponent_is_as_tall_as_its_partner(tmp_path: Path) -> None:
    """And both as tall as the fraction between them, with the font that the pages ask for."""
    file = tmp_path / "page.html"
    file.write_text(page(r"$$\Big(\frac{a}{b}\Big)^T x$$", template="feedback"), encoding="utf-8")
    with chromium() as browser, watched_page(browser) as opened:
        opened.goto(file.as_uri())
        opened.locator("#lesson > summary").click()
        expect(opened.locator("mo").last).to_be_visible()
        tall = [b.bounding_box()["height"] for b in opened.locator("mo").all()]  # type: ignore[index]
    assert len(tall) == 2
    assert tall[0] == pytest.approx(tall[1], rel=0.05)
    assert tall[0] > 24
