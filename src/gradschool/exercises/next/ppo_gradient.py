"""Inputs and oracle of ``next.ppo_gradient``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step
from gradschool.exercises._draws import one_huge
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes, Axis, has_value, large, of_size, several, some, tiny

NEXT_TO = 1e-6  # how far from the end of the clip range the ratio is that stands next to it


def ratio(a: Args) -> Array:
    """The probability ratio r of each row."""
    r: Array = np.exp(a["log_prob"] - a["old_log_prob"])
    return r


def _where(low: float, high: float, sign: float) -> Axis:
    """The axis of a row with a ratio between these bounds, in units of the clip range, and this sign of advantage."""
    return some(
        lambda a: (ratio(a) > 1 + low * a["clip"]) & (ratio(a) < 1 + high * a["clip"]) & (sign * a["advantage"] > 0)
    )


AXES: Axes = {
    "one row": of_size("log_prob", 1),
    "several rows": some(lambda a: len(a["log_prob"]) > 1),
    **{
        f"{place}, {what} advantage": _where(low, high, sign)
        for place, low, high in (
            ("above the range", 1.2, np.inf),
            ("just above the range", 1.0, 1.001),
            ("just inside, above", 0.999, 1.0),
            ("inside, above 1", 0.1, 0.9),
            ("inside, below 1", -0.9, -0.1),
            ("just inside, below", -1.0, -0.999),
            ("just below the range", -1.001, -1.0),
            ("below the range", -np.inf, -1.2),
        )
        for what, sign in (("positive", 1.0), ("negative", -1.0))
    },
    "outside in r, inside in log r": some(
        lambda a: (ratio(a) > 1 + a["clip"]) & (np.log(ratio(a)) < a["clip"]) & (a["advantage"] > 0)
    ),
    "inside in r, outside in log r": some(
        lambda a: (ratio(a) > 1 - a["clip"]) & (np.log(ratio(a)) < -a["clip"]) & (a["advantage"] < 0)
    ),
    "far above, positive advantage": some(lambda a: (ratio(a) > 15) & (a["advantage"] > 0)),
    "far above, negative advantage": some(lambda a: (ratio(a) > 15) & (a["advantage"] < 0)),
    "a log-probability of 0": has_value("log_prob", 0.0),
    "an old log-probability of 0": has_value("old_log_prob", 0.0),
    "a ratio of 1": some(lambda a: a["log_prob"] == a["old_log_prob"]),
    "every row much less likely": some(lambda a: len(a["log_prob"]) > 1 and np.all(np.log(ratio(a)) < -1.2)),
    "every row much likelier": some(lambda a: len(a["log_prob"]) > 1 and np.all(np.log(ratio(a)) > 1.2)),
    "no advantage": has_value("advantage", 0.0),
    "a large advantage": large("advantage"),
    "a tiny advantage": tiny("advantage"),
    "several clip ranges": several("clip"),
    "a clip range of 0": has_value("clip", 0.0),
    "a clip range off 0.2": some(lambda a: np.abs(a["clip"] - 0.2) > 0.05),
    "advantages whose mean is not 0": some(lambda a: np.abs(np.mean(a["advantage"])) > 0.1),
}
INSIDE = (0.5, -0.5, 0.4, -0.6)  # of the ratio, in units of the clip range
OUTSIDE = (60.0, 50.0, -1.5, -1.7)  # the first two are beyond any range that somebody would clip to
BOTH = (0.5, 1.8, -0.5, -1.6, 0.6, 1.5, -0.4, -1.8)
IN_ONE = (1.08, -0.93)  # the first is outside of the range in r and inside in log r, the second the other way round
NEAR = (1 + NEXT_TO, 1 + NEXT_TO, 1 - NEXT_TO, 1 - NEXT_TO, -1 + NEXT_TO, -1 + NEXT_TO, -1 - NEXT_TO, -1 - NEXT_TO)
UNLIKELY, LIKELY = (-1.9, -1.95, -1.85, -1.8), (8.0, 9.0, 10.0, 11.0)  # everywhere: the old policy is far away
BY_PLACE = (1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0)
IN_TURN = (1.0, -1.0)


def cases(rng: Rng) -> list[Case]:
    """Log-probabilities now and when the data were drawn (B,), advantages (B,), and the clip range."""

    def case(name: str, at: tuple[float, ...], signs: tuple[float, ...], clip: float, *, edge: bool = False) -> Case:
        B = len(at)
        moved = np.array(at) * (1.0 if edge else rng.uniform(0.95, 1.05, B))
        old = rng.uniform(-3.0, -0.5, B)
        advantage = rng.uniform(0.5, 2.0, B) * np.resize(signs, B)
        args = {"log_prob": old + np.log1p(clip * moved), "old_log_prob": old, "advantage": advantage, "clip": clip}
        return Case(name, args, edge, {"B": B})

    def near(value: float) -> float:
        return float(value * rng.uniform(0.95, 1.05))

    found = [
        case("10 samples, inside and outside of the range", (*BOTH, *IN_ONE), (*BY_PLACE, 1.0, -1.0), near(0.3)),
        case("8 samples, the other signs", BOTH, (-1.0, -1.0, 1.0, 1.0, 1.0, -1.0, 1.0, -1.0), near(0.12)),
        one_huge(case("", BOTH[:4], (1.0, 1.0, -1.0, 1.0), near(0.25)), "advantage"),
        case("the first step: every ratio is 1", (0.0,) * 4, (1.0, -1.0, 1.0, 1.0), 0.2, edge=True),
        case("next to the ends of the range", NEAR, IN_TURN, 0.2, edge=True),
        case("outside of the range", OUTSIDE, IN_TURN, near(0.4), edge=True),
        case("every row much less likely", UNLIKELY, IN_TURN, near(0.45), edge=True),
        case("every row much likelier", LIKELY, IN_TURN, near(0.45), edge=True),
        case("inside of the range, large, tiny and no advantage", INSIDE, IN_TURN, near(0.2), edge=True),
        case("one sample", (0.5,), (1.0,), near(0.3), edge=True),
    ]
    for k, key in ((8, "log_prob"), (7, "old_log_prob")):  # the ratios stay
        at_zero = found[k].args[key][0]
        for log_probs in (found[k].args["log_prob"], found[k].args["old_log_prob"]):
            log_probs[0] -= at_zero
    found[8].args["advantage"][:3] *= [300.0, 1e-4, 0.0]
    narrow = case("a range of no width", INSIDE, IN_TURN, near(0.3), edge=True)
    return [*found, replace(narrow, args={**narrow.args, "clip": 0.0})]


def oracle(a: Args) -> Array:
    """The slope of -mean(min(r A, clip(r) A)) in the log-probabilities by complex steps."""
    low, high = 1.0 - a["clip"], 1.0 + a["clip"]

    def term(log_prob: Any, old: float, advantage: float) -> Any:
        r = np.exp(log_prob - old)
        clipped = min(max(r.real, low), high)
        kept = r if clipped == r.real else clipped
        return r * advantage if (r.real - clipped) * advantage <= 0 else kept * advantage

    def loss(log_prob: Array) -> Any:
        rows = zip(log_prob, a["old_log_prob"], a["advantage"], strict=True)
        return -sum(term(*row) for row in rows) / len(log_prob) + 0j

    return complex_step(loss, a["log_prob"])


def otherwise(a: Args) -> Otherwise:
    """Gradients whose ratio is bounded beside the clip, or that stop beyond another ratio."""
    log_ratio, advantage, clip, B = a["log_prob"] - a["old_log_prob"], a["advantage"], a["clip"], len(a["advantage"])

    def gradient(r: Array, stopped: Array | bool = False) -> Array:
        flat = ((advantage > 0) & (r > 1 + clip)) | ((advantage < 0) & (r < 1 - clip)) | stopped
        return np.where(flat, 0.0, -r * advantage / B)

    found: Otherwise = {
        f"what it would be if the logarithm of the ratio were clipped to between -{c:g} and {c:g}": lambda c=c: (
            gradient(  # type: ignore[misc]
                np.exp(np.clip(log_ratio, -c, c))
            )
        )
        for c in (1, 2)
    }
    found |= {
        f"what it would be if no ratio counted as more than {c:g}": lambda c=c: gradient(  # type: ignore[misc]
            np.minimum(np.exp(log_ratio), c)
        )
        for c in (2, 3, 5, 10)
    }
    return found | {
        f"what it would be if bad actions with a ratio above {c:g} gave nothing, as by dual clipping": lambda c=c: (
            gradient(np.exp(log_ratio), (advantage < 0) & (np.exp(log_ratio) > c))
        )
        for c in (2, 3, 5)
    }
