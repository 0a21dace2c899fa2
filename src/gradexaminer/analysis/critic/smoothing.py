"""Noise on the target actor's action (Fujimoto et al. 2018, eq. 14): how much, and whether it is centered on 0."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import chosen_ahead, is_affine, shown_to
from gradexaminer.findings import FAULT, NOTE, SUSPICION, Report
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call

Added = list[tuple[np.ndarray, np.ndarray]]  # an actor's actions and what was added to them, call by call

NEAR = 0.5  # of the actions' deviation: noise on a target action stays below that
PLAIN = 0.5  # of its distance: another unit may take a part of the noise away by chance
SAME = 1e-6  # difference of two equal actions
ROUNDING = 1e-5  # of numbers that were added to an action, and subtracted from it here
MOST_STILL = 0.9  # of the entries inside of all bounds, that no noise moves: a clamp alone moves none of them
SOME_MOVED = 0.2  # of the entries: a clamp at 0 leaves half of a noise
FEWEST_SHARED = 3  # updates, and rows or entries with one draw
FEWEST_DRAWS = 60  # of one sign: by chance as good as never
FEWEST_STEPS = 10  # of a noise that a batch shares: 1 in 1000 by chance
LEFT = 0.7  # of such a noise in the next update: a process around 0 falls lower, and changes its sign


def say_smoothing(seen: Observed, view: CriticView, critic: Call, report: Report) -> None:
    """Noise on the target actor's action, unless a distribution drew it.

    A clamp alone leaves most entries as they are, and other units add the same number in every update.
    """
    asked = [c for u in seen.updates for c in u.calls if c.network == critic.network and c.keys.all_next]
    found = _added(seen, [c for c in asked if not is_drawn(seen, c)])
    noise = np.concatenate([x for _, x in found]) if found else np.zeros((1, 1))
    inside = np.concatenate([_is_inside(x + added) for x, added in found]) if found else np.ones((1, 1), bool)
    if (np.abs(noise[inside]) <= SAME).mean() >= MOST_STILL or float(np.ptp(noise, axis=0).max()) <= ROUNDING:
        return
    report.convention(f"target policy smoothing: noise of up to {np.abs(noise).max():.2g} on the target action")
    _say_bias(view, critic.network, found, report)
    _say_shared(critic.network, found, report)


def _is_inside(shown: np.ndarray) -> np.ndarray:
    """Entries that no clamp holds at the outermost values of their batch."""
    return np.asarray((shown > shown.min() + SAME) & (shown < shown.max() - SAME))


def is_traced(seen: Observed, critic: Call) -> bool:
    """Whether what this critic was shown with next states is near an actor's action, or was drawn by a distribution."""
    asked = [c for u in seen.updates for c in u.calls if c.network == critic.network and c.keys.all_next]
    return any(is_drawn(seen, c) for c in asked) or bool(_added(seen, asked))


def _added(seen: Observed, asked: list[Call]) -> Added:
    """What was added to an actor's output, in the units in which it is least; nothing where no actor's is near."""
    forms: dict[tuple[object, ...], Added] = defaultdict(list)
    for critic in asked:
        for unit, x, shown in _in_its_units(seen, critic):
            forms[unit].append((x, shown - x))
    whole = {unit: found for unit, found in forms.items() if len(found) == len(asked)}
    if not whole:
        return []
    nearest = min(whole, key=lambda unit: _spread(whole[unit]) * (PLAIN if unit[-1] == "" else 1))
    found = whole[nearest]
    shown = np.concatenate([x + noise for x, noise in found])
    return found if _spread(found) < NEAR * shown.std() else []


def _spread(found: Added) -> float:
    """How far from each other the rows of one batch are in what was added: a noise of the whole batch is no spread."""
    return float(np.mean([np.abs(noise - np.median(noise, axis=0)).mean() for _, noise in found]))


