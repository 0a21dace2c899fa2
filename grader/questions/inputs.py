"""Small inputs with short numbers, on which a person can work out an answer by hand, and the changes to them.

Entries are whole numbers, no two of an array alike where there are enough of them: so the answers of two formulas
rarely coincide. Batches are of 2 or 4 rows, so that a mean stays short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grader.bank.registry import find_entry
from grader.questions.question import Change
from gradschool.core.exercise import Rng
from gradschool.core.numerics import Array

Inputs = dict[str, Any]


def whole(rng: Rng, *shape: int) -> Array:
    """Draw whole numbers from -9 to 9, all different and none 0."""
    numbers = np.array([n for n in range(-9, 10) if n])
    return rng.choice(numbers, size=shape, replace=False).astype(float)


def flags(rng: Rng, n: int) -> tuple[Array, Array]:
    """Draw two flags for n rows: terminated in one row, only truncated in another."""
    one, other = rng.permutation(n)[:2]
    return np.arange(n) == one, np.arange(n) == other


def _td(rng: Rng) -> Inputs:
    terminated, truncated = flags(rng, 4)
    named = {"reward": whole(rng, 4), "q_next": whole(rng, 4, 3)}
    return {**named, "terminated": terminated, "truncated": truncated, "gamma": 0.5}


def _double(rng: Rng) -> Inputs:
    named = {"reward": whole(rng, 4), "q_next_online": whole(rng, 4, 3), "q_next_target": whole(rng, 4, 3)}
    return {**named, "terminated": flags(rng, 4)[0], "gamma": 0.5}


def _outputs(rng: Rng) -> Inputs:
    return {"q": whole(rng, 4, 3), "action": rng.integers(3, size=4), "y": whole(rng, 4)}


def _transitions(rng: Rng, *nets: str) -> Inputs:
    state = np.array([0, 2, 0, 1])[rng.permutation(4)]
    batch = {"state": state, "action": rng.integers(3, size=4), "reward": whole(rng, 4)}
    ends = {"next_state": rng.integers(3, size=4), "terminated": flags(rng, 4)[0], "gamma": 0.5}
    return {**{net: whole(rng, 3, 3) for net in nets}, **batch, **ends}


def _tabular(rng: Rng) -> Inputs:
    s, s_next = (int(k) for k in rng.permutation(3)[:2])
    step = {"state": s, "action": int(rng.integers(3)), "reward": float(whole(rng, 1)[0]), "next_state": s_next}
    return {"Q": whole(rng, 3, 3), **step, "terminated": bool(rng.integers(2)), "alpha": 0.5, "gamma": 0.5}


def _greedy(rng: Rng) -> Inputs:
    u = rng.permutation([0.1, 0.2, 0.6, 0.9])
    return {"q": whole(rng, 4, 3), "epsilon": 0.5, "u": u, "random_action": rng.integers(3, size=4)}


def _range(rng: Rng) -> Inputs:
    return {"low": np.array([-2.0, 0.0]), "high": np.array([2.0, 4.0]) * float(rng.integers(1, 3))}


def _invert(rng: Rng) -> Inputs:
    limits = _range(rng)
    share = rng.choice([0.25, 0.5, 0.75, 1.5], size=(3, 2))
    return {"dq_da": whole(rng, 3, 2), "action": limits["low"] + share * (limits["high"] - limits["low"]), **limits}


def _squash(rng: Rng) -> Inputs:
    return {"z": rng.permutation([0.0, 20.0, -20.0, 0.0, 20.0, -20.0]).reshape(3, 2), **_range(rng)}


def _gaussian(rng: Rng) -> Inputs:
    eps = rng.permutation([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0])[:4]
    return {"x": 1.0 + 2.0 * eps, "f": whole(rng, 4), "slope": whole(rng, 4), "mu": 1.0, "sigma": 2.0}


def _squashed(rng: Rng) -> Inputs:
    """Draw samples of a squashed Gaussian at u = 0, where tanh is 0 and its slope 1."""
    eps, dq_da = rng.permutation([-2.0, -1.0, 1.0, 2.0]).reshape(2, 2), whole(rng, 2, 2)
    return {"mu": -eps, "log_std": np.zeros((2, 2)), "eps": eps, "dq_da": dq_da, "alpha": 0.5}


def _ratios(rng: Rng) -> Inputs:
    log_prob = rng.permutation([-1.0, -1.0, 0.0, 0.0, 1.0, 1.0])[:4]
    return {"log_prob": log_prob, "old_log_prob": np.zeros(4), "advantage": whole(rng, 4), "clip": 0.2}


def _target_networks(exercise_id: str) -> Callable[[Rng], Inputs]:
    """Inputs with networks, which are not printed: they serve to ask which rows change."""

    def drawn(rng: Rng) -> Inputs:
        args = find_entry(exercise_id).exercise.cases(rng)[0].args
        return {**args, "batch": {**args["batch"], "reward": whole(rng, len(args["batch"]["reward"]))}}

    return drawn


SMALL: Mapping[str, Callable[[Rng], Inputs]] = {
    "chain.l2_gradient": lambda rng: {"p": whole(rng, 3), "l": whole(rng, 3)},
    "chain.linear_jacobian": lambda rng: {"W": whole(rng, 2, 2), "b": whole(rng, 2), "x": whole(rng, 2)},
    "chain.jacobian_product": lambda rng: {"J": whole(rng, 2, 3), "g": whole(rng, 2)},
    "chain.linear_vjp": lambda rng: {"W": whole(rng, 3, 2), "b": whole(rng, 3), "x": whole(rng, 2), "g": whole(rng, 3)},
    "chain.relu_vjp": lambda rng: {"z": whole(rng, 3, 3), "g": whole(rng, 3, 3)},
    "chain.batch_mean_gradient": lambda rng: {"p": whole(rng, 4, 1), "l": whole(rng, 4)},
    "dqn.one_hot": lambda rng: {"s": rng.permutation(4)[:3], "n_states": 4},
    "dqn.q_values": lambda rng: {"W": whole(rng, 4, 3), "s": rng.permutation(4)[:3]},
    "dqn.epsilon_greedy": _greedy,
    "dqn.td_target": _td,
    "dqn.output_gradient": _outputs,
    "dqn.weight_gradient": lambda rng: {
        "state": np.array([1, 0, 1])[rng.permutation(3)],
        "g": whole(rng, 3, 3),
        "n_states": 3,
    },
    "dqn.fit_targets": _outputs,
    "dqn.fit_gradient": lambda rng: {"q": whole(rng, 2, 3), "targets": whole(rng, 2, 3)},
    "dqn.semi_gradient": lambda rng: _transitions(rng, "W", "W_target"),
    "dqn.residual_gradient": lambda rng: _transitions(rng, "W"),
    "dqn.tabular_step": _tabular,
    "dqn.double_target": _double,
    "dqn.huber_gradient": lambda rng: {**_outputs(rng), "kappa": 3.0},
    "dqn.mend": lambda rng: {**_outputs(rng), "y": whole(rng, 4, 1)},
    "ddpg.squash": _squash,
    "ddpg.squash_vjp": lambda rng: {"z": np.zeros((3, 2)), "g": whole(rng, 3, 2), **_range(rng)},
    "ddpg.critic_target": _target_networks("ddpg.critic_target"),
    "ddpg.polyak": lambda rng: {"target": whole(rng, 4), "online": whole(rng, 4), "tau": 0.1},
    "ddpg.invert_gradients": _invert,
    "ddpg.twin_target": _target_networks("ddpg.twin_target"),
    "next.two_estimators": _gaussian,
    "next.sac_gradient": _squashed,
    "next.ppo_gradient": _ratios,
}
# Exercises whose networks cannot be printed: of these only the flags are shown, and only "which row changes" is asked.
FLAGS_ONLY = ("ddpg.critic_target", "ddpg.twin_target")
GRADIENTS = frozenset(
    [
        *("chain.l2_gradient", "chain.jacobian_product", "chain.relu_vjp"),
        *("chain.batch_mean_gradient", "dqn.output_gradient", "dqn.weight_gradient", "dqn.fit_gradient"),
        *("dqn.semi_gradient", "dqn.residual_gradient", "dqn.huber_gradient", "dqn.mend"),
        *("ddpg.squash_vjp", "ddpg.invert_gradients"),
        *("next.two_estimators", "next.sac_gradient", "next.ppo_gradient"),
    ]
)
# The inputs of which one entry is changed; flags are turned, numbers change their sign, ids go to another state.
CHANGED: Mapping[str, tuple[str, ...]] = {
    "chain.l2_gradient": ("l",),
    "chain.jacobian_product": ("J",),
    "chain.linear_vjp": ("g",),
    "chain.relu_vjp": ("z", "g"),
    "chain.batch_mean_gradient": ("l", "p"),
    "dqn.one_hot": ("s",),
    "dqn.q_values": ("s",),
    "dqn.epsilon_greedy": ("q",),
    "dqn.td_target": ("terminated", "truncated"),
    "dqn.output_gradient": ("y",),
    "dqn.weight_gradient": ("state",),
    "dqn.fit_targets": ("y",),
    "dqn.semi_gradient": ("terminated",),
    "dqn.residual_gradient": ("terminated",),
    "dqn.tabular_step": ("terminated",),
    "dqn.double_target": ("terminated",),
    "dqn.huber_gradient": ("y",),
    "dqn.mend": ("y",),
    "ddpg.critic_target": ("terminated", "truncated"),
    "ddpg.twin_target": ("terminated", "truncated"),
    "ddpg.invert_gradients": ("dq_da",),
    "ddpg.polyak": ("online",),
    "ddpg.squash": ("z",),
    "ddpg.squash_vjp": ("g",),
    "next.two_estimators": ("f", "slope"),
    "next.sac_gradient": ("dq_da",),
    "next.ppo_gradient": ("advantage",),
}
WITH_FLAGS = frozenset(k for k, names in CHANGED.items() if names[0] == "terminated")
MOST_CHANGES = 4


def changes(exercise_id: str, inputs: Inputs, rng: Rng) -> list[Change]:
    """Return a few changes of one entry each, in a random order."""
    found = []
    for name in CHANGED.get(exercise_id, ()):
        value = np.asarray(inputs.get("batch", inputs)[name])
        places = list(np.ndindex(value.shape))
        for k in rng.permutation(len(places))[:MOST_CHANGES]:
            old = value[places[k]]
            found.append(Change(name, tuple(int(i) for i in places[k]), old.item(), _other(old, inputs)))
    return [found[k] for k in rng.permutation(len(found))[:MOST_CHANGES]]


def _other(old: Any, inputs: Inputs) -> float | bool:
    if old.dtype.kind == "b":
        return not old.item()
    if old.dtype.kind in "iu":
        n = inputs["n_states"] if "n_states" in inputs else len(inputs["W"])
        return int((old + 1) % n)
    if set(np.unique(inputs.get("z", [1]))) <= {-20.0, 0.0, 20.0} and "g" not in inputs:
        return 0.0 if old.item() else 20.0
    return -float(old.item()) if "batch" not in inputs else 1.0 - float(old.item())


def changed(inputs: Inputs, change: Change) -> Inputs:
    """Return the inputs with one entry changed; the given ones stay as they are."""
    if "batch" in inputs:
        return {**inputs, "batch": changed(inputs["batch"], change)}
    if not change.at:
        return {**inputs, change.name: change.new}
    array = inputs[change.name].copy()
    array[change.at] = change.new
    return {**inputs, change.name: array}
