"""The action that an actor's loss shows to the critic, beside the actor's output and beside the batch's actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.actor.paths import actor_calls
from gradexaminer.analysis.reading.actions import are_stored, is_affine, stored_actions
from gradexaminer.analysis.reading.fits import fit
from gradexaminer.analysis.reading.policies import is_shares
from gradexaminer.analysis.reading.values import value_rows
from gradexaminer.analysis.update.applied import sign_of
from gradexaminer.findings import FAULT, NOTE, SUSPICION, Report
from gradexaminer.recording.rows import HERE

if TYPE_CHECKING:
    from gradexaminer.analysis.actor.paths import Path
    from gradexaminer.recording.observe import Observed

NEAR = 0.5  # of the actions' deviation: noise stays below that
BEYOND = 0.2  # of the range of actions: what is further outside is in other units
FEWEST_SIDES = 6  # updates times entries: as many would seldom lie on one side by chance
ALL_OVER = 0.85  # of the range that the critic learns from: noise alone does not carry a choice so far
APART = 0.1  # of the range that the critic learns from, by which another range may reach into it
NARROW = 0.6  # of the range that the critic learns from: an actor whose bounds lie within it cannot reach the rest
AT_A_BOUND = 0.97  # of the way from the middle of an actor's actions to the outermost one
OF_SHARES = 1e-2  # relative residual: a small number is added before the logarithm, another one in each program
FEWEST_UPDATES = 3  # in which an actor was asked, for bounds to show
MOST_UPDATES = 0.5  # share of updates in which an entry comes to a bound
SATURATED = 0.05  # of the entries at a bound, from which on there is one: of even numbers 0.03 lie there


def say_noise(seen: Observed, path: Path, report: Report) -> None:
    """An action that is nearly the actor's output: noise lies on its path to the critic, or a clamp.

    An action that is drawn from a distribution is none of these, and neither is one that is rescaled.
    """
    number, action = path.backward.number, path.action
    if any(x.method == "rsample" and x.time < path.call.time for x in path.update.log_probs):
        return
    for call in path.update.calls_with_gradient(number):
        if call.extra or not (call.keys.end == HERE).all() or not np.array_equal(call.keys.index, path.call.keys.index):
            continue
        for x in call.outputs:
            if x.shape != action.shape or is_affine(action, x):
                continue
            far = np.abs(action - x)
            if np.sqrt(np.mean(far**2)) < NEAR * action.std():
                same = (far < 1e-6).mean()
                told = f"{1 - same:.0%} of its entries differ, by up to {far.max():.2g}"
                report.add(NOTE, "actor-noise", call.network, told)
                return


def say_units(seen: Observed, path: Path, report: Report) -> None:
    """Actions that the critic learns from are rescaled, and those of the actor's loss are not."""
    shown = [rows for b in path.update.backwards for rows in value_rows(seen, path.update, b.number)]
    shown = [rows for rows in shown if rows.action is not None and rows.call.network == path.call.network]
    if not shown or shown[0].action is None or not seen.spaces.continuous:
        return
    learned, stored = shown[0].action, stored_actions(seen, shown[0].index)
    if are_stored(learned, stored) or not is_affine(learned, stored):
        return
    every = _learned_from(seen, path.call.network, learned.shape[1])  # a small batch alone spans a part of the range
    low, high = every.min(axis=0), every.max(axis=0)
    room = BEYOND * (high - low)
    beyond = ((path.action < low - room) | (path.action > high + room)).any(axis=1)
    lowest, highest = seen.spaces.bounds
    if beyond.any() and (path.action >= lowest - 1e-5).all() and (path.action <= highest + 1e-5).all():
        told = (
            f"it learns from actions between {low.min():.3g} and {high.max():.3g}, and the actor's loss shows it "
            f"actions between {path.action.min():.3g} and {path.action.max():.3g}"
        )
        report.add(SUSPICION, "action-units", path.call.network, told)


def say_reach(seen: Observed, paths: list[Path], report: Report) -> None:
    """An actor whose own bounds lie far inside of the range of its critic's actions, or far outside."""
    for network in dict.fromkeys(p.call.network for p in paths):
        given = [p.action for p in paths if p.call.network == network]
        shown = np.concatenate(given)
        known = _learned_from(seen, network, shown.shape[1])
        if not len(known):
            continue
        tanh = _is_behind_tanh(seen, [p for p in paths if p.call.network == network])
        reach = np.full(shown.shape[1], 2.0) if tanh else np.ptp(shown, axis=0)
        narrow = (tanh or _is_saturated(given)) and (reach < NARROW * np.ptp(known, axis=0)).all()
        if narrow or (_is_elsewhere(shown, known) and len(given) * shown.shape[1] >= FEWEST_SIDES):
            told = (
                f"it learns from actions between {known.min():.3g} and {known.max():.3g}, and whatever its weights "
                f"the actor shows it actions between {shown.min():.3g} and {shown.max():.3g}"
            )
            own = _own_choices(seen, known)
            report.add(FAULT if own else SUSPICION, "action-units", network, told + own)
        elif tanh and (np.ptp(known, axis=0) < NARROW * reach).all() and _is_stored_so(seen, known):
            told = (
                f"it learns from actions between {known.min():.3g} and {known.max():.3g}, and the actor ends in a tanh"
            )
            own = _own_choices(seen, known)
            report.add(FAULT if own else SUSPICION, "action-units", network, told + own)
        elif _is_stored_so(seen, known):
            _say_beyond(seen, [p for p in paths if p.call.network == network], report)


