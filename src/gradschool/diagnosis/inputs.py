"""The inputs of a case by the names that the lesson gives them, and other inputs with one of them changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from gradschool.core.exercise import Args, Exercise
from gradschool.core.numerics import Array
from gradschool.core.plain_data import iter_leaves, to_plain
from gradschool.rl.nets.mlp import MLP

Value: TypeAlias = "Array | float | tuple[Value, ...]"  # of one input
STEP_SIZES = ("lr", "alpha", "tau", "h")
BOUNDS = ("low", "high", "noise_clip")  # a row of zeros in these would leave no range
WIDTHS = ("clip", "noise_clip", "kappa")  # half of a range: with the other sign it is empty, and nothing is right there
Put = Callable[[Value], dict[str, Any]]  # makes the case's inputs with another value in the place of one of them


def subject_of(exercise: Exercise, name: str) -> str:
    """Return what the lesson calls an input: its name, ``target_critics[1]`` for ``target_critic_2``, or ""."""
    return exercise.known_as.get(name) or _subject(exercise.signature, name)


@lru_cache(maxsize=1024)
def _subject(signature: str, name: str) -> str:
    arguments = signature.partition("(")[2].partition(")")[0].replace(" ", "").split(",")
    if name in arguments:
        return name
    stem, _, number = name.rpartition("_") if name[-1:].isdigit() else (name, "", "1")
    return f"{stem}s[{int(number) - 1}]" if f"{stem}s" in arguments else ""


def named_inputs(exercise: Exercise, args: Args) -> dict[str, Array]:
    """Return the arrays and numbers among the inputs whose names a student knows: those in the exercise's signature.

    A network comes as the list of its parameters, and once more as all of them in one vector; so does a list.
    """
    found: dict[str, Array] = {}
    for name, value in args.items():
        subject = subject_of(exercise, name)
        inside = (
            {k: v for k, v in value.items() if f"{name}.{k}" in exercise.known_as} if isinstance(value, Mapping) else {}
        )
        found.update({exercise.known_as[f"{name}.{key}"]: np.asarray(x) for key, x in inside.items()})
        if subject:
            if isinstance(value, Mapping) and "flat" in value:
                net = MLP(tuple(int(n) for n in value["sizes"]), flat=value["flat"])
                value = [
                    x for w, b in zip(net.weights, net.biases, strict=True) for x in (w.T, b)
                ]  # as torch lists them
            leaves = {n: x for n, x in iter_leaves(to_plain({subject: value})) if isinstance(x, np.ndarray)}
            if leaves and subject not in leaves and not any("." in n for n in leaves):
                found[subject] = np.concatenate([np.ravel(x) for x in leaves.values()])
            found.update(leaves)
    return found


def subjects(exercise: Exercise, args: Args) -> dict[str, tuple[Value, Put]]:
    """Return each input by its name: its value, and what makes inputs with another value in its place.

    A network is one input, the vector of its parameters; each array of a batch is one, such as ``batch.obs``.
    """
    found: dict[str, tuple[Value, Put]] = {}
    for name, value in args.items():
        subject = subject_of(exercise, name)
        if isinstance(value, Mapping) and not subject:
            known = {key: exercise.known_as[f"{name}.{key}"] for key in value if f"{name}.{key}" in exercise.known_as}
            found.update({shown: (value[key], _put_inside(args, name, key)) for key, shown in known.items()})
        if not subject:
            continue
        if isinstance(value, Mapping):
            network = "flat" in value
            for key in ["flat"] if network else value:
                found[subject if network else f"{subject}.{key}"] = (value[key], _put_inside(args, name, key))
        elif not isinstance(value, str):
            found[subject] = (value, _put(args, name))
    return found


def numbers_of(value: Any) -> Array:
    """Return an input as it is compared with an answer: a network as the vector of its parameters."""
    return np.asarray(value["flat"] if isinstance(value, Mapping) else value)


def is_network(args: Args, name: str) -> bool:
    """Return whether an input of this name is a network, whose numbers come in two orders: torch's, and MLP's."""
    value = args.get(name)
    return isinstance(value, Mapping) and "flat" in value


def networks(exercise: Exercise, args: Args) -> dict[str, tuple[int, ...]]:
    """Return the inputs that are networks, by name, each with the sizes of its layers."""
    found = {subject_of(exercise, name): value for name, value in args.items() if isinstance(value, Mapping)}
    return {name: tuple(int(n) for n in v["sizes"]) for name, v in found.items() if name and "flat" in v}


def _put(args: Args, name: str) -> Put:
    return lambda new: {**args, name: new}


def _put_inside(args: Args, name: str, key: str) -> Put:
    return lambda new: {**args, name: {**args[name], key: new}}


def is_flags(value: object) -> bool:
    """Return whether these are booleans, or zeros and ones in place of them."""
    if isinstance(value, bool | np.bool_):
        return True
    if not isinstance(value, np.ndarray) or value.dtype.kind in "iu":
        return False  # ids may be 0 and 1 by chance
    return value.dtype.kind == "b" or bool(((value == 0.0) | (value == 1.0)).all())


def is_real(value: object) -> bool:
    """Return whether *value* may vary continuously: neither flags nor ids nor counts."""
    if isinstance(value, tuple):
        return all(is_real(v) for v in value)
    array = isinstance(value, np.ndarray) and value.dtype.kind == "f" and not is_flags(value)
    return array or isinstance(value, float)


def is_ids(value: object) -> bool:
    """Return whether these are integers that name rows or columns."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "iu"


def fitted(given: Array, shape: tuple[int, ...], a_row_each: bool = False) -> Array | None:
    """Return an input spread over an answer's shape, a (B,) also along rows; None if it does not fit.

    ``a_row_each``: a vector has a number for each row, in a square answer too.
    """
    if given.ndim == 0 or given.dtype.kind == "b":
        return None
    along_rows = given.ndim == 1 and len(shape) == 2 and len(given) == shape[0]
    if along_rows and (a_row_each or shape[0] != shape[1]):
        given = given[:, None]
    try:
        return np.broadcast_to(given.astype(np.float64), shape)
    except ValueError:
        return None
