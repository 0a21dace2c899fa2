"""The debugging lab's three files, each with planted faults, and what the lesson does with them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FILES = ("taxi_dqn.py", "cartpole_dqn.py", "pendulum_ddpg.py")


def copy_files(folder: Path | str = ".") -> None:
    """Copy the three files into a folder, and say which; one that is there already stays as it is.

    Parameters
    ----------
    folder
        Where to: by default where the notebook is.
    """
    for name in FILES:
        file = Path(folder) / name
        if file.exists():
            print(f"{name} is there already, and stays as it is.")
        else:
            file.write_text((Path(__file__).parent / name).read_text(encoding="utf-8"), encoding="utf-8")
            print(f"{name} is beside this notebook now.")


def try_test(test: Callable[..., Any], small: Callable[..., Any], classes: Mapping[str, Any], seeds: int = 5) -> None:
    """Run a test on the agents of several classes, and print for each whether it passes.

    Parameters
    ----------
    test
        Takes an agent and batches, and raises AssertionError where the agent is wrong.
    small
        Builds an agent of a class and batches, from a seed.
    classes
        The classes by what they are called in the line that is printed.
    seeds
        How many agents of each class are tried.
    """
    for name, made in classes.items():
        failed = sum(_fails(test, *small(made, seed)) for seed in range(seeds))
        print(f"{name}: the test {f'fails for {failed} of {seeds} agents' if failed else 'passes'}.")


def _fails(test: Callable[..., Any], agent: Any, batches: Any) -> bool:
    try:
        test(agent, batches)
    except AssertionError:
        return True
    return False


def examine_file(file: Path | str) -> None:
    """Run `gradexaminer FILE.py` in a process of its own, as in a terminal, and print what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "gradexaminer", str(file)],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    print(done.stdout.strip() or done.stderr.strip())
