"""The label that explains the gradient at the critic's outputs.

`g = d loss / d Q` is fitted by least squares on Q, the reward and the bootstrapped value. An exact fit gives the loss's
reduction, gamma and reward scale at once, and says which mask and which value were used. The right forms come first;
then one departure from them at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, product

import numpy as np

from gradexaminer.analysis.critic import candidates as candidates_of
from gradexaminer.analysis.critic import curved
from gradexaminer.analysis.critic.candidates import Candidate
from gradexaminer.analysis.critic.evidence import (
    COMPLEMENT,
    MASKS,
    OF_OTHER_ROWS,
    REWARDS,
    UNMASKED,
    Evidence,
    Label,
    are_one_temperature,
)
from gradexaminer.analysis.critic.permuted import permuted_forms
from gradexaminer.analysis.reading.fits import EXACT, Fit, fit, might_be_exact, on_a_line, saturated
from gradexaminer.analysis.reading.log_probs import OF_A_DISTRIBUTION

ROUNDING = 1e-5  # relative residual of a fit that leaves nothing for a further column
MUCH_CLOSER = 0.1  # of the residual: a fit that leaves so little has a column that belongs to it
NOTHING = 1e-4  # of Q's factor: a bootstrapped value with a smaller one is not there
SAME_FACTOR = 1e-3  # relative difference of two factors of Q that are the same
SAME_MEAN = 2e-3  # of what an average over the batch should be
FEWEST_ALPHAS = 3  # updates in which a temperature was measured
AT_THE_END = {"replaced at the end", "shifted at the end"}
SAME_END, NO_NUMBER = 2e-2, 1e-9  # relative difference of two such numbers; of rows that do not tell one
SAME_ALPHA = 2e-2  # relative difference of two that are the same
ONE_GAMMA, LEAST_GAMMA = 1e-2, 1e-3  # the same of the value's factor, and of which it is at least
TRIED_ELSEWHERE = {("plain", "live"), ("plain", "live or cut"), ("shifted at the end", "done")}
BESIDE = {"of the transition before", "of the transition after"}
Forms = Callable[[Evidence, list[Candidate], np.ndarray, np.ndarray], Iterator[Label | None]]
FEWEST_LIVE = 6  # rows whose bootstrap counts; below that, nothing is said


def explain(e: Evidence, candidates: list[Candidate], before: list[Label] | None = None) -> list[Label]:
    """Return every label that explains the gradients exactly, the least unusual first; empty where none does.

    Where none does but with weights of rows, those that the loss was seen to be multiplied by are divided out first.
    """
    found = _explain(e, candidates, before)
    if found and not all(x.weighted for x in found):
        return found
    for weights in (form for w in e.weights for form in (w, w**2)):  # times the square of an error, or the error itself
        labels = _explain(replace(e, g=e.g / weights), candidates, before)
        straight = [replace(x, divided=True) for x in labels if not x.curved]
        if straight:
            return straight
    return found


def _explain(e: Evidence, candidates: list[Candidate], before: list[Label] | None) -> list[Label]:
    """Return every label that explains these gradients as they are.

    What explained an earlier update of the same critic (`before`) is tried first, and nothing else if it holds again.
    """
    flat = saturated(e.g, e.q)
    everywhere = np.ones(len(e.g), bool)
    # Rows that all have one gradient, beside flat ones of another, show no label: a pinball loss has two slopes.
    choices = [~flat, everywhere] if flat.any() and not _is_one_number(e.g[~flat]) else [everywhere]
    again = [x for rows in choices[:1] for x in _again(e, candidates, before or [], rows, flat) if x is not None]
    if not again and any(np.isfinite(x.clamped) for x in before or []):
        again = list(_clamped_forms(e, candidates, flat))
    if again:
        return again
    usual: list[Forms] = [_plain_forms, _mixed_forms]
    departures: list[Forms] = [_departures, _unmasked_forms, _shifted_forms]
    found = _first_of(usual, e, candidates, choices[0], flat)
    # Where most rows are beyond Huber's bend, the others are too few for a fit, and hundreds of departures would fail.
    found = found or (list(curved.known_forms(e, candidates)) if flat.any() else [])
    found = found or _first_of(departures, e, candidates, choices[0], flat)
    for rows in choices[1:]:
        found = found or _first_of([*usual, *departures], e, candidates, rows, flat)
    if found:
        return found
    permuted = list(permuted_forms(e, candidates, choices[0]))
    return permuted or list(_clamped_forms(e, candidates, flat)) or list(curved.curved_forms(e, candidates))


def plainly(e: Evidence, candidates: list[Candidate]) -> list[Label]:
    """Return the plain labels alone that explain the gradients, each with its entropy term."""
    flat = saturated(e.g, e.q)
    return [x for x in _plain_forms(e, candidates, ~flat, flat) if x is not None and x.entropy_of]


def _first_of(
    kinds: Sequence[Forms], e: Evidence, candidates: list[Candidate], rows: np.ndarray, flat: np.ndarray
) -> list[Label]:
    """Return what the first kind of forms finds that finds any."""
    found = ([label for label in forms(e, candidates, rows, flat) if label is not None] for forms in kinds)
    return next((labels for labels in found if labels), [])


def _is_one_number(g: np.ndarray) -> bool:
    return bool(np.ptp(g) <= EXACT * np.abs(g).max()) if g.size > 2 else False


def _again(
    e: Evidence, candidates: list[Candidate], before: list[Label], rows: np.ndarray, flat: np.ndarray
) -> Iterator[Label | None]:
    by_name = {c.name: c for c in candidates}
    for x in before:
        if x.candidate is not None and not x.mixed and not x.curved and x.candidate.name in by_name:
            yield _try(e, by_name[x.candidate.name], x.mask, x.reward, rows, flat, (x.entropy_of,))


def _plain_forms(
    e: Evidence, candidates: list[Candidate], rows: np.ndarray, flat: np.ndarray
) -> Iterator[Label | None]:
    """Where no terminated row tells, as where the loss is flat in each, both masks hold: other updates decide."""
    masks = ("live", "live or cut") if e.terminated[rows].any() else ("live", "live or cut", "all")
    likely = {mask: _promising(e, candidates, mask, "plain", rows) for mask in masks}
    for i, candidate in enumerate(candidates):
        for mask, promising in likely.items():
            if promising[i]:
                yield _try(e, candidate, mask, "plain", rows, flat)
    yield _without_bootstrap(e, candidates, rows, flat)


def _clamped_forms(e: Evidence, candidates: list[Candidate], flat: np.ndarray) -> Iterator[Label]:
    """A label that is held within a bound: one number in some rows, and plain in the others, with the same factor of Q.

    Two things prove it: both factors, each found without the other, and what the bounded rows' labels would have been,
    which lies beyond the bound in all of them.
    """
    at_a_bound = on_a_line(e.q, e.g)
    if not at_a_bound.any():
        return
    line = fit(e.g, {"q": e.q, "1": np.ones_like(e.q)}, at_a_bound).coefficients
    factor = line.get("q", 0.0) * e.over
    for label in chain(*(forms(e, candidates, ~at_a_bound & ~flat, flat) for forms in (_plain_forms, _departures))):
        if label is None or abs(label.scale - factor) > SAME_FACTOR * abs(factor):
            continue
        bound = -line["1"] * e.over / factor
        beyond = _label_of(e, label)[at_a_bound] - bound
        room = SAME_FACTOR * float(np.abs(e.q).max())
        if (beyond > -room).all() or (beyond < room).all():
            yield replace(label, clamped=bound)


def _label_of(e: Evidence, label: Label) -> np.ndarray:
    """Every row's label as an explanation has it; not a number where that is not a sum of a few known columns."""
    columns = REWARDS[label.reward](e)
    if set(columns) != {"r"} or label.mixed:
        return np.full(len(e.g), np.nan)
    later = sum((factor * r for factor, r in zip(label.later, e.rewards.values(), strict=True)), np.zeros(len(e.g)))
    y = label.reward_scale * columns["r"] + later
    if label.candidate is None:
        return np.asarray(y)
    m, log_pi = MASKS[label.mask](e), label.candidate.entropy.get(label.entropy_of, np.zeros(len(e.g)))
    return np.asarray(y + np.where(m > 0, m * (label.gamma * label.candidate.value - label.entropy * log_pi), 0.0))


