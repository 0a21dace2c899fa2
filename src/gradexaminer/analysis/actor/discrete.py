"""Whether a policy over discrete actions climbs its critics' values, as in discrete SAC.

Christodoulou (2019), arXiv 1910.07207, eq. 12.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.actor.entropy_weight import Weight
from gradexaminer.analysis.reading.fits import Fit, fit, is_constant
from gradexaminer.analysis.reading.policies import NOTHING, is_policy, logit_gradient, probabilities
from gradexaminer.analysis.reading.tables import Table, tables
from gradexaminer.analysis.reading.values import value_rows
from gradexaminer.analysis.update.applied import is_swept, sign_of
from gradexaminer.findings import FAULT, NOT_SEEN, SUSPICION, Report
from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Call, Update

FEWEST, FEWEST_ROWS = 3, 8  # updates, and rows of one, in which log pi got one number by more than chance


@dataclass(frozen=True)
class Explained:
    """What explains a policy's gradient at its logits exactly.

    Attributes
    ----------
    fit : Fit
        The factors of `q` and `log pi`.
    parts : list of Table
        The critics whose values these are.
    shown : float
        How much of the gradient log pi would be with the factor that Q has.
    code, told : str
        What is wrong with it, and the evidence; empty where nothing is.
    """

    fit: Fit
    parts: list[Table]
    shown: float
    code: str = ""
    told: str = ""

    @property
    def weight(self) -> Weight:
        """Log pi's factor beside that of Q, which a mean or sum over the batch does not change."""
        q, of_log_pi = self.fit.coefficients["q"], self.fit.coefficients["log pi"]
        return Weight(-of_log_pi / q if self.fit.resolves("log pi") else 0.0, self.shown)


def examine_discrete_actor(seen: Observed, online: frozenset[int], report: Report) -> dict[int, Weight]:
    """Say how policies over discrete actions learn, and what is wrong with it; give log pi's factor by update."""
    unknown, weights = set[str](), dict[int, Weight]()
    for update, b, call in _of_policies(seen):
        if (call.keys.end == NEXT).all() and not value_rows(seen, update, b.number):
            _say_next(call, _explained(seen, update, b, call, online), report)
        if not (call.keys.end == HERE).all() or is_swept(update, b, call.parameters):
            continue  # swept, such as a temperature's loss in which log pi is not detached
        found = _explained(seen, update, b, call, online)
        if found is not None:
            _say(call, found, report, sign_of(update, b))
            if not found.code:
                weights.setdefault(update.number, found.weight)
        elif not _says_without_q(seen, b, call, report):
            unknown.add(call.network)
    policies = any(True for _ in _of_policies(seen))
    if (unknown or not policies) and seen.spaces.n_actions is not None and _is_log_pi_alone(seen):
        told = "d loss / d log pi is one number in all rows, and no gradient goes through the action that was drawn"
        report.add(FAULT, "actor-detached", ", ".join(sorted(unknown)), told)
        return weights
    for network in sorted(unknown):
        report.add(NOT_SEEN, "policy-not-examined", network)
    return weights


def _is_log_pi_alone(seen: Observed) -> bool:
    """Whether all that a policy gets comes through log pi of the action drawn, and is the same in every row.

    As a factor of Q, log pi would get another gradient in each row (the likelihood ratio).
    """
    known = []
    for update in seen.updates:
        given = [g.reshape(-1) for x in update.log_probs if x.method == "log_prob" for g in x.gradients.values()]
        if given and np.any(together := np.concatenate(given)):
            known.append(len(together) >= FEWEST_ROWS and is_constant(together))
    return len(known) >= FEWEST and all(known)


def _of_policies(seen: Observed) -> Iterator[tuple[Update, Backward, Call]]:
    """Calls of policies over discrete actions that a backward pass went through."""
    for update in seen.updates if seen.spaces.n_actions is not None else ():
        for b in update.backwards:
            yield from ((update, b, call) for call in update.calls_with_gradient(b.number) if is_policy(seen, call))


def _say_next(call: Call, found: Explained | None, report: Report) -> None:
    if found is not None and found.code == "actor-other-state":
        report.add(FAULT, found.code, call.network, found.told)
    else:
        report.add(SUSPICION, "actor-next-state", call.network)


