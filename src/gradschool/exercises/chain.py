"""Chapter 1, loss as chain rule: inputs to try, and oracles that need no reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradschool.exercise import Case, Exercise
from gradschool.numerics import Array, central_differences

Args = Mapping[str, Any]
Rng = np.random.Generator


# -- chain.l2_gradient, chain.batch_mean_gradient ------------------------------------------------------------


def l2_cases(rng: Rng) -> list[Case]:
    """Predictions p and labels l, both (n,)."""
    p = rng.normal(size=3)
    return [
        Case("4 outputs", {"p": rng.normal(size=4), "l": rng.normal(size=4)}, sizes={"n": 4}),
        Case("6 outputs", {"p": rng.normal(size=6), "l": rng.normal(size=6)}, sizes={"n": 6}),
        Case("one output", {"p": rng.normal(size=1), "l": rng.normal(size=1)}, edge=True, sizes={"n": 1}),
        Case("a prediction that is already right", {"p": p, "l": p.copy()}, edge=True, sizes={"n": 3}),
    ]


def l2_loss(p: Array, l: Array) -> float:
    """L = 1/2 sum (p - l)^2."""
    return 0.5 * float(np.sum((p - l) ** 2))


def l2_expect(a: Args) -> Array:
    """dL/dp by central differences."""
    return central_differences(lambda p: l2_loss(p, a["l"]), a["p"])


def batch_cases(rng: Rng) -> list[Case]:
    """Predictions p (B, 1), as a network returns them, and labels l (B,), as a table holds them."""

    def case(name: str, B: int, edge: bool = False) -> Case:
        return Case(name, {"p": rng.normal(size=(B, 1)), "l": rng.normal(size=B)}, edge=edge, sizes={"B": B})

    twice = case("", 3).args
    doubled = {"p": np.tile(twice["p"], (2, 1)), "l": np.tile(twice["l"], 2)}
    return [
        case("a batch of 4", 4),
        case("a batch of 7", 7),
        case("a batch of 1", 1, edge=True),
        Case("a batch of 3, every sample twice", doubled, edge=True, sizes={"B": 6}),
    ]


def batch_expect(a: Args) -> Array:
    """dL/dp for L = 1/(2B) sum_i (p_i - l_i)^2 by central differences, (B, 1)."""
    return central_differences(lambda p: l2_loss(p[:, 0], a["l"]) / len(a["l"]), a["p"])


# -- chain.numerical_gradient --------------------------------------------------------------------------------


def bumpy(a: Args) -> Callable[[Array], float]:
    """f(x) = sum of c x + q x^2 + k x^3 over all entries of x: curved, so that one-sided differences show."""
    return lambda x: float(np.sum(a["c"] * x + a["q"] * x**2 + a["k"] * x**3))


def numerical_cases(rng: Rng) -> list[Case]:
    """Coefficients of f, the point x and the step h."""

    def case(name: str, shape: tuple[int, ...], h: float, edge: bool = False) -> Case:
        x, c, q, k = (rng.uniform(0.5, 2.0, size=shape) for _ in range(4))
        return Case(name, {"c": c, "q": q, "k": k, "x": x, "h": h}, edge=edge)

    return [
        case("a vector of 3", (3,), 1e-3),
        case("a vector of 5", (5,), 1e-4),
        case("a 2 by 3 matrix", (2, 3), 1e-3, edge=True),
        case("one entry", (1,), 1e-3, edge=True),
        case("a large step", (3,), 0.1, edge=True),
    ]


def numerical_run(answer: Callable[..., Any], a: Args) -> Any:
    """numerical_gradient(f, x, h) for this case's f."""
    return answer(bumpy(a), a["x"], a["h"])


def numerical_expect(a: Args) -> Array:
    """The closed form of the central difference of a cubic: c + 2 q x + 3 k x^2, plus the truncation k h^2."""
    return a["c"] + 2 * a["q"] * a["x"] + 3 * a["k"] * a["x"] ** 2 + a["k"] * a["h"] ** 2


# -- chain.linear_jacobian, chain.jacobian_product, chain.linear_vjp ------------------------------------------


def linear_cases(rng: Rng) -> list[Case]:
    """A linear layer p = W x + b: W (m, n), b (m,), x (n,)."""

    def case(name: str, m: int, n: int, edge: bool = False) -> Case:
        args = {"W": rng.normal(size=(m, n)), "b": rng.normal(size=m), "x": rng.normal(size=n)}
        return Case(name, args, edge=edge, sizes={"m": m, "n": n})

    return [
        case("3 outputs, 2 inputs", 3, 2),
        case("2 outputs, 4 inputs", 2, 4),
        case("a square layer", 3, 3, edge=True),
        case("one output", 1, 3, edge=True),
    ]


