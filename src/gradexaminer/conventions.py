"""What an update does, a line for each convention, in one order and each thing said once."""

from __future__ import annotations

import re
from collections.abc import Sequence

FIRST = (  # before these what has no colon, such as DQN
    *("label of", "state value", "loss", "reward", "truncated", "stored", "target policy smoothing"),
    *("actor", "delayed policy updates"),
)


def in_lines(conventions: Sequence[str]) -> list[str]:
    """Return conventions as lines: the kind of agent, its label and loss, the actor, and the targets last.

    Of several networks that do the same, it is said once, and of a temperature that is learned meanwhile its range:

    >>> in_lines(["a: soft update, tau 0.01", "b: soft update, tau 0.01", "DQN"])
    ['DQN', 'a and b: soft update, tau 0.01']
    >>> in_lines(["actor: mean of alpha log pi - Q, alpha 1", "actor: mean of alpha log pi - Q, alpha 0.998"])
    ['actor: mean of alpha log pi - Q, alpha 0.998 to 1']
    """
    return _joined(_ranged(sorted(conventions, key=_rank)))


def _ranged(texts: Sequence[str]) -> list[str]:
    """Lines that differ in the number after `alpha` alone as one, with its smallest and its largest."""
    found: dict[tuple[str, ...], list[str]] = {}
    for text in texts:
        before, number, after = (*re.split(r"(?<=\balpha )(\d\S*?)(?=,|$)", text, maxsplit=1), "", "")[:3]
        found.setdefault((before, after), []).append(number)
    return [before + _range(numbers) + after for (before, after), numbers in found.items()]


def _range(numbers: Sequence[str]) -> str:
    low, high = min(numbers, key=_value), max(numbers, key=_value)
    return low if low == high else f"{low} to {high}"


def _value(number: str) -> float:
    return float(number or 0)


def _rank(text: str) -> int:
    subject, colon, _ = text.partition(":")
    if not colon and not subject.startswith(FIRST):
        return 0
    return next((i for i, word in enumerate(FIRST, 1) if subject.startswith(word)), len(FIRST) + 1)


def _joined(texts: Sequence[str]) -> list[str]:
    """`label of q1: x` and `label of q2: x` as `label of q1 and q2: x`."""
    subjects: dict[str, list[str]] = {}
    for text in texts:
        subject, colon, rest = text.partition(": ")
        subjects.setdefault(rest if colon else text, []).append(subject if colon else "")
    return [f"{_enumerated(names)}: {rest}" if names != [""] else rest for rest, names in subjects.items()]


def _enumerated(names: Sequence[str]) -> str:
    start = "label of " if all(n.startswith("label of ") for n in names) else ""
    short = [n.removeprefix(start) for n in names]
    return start + (", ".join(short[:-1]) + " and " if short[1:] else "") + short[-1]
