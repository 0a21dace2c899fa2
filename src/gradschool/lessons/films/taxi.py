"""Chapter 2's training as a film: the greedy action in every cell, and how far the +20 has travelled back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradschool.lessons.figures import palette
from gradschool.lessons.figures.figure import LessonFigure, new_panels
from gradschool.lessons.live_figures.show import LiveFigure
from gradschool.rl.dqn.agent import Settings, StudentFunctions
from gradschool.rl.dqn.training import Run, train_table
from gradschool.rl.envs.taxi import ACTIONS, STANDS, Floats, Ints, TaxiModel, describe, greedy

SIZE = 5  # rows, and columns, of the grid
START = 328  # passenger at yellow, destination red
IN_TAXI = 4
EVERY = 5  # updates between two frames
MOST_FRAMES = 48
TITLES = ("1. The passenger waits", "2. The passenger is in the taxi")


def record(functions: StudentFunctions, model: TaxiModel, settings: Settings, seed: int) -> list[tuple[int, Floats]]:
    """Train until the greedy policy is optimal and keep the outputs Q (S, A) every few updates.

    Parameters
    ----------
    functions, model, settings, seed
        As for `train_table`.

    Returns
    -------
    list of (int, ndarray)
        The number of updates so far and Q (S, A), at most `MOST_FRAMES` of them, evenly spaced.
    """
    frames: list[tuple[int, Floats]] = []

    def keep(run: Run, share: float) -> None:
        frames.append((round(share * settings.updates), run.W.copy()))

    train_table(functions, model, replace(settings, every=EVERY, stop_when_optimal=True), seed, callback=keep)
    kept = np.unique(np.linspace(0, len(frames) - 1, MOST_FRAMES).round().astype(int))
    return [frames[k] for k in kept]


def cells(passenger: int, destination: int) -> Ints:
    """Return the ids (25,) of the states that differ in the taxi's place alone, row after row."""
    return (np.arange(SIZE * SIZE) * 5 + passenger) * 4 + destination


def leads_home(model: TaxiModel, policy: Ints) -> np.ndarray:
    """Return which states (S,) a deterministic policy brings home from, in however many steps."""
    states = np.arange(model.n_states)
    at, home = model.next_state[states, policy], model.terminated[states, policy]
    for _ in range(model.n_states.bit_length()):  # after n rounds 2^n steps have been followed
        at, home = at[at], home | home[at]
    return home


def film_data(model: TaxiModel, frames: list[tuple[int, Floats]], start: int = START) -> dict[str, Any]:
    """Compute what the film shows: both grids of the start's passenger and destination, in every frame.

    Parameters
    ----------
    model
        Taxi as arrays.
    frames
        What `record` has kept.
    start
        The id of a state; its passenger and its destination are those of the film.

    Returns
    -------
    dict
        The data of the figure "taxi_film".
    """
    destination, passenger = start % 4, start // 4 % 5
    grids = [cells(passenger, destination), cells(IN_TAXI, destination)]
    stands = _stands(model)
    return {
        "size": SIZE,
        "titles": TITLES,
        "actions": ACTIONS,
        "start": int(start // 20),
        "walls": [int(cell) for cell in range(SIZE * SIZE) if _wall_to_the_east(model, cell)],
        "stands": [[cell, name] for cell, name in zip(stands, STANDS, strict=True)],
        "pick_up": stands[passenger],
        "drop_off": stands[destination],
        "best": 20.0,
        "frames": [_frame(model, grids, *frame) for frame in frames],
        "task": describe(start),
    }


def _frame(model: TaxiModel, grids: list[Ints], updates: int, Q: Floats) -> dict[str, Any]:
    policy = greedy(Q)
    home = leads_home(model, policy)
    waiting, riding = (int(home[grid].sum()) for grid in grids)
    starts = int(home[model.starts].sum())
    words = (
        f"After {updates} updates the greedy actions lead home from {riding} of 25 cells with the passenger in the "
        f"taxi, from {waiting} of 25 with the passenger waiting, and from {starts} of {len(model.starts)} starts in "
        "all."
    )
    return {
        "updates": updates,
        "action": [policy[grid] for grid in grids],
        "value": [Q[grid].max(axis=1).round(1) for grid in grids],
        "home": [home[grid] for grid in grids],
        "words": words,
    }


def _stands(model: TaxiModel) -> list[int]:
    """Return the cell of each stand: there alone a pick-up puts the waiting passenger into the taxi."""
    pick_up = ACTIONS.index("pick up")
    found = []
    for stand in range(len(STANDS)):
        waits = cells(stand, (stand + 1) % 4)
        moved = model.next_state[waits, pick_up] != waits
        found.append(int(np.flatnonzero(moved)[0]))
    return found


def _wall_to_the_east(model: TaxiModel, cell: int) -> bool:
    state = cells(IN_TAXI, 0)[cell]
    return cell % SIZE < SIZE - 1 and model.next_state[state, ACTIONS.index("east")] == state


def film_taxi(
    functions: StudentFunctions, model: TaxiModel, settings: Settings | None = None, seed: int = 0, start: int = START
) -> LiveFigure:
    """Train once more on the student's functions, and make the film of it.

    Parameters
    ----------
    functions, model, settings, seed
        As for `train_table`; the run ends when it is optimal.
    start
        The id of a state; its passenger and its destination are those of the film.

    Returns
    -------
    LiveFigure
        Its still picture shows four frames.
    """
    data = film_data(model, record(functions, model, settings or Settings(), seed), start)
    return LiveFigure("taxi_film", data, _still(data))


def _still(data: dict[str, Any]) -> LessonFigure:
    """Draw four frames of the second grid: the value of each cell, and the greedy arrow where it leads home."""
    shown = [data["frames"][k] for k in np.linspace(0, len(data["frames"]) - 1, 4).astype(int)]
    with palette.lesson_style():
        fig, panels = new_panels(1, len(shown), (9.0, 2.6))
        for axes, frame in zip(panels, shown, strict=True):
            value = np.reshape(frame["value"][1], (SIZE, SIZE))
            axes.imshow(value, cmap="cividis", vmin=-2, vmax=data["best"])
            for cell, (action, home) in enumerate(zip(frame["action"][1], frame["home"][1], strict=True)):
                row, column = divmod(cell, SIZE)
                color = "black" if value[row, column] > 9 else "white"
                axes.text(column, row, "↓↑→←PD"[action] if home else "·", color=color, ha="center", va="center")
            axes.set(xticks=[], yticks=[], title=f"{frame['updates']} updates")
    words = " ".join(frame["words"] for frame in shown)
    return fig.described(f"The greedy action in each cell with the passenger in the taxi, where it leads home. {words}")
