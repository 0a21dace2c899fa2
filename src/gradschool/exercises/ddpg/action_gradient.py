"""Inputs and oracle of ``ddpg.action_gradient``."""

from __future__ import annotations

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array, complex_step_at_once
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes
from gradschool.exercises.ddpg._axes import ACTOR_AND_CRITIC
from gradschool.exercises.ddpg._losses import outputs
from gradschool.exercises.ddpg._other_slopes import other_slopes
from gradschool.exercises.ddpg._setups import (
    actor_critic_cases,
    own_actions,
    squash_oracle,
)
from gradschool.exercises.ddpg.adapters import net_of

AXES: Axes = ACTOR_AND_CRITIC


def cases(rng: Rng) -> list[Case]:
    """An actor, a critic, a batch whose actions are not the actor's, and the range."""
    return actor_critic_cases(rng)


def oracle(a: Args) -> Array:
    """dQ/da for each sample at a = mu(s) by complex steps of sum Q."""
    obs = a["batch"]["obs"]
    own = squash_oracle(net_of(a["actor"])(obs), a["low"], a["high"])

    def totals(actions: Array) -> Array:
        x = np.concatenate([np.broadcast_to(obs, (len(actions), *obs.shape)), actions.reshape(-1, *own.shape)], axis=2)
        return np.asarray(outputs(a["critic"]["sizes"], a["critic"]["flat"][None], x).sum(axis=(1, 2)))

    return complex_step_at_once(totals, own.ravel()).reshape(own.shape)


def otherwise(a: Args) -> Otherwise:
    """Other slopes, and those of a critic that is given its two inputs in the other order."""
    action, critic = own_actions(a), net_of(a["critic"])

    def swapped() -> Array:
        x = np.concatenate([action, a["batch"]["obs"]], axis=1)
        return critic.input_vjp(critic.forward(x)[1], np.ones((len(x), 1)))

    found: Otherwise = {f"{words}, not dQ/da at the actor's own action": of for words, of in other_slopes(a).items()}
    x = np.concatenate([a["batch"]["obs"], action], axis=1)
    both = critic.input_vjp(critic.forward(x)[1], np.ones((len(x), 1)))
    z = net_of(a["actor"])(a["batch"]["obs"])
    return found | {
        "the slope of Q in the first columns of the critic's input": lambda: both[:, : action.shape[1]],
        "dQ/da sent back through the squash too, to what is before it": lambda: (
            both[:, -action.shape[1] :] * (a["high"] - a["low"]) / 2 * (1 - np.tanh(z) ** 2)
        ),
        "dQ/da sent back through tanh too": lambda: both[:, -action.shape[1] :] * (1 - np.tanh(z) ** 2),
        "dQ/da with the action before the observation in the critic's input": lambda: swapped()[:, : action.shape[1]],
        "the last columns of the critic's slope, with the action before the observation in its input": lambda: (
            swapped()[:, -action.shape[1] :]
        ),
    }
