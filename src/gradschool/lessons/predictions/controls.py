"""Where a person enters a guess: labeled ipywidgets that work by keyboard; without ipywidgets, how to write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradschool.lessons.notebook_ui import display_controls
from gradschool.lessons.predictions import shown
from gradschool.lessons.predictions.question import NotAGuess, Question
from gradschool.lessons.predictions.record import Prediction

_EXAMPLE = {"number": "guess=0.5", "choice": 'guess="{0}"', "ranking": 'guess=["{0}", "{1}", ...]'}
_KEEP = "Keep my prediction"
_WHERE = "(Your prediction is entered here where a kernel runs.)"


def show(asked: Question, kept: Callable[[], Prediction], keep: Callable[[Any], shown.Shown]) -> None:
    """Show controls for a question, and below them what is kept.

    Parameters
    ----------
    asked
        The question.
    kept
        Says what is kept by now.
    keep
        Keeps what was entered and returns what to show; raises NotAGuess if that is no answer to the question.
    """
    try:
        from ipywidgets import Button, HBox, Layout
    except ImportError:
        example = _EXAMPLE[asked.kind].format(*asked.options)
        without = f"Write your guess into the call, as in `predict(..., {example})`, and run the cell again."
        shown.put(shown.kept(kept(), asked.unit, without))
        return
    says = _Status(kept, asked.unit)
    entries, entered = _choice(asked, says) if asked.kind == "choice" else _text(asked)
    button = Button(description=_KEEP, layout=Layout(width="14em"))
    display_controls(HBox([*entries, button], layout=Layout(flex_flow="row wrap", align_items="center")), _WHERE)
    says.put()

    def pressed(_: Any) -> None:
        try:
            says.put(keep(entered()))
        except NotAGuess as wrong:
            says.put(trouble=str(wrong))

    button.on_click(pressed)


class _Status:
    """The line below the controls: what is kept, what is chosen, what cannot be read."""

    def __init__(self, kept: Callable[[], Prediction], unit: str) -> None:
        self.kept, self.unit, self.handle = kept, unit, None

    def put(self, what: shown.Shown | None = None, trouble: str = "") -> None:
        self.handle = shown.put(what or shown.kept(self.kept(), self.unit, trouble), self.handle)


def _choice(asked: Question, says: _Status) -> tuple[list[Any], Callable[[], Any]]:
    """Return a button for each option, and what gives the option that was pressed last.

    A front end sends clicks in their order, but may send the state of other widgets later than a click.
    """
    from ipywidgets import Button, Label, Layout

    chosen: list[str] = []
    buttons = [
        Button(description=letter, tooltip=option, layout=Layout(width="4em"))
        for letter, option in zip(asked.letters, asked.options, strict=True)
    ]

    def choose(pressed: Any) -> None:
        chosen[:] = [pressed.tooltip]
        for button in buttons:
            button.button_style = "info" if button is pressed else ""
        says.put(trouble=f"Chosen: {pressed.tooltip}. Press `{_KEEP}`.")

    for button in buttons:
        button.on_click(choose)
    return [Label("Your choice:"), *buttons], lambda: chosen[0] if chosen else None


def _text(asked: Question) -> tuple[list[Any], Callable[[], Any]]:
    """Return a labeled text field, and what gives what was typed.

    JupyterLab takes arrow keys and letters for shortcuts, but not in a text field. The field sends its text once, when
    it is left: sent letter by letter, the last of them may come after the click on the button.
    """
    from ipywidgets import Text

    if asked.kind == "number":
        label, example = f"Your number{' (' + asked.unit + ')' if asked.unit else ''}:", "such as 0.5, 1e-3 or 1/6"
    else:
        label, example = "Your order:", "letters, such as " + " ".join(reversed(asked.letters))
    style = {"description_width": "initial"}
    text = Text(description=label, placeholder=example, style=style, continuous_update=False)
    return [text], lambda: text.value
