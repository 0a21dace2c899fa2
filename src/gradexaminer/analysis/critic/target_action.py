"""Where the action comes from that the label's critics are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.critic.reshaped import fits, multiple_beside_noise, say_reshaped
from gradexaminer.analysis.critic.smoothing import is_drawn, is_traced, say_smoothing
from gradexaminer.analysis.reading.actions import (
    are_stored,
    chosen_ahead,
    climbs_output,
    online_parameters,
    shown_to,
    stored_actions,
)
from gradexaminer.analysis.reading.policies import is_shares
from gradexaminer.findings import FAULT, NOT_SEEN, SUSPICION, Report
from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.analysis.reading.tables import Table
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call, Update

NEAR = 0.5  # of the actions' deviation: noise on a target action stays below that
SAME = 1e-6  # difference of two equal actions
FEWEST = 6  # rows with one action
NO_FACTOR = 0.01  # difference from 1 of a factor that is one
INSIDE = 0.2  # of the actions' range, by which a clamp's bound lies inside of it
FEWEST_CLAMPED = 0.05  # of the entries at one bound
FEWEST_UPDATES = 3  # in which there is no other one


def say_target_action(seen: Observed, view: CriticView, parts: tuple[Table, ...], report: Report) -> None:
    """Where the action comes from that the label's critics are shown."""
    drawn = bool(view.agreed and view.agreed[0][0].entropy_of)
    for t in parts:
        source = target_action_source(seen, t)
        code = {"stored": "target-action-replayed", "actor at s": "target-action-state"}.get(source, "")
        far = _from_stored(seen, t)
        if code:
            report.add(FAULT, code, t.call.network, _how_near(seen, t, source))
        elif far:
            told = f"each is the stored action with noise of up to {far:.2g}"
            report.add(FAULT, "target-action-replayed", t.call.network, told)
        elif source == "online actor" and not (drawn or is_drawn(seen, t.call)):  # SAC draws from the online policy
            report.add(FAULT, "target-action-online", t.call.network, "a target actor is there and was not asked")
        else:
            _say_constant(seen, t, report)
            _say_clamped(seen, view, t, report)
            _say_parameters(seen, view, t, report)
            _say_multiplied(seen, t, report)
            reshaped = say_reshaped(seen, t, report)
            if not drawn:  # else the noise is the policy's own
                say_smoothing(seen, view, t.call, report)
            if not drawn and not reshaped:
                _say_untraced(seen, t, report)


def target_action_source(seen: Observed, t: Table) -> str:
    """`stored`, `actor at s`, `online actor` (though there is a target actor), or empty."""
    shown, index = shown_to(seen, t.call), t.call.keys.index
    if shown is None or (index < 0).any():
        return ""
    if are_stored(shown, stored_actions(seen, index)):
        return "stored"
    sources = chosen_ahead(seen, t.call)
    if not sources:
        return ""
    far, nearest, _ = min(sources, key=lambda source: source[0])
    return _source(seen, nearest) if far < NEAR * float(shown.std()) else ""


def _how_near(seen: Observed, t: Table, source: str) -> str:
    """Whether the actions shown are exactly those of their source, or have noise on them."""
    far, call, _ = min(chosen_ahead(seen, t.call), key=lambda source: source[0], default=(0.0, t.call, 0))
    if source == "stored" or far <= SAME:
        return "the actions are equal in every row"
    return f"they are those of {call.network} at s, with noise of about {far:.2g}"


def _from_stored(seen: Observed, t: Table) -> float:
    """How far the actions shown are from the stored ones, where noise alone lies between them; else 0."""
    shown, index = shown_to(seen, t.call), t.call.keys.index
    if shown is None or (index < 0).any():
        return 0.0
    stored = stored_actions(seen, index)
    if shown.shape != stored.shape or not seen.spaces.continuous or len(index) < FEWEST:
        return 0.0
    far = float(np.sqrt(np.mean((shown - stored) ** 2)))
    nearer = all(far < other for other, _, _ in chosen_ahead(seen, t.call))
    is_near = nearer and far < NEAR * float(min(shown.std(), stored.std()))
    return float(np.abs(shown - stored).max()) if is_near else 0.0


