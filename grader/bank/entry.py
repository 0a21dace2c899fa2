"""The private half of an exercise: reference, inputs, points, known mistakes and alternative solutions.

    l2_gradient = entry("chain.l2_gradient", points=2, reference=lambda p, l: p - l)

    @l2_gradient.mutant("sign", "Did the loss fall? ...", "a7")
    def label_minus_prediction(p, l): ...

    @l2_gradient.alternative_solution
    def by_subtract(p, l): ...

A mutant or an alternative must stand on its own: it may use ``np``, ``torch`` and what it defines inside, so that
it can also be written into a sample student's notebook.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from typing import Any, Generic, TypeVar

import numpy as np

from grader.bank.class_run import class_run
from gradschool.core import protocol
from gradschool.core.calling import Reply, call_in_turn, call_once, call_twice
from gradschool.core.exercise import Answer, Case, Exercise, Reading, Rng, find
from gradschool.core.plain_data import PlainData, copy_arrays, to_plain

Question = tuple[Case, PlainData]
Key = TypeVar("Key")
Value = TypeVar("Value")
MOST_REPLIES = 128  # replies of one known mistake that are kept, a few kilobytes each
MOST_READ = 128  # readings of one exercise's answers that are kept, a few kilobytes each
HIDDEN_SEED = 20_150_909  # the hidden fixtures are the same for everyone; fresh inputs come from other seeds


@dataclass(frozen=True)
class Variant:
    """A solution in the bank, right or wrong, as a function or a text: it can be run afresh or put into a notebook."""

    name: str
    definition: Answer | str
    function: str
    hint: str = ""
    misconception_id: str = ""

    @cached_property
    def source(self) -> str:
        """The definition's text without decorators; read from its file when it is first needed."""
        return self.definition if isinstance(self.definition, str) else _source(self.definition)

    def fresh(self) -> Answer:
        """Define the function anew and return it: what an earlier run kept in its defaults is gone."""
        namespace: dict[str, Any] = {"np": np, "numpy": np}
        if "torch" in self.source:
            namespace["torch"] = import_module("torch")
        exec(compile(self.source, f"<{self.function}>", "exec"), namespace)  # noqa: S102  a solution of the bank, never a student's
        function: Answer = namespace[self.function]
        return function


class LazyReplies:
    """A known mistake's replies to questions in their order, each worked out when it is first wanted.

    Most students differ at the first question. The others are put in their order to a function that is defined anew,
    since a mistake may keep something from call to call, or another worker of the run has put them already.
    """

    def __init__(self, exercise: Exercise, mutant: Variant, questions: Sequence[Question]) -> None:
        self._exercise, self._mutant, self._questions = exercise, mutant, questions
        self._found: list[Reply] = []

    def __getitem__(self, index: int) -> Reply:
        while len(self._found) <= index:
            self._found += self._next()
        return self._found[index]

    def _next(self) -> list[Reply]:
        """Return the reply to the first question, which most students differ from; then those to all others."""
        if not self._found:
            case, _ = self._questions[0]
            return [call_twice(self._exercise, self._mutant.fresh(), case.args)]
        what = [f"{self._exercise.id} {self._mutant.name}", "hidden"]
        return class_run().replies(what, self._all, wait=True)[1:]

    def _all(self) -> list[Reply]:
        answer = self._mutant.fresh()
        return [call_in_turn(self._exercise, answer, case.args, k) for k, (case, _) in enumerate(self._questions)]


class LastUsed(Generic[Key, Value]):
    """Values by key, each made when it is first wanted; those that were used last are kept, ``most`` of them."""

    def __init__(self, most: int) -> None:
        self._most, self._kept = most, dict[Key, Value]()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the kept value, or make it."""
        if key not in self._kept:
            return self.put(key, make())
        return self.put(key, self._kept[key])

    def peek(self, key: Key) -> Value | None:
        """Return the kept value, if there is one; it counts as no use."""
        return self._kept.get(key)

    def put(self, key: Key, value: Value) -> Value:
        """Keep this value as the last that was used, and return it."""
        self._kept.pop(key, None)
        self._kept[key] = value
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        return value


class KeptReplies:
    """A known mistake's replies to inputs that many students are asked; the last ``MOST_REPLIES`` are kept.

    For a mistake that keeps nothing from call to call.
    """

    def __init__(self, exercise: Exercise, mutant: Variant) -> None:
        self._exercise, self._answer = exercise, mutant.fresh()
        self._name = f"{exercise.id} {mutant.name}"
        self.kept = LastUsed[int, tuple[Case, Reply]](MOST_REPLIES)  # with the case, so that no other one gets its id

    def to(self, case: Case) -> Reply:
        """Return the reply to a case, which is asked once."""
        return self.kept.get(id(case), lambda: (case, self._reply(case.args)))[1]

    def _reply(self, args: Mapping[str, Any]) -> Reply:
        what = [self._name, dict(args)]
        return class_run().replies(what, lambda: [call_once(self._exercise, self._answer, args)])[0]


class ReadOnce:
    """An exercise's ``read``, which reads the same answer to the same inputs once: it recovers gradients from weights.

    An answer is the same if every bit is. The last ``MOST_READ`` are kept.
    """

    def __init__(self, read: Callable[[Mapping[str, Any], PlainData], Reading]) -> None:
        self._read, self._kept = read, LastUsed[bytes, Reading](MOST_READ)

    def __call__(self, args: Mapping[str, Any], got: PlainData) -> Reading:
        """Return what the exercise's ``read`` makes of an answer, or raise what it raises."""
        key = hashlib.blake2b(protocol.encode((dict(args), got))).digest()
        return self._kept.get(key, lambda: self._read(args, got))


