"""Shows a live figure in a lesson: with controls where a person looks on, else as a still picture with its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from gradschool.core.interactive import is_interactive
from gradschool.core.judge_messages import judge_address
from gradschool.lessons.live_figures.page import MIME


class Still(Protocol):
    """A picture with its words, such as a LessonFigure."""

    def put(self, more: Mapping[str, Any] | None = None) -> None:
        """Show picture and words; ``more`` are further forms of the same output."""

    def folded(self) -> str:
        """Return picture and words as HTML, folded."""


@dataclass(frozen=True)
class LiveFigure:
    """A figure that follows its controls.

    Parameters
    ----------
    module
        The JavaScript file beside this one that draws it, such as "chain_graph".
    data
        What it draws, computed beforehand: plain numbers, texts, lists and dicts.
    still
        The picture for paper, for pages without scripts, and for everybody who cannot use the controls.
    """

    module: str
    data: Mapping[str, Any]
    still: Still

    def show(self) -> None:
        """Show it: as a widget where a person can use one, else the still picture.

        A notebook that a program runs also keeps the data, of which the site makes the same figure (`page.as_html`);
        while grading it keeps the picture alone.
        """
        if is_interactive() and self._show_widget():
            return
        data = {} if judge_address() is not None else {MIME: {"module": self.module, "data": plain(self.data)}}
        self.still.put(data)

    def _show_widget(self) -> bool:
        try:
            from gradschool.lessons.live_figures.widget import make
        except ImportError:  # without anywidget the picture is there
            return False
        from IPython.display import HTML, display

        bundle: Any = make(self.module, plain(self.data))._repr_mimebundle_()
        shown = bundle[0] if isinstance(bundle, tuple) else bundle  # anywidget adds metadata
        display({**shown, "text/plain": STILL}, raw=True)
        display(HTML(self.still.folded()))
        return True

    def _ipython_display_(self) -> None:
        self.show()


STILL = "(A live figure works where a kernel runs. The picture below shows the same.)"


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: NumPy's numbers as Python's, what is not finite as None.

    >>> plain({"q": np.array([1.5, np.inf]), "over": np.True_, 2: (1, "a")})
    {'q': [1.5, None], 'over': True, '2': [1, 'a']}
    """
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