def _shown_ahead(seen: Observed, t: Table) -> list[np.ndarray]:
    """The actions that this critic was shown with next states, call by call, in all updates."""
    asked = [c for u in seen.updates for c in u.calls if c.network == t.call.network and c.keys.all_next]
    return [x for c in asked if (x := shown_to(seen, c)) is not None]


def _say_untraced(seen: Observed, t: Table, report: Report) -> None:
    """Actions of unknown origin: neither stored, nor near what a network returned, nor drawn by a distribution."""
    shown, sources = shown_to(seen, t.call), chosen_ahead(seen, t.call)
    if shown is None or (t.call.keys.index < 0).any() or float(np.ptp(shown)) <= SAME or is_shares(shown):
        return  # shares are made of a network's outputs by a softmax
    far = min((far for far, _, _ in sources), default=np.inf)
    if far >= NEAR * float(shown.std()) and not is_traced(seen, t.call):
        told = "no network returned an action near it"
        report.add(NOT_SEEN, "target-action-not-seen", t.call.network, told)


def _say_constant(seen: Observed, t: Table, report: Report) -> None:
    """One action for all rows, in every update: no network chose it. One update may be an actor at its bounds."""
    shown = _shown_ahead(seen, t)
    constant = all(len(x) >= FEWEST and float(np.ptp(x, axis=0).max()) <= SAME for x in shown)
    if len(shown) >= FEWEST_UPDATES and constant:
        action = ", ".join(f"{a:.3g}" for a in shown[0][0])
        report.add(FAULT, "target-action-constant", t.call.network, f"({action}) in each of {len(shown[0])} rows")


def _say_clamped(seen: Observed, view: CriticView, t: Table, report: Report) -> None:
    """Many entries at one bound that lies well inside of the range of the batch's actions, on at least one side."""
    asked = _shown_ahead(seen, t)
    if not asked:
        return
    shown = np.concatenate(asked)
    (low, high), lowest, highest = view.learned_between(), shown.min(axis=0), shown.max(axis=0)
    for side, bound, room in (("below", lowest, lowest - low), ("above", highest, high - highest)):
        share = float((shown == bound).mean())
        if (room > INSIDE * (high - low)).all() and FEWEST_CLAMPED <= share < 1:
            told = (
                f"{share:.0%} of its entries are exactly {bound[0]:.3g}, clamped from {side}; "
                f"the critic learns from actions between {low.min():.3g} and {high.max():.3g}"
            )
            report.add(SUSPICION, "target-action-clamped", t.call.network, told)


def _say_parameters(seen: Observed, view: CriticView, t: Table, report: Report) -> None:
    """An output of the policy shown as it is, whereas the actor's loss shows something that is made of such outputs."""
    shown = shown_to(seen, t.call)
    exact = [(call, i) for far, call, i in chosen_ahead(seen, t.call) if far <= SAME and i < len(call.outputs)]
    update = next(u for u in seen.updates if t.call in u.calls)
    chosen = [
        x
        for c in update.calls
        if c.keys.all_here and (c.keys.index >= 0).all() and any(map(np.any, c.extra_gradients.values()))
        if (x := shown_to(seen, c)) is not None and not are_stored(x, stored_actions(seen, c.keys.index))
    ]
    outputs = {(c.method, i) for c, i in exact}
    if update.row_by_row:  # each row was asked about with other weights, and what belongs together is not known
        return
    if shown is None or not exact or not chosen or _shows_outputs(update, chosen, outputs):
        return
    factor = _factor(update, chosen, outputs)
    if factor:
        told = (
            f"the actor's loss shows {factor:.4g} times the actor's output, and the label the target actor's as it is"
        )
        report.add(FAULT, "target-action-units", t.call.network, told)
        return
    call, i = exact[0]
    low, high = view.learned_between()
    outside = ((shown < low - 0.1 * (high - low)) | (shown > high + 0.1 * (high - low))).any(axis=1)
    told = f"output {i} of {call.network} as it is, where the actor's loss shows another one or one made of it"
    if outside.any():
        told += f"; in {outside.sum()} of {len(outside)} rows it is no action of the batch's range"
    report.add(FAULT if outside.any() else SUSPICION, "target-action-parameters", t.call.network, told)