def _departures(e: Evidence, candidates: list[Candidate], rows: np.ndarray, flat: np.ndarray) -> Iterator[Label | None]:
    for reward in REWARDS:
        for mask in MASKS:
            if (reward, mask) in TRIED_ELSEWHERE or (reward in BESIDE and mask != "live"):
                continue
            rare = mask in OF_OTHER_ROWS or mask == COMPLEMENT
            if rare and (reward != "plain" or np.array_equal(MASKS[mask](e), MASKS["all"](e))):
                continue
            promising = _promising(e, candidates, mask, reward, rows)
            for candidate in (c for c, likely in zip(candidates, promising, strict=True) if likely):
                found = _try(e, candidate, mask, reward, rows, flat)
                yield found if found is None or mask != COMPLEMENT or found.gamma < 0 else None
    yield from _one_for_all(e, candidates, rows, flat)


def _one_for_all(e: Evidence, candidates: list[Candidate], rows: np.ndarray, flat: np.ndarray) -> Iterator[Label]:
    """Labels in which every row bootstraps one number of the batch: a mean, the largest value, or an unknown one."""
    entropies = next((c.entropy for c in candidates if c.entropy), {})
    one = candidates_of.same_for_all(len(e.g), entropies)
    found = ((mask, _try(e, one, mask, "plain", rows, flat)) for mask in ("live", COMPLEMENT, "done"))
    mask, constant = next(((mask, label) for mask, label in found if label), ("", None))
    if constant is None or (mask != "live" and constant.entropy_of):
        return
    right = [c for c in candidates if not c.fault and c.asked.all()]
    for c in right:
        for known, value in _numbers_of_a_batch(e, c):
            if value and any(abs(abs(constant.gamma / value) - gamma) < SAME_MEAN for gamma in e.gammas):
                yield replace(constant, candidate=known, gamma=constant.gamma / value)
    if mask != "live":
        return  # a number that is no known one of the batch may be a reward of the program's own
    for c in right if not constant.entropy_of else []:
        yield from _mean_with_entropy(e, c, constant)
    yield constant


