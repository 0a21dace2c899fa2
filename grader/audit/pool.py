"""Many answers at once: workers forked from a process that has imported everything, each forking a child an answer."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import cache
from importlib import import_module
from multiprocessing import get_context
from typing import Any, TypeVar

from grader.audit.namespaces import lesson_namespace
from grader.bank.registry import find_entry
from grader.executors.process_context import end_with_parent
from grader.sandbox.bubblewrap import ONE_THREAD
from gradschool.core.judge_messages import JUDGE_VARIABLE

Task = TypeVar("Task")
Result = TypeVar("Result")
KILLED = "The process that examined it was killed (out of memory?): try this answer again by itself."


@cache
def prepare(exercise_id: str) -> None:
    """Import what answers to this exercise need, once, for all the processes that are forked from this one.

    No GPU is looked for: torch's autograd refuses to run in the child of a process that has used one.
    """
    os.environ.pop(JUDGE_VARIABLE, None)
    os.environ.update({**ONE_THREAD, "CUDA_VISIBLE_DEVICES": "", "MPLBACKEND": "agg"})
    import_module("torch").set_num_threads(1)
    import_module("torch._dynamo")  # an optimizer of torch imports it when it is first made
    lesson_namespace(find_entry(exercise_id).exercise)


def run_all(
    work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int, killed: Callable[[Task], Result]
) -> Iterator[Result]:
    """Yield ``work(task)`` for each task in order, ``jobs`` at once.

    Where a worker is killed, what was not done yet is done again, each task by itself; ``killed(task)`` stands for the
    result of one that kills its worker again.

    Parameters
    ----------
    work
        A function of a module.
    tasks
        In the order of the results; neighbors share what a worker keeps.
    jobs
        How many processes.
    killed
        Makes the result of a task whose worker was killed twice.
    """
    left = list(tasks)
    gc.collect()
    gc.freeze()  # a collector that touches what the workers share would copy it
    with _pool(jobs) as pool, suppress(BrokenProcessPool):
        futures: list[Future[Result]] = [pool.submit(work, task) for task in tasks]
        for future in futures:
            yield _kept(future.result(), left)
    for task in left:
        with _pool(1) as alone:
            try:
                result = alone.submit(work, task).result()
            except BrokenProcessPool:
                result = killed(task)
        yield result


def _kept(result: Result, left: list[Any]) -> Result:
    left.pop(0)
    return result


def _pool(jobs: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(jobs, mp_context=get_context("fork"), initializer=end_with_parent)
