"""Copies of a network that a program makes in each update to look at a gradient, and that nothing trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradexaminer.analysis.reading.actions import held_parameters
from gradexaminer.analysis.reading.memory import once
from gradexaminer.recording.layers import parameters

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed


@once
def looked_at(seen: Observed) -> frozenset[str]:
    """Networks into which every update loads weights, and that no step holds, beside a trained one like them."""
    held = held_parameters(seen)
    shapes = {path: [p.shape for p in parameters(m)] for path, m in seen.found.modules.items()}
    trained = [path for path, m in seen.found.modules.items() if any(id(p) in held for p in parameters(m))]
    return frozenset(
        path
        for path in shapes
        if path not in trained
        and seen.updates
        and all(path in u.loaded for u in seen.updates)
        and any(shapes[path] == shapes[other] for other in trained)
    )
