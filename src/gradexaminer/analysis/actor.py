"""Whether an actor's gradient follows the critic's slope at its own action, and climbs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.actions import stored_actions
from gradexaminer.analysis.applied import is_swept
from gradexaminer.analysis.dueling import as_rows
from gradexaminer.analysis.fits import is_constant
from gradexaminer.analysis.values import value_rows
from gradexaminer.findings import FAULT, NOT_SEEN, NOTE, SUSPICION, Report
from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Call, Update

FEWEST_ON_A_SIDE = 5  # rows with a slope of one sign, for a line through them to say anything
SAME = 1e-3  # relative difference of two gradients that counts as rounding


@dataclass(frozen=True)
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


def examine_actor(seen: Observed, online: frozenset[int], report: Report) -> None:
    """Say how the actor learns, and what is wrong with it."""
    found = [p for u in seen.updates for b in u.backwards if not b.probe for p in _paths(seen, u, b)]
    found = [p for p in found if not _is_swept(seen, p)]
    paths = [p for p in found if not _asks_for_a_slope(seen, p, report)]
    if not paths:
        if not found:
            _no_path(seen, online, report)
        return
    for backward in {p.backward.number for p in paths}:
        together = [p for p in paths if p.backward.number == backward]
        _sign(together, report)
        _entropy(together[0], report)
    for path in paths:
        _critic_asked(path, online, report)
        together = [p for p in paths if p.backward is path.backward and np.array_equal(p.action, path.action)]
        _reaches_the_actor(seen, path, np.sum([p.slope for p in together], axis=0), report)


def _asks_for_a_slope(seen: Observed, path: Path, report: Report) -> bool:
    """Whether a pass only left dQ/da in an action's `.grad`, of which a later pass made the actor's loss.

    `critic(s, a).mean().backward()`, then `(-a.grad * actor(s)).sum().backward()`: the first says nothing about a sign.
    """
    number = path.backward.number
    reaches = any(not c.extra and (c.keys.end == HERE).all() for c in path.update.calls_with_gradient(number))
    later = [b for b in path.update.backwards if b.number > number and not b.probe]
    return not reaches and any(_by_hand(seen, path.update, b, report) for b in later)


def _paths(seen: Observed, update: Update, backward: Backward) -> list[Path]:
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


def _is_swept(seen: Observed, path: Path) -> bool:
    """Whether what this path gives the actor is zeroed before a step: a critic's or value's label, not detached."""
    return any(is_swept(path.update, path.backward, call.parameters) for call, _ in _actor_calls(seen, path)[:1])


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


def _sign(together: list[Path], report: Report) -> None:
    """Critics' outputs in one loss: twins of which the smaller counts share the batch between them."""
    where = together[0].call.network
    total = sum(float(p.at_output.sum()) for p in together)
    if total > 0:
        report.add(
            FAULT, "actor-sign", where, f"d loss / d Q adds up to {total:+.3g} over the batch; for -Q it is negative"
        )
    mean = abs(abs(total) - 1) < 1e-3
    report.convention("actor: " + ("mean of -Q" if mean else f"-Q, weights adding up to {abs(total):.3g}"))


def _critic_asked(path: Path, online: frozenset[int], report: Report) -> None:
    where = path.call.network
    if (path.call.keys.end == NEXT).all():
        report.add(SUSPICION, "actor-next-state", where)
    if not path.call.parameters & online and any(c.parameters & online and c.extra for c in path.update.calls):
        report.add(
            FAULT, "actor-target-critic", where, "no optimizer moves the critic that it was differentiated through"
        )


def _entropy(path: Path, report: Report) -> None:
    """The loss alpha log pi - Q: its derivative by log pi is positive."""
    number = path.backward.number
    given = [
        x.gradients[number, 0] for x in path.update.log_probs if x.method == "log_prob" and (number, 0) in x.gradients
    ]
    given += [
        g
        for c in path.update.calls
        if not c.extra and (c.keys.end == HERE).all()
        for (b, i), g in c.gradients.items()
        if b == number and i > 0 and g.size == len(c.keys.index)
    ]
    total = float(sum(g.sum() for g in given[:1]))
    if total < 0:
        report.add(FAULT, "actor-entropy-sign", path.call.network, f"d loss / d log pi adds up to {total:.3g}")
    elif total > 0:
        report.convention("actor: entropy bonus")
    elif _log_prob_is_silent(path) and any("log pi" in text for text in report.conventions):
        report.add(SUSPICION, "actor-entropy-missing", path.call.network, "d loss / d log pi is 0 in every row")


