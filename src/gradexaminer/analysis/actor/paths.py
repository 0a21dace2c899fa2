"""The ways of an actor's gradient: through the action that a critic was shown, to the call that chose it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.dueling import as_rows
from gradexaminer.analysis.reading.fits import is_constant
from gradexaminer.analysis.reading.memory import once
from gradexaminer.analysis.reading.values import value_rows
from gradexaminer.analysis.update.applied import is_swept
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Call, Update


@dataclass(frozen=True, eq=False)
class Path:
    """A critic's call through whose action a gradient went on.

    Attributes
    ----------
    at_output : ndarray of shape (R,)
        d loss / d Q, summed over outputs.
    at_action : ndarray of shape (R, A)
        d loss / d action.
    slope : ndarray of shape (R, A)
        What d loss / d action is because of Q alone.
    """

    update: Update
    backward: Backward
    call: Call
    at_output: np.ndarray
    at_action: np.ndarray
    slope: np.ndarray
    action: np.ndarray


def paths_of(seen: Observed, update: Update, backward: Backward) -> list[Path]:
    """Critics' calls at s through whose action one backward pass went on."""
    found = []
    learns = bool(value_rows(seen, update, backward.number))
    for call in update.calls:
        if learns and (call.keys.end == NEXT).all():
            continue  # a label that was not detached
        for i in range(len(call.extra)):
            at_action = call.extra_gradients.get((backward.number, i))
            nested = any(c.time in call.ancestors and c.extra_gradients for c in update.calls)
            if (
                at_action is None
                or not np.any(at_action)
                or nested
                or call.extra[i].shape[1] != seen.spaces.action_size
            ):
                continue
            made = _path(update, backward, call, i, at_action)
            if made is not None:
                found.append(made)
    return found


def path_is_swept(seen: Observed, path: Path) -> bool:
    """Whether what this path gives the actor is zeroed before a step: a critic's or value's label, not detached."""
    return any(is_swept(path.update, path.backward, call.parameters) for call, _ in actor_calls(seen, path)[:1])


def path_is_of_label(seen: Observed, path: Path, online: frozenset[int]) -> bool:
    """Whether a critic's loss went on through a label that was asked at s: no step moves its critic or its actor."""
    actors = [call for call in path.update.calls_with_gradient(path.backward.number) if not call.extra]
    moved = any(call.parameters & online for call in (path.call, *actors))
    learns = any(not is_constant(rows.g) for rows in value_rows(seen, path.update, path.backward.number))
    return learns and bool(actors) and not moved


def _path(update: Update, backward: Backward, call: Call, i: int, at_action: np.ndarray) -> Path | None:
    rows = len(call.keys.index)
    at_output, slope = np.zeros(rows), np.zeros_like(at_action)
    for output, slopes in enumerate(call.slopes):
        g = call.gradient(backward.number, output)
        if g is None or slopes[i] is None or g.size != rows:
            continue
        at_output += g.reshape(rows)
        slope += g.reshape(rows, 1) * slopes[i]
    if not np.any(at_output):
        return None
    return Path(update, backward, call, at_output, at_action, slope, call.extra[i])


@once
def actor_calls(seen: Observed, path: Path) -> list[tuple[Call, int]]:
    """Calls that returned the very action that the critic was shown, first the one to which its gradient went on.

    A program may ask its actor several times in one loss, as for a term that keeps it near the stored actions.
    """
    found = []
    for call in path.update.calls:
        for output, x in enumerate(call.outputs):
            values = as_rows(x, len(call.keys.index))
            if call.extra or values is None or values.shape != path.action.shape or call.time > path.call.time:
                continue
            if np.array_equal(call.keys.index, path.call.keys.index) and np.allclose(values, path.action, atol=1e-6):
                found.append((call, output))
    return sorted(found, key=lambda chosen: _apart(path, *chosen))


def _apart(path: Path, call: Call, output: int) -> float:
    """How far the gradient at this output is from the one at the critic's action; infinite where there is none."""
    g = call.gradient(path.backward.number, output)
    if g is None or g.size != path.at_action.size or not np.any(g):
        return np.inf
    return float(np.linalg.norm(g.reshape(path.at_action.shape) - path.at_action))
