"""Chapter 1's bug clinic: four networks that train on the student's own gradients, each with one bug added.

The bugs are in this file and not in the lesson, so that a reader can try to name them first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Array = np.ndarray
Backward = Callable[..., Sequence[Array]]
MeanGradient = Callable[[Array, Array], Array]
HEALTHY = "healthy"
BUGS = {
    "A": "sum over the batch where the loss has the mean",
    "B": "(B, 1) - (B,) broadcast",
    "C": "gradients never zeroed",
    "D": "path cut below the hidden layer",
}
LETTERS = tuple(BUGS)


class FaultyNetwork:
    """The gradients of a small tanh network on L = 1/(2B) sum (p - l)^2, with one bug.

    Parameters
    ----------
    name
        "A" to "D", or "healthy" for a network without a bug.
    backward, mean_gradient
        The student's mlp_backward and batch_mean_gradient.

    Raises
    ------
    ValueError
        If there is no network of this name.
    """

    def __init__(self, name: str, backward: Backward, mean_gradient: MeanGradient) -> None:
        if name not in (HEALTHY, *LETTERS):
            raise ValueError(f"there is no run {name!r}: there are {', '.join(LETTERS)} and {HEALTHY!r}")
        self.name, self.backward, self.mean_gradient = name, backward, mean_gradient
        self._accumulated: list[Array] | None = None

    def gradients(self, params: Sequence[Array], X: Array, p: Array, l: Array) -> list[Array]:
        """Return the gradients of params, W1, b1, W2, b2, for X (B, n), predictions p (B, 1) and labels l (B,)."""
        grads = list(self.backward(*params, X, self._upstream(p, l)))[:4]
        if self.name == "C":  # never zeroed: every call adds to the calls before
            if self._accumulated is not None:
                grads = [a + g for a, g in zip(self._accumulated, grads, strict=True)]
            self._accumulated = grads
        if self.name == "D":  # H was detached: nothing arrives below it
            grads[:2] = [np.zeros_like(g) for g in grads[:2]]
        return grads

    def _upstream(self, p: Array, l: Array) -> Array:
        if self.name == "A":  # a sum where the loss says mean
            return len(l) * self.mean_gradient(p, l)
        if self.name == "B":  # (B, 1) - (B,) is a (B, B) table; then averaged back into shape
            return np.asarray((p - l).mean(axis=1, keepdims=True) / len(l))
        return self.mean_gradient(p, l)


def gradient_ratio(grads: Sequence[Array], right: Sequence[Array]) -> list[str]:
    """Compare each gradient with the right one: their ratio where it is one number, "other" where it is not.

    >>> right = [np.array([1.0, 2.0]), np.array([1.0, 0.0])]
    >>> gradient_ratio([np.array([8.0, 16.0]), np.array([0.0, 1.0])], right)
    ['8', 'other']
    """

    def word(g: Array, r: Array) -> str:
        ratio = float(np.sum(g * r) / np.sum(r * r))
        return f"{ratio:.3g}" if np.allclose(g, ratio * r, rtol=1e-5, atol=1e-5 * np.abs(r).max()) else "other"

    return [word(g, r) for g, r in zip(grads, right, strict=True)]
