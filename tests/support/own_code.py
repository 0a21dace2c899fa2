"""Students whose functions are solutions of the bank, and their sheets, made without kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from grader.bank.entry import Entry
from grader.bank.registry import entries, find_entry
from grader.course import Chapter, chapters
from grader.questions.making import draw_inputs, inputs_to_ask, make_sheet, rng_for
from grader.questions.question import Question, Sheet
from gradschool.core.calling import Reply, call_twice
from gradschool.core.exercise import Answer

Functions = Mapping[str, Answer]  # by exercise


def replies(functions: Functions, asked: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[Reply]]:
    """What these functions return, as a kernel would reply."""
    return {k: [call_twice(find_entry(k).exercise, functions[k], x) for x in some] for k, some in asked.items()}


def sheet_of(student: str, chapter: Chapter, functions: Functions, seed: int = 0) -> Sheet:
    """The sheet of a student with these functions."""
    rng = rng_for(seed, student, chapter.assignment_id)
    draws = draw_inputs(chapter.key, rng)
    return make_sheet(student, chapter.assignment_id, draws, replies(functions, inputs_to_ask(draws)), rng)


def solution(entry: Entry, k: int) -> Answer:
    """The k-th way of the bank to write, rightly or wrongly, what an exercise asks for."""
    ways = [*entry.mutants, *entry.alternatives]
    return ways[k % len(ways)].fresh() if ways else entry.reference


def sheets(rounds: int, pick: Callable[[Entry, int], Answer] = solution) -> Iterator[tuple[Functions, Sheet]]:
    """So many students in each chapter, each with other solutions of the bank, and their sheets."""
    for chapter in (c for c in chapters() if c.key != "lab"):  # agents return no numbers: no question is made of them
        for k in range(rounds):
            functions = {name: pick(entry, k) for name, entry in entries(chapter.key).items()}
            yield functions, sheet_of(f"student-{k}", chapter, functions, seed=k)


def some_questions(rounds: int = 12) -> list[Question]:
    """Questions of every kind from every chapter."""
    return [q for _, sheet in sheets(rounds) for q in sheet.questions]
