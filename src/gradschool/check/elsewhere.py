"""The card of an exercise that cannot be checked here: it needs PyTorch, which a page in the browser does not have."""

from __future__ import annotations

from html import escape

from gradschool.check.card import WAITING, border
from gradschool.core.exercise import Exercise
from gradschool.core.without_torch import in_browser, where_to_go


class Elsewhere:
    """What IPython displays of such an exercise: HTML where it can, text elsewhere.

    Parameters
    ----------
    exercise
        The exercise.
    """

    def __init__(self, exercise: Exercise) -> None:
        lacks = "PyTorch does not run in the browser" if in_browser() else "PyTorch is not installed here"
        self.head = f"{exercise.id}: not checked. {exercise.title}"
        self.sentence = f"This exercise is about PyTorch's own gradients, and {lacks}."
        self.way, self.address = where_to_go(exercise.id.partition(".")[0])

    def __repr__(self) -> str:
        return "\n".join(line for line in (self.head, f"{self.sentence} {self.way}", self.address) if line)

    def _repr_html_(self) -> str:
        link = f' <a href="{escape(self.address)}" target="_blank">Open on Colab</a>' if self.address else ""
        return (
            f'<div role="group" style="{border(WAITING)}"><div><strong>{escape(self.head)}</strong></div>'
            f"<div>{escape(self.sentence)} {escape(self.way)}{link}</div></div>"
        )
