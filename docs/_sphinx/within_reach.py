"""The last touches to the pages, for readers who have no mouse or no screen: what the theme leaves out."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from sphinx.util.images import get_image_size

# Without a question the theme's search page is empty.
_SEARCH = (
    '<h1>Search</h1><form class="search-page" method="get" action="#"><input type="search" name="q" '
    'aria-label="Words to look for"> <button type="submit">Search</button></form>'
)
_EXCERPTS = '<script src="_static/excerpts.js"></script><script src="_static/search.js"></script>'  # search_excerpts.py
_TOUCHES = (
    ('<p class="caption" role="heading">', '<p class="caption" role="heading" aria-level="2">'),
    ('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="The site">'),
    ('<aside class="toc-drawer', '<aside aria-label="This page" class="toc-drawer'),
    ('<div id="search-results"></div>', _SEARCH + '<div id="search-results"></div>' + _EXCERPTS),
)
# The theme opens its drawers with a label of a hidden box, which no key reaches. A button in the label does the same.
_LABEL = re.compile(
    r'(?P<label><label class="[^"]*overlay-icon[^"]*" for="(?P<box>__\w+)">)(?P<icon>.*?)</label>', re.S
)
_DRAWERS = {"__navigation": "Show or hide the menu", "__toc": "Show or hide this page's contents"}
_IMG = re.compile(r"<img [^>]*>")
_PIXELS = (".gif", ".png")  # pictures whose size is a number of pixels
_TABLE = re.compile(r'<table class="docutils.*?</table>', re.S)
_EMPTY_HEAD = re.compile(r'<th(?P<rest> class="head[^>]*)><p></p></th>')
MANY_COLUMNS = 4  # a phone shows a row of so many cells one below the other
# A lesson's cells that were run by the instructor, as grader/publish/site.py marks them, and what stands above.
_RUNS = {
    "tag_instructors-run": "Instructor’s run",
    "tag_instructors-answer": "Instructor’s run: the check of a complete answer. Here it is left for you to write.",
}
_CELL = re.compile(r'<div class="cell [^"]*(?P<tag>tag_instructors-\w+)[^"]*">.*?<div class="cell_output[^>]*>', re.S)

_ROLES = {"thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "th": "columnheader", "td": "cell"}
_LONG_NAME = re.compile(r"\w{14}")
_BREAKS = re.compile(r"([_/])(?=\w)")


def touched(page: str) -> str:
    """A page whose headings have a level and landmarks a name; drawers open and wide blocks scroll by keyboard."""
    for plain, better in _TOUCHES:
        page = page.replace(plain, better)
    page = _LABEL.sub(_with_button, page)
    page = _CELL.sub(_labeled, page)
    return _EMPTY_HEAD.sub(_corner, _TABLE.sub(_stackable, page))


def _corner(found: re.Match[str]) -> str:
    """A table's empty corner is the head of nothing."""
    return f"<td{found['rest'].replace('columnheader', 'cell')}></td>"


def _with_button(found: re.Match[str]) -> str:
    does = f"document.getElementById('{found['box']}').click()"
    button = f'<button type="button" class="drawer-button" aria-label="{_DRAWERS[found["box"]]}" onclick="{does}">'
    return f"{found['label']}{button}{found['icon'].strip()}</button></label>"


def _labeled(found: re.Match[str]) -> str:
    """Say above an output whose run it shows."""
    return f'{found[0]}<p class="run-label">{_RUNS[found["tag"]]}</p>'


def with_sizes(page: str, folder: Path) -> str:
    """Give every picture of a page in this folder its height: the text below it keeps its place while it is fetched."""

    def sized(found: re.Match[str]) -> str:
        source, width = (re.search(rf'\b{name}="([^"]*)"', found[0]) for name in ("src", "width"))
        if source is None or "height=" in found[0] or not source[1].endswith(_PIXELS):
            return found[0]
        if (size := get_image_size(folder / source[1])) is None:
            return found[0]
        shown = int(width[1]) if width else size[0]
        height = round(size[1] * shown / size[0])
        return f'{found[0].rstrip("/>")} height="{height}"' + ("" if width else f' width="{shown}"') + ">"

    return _IMG.sub(sized, page)


def _stackable(found: re.Match[str]) -> str:
    """Give each cell of a wide table its column's name, for a phone, and the roles that a stacked table loses."""
    table = BeautifulSoup(found[0], "html.parser")
    heads = [" ".join(head.get_text().split()) for head in table.select("thead th")]
    if len(heads) < MANY_COLUMNS:
        return found[0]
    table.table["class"] += ["stacked"]
    table.table["role"] = "table"
    for name, role in _ROLES.items():
        for part in table.find_all(name):
            part["role"] = role
    for row in table.select("tbody tr"):
        for head, cell in zip(heads, row.find_all("td"), strict=False):
            cell["data-label"] = head
    for text in [text for text in table.find_all(string=_LONG_NAME) if text.find_parent("math") is None]:
        text.replace_with(BeautifulSoup(_BREAKS.sub(r"\1<wbr>", escape(text, quote=False)), "html.parser"))
    return str(table)


def _finish(app: Any, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        for file in Path(app.outdir).rglob("*.html"):
            page = touched(file.read_text(encoding="utf-8"))
            file.write_text(with_sizes(page, file.parent), encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", _finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
