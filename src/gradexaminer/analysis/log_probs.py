"""Log-probabilities that an entropy term may be made of, wherever they were computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.analysis.values import Table
    from gradexaminer.recording.trace import LogProb, Update

SMALL = (1e-6, 1e-7)  # what programs add inside log(1 - tanh(u)**2)


def log_probs(update: Update, said: list[Table], rows: int, before: int, end: int = NEXT) -> dict[str, np.ndarray]:
    """Return candidates for log pi(a|s), one number a row, by a name that is the same in every update.

    An actor may return it beside its action; or a distribution's `log_prob` gave it, per entry or summed, with or
    without the correction for a tanh that was applied afterwards.
    """
    made: dict[str, np.ndarray] = {}
    for t in said:
        if t.end == end and not t.with_action and t.values.shape[1] == 1 and np.isfinite(t.values).all():
            made[f"{t.call.network} {t.call.method}[{t.output}]"] = t.values[:, 0]
    given = [x for x in update.log_probs if x.method == "log_prob" and x.time < before and x.value.size % rows == 0]
    for i, x in enumerate(given):
        for name, value in _forms(x, rows):
            made[f"log_prob {i}{name}"] = value
    return made


def _forms(x: LogProb, rows: int) -> list[tuple[str, np.ndarray]]:
    value = x.value.reshape(rows, -1).sum(axis=1)
    forms = [("", value)]
    if x.of is not None and x.of.size % rows == 0:
        u = x.of.reshape(rows, -1)
        forms += [(f" - log(1 - tanh^2 + {s:g})", value - np.log(1 - np.tanh(u) ** 2 + s).sum(axis=1)) for s in SMALL]
        exact = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
        forms.append((" - log(1 - tanh^2)", value - exact.sum(axis=1)))
    return forms
