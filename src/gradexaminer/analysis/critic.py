"""Findings about a critic: its label, its loss, and where its gradient goes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis import candidates, label
from gradexaminer.analysis.actions import is_affine, stored_actions
from gradexaminer.analysis.applied import is_swept
from gradexaminer.analysis.evidence import Evidence, Label
from gradexaminer.analysis.fits import is_constant
from gradexaminer.analysis.label_findings import say_label
from gradexaminer.analysis.log_probs import log_probs
from gradexaminer.analysis.policies import is_policy
from gradexaminer.analysis.policy_tables import as_probabilities, drawn_actions
from gradexaminer.analysis.pooling import pooled_candidates, pooled_evidence, pools
from gradexaminer.analysis.several_steps import later_rewards, steps_ahead
from gradexaminer.analysis.state_value import is_state_value, say_state_value
from gradexaminer.analysis.values import ValueRows, tables, value_rows
from gradexaminer.analysis.views import CriticView
from gradexaminer.findings import FAULT, NOT_SEEN, SUSPICION, Report
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Update

FEWEST_CERTAIN = 2  # updates in which rows of equal weight prove a label
NOTHING = 1e-5  # share of the largest gradient below which another one counts as 0
ENOUGH_OUTPUTS = 100  # of a network with fresh weights; without a bound some of them are negative


def critics(seen: Observed) -> list[CriticView]:
    """The critics whose loss was seen, by network and output."""
    views: dict[str, CriticView] = {}
    for update in seen.updates:
        for backward in update.backwards:
            for rows in value_rows(seen, update, backward.number):
                if is_constant(rows.g) and seen.spaces.continuous:
                    continue  # an actor's loss, mean of -Q, that ends at the critic
                if is_swept(update, backward, rows.call.parameters):
                    continue
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
    state_values = [view for view in views if is_state_value(seen, view)]
    for view in state_values:
        say_state_value(seen, view, online, report)
    views = [view for view in views if view not in state_values]
    for view in views:
        for together in pools(view.rows):
            before = next((labels for labels in view.labels if labels), [])
            view.labels.append(_labels(seen, together, online, before))
        view.agreed = _agreed(view)
    policies = [view for view in views if _is_policy(view, views)]
    if policies and not any(view.agreed for view in views):
        report.add(
            NOT_SEEN, "out-of-scope", policies[0].name, "it is trained as a policy: its outputs go into a softmax"
        )
        return
    for view in views:
        if view in policies:
            report.add(NOT_SEEN, "policy-not-examined", view.name)
        elif _is_averaged(view):
            report.add(FAULT, "error-averaged", view.name, "d loss / d Q is one number in each update")
        else:
            _examine_one(seen, view, report)
        if truncation_seen and view.agreed and {found[0].mask for found in view.agreed} == {"live or cut"}:
            report.add(
                FAULT, "mask-truncated", view.name, "rows that were cut off fit only without a bootstrapped value"
            )


def _is_policy(view: CriticView, views: list[CriticView]) -> bool:
    """A network without a known label: trained as a distribution over actions, or beside a critic that has one."""
    if view.agreed:
        return False
    spread = any(_gradient_elsewhere(rows) for _, _, rows in view.rows)
    beside = any(other.agreed for other in views)
    return (spread and beside) or all(_is_distribution(rows) for _, _, rows in view.rows)


def _is_distribution(rows: ValueRows) -> bool:
    """Whether the outputs are probabilities, or numbers that a softmax turns into some.

    To add one number to all outputs of a row changes nothing after a softmax: the row's gradients add up to 0.
    """
    if rows.values.shape[1] == 1:
        return False
    sums = np.abs(rows.gradients.sum(axis=1)).max()
    return bool(sums < NOTHING * 10 * np.abs(rows.gradients).max()) or _is_softmax(rows.values)


def _is_softmax(values: np.ndarray) -> bool:
    return values.shape[1] > 1 and bool(np.allclose(values.sum(axis=1), 1, atol=1e-5) and (values >= 0).all())


def _is_averaged(view: CriticView) -> bool:
    """Whether all rows of an update get one and the same gradient, another one in each update.

    The same in each update as well would be Huber's loss, far from all labels.
    """
    gradients = [rows.g for _, _, rows in view.rows]
    if len(gradients) < 2 or any(len(g) < label.FEWEST_LIVE or (g == 0).any() or not is_constant(g) for g in gradients):
        return False
    sizes = np.abs([g[0] for g in gradients])
    return bool(np.ptp(sizes) > 1e-2 * sizes.max())


def _examine_one(seen: Observed, view: CriticView, report: Report) -> None:
    for _, _, rows in view.rows:
        elsewhere = _gradient_elsewhere(rows)
        if elsewhere:
            report.add(FAULT, elsewhere[0], view.name, elsewhere[1])
        _action_shown(seen, view, rows, report)
    if view.agreed:
        say_label(seen, view, view.agreed, report)
    elif not any(f.where == view.name and f.level == FAULT for f in report.findings):
        _say_unexplained(seen, view, report)
    _examine_outputs(view, report)


def _labels(
    seen: Observed,
    together: list[tuple[Update, Backward, ValueRows]],
    online: frozenset[int],
    before: list[Label],
) -> list[Label]:
    made = [_possible(seen, update, backward, rows, online) for update, backward, rows in together]
    return label.explain(pooled_evidence([e for e, _ in made]), pooled_candidates([c for _, c in made]), before)


def _possible(
    seen: Observed, update: Update, backward: Backward, rows: ValueRows, online: frozenset[int]
) -> tuple[Evidence, list[candidates.Candidate]]:
    ahead = steps_ahead(seen, update, rows.index, backward.time)
    said = tables(seen, update, backward.time, rows.index, online, rows.index + ahead)
    e = evidence(seen, rows, ahead)
    n = seen.spaces.n_actions
    if n is not None:
        given = [t for t in said if is_policy(seen, t.call)]
        values = [t for t in said if not is_policy(seen, t.call)]
        policies = as_probabilities([t for t in given if t.end == NEXT], n)
        drawn = drawn_actions(update, n, len(e.g), backward.time)
        return e, candidates.discrete(values, rows.taken, n, policies, drawn)
    possible = candidates.continuous(said)
    entropies = log_probs(update, said, len(rows.index), backward.time)
    return e, [candidates.with_entropy(c, entropies) for c in possible]


def evidence(seen: Observed, rows: ValueRows, ahead: np.ndarray) -> Evidence:
    """The rows beside what is known of their transitions; `ahead` says how many more steps their labels go over."""
    known = [seen.transitions[int(i)] for i in rows.index]
    last = [seen.transitions[int(i)] for i in rows.index + ahead]
    return Evidence(
        rows.g,
        rows.q,
        np.array([t.reward for t in known]),
        np.array([t.terminated for t in last], float),
        np.array([t.truncated for t in last], float),
        tuple(dict.fromkeys((*seen.found.settings.get("gamma", ()), 0.99, 0.95, 0.9, 0.98, 1.0))),
        later=later_rewards(seen, rows.index, ahead),
    )


def _agreed(view: CriticView) -> list[list[Label]]:
    """By explanation, those labels that explain the most updates, at least half of them; the least unusual first.

    Rows with weights of their own count only where a plain label explains the other updates: weights fit too easily.
    """
    straight = [[x for x in labels if not x.curved] for labels in view.labels]
    curved = [[x for x in labels if x.curved] for labels in view.labels]
    chosen = straight if any(straight) else curved
    counts = _counts(chosen)
    most = max(counts.values(), default=0)
    weighted = _counts([labels for labels, plain in zip(curved, straight, strict=True) if not plain])
    best = [key for key, n in counts.items() if n == most and 2 * (n + weighted.get(key, 0)) >= len(view.labels)]
    found = [[x for labels in chosen for x in labels if x.key == key] for key in best]
    return [labels for labels in found if not labels[0].weighted or _sure(labels, counts, view)]


def _sure(labels: list[Label], counts: dict[tuple[str, ...], int], view: CriticView) -> bool:
    """Of rows with weights: an explanation that is certain now and then, or possible in every update."""
    certain = sum(any(x.certain and x.key == labels[0].key for x in given) for given in view.labels)
    return certain >= FEWEST_CERTAIN or counts[labels[0].key] == len(view.labels)


def _counts(updates: list[list[Label]]) -> dict[tuple[str, ...], int]:
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
        return "wrong-column", f"in {hit.sum()} of {len(hit)} rows it lies at another output"
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
    update, _, _ = view.rows[0]
    distinct = max(len({int(i) for _, _, rows in pool for i in rows.index}) for pool in pools(view.rows))
    if distinct < label.FEWEST_LIVE + 6:
        report.add(NOT_SEEN, "few-rows", view.name, f"{distinct} distinct rows")
    else:
        report.add(SUSPICION, "unexplained", view.name, _warned(update))


def _warned(update: Update) -> str:
    return next((w.split(".")[0] for w in update.warnings if "target size" in w), "")


def _examine_outputs(view: CriticView, report: Report) -> None:
    """A critic whose outputs cannot be what a return can be: never negative, or adding up to 1."""
    values = np.concatenate([rows.values for _, _, rows in view.rows])
    if _is_softmax(values):
        report.add(FAULT, "output-bounded", view.name, "its outputs add up to 1 in every row, as after a softmax")
    elif (values >= 0).all() and (values == 0).mean() > 0.05:
        report.add(
            FAULT,
            "output-bounded",
            view.name,
            f"{(values == 0).mean():.0%} of its outputs are exactly 0, as after a ReLU",
        )
    elif values.size >= ENOUGH_OUTPUTS and (values > 0).all() and (values < 1).all():
        report.add(
            FAULT, "output-bounded", view.name, "its outputs never leave the range from 0 to 1, as after a sigmoid"
        )
    elif np.abs(values).max() <= 1 and (np.abs(values) > 0.98).mean() > 0.02:
        report.add(SUSPICION, "output-bounded", view.name, "its outputs never leave the range from -1 to 1")
