"""A live figure as an anywidget. Imported only where it is shown, so that gradschool works without anywidget."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from gradschool.lessons.live_figures.sources import module, style


class LiveFigureWidget(anywidget.AnyWidget):
    """The widget: its code and its data; nothing comes back from the reader's browser."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    data = traitlets.Dict().tag(sync=True)


def make(name: str, data: dict[str, Any]) -> LiveFigureWidget:
    """Make the widget of one module and its data."""
    return LiveFigureWidget(_esm=module(name), _css=style(), data=data)
