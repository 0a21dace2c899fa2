"""Answers to one exercise compared with each other: which pairs share more than the class, the lesson and the bank do.

The method is winnowing (Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting",
SIGMOD 2003). An answer's statements are sequences of symbols (:mod:`grader.desk.code_shape`); each run of ``GRAM``
symbols is a gram. Of each ``WINDOW`` grams in a row at least one is kept as a fingerprint, so two answers that share a
run of ``GRAM + WINDOW - 1`` symbols share a fingerprint. Only such pairs are compared, then by all of their grams.

What the stub, the bank's right and wrong solutions, or more than half of the class have is nobody's own and counts
nothing. What few have counts more than what many have. Order does not count: grams end with their statement.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import log
from zlib import crc32

from grader.desk.code_shape import statements

GRAM, WINDOW = 5, 4
ENOUGH = 8.0  # of an answer's own, in grams that nobody else has; with less, likeness may be chance
ALIKE = 0.6  # share of what the smaller answer has of its own
MOST_PAIRS = 30  # shown for one exercise

Gram = tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Two answers, by their keys. ``common`` is what they share of ``smaller``, what the smaller one has of its own.

    ``parts`` names the exercises in which they share something, most first.
    """

    one: str
    other: str
    common: float
    smaller: float
    parts: tuple[str, ...]

    @property
    def share(self) -> float:
        """The common part, from 0 to 1."""
        return self.common / self.smaller


@dataclass(frozen=True)
class Found:
    """What comparing gave: similar pairs, most alike first; ``told`` of ``answers`` have enough of their own."""

    pairs: tuple[Pair, ...]
    answers: int
    told: int

    @property
    def too_short(self) -> bool:
        """Whether fewer than two answers have enough of their own to be told apart from chance."""
        return self.told < 2


class Exercise:
    """Everybody's code for one exercise; ``known`` is code that all may have: the stub and the bank's solutions."""

    def __init__(self, answers: Mapping[str, str], known: Iterable[str] = ()) -> None:
        self.answers = answers
        self.grams = {key: _by_gram(code) for key, code in answers.items()}
        common = {gram for code in known for gram in _by_gram(code)}
        counts = Counter(gram for found in self.grams.values() for gram in found)
        self.weights = _weights(counts, len(answers), common)
        self.own = {key: self._size(found) for key, found in self.grams.items()}

    def _size(self, grams: Iterable[Gram]) -> float:
        return sum(self.weights[gram] for gram in grams)

    def common(self, one: str, other: str) -> float:
        """Return what two have in common, in grams that nobody else has; 0 if either has handed in nothing."""
        return self._size(self._shared(one, other))

    def _shared(self, one: str, other: str) -> Set[Gram]:
        return self.grams.get(one, {}).keys() & self.grams.get(other, {}).keys()

    def lines(self, one: str, other: str) -> tuple[frozenset[int], frozenset[int]]:
        """Return the lines, of one and of the other, that hold what they have in common."""
        shared = self._shared(one, other)
        first, second = (_lines(self.grams.get(key, {}), shared, self.weights) for key in (one, other))
        return first, second

    def candidates(self) -> set[tuple[str, str]]:
        """Return the pairs that share a fingerprint that counts."""
        who: dict[Gram, list[str]] = defaultdict(list)
        for key, code in self.answers.items():
            for gram in fingerprints(code):
                if self.weights[gram] > 0:
                    who[gram].append(key)
        return {pair for keys in who.values() for pair in combinations(sorted(keys), 2)}


def compare(exercises: Mapping[str, Exercise]) -> Found:
    """Compare the students' work on these exercises, by name: one, or all of a chapter together."""
    own: dict[str, float] = defaultdict(float)
    for exercise in exercises.values():
        for key, size in exercise.own.items():
            own[key] += size
    told = {key for key, size in own.items() if size >= ENOUGH}
    pairs = []
    for one, other in sorted(set().union(*(e.candidates() for e in exercises.values()))):
        if one in told and other in told:
            pair = _pair(exercises, one, other, min(own[one], own[other]))
            if pair.common >= max(ENOUGH, ALIKE * pair.smaller):
                pairs.append(pair)
    pairs.sort(key=lambda p: (-p.share, -p.common, p.one, p.other))
    return Found(tuple(pairs), len(own), len(told))


def _pair(exercises: Mapping[str, Exercise], one: str, other: str, smaller: float) -> Pair:
    sizes = {name: exercise.common(one, other) for name, exercise in exercises.items()}
    parts = sorted((name for name, size in sizes.items() if size > 0), key=lambda name: -sizes[name])
    return Pair(one, other, sum(sizes.values()), smaller, tuple(parts))


def _weights(counts: Counter[Gram], answers: int, known: set[Gram]) -> dict[Gram, float]:
    """Return what each gram counts: 1 if at most two answers have it, less the more have it, 0 beyond half of them."""
    most = max(2, answers // 2)
    rare = log(max(answers, 3) / 2)

    def weight(count: int) -> float:
        return 1.0 if count <= 2 else min(1.0, max(0.0, log(answers / count) / rare))

    return {g: 0.0 if g in known or n > most else weight(n) for g, n in counts.items()}


@lru_cache(maxsize=4096)
def fingerprints(code: str) -> frozenset[Gram]:
    """Return the grams that winnowing keeps: of each window the one with the least hash, the last of equal ones."""
    kept = set()
    for statement in statements(code):
        found = _grams(statement.symbols)
        hashes = [crc32("\0".join(gram).encode("utf-8", "replace")) for gram in found]
        for start in range(max(1, len(found) - WINDOW + 1)):
            window = range(start, min(start + WINDOW, len(found)))
            kept.add(found[min(window, key=lambda i: (hashes[i], -i))])
    return frozenset(kept)


def _grams(symbols: tuple[str, ...]) -> list[Gram]:
    """Return the runs of ``GRAM`` symbols; a shorter statement is one gram."""
    return [symbols[i : i + GRAM] for i in range(max(1, len(symbols) - GRAM + 1))]


@lru_cache(maxsize=4096)
def _by_gram(code: str) -> dict[Gram, frozenset[tuple[int, int]]]:
    """Return an answer's grams, each with the lines (first and last) of the statements that have it."""
    found: dict[Gram, set[tuple[int, int]]] = defaultdict(set)
    for statement in statements(code):
        for gram in _grams(statement.symbols):
            found[gram].add((statement.first, statement.last))
    return {gram: frozenset(places) for gram, places in found.items()}


def _lines(
    grams: Mapping[Gram, frozenset[tuple[int, int]]], shared: Set[Gram], weights: Mapping[Gram, float]
) -> frozenset[int]:
    """Return the lines of the statements whose own grams are shared for the most part."""
    both: dict[tuple[int, int], float] = defaultdict(float)
    own: dict[tuple[int, int], float] = defaultdict(float)
    for gram, places in grams.items():
        for place in places:
            own[place] += weights[gram]
            both[place] += weights[gram] if gram in shared else 0.0
    marked = [place for place, size in own.items() if 0 < size <= 2 * both[place]]
    return frozenset(line for first, last in marked for line in range(first, last + 1))
