"""The JavaScript and the style of live figures, as a notebook's widget and as a plain page need them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_END = "export default { render };\n"


@cache
def style() -> str:
    """Return the style of every live figure."""
    return _read("live_figure.css")


@cache
def module(name: str) -> str:
    """Return a figure's JavaScript module, complete: it imports nothing and exports ``{ render }``, as anywidget asks.

    >>> module("chain_graph").endswith(_END)
    True
    """
    return _read("common.js") + "\n" + _read(f"{name}.js")


def script(name: str) -> str:
    """Return the same code for a page: it puts the figure into the place just above it, for the data that stands there.

    A page cannot import a module from a file on disk, so the code stands in the page itself.
    """
    whole = module(name)
    if not whole.endswith(_END):
        raise ValueError(f"{name}.js must end with {_END!r}: what is before it is put into pages")
    return f"{{\n{whole.removesuffix(_END)}\n{_MOUNT % name}}}\n"


# A page has no kernel: the model is the data. What stood in the place, a picture, is the figure for readers without it.
_MOUNT = """\
for (const place of document.querySelectorAll('[data-live-figure="%s"]:not([data-live])')) {
  const data = JSON.parse(place.querySelector("script").textContent);
  const model = { get: () => data, set() {}, save_changes() {}, on() {}, off() {} };
  const el = document.createElement("div");
  place.querySelector(".live-figure-still").replaceWith(el);
  place.setAttribute("data-live", "");
  render({ model, el });
}
"""


def _read(name: str) -> str:
    return files("gradschool.lessons.live_figures").joinpath(name).read_text(encoding="utf-8")
