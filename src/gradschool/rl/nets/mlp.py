"""Small feed-forward networks in NumPy, with all parameters of a network in one flat array.

`weights` and `biases` are views into `flat`, so an optimizer or a Polyak average is one line over one array, and a
gradient is one array of the same length. Rows are samples: y = x @ W + b, with W of shape (n_in, n_out).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gradschool.core.withheld import count_pass, refuse_answers
from gradschool.rl.shapes import require_shape

Array = NDArray[np.float64]
Cache = list[Array]
BACKWARD = "the backward pass of the course's own networks"  # chapter 3 hands it to its answers, as a tool


class MLP:
    """A network with relu hidden layers and a linear output.

    Parameters
    ----------
    sizes
        Widths from input to output, e.g. (3, 64, 64, 1).
    rng
        Draws the initial parameters, uniform in +-1/sqrt(n_in) per layer.
    flat
        Or these parameters (n_params,); they are used, not copied.

    Raises
    ------
    ValueError
        If `flat` has the wrong length, or if neither `rng` nor `flat` is given.

    Examples
    --------
    >>> net = MLP((2, 3, 1), flat=np.ones(13))
    >>> net.n_params, [w.shape for w in net.weights]
    (13, [(2, 3), (3, 1)])
    >>> net(np.array([[1.0, 0.0], [-1.0, -1.0]]))  # the second row stops at the relu: only the last bias is left
    array([[7.],
           [1.]])
    """

    def __init__(self, sizes: Sequence[int], rng: np.random.Generator | None = None, flat: Array | None = None):
        self.sizes = tuple(int(n) for n in sizes)
        self.n_params = sum((n_in + 1) * n_out for n_in, n_out in pairwise(self.sizes))
        if flat is None:
            if rng is None:
                raise ValueError("give either rng (to draw parameters) or flat (to take them)")
            flat = initial_parameters(self.sizes, rng)
        if flat.shape != (self.n_params,):
            raise ValueError(f"a network {self.sizes} has {self.n_params} parameters, flat has shape {flat.shape}")
        self.flat = flat
        self.weights, self.biases = layer_views(flat, self.sizes)

    def copy(self) -> MLP:
        """Return a network of the same shape and parameters, with an array of its own."""
        return MLP(self.sizes, flat=self.flat.copy())

    def __call__(self, x: Array) -> Array:
        """Compute y (B, n_out) for x (B, n_in)."""
        return self.forward(x)[0]

    def forward(self, x: Array) -> tuple[Array, Cache]:
        """Compute the outputs, and keep what the backward pass needs.

        Parameters
        ----------
        x
            One sample in each row (B, n_in).

        Returns
        -------
        y : ndarray
            (B, n_out).
        cache : list of ndarray
            The input of every layer, each (B, width).
        """
        count_pass(x, self.flat)
        cache = [x]
        last = len(self.weights) - 1
        for layer, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = np.dot(x, w)
            x += b
            if layer < last:
                np.maximum(x, 0.0, out=x)
                cache.append(x)
        return x, cache

    def vjp(self, cache: Cache, upstream: Array) -> tuple[Array, Array]:
        """Push any upstream gradient back through the network (a vector-Jacobian product).

        Parameters
        ----------
        cache
            From `forward`.
        upstream
            dL/dy (B, n_out).

        Returns
        -------
        gradient : ndarray
            dL/dparameters (n_params,), summed over the batch as the chain rule says (a mean is the caller's 1/B).
        input_gradient : ndarray
            dL/dx (B, n_in).
        """
        refuse_answers(BACKWARD, unless="ddpg.")
        gradient = np.empty_like(self.flat)
        dw, db = layer_views(gradient, self.sizes)
        for layer in range(len(self.weights) - 1, -1, -1):
            np.dot(cache[layer].T, upstream, out=dw[layer])
            np.dot(np.ones(len(upstream)), upstream, out=db[layer])  # sum over the batch
            upstream = self._step_back(layer, cache, upstream)
        return gradient, upstream

    def input_vjp(self, cache: Cache, upstream: Array) -> Array:
        """Return dL/dx (B, n_in) alone: the parameters' gradients are not even computed."""
        refuse_answers(BACKWARD, unless="ddpg.")
        for layer in range(len(self.weights) - 1, -1, -1):
            upstream = self._step_back(layer, cache, upstream)
        return upstream

    def _step_back(self, layer: int, cache: Cache, upstream: Array) -> Array:
        upstream = np.dot(upstream, self.weights[layer].T)  # for n_out = 1 four times faster than @
        if layer > 0:  # this layer's input came through a relu, unless it is the network's own
            upstream *= cache[layer] > 0
        return upstream

    def jacobian(self, x: Array) -> Array:
        """Compute dy/dparameters explicitly, which is slow and large.

        Parameters
        ----------
        x
            (B, n_in).

        Returns
        -------
        ndarray
            (B, n_out, n_params).
        """
        rows = np.empty((len(x), self.sizes[-1], self.n_params))
        for b in range(len(x)):
            _, cache = self.forward(x[b : b + 1])
            for k in range(self.sizes[-1]):
                rows[b, k] = self.vjp(cache, np.eye(self.sizes[-1])[k : k + 1])[0]
        return rows


def layer_views(flat: Array, sizes: Sequence[int]) -> tuple[list[Array], list[Array]]:
    """Return weights (n_in, n_out) and biases (n_out,) of every layer, as views into `flat`.

    >>> flat = np.arange(6.0)
    >>> (w,), (b,) = layer_views(flat, (2, 2))
    >>> b[:] = -1.0  # views: this is the network's own parameter
    >>> flat
    array([ 0.,  1.,  2.,  3., -1., -1.])
    """
    weights, biases, at = [], [], 0
    for n_in, n_out in pairwise(sizes):
        weights.append(flat[at : at + n_in * n_out].reshape(n_in, n_out))
        at += n_in * n_out
        biases.append(flat[at : at + n_out])
        at += n_out
    return weights, biases


def initial_parameters(sizes: Sequence[int], rng: np.random.Generator) -> Array:
    """Draw parameters uniform in +-1/sqrt(n_in), weights and biases alike: what torch.nn.Linear does by default.

    >>> drawn = initial_parameters((100, 5), np.random.default_rng(0))
    >>> drawn.shape, bool(np.abs(drawn).max() <= 0.1)
    ((505,), True)
    """
    return np.concatenate(
        [rng.uniform(-1.0, 1.0, (n_in + 1) * n_out) / np.sqrt(n_in) for n_in, n_out in pairwise(sizes)]
    )


class Adam:
    """Adam on one flat array, in place, with its bias corrections in the step size.

    Parameters
    ----------
    n_params
        Length of the array.
    lr
        One step size, or one for each parameter (n_params,).
    beta1, beta2, eps
        The paper's constants.
    dtype
        Of the parameters.

    References
    ----------
    Kingma & Ba 2015, algorithm 1.
    """

    def __init__(
        self,
        n_params: int,
        lr: float | Array,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        dtype: DTypeLike = np.float64,
    ):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.v, self.t = np.zeros(n_params, dtype), np.zeros(n_params, dtype), 0
        self._scratch = np.empty(n_params, dtype)

    def step(self, flat: Array, gradient: Array) -> None:
        """Move `flat` (n_params,) downhill along `gradient` (n_params,); `gradient` is only read."""
        refuse_answers("the course's own Adam")
        require_shape("Adam.step's gradient", gradient, flat.shape, "one entry for each parameter")
        self.t += 1
        work = self._scratch
        self.m *= self.beta1
        self.m += np.multiply(gradient, 1.0 - self.beta1, out=work)
        np.multiply(gradient, gradient, out=work)
        work *= 1.0 - self.beta2
        self.v *= self.beta2
        self.v += work
        root = math.sqrt(1.0 - self.beta2**self.t)  # eps is scaled with it, so that this is the paper's step exactly
        np.sqrt(self.v, out=work)
        work += self.eps * root
        np.divide(self.m, work, out=work)
        work *= self.lr * root / (1.0 - self.beta1**self.t)
        flat -= work
