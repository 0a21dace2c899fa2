"""A gradient beside the right one: right, rescaled, misdirected, leaking or absent, and the numbers that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

WORDS = ("right", "rescaled", "misdirected", "leaking", "absent")
CLOSE = 1e-6  # relative; the cases run in double precision


@dataclass(frozen=True)
class Comparison:
    """What a gradient is beside the right one.

    Attributes
    ----------
    word
        "absent" if nothing arrives; "leaking" if other parameters, which must not learn here, get a gradient too;
        "misdirected" if it points elsewhere; "rescaled" if only its length differs; "right".
    cosine
        Of the angle between the two gradients: 1 where they point the same way.
    ratio
        The length of the gradient divided by that of the right one.
    leak
        The length of the gradient of the parameters that must not learn here.
    """

    word: str
    cosine: float
    ratio: float
    leak: float = 0.0

    def __repr__(self) -> str:
        if not self.ratio:
            return self.word
        leak = f", gradient elsewhere {self.leak:.3g}" if self.leak else ""
        return f"{self.word}: cosine {self.cosine:.4f}, ratio {self.ratio:.4g}{leak}"


def compare_gradients(
    found: Sequence[Tensor | None], right: Sequence[Tensor], elsewhere: Sequence[Tensor | None] = ()
) -> Comparison:
    """Compare a gradient with the right one, all parameters as one vector.

    Parameters
    ----------
    found
        The gradient by parameter; None where autograd found no path.
    right
        The right gradient by parameter, not all zero.
    elsewhere
        The gradients of parameters that must not learn in this step; None where there is none.

    Examples
    --------
    >>> import torch
    >>> compare_gradients([torch.tensor([0.0, 0.5])], [torch.tensor([0.0, 2.0])])
    rescaled: cosine 1.0000, ratio 0.25
    """
    import torch

    filled = [torch.zeros_like(r) if f is None else f for f, r in zip(found, right, strict=True)]
    one = torch.cat([f.double().flatten() for f in filled])
    other = torch.cat([r.double().flatten() for r in right])
    leak = sum(float((e**2).sum()) for e in elsewhere if e is not None) ** 0.5
    length, ratio = float(one.norm()), float(one.norm() / other.norm())
    cosine = float(one @ other / (one.norm() * other.norm())) if length else 0.0
    if not length:
        word = "absent"
    elif leak:
        word = "leaking"
    elif cosine < 1 - CLOSE:
        word = "misdirected"
    else:
        word = "right" if abs(ratio - 1) < CLOSE else "rescaled"
    return Comparison(word, cosine, ratio, leak)
