"""What a diagnosis rests on: the parts of answers beside the right ones, and a laboratory that asks for more of them.

A sentence about a mistake is a hypothesis. It is made from the attempts that were assessed, and it is said only if it
holds on fresh inputs too: :class:`Laboratory` draws those and puts them to the student's function.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

import numpy as np

from gradschool.core.calling import Reply, captured_output
from gradschool.core.compare import Attempt, Comparison
from gradschool.core.exercise import Args, Case, Exercise, Rng
from gradschool.core.form import subject
from gradschool.core.numerics import Array
from gradschool.core.plain_data import PlainData, copy_arrays, iter_leaves, part_of
from gradschool.diagnosis.inputs import named_inputs

Ask = Callable[[Args], Reply]  # puts one set of inputs to the student's function, twice
Draw = Callable[[Rng], list[Case]]
Right = Callable[[Args], PlainData]  # the right answer to one set of inputs
Parts = dict[str, Array]  # the numbers of an answer by the name of the part, in float64

# Of the exercise's cases that are drawn beside those that were assessed; a known mistake is named by the first alone.
FRESH_SEEDS = (101, 202, 303)
NESTED_SEED = 404  # of those in the place of rows in another order, where the batch's rows lie deeper than is known
QUESTIONS, RIGHT_ANSWERS = 400, 2500  # the most that one diagnosis asks the student's function, and works out
cpu_time = getattr(time, "thread_time", time.perf_counter)  # WebAssembly counts no CPU time
CPU_SECONDS, SECONDS = 0.6, 3.0  # nothing new is asked after either: a card should come at once


@dataclass(frozen=True)
class Part:
    """One part of one answer: what came back beside what was right, with the inputs that it was made from.

    A list of arrays, such as the gradients of a network's parameters, is one part: its entries stand one after
    another in a vector.
    """

    exercise: Exercise
    attempt: Attempt
    label: str
    comparisons: tuple[Comparison, ...]

    @property
    def what(self) -> str:
        """The part, as the subject of a sentence."""
        return subject(self.label)

    @property
    def case(self) -> Case:
        """The case that the part is an answer to."""
        return self.attempt.case

    @cached_property
    def of_numbers(self) -> bool:
        """Whether both are finite numbers, with sizes and signs: no text and no flags."""
        if not all(c.of_arrays and c.of_numbers for c in self.comparisons):
            return False
        return bool(self.right.size and np.isfinite(self.got).all() and np.isfinite(self.right).all())

    @cached_property
    def got(self) -> Array:
        """What came back, in float64."""
        return joined([c.got64 for c in self.comparisons])

    @cached_property
    def right(self) -> Array:
        """What was right, in float64."""
        return joined([c.expected64 for c in self.comparisons])

    @cached_property
    def wrong(self) -> Array:
        """Mask of the wrong entries, by the exercise's tolerance."""
        return joined([c.mask for c in self.comparisons])

    @cached_property
    def is_wrong(self) -> bool:
        """Whether any entry is wrong."""
        return bool(self.wrong.any())

    @cached_property
    def inputs(self) -> dict[str, Array]:
        """The inputs as arrays, by the names that the lesson gives them."""
        return named_inputs(self.exercise, self.case.args)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the inputs, in their order."""
        return tuple(x.shape for x in self.inputs.values())

    @cached_property
    def sizes(self) -> dict[str, int]:
        """What the case's sizes are called, such as B."""
        return dict(self.case.sizes)


def a_row_each(parts: Sequence[Part]) -> frozenset[str]:
    """Return the names of the vectors that have a number for each row of the batch, in every one of these parts."""
    told = [p for p in parts if p.right.ndim == 2 and p.right.shape[0] != p.right.shape[1]]
    names = [n for n, x in parts[0].inputs.items() if x.ndim == 1] if told else []
    return frozenset(n for n in names if all(n in p.inputs and _has_row_each(p, n) for p in parts))


