"""Chapter 3, DDPG on Pendulum: every exercise, in the lesson's order, and the list of faults for its clinic.

The inputs and the oracle of ``ddpg.polyak`` are the functions ``cases`` and ``oracle`` of ``polyak.py``, and so for
every other exercise. A kernel that is being graded sees this file and ``adapters.py`` alone.
"""

from __future__ import annotations

from gradschool.core.exercise import Exercise, in_own_file
from gradschool.exercises.ddpg import adapters
from gradschool.exercises.ddpg.adapters import FAULTS

__all__ = ["EXERCISES", "FAULTS"]

NETS = "(actor, critic, batch)"
RANGE = "low, high"

EXERCISES = (
    Exercise(
        "ddpg.squash",
        "Squash into the action range",
        f"squash(z, {RANGE}) -> (B, A)",
        meaning=(
            "Each action lies within its own low and high, and z = 0 gives the middle of the range, which need "
            "not be 0."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "ddpg.squash_vjp",
        "The VJP of the squash",
        f"squash_vjp(z, g, {RANGE}) -> (B, A)",
        meaning=(
            "The gradient of the action becomes the gradient of z by half the width of the range times 1 - "
            "tanh(z)^2: close to a bound the actor learns slowly."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "ddpg.critic_target",
        "The critic's TD target",
        f"critic_target(batch, target_actor, target_critic, {RANGE}, gamma) -> (B,)",
        adapter=adapters.critic_target,
        meaning=(
            "The critic's label uses the target actor's action at s' in the environment's units, and the reward "
            "alone where the episode terminated."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "ddpg.critic_gradient",
        "The critic's gradient",
        "critic_gradient(critic, batch, y) -> (n_params,)",
        adapter=adapters.critic_gradient,
        blocks=adapters.critic_blocks,
        squared_error_in=("",),
        meaning=(
            "The critic's gradient is regression on a constant label at the stored action: no part of it reaches "
            "an actor or a target network."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "ddpg.polyak",
        "Target networks: Polyak averaging",
        "polyak(target, online, tau) -> (n,)",
        meaning="Each target parameter moves by the share tau toward the online one; with tau 1 the target is a copy.",
    ),
    Exercise(
        "ddpg.action_gradient",
        "The action gradient at the actor's own action",
        f"action_gradient(actor, critic, batch, {RANGE}) -> (B, A)",
        adapter=adapters.action_gradient,
        meaning=(
            "dQ/da at the actor's own action says in which direction the action should move; it is all that the "
            "critic tells the actor."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "ddpg.actor_gradient_jacobian",
        "Implementation 1: the explicit Jacobian",
        f"actor_gradient_jacobian(actor, batch, dq_da, {RANGE}) -> (n_params,)",
        adapter=adapters.actor_gradient,
        blocks=adapters.actor_blocks,
        meaning=(
            "This is the product of the DPG theorem, dmu/dtheta times dQ/da with a mean over the batch and the "
            "sign turned for descent; the other four implementations must give the same numbers."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "ddpg.actor_gradient_vjp",
        "Implementation 2: the VJP",
        f"actor_gradient_vjp(actor, batch, dq_da, {RANGE}) -> (n_params,)",
        adapter=adapters.actor_gradient,
        blocks=adapters.actor_blocks,
        meaning=(
            "One backward pass through the actor gives the same product without a Jacobian, so this one is fast "
            "enough to train with."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "ddpg.actor_loss_surrogate",
        "Implementation 3: -action_gradients * actions",
        f"actor_loss_surrogate{NETS} -> a loss",
        adapter=adapters.actor_loss_surrogate,
        needs_torch=True,
        earning=("actor_gradient",),
        meaning=(
            "`-action_gradients * actions` is a loss only by its gradient: with dQ/da held constant that is the "
            "true policy gradient, and the critic gets none."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "ddpg.actor_grad_outputs",
        "Implementation 4: grad_outputs",
        f"actor_grad_outputs{NETS} -> a gradient for each parameter of the actor",
        adapter=adapters.actor_grad_outputs,
        needs_torch=True,
        earning=("actor_gradient",),
        meaning=(
            "`grad_outputs` is the injected gradient under another name, and `torch.autograd.grad` leaves each "
            "`.grad` empty."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "ddpg.actor_loss_direct",
        "Implementation 5: -mean Q",
        f"actor_loss_direct{NETS} -> a loss",
        adapter=adapters.actor_loss_direct,
        needs_torch=True,
        earning=("loss", "actor_gradient"),
        meaning=(
            "Autograd on -mean Q gives the same actor gradient as the product of the theorem; it also reaches the "
            "critic's parameters, and the step must leave these alone."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "ddpg.actor_step",
        "One actor step without touching the critic",
        "actor_step(actor, critic, optimizer, batch) -> None",
        adapter=adapters.actor_step,
        needs_torch=True,
        earning=("actor_after", "actor_after_2_steps"),
        meaning=(
            "The actor moved and the critic kept its weights, its empty `.grad` and its flags, so the next critic "
            "step starts clean."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "ddpg.invert_gradients",
        "Inverting gradients near the bounds",
        f"invert_gradients(dq_da, action, {RANGE}) -> (B, A)",
        meaning=(
            "The gradient shrinks with the room that is left in its direction and turns around beyond the bound, "
            "so the actions stay within the range without a tanh."
        ),
    ),
    Exercise(
        "ddpg.twin_target",
        "TD3's target: the smaller of two critics",
        f"twin_target(batch, target_actor, target_critics, {RANGE}, gamma, noise, noise_clip) -> (B,)",
        adapter=adapters.twin_target,
        meaning=(
            "The smaller of two critics at a noisy target action gives a label that is harder to overestimate: "
            "this is TD3's target."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "ddpg.clinic",
        "Bug clinic: six broken runs",
        "clinic() -> a bug for each run",
        adapter=adapters.clinic,
        tolerance="none",
        per_item=True,
        meaning=(
            "You named six faults from what they do to gradients and actions; the same measurements work on an "
            "agent of your own."
        ),
    ),
    Exercise(
        "ddpg.agent",
        "A whole DDPG update",
        "ddpg_update(actor, critic, target_actor, target_critic, actor_optimizer, critic_optimizer, batch, gamma, tau) "
        "-> None",
        adapter=adapters.agent,
        needs_torch=True,
        twice=1,
        tolerance="numeric",
        shares_with={"nothing_else": ("critic_step", "second_step")},
        read=in_own_file,
        advice=in_own_file,
        meaning=(
            "This is a complete DDPG update, judged by the weights of all four networks after it: it can train an "
            "agent as it stands."
        ),
    ),
)