def _numbers_of_a_batch(e: Evidence, c: Candidate) -> list[tuple[Candidate, float]]:
    mean = candidates_of.averaged(c)
    everywhere, masked = float(c.value.mean()), float((MASKS["live"](e) * c.value).mean())
    return [(mean, everywhere), (mean, masked), (candidates_of.largest(c), float(c.value.max()))]


def _mean_with_entropy(e: Evidence, c: Candidate, constant: Label) -> Iterator[Label]:
    """The mean over the batch of a value minus alpha log pi, where alpha is whatever the number asks for.

    That it is one alpha in all updates is what proves it: see :func:`settled`.
    """
    for name, log_pi in c.entropy.items():
        mean = float(np.mean(log_pi))
        if np.isfinite(mean) and mean:
            alpha = (float(c.value.mean()) - constant.gamma / e.gammas[0]) / mean
            averaged = candidates_of.averaged(c)
            yield replace(constant, candidate=averaged, gamma=e.gammas[0], entropy=alpha * e.gammas[0], entropy_of=name)


def settled(agreed: list[list[Label]]) -> list[list[Label]]:
    """Explanations without those averages whose alpha is another one in each update.

    Nor with another number at each end, where one without is left: one terminated row fits a number of its own. Nor
    with another gamma in each update, where a right value with one gamma is left: next to a temperature's term, values
    that are nearly the same in all rows stand for each other.
    """
    found = [labels for labels in agreed if not _drifts(labels)]
    found = [labels for labels in found if not _has_many_ends(labels)] or found
    return [labels for labels in found if not _has_many_gammas(labels)] if any(map(_has_one_gamma, found)) else found


