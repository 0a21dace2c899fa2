"""Inputs and oracle of ``dqn.epsilon_greedy``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import LARGE, Axes, has_value, of_size, some, square, tall, wide
from gradschool.exercises.dqn._cases import distinct_q, nearly_tie, nearly_tied, tie_before_another

AXES: Axes = {
    "more taxis than actions": tall("q"),
    "more actions than taxis": wide("q"),
    "square": square("q"),
    "one taxi": of_size("q", 1),
    "one action": of_size("q", 1, axis=1),
    "a best Q of 0": some(lambda a: a["q"].max(axis=1) == 0),
    "epsilon 0": has_value("epsilon", 0.0),
    "epsilon 1": has_value("epsilon", 1.0),
    "epsilon below 1/2, draws between epsilon and 1 - epsilon": some(
        lambda a: (a["u"] > a["epsilon"]) & (a["u"] < 1 - a["epsilon"]) & (a["epsilon"] > 0)
    ),
    "epsilon above 1/2, draws between 1 - epsilon and epsilon": some(
        lambda a: (a["u"] < a["epsilon"]) & (a["u"] > 1 - a["epsilon"]) & (a["epsilon"] < 1)
    ),
    "draws on both sides of epsilon": some(lambda a: 0 < np.sum(a["u"] < a["epsilon"]) < len(a["u"])),
    "first and last draw on different sides": some(lambda a: (a["u"][0] < a["epsilon"]) != (a["u"][-1] < a["epsilon"])),
    "a draw of 0 where epsilon is 0": some(lambda a: (a["u"] == 0) & (a["epsilon"] == 0)),
    "a greedy taxi whose Q are all below 0, its best action not 0": some(
        lambda a: (a["u"] > a["epsilon"]) & (a["q"].max(axis=1) < 0) & (a["q"].argmax(axis=1) > 0)
    ),
    "a greedy taxi whose Q are all above 0": some(lambda a: (a["u"] > a["epsilon"]) & (a["q"].min(axis=1) > 0)),
    "a greedy taxi whose Q are all far below 0": some(
        lambda a: (a["u"] > a["epsilon"]) & (a["q"].max(axis=1) < -LARGE) & (a["q"].argmax(axis=1) > 0)
    ),
    "a greedy taxi whose Q are all far above 0": some(
        lambda a: (a["u"] > a["epsilon"]) & (a["q"].min(axis=1) > LARGE) & (a["q"].argmax(axis=1) > 0)
    ),
    "a greedy taxi whose best Q is hardly above one before it": some(
        lambda a: nearly_tied(a["q"]) & (a["u"] > a["epsilon"])
    ),
    "a taxi that explores, with two best Q, before one that does not": some(
        lambda a: tie_before_another(a["q"], a["u"] < a["epsilon"])
    ),
    "action 0 is the best, and another is": some(lambda a: 0 < np.sum(a["q"].argmax(axis=1) == 0) < len(a["q"])),
    "a taxi explores by the best action": some(
        lambda a: (a["q"].argmax(1) == a["random_action"]) & (a["u"] < a["epsilon"]) & (a["q"].shape[1] > 1)
    ),
    "the random action is another one": some(lambda a: a["q"].argmax(axis=1) != a["random_action"]),
}


def cases(rng: Rng) -> list[Case]:
    """Outputs q (N, A), epsilon, and the draws: u (N,) in [0, 1) and random_action (N,)."""

    def case(
        name: str,
        A: int,
        epsilon: float,
        u: list[float],
        *,
        edge: bool = False,
        agree: bool = False,
        shift: float = 0.0,
    ) -> Case:
        """``u`` as given, each made a little smaller; where ``agree``, the lowest draw's random action is the best one.

        Action 0 is the best in rows 0, 3, 6, ... and in no other.
        """
        rows = np.arange(len(u))
        q = distinct_q(rng, len(u), A) + shift
        best = np.where(rows % 3 == 0, 0, 1 + rng.integers(max(A - 1, 1), size=len(u))) % A
        top, at_best = q.argmax(axis=1), q[rows, best]
        q[rows, best], q[rows, top] = q[rows, top], at_best
        on = 1 + rng.integers(max(A - 1, 1), size=len(u))
        on[int(np.argmin(u))] *= not agree
        args = {
            "q": q,
            "epsilon": epsilon,
            "u": rng.uniform(0.95, 1.0, size=len(u)) * u,
            "random_action": (best + on) % A,
        }
        return Case(name, args, edge=edge, sizes={"N": len(u), "A": A})

    greedy = case("one taxi that does not, its best Q 0", 5, 0.2, [0.6], edge=True)
    greedy.args["q"][:] -= greedy.args["q"].max()
    above = case("epsilon 0.3, every Q above 0", 6, 0.3, [0.1, 0.9, 0.5, 0.7, 0.2, 0.02, 0.6, 0.99], shift=6.0)
    nearly_tie(1, above.args["q"])
    wider = case("more actions than taxis, every Q far above 0", 6, 0.4, [0.2, 0.6, 0.3], edge=True, shift=300.0)
    q = wider.args["q"]
    q[0, 1 + q[1].argmax() % 5] = q[0].max()  # the first taxi explores; the second one's best action is another
    return [
        above,
        case("epsilon 0.7, every Q far below 0", 3, 0.7, [0.9, 0.85, 0.1, 0.95, 0.6], agree=True, shift=-300.0),
        case("epsilon 0, and a draw of exactly 0", 4, 0.0, [0.0, 0.5, 0.9, 0.0, 0.1, 0.3], edge=True),
        case("epsilon 1", 6, 1.0, [0.0, 0.5, 0.999, 0.2, 0.7, 0.9], edge=True),
        wider,
        case("one taxi that explores", 5, 0.2, [0.1], edge=True),
        greedy,
        case("one action", 1, 0.5, [0.2, 0.8, 0.4], edge=True),
    ]


def oracle(a: Args) -> Array:
    """Actions (N,), row by row: the draw decides."""
    rows = zip(a["q"], a["u"], a["random_action"], strict=True)
    return np.array([int(random) if u < a["epsilon"] else q.tolist().index(max(q)) for q, u, random in rows])
