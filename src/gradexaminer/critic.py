"""Findings about a critic: its label, its loss, and where its gradient goes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer import candidates, label
from gradexaminer.findings import FAULT, NOT_SEEN, NOTE, SUSPICION, Report
from gradexaminer.fits import is_constant
from gradexaminer.log_probs import log_probs
from gradexaminer.rows import NEXT
from gradexaminer.values import Table, ValueRows, tables, value_rows

if TYPE_CHECKING:
    from gradexaminer.observe import Observed
    from gradexaminer.trace import Backward, Call, Update

NOTHING = 1e-5  # share of the largest gradient below which another one counts as 0
NEAR = 0.5  # of the actions' deviation: noise on a target action stays below that
SAME_GAMMA = 2e-4


class CriticView:
    """One critic's output, followed through all recorded updates.

    Attributes
    ----------
    rows : list of (Update, Backward, ValueRows)
    labels : list of list of Label
        What explains each update; empty lists where nothing does.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[tuple[Update, Backward, ValueRows]] = []
        self.labels: list[list[label.Label]] = []


def online_parameters(seen: Observed) -> frozenset[int]:
    """Parameters that some optimizer's step moves."""
    return frozenset(p for u in seen.updates for s in u.steps for p, change in s.moved.items() if change > 0)


def critics(seen: Observed) -> list[CriticView]:
    """The critics whose loss was seen, by network and output."""
    views: dict[str, CriticView] = {}
    for update in seen.updates:
        for backward in update.backwards:
            for rows in value_rows(seen, update, backward.number):
                if is_constant(rows.g):
                    continue  # an actor's loss, mean of -Q, that ends at the critic
                name = rows.call.network + (f"[{rows.output}]" if rows.output > 0 else "")
                name += f"[column {rows.column}]" if rows.column else ""
                views.setdefault(name, CriticView(name)).rows.append((update, backward, rows))
    return list(views.values())


def examine_critic(seen: Observed, view: CriticView, online: frozenset[int], report: Report) -> None:
    """Say what label this critic learns, and what is wrong with it."""
    for update, backward, rows in view.rows:
        _gradient_elsewhere(view, rows, report)
        _action_shown(seen, view, rows, report)
        view.labels.append(_labels(seen, update, backward, rows, online))
    agreed = _agreed(view)
    if agreed:
        _say_label(seen, view, agreed, report)
    elif not any(f.where == view.name and f.level == FAULT for f in report.findings):
        _say_unexplained(seen, view, report)


def _labels(seen: Observed, update: Update, backward: Backward, rows: ValueRows, online: frozenset[int]) -> list[label.Label]:
    said = tables(seen, update, backward.time, rows.index, online)
    e = evidence(seen, rows)
    n = seen.spaces.n_actions
    if n is not None:
        return label.explain(e, candidates.discrete(said, rows.taken, n))
    possible = candidates.continuous(said)
    entropies = log_probs(update, said, len(rows.index), backward.time)
    return label.explain(e, [candidates.with_entropy(c, entropies) for c in possible])


def evidence(seen: Observed, rows: ValueRows) -> label.Evidence:
    """The rows beside what is known of their transitions."""
    known = [seen.transitions[int(i)] for i in rows.index]
    return label.Evidence(
        rows.g,
        rows.q,
        np.array([t.reward for t in known]),
        np.array([t.terminated for t in known], float),
        np.array([t.truncated for t in known], float),
        tuple(dict.fromkeys((seen.found.settings.get("gamma", 0.99), 0.99, 0.95, 0.9, 0.98, 1.0))),
    )


def _agreed(view: CriticView) -> list[list[label.Label]]:
    """By explanation, those labels that explain the most updates; the least unusual first."""
    straight = [[x for x in labels if not x.curved] for labels in view.labels]
    if any(straight):
        view.labels = straight
    counts = Counter(found.key for labels in view.labels for found in {x.key: x for x in labels}.values())
    if not counts:
        return []
    most = max(counts.values())
    best = [key for key in dict.fromkeys(x.key for labels in view.labels for x in labels) if counts[key] == most]
    return [[x for labels in view.labels for x in labels if x.key == key] for key in best]