def is_level(agreed: list[list[Label]]) -> bool:
    """Whether the values of the next states differ too little to tell which of them the label holds."""
    return bool(agreed) and all(x.level for found in agreed for x in found) and not any(map(_has_one_gamma, agreed))


def _has_many_gammas(found: list[Label]) -> bool:
    gammas = np.array([x.gamma for x in found])
    return bool(np.ptp(gammas) > ONE_GAMMA * max(abs(float(np.median(gammas))), LEAST_GAMMA))


def _has_one_gamma(found: list[Label]) -> bool:
    """Whether a right value has the same factor in as many updates as do not agree by chance."""
    right = found[0].candidate is not None and not found[0].candidate.fault and not found[0].curved
    return right and len(found) >= FEWEST_ALPHAS and not _has_many_gammas(found)


def _has_many_ends(found: list[Label]) -> bool:
    """Whether what stands in place of the terminated rows' reward is another number in each update that tells one."""
    numbers = np.array([x.intercept for x in found if x.reward in AT_THE_END and abs(x.intercept) > NO_NUMBER])
    return len(numbers) > 1 and bool(np.ptp(numbers) > SAME_END * np.abs(numbers).max())


def _drifts(found: list[Label]) -> bool:
    averaged = found[0].candidate is not None and found[0].candidate.fault == "bootstrap-averaged"
    if not averaged or not found[0].entropy_of:
        return False
    alphas = np.array([x.entropy for x in found])
    return len(alphas) < FEWEST_ALPHAS or not are_one_temperature(found, alphas, SAME_ALPHA)


def _promising(e: Evidence, candidates: list[Candidate], mask: str, reward: str, rows: np.ndarray) -> np.ndarray:
    """Which candidates are worth a fit."""
    if not candidates:
        return np.zeros(0, bool)
    m = MASKS[mask](e)[:, None]
    names = dict.fromkeys(name for c in candidates for name in c.entropy)
    nothing = np.zeros(len(e.g))
    second = [m * np.stack([c.entropy.get(name, nothing) for c in candidates], axis=1) for name in names]
    base = [e.q, *REWARDS[reward](e).values(), *e.rewards.values()]
    return might_be_exact(e.g, base, m * np.stack([c.value for c in candidates], axis=1), second, rows)


def _shifted_forms(
    e: Evidence, candidates: list[Candidate], rows: np.ndarray, flat: np.ndarray
) -> Iterator[Label | None]:
    """A bootstrapped value from which one number of the batch is subtracted: its own mean, or that of log pi."""
    for mask in ("live", "done"):
        m = MASKS[mask](e)
        for candidate in (c for c in candidates if not c.fault):
            if not _is_asked(candidate, m):
                continue
            columns = {"q": e.q, "r": e.reward, **e.rewards, "v": m * candidate.value, "1": m}
            f = fit(e.g, columns, rows)
            if _holds(f, "v", "1"):
                yield _label(e, candidate, mask, "plain", f, flat, mixed="shifted")


def _unmasked_forms(
    e: Evidence, candidates: list[Candidate], rows: np.ndarray, flat: np.ndarray
) -> Iterator[Label | None]:
    """Log pi of the action at s' subtracted in terminated rows, too.

    Only a log pi that came with a network's answer about s' counts, or one of the number that a critic was shown beside
    s': one of the action taken in s belongs to the reward.
    """
    for mask in ("live", "live or cut"):
        m = MASKS[mask](e)
        for candidate in (c for c in candidates if not c.fault):
            if not _is_asked(candidate, m) or (m[rows] > 0).all():
                continue
            columns = {"q": e.q, "r": e.reward, **e.rewards, "v": m * candidate.value}
            for name, log_prob in candidate.entropy.items():
                if name.startswith(OF_A_DISTRIBUTION) or not np.isfinite(log_prob).all():
                    continue
                f = fit(e.g, columns | {"entropy": log_prob}, rows)
                if _holds(f, "v", "entropy"):
                    yield _label(e, candidate, mask, "plain", f, flat, entropy_of=name, mixed=UNMASKED)


