"""Actors whose loss alpha log pi - Q lost its Q: it was detached, or computed without a gradient.

What is left raises the policy's entropy: d loss / d log pi is one number for all rows, and no gradient came from the
critics, though they were asked about the actions that the policy chose.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import are_stored, stored_actions
from gradexaminer.analysis.reading.fits import is_constant
from gradexaminer.analysis.reading.values import is_actor
from gradexaminer.analysis.update.applied import is_swept
from gradexaminer.findings import FAULT, Report

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Call, Update

FEWEST = 3  # updates
FAR = 50.0  # 2 a / (1 - a^2) where a is near a bound
SAME = 1e-2  # of the largest entry


def learns_without_q(seen: Observed, online: frozenset[int], report: Report) -> bool:
    """Say so where every pass that moves the actor goes through log pi alone, with one number for all rows."""
    passes = list(_passes(seen))
    found = [_is_entropy_alone(seen, u, b, call, online) for u, b, call in passes]
    if len({u.number for u, _, _ in passes}) < FEWEST or not all(found):
        return False
    told = "d loss / d log pi is one number for all rows, and the critics' values of its actions give no gradient"
    report.add(FAULT, "actor-detached", passes[0][2].network, told)
    return True


def _passes(seen: Observed) -> Iterator[tuple[Update, Backward, Call]]:
    """Passes whose gradient a step applies to an actor, and a call of the actor that they went through."""
    for update in seen.updates:
        for b in update.backwards:
            calls = [c for c in update.calls_with_gradient(b.number) if not c.extra and is_actor(seen, c)]
            for call in calls[:1]:
                if not b.probe and not is_swept(update, b, call.parameters):
                    yield update, b, call


def _is_entropy_alone(seen: Observed, update: Update, b: Backward, actor: Call, online: frozenset[int]) -> bool:
    through = [c for c in update.calls_with_gradient(b.number) if c.extra]
    if through or not _of_log_pi(update, b, actor):
        return False
    shown = _actions_shown(seen, update, b, actor, online)
    return bool(shown) and any(_comes_through_log_pi(seen, b, actor, a) for a in shown)


def _of_log_pi(update: Update, b: Backward, actor: Call) -> bool:
    """Whether log pi gets one number in all rows, as the actor returned it or as a distribution did."""
    rows = len(actor.keys.index)
    said = [x.gradients.get((b.number, 0)) for x in update.log_probs if x.method == "log_prob"]
    given = [g.reshape(-1) for g in said if g is not None and np.any(g) and g.size % rows == 0]
    given += [
        g.reshape(-1)
        for c in update.calls
        if not c.extra and c.network == actor.network and c.keys.all_here
        for (number, i), g in c.gradients.items()
        if number == b.number and i > 0 and g.size == rows and np.any(g)
    ]
    return any(is_constant(g) and (g > 0).all() for g in given)


def _actions_shown(
    seen: Observed, update: Update, b: Backward, actor: Call, online: frozenset[int]
) -> list[np.ndarray]:
    """Actions in these states, not those stored, about which a critic that learns was asked."""
    shown = []
    for c in update.calls:
        if c.time > b.time or not c.parameters & online or not np.array_equal(c.keys.index, actor.keys.index):
            continue
        stored = stored_actions(seen, c.keys.index)
        shown += [x for x in c.extra if c.keys.all_here and x.shape == stored.shape and not are_stored(x, stored)]
    return shown


def _comes_through_log_pi(seen: Observed, b: Backward, actor: Call, action: np.ndarray) -> bool:
    """Whether the actor's outputs get what log pi gives them, and no slope that a program multiplied by hand.

    Of a = tanh(u), log pi holds -log(1 - a^2), whose derivative is 2 a by u, and 2 a / (1 - a^2) by a.
    """
    low, high = seen.spaces.bounds
    a = (2 * action - low - high) / (high - low)
    pair = len(actor.outputs) == 2 and actor.outputs[0].shape == actor.outputs[1].shape  # a mean and a spread
    for i, x in enumerate(actor.outputs):
        g = actor.gradient(b.number, i)
        if x.size != action.size or g is None or not np.any(g) or (pair and i == 1):
            continue
        g = g.reshape(action.shape)
        if i or not any(_is_multiple(g, way) for way in (a, a / np.maximum(1 - a**2, 1e-6))):
            return False
    return True


def _is_multiple(g: np.ndarray, of: np.ndarray) -> bool:
    """Whether one positive factor makes `g` of this, but where a squashed action is near a bound, where 1e-6 counts."""
    clear = np.abs(of) < FAR
    factor = float((g * of)[clear].sum() / max(float((of[clear] ** 2).sum()), 1e-30))
    return factor > 0 and bool(np.abs(g - factor * of)[clear].max() < SAME * np.abs(g[clear]).max())
