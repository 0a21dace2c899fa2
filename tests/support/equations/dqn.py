"""Checks of the equations of chapter 2."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.testing import assert_allclose

from gradschool.core.numerics import central_differences as slope
from tests.support.equations.registry import NEAR, SAME, equation, l2, reference


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