def _explained(seen: Observed, update: Update, b: Backward, call: Call, online: frozenset[int]) -> Explained | None:
    """The gradient of E_pi[alpha log pi - Q] at the logits: pi times what each action has more than the mean."""
    n = seen.spaces.n_actions or 0
    pi, g = probabilities(call, n), logit_gradient(call, b.number, n)
    if pi is None or g is None:
        return None
    said = tables(seen, update, b.time, call.keys.index, online)
    critics = [t for t in said if t.values.shape[1] == n and not is_policy(seen, t.call)]
    entropy = _above_mean(pi, np.log(pi + 1e-8))
    for q, parts, code, told in _values(critics, int(call.keys.end[0])):
        f = fit(g.reshape(-1), {"q": _above_mean(pi, q), "log pi": entropy}, np.ones(g.size, bool))
        if f.exact and f.resolves("q"):
            shown = abs(f.coefficients["q"]) * float(np.linalg.norm(entropy) / np.linalg.norm(g))
            return Explained(f, parts, shown, code, told)
    return None


def _values(critics: list[Table], end: int) -> Iterator[tuple[np.ndarray, list[Table], str, str]]:
    """Values that a policy asked at this end of the transitions may climb, the right ones first, with what is wrong."""
    own, other = ([t for t in critics if (t.end == end) == here] for here in (True, False))
    singles, twins = [(t.values, [t]) for t in own], list(combinations(own, 2))
    smaller = [(np.minimum(x.values, y.values), [x, y]) for x, y in twins]
    means = [((x.values + y.values) / 2, [x, y]) for x, y in twins]
    for q, parts in [*reversed(singles), *reversed(smaller), *reversed(means)]:
        yield q, parts, "", ""
    told = "the larger of two critics' values explains d loss / d logits, the smaller does not"
    for x, y in twins:
        yield np.maximum(x.values, y.values), [x, y], "actor-max-of-twins", told
    places = ("s", "s'") if end == HERE else ("s'", "s")
    told = "the policy was asked at {} and the critic at {}".format(*places)
    for t in other:
        yield t.values, [t], "actor-other-state", told
    for x, y in combinations(other, 2):
        yield np.minimum(x.values, y.values), [x, y], "actor-other-state", told


def _says_without_q(seen: Observed, b: Backward, call: Call, report: Report) -> bool:
    """Whether what reaches the logits holds no Q: nothing at all, or the sum of log pi over all actions alone."""
    n = seen.spaces.n_actions or 0
    pi, g = probabilities(call, n), logit_gradient(call, b.number, n)
    if pi is None or g is None:
        return False
    if np.abs(g).max() < NOTHING:
        report.add(FAULT, "actor-detached", call.network, "d loss / d logits is 0 but for rounding")
        return True
    f = fit(g.reshape(-1), {"log pi": (1 - n * pi).reshape(-1)}, np.ones(g.size, bool))
    if f.exact:
        told = "d loss / d logits is that of the sum of log pi over all actions, and holds no Q"
        report.add(FAULT, "actor-policy-left-out", call.network, told)
    return f.exact


def _above_mean(pi: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(pi * (x - (pi * x).sum(axis=1, keepdims=True))).reshape(-1)


def _say(call: Call, found: Explained, report: Report, sign: int) -> None:
    f, rows = found.fit, sign * len(call.keys.index)
    q, entropy = f.coefficients["q"] * rows, f.coefficients["log pi"] * rows
    of = " (of two critics)" if len(found.parts) > 1 else ""
    report.convention(f"actor: mean of -Q over the policy's actions{of}")
    if q > 0:
        report.add(FAULT, "actor-sign", call.network, f"d loss / d logits is {q:+.3g} times pi (Q - mean of Q) / B")
    if found.code:
        report.add(FAULT, found.code, call.network, found.told)
    if all(not t.online for t in found.parts):
        report.add(FAULT, "actor-target-critic", call.network, "target critics alone explain d loss / d logits")
    if not f.resolves("log pi"):
        return
    if entropy < 0:
        report.add(FAULT, "actor-entropy-sign", call.network, f"the factor of log pi is {entropy:.3g}")
    else:
        report.convention("actor: entropy bonus")
