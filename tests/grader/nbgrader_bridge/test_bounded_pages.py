"""Pages come whatever a student wrote: each text ends within its time, and what does not is shown as it was written."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from html import unescape

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from grader.nbgrader_bridge import bounded, pieces
from grader.nbgrader_bridge.bounded import Budget, in_process
from grader.nbgrader_bridge.feedback_page import PLAIN, as_html, as_plain_html
from grader.nbgrader_bridge.formgrader_pages import SubmissionPage, environment
from grader.nbgrader_bridge.formulas import offline_pages
from grader.nbgrader_bridge.pieces import MOST_TEXT, Pieces, squeezed

FACTS = {"score": 1.0, "max_score": 2.0}
# What quadratic and cubic parsers choke on: honest accidents first, then their relatives.
TEXTS = {
    "empty lines": "x = 1\n" + "\n" * 60_000 + "y = 2",
    "lines of blanks": "x = 1\n" + "   \n" * 60_000,
    "blanks": "a" + " " * 150_000 + "b",
    "tabs and blanks": "a" + " \t" * 75_000 + "b",
    "nested emphasis": "*a **b " * 20_000,
    "nested emphasis, closed": "*a **b " * 3_000 + "** *" * 3_000,
    "underscores": "_" * 100_000,
    "backticks": "`" * 100_000,
    "backticks of every length": " ".join("`" * k for k in range(1, 280)),
    "brackets": "[" * 100_000,
    "links that never end": "[a](" * 20_000,
    "pictures that never end": "![[" * 20_000,
    "dollars": "$" * 100_000,
    "formulas that never end": "$$ a $ " * 9_000,
    "environments that never end": r"\begin{a}" * 10_000,
    "many formulas": (r"$\sqrt{x_1^2}$ ") * 3_000,
    "deep formula": "$" + r"\frac{1}{" * 180 + "x" + "}" * 180 + "$",
    "deep quotes": "\n".join("> " * k + "a" for k in range(280)),
    "deep lists": "\n".join("  " * k + "- a" for k in range(190)),
    "one line of bullets": "- " * 20_000,
    "wide table": "|a" * 2_000 + "|\n" + "|-" * 2_000 + "|\n" + ("|b" * 2_000 + "|\n") * 5,
    "long table": "|a|b|\n|-|-|\n" + "|c|d|\n" * 6_000,
    "comments": "<!-- " * 20_000,
    "tags that never end": "<a " * 20_000,
    "entities": "&amp;" * 20_000,
    "backslashes": "\\" * 80_000,
    "underlined headings": "a\n=" * 10_000,
    "fences": "```\n" * 10_000,
    "definitions": "\n".join(f"[{i}]: x" for i in range(5_000)),
    "strikes": "~~a " * 10_000,
    "colors": "\x1b[31mx\x1b[0m" * 20_000,
    "colors that never end": "\x1b[" * 50_000,
    "a long line": "x = '" + "a" * 300_000 + "'",
    "quotes": "'" * 100_000,
    "parentheses": "(" * 100_000,
    "formatted text": "f'{" * 20_000,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("kind", ["markdown", "code", "terminal"])
def test_each_kind_of_text_ends(kind: str, text: str) -> None:
    started = time.process_time()
    made = getattr(Pieces(Budget(piece=0.5)), kind)(text)
    assert time.process_time() - started < 1.5
    assert len(made) < 25 * MOST_TEXT
    assert made


def test_a_text_that_a_reader_can_use_is_left_as_it_is() -> None:
    for text in ("x = 1\n\n\n\ny = 2\n", "a" + " " * 100 + "b", "word " * 2_000):
        assert squeezed(text) == (text, "") or len(text) > 4_000
    assert squeezed("word " * 2_000, MOST_TEXT) == ("word " * 2_000, "")  # a paragraph is one line of Markdown
    short, note = squeezed("x" + "\n" * 60_000)
    assert short.count("\n") < 30
    assert "empty lines" in note
    assert "Left out of this page" in Pieces().code(TEXTS["empty lines"])


def test_what_takes_too_long_is_shown_as_it_was_written_and_the_rest_is_laid_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def endless(text: str, escape_html: bool) -> str:
        while "slow" in text:
            with suppress(Exception):  # a parser that goes on whatever happens
                re.fullmatch(r"(a|aa)*b", "a" * 60)  # a pattern, which runs inside the interpreter's own code
        return "laid out"

    monkeypatch.setattr(pieces, "_markdown", endless)
    made = Pieces(Budget(piece=0.1))
    assert "<pre>slow &lt;b&gt;</pre>" in made.markdown("slow <b>")
    assert "takes too long" in made.markdown("slow")
    assert made.markdown("quick") == "laid out"
    tired = Pieces(Budget(piece=0.1, page=0.15))
    shown = [tired.markdown(text) for text in ("slow", "slow", "quick")]
    assert "takes too long" in shown[2]  # the page's time is used up: no piece is tried any more
    monkeypatch.setattr("grader.nbgrader_bridge.bounded.time.process_time", lambda: 0.0)  # a clock behind the timer's
    behind = Pieces(Budget(piece=0.1, page=0.1))
    assert all("takes too long" in behind.markdown(text) for text in ("slow", "quick"))


def test_a_process_that_does_not_end_or_fills_the_memory_gives_no_page() -> None:
    def endless() -> str:
        while True:
            pass

    assert in_process(lambda: "fine") == "fine"
    started = time.process_time()
    assert in_process(endless, seconds=1) is None
    assert in_process(lambda: "x" * 2**30, memory=2**27) is None
    assert in_process(lambda: str(1 // 0)) is None
    assert time.process_time() - started < 1


def graded(*cells: NotebookNode) -> NotebookNode:
    made = new_code_cell("def f(x):\n    return x", metadata={"nbgrader": {"grade_id": "f-solution", "solution": True}})
    check = new_code_cell(
        "check(f)", metadata={"nbgrader": {"grade_id": "f", "grade": True, "points": 2, "score": 1.0}}
    )
    return new_notebook(cells=[made, check, *cells])


def test_feedback_of_a_notebook_full_of_such_texts_ends() -> None:
    cells = [new_markdown_cell(text) for text in TEXTS.values()] + [new_code_cell(text) for text in TEXTS.values()]
    cells += [new_code_cell("1", outputs=[new_output("stream", text=text)]) for text in TEXTS.values()]
    started = time.monotonic()
    made = in_process(lambda: as_html(graded(*cells), "Title", "Ann", FACTS))
    assert made is not None
    assert "x = 1" in made
    assert time.monotonic() - started < bounded.PROCESS * 3
    plain = as_plain_html(graded(), "Title", "Ann", FACTS)
    assert PLAIN in plain
    assert "def f(x):" in plain
    assert "1 of 2" in plain


def exporter() -> SubmissionPage:
    offline_pages()
    c = Config()
    c.HTMLExporter.template_name = "formgrade"
    c.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    c.HTMLExporter.extra_template_paths = [f"{handlers.static_path}/node_modules/bootstrap/dist/css"]
    return SubmissionPage(config=c)


def page(notebook: NotebookNode, **told: object) -> str:
    return exporter().from_notebook_node(notebook, {"index": 0, "total": 1, **told})[0]


def test_the_templates_of_submissions_pages_are_compiled_once_and_for_all_forked_processes() -> None:
    pages, told = exporter(), {"index": 0, "total": 2}
    pages.from_notebook_node(graded(), told)
    compiled = pages._template_cached
    assert compiled is not None
    pages._laid_out(graded(), told)
    assert pages._template_cached is compiled


def test_a_submissions_page_is_there_to_be_marked_even_where_it_could_not_be_laid_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reflection = new_markdown_cell(
        "words", metadata={"nbgrader": {"grade_id": "r", "grade": True, "solution": True, "points": 6}}
    )
    whole = page(graded(reflection, *(new_markdown_cell(TEXTS[t]) for t in ("empty lines", "nested emphasis"))))
    assert 'id="r"' in whole
    laid_out = SubmissionPage._laid_out

    def first_fails(self: SubmissionPage, nb: NotebookNode, told: dict) -> str:
        if not any("could not be laid out" in c.source for c in nb.cells):
            raise MemoryError
        return laid_out(self, nb, told)

    monkeypatch.setattr(SubmissionPage, "_laid_out", first_fails)
    cut = page(graded(reflection))
    assert 'id="r"' in cut  # the field for the marks
    assert "could not be laid out" in cut


EVIL = '"></a><script>window.pwned=1</script><img src=x onerror="window.pwned=2">'


def test_hostile_names_and_ids_are_text_on_the_formgraders_pages() -> None:
    told = {"last_name": EVIL, "first_name": EVIL, "student": EVIL, "notebook_id": EVIL, "notebook_path": EVIL}
    lists = environment(handlers.template_path)
    of_student = lists.get_template("manage_students_notebook_submissions.tpl")
    not_found = lists.get_template("formgrade_404.tpl")
    for made in (
        page(graded(), **told),
        of_student.render(base_url="", student_id=EVIL, assignment_id=EVIL),
        not_found.render(resources={"filename": EVIL, "index": 0, "total": 1, **told}),
    ):
        assert "<script>window.pwned" not in made
        assert "<img src=x" not in made
        assert "window.pwned=1" in unescape(made)
