"""What an exercise is for the student's machine: inputs to try, an oracle that needs no reference, and its words.

Every exercise of the course is one :class:`Exercise` in :mod:`gradschool.exercises`. The instructor's half (the
reference, hidden inputs, known mistakes) lives elsewhere and is not part of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from gradschool.core.plain_data import PlainData, iter_leaves, to_plain

CHAPTERS = {"chain": "01-loss-as-chain-rule", "dqn": "02-dqn-on-taxi", "ddpg": "03-ddpg-on-pendulum"}


class UnknownExercise(LookupError):
    """No exercise has this id."""


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


def call_in_order(answer: Callable[..., Any], args: Mapping[str, Any]) -> Any:
    """The plain way to try a student's function: the inputs in the order in which the case lists them.

    >>> call_in_order(lambda W, s: W[s], {"W": "abc", "s": 1})
    'b'
    """
    return answer(*args.values())


@dataclass(frozen=True)
class Exercise:
    """The public half of one exercise.

    ``cases(rng)`` makes inputs; ``expect(args)`` is the oracle (central differences of the stated loss, or a
    property), and ``run(answer, args)`` tries the student's function on one set of inputs and returns arrays.
    ``returns`` names the parts of an answer that is a tuple. ``tolerance`` is a row of ``numerics.TOLERANCES``.
    ``each``: every entry or text is an answer of its own and earns its share, as in a list of diagnoses.
    ``speed(answer)`` says in a sentence how slow a right answer is, or "" of a fast one: a note, never a mark.
    """

    id: str
    title: str
    signature: str
    cases: Callable[[np.random.Generator], list[Case]]
    oracle: Callable[[Mapping[str, Any]], Any]
    adapter: Callable[[Callable[..., Any], Mapping[str, Any]], Any] = call_in_order
    returns: tuple[str, ...] = ()
    tolerance: str = "numeric"
    per_item: bool = False
    speed_note: Callable[[Callable[..., Any]], str] | None = None

    @property
    def grade_id(self) -> str:
        """The id of the exercise's graded cell: letters, digits and hyphens only."""
        return grade_id(self.id)

    @property
    def function(self) -> str:
        """The name of the function that the lesson asks for."""
        return self.id.partition(".")[2]


def grade_id(exercise_id: str) -> str:
    """``chain.l2_gradient`` becomes ``chain-l2-gradient``.

    >>> grade_id("chain.l2_gradient")
    'chain-l2-gradient'
    """
    return exercise_id.replace(".", "-").replace("_", "-")


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
    near = get_close_matches(exercise_id, known, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known)}"
    raise UnknownExercise(f"There is no exercise {exercise_id!r}: {hint}")


def in_chapter(part: str) -> list[Exercise]:
    """All exercises of the chapter whose ids begin with ``part``, in the lesson's order."""
    return list(import_module(f"gradschool.exercises.{part}").EXERCISES)
