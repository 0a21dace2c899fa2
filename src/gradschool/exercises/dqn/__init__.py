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
        meaning=(
            "One row has a single 1 at its state, so a linear layer on it selects one row of W, and states share "
            "no weights."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "dqn.q_values",
        "The outputs of the linear network",
        "q_values(W, s) -> (B, A)",
        speed_note=speed_of("W", "s"),
        meaning="Without a hidden layer Q(s, ·) is row s of W: the network is a table.",
    ),
    Exercise(
        "dqn.epsilon_greedy",
        "Epsilon-greedy actions, the random draws passed in",
        "epsilon_greedy(q, epsilon, u, random_action) -> (N,)",
        tolerance="none",
        speed_note=speed_of("q", "epsilon", "u", "random_action"),
        meaning=(
            "With probability epsilon the action is random, else it has the largest Q; which action was taken "
            "decides which output will get a gradient."
        ),
    ),
    Exercise(
        "dqn.td_target",
        "The TD target",
        "td_target(reward, q_next, terminated, truncated, gamma) -> (B,)",
        speed_note=speed_of("reward", "q_next", "terminated", "truncated", "gamma"),
        meaning=(
            "The target is r + gamma max Q(s', ·), and r alone where the episode terminated; a time limit that "
            "only truncates still bootstraps."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "dqn.output_gradient",
        "Way 1: the known gradient, injected",
        "output_gradient(q, action, y) -> (B, A)",
        speed_note=speed_of("q", "action", "y"),
        meaning=(
            "This array is the whole difference between DQN and supervised regression: the error over B at the "
            "taken action, exactly 0 at the others, and ready to be injected."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "dqn.weight_gradient",
        "From the outputs to W",
        "weight_gradient(state, g, n_states) -> (n_states, A)",
        speed_note=speed_of("state", "g", "n_states"),
        meaning=(
            "One transition moves one entry of W, the one of its state and its action; rows of one batch that "
            "share it add up."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "dqn.fit_targets",
        "Way 2: targets equal to the network's own output",
        "fit_targets(q, action, y) -> (B, A)",
        speed_note=speed_of("q", "action", "y"),
        meaning=(
            "Where the target is the network's own output the error is 0, so an ordinary `fit` trains the taken "
            "action alone."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "dqn.fit_gradient",
        "Way 2: the gradient of the fit",
        "fit_gradient(q, targets) -> (B, A)",
        speed_note=speed_of("q", "targets"),
        meaning="The gradient of the fit equals the injected one: way 1 and way 2 are the same step.",
    ),
    Exercise(
        "dqn.torch_loss",
        "Way 3: gather and autograd",
        "torch_loss(W, W_target, state, action, reward, next_state, terminated, gamma) -> scalar tensor",
        adapter=adapters.torch_loss,
        needs_torch=True,
        earning=("grad_W", "loss"),
        squared_error_in=("grad_W",),
        meaning=(
            "`gather` picks the taken output and autograd fills the other places with zeros; way 3 gives the "
            "gradient of ways 1 and 2."
        ),
    ),
    Exercise(
        "dqn.semi_gradient",
        "The target is a label",
        "semi_gradient(W, W_target, state, action, reward, next_state, terminated, gamma) -> (S, A)",
        squared_error_in=("",),
        speed_note=speed_of("W", "W_target", "state", "action", "reward", "next_state", "terminated", "gamma"),
        meaning=(
            "With the target held constant the gradient flows through Q(s, a) alone: this is the update that DQN makes."
        ),
    ),
    Exercise(
        "dqn.residual_gradient",
        "A target that is not held constant",
        "residual_gradient(W, state, action, reward, next_state, terminated, gamma) -> (S, A)",
        squared_error_in=("",),
        speed_note=speed_of("W", "state", "action", "reward", "next_state", "terminated", "gamma"),
        meaning=(
            "If the target is differentiated as well, a second path with the factor -gamma leads into the weights "
            "of s': a missing `detach` or `no_grad` gives this update."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "dqn.tabular_step",
        "One step of tabular Q-learning",
        "tabular_step(Q, state, action, reward, next_state, terminated, alpha, gamma) -> (S, A)",
        meaning=(
            "Q-learning's table update is one SGD step of the linear network on one sample; a mean over a batch "
            "needs a step size B times as large."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "dqn.double_target",
        "Double DQN's target",
        "double_target(reward, q_next_online, q_next_target, terminated, gamma) -> (B,)",
        speed_note=speed_of("reward", "q_next_online", "q_next_target", "terminated", "gamma"),
        meaning=(
            "The online network chooses the action and the target network values it, which reduces the bias that "
            "a maximum over noisy values has."
        ),
    ),
    Exercise(
        "dqn.huber_gradient",
        "Way 1 with the Huber loss",
        "huber_gradient(q, action, y, kappa) -> (B, A)",
        speed_note=speed_of("q", "action", "y", "kappa"),
        meaning=(
            "Huber's gradient is the error, clipped to ±kappa and divided by B: a large TD error can no longer "
            "take over a batch."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "dqn.clinic",
        "Six broken agents",
        "clinic() -> {letter: name of the fault}",
        adapter=adapters.clinic,
        per_item=True,
        meaning=(
            "You told six faults apart by the gradients that they leave, and not by the return: use the same heat "
            "map on your own agent."
        ),
    ),
    Exercise(
        "dqn.mend",
        "Repair the agent whose targets are a column",
        "mend(q, action, y) -> (B, A)",
        meaning=(
            "With the column flattened each row keeps its own error; whenever (B, 1) meets (B,), check the shape "
            "of the difference before you take a mean."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "dqn.agent",
        "A whole update of your own",
        "dqn_update(q, target_q, optimizer, batch, gamma, copy_target) -> None",
        adapter=adapters.agent,
        needs_torch=True,
        twice=1,
        tolerance="numeric",
        shares_with={"other_outputs": ("first_step", "second_step")},
        read=in_own_file,
        advice=in_own_file,
        meaning=(
            "This is a complete DQN update, judged by the weights that it leaves: it can train an agent as it stands."
        ),
    ),
)
