"""What a state-value network learns, as in the first SAC: V(s) towards min Q(s, a) - alpha log pi(a|s), a from pi.

No reward, no discount and no mask are in that label; the next state comes in by the critics' own label alone.
Source: Haarnoja et al. 2018, "Soft Actor-Critic", equation 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gradexaminer.analysis.critic.candidates import Candidate, combined
from gradexaminer.analysis.critic.log_prob_density import slips
from gradexaminer.analysis.critic.log_prob_findings import say_log_prob_of
from gradexaminer.analysis.reading.actions import are_stored, stored_actions
from gradexaminer.analysis.reading.fits import Fit, fit
from gradexaminer.analysis.reading.log_probs import log_probs
from gradexaminer.analysis.reading.tables import Table, tables
from gradexaminer.analysis.reading.values import ValueRows
from gradexaminer.findings import FAULT, SUSPICION, Report
from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Update

SAME = 1e-3  # relative distance of a factor from 1 that counts as rounding


class Explained(NamedTuple):
    """The critics' value that V learns, its fit, and the log pi in it, where there is one."""

    name: str
    fit: Fit
    candidate: Candidate | None = None
    log_pi: np.ndarray | None = None


def is_state_value(seen: Observed, view: CriticView) -> bool:
    """Whether this network is shown no action, in a program whose critics are shown one."""
    shown = any(c.extra for u in seen.updates for c in u.calls)
    return seen.spaces.continuous and shown and all(rows.action is None for _, _, rows in view.rows)


def say_state_value(seen: Observed, view: CriticView, online: frozenset[int], report: Report) -> None:
    """Say what it learns, or that no value of s explains its gradient."""
    found = [x for x in (_explained(seen, *row, online) for row in view.rows) if x is not None]
    if not found:
        found = [x for x in (_explained(seen, *row, online, larger=True) for row in view.rows) if x is not None]
        if len(found) == len(view.rows):
            report.add(FAULT, "max-of-twins", view.name, f"V(s) learns the {found[0].name}")
    if len(found) < len(view.rows):
        _say_replayed(seen, view, online, report)
        return
    name, f, candidate, log_pi = found[0]
    factor, entropy = -f.coefficients["v"] / f.coefficients["q"], f.coefficients.get("entropy", 0.0)
    alpha = entropy / f.coefficients["q"]
    bonus = f" minus alpha log pi, alpha {alpha:.3g}" if entropy else ""
    report.convention(f"state value {view.name}: {name}{bonus}")
    if f.coefficients["q"] < 0:
        report.add(FAULT, "ascent", view.name, f"d loss / d V is {f.coefficients['q']:.3g} (V - y)")
    if alpha < 0:
        report.add(FAULT, "entropy-sign", view.name, f"log pi's factor in the label is +{-alpha:.3g}")
    if all(x.fit.coefficients.get("1") for x in found) and len(found) > 1:
        told = "one number is added to every row's label, and no row's own log pi"
        report.add(FAULT, "entropy-averaged", view.name, told)
    if log_pi is not None and alpha > 0 and candidate is not None and candidate.parts:
        say_log_prob_of(seen, view, candidate.parts[0], log_pi, report)
    if abs(factor - 1) > SAME:
        report.convention(f"state value {view.name}: the critics' value times {factor:.3g}")


