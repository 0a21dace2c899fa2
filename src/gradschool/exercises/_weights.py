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
LAST_DIGITS = 1e-15  # relative rounding of weights in float64
MANY = 5  # entries of one size: two may be those of an output that stands in two rows
NEARLY = 0.05  # of the size of an entry of Adam's first step: it divides by a little more than its own size
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
            f"no weight of `{name}` has moved: no gradient was there when the step was taken, or no step is taken"
        )
    found, left = _fit(before, change, x, earlier)
    rounding = LAST_DIGITS * float(np.linalg.norm(before.flat)) / lr  # of the weights, and so of their change
    if not left < EXPLAINED + rounding / float(np.linalg.norm(change)):
        raise AnswerUnusable(f"this step of `{name}` is {_no_gradient(before, change, x, earlier, left)}")
    return found._replace(outputs=np.where(np.abs(found.outputs) <= CONDITION * rounding, 0.0, found.outputs))


def _fit(before: MLP, change: Array, x: Array, earlier: Sequence[Array]) -> tuple[Recovered, float]:
    """Return the gradient that explains a change best, and the share of the change that it leaves over."""
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
    return Recovered(outputs, factors, change), left


def _no_gradient(before: MLP, change: Array, x: Array, earlier: Sequence[Array], left: float) -> str:
    """Return in words what a step is that is no gradient at the outputs for these rows."""
    found, rest = _fit(before, change, x, [*earlier, before.flat])
    if rest < EXPLAINED:
        return (
            f"a gradient at its outputs and {found.carried[-1]:.3g} times the weights themselves, as of a penalty "
            "on the weights in the loss, or of weight decay"
        )
    seen = (
        _still(before, change)
        or _of_equal_sizes(before, change)
        or (
            f"a share of {left:.2g} is left unexplained, as by a gradient at other inputs, clipped or scaled "
            "gradients, weight decay, frozen layers, or a step of your own"
        )
    )
    return f"not -lr times a gradient at its outputs for the rows of the batch: {seen}"


def _still(before: MLP, change: Array) -> str:
    """Return in words which layers a step does not move at all while it moves others; "" where it moves all."""
    weights, biases = layer_views(change, before.sizes)
    moves = [bool(w.any() or b.any()) for w, b in zip(weights, biases, strict=True)]
    still = [str(k) for k, does in enumerate(moves, 1) if not does]
    if not still:
        return ""
    are = f"layer {still[0]} does" if len(still) == 1 else f"layers {' and '.join(still)} do"
    return (
        f"of its {len(moves)} layers, {are} not move at all, and the rest does, as where layers are frozen or their "
        "gradients are cleared"
    )


def _of_equal_sizes(before: MLP, change: Array) -> str:
    """Return in words which sizes stand in a step more than once, as no gradient's do; "" where none does."""
    size = np.sort(np.abs(change[change != 0]))
    if len(size) >= MANY and size[0] >= (1 - NEARLY) * size[-1]:
        return (
            "all its entries have nearly one size, as in the first step of Adam or of another "
            "optimizer than the one that was handed over"
        )
    if (size >= (1 - ROUNDING) * size[-1]).sum() >= MANY:
        return f"its largest entries all have the size {size[-1]:.3g}, as where gradients are clipped by value"
    weights, biases = layer_views(change, before.sizes)
    norms = np.sort([np.linalg.norm(tensor) for tensor in (*weights, *biases)])
    if norms[-2] >= (1 - 1e-4) * norms[-1]:
        return f"several tensors of it have the length {norms[-1]:.3g}, as where each is clipped to a norm for itself"
    return ""


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