def _has_row_each(p: Part, name: str) -> bool:
    return p.inputs[name].shape == (p.sizes.get("B", 1),) and p.right.shape[:1] == p.inputs[name].shape


def of_every_kind(parts: Sequence[Part]) -> list[Part]:
    """Return the parts with one of each case's name first: of few that are tried, all should differ."""
    seen: dict[str, int] = {}
    ranks = []
    for p in parts:
        seen[p.case.name] = seen.get(p.case.name, -1) + 1
        ranks.append(seen[p.case.name])
    return [p for _, p in sorted(zip(ranks, parts, strict=True), key=lambda pair: pair[0])]


def joined(arrays: Sequence[Array]) -> Array:
    """Return the one array as it is, several as one vector."""
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.ravel(a) for a in arrays])


def parts_of(exercise: Exercise, attempts: Iterable[Attempt]) -> dict[str, list[Part]]:
    """Return every part of the well-formed answers by its label: a list with one for each attempt."""
    found: dict[str, list[Part]] = {}
    for t in attempts:
        if not t.well_formed:
            continue
        by_part: dict[str, list[Comparison]] = {}
        for c in t.comparisons:
            by_part.setdefault(part_of(c.label), []).append(c)
        for label, comparisons in by_part.items():
            found.setdefault(label, []).append(Part(exercise, t, label, tuple(comparisons)))
    return found


def numbers_in(answer: PlainData, returns: tuple[str, ...] = ()) -> Parts:
    """Return the parts of an answer that are finite numbers, in float64, by their labels."""
    by_part: dict[str, list[Array]] = {}
    for label, leaf in iter_leaves(answer, returns):
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biuf":
            by_part.setdefault(part_of(label), []).append(leaf.astype(np.float64))
    parts = {label: joined(leaves) for label, leaves in by_part.items()}
    return {label: x for label, x in parts.items() if x.size and np.isfinite(x).all()}


IN_BATCHES = ("batch", "batches")  # inputs that hold the rows of one batch, (B, ...), or of several, (K, B, ...)


def with_rows_changed(args: Args, B: int, names: Set[str], change: Callable[[Array, int], Array]) -> Args:
    """Return the inputs with a change of those of these names that have a row for each of B samples.

    ``change(x, axis)`` gets an array and the axis of its rows.
    """

    def of(key: str, x: Any) -> Any:
        if key in IN_BATCHES and isinstance(x, dict):
            axis = 1 if key == "batches" else 0
            return {n: change(v, axis) if n in names else v for n, v in x.items()}
        return change(x, 0) if key in names and np.ndim(x) and len(x) == B else x

    return {key: of(key, x) for key, x in args.items()}


