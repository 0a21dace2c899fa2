"""How SAC's temperature is learned: by the loss -log alpha (log pi + target entropy).

Haarnoja et al. (2018), arXiv 1812.05905, eq. 18.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import is_affine, online_parameters, shown_to
from gradexaminer.analysis.reading.log_probs import log_probs
from gradexaminer.analysis.reading.policies import is_policy, is_shares, probabilities
from gradexaminer.analysis.reading.tables import tables
from gradexaminer.findings import FAULT, NOT_SEEN, Report
from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call, Step, Update

PLAIN = "log pi, whatever its probability"
EXACT = 1e-3  # relative residual of a line through the updates
FEWEST = 4  # updates
LARGEST_LOG = 20.0  # of a temperature: what is further from 0 is none
NEAR = 0.02  # of the largest entropy: a target so near to a bound may be the bound itself, read with an error
FEWEST_EXACT = 3  # where the factor of log pi is 1, as in the paper, or 1 for each of an action's entries


def examine_temperature(seen: Observed, report: Report) -> None:
    """Whether the temperature rises where the policy's entropy is below its target."""
    inside = {id(p) for p in seen.found.parameters()}
    every = [(u, s, *given) for u in seen.updates for s in u.steps for p, given in s.scalars.items() if p not in inside]
    taken = [x for x in every if x[-1] != 0]
    _say_still(seen, inside, report)
    if len(taken) < FEWEST_EXACT:
        _say_no_step(seen, inside, report)
        return
    if not any(_examine_at(seen, end, taken, report) for end in (HERE, NEXT)) and not _is_summed(seen, taken, report):
        report.add(
            NOT_SEEN, "temperature-not-examined", "", f"{len(taken)} steps of a parameter that is a single number"
        )


def _say_still(seen: Observed, inside: set[int], report: Report) -> None:
    """An optimizer that holds single numbers alone, and takes steps while none of them ever has a gradient."""
    for path, optimizer in seen.found.optimizers.items():
        held = [p for group in optimizer.param_groups for p in group["params"]]
        steps = [s for u in seen.updates for s in u.steps if s.optimizer == id(optimizer)]
        alone = bool(held) and all(p.numel() == 1 and id(p) not in inside for p in held)
        if alone and len(steps) >= FEWEST_EXACT and not any(s.scalars for s in steps):
            report.add(FAULT, "temperature-still", path, f"in {len(steps)} steps it found no gradient")


def _say_no_step(seen: Observed, inside: set[int], report: Report) -> None:
    """An optimizer that holds single numbers alone, which have a gradient, and that never takes a step."""
    stepped = {s.optimizer for u in seen.updates for s in u.steps}
    for path, optimizer in seen.found.optimizers.items():
        held = [p for group in optimizer.param_groups for p in group["params"]]
        alone = all(p.numel() == 1 and id(p) not in inside for p in held)
        if held and alone and id(optimizer) not in stepped and any(p.grad is not None and p.grad.any() for p in held):
            told = f"the number that it holds has a gradient, and in {len(seen.updates)} updates it took no step"
            report.add(FAULT, "no-step", path, told)


def _is_summed(seen: Observed, taken: list[tuple[Update, Step, float, float]], report: Report) -> bool:
    """Whether each gradient holds all earlier ones, as where none is zeroed: their differences fit a known formula."""
    numbers = {id(u): k for k, u in enumerate(seen.updates)}
    follow = [(x, y) for x, y in pairwise(taken) if numbers[id(y[0])] - numbers[id(x[0])] == 1]
    new = [(*y[:-1], y[-1] - x[-1]) for x, y in follow]
    aside = Report()
    if len(new) < FEWEST or not any(_examine_at(seen, end, new, aside) for end in (HERE, NEXT)):
        return False
    for text in aside.conventions:
        report.convention(text)
    for f in aside.findings:
        report.add(f.level, f.code, f.where, f.evidence)
    told = f"in {len(new)} steps the temperature's gradient is the sum of this update's and of those before"
    report.add(FAULT, "grads-not-zeroed", "the temperature", told)
    return True


