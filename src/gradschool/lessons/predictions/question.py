"""What a lesson asks before it measures: a number, one of several choices, or a ranking."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from string import ascii_lowercase
from typing import Any

Value = float | str | tuple[str, ...]  # of a number, a choice, a ranking: guessed or measured
ID = re.compile(r"[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*")
MOST_TEXT = 300  # characters of a choice, in a file that anybody may have written
MOST_OPTIONS = 20


class NotAGuess(ValueError):
    """What was entered cannot be an answer to the question; the text says what can."""


@dataclass(frozen=True)
class Question:
    """One question of a lesson.

    Attributes
    ----------
    id
        The chapter's key, a dot, and words joined by hyphens: "chain.step-past-label".
    text
        The question, in Markdown's plain words: what stands between backticks is code.
    kind
        "number", "choice" or "ranking".
    options
        The choices, or what is to be ranked, in the order in which the lesson shows them.
    unit
        What a number counts, such as "%"; "" without one.
    """

    id: str
    text: str
    kind: str
    options: tuple[str, ...] = ()
    unit: str = ""

    def __post_init__(self) -> None:
        if not ID.fullmatch(self.id):
            raise ValueError(f'{self.id!r} is no id of a prediction: write it like "chain.step-past-label".')
        if self.kind != "number" and (len(self.options) < 2 or len(set(self.options)) < len(self.options)):
            raise ValueError(f"{self.id} needs at least two options, each different.")
        if len(self.options) > MOST_OPTIONS or any(len(option) > MOST_TEXT for option in self.options):
            raise ValueError(f"{self.id} has more than {MOST_OPTIONS} options, or one that is too long to be read.")

    def read(self, entered: Any) -> Value:
        """Return what was entered as a value of the question's kind.

        Raises
        ------
        NotAGuess
            If it is none; the text says what is.

        Examples
        --------
        >>> ask("chain.first", "Which is larger?", rank=["one", "two"]).read("b a")
        ('two', 'one')
        """
        if self.kind == "number":
            return read_number(entered)
        if self.kind == "choice":
            named = self._lettered(entered) if entered not in self.options else (str(entered),)
            if len(named) != 1:
                raise NotAGuess(f"Choose one of the {len(self.options)} letters.")
            return named[0]
        whole = not isinstance(entered, Sequence) or isinstance(entered, str)
        ranked = self._lettered(entered) if whole else tuple(entered)
        if len(ranked) != len(self.options) or set(ranked) != set(self.options):
            letters = " ".join(self.letters)
            raise NotAGuess(f"Enter the letters {letters} in your order, each of them once.")
        return ranked

    @property
    def letters(self) -> str:
        """One letter for each option, in the order in which they are shown."""
        return ascii_lowercase[: len(self.options)]

    def _lettered(self, entered: Any) -> tuple[str, ...]:
        """Return the options whose letters were entered, () if one is no letter of an option."""
        found = re.sub(r"[\s,;>]+", "", str(entered)).lower()
        if not all(letter in self.letters for letter in found):
            return ()
        return tuple(self.options[self.letters.index(letter)] for letter in found)


def ask(
    name: str, text: str, number: bool = False, choices: Sequence[str] = (), rank: Sequence[str] = (), unit: str = ""
) -> Question:
    """Make the question of a call of `predict`; raise ValueError unless it asks for exactly one kind of answer."""
    if bool(number) + bool(choices) + bool(rank) != 1:
        raise ValueError(f"{name}: give exactly one of number=True, choices=[...] and rank=[...].")
    kind = "number" if number else ("choice" if choices else "ranking")
    return Question(name, text, kind, tuple(choices or rank), unit)


def read_number(entered: Any) -> float:
    """Return a number from what a person types: "0.5", "1e-3", "1/6", "-5.3", "1,000" and "99 %".

    >>> read_number("1/4")
    0.25
    >>> read_number("1,000 %")
    1000.0
    """
    text = str(entered).replace("\N{MINUS SIGN}", "-").strip().removesuffix("%").rstrip()
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d*)?", text):
        text = text.replace(",", "")
    try:
        found = float(Fraction(text)) if "/" in text and len(text) < 40 else float(text)
    except (ValueError, ZeroDivisionError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise NotAGuess("Enter one number, such as 0.5, 1e-3 or 1/6.")
    return found


def plain_value(found: Any) -> Value | None:
    """Return a value from a file as one of the three kinds; None if it is none, or too long to be one."""
    if isinstance(found, bool):
        return None
    if isinstance(found, int | float):
        return float(found) if abs(found) < 1e300 else None
    if isinstance(found, str):
        return found if 0 < len(found) <= MOST_TEXT else None
    if isinstance(found, list) and 2 <= len(found) <= MOST_OPTIONS:
        texts = tuple(one for one in found if isinstance(one, str) and 0 < len(one) <= MOST_TEXT)
        return texts if len(set(texts)) == len(found) else None
    return None


def said(value: Value, unit: str = "") -> str:
    """Return a value in words.

    >>> said(0.25, "%"), said(885312.0), said(1234567.8), said(("a", "b"))
    ('0.25 %', '885,312', '1.235e+06', 'a, then b')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return ", then ".join(value)
    number = f"{int(value):,}" if value == int(value) and abs(value) < 1e9 else f"{value:.4g}"
    return f"{number} {unit}".rstrip()