def _in_its_units(seen: Observed, critic: Call) -> list[tuple[tuple[object, ...], np.ndarray, np.ndarray]]:
    """Outputs of actors at s', as they are, behind a tanh or a sigmoid, and scaled to what the critic was shown."""
    shown, made = shown_to(seen, critic), []
    for _, call, i in chosen_ahead(seen, critic):
        if shown is None or not (call.keys.end == NEXT).all():
            continue
        y = call.returned[i]
        for name, x in (("", y), ("tanh", np.tanh(y)), ("sigmoid", (1 + np.tanh(y / 2)) / 2)):
            scale = (x * shown).sum(axis=0) / np.maximum((x * x).sum(axis=0), 1e-30)
            made.append(((call.network, call.method, i, name), x, shown))
            made.append(((call.network, call.method, i, f"{name} scaled"), x * scale.round(2), shown))
    return list({unit: (unit, x, shown) for unit, x, shown in made}.values())


def is_drawn(seen: Observed, critic: Call) -> bool:
    """Whether a number that a distribution drew is the action, or becomes it by a tanh."""
    shown, update = shown_to(seen, critic), next(u for u in seen.updates if critic in u.calls)
    drawn = [x.value for x in update.log_probs if x.method != "log_prob" and x.time < critic.time]
    given = [x.reshape(shown.shape) for x in drawn if shown is not None and x.size == shown.size]
    made = [form for x in given for form in (x, np.tanh(x))]
    return shown is None or any(np.allclose(shown, x, atol=1e-4) or is_affine(shown, x) for x in made)


def _say_bias(view: CriticView, network: str, found: Added, report: Report) -> None:
    """Noise of one sign, which moves every target action the same way, or noise that drifts away from 0.

    Next to a bound, a clamp leaves one sign of any noise: these entries say nothing.
    """
    low, high = view.learned_between()
    most = max(float(np.abs(noise).max()) for _, noise in found)
    free = [np.where((x - most > low) & (x + most < high), noise, np.nan) for x, noise in found]
    drawn = np.concatenate(free)
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < FEWEST_DRAWS or not (_has_one_sign(drawn) and (np.abs(drawn) > SAME).mean() > SOME_MOVED):
        return
    told = f"all of its {len(drawn)} entries that no bound cuts off lie between {drawn.min():.2g} and {drawn.max():.2g}"
    if not all(_is_shared(noise) for noise in free):
        report.add(FAULT, "target-noise-biased", network, told)
    elif _stays_away(free):
        report.add(SUSPICION, "target-noise-biased", network, f"{told}; each batch has one, near the last one's")


def _say_shared(network: str, found: Added, report: Report) -> None:
    """One draw for all rows of a batch, or for all entries of a row, in every update; clamped entries say nothing."""
    free = [np.where(_is_inside(x + noise) & (np.abs(noise) > SAME), noise, np.nan) for x, noise in found]
    for told, turned in (("all rows of a batch", free), ("all entries of a row", [x.T for x in free])):
        spread = [np.ptp(c[np.isfinite(c)]) for x in turned for c in x.T if np.isfinite(c).sum() > 1]
        if len(found) >= FEWEST_SHARED and len(spread) >= FEWEST_SHARED and max(spread) <= 10 * ROUNDING:
            report.add(NOTE, "target-noise-shared", network, f"it is one number for {told}")
            return


def _has_one_sign(noise: np.ndarray) -> bool:
    return bool((noise > -ROUNDING).all() or (noise < ROUNDING).all())


def _is_shared(noise: np.ndarray) -> bool:
    """Whether all rows of a batch have one noise, so that a batch is one draw."""
    columns = [column[np.isfinite(column)] for column in noise.T]
    return all(np.ptp(column) <= 10 * ROUNDING for column in columns if len(column))


def _stays_away(shared: list[np.ndarray]) -> bool:
    """Whether the noise of whole batches nowhere comes much nearer to 0 from one update to the next."""
    columns = np.array([[x[:, k][np.isfinite(x[:, k])][:1].sum() for k in range(x.shape[1])] for x in shared])
    size = np.abs(columns[:, (columns != 0).all(axis=0)])
    return size[1:].size >= FEWEST_STEPS and bool((size[1:] >= LEFT * size[:-1]).all())