def _examine_at(seen: Observed, end: int, taken: list[tuple[Update, Step, float, float]], report: Report) -> bool:
    """The same for the policy's log pi in the states of the batch, or in the next ones; whether one of them fits."""
    values, gradients = np.array([x[2:] for x in taken]).T
    means = [_mean_log_probs(seen, u, s, end) for u, s, *_ in taken]
    for name, (slope, intercept) in _lines(means, gradients, np.exp(np.clip(values, -LARGEST_LOG, LARGEST_LOG))):
        found = (slope / _size(seen), intercept) if _is_of_one_entry(seen, means, name) else (slope, intercept)
        usual = (1.0, _size(seen))  # of all entries of an action, or of each of them
        if len(taken) >= FEWEST or any(abs(abs(found[0]) * n - 1) < EXACT * 10 for n in usual):
            _say(seen, name, *found, report)
            return True
    return any(
        _say_clipped(seen, name, np.array([m[name] for m in means]), gradients, report) for name in _common(means)
    )


def _size(seen: Observed) -> int:
    """How many entries an action has, each with a log pi of its own."""
    return 1 if seen.spaces.n_actions is not None else seen.spaces.action_size


def _is_of_one_entry(seen: Observed, means: list[dict[str, float]], name: str) -> bool:
    """Whether this is the mean over an action's entries of a log pi that is known as their sum, too."""
    known = (np.array([[m[name], m[other]] for m in means]).T for other in _common(means) if other != name)
    return _size(seen) > 1 and any(np.allclose(_size(seen) * x, y, rtol=EXACT) for x, y in known)


def _lines(
    means: list[dict[str, float]], gradients: np.ndarray, alpha: np.ndarray
) -> Iterator[tuple[str, tuple[float, float]]]:
    """The means on whose line the gradients lie, as they are, and where alpha, not its logarithm, is the factor."""
    for size in (np.ones(len(gradients)), alpha):
        for name in _common(means):
            found = _line(np.array([m[name] for m in means]), gradients / size)
            if found is not None:
                yield name, found


def _common(means: list[dict[str, float]]) -> list[str]:
    return [name for name in means[0] if all(name in m for m in means)]


def _say_clipped(seen: Observed, name: str, log_pi: np.ndarray, gradients: np.ndarray, report: Report) -> bool:
    """Gradients that a clamp of their norm left at one size: their signs tell which way the temperature moves.

    d loss / d log alpha is -(mean log pi + target entropy); where it is smaller than the bound, it is that number. A
    bound is sure where several gradients are at it, or where several are below it, and exact.
    """
    size = np.abs(gradients)
    at_bound = size > size.max() * (1 - EXACT)
    for target in (x for x in seen.found.settings.get("target entropy", ()) if x):
        wanted = -(log_pi + target)
        ways = {sign for sign in (1, -1) if _is_clipped(gradients, sign * wanted, at_bound)}
        enough = (at_bound.sum() >= 2 and name != PLAIN) or (~at_bound).sum() >= FEWEST_EXACT
        if enough and len(ways) == 1:
            report.convention(f"temperature: learned, its gradient clipped at {size.max():.3g}")
            if name == PLAIN:
                told = f"d loss / d log alpha is the mean of log pi over all actions, probable or not, and {target:.3g}"
                report.add(FAULT, "temperature-unweighted", "", told)
            elif ways == {-1}:
                told = f"d loss / d log alpha has the sign of log pi + {target:.3g} in {len(gradients)} updates"
                report.add(FAULT, "temperature-sign", "", told)
            return True
    return False


def _is_clipped(gradients: np.ndarray, wanted: np.ndarray, at_bound: np.ndarray) -> bool:
    """Whether these are the wanted numbers, but for those at the bound, of which only the sign is left."""
    signs = np.sign(gradients) == np.sign(wanted)
    same = np.abs(gradients - wanted) < EXACT * 10 * np.abs(wanted)
    return bool((same | (at_bound & signs & (np.abs(wanted) >= np.abs(gradients) * (1 - EXACT)))).all())


def _mean_log_probs(seen: Observed, update: Update, step: Step, end: int) -> dict[str, float]:
    """The mean over the batch of every log pi(a|s) that was computed before the step."""
    made: dict[str, float] = {}
    before = [c for c in update.calls if c.time <= step.time and not c.extra and (c.keys.end == end).all()]
    policies = [(c, pi) for c in before if (pi := _shares(seen, c)) is not None]
    of_rows = {str(c.time): (pi * np.log(pi + 1e-8)).sum(axis=-1).reshape(-1) for c, pi in policies}
    for c, pi in policies:
        made["pi log pi"] = float(of_rows[str(c.time)].mean())
        made[PLAIN] = float(np.log(pi + 1e-8).mean())
    for index in {c.keys.index.tobytes(): c.keys.index for c in before}.values():
        said = tables(seen, update, step.time, index, online_parameters(seen))
        given = log_probs(update, said, len(index), step.time, end, of_rows)
        made |= {k: float(x.mean()) for k, x in given.items()}
    return made


