"""Checks of the equations of chapter 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.testing import assert_allclose

from gradschool.core.numerics import central_differences as slope
from tests.support.equations.registry import NEAR, SAME, equation, l2, reference


@equation(r"L = \tfrac12\,(p - l)^2 .")
def _(rng):
    p, l = rng.normal(size=2)
    eps = 1e-4  # the text: the square grows by 2 (p - l) eps, the loss by half of that
    assert_allclose(l2(p + eps, l) - l2(p, l), (p - l) * eps, atol=eps**2)
    assert_allclose(l2(np.array(5.0), 3.0), 2.0)


@equation(r"\frac{\partial L}{\partial p} = p - l .")
def _(rng):
    p, l = rng.normal(size=(2, 4))
    assert_allclose(slope(lambda p: l2(p, l), p), p - l, **NEAR)
    assert_allclose(reference("chain.l2_gradient")(p, l), p - l, **SAME)


@equation(
    r"\frac{f(x+h)-f(x)}{h} = f'(x) + \tfrac h2 f''(x) + \dots \qquad\qquad "
    r"\frac{f(x+h)-f(x-h)}{2h} = f'(x) + \tfrac{h^2}{6} f'''(x) + \dots"
)
def _(rng):
    x, h = rng.uniform(0.5, 1.0), 1e-3
    f, d1, d2, d3 = np.sin, np.cos(x), -np.sin(x), -np.cos(x)
    assert_allclose((f(x + h) - f(x)) / h - d1, h / 2 * d2, rtol=2e-3)
    assert_allclose((f(x + h) - f(x - h)) / (2 * h) - d1, h**2 / 6 * d3, rtol=2e-3)


@equation(
    r"\big(\nabla f(x)\big)_i \approx \frac{f(x+h\,e_i)-f(x-h\,e_i)}{2h}, "
    r"\qquad e_i = (0,\dots,0,\underset{i}{1},0,\dots,0)."
)
def _(rng):
    x, h = rng.normal(size=4), 1e-5
    by_entry = [(np.sum(np.sin(x + h * e)) - np.sum(np.sin(x - h * e))) / (2 * h) for e in np.eye(4)]
    assert_allclose(by_entry, np.cos(x), **NEAR)
    assert_allclose(
        reference("chain.numerical_gradient")(lambda x: float(np.sum(np.sin(x))), x, h), by_entry, rtol=1e-9
    )


@equation(r"\frac{\partial p_k}{\partial W_{ij}} = \begin{cases} x_j & k = i\\ 0 & \text{otherwise.}\end{cases}")
def _(rng):
    W, b, x = rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=2)
    measured = slope(lambda W: W @ x + b, W)  # (3, 3, 2)
    for k, i, j in np.ndindex(measured.shape):
        assert_allclose(measured[k, i, j], x[j] if k == i else 0.0, **NEAR)


@equation(
    r"\frac{\partial p}{\partial w} = \begin{pmatrix} x_1 & x_2 & 0&0&0&0\\ 0&0&x_1&x_2&0&0\\ "
    r"0&0&0&0&x_1&x_2\end{pmatrix}."
)
def _(rng):
    W, b, (x1, x2) = rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=2)
    x, J = np.array([x1, x2]), np.array([[x1, x2, 0, 0, 0, 0], [0, 0, x1, x2, 0, 0], [0, 0, 0, 0, x1, x2]])
    assert_allclose(slope(lambda w: w.reshape(3, 2) @ x + b, W.ravel()), J, **NEAR)
    assert_allclose(reference("chain.linear_jacobian")(W, b, x), J, **SAME)


@equation(
    r"\frac{\partial L}{\partial w_k} = \sum_i g_i\, J_{ik} \qquad\text{or, all at once,}\qquad \nabla_{\!w} L = "
    r"J^{\mathsf T} g = \Big(\frac{\partial p}{\partial w}\Big)^{\!\mathsf T}\,\frac{\partial L}{\partial p} ."
)
def _(rng):
    w, x, l = rng.normal(size=6), rng.normal(size=2), rng.normal(size=3)
    g, J = w.reshape(3, 2) @ x - l, np.kron(np.eye(3), x)
    one_by_one = [sum(g[i] * J[i, k] for i in range(3)) for k in range(6)]
    assert_allclose(slope(lambda w: l2(w.reshape(3, 2) @ x, l), w), one_by_one, **NEAR)
    assert_allclose(reference("chain.jacobian_product")(J, g), one_by_one, **SAME)


@equation(r"\frac{\partial L}{\partial W_{ij}} = \sum_k g_k \frac{\partial p_k}{\partial W_{ij}} = g_i\,x_j .")
def _(rng):
    W, b, x, g = rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=2), rng.normal(size=3)
    summed = np.tensordot(g, slope(lambda W: W @ x + b, W), axes=1)
    by_entry = np.array([[g[i] * x[j] for j in range(2)] for i in range(3)])
    assert_allclose(summed, by_entry, **NEAR)
    assert_allclose(reference("chain.linear_vjp")(W, b, x, g)[0], by_entry, **SAME)


@equation(
    r"\operatorname{relu}(z)=\max(z,0):\quad \phi'(z) = \begin{cases}1 & z>0\\ 0 & z\le 0\end{cases} "
    r"\qquad\qquad \tanh:\quad \phi'(z) = 1-\tanh^2(z)."
)
def _(rng):
    z, one = rng.normal(size=6), np.ones(6)
    relu, tanh = np.array([1.0 if value > 0 else 0.0 for value in z]), 1 - np.tanh(z) ** 2
    assert_allclose(np.diag(slope(lambda z: np.maximum(z, 0), z)), relu, **NEAR)
    assert_allclose(np.diag(slope(np.tanh, z)), tanh, **NEAR)
    assert_allclose(reference("chain.relu_vjp")(np.append(z, 0.0), np.append(one, 1.0)), np.append(relu, 0.0), **SAME)
    assert_allclose(reference("chain.tanh_vjp")(z, one), tanh, **SAME)


def small_net(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    return tuple(rng.normal(size=s) for s in ((4, 3), 4, (2, 4), 2, (5, 3), (5, 2)))  # W1, b1, W2, b2, X, G


def forward(W1: Any, b1: Any, W2: Any, b2: Any, X: Any) -> Any:
    return np.tanh(X @ W1.T + b1) @ W2.T + b2


@equation(r"Z = X W_1^{\mathsf T} + b_1,\qquad H = \tanh(Z),\qquad Y = H W_2^{\mathsf T} + b_2 .")
def _(rng):
    W1, b1, W2, b2, X, _ = small_net(rng)
    row_by_row = [W2 @ np.tanh(W1 @ x + b1) + b2 for x in X]
    layers = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    with torch.no_grad():
        for p, value in zip(layers.parameters(), (W1, b1, W2, b2), strict=True):
            p.copy_(torch.tensor(value))
        by_torch = layers(torch.tensor(X)).numpy()
    assert_allclose(forward(W1, b1, W2, b2, X), row_by_row, **SAME)
    assert_allclose(by_torch, row_by_row, **SAME)


@equation(
    r"\frac{\partial L}{\partial W_2} = G^{\mathsf T} H, \qquad \Delta = (G\,W_2)\odot(1-H^2), \qquad "
    r"\frac{\partial L}{\partial W_1} = \Delta^{\mathsf T} X, \qquad \frac{\partial L}{\partial X} = \Delta\,W_1 ."
)
def _(rng):
    W1, b1, W2, b2, X, G = small_net(rng)
    H = np.tanh(X @ W1.T + b1)
    Delta = (G @ W2) * (1 - H**2)
    written = {"W2": G.T @ H, "W1": Delta.T @ X, "X": Delta @ W1}
    measured = {
        "W2": slope(lambda W2: np.sum(G * forward(W1, b1, W2, b2, X)), W2),
        "W1": slope(lambda W1: np.sum(G * forward(W1, b1, W2, b2, X)), W1),
        "X": slope(lambda X: np.sum(G * forward(W1, b1, W2, b2, X)), X),
    }
    grad_W1, _, grad_W2, _, grad_X = reference("chain.mlp_backward")(W1, b1, W2, b2, X, G)
    for name, graded in {"W1": grad_W1, "W2": grad_W2, "X": grad_X}.items():
        assert_allclose(measured[name], written[name], **NEAR)
        assert_allclose(graded, written[name], **SAME)


@equation(
    r"L = \frac1{2B}\sum_{i=1}^B (p_i - l_i)^2, \qquad\qquad \frac{\partial L}{\partial p_i} = \frac{p_i-l_i}{B} ."
)
def _(rng):
    B = 5
    p, l = rng.normal(size=(2, B))
    assert_allclose(slope(lambda p: sum((p[i] - l[i]) ** 2 for i in range(B)) / (2 * B), p), (p - l) / B, **NEAR)
    assert_allclose(reference("chain.batch_mean_gradient")(p[:, None], l)[:, 0], (p - l) / B, **SAME)


@equation(r"\texttt{(B, 1) - (B,)} \;\to\; \texttt{(B, B)}, \quad\text{entry } (i,k) = p_i - l_k .")
def _(rng):
    B = 4
    p, l = rng.normal(size=(B, 1)), rng.normal(size=B)
    assert (p - l).shape == (B, B)
    assert_allclose(p - l, [[p[i, 0] - l[k] for k in range(B)] for i in range(B)])


@equation(
    r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial W_{\!A}} + \frac{\partial L}{\partial W_{\!B}} ."
)
def _(rng):
    W, x, g = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3)

    def loss(W_A: Any, W_B: Any) -> float:
        return float(g @ (W_B @ np.tanh(W_A @ x)))

    through_A, through_B = slope(lambda V: loss(V, W), W), slope(lambda V: loss(W, V), W)
    assert_allclose(slope(lambda V: loss(V, V), W), through_A + through_B, **NEAR)
    assert_allclose(reference("chain.shared_paths")(W, x, g), through_A + through_B, **NEAR)


@equation(
    r"\nabla_\theta \sum_{i,k} G_{ik} Y_{ik}(\theta) \;=\; \Big(\frac{\partial Y}{\partial\theta}\Big)^{\!\mathsf T} G "
    r"\qquad\text{if } \partial G/\partial\theta \text{ is not followed.}"
)
def _(rng):
    theta, X, G = rng.normal(size=6), rng.normal(size=(4, 3)), rng.normal(size=(4, 2))

    def Y(theta: Any) -> Any:
        return np.tanh(X @ theta.reshape(3, 2))

    J = slope(Y, theta).reshape(-1, 6)
    assert_allclose(slope(lambda theta: np.sum(G * Y(theta)), theta), J.T @ G.ravel(), **NEAR)
    followed = slope(lambda theta: np.sum(np.sin(Y(theta)) * Y(theta)), theta)  # a G that depends on theta
    assert np.abs(followed - J.T @ np.sin(Y(theta)).ravel()).max() > 1e-3


@equation(
    r"f(a;\phi) = -\tfrac12\lVert a-\phi\rVert^2 + \sum_i\phi_i, \qquad \frac{\partial f}{\partial a} = \phi - a, "
    r"\qquad \frac{\partial f}{\partial\phi} = (a - \phi) + 1 ."
)
def _(rng):
    a, phi = rng.normal(size=(2, 3))

    def f(a: Any, phi: Any) -> float:
        return float(-0.5 * np.sum((a - phi) ** 2) + np.sum(phi))

    assert_allclose(slope(lambda a: f(a, phi), a), phi - a, **NEAR)
    assert_allclose(slope(lambda phi: f(a, phi), phi), (a - phi) + 1, **NEAR)
    climbed, still = reference("chain.maximise")(lambda a, phi: (phi - a, (a - phi) + 1), a, phi, 0.1, 1)
    assert_allclose(climbed, a + 0.1 * (phi - a), **SAME)
    assert_allclose(still, phi)


def adam_by_torch(theta: Any, grads: list[Any], lr: float, beta1: float, beta2: float, eps: float) -> Any:
    """Torch's Adam after these gradients: theta, m, v."""
    moved = torch.tensor(theta, requires_grad=True)
    adam = torch.optim.Adam([moved], lr=lr, betas=(beta1, beta2), eps=eps)
    for grad in grads:
        moved.grad = torch.tensor(grad)
        adam.step()
    state = adam.state[moved]
    return moved.detach().numpy(), state["exp_avg"].numpy(), state["exp_avg_sq"].numpy()


