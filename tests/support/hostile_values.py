"""Values that lie about themselves, raise when they are looked at, or have no end."""

from __future__ import annotations

import collections
import enum

import numpy as np


class Liar(np.ndarray):
    """Says that it is equal to everything and is something else when asked."""

    def __eq__(self, other: object) -> bool:  # type: ignore[override]
        return True

    __hash__ = None  # type: ignore[assignment]

    def __array__(self, *a: object, **k: object) -> np.ndarray:
        raise SystemExit

    def __array_function__(self, *a: object) -> object:
        return True

    def __array_ufunc__(self, *a: object, **k: object) -> object:
        return np.True_

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        return 0

    @property
    def dtype(self) -> object:  # type: ignore[override]
        raise RuntimeError

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return (7, 7)


class LyingList(list):
    def __iter__(self):
        raise SystemExit

    def __len__(self) -> int:
        return 10**12


class LyingDict(dict):
    def items(self):
        raise SystemExit

    def __iter__(self):
        raise SystemExit


class LyingText(str):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__

    def __len__(self) -> int:
        return 10**12

    def __str__(self) -> str:
        return "something else"


class Masquerade:
    """An object that claims to be an array, and raises at every other look."""

    @property
    def __class__(self):  # type: ignore[override]
        return np.ndarray

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(name)

    def __len__(self) -> int:
        raise RuntimeError


class Meta(type):
    def __getattribute__(cls, name: str) -> object:
        raise RuntimeError(name)


class Unspeakable(metaclass=Meta):
    pass


class FalseTensor:
    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.result


FalseTensor.__module__ = "torch.secret"
FalseTensor.result = [1, 2]  # type: ignore[attr-defined]


class OddKey:
    def __str__(self) -> str:
        raise RuntimeError

    def __hash__(self) -> int:
        return 1


class Color(str, enum.Enum):  # noqa: UP042
    RED = "red"


Pair = collections.namedtuple("Pair", "x y")


def endless() -> list[object]:
    """A list that holds itself."""
    loop: list[object] = []
    loop += [loop, loop]
    return loop
