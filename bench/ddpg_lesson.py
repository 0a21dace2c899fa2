"""Chapter 3's training results as the lesson quotes them: its own cells on its own solutions, as JSON.

python -m bench.ddpg_lesson > bench/ddpg_lesson.json

About a minute of CPU. A test compares the numbers in the lesson's text with the file.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from typing import Any

import jupytext
import numpy as np
import torch

from grader.course import chapter
from gradschool.rl.ddpg.training import Run

CELLS = (  # how the lesson's experiments begin, in their order
    "mine = StudentFunctions(",
    "probed = Settings(",
    "cut = Settings(",
    "careful = replace(",
    "faulty_agents = {",
    "own = train_own(",
)


def lesson_names() -> dict[str, Any]:
    """Run the lesson's locked and exercise cells and the experiments above, and return every name that they define."""
    cells = jupytext.read(chapter("ddpg").source, fmt="md:myst").cells
    names: dict[str, Any] = {}
    for cell in cells:
        if {"locked", "exercise"} & set(cell.metadata) or cell.source.startswith(CELLS):
            exec(cell.source, names)
    return names


def ends(runs: Sequence[Run]) -> dict[str, Any]:
    """Summarize one group of runs: how many end at or above -200, the median and the extremes, and CPU seconds."""
    last = np.array([run.mean_return[-1] for run in runs])
    seconds = float(np.median([run.seconds_to() for run in runs]))
    found = {"solved": int((last >= -200).sum()), "of": len(runs), "median": round(float(np.median(last)), 1)}
    found |= {"worst": round(float(last.min()), 1), "best": round(float(last.max()), 1)}
    return found | {"cpu_seconds_to": round(seconds, 2) if np.isfinite(seconds) else None}


def errors(runs: Sequence[Run]) -> dict[str, Any]:
    """Summarize how far the estimated Q is from the true return, at the evaluations that the lesson speaks of."""
    steps = list(runs[0].env_steps)
    off = np.array([np.subtract(run.q_estimated, run.q_true) for run in runs])
    true = np.array([run.q_true for run in runs])
    found = {"first_median": round(float(np.median(off[:, 0])), 1), "first_at": steps[0]}
    found |= {"first_true_median": round(float(np.median(true[:, 0])), 1)}
    middle = int(np.argmin(np.abs(np.array(steps) - 3_750)))
    found |= {"middle_at": steps[middle], "below_zero_in_the_middle": int((off[:, middle] < 0).sum())}
    last = off[:, -1]
    found |= {"above": int((last > 0).sum()), "of": len(runs), "median": round(float(np.median(last)), 1)}
    found |= {"least": round(float(np.abs(last).min()), 1), "most": round(float(np.abs(last).max()), 1)}
    return found | {"true_median": round(float(np.median(true[:, -1])), 1)}


def main() -> None:
    """Print the results."""
    torch.set_num_threads(1)
    with contextlib.redirect_stdout(sys.stderr):
        names = lesson_names()
    found = {
        "bounds": {name: ends(runs) for name, runs in names["at_the_wall"].items()},
        "section 8": ends(names["runs"]),
        "ablations": {name: ends(runs) for name, runs in names["ablations"].items()},
        "errors": {name: errors(runs) for name, runs in names["both"].items()},
        "TD3": ends(names["td3_runs"]),
        "clinic": {letter: ends(runs) for letter, runs in names["curves"].items()},
        "own": ends(names["own"]),
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
