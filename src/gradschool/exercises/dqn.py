"""Chapter 2, the public half: how each exercise is tried, and what each answer must be.

The oracles are central differences of the loss that the lesson states, or a library's word for the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradschool.exercise import Case, Exercise
from gradschool.exercises import dqn_inputs as inputs
from gradschool.exercises.dqn_speed import speed_of
from gradschool.numerics import central_differences

Array = np.ndarray
Args = Mapping[str, Any]


def one_hot_expect(a: Args) -> Array:
    """What torch calls one_hot."""
    import torch

    return torch.nn.functional.one_hot(torch.tensor(a["s"]), a["n_states"]).to(torch.float64).numpy()


def q_values_expect(a: Args) -> Array:
    """What torch calls an embedding: a table looked up by id."""
    import torch

    return torch.nn.functional.embedding(torch.tensor(a["s"]), torch.tensor(a["W"])).numpy()


def episode_value(reward: float, after: float, over: bool, gamma: float) -> float:
    """The discounted worth of a step: the reward now, and, if the world goes on, `after` one step later."""
    return float(np.polyval([reward] if over else [after, reward], gamma))


def target_expect(a: Args) -> Array:
    """Row by row, the worth of one step followed by the best that the target network promises."""
    rows = zip(a["reward"], a["q_next"], a["terminated"], strict=True)
    return np.array([episode_value(r, max(q.tolist()), over, a["gamma"]) for r, q, over in rows])


def double_expect(a: Args) -> Array:
    """Row by row: what the target network says of the action that ranks first in the online network."""
    columns = (a["reward"], a["q_next_online"], a["q_next_target"], a["terminated"])
    return np.array(
        [
            episode_value(r, max(zip(online.tolist(), judge.tolist(), strict=True))[1], over, a["gamma"])
            for r, online, judge, over in zip(*columns, strict=True)
        ]
    )


def epsilon_expect(a: Args) -> Array:
    """Row by row: the die decides."""
    rows = zip(a["q"], a["u"], a["random_action"], strict=True)
    return np.array([int(dice) if u < a["epsilon"] else q.tolist().index(max(q)) for q, u, dice in rows])


def squared_loss(q: Array, action: Array, y: Array) -> float:
    """L = 1/2 mean_b (q[b, action_b] - y_b)^2."""
    return 0.5 * sum((row[a] - t) ** 2 for row, a, t in zip(q, action, np.ravel(y), strict=True)) / len(q)


def output_expect(a: Args) -> Array:
    """dL/dq by central differences of the loss of the taken actions."""
    return central_differences(lambda q: squared_loss(q, a["action"], a["y"]), a["q"])


def huber_expect(a: Args) -> Array:
    """dL/dq by central differences of the mean Huber loss of the taken actions."""

    def huber(e: float) -> float:
        k = a["kappa"]
        return 0.5 * e * e if abs(e) <= k else k * (abs(e) - 0.5 * k)

    def loss(q: Array) -> float:
        return sum(huber(row[i] - t) for row, i, t in zip(q, a["action"], a["y"], strict=True)) / len(q)

    return central_differences(loss, a["q"])


def weight_expect(a: Args) -> Array:
    """dL/dW by central differences of L = sum_b g_b . W[state_b]."""

    def loss(W: Array) -> float:
        return sum(float(g @ W[s]) for s, g in zip(a["state"], a["g"], strict=True))

    return central_differences(loss, np.zeros((a["n_states"], a["g"].shape[1])))


def fit_targets_expect(a: Args) -> Array:
    """The outputs themselves, plus the TD error where an action was taken."""
    error = np.array([t - row[i] for row, i, t in zip(a["q"], a["action"], a["y"], strict=True)])
    return a["q"] + error[:, None] * (np.arange(a["q"].shape[1]) == a["action"][:, None])


def fit_gradient_expect(a: Args) -> Array:
    """dL/dq by central differences of L = 1/2 mean_b sum_a (q - targets)^2, the targets held fixed."""
    return central_differences(lambda q: 0.5 * float(np.sum((q - a["targets"]) ** 2)) / len(q), a["q"])


def td_loss(W: Array, W_target: Array, a: Args) -> float:
    """1/2 mean_b (W[s, a] - y)^2 with y from W_target."""
    best = [max(row) for row in W_target[a["next_state"]].tolist()]
    rows = zip(a["reward"], best, a["terminated"], strict=True)
    y = np.array([episode_value(r, q, over, a["gamma"]) for r, q, over in rows])
    return squared_loss(W[a["state"]], a["action"], y)


def semi_expect(a: Args) -> Array:
    """Gradient of the loss in W by central differences; W_target stays where it is."""
    return central_differences(lambda W: td_loss(W, a["W_target"], a), a["W"])


def residual_expect(a: Args) -> Array:
    """Gradient of the loss in W by central differences, where the target moves with W."""
    return central_differences(lambda W: td_loss(W, W, a), a["W"])


def torch_run(answer: Callable[..., Any], a: Args) -> dict[str, Any]:
    """torch_loss on tensors that both require a gradient: the loss, what arrived where, and both networks after."""
    import torch

    W, W_target = (torch.tensor(a[key], requires_grad=True) for key in ("W", "W_target"))
    batch = [torch.as_tensor(a[key]) for key in ("state", "action", "reward", "next_state")]
    batch.append(torch.as_tensor(a["terminated"], dtype=torch.float64))  # gamma * a boolean would be float32
    loss = answer(W, W_target, *batch, a["gamma"])
    if not isinstance(loss, torch.Tensor) or loss.ndim != 0:
        raise TypeError("torch_loss should return the loss as a tensor with one number")
    if not loss.requires_grad:
        raise TypeError("the loss does not depend on W any more: something on the way to W is detached")
    loss.backward()
    arrived = {name: torch.zeros_like(p) if p.grad is None else p.grad for name, p in (("W", W), ("target", W_target))}
    return {
        "grad_W": arrived["W"].numpy(),
        "grad_W_target": arrived["target"].numpy(),
        "loss": loss.detach().numpy(),
        "requires_grad_after": np.array([W.requires_grad, W_target.requires_grad]),
    }


def torch_expect(a: Args) -> dict[str, Any]:
    """The gradient of the loss in W by central differences; nothing at the target network."""
    return {
        "grad_W": semi_expect(a),
        "grad_W_target": np.zeros_like(a["W_target"]),
        "loss": np.array(td_loss(a["W"], a["W_target"], a)),
        "requires_grad_after": np.array([True, True]),
    }


def tabular_expect(a: Args) -> Array:
    """Q with the entry (s, a) moved by alpha times the way to its target, and nothing else."""
    y = episode_value(a["reward"], max(a["Q"][a["next_state"]].tolist()), a["terminated"], a["gamma"])
    at = np.zeros_like(a["Q"])
    at[a["state"], a["action"]] = 1.0
    return a["Q"] + a["alpha"] * at * (y - a["Q"])


def clinic_cases(rng: np.random.Generator) -> list[Case]:
    """There is nothing to hand over: the six agents are the same for everyone."""
    return [Case("the six agents", {})]


def clinic_run(answer: Callable[..., Any], a: Args) -> Array:
    """Six marks, 1 where the name is the right one; names that are not on the list raise."""
    from gradschool.dqn_clinic import marks

    return marks(answer())


def clinic_expect(a: Args) -> Array:
    """All six right."""
    return np.ones(6)


EXERCISES = (
    Exercise(
        "dqn.one_hot",
        "A state as a one-hot row",
        "one_hot(s, n_states) -> (B, n_states)",
        inputs.one_hot_cases,
        one_hot_expect,
        speed=speed_of("s", "n_states"),
    ),
    Exercise(
        "dqn.q_values",
        "The outputs of the linear network",
        "q_values(W, s) -> (B, A)",
        inputs.q_values_cases,
        q_values_expect,
        speed=speed_of("W", "s"),
    ),
    Exercise(
        "dqn.epsilon_greedy",
        "Acting with the dice thrown outside",
        "epsilon_greedy(q, epsilon, u, random_action) -> (N,)",
        inputs.epsilon_cases,
        epsilon_expect,
        tolerance="none",
        speed=speed_of("q", "epsilon", "u", "random_action"),
    ),
    Exercise(
        "dqn.td_target",
        "The TD target",
        "td_target(reward, q_next, terminated, truncated, gamma) -> (B,)",
        inputs.target_cases,
        target_expect,
        speed=speed_of("reward", "q_next", "terminated", "truncated", "gamma"),
    ),
    Exercise(
        "dqn.output_gradient",
        "Way 1: the known gradient, put in",
        "output_gradient(q, action, y) -> (B, A)",
        inputs.output_cases,
        output_expect,
        speed=speed_of("q", "action", "y"),
    ),
    Exercise(
        "dqn.weight_gradient",
        "From the outputs to W",
        "weight_gradient(state, g, n_states) -> (n_states, A)",
        inputs.weight_cases,
        weight_expect,
        speed=speed_of("state", "g", "n_states"),
    ),
    Exercise(
        "dqn.fit_targets",
        "Way 2: targets equal to the network's own output",
        "fit_targets(q, action, y) -> (B, A)",
        inputs.output_cases,
        fit_targets_expect,
        speed=speed_of("q", "action", "y"),
    ),
    Exercise(
        "dqn.fit_gradient",
        "Way 2: the gradient of the fit",
        "fit_gradient(q, targets) -> (B, A)",
        inputs.fit_gradient_cases,
        fit_gradient_expect,
        speed=speed_of("q", "targets"),
    ),
    Exercise(
        "dqn.torch_loss",
        "Way 3: gather and autograd",
        "torch_loss(W, W_target, state, action, reward, next_state, terminated, gamma) -> scalar tensor",
        inputs.transition_cases,
        torch_expect,
        run=torch_run,
    ),
    Exercise(
        "dqn.semi_gradient",
        "The target is a label",
        "semi_gradient(W, W_target, state, action, reward, next_state, terminated, gamma) -> (S, A)",
        inputs.transition_cases,
        semi_expect,
        speed=speed_of("W", "W_target", "state", "action", "reward", "next_state", "terminated", "gamma"),
    ),
    Exercise(
        "dqn.residual_gradient",
        "The target moves too",
        "residual_gradient(W, state, action, reward, next_state, terminated, gamma) -> (S, A)",
        inputs.residual_cases,
        residual_expect,
        speed=speed_of("W", "state", "action", "reward", "next_state", "terminated", "gamma"),
    ),
    Exercise(
        "dqn.tabular_step",
        "One step of tabular Q-learning",
        "tabular_step(Q, state, action, reward, next_state, terminated, alpha, gamma) -> (S, A)",
        inputs.tabular_cases,
        tabular_expect,
    ),
    Exercise(
        "dqn.double_target",
        "Double DQN's target",
        "double_target(reward, q_next_online, q_next_target, terminated, gamma) -> (B,)",
        inputs.double_target_cases,
        double_expect,
        speed=speed_of("reward", "q_next_online", "q_next_target", "terminated", "gamma"),
    ),
    Exercise(
        "dqn.huber_gradient",
        "Way 1 with the Huber loss",
        "huber_gradient(q, action, y, kappa) -> (B, A)",
        inputs.huber_cases,
        huber_expect,
        speed=speed_of("q", "action", "y", "kappa"),
    ),
    Exercise(
        "dqn.clinic",
        "Six agents, six faults",
        "clinic() -> {letter: name of the fault}",
        clinic_cases,
        clinic_expect,
        run=clinic_run,
        each=True,
    ),
    Exercise(
        "dqn.mend",
        "Mend the agent that met a column",
        "mend(q, action, y) -> (B, A)",
        inputs.mend_cases,
        output_expect,
    ),
)
