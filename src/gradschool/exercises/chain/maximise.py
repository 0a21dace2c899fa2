"""Inputs and oracle of ``chain.maximise``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import signed
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes, an_entry_of_0, has_value, of_size, several, some

AXES: Axes = {
    "several functions f": several("curvature", "tilt", "wave"),
    "an f whose slope is not linear in a": some(lambda a: a["wave"] != 0 and a["steps"] > 1),
    "an f that is the lesson's hill": some(lambda a: np.array_equal(a["curvature"], np.eye(len(a["a"])))),
    "an f that mixes its coordinates": some(lambda a: np.count_nonzero(a["curvature"]) > len(a["a"])),
    "no step": has_value("steps", 0),
    "one step": has_value("steps", 1),
    "several steps": some(lambda a: a["steps"] > 2),
    "many steps, far from their end": some(lambda a: a["steps"] >= 100 and a["steps"] * a["lr"] < 1.5),
    "several step sizes": several("lr"),
    "one coordinate": of_size("a", 1),
    "a start far away, where f is steep": some(lambda a: np.abs(a["a"] - a["phi"]) > 100),
    "a top far from 0": some(lambda a: np.abs(a["phi"]) > 10),
    **an_entry_of_0("a", "phi"),
    "steps beyond the top, after which the slope is larger": some(lambda a: a["steps"] > 1 and _grows(a)),
    "slopes of all sizes on the way to the top": some(
        lambda a: a["steps"] > 4 and len(a["a"]) == 1 and 0.7 < a["lr"] * a["curvature"][0, 0] < 0.9
    ),
    "a start next to the top": some(lambda a: np.all(np.abs(a["a"] - a["phi"]) < 1e-4)),
}


def _grows(a: Args) -> bool:
    """Whether the slope after the first step is longer than before it."""
    slope = [complex_step(lambda x: height(a, x, a["phi"]), at) for at in (a["a"], oracle({**a, "steps": 1})[0])]
    return bool(np.linalg.norm(slope[1]) > 1.1 * np.linalg.norm(slope[0]))


def cases(rng: Rng) -> list[Case]:
    """A start a (n,), the parameters phi (n,) of f, a step size, a number of steps, and f (``adapters.slopes_of``)."""

    def case(
        name: str,
        n: int,
        steps: int,
        wave: float,
        *,
        edge: bool = False,
        away: float = 1.0,
        at: float = 1.0,
        pace: float = 1.0,
    ) -> Case:
        phi, lr, factor = at * signed(rng, n), pace * float(rng.uniform(0.05, 0.3)), signed(rng, (n, n), high=0.6)
        f = {"curvature": 0.5 * np.eye(n) + factor @ factor.T, "tilt": signed(rng, n), "wave": wave}
        return Case(name, {"a": phi + away * signed(rng, n), "phi": phi, "lr": lr, "steps": steps, **f}, edge=edge)

    hill = case("the lesson's function, 8 steps in 2 dimensions", 2, 8, 0.0)
    hill.args["curvature"][:], hill.args["tilt"][:] = np.eye(2), 1.0
    beyond = case("3 steps on a hill far from 0, each beyond the top", 2, 3, 0.0, at=50.0)
    lr = 2.3 / float(np.linalg.eigvalsh(beyond.args["curvature"])[0])
    beyond = replace(beyond, args={**beyond.args, "lr": lr})
    ever = case("6 steps in one dimension, each a fifth of the one before", 1, 6, 0.0, edge=True)
    one = case("one step, from 0 in one coordinate", 3, 1, -0.6, edge=True)
    one.args["a"][0], one.args["phi"][1] = 0.0, 0.0
    return [
        case("5 steps in 3 dimensions on a wavy hill", 3, 5, 0.8),
        hill,
        case("4 steps in 3 dimensions from far away", 3, 4, 0.5, away=500.0),
        beyond,
        one,
        case("no step at all", 2, 0, 0.4, edge=True),
        case("120 small steps", 2, 120, 0.0, edge=True, pace=0.03),
        case("3 steps in one dimension, next to the top", 1, 3, 0.0, edge=True, away=1e-5),
        replace(ever, args={**ever.args, "lr": 0.8 / float(ever.args["curvature"][0, 0])}),
    ]


def oracle(a: Args) -> tuple[Array, Array]:
    """The start, moved ``steps`` times by lr times the slope of f in a, by complex steps; phi stays where it was."""
    at, phi = a["a"], a["phi"]
    for _ in range(a["steps"]):
        at = at + a["lr"] * complex_step(lambda x: height(a, x, phi), at)
    return at, phi


def height(a: Args, x: Any, phi: Array) -> Any:
    """f(x; phi) = -1/2 (x - phi) . curvature (x - phi) + tilt . phi + wave sum sin(x phi)."""
    d = x - phi
    return -0.5 * d @ a["curvature"] @ d + a["tilt"] @ phi + a["wave"] * np.sum(np.sin(x * phi))


def otherwise(a: Args) -> Otherwise:
    """Other climbs: by words, what is added to the point in step k along a slope."""
    lr, steps, n = a["lr"], a["steps"], a["a"].size

    def climb(step: Callable[[Array, int], Array]) -> tuple[Array, Array]:
        at = a["a"]
        for k in range(steps):
            at = at + step(complex_step(lambda x: height(a, x, a["phi"]), at), k)
        return at, a["phi"]

    rules: dict[str, Callable[[Array, int], Array]] = {
        "if only entries with a positive slope moved": lambda d, k: lr * np.maximum(d, 0),
        "if only entries with a negative slope moved": lambda d, k: lr * np.minimum(d, 0),
        "if only the entry with the largest slope moved in a step": lambda d, k: (
            lr * d * (np.arange(n) == np.abs(d).argmax())
        ),
        "if each step moved one entry alone, all entries in turn": lambda d, k: lr * d * (np.arange(n) == k % n),
        "if the last step were half as long": lambda d, k: lr * d * (0.5 if k == steps - 1 else 1.0),
        "if the first step were half as long": lambda d, k: lr * d * (0.5 if k == 0 else 1.0),
        "if `lr` were divided by the number of the step": lambda d, k: lr * d / (k + 1),
        "if each step had the length `lr`": lambda d, k: lr * d / (float(np.linalg.norm(d)) or 1.0),
        "if only the sign of each slope counted": lambda d, k: lr * np.sign(d),
        "if slopes were cut off at -1 and 1": lambda d, k: lr * np.clip(d, -1, 1),
    }
    for least in (0.1, 0.01, 1e-3, 1e-4):
        ended = f"if the climb ended where the slope is shorter than {least:g}"
        rules[ended] = lambda d, k, least=least: lr * d * (np.linalg.norm(d) >= least)  # type: ignore[misc]

    def undone() -> tuple[Array, Array]:
        at, slope = a["a"], complex_step(lambda x: height(a, x, a["phi"]), a["a"])
        for _ in range(steps):
            new = at + lr * slope
            after = complex_step(lambda x: height(a, x, a["phi"]), new)
            if np.linalg.norm(after) <= np.linalg.norm(slope):
                at, slope = new, after
        return at, a["phi"]

    found: Otherwise = {"what it would be if a step were undone after which the slope is longer": undone}
    return found | {f"what it would be {words}": lambda step=step: climb(step) for words, step in rules.items()}