def linear_jacobian_expect(a: Args) -> Array:
    """dp/dw for w = W read row by row, (m, m n), by central differences."""
    W = a["W"]
    return central_differences(lambda w: w.reshape(W.shape) @ a["x"] + a["b"], W.ravel())


def product_cases(rng: Rng) -> list[Case]:
    """A Jacobian J = dp/dw (m, n_w) and the gradient g = dL/dp (m,) that arrives at the prediction."""

    def case(name: str, m: int, n_w: int, edge: bool = False) -> Case:
        args = {"J": rng.normal(size=(m, n_w)), "g": rng.normal(size=m)}
        return Case(name, args, edge=edge, sizes={"m": m, "n_w": n_w})

    return [
        case("3 outputs, 6 weights", 3, 6),
        case("2 outputs, 5 weights", 2, 5),
        case("as many weights as outputs", 3, 3, edge=True),
        case("one output", 1, 4, edge=True),
    ]


def product_expect(a: Args) -> Array:
    """dL/dw by central differences of L(w) = g . (J w), whose Jacobian is J."""
    return central_differences(lambda w: float(a["g"] @ (a["J"] @ w)), np.zeros(a["J"].shape[1]))


def linear_vjp_cases(rng: Rng) -> list[Case]:
    """The linear layer and a gradient g = dL/dp (m,)."""
    return [Case(c.name, {**c.args, "g": rng.normal(size=c.sizes["m"])}, c.edge, c.sizes) for c in linear_cases(rng)]


def linear_vjp_expect(a: Args) -> tuple[Array, ...]:
    """Gradients of L = g . p in W, b and x by central differences."""
    return _each_gradient(lambda W, b, x: float(a["g"] @ (W @ x + b)), a["W"], a["b"], a["x"])


def _each_gradient(loss: Callable[..., float], *points: Array) -> tuple[Array, ...]:
    """The gradient of ``loss(*points)`` in each of its arguments, by central differences."""

    def in_one(i: int) -> Array:
        return central_differences(lambda v: loss(*points[:i], v, *points[i + 1 :]), points[i])

    return tuple(in_one(i) for i in range(len(points)))


# -- chain.relu_vjp, chain.tanh_vjp ---------------------------------------------------------------------------


def activation_cases(rng: Rng) -> list[Case]:
    """Pre-activations z and gradients g, both (B, n); z stays away from the kink of relu at 0."""

    def case(name: str, shape: tuple[int, ...], edge: bool = False) -> Case:
        z = rng.uniform(0.2, 2.0, size=shape) * rng.choice([-1.0, 1.0], size=shape)
        z.flat[0] = -abs(z.flat[0])  # both signs in every case
        return Case(name, {"z": z, "g": rng.normal(size=shape)}, edge=edge)

    return [case("a batch of 3 by 4", (3, 4)), case("a vector of 5", (5,)), case("one unit", (1,), edge=True)]


def relu_cases(rng: Rng) -> list[Case]:
    """The same, and z with exact zeros, where the lesson agrees on the slope 0."""
    at_kink = {"z": np.array([-1.0, 0.0, 2.0, 0.0]), "g": rng.normal(size=4)}
    return [*activation_cases(rng), Case("exactly at the kink", at_kink, edge=True)]


def relu_expect(a: Args) -> Array:
    """Gradient of L = sum g relu(z) by central differences; 0 at the kink, as agreed."""
    gradient = central_differences(lambda z: float(np.sum(a["g"] * np.maximum(z, 0))), a["z"])
    return np.where(a["z"] == 0, 0.0, gradient)


def tanh_expect(a: Args) -> Array:
    """Gradient of L = sum g tanh(z) by central differences."""
    return central_differences(lambda z: float(np.sum(a["g"] * np.tanh(z))), a["z"])


# -- chain.mlp_backward, chain.shared_paths -------------------------------------------------------------------


def mlp(W1: Array, b1: Array, W2: Array, b2: Array, X: Array) -> Array:
    """Y = tanh(X W1^T + b1) W2^T + b2 for a batch X (B, n); Y is (B, m)."""
    return np.tanh(X @ W1.T + b1) @ W2.T + b2


