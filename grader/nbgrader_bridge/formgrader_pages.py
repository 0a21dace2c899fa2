"""The formgrader's own pages: bounded, escaped, and opened at what needs a mark.

nbgrader has no setting for them, so its server extension is told here, when our configuration is loaded inside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, FileSystemLoader
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import Highlight2HTML, ansi2html
from nbformat import NotebookNode, v4

from grader.nbgrader_bridge.bounded import in_process
from grader.nbgrader_bridge.pieces import NAMELESS, PICTURES, Pieces, picture_words, squeezed

EXTENSION = "nbgrader.server_extensions.formgrader.formgrader"
MOST_PLAIN = 2_000  # characters of a cell on a page that could not be laid out
PLAIN = (
    "This page could not be laid out: texts are cut, and nothing that cells showed is here. Open the notebook itself."
)
# nbgrader writes "last name, first name", also where there is one name only.
NAMES = """<script>
const withoutComma = () => document.querySelectorAll(".student-name, .student-name a, .name, .name a").forEach(e => {
  for (const n of e.childNodes) if (n.nodeType === 3 && /^, |, $/.test(n.data)) n.data = n.data.replace(/^, |, $/g, "");
  if (/, $/.test(e.dataset.order || "")) e.dataset.order = e.dataset.order.slice(0, -2);
});
new MutationObserver(withoutComma).observe(document.body, {childList: true, subtree: true, characterData: true});
</script>
"""


class SubmissionPage(HTMLExporter):
    """nbconvert's exporter of a submission's page, on which a person marks it.

    What the page is told of a student (names come from an LMS's file) is escaped, which nbgrader's template leaves out.
    """

    _is_warm = False

    def from_notebook_node(  # type: ignore[override]  # nbconvert's own classes differ from each other
        self, nb: NotebookNode, resources: Any = None, **kw: Any
    ) -> tuple[str, Any]:
        """Return the page as HTML, and its resources."""
        told = {k: escape(v) if isinstance(v, str) else v for k, v in dict(resources or {}).items()}
        if not self._is_warm:
            self._warm(told)
        made = in_process(lambda: self._laid_out(nb, told)) or in_process(lambda: self._laid_out(_cut(nb), told))
        return made or f"<!DOCTYPE html><title>Submission</title><p>{PLAIN}</p>", resources

    def _warm(self, told: dict[str, Any]) -> None:
        """Lay out a page of ours once, so that no forked process compiles the templates and patterns anew."""
        with suppress(Exception):  # what is wrong shows on the page itself
            self._laid_out(_sample(), dict(told))
            self._is_warm = True

    def _laid_out(self, nb: NotebookNode, told: dict[str, Any]) -> str:
        pieces, code = Pieces(), Highlight2HTML(pygments_lexer="ipython3", parent=self)

        def highlighted(source: str, metadata: Any = None) -> str:
            return pieces.piece(source, lambda text: str(code(text, metadata=metadata)))

        def printed(text: str) -> str:
            short, note = squeezed(text)
            return (pieces.budget.run(lambda: str(ansi2html(short))) or escape(short)) + (f"\n{note}" if note else "")

        filters = {"markdown2html": pieces.markdown, "highlight_code": highlighted, "ansi2html": printed}
        self.filters.update(filters)  # another dictionary would have every template compiled anew
        for name, function in filters.items():
            self.register_filter(name, function)  # type: ignore[no-untyped-call]  # nbconvert's
        page, _ = super().from_notebook_node(_described(nb), told)
        return page


def _sample() -> NotebookNode:
    """Return a small notebook with each kind of cell and output that a submission has."""
    shown = [
        v4.new_output("stream", text="printed\n"),
        v4.new_output("display_data", data={"text/html": "<b>shown</b>", "text/plain": "shown"}),
        v4.new_output("error", ename="ValueError", evalue="said", traceback=["\x1b[31mValueError\x1b[0m: said"]),
    ]
    answer = v4.new_code_cell("import numpy as np\nx = np.zeros(3)", outputs=shown)
    prose = v4.new_markdown_cell("# Heading\n\n| a | b |\n|---|---|\n| 1 | `x` |\n\n- $x^2$ and **bold**")
    graded: NotebookNode = v4.new_notebook(cells=[prose, answer, v4.new_code_cell("assert x")])
    kinds = ((False, True), (False, True), (True, False))
    for cell, (grade, solution) in zip(graded.cells, kinds, strict=True):
        cell.metadata["nbgrader"] = {"grade_id": cell.id, "grade": grade, "solution": solution, "points": 1, "score": 0}
    return graded


def _described(nb: NotebookNode) -> NotebookNode:
    """Return the notebook with the words of its pictures where nbconvert looks for them."""
    for output in (o for cell in nb.cells for o in cell.get("outputs", [])):
        data = output.get("data", {})
        for kind in set(PICTURES) & set(data):
            words = picture_words(data.get("text/plain", ""))
            output.metadata = NotebookNode({**output.get("metadata", {}), kind: {"alt": words or NAMELESS}})
    return nb


def _cut(nb: NotebookNode) -> NotebookNode:
    """Return the notebook without outputs, its texts cut; the fields for marks stay, since they go by the cells."""
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = []
        cell.source = cell.source[:MOST_PLAIN]
    nb.cells.insert(0, NotebookNode(cell_type="markdown", metadata=NotebookNode(), source=f"**{PLAIN}**"))
    return nb


class _Templates(FileSystemLoader):
    """nbgrader's templates, with the names mended on each list, and the macros under the name that is asked for."""

    def get_source(self, environment: Environment, template: str) -> Any:
        known = {"formgrade_macros.tpl": "formgrade/formgrade_macros.html.j2"}.get(template, template)
        source, file, is_fresh = super().get_source(environment, known)
        return source.replace("</body>", NAMES + "</body>") if known == "base.tpl" else source, file, is_fresh


def environment(folder: str | Path) -> Environment:
    """Return what renders the lists: everything from an address or a student is escaped, which nbgrader leaves out."""
    loader: BaseLoader = _Templates([str(folder)])
    return Environment(loader=loader, autoescape=True)


def install() -> None:
    """Put these pages into the formgrader, if this process is the server that shows it."""
    if EXTENSION not in sys.modules:
        return
    from nbgrader.server_extensions.formgrader import handlers
    from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension

    theirs: Callable[[Any, Any], None] = FormgradeExtension.init_tornado_settings
    if hasattr(theirs, "__wrapped__"):
        return  # the configuration is read again for each course that is opened

    @wraps(theirs)
    def ours(self: Any, webapp: Any) -> None:
        theirs(self, webapp)
        pages = environment(handlers.template_path)
        page = SubmissionPage(config=self.config)  # type: ignore[no-untyped-call]  # nbconvert's
        webapp.settings.update(nbgrader_exporter=page, nbgrader_jinja2_env=pages)

    FormgradeExtension.init_tornado_settings = ours
