"""Two of the demo's answers that are copies under other names: the desk's page of similar code shows the pair."""

from __future__ import annotations

_ROWS = """
def mlp_backward(W1, b1, W2, b2, X, G):
    grads = [np.zeros_like(w, dtype=float) for w in (W1, b1, W2, b2, X)]
    for i, (x, g) in enumerate(zip(X, G)):
        hidden = np.tanh(W1.dot(x) + b1)
        back = g.dot(W2)
        inner = back - back * hidden * hidden
        grads[0] = grads[0] + inner[:, None] * x[None, :]
        grads[1] = grads[1] + inner
        grads[2] = grads[2] + g[:, None] * hidden[None, :]
        grads[3] = grads[3] + g
        grads[4][i] = inner.dot(W1)
    return tuple(grads)
"""
_RENAMED = """
def mlp_backward(W1, b1, W2, b2, X, G):
    # one sample after another
    out = [np.zeros_like(p, dtype=float) for p in (W1, b1, W2, b2, X)]
    for k, (row, up) in enumerate(zip(X, G)):
        act = np.tanh(W1.dot(row) + b1)
        arrived = up.dot(W2)
        delta = arrived - arrived * act * act
        out[3] = out[3] + up
        out[2] = out[2] + up[:, None] * act[None, :]
        out[1] = out[1] + delta
        out[0] = out[0] + delta[:, None] * row[None, :]
        out[4][k] = delta.dot(W1)
    return tuple(out)
"""
# By exercise and student.
COPIED: dict[str, dict[str, str]] = {"chain.mlp_backward": {"icarvalho": _ROWS, "opetrova": _RENAMED}}