def mlp_cases(rng: Rng) -> list[Case]:
    """A network with n inputs, h hidden units and m outputs, a batch X (B, n) and G = dL/dY (B, m)."""

    def case(name: str, B: int, n: int, h: int, m: int, edge: bool = False) -> Case:
        shapes = {"W1": (h, n), "b1": (h,), "W2": (m, h), "b2": (m,), "X": (B, n), "G": (B, m)}
        args = {key: rng.normal(size=shape) for key, shape in shapes.items()}
        return Case(name, args, edge=edge, sizes={"B": B})

    return [
        case("a batch of 3; 2, 4 and 3 units", 3, 2, 4, 3),
        case("a batch of 5; 3, 2 and 4 units", 5, 3, 2, 4),
        case("square layers", 4, 3, 3, 3, edge=True),
        case("a batch of 1, one output", 1, 3, 2, 1, edge=True),
    ]


def mlp_expect(a: Args) -> tuple[Array, ...]:
    """Gradients of L = sum G Y in W1, b1, W2, b2 and X by central differences."""
    return _each_gradient(lambda *p: float(np.sum(a["G"] * mlp(*p))), a["W1"], a["b1"], a["W2"], a["b2"], a["X"])


def shared_cases(rng: Rng) -> list[Case]:
    """One matrix W (n, n) used in both layers, an input x (n,) and g = dL/dy (n,)."""

    def case(name: str, n: int, edge: bool = False) -> Case:
        return Case(name, {"W": rng.normal(size=(n, n)), "x": rng.normal(size=n), "g": rng.normal(size=n)}, edge=edge)

    return [case("3 units", 3), case("4 units", 4), case("one unit", 1, edge=True)]


def shared_expect(a: Args) -> Array:
    """Gradient of L = g . (W tanh(W x)) in W by central differences."""
    return central_differences(lambda W: float(a["g"] @ (W @ np.tanh(W @ a["x"]))), a["W"])


# -- chain.inject_gradient ------------------------------------------------------------------------------------


def inject_run(answer: Callable[..., Any], a: Args) -> Any:
    """inject_gradient(net, X, G) on a torch network, twice; and what reached the place where G came from.

    G is computed from a tensor ``source`` that requires a gradient, as it does in a larger program: an injected
    gradient is a constant there, so nothing may arrive at ``source``.
    """
    import torch

    from gradschool.torch_nets import tanh_net

    net = tanh_net(a["W1"], a["b1"], a["W2"], a["b2"])
    source = torch.tensor(a["G"], requires_grad=True)
    X = torch.tensor(a["X"])
    first = _copies(answer(net, X, source * 1.0))
    second = _copies(answer(net, X, source * 1.0))
    leaked = torch.zeros_like(source) if source.grad is None else source.grad
    return {"backward": first[0], "surrogate": first[1], "called_again": second, "at_source_of_G": leaked}