def _say_multiplied(seen: Observed, t: Table, report: Report) -> None:
    """A multiple of the target actor's output in the label, whereas the actor's loss shows such an output as it is."""
    shown, update = shown_to(seen, t.call), next(u for u in seen.updates if t.call in u.calls)
    if shown is None:
        return
    for call in update.calls:
        ahead = not call.extra and call.keys.all_next and np.array_equal(call.keys.index, t.call.keys.index)
        for i, x in enumerate(call.outputs if ahead else ()):
            factor = _multiple(shown, x) or multiple_beside_noise(update, t.call, shown, x)
            if factor and climbs_output(seen, update, call.method, i, SAME):
                told = f"the label shows {factor:.4g} times the target actor's output"
                also = "the actor's loss the actor's as it is"
                report.add(FAULT, "target-action-units", t.call.network, f"{told}, and {also}")
                return
            if x.shape == shown.shape and fits(update, t.call, shown, x):
                _say_multiplied_for_actor(seen, update, t, (call.method, i), report)


def _say_multiplied_for_actor(seen: Observed, update: Update, t: Table, which: tuple[str, int], report: Report) -> None:
    """The target actor's output as it is, but for noise, and a multiple of the actor's in the actor's loss."""
    chosen = [
        x
        for c in update.calls
        if c.keys.all_here and any(map(np.any, c.extra_gradients.values())) and (x := shown_to(seen, c)) is not None
    ]
    factor = _factor(update, chosen, {which})
    if factor:
        told = (
            f"the actor's loss shows {factor:.4g} times the actor's output, and the label the target actor's as it is"
        )
        report.add(FAULT, "target-action-units", t.call.network, told)


def _multiple(shown: np.ndarray, x: np.ndarray) -> float:
    """Which multiple of an output is shown, but for one number that is added, and where nothing clamps; else 0."""
    if shown.shape != x.shape or not np.any(x):
        return 0.0
    free = (shown > shown.min()) & (shown < shown.max())
    if free.sum() < FEWEST or float(np.ptp(x[free])) <= SAME:
        return 0.0
    factor, more = np.polyfit(x[free], shown[free], 1)
    exact = np.allclose(factor * x[free] + more, shown[free], atol=1e-5)
    return float(factor) if exact and abs(factor - 1) > NO_FACTOR and factor > 0 else 0.0


def _factor(update: Update, chosen: list[np.ndarray], outputs: set[tuple[str, int]]) -> float:
    """The one number that the actor's loss multiplies this output with; 0 where there is none, or it is 1."""
    for call in update.calls:
        for i, x in enumerate(call.outputs):
            if call.extra or not call.keys.all_here or (call.method, i) not in outputs:
                continue
            for shown in (s for s in chosen if s.shape == x.shape and np.any(x)):
                factor = float((shown * x).sum() / (x * x).sum())
                if np.allclose(shown, factor * x, atol=1e-5) and abs(factor - 1) > NO_FACTOR:
                    return factor
    return 0.0


def _shows_outputs(update: Update, chosen: list[np.ndarray], which: set[tuple[str, int]]) -> bool:
    """Whether the actor's loss shows the same output of the same method, but for noise."""
    return any(
        float(np.sqrt(np.mean((call.outputs[i] - x) ** 2))) < NEAR * float(x.std())
        for call in update.calls
        if not call.extra and (call.keys.end == HERE).all()
        for method, i in which
        for x in chosen
        if call.method == method and i < len(call.outputs) and call.outputs[i].shape == x.shape
    )


def _source(seen: Observed, call: Call) -> str:
    if (call.keys.end != NEXT).all():
        return "actor at s"
    trained = online_parameters(seen)
    others = [
        m for path, m in seen.found.modules.items() if path != call.network and _same_shape(seen, path, call.network)
    ]
    idle = any(not {id(p) for p in m.parameters()} & trained for m in others)
    return "online actor" if idle and call.parameters & trained else ""


def _same_shape(seen: Observed, a: str, b: str) -> bool:
    shapes = [[p.shape for p in seen.found.modules[x].parameters()] for x in (a, b) if x in seen.found.modules]
    return len(shapes) == 2 and shapes[0] == shapes[1]
