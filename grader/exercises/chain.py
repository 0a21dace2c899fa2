"""Chapter 1, the private half: every entry in the lesson's order."""

from grader.exercises.chain_flow import adam_step, inject_gradient, maximise, sgd_step
from grader.exercises.chain_linear import (
    jacobian_product,
    l2_gradient,
    linear_jacobian,
    linear_vjp,
    numerical_gradient,
)
from grader.exercises.chain_network import batch_mean_gradient, mlp_backward, relu_vjp, shared_paths, tanh_vjp
from grader.exercises.uneven import with_uneven

ENTRIES = with_uneven(
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
