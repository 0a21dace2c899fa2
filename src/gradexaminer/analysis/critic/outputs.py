"""Where a critic's gradient arrives, which action it was shown, and whether its outputs can be returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.critic.bounds import bound_of
from gradexaminer.analysis.reading.actions import are_stored, is_affine, stored_actions
from gradexaminer.analysis.reading.policies import is_distribution
from gradexaminer.findings import FAULT, SUSPICION, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.analysis.reading.values import ValueRows
    from gradexaminer.recording.observe import Observed

NOTHING = 1e-5  # share of the largest gradient below which another one counts as 0
ROUNDING = 1e-6  # of a row's largest output
JUST_1 = 1.01
FEWEST_NEIGHBORS = 16  # rows, whose gradient does not lie at a neighbor's action by chance
MANY = 0.02  # share of the outputs
WHOLE = 0.99  # of a reward's factor: one that is scaled down is smaller
ENOUGH_OUTPUTS = 100  # of a network with fresh weights; without a bound some of them are negative


def gradient_elsewhere(rows: ValueRows) -> tuple[str, str] | None:
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


def of_a_neighbor(seen: Observed, view: CriticView) -> str:
    """Whose action it is where each row's gradient lies at the output of the transition before or after; else nothing.

    A buffer that keeps states, actions and rewards in lists of their own joins them so, if one list lacks an entry.
    """
    for offset, whose in ((-1, "before"), (1, "after")):
        fits = [_columns_of(seen, rows, offset) for _, _, rows in view.rows]
        found = np.concatenate([hit for hit, _ in fits])
        if found.all() and any(varied for _, varied in fits) and len(found) >= FEWEST_NEIGHBORS:
            return f"in all of {len(found)} rows it lies at the output of the action of the transition {whose}"
    return ""


def _columns_of(seen: Observed, rows: ValueRows, offset: int) -> tuple[np.ndarray, bool]:
    """Where the largest gradient lies at a neighbor's action, if there is one; and whether some differ from the own."""
    beside = [seen.transitions.get(int(i) + offset) for i in rows.index]
    actions = np.array([-1 if t is None else int(t.action) for t in beside])
    told = (np.abs(rows.gradients).max(axis=1) > 0) & (actions >= 0)
    hit = (np.abs(rows.gradients).argmax(axis=1) == actions) | ~told
    return hit, bool(np.any(told & (actions != rows.taken)))


def say_action_shown(seen: Observed, view: CriticView, rows: ValueRows, report: Report) -> None:
    """The critic's action beside the one that is stored; an action in other units is an affine map of it."""
    if rows.action is None or not seen.spaces.continuous:
        return
    stored = stored_actions(seen, rows.index)
    if are_stored(rows.action, stored):
        return
    known = np.isfinite(stored).all(axis=1)
    whole = {"cut off": np.trunc, "rounded": np.rint}
    how = [name for name, f in whole.items() if are_stored(rows.action[known], f(stored[known]))]
    if how:
        report.add(FAULT, "actions-rounded", view.name, f"the digits behind the point are {how[0]}")
        return
    if is_affine(rows.action, stored):
        report.convention("stored actions are rescaled")
        return
    far = float(np.nanmax(np.abs(rows.action - stored)))
    report.add(FAULT, "critic-other-action", view.name, f"up to {far:.2g} away from the stored action")


def examine_outputs(seen: Observed, view: CriticView, report: Report) -> None:
    """A critic whose outputs cannot be what a return can be: never negative, or adding up to 1.

    A tanh is a fault where the outputs themselves are compared with rewards as they are. With discrete actions it may
    be meant: the outcome of a game that is won or lost.
    """
    values = np.concatenate([rows.values for _, _, rows in view.rows])
    if values.shape[1] > 1 and is_distribution(values):
        report.add(FAULT, "output-bounded", view.name, "its outputs add up to 1 in every row, as after a softmax")
    elif (values >= 0).all() and (values == 0).mean() > 0.05:
        report.add(
            FAULT,
            "output-bounded",
            view.name,
            f"{(values == 0).mean():.0%} of its outputs are exactly 0, as after a ReLU",
        )
    elif share := _share_of_value_0(values):
        report.add(
            FAULT,
            "output-bounded",
            view.name,
            f"the mean of a row is never negative, and exactly 0 in {share:.0%} of them, as after a ReLU on a dueling "
            "network's value",
        )
    elif values.size >= ENOUGH_OUTPUTS and (values > 0).all() and (values < 1).all():
        report.add(
            FAULT, "output-bounded", view.name, "its outputs never leave the range from 0 to 1, as after a sigmoid"
        )
    else:
        _say_within_1(seen, view, values, report)


def _say_within_1(seen: Observed, view: CriticView, values: np.ndarray, report: Report) -> None:
    """Outputs none of which leaves the range from -1 to 1, whatever the weights are."""
    size, told = np.abs(values), ""
    last = {rows.call.last[rows.output] for _, _, rows in view.rows if 0 <= rows.output < len(rows.call.last)}
    if last == {"Tanh"}:
        told = "its last operation is a tanh"
    elif size.max() <= 1 and (size == 1).mean() > MANY:
        told = f"{(size == 1).mean():.0%} of its outputs are exactly 1 or -1, as where they are clipped"
    elif size.max() <= 1 and (module := seen.found.modules.get(view.rows[0][2].call.network)) is not None:
        bound = bound_of(seen, module) or np.inf
        told = f"with weights many times larger, its outputs come to {bound:.3g}" if bound < JUST_1 else ""
    sure = seen.spaces.continuous and _learns_rewards_as_they_are(view)
    if told:
        beyond = ", so that it cannot reach returns beyond 1"
        report.add(FAULT if sure else SUSPICION, "output-bounded", view.name, told + beyond)
    elif size.max() <= 1 and (size > 0.98).mean() > MANY:
        report.add(SUSPICION, "output-bounded", view.name, "its outputs never leave the range from -1 to 1")


def _learns_rewards_as_they_are(view: CriticView) -> bool:
    """Whether the label is r + gamma Q: beside outputs that are multiplied outside, a reward's factor is smaller."""
    scales = [x.reward_scale for found in view.agreed[:1] for x in found]
    return bool(scales) and float(np.median(scales)) > WHOLE


def _share_of_value_0(values: np.ndarray) -> float:
    """Of rows whose mean, a dueling network's value, is never negative: in how many it is 0 and the outputs are not."""
    largest = np.abs(values).max(axis=1)
    rows = values.mean(axis=1)[largest > 0] / largest[largest > 0]
    share = float((np.abs(rows) < ROUNDING).mean()) if len(rows) else 0.0
    return share if values.shape[1] > 1 and (rows > -ROUNDING).all() and 0.05 < share < 1 else 0.0
