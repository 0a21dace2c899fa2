"""Inputs and oracle of ``next.sac_gradient``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import signed
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import (
    Axes,
    an_entry_of_0,
    has_value,
    large,
    of_size,
    several,
    some,
    square,
    tall,
    tiny,
    wide,
)

FAR = 20.0  # tanh(20) is 1 in float64, and log(1 - tanh^2) minus infinity
BEYOND = 400.0  # exp(800) is infinite in float64: a softplus as log(1 + exp(x)) is too, for u far below
# No u lies from -15 to -10: torch's softplus is x itself for x above 20, which is off by up to 2e-9 there.


def before_tanh(a: Args) -> Array:
    """The Gaussian sample u = mu + exp(log_std) * eps, before tanh."""
    u: Array = a["mu"] + np.exp(a["log_std"]) * a["eps"]
    return u


AXES: Axes = {
    "one row": of_size("mu", 1),
    "one action dimension, several rows": some(lambda a: a["mu"].shape[1] == 1 < len(a["mu"])),
    "square": square("mu"),
    "tall": tall("mu"),
    "wide": wide("mu"),
    "several temperatures": several("alpha"),
    "temperature 0": has_value("alpha", 0.0),
    "temperature 1": has_value("alpha", 1.0),
    "temperature below 1": some(lambda a: 0 < a["alpha"] < 0.8),
    "temperature above 1": some(lambda a: a["alpha"] > 1.2),
    "a standard deviation below 1": some(lambda a: a["log_std"] < -0.2),
    "a standard deviation above 1": some(lambda a: a["log_std"] > 0.2),
    "a log_std beyond 2": some(lambda a: a["log_std"] > 2),
    "a log_std below -5": some(lambda a: a["log_std"] < -5),
    "no noise": has_value("eps", 0.0),
    **an_entry_of_0("mu", "log_std"),
    "u near 0": some(lambda a: np.abs(before_tanh(a)) < 0.5),
    "u of ordinary size, above": some(lambda a: (before_tanh(a) > 0.8) & (before_tanh(a) < 3)),
    "u of ordinary size, below": some(lambda a: (before_tanh(a) < -0.8) & (before_tanh(a) > -3)),
    "u far out, above": some(lambda a: before_tanh(a) >= FAR),
    "u far out, below": some(lambda a: before_tanh(a) <= -FAR),
    "u beyond any exponential, above": some(lambda a: before_tanh(a) >= BEYOND),
    "u beyond any exponential, below": some(lambda a: before_tanh(a) <= -BEYOND),
    "no slope": has_value("dq_da", 0.0),
    "a large slope": large("dq_da"),
    "a tiny slope": tiny("dq_da"),
}


def cases(rng: Rng) -> list[Case]:
    """Mean and log standard deviation (B, A), the noise, the slope of Q at the action, and the temperature."""

    def case(name: str, B: int, A: int, alpha: float, *, edge: bool = False) -> Case:
        args = {
            "mu": signed(rng, (B, A), 0.2, 0.9),
            "log_std": signed(rng, (B, A), 0.25, 0.6),
            "eps": signed(rng, (B, A), 0.4, 0.9),
            "dq_da": signed(rng, (B, A), 0.5, 2.0),
            "alpha": alpha,
        }
        return Case(name, args, edge, {"B": B, "A": A})

    def near(value: float) -> float:
        return float(value * rng.uniform(0.9, 1.1))

    found = [
        case("4 samples, 3 action dimensions", 4, 3, near(0.3)),
        case("3 samples, 2 action dimensions, hot", 3, 2, near(2.5)),
        case("far out, where tanh is flat", 2, 3, near(0.5), edge=True),
        case("no temperature, as many samples as dimensions", 3, 3, 0.0, edge=True),
        case("temperature 1, one dimension, steep and flat", 4, 1, 1.0, edge=True),
        case("one sample, one dimension", 1, 1, near(0.2), edge=True),
        case("very narrow and very wide", 3, 2, near(0.4), edge=True),
        case("farther out than any exponential reaches", 2, 2, near(0.6), edge=True),
    ]
    near_zero, above, below = (0, 0), (0, 1), (0, 2)
    for at, u in ((near_zero, 0.1), (above, 1.4), (below, -1.4)):
        place(found[0], at, u * rng.uniform(0.9, 1.1))
    for at, u in (((0, 0), FAR + 5), ((0, 1), -FAR - 5), ((1, 2), 9.0)):
        place(found[2], at, u)
    found[3].args["eps"][0] = 0.0
    found[3].args["mu"][1, 1] = found[3].args["log_std"][2, 2] = 0.0
    found[4].args["dq_da"][:, 0] *= [300.0, 1e-4, 0.0, 1.0]
    found[6].args["log_std"][0] = [2.4, -5.5]
    place(found[6], (0, 0), -6.0 * rng.uniform(0.9, 1.1))
    for at, u in (((0, 0), BEYOND + 10), ((1, 1), -BEYOND - 10)):
        place(found[7], at, u)
    return found


def place(case: Case, at: tuple[int, int], u: float) -> None:
    """Move the mean of one entry so that its Gaussian sample lies at ``u``."""
    case.args["mu"][at] = u - np.exp(case.args["log_std"][at]) * case.args["eps"][at]


def log_slope(u: Any) -> Any:
    """log(1 - tanh(u)^2) for real and complex u, however far out."""
    flipped = np.where(np.real(u) >= 0, u, -u)  # the slope of tanh is even
    return 2.0 * (np.log(2.0) - flipped - np.log1p(np.exp(-2.0 * flipped)))


def log_prob(a: Args, mu: Any, log_std: Any) -> Any:
    """log pi(a|s) (B,) of the action a = tanh(u) that this noise gives, and complex where mu or log_std is."""
    gaussian = -0.5 * a["eps"] ** 2 - log_std - 0.5 * np.log(2 * np.pi)
    return np.sum(gaussian - log_slope(mu + np.exp(log_std) * a["eps"]), axis=1)


def oracle(a: Args) -> tuple[Array, Array, Array]:
    """log pi, and the gradient of sum alpha log pi - Q in mu and in log_std by complex steps."""

    def loss(mu: Any, log_std: Any) -> Any:
        action = np.tanh(mu + np.exp(log_std) * a["eps"])
        return a["alpha"] * np.sum(log_prob(a, mu, log_std)) - np.sum(a["dq_da"] * action)

    return (
        np.asarray(log_prob(a, a["mu"], a["log_std"])),
        complex_step(lambda mu: loss(mu, a["log_std"]), a["mu"]),
        complex_step(lambda log_std: loss(a["mu"], log_std), a["log_std"]),
    )


def otherwise(a: Args) -> Otherwise:
    """Log pi with a constant in its logarithm, or of a bounded log_std; and gradients by other paths."""
    sigma, u, alpha = np.exp(a["log_std"]), before_tanh(a), a["alpha"]
    action, slope = np.tanh(u), np.exp(log_slope(u))
    gaussian = -0.5 * a["eps"] ** 2 - a["log_std"] - 0.5 * np.log(2 * np.pi)

    def along(at_u: Array, direct: Array | float) -> dict[str, Array]:
        return {"grad_mu": at_u, "grad_log_std": at_u * sigma * a["eps"] + direct}

    def bounded(low: float, high: float) -> dict[str, Array]:
        log_prob, grad_mu, grad_log_std = oracle({**a, "log_std": np.clip(a["log_std"], low, high)})
        return {"log_prob": log_prob, "grad_mu": grad_mu, "grad_log_std": grad_log_std}

    def with_constant(small: float) -> dict[str, Array]:
        return {"log_prob": np.sum(gaussian - np.log(1 - action**2 + small), axis=1)}

    moved = 2 * alpha * action - a["dq_da"] * slope
    found: Otherwise = {
        f"what it would be with log(1 - tanh(u)^2 + {small})": lambda small=small: with_constant(float(small))  # type: ignore[misc]
        for small in ("1e-4", "1e-6", "1e-7", "1e-8")
    }
    found |= {
        f"what it would be if `log_std` were clipped to between {low:g} and {high:g}": (
            lambda low=low, high=high: bounded(low, high)  # type: ignore[misc]
        )
        for low, high in ((-20, 2), (-5, 2), (-10, 2), (-2, 2), (-5, 0))
    }
    return found | {
        f"what it would be if the Gaussian's slope in {one} were counted and its slope in {other} were not": paths
        for one, other, paths in (
            ("u, -eps / sigma,", "mu", lambda: along(moved - alpha * a["eps"] / sigma, -alpha)),
            ("mu, eps / sigma,", "u", lambda: along(moved + alpha * a["eps"] / sigma, -alpha)),
        )
    }