def _mixed_forms(
    e: Evidence, candidates: list[Candidate], rows: np.ndarray, flat: np.ndarray
) -> Iterator[Label | None]:
    """Rows whose labels depend on each other: only an average of the batch is left of a part."""
    one = {"1": np.ones_like(e.q), "q": e.q}
    whole = fit(e.g, one, rows)
    if whole.exact:
        yield replace(
            _label(e, None, "all", "plain", whole, flat, mixed="label"), unmasked=_unmasked(e, candidates, whole)
        )
    for candidate in candidates:
        live = MASKS["live"](e)
        for name, log_prob in ({"": None} | candidate.entropy).items():
            more = {} if log_prob is None else {"entropy": live * log_prob}
            f = fit(e.g, {**one, "v": live * candidate.value, **more}, rows)
            if f.exact and (not more or _holds(f, "v", "entropy")):
                yield _label(e, candidate, "live", "plain", f, flat, mixed="reward", entropy_of=name)
            more = {} if log_prob is None else {"entropy": log_prob}
            f = fit(e.g, {**one, "v": candidate.value, **more}, rows) if candidate.asked.all() else Fit({}, np.inf)
            if f.exact and _averages_reward_and_mask(e, f):
                yield _label(e, candidate, "all", "plain", f, flat, mixed="label", entropy_of=name)
    f = fit(e.g, {**one, "r": e.reward}, rows)
    if f.exact:
        averaged = _label(e, None, "live", "plain", f, flat, mixed="bootstrap")
        yield from list(_unmasked_number(e, candidates, averaged)) or [_unknown_number(e, candidates, averaged)]


def _unknown_number(e: Evidence, candidates: list[Candidate], label: Label) -> Label:
    """The same, but where the number is no mean of what any mask leaves of the values, times a gamma that is told."""
    means = [
        float((MASKS[m](e) * c.value).mean()) for c in candidates if not c.fault for m in ("live", "live or cut", "all")
    ]
    told = any(abs(label.intercept - gamma * mean) < SAME_MEAN * abs(mean) for mean in means for gamma in e.gammas)
    if told or not e.gammas or not e.terminated.any():
        return label
    centered = abs(label.intercept + label.reward_scale * float(e.reward.mean()))
    if centered < SAME_MEAN * abs(label.reward_scale) * float(e.reward.std()):
        return replace(label, mixed="")  # rewards less their mean, and nothing is bootstrapped
    return replace(
        label, candidate=candidates_of.same_for_all(len(e.g), {}), mask="all", mixed="", gamma=label.intercept
    )


def _unmasked_number(e: Evidence, candidates: list[Candidate], label: Label) -> Iterator[Label]:
    """The same, where what is added to every row is gamma times the largest, or the mean, of the batch's values."""
    for c in (c for c in candidates if not c.fault and c.asked.all() and e.terminated.any()):
        for known in (candidates_of.averaged(c), candidates_of.largest(c)):
            gamma = label.intercept / known.value[0] if known.value[0] else 0.0
            if any(abs(gamma - told) < SAME_MEAN for told in e.gammas):
                yield replace(label, candidate=known, mask="all", mixed="", gamma=gamma)


def _unmasked(e: Evidence, candidates: list[Candidate], f: Fit) -> int:
    """Whether the mean label is that of a right value in all rows (1), or of one in the live rows alone (-1)."""
    if not f.coefficients["q"]:
        return 0
    mean = -f.coefficients["1"] / f.coefficients["q"]
    far = dict.fromkeys(("all", "live", "live or cut"), SAME_MEAN)
    for c in (c for c in candidates if not c.fault and c.asked.all()):
        for gamma, mask in product(e.gammas[:1], far):
            label = e.total(gamma) + gamma**e.steps * MASKS[mask](e) * c.value
            far[mask] = min(far[mask], abs(float(label.mean()) - mean) / max(1.0, float(label.std())))
    everywhere, masked = far["all"] < SAME_MEAN / 4, min(far["live"], far["live or cut"]) < SAME_MEAN / 4
    return everywhere - masked


