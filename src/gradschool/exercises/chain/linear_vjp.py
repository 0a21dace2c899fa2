"""Inputs and oracle of ``chain.linear_vjp``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._draws import signed
from gradschool.exercises.axes import Axes, has_value, large_of_both_signs
from gradschool.exercises.chain._layers import LINEAR_AXES, gradient_in_each, linear_cases

BOTH = large_of_both_signs(lambda a: a["g"])
AXES: Axes = {
    **LINEAR_AXES,
    "a gradient of 0 in one output": has_value("g", 0.0),
    "a large gradient, on both sides of 0": BOTH,
}


def cases(rng: Rng) -> list[Case]:
    """A linear layer p = W x + b and a gradient g = dL/dp (m,)."""
    found = [Case(c.name, {**c.args, "g": signed(rng, c.sizes["m"])}, c.edge, c.sizes) for c in linear_cases(rng)]
    found[0].args["g"][:] = (0.0, 300.0, -400.0)
    return found


def oracle(a: Args) -> tuple[Array, ...]:
    """Gradients of L = g . p in W (m, n), b (m,) and x (n,) by complex steps."""
    return gradient_in_each(lambda W, b, x: a["g"] @ (W @ x + b), a["W"], a["b"], a["x"])
