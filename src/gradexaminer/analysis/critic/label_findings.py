"""What an exact label says in words: the convention it follows, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.critic.evidence import COMPLEMENT, OF_OTHER_ROWS, UNMASKED
from gradexaminer.analysis.critic.label import LEAST_GAMMA, ONE_GAMMA, SAME_MEAN
from gradexaminer.analysis.critic.log_prob_findings import say_log_prob
from gradexaminer.analysis.critic.permuted import PARTS
from gradexaminer.analysis.critic.shifted import say_shifted
from gradexaminer.analysis.critic.target_action import say_target_action
from gradexaminer.analysis.critic.views import CriticView
from gradexaminer.analysis.reading.values import value_rows
from gradexaminer.analysis.update.applied import climbs
from gradexaminer.analysis.update.pairs import kept_target, unasked_targets
from gradexaminer.findings import FAULT, NOT_SEEN, NOTE, SUSPICION, Report
from gradexaminer.recording.rows import HERE

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.candidates import Candidate
    from gradexaminer.analysis.critic.evidence import Label
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call

SAME_GAMMA = 1e-3
SURE = 5  # standard errors by which another gamma differs from the agent's
WRONG_REWARDS = {  # such as are not the row's own, or not the whole of it
    "whole": ("reward-rounded", "the digits behind the point are gone"),
    "of the transition before": ("rows-misaligned", "each row's reward is that of the transition before it"),
    "of the transition after": ("rows-misaligned", "each row's reward is that of the transition after it"),
}
OF_THE_BATCH = {"batch-max", "bootstrap-averaged", "one-bootstrap"}  # one number for all rows
FEWEST_SCALES = 3  # updates in which a loss's factor was measured
USUAL = (0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)  # discounts
SAME_LOSS = 1e-3  # relative difference of two losses that are the same
SAME_SCALE = 2e-2  # relative difference of two factors that are the same
SAME_MEAN_WEIGHT = 5e-3  # relative difference of two factors, each divided by the mean of the rows' weights
PLAIN = {"squared", "Huber"}  # losses in which no row has a weight of its own
SAME_FACTOR = 2e-4  # difference of two factors in one label


def _as_handed_over(seen: Observed) -> str:
    """Return whose shapes broadcast where the caller made the batch's: a buffer of the agent's may give others."""
    column = "; if your buffer's rewards have shape (B, 1), so must the batch's: `b.tensors(column=True)`"
    return column if seen.batch_given else ""


def say_label(seen: Observed, view: CriticView, agreed: list[list[Label]], report: Report) -> None:
    """Say the convention of the label that explains most updates, and every fault in it."""
    found = [x for x in agreed[0] if x.certain] or agreed[0]
    first = found[0]
    if first.mixed == "shifted":
        standardized = say_shifted(view, agreed, report)
        if standardized:
            _say_mask(seen, view, standardized, report)
        return
    if first.mixed == "label" and _is_not_squared(view):
        report.add(FAULT, "error-not-squared", view.name, "d loss / d Q is one and the same number in all updates")
        return
    if first.mixed in PARTS:
        report.add(FAULT, "rows-misaligned", view.name, PARTS[first.mixed])
        return
    if first.mixed == "reward" and _is_mean_of("action", seen, view, found):
        told = "in its place, all rows of an update have the mean of the batch's actions"
        report.add(FAULT, "reward-missing", view.name, told)
        return
    if first.mixed and first.mixed != UNMASKED:
        code = {"label": "broadcast", "reward": "reward-averaged", "bootstrap": "bootstrap-averaged"}[first.mixed]
        report.add(FAULT, code, view.name, f"rows of one batch depend on each other's rewards{_as_handed_over(seen)}")
        if sum(x.unmasked for x in found) > 1 and all(x.unmasked >= 0 for x in found):
            report.add(FAULT, "mask-missing", view.name, "the batch's mean label holds the values of terminated rows")
        return
    if _is_one_number_in_all_updates(found):
        told = f"{first.gamma:.3g} is added to the reward in each of {len(found)} updates, whatever the weights are"
        report.add(FAULT, "no-bootstrap", view.name, told)
        return
    if first.candidate is None:
        report.add(FAULT, "no-bootstrap", view.name, f"Q - r explains the gradient in {len(found)} updates")
        return
    _say_convention(view, first, report, discrete=not seen.spaces.continuous)
    if first.loss == "clipped inside the square":
        report.add(FAULT, "clip-inside", view.name, "rows whose error is beyond 1 have gradient 0")
    if first.weighted:
        assumed = "" if first.certain else "too few rows share a weight, so that gamma is assumed and not measured"
        report.add(NOTE, "rows-weighted", view.name, assumed)
    _say_candidate(seen, view, agreed, report)
    if seen.spaces.continuous and first.candidate.fault != "wrong-state":
        say_target_action(seen, view, first.candidate.parts, report)
        _say_width(view, first, report)
        say_log_prob(seen, view, found, report)
    if first.mixed == UNMASKED:
        told = f"log pi's factor is {-first.entropy:.3g} in terminated rows as in all others"
        report.add(FAULT, "entropy-unmasked", view.name, told)
    _say_mask(seen, view, agreed, report)
    _say_numbers(seen, view, found, report)


def _is_one_number_in_all_updates(found: list[Label]) -> bool:
    """Whether all rows of all updates bootstrap the same, which values of networks with new weights would not be."""
    given = np.array([x.gamma for x in found if x.candidate is not None and x.candidate.fault == "one-bootstrap"])
    return len(given) == len(found) > 1 and bool(np.ptp(given) <= SAME_FACTOR * np.abs(given).max())


def _is_not_squared(view: CriticView) -> bool:
    """Whether the gradient is the same in every row of every update, whatever the labels are."""
    gradients = np.concatenate([rows.g for _, _, rows in view.rows])
    return len(view.rows) > 1 and bool(np.ptp(gradients) <= SAME_FACTOR * np.abs(gradients).max())


def _say_convention(view: CriticView, first: Label, report: Report, *, discrete: bool) -> None:
    assert first.candidate is not None
    loss = f"Huber loss (bend at {first.bend:.3g})" if first.loss == "Huber" else first.loss
    if discrete:
        report.convention(first.candidate.convention)
    inside = first.gamma and first.mixed != UNMASKED
    alpha = first.entropy / first.gamma if inside else first.entropy  # the label is r + gamma (Q - alpha log pi)
    entropy = f" minus alpha log pi, alpha {alpha:.3g}" if first.entropy_of else ""
    report.convention(f"label of {view.name}: {first.candidate.name}{entropy}, gamma {first.gamma:.4g}")
    report.convention(f"loss: {loss}, {_reduction(first)}")
    if np.isfinite(first.clamped):
        report.convention(f"labels of {view.name} are clamped at {first.clamped:.3g}")


def _reduction(first: Label) -> str:
    if first.weighted:
        return "weights of rows"
    means = {1.0: "mean"} if first.loss == "Huber" else {2.0: "mean of squares", 1.0: "half the mean of squares"}
    for factor, words in means.items():
        if abs(abs(first.scale) - factor) < 1e-3:
            return words
    return f"factor {first.scale:.4g} on the mean of errors"


def _say_candidate(seen: Observed, view: CriticView, agreed: list[list[Label]], report: Report) -> None:
    faults = [found[0].candidate.fault for found in agreed if found[0].candidate is not None]
    if "" not in faults:
        name = agreed[0][0].candidate
        report.add(
            FAULT,
            faults[0],
            view.name,
            f"the label '{name.name if name else ''}' explains {len(agreed[0])} updates exactly",
        )
        return
    parts = agreed[faults.index("")][0].candidate
    unasked = unasked_targets(seen, view.rows[0][2].call.parameters)
    if parts is not None and parts.parts and all(t.online for t in parts.parts):
        kept = kept_target(seen, parts.parts[0].call.parameters)
        if kept:
            report.add(
                FAULT, "td-online", view.name, f"{kept} is copied from it and was never asked about a next state"
            )
        elif unasked and all((t.call.keys.end == HERE).any() for t in parts.parts):
            _say_one_call(view, unasked[0][0], report)
        elif unasked:
            told = f"{unasked[0][0]} has its shape, was never asked about a next state, and was not seen to follow it"
            report.add(SUSPICION, "td-online", view.name, told)
        else:
            report.add(NOTE, "no-target", view.name)
    elif parts is not None and (kept := _left_out(seen, parts)):
        told = f"{kept} is copied from one of the networks in the label and was never asked about a next state"
        report.add(FAULT, "td-online", view.name, told)
    elif unasked and unasked[0][1] and parts is not None and parts.parts:
        _say_unasked(seen, view, unasked[0][0], parts.parts[0].call, report)


def _say_one_call(view: CriticView, target: str, report: Report) -> None:
    """One call about s and s' together, and a network of its shape that never moves: CrossQ needs no target.

    Bhatt et al. 2024, "CrossQ: Batch Normalization in Deep Reinforcement Learning for Greater Sample Efficiency".
    """
    report.add(NOTE, "no-target", view.name)
    report.convention(f"{view.name}: s and s' in one batch, {target} in no label")
    report.findings = [f for f in report.findings if (f.code, f.where) != ("target-not-seen", target)]


def _left_out(seen: Observed, parts: Candidate) -> str:
    """The target of a network that the label asks beside a target of another one; empty where there is none."""
    return next((kept for t in parts.parts if t.online and (kept := kept_target(seen, t.call.parameters))), "")


def _say_unasked(seen: Observed, view: CriticView, target: str, asked: Call, report: Report) -> None:
    """A target that is in no label: by mistake where another one is asked twice about the same rows."""
    twice = all(
        sum(c.network == asked.network and c.method == asked.method and c.keys.all_next for c in u.calls) > 1
        for u in seen.updates
    )
    if twice:
        told = f"it follows {view.name}, and {asked.network} is asked twice in each update"
        report.add(SUSPICION, "target-unasked", target, told)
    else:
        report.convention(f"{target}: in no label")


def _say_width(view: CriticView, first: Label, report: Report) -> None:
    """Several outputs for one pair of state and action, each of which learns from its own column alone."""
    rows = view.rows[0][2]
    shape = rows.call.outputs[max(rows.output, 0)].shape
    assert first.candidate is not None
    if len(shape) == 2 and shape[1] > 1 and len({t.column for t in first.candidate.parts}) == 1:
        report.add(FAULT, "critic-width", rows.call.network, f"its output has shape {shape}")


def _say_mask(seen: Observed, view: CriticView, agreed: list[list[Label]], report: Report) -> None:
    masks = {found[0].mask for found in agreed}
    rewards = {found[0].reward for found in agreed}
    reward = agreed[0][0].reward
    if reward in WRONG_REWARDS:
        code, told = WRONG_REWARDS[reward]
        report.add(FAULT, code, view.name, told)
    if {("live", "plain"), ("all", "plain")} <= {(found[0].mask, found[0].reward) for found in agreed}:
        told = "no terminated row tells: there was none, or the loss is flat in it, or its reward is not known"
        report.add(NOT_SEEN, "mask-not-seen", view.name, told)
    if "live" in masks and "plain" in rewards:
        return
    if masks <= OF_OTHER_ROWS.keys():
        told = f"each row's mask is that of the transition {OF_OTHER_ROWS[min(masks)]} it"
        report.add(FAULT, "rows-misaligned", view.name, told)
        return
    if "live or cut" in masks:
        report.convention("truncated rows do not bootstrap")
        return
    if masks == {COMPLEMENT}:
        return  # `_say_numbers` says it of the factor
    if "live" in masks:
        if reward == "masked":
            report.add(FAULT, "mask-on-reward", view.name, "terminated rows learn Q = 0")
        elif reward not in WRONG_REWARDS:
            report.convention(f"reward {reward}")
    elif "all" in masks and _is_averaged_mask(seen, agreed[0]):
        told = "the value's factor is gamma times the share of rows of the batch that are not terminated"
        report.add(FAULT, "mask-averaged", view.name, told)
    elif "all" in masks:
        report.add(FAULT, "mask-missing", view.name, "terminated rows fit the same formula as all others")
    else:
        report.add(FAULT, "mask-inverted", view.name, "terminated rows bootstrap, others do not")


def _is_averaged_mask(seen: Observed, found: list[Label]) -> bool:
    """Whether each row's value is masked by the mean mask of its batch: shapes (B, 1) and (B,) were broadcast."""
    told = [x for x in seen.found.settings.get("gamma", ()) if 0 < x <= 1]
    one = [x.gamma / x.live for x in found if x.live]
    if not told and len(one) == len(found) >= FEWEST_SCALES and np.ptp([x.live for x in found]) > ONE_GAMMA:
        return bool(max(one) <= 1 + SAME_GAMMA and np.ptp(one) < SAME_GAMMA)
    return len(found) > 1 and any(
        all(x.live < 1 and abs(x.gamma - gamma * x.live) < SAME_GAMMA for x in found) for gamma in told
    )


