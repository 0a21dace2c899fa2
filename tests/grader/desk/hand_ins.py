"""Answers of a made-up class, each written on its own, and copies of some, disguised as people disguise them."""

from __future__ import annotations

# Right answers to chain.adam_step that nobody copied.
ADAM = {
    "by the book": """
def adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m_new = beta1 * m + (1 - beta1) * grad
    v_new = beta2 * v + (1 - beta2) * grad ** 2
    m_hat = m_new / (1 - beta1 ** t)
    v_hat = v_new / (1 - beta2 ** t)
    theta_new = theta - lr * m_hat / (np.sqrt(v_hat) + eps)
    return theta_new, m_new, v_new
""",
    "in one line": """
def adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * np.square(grad)
    return theta - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v
""",
    "a helper for the mean": """
def adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps):
    def running(old, new, beta):
        return old + (1.0 - beta) * (new - old)

    def debias(mean, beta):
        return mean / (1.0 - beta**t)

    first = running(m, grad, beta1)
    second = running(v, grad * grad, beta2)
    step = lr * debias(first, beta1) / (np.sqrt(debias(second, beta2)) + eps)
    return theta - step, first, second
""",
    "in place on copies": """
def adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps):
    m = m.copy()
    v = v.copy()
    m *= beta1
    m += (1 - beta1) * grad
    v *= beta2
    v += (1 - beta2) * grad**2
    bias1 = 1 - beta1**t
    bias2 = 1 - beta2**t
    denom = np.sqrt(v) / np.sqrt(bias2) + eps
    step_size = lr / bias1
    return theta - step_size * m / denom, m, v
""",
    "by ufuncs": """
def adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps):
    decay = np.array([beta1, beta2])
    left = 1.0 - np.power(decay, t)
    moments = np.stack([np.asarray(m, dtype=float), np.asarray(v, dtype=float)])
    fresh = np.stack([grad, np.power(grad, 2)])
    shape = (2,) + (1,) * np.ndim(theta)
    moments = decay.reshape(shape) * moments + (1 - decay).reshape(shape) * fresh
    mean, spread = moments / left.reshape(shape)
    return np.subtract(theta, lr * np.divide(mean, np.add(np.sqrt(spread), eps))), moments[0], moments[1]
""",
    "corrected step size": """
def adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps):
    # Kingma & Ba, end of section 2
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * (grad * grad)
    root = (1 - beta2**t) ** 0.5
    alpha_t = lr * root / (1 - beta1**t)
    return theta - alpha_t * m / (v**0.5 + eps * root), m, v
""",
    "entry by entry": """
def adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps):
    out, mm, vv = np.zeros_like(theta), np.zeros_like(theta), np.zeros_like(theta)
    for i, g in np.ndenumerate(grad):
        mm[i] = beta1 * m[i] + (1 - beta1) * g
        vv[i] = beta2 * v[i] + (1 - beta2) * g * g
        mean = mm[i] / (1 - beta1**t)
        var = vv[i] / (1 - beta2**t)
        out[i] = theta[i] - lr * mean / (var**0.5 + eps)
    return out, mm, vv
""",
}
# "a helper for the mean" with other names, other formatting, comments, swapped operands and swapped statements.
ADAM_COPIES = {
    "renamed": """
def adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps):
    '''My Adam.'''
    def blend(prev, cur, b):
        return prev + (1.0 - b) * (cur - prev)

    def fix(avg, b):
        return avg / (1.0 - b**t)

    mom = blend(m, grad, beta1)
    sq = blend(v, grad * grad, beta2)
    delta = lr * fix(mom, beta1) / (np.sqrt(fix(sq, beta2)) + eps)
    return theta - delta, mom, sq
""",
    "reordered": """
def adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps):
    def debias(mean, beta):
        return mean / (1 - beta**t)
    def running(old, new, beta):
        return (1 - beta) * (new - old) + old
    second = running(v, grad * grad, beta2)
    first = running(m, grad, beta1)
    step = lr * debias(first, beta1) / (eps + np.sqrt(debias(second, beta2)))
    return theta - step, first, second
""",
    "reformatted": """
def adam_step(theta: np.ndarray, grad: np.ndarray, m, v, t: int, lr, beta1, beta2, eps):
    # the mean that runs
    def running( old,new,beta ): return ( old+(1.0-beta)*(new-old) )
    def debias( mean,beta ):
        # bias
        return ( mean/(1.0-beta**t) )
    first = running( m , grad , beta1 ); second = running( v , (grad*grad) , beta2 )
    step = ( lr
             * debias( first , beta1 )
             / ( np.sqrt( debias( second , beta2 ) ) + eps ) )
    return ( theta-step , first , second )
""",
}

