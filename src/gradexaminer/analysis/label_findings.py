"""What an exact label says in words: the convention it follows, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.actions import say_target_action
from gradexaminer.analysis.targets import kept_target
from gradexaminer.analysis.views import CriticView
from gradexaminer.findings import FAULT, NOTE, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.evidence import Label
    from gradexaminer.recording.observe import Observed

SAME_GAMMA = 1e-3


def say_label(seen: Observed, view: CriticView, agreed: list[list[Label]], report: Report) -> None:
    """Say the convention of the label that explains most updates, and every fault in it."""
    found = [x for x in agreed[0] if x.certain] or agreed[0]
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
        assumed = "" if first.certain else "too few rows share a weight, so that gamma is assumed and not measured"
        report.add(NOTE, "rows-weighted", view.name, assumed)
    _say_candidate(seen, view, agreed, report)
    if seen.spaces.continuous and first.candidate.fault != "wrong-state":
        say_target_action(seen, first.candidate.parts, report)
        _say_width(view, first, report)
    _say_mask(view, agreed, report)
    _say_numbers(seen, view, found, report)


def _say_convention(view: CriticView, first: Label, report: Report) -> None:
    assert first.candidate is not None
    loss = f"Huber loss (bend at {first.bend:.3g})" if first.loss == "Huber" else first.loss
    report.convention(first.candidate.convention)
    alpha = first.entropy / first.gamma if first.gamma else first.entropy  # the label is r + gamma (Q - alpha log pi)
    entropy = f" minus alpha log pi, alpha {alpha:.3g}" if first.entropy_of else ""
    report.convention(f"label of {view.name}: {first.candidate.name}{entropy}, gamma {first.gamma:.4g}")
    report.convention(f"loss: {loss}, {_reduction(first)}")


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
    if parts is not None and parts.parts and all(t.online for t in parts.parts):
        kept = kept_target(seen, parts.parts[0].call.parameters)
        if kept:
            report.add(
                FAULT, "td-online", view.name, f"{kept} is copied from it and was never asked about a next state"
            )
        else:
            report.add(NOTE, "no-target", view.name)


def _say_width(view: CriticView, first: Label, report: Report) -> None:
    """Several outputs for one pair of state and action, each of which learns from its own column alone."""
    rows = view.rows[0][2]
    shape = rows.call.outputs[max(rows.output, 0)].shape
    assert first.candidate is not None
    if len(shape) == 2 and shape[1] > 1 and len({t.column for t in first.candidate.parts}) == 1:
        report.add(FAULT, "critic-width", rows.call.network, f"its output has shape {shape}")


def _say_mask(view: CriticView, agreed: list[list[Label]], report: Report) -> None:
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


def _say_numbers(seen: Observed, view: CriticView, found: list[Label], report: Report) -> None:
    gammas = np.array([x.gamma for x in found])
    gamma, rewards = float(np.median(gammas)), float(np.median([x.reward_scale for x in found]))
    told = sorted(x for x in seen.found.settings.get("gamma", ()) if 0 < x < 1)
    if found[0].steps > 1:
        if not _steps_agree(view, found, report):
            return
        gamma = float(np.median([x.later[0] for x in found]))
    if np.median([x.scale for x in found]) < 0:
        report.add(FAULT, "ascent", view.name, f"d loss / d Q is {found[0].scale:.3g} (Q - y) / B")
    if abs(rewards) < 1e-6 * max(1.0, abs(gamma)):
        report.add(FAULT, "reward-missing", view.name, f"the reward's factor is {rewards:.2g}")
        return
    if rewards < 0:
        report.add(FAULT, "reward-sign", view.name, f"the reward's factor is {rewards:.3g}")
    elif abs(rewards - 1) > 1e-3:
        report.convention(f"reward times {rewards:.4g}")
    assumed = (found[0].curved and not found[0].weighted) or not found[0].certain
    if assumed or found[0].candidate is None or found[0].candidate.fault == "batch-max":
        return
    if np.ptp(gammas) > 1e-2 * max(abs(gamma), 1e-3):
        report.add(
            FAULT, "gamma-varies", view.name, f"the value's factor runs from {gammas.min():.3g} to {gammas.max():.3g}"
        )
    elif gamma < 0:
        report.add(FAULT, "bootstrap-sign", view.name, f"the bootstrapped value's factor is {gamma:.3g}")
    elif told and min(abs(gamma - x) for x in told) > SAME_GAMMA:
        code = "gamma-missing" if abs(gamma - 1) < 1e-3 else "gamma-other"
        report.add(FAULT, code, view.name, f"the value's factor is {gamma:.4g}, the agent's gamma {told[0]:g}")
    if found[0].entropy_of and gamma * np.median([x.entropy for x in found]) < 0:  # beside a right or a wrong bootstrap
        report.add(FAULT, "entropy-sign", view.name, f"log pi's factor in the label is +{-found[0].entropy:.3g}")


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
