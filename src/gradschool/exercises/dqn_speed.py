"""How fast the functions of a batch in chapter 2 are, for the note on a card: never for marks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.core.speed_check import slower_than

Array = np.ndarray
STATES, ACTIONS = 8, 6  # few states: the cost that counts is that of the rows


def _batch(B: int) -> dict[str, Any]:
    """Every input that a function of the chapter may take, for B rows."""
    rng = np.random.default_rng(0)
    q, q_next = rng.normal(size=(2, B, ACTIONS))
    state, next_state = rng.integers(STATES, size=(2, B))
    W, W_target = rng.normal(size=(2, STATES, ACTIONS))
    flags = {"terminated": np.arange(B) % 7 == 3, "truncated": np.arange(B) % 5 == 1}
    action, reward = rng.integers(ACTIONS, size=B), rng.normal(size=B)
    constants = {"gamma": 0.9, "kappa": 1.0, "epsilon": 0.4, "n_states": STATES}
    nets = {"W": W, "W_target": W_target, "q": q, "g": q, "q_next": q_next, "targets": q_next}
    twins = {"q_next_online": q, "q_next_target": q_next, "u": rng.random(B), "random_action": action}
    ids = {"s": state, "state": state, "next_state": next_state, "action": action}
    return {**flags, **constants, **nets, **twins, **ids, "reward": reward, "y": reward}


def _work(batch: dict[str, Any]) -> Array:
    """A yardstick: one comparison, one difference, one choice and one division over (B, A), and no more."""
    taken = np.arange(ACTIONS) == batch["action"][:, None]
    return np.where(taken, batch["q"] - 1.0, 0.0) / 2.0


def speed_of(*names: str) -> Callable[[Callable[..., Any]], str]:
    """The judge of speed for a function that takes the inputs with these names, in order."""

    def sentence(function: Callable[..., Any]) -> str:
        def by_name(batch: dict[str, Any]) -> Any:
            return function(*(batch[name] for name in names))

        return slower_than(_work, lambda B: (_batch(B),))(by_name)

    return sentence
