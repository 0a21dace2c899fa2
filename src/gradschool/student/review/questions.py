"""The questions of a review: one number to work out by hand, with new numbers each time.

The right answer comes from the exercise's own oracle, the same that `check` compares with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradschool.core.exercise import Rng, find
from gradschool.core.plain_data import iter_leaves

Inputs = Mapping[str, Any]
CLOSE, RELATIVE = 0.005, 1e-3  # two decimals are enough


@dataclass(frozen=True)
class Question:
    """One question with its numbers: what is asked, the right answer, and the rule behind it."""

    topic: str
    text: str
    answer: float
    rule: str

    def is_right(self, number: float) -> bool:
        """Return whether a number agrees with the answer to about two decimals."""
        return math.isclose(number, self.answer, rel_tol=RELATIVE, abs_tol=CLOSE)


@dataclass(frozen=True)
class Template:
    """A question without its numbers.

    ``draw`` makes the arguments of the exercise's function, ``text`` asks for one entry of its answer with these
    arguments in it, ``entry`` is where that stands among the numbers of the answer, and ``rule`` is the reason.
    """

    draw: Callable[[Rng], dict[str, Any]]
    text: str
    entry: int
    rule: str
    name: str = ""  # of the part of the answer, where it has several


def make(topic: str, rng: Rng) -> Question:
    """Return the question about an exercise with numbers drawn anew; KeyError if there is none about it."""
    template = TEMPLATES[topic]
    inputs = template.draw(rng)
    exercise = find(topic)
    leaves = dict(iter_leaves(exercise.oracle(inputs), exercise.returns))
    part = leaves[template.name] if template.name else next(iter(leaves.values()))
    answer = float(np.asarray(part, dtype=float).ravel()[template.entry])
    return Question(topic, template.text.format(**{k: _shown(v) for k, v in inputs.items()}), answer, template.rule)


def topic_of(name: str) -> str | None:
    """Return the exercise whose question stands for this exercise or prediction; None if none does."""
    found = name if name in TEMPLATES else STANDS_FOR.get(name)
    return found if found in TEMPLATES else None


def _shown(value: Any) -> str:
    """Return a value as a person writes it.

    >>> _shown(np.array([[1.0, -2.5]])), _shown(np.array([True])), _shown(0.5)
    ('[[1, -2.5]]', '[true]', '0.5')
    """
    if isinstance(value, np.ndarray | tuple):
        return f"[{', '.join(_shown(v) for v in value)}]"
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    return f"{float(value):.4g}"


def _whole(rng: Rng, *shape: int) -> Any:
    """Draw whole numbers from -9 to 9, all different and none 0."""
    return rng.choice([n for n in range(-9, 10) if n], size=shape, replace=False).astype(float)


def _one_of(rng: Rng, *values: float) -> float:
    return float(rng.choice(values))


def _ddqn(rng: Rng) -> dict[str, Any]:
    first = _whole(rng, 2)
    target = np.where(first == first.max(), min(first) - 1.0, max(first) + 1.0)  # another action is best there
    return {
        "reward": _whole(rng, 1),
        "q_next_online": first[None],
        "q_next_target": target[None],
        "terminated": np.array([False]),
        "gamma": 0.5,
    }


def _td(rng: Rng) -> dict[str, Any]:
    which = int(rng.integers(2))  # one row ended, the other was only cut off
    terminated = np.arange(2) == which
    named = {"reward": _whole(rng, 2), "q_next": _whole(rng, 2, 2), "terminated": terminated}
    return {**named, "truncated": ~terminated, "gamma": _one_of(rng, 0.5, 0.8)}


def _box(rng: Rng) -> dict[str, Any]:
    return {"low": np.array([-_one_of(rng, 1, 2, 4)]), "high": np.array([_one_of(rng, 2, 3, 5)])}


def _inverted(rng: Rng) -> dict[str, Any]:
    return {**_box(rng), "dq_da": _whole(rng, 1, 1), "action": np.array([[_one_of(rng, -0.5, 0.5, 1)]])}


def _ppo(rng: Rng) -> dict[str, Any]:
    ratios = np.array([_one_of(rng, 0.5, 1.5), _one_of(rng, 0.9, 1.1)])
    log_prob = np.log(ratios)
    return {"log_prob": log_prob, "old_log_prob": np.zeros(2), "advantage": _whole(rng, 2), "clip": 0.2}


def _q(rng: Rng) -> dict[str, Any]:
    return {"q": _whole(rng, 2, 2), "action": rng.integers(0, 2, 2), "y": _whole(rng, 2)}


TEMPLATES: dict[str, Template] = {
    "chain.l2_gradient": Template(
        lambda rng: {"p": _whole(rng, 2), "l": _whole(rng, 2)},
        "L = 1/2 sum_i (p_i - l_i)^2 with p = {p} and l = {l}. What is dL/dp for the first entry?",
        0,
        "The gradient is p - l: positive where the prediction is too high.",
    ),
    "chain.batch_mean_gradient": Template(
        lambda rng: {"p": _whole(rng, 4, 1), "l": _whole(rng, 4)},
        "L is the mean over a batch of 4 of 1/2 (p - l)^2, p = {p}, l = {l}. What is dL/dp for the first row?",
        0,
        "A mean divides each row's p - l by the number of rows.",
    ),
    "chain.linear_vjp": Template(
        lambda rng: {"W": _whole(rng, 2, 2), "b": np.zeros(2), "x": _whole(rng, 2), "g": _whole(rng, 2)},
        "y = W x + b with W = {W}, x = {x}, and dL/dy = {g}. What is dL/dx for the first entry?",
        0,
        "dL/dx is W transposed times dL/dy: the first column of W meets dL/dy.",
        "grad_x",
    ),
    "chain.relu_vjp": Template(
        lambda rng: {"z": _whole(rng, 2), "g": _whole(rng, 2)},
        "a = relu(z) with z = {z}, and dL/da = {g}. What is the first entry of dL/dz?",
        0,
        "relu passes the gradient where z > 0 and stops it elsewhere.",
    ),
    "chain.tanh_vjp": Template(
        lambda rng: {"z": np.array([0.0]), "g": _whole(rng, 1)},
        "a = tanh(z) with z = {z}, and dL/da = {g}. What is dL/dz?",
        0,
        "The slope of tanh is 1 - tanh(z)^2, which is 1 at 0.",
    ),
    "chain.sgd_step": Template(
        lambda rng: {"params": (_whole(rng, 1),), "grads": (_whole(rng, 1),), "lr": _one_of(rng, 0.1, 0.5)},
        "A step of SGD with lr = {lr}, parameter {params}, gradient {grads}. What is the parameter afterward?",
        0,
        "SGD subtracts lr times the gradient.",
    ),
    "dqn.td_target": Template(
        _td,
        "reward = {reward}, Q(next state) = {q_next}, terminated = {terminated}, truncated = {truncated}, "
        "gamma = {gamma}. What is the TD target of the first row?",
        0,
        "A terminated row has no next value; a truncated row bootstraps, as any other does.",
    ),
    "dqn.double_target": Template(
        _ddqn,
        "reward = {reward}, gamma = {gamma}, not terminated. The online network gives {q_next_online}, the target "
        "network {q_next_target}. What is the target of Double DQN?",
        0,
        "The online network chooses the action, and the target network gives its value.",
    ),
    "dqn.output_gradient": Template(
        _q,
        "L is the mean over 2 rows of 1/2 (Q(s, a) - y)^2, with Q = {q}, actions {action} (counted from 0), y = {y}. "
        "What is dL/dQ of the first row and action 0?",
        0,
        "The taken action's output alone enters the loss: (Q(s, a) - y) / 2 there, and 0 elsewhere.",
    ),
    "dqn.huber_gradient": Template(
        lambda rng: {"q": _whole(rng, 1, 1), "action": np.array([0]), "y": _whole(rng, 1) / 4, "kappa": 1.0},
        "The Huber loss with kappa = {kappa}, one row: Q = {q}, y = {y}. What is the slope of the loss by Q?",
        0,
        "The slope of the Huber loss is the error, clipped to -kappa and kappa.",
    ),
    "ddpg.squash": Template(
        lambda rng: {**_box(rng), "z": np.array([[0.0]])},
        "tanh squashes z into the range from {low} to {high}. Which action belongs to z = {z}?",
        0,
        "tanh(0) = 0 is the middle of the range, not 0 in general.",
    ),
    "ddpg.squash_vjp": Template(
        lambda rng: {**_box(rng), "z": np.array([[0.0]]), "g": _whole(rng, 1, 1)},
        "tanh squashes z into the range from {low} to {high}, and dQ/da = {g}. What is dQ/dz at z = {z}?",
        0,
        "The slope at 0 is half of the range's width.",
    ),
    "ddpg.polyak": Template(
        lambda rng: {"target": _whole(rng, 1), "online": _whole(rng, 1), "tau": _one_of(rng, 0.1, 0.25)},
        "A soft update with tau = {tau}: the target weight is {target}, the online weight {online}. "
        "What is the target weight afterward?",
        0,
        "The target moves by tau of the way to the online weight.",
    ),
    "ddpg.invert_gradients": Template(
        _inverted,
        "Inverting gradients: dQ/da = {dq_da}, a = {action}, in the range from {low} to {high}. What remains of dQ/da?",
        0,
        "The gradient is scaled by the share of the range that lies ahead, in the direction of the step.",
    ),
    "next.ppo_gradient": Template(
        _ppo,
        "PPO's clipped loss, mean of 2 rows, clip = {clip}: log pi = {log_prob}, old log pi = {old_log_prob}, "
        "advantages {advantage}. What is the gradient by log pi in the second row?",
        1,
        "Inside of the clip range it is -ratio * advantage / B, with the ratio exp(log pi - old log pi).",
    ),
}
STANDS_FOR = {  # an exercise or a prediction without a question of its own -> the exercise whose question is asked
    "chain.linear_jacobian": "chain.linear_vjp",
    "chain.jacobian_product": "chain.linear_vjp",
    "chain.mlp_backward": "chain.linear_vjp",
    "chain.shared_paths": "chain.linear_vjp",
    "chain.step-past-label": "chain.sgd_step",
    "chain.step-wrong-sign": "chain.sgd_step",
    "chain.three-saturated-tanh": "chain.tanh_vjp",
    "dqn.fit_targets": "dqn.output_gradient",
    "dqn.fit_gradient": "dqn.output_gradient",
    "dqn.weight_gradient": "dqn.output_gradient",
    "dqn.mend": "dqn.output_gradient",
    "dqn.batch-step": "dqn.output_gradient",
    "dqn.mse-step": "dqn.output_gradient",
    "dqn.torch_loss": "dqn.td_target",
    "dqn.semi_gradient": "dqn.td_target",
    "dqn.tabular_step": "dqn.td_target",
    "dqn.agent": "dqn.td_target",
    "dqn.flags": "dqn.td_target",
    "ddpg.critic_target": "dqn.td_target",
    "ddpg.truncated-target": "dqn.td_target",
    "ddpg.action_gradient": "ddpg.squash_vjp",
    "ddpg.actor_gradient_vjp": "ddpg.squash_vjp",
    "ddpg.actor_gradient_jacobian": "ddpg.squash_vjp",
    "ddpg.agent": "ddpg.polyak",
    "ddpg.bounds": "ddpg.invert_gradients",
    "ddpg.inverted": "ddpg.invert_gradients",
    "lab.taxi_dqn": "dqn.td_target",
    "lab.cartpole_dqn": "ddpg.polyak",
    "lab.pendulum_ddpg": "ddpg.polyak",
    "next.ratios-outside": "next.ppo_gradient",
}