@dataclass
class Budget:
    """What may be spent on further questions: their number, right answers, CPU seconds of this thread, and seconds."""

    questions: int = QUESTIONS
    right_answers: int = RIGHT_ANSWERS
    cpu: float = field(default_factory=lambda: CPU_SECONDS)
    clock: float = field(default_factory=lambda: SECONDS)
    since: tuple[float, float] = field(default_factory=lambda: (cpu_time(), time.perf_counter()))
    at_first: tuple[float, float] = field(init=False, repr=False)
    was_short: bool = field(default=False, init=False)  # of time: on another day more may be asked

    def __post_init__(self) -> None:
        """Keep what there is at first: extensions are shares of that."""
        self.at_first = self.cpu, self.clock

    @property
    def over(self) -> bool:
        """Whether nothing more may be asked."""
        return self.questions <= 0 or self.right_answers <= 0 or self._spent(1.0)

    @property
    def half_over(self) -> bool:
        """Whether half of the time is up, or half of the right answers are given."""
        return self.over or self.right_answers < RIGHT_ANSWERS / 2 or self._spent(0.5)

    def extend(self, share: float) -> None:
        """Allow more time, and more questions, as a share of what there was at first: from now on, if more is spent."""
        (since_cpu, since), (cpu, clock) = self.since, self.at_first
        self.cpu = max(self.cpu, cpu_time() - since_cpu) + share * cpu
        self.clock = max(self.clock, time.perf_counter() - since) + share * clock
        self.questions = max(self.questions, 0) + int(share * QUESTIONS)
        self.right_answers = max(self.right_answers, 0) + int(share * RIGHT_ANSWERS)

    @property
    def is_short(self) -> bool:
        """Whether there was as little time at first as where a person waits for a card."""
        return self.at_first[0] <= CPU_SECONDS

    @contextmanager
    def unspent(self) -> Iterator[None]:
        """Count no CPU time for what is done meanwhile, up to what there was at first: every search needs it.

        Seconds are counted: a grader ends an explanation that takes too many.
        """
        began = cpu_time()
        yield
        self.cpu += min(cpu_time() - began, self.at_first[0])

    def _spent(self, share: float) -> bool:
        cpu, clock = self.since
        passed = time.perf_counter() - clock
        if passed <= share * min(self.cpu, self.clock):
            return False  # a thread has no more CPU time than has passed; to ask for it may cost a millisecond
        short = passed > share * self.clock or cpu_time() - cpu > share * self.cpu
        self.was_short = self.was_short or short
        return short


@dataclass
class Laboratory:
    """Where hypotheses about one student's function are tried.

    Attributes
    ----------
    exercise
        The public half of the exercise.
    ask
        Puts one set of inputs to the student's function.
    right
        The right answer to one set of inputs; by an oracle, or by a reference.
    like
        One attempt that was assessed: tolerance and names of parts are taken from it.
    cases
        Draws legal inputs from a generator; those of the exercise if it is left out.
    kept
        Right answers to the fresh inputs, by their number. They are the same for every student: a grader passes one
        dictionary to all laboratories of an exercise, and each answer is worked out once.
    earlier
        The attempts that came before all others, in their order.
    """

    exercise: Exercise
    ask: Ask
    right: Right
    like: Attempt
    cases: Draw | None = None
    budget: Budget = field(default_factory=Budget)
    known: dict[tuple[int, tuple[str, ...]], Parts] = field(default_factory=dict)
    kept: dict[int, PlainData] = field(default_factory=dict)
    earlier: Sequence[Attempt] = ()

    def attempt(self, case: Case, right: PlainData | None = None) -> Attempt | None:
        """Return an attempt at a further case; None if nothing more may be asked, or if there is no right answer.

        The right answer is worked out where it is not given.
        """
        if self.budget.over:
            return None
        self.budget.questions -= 1
        right = self.right_to(case.args) if right is None else right
        return None if right is None else replace(self.like, case=case, expected=right, reply=self.ask(case.args))

    def part(self, case: Case, label: str) -> Part | None:
        """Return one part of the answer to a further case; None if nothing came back that has it."""
        t = self.attempt(case)
        return next(iter(parts_of(self.exercise, [t] if t else []).get(label, [])), None)

    def right_to(self, args: Args) -> PlainData | None:
        """Return the right answer to inputs that may be none of the lesson's; None where there is none."""
        if self.budget.over:
            return None
        self.budget.right_answers -= 1
        try:
            with captured_output():
                return self.right(copy_arrays(args))
        except KeyboardInterrupt:
            raise
        except BaseException:  # inputs that the lesson does not promise may well raise
            return None

    def right_instead(self, attempt: Attempt, key: tuple[str, ...], other: Args | None) -> Parts:
        """Return the parts of the right answer to other inputs than the attempt's; ``key`` names what is other."""
        at = (id(attempt), key)
        if at not in self.known:
            right = None if other is None else self.right_to(other)
            self.known[at] = {} if right is None else numbers_in(right, self.exercise.returns)
        return self.known[at]

    @cached_property
    def first_fresh(self) -> tuple[Attempt, ...]:
        """Attempts at fresh inputs: another draw of every kind of case, and some with their rows in another order."""
        return self._attempts(0, fresh_cases(self._draw)[0])

    @cached_property
    def fresh(self) -> tuple[Attempt, ...]:
        """``first_fresh``, and two more draws of every kind of case."""
        first, others = fresh_cases(self._draw)
        with self.budget.unspent():
            return (*self.first_fresh, *self._attempts(len(first), others))

    @property
    def _draw(self) -> Draw:
        return self.cases or self.exercise.cases

    def _attempts(self, start: int, cases: tuple[Case, ...]) -> tuple[Attempt, ...]:
        found = {k: t for k, case in enumerate(cases, start) if (t := self.attempt(case, self.kept.get(k)))}
        self.kept.update({k: t.expected for k, t in found.items()})
        return tuple(found.values())


