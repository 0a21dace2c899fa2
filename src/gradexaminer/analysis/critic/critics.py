"""Findings about a critic: its label, its loss, and where its gradient goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.critic import candidates, label
from gradexaminer.analysis.critic.drawn_apart import say_drawn_apart
from gradexaminer.analysis.critic.ends_left_out import CODE, forget_their_mask, leave_ends_out
from gradexaminer.analysis.critic.evidence import Evidence, Label
from gradexaminer.analysis.critic.kept_values import keeps_values
from gradexaminer.analysis.critic.label_findings import say_label
from gradexaminer.analysis.critic.log_prob_density import slips
from gradexaminer.analysis.critic.mirrored import exchange
from gradexaminer.analysis.critic.one_row import say_one_row
from gradexaminer.analysis.critic.outputs import (
    examine_outputs,
    gradient_elsewhere,
    of_a_neighbor,
    say_action_shown,
)
from gradexaminer.analysis.critic.own_rewards import labels_with_own_rewards
from gradexaminer.analysis.critic.pooling import pooled_candidates, pooled_evidence, pools
from gradexaminer.analysis.critic.rows_left_out import leave_rows_out
from gradexaminer.analysis.critic.several import say_several_labels
from gradexaminer.analysis.critic.state_value import is_state_value, say_state_value
from gradexaminer.analysis.critic.views import CriticView
from gradexaminer.analysis.reading.actions import held_parameters
from gradexaminer.analysis.reading.choices import SEVERAL_CHOICES, several_heads
from gradexaminer.analysis.reading.fits import is_constant
from gradexaminer.analysis.reading.learned_number import temperatures_of
from gradexaminer.analysis.reading.log_probs import log_probs
from gradexaminer.analysis.reading.looked_at import looked_at
from gradexaminer.analysis.reading.memory import once
from gradexaminer.analysis.reading.policies import is_policy, looks_like_policy
from gradexaminer.analysis.reading.policy_tables import as_probabilities, drawn_actions
from gradexaminer.analysis.reading.several_steps import later_rewards, steps_ahead
from gradexaminer.analysis.reading.tables import Table, tables, tables_of_other_rows
from gradexaminer.analysis.reading.values import ValueRows, value_rows
from gradexaminer.analysis.update.applied import is_swept
from gradexaminer.analysis.update.pairs import idle_target
from gradexaminer.findings import FAULT, NOT_SEEN, SUSPICION, Report
from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Backward, Update

FEWEST_CERTAIN = 2  # updates in which rows of equal weight prove a label


def critics(seen: Observed) -> list[CriticView]:
    """The critics whose loss was seen, by network and output.

    A copy that is loaded in each update and that nothing trains is one where no other network predicts, and the loss
    reaches the trained network through its answers about next states.
    """
    views: dict[str, CriticView] = {}
    copies: dict[str, CriticView] = {}
    for update in seen.updates:
        for backward in update.backwards:
            for rows in value_rows(seen, update, backward.number):
                if is_constant(rows.g) and seen.spaces.continuous:
                    continue  # an actor's loss, mean of -Q, that ends at the critic; or :func:`say_no_error`
                if is_swept(update, backward, rows.call.parameters):
                    continue
                name = f"output {rows.output + 1} of {rows.call.network}" if rows.output > 0 else rows.call.network
                name = f"column {rows.column + 1} of {name}" if rows.column else name
                where = copies if rows.call.network in looked_at(seen) else views
                where.setdefault(name, CriticView(name)).rows.append((update, backward, rows))
    views = views or (copies if _learns_at_next_states(seen) else views)
    for view in views.values() if not seen.spaces.continuous else ():
        exchange(view)
    return list(views.values())


def _learns_at_next_states(seen: Observed) -> bool:
    """Whether in every update a trained network gets a gradient, all of it at next states."""
    held = held_parameters(seen)
    for u in seen.updates:
        learned = [c for c in u.calls if c.parameters & held and c.learns]
        if not learned or not all(c.keys.all_next for c in learned):
            return False
    return bool(seen.updates)


def examine_critics(
    seen: Observed,
    views: list[CriticView],
    online: frozenset[int],
    report: Report,
    *,
    whole_loop: bool = False,
) -> None:
    """Say what label each critic learns, and what is wrong with it."""
    state_values = [view for view in views if is_state_value(seen, view)]
    for view in state_values:
        say_state_value(seen, view, online, report)
    coarse = [view for view in views if view.rows[0][2].call.coarse]
    for view in coarse:
        report.add(NOT_SEEN, "low-precision", view.name)
    views = [view for view in views if view not in state_values and view not in coarse]
    leave_rows_out(views, report)
    for view in views:
        leave_ends_out(seen, view, report)
        for together in pools(view.rows):
            before = next((labels for labels in view.labels if labels), [])
            view.labels.append(_labels(seen, together, online, before))
        view.agreed = label.settled(_agreed(view))
        view.level = label.is_level(view.agreed)
        if whole_loop and not view.agreed:
            _with_own_rewards(seen, view, online, report)
    policies = [view for view in views if _is_policy(view, views)]
    if policies and not any(view.agreed for view in views):
        report.add(
            NOT_SEEN, "out-of-scope", policies[0].name, "it is trained as a policy: its outputs go into a softmax"
        )
        return
    say_one_row(seen, [view for view in views if view not in policies], report, whole_loop=whole_loop)
    for view in views:
        if view in policies:
            report.add(NOT_SEEN, "policy-not-examined", view.name)
        elif _is_averaged(view):
            report.add(FAULT, "error-averaged", view.name, "d loss / d Q is one number in each update")
        elif view.agreed or not say_drawn_apart(seen, view, online, report):
            _examine_one(seen, view, report)
        if view.agreed and {found[0].mask for found in view.agreed} == {"live or cut"}:
            report.add(
                FAULT, "mask-truncated", view.name, "rows that were cut off fit only without a bootstrapped value"
            )
    forget_their_mask(report)


def _is_policy(view: CriticView, views: list[CriticView]) -> bool:
    """A network without a known label: trained as a distribution over actions, or beside a critic that has one.

    A gradient at one output of each row, though not that of the action taken, is a critic's.
    """
    if view.agreed:
        return False
    spread = any((found := gradient_elsewhere(rows)) and found[0] == "untaken" for _, _, rows in view.rows)
    beside = any(other.agreed for other in views)
    return (spread and beside) or all(looks_like_policy(rows.values, rows.gradients) for _, _, rows in view.rows)


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
    for update, _, rows in view.rows:
        elsewhere = gradient_elsewhere(rows)
        if elsewhere and elsewhere[0] == "untaken" and keeps_values(update, rows):
            report.convention("labels of untaken outputs: their values before the steps of the update")
        elif elsewhere and elsewhere[0] == "wrong-column" and (whose := of_a_neighbor(seen, view)):
            report.add(FAULT, "rows-misaligned", view.name, whose)
        elif elsewhere:
            report.add(FAULT, elsewhere[0], view.name, elsewhere[1])
        say_action_shown(seen, view, rows, report)
    if view.exchanged and view.agreed:
        told = ", ".join(f"{a} and {b}" for a, b in sorted(view.exchanged.items()) if a < b)
        report.convention(f"a part of the rows is mirrored: actions {told} are exchanged")
    if view.level:
        told = "the values of the next states hardly differ, so that one number for all rows explains them as well"
        report.add(NOT_SEEN, "few-rows", view.name, told)
    elif view.agreed:
        say_label(seen, view, view.agreed, report)
    if view.level or any(f.where == view.name and f.level == FAULT and f.code != CODE for f in report.findings):
        pass
    elif view.agreed:
        say_several_labels(seen, view, report)
    else:
        _say_unexplained(seen, view, report)
    examine_outputs(seen, view, report)


def _labels(
    seen: Observed,
    together: list[tuple[Update, Backward, ValueRows]],
    online: frozenset[int],
    before: list[Label],
) -> list[Label]:
    made = [_possible(seen, update, backward, rows, online) for update, backward, rows in together]
    found = label.explain(pooled_evidence([e for e, _ in made]), pooled_candidates([c for _, c in made]), before)
    temperatures = temperatures_of(seen, together[0][0])
    return [replace(x, temperatures=temperatures) for x in found] or _with_slips(seen, together, made, online)


def _with_slips(
    seen: Observed,
    together: list[tuple[Update, Backward, ValueRows]],
    made: list[tuple[Evidence, list[candidates.Candidate]]],
    online: frozenset[int],
) -> list[Label]:
    """Explain the rows of one update by a label whose log pi is no density of the action shown."""
    if len(together) > 1 or not seen.spaces.continuous or made[0][0].later:
        return []
    (update, backward, rows), (e, possible) = together[0], made[0]
    said = tables(seen, update, backward.time, rows.index, online, rows.index)
    wrong = slips(update, said, len(rows.index), backward.time)
    right = [candidates.with_entropy(c, wrong) for c in possible if wrong and not c.fault]
    return label.plainly(e, right) if right else []


def _with_own_rewards(seen: Observed, view: CriticView, online: frozenset[int], report: Report) -> None:
    """Explain a script's labels without its environment's rewards, where it makes others of what it sees."""
    learned = [(*_possible(seen, *x, online), x[2].index) for x in view.rows]
    found = labels_with_own_rewards(learned)
    if found:
        view.agreed = found
        report.convention(f"rewards that {view.name} learns: the script's own, not the environment's")


def _possible(
    seen: Observed, update: Update, backward: Backward, rows: ValueRows, online: frozenset[int]
) -> tuple[Evidence, list[candidates.Candidate]]:
    ahead = steps_ahead(seen, update, rows.index, backward.time)
    possible = _candidates(seen, update, backward, rows.index.tobytes(), ahead.tobytes(), rows.taken.tobytes(), online)
    return replace(evidence(seen, rows, ahead), weights=_weights_of(backward, rows)), possible


def _weights_of(backward: Backward, rows: ValueRows) -> tuple[np.ndarray, ...]:
    """What the loss was multiplied by that has one positive number for each of these rows."""
    here = (rows.call.keys.end == HERE) & (rows.call.keys.index >= 0)
    sized = (w[here] if w.size == here.size else w for w in backward.weights)
    return tuple(w for w in sized if w.size == len(rows.index) and (w > 0).all())


@once
def _candidates(
    seen: Observed,
    update: Update,
    backward: Backward,
    here: bytes,
    further: bytes,
    columns: bytes,
    online: frozenset[int],
) -> list[candidates.Candidate]:
    """What the labels of these rows may bootstrap from: the same for twin critics, whose rows are the same.

    Row numbers, steps ahead and columns taken are given as the bytes of their numbers.
    """
    index, ahead, taken = (np.frombuffer(x, np.int64) for x in (here, further, columns))
    said = tables(seen, update, backward.time, index, online, index + ahead)
    made = _made_of(seen, update, backward, said, index, taken)
    if not np.any(ahead):
        others = tables_of_other_rows(seen, update, backward.time, index, online)
        known = {i: t.terminated for i, t in seen.transitions.items()} if others else {}
        for c in _made_of(seen, update, backward, others, index, taken) if others else ():
            made += candidates.of_other_rows(c, known)
    return made


def _made_of(
    seen: Observed,
    update: Update,
    backward: Backward,
    said: list[Table],
    index: np.ndarray,
    taken: np.ndarray,
) -> list[candidates.Candidate]:
    """The values that can be made of these tables."""
    n = seen.spaces.n_actions
    if n is not None:
        given = [t for t in said if is_policy(seen, t.call)]
        values = [t for t in said if not is_policy(seen, t.call)]
        policies = as_probabilities([t for t in given if t.end == NEXT], n)
        drawn = drawn_actions(update, n, len(index), backward.time)
        of_s = as_probabilities([t for t in given if t.end != NEXT], n)
        of_both = candidates.expected_of_s(values, n, policies, of_s)
        return candidates.discrete(values, taken, n, policies, drawn) + of_both
    possible = candidates.continuous(said)
    entropies = log_probs(update, said, len(index), backward.time)
    known_at_s = entropies
    if any(c.fault == "wrong-state" for c in possible):
        known_at_s = entropies | log_probs(update, said, len(index), backward.time, HERE)
    return [candidates.with_entropy(c, known_at_s if c.fault == "wrong-state" else entropies) for c in possible]


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
        beside=_beside(seen, rows.index, "reward"),
        ended=_beside(seen, rows.index, "terminated"),
    )


def _beside(seen: Observed, index: np.ndarray, name: str) -> tuple[np.ndarray, ...]:
    """A number of the transitions before these, and of those after these; 0 where there is none."""
    known = [[seen.transitions.get(int(i)) for i in index + far] for far in (-1, 1)]
    return tuple(np.array([0.0 if t is None else float(getattr(t, name)) for t in given]) for given in known)


def _agreed(view: CriticView) -> list[list[Label]]:
    """By explanation, those labels that explain the most updates, at least half of them; the least unusual first.

    Rows with weights of their own count only where a plain label explains the other updates: weights fit too easily.
    An update in which all values of s' are 0, as behind a ReLU, counts only where no other one tells what they are for.
    """
    told = [labels for labels in view.labels if not (labels and all(x.silent for x in labels))]
    told = told if any(told) else view.labels
    straight = [[x for x in labels if not x.curved] for labels in told]
    curved = [[x for x in labels if x.curved] for labels in told]
    chosen = straight if any(straight) else curved
    counts = _counts(chosen)
    most = max(counts.values(), default=0)
    weighted = _counts([labels for labels, plain in zip(curved, straight, strict=True) if not plain])
    best = [key for key, n in counts.items() if n == most and 2 * (n + weighted.get(key, 0)) >= len(told)]
    found = [[x for labels in chosen for x in labels if x.key == key] for key in best]
    return [labels for labels in found if not labels[0].weighted or _sure(labels, counts, view)]


def _sure(labels: list[Label], counts: dict[tuple[str, ...], int], view: CriticView) -> bool:
    """Of rows with weights: an explanation that is certain now and then, or possible in every update."""
    certain = sum(any(x.certain and x.key == labels[0].key for x in given) for given in view.labels)
    return certain >= FEWEST_CERTAIN or counts[labels[0].key] == len(view.labels)


def _counts(updates: list[list[Label]]) -> dict[tuple[str, ...], int]:
    """In how many updates each explanation holds, in the order in which they came up."""
    return dict(Counter(key for labels in updates for key in dict.fromkeys(x.key for x in labels)))


def _say_unexplained(seen: Observed, view: CriticView, report: Report) -> None:
    update, _, first = view.rows[0]
    distinct = max(len({int(i) for _, _, rows in pool for i in rows.index}) for pool in pools(view.rows))
    if several_heads(first.call, view.rows[0][1].number):
        report.add(NOT_SEEN, "out-of-scope", first.call.network, SEVERAL_CHOICES)
    elif distinct < label.FEWEST_LIVE + 6:
        report.add(NOT_SEEN, "few-rows", view.name, f"{distinct} distinct rows")
    else:
        report.add(SUSPICION, "unexplained", view.name, _warned(update))
        _say_idle_target(seen, view, report)


def _say_idle_target(seen: Observed, view: CriticView, report: Report) -> None:
    """Whatever the label is: it asks the critic itself about s', and no layer of the target that follows it."""
    call = view.rows[0][2].call
    itself = all(any(c.network == call.network and c.keys.all_next for c in u.calls) for u, _, _ in view.rows)
    target = idle_target(seen, call.parameters) if itself else ""
    if target:
        told = f"{target} is copied from it, and no layer of it was called in {len(seen.updates)} updates"
        report.add(FAULT, "td-online", view.name, told)


def _warned(update: Update) -> str:
    return next((w.split(".")[0] for w in update.warnings if "target size" in w), "")
