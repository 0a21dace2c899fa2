"""Whether a label's log pi is the density of the drawn number whose tanh the target critic is shown.

Both are compared up to a factor and a constant: the scale of an action moves log pi by a constant, and other checks
read the factor. What is no such density is named where it is that of another number, or one with another correction.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import is_affine
from gradexaminer.analysis.reading.log_probs import SMALL, forms_of, log_of_room, scale_of, tanh_correction
from gradexaminer.findings import FAULT, SUSPICION, Report
from gradexaminer.recording.rows import NEXT
from gradexaminer.recording.trace import LogProb

if TYPE_CHECKING:
    from gradexaminer.analysis.reading.tables import Table
    from gradexaminer.recording.trace import Update

SAME = 1e-4  # of the deviation of log pi: smaller differences are rounding
LARGE = (1e-5, 1e-4, 1e-2, 1e-1)  # what some programs add inside log(1 - tanh(u)**2), beside the usual
FEWEST = 12  # rows of a comparison
MOST = 0.7  # of the rows are kept for a line, by their distance from it
TRIMS = 4
HALF_LOG = 0.5 * np.log(2 * np.pi)


def say_density(
    where: str, update: Update, drawn: LogProb, shown: np.ndarray, log_pi: np.ndarray, report: Report
) -> None:
    """Say what stands in place of log pi of the number that was drawn, if it is something else."""
    rows = len(log_pi)
    u = drawn.value.reshape(rows, -1)
    value = _density_of(update, drawn, u)
    slope_of_tanh = scale_of(shown, np.tanh(u))
    right = chain(_corrections(u), _corrections(u, slope_of_tanh))
    if value is None or rows < FEWEST or any(_is_line(log_pi, value - c) for c in right):
        return
    entropy = None if drawn.moments is None else np.log(drawn.moments[1].reshape(rows, -1)).sum(axis=1)
    if entropy is not None and (slope := _slope(entropy, log_pi)):
        if slope > 0:
            report.add(FAULT, "entropy-sign", where, "the policy's entropy stands where log pi belongs")
        return
    if _is_line(log_pi, value):
        told = "it equals log pi of the number before the tanh, but for a constant: the correction is missing"
        report.add(FAULT, "log-prob-uncorrected", where, told)
    elif any(_is_line(log_pi - value, other) for other in _other_corrections(u, drawn)):
        told = "what the density of the drawn number is corrected by is not log(1 - tanh^2) of that number"
        report.add(FAULT, "log-prob-correction", where, told)
    elif any(_is_line(log_pi, other) for other in _of_other_numbers(update, u)):
        told = "it is the density at another number than the one whose tanh the critic is shown"
        report.add(FAULT, "log-prob-other-action", where, told)
    elif any(_is_line(log_pi, x - c) for x in _at_it(update, u) for c in _corrections(u)):
        told = "it is the density of another distribution than the one that the number was drawn from"
        report.add(FAULT, "log-prob-density", where, told)
    else:
        report.add(SUSPICION, "log-prob-density", where, _apart(log_pi, value - tanh_correction(u)))


def slips(update: Update, said: list[Table], rows: int, before: int, end: int = NEXT) -> dict[str, np.ndarray]:
    """What a program may have in place of log pi of the action that a critic is shown beside a state, by name."""
    shown = [x for t in said if t.with_action and t.end == end for x in t.call.extra if len(x) == rows]
    made: dict[str, np.ndarray] = {}
    for x in (x for x in update.log_probs if x.method != "log_prob" and x.time < before and x.value.size % rows == 0):
        u = x.value.reshape(rows, -1)
        value = _density_of(update, x, u)
        if value is None or not any(e.shape == u.shape and is_affine(e, np.tanh(u)) for e in shown):
            continue
        wrong = list(enumerate(_wrong_corrections(u, x)))
        made |= {f"log pi with correction {i}": value - c for i, c in wrong}
        others = [y.value.reshape(rows, -1).sum(axis=1) for y, w in _given(update, u) if not np.allclose(w, u)]
        own = [np.zeros(rows), *(sign * c for c in _usual(u) for sign in (1, -1)), *(_usual(np.tanh(u)))]
        made |= {f"density {i} with correction {k}": v - c for i, v in enumerate(others) for k, c in enumerate(own)}
        if x.moments is not None:
            entropy = (np.log(x.moments[1]) + HALF_LOG + 0.5).reshape(rows, -1).sum(axis=1)
            made |= {"minus the entropy": -entropy, "the entropy": entropy}
    return made


def _usual(u: np.ndarray) -> list[np.ndarray]:
    """The correction, exact and with the two numbers that most programs add inside of the logarithm."""
    return [tanh_correction(u), *(log_of_room(u, small).sum(axis=1) for small in SMALL[:2])]


def _wrong_corrections(u: np.ndarray, drawn: LogProb) -> Iterator[np.ndarray]:
    """Slips of the correction as they stand in programs."""
    tanh, size = np.tanh(u), u.shape[1]
    for c, twice in zip(_usual(u), _usual(tanh), strict=True):
        yield from (-c, c / size, c / 2, twice)
    for small in SMALL[:2]:
        yield np.log(1 - tanh + small).sum(axis=1)
    yield from ((2 * (np.log(2) + x)).sum(axis=1) for x in _softplus_slips(u))
    if drawn.moments is not None:
        yield from _usual(drawn.moments[0].reshape(u.shape))


def _softplus_slips(u: np.ndarray) -> tuple[np.ndarray, ...]:
    """What slips make of -u - softplus(-2 u), the correction without its constant and factor."""
    falling, rising, slow = (np.logaddexp(0, factor * u) for factor in (-2, 2, -1))
    return u - falling, -u - rising, u - rising, -u - slow


def _density_of(update: Update, drawn: LogProb, u: np.ndarray) -> np.ndarray | None:
    """The logarithm of the density at `u`: as a distribution gave it, or of the normal one that `u` comes from."""
    if drawn.moments is not None:
        mean, deviation = (x.reshape(u.shape) for x in drawn.moments)
        return np.asarray((-0.5 * ((u - mean) / deviation) ** 2 - np.log(deviation) - HALF_LOG).sum(axis=1))
    return next(_at_it(update, u), None)


def _at_it(update: Update, u: np.ndarray) -> Iterator[np.ndarray]:
    """What distributions gave as `log_prob` of these numbers, summed over entries."""
    return (x.value.reshape(len(u), -1).sum(axis=1) for x, of in _given(update, u) if np.allclose(of, u, atol=1e-6))


def _given(update: Update, u: np.ndarray) -> Iterator[tuple[LogProb, np.ndarray]]:
    """What distributions gave as `log_prob` of numbers of this size, and those numbers."""
    for x in update.log_probs:
        if x.method == "log_prob" and x.of is not None and x.of.size == u.size and x.value.size % len(u) == 0:
            yield x, x.of.reshape(u.shape)


def _corrections(u: np.ndarray, slope: np.ndarray | float = 1.0) -> Iterator[np.ndarray]:
    """The sum of log(slope (1 - tanh(u)^2)) over entries, exact and with what programs add inside of the logarithm."""
    yield tanh_correction(u)
    yield from (log_of_room(u, small, slope).sum(axis=1) for small in (*SMALL, *LARGE))


def _other_corrections(u: np.ndarray, drawn: LogProb) -> Iterator[np.ndarray]:
    """What slips make of the correction, each up to a factor: log 2 - u - softplus(-2 u), or log(1 - tanh(u)^2)."""
    falling, tanh = np.logaddexp(0, -2 * u), np.tanh(u)
    yield from _corrections(u)
    yield from _corrections(tanh)
    forms = (*_softplus_slips(u), -u + falling, falling, u)
    yield from (form.sum(axis=1) for form in (*forms, tanh, tanh**2, tanh * u))
    for small in SMALL:
        held = (np.log(np.maximum(x, 0) + small) for x in (1 - tanh, 1 + tanh, 1 - u**2, 1 - np.tanh(tanh) ** 2))
        yield from (x.sum(axis=1) for x in held)
        yield np.log(np.clip(1 - u**2, small, None)).sum(axis=1)
    if drawn.moments is not None:
        yield from _corrections(drawn.moments[0].reshape(u.shape))


def _of_other_numbers(update: Update, u: np.ndarray) -> Iterator[np.ndarray]:
    """Densities at other numbers, with any correction: that of the drawn one, of its tanh, or of their own."""
    corrections = [np.zeros(len(u)), *_corrections(u), *_corrections(np.tanh(u))]
    for x, of in _given(update, u):
        if np.allclose(of, u, atol=1e-6):
            continue
        value = x.value.reshape(len(u), -1).sum(axis=1)
        yield from (value - sign * c for c in corrections for sign in (1, -1))
        yield from (form for _, form in forms_of(x, len(u)))
    for x in update.log_probs:
        if x.method != "log_prob" and x.moments is not None and x.value.size == u.size:
            w = x.value.reshape(u.shape)
            of_it = _density_of(update, x, w)
            yield from () if of_it is None or np.allclose(w, u) else (of_it - c for c in _corrections(w))


def _is_line(y: np.ndarray, x: np.ndarray) -> bool:
    """Whether `y` is a factor times `x` and a constant, in most rows."""
    return bool(_slope(x, y))


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    """The factor of `x` in `y`, up to a constant, where that holds in most rows; else 0."""
    if not np.isfinite(x).all() or np.ptp(x) <= 1e-6 * max(1.0, float(np.abs(x).max())):
        return 0.0
    table, kept = np.stack([x, np.ones_like(x)], axis=1), np.ones(len(x), bool)
    for _ in range(TRIMS):  # near the tanh's bounds, a few rows have other digits
        line, *_ = np.linalg.lstsq(table[kept], y[kept], rcond=None)
        left = np.abs(y - table @ line)
        kept = left <= np.quantile(left, MOST)
    return float(line[0]) if np.median(left) < SAME * max(float(y.std()), 1e-30) and abs(line[0]) > SAME else 0.0


def _apart(log_pi: np.ndarray, right: np.ndarray) -> str:
    """How far log pi is from the density, whatever the constant."""
    far = log_pi - right
    return f"it differs from the density of the drawn number by what varies by {float(far.std()):.2g} from row to row"