def _shares(seen: Observed, call: Call) -> np.ndarray | None:
    """The probabilities that a policy over discrete actions gave, or shares of a whole in place of an action."""
    n = seen.spaces.n_actions
    if n is not None:
        return probabilities(call, n) if is_policy(seen, call) else None
    return next((x for x in map(np.asarray, call.outputs) if x.ndim > 1 and is_shares(x)), None)


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float] | None:
    """Slope and intercept of `y` over `x`; None where the points do not lie on a line."""
    if np.ptp(x) < 1e-6:
        return None
    table = np.stack([x, np.ones_like(x)], axis=1)
    (slope, intercept), *_ = np.linalg.lstsq(table, y, rcond=None)
    left = np.linalg.norm(table @ (slope, intercept) - y) / np.linalg.norm(y - y.mean())
    return (float(slope), float(intercept)) if left < EXACT * 10 and slope else None


def _say(seen: Observed, name: str, slope: float, intercept: float, report: Report) -> None:
    target = intercept / slope
    report.convention(f"temperature: learned, target entropy {target:.3g}")
    if name == PLAIN:
        told = f"d loss / d log alpha is {slope:+.3g} times the mean of log pi over all actions, probable or not"
        report.add(FAULT, "temperature-unweighted", "", told)
        return
    if slope > 0:
        report.add(FAULT, "temperature-sign", "", f"d loss / d log alpha is {slope:+.3g} times the mean of log pi")
    n, known = seen.spaces.n_actions, [x for x in seen.found.settings.get("target entropy", ()) if x]
    size = _size(seen)
    whole = [x for x in known if x == -size]  # the usual target, for all entries together
    if size > 1 and whole and abs(abs(slope) * size - 1) < EXACT and abs(target + size**2) < 1e-2 * size**2:
        told = f"the factor of log pi is {slope:+.3g}, one of {size} entries: {whole[0]:.3g} is asked of each of them"
        report.add(FAULT, "temperature-averaged", "", told)
    if slope < 0 and known and all(abs(target + x) < 1e-2 * abs(x) for x in known):
        report.add(FAULT, "temperature-target", "", f"it is {target:.3g} in the loss and {known[0]:.3g} in the agent")
    elif slope < 0 and n is None and known and all(abs(target) < 1e-2 * abs(x) for x in known):
        told = f"d loss / d log alpha is {slope:+.3g} times the mean of log pi alone, and the agent has {known[0]:.3g}"
        report.add(FAULT, "temperature-target-missing", "", told)
    elif slope < 0 and n is not None and not -NEAR < target / np.log(n) < 1 + NEAR:
        between = f"it is {target:.3g} in the loss; with {n} actions, an entropy lies between 0 and {np.log(n):.3g}"
        report.add(FAULT, "temperature-unreachable", "", between)
    elif slope < 0 and n is None and (highest := _highest_entropy(seen)) is not None and target > highest + NEAR:
        least = (
            f"it is {target:.3g} in the loss; of actions between a tanh's bounds, an entropy is {highest:.3g} at most"
        )
        report.add(FAULT, "temperature-unreachable", "", least)


def _highest_entropy(seen: Observed) -> float | None:
    """The entropy of evenly spread actions behind a tanh, as it is or scaled; None where no tanh made an action.

    Whichever of the two is higher, as a program may leave the scale out of log pi.
    """
    for update in seen.updates:
        drawn = [x.value for x in update.log_probs if x.method != "log_prob"]
        for shown in (x for c in update.calls if (x := shown_to(seen, c)) is not None):
            for tanh in (np.tanh(x.reshape(shown.shape)) for x in drawn if x.size == shown.size):
                if is_affine(shown, tanh):
                    scale = np.abs([np.polyfit(a, b, 1)[0] for a, b in zip(tanh.T, shown.T, strict=True)])
                    return float(max(0.0, np.log(scale).sum()) + shown.shape[1] * np.log(2))
    return None
