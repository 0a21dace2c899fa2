"""Each displayed equation of the lessons, as numbers: against difference quotients, and against the graded reference.

A check stands under the equation's own text. An equation that is new or changed in a lesson has none and fails here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from grader.bank.registry import find_entry
from grader.course import chapters
from gradschool.core.numerics import central_differences as slope
from gradschool.exercises.ddpg._setups import random_setup
from gradschool.exercises.ddpg.adapters import batch_of, net_of

CHECKS: dict[str, Callable[[np.random.Generator], None]] = {}
SAME = {"rtol": 1e-10, "atol": 1e-12}  # two closed forms
NEAR = {"rtol": 1e-7, "atol": 1e-8}  # a closed form and a difference quotient


def equation(latex: str) -> Callable[[Any], Any]:
    """Register a function as the check of the equation with this text."""

    def register(function: Callable[[np.random.Generator], None]) -> Callable[[np.random.Generator], None]:
        assert key(latex) not in CHECKS, "one check for each equation"
        CHECKS[key(latex)] = function
        return function

    return register


def key(latex: str) -> str:
    return "".join(latex.split())


def displayed(text: str) -> list[str]:
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    assert not re.search(r"\\begin\{(equation|align)", prose), "write displayed equations between $$"
    return re.findall(r"\$\$(.+?)\$\$", prose, re.S)


LESSONS = {c.key: displayed(c.source.read_text(encoding="utf-8")) for c in chapters()}
ALL = [(part, latex) for part, found in LESSONS.items() for latex in found]


@pytest.mark.parametrize(("part", "latex"), ALL, ids=[f"{p}-{i}" for p, f in LESSONS.items() for i in range(len(f))])
def test_a_displayed_equation_holds(part: str, latex: str):
    assert key(latex) in CHECKS, f"tests/test_equations.py has no check for this equation of {part}: $${latex}$$"
    for seed in range(3):
        CHECKS[key(latex)](np.random.default_rng(seed))


def test_every_check_belongs_to_an_equation_of_a_lesson():
    assert len(ALL) > 25
    assert set(CHECKS) == {key(latex) for _, latex in ALL}


def reference(exercise_id: str) -> Callable[..., Any]:
    """What the judge compares students with."""
    return find_entry(exercise_id).reference


# ---------------------------------------------------------------- chapter 1


def l2(p: Any, l: Any) -> float:
    return 0.5 * float(np.sum((p - l) ** 2))


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


# ---------------------------------------------------------------- chapter 2


def steps(rng: np.random.Generator, B: int = 6, S: int = 4, A: int = 3) -> dict[str, Any]:
    """A batch of steps among few states, so that some repeat; some rows are terminated."""
    return {
        "state": rng.integers(S, size=B),
        "action": rng.integers(A, size=B),
        "reward": rng.normal(size=B),
        "next_state": rng.integers(S, size=B),
        "terminated": (np.arange(B) % 3 == 0).astype(float),
    }


@equation(r"L = \frac{1}{2B}\sum_{b=1}^{B}\big(Q(s_b, a_b) - y_b\big)^2 .")
def _(rng):
    q, a, y = rng.normal(size=(4, 3)), rng.integers(3, size=4), rng.normal(size=4)
    written = slope(lambda q: sum((q[b, a[b]] - y[b]) ** 2 for b in range(4)) / (2 * 4), q)
    assert_allclose(reference("dqn.output_gradient")(q, a, y), written, **NEAR)


@equation(r"Q(s, a) = \sum_i x_i W_{ia} = W_{sa}\,:\qquad \text{the network's output is row } s \text{ of } W.")
def _(rng):
    W, s = rng.normal(size=(5, 3)), rng.integers(5, size=7)
    x = reference("dqn.one_hot")(s, 5)
    assert_allclose([[sum(row[i] * W[i, a] for i in range(5)) for a in range(3)] for row in x], W[s], **SAME)
    assert_allclose(reference("dqn.q_values")(W, s), x @ W, **SAME)


@equation(r"y = r + \gamma\,(1 - \text{terminated})\,\max_{a'} Q_{\text{target}}(s', a').")
def _(rng):
    r, q_next, gamma = rng.normal(size=4), rng.normal(size=(4, 3)), 0.9
    terminated, truncated = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0, 1.0])
    written = [r[b] + (0 if terminated[b] else gamma * max(q_next[b])) for b in range(4)]
    assert_allclose(reference("dqn.td_target")(r, q_next, terminated, truncated, gamma), written, **SAME)


@equation(
    r"\frac{\partial L}{\partial Q(s_b, a)} = \begin{cases} \dfrac{1}{B}\big(Q(s_b,a_b) - y_b\big) & a = a_b \\[4pt] "
    r"0 & \text{else}\end{cases}"
)
def _(rng):
    B, q, a, y = 4, rng.normal(size=(4, 3)), rng.integers(3, size=4), rng.normal(size=4)
    written = [[(q[b, a[b]] - y[b]) / B if k == a[b] else 0.0 for k in range(3)] for b in range(B)]
    assert_allclose(slope(lambda q: l2(q[range(B), a], y) / B, q), written, **NEAR)
    assert_allclose(reference("dqn.output_gradient")(q, a, y), written, **SAME)


@equation(
    r"\Big(\frac{\partial L}{\partial W}\Big)_{s,\cdot} = \sum_{b\,:\,s_b = s} G_{b,\cdot}\,:\qquad "
    r"\text{row } s \text{ is the sum over the samples that were in } s."
)
def _(rng):
    S, s, W, G = 4, np.array([0, 2, 2, 3, 2]), rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    written = [sum((G[b] for b in range(5) if s[b] == row), np.zeros(3)) for row in range(S)]
    assert_allclose(slope(lambda W: np.sum(G * W[s]), W), written, **NEAR)
    assert_allclose(reference("dqn.weight_gradient")(s, G, S), written, **SAME)


@equation(
    r"Y_{ba} = \begin{cases} y_b & a = a_b\\ Q(s_b, a) & \text{else} \end{cases} \qquad "
    r"L_{\text{fit}} = \frac{1}{2B}\sum_b\sum_a (Q_{ba} - Y_{ba})^2 ."
)
def _(rng):
    B, q, a, y = 4, rng.normal(size=(4, 3)), rng.integers(3, size=4), rng.normal(size=4)
    Y = np.array([[y[b] if k == a[b] else q[b, k] for k in range(3)] for b in range(B)])
    assert_allclose(reference("dqn.fit_targets")(q, a, y), Y, **SAME)
    fitted = slope(lambda q: l2(q, Y) / B, q)
    assert_allclose(reference("dqn.fit_gradient")(q, Y), fitted, **NEAR)
    assert_allclose(reference("dqn.output_gradient")(q, a, y), fitted, **NEAR)  # the point of the section


@equation(
    r"\underbrace{\delta\;\nabla Q(s,a)}_{\text{semi}} \qquad\qquad \underbrace{\delta\,\big(\nabla Q(s,a) - "
    r"\gamma(1-\text{terminated})\,\nabla \max_{a'} Q(s',a')\big)}_{\text{residual}}"
)
def _(rng):
    W, gamma, batch = rng.normal(size=(4, 3)), 0.9, steps(rng)
    s, a, r, following, ended = batch.values()

    def error(W: Any, W_next: Any) -> Any:
        return W[s, a] - r - gamma * (1 - ended) * W_next[following].max(axis=1)

    delta = error(W, W)
    grad_q = slope(lambda W: W[s, a], W)  # (B, S, A)
    grad_next = slope(lambda W: W[following].max(axis=1), W)
    semi = np.tensordot(delta, grad_q, axes=1) / len(s)
    residual = np.tensordot(delta, grad_q - (gamma * (1 - ended))[:, None, None] * grad_next, axes=1) / len(s)
    assert_allclose(slope(lambda V: np.sum(error(V, W) ** 2) / (2 * len(s)), W), semi, **NEAR)
    assert_allclose(slope(lambda V: np.sum(error(V, V) ** 2) / (2 * len(s)), W), residual, **NEAR)
    assert_allclose(reference("dqn.semi_gradient")(W, W, *batch.values(), gamma), semi, **NEAR)
    assert_allclose(reference("dqn.residual_gradient")(W, *batch.values(), gamma), residual, **NEAR)


@equation(
    r"W \leftarrow W - \alpha\,\frac{\partial L}{\partial W} \quad\Longleftrightarrow\quad "
    r"Q(s,a) \leftarrow Q(s,a) + \alpha\,\big(y - Q(s,a)\big)."
)
def _(rng):
    Q, alpha, gamma, (s, a, r, following) = rng.normal(size=(4, 3)), 0.3, 0.9, (1, 2, 0.5, 3)
    y = r + gamma * Q[following].max()
    table = Q.copy()
    table[s, a] += alpha * (y - Q[s, a])
    assert_allclose(Q - alpha * slope(lambda W: 0.5 * (W[s, a] - y) ** 2, Q), table, **NEAR)
    assert_allclose(reference("dqn.tabular_step")(Q.copy(), s, a, r, following, False, alpha, gamma), table, **SAME)


@equation(
    r"y = r + \gamma\,(1-\text{terminated})\; Q_{\text{target}}\big(s',\ "
    r"\operatorname*{arg\,max}_{a'} Q_{\text{online}}(s',a')\big)"
)
def _(rng):
    r, online, target, ended = rng.normal(size=4), *rng.normal(size=(2, 4, 3)), np.array([0.0, 1.0, 0.0, 0.0])
    written = [r[b] + 0.9 * (1 - ended[b]) * target[b, max(range(3), key=lambda a: online[b, a])] for b in range(4)]
    assert_allclose(reference("dqn.double_target")(r, online, target, ended, 0.9), written, **SAME)


@equation(
    r"\ell(\delta) = \begin{cases}\tfrac12\delta^2 & |\delta|\le\kappa\\ \kappa\,(|\delta| - \tfrac12\kappa) & "
    r"\text{else}\end{cases} \qquad \ell'(\delta) = \operatorname{clip}(\delta, -\kappa, \kappa)."
)
def _(rng):
    kappa, delta = 0.7, np.array([-2.0, -0.5, 0.3, 1.4])

    def huber(d: float) -> float:
        return 0.5 * d**2 if abs(d) <= kappa else kappa * (abs(d) - 0.5 * kappa)

    clipped = np.clip(delta, -kappa, kappa)
    assert_allclose(slope(lambda d: sum(map(huber, d)), delta), clipped, **NEAR)
    q, a = np.zeros((4, 2)), np.array([0, 1, 0, 1])
    graded = reference("dqn.huber_gradient")(q, a, -delta, kappa)
    assert_allclose(graded[range(4), a], clipped / 4, **SAME)


# ---------------------------------------------------------------- chapter 3


def cast(rng: np.random.Generator, A: int = 3) -> tuple[Any, ...]:
    """An actor, a critic, a batch, and the action's limits, none of them of size 1."""
    parts = random_setup(rng, 4, A)
    return (net_of(parts["actor"]), net_of(parts["critic"]), batch_of(parts["batch"]), parts["low"], parts["high"])


