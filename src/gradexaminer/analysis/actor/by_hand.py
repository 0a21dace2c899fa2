"""Actors whose gradient a program makes by hand: -(dQ/da) times the action, or inverting gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import are_stored, stored_actions
from gradexaminer.analysis.update.applied import sign_of
from gradexaminer.findings import FAULT, NOTE, SUSPICION, Report
from gradexaminer.recording.rows import HERE

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Call, Update

FEWEST_ON_A_SIDE = 5  # rows with a slope of one sign, for a line through them to say anything
SAME = 1e-3  # relative difference of two gradients that counts as rounding


def by_hand(seen: Observed, update: Update, backward: Backward, report: Report) -> bool:
    """A loss such as -(dQ/da).detach() * action: the gradient at the actor's output beside the critic's slope."""
    size = seen.spaces.action_size
    actors = [
        (c, g.reshape(len(c.keys.index), -1))
        for c in update.calls_with_gradient(backward.number)
        for (b, _), g in c.gradients.items()
        if b == backward.number
        and not c.extra
        and np.any(g)
        and g.size == size * len(c.keys.index)
        and (c.keys.end == HERE).all()
    ]
    sign = sign_of(update, backward)
    return any(_says_what_it_follows(seen, update, call, sign * g, report) for call, g in actors)


def _says_what_it_follows(seen: Observed, update: Update, call: Call, g: np.ndarray, report: Report) -> bool:
    """Compare the gradient at an actor's output with each slope that the critics have; whether there was one."""
    slopes = [
        (c, c.extra[i], s)
        for c in update.calls
        for by_input in c.slopes
        for i, s in enumerate(by_input)
        if s is not None and s.shape == g.shape
    ]
    for critic_call, action, slope in slopes:
        factor = float((g * slope).sum() / max(float((slope * slope).sum()), 1e-30))
        if np.linalg.norm(g - factor * slope) < SAME * np.linalg.norm(g):
            if are_stored(action, stored_actions(seen, critic_call.keys.index)):
                report.add(FAULT, "actor-slope-replayed", call.network, "it equals dQ/da at the stored actions")
            _say_by_hand(call, factor * len(g), seen.spaces.action_size, report)
            return True
        if _says_inverting(call, g, action, slope, report):
            return True
    if slopes:
        report.add(SUSPICION, "actor-not-q", call.network, "no multiple of dQ/da explains d loss / d action")
    return bool(slopes)


def _says_inverting(call: Call, g: np.ndarray, action: np.ndarray, slope: np.ndarray, report: Report) -> bool:
    """Say so, where each entry is the slope times a factor that is linear in the action, one for either sign.

    Inverting gradients (Hausknecht & Stone 2016, eq. 11): it falls towards the bound that the action is pushed to.
    """
    clear = np.abs(slope) > 1e-3 * np.abs(slope).max()
    towards = []
    for column in range(slope.shape[1]):
        for sign in (1, -1):
            rows = clear[:, column] & (np.sign(slope[:, column]) == sign)
            if rows.sum() < FEWEST_ON_A_SIDE:
                continue
            size, a = -g[rows, column] / slope[rows, column], action[rows, column]
            line = np.stack([np.ones_like(a), a], axis=1)
            fitted, *_ = np.linalg.lstsq(line, size, rcond=None)
            if np.linalg.norm(line @ fitted - size) > SAME * np.linalg.norm(size):
                return False
            towards.append(sign * float(fitted[1]) / float(np.abs(size).max()))
    if not towards or min(np.abs(towards)) < SAME or np.ptp(np.sign(towards)) > 0:
        return False
    report.convention("actor: by hand, -(dQ/da) times the action, inverting gradients")
    if towards[0] > 0:
        report.add(FAULT, "actor-not-q", call.network, "dQ/da grows towards the bound that it pushes the action to")
    return True


def _say_by_hand(call: Call, factor: float, size: int, report: Report) -> None:
    report.convention("actor: by hand, -(dQ/da) times the action")
    if factor > 0:
        report.add(FAULT, "actor-sign", call.network, f"d loss / d action is {factor:+.3g} dQ/da / B")
    if size > 1 and abs(abs(factor) * size - 1) < 1e-3:
        report.add(NOTE, "actor-mean-over-actions", call.network, f"a factor of 1/{size}")
