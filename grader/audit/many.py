"""Many answers, in their order, by processes that are shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from grader.audit.pool import KILLED, prepare, run_all
from grader.audit.trying import Outcome, Trial, try_answer
from grader.bank.registry import find_entry
from grader.children import Limits
from gradschool.check.api import check_here

Numbered = tuple[int, Trial, int, Limits]


def try_all(trials: Sequence[Trial], seed: int, limits: Limits, jobs: int) -> Iterator[dict[str, Any]]:
    """Yield the result of each answer in the order given: see :func:`grader.audit.trying.try_answer`."""
    for trial in trials:
        prepare(trial.exercise)
    tasks: list[Numbered] = [(k, trial, seed, limits) for k, trial in enumerate(trials)]
    tasks.sort(key=lambda task: task[1].exercise)  # what a worker works out for an exercise serves the next answer too
    done: dict[int, dict[str, Any]] = {}
    following = 0
    for (number, *_), result in zip(tasks, run_all(_try, tasks, min(jobs, len(trials) or 1), _killed), strict=True):
        done[number] = result
        while following in done:
            yield done.pop(following)
            following += 1


def _try(task: Numbered) -> dict[str, Any]:
    _, trial, seed, limits = task
    _warm(trial.exercise)
    return try_answer(trial, seed, limits)


@cache
def _warm(exercise_id: str) -> None:
    """Work out and import in this process, once, what every answer's process would otherwise do anew."""
    entry = find_entry(exercise_id)
    assert entry.hidden
    check_here(entry.exercise, (entry.alternatives or entry.mutants)[0].fresh())


def _killed(task: Numbered) -> dict[str, Any]:
    _, trial, _, _ = task
    lost = vars(Outcome("error", sentence=KILLED))
    return {"id": trial.id, **trial.rest, "exercise": trial.exercise, "grader": lost, "check": lost, "agree": True}
