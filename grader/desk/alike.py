"""Similar answers together: the same text or nearly so, the same code but for names, constants and formatting."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from functools import lru_cache

from grader.desk.code_shape import shape

RUN = 3  # words in a row that make a fingerprint
NEAR = 0.7  # shared fingerprints, of all that either has, from which two texts are nearly the same
MOST_WORDS = 3_000  # of one text
WORD = re.compile(r"\w+")


def groups_of_texts(texts: Mapping[str, str]) -> list[list[str]]:
    """Return the keys of texts in groups of nearly the same text, largest groups first, else in the given order."""
    leaders: list[tuple[frozenset[Hashable], list[str]]] = []
    for key, text in texts.items():
        found = _fingerprints(text)
        for prints, group in leaders:
            if _near(found, prints):
                group.append(key)
                break
        else:
            leaders.append((found, [key]))
    return _largest_first([group for _, group in leaders])


def groups_of_code(codes: Mapping[str, str]) -> list[list[str]]:
    """Return the keys of answers in groups that differ in names, constants and formatting alone."""
    groups: dict[Hashable, list[str]] = {}
    for key, code in codes.items():
        groups.setdefault(shape(code) or code.strip(), []).append(key)
    return _largest_first(list(groups.values()))


def _largest_first(groups: list[list[str]]) -> list[list[str]]:
    return sorted(groups, key=lambda group: -len(group))


@lru_cache(maxsize=4096)
def _fingerprints(text: str) -> frozenset[Hashable]:
    """Return each run of words in a row; case, punctuation and spaces do not count. A short text is one run."""
    words = WORD.findall(text.casefold())[:MOST_WORDS]
    if len(words) < RUN:
        return frozenset([tuple(words) or text.strip()])
    return frozenset(tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1))


def _near(one: frozenset[Hashable], other: frozenset[Hashable]) -> bool:
    if min(len(one), len(other)) < NEAR * max(len(one), len(other)):
        return False  # without comparing them
    return len(one & other) >= NEAR * len(one | other)
