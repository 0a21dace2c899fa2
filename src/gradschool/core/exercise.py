"""What an exercise is for the student's machine: its words, inputs to try, and an oracle that needs no reference.

Every exercise of the course is one :class:`Exercise` among the rows of its chapter, in
``gradschool/exercises/<chapter>/__init__.py``; its inputs and its oracle are in the file of its own name beside them.
The instructor's half (the reference, hidden inputs, known mistakes) lives elsewhere and is not part of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, partial
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from gradschool.core.plain_data import PlainData, iter_leaves, to_plain

Answer = Callable[..., Any]  # a student's function
Args = Mapping[str, Any]  # the inputs of one case by name
Rng: TypeAlias = "np.random.Generator"  # a text: numpy.random is loaded when somebody draws
CHAPTERS = {
    "chain": "01-loss-as-chain-rule",
    "dqn": "02-dqn-on-taxi",
    "ddpg": "03-ddpg-on-pendulum",
    "lab": "04-debugging-lab",
    "next": "05-where-gradients-go-next",
}


class UnknownExercise(LookupError):
    """No exercise has this id."""


class AnswerUnusable(TypeError):
    """What an adapter raises of an answer that it cannot work with; its text is shown to the student as it is."""


@dataclass(frozen=True)
class Case:
    """One set of inputs for a student's function.

    ``args`` are handed over in order. ``edge`` marks a case that earns the "edge cases" share rather than the
    "values" share. ``sizes`` gives sizes their meaning (``{"B": 4}``), so that a wrong factor can be named.
    ``rows`` gives rows of the answer a meaning (``{"terminated": mask}``).
    """

    name: str
    args: Mapping[str, Any]
    edge: bool = False
    sizes: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def plain_args(self) -> PlainData:
        """``args`` as plain data."""
        return to_plain(dict(self.args))

    @cached_property
    def n_values(self) -> int:
        """How many numbers ``args`` hold."""
        return sum(leaf.size for _, leaf in iter_leaves(self.plain_args) if isinstance(leaf, np.ndarray))


def call_in_order(answer: Answer, args: Args) -> Any:
    """Call a student's function with the inputs in the order in which the case lists them.

    >>> call_in_order(lambda W, s: W[s], {"W": "abc", "s": 1})
    'b'
    """
    return answer(*args.values())


Told: TypeAlias = Callable[[str], "tuple[str, ...] | None"]


class Reading(NamedTuple):
    """What an exercise's ``read`` makes of an answer: the parts that are compared, and in words what it says.

    ``told(part)`` returns every sentence about a part that may be true of what was read, the plainest first; None where
    it is too little to tell. A sentence that may be true of every answer of a function is true of the function.
    """

    parts: Mapping[str, Any]
    words: str = ""
    told: Told | None = None


class Advice(NamedTuple):
    """What an exercise says of an answer beside its verdict: notes, and what is certainly wrong, if anything is."""

    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def in_own_file(*_: Any) -> Any:
    """Stand for the function of this name in the exercise's own file; :class:`Exercise` puts that in its place."""
    raise NotImplementedError


def call_from_file(exercise_id: str, name: str, *arguments: Any) -> Any:
    """Call a function of an exercise's own file, which is imported now: a kernel that is being graded has none."""
    chapter, _, stem = exercise_id.partition(".")
    return getattr(import_module(f"gradschool.exercises.{chapter}.{stem}"), name)(*arguments)