def _is_mean_of(part: str, seen: Observed, view: CriticView, found: list[Label]) -> bool:
    """Whether what is added to all labels of an update is the mean of its rewards, or of its actions."""
    given = {i: float(np.mean(getattr(t, part))) for i, t in seen.transitions.items()}
    batches = [np.array([given.get(int(i), np.nan) for i in rows.index]) for _, _, rows in view.rows]
    means, room = np.array([x.mean() for x in batches]), SAME_MEAN * max(float(x.std()) for x in batches)
    return all(x.intercept and float(np.abs(means - x.intercept).min()) < room for x in found)


def _is_among_means(found: list[Label], report: Report) -> bool:
    """Whether the rewards may be in a number that all rows have, as where one broadcast averages all but the values."""
    averaged = any(f.code == "mask-averaged" for f in report.findings)
    return averaged and float(np.ptp([x.intercept for x in found])) > SAME_MEAN


def _say_numbers(seen: Observed, view: CriticView, found: list[Label], report: Report) -> None:
    gammas, errors = np.array([x.gamma for x in found]), [x.gamma_error for x in found]
    gamma, rewards = float(np.median(gammas)), float(np.median([x.reward_scale for x in found]))
    told = _gammas_of(seen)
    if found[0].steps > 1:
        if not _steps_agree(view, found, report):
            return
        gamma = float(np.median([x.later[0] for x in found]))
    up = climbs(*view.rows[0][:2])
    if (np.median([x.scale for x in found]) < 0) != up:
        how = ", and the step climbs" if up else ""
        report.add(FAULT, "ascent", view.name, f"d loss / d Q is {found[0].scale:.3g} (Q - y) / B{how}")
    _say_weight(view, found, report)
    if abs(rewards) < 1e-6 * max(1.0, abs(gamma)):
        if _is_mean_of("reward", seen, view, found):
            instead = f"its own has the factor {rewards:.2g}, and all rows of an update have their mean in its place"
            report.add(FAULT, "reward-averaged", view.name, instead)
        elif not _is_among_means(found, report):
            report.add(FAULT, "reward-missing", view.name, f"the reward's factor is {rewards:.2g}")
        return
    if rewards < 0:
        report.add(FAULT, "reward-sign", view.name, f"the reward's factor is {rewards:.3g}")
    elif found[0].steps == 1 and abs(rewards - gamma) < SAME_FACTOR < abs(gamma - 1) and _is_told(gamma, told):
        report.add(FAULT, "reward-discounted", view.name, f"the reward's factor is {rewards:.4g}, as the value's")
    elif abs(rewards - 1) > 1e-3:
        report.convention(f"reward times {rewards:.4g}")
    _say_sign_of_a_number(view, found[0], gamma, report)
    assumed = (found[0].curved and not found[0].weighted) or not found[0].certain
    if assumed or found[0].candidate is None or found[0].candidate.fault in OF_THE_BATCH:
        return
    if any(f.code == "mask-averaged" for f in report.findings):
        return
    if np.ptp(gammas) > ONE_GAMMA * max(abs(gamma), LEAST_GAMMA):
        report.add(
            FAULT, "gamma-varies", view.name, f"the value's factor runs from {gammas.min():.3g} to {gammas.max():.3g}"
        )
    elif gamma < 0:
        _say_sign(view, found[0], gamma, report)
    elif (added := _added_gamma(gamma, found, told)) is not None:
        each = f"the value's factor is 1, and {added:g} is added to each row's label"
        report.add(FAULT, "gamma-missing", view.name, each)
    elif told and min(abs(gamma - x) for x in told) > max(SAME_GAMMA, SURE * float(np.median(errors))):
        _say_gamma(seen, view, found, gamma, rewards, report)
    elif not told and abs(gamma - 1) < SAME_GAMMA and (left := seen.found.unread.get("gamma")):
        report.add(
            FAULT, "gamma-missing", view.name, f"the value's factor is 1, and nothing reads the {left[0]:g} beside it"
        )
    if found[0].entropy_of and gamma * np.median([x.entropy for x in found]) < 0:  # beside a right or a wrong bootstrap
        report.add(FAULT, "entropy-sign", view.name, f"log pi's factor in the label is +{-found[0].entropy:.3g}")


