"""The entries of the bank, found by name: ``dqn.td_target`` is ``td_target`` in ``grader/bank/dqn/td_target.py``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from grader.bank.entry import Entry
from grader.bank.ill_conditioned import with_ill_conditioned
from grader.errors import GraderError
from gradschool.core.exercise import CHAPTERS, UnknownExercise, find, in_chapter


@cache
def find_entry(exercise_id: str) -> Entry:
    """Return the entry of one exercise; raise UnknownExercise if there is no exercise of this id."""
    exercise = find(exercise_id)
    chapter = exercise.id.partition(".")[0]
    name = f"grader.bank.{chapter}.{exercise.stem}"
    try:
        found = getattr(import_module(name), exercise.stem, None)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        found = None
    if not isinstance(found, Entry):
        raise GraderError(f"{exercise_id} has no entry: {name.replace('.', '/')}.py should define {exercise.stem}.")
    return with_ill_conditioned(found)


@cache
def entries(chapter: str) -> Mapping[str, Entry]:
    """Return all entries of the chapter whose ids begin with this key, by exercise id, in the lesson's order."""
    if chapter not in CHAPTERS:
        raise UnknownExercise(f"no chapter {chapter!r}: there are {', '.join(CHAPTERS)}")
    return {exercise.id: find_entry(exercise.id) for exercise in in_chapter(chapter)}
