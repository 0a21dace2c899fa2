"""Findings about a critic: its label, its loss, and where its gradient goes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis import candidates, label
from gradexaminer.analysis.actions import is_affine, say_target_action, stored_actions
from gradexaminer.analysis.fits import is_constant
from gradexaminer.analysis.log_probs import log_probs
from gradexaminer.analysis.values import ValueRows, tables, value_rows
from gradexaminer.findings import FAULT, NOT_SEEN, NOTE, SUSPICION, Report
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Call, Update

NOTHING = 1e-5  # share of the largest gradient below which another one counts as 0
SAME_GAMMA = 1e-3


class CriticView:
    """One critic's output, followed through all recorded updates.

    Attributes
    ----------
    rows : list of (Update, Backward, ValueRows)
    labels : list of list of Label
        What explains each update; empty lists where nothing does.
    agreed : list of list of Label
        Explanations that hold for most updates.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[tuple[Update, Backward, ValueRows]] = []
        self.labels: list[list[label.Label]] = []
        self.agreed: list[list[label.Label]] = []


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


def examine_critics(
    seen: Observed,
    views: list[CriticView],
    online: frozenset[int],
    report: Report,
    *,
    truncation_seen: bool = False,
) -> None:
    """Say what label each critic learns, and what is wrong with it."""
    for view in views:
        for update, backward, rows in view.rows:
            before = next((labels for labels in view.labels if labels), [])
            view.labels.append(_labels(seen, update, backward, rows, online, before))
        view.agreed = _agreed(view)
    for view in views:
        if _is_policy(view, views):
            report.add(NOT_SEEN, "policy-not-examined", view.name)
        else:
            _examine_one(seen, view, report)
        if truncation_seen and view.agreed and {found[0].mask for found in view.agreed} == {"live or cut"}:
            report.add(
                FAULT, "mask-truncated", view.name, "rows that were cut off fit only without a bootstrapped value"
            )


def _is_policy(view: CriticView, views: list[CriticView]) -> bool:
    """A network with a gradient at every action's output, beside a critic whose label is known."""
    spread = any(_gradient_elsewhere(rows) for _, _, rows in view.rows)
    return spread and not view.agreed and any(other.agreed for other in views)


def _examine_one(seen: Observed, view: CriticView, report: Report) -> None:
    for _, _, rows in view.rows:
        elsewhere = _gradient_elsewhere(rows)
        if elsewhere:
            report.add(FAULT, elsewhere[0], view.name, elsewhere[1])
        _action_shown(seen, view, rows, report)
    if view.agreed:
        _say_label(seen, view, view.agreed, report)
    elif not any(f.where == view.name and f.level == FAULT for f in report.findings):
        _say_unexplained(seen, view, report)
    _examine_outputs(view, report)


def _labels(
    seen: Observed,
    update: Update,
    backward: Backward,
    rows: ValueRows,
    online: frozenset[int],
    before: list[label.Label],
) -> list[label.Label]:
    said = tables(seen, update, backward.time, rows.index, online)
    e = evidence(seen, rows)
    n = seen.spaces.n_actions
    if n is not None:
        return label.explain(e, candidates.discrete(said, rows.taken, n), before)
    possible = candidates.continuous(said)
    entropies = log_probs(update, said, len(rows.index), backward.time)
    return label.explain(e, [candidates.with_entropy(c, entropies) for c in possible], before)


def evidence(seen: Observed, rows: ValueRows) -> label.Evidence:
    """The rows beside what is known of their transitions."""
    known = [seen.transitions[int(i)] for i in rows.index]
    return label.Evidence(
        rows.g,
        rows.q,
        np.array([t.reward for t in known]),
        np.array([t.terminated for t in known], float),
        np.array([t.truncated for t in known], float),
        tuple(dict.fromkeys((*seen.found.settings.get("gamma", ()), 0.99, 0.95, 0.9, 0.98, 1.0))),
    )


def _agreed(view: CriticView) -> list[list[label.Label]]:
    """By explanation, those labels that explain the most updates, at least half of them; the least unusual first.

    Rows with weights of their own count only where a plain label explains the other updates: weights fit too easily.
    """
    straight = [[x for x in labels if not x.curved] for labels in view.labels]
    curved = [[x for x in labels if x.curved] for labels in view.labels]
    counts = _counts(straight if any(straight) else curved)
    most = max(counts.values(), default=0)
    weighted = _counts([labels for labels, plain in zip(curved, straight, strict=True) if not plain])
    best = [key for key, n in counts.items() if n == most and 2 * (n + weighted.get(key, 0)) >= len(view.rows)]
    chosen = straight if any(straight) else curved
    found = [[x for labels in chosen for x in labels if x.key == key] for key in best]
    return [labels for labels in found if not labels[0].weighted or len(labels) >= len(view.rows)]


