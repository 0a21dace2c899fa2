"""Kernels that run whatever text they are given, for tests of how kernels start and what they see."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import nbformat

from grader.course import ROOT
from grader.execution.cell_outcome import KernelDied
from grader.execution.config import ExecutionConfig, TimeLimits
from grader.execution.kernel import Kernel
from grader.judging.server import JudgeServer

CONFIG = ExecutionConfig(ROOT / "build")


LIMITED = replace(CONFIG, limits=TimeLimits(check=2.0, cell=2.0, wall=1000.0))  # one of the students never ends


COLD = replace(CONFIG, fork=False)


class Running:
    """A kernel that runs whatever text it is given."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel, self.attempt, self.first = kernel, kernel.attempt, kernel.pid

    def run(self, text: str, seconds: float = 120.0) -> str:
        """What the text printed; an error's or a loss's name if it did not end well."""
        cell = nbformat.v4.new_code_cell(text)
        self.kernel.notebook.cells.append(cell)
        try:
            outcome = self.kernel.run(len(self.kernel.notebook.cells) - 1, seconds)
        except KernelDied as lost:
            return f"lost: {lost}"
        shown = "".join(o.get("text", o.get("evalue", "")) for o in cell.outputs)
        return shown.strip() if outcome == "ok" else f"{outcome}: {shown.strip()}"


@contextlib.contextmanager
def kernels(number: int = 1, config: ExecutionConfig = CONFIG) -> Iterator[list[Running]]:
    """So many kernels at once, from one fork server unless something is wrong."""
    with JudgeServer() as judge, contextlib.ExitStack() as stack:
        yield [
            Running(stack.enter_context(Kernel(nbformat.v4.new_notebook(), judge.address, config)))
            for _ in range(number)
        ]


def ask(*texts: str, number: int = 1) -> list[list[str]]:
    """Run the texts in each of several fresh kernels; for each kernel, what each text printed."""

    with kernels(number) as some:
        assert {k.attempt for k in some} == {"forked"}
        return [[k.run(text) for text in texts] for k in some]
