"""How notebooks are run: the sandbox, the fork server, the limits and the work folder, decided once and passed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.execution.student_time import Seconds
from grader.sandbox import bubblewrap, other_user
from grader.sandbox.resources import ResourceLimits
from grader.settings import Settings

MANY = 16  # notebooks: whoever grades so many grades a class; as in grader/execution/fork_server.py


@dataclass(frozen=True)
class TimeLimits:
    """CPU seconds: for one check, one cell of the student's, one locked cell of the instructor's, the whole notebook.

    Only what the kernel's processes compute counts, so a busy machine costs nobody a mark. They may sleep ``sleep``
    times as long and take ``wall`` times as long on the wall: the one ends what only waits, the other grading on a
    machine that gives it nothing. ``restarts`` says how often a kernel may be started again; what runs once more
    then is paid from the notebook's seconds. Imports stand in locked cells: these get plenty.
    """

    check: float = 20.0
    cell: float = 30.0
    locked: float = 120.0
    notebook: float = 300.0
    restarts: int = 12
    sleep: float = 3.0
    wall: float = 20.0
    resources: ResourceLimits = field(default_factory=ResourceLimits)

    def allowance(self, cpu: float) -> Seconds:
        """Return all that goes with so many CPU seconds."""
        return Seconds(cpu, self.sleep * cpu, self.wall * cpu)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> TimeLimits:
        """Rebuild limits from what :func:`dataclasses.asdict` made of them."""
        return cls(**{**given, "resources": ResourceLimits(**given["resources"])})


@dataclass(frozen=True)
class ExecutionConfig:
    """Everything about running notebooks that the person who grades may choose.

    ``sandbox`` says whether kernels run inside bubblewrap, ``fork`` whether they are forked from a process that has
    imported everything (each starts by itself otherwise), ``work_dir`` which class's folder no kernel may see.
    ``other_user`` says that kernels run as another OS user in place of bubblewrap, where that cannot start.
    ``optimizers`` says whether any lesson steps torch's: all kernels then share what those import, for a second.
    """

    work_dir: Path
    sandbox: bool = True
    fork: bool = True
    other_user: bool = False
    optimizers: bool = True
    limits: TimeLimits = field(default_factory=TimeLimits)

    @classmethod
    def from_settings(cls, settings: Settings, limits: TimeLimits | None = None) -> ExecutionConfig:
        """Return what the environment's settings say, with these limits or the usual ones."""
        return cls(settings.work_dir, settings.sandbox, settings.fork, limits=limits or TimeLimits())

    @property
    def forks_kernels(self) -> bool:
        """Whether kernels come from the fork server, which lives inside the sandbox."""
        return self.sandbox and self.fork and not self.other_user

    @property
    def isolated(self) -> bool:
        """Whether kernels are kept from the grader's files at all: by bubblewrap, or as another OS user."""
        return self.sandbox or self.other_user

    def require(self) -> None:
        """Raise GraderError, in one sentence, if kernels cannot be isolated here as this configuration says."""
        if self.other_user:
            other_user.require([self.work_dir])
        else:
            bubblewrap.require(self.sandbox, self.work_dir)

    def warnings(self) -> list[str]:
        """Return what every record says of isolation that is weaker than bubblewrap's."""
        if self.other_user:
            return [other_user.NOTE]
        return [] if self.sandbox else [bubblewrap.WARNING]
