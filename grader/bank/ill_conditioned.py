"""Inputs of very uneven sizes, on which a gradient that is only measured fails and a derived one does not.

A difference quotient (f(x + h) - f(x - h)) / 2h carries the rounding error of f, about 1e-16 |f| / h, into every
entry. One huge number in the loss drowns the slopes that do not depend on it, for every step h that anybody would
take; in the formula of the gradient the same number stands in its own entry, or nowhere. So each of these inputs is
one of the ordinary ones with one number made huge, or, where the slope is that of tanh, pushed to where tanh is
nearly flat. In chapters 1 and 2 the exercises have such an input among their own cases, so that `check` asks with it
too; :data:`CHANGES` adds one to the others. :data:`TABLE` adds the quotient of the stated loss to the known mistakes.
Where the function is linear, as in dqn.weight_gradient, its values on unit vectors *are* the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from grader.bank.entry import Entry, Variant
from gradschool.core.exercise import Case, Rng
from gradschool.exercises._draws import HUGE, UNEVEN

Change = Callable[[Rng, dict[str, Any]], dict[str, Any]]
HINT = (
    "Right up to rounding on ordinary inputs, and wrong where one value is huge beside the others. So behaves a slope "
    "that is measured with a small step h and not derived: the rounding error of the loss, divided by 2h, drowns it. "
    "Write the gradient down; no h appears in it."
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


def huge(key: str) -> Change:
    """The first entry of the array ``key`` made huge."""

    def change(rng: Rng, args: dict[str, Any]) -> dict[str, Any]:
        array = args[key].copy()
        array.flat[0] = HUGE
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


# What is changed in a case of an exercise whose own cases hold no uneven one.
CHANGES: dict[str, Change] = {
    "ddpg.squash_vjp": far_out,
    "ddpg.critic_gradient": huge("y"),
    "ddpg.action_gradient": huge_bias("critic"),
    "ddpg.actor_step": huge_bias("critic"),
}
# Exercise: (the function's arguments, the quotient of the stated loss as an expression).
TD_TARGET = "reward + gamma * (1 - terminated) * {W}[next_state].max(axis=1)"
TAKEN = "np.arange(len(action)), action"
TABLE: dict[str, tuple[str, str]] = {
    "chain.l2_gradient": ("p, l", "slopes(lambda p: 0.5 * np.sum((p - l) ** 2), p)"),
    "chain.linear_jacobian": ("W, b, x", "slopes(lambda w: w.reshape(W.shape) @ x + b, W.ravel())"),
    "chain.linear_vjp": (
        "W, b, x, g",
        "(slopes(lambda V: g @ (V @ x + b), W), slopes(lambda c: g @ (W @ x + c), b),"
        " slopes(lambda u: g @ (W @ u + b), x))",
    ),
    "chain.relu_vjp": ("z, g", "slopes(lambda z: np.sum(g * np.maximum(z, 0)), z)"),
    "chain.tanh_vjp": ("z, g", "slopes(lambda z: np.sum(g * np.tanh(z)), z)"),
    "chain.batch_mean_gradient": ("p, l", "slopes(lambda p: 0.5 * np.mean((p[:, 0] - l) ** 2), p)"),
    "dqn.output_gradient": (
        "q, action, y",
        f"slopes(lambda q: 0.5 * np.mean((q[{TAKEN}] - y) ** 2), q)",
    ),
    "dqn.fit_gradient": (
        "q, targets",
        "slopes(lambda q: 0.5 * np.sum((q - targets) ** 2) / len(q), q)",
    ),
    "dqn.semi_gradient": (
        "W, W_target, state, action, reward, next_state, terminated, gamma",
        f"slopes(lambda V: 0.5 * np.mean((V[state, action] - ({TD_TARGET.format(W='W_target')})) ** 2), W)",
    ),
    "dqn.residual_gradient": (
        "W, state, action, reward, next_state, terminated, gamma",
        f"slopes(lambda V: 0.5 * np.mean((V[state, action] - ({TD_TARGET.format(W='V')})) ** 2), W)",
    ),
    "dqn.huber_gradient": (
        "q, action, y, kappa",
        f"slopes(lambda q: np.mean([0.5 * e * e if abs(e) <= kappa else kappa * (abs(e) - 0.5 * kappa)"
        f" for e in q[{TAKEN}] - y]), q)",
    ),
    "dqn.mend": (
        "q, action, y",
        f"slopes(lambda q: 0.5 * np.mean((q[{TAKEN}] - y[:, 0]) ** 2), q)",
    ),
    "ddpg.squash_vjp": (
        "z, g, low, high",
        "slopes(lambda z: np.sum(g * ((low + high) / 2 + (high - low) / 2 * np.tanh(z))), z)",
    ),
    "ddpg.critic_gradient": (
        "critic, batch, y",
        "slopes(lambda flat: 0.5 * np.mean((type(critic)(critic.sizes, flat=flat)"
        "(np.hstack([batch.obs, batch.action]))[:, 0] - y) ** 2), critic.flat)",
    ),
    "ddpg.action_gradient": (
        "actor, critic, batch, low, high",
        "slopes(lambda a: critic(np.hstack([batch.obs, a])).sum(),"
        " (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.obs)))",
    ),
}


UNEVEN_INPUTS = sorted({*TABLE, *CHANGES})  # the exercises that ask with an uneven input


def with_ill_conditioned(entry: Entry) -> Entry:
    """The entry, with an uneven input besides if it is in CHANGES, with the quotient among its mistakes if in TABLE."""
    name, ordinary, mutants = entry.exercise.id, entry.cases, list(entry.mutants)
    if name in TABLE:
        args, quotient = TABLE[name]
        source = MEASURED.format(args=args, answer=quotient)
        mutants.append(Variant("measured-not-derived", source, "measured_slopes", HINT))

    def cases(rng: Rng) -> list[Case]:
        """The ordinary inputs, and the first once more, changed: a share of the values, not of the edge cases."""
        found = ordinary(rng)
        like = found[0]
        uneven = {**like.args, **CHANGES[name](rng, dict(like.args))}
        return [*found, Case(UNEVEN, uneven, sizes=like.sizes, rows=like.rows)]

    return replace(entry, cases=cases if name in CHANGES else ordinary, mutants=mutants)