@dataclass
class Entry:
    """The private half of one exercise. ``cases`` are judged twice: from the hidden seed and from a fresh one.

    ``points`` are the scale on which the judge reports, for every exercise. A ``warm_up`` is checked, judged and
    audited like any other exercise, and the gradebook counts nothing for it: its ``marks`` are 0.
    """

    exercise: Exercise
    points: float
    reference: Answer
    cases: Callable[[Rng], list[Case]]
    mutants: list[Variant] = field(default_factory=list)
    alternatives: list[Variant] = field(default_factory=list)
    warm_up: bool = False
    last_drawn: tuple[int, list[Question]] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def marks(self) -> float:
        """How many points the gradebook counts: all of them, or none for a warm-up."""
        return 0.0 if self.warm_up else self.points

    @property
    def tolerance(self) -> str:
        """The row of the table of tolerances: the exercise's own, which decides in the student's ``check`` too."""
        return self.exercise.tolerance

    def mutant(self, name: str, hint: str, misconception_id: str = "") -> Callable[[Answer], Answer]:
        """Register a wrong solution under the name of its mistake, with the hint that it must earn."""

        def register(function: Answer) -> Answer:
            if any(m.name == name for m in self.mutants):
                raise ValueError(f"{self.exercise.id} has two mutants named {name!r}")
            self.mutants.append(Variant(name, function, function.__name__, hint, misconception_id))
            return function

        return register

    def changed(
        self, name: str, hint: str, *changes: tuple[str, str], right: bool = False, misconception_id: str = ""
    ) -> None:
        """Register the reference with pieces of its text replaced: a mutant, or an alternative if it stays right.

        For answers that are whole classes, in which a mistake is one line of forty.
        """
        text = _source(self.reference)
        for old, new in changes:
            if text.count(old) != 1:
                raise ValueError(f"{self.exercise.id}, {name}: {old!r} is {text.count(old)} times in the reference")
            text = text.replace(old, new)
        variant = Variant(name, text, self.reference.__name__, hint, misconception_id)
        (self.alternatives if right else self.mutants).append(variant)

    def alternative_solution(self, function: Answer) -> Answer:
        """Register a right solution that is written another way."""
        self.alternatives.append(Variant(function.__name__, function, function.__name__))
        return function

    def fixtures(self, rng: Rng) -> list[Case]:
        """Draw the inputs that an answer is judged on."""
        return self.cases(rng)

    def questions(self, seed: int) -> list[Question]:
        """Return the inputs that a seed gives, each with the reference's answer; the last seed's are kept.

        An audit puts the same questions to every known mistake.
        """
        if self.last_drawn is None or self.last_drawn[0] != seed:
            cases = self.fixtures(np.random.default_rng(seed))
            answers = class_run().answers(
                [self.exercise.id, "right", str(seed)], lambda: [self.right(c.args) for c in cases]
            )
            self.last_drawn = seed, [*zip(cases, answers, strict=True)]
        return self.last_drawn[1]

    def right(self, args: Mapping[str, Any]) -> PlainData:
        """Return the reference's answer to one set of inputs, read as a student's is."""
        got = to_plain(self.exercise.adapter(self.reference, copy_arrays(args)))
        return got if self.read_once.read is None else to_plain(self.read_once.read(args, got).parts)

    @cached_property
    def read_once(self) -> Exercise:
        """The exercise with a ``read`` that keeps what it has read.

        Right answers are often equal to the last bit, and so are a student's and those of the mistake that it is.
        """
        read = self.exercise.read
        return self.exercise if read is None else replace(self.exercise, read=ReadOnce(read))

    @cached_property
    def hidden(self) -> list[Question]:
        """The questions that are the same for every student; worked out once and kept for the class."""
        return self.questions(HIDDEN_SEED)

    @cached_property
    def right_to_fresh(self) -> dict[int, PlainData]:
        """The right answers to a laboratory's fresh inputs, as they are worked out; the same for the whole class."""
        return {}

    @cached_property
    def kept_replies(self) -> dict[str, KeptReplies]:
        """The replies of each known mistake to fresh and further inputs, by its name; the class shares them."""
        return {m.name: KeptReplies(self.read_once, m) for m in self.mutants}

    @cached_property
    def mutant_replies(self) -> dict[str, LazyReplies]:
        """The replies of each known mistake to the hidden questions, by its name; worked out once and kept."""
        return {m.name: LazyReplies(self.read_once, m, self.hidden) for m in self.mutants}


def _source(function: Answer) -> str:
    """Return the source of a function without its decorators."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    tree.body[0].decorator_list = []  # type: ignore[attr-defined]
    lines = textwrap.dedent(inspect.getsource(function)).splitlines()
    return "\n".join(lines[tree.body[0].lineno - 1 :]) + "\n"


def entry(
    exercise_id: str,
    *,
    points: float,
    reference: Answer,
    cases: Callable[[Rng], list[Case]] | None = None,
    warm_up: bool = False,
) -> Entry:
    """Make the entry of an exercise. Without ``cases`` it is judged on the kinds of inputs of its public half."""
    exercise = find(exercise_id)
    return Entry(exercise, points, reference, cases or exercise.cases, warm_up=warm_up)