@lru_cache(maxsize=64)
def fresh_cases(draw: Draw) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    """Return the first seed's cases with some of them in another order of rows, and the other seeds'; drawn once."""
    first, *others = ([*draw(np.random.default_rng(seed))] for seed in FRESH_SEEDS)
    return (*first, *_reordered(draw, first)), tuple(chain.from_iterable(others))


def _reordered(draw: Draw, first: list[Case]) -> list[Case]:
    """Return cases with their rows in another order; further ones where no case shows which inputs have its rows."""
    found = [case for case in map(shuffled, first) if case]
    if found or all(case.sizes.get("B", 0) < 3 for case in first):
        return found
    return [case for case in draw(np.random.default_rng(NESTED_SEED)) if case.sizes.get("B", 0) >= 3]


def shuffled(case: Case) -> Case | None:
    """Return a case with the rows of its batch in another order and one of them twice; None without a batch."""
    B = case.sizes.get("B", 0)
    order = np.append(np.arange(B - 1, 0, -1), 1)  # row 0 is gone, row 1 there twice
    return with_rows(case, order, f"{case.name}, its rows in another order") if B >= 3 else None


def with_rows(case: Case, order: Array, name: str) -> Case | None:
    """Return a case with these rows of its batch; None where it is not certain which inputs have such rows.

    What belongs to the rows is told by its first axis: it has the batch's size, and that is no other size too.
    """
    B = case.sizes.get("B", 0)
    if isinstance(case.args.get("batches"), dict):
        return taken(case, frozenset({"batches"}), order, name)
    rows = inputs_of_length(case, B)
    if not B or list(case.sizes.values()).count(B) > 1:
        return None
    if isinstance(case.args.get("batch"), dict) == bool(rows):
        return None  # they lie deeper than is looked, or some lie in the batch and others beside it
    return taken(case, rows or frozenset({"batch"}), order, name)


def inputs_of_length(case: Case, n: int) -> frozenset[str]:
    """Return the names of the arrays among the inputs whose first axis is that long."""
    return frozenset(k for k, x in case.args.items() if isinstance(x, np.ndarray) and x.ndim and len(x) == n)


def taken(case: Case, rows: frozenset[str], order: Array, name: str) -> Case | None:
    """Return a case with these rows of the inputs that have them; None if the case may not have one of them twice.

    Several batches (K, B, ...) of an agent's have no repeated state.
    """

    def of(key: str, x: Any) -> Any:
        if key == "batches":
            return {k: v[:, order] for k, v in x.items()}
        return {k: v[order] for k, v in x.items()} if isinstance(x, dict) else x[order]

    if "batches" in rows and len(np.unique(order)) < len(order):
        return None
    args = {k: of(k, x) if k in rows else x for k, x in case.args.items()}
    flags = {k: m[order] for k, m in case.rows.items() if len(m) == case.sizes["B"]}
    return replace(case, name=name, args=args, rows=flags, sizes={**case.sizes, "B": len(order)})
