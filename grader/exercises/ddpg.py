"""Chapter 3, the private half: every entry in the lesson's order."""

from grader.bank.ill_conditioned import with_ill_conditioned
from grader.exercises.ddpg_actor import actor_gradient_jacobian, actor_gradient_vjp
from grader.exercises.ddpg_critic import critic_gradient, polyak
from grader.exercises.ddpg_flow import actor_grad_outputs, actor_loss_direct
from grader.exercises.ddpg_remedies import invert_gradients, twin_target
from grader.exercises.ddpg_slope import action_gradient
from grader.exercises.ddpg_step import actor_step
from grader.exercises.ddpg_surrogate import actor_loss_surrogate
from grader.exercises.ddpg_targets import critic_target, squash, squash_vjp
from grader.exercises.ddpg_ward import clinic

ENTRIES = with_ill_conditioned(
    (
        squash,
        squash_vjp,
        critic_target,
        critic_gradient,
        polyak,
        action_gradient,
        actor_gradient_jacobian,
        actor_gradient_vjp,
        actor_loss_surrogate,
        actor_grad_outputs,
        actor_loss_direct,
        actor_step,
        invert_gradients,
        twin_target,
        clinic,
    )
)
