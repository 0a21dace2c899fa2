"""What a report looks like: sentences said once, pictures of the way, pages without a script, links that lead."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from docutils.nodes import make_id

from grader.course import ROOT, chapters
from gradexaminer import Report
from gradexaminer.findings import EXPLAINS, FAULT, NOT_SEEN, NOTE, Finding
from gradexaminer.pictures.flow import FLOW, LEAK, NODES, RIGHT, Edge, as_lines, make_flow
from gradexaminer.pictures.marks import MARKS, picture_of
from gradexaminer.pictures.svg import as_svg
from gradexaminer.running.script_words import OF_A_SCRIPT
from gradexaminer.words import MEANINGS, Section

NOTHING_RAN = {"crashed", "nothing-learned", *OF_A_SCRIPT.values()}
WITHOUT_PICTURE = {*NOTHING_RAN, "out-of-scope", "question-open"}  # nothing on the gradient's way
HOSTILE = "</title><script>alert(1)</script><img src=x onerror='alert(1)'> & \"'"
SECTIONS = sorted({m.lesson for m in MEANINGS.values() if m.lesson}, key=lambda s: s.page)


def headings(chapter: int) -> dict[str, str]:
    """A chapter's headings without their numbers -> as they stand."""
    text = next(c for c in chapters() if c.assignment_id.startswith(f"{chapter:02}")).source.read_text(encoding="utf-8")
    found = re.findall(r"^#{1,3} (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"^\d+ · ", "", h): h for h in found}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.page)
def test_the_section_that_explains_a_finding_is_in_the_course(section: Section):
    heading = headings(section.chapter).get(section.heading)
    assert heading, f"chapter {section.chapter} has no section {section.heading!r}"
    page, _, anchor = section.page.partition("#")
    assert anchor == make_id(heading)
    assert (ROOT / page).with_suffix(".ipynb").is_file()


def test_a_section_that_is_not_there_would_be_found():
    assert "The target is a label" in headings(2)
    assert "The target is a table" not in headings(2)


def test_every_code_that_the_examiner_adds_has_words():
    source = "\n".join(f.read_text(encoding="utf-8") for f in (ROOT / "src" / "gradexaminer").rglob("*.py"))
    added = set(re.findall(r'report\.add\(\s*[A-Z_]+,\s*"([a-z-]+)"', source))
    assert len(added) > 30
    assert added <= set(MEANINGS)
    assert {code for cause, codes in EXPLAINS.items() for code in {cause, *codes}} <= set(MEANINGS)


def test_every_finding_has_a_picture_that_differs_from_a_right_update():
    assert set(MEANINGS) - set(MARKS) == WITHOUT_PICTURE, "add the new finding to pictures/marks.py"
    for code, mark in MARKS.items():
        assert mark.nodes or mark.ways, code
        assert mark.nodes <= set(NODES[mark.which]), code
        assert {end for way in mark.ways for end in way} <= set(NODES[mark.which]), code
        assert not mark.ways.items() <= RIGHT[mark.which].items() or mark.nodes, code


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("bootstrap-gradient", ["loss ~~> label y ~~> online network"]),
        ("untaken", ["loss ~~> Q(s, other actions) ~~> online network"]),
        ("zeroed-before-step", ["loss ==> Q(s, a) ==> online network -x- optimizer"]),
        ("actor-detached", ["actor's loss ==> Q(s, mu(s)) ==> critic ==> action mu(s) -x- actor"]),
        ("critic-moved-by-actor", ["actor's loss ==> Q(s, mu(s)) ==> critic ~~> actor's optimizer"]),
        ("mask-missing", []),
    ],
)
def test_the_way_as_text(code, lines):
    picture = picture_of(code)
    assert picture is not None
    assert as_lines(picture) == lines


def test_behind_a_cut_nothing_carries_gradient():
    kinds = {(e.start, e.end): e.kind for e in picture_of("detached").edges}
    assert kinds["loss", "prediction"] == "cut"
    assert FLOW not in kinds.values()


def test_a_critic_of_continuous_actions_has_no_outputs_of_other_actions():
    assert "others" in make_flow("critic", {}).nodes
    flow = make_flow("critic", {}, discrete=False)
    assert "others" not in flow.nodes
    assert "others" not in {e.end for e in flow.edges}


@pytest.mark.parametrize("code", sorted(MARKS))
def test_a_picture_is_well_formed_and_says_in_words_what_it_shows(code):
    flow = picture_of(code)
    svg = ET.fromstring(as_svg(flow, "k1", HOSTILE))
    inside = [e.tag.rpartition("}")[2] for e in svg.iter()]
    assert set(inside) <= {"svg", "title", "desc", "style", "g", "path", "polygon", "rect", "text"}
    title, desc = svg[0], svg[1]
    assert title.text == HOSTILE
    assert svg.attrib["aria-labelledby"] == f"{title.attrib['id']} {desc.attrib['id']}"
    for node in flow.marked:
        assert flow.nodes[node].name in desc.text
    if Edge("loss", "label", LEAK) in flow.edges:
        assert "Leaks: loss to label y" in desc.text or "leaks: loss to label y" in desc.text
    width = float(svg.attrib["viewBox"].split()[2])
    for box in (e for e in svg.iter() if e.tag.endswith("rect")):
        assert 0 <= float(box.attrib["x"]) <= float(box.attrib["x"]) + float(box.attrib["width"]) <= width


