"""What a student's functions return on given inputs: asked in a sandboxed kernel as for marks, not in this process."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from nbformat import NotebookNode

from grader.bank.entry import Entry
from grader.course import Chapter
from grader.execution.config import ExecutionConfig
from grader.execution.notebook_run import NotebookRun
from grader.judging.examine import Ask
from grader.results import GradeRecord
from gradschool.core.calling import Reply
from gradschool.core.report import Report

Asked = Mapping[str, Sequence[Mapping[str, Any]]]  # inputs, by the exercise's id
Replies = Mapping[str, Sequence[Reply]]  # replies in the order of the inputs
# Mistakes of which a second call would cost the time limit again, or has nothing to say.
NOT_ASKED = frozenset({"untouched", "never-returned", "kernel-died", "not-reached", "not-checked", "broken-off"})


def collect_replies(graded: NotebookNode, chapter: Chapter, asked: Asked, config: ExecutionConfig) -> Replies:
    """Run a graded notebook again, and have each exercise's function answer the inputs asked for.

    Parameters
    ----------
    graded
        The graded notebook; it stays as it is.
    chapter
        Its chapter.
    asked
        The inputs, by the exercise's id; what the notebook's record calls never written or never returned is left out.
    config
        How kernels run.

    Returns
    -------
    mapping of str to sequence of Reply
        Exercises that broke off are missing.
    """
    mistakes = GradeRecord.read(graded).mistakes()
    wanted = {k: some for k, some in asked.items() if mistakes.get(k) not in NOT_ASKED}
    replies: dict[str, list[Reply]] = {}

    def ask_inputs(entry: Entry, ask: Ask, seed: int) -> Report:
        name = entry.exercise.id
        found = [ask(args) for args in wanted.get(name, ())]
        replies[name] = found
        return Report(name, entry.exercise.title, 0.0, ())

    NotebookRun(copy.deepcopy(graded), chapter, config, put=ask_inputs).run()
    return replies
