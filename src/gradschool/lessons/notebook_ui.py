"""Figures with controls, where a person can use them, and what to say where a function is not written yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from gradschool.core.interactive import is_interactive

if TYPE_CHECKING:
    from gradschool.lessons.figures.figure import LessonFigure


class Control(Protocol):
    """What `interactive_figure` needs of an ipywidget."""

    value: Any

    def observe(self, handler: Callable[[Any], None], names: str) -> None:
        """Call the handler when one of its traits, such as "value", changes."""


def interactive_figure(
    draw: Callable[..., LessonFigure], still: LessonFigure, controls: Callable[[], Mapping[str, Any]]
) -> None:
    """Show a figure that follows its controls; where no person looks on, the still figure and no widget.

    The picture is an ordinary output that is replaced in its place, so it stays in the notebook when that is saved.

    Parameters
    ----------
    draw
        ``draw(**values)`` makes the figure for one choice.
    still
        The figure for paper: several choices side by side.
    controls
        Makes the ipywidgets, one for each argument of `draw`; one whose name begins with an underscore is only shown.
        Called only where they can be used.
    """
    widgets = _made(controls)
    if not widgets:
        still.put()
        return
    from ipywidgets import HBox, Layout

    display_controls(HBox(list(widgets.values()), layout=Layout(flex_flow="row wrap")))
    handle = draw(**_values(widgets)).put()

    def redraw(_: Any) -> None:
        draw(**_values(widgets)).put(handle)

    for name in _values(widgets):
        widgets[name].observe(redraw, names="value")


def _made(controls: Callable[[], Mapping[str, Control]]) -> Mapping[str, Control]:
    """Return the widgets, or none where they would be of no use: no person looks on, or ipywidgets is not installed."""
    try:
        return controls() if is_interactive() else {}
    except ImportError:
        return {}


def _values(widgets: Mapping[str, Control]) -> dict[str, Any]:
    return {name: widget.value for name, widget in widgets.items() if not name.startswith("_")}


def display_controls(box: Any) -> None:
    """Show widgets; a page that cannot draw them shows a line that says where they work."""
    from IPython.display import display

    words = "(Sliders and buttons work where a kernel runs. The picture below stays as it was when this was saved.)"
    bundle = box._repr_mimebundle_()
    display({**bundle, "text/plain": words}, raw=True)


def first_unimplemented(functions: Mapping[str, Callable[[], Any]]) -> str:
    """Try each of the student's functions once; return "" or a kind sentence about the first that fails."""
    for name, trial in functions.items():
        try:
            trial()
        except NotImplementedError:
            return f"This picture is drawn from your own `{name}`. Write it, check it, and run this cell again."
        except KeyboardInterrupt:
            raise
        except Exception as error:
            return (
                f"This picture is drawn from your own `{name}`, which raised {type(error).__name__}: {error}. "
                f"Its check says more; then run this cell again."
            )
    return ""


def choose(options: Sequence[tuple[str, Any]], what: str) -> Any:
    """Make a dropdown with its description in full."""
    from ipywidgets import Dropdown

    return Dropdown(options=list(options), description=what, style={"description_width": "initial"})


def switch(what: str, value: bool) -> Any:
    """Make a checkbox with its description in full."""
    from ipywidgets import Checkbox

    return Checkbox(value=value, description=what, indent=False)
