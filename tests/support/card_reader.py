"""A reader of cards: it refuses what is not well-formed or could act, and keeps the text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "link", "meta"}
ALLOWED = {
    "div",
    "span",
    "strong",
    "em",
    "code",
    "pre",
    "ul",
    "li",
    "details",
    "summary",
    "table",
    "tr",
    "td",
    "th",
    "a",
}
ATTRIBUTES = {"style", "role", "aria-label", "scope", "name", "open", "href", "data-lm-suppress-shortcuts"}


class Reader(HTMLParser):
    """Follows the nesting, and collects tags, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in VOID, tag
        if tag in ("div", "ul", "li", "details", "table", "pre"):
            assert not {"span", "strong", "em", "code", "summary", "pre"} & set(self.open), (tag, self.open)
        parent = {"li": "ul", "tr": "table", "td": "tr", "th": "tr", "summary": "details"}.get(tag)
        assert parent is None or self.open[-1] == parent, (tag, self.open)
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration")


def harmless(html: str) -> Reader:
    """The card read as a browser would; nothing that runs, loads or restyles is in it."""
    reader = Reader(html)
    assert reader.open == []
    assert reader.tags <= ALLOWED
    assert {name for name, _ in reader.attributes} <= ATTRIBUTES
    for name, value in reader.attributes:
        if name == "style":
            assert not re.search(r"url|expression|import|position|[\"'<>\\]", value), value
        if name == "href":
            assert re.fullmatch(r"#[a-z0-9-]+", value), value  # a place on the same page
        if name == "name":
            assert re.fullmatch(r"view-[0-9a-f]{12}", value), value
    html.encode("utf-8")
    return reader
