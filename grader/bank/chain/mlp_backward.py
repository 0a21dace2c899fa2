"""Reference, known mistakes and alternative solutions of ``chain.mlp_backward``."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank.entry import entry


def backward(W1, b1, W2, b2, X, G):
    """One vjp at a time, from Y back to X."""
    H = np.tanh(X @ W1.T + b1)
    delta = (G @ W2) * (1 - H**2)
    return delta.T @ X, delta.sum(axis=0), G.T @ H, G.sum(axis=0), delta @ W1


mlp_backward = entry("chain.mlp_backward", points=8, reference=backward)


@mlp_backward.mutant(
    "not-transposed",
    "Where W2 is square the first layer's gradients are those of G @ W2^T, and elsewhere there is an error. Rows of G "
    "are samples, so the gradient at the hidden layer is G @ W2, of shape (B, hidden).",
    "a1",
)
def mlp_not_transposed(W1, b1, W2, b2, X, G):
    H = np.tanh(X @ W1.T + b1)
    delta = (G @ W2.T) * (1 - H**2)
    return delta.T @ X, delta.sum(axis=0), G.T @ H, G.sum(axis=0), delta @ W1


@mlp_backward.mutant(
    "activation-left-out",
    "The gradients of the first layer and of X lack the derivative of tanh between the layers. The loss may even "
    "fall, but this is not the gradient: every node crossed multiplies.",
    "a3",
)
def mlp_activation_left_out(W1, b1, W2, b2, X, G):
    H = np.tanh(X @ W1.T + b1)
    delta = G @ W2
    return delta.T @ X, delta.sum(axis=0), G.T @ H, G.sum(axis=0), delta @ W1


@mlp_backward.mutant(
    "output-taken-for-input",
    "Between the layers the factor is 1 - tanh(H)^2, the derivative of tanh at H, which is tanh's output and not its "
    "input. In terms of the output the derivative is 1 - H^2.",
    "a4",
)
def mlp_output_taken_for_input(W1, b1, W2, b2, X, G):
    H = np.tanh(X @ W1.T + b1)
    delta = (G @ W2) * (1 - np.tanh(H) ** 2)
    return delta.T @ X, delta.sum(axis=0), G.T @ H, G.sum(axis=0), delta @ W1


@mlp_backward.mutant(
    "square-lost",
    "Between the layers the factor is 1 - H; the derivative of tanh is 1 - H^2.",
    "a6",
)
def mlp_square_lost(W1, b1, W2, b2, X, G):
    H = np.tanh(X @ W1.T + b1)
    delta = (G @ W2) * (1 - H)
    return delta.T @ X, delta.sum(axis=0), G.T @ H, G.sum(axis=0), delta @ W1


@mlp_backward.mutant(
    "bias-not-summed",
    "The bias gradients still have one row per sample. One bias feeds every sample, so its gradient is the sum over them.",
    "a12",
)
def bias_not_summed(W1, b1, W2, b2, X, G):
    H = np.tanh(X @ W1.T + b1)
    delta = (G @ W2) * (1 - H**2)
    return delta.T @ X, delta, G.T @ H, G, delta @ W1


@mlp_backward.mutant(
    "stepped-too-early",
    "The gradients of the first layer and of X are those of W2 after a step of size 0.1. All gradients first, with "
    "the weights of the forward pass; then all steps.",
    "a13",
)
def stepped_too_early(W1, b1, W2, b2, X, G):
    H = np.tanh(X @ W1.T + b1)
    grad_W2 = G.T @ H
    stepped = W2 - 0.1 * grad_W2
    delta = (G @ stepped) * (1 - H**2)
    return delta.T @ X, delta.sum(axis=0), grad_W2, G.sum(axis=0), delta @ W1


@mlp_backward.mutant(
    "averaged-again",
    "The parameters' gradients are 1/B of what they should be. G already is the gradient of whatever the loss is, "
    "mean or sum: the backward pass only adds up.",
    "a10",
)
def averaged_again(W1, b1, W2, b2, X, G):
    B = len(X)
    H = np.tanh(X @ W1.T + b1)
    delta = (G @ W2) * (1 - H**2)
    return delta.T @ X / B, delta.mean(axis=0), G.T @ H / B, G.mean(axis=0), delta @ W1


@mlp_backward.mutant(
    "input-instead-of-hidden",
    "grad_W2 pairs G with the pre-activations X W1^T + b1. The second layer was fed with H = tanh(X W1^T + b1): its "
    "weights are multiplied by H.",
)
def input_instead_of_hidden(W1, b1, W2, b2, X, G):
    Z = X @ W1.T + b1
    H = np.tanh(Z)
    delta = (G @ W2) * (1 - H**2)
    return delta.T @ X, delta.sum(axis=0), G.T @ Z, G.sum(axis=0), delta @ W1


@mlp_backward.mutant(
    "gradients-kept",
    "The second call on the same inputs gives twice what the first one gave, as gradients that are kept from call "
    "to call do. Start from zero every time.",
    "a18",
)
def gradients_kept(W1, b1, W2, b2, X, G, kept={}):
    H = np.tanh(X @ W1.T + b1)
    delta = (G @ W2) * (1 - H**2)
    grads = [delta.T @ X, delta.sum(axis=0), G.T @ H, G.sum(axis=0), delta @ W1]
    key = X.tobytes()
    kept[key] = [k + g for k, g in zip(kept[key], grads, strict=True)] if key in kept else grads
    return tuple(kept[key])


@mlp_backward.mutant(
    "input-taken-for-output",
    "Between the layers the factor is 1 - Z^2, with Z the input of tanh. The short form of the derivative needs tanh's "
    "output: 1 - H^2.",
    "a4",
)
def mlp_input_for_output(W1, b1, W2, b2, X, G):
    Z = X @ W1.T + b1
    H = np.tanh(Z)
    delta = (G @ W2) * (1 - Z**2)
    return delta.T @ X, delta.sum(axis=0), G.T @ H, G.sum(axis=0), delta @ W1


@mlp_backward.mutant(
    "relu-between-the-layers",
    "Between the layers the factor is 1 or 0, the derivative of relu. This network has tanh there: 1 - H^2.",
)
def mlp_with_relu_slope(W1, b1, W2, b2, X, G):
    H = np.tanh(X @ W1.T + b1)
    delta = (G @ W2) * (H > 0)
    return delta.T @ X, delta.sum(axis=0), G.T @ H, G.sum(axis=0), delta @ W1


@mlp_backward.alternative_solution
def mlp_by_einsum(W1, b1, W2, b2, X, G):
    H = np.tanh(np.einsum("bn,hn->bh", X, W1) + b1)
    delta = np.einsum("bm,mh,bh->bh", G, W2, 1 - H * H)
    return (
        np.einsum("bh,bn->hn", delta, X),
        np.einsum("bh->h", delta),
        np.einsum("bm,bh->mh", G, H),
        np.einsum("bm->m", G),
        np.einsum("bh,hn->bn", delta, W1),
    )


@mlp_backward.alternative_solution
def mlp_by_loop(W1, b1, W2, b2, X, G):
    gW1, gb1, gW2, gb2, gX = (np.zeros_like(a) for a in (W1, b1, W2, b2, X))
    for i in range(len(X)):
        h = np.tanh(W1 @ X[i] + b1)
        gW2 += np.outer(G[i], h)
        gb2 += G[i]
        d = (W2.T @ G[i]) / np.cosh(W1 @ X[i] + b1) ** 2
        gW1 += np.outer(d, X[i])
        gb1 += d
        gX[i] = W1.T @ d
    return gW1, gb1, gW2, gb2, gX


@mlp_backward.alternative_solution
def mlp_by_torch(W1, b1, W2, b2, X, G):
    leaves = [torch.tensor(a, requires_grad=True) for a in (W1, b1, W2, b2, X)]
    w1, c1, w2, c2, x = leaves
    y = torch.tanh(x @ w1.T + c1) @ w2.T + c2
    grads = torch.autograd.grad(y, leaves, torch.tensor(G))
    return tuple(g.numpy() for g in grads)
