"""Chapter 2, DQN on Taxi: every exercise, in the lesson's order.

The inputs and the oracle of ``dqn.td_target`` are the functions ``cases`` and ``oracle`` of ``td_target.py``, and so
for every other exercise. A kernel that is being graded sees this file and ``adapters.py`` alone.
"""

from __future__ import annotations

from gradschool.core.exercise import Exercise, in_own_file
from gradschool.exercises.dqn import adapters
from gradschool.exercises.dqn.adapters import speed_of

EXERCISES = (
    Exercise(
        "dqn.one_hot",
        "A state as a one-hot row",
        "one_hot(s, n_states) -> (B, n_states)",
        speed_note=speed_of("s", "n_states"),
    ),
    Exercise(
        "dqn.q_values",
        "The outputs of the linear network",
        "q_values(W, s) -> (B, A)",
        speed_note=speed_of("W", "s"),
    ),
    Exercise(
        "dqn.epsilon_greedy",
        "Acting with the dice thrown outside",
        "epsilon_greedy(q, epsilon, u, random_action) -> (N,)",
        tolerance="none",
        speed_note=speed_of("q", "epsilon", "u", "random_action"),
    ),
    Exercise(
        "dqn.td_target",
        "The TD target",
        "td_target(reward, q_next, terminated, truncated, gamma) -> (B,)",
        speed_note=speed_of("reward", "q_next", "terminated", "truncated", "gamma"),
    ),
    Exercise(
        "dqn.output_gradient",
        "Way 1: the known gradient, put in",
        "output_gradient(q, action, y) -> (B, A)",
        speed_note=speed_of("q", "action", "y"),
    ),
    Exercise(
        "dqn.weight_gradient",
        "From the outputs to W",
        "weight_gradient(state, g, n_states) -> (n_states, A)",
        speed_note=speed_of("state", "g", "n_states"),
    ),
    Exercise(
        "dqn.fit_targets",
        "Way 2: targets equal to the network's own output",
        "fit_targets(q, action, y) -> (B, A)",
        speed_note=speed_of("q", "action", "y"),
    ),
    Exercise(
        "dqn.fit_gradient",
        "Way 2: the gradient of the fit",
        "fit_gradient(q, targets) -> (B, A)",
        speed_note=speed_of("q", "targets"),
    ),
    Exercise(
        "dqn.torch_loss",
        "Way 3: gather and autograd",
        "torch_loss(W, W_target, state, action, reward, next_state, terminated, gamma) -> scalar tensor",
        adapter=adapters.torch_loss,
        earning=("grad_W", "loss"),
    ),
    Exercise(
        "dqn.semi_gradient",
        "The target is a label",
        "semi_gradient(W, W_target, state, action, reward, next_state, terminated, gamma) -> (S, A)",
        speed_note=speed_of("W", "W_target", "state", "action", "reward", "next_state", "terminated", "gamma"),
    ),
    Exercise(
        "dqn.residual_gradient",
        "The target moves too",
        "residual_gradient(W, state, action, reward, next_state, terminated, gamma) -> (S, A)",
        speed_note=speed_of("W", "state", "action", "reward", "next_state", "terminated", "gamma"),
    ),
    Exercise(
        "dqn.tabular_step",
        "One step of tabular Q-learning",
        "tabular_step(Q, state, action, reward, next_state, terminated, alpha, gamma) -> (S, A)",
    ),
    Exercise(
        "dqn.double_target",
        "Double DQN's target",
        "double_target(reward, q_next_online, q_next_target, terminated, gamma) -> (B,)",
        speed_note=speed_of("reward", "q_next_online", "q_next_target", "terminated", "gamma"),
    ),
    Exercise(
        "dqn.huber_gradient",
        "Way 1 with the Huber loss",
        "huber_gradient(q, action, y, kappa) -> (B, A)",
        speed_note=speed_of("q", "action", "y", "kappa"),
    ),
    Exercise(
        "dqn.clinic",
        "Six agents, six faults",
        "clinic() -> {letter: name of the fault}",
        adapter=adapters.clinic,
        per_item=True,
    ),
    Exercise("dqn.mend", "Mend the agent that met a column", "mend(q, action, y) -> (B, A)"),
    Exercise(
        "dqn.agent",
        "A whole update of your own",
        "dqn_update(q, target_q, optimizer, batch, gamma, copy_target) -> None",
        adapter=adapters.agent,
        tolerance="numeric",
        read=in_own_file,
        advice=in_own_file,
    ),
)
