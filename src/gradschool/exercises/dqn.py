"""Chapter 2, DQN on Taxi, the public half: every exercise in the lesson's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradschool.core.exercise import Case, Exercise
from gradschool.exercises import dqn_inputs as inputs
from gradschool.exercises.dqn_oracles import (
    double_expect,
    epsilon_expect,
    fit_gradient_expect,
    fit_targets_expect,
    huber_expect,
    one_hot_expect,
    output_expect,
    q_values_expect,
    residual_expect,
    semi_expect,
    tabular_expect,
    target_expect,
    torch_expect,
    weight_expect,
)
from gradschool.exercises.dqn_speed import speed_of

Array = np.ndarray
Args = Mapping[str, Any]


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


def clinic_cases(rng: np.random.Generator) -> list[Case]:
    """There is nothing to hand over: the six agents are the same for everyone."""
    return [Case("the six agents", {})]


def clinic_run(answer: Callable[..., Any], a: Args) -> Array:
    """Six marks, 1 where the name is the right one; names that are not on the list raise."""
    from gradschool.lessons.clinics.dqn import marks

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
        speed_note=speed_of("s", "n_states"),
    ),
    Exercise(
        "dqn.q_values",
        "The outputs of the linear network",
        "q_values(W, s) -> (B, A)",
        inputs.q_values_cases,
        q_values_expect,
        speed_note=speed_of("W", "s"),
    ),
    Exercise(
        "dqn.epsilon_greedy",
        "Acting with the dice thrown outside",
        "epsilon_greedy(q, epsilon, u, random_action) -> (N,)",
        inputs.epsilon_cases,
        epsilon_expect,
        tolerance="none",
        speed_note=speed_of("q", "epsilon", "u", "random_action"),
    ),
    Exercise(
        "dqn.td_target",
        "The TD target",
        "td_target(reward, q_next, terminated, truncated, gamma) -> (B,)",
        inputs.target_cases,
        target_expect,
        speed_note=speed_of("reward", "q_next", "terminated", "truncated", "gamma"),
    ),
    Exercise(
        "dqn.output_gradient",
        "Way 1: the known gradient, put in",
        "output_gradient(q, action, y) -> (B, A)",
        inputs.output_cases,
        output_expect,
        speed_note=speed_of("q", "action", "y"),
    ),
    Exercise(
        "dqn.weight_gradient",
        "From the outputs to W",
        "weight_gradient(state, g, n_states) -> (n_states, A)",
        inputs.weight_cases,
        weight_expect,
        speed_note=speed_of("state", "g", "n_states"),
    ),
    Exercise(
        "dqn.fit_targets",
        "Way 2: targets equal to the network's own output",
        "fit_targets(q, action, y) -> (B, A)",
        inputs.output_cases,
        fit_targets_expect,
        speed_note=speed_of("q", "action", "y"),
    ),
    Exercise(
        "dqn.fit_gradient",
        "Way 2: the gradient of the fit",
        "fit_gradient(q, targets) -> (B, A)",
        inputs.fit_gradient_cases,
        fit_gradient_expect,
        speed_note=speed_of("q", "targets"),
    ),
    Exercise(
        "dqn.torch_loss",
        "Way 3: gather and autograd",
        "torch_loss(W, W_target, state, action, reward, next_state, terminated, gamma) -> scalar tensor",
        inputs.transition_cases,
        torch_expect,
        adapter=torch_run,
    ),
    Exercise(
        "dqn.semi_gradient",
        "The target is a label",
        "semi_gradient(W, W_target, state, action, reward, next_state, terminated, gamma) -> (S, A)",
        inputs.transition_cases,
        semi_expect,
        speed_note=speed_of("W", "W_target", "state", "action", "reward", "next_state", "terminated", "gamma"),
    ),
    Exercise(
        "dqn.residual_gradient",
        "The target moves too",
        "residual_gradient(W, state, action, reward, next_state, terminated, gamma) -> (S, A)",
        inputs.residual_cases,
        residual_expect,
        speed_note=speed_of("W", "state", "action", "reward", "next_state", "terminated", "gamma"),
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
        speed_note=speed_of("reward", "q_next_online", "q_next_target", "terminated", "gamma"),
    ),
    Exercise(
        "dqn.huber_gradient",
        "Way 1 with the Huber loss",
        "huber_gradient(q, action, y, kappa) -> (B, A)",
        inputs.huber_cases,
        huber_expect,
        speed_note=speed_of("q", "action", "y", "kappa"),
    ),
    Exercise(
        "dqn.clinic",
        "Six agents, six faults",
        "clinic() -> {letter: name of the fault}",
        clinic_cases,
        clinic_expect,
        adapter=clinic_run,
        per_item=True,
    ),
    Exercise(
        "dqn.mend",
        "Mend the agent that met a column",
        "mend(q, action, y) -> (B, A)",
        inputs.mend_cases,
        output_expect,
    ),
)
