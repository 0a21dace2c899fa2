"""Experiments of chapter 2: the same training run from many seeds, and one line about the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradschool.lessons.training_progress import monitor, report_interrupt
from gradschool.rl.dqn.agent import Settings, StudentFunctions
from gradschool.rl.dqn.training import Run
from gradschool.rl.envs.taxi import OPTIMAL_MEAN, TaxiModel


def train_seeds(
    train: Callable[..., Run],
    functions: StudentFunctions,
    model: TaxiModel,
    settings: Settings,
    seeds: Iterable[int] = range(20),
    **changes: Any,
) -> list[Run]:
    """Train the same run from many seeds. Interrupting the kernel keeps the runs that are finished.

    Parameters
    ----------
    train
        `train_table`, or what is called like it.
    functions
        The student's functions.
    model
        Taxi as arrays.
    settings
        The settings of every run.
    seeds
        One run for each.
    **changes
        Settings to change, as in ``train_seeds(..., epsilon=0.0)``.

    Returns
    -------
    list of Run
        In the order of the seeds.
    """
    settings, seeds, runs = replace(settings, **changes), list(seeds), list[Run]()
    changed = "".join(f", {name} {value}" for name, value in changes.items())
    with monitor(f"{len(seeds)} runs{changed}", "starts driven optimally") as progress:

        def report(run: Run, share: float) -> None:
            progress.at((len(runs) + share) / len(seeds), lambda: (run.env_steps, run.solved))

        try:
            for seed in seeds:
                runs.append(train(functions, model, settings, seed, **({"callback": report} if progress.live else {})))
                progress.finished((runs[-1].env_steps, runs[-1].solved))
        except KeyboardInterrupt:
            report_interrupt(progress, len(runs), len(seeds))
    return runs


def verdict(runs: Sequence[Run]) -> str:
    """Say in one line how many runs ended optimal, and their mean returns over the 300 starts."""
    optimal = sum(run.optimal for run in runs)
    means = np.array([run.mean_return[-1] for run in runs])
    return (
        f"{optimal} of {len(runs)} runs end exactly optimal in all 300 starts; mean return over the starts: "
        f"median {np.median(means):.2f}, from {means.min():.2f} to {means.max():.2f} (optimum {OPTIMAL_MEAN:.2f})"
    )