def _log_prob_is_silent(path: Path) -> bool:
    """Whether the call that chose the action returned a log-probability with it, to which no gradient came."""
    rows, number = len(path.call.keys.index), path.backward.number
    choosing = [
        c
        for c in path.update.calls
        if c.graph and len(c.outputs) > 1 and c.outputs[0].shape == path.action.shape
        if np.allclose(c.outputs[0], path.action, atol=1e-6)
    ]
    return any(
        c.outputs[i].size == rows and not np.any(c.gradients.get((number, i), 0))
        for c in choosing
        for i in range(1, len(c.outputs))
    )


def _reaches_the_actor(seen: Observed, path: Path, slope: np.ndarray, report: Report) -> None:
    """Compare the gradient at the actor's own output with what the critic's action got."""
    actors = _actor_calls(seen, path)
    known = bool((path.call.keys.index >= 0).all())
    stored = stored_actions(seen, path.call.keys.index) if known else None
    if stored is not None and np.allclose(path.action, stored, atol=1e-5) and not actors:
        report.add(FAULT, "actor-replayed", path.call.network, "the critic's action is the one that is stored")
        return
    extra = np.linalg.norm(path.at_action - slope) / max(float(np.linalg.norm(path.at_action)), 1e-30)
    if extra > SAME and not any("entropy" in text for text in report.conventions):
        report.convention("actor: a further term, such as a penalty, acts on the action")
    for call, output in actors[:1]:
        g = call.gradient(path.backward.number, output)
        if g is None or not np.any(g):
            report.add(
                FAULT, "actor-detached", call.network, "d loss / d action is not 0, but none of it reaches the actor"
            )


def _actor_calls(seen: Observed, path: Path) -> list[tuple[Call, int]]:
    """Calls that returned the very action that the critic was shown."""
    found = []
    for call in path.update.calls:
        for output, x in enumerate(call.outputs):
            values = as_rows(x, len(call.keys.index))
            if call.extra or values is None or values.shape != path.action.shape or call.time > path.call.time:
                continue
            if np.array_equal(call.keys.index, path.call.keys.index) and np.allclose(values, path.action, atol=1e-6):
                found.append((call, output))
    return found


def _no_path(seen: Observed, online: frozenset[int], report: Report) -> None:
    """Say why no gradient went through an action, where a loss shows that one should have."""
    for u in seen.updates:
        for b in u.backwards:
            for rows in value_rows(seen, u, b.number):
                if is_constant(rows.g) and rows.action is not None:
                    stored = stored_actions(seen, rows.index)
                    code = "actor-replayed" if np.allclose(rows.action, stored, atol=1e-5) else "actor-detached"
                    report.add(
                        FAULT, code, rows.call.network, "d loss / d Q is the same for all rows and ends at the critic"
                    )
                    return
            if _by_hand(seen, u, b, report):
                return
    report.add(NOT_SEEN, "actor-not-seen", "", f"in {len(seen.updates)} updates no gradient went through an action")


def _by_hand(seen: Observed, update: Update, backward: Backward, report: Report) -> bool:
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
    for call, g in actors:
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
                stored = stored_actions(seen, critic_call.keys.index)
                if np.allclose(action, stored, atol=1e-5):
                    report.add(FAULT, "actor-slope-replayed", call.network, "it equals dQ/da at the stored actions")
                _say_by_hand(call, factor * len(g), size, report)
                return True
            if _says_inverting(call, g, action, slope, report):
                return True
        if slopes:
            report.add(SUSPICION, "actor-not-q", call.network, "no multiple of dQ/da explains d loss / d action")
            return True
    return False


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
