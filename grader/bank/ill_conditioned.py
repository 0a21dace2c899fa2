"""Inputs of very uneven sizes, on which a gradient that is only measured fails and a derived one does not.

A difference quotient (f(x + h) - f(x - h)) / 2h carries the rounding error of f, about 1e-16 |f| / h, into every
entry. One huge number in the loss drowns the slopes that do not depend on it, for every step h that anybody would
take; in the formula of the gradient the same number stands in its own entry, or nowhere. So each of these inputs is
one of the ordinary ones with one number made huge, or, where the slope is that of tanh, pushed to where tanh is
nearly flat. :data:`TABLE` says which exercises have one, and adds the quotient of the stated loss to their known
mistakes. Where the function is linear, as in dqn.weight_gradient, its values on unit vectors *are* the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from grader.bank.entry import Entry, Variant
from gradschool.core.exercise import Case, Rng

Change = Callable[[Rng, dict[str, Any]], dict[str, Any]]
HUGE = 1e10
NAME = "values of very uneven sizes"
HINT = (
    "These slopes are measured with a small step h, not derived: where one value is huge beside the others, the "
    "rounding error of the loss, divided by 2h, drowns them. Write the gradient down; no h appears in it."
)
MEASURED = """def measured_slopes({args}):
    def slopes(f, x, h=1e-5):
        columns = []
        for i in np.ndindex(x.shape):
            up, down = x.copy(), x.copy()
            up[i] += h
            down[i] -= h
            columns.append((f(up) - f(down)) / (2 * h))
        return np.stack(columns, axis=-1).reshape(np.shape(columns[0]) + x.shape)

    return {answer}
"""


def one_huge(key: str, at: int = 0) -> Change:
    """One entry of the array ``key`` made huge; ``at`` counts row by row."""

    def change(rng: Rng, args: dict[str, Any]) -> dict[str, Any]:
        array = args[key].copy()
        array.flat[at] = HUGE
        return {key: array}

    return change


def huge_bias(net: str) -> Change:
    """The bias of the network's output made huge: every value moves, no slope does."""

    def change(rng: Rng, args: dict[str, Any]) -> dict[str, Any]:
        flat = args[net]["flat"].copy()
        flat[-1] = HUGE
        return {net: {**args[net], "flat": flat}}

    return change


def far_out(rng: Rng, args: dict[str, Any]) -> dict[str, Any]:
    """z (..., n) where tanh is nearly flat (its slope is 1e-3 to 2e-5), and gradients a thousand times larger."""
    z = rng.uniform(4.0, 6.0, size=args["z"].shape) * rng.choice([-1.0, 1.0], size=args["z"].shape)
    return {"z": z, "g": 1e3 * args["g"]}


def huge_target(rng: Rng, args: dict[str, Any]) -> dict[str, Any]:
    """The target of the first taken action made huge: elsewhere targets equal outputs."""
    targets = args["targets"].copy()
    targets.flat[np.flatnonzero(targets != args["q"])[0]] = HUGE
    return {"targets": targets}


# Exercise: (what is changed, the function's arguments, the quotient of the stated loss as an expression).
TD_TARGET = "reward + gamma * (1 - terminated) * {W}[next_state].max(axis=1)"
TAKEN = "np.arange(len(action)), action"
TABLE: dict[str, tuple[Change, str, str]] = {
    "chain.l2_gradient": (one_huge("p"), "p, l", "slopes(lambda p: 0.5 * np.sum((p - l) ** 2), p)"),
    "chain.linear_jacobian": (one_huge("b"), "W, b, x", "slopes(lambda w: w.reshape(W.shape) @ x + b, W.ravel())"),
    "chain.linear_vjp": (
        one_huge("b"),
        "W, b, x, g",
        "(slopes(lambda V: g @ (V @ x + b), W), slopes(lambda c: g @ (W @ x + c), b),"
        " slopes(lambda u: g @ (W @ u + b), x))",
    ),
    "chain.relu_vjp": (one_huge("z", at=1), "z, g", "slopes(lambda z: np.sum(g * np.maximum(z, 0)), z)"),
    "chain.tanh_vjp": (far_out, "z, g", "slopes(lambda z: np.sum(g * np.tanh(z)), z)"),
    "chain.batch_mean_gradient": (one_huge("p"), "p, l", "slopes(lambda p: 0.5 * np.mean((p[:, 0] - l) ** 2), p)"),
    "dqn.output_gradient": (
        one_huge("y"),
        "q, action, y",
        f"slopes(lambda q: 0.5 * np.mean((q[{TAKEN}] - y) ** 2), q)",
    ),
    "dqn.fit_gradient": (
        huge_target,
        "q, targets",
        "slopes(lambda q: 0.5 * np.sum((q - targets) ** 2) / len(q), q)",
    ),
    "dqn.semi_gradient": (
        one_huge("reward"),
        "W, W_target, state, action, reward, next_state, terminated, gamma",
        f"slopes(lambda V: 0.5 * np.mean((V[state, action] - ({TD_TARGET.format(W='W_target')})) ** 2), W)",
    ),
    "dqn.residual_gradient": (
        one_huge("reward"),
        "W, state, action, reward, next_state, terminated, gamma",
        f"slopes(lambda V: 0.5 * np.mean((V[state, action] - ({TD_TARGET.format(W='V')})) ** 2), W)",
    ),
    "dqn.huber_gradient": (
        one_huge("y"),
        "q, action, y, kappa",
        f"slopes(lambda q: np.mean([0.5 * e * e if abs(e) <= kappa else kappa * (abs(e) - 0.5 * kappa)"
        f" for e in q[{TAKEN}] - y]), q)",
    ),
    "dqn.mend": (
        one_huge("y"),
        "q, action, y",
        f"slopes(lambda q: 0.5 * np.mean((q[{TAKEN}] - y[:, 0]) ** 2), q)",
    ),
    "ddpg.squash_vjp": (
        far_out,
        "z, g, low, high",
        "slopes(lambda z: np.sum(g * ((low + high) / 2 + (high - low) / 2 * np.tanh(z))), z)",
    ),
    "ddpg.critic_gradient": (
        one_huge("y"),
        "critic, batch, y",
        "slopes(lambda flat: 0.5 * np.mean((type(critic)(critic.sizes, flat=flat)"
        "(np.hstack([batch.obs, batch.action]))[:, 0] - y) ** 2), critic.flat)",
    ),
    "ddpg.action_gradient": (
        huge_bias("critic"),
        "actor, critic, batch, low, high",
        "slopes(lambda a: critic(np.hstack([batch.obs, a])).sum(),"
        " (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.obs)))",
    ),
    "ddpg.actor_step": (huge_bias("critic"), "", ""),
}


def with_ill_conditioned(entry: Entry) -> Entry:
    """The entry; if it is in the table, with an uneven input besides, and with the quotient among its mistakes."""
    return _harder(entry, *TABLE[entry.exercise.id]) if entry.exercise.id in TABLE else entry


def _harder(entry: Entry, change: Change, args: str, quotient: str) -> Entry:
    """The entry with its first input once more, changed; as a share of the values, not of the edge cases."""
    ordinary = entry.cases

    def cases(rng: Rng) -> list[Case]:
        found = ordinary(rng)
        like = found[0]
        uneven = {**like.args, **change(rng, dict(like.args))}
        return [*found, Case(NAME, uneven, sizes=like.sizes, rows=like.rows)]

    mistake = Variant("measured-not-derived", MEASURED.format(args=args, answer=quotient), "measured_slopes", HINT)
    return replace(entry, cases=cases, mutants=[*entry.mutants, *([mistake] if quotient else [])])