def _say_sign(view: CriticView, label: Label, gamma: float, report: Report) -> None:
    twice = ", and twice that in terminated rows: `~done` of whole numbers is -1, and -2"
    each = twice if label.mask == COMPLEMENT else ""
    report.add(FAULT, "bootstrap-sign", view.name, f"the bootstrapped value's factor is {gamma:.3g}{each}")


def _say_sign_of_a_number(view: CriticView, label: Label, gamma: float, report: Report) -> None:
    """The sign of a known number of the batch; of an unknown one, it may be the number's own."""
    if gamma < 0 and label.candidate is not None and label.candidate.fault in OF_THE_BATCH - {"one-bootstrap"}:
        _say_sign(view, label, gamma, report)


def _added_gamma(gamma: float, found: list[Label], told: list[float]) -> float | None:
    """A discount that is added and not multiplied with: `r + gamma + v`."""
    if abs(gamma - 1) > SAME_GAMMA or found[0].reward != "shifted":
        return None
    more = float(np.median([x.intercept for x in found]))
    return next((x for x in (*told, *USUAL) if abs(more - x) < SAME_GAMMA), None)


def _say_gamma(
    seen: Observed, view: CriticView, found: list[Label], gamma: float, rewards: float, report: Report
) -> None:
    """A factor of the value that is not the agent's gamma.

    Divided by the number of actions, it is that of a mean; where the reward has the same one, that of the whole label.
    """
    told = _gammas_of(seen)
    if abs(rewards - 1) > 1e-3 and _is_told(gamma / rewards, told):
        each = f"the reward's factor is {rewards:.4g}, the value's {gamma:.4g} with a gamma of {told[0]:g}"
        report.add(FAULT, "label-scaled", view.name, each)
        return
    n, of_policy = seen.spaces.n_actions, found[0].candidate is not None and found[0].candidate.entropy
    if n and of_policy and any(abs(gamma * n - x) < SAME_GAMMA * n for x in told):
        each = f"the value's factor is {gamma:.4g}, the agent's gamma {told[0]:g} divided by {n} actions"
        code = "mean-over-actions" if _is_whole_loss(seen, view, found) else "several-labels"
        report.add(FAULT, code, view.name, each)
        return
    added = _number_added(found[0], gamma, told)
    if added:
        each = f"it is the sum of {added} critics' values, times {gamma / added:.4g}"
        report.add(FAULT, "twins-summed", view.name, each)
        return
    code = "gamma-missing" if abs(gamma - 1) < 1e-3 else "gamma-other"
    report.add(FAULT, code, view.name, f"the value's factor is {gamma:.4g}, the agent's gamma {told[0]:g}")


