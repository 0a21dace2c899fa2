"""A canary before each class: a kernel as the students' notebooks get it, in which only the instructor's own text runs.

It imports what the lesson imports, from the place and in the version of the grader's own process, runs the lesson's
locked cells with the model solutions, and asks the judge once. What fails here is no student's doing, so nobody is
graded. The same look, in the middle of a class, tells whose fault a locked cell's error is.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache

import nbformat
from nbformat import NotebookNode

from grader.bank.registry import entries
from grader.course import Chapter
from grader.errors import GraderError
from grader.execution.cell_outcome import CellOutcome, KernelDied, MachineTooBusy
from grader.execution.config import ExecutionConfig
from grader.execution.kernel import Kernel
from grader.judging.server import JudgeServer
from grader.notebooks.nbgrader_cells import is_grade, is_locked, is_solution
from grader.notebooks.source import source_notebook
from grader.sandbox import cgroup, other_user
from gradschool.core.exercise import grade_id
from gradschool.student.kernel_probe import (
    Import,
    Trouble,
    is_answer,
    lesson_imports,
    packages_of,
    probe_source,
    troubles,
)

NOBODY = "no submission was graded and no mark has changed, since {why}, then run the same command again."
PROBES = 3  # times that a kernel is asked: output of a very busy machine may come too late to be seen
REPORT = "fix it, or report it if nothing here was changed"


def require(chapters: list[Chapter], config: ExecutionConfig) -> None:
    """Raise GraderError, in one sentence with its mend, if a kernel for one of these chapters is not in order."""
    for chapter in chapters:
        if why := problem(chapter, config):
            raise GraderError(NOBODY.format(why=why))


def problem(chapter: Chapter, config: ExecutionConfig, graded: NotebookNode | None = None) -> str:
    """Run a canary for one chapter; return what is wrong and how to fix it, "" if nothing is wrong.

    With a notebook that was ``graded`` its locked cells run, with the model solutions in place of the student's.
    """
    config.require()
    with (
        JudgeServer(seconds=config.limits.allowance(config.limits.check).wall) as judge,
        ThreadPoolExecutor(1) as own_thread,
    ):
        found = own_thread.submit(_Canary(chapter, config, judge, graded).look).result()
    return "; ".join(found) if found else ""


@lru_cache
def lesson_packages(chapter: Chapter) -> frozenset[str]:
    """Return the packages that a chapter imports, its experiments included."""
    code = (c.source for c in source_notebook(chapter).cells if c.cell_type == "code")
    return frozenset(packages_of(lesson_imports(code)))


@dataclass
class _Canary:
    """One canary: the chapter, how kernels run, and the judge that it asks."""

    chapter: Chapter
    config: ExecutionConfig
    judge: JudgeServer
    graded: NotebookNode | None

    def look(self) -> tuple[str, str] | None:
        """Return what is wrong, and what mends it; None if nothing is."""
        lesson = source_notebook(self.chapter)
        imports = lesson_imports(c.source for c in lesson.cells if c.cell_type == "code")
        cells = [nbformat.v4.new_code_cell(probe_source(imports)), *instructors_cells(self.graded or lesson, lesson)]
        notebook = nbformat.v4.new_notebook(cells=cells)
        try:
            with Kernel(notebook, self.judge.address, self.config) as kernel:
                return self._probe(kernel, imports) or self._run_lesson(kernel)
        except KernelDied as lost:
            return f"a kernel that ran only the lesson's own cells was lost ({lost})", REPORT
        except MachineTooBusy as busy:
            return str(busy), "wait until it is quieter"
        except RuntimeError as error:
            return f"no kernel starts ({error})", "see what `python -m grader doctor` says"

    def _probe(self, kernel: Kernel, imports: list[Import]) -> tuple[str, str] | None:
        for _ in range(PROBES):
            outcome = kernel.run(0, self.config.limits.locked)
            printed = "".join(o.get("text", "") for o in kernel.notebook.cells[0].outputs)
            if outcome is CellOutcome.OK and is_answer(printed):
                break
        else:
            return "a kernel did not show what it can import", "the machine may be too busy: wait a little"
        if self.config.other_user:
            printed = other_user.as_here(printed)
        found = troubles(printed, imports)
        return (f"the kernels in which students' notebooks run {found[0].sentence}", _mend(found[0])) if found else None

    def _run_lesson(self, kernel: Kernel) -> tuple[str, str] | None:
        exercises = {grade_id(name): name for name in entries(self.chapter.key)}
        for index, cell in list(enumerate(kernel.notebook.cells))[1:]:
            asked = exercises[cell.metadata.nbgrader.grade_id] if is_grade(cell) else ""
            if asked:
                self.judge.open(asked)
            outcome = kernel.run(index, self.config.limits.locked)
            if asked:
                window = self.judge.close()
                if window.report is None:
                    return f"the check of {asked} does not reach the judge ({window.broken or _error(cell)})", REPORT
            elif outcome is not CellOutcome.OK:
                name = cell.metadata.nbgrader.grade_id
                where = f"the lesson's own cell {name} of {self.chapter.assignment_id}"
                return f"{where} fails in a student's kernel ({_error(cell)})", REPORT
        return None


def instructors_cells(notebook: NotebookNode, lesson: NotebookNode) -> list[NotebookNode]:
    """Return copies of a notebook's locked cells, and the model solutions of the lesson, in the notebook's order.

    Of the checks the first one is among them: all reach the judge in the same way.
    """
    solved = {c.metadata.nbgrader.grade_id: c.source for c in lesson.cells if is_solution(c)}
    code = [c for c in notebook.cells if c.cell_type == "code" and (is_locked(c) or is_solution(c))]
    first = next((c for c in code if is_grade(c)), None)
    kept = [c for c in code if not is_grade(c) or c is first]
    sources = [solved.get(c.metadata.nbgrader.grade_id, c.source) for c in kept]
    return [
        nbformat.v4.new_code_cell(text, metadata=deepcopy(c.metadata)) for c, text in zip(kept, sources, strict=True)
    ]


def _error(cell: NotebookNode) -> str:
    found = [f"{o.ename}: {o.evalue}"[:200] for o in cell.outputs if o.output_type == "error"]
    return found[-1] if found else "it gave no reason"


def _mend(found: Trouble) -> str:
    """Return what gives the kernels of this machine a package: they see this Python's own environment alone."""
    if found.package == "python":
        return f"grade with the Python of {sys.prefix}, from which kernels are started"
    wanted = ["-e", ".[grader]"] if found.package == "gradschool" else [found.package]
    command = shlex.join([f"{sys.prefix}/bin/python", "-m", "pip", "install", *wanted])
    return f"install it where kernels see it (`{command}`)"


@dataclass(frozen=True)
class Finding:
    """What a canary found for one chapter and one way of starting kernels."""

    good: bool
    sentence: str


def examine_kernels(chapters: list[Chapter], config: ExecutionConfig) -> Iterator[Finding]:
    """Run a canary for each chapter, with each of the ways in which a class's kernels may start."""
    ways = {"forked": config, "started by itself": replace(config, fork=False)}
    for way, how in ways.items():
        if way == "forked" and not config.forks_kernels:
            continue
        for chapter in chapters:
            try:
                why = problem(chapter, how)
            except GraderError as error:  # no sandbox: then nothing else can be tried
                yield Finding(False, str(error))
                return
            well = "has what the lesson imports, as the grader has it, and reaches the judge"
            yield Finding(not why, f"{chapter.assignment_id}, a kernel {way}: {why or well}.")
    if config.isolated:
        yield Finding(True, cgroup.described())  # with or without: nothing is wrong