def _own_choices(seen: Observed, known: np.ndarray) -> str:
    """Where the agent's own choices lie, if that is all over what the critic learns from, whose range is another one.

    Then no wrapper around the environment rescales them, which could make the units right again.
    """
    room = APART * np.ptp(known, axis=0)
    for method, x in seen.choices().items():
        within = (x >= known.min(axis=0) - room).all() and (x <= known.max(axis=0) + room).all()
        if within and (np.ptp(x, axis=0) >= ALL_OVER * np.ptp(known, axis=0)).all():
            return f"; its own `{method}` gives actions between {x.min():.3g} and {x.max():.3g}"
    return ""


def _say_beyond(seen: Observed, paths: list[Path], report: Report) -> None:
    """A policy whose tanh is scaled beyond the range of the environment's actions."""
    bounds = [b for p in paths if (b := _bounds_of_drawn(p)) is not None]
    lowest, highest = seen.spaces.bounds
    room = BEYOND * (highest - lowest)
    if len(bounds) >= FEWEST_UPDATES and all(((b[0] < lowest - room) | (b[1] > highest + room)).any() for b in bounds):
        low, high = bounds[0]
        told = (
            f"the environment's actions lie between {lowest.min():.3g} and {highest.max():.3g}, and the policy's tanh "
            f"is scaled to between {low.min():.3g} and {high.max():.3g}"
        )
        report.add(SUSPICION, "action-units", paths[0].call.network, told)


def _bounds_of_drawn(path: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Between what an action lies that is a scaled tanh of a number which a distribution drew, shape (A,) each."""
    for x in path.update.log_probs:
        if x.method == "log_prob" or x.time > path.call.time or x.value.size != path.action.size:
            continue
        tanh = np.tanh(x.value.reshape(path.action.shape))
        if is_affine(path.action, tanh):
            lines = [np.polyfit(a, b, 1) for a, b in zip(tanh.T, path.action.T, strict=True)]
            middle, half = np.array([line[1] for line in lines]), np.abs([line[0] for line in lines])
            return middle - half, middle + half
    return None


def _is_elsewhere(shown: np.ndarray, known: np.ndarray) -> bool:
    """Whether the range of one lies beside the range of the other, in every entry.

    Outputs without a bound lie on another side with each update's weights.
    """
    low, high = known.min(axis=0), known.max(axis=0)
    room = APART * (high - low)
    return bool(((shown.min(axis=0) > high - room) | (shown.max(axis=0) < low + room)).all())


def _is_stored_so(seen: Observed, known: np.ndarray) -> bool:
    """Whether these span the environment's own range, as the stored actions do."""
    low, high = seen.spaces.bounds
    room = BEYOND * (high - low)
    return bool((known.min(axis=0) <= low + room).all() and (known.max(axis=0) >= high - room).all())


def say_entropy_of_shares(path: Path, further: np.ndarray, report: Report) -> bool:
    """Whether what a loss has beside -Q is the entropy of an action that is made of shares, and which way it pushes.

    The derivative of sum(a log a) by a is log a + 1: minus alpha times the entropy has it with a positive factor.
    """
    if not is_shares(path.action):
        return False
    f = fit(further.reshape(-1), {"entropy": (np.log(path.action + 1e-7) + 1).reshape(-1)}, np.ones(further.size, bool))
    if f.residual > OF_SHARES:
        return False
    factor = sign_of(path.update, path.backward) * f.coefficients["entropy"] * len(path.action)
    if factor > 0:
        report.convention(f"actor: entropy bonus of the action's shares, alpha {factor:.2g}")
    else:
        told = f"the action is made of shares, and the loss has {-factor:.3g} times their entropy"
        report.add(FAULT, "actor-entropy-sign", path.call.network, told)
    return True


def _learned_from(seen: Observed, network: str, size: int) -> np.ndarray:
    """The actions of this size that a critic learned from in all updates."""
    found = [
        rows.action
        for u in seen.updates
        for b in u.backwards
        for rows in value_rows(seen, u, b.number)
        if rows.call.network == network and rows.action is not None and rows.action.shape[1] == size
    ]
    return np.concatenate(found) if found else np.zeros((0, size))


def _is_behind_tanh(seen: Observed, paths: list[Path]) -> bool:
    """Whether a tanh is the last operation of all that chose these actions: they lie between -1 and 1."""
    ends = [{c.last[i] for c, i in actor_calls(seen, p) if i < len(c.last)} for p in paths]
    return all(end == {"Tanh"} for end in ends)


def _is_saturated(shown: list[np.ndarray]) -> bool:
    """Whether many entries of most updates lie at the outermost values on both sides, as behind a tanh.

    Each update has other weights: without a bound, one update's largest action is far from another one's.
    """
    everything = np.concatenate(shown)
    low, high = everything.min(axis=0), everything.max(axis=0)
    far = [(x - (low + high) / 2) / np.maximum((high - low) / 2, 1e-30) for x in shown]
    reached = [side for x in far for side in (x.max(axis=0) > AT_A_BOUND, x.min(axis=0) < -AT_A_BOUND)]
    many = (np.abs(np.concatenate(far)) > AT_A_BOUND).mean() >= SATURATED
    return bool(len(shown) >= FEWEST_UPDATES and many and np.mean(reached) >= MOST_UPDATES)
