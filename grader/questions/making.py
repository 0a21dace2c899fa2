"""Three questions for each student: from what the student's functions returned, and what the bank's mutants return."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from grader.bank.entry import Entry
from grader.bank.registry import entries, find_entry
from grader.questions import options as opt
from grader.questions.inputs import FLAGS_ONLY, GRADIENTS, SMALL, WITH_FLAGS, Inputs, changed, changes
from grader.questions.question import KINDS, Change, Question, Sheet, are_apart, as_json, as_text
from gradschool.core.calling import Reply
from gradschool.core.exercise import Rng
from gradschool.core.numerics import Array

DRAWS = 3  # inputs drawn for each exercise
FEWEST_OPTIONS = 3
SCARCE_FIRST = ("changes", "whose", "returns")  # fewer exercises allow the first of these than the last
BATCH_SHOWN = ("reward", "terminated", "truncated")


@dataclass(frozen=True)
class Draw:
    """One input for an exercise, and changes to it."""

    inputs: Inputs
    changes: tuple[Change, ...]

    def all_inputs(self) -> list[Inputs]:
        """Return every input to be asked: the input itself, then each changed one."""
        return [self.inputs, *(changed(self.inputs, one) for one in self.changes)]


@dataclass(frozen=True)
class Answered:
    """A draw with the student's replies, in the order of :meth:`Draw.all_inputs`."""

    entry: Entry
    draw: Draw
    replies: Sequence[Reply]

    def parts(self, index: int = 0) -> dict[str, Array]:
        """Return the usable parts of one reply."""
        inputs = self.draw.all_inputs()[index]
        return opt.usable_parts(self.replies[index], inputs, self.entry.exercise.returns)


Draws = Mapping[str, Sequence[Draw]]


def rng_for(seed: int, student: str, assignment: str) -> Rng:
    """Return the generator of one student's sheet."""
    return np.random.default_rng([seed, zlib.crc32(student.encode()), zlib.crc32(assignment.encode())])


def draw_inputs(chapter_key: str, rng: Rng) -> Draws:
    """Draw inputs, and changes to them, for every exercise of a chapter on which questions can be asked."""
    found = {}
    for name in entries(chapter_key):
        if name in SMALL:
            drawn = [SMALL[name](rng) for _ in range(DRAWS)]
            found[name] = [Draw(inputs, tuple(changes(name, inputs, rng))) for inputs in drawn]
    return found


def inputs_to_ask(draws: Draws) -> dict[str, list[Inputs]]:
    """Return all inputs that a student's functions must be asked, by exercise."""
    return {name: [inputs for one in some for inputs in one.all_inputs()] for name, some in draws.items()}


def make_sheet(student: str, assignment: str, draws: Draws, replies: Mapping[str, Sequence[Reply]], rng: Rng) -> Sheet:
    """Make a sheet: a question of each kind, on different exercises where there are enough of them.

    Parameters
    ----------
    student, assignment
        Whose sheet it is, and on which chapter.
    draws
        The inputs.
    replies
        What the student's functions returned for :func:`inputs_to_ask` of them.
    rng
        Chooses inputs, distractors and the order of the options.

    Returns
    -------
    Sheet
        With fewer questions, and the reason, where the code allows no more.
    """
    answered = _answered(draws, replies)
    questions: list[Question] = []
    for kind, fresh in (*product(SCARCE_FIRST, [True]), *product(KINDS, [True]), *product(KINDS, [False])):
        used = {q.exercise if fresh else (q.exercise, q.kind) for q in questions}
        left = [k for k in answered if (k if fresh else (k, kind)) not in used]
        if len(questions) < len(KINDS):
            questions += next(([q] for q in _of_kind(kind, left, answered, rng)), [])
    questions.sort(key=lambda q: KINDS.index(q.kind))
    return Sheet(student, assignment, tuple(questions), "" if len(questions) == len(KINDS) else WHY)


WHY = "Too little of the code that was handed in returns the same numbers twice: there is nothing more to ask about."


def _answered(draws: Draws, replies: Mapping[str, Sequence[Reply]]) -> dict[str, list[Answered]]:
    """Return draws with their replies, by exercise; those that broke off are left out."""
    found: dict[str, list[Answered]] = {}
    for name, some in draws.items():
        given = list(replies.get(name, ()))
        if len(given) != sum(len(one.all_inputs()) for one in some):
            continue
        for one in some:
            n = len(one.all_inputs())
            found.setdefault(name, []).append(Answered(find_entry(name), one, given[:n]))
            given = given[n:]
    return found


def _of_kind(kind: str, names: Sequence[str], answered: Mapping[str, list[Answered]], rng: Rng) -> Iterator[Question]:
    make = {"returns": _returns, "whose": _whose, "changes": _changes}[kind]
    order = [names[k] for k in rng.permutation(len(names))]
    for name in sorted(order, key=lambda n: kind == "changes" and n not in WITH_FLAGS):
        for one in answered[name]:
            made = make(one, rng)
            if made is not None:
                yield made