def squashed(z: Any, low: Any, high: Any) -> Any:
    return (low + high) / 2 + (high - low) / 2 * np.tanh(z)


def q_of(critic: Any, obs: Any, action: Any) -> Any:
    return critic(np.concatenate([obs, action], axis=1))[:, 0]


@equation(r"\arg\max_a Q(s,a) = \arg\min_a \big(-Q(s,a)\big).")
def _(rng):
    _, critic, batch, low, high = cast(rng, A=1)
    grid = np.linspace(low, high, 101)
    q = q_of(critic, np.tile(batch.obs[:1], (101, 1)), grid)
    assert np.argmax(q) == np.argmin(-q)


@equation(
    r"J(\theta) = -\frac1B\sum_{i=1}^{B} Q\big(s_i, \mu(s_i;\theta)\big),\qquad \nabla_\theta J = -\frac1B\sum_i "
    r"\underbrace{\frac{\partial \mu(s_i)}{\partial\theta}^{\!\top}}_{\text{the network}}\;"
    r"\underbrace{\nabla_a Q(s_i,a)\big|_{a=\mu(s_i)}}_{\text{born at the loss}} ."
)
def _(rng):
    actor, critic, batch, low, high = cast(rng)
    B = len(batch.obs)

    def mu(theta: Any) -> Any:
        twin = actor.copy()
        twin.flat[:] = theta
        return squashed(twin(batch.obs), low, high)

    def J(theta: Any) -> float:
        return -float(np.sum(q_of(critic, batch.obs, mu(theta)))) / B

    theta = actor.flat.copy()
    dmu = slope(mu, theta)  # (B, A, n_theta)
    dq = slope(lambda a: np.sum(q_of(critic, batch.obs, a)), mu(theta))  # (B, A)
    product = -sum(dmu[i].T @ dq[i] for i in range(B)) / B
    assert_allclose(slope(J, theta), product, **NEAR)
    assert_allclose(reference("ddpg.action_gradient")(actor, critic, batch, low, high), dq, **NEAR)
    assert_allclose(reference("ddpg.actor_gradient_jacobian")(actor, batch, dq, low, high), product, **NEAR)
    assert_allclose(reference("ddpg.actor_gradient_vjp")(actor, batch, dq, low, high), product, **NEAR)


