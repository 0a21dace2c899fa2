"""The menu of the modules' pages, made once: Sphinx makes the whole of it anew for every page, half of a build's time.

These pages stand in one folder and below one page, so that their menus differ in a single place: which of them is open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FOLDER = "api/"
CLOSED = '<li class="toctree-l2"><a class="reference internal" href="{}.html">'
OPEN = '<li class="toctree-l2 current"><a class="current reference internal" href="#">'


class Menus:
    """Makes the menu of each module's page from the first that was made."""

    def __init__(self) -> None:
        self.closed: dict[str, str] = {}  # by the options that the theme asked with: a menu in which no page is open

    def of(self, page: str, made: Callable[..., str], **options: Any) -> str:
        """Return the menu in which this page is open; ``made`` is Sphinx's way to it."""
        key, here = repr(sorted(options.items())), CLOSED.format(page)
        if key not in self.closed:
            menu = made(**options)
            assert menu.count(OPEN) == 1, f"{page} is not in the menu"
            self.closed[key] = menu.replace(OPEN, here)
        assert self.closed[key].count(here) == 1, f"{page} is not in the menu"
        return self.closed[key].replace(here, OPEN)


def setup(app: Any) -> dict[str, bool]:
    """Put these menus in place of Sphinx's, before the theme asks for them."""
    menus = Menus()

    def take(app: Any, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
        if name.startswith(FOLDER) and "toctree" in context:
            made, page = context["toctree"], name.removeprefix(FOLDER)
            context["toctree"] = lambda **options: menus.of(page, made, **options)

    app.connect("html-page-context", take, priority=400)  # the theme's is 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
