"""Inputs and oracle of ``chain.maximise``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import signed
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