def _explained(
    seen: Observed, update: Update, backward: Backward, rows: ValueRows, online: frozenset[int], *, larger: bool = False
) -> Explained | None:
    """The critics' value that V learns, and its fit; of those in which the larger of several counts, if asked for."""
    said = tables(seen, update, backward.time, rows.index, online)
    stored = stored_actions(seen, rows.index)
    asked = [t for t in said if t.end == HERE and t.with_action and t.values.shape[1] == 1 and not _is(t, stored)]
    entropies = {"": None} | log_probs(update, said, len(rows.index), backward.time, HERE)
    wrong = slips(update, said, len(rows.index), backward.time, HERE)
    everywhere = np.ones(len(rows.g), bool)
    for candidate in combined(asked):
        if (candidate.fault == "max-of-twins") != larger:
            continue
        for log_prob in (*entropies.values(), *wrong.values()):
            more = {} if log_prob is None else {"entropy": log_prob}
            f = fit(rows.g, {"q": rows.q, "v": candidate.value, **more}, everywhere)
            if f.exact and f.coefficients["v"] and f.coefficients["q"]:
                return Explained(candidate.name, f, candidate, log_prob)
        f = fit(rows.g, {"q": rows.q, "v": candidate.value, "1": np.ones_like(rows.g)}, everywhere)
        if f.exact and f.coefficients["v"] and f.coefficients["q"] and f.coefficients["1"]:
            return Explained(candidate.name, f)
    return None if larger else _mixture(rows, [t.values[:, 0] for t in asked], entropies)


def _say_replayed(seen: Observed, view: CriticView, online: frozenset[int], report: Report) -> None:
    """Critics' values of the stored actions, beside a log pi that is of an action of the policy's; or nothing known."""
    found = [_of_stored(seen, *row, online) for row in view.rows]
    if not all(found):
        report.add(SUSPICION, "unexplained", view.name, "no critic's value of s explains what this state value learns")
        return
    name, log_pi = next(x for x in found if x)
    beside = " minus alpha log pi" if log_pi else ""
    told = f"V(s) learns the {name} at the actions of the batch{beside}"
    report.add(FAULT if log_pi else SUSPICION, "state-value-replayed", view.name, told)


def _of_stored(
    seen: Observed, update: Update, backward: Backward, rows: ValueRows, online: frozenset[int]
) -> tuple[str, bool] | None:
    """Whose values of the stored actions V learns, and whether log pi is in its label."""
    said = tables(seen, update, backward.time, rows.index, online)
    stored = stored_actions(seen, rows.index)
    asked = [t for t in said if t.end == HERE and t.with_action and t.values.shape[1] == 1 and _is(t, stored)]
    given: list[np.ndarray | None] = [None]
    for end in (HERE, NEXT):
        given += log_probs(update, said, len(rows.index), backward.time, end).values()
    for candidate in combined(asked):
        for log_prob in given:
            more = {} if log_prob is None else {"entropy": log_prob}
            f = fit(rows.g, {"q": rows.q, "v": candidate.value, **more}, np.ones(len(rows.g), bool))
            if f.exact and f.resolves("v") and f.resolves("q") and (not more or f.resolves("entropy")):
                return candidate.name, log_prob is not None
    return None


def _mixture(rows: ValueRows, values: list[np.ndarray], entropies: Mapping[str, np.ndarray | None]) -> Explained | None:
    """A weighted mean of the smaller and the larger of two critics, as in BCQ: weights above 0 that add up to 1.

    Fujimoto et al. 2019, "Off-Policy Deep Reinforcement Learning without Exploration", equation 13.
    """
    if len(values) != 2:
        return None
    low, high = np.minimum(*values), np.maximum(*values)
    for log_prob in entropies.values():
        more = {} if log_prob is None else {"entropy": log_prob}
        f = fit(rows.g, {"q": rows.q, "low": low, "high": high, **more}, np.ones(len(rows.g), bool))
        if not f.exact or not f.coefficients["q"]:
            continue
        smaller, larger = (-f.coefficients[name] / f.coefficients["q"] for name in ("low", "high"))
        if min(smaller, larger) > SAME and abs(smaller + larger - 1) < SAME:
            weights = f"{smaller:.3g} of the smaller and {larger:.3g} of the larger of two critics"
            return Explained(weights, replace(f, coefficients={**f.coefficients, "v": -f.coefficients["q"]}))
    return None


def _is(t: Table, stored: np.ndarray) -> bool:
    """Whether the critic was shown the stored actions."""
    return any(are_stored(x, stored) for x in t.call.extra)
