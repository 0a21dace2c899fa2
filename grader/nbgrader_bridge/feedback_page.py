"""nbgrader's feedback page for readers who need contrast, underlined links, or a voice that knows the language."""

from __future__ import annotations

from typing import Any

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode

_STYLE = """<style>
/* nbgrader's grey links and its code's grey ground are too pale for many: at least 4.5 to 1. Its style sheet takes the
   triangle off whatever can be unfolded. */
a, a.anchor-link { color: #1c4f82; text-decoration: underline; }
#toc { display: none; }  /* a second list of all cells; ours says which exercise it is and what to look at */
summary { display: list-item; cursor: pointer; }
a:focus-visible, summary:focus-visible { outline: 2px solid #1c4f82; outline-offset: 2px; }
div.nbgrader_cell .panel-primary > .panel-heading a, .panel-primary > .panel-heading a { color: #fff; }
div.nbgrader_cell .panel-heading { height: auto; min-height: 37px; background-color: #1c4f82; color: #fff; }
div.nbgrader_cell .panel-heading a { color: #fff; }
div.input_area, div.input_area pre, .highlight, .highlight pre { background: #fff; }
.text_cell_render { overflow: auto hidden; }  /* a wide formula or table; and nothing of it stands elsewhere */
math { font-family: "STIX Two Math", "Cambria Math", "DejaVu Math TeX Gyre", math; }
math[display="block"] { font-size: 1.1em; }
mtd[columnalign="left"] { text-align: left; }
.text_cell_render table { border-collapse: collapse; margin: 0.5em 0 1em; }
.text_cell_render th, .text_cell_render td {
  border: 1px solid #bbb; padding: 0.3em 0.6em; text-align: left; vertical-align: top;
}
.text_cell_render thead th { background: #f2f2f2; }
.rendered_html .anchor-link { opacity: 0; text-decoration: none; }
.rendered_html :hover > .anchor-link, .rendered_html .anchor-link:focus { opacity: 1; }
</style>
</head>"""


def improve_accessibility(page: str) -> str:
    """Add the page's language and readable colors; a page that has them stays as it is."""
    if _STYLE in page:
        return page
    return page.replace("<html>", '<html lang="en">', 1).replace("</head>", _STYLE, 1)


class FeedbackPage(HTMLExporter):
    """nbgrader's feedback page made accessible, for our command, nbgrader's own and the formgrader's button."""

    def from_notebook_node(  # type: ignore[override]  # nbconvert's own classes differ from each other
        self, nb: NotebookNode, resources: Any = None, **kw: Any
    ) -> tuple[str, Any]:
        """Return the page as HTML, with a language, contrast and underlined links, and its resources."""
        page, resources = super().from_notebook_node(nb, resources, **kw)
        return improve_accessibility(page), resources