def _gradient_elsewhere(view: CriticView, rows: ValueRows, report: Report) -> None:
    """Gradient at outputs of actions that were not taken."""
    if rows.values.shape[1] == 1:
        return
    largest = np.abs(rows.gradients).max(axis=1)
    others = np.abs(rows.untaken).max(axis=1)
    hit = others > NOTHING * largest.max()
    if not hit.any():
        return
    single = (np.abs(rows.gradients) > NOTHING * largest.max()).sum(axis=1) <= 1
    if single.all():
        report.add(FAULT, "wrong-column", view.name, f"{hit.sum()} of {len(hit)} rows")
    else:
        share = float(np.linalg.norm(rows.untaken) / np.linalg.norm(rows.gradients))
        report.add(FAULT, "untaken", view.name, f"{share:.0%} of the gradient's size lies at untaken outputs")


def _action_shown(seen: Observed, view: CriticView, rows: ValueRows, report: Report) -> None:
    """The critic's action beside the one that is stored; an action in other units is an affine map of it."""
    if rows.action is None or not seen.spaces.continuous:
        return
    stored = stored_actions(seen, rows.index)
    if np.allclose(rows.action, stored, atol=1e-5):
        return
    if is_affine(rows.action, stored):
        report.convention("stored actions are rescaled")
        return
    far = float(np.abs(rows.action - stored).max())
    report.add(FAULT, "critic-other-action", view.name, f"up to {far:.2g} away from the stored action")


def stored_actions(seen: Observed, index: np.ndarray) -> np.ndarray:
    """Actions of these transitions, shape (B, A)."""
    return np.stack([np.atleast_1d(seen.transitions[int(i)].action) for i in index]).astype(float)