@dataclass(frozen=True)
class Exercise:
    """The public half of one exercise: its row in the chapter's list.

    ``cases(rng)`` makes inputs; ``oracle(args)`` says what is right without a reference (measured slopes of the
    stated loss, or a property). Both are found by name in ``gradschool/exercises/<chapter>/<function>.py`` when they
    are first called, unless they are given. ``adapter(answer, args)`` tries the student's function on one set of
    inputs and returns arrays. ``returns`` names the parts of an answer that is a tuple. ``tolerance`` is a row of
    ``numerics.TOLERANCES``. ``per_item``: every entry or text is an answer of its own and earns its share, as in a
    list of diagnoses. ``earning`` names the parts of the answer that earn a share, () for all of them: the rest is what
    a call must leave as it was. ``shares_with`` names parts that have no share of their own and the parts whose
    shares ask for them too: a step is right where its gradient is right and nothing else has one.
    ``speed_note(answer)`` says in a sentence how slow a right answer is, or "" of a fast one: a note, never a mark.
    ``advice(answer)`` is what `check` says beside its verdict. ``meaning`` is the sentence of a pass: what the right
    answer is, and what the student can now rely on. ``blocks(args)`` gives the names and shapes of the arrays that an
    answer consists of which is one flat gradient. ``needs_torch``: the function itself is called with
    torch's objects, so that nothing can be checked where there is no PyTorch, as in the browser. ``known_as`` are the
    lesson's names of inputs that the signature does not name, such as ``batches.done`` of what an agent learns from.
    ``steps`` are the parts of the answer that are an input's numbers after one step, and the input. ``networks_in``:
    of a part with a row for each update, the networks whose weights stand side by side in it, and how many each has.
    ``twice``: how many inputs are tried a second time, the first ones; None for all. Where a try makes many agents or
    runs a test on many, each already meets what the ones before it left.
    ``squared_error_in``: the parts that are the gradient of a mean of squared errors over the batch's rows, or one step
    along it. ``otherwise(args)`` gives wrong answers, each as a function that works it out, by the words that complete
    "The result is ...": a diagnosis names one where the student's answer is that.
    """

    id: str
    title: str
    signature: str
    cases: Callable[[Rng], list[Case]] = in_own_file
    oracle: Callable[[Args], Any] = in_own_file
    adapter: Callable[[Answer, Args], Any] = call_in_order
    returns: tuple[str, ...] = ()
    tolerance: str = "exact"
    per_item: bool = False
    earning: tuple[str, ...] = ()
    shares_with: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    speed_note: Callable[[Answer], str] | None = None
    read: Callable[[Args, PlainData], Reading] | None = None
    advice: Callable[[Answer], Advice] | None = None
    meaning: str = ""
    blocks: Callable[[Args], Mapping[str, tuple[int, ...]]] | None = None
    needs_torch: bool = False
    known_as: Mapping[str, str] = field(default_factory=dict, hash=False)
    steps: Mapping[str, str] = field(default_factory=dict, hash=False)
    networks_in: Mapping[str, Callable[[Args], Mapping[str, int]]] = field(default_factory=dict, hash=False)
    squared_error_in: tuple[str, ...] = ()
    twice: int | None = None
    otherwise: Callable[[Args], Mapping[str, Callable[[], Any]]] | None = None

    def __post_init__(self) -> None:
        for name in ("cases", "oracle", "read", "advice", "otherwise"):
            if getattr(self, name) is in_own_file:
                object.__setattr__(self, name, partial(call_from_file, self.id, name))

    def is_tried_twice(self, index: int) -> bool:
        """Return whether the function is called a second time on the inputs at this place of a list of cases."""
        return self.twice is None or index < self.twice

    @property
    def grade_id(self) -> str:
        """The id of the exercise's graded cell: letters, digits and hyphens only."""
        return grade_id(self.id)

    @property
    def anchor(self) -> str:
        """The anchor of the exercise's text in the notebook, for links to it."""
        return anchor(self.id)

    @property
    def function(self) -> str:
        """The name of the function that the lesson asks for, as the signature has it."""
        return self.signature.partition("(")[0]

    @property
    def stem(self) -> str:
        """The name of the exercise's files, in the student's package and in the grader's bank."""
        return self.id.partition(".")[2]


def grade_id(exercise_id: str) -> str:
    """The id of an exercise's graded cell: ``chain.l2_gradient`` becomes ``chain-l2-gradient``.

    >>> grade_id("chain.l2_gradient")
    'chain-l2-gradient'
    """
    return exercise_id.replace(".", "-").replace("_", "-")


def anchor(exercise_id: str) -> str:
    """The anchor of an exercise's text in a notebook: letters, digits and hyphens only.

    >>> anchor("chain.l2_gradient")
    'exercise-chain-l2-gradient'
    """
    return f"exercise-{grade_id(exercise_id)}"


def find(exercise_id: str) -> Exercise:
    """The exercise with this id; UnknownExercise, with the nearest that there is, otherwise.

    >>> find("dqn.td_target").function
    'td_target'
    >>> find("dqn.td_targt")
    Traceback (most recent call last):
    gradschool.core.exercise.UnknownExercise: There is no exercise 'dqn.td_targt': did you mean "dqn.td_target"?
    """
    part = str(exercise_id).partition(".")[0]
    if part not in CHAPTERS:
        begins = " or ".join(f'"{name}."' for name in CHAPTERS)
        raise UnknownExercise(f"There is no exercise {exercise_id!r}: ids begin with {begins}")
    known = {exercise.id: exercise for exercise in in_chapter(part)}
    if exercise_id in known:
        return known[exercise_id]
    near = _nearest(exercise_id.partition(".")[2], [name.partition(".")[2] for name in known])
    hint = f'did you mean "{part}.{near}"?' if near else f"there are {', '.join(known)}"
    raise UnknownExercise(f"There is no exercise {exercise_id!r}: {hint}")


def _nearest(name: str, names: list[str]) -> str:
    """Return the name that begins as this one does, or else the most similar one; "" where none is similar."""
    begins = [other for other in names if len(name) > 1 and other.startswith(name)]
    return next(iter(begins or get_close_matches(name, names, n=1)), "")


def in_chapter(part: str) -> list[Exercise]:
    """All exercises of the chapter whose ids begin with ``part``, in the lesson's order."""
    return list(import_module(f"gradschool.exercises.{part}").EXERCISES)
