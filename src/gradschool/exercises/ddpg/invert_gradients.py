"""Inputs and oracle of ``ddpg.invert_gradients``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import Axes, Axis, has_value, large, of_size, some, square, tall, tiny
from gradschool.exercises.ddpg._axes import RANGES
from gradschool.exercises.ddpg._setups import STEEP, limits

# Where the actions lie, 0 at low and 1 at high, and the signs of the slopes: both ways at each place, in turn.
INSIDE = (0.1, 0.3, 0.45, 0.6, 0.75, 0.9)
BEYOND = (1.15, 1.3, -0.15, -0.3, 0.2, 0.8, 2.4, 2.6, -1.4, -1.7, 0.6, 0.4)  # some by more than the whole width
AT_A_WALL = (1.0, 1.0, 0.0, 0.0)
MIDDLE = (0.5, 0.3, 0.9, 0.6, 0.2)  # of an odd length, so that both signs stand there
JUST_INSIDE = (1.0 - 1e-6, 1.0 - 1e-6, 1e-6, 1e-6)


def _share(a: Args) -> Array:
    """Where the actions lie: 0 at low, 1 at high."""
    share: Array = (a["action"] - a["low"]) / (a["high"] - a["low"])
    return share


def _ahead(a: Args) -> Array:
    """The room ahead as a share of the range: up where the slope is positive, down elsewhere."""
    return np.where(a["dq_da"] > 0, 1.0 - _share(a), _share(a))


def _of_sign(at: Callable[[Args], Array], sign: float) -> Axis:
    """The axis of an action at this place with a slope of this sign."""
    return some(lambda a: at(a) & (sign * a["dq_da"] > 0))


PLACES: dict[str, Callable[[Args], Array]] = {
    "a width beyond high": lambda a: _share(a) > 2.2,
    "beyond high": lambda a: _share(a) > 1.1,
    "at high": lambda a: a["action"] == a["high"],
    "just below high": lambda a: (a["action"] < a["high"]) & (_share(a) > 1 - 1e-5),
    "in the middle": lambda a: np.abs(_share(a) - 0.5) < 1e-9,
    "just above low": lambda a: (a["action"] > a["low"]) & (_share(a) < 1e-5),
    "at low": lambda a: a["action"] == a["low"],
    "beyond low": lambda a: _share(a) < -0.1,
    "a width beyond low": lambda a: _share(a) < -1.2,
}
AXES: Axes = {
    "one row": of_size("dq_da", 1),
    "one action dimension, several rows": some(lambda a: a["dq_da"].shape[1] == 1 < len(a["dq_da"])),
    "square": square("dq_da"),
    "square, nearer to the other wall": some(
        lambda a: square("dq_da")([a]) and np.any((np.abs(_share(a) - 0.5) > 0.1) & (_ahead(a) > 0.5))
    ),
    "tall": tall("dq_da"),
    **RANGES,
    "a wide range": some(lambda a: np.abs(a["low"]) > 20),
    "no slope": has_value("dq_da", 0.0),
    "a large slope": large("dq_da"),
    "a tiny slope": tiny("dq_da"),
    **{
        f"{place}, {way}": _of_sign(at, sign)
        for place, at in PLACES.items()
        for way, sign in (("up", 1.0), ("down", -1.0))
    },
}


def cases(rng: Rng) -> list[Case]:
    """dQ/da (B, A), the actions it was taken at (some beyond the bounds), and the range."""

    def case(name: str, B: int, A: int, at: tuple[float, ...], edge: bool = False, wide: float = 1.0) -> Case:
        low, high = (wide * bound for bound in limits(rng, A))
        share = np.resize(at, B * A).reshape(B, A)
        g = rng.uniform(0.5, 2.0, size=(B, A)) * np.resize([1.0, -1.0], B * A).reshape(B, A)
        args = {"dq_da": g, "action": (1.0 - share) * low + share * high, "low": low, "high": high}
        return Case(name, args, edge, {"B": B, "A": A} if A > 1 else {})

    found = [
        case("4 samples, 3 action dimensions, inside the range", 4, 3, INSIDE),
        case("6 samples, 2 action dimensions, some beyond the range", 6, 2, BEYOND),
        case("at the walls", 4, 3, AT_A_WALL, edge=True),
        case("just inside the walls", 4, 2, JUST_INSIDE, edge=True),
        case("some in the middle, as many samples as dimensions", 3, 3, MIDDLE, edge=True),
        case("one sample, one dimension", 1, 1, (0.7,), edge=True),
        case("wide ranges", 3, 2, INSIDE, edge=True, wide=60.0),
        case("steep, flat and no slope at all, one dimension", 4, 1, (0.2, 0.9), edge=True),
    ]
    found[0].args["dq_da"][0, 0] *= STEEP
    found[-1].args["dq_da"][:, 0] *= [STEEP, STEEP, 1e-4, 0.0]
    return found


def oracle(a: Args) -> Array:
    """One entry at a time: the straight line that is 1 at the far wall and 0 at the wall that is being approached."""
    out: Array = np.empty_like(a["dq_da"])
    for i, j in np.ndindex(out.shape):
        wall, far = (a["high"][j], a["low"][j]) if a["dq_da"][i, j] > 0 else (a["low"][j], a["high"][j])
        out[i, j] = a["dq_da"][i, j] * (a["action"][i, j] - wall) / (far - wall)
    return out
