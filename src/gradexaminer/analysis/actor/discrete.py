"""Whether a policy over discrete actions climbs its critics' values, as in discrete SAC.

Christodoulou (2019), arXiv 1910.07207, eq. 12.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.fits import Fit, fit
from gradexaminer.analysis.reading.policies import is_policy, logit_gradient, probabilities
from gradexaminer.analysis.reading.tables import Table, tables
from gradexaminer.analysis.reading.values import value_rows
from gradexaminer.analysis.update.applied import is_swept, sign_of
from gradexaminer.findings import FAULT, NOT_SEEN, SUSPICION, Report
from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Call, Update


def examine_discrete_actor(seen: Observed, online: frozenset[int], report: Report) -> None:
    """Say how policies over discrete actions learn, and what is wrong with it."""
    n = seen.spaces.n_actions
    unknown = set()
    for update in seen.updates:
        for b in update.backwards:
            for call in update.calls_with_gradient(b.number):
                if n is None or not is_policy(seen, call):
                    continue
                if (call.keys.end == NEXT).all() and not value_rows(seen, update, b.number):
                    report.add(SUSPICION, "actor-next-state", call.network)
                if not (call.keys.end == HERE).all():
                    continue
                if is_swept(update, b, call.parameters):
                    continue  # such as a temperature's loss in which log pi is not detached
                found = _explained(seen, update, b, call, online)
                if found is None:
                    unknown.add(call.network)
                else:
                    _say(call, *found, report, sign_of(update, b))
    for network in sorted(unknown):
        report.add(NOT_SEEN, "policy-not-examined", network)


def _explained(
    seen: Observed, update: Update, b: Backward, call: Call, online: frozenset[int]
) -> tuple[Fit, list[Table], bool] | None:
    """The gradient of E_pi[alpha log pi - Q] at the logits: pi times what each action has more than the mean.

    With the critics whose values these are, and whether the larger of two is meant.
    """
    n = seen.spaces.n_actions or 0
    pi, g = probabilities(call, n), logit_gradient(call, b.number, n)
    if pi is None or g is None:
        return None
    said = [t for t in tables(seen, update, b.time, call.keys.index, online) if t.end == HERE]
    critics = [t for t in said if t.values.shape[1] == n and not is_policy(seen, t.call)]
    singles = [(t.values, [t]) for t in critics]
    smaller = [(np.minimum(x.values, y.values), [x, y]) for x, y in combinations(critics, 2)]
    means = [((x.values + y.values) / 2, [x, y]) for x, y in combinations(critics, 2)]
    larger = [(np.maximum(x.values, y.values), [x, y]) for x, y in combinations(critics, 2)]
    entropy = _above_mean(pi, np.log(pi + 1e-8))
    for q, parts in [*reversed(singles), *reversed(smaller), *reversed(means), *larger]:
        f = fit(g.reshape(-1), {"q": _above_mean(pi, q), "log pi": entropy}, np.ones(g.size, bool))
        if f.exact and f.resolves("q"):
            return f, parts, any(q is x for x, _ in larger)
    return None


def _above_mean(pi: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(pi * (x - (pi * x).sum(axis=1, keepdims=True))).reshape(-1)


def _say(call: Call, f: Fit, parts: list[Table], larger: bool, report: Report, sign: int) -> None:
    rows = sign * len(call.keys.index)
    q, entropy = f.coefficients["q"] * rows, f.coefficients["log pi"] * rows
    of = " (of two critics)" if len(parts) > 1 else ""
    report.convention(f"actor: mean of -Q over the policy's actions{of}")
    if q > 0:
        report.add(FAULT, "actor-sign", call.network, f"d loss / d logits is {q:+.3g} times pi (Q - mean of Q) / B")
    if larger:
        told = "the larger of two critics' values explains d loss / d logits, the smaller does not"
        report.add(FAULT, "actor-max-of-twins", call.network, told)
    if all(not t.online for t in parts):
        report.add(FAULT, "actor-target-critic", call.network, "target critics alone explain d loss / d logits")
    if not f.resolves("log pi"):
        return
    if entropy < 0:
        report.add(FAULT, "actor-entropy-sign", call.network, f"the factor of log pi is {entropy:.3g}")
    else:
        report.convention("actor: entropy bonus")
