"""What a program does to gradients between a backward pass and the step: turns them round, or keeps one sign only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

ENTRIES = 48  # of each parameter that are kept
FEWEST = 6  # entries of each sign, of one parameter
OPPOSITE = 0.99  # minus the cosine between a gradient and the same one turned round


class Given:
    """The first entries of each parameter's gradient, as the last backward pass left them."""

    def __init__(self) -> None:
        self._entries: dict[int, torch.Tensor] = {}

    def keep(self, p: torch.Tensor) -> None:
        """Note what a backward pass has left in `.grad`."""
        entries = _entries(p)
        if entries is not None:
            self._entries[id(p)] = entries.clone()

    def turned(self, optimizer: Any) -> frozenset[int]:
        """Parameters that a step moves up the loss."""
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        climbs = {id(p) for group in optimizer.param_groups if group.get("maximize") for p in group["params"]}
        given, now = self._both(parameters)
        size = float(np.linalg.norm(given) * np.linalg.norm(now))
        if size > 0 and float(given @ now) < -OPPOSITE * size:
            climbs ^= set(map(id, parameters))
        return frozenset(climbs)

    def one_sided(self, parameters: Iterable[torch.Tensor]) -> frozenset[int]:
        """Parameters that lost the entries of one sign, and those alone."""
        return frozenset(id(p) for p in parameters if self._lost_a_sign(p))

    def _lost_a_sign(self, p: torch.Tensor) -> bool:
        if self._is_unchanged(p):
            return False
        given, now = self._both([p])
        for sign in (1, -1):
            kept, lost = given * sign > 0, given * sign < 0
            if min(kept.sum(), lost.sum()) >= FEWEST and (now[lost] == 0).all():
                return bool((now[kept] * sign > 0).all())
        return False

    def _is_unchanged(self, p: torch.Tensor) -> bool:
        """Whether the step will take the entries as they were given, which is so nearly always and soon seen."""
        given, now = self._entries.get(id(p)), _entries(p)
        return given is None or now is None or torch.equal(given, now)

    def _both(self, parameters: Iterable[torch.Tensor]) -> tuple[np.ndarray, np.ndarray]:
        """The entries as they were given, and as they are before the step."""
        pairs = [
            (self._entries[id(p)], now)
            for p in parameters
            if id(p) in self._entries
            if (now := _entries(p)) is not None
        ]
        if not pairs:
            return np.zeros(0), np.zeros(0)
        both = [torch.cat(x).double().cpu().numpy() for x in zip(*pairs, strict=True)]
        return both[0], both[1]


def _entries(p: torch.Tensor) -> torch.Tensor | None:
    g = p.grad
    return None if g is None or g.layout != torch.strided else g.detach().reshape(-1)[:ENTRIES]
