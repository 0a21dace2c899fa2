"""Actors that learn from log pi of a drawn action times a number that carries no gradient, such as log pi - Q.

Haarnoja et al. (2018), arXiv 1801.01290, section 4.2, and Williams (1992).
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import is_affine
from gradexaminer.analysis.reading.fits import Fit, fit
from gradexaminer.analysis.reading.log_probs import forms_of
from gradexaminer.analysis.update.applied import sign_of
from gradexaminer.findings import FAULT, Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Call, LogProb, Update

FEWEST = 3  # updates in which the same formula holds
SAME = 1e-5  # of the largest entry


def likelihood_ratio(seen: Observed, report: Report) -> bool:
    """Say what each row's log pi is multiplied with, where that is alpha log pi - Q, but for a number of its state."""
    found = [f for u in seen.updates for b in u.backwards if not b.probe and (f := _factors(seen, u, b))]
    if len(found) < FEWEST:
        return False
    of_q, of_log_pi = (np.array(x) for x in zip(*found, strict=True))
    if (of_q > 0).all():
        report.add(FAULT, "actor-sign", "", f"each row's log pi is multiplied with {of_q[0]:+.3g} Q; the step descends")
    if (of_log_pi < 0).all():
        report.add(FAULT, "actor-entropy-sign", "", f"each row's log pi is multiplied with {of_log_pi[0]:+.3g} log pi")
    alpha = float(np.median(np.abs(of_log_pi / of_q)))
    report.convention(f"actor: likelihood ratio, log pi times alpha log pi - Q, alpha {alpha:.3g}")
    return True


def _factors(seen: Observed, update: Update, backward: Backward) -> tuple[float, float] | None:
    """The factors of Q and of log pi in what log pi is multiplied with, as the step descends; None where none fits."""
    sign = sign_of(update, backward)
    for drawn, weights in _weights(update, backward):
        asked = [c for c in update.calls if _is_shown(c, np.asarray(drawn.of).reshape(len(weights), -1))]
        for (name, log_pi), q in product(forms_of(drawn, len(weights)), _values(asked, len(weights))):
            f = _fit(update, asked[0], sign * weights, {"q": q, "log pi": log_pi})
            if f.exact and f.resolves("q") and (f.resolves("log pi") or not name):
                return f.coefficients["q"], f.coefficients["log pi"]
    return None


def _values(asked: list[Call], rows: int) -> list[np.ndarray]:
    """Each critic's values, and the smallest of all."""
    each = [x.reshape(-1) for c in asked for x in c.outputs if x.size == rows]
    return [*each, np.min(each, axis=0)] if each else []


def _weights(update: Update, backward: Backward) -> Iterator[tuple[LogProb, np.ndarray]]:
    """Log-probabilities to which a pass brought one number for each row, and these numbers."""
    for x in update.log_probs:
        g = x.gradients.get((backward.number, 0))
        if x.method != "log_prob" or g is None or x.of is None or not np.any(g):
            continue
        table = g.reshape(len(g), -1)
        if np.ptp(table, axis=1).max() <= SAME * np.abs(table).max():
            yield x, table.mean(axis=1)


def _is_shown(call: Call, u: np.ndarray) -> bool:
    """Whether a critic was shown the drawn numbers, or their tanh, in the states in which they were drawn."""
    return call.keys.all_here and any(
        x.shape == u.shape and (is_affine(x, u) or is_affine(x, np.tanh(u))) for x in call.extra
    )


def _fit(update: Update, critic: Call, weights: np.ndarray, columns: dict[str, np.ndarray]) -> Fit:
    """What log pi is multiplied with, from Q, log pi, and numbers that belong to the states alone."""
    of_states = {"1": np.ones(len(weights))}
    for call in update.calls:
        same = np.array_equal(call.keys.index, critic.keys.index) and call.keys.all_here
        if same and not call.extra and call.outputs and call.outputs[0].size == len(weights):
            of_states[f"value {call.network}"] = call.outputs[0].reshape(-1)
    return fit(weights, columns | of_states, np.ones(len(weights), bool))
