"""README's picture: an answer and the card of its check, drawn by Chromium for light and for dark pages.

Each picture holds the digest of the page that it shows. A test makes the page anew and compares, so that README never
shows a card of yesterday.
"""

from __future__ import annotations

import hashlib
import inspect
import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from bench.figures.results import ROOT
from gradschool.check.api import check_here
from gradschool.check.card import as_html
from gradschool.core.exercise import find

EXERCISE = "dqn.output_gradient"
FILES = {"light": "docs/_static/card-light.png", "dark": "docs/_static/card-dark.png"}
INK_AND_GROUND = {"light": ("#1f2328", "#ffffff", "#f6f8fa"), "dark": ("#e6edf3", "#0d1117", "#161b22")}  # GitHub's
WIDTH, SCALE = 760, 2
KEY = b"made of"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def output_gradient(q: Any, action: Any, y: Any) -> Any:
    """Divide by the number of actions as well; README shows the lines below this one."""
    g = np.zeros_like(q)
    rows = np.arange(len(q))
    g[rows, action] = (q[rows, action] - y) / q.size
    return g


def page(scheme: str) -> str:
    """Return the page that a picture shows."""
    ink, ground, box = INK_AND_GROUND[scheme]
    body = inspect.getsource(output_gradient).partition('"""\n')[2]
    code = f'def output_gradient(q, action, y):\n{body}\n\ncheck("{EXERCISE}", output_gradient)'
    shown = HtmlFormatter(noclasses=True, nobackground=True, style=f"a11y-high-contrast-{scheme}")
    style = (
        f":root{{color-scheme:{scheme}}}body{{color:{ink};background:{ground};font:15px/1.45 system-ui,sans-serif;"
        f"margin:0;padding:6px;width:{WIDTH}px}}.highlight pre{{background:{box};padding:10px 14px;margin:0 0 8px;"
        "border-radius:6px;font:14px/1.5 ui-monospace,'DejaVu Sans Mono',monospace}"
    )
    colored = highlight(code, PythonLexer(), shown)
    card = as_html(check_here(find(EXERCISE), output_gradient))
    return f"<!DOCTYPE html><html lang=en><meta charset=utf-8><style>{style}</style><body>{colored}{card}</body></html>"


def digest(scheme: str) -> str:
    """Return the digest of the page that a picture should show."""
    return hashlib.sha256(page(scheme).encode()).hexdigest()


def made_of(file: Path) -> str:
    """Return the digest that a picture holds, "" for a file that is missing or has none."""
    found = file.read_bytes() if file.exists() else b""
    _, _, rest = found.partition(b"tEXt" + KEY + b"\0")
    return rest[:64].decode("ascii", "replace")


def with_digest(png: bytes, held: str) -> bytes:
    """Return a PNG with a digest as a text chunk after its header."""
    chunk = b"tEXt" + KEY + b"\0" + held.encode()
    whole = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    end = 8 + 4 + 4 + 13 + 4  # signature; length, name, content and checksum of the header
    return png[:end] + whole + png[end:]


def write(root: Path = ROOT) -> None:
    """Draw the pictures that are out of date.

    Raises
    ------
    RuntimeError
        If one is out of date and there is no Chromium to draw it.
    """
    stale = [scheme for scheme, name in FILES.items() if made_of(root / name) != digest(scheme)]
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if stale and browser is None:
        raise RuntimeError("README's picture is out of date, and Chromium, which draws it, is missing.")
    for scheme in stale:
        (root / FILES[scheme]).write_bytes(with_digest(_drawn(page(scheme), str(browser)), digest(scheme)))


def _drawn(html: str, browser: str) -> bytes:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        shown = opened.new_page(viewport={"width": WIDTH + 12, "height": 400}, device_scale_factor=SCALE)
        shown.set_content(html)
        png: bytes = shown.screenshot(full_page=True)
        opened.close()
    return png