# Right answers to chain.mlp_backward; on these nothing was set.
MLP = {
    "delta": """
def mlp_backward(W1, b1, W2, b2, X, G):
    H = np.tanh(X @ W1.T + b1)
    delta = (G @ W2) * (1 - H**2)
    return delta.T @ X, delta.sum(axis=0), G.T @ H, G.sum(axis=0), delta @ W1
""",
    "names for all": """
def mlp_backward(W1, b1, W2, b2, X, G):
    Z = X @ W1.T + b1
    A = np.tanh(Z)
    dW2 = G.T @ A
    db2 = np.sum(G, axis=0)
    dA = G @ W2
    dZ = dA * (1 - A * A)
    dW1 = dZ.T @ X
    db1 = np.sum(dZ, axis=0)
    dX = dZ @ W1
    return dW1, db1, dW2, db2, dX
""",
    "einsum": """
def mlp_backward(W1, b1, W2, b2, X, G):
    hidden = np.tanh(np.einsum("bn,hn->bh", X, W1) + b1)
    arriving = np.einsum("bm,mh->bh", G, W2)
    slope = arriving / np.cosh(np.arctanh(hidden)) ** 2
    grad_W1 = np.einsum("bh,bn->hn", slope, X)
    grad_W2 = np.einsum("bm,bh->mh", G, hidden)
    return grad_W1, slope.sum(0), grad_W2, G.sum(0), np.einsum("bh,hn->bn", slope, W1)
""",
    "sample by sample": """
def mlp_backward(W1, b1, W2, b2, X, G):
    gW1, gb1 = np.zeros_like(W1), np.zeros_like(b1)
    gW2, gb2 = np.zeros_like(W2), np.zeros_like(b2)
    gX = np.zeros_like(X)
    for row in range(X.shape[0]):
        h = np.tanh(W1 @ X[row] + b1)
        gW2 += np.outer(G[row], h)
        gb2 += G[row]
        back = (W2.T @ G[row]) * (1.0 - h**2)
        gW1 += np.outer(back, X[row])
        gb1 += back
        gX[row] = W1.T @ back
    return gW1, gb1, gW2, gb2, gX
""",
    "helpers": """
def _linear_vjp(W, x, upstream):
    return upstream.T.dot(x), upstream.sum(axis=0), upstream.dot(W)

def mlp_backward(W1, b1, W2, b2, X, G):
    H = np.tanh(X.dot(W1.T) + b1[None, :])
    gW2, gb2, gH = _linear_vjp(W2, H, G)
    gW1, gb1, gX = _linear_vjp(W1, X, gH - gH * np.square(H))
    return gW1, gb1, gW2, gb2, gX
""",
    "transposed": """
def mlp_backward(W1, b1, W2, b2, X, G):
    Xt, Gt = X.T, G.T
    Ht = np.tanh(np.matmul(W1, Xt) + b1.reshape(-1, 1))
    Dt = np.multiply(np.matmul(W2.T, Gt), np.ones_like(Ht) - np.power(Ht, 2))
    ones = np.ones(X.shape[0])
    return np.matmul(Dt, X), np.matmul(Dt, ones), np.matmul(Gt, Ht.T), np.matmul(Gt, ones), np.matmul(Dt.T, W1)
""",
    "torch": """
def mlp_backward(W1, b1, W2, b2, X, G):
    import torch
    leaves = [torch.tensor(a, requires_grad=True) for a in (W1, b1, W2, b2, X)]
    w1, c1, w2, c2, x = leaves
    y = torch.tanh(x @ w1.T + c1) @ w2.T + c2
    y.backward(torch.tensor(G))
    return tuple(leaf.grad.numpy() for leaf in leaves)
""",
}
# "sample by sample" in other words, and a copy of part of it with an ending of its own.
MLP_COPIES = {
    "renamed loop": """
def mlp_backward(W1, b1, W2, b2, X, G):
    dx = np.zeros_like(X)
    dw1, d1 = np.zeros_like(W1), np.zeros_like(b1)
    dw2, d2 = np.zeros_like(W2), np.zeros_like(b2)
    for k in range(X.shape[0]):
        a = np.tanh(W1 @ X[k] + b1)
        delta = (1 - a**2) * (W2.T @ G[k])
        d2 += G[k]
        dw2 += np.outer(G[k], a)
        dx[k] = W1.T @ delta
        d1 += delta
        dw1 += np.outer(delta, X[k])
    return dw1, d1, dw2, d2, dx
""",
}
SHORT = {
    "a": "def l2_gradient(p, l):\n    return p - l\n",
    "b": "def l2_gradient(p, l):\n    d = p - l\n    return d\n",
    "c": "def l2_gradient(pred, label):\n    return pred - label\n",
    "d": "def l2_gradient(p, l):\n    return np.subtract(p, l)\n",
}
