"""One critic, followed through all recorded updates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.evidence import Label
    from gradexaminer.analysis.reading.values import ValueRows
    from gradexaminer.recording.trace import Backward, Update


class CriticView:
    """One critic's output, followed through all recorded updates.

    Attributes
    ----------
    rows : list of (Update, Backward, ValueRows)
    labels : list of list of Label
        What explains each update, or several small ones together; empty lists where nothing does.
    agreed : list of list of Label
        Explanations that hold for most updates.
    level : bool
        Whether they tell nothing, because the values of the next states hardly differ.
    exchanged : dict of int to int
        Actions that are exchanged in a part of the rows, because the program mirrors them.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[tuple[Update, Backward, ValueRows]] = []
        self.labels: list[list[Label]] = []
        self.agreed: list[list[Label]] = []
        self.level = False
        self.exchanged: dict[int, int] = {}

    def learned_between(self) -> tuple[np.ndarray, np.ndarray]:
        """The smallest and the largest entries of the actions that it learned from, shape (A,) each."""
        known = np.concatenate([rows.action for _, _, rows in self.rows if rows.action is not None])
        return known.min(axis=0), known.max(axis=0)
