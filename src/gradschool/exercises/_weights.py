"""What a step of plain SGD did, read from a network's weights before and after it.

A step moves the last layer by -lr times (features)^T G, where G holds the gradient at every output of every row. With
more hidden units than rows these are more equations than unknowns: G follows by least squares, and the same equations
say whether the step was such a gradient at all. The layers below must then have moved as the chain rule says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradschool.core.exercise import AnswerUnusable, Rng
from gradschool.core.numerics import Array
from gradschool.core.plain_data import PlainData
from gradschool.rl.nets.mlp import MLP, initial_parameters, layer_views

EXPLAINED = 1e-6  # share of a step that a gradient may leave over: float64 leaves 1e-12, a float32 number inside less
ROUNDING = 1e-9  # of the largest gradient: smaller ones are none
CONDITION = 1e3  # of the features: more would make a row's gradient depend on rounding


class Recovered(NamedTuple):
    """The gradient behind a step.

    Attributes
    ----------
    outputs
        d loss / d output of every row, (R, n_out).
    carried
        The factor of each earlier gradient that this step applied once more, (E,); 0 where there is none.
    change
        The gradient in the parameters, (n_params,): (before - after) / lr.
    """

    outputs: Array
    carried: Array
    change: Array


def recover(name: str, before: MLP, after: Array, lr: float, x: Array, earlier: Sequence[Array] = ()) -> Recovered:
    """Return the gradient behind a step of plain SGD.

    Parameters
    ----------
    name
        The network's name in a sentence.
    before
        The network as it was.
    after
        Its parameters after the step, (n_params,).
    lr
        The step size.
    x
        All rows that may have had a gradient, (R, n_in), each once.
    earlier
        Gradients (n_params,) that may have been applied again.

    Raises
    ------
    AnswerUnusable
        If no weight moved, or if the step is no gradient at these rows.
    """
    change = (before.flat - after) / lr
    if not change.any():
        raise AnswerUnusable(
            f"no weight of `{name}` has moved: no gradient was there when the step was taken, or none is"
        )
    _, cache = before.forward(x)
    features = np.hstack([cache[-1], np.ones((len(x), 1))]).T
    basis = np.linalg.qr(features)[0]
    last, again = last_layer(before, change), [last_layer(before, e) for e in earlier]
    outside = [(m - basis @ (basis.T @ m)).ravel() for m in (*again, last)]
    factors = np.linalg.lstsq(np.stack(outside[:-1], axis=1), outside[-1], rcond=1e-9)[0] if again else np.zeros(0)
    rest = last - sum((f * m for f, m in zip(factors, again, strict=True)), np.zeros_like(last))
    outputs = np.linalg.lstsq(features, rest, rcond=None)[0]
    explained = before.vjp(cache, outputs)[0]
    explained += sum((f * e for f, e in zip(factors, earlier, strict=True)), np.zeros_like(explained))
    left = float(np.linalg.norm(change - explained) / np.linalg.norm(change))
    if not left < EXPLAINED:
        raise AnswerUnusable(
            f"this step of `{name}` is not -lr times a gradient at its outputs for the rows of the batch: a share of "
            f"{left:.2g} is left unexplained, as by a gradient at other inputs, clipped or scaled gradients, weight "
            "decay, frozen layers, or a step of your own"
        )
    return Recovered(outputs, factors, change)


def cleared(outputs: Array) -> Array:
    """Gradients with those set to 0 that are rounding beside the largest."""
    return np.where(np.abs(outputs) <= ROUNDING * np.abs(outputs).max(), 0.0, outputs)


def last_layer(net: MLP, flat: Array) -> Array:
    """The last layer's part of a flat array as one matrix (width + 1, n_out), its bias below."""
    weights, biases = layer_views(flat, net.sizes)
    return np.vstack([weights[-1], biases[-1]])


def weights_of(got: PlainData, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """The weights that came back, by the network's name.

    Raises
    ------
    AnswerUnusable
        If a network is missing, or its weights are not numbers of these shapes.
    """
    if not isinstance(got, Mapping) or got.keys() != shapes.keys():
        raise AnswerUnusable(f"the new weights of {', '.join(shapes)} should come back, and nothing else")
    found = {}
    for name, shape in shapes.items():
        x = got[name]
        if not isinstance(x, np.ndarray) or x.dtype != np.float64 or x.shape != shape:
            raise AnswerUnusable(f"the weights of `{name}` do not have the shapes that they had")
        if not np.isfinite(x).all():
            raise AnswerUnusable(f"the weights of `{name}` are not numbers any more: there are NaN or infinite ones")
        found[name] = x
    return found


def distinct(*groups: Array) -> tuple[Array, list[Array]]:
    """The distinct rows of several arrays (R, n), those of the first array first, and where each row of each is."""
    rows: list[Any] = []
    at: dict[bytes, int] = {}
    places = []
    for group in groups:
        for row in group:
            if row.tobytes() not in at:
                at[row.tobytes()] = len(rows)
                rows.append(row)
        places.append(np.array([at[row.tobytes()] for row in group]))
    return np.array(rows), places


def drawn_net(rng: Rng, sizes: tuple[int, ...], *inputs: Array) -> dict[str, Any]:
    """A network as plain data whose features tell these rows apart, and whose units are not next to their kinks."""
    while True:
        net = MLP(sizes, flat=2.0 * initial_parameters(sizes, rng))
        if not inputs or is_telling(net, distinct(*inputs)[0]):
            return {"sizes": sizes, "flat": net.flat}


def is_telling(net: MLP, x: Array) -> bool:
    """Whether the gradient of each of these rows can be recovered from a step of this network."""
    _, cache = net.forward(x)
    features = np.hstack([cache[-1], np.ones((len(x), 1))])
    hidden = list(zip(cache, net.weights, net.biases, strict=True))[:-1]
    clear = all(np.abs(h @ w + b).min() > 1e-6 for h, w, b in hidden)
    return bool(clear and np.linalg.cond(features) < CONDITION)
