"""Inputs and oracle of ``dqn.huber_gradient``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import one_huge
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import LARGE, Axes, an_entry_of_0, has_value, large, short, some
from gradschool.exercises.dqn._cases import SHAPE_AXES, distinct_q, errors, with_labels_otherwise

AXES: Axes = {
    **SHAPE_AXES,
    "beyond the bend, above": some(lambda a: errors(a) > 1.2 * a["kappa"]),
    "beyond the bend, below": some(lambda a: errors(a) < -1.2 * a["kappa"]),
    "within the bend, above": some(lambda a: (errors(a) > 0) & (errors(a) < 0.9 * a["kappa"])),
    "within the bend, below": some(lambda a: (errors(a) < 0) & (errors(a) > -0.9 * a["kappa"])),
    "beyond the bend and below 1 in size, above": some(lambda a: (errors(a) > a["kappa"]) & (errors(a) < 1)),
    "beyond the bend and below 1 in size, below": some(lambda a: (errors(a) < -a["kappa"]) & (errors(a) > -1)),
    "next to the bend, outside": some(lambda a: (np.abs(errors(a)) > a["kappa"]) & near_the_bend(a)),
    "next to the bend, inside": some(lambda a: (np.abs(errors(a)) < a["kappa"]) & near_the_bend(a)),
    "beyond kappa, but not beyond B kappa": some(
        lambda a: (np.abs(errors(a)) > a["kappa"]) & (np.abs(errors(a)) < len(a["q"]) * a["kappa"])
    ),
    "zero error beside others": some(lambda a: 0 < np.sum(errors(a) == 0) < len(a["action"])),
    "a tiny error": some(lambda a: (np.abs(errors(a)) < 1e-5) & (errors(a) != 0)),
    "a large error": some(lambda a: (np.abs(errors(a)) > 100) & (np.abs(errors(a)) < 1e6)),
    "a huge error": large("y", 1e9),
    **an_entry_of_0("q", "y"),
    "kappa 1": has_value("kappa", 1.0),
    "kappa above 1": some(lambda a: a["kappa"] > 1),
    "kappa below 1": some(lambda a: a["kappa"] < 1),
    "a short answer": short(lambda a: np.clip(errors(a), -a["kappa"], a["kappa"])),
    "a large kappa": some(lambda a: a["kappa"] > LARGE),
    "large outputs above 0": some(lambda a: np.all(a["q"] > LARGE)),
    "large outputs below 0": some(lambda a: np.all(a["q"] < -LARGE)),
}


def near_the_bend(a: Args) -> Array:
    """Which errors are next to the bend."""
    near: Array = np.abs(np.abs(errors(a)) - a["kappa"]) < 1e-5 * a["kappa"]
    return near


def cases(rng: Rng) -> list[Case]:
    """Outputs q (B, A), actions (B,), targets y (B,) and the bend kappa; errors lie on both sides of it."""

    def case(name: str, A: int, kappa: float, in_kappas: list[float], edge: bool = False, shift: float = 0.0) -> Case:
        error = np.array(in_kappas) * kappa
        B, rows = len(error), np.arange(len(error))
        q, action = distinct_q(rng, B, A) + shift, rng.integers(A, size=B)
        args = {"q": q, "action": action, "y": q[rows, action] - error, "kappa": kappa}
        beyond = {"beyond the bend": np.abs(error) > kappa}
        return Case(name, args, edge=edge, sizes={"B": B, "A": A}, rows=beyond)

    def sizes(*factors: float) -> list[float]:
        """These multiples of kappa, each changed by a tenth at most, in random order."""
        return list(rng.permutation(np.array(factors) * rng.uniform(0.9, 1.1, len(factors))))

    zeros = case(
        "as many samples as actions, a large kappa, an output and a target of 0",
        3,
        200.0,
        sizes(-1.5, 1.5, 0.5),
        edge=True,
    )
    q, y, taken = zeros.args["q"], zeros.args["y"], zeros.args["action"]
    for row, to_zero in ((0, q[0, taken[0]]), (1, y[1])):
        q[row], y[row] = q[row] - to_zero, y[row] - to_zero
    return [
        case("a batch of 4, 6 actions", 6, 2.0, sizes(2.5, -1.7, 0.6, -0.3), shift=300.0),
        case("a batch of 6, 3 actions, uneven errors", 3, 0.5, sizes(300.0, -1.6, 1.6, 0.4, 4e-6, 0.0)),
        one_huge(case("", 6, 2.0, sizes(2.5, -1.7, 0.6, -0.3)), "y"),
        case("next to the bend on both sides, kappa 1", 4, 1.0, [1 + 1e-6, 1 - 1e-6, -1 - 1e-6, -1 + 1e-6], edge=True),
        zeros,
        case("one sample, a small kappa", 4, 0.6, sizes(-2.0), edge=True),
        case("one action", 1, 3.0, sizes(1.5, -0.5, -2.0), edge=True, shift=-300.0),
    ]


def oracle(a: Args) -> Array:
    """dL/dq by complex steps of the mean Huber loss of the taken actions."""

    def huber(e: Any) -> Any:
        k, size = a["kappa"], e if e.real > 0 else -e
        return 0.5 * e * e if size.real <= k else k * (size - 0.5 * k)

    def loss(q: Array) -> Any:
        return sum(huber(row[i] - t) for row, i, t in zip(q, a["action"], a["y"], strict=True)) / len(q)

    return complex_step(loss, a["q"])


def otherwise(a: Args) -> Otherwise:
    """Gradients that are cut by another rule, and those with labels that belong to other rows."""
    rows, kappa, q = np.arange(len(a["q"])), a["kappa"], a["q"]
    taken = q[rows, a["action"]]
    e = taken - a["y"]

    def put(found: Array) -> Array:
        g: Array = np.zeros_like(q)
        g[rows, a["action"]] = found / len(q)
        return g

    cut = kappa * np.sign(e)
    rules = {
        "if no error were cut": e,
        "if the size of `y`, not of the error, were compared with `kappa`": np.where(np.abs(a["y"]) <= kappa, e, cut),
        "if the size of Q, not of the error, were compared with `kappa`": np.where(np.abs(taken) <= kappa, e, cut),
        "if errors beyond `kappa` gave nothing": np.where(np.abs(e) <= kappa, e, 0.0),
        "if errors beyond `kappa` gave 1 or -1": np.where(np.abs(e) <= kappa, e, np.sign(e)),
        "if errors up to `kappa` gave nothing": np.where(np.abs(e) <= kappa, 0.0, e),
        "if the mean error, not each one, were compared with `kappa`": (e if abs(e.mean()) <= kappa else cut),
        "by the pseudo-Huber loss": e / np.sqrt(1 + (e / kappa) ** 2),
        "with kappa tanh(error / kappa)": kappa * np.tanh(e / kappa),
    }
    return with_labels_otherwise(oracle, a) | {
        f"what it would be {words}": lambda x=x: put(x) for words, x in rules.items()
    }