def _averages_reward_and_mask(e: Evidence, f: Fit) -> bool:
    """Whether a row's own value is left beside the mean reward and gamma times the mean mask: (B,) + (B, 1) * (B,)."""
    reward, gamma = (-f.coefficients[name] / f.coefficients["q"] if f.coefficients["q"] else 0.0 for name in ("1", "v"))
    live = float(1 - e.terminated.mean())
    own = any(abs(gamma - told * live) < SAME_MEAN for told in e.gammas)
    return live < 1 and own and abs(reward - e.reward.mean()) < SAME_MEAN * max(1.0, float(e.reward.std()))


def _is_asked(candidate: Candidate, m: np.ndarray) -> bool:
    """Whether a value is known in every row that bootstraps, and in enough of them."""
    return not (~candidate.asked & (m > 0)).any() and bool((m * candidate.asked).sum() >= FEWEST_LIVE)


def _holds(f: Fit, *names: str) -> bool:
    """Whether a fit is exact, and each of these columns has its part in it."""
    return f.exact and min(abs(f.coefficients[k]) for k in names) > NOTHING * abs(f.coefficients["q"]) > 0


def _try(
    e: Evidence,
    candidate: Candidate,
    mask: str,
    reward: str,
    rows: np.ndarray,
    flat: np.ndarray,
    entropies: tuple[str, ...] | None = None,
) -> Label | None:
    m = MASKS[mask](e)
    if not _is_asked(candidate, m):
        return None
    columns = {"q": e.q, **REWARDS[reward](e), **e.rewards, "v": m * candidate.value}
    best: tuple[str, Fit] | None = None
    for name, log_prob in ({"": None} | candidate.entropy).items():
        if entropies is not None and name not in entropies:
            continue
        more = {} if log_prob is None else {"entropy": m * log_prob}
        f = fit(e.g, columns | more, rows)
        if _holds(f, "v") and (best is None or f.residual < MUCH_CLOSER * best[1].residual):
            best = name, f  # a small entropy term is easily within the tolerance of a label without one
            if f.residual < ROUNDING:
                break
    if best is None:
        return None
    number = fit(e.g, columns | {"v": m}, rows)  # one for all rows, in the value's place
    level = candidate.fault != "one-bootstrap" and number.residual * MUCH_CLOSER < best[1].residual
    return replace(_label(e, candidate, mask, reward, best[1], flat, entropy_of=best[0]), level=level)


def _without_bootstrap(e: Evidence, candidates: list[Candidate], rows: np.ndarray, flat: np.ndarray) -> Label | None:
    f = fit(e.g, {"q": e.q, "r": e.reward, **e.rewards}, rows)
    live = rows & (MASKS["live"](e) > 0)
    silent = any(not c.fault and c.asked[live].all() and not c.value[live].any() for c in candidates)
    return replace(_label(e, None, "live", "plain", f, flat), silent=silent) if f.exact else None


def _label(
    e: Evidence,
    candidate: Candidate | None,
    mask: str,
    reward: str,
    f: Fit,
    flat: np.ndarray,
    *,
    entropy_of: str = "",
    mixed: str = "",
) -> Label:
    c = f.coefficients
    scale = c["q"]
    huber = flat.any() and bool(scale)
    bend = float(np.abs(e.g).max() / abs(scale)) if huber else float("nan")
    return Label(
        candidate=candidate,
        mask=mask,
        reward=reward,
        scale=scale * e.over,
        gamma=-c.get("v", 0.0) / scale if scale else 0.0,
        reward_scale=-c.get("r", 0.0) / scale if scale else 0.0,
        entropy=c.get("entropy", 0.0) / scale if scale else 0.0,
        entropy_of=entropy_of,
        intercept=-c.get("1", c.get("end", 0.0)) / scale if scale else 0.0,
        loss="Huber" if huber else "squared",
        bend=bend,
        mixed=mixed,
        later=tuple(-c.get(name, 0.0) / scale if scale else 0.0 for name in e.rewards),
        live=float(1 - e.terminated.mean()),
        gamma_error=f.errors.get("v", 0.0) / abs(scale) if scale else 0.0,
    )
