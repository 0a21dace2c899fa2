"""What acts on a page: scripts, links, pictures from the net, forms, and headings where only results belong."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

_RUNNING = "script iframe object embed form base link meta svg audio video applet frame"
_ADDRESSES = "href src action formaction data poster background srcset xlink:href ping"
RUNNING, ADDRESSES = frozenset(_RUNNING.split()), frozenset(_ADDRESSES.split())
HARMLESS = re.compile(r"(#|data:image/(?:png|jpeg);base64,)")
HEADINGS = frozenset(f"h{k}" for k in range(1, 7))


class _Acting(HTMLParser):
    """Reads a page as a browser does, and counts what acts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.tables = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count an element that runs or loads something, and each of its attributes that does."""
        self.tables += tag == "table"
        if tag in RUNNING:
            self.found[f"<{tag}>"] += 1
        if tag in HEADINGS and self.tables:
            self.found["a heading among the results"] += 1
        for name, value in attrs:
            address = (value or "").strip()
            if name.startswith("on"):
                self.found[f"{name}="] += 1
            elif name in ADDRESSES and address and not HARMLESS.match(address):
                self.found[f"{tag} {name}={address[:60]}"] += 1

    def handle_endtag(self, tag: str) -> None:
        """Leave a table."""
        self.tables -= tag == "table"


def acting(page: str) -> Counter[str]:
    """Return what acts on a page of HTML, and how often it is there."""
    reader = _Acting()
    reader.feed(page)
    return reader.found