@equation(
    r"a = \frac{\text{low}+\text{high}}2 + \frac{\text{high}-\text{low}}2\tanh z,\qquad "
    r"\frac{\partial a}{\partial z} = \frac{\text{high}-\text{low}}2\,(1-\tanh^2 z)."
)
def _(rng):
    z, low, high = rng.normal(size=3), np.array([-2.0, 1.0, 0.0]), np.array([2.0, 3.0, 0.5])
    a, slopes = squashed(z, low, high), (high - low) / 2 * (1 - np.tanh(z) ** 2)
    assert_allclose(np.diag(slope(lambda z: squashed(z, low, high), z)), slopes, **NEAR)
    assert_allclose(reference("ddpg.squash")(z[None], low, high)[0], a, **SAME)
    assert_allclose(reference("ddpg.squash_vjp")(z[None], np.ones((1, 3)), low, high)[0], slopes, **SAME)


@equation(
    r"y = r + \gamma\,(1-\text{terminated})\;Q'\big(s', \mu'(s')\big),\qquad "
    r"L(\phi) = \frac1{2B}\sum_i\big(Q(s_i,a_i;\phi) - y_i\big)^2 ."
)
def _(rng):
    actor, critic, batch, low, high = cast(rng)
    own = squashed(actor(batch.next_obs), low, high)
    future = [
        0 if ended else 0.9 * q for ended, q in zip(batch.terminated, q_of(critic, batch.next_obs, own), strict=True)
    ]
    y = batch.reward + np.array(future)
    assert_allclose(reference("ddpg.critic_target")(batch, actor, critic, low, high, 0.9), y, **SAME)

    def L(phi: Any) -> float:
        twin = critic.copy()
        twin.flat[:] = phi
        return float(np.sum((q_of(twin, batch.obs, batch.action) - y) ** 2)) / (2 * len(y))

    assert_allclose(reference("ddpg.critic_gradient")(critic, batch, y), slope(L, critic.flat.copy()), **NEAR)


@equation(
    r"\nabla_p \leftarrow \nabla_p\cdot\begin{cases}(p_{\max}-p)/(p_{\max}-p_{\min}) & \text{if } \nabla_p "
    r"\text{ suggests to increase } p,\\ (p-p_{\min})/(p_{\max}-p_{\min}) & \text{otherwise.}\end{cases}"
)
def _(rng):
    low, high = np.array([-1.0, 0.0]), np.array([1.0, 4.0])
    p, grad = rng.uniform(low, high, size=(5, 2)), rng.normal(size=(5, 2))
    written = np.empty((5, 2))
    for i, k in np.ndindex(5, 2):
        room = (high[k] - p[i, k]) if grad[i, k] > 0 else (p[i, k] - low[k])
        written[i, k] = grad[i, k] * room / (high[k] - low[k])
    assert_allclose(reference("ddpg.invert_gradients")(grad, p, low, high), written, **SAME)
