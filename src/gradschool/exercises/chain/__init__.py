"""Chapter 1, loss as chain rule: every exercise, in the lesson's order.

The inputs and the oracle of ``chain.l2_gradient`` are the functions ``cases`` and ``oracle`` of ``l2_gradient.py``, and
so for every other exercise. A kernel that is being graded sees this file and ``adapters.py`` alone.
"""

from __future__ import annotations

from gradschool.core.exercise import Exercise
from gradschool.exercises.chain import adapters

MLP_PARTS = ("grad_W1", "grad_b1", "grad_W2", "grad_b2", "grad_X")

EXERCISES = (
    Exercise("chain.l2_gradient", "The gradient of the L2 loss", "l2_gradient(p, l) -> (n,)"),
    Exercise(
        "chain.numerical_gradient",
        "Central differences",
        "numerical_gradient(f, x, h) -> x.shape",
        adapter=adapters.numerical_gradient,
        tolerance="numeric",
    ),
    Exercise(
        "chain.linear_jacobian", "The Jacobian of a linear layer, written out", "linear_jacobian(W, b, x) -> (m, m * n)"
    ),
    Exercise("chain.jacobian_product", "Jacobian times gradient", "jacobian_product(J, g) -> (n_w,)"),
    Exercise(
        "chain.linear_vjp",
        "The same without the Jacobian",
        "linear_vjp(W, b, x, g) -> (grad_W, grad_b, grad_x)",
        returns=("grad_W", "grad_b", "grad_x"),
    ),
    Exercise("chain.relu_vjp", "Back through relu", "relu_vjp(z, g) -> z.shape"),
    Exercise("chain.tanh_vjp", "Back through tanh", "tanh_vjp(z, g) -> z.shape"),
    Exercise(
        "chain.mlp_backward",
        "A whole network by hand",
        "mlp_backward(W1, b1, W2, b2, X, G) -> five gradients",
        returns=MLP_PARTS,
    ),
    Exercise("chain.batch_mean_gradient", "A mean over the batch", "batch_mean_gradient(p, l) -> (B, 1)"),
    Exercise("chain.shared_paths", "A parameter used twice", "shared_paths(W, x, g) -> (n, n)"),
    Exercise(
        "chain.inject_gradient",
        "Pushing any gradient into a network",
        "inject_gradient(net, X, G) -> (by_backward, by_surrogate)",
        adapter=adapters.inject_gradient,
        earning=("backward", "surrogate"),
    ),
    Exercise(
        "chain.maximise",
        "Going up a fixed function",
        "maximise(gradients, a, phi, lr, steps) -> (a, phi)",
        adapter=adapters.maximise,
        returns=("a", "phi"),
        earning=("a",),
    ),
    Exercise("chain.sgd_step", "A step of SGD", "sgd_step(params, grads, lr) -> new params"),
    Exercise(
        "chain.adam_step",
        "A step of Adam",
        "adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps) -> (theta, m, v)",
        returns=("theta", "m", "v"),
    ),
)
