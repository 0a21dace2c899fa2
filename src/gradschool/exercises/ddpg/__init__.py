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
    Exercise("ddpg.squash", "Into the range", f"squash(z, {RANGE}) -> (B, A)"),
    Exercise("ddpg.squash_vjp", "Back through the squash", f"squash_vjp(z, g, {RANGE}) -> (B, A)"),
    Exercise(
        "ddpg.critic_target",
        "The critic's label",
        f"critic_target(batch, target_actor, target_critic, {RANGE}, gamma) -> (B,)",
        adapter=adapters.critic_target,
    ),
    Exercise(
        "ddpg.critic_gradient",
        "The critic's gradient",
        "critic_gradient(critic, batch, y) -> (n_params,)",
        adapter=adapters.critic_gradient,
    ),
    Exercise("ddpg.polyak", "The targets lag", "polyak(target, online, tau) -> (n,)"),
    Exercise(
        "ddpg.action_gradient",
        "The slope at the actor's own action",
        f"action_gradient(actor, critic, batch, {RANGE}) -> (B, A)",
        adapter=adapters.action_gradient,
    ),
    Exercise(
        "ddpg.actor_gradient_jacobian",
        "Road 1: the paper's product",
        f"actor_gradient_jacobian(actor, batch, dq_da, {RANGE}) -> (n_params,)",
        adapter=adapters.actor_gradient,
    ),
    Exercise(
        "ddpg.actor_gradient_vjp",
        "Road 2: the vjp",
        f"actor_gradient_vjp(actor, batch, dq_da, {RANGE}) -> (n_params,)",
        adapter=adapters.actor_gradient,
    ),
    Exercise(
        "ddpg.actor_loss_surrogate",
        "Road 3: negated action gradients times actions",
        f"actor_loss_surrogate{NETS} -> a loss",
        adapter=adapters.actor_loss_surrogate,
        earning=("actor_gradient",),
    ),
    Exercise(
        "ddpg.actor_grad_outputs",
        "Road 4: grad_outputs",
        f"actor_grad_outputs{NETS} -> a gradient for each parameter of the actor",
        adapter=adapters.actor_grad_outputs,
        earning=("actor_gradient",),
    ),
    Exercise(
        "ddpg.actor_loss_direct",
        "Road 5: -mean Q",
        f"actor_loss_direct{NETS} -> a loss",
        adapter=adapters.actor_loss_direct,
        earning=("loss", "actor_gradient"),
    ),
    Exercise(
        "ddpg.actor_step",
        "One step of the actor, and nobody moves the critic",
        "actor_step(actor, critic, optimiser, batch) -> None",
        adapter=adapters.actor_step,
        earning=("actor_after", "actor_after_2_steps"),
    ),
    Exercise(
        "ddpg.invert_gradients",
        "Slow down near the wall",
        f"invert_gradients(dq_da, action, {RANGE}) -> (B, A)",
    ),
    Exercise(
        "ddpg.twin_target",
        "The smaller of two promises",
        f"twin_target(batch, target_actor, target_critics, {RANGE}, gamma, noise, noise_clip) -> (B,)",
        adapter=adapters.twin_target,
    ),
    Exercise(
        "ddpg.clinic",
        "Six broken agents",
        "clinic() -> a fault for each patient",
        adapter=adapters.clinic,
        tolerance="none",
        per_item=True,
    ),
    Exercise(
        "ddpg.agent",
        "A whole update of your own",
        "ddpg_update(actor, critic, target_actor, target_critic, actor_optimizer, critic_optimizer, batch, gamma, tau) "
        "-> None",
        adapter=adapters.agent,
        tolerance="numeric",
        read=in_own_file,
        advice=in_own_file,
    ),
)
