"""Inputs and oracle of ``next.two_estimators``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import one_huge, signed
from gradschool.exercises.axes import Axes, an_entry_of_0, has_value, large, of_size, several, some, tiny


def noise(a: Args) -> Array:
    """The noise eps of each sample, x = mu + sigma * eps."""
    eps: Array = (a["x"] - a["mu"]) / a["sigma"]
    return eps


AXES: Axes = {
    "one sample": of_size("x", 1),
    "two samples": of_size("x", 2),
    "several samples": some(lambda a: len(a["x"]) > 2),
    "several means": several("mu"),
    "a mean below 0": some(lambda a: a["mu"] < 0),
    "a mean above 0": some(lambda a: a["mu"] > 0),
    "a mean of 0": has_value("mu", 0.0),
    **an_entry_of_0("x"),
    "sigma above 1": some(lambda a: a["sigma"] > 1.2),
    "sigma below 1": some(lambda a: a["sigma"] < 0.8),
    "sigma 1": has_value("sigma", 1.0),
    "a sample within sigma": some(lambda a: np.abs(noise(a)) < 0.9),
    "a sample beyond sigma, above": some(lambda a: noise(a) > 1.1),
    "a sample beyond sigma, below": some(lambda a: noise(a) < -1.1),
    "a sample at the mean": some(lambda a: a["x"] == a["mu"]),
    "f at 0": has_value("f", 0.0),
    "a slope of 0": has_value("slope", 0.0),
    "f below 0": some(lambda a: a["f"] < 0),
    "a large f": large("f"),
    "a tiny f": tiny("f"),
    "a large slope": large("slope"),
}


def cases(rng: Rng) -> list[Case]:
    """Samples x (n,) of a Gaussian, f(x) and its slope there (n,), the mean and the standard deviation."""

    def case(name: str, eps: list[float], mu: float, sigma: float, *, edge: bool = False) -> Case:
        n = len(eps)
        x = mu + sigma * np.array(eps) * rng.uniform(0.9, 1.1, n)
        args = {"x": x, "f": signed(rng, n, 0.5, 3.0), "slope": signed(rng, n, 0.5, 3.0), "mu": mu, "sigma": sigma}
        return Case(name, args, edge, {"n": n})

    def near(value: float) -> float:
        return float(value * rng.uniform(0.9, 1.1))

    found = [
        case("6 samples, a wide Gaussian", [0.5, -1.4, 2.0, -0.3, 1.5, -2.2], near(0.8), near(1.7)),
        case("4 samples, a narrow Gaussian", [1.6, -0.6, -1.7, 0.4], near(-1.5), near(0.5)),
        one_huge(case("", [0.5, -1.4, 2.0, -0.3], near(1.2), near(0.6)), "f"),
        case("samples at the mean, no slope, no f", [0.0, 1.5, -0.7, 1.3], near(2.0), near(0.7), edge=True),
        case("the standard normal, steep and flat", [-0.5, 1.8, 0.7], 0.0, 1.0, edge=True),
        case("2 samples, one of them at 0", [1.4, -0.5], near(0.6), near(2.0), edge=True),
        case("1 sample", [-1.6], near(-0.7), near(1.5), edge=True),
    ]
    found[5].args["x"][0] = 0.0
    found[3].args["f"][1] = found[3].args["slope"][2] = 0.0
    found[4].args["f"][:2] *= [200.0, 1e-4]
    found[4].args["slope"][:1] *= 200.0
    return found


def oracle(a: Args) -> tuple[Array, Array]:
    """f times the slope of log N(x; mu, sigma) at fixed x, and the slope of f(mu + sigma eps) at fixed eps."""
    at = np.array([a["mu"], a["sigma"]])

    def log_density(p: Any) -> Any:
        return -0.5 * ((a["x"] - p[0]) / p[1]) ** 2 - np.log(p[1])

    def sample(p: Any) -> Any:
        return p[0] + p[1] * noise(a)

    score, moved = complex_step(log_density, at), complex_step(sample, at)  # (n, 2) each
    return a["f"][:, None] * score, a["slope"][:, None] * moved