@equation(r"m \leftarrow \beta_1 m + (1-\beta_1)\,g, \qquad v \leftarrow \beta_2 v + (1-\beta_2)\,g^2,")
def _(rng):
    beta1, beta2, grads = 0.8, 0.9, list(rng.normal(size=(3, 4)))
    m = v = np.zeros(4)
    for g in grads:
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    _, torchs_m, torchs_v = adam_by_torch(np.ones(4), grads, 0.1, beta1, beta2, 1e-8)
    assert_allclose(torchs_m, m, **SAME)
    assert_allclose(torchs_v, v, **SAME)


@equation(
    r"\hat m = \frac{m}{1-\beta_1^{\,t}}, \qquad \hat v = \frac{v}{1-\beta_2^{\,t}}, \qquad "
    r"\theta \leftarrow \theta - \alpha\,\frac{\hat m}{\sqrt{\hat v}+\epsilon} ."
)
def _(rng):
    alpha, beta1, beta2, epsilon = 0.1, 0.8, 0.9, 1e-3
    theta, grads = rng.normal(size=4), list(rng.normal(size=(3, 4)))
    before, m, v = adam_by_torch(theta, grads[:-1], alpha, beta1, beta2, epsilon)
    graded, m, v = reference("chain.adam_step")(before, grads[-1], m, v, 3, alpha, beta1, beta2, epsilon)
    m_hat, v_hat = m / (1 - beta1**3), v / (1 - beta2**3)
    written = before - alpha * m_hat / (np.sqrt(v_hat) + epsilon)
    assert_allclose(written, adam_by_torch(theta, grads, alpha, beta1, beta2, epsilon)[0], **SAME)
    assert_allclose(graded, written, **SAME)
