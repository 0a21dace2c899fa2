"""Chapter 1, loss as chain rule: every exercise, in the lesson's order.

The inputs and the oracle of ``chain.l2_gradient`` are the functions ``cases`` and ``oracle`` of ``l2_gradient.py``, and
so for every other exercise. A kernel that is being graded sees this file and ``adapters.py`` alone.
"""

from __future__ import annotations

from gradschool.core.exercise import Exercise, in_own_file
from gradschool.exercises.chain import adapters

MLP_PARTS = ("grad_W1", "grad_b1", "grad_W2", "grad_b2", "grad_X")

EXERCISES = (
    Exercise(
        "chain.l2_gradient",
        "The gradient of the L2 loss",
        "l2_gradient(p, l) -> (n,)",
        meaning=(
            "The gradient of this loss is the error p - l itself: each later backward pass of the course starts "
            "from such an array."
        ),
    ),
    Exercise(
        "chain.numerical_gradient",
        "Central differences",
        "numerical_gradient(f, x, h) -> x.shape",
        adapter=adapters.numerical_gradient,
        tolerance="numeric",
        meaning=(
            "Central differences measure any gradient without a formula, so from now on you can test each "
            "gradient that you derive."
        ),
    ),
    Exercise(
        "chain.linear_jacobian",
        "The Jacobian of a linear layer, written out",
        "linear_jacobian(W, b, x) -> (m, m * n)",
        meaning=(
            "The Jacobian has a row for each output and a column for each weight, and nearly all of its entries "
            "are 0: that is why no library builds it."
        ),
    ),
    Exercise(
        "chain.jacobian_product",
        "Jacobian times gradient",
        "jacobian_product(J, g) -> (n_w,)",
        meaning=(
            "The chain rule is this one product: the local Jacobian, transposed, times the gradient that arrives "
            "from above."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "chain.linear_vjp",
        "The same without the Jacobian",
        "linear_vjp(W, b, x, g) -> (grad_W, grad_b, grad_x)",
        returns=("grad_W", "grad_b", "grad_x"),
        meaning=(
            "The three gradients of a linear layer come from g and the stored inputs alone, so you can go back "
            "through any linear layer without its Jacobian."
        ),
    ),
    Exercise(
        "chain.relu_vjp",
        "Back through relu",
        "relu_vjp(z, g) -> z.shape",
        meaning=(
            "A relu passes the gradient on where its input was positive and stops it elsewhere, whatever the size "
            "of the input."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "chain.tanh_vjp",
        "Back through tanh",
        "tanh_vjp(z, g) -> z.shape",
        meaning=(
            "A tanh multiplies the gradient by 1 - tanh(z)^2, so a saturated unit passes on almost nothing; "
            "DDPG's actors end in one."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "chain.mlp_backward",
        "A whole network by hand",
        "mlp_backward(W1, b1, W2, b2, X, G) -> five gradients",
        returns=MLP_PARTS,
        meaning=(
            "You can send any G back through a whole network by hand: the network never asks which loss G came from."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "chain.batch_mean_gradient",
        "A mean over the batch",
        "batch_mean_gradient(p, l) -> (B, 1)",
        meaning=(
            "A mean over the batch divides each row's error by B, and the shape (B, 1) stays as it is; a (B,) on "
            "either side would have broadcast to (B, B)."
        ),
    ),
    Exercise(
        "chain.shared_paths",
        "A parameter used twice",
        "shared_paths(W, x, g) -> (n, n)",
        meaning=(
            "A parameter that is used twice gets the sum of the gradients of both uses; autograd adds them in the "
            "same way."
        ),
    ),
    Exercise(
        "chain.inject_gradient",
        "Injecting any gradient into a network",
        "inject_gradient(net, X, G) -> (by_backward, by_surrogate)",
        adapter=adapters.inject_gradient,
        needs_torch=True,
        earning=("backward", "surrogate"),
        meaning=(
            "`output.backward(G)` and the loss `(G * output).sum()` with a constant G give the same gradients, so "
            "you can train a network with any G that you compute yourself."
        ),
    ),
    Exercise(
        "chain.maximise",
        "Maximizing a fixed function",
        "maximise(gradients, a, phi, lr, steps) -> (a, phi)",
        adapter=adapters.maximise,
        returns=("a", "phi"),
        earning=("a",),
        meaning=(
            "Descent on -f climbs f, and only `a` moves: an actor learns in this way from a critic that stays fixed."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "chain.sgd_step",
        "A step of SGD",
        "sgd_step(params, grads, lr) -> new params",
        meaning=(
            "SGD subtracts lr times the gradient from each parameter: scale the gradient, and the step scales with it."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "chain.adam_step",
        "A step of Adam",
        "adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps) -> (theta, m, v)",
        returns=("theta", "m", "v"),
        meaning=(
            "Adam divides by the gradient's own running size, so a constant factor on the loss hardly changes its "
            "steps; a wrong scale can hide behind it."
        ),
        otherwise=in_own_file,
    ),
)
