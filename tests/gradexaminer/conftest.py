"""Agents made from texts, as a stranger's file would be imported."""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from gradexaminer import Report, examine
from gradexaminer.examination import ERRORS
from gradexaminer.running import apart, child
from tests.gradexaminer import sources
from tests.gradexaminer.sources import changed


@pytest.fixture(scope="session", autouse=True)
def errors_are_raised() -> Iterator[None]:
    """An error of the examiner's own fails the test, instead of leaving a question open."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ERRORS, "1")
        yield


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], ModuleType]:
    """Import a text as a module of its own."""

    def load(source: str) -> ModuleType:
        path = tmp_path / f"agent_{len(list(tmp_path.iterdir()))}.py"
        path.write_text(source, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def quick_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child as it is, forked from this process, which has imported PyTorch already."""

    def run(line, *, input, stdout, stderr, check, timeout):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(write)
            for ours, theirs in ((read, 0), (stdout.fileno(), 1), (stderr.fileno(), 2)):
                os.dup2(ours, theirs)
            sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
            sys.stderr = open(2, "w", encoding="utf-8", buffering=1)  # noqa: SIM115
            try:
                child.main()
            finally:
                os._exit(0)
        os.close(read)
        os.write(write, input)
        os.close(write)
        return subprocess.CompletedProcess(line, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    monkeypatch.setattr(apart.subprocess, "run", run)
    monkeypatch.setattr(apart, "has_sandbox", lambda: False)


def examine_dqn(module: ModuleType, seed: int = 0) -> Report:
    seed_all(seed)
    return examine(
        lambda: module.Agent(5, 4),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        n_actions=4,
        seed=seed,
    )


def examine_continuous(module: ModuleType, seed: int = 0) -> Report:
    seed_all(seed)
    return examine(
        lambda: module.Agent(5, 3),
        lambda agent, t: agent.buffer.add(*t.as_tuple()),
        lambda agent: agent.learn(),
        low=[-1.0] * 3,
        high=[1.0] * 3,
        seed=seed,
    )


def examine_range(module: ModuleType, seed: int, high: float, size: int = 3, low: float | None = None) -> Report:
    """Actions between other bounds, beside nine observed entries."""
    seed_all(seed)
    return examine(
        lambda: module.Agent(9, size),
        lambda agent, t: agent.buffer.add(*t.as_tuple()),
        lambda agent: agent.learn(),
        low=[-high if low is None else low] * size,
        high=[high] * size,
        obs=9,
        seed=seed,
    )


def examine_changed(load: Callable[[str], ModuleType], *changes: tuple[str, str]) -> Report:
    return examine_dqn(load(changed(sources.DQN, list(changes))))


def told(report: Report) -> list[tuple[str, str]]:
    return [(f.level, f.code) for f in report.findings if f.level != "note"]


def seed_all(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  # the agents draw from it, as most public ones do
    torch.manual_seed(seed)
