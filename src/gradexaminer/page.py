"""A report as HTML: a page of its own, or a piece of a notebook. All text is escaped; nothing is fetched or runs."""

from __future__ import annotations

from html import escape
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from gradexaminer.pictures.marks import picture_of
from gradexaminer.pictures.svg import as_svg

LEVELS = {
    "fault": "numerically certain",
    "suspicion": "has no explanation among the known formulas",
    "not seen": "nothing is claimed about it",
    "note": "harmless",
}
STYLE = """
.gx-report{font:16px/1.5 system-ui,sans-serif;max-width:52rem;overflow-wrap:anywhere}
.gx-report h2{font-size:1.05rem;margin:1.6rem 0 .3rem}
.gx-report p{margin:.3rem 0}
.gx-report code{font-size:.95em}
.gx-report .gx-level{font-weight:700}
.gx-report .gx-small{font-size:.9rem;opacity:.85}
"""
PAGE_STYLE = (
    ":root{color-scheme:light dark}a{color:LinkText}"
    "body{font-family:system-ui,sans-serif;margin:2rem auto;padding:0 1rem;max-width:52rem;"
    "background:Canvas;color:CanvasText}"
)
_numbers = count(1)  # so that two reports in one notebook share no id


def as_fragment(said: dict[str, Any], lessons: str = "") -> str:
    """Return the report as one element, for a page that is there already.

    Parameters
    ----------
    said : dict
        A report's `as_dict()`, with the lines of its `summary` and what it says of `nothing` found.
    lessons : str
        Address of the course's website; without it sections are named, not linked.
    """
    key = f"gx{next(_numbers)}"
    lines = "".join(f"<li>{escape(line)}</li>" for line in said["summary"])
    parts = [f"<style>{STYLE}</style>", '<div class="gx-report">', f"<ul>{lines}</ul>" if lines else ""]
    for i, finding in enumerate(said["findings"]):
        parts.append(_finding(finding, f"{key}-{i}", lessons, discrete=bool(said["discrete"])))
    if all(finding["level"] == "note" for finding in said["findings"]):
        parts.append(f"<p>{escape(said['nothing'])}</p>")
    parts.append(f'<p class="gx-small">{escape(footer(said))}</p></div>')
    return "".join(parts)


def as_page(said: dict[str, Any], lessons: str = "") -> str:
    """Return the report as a whole page that loads nothing."""
    title = f"Examined: {said['verdict']}"
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{PAGE_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{as_fragment(said, lessons)}"
        "</main></body></html>\n"
    )


def footer(said: dict[str, Any]) -> str:
    """What was run, for how long, and where."""
    place = {
        True: ", in a sandbox",
        False: ", without a sandbox: the code could do what you can do",
        None: "",
    }[said["sandboxed"]]
    return f"{said['updates']} updates recorded in {said['milliseconds']:.0f} ms{place}."


def _finding(finding: dict[str, str], key: str, lessons: str, *, discrete: bool) -> str:
    code, level = finding["code"], finding["level"]
    where = f" (<code>{escape(finding['where'])}</code>)" if finding["where"] else ""
    parts = [
        f'<section><h2><span class="gx-level">{escape(level)}</span>: <code>{escape(code)}</code></h2>',
        f"<p>{escape(finding['meaning'])}{where}.</p>",
    ]
    if finding["evidence"]:
        parts.append(f"<p>Seen: {escape(finding['evidence'])}.</p>")
    flow = picture_of(code, discrete=discrete)
    if flow:
        parts.append(as_svg(flow, key, f"{code}: where the gradient goes"))
    if finding["lesson"]:
        parts.append(f"<p>Explained in {_link(finding, lessons)}.</p>")
    parts.append(f'<p class="gx-small">{escape(level)}: {LEVELS[level]}.</p></section>')
    return "".join(parts)


def _link(finding: dict[str, str], lessons: str) -> str:
    words = escape(finding["lesson"])
    if not lessons or urlsplit(lessons).scheme not in {"", "http", "https", "file"}:
        return words
    return f'<a href="{escape(lessons.rstrip("/"))}/{escape(finding["lesson_page"])}">{words}</a>'
