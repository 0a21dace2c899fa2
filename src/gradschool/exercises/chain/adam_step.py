"""Inputs and oracle of ``chain.adam_step``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._draws import signed
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes, has_value, large, of_rank, of_size, off_default, several, some, square, tiny
from gradschool.rl.nets.mlp import Adam

AXES: Axes = {
    "a vector": of_rank("theta", 1),
    "a matrix that is not square": some(lambda a: np.ndim(a["theta"]) == 2 and len(set(np.shape(a["theta"]))) == 2),
    "a square matrix": square("theta"),
    "three axes": of_rank("theta", 3),
    "one entry": of_size("theta", 1),
    "every setting off its default": off_default(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8),
    "several beta1": several("beta1"),
    "several beta2": several("beta2"),
    "several eps": several("eps"),
    "several lr": several("lr"),
    "an eps that shows": some(lambda a: a["eps"] >= 1e-3),
    "the first step": has_value("t", 1),
    "an early step": some(lambda a: 1 < a["t"] < 10),
    "a step at which the correction is small, and shows": some(
        lambda a: a["t"] > 10 and 1e-3 < a["beta1"] ** a["t"] < 0.02
    ),
    "a late step": some(lambda a: a["t"] >= 1000),
    "no momentum": has_value("beta1", 0.0),
    "only the last square": has_value("beta2", 0.0),
    "a step size of 0": has_value("lr", 0.0),
    "a large gradient": large("grad"),
    "a tiny gradient": tiny("grad"),
    "a gradient of 0 beside others": some(lambda a: 0 < np.sum(a["grad"] == 0) < np.size(a["grad"])),
    "a gradient of 0 where something has been gathered": some(lambda a: (a["grad"] == 0) & (a["m"] != 0)),
    "a parameter at 0 beside others": some(lambda a: 0 < np.sum(a["theta"] == 0) < np.size(a["theta"])),
    "a large parameter": large("theta"),
    "a first moment that opposes the gradient": some(lambda a: a["m"] * a["grad"] < 0),
}


def cases(rng: Rng) -> list[Case]:
    """Parameters theta, a gradient, both running moments, the number t of this step (from 1), and the settings."""

    def case(
        name: str,
        shape: tuple[int, ...],
        t: int,
        eps: float,
        edge: bool = False,
        scale: float = 1.0,
        beta1: float = 0.8,
    ) -> Case:
        grad, before = scale * signed(rng, shape), float(t > 1)  # nothing has been gathered before the first step
        m = before * np.where(np.arange(grad.size) % 2 == 0, 0.5, -0.5).reshape(shape) * grad
        v = before * scale**2 * rng.uniform(0.1, 1, shape)
        theta = signed(rng, shape)
        if theta.size > 1:
            theta.flat[0] = 0.0  # there the step itself shows, whatever its size
        args = {"theta": theta, "grad": grad, "m": m, "v": v, "t": t}
        settings = {"lr": float(rng.uniform(0.01, 0.1)), "beta1": beta1, "beta2": float(rng.uniform(0.9, 0.98))}
        return Case(name, {**args, **settings, "eps": eps}, edge=edge)

    far = case("step 12 of a 2 by 3 matrix", (2, 3), 12, 2e-3, beta1=0.7)
    far.args["theta"][1, 2] = 200.0
    resting = case("the first step, an entry without a gradient", (4,), 1, 1e-2)
    resting.args["grad"][2] = 0.0
    late = case("step 1000 of a square matrix, an entry without a gradient", (2, 2), 1000, 5e-3, edge=True, beta1=0.6)
    late.args["grad"][1, 0] = 0.0
    last, still = case("only the last square", (3,), 2, 1e-2, edge=True), case("no step", (2,), 3, 1e-3, edge=True)
    last, still = (replace(c, args={**c.args, key: 0.0}) for c, key in ((last, "beta2"), (still, "lr")))
    return [
        case("step 3", (4,), 3, 1e-3),
        far,
        resting,
        case("step 4, a large gradient", (3,), 4, 0.5, scale=500.0),
        case("a tiny gradient", (3,), 2, 1e-4, edge=True, scale=1e-4),
        late,
        case("three axes, no momentum", (2, 1, 2), 5, 1e-3, edge=True, beta1=0.0),
        case("one entry", (1,), 2, 1e-2, edge=True),
        last,
        still,
    ]


def oracle(a: Args) -> tuple[Array, Array, Array]:
    """theta, m and v after a step of the course's own Adam from the same state."""
    theta = a["theta"].ravel().copy()
    adam = Adam(theta.size, a["lr"], a["beta1"], a["beta2"], a["eps"])
    adam.m, adam.v, adam.t = a["m"].ravel().copy(), a["v"].ravel().copy(), a["t"] - 1
    adam.step(theta, a["grad"].ravel())
    theta, m, v = (x.reshape(a["theta"].shape) for x in (theta, adam.m, adam.v))
    return theta, m, v


def otherwise(a: Args) -> Otherwise:
    """Steps in which one line of Adam is another."""
    m = a["beta1"] * a["m"] + (1 - a["beta1"]) * a["grad"]
    v = a["beta2"] * a["v"] + (1 - a["beta2"]) * a["grad"] ** 2
    one_v = a["beta2"] * a["v"] + (1 - a["beta2"]) * np.mean(a["grad"] ** 2)
    cut_v = a["beta2"] * a["v"] + (1 - a["beta2"]) * np.clip(a["grad"], -1, 1) ** 2
    by_m, by_v = 1 - a["beta1"] ** a["t"], 1 - a["beta2"] ** a["t"]

    def step(m: Array, v: Array, root: Array, by_m: float = by_m, lr: float = 1.0) -> tuple[Array, Array, Array]:
        return a["theta"] - lr * a["lr"] * (m / by_m) / root, m, v

    def root(v: Array, by: float = by_v) -> Array:
        return np.asarray(np.sqrt(np.abs(v / by)) + a["eps"])

    return {
        "what it would be without bias correction": lambda: step(m, v, root(v, 1.0), 1.0),
        "what it would be without the bias correction of `m`": lambda: step(m, v, root(v), 1.0),
        "what it would be without the bias correction of `v`": lambda: step(m, v, root(v, 1.0)),
        "what it would be with the correction 1 - beta * t instead of 1 - beta ** t": lambda: step(
            m, v, root(v, 1 - a["beta2"] * a["t"]), 1 - a["beta1"] * a["t"]
        ),
        "what it would be with beta ** (t + 1) in the correction": lambda: step(
            m, v, root(v, 1 - a["beta2"] ** (a["t"] + 1)), 1 - a["beta1"] ** (a["t"] + 1)
        ),
        "what it would be with the corrections of `m` and `v` exchanged": lambda: step(m, v, root(v, by_m), by_v),
        "what it would be with `v` corrected after its root": lambda: step(m, v, np.sqrt(v) / by_v + a["eps"]),
        "what it would be with `eps` inside the root": lambda: step(m, v, np.sqrt(v / by_v + a["eps"])),
        "what it would be with the mean of all squares instead of each entry's own": lambda: step(
            m, one_v, root(one_v)
        ),
        "what it would be with `grad` cut off at -1 and 1 in its square": lambda: step(m, cut_v, root(cut_v)),
        "what it would be with `grad` itself instead of the corrected `m`": lambda: (
            step(a["grad"], v, root(v), 1.0)[0],
            m,
            v,
        ),
        "what it would be with `lr` divided by the root of `t`": lambda: step(m, v, root(v), lr=a["t"] ** -0.5),
    }