def is_affine(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether each column of `x` is that of `y`, shifted and scaled."""
    if len(x) < 4:
        return False
    a, b = x - x.mean(axis=0), y - y.mean(axis=0)
    slope = (a * b).sum(axis=0) / np.maximum((b * b).sum(axis=0), 1e-30)
    return bool(np.abs(a - slope * b).max() < 1e-4 * max(float(np.abs(a).max()), 1e-30))


def _say_unexplained(seen: Observed, view: CriticView, report: Report) -> None:
    update, _, rows = view.rows[0]
    if len(set(rows.index.tolist())) < label.FEWEST_LIVE + 6:
        report.add(NOT_SEEN, "few-rows", view.name, f"{len(set(rows.index.tolist()))} distinct rows")
    else:
        report.add(SUSPICION, "unexplained", view.name, _warned(update))


def _warned(update: Update) -> str:
    return next((w.split(".")[0] for w in update.warnings if "target size" in w), "")


def _say_label(seen: Observed, view: CriticView, agreed: list[list[label.Label]], report: Report) -> None:
    found = agreed[0]
    first = found[0]
    if first.mixed:
        code = {"label": "broadcast", "reward": "reward-averaged", "bootstrap": "bootstrap-averaged"}[first.mixed]
        report.add(FAULT, code, view.name, "rows of one batch depend on each other's rewards")
        return
    if first.candidate is None:
        report.add(FAULT, "no-bootstrap", view.name, f"Q - r explains the gradient in {len(found)} updates")
        return
    _say_convention(view, first, report)
    if first.loss == "clipped inside the square":
        report.add(FAULT, "clip-inside", view.name, "rows whose error is beyond 1 have gradient 0")
    if first.weighted:
        report.add(NOTE, "rows-weighted", view.name)
    _say_candidate(seen, view, agreed, report)
    _say_target_action(seen, view, found, report)
    _say_mask(view, agreed, report)
    _say_numbers(seen, view, found, report)


def _say_convention(view: CriticView, first: label.Label, report: Report) -> None:
    assert first.candidate is not None
    loss = f"Huber loss (bend at {first.bend:.3g})" if first.loss == "Huber" else first.loss
    report.convention(first.candidate.convention)
    entropy = f" minus {first.entropy:.3g} log pi" if first.entropy_of else ""
    report.convention(f"label of {view.name}: {first.candidate.name}{entropy}, gamma {first.gamma:.4g}")
    report.convention(f"loss: {loss}, {_reduction(first)}")


def _reduction(first: label.Label) -> str:
    for factor, words in ((2.0, "mean of squares"), (1.0, "half the mean of squares, or Huber's mean")):
        if abs(abs(first.scale) - factor) < 1e-3:
            return words
    return f"factor {first.scale:.4g} on the mean of errors"


def _say_candidate(seen: Observed, view: CriticView, agreed: list[list[label.Label]], report: Report) -> None:
    faults = [found[0].candidate.fault for found in agreed if found[0].candidate is not None]
    if "" not in faults:
        name = agreed[0][0].candidate
        report.add(FAULT, faults[0], view.name, f"the {name.name if name else ''} explains {len(agreed[0])} updates exactly")
        return
    parts = agreed[faults.index("")][0].candidate
    if parts is not None and parts.parts and all(t.online for t in parts.parts):
        report.add(NOTE, "no-target", view.name)


def _say_target_action(seen: Observed, view: CriticView, found: list[label.Label], report: Report) -> None:
    """Where the action comes from that the label's critics are shown."""
    if not seen.spaces.continuous or found[0].candidate is None or found[0].candidate.fault == "wrong-state":
        return
    columns = {t.column for t in found[0].candidate.parts}
    if view.rows[0][2].call.outputs[0].shape[-1:] != (1,) and len(columns) == 1 and view.rows[0][2].values.shape[1] == 1:
        wide = view.rows[0][2].call.outputs[view.rows[0][2].output].shape
        if len(wide) == 2 and wide[1] > 1:
            report.add(FAULT, "critic-width", view.name.split("[")[0], f"its output has shape {wide}")
    for t in found[0].candidate.parts:
        source = target_action_source(seen, t)
        code = {"stored": "target-action-replayed", "actor at s": "target-action-state"}.get(source, "")
        if code:
            report.add(FAULT, code, t.call.network, "the actions are equal in every row")
        elif source == "online actor":
            report.add(FAULT, "target-action-online", t.call.network, "a target actor is there and was not asked")


def target_action_source(seen: Observed, t: Table) -> str:
    """`stored`, `actor at s`, `online actor` (though there is a target actor), or empty."""
    shown = next((x for x in t.call.extra if x.shape[1] == seen.spaces.action_size), None)
    index = t.call.keys.index
    if shown is None or (index < 0).any():
        return ""
    if np.allclose(shown, stored_actions(seen, index), atol=1e-5):
        return "stored"
    update = next(u for u in seen.updates if t.call in u.calls)
    sources = [
        (float(np.sqrt(np.mean((x - shown) ** 2))), call)
        for call in update.calls
        if not call.extra and call.time < t.call.time and np.array_equal(call.keys.index, index)
        for x in call.outputs
        if x.shape == shown.shape
    ]
    if not sources:
        return ""
    far, nearest = min(sources, key=lambda pair: pair[0])
    return _source(seen, nearest) if far < NEAR * float(shown.std()) else ""


def _source(seen: Observed, call: Call) -> str:
    if (call.keys.end != NEXT).all():
        return "actor at s"
    trained = online_parameters(seen)
    others = [m for path, m in seen.found.modules.items() if path != call.network and _same_shape(seen, path, call.network)]
    idle = any(not {id(p) for p in m.parameters()} & trained for m in others)
    return "online actor" if idle and call.parameters & trained else ""


def _same_shape(seen: Observed, a: str, b: str) -> bool:
    one, other = seen.found.modules.get(a), seen.found.modules.get(b)
    return one is not None and other is not None and [p.shape for p in one.parameters()] == [p.shape for p in other.parameters()]


def _say_mask(view: CriticView, agreed: list[list[label.Label]], report: Report) -> None:
    masks = {found[0].mask for found in agreed}
    rewards = {found[0].reward for found in agreed}
    if "live" in masks and "plain" in rewards:
        return
    if "live or cut" in masks:
        report.convention("truncated rows do not bootstrap")
        return
    if "live" in masks or "live or cut" in masks:
        reward = agreed[0][0].reward
        if reward == "masked":
            report.add(FAULT, "mask-on-reward", view.name, "terminated rows learn Q = 0")
        else:
            report.convention(f"reward {reward}")
    elif "all" in masks:
        report.add(FAULT, "mask-missing", view.name, "terminated rows fit the same formula as all others")
    else:
        report.add(FAULT, "mask-inverted", view.name, "terminated rows bootstrap, others do not")


def _say_numbers(seen: Observed, view: CriticView, found: list[label.Label], report: Report) -> None:
    gammas = np.array([x.gamma for x in found])
    gamma, rewards = float(np.median(gammas)), float(np.median([x.reward_scale for x in found]))
    told = seen.found.settings.get("gamma")
    if np.median([x.scale for x in found]) < 0:
        report.add(FAULT, "ascent", view.name, f"d loss / d Q is {found[0].scale:.3g} (Q - y) / B")
    if abs(rewards) < 1e-6 * max(1.0, abs(gamma)):
        report.add(FAULT, "reward-missing", view.name, f"the reward's factor is {rewards:.2g}")
        return
    if rewards < 0:
        report.add(FAULT, "reward-sign", view.name, f"the reward's factor is {rewards:.3g}")
    elif abs(rewards - 1) > 1e-3:
        report.convention(f"reward times {rewards:.4g}")
    if found[0].curved or found[0].candidate is None or found[0].candidate.fault == "batch-max":
        return
    if np.ptp(gammas) > 1e-2 * max(abs(gamma), 1e-3):
        report.add(FAULT, "gamma-varies", view.name, f"from {gammas.min():.3g} to {gammas.max():.3g}")
    elif gamma < 0:
        report.add(FAULT, "bootstrap-sign", view.name, f"the bootstrapped value's factor is {gamma:.3g}")
    elif told is not None and told < 1 and abs(gamma - told) > SAME_GAMMA * 5:
        code = "gamma-missing" if abs(gamma - 1) < 1e-3 else "gamma-other"
        report.add(FAULT, code, view.name, f"{gamma:.4g} where the agent's gamma is {told:g}")
    if found[0].entropy_of and np.median([x.entropy for x in found]) < 0:
        report.add(FAULT, "entropy-sign", view.name, f"log pi's factor in the label is +{-found[0].entropy:.3g}")


def examine_leaks(seen: Observed, report: Report) -> None:
    """A gradient that goes back through the label."""
    for update in seen.updates:
        for backward in update.backwards:
            losses = value_rows(seen, update, backward.number)
            if not losses or all(is_constant(rows.g) for rows in losses):
                continue
            for call in update.calls_with_gradient(backward.number):
                _leak(update, backward, call, report)


def _leak(update: Update, backward: Backward, call: Call, report: Report) -> None:
    gradients = [g.reshape(len(call.keys.index), -1) for (b, _), g in call.gradients.items() if b == backward.number and np.size(g) % len(call.keys.index) == 0]
    there = [float(np.abs(g[call.keys.end == NEXT]).max(initial=0.0)) for g in gradients]
    if not there or max(there) == 0:
        return
    applied = {p for s in update.steps for p, sources in s.sources.items() if backward.number in sources and s.moved.get(p, 0) > 0}
    if call.parameters & applied:
        report.add(FAULT, "bootstrap-gradient", call.network, f"d loss / d output at s' is up to {max(there):.2g}, and a step applies it")
    else:
        report.add(NOTE, "target-not-detached", call.network, f"d loss / d output at s' is up to {max(there):.2g}")


def examine_outputs(seen: Observed, view: CriticView, report: Report) -> None:
    """A critic whose outputs cannot be what a return can be: never negative, or adding up to 1."""
    values = np.concatenate([rows.values for _, _, rows in view.rows])
    if values.shape[1] > 1 and np.allclose(values.sum(axis=1), 1, atol=1e-5) and (values >= 0).all():
        report.add(FAULT, "output-bounded", view.name, "its outputs add up to 1 in every row, as after a softmax")
    elif (values >= 0).all() and (values == 0).mean() > 0.05:
        report.add(FAULT, "output-bounded", view.name, f"{(values == 0).mean():.0%} of its outputs are exactly 0, as after a ReLU")
    elif np.abs(values).max() <= 1 and (np.abs(values) > 0.98).mean() > 0.02:
        report.add(SUSPICION, "output-bounded", view.name, "its outputs never leave the range from -1 to 1")
