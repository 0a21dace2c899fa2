"""Chapter 1, loss as chain rule, the public half: every exercise in the lesson's order."""

from __future__ import annotations

from gradschool.core.exercise import Exercise
from gradschool.exercises.chain_layers import (
    activation_cases,
    inject_expect,
    inject_run,
    linear_cases,
    linear_jacobian_expect,
    linear_vjp_cases,
    linear_vjp_expect,
    mlp_cases,
    mlp_expect,
    product_cases,
    product_expect,
    relu_cases,
    relu_expect,
    shared_cases,
    shared_expect,
    tanh_expect,
)
from gradschool.exercises.chain_losses import (
    batch_cases,
    batch_expect,
    l2_cases,
    l2_expect,
    numerical_cases,
    numerical_expect,
    numerical_run,
)
from gradschool.exercises.chain_steps import (
    adam_cases,
    adam_expect,
    maximise_cases,
    maximise_expect,
    maximise_run,
    sgd_cases,
    sgd_expect,
)

MLP_PARTS = ("grad_W1", "grad_b1", "grad_W2", "grad_b2", "grad_X")

EXERCISES = (
    Exercise("chain.l2_gradient", "The gradient of the L2 loss", "l2_gradient(p, l) -> (n,)", l2_cases, l2_expect),
    Exercise(
        "chain.numerical_gradient",
        "Central differences",
        "numerical_gradient(f, x, h) -> x.shape",
        numerical_cases,
        numerical_expect,
        adapter=numerical_run,
    ),
    Exercise(
        "chain.linear_jacobian",
        "The Jacobian of a linear layer, written out",
        "linear_jacobian(W, b, x) -> (m, m * n)",
        linear_cases,
        linear_jacobian_expect,
    ),
    Exercise(
        "chain.jacobian_product",
        "Jacobian times gradient",
        "jacobian_product(J, g) -> (n_w,)",
        product_cases,
        product_expect,
    ),
    Exercise(
        "chain.linear_vjp",
        "The same without the Jacobian",
        "linear_vjp(W, b, x, g) -> (grad_W, grad_b, grad_x)",
        linear_vjp_cases,
        linear_vjp_expect,
        returns=("grad_W", "grad_b", "grad_x"),
    ),
    Exercise("chain.relu_vjp", "Back through relu", "relu_vjp(z, g) -> z.shape", relu_cases, relu_expect),
    Exercise("chain.tanh_vjp", "Back through tanh", "tanh_vjp(z, g) -> z.shape", activation_cases, tanh_expect),
    Exercise(
        "chain.mlp_backward",
        "A whole network by hand",
        "mlp_backward(W1, b1, W2, b2, X, G) -> five gradients",
        mlp_cases,
        mlp_expect,
        returns=MLP_PARTS,
    ),
    Exercise(
        "chain.batch_mean_gradient",
        "A mean over the batch",
        "batch_mean_gradient(p, l) -> (B, 1)",
        batch_cases,
        batch_expect,
    ),
    Exercise(
        "chain.shared_paths",
        "A parameter used twice",
        "shared_paths(W, x, g) -> (n, n)",
        shared_cases,
        shared_expect,
    ),
    Exercise(
        "chain.inject_gradient",
        "Pushing any gradient into a network",
        "inject_gradient(net, X, G) -> (by_backward, by_surrogate)",
        mlp_cases,
        inject_expect,
        adapter=inject_run,
    ),
    Exercise(
        "chain.maximise",
        "Going up a fixed function",
        "maximise(gradients, a, phi, lr, steps) -> (a, phi)",
        maximise_cases,
        maximise_expect,
        adapter=maximise_run,
        returns=("a", "phi"),
    ),
    Exercise("chain.sgd_step", "A step of SGD", "sgd_step(params, grads, lr) -> new params", sgd_cases, sgd_expect),
    Exercise(
        "chain.adam_step",
        "A step of Adam",
        "adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps) -> (theta, m, v)",
        adam_cases,
        adam_expect,
        returns=("theta", "m", "v"),
    ),
)