class Elements(HTMLParser):
    """Names of all elements, attributes and what they hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def report_with(*codes: str, where: str = "agent.q", evidence: str = "7") -> Report:
    return Report(["DQN"], [Finding(FAULT, code, where, evidence) for code in codes], 6, 50.0)


def test_a_page_shows_whatever_the_stranger_wrote_as_text_and_loads_nothing():
    said = report_with("mask-missing", "untaken", where=HOSTILE, evidence=HOSTILE)
    said.conventions = [HOSTILE]
    for page in (said.as_html(lessons="https://example.org"), said._repr_html_()):
        found = Elements(page)
        assert not {"script", "img", "link", "iframe", "object"} & set(found.names)
        assert not [name for name, _ in found.attributes if name.startswith("on") or name in {"src", "srcset"}]
        assert "alert(1)" in page
        ids = [value for name, value in found.attributes if name == "id"]
        assert len(ids) == len(set(ids)) == 4
    assert "default-src 'none'" in said.as_html()


def test_a_page_links_to_the_lessons_where_it_knows_their_address():
    said = report_with("bootstrap-gradient")
    wanted = "course/02-dqn-on-taxi/dqn_on_taxi.html#the-target-is-a-label"
    links = [v for n, v in Elements(said.as_html(lessons="https://example.org/site/")).attributes if n == "href"]
    assert links == [f"https://example.org/site/{wanted}"]
    for address in ("", "javascript:alert(1)//"):
        assert "href" not in said.as_html(lessons=address)
        assert "The target is a label" in said.as_html(lessons=address)


def test_reports_in_one_notebook_share_no_id():
    said = report_with("untaken")
    ids = [v for n, v in Elements(said._repr_html_() + said._repr_html_()).attributes if n == "id"]
    assert len(ids) == len(set(ids)) == 4


def test_nothing_is_said_of_a_right_update_but_that():
    page = Report(["DQN"], [], 6, 50.0).as_html()
    assert "Examined: nothing to object to" in page
    assert "<svg" not in page


def test_what_twins_share_is_said_once():
    said = Report()
    said.add(FAULT, "max-of-twins", "agent.q1", "the same")
    said.add(FAULT, "max-of-twins", "agent.q2", "the same")
    said.add(FAULT, "untaken", "agent.q1", "70%")
    said.add(FAULT, "untaken", "agent.q2", "68%")
    said.add(FAULT, "shared-storage", "a, b", "addresses")
    said.add(FAULT, "shared-storage", "b, a", "addresses")
    said.add(NOTE, "untaken", "agent.q3", "an other level stays apart")
    found = {(f.level, f.code): (f.where, f.evidence) for f in said.settle().findings}
    assert found == {
        (FAULT, "max-of-twins"): ("agent.q1, agent.q2", "the same"),
        (FAULT, "untaken"): ("agent.q1, agent.q2", "70%; agent.q2: 68%"),
        (FAULT, "shared-storage"): ("a, b", "addresses"),
        (NOTE, "untaken"): ("agent.q3", "an other level stays apart"),
    }


def test_what_follows_from_a_fault_is_not_said_and_stays_where_there_is_no_fault():
    for level, kept in ((FAULT, {"alias"}), (NOTE, {"alias", "target-never"})):
        said = Report()
        said.add(level, "alias", "a, b")
        said.add(NOT_SEEN, "target-never", "b")
        assert {f.code for f in said.settle().findings} == kept


def test_a_report_is_the_same_after_its_way_through_json():
    said = report_with("untaken", "mask-missing")
    said.discrete = False
    assert Report.from_dict(said.as_dict()) == said
    assert "~~>" not in said.as_text(lessons=True)


def test_the_text_for_a_terminal_has_the_way_the_section_and_a_legend():
    text = report_with("bootstrap-gradient").as_text(lessons=True)
    assert "    gradient: loss ~~> label y ~~> online network\n" in text
    assert '    Explained in chapter 2, "The target is a label".\n' in text
    assert text.endswith("(==> carries gradient, ~~> leaks, -x- is cut)")
    assert "~~>" not in str(report_with("bootstrap-gradient"))


def table() -> str:
    """All findings, as they stand on the page."""
    pages = {s.chapter: f"{s.page.partition('.html')[0]}.ipynb" for s in SECTIONS}
    rows = []
    for code, meaning in MEANINGS.items():
        s = meaning.lesson
        lesson = f"[{s.chapter}]({pages[s.chapter]}): {s.heading}" if s else ""
        rows.append(f"| `{code}` | {meaning.sentence} | {lesson} |\n")
    return "| word | says | explained in chapter |\n|---|---|---|\n" + "".join(rows)


def test_the_page_lists_all_findings():
    page = (ROOT / "docs" / "what-the-examiner-says.md").read_text(encoding="utf-8")
    assert page.partition("| word |")[1:] == table().partition("| word |")[1:], f"the table is now:\n{table()}"
