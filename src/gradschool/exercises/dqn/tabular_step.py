"""Inputs and oracle of ``dqn.tabular_step``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import OF_ROW, Otherwise
from gradschool.exercises.axes import LARGE, Axes, has_value, of_size, several, short, some, square, tall, tiny, wide
from gradschool.exercises.dqn._cases import distinct_q
from gradschool.exercises.dqn._losses import episode_value

AXES: Axes = {
    "more states than actions": tall("Q"),
    "more actions than states": wide("Q"),
    "square": square("Q"),
    "one action": of_size("Q", 1, axis=1),
    "one state": of_size("Q", 1),
    "a step that ends the episode": has_value("terminated", True),
    "a step that does not": has_value("terminated", False),
    "a step back to its own state": some(lambda a: a["state"] == a["next_state"] and len(a["Q"]) > 1),
    "the best action taken, back to its own state": some(
        lambda a: a["state"] == a["next_state"] and a["action"] == a["Q"][a["state"]].argmax() and a["Q"].shape[1] > 1
    ),
    "a reward of 0": has_value("reward", 0.0),
    "a best next value of 0": some(lambda a: a["Q"][a["next_state"]].max() == 0 and not a["terminated"]),
    "the first state": has_value("state", 0),
    "the last state": some(lambda a: a["state"] == len(a["Q"]) - 1 > 0),
    "the best action taken": some(lambda a: a["action"] == a["Q"][a["state"]].argmax()),
    "another action taken": some(lambda a: a["action"] != a["Q"][a["state"]].argmax()),
    "two best next actions": some(lambda a: np.sum(a["Q"][a["next_state"]] == a["Q"][a["next_state"]].max()) > 1),
    "every Q far below 0": some(lambda a: np.all(a["Q"] < -LARGE)),
    "a tiny Q": tiny("Q"),
    "a short answer": short(lambda a: a["Q"]),
    "every Q far above 0": some(lambda a: np.all(a["Q"] > LARGE)),
    "a reward above 0": some(lambda a: a["reward"] > 0),
    "a reward below 0": some(lambda a: a["reward"] < 0),
    "a large reward": some(lambda a: abs(a["reward"]) > 100),
    "several alpha": several("alpha"),
    "alpha 0": has_value("alpha", 0.0),
    "alpha 1": has_value("alpha", 1.0),
    "alpha 1, and a next value that counts": some(lambda a: a["alpha"] == 1 and a["gamma"] > 0 and not a["terminated"]),
    "gamma 0": has_value("gamma", 0.0),
    "gamma 1": has_value("gamma", 1.0),
    "gamma between": some(lambda a: 0 < a["gamma"] < 1),
    "no error": some(lambda a: a["terminated"] and a["reward"] == a["Q"][a["state"], a["action"]]),
}


def cases(rng: Rng) -> list[Case]:
    """A table Q (S, A), one transition, alpha and gamma."""

    def case(
        name: str, Q: Array, s: int, s_next: int, r: float, *, best: bool = False, edge: bool = False, **given: Any
    ) -> Case:
        """``best``: the best action is taken, else the one after it; ``given`` takes the place of what is drawn."""
        step = {
            "state": s,
            "action": int(Q[s].argmax() + (not best)) % Q.shape[1],
            "reward": r * float(rng.uniform(0.8, 1.2)),
            "next_state": s_next,
            "terminated": False,
            "alpha": float(rng.uniform(0.1, 0.6)),
            "gamma": float(rng.uniform(0.7, 0.97)),
        }
        return Case(name, {"Q": Q, **step, **given}, edge=edge, sizes={"A": Q.shape[1]})

    tied = distinct_q(rng, 3, 4)
    tied[2, :2] = tied[2].max()
    done = 0.02 * distinct_q(rng, 3, 3)
    zero = distinct_q(rng, 3, 3)
    zero[2] -= zero[2].max()
    first = distinct_q(rng, 4, 3)
    first[0, 0] = -2e-6
    return [
        case("4 states, 3 actions", first, 1, 3, -3.0),
        case("3 states, 6 actions", distinct_q(rng, 3, 6), 2, 0, 5.0, best=True),
        case("the step that ends the episode", distinct_q(rng, 4, 3), 2, 1, 20.0, edge=True, terminated=True),
        case("a large reward, every Q far above 0", distinct_q(rng, 3, 2) + 300.0, 0, 2, -300.0),
        case("a step against a wall", distinct_q(rng, 4, 4), 3, 3, -1.0, edge=True),
        case("two best next actions, undiscounted", tied, 0, 2, -2.0, edge=True, gamma=1.0),
        case("alpha 1 and gamma 0", distinct_q(rng, 3, 2), 1, 2, 4.0, edge=True, alpha=1.0, gamma=0.0),
        case("alpha 1, and a gamma", distinct_q(rng, 4, 3), 2, 1, 4.0, edge=True, alpha=1.0),
        case("every Q far below 0", distinct_q(rng, 3, 3) - 200.0, 1, 0, -1.0, best=True, edge=True),
        case("alpha 0", distinct_q(rng, 3, 3), 1, 2, 4.0, edge=True, alpha=0.0),
        case("one action", distinct_q(rng, 3, 1), 1, 2, 2.0, edge=True),
        case("one state", distinct_q(rng, 1, 3), 0, 0, -2.0, edge=True),
        case("right already", done, 1, 0, 0.0, best=True, edge=True, reward=float(done[1].max()), terminated=True),
        case("the best action leads against a wall", distinct_q(rng, 3, 4) - 3.0, 1, 1, -1.0, best=True, edge=True),
        case("no reward, and a best next Q of 0", zero, 0, 2, 0.0, edge=True),
    ]


def oracle(a: Args) -> Array:
    """Q with the entry (s, a) moved by alpha times the way to its target, and nothing else."""
    y = episode_value(a["reward"], max(a["Q"][a["next_state"]].tolist()), a["terminated"], a["gamma"])
    at = np.zeros_like(a["Q"])
    at[a["state"], a["action"]] = 1.0
    moved: Array = a["Q"] + a["alpha"] * at * (y - a["Q"])
    return moved


def otherwise(a: Args) -> Otherwise:
    """Steps towards labels of another value of the next state."""
    row = a["Q"][[a["next_state"]]]

    def step(value: float) -> Array:
        y, moved = a["reward"] + a["gamma"] * (not a["terminated"]) * value, a["Q"].copy()
        moved[a["state"], a["action"]] += a["alpha"] * (y - moved[a["state"], a["action"]])
        return np.asarray(moved)

    others, shrunk = np.delete(row[0], a["action"]), a["Q"].copy()
    shrunk[a["state"], a["action"]] *= 1 - a["alpha"]

    def unshrunk(value: float) -> Array:
        moved = step(value)
        moved[a["state"], a["action"]] += a["alpha"] * a["Q"][a["state"], a["action"]]
        return moved

    return {
        f"what it would be with {words} instead of the largest Q of `next_state`": lambda of=of: step(float(of(row)[0]))
        for words, of in OF_ROW
    } | {
        "what it would be if the best of the other actions, not of all, bootstrapped": lambda: step(
            float(np.max(others if others.size else row))
        ),
        "what it would be with the Q of `next_state` and `action` instead of the largest Q of `next_state`": lambda: (
            step(float(row[0, a["action"]]))
        ),
        "what it would be if alpha times the target were added to Q, and alpha times Q not taken away": lambda: (
            unshrunk(float(row.max()))
        ),
        "what it would be if the entry were multiplied by 1 - alpha before the largest Q is looked up": lambda: step(
            float(shrunk[a["next_state"]].max())
        ),
    }