def _counts(updates: list[list[label.Label]]) -> dict[tuple[str, ...], int]:
    """In how many updates each explanation holds, in the order in which they came up."""
    return dict(Counter(key for labels in updates for key in dict.fromkeys(x.key for x in labels)))


def _gradient_elsewhere(rows: ValueRows) -> tuple[str, str] | None:
    """Code and evidence, where outputs of actions that were not taken have a gradient."""
    if rows.values.shape[1] == 1:
        return None
    largest = np.abs(rows.gradients).max()
    hit = np.abs(rows.untaken).max(axis=1) > NOTHING * largest
    if not hit.any():
        return None
    if ((np.abs(rows.gradients) > NOTHING * largest).sum(axis=1) <= 1).all():
        return "wrong-column", f"{hit.sum()} of {len(hit)} rows"
    share = float(np.linalg.norm(rows.untaken) / np.linalg.norm(rows.gradients))
    return "untaken", f"{share:.0%} of the gradient's size lies at untaken outputs"


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
    if seen.spaces.continuous and first.candidate.fault != "wrong-state":
        say_target_action(seen, first.candidate.parts, report)
        _say_width(view, first, report)
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
        report.add(
            FAULT, faults[0], view.name, f"the {name.name if name else ''} explains {len(agreed[0])} updates exactly"
        )
        return
    parts = agreed[faults.index("")][0].candidate
    if parts is not None and parts.parts and all(t.online for t in parts.parts):
        report.add(NOTE, "no-target", view.name)


def _say_width(view: CriticView, first: label.Label, report: Report) -> None:
    """Several outputs for one pair of state and action, each of which learns from its own column alone."""
    rows = view.rows[0][2]
    shape = rows.call.outputs[max(rows.output, 0)].shape
    assert first.candidate is not None
    if len(shape) == 2 and shape[1] > 1 and len({t.column for t in first.candidate.parts}) == 1:
        report.add(FAULT, "critic-width", rows.call.network, f"its output has shape {shape}")


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
    told = sorted(x for x in seen.found.settings.get("gamma", ()) if 0 < x < 1)
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
    elif told and min(abs(gamma - x) for x in told) > SAME_GAMMA:
        code = "gamma-missing" if abs(gamma - 1) < 1e-3 else "gamma-other"
        report.add(FAULT, code, view.name, f"{gamma:.4g} where the agent's gamma is {told[0]:g}")
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
    gradients = [
        g.reshape(len(call.keys.index), -1)
        for (b, _), g in call.gradients.items()
        if b == backward.number and np.size(g) % len(call.keys.index) == 0
    ]
    there = [float(np.abs(g[call.keys.end == NEXT]).max(initial=0.0)) for g in gradients]
    if not there or max(there) == 0:
        return
    applied = {
        p
        for s in update.steps
        for p, sources in s.sources.items()
        if backward.number in sources and s.moved.get(p, 0) > 0
    }
    if call.parameters & applied:
        report.add(
            FAULT,
            "bootstrap-gradient",
            call.network,
            f"d loss / d output at s' is up to {max(there):.2g}, and a step applies it",
        )
    else:
        report.add(NOTE, "target-not-detached", call.network, f"d loss / d output at s' is up to {max(there):.2g}")


def _examine_outputs(view: CriticView, report: Report) -> None:
    """A critic whose outputs cannot be what a return can be: never negative, or adding up to 1."""
    values = np.concatenate([rows.values for _, _, rows in view.rows])
    if values.shape[1] > 1 and np.allclose(values.sum(axis=1), 1, atol=1e-5) and (values >= 0).all():
        report.add(FAULT, "output-bounded", view.name, "its outputs add up to 1 in every row, as after a softmax")
    elif (values >= 0).all() and (values == 0).mean() > 0.05:
        report.add(
            FAULT,
            "output-bounded",
            view.name,
            f"{(values == 0).mean():.0%} of its outputs are exactly 0, as after a ReLU",
        )
    elif np.abs(values).max() <= 1 and (np.abs(values) > 0.98).mean() > 0.02:
        report.add(SUSPICION, "output-bounded", view.name, "its outputs never leave the range from -1 to 1")
