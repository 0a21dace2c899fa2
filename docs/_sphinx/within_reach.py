"""The last touches to the pages, for readers who have no mouse or no screen: what the theme leaves out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

# Without a question the theme's search page is empty.
_SEARCH = (
    '<h1>Search</h1><form class="search-page" method="get" action="#"><input type="search" name="q" '
    'aria-label="Words to look for"> <button type="submit">Search</button></form>'
)
_TOUCHES = (
    ('<p class="caption" role="heading">', '<p class="caption" role="heading" aria-level="2">'),
    ('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="The site">'),
    ('<aside class="toc-drawer', '<aside aria-label="This page" class="toc-drawer'),
    ('<div id="search-results"></div>', _SEARCH + '<div id="search-results"></div>'),
)
# The theme opens its drawers with a label of a hidden box, which no key reaches. A button in the label does the same.
_LABEL = re.compile(
    r'(?P<label><label class="[^"]*overlay-icon[^"]*" for="(?P<box>__\w+)">)(?P<icon>.*?)</label>', re.S
)
_DRAWERS = {"__navigation": "Show or hide the menu", "__toc": "Show or hide this page's contents"}
_PRE = re.compile(r"<pre>(?P<inside>.*?)</pre>", re.S)
NARROW = 40  # signs in a line that even a phone shows without scrolling


def touched(page: str) -> str:
    """A page whose headings have a level and landmarks a name; drawers open and wide blocks scroll by keyboard."""
    for plain, better in _TOUCHES:
        page = page.replace(plain, better)
    page = _LABEL.sub(_with_button, page)
    return _PRE.sub(_reachable, page)


def _with_button(found: re.Match[str]) -> str:
    does = f"document.getElementById('{found['box']}').click()"
    button = f'<button type="button" class="drawer-button" aria-label="{_DRAWERS[found["box"]]}" onclick="{does}">'
    return f"{found['label']}{button}{found['icon'].strip()}</button></label>"


def _reachable(found: re.Match[str]) -> str:
    text = re.sub(r"<[^>]*>", "", found["inside"])
    wide = any(len(line) > NARROW for line in text.splitlines())
    return f'<pre tabindex="0">{found["inside"]}</pre>' if wide else found[0]


def _finish(app: Any, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        for file in Path(app.outdir).rglob("*.html"):
            file.write_text(touched(file.read_text(encoding="utf-8")), encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", _finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
