"""Inputs and oracle of ``chain.inject_gradient``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.exercises.chain._layers import MLP_AXES, mlp_cases, mlp_gradients
from gradschool.exercises.chain.adapters import inject_setup, inject_state

AXES = MLP_AXES


def cases(rng: Rng) -> list[Case]:
    """A network with n inputs, h hidden units and m outputs, a batch X (B, n) and G = dL/dY (B, m)."""
    return [replace(c, sizes={**c.sizes, "m": c.args["G"].shape[1]}) for c in mlp_cases(rng)]


def oracle(a: Args) -> dict[str, Any]:
    """The gradients of L = sum G Y by complex steps, both ways, and again; nothing in G, all else as before."""
    grads = mlp_gradients(a)[:4]
    net, X, source = inject_setup(a)
    same = {"called_again": np.ones(2, bool), "beside_old_gradients": np.ones(2, bool)}
    found = {"backward": grads, "surrogate": grads, **same, "at_source_of_G": 0.0 * a["G"]}
    return {**found, **inject_state(net, X, source)}
