"""Inputs and oracle of ``chain.linear_vjp``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.chain._layers import gradient_in_each, linear_cases


def cases(rng: Rng) -> list[Case]:
    """A linear layer p = W x + b and a gradient g = dL/dp (m,)."""
    return [Case(c.name, {**c.args, "g": rng.normal(size=c.sizes["m"])}, c.edge, c.sizes) for c in linear_cases(rng)]


def oracle(a: Args) -> tuple[Array, ...]:
    """Gradients of L = g . p in W (m, n), b (m,) and x (n,) by central differences."""
    return gradient_in_each(lambda W, b, x: float(a["g"] @ (W @ x + b)), a["W"], a["b"], a["x"])