def _number_added(label: Label, gamma: float, told: list[float]) -> int:
    """How many critics' values the label adds, where it is their mean times as many of the agent's gammas; else 0."""
    parts = label.candidate.parts if label.candidate is not None else ()
    of_mean = label.candidate is not None and label.candidate.convention == "mean of critics"
    return len(parts) if of_mean and _is_told(gamma / max(len(parts), 1), told) else 0


def _is_whole_loss(seen: Observed, view: CriticView, found: list[Label]) -> bool:
    """Whether the losses are the mean squares of these errors, and hold no spread of several labels of a row."""
    scale = float(np.median([x.scale for x in found]))
    for update, backward, _ in view.rows:
        squares = [len(rows.g) * float((rows.g**2).sum()) for rows in value_rows(seen, update, backward.number)]
        if abs(backward.value - sum(squares) / (2 * scale)) > SAME_LOSS * abs(backward.value):
            return False
    return True


def _gammas_of(seen: Observed) -> list[float]:
    """The agent's own discounts, as its settings hold them."""
    return sorted(x for x in seen.found.settings.get("gamma", ()) if 0 < x < 1)


def _say_weight(view: CriticView, found: list[Label], report: Report) -> None:
    """One factor of the whole loss in each update, another one each time, where no row has a weight of its own."""
    scales = np.abs([x.scale for x in found])
    varies = len(found) >= FEWEST_SCALES and float(np.ptp(scales)) > SAME_SCALE * float(scales.max())
    whole = all(len(rows.index) == len(rows.call.keys.index) for _, _, rows in view.rows)  # else B is not known
    if not varies or not whole:
        return
    told = f"the factor of Q - y runs from {scales.min():.3g} / B to {scales.max():.3g} / B"
    if _is_root(view):
        report.convention(f"{told}: the loss is the root of the mean of squares")
    elif _is_mean_of_weights(view, found[0]):
        report.add(FAULT, "weights-averaged", view.name, f"{told}: each time it is the mean of the rows' weights")
    elif all(x.loss in PLAIN for labels in view.labels for x in labels):
        report.add(SUSPICION, "weights-averaged", view.name, told)


