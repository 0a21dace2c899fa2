"""Chapter 1, the private half: every entry in the lesson's order."""

from grader.bank.ill_conditioned import with_ill_conditioned
from grader.exercises.chain_activations import relu_vjp, tanh_vjp
from grader.exercises.chain_flow import inject_gradient, maximise
from grader.exercises.chain_linear import jacobian_product, linear_jacobian, linear_vjp
from grader.exercises.chain_loss import batch_mean_gradient, l2_gradient
from grader.exercises.chain_network import mlp_backward, shared_paths
from grader.exercises.chain_numerical import numerical_gradient
from grader.exercises.chain_steps import adam_step, sgd_step

ENTRIES = with_ill_conditioned(
    (
        l2_gradient,
        numerical_gradient,
        linear_jacobian,
        jacobian_product,
        linear_vjp,
        relu_vjp,
        tanh_vjp,
        mlp_backward,
        batch_mean_gradient,
        shared_paths,
        inject_gradient,
        maximise,
        sgd_step,
        adam_step,
    )
)
