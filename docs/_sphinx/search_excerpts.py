"""The text of every page in one file, from which the search page shows an excerpt for each result.

Sphinx's own excerpts fetch the found pages, which a browser refuses for files on disk.
"""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

FILE = "_static/excerpts.js"
_ARTICLE = re.compile(r"<article\b.*?</article>", re.S)
_UNREAD = re.compile(r"<(script|style|pre|svg|button)\b.*?</\1>|<a class=\"headerlink\".*?</a>", re.S)
_TAG = re.compile(r"<[^>]*>")
_BLOCK = re.compile(r"</(?:p|li|h\d|td|th|dt|dd|summary|div)>")


def text_of(page: str) -> str:
    """Return a page's prose on one line, without code, drawings and tags."""
    article = _ARTICLE.search(page)
    prose = _UNREAD.sub(" ", article[0] if article else "")
    return " ".join(unescape(_TAG.sub("", _BLOCK.sub(" ", prose))).split())


def _finish(app: Any, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        out = Path(app.outdir)
        texts = {
            name: text_of((out / f"{name}.html").read_text(encoding="utf-8")) for name in sorted(app.env.found_docs)
        }
        (out / FILE).write_text(f"window.PAGE_TEXTS = {json.dumps(texts, ensure_ascii=False)};\n", encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", _finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