def _is_root(view: CriticView) -> bool:
    """Whether d loss / d Q has one length in all updates, as that of the root of the mean of squares has.

    B times its sum of squares is 1 then, whatever the errors.
    """
    lengths = np.array([len(rows.g) * float((rows.g**2).sum()) for _, _, rows in view.rows])
    return bool(np.abs(lengths - 1).max() < SAME_SCALE)


def _is_mean_of_weights(view: CriticView, label: Label) -> bool:
    """Whether the losses were multiplied by weights of rows, whose mean is the factor of all rows in each update."""
    if len(view.labels) != len(view.rows):
        return False
    known = [
        ([abs(x.scale) for x in labels if x.loss in PLAIN and x.key == label.key], backward.weights)
        for labels, (_, backward, _) in zip(view.labels, view.rows, strict=True)
    ]
    known = [(scales, weights) for scales, weights in known if scales and weights]
    if len(known) < FEWEST_SCALES:
        return False
    for k in range(min(len(weights) for _, weights in known)):
        factors = np.array([scales[0] / weights[k].mean() for scales, weights in known])
        if np.isfinite(factors).all() and np.ptp(factors) < SAME_MEAN_WEIGHT * factors.max():
            return True
    return False


def _is_told(gamma: float, told: list[float]) -> bool:
    """Whether a factor is the agent's own gamma."""
    return any(abs(gamma - x) < SAME_GAMMA for x in told)


def _steps_agree(view: CriticView, found: list[Label], report: Report) -> bool:
    """Whether the rewards' factors are powers of one gamma, and the factor of the value n steps ahead is gamma^n."""
    n = found[0].steps
    first, value = float(np.median([x.later[0] for x in found])), float(np.median([x.gamma for x in found]))
    report.convention(f"{n}-step label")
    powers = [float(np.median([x.later[k] for x in found])) - first ** (k + 1) for k in range(n - 1)]
    agree = max(map(abs, powers)) <= SAME_GAMMA and abs(value - first**n) <= SAME_GAMMA
    if not agree:
        report.add(
            FAULT,
            "n-step-discount",
            view.name,
            f"the second reward's factor is {first:.4g}, the bootstrapped value's {value:.4g}; "
            f"{first:.4g} to the power {n} is {first**n:.4g}",
        )
    return agree
