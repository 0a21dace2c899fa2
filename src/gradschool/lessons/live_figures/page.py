"""A live figure in a plain HTML page: no server, no kernel, no request, and a picture where no script may run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gradschool.lessons.live_figures.sources import script, style

MIME = "application/vnd.gradschool.live-figure+json"
"""Under this type an executed notebook holds what a page needs: the module's name and its data."""


def as_html(figure: Mapping[str, Any], still: str) -> str:
    """Make the HTML of a live figure.

    Parameters
    ----------
    figure
        What a notebook holds under `MIME`: "module" and "data".
    still
        HTML of the still picture; it stays where no script runs.

    Returns
    -------
    str
        One element, followed by its script and its style.
    """
    name, data = figure["module"], json.dumps(figure["data"], ensure_ascii=False, separators=(",", ":"))
    data = data.replace("<", "\\u003c")  # in a script, the one sign that could end it
    return (
        f'<div data-live-figure="{name}"><div class="live-figure-still">{still}</div>'
        f'<script type="application/json">{data}</script></div>'
        f"<style>{style()}</style>"
        f'<script type="module">{script(name)}</script>'
    )
