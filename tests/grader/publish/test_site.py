"""The site: nothing of a solution, nothing from elsewhere, links that lead somewhere."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

from grader.bank.entry import HIDDEN_SEED
from grader.bank.registry import entries
from grader.course import ROOT, Chapter, chapters, lessons
from grader.errors import GraderError
from grader.notebooks.source import source_notebook, template
from grader.publish.site import Page as Lesson
from grader.publish.site import lesson_page
from gradexaminer.words import MEANINGS
from gradschool.lessons.live_figures.page import MIME


def secrets(chapter: Chapter) -> set[str]:
    """Lines of a chapter's solutions, model answers and marking schemes that nothing a student has contains."""
    handed_out = squeezed("\n".join(c.source for lesson in lessons() for c in released(lesson).cells))
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
    assert len(lines) > {"lab": 30, "next": 20}.get(chapter.key, 40)  # else this test would look for nothing
    for file in [
        *built_site.rglob("*.html"),
        *built_site.rglob("*.txt"),
        *built_site.rglob("searchindex.js"),
        *built_site.rglob("excerpts.js"),
    ]:
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
    shown[2].outputs = [nbformat.v4.new_output("stream", name="stdout", text="3\n")]
    page = lesson_page(Lesson(chain, tmp_path), template(chain), executed)
    stub = next(c for c in page.cells if "def l2_gradient" in c.source)
    assert "raise NotImplementedError()" in stub.source
    assert "return p - l" not in stub.source
    picture, text = next(c for c in page.cells if c.id == shown[3].id).outputs  # the widget is left out
    file = f"../../_static/figures/{chain.assignment_id}-01.png"
    assert picture.data["text/html"] == f'<img src="{file}" alt="A &quot;curve&quot;" width="70" loading="lazy">'
    assert (tmp_path / "_static" / "figures" / f"{chain.assignment_id}-01.png").read_bytes() == b"\x89PNG\r\n\x1a\n"
    assert text.text == " 100%\nend\n"
    assert "instructors-run" in next(c for c in page.cells if c.id == shown[2].id).metadata.tags
    assert "instructors-run" not in next(c for c in page.cells if c.id == shown[3].id).metadata.tags  # a question
    assert "instructors-run" not in stub.metadata.get("tags", [])
    executed.cells = [c for c in executed.cells if c.id != shown[3].id]
    with pytest.raises(GraderError, match="stale"):
        lesson_page(Lesson(chain, tmp_path), template(chain), executed)


def test_a_live_figure_of_the_run_stands_live_on_the_page_with_its_picture_inside(tmp_path: Path, chain: Chapter):
    executed = source_notebook(chain)
    cell = next(c for c in executed.cells if c.cell_type == "code")
    figure = {MIME: {"module": "chain_graph", "data": {"start": {"w": 3}}}, "image/png": "iVBORw0KGgo="}
    how = {"image/png": {"alt": "The chain", "width": 70}}
    cell.outputs = [nbformat.v4.new_output("display_data", data=figure, metadata=how)]
    page = lesson_page(Lesson(chain, tmp_path), template(chain), executed)
    (output,) = next(c for c in page.cells if c.id == cell.id).outputs
    html = output.data["text/html"]
    assert '<div data-live-figure="chain_graph"><div class="live-figure-still"><img src="../../_static' in html
    assert 'alt="The chain"' in html
    assert '{"start":{"w":3}}</script>' in html
    assert 'class: "live-figure"' in html


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
def test_tables_that_a_lesson_prints_are_tables_on_the_site(built_site: Path):
    (page,) = (built_site / "course" / "03-ddpg-on-pendulum").glob("*.html")
    text = page.read_text(encoding="utf-8")
    for head in ("largest difference from 2: vjp by hand", "seeds at or above -200"):
        assert re.search(rf"<th[^>]*>(<p>)?{head}", text), head


@pytest.mark.slow
def test_each_output_says_whose_run_it_shows(built_site: Path):
    for chapter in lessons():
        text = (built_site / f"course/{chapter.assignment_id}/{chapter.notebook}.html").read_text(encoding="utf-8")
        assert text.count("Instructor’s run") >= 5, chapter.key
        checks = text.count('aria-label="check of')
        assert text.count("Here it is left for you to write.") == checks, chapter.key
        assert checks >= (0 if chapter.is_reading else 4), chapter.key


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


@pytest.mark.slow
def test_the_sections_that_the_examiner_names_are_on_the_site(built_site: Path):
    pages = {m.lesson.page for m in MEANINGS.values() if m.lesson}
    assert len(pages) > 15
    for file, _, anchor in (page.partition("#") for page in pages):
        assert f'id="{anchor}"' in (built_site / file).read_text(encoding="utf-8"), f"{file}#{anchor}"
