"""nbgrader's feedback page for readers who need contrast, underlined links, or a voice that knows the language."""

from __future__ import annotations

from pathlib import Path

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
</style>
</head>"""


def mended(page: str) -> str:
    """The page with its language said and with colours that can be told apart; again and again the same."""
    if _STYLE in page:
        return page
    return page.replace("<html>", '<html lang="en">', 1).replace("</head>", _STYLE, 1)


def mend(file: Path) -> None:
    """The same for a file."""
    file.write_text(mended(file.read_text(encoding="utf-8")), encoding="utf-8")