def _copies(answer: Any) -> tuple[Any, Any]:
    """Both lists of gradients, copied at once: the next call may reuse the same buffers."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise TypeError("inject_gradient should return two lists of gradients: (by_backward, by_surrogate)")
    return tuple(tuple(None if t is None else t.detach().clone() for t in way) for way in answer)  # type: ignore[return-value]


def inject_expect(a: Args) -> dict[str, Any]:
    """The gradients of L = sum G Y in the parameters by central differences, for both ways; nothing at the source."""
    grads = mlp_expect(a)[:4]
    return {"backward": grads, "surrogate": grads, "called_again": (grads, grads), "at_source_of_G": 0.0 * a["G"]}


# -- chain.maximise -------------------------------------------------------------------------------------------


def bowl_gradients(a: Array, phi: Array) -> tuple[Array, Array]:
    """Both gradients of f(a; phi) = -1/2 |a - phi|^2 + sum(phi), as autograd would hand them over: df/da, df/dphi."""
    return phi - a, 1.0 + (a - phi)


def maximise_cases(rng: Rng) -> list[Case]:
    """A start a (n,), the parameters phi (n,) of f, a step size and a number of steps."""

    def case(name: str, n: int, steps: int, edge: bool = False) -> Case:
        args = {"a": rng.normal(size=n), "phi": rng.normal(size=n), "lr": float(rng.uniform(0.05, 0.3)), "steps": steps}
        return Case(name, args, edge=edge)

    return [
        case("5 steps in 3 dimensions", 3, 5),
        case("8 steps in 2 dimensions", 2, 8),
        case("one step", 3, 1, edge=True),
        case("no step at all", 2, 0, edge=True),
    ]


def maximise_run(answer: Callable[..., Any], a: Args) -> Any:
    """maximise(gradients, a, phi, lr, steps) on the bowl."""
    return answer(bowl_gradients, a["a"], a["phi"], a["lr"], a["steps"])


def maximise_expect(a: Args) -> tuple[Array, Array]:
    """On the bowl the distance to the top shrinks by 1 - lr a step; phi stays where it was."""
    return a["phi"] + (1 - a["lr"]) ** a["steps"] * (a["a"] - a["phi"]), a["phi"]


# -- chain.sgd_step, chain.adam_step --------------------------------------------------------------------------


def sgd_cases(rng: Rng) -> list[Case]:
    """A list of parameter arrays, a list of gradients of the same shapes, and a step size."""

    def case(name: str, shapes: list[tuple[int, ...]], edge: bool = False) -> Case:
        params, grads = (tuple(rng.normal(size=s) for s in shapes) for _ in range(2))
        return Case(name, {"params": params, "grads": grads, "lr": float(rng.uniform(0.05, 0.5))}, edge=edge)

    return [
        case("a matrix and a vector", [(2, 3), (2,)]),
        case("four arrays", [(2, 3), (2,), (1, 2), (1,)]),
        case("one array", [(4,)], edge=True),
    ]


def sgd_expect(a: Args) -> tuple[Array, ...]:
    """What torch.optim.SGD makes of the same parameters and gradients."""
    import torch

    params = [torch.nn.Parameter(torch.tensor(p)) for p in a["params"]]
    for p, g in zip(params, a["grads"], strict=True):
        p.grad = torch.tensor(g)
    torch.optim.SGD(params, lr=a["lr"]).step()
    return tuple(p.detach().numpy() for p in params)


def adam_cases(rng: Rng) -> list[Case]:
    """Parameters theta, a gradient, both running moments, the number t of this step (from 1), and the settings."""

    def case(name: str, n: int, t: int, edge: bool = False, scale: float = 1.0) -> Case:
        moments = (
            (0.0 if t == 1 else scale) * rng.normal(size=n),
            (0.0 if t == 1 else scale**2) * rng.uniform(0.1, 1, n),
        )
        args = {
            "theta": rng.normal(size=n),
            "grad": scale * rng.normal(size=n),
            "m": moments[0],
            "v": moments[1],
            "t": t,
        }
        settings = {"lr": float(rng.uniform(0.01, 0.1)), "beta1": 0.8, "beta2": 0.95, "eps": 1e-4}
        return Case(name, {**args, **settings}, edge=edge)

    return [
        case("step 3", 4, 3),
        case("step 7", 3, 7),
        case("the first step", 4, 1, edge=True),
        case("a tiny gradient", 3, 2, edge=True, scale=1e-4),
    ]


def adam_expect(a: Args) -> tuple[Array, Array, Array]:
    """What torch.optim.Adam makes of the same state."""
    import torch

    theta = torch.nn.Parameter(torch.tensor(a["theta"]))
    theta.grad = torch.tensor(a["grad"])
    adam = torch.optim.Adam([theta], lr=a["lr"], betas=(a["beta1"], a["beta2"]), eps=a["eps"])
    state = {"step": torch.tensor(a["t"] - 1.0), "exp_avg": torch.tensor(a["m"]), "exp_avg_sq": torch.tensor(a["v"])}
    adam.state[theta] = state
    adam.step()
    return theta.detach().numpy(), state["exp_avg"].numpy(), state["exp_avg_sq"].numpy()


MLP_PARTS = ("grad_W1", "grad_b1", "grad_W2", "grad_b2", "grad_X")

EXERCISES = (
    Exercise("chain.l2_gradient", "The gradient of the L2 loss", "l2_gradient(p, l) -> (n,)", l2_cases, l2_expect),
    Exercise(
        "chain.numerical_gradient",
        "Central differences",
        "numerical_gradient(f, x, h) -> x.shape",
        numerical_cases,
        numerical_expect,
        run=numerical_run,
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
        run=inject_run,
    ),
    Exercise(
        "chain.maximise",
        "Going up a fixed function",
        "maximise(gradients, a, phi, lr, steps) -> (a, phi)",
        maximise_cases,
        maximise_expect,
        run=maximise_run,
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