def _returns(one: Answered, rng: Rng) -> Question | None:
    """Ask what the function returns for an input."""
    name = one.entry.exercise.id
    found = _some_part(one, rng) if name not in FLAGS_ONLY else None
    if found is None:
        return None
    part, own = found
    reference = opt.part_of_mutant(one.entry, "", one.draw.inputs, part)
    known = [array for _, array in opt.mutants_apart(one.entry, one.draw.inputs, part, rng)]
    others = opt.distinct(own, [*([reference] if isinstance(reference, np.ndarray) else []), *known])
    if len(others) + 1 < FEWEST_OPTIONS:
        return None
    options, key = opt.lettered(as_text(own), [as_text(x) for x in others], rng)
    prompt = f"What does your function `{one.entry.exercise.function}` return for this input{_as_part(part)}?"
    return Question(name, "returns", prompt, as_json(one.draw.inputs), tuple(one.draw.inputs), options, key, part)


def _whose(one: Answered, rng: Rng) -> Question | None:
    """Ask which of two gradients is the student's own, and what the other one gets wrong."""
    name = one.entry.exercise.id
    found = _some_part(one, rng) if name in GRADIENTS else None
    if found is None:
        return None
    part, own = found
    known = dict(opt.mutants_apart(one.entry, one.draw.inputs, part, rng))
    other = next((k for k, x in known.items() if opt.distinct(own, [x])), None)
    remarks = [k for k, x in known.items() if other and are_apart(x, known[other])]
    hints = {m.name: m.hint for m in one.entry.mutants}
    if other is None or len(remarks) < FEWEST_OPTIONS - 1:
        return None
    options, letter = opt.lettered(as_text(own), [as_text(known[other])], rng, "ab")
    numbered, number = opt.lettered(hints[other], [hints[k] for k in remarks[: FEWEST_OPTIONS - 1]], rng, "123")
    function = f"`{one.entry.exercise.function}`"
    prompt = (
        f"One of these is what your function {function} returns for this input{_as_part(part)}; the other comes from a "
        "function with one fault. Which one is yours, and which remark was made to the author of the other?"
    )
    shown, key = tuple(one.draw.inputs), letter + number
    return Question(name, "whose", prompt, as_json(one.draw.inputs), shown, options, key, part, numbered)


def _changes(one: Answered, rng: Rng) -> Question | None:
    """Ask which rows change if one flag is turned, or one entry changed."""
    found = _some_part(one, rng)
    for k, change in enumerate(one.draw.changes if found else ()):
        part, own = found or ("", np.zeros(0))
        rows = opt.rows_that_change(own, one.parts(k + 1).get(part))
        if rows and len(rows) < len(own):
            made = _on_rows(one, part, rows, change, rng)
            if made is not None:
                return made
    return None


def _on_rows(one: Answered, part: str, rows: tuple[int, ...], change: Change, rng: Rng) -> Question | None:
    n, inputs = len(one.parts()[part]), one.draw.inputs
    after = changed(inputs, change)
    sets = [
        opt.rows_that_change(array, opt.part_of_mutant(one.entry, name, after, part))
        for name, array in opt.mutants_apart(one.entry, inputs, part, rng)
    ]
    others = [opt.row_set(some, n) for some in sets if some is not None and len(some) <= n]
    others += [opt.row_set((int(k),), n) for k in rng.permutation(n)] + ["every row", "no row"]
    own = opt.row_set(rows, n)
    others = [text for text in dict.fromkeys(others) if text != own][: opt.MOST_OPTIONS - 1]
    options, key = opt.lettered(own, others, rng)
    batch = "batch" in inputs
    place = f"`{change.name}{list(change.at) if change.at else ''}`"
    prompt = (
        f"In this input {place} becomes {as_text(change.new)} instead of "
        f"{as_text(change.old)}; everything else stays. Which rows of what your function "
        f"`{one.entry.exercise.function}` returns change{_as_part(part)}? (Rows count from 0; an entry of a "
        "one-dimensional result is a row.)"
    )
    if batch:
        prompt += " The networks and the rest of the batch stay as they are and are not shown."
    shown = BATCH_SHOWN if batch else tuple(inputs)
    return Question(one.entry.exercise.id, "changes", prompt, as_json(inputs), shown, options, key, part, None, change)


def _some_part(one: Answered, rng: Rng) -> tuple[str, Array] | None:
    parts = one.parts()
    return list(parts.items())[int(rng.integers(len(parts)))] if parts else None


def _as_part(part: str) -> str:
    return f" as `{part}`" if part else ""
