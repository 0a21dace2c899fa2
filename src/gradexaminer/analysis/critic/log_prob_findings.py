"""Whether log pi in a label belongs to the action that the target critic is shown: a drawn number behind a tanh.

Haarnoja et al. (2018), arXiv 1801.01290, appendix C: log pi(a|s) = log mu(u|s) - sum of log(1 - tanh(u)^2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.critic.log_prob_density import say_density
from gradexaminer.analysis.reading.actions import is_affine
from gradexaminer.analysis.reading.log_probs import SMALL, forms_of, log_of_room, tanh_correction
from gradexaminer.analysis.reading.policies import softmax
from gradexaminer.findings import FAULT, SUSPICION, Report
from gradexaminer.recording.rows import NEXT
from gradexaminer.recording.trace import LogProb

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.evidence import Label
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.analysis.reading.tables import Table
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Update

SAME = 1e-4  # of the deviation of log pi: smaller differences are rounding
LARGEST_LOG = 20.0  # of a deviation


def say_log_prob(seen: Observed, view: CriticView, found: list[Label], report: Report) -> None:
    """Compare the label's log pi with that of the action in one update."""
    first = found[0]
    if first.candidate is None or first.entropy_of not in first.candidate.entropy or not first.candidate.parts:
        return
    say_log_prob_of(seen, view, first.candidate.parts[0], first.candidate.entropy[first.entropy_of], report)


def say_log_prob_of(seen: Observed, view: CriticView, part: Table, log_pi: np.ndarray, report: Report) -> None:
    """Compare a label's log pi with that of the action that a critic was shown in the call of `part`."""
    update = next(u for u in seen.updates if part.call in u.calls)
    drawn = _drawn(seen, update, part)
    if drawn is None:
        if _say_other_squash(seen, view, update, part, log_pi, report):
            return
        _say_unsquashed(seen, view, update, part, log_pi, report)
        _say_mean_shown(seen, view, update, part, log_pi, report)
        return
    u = drawn.value.reshape(len(part.call.keys.index), -1)
    if part.end == NEXT and _is_of_s(update, part, log_pi):
        report.add(
            FAULT, "log-prob-other-action", view.name, "it is log pi of the action that was chosen at s, not at s'"
        )
        return
    if len(log_pi) != len(u):
        return
    if any(_same(log_pi, sign * near) for sign in (-1, 1) for near in _corrections(u)):
        told = "it is the tanh's correction, and the density of the drawn number is missing"
        report.add(FAULT, "log-prob-missing", view.name, told)
        return
    of_it = [
        (x, x.of.reshape(u.shape))
        for x in update.log_probs
        if x.method == "log_prob" and x.of is not None and x.of.size == u.size
    ]
    correction = tanh_correction(u)
    for x, of in of_it:
        value = x.value.reshape(len(u), -1).sum(axis=1)
        if np.allclose(of, u, atol=1e-6):
            _say_correction(view, log_pi, value, u, report)
        elif np.allclose(of, np.tanh(u), atol=1e-6) and _same(log_pi, value - correction):
            told = "it is the drawn number's distribution, evaluated at the tanh of that number"
            report.add(FAULT, "log-prob-other-action", view.name, told)
        elif _is_put_out(update, part, of) and any(_same(log_pi, value - c) for c in (0, correction)):
            told = "it is the drawn number's distribution, evaluated at what the policy put out, as its mean"
            report.add(FAULT, "log-prob-other-action", view.name, told)
    shown = _shown(seen, part)
    if shown is not None and not any(f.code.startswith("log-prob") and f.where == view.name for f in report.findings):
        say_density(view.name, update, drawn, shown, log_pi, report)


def _is_of_s(update: Update, part: Table, log_pi: np.ndarray) -> bool:
    """Whether a network returned these numbers when it was asked about s."""
    return any(
        x.size == len(log_pi) and np.allclose(x.reshape(-1), log_pi, atol=1e-6)
        for c in update.calls
        if not c.extra and c.keys.all_here and np.array_equal(c.keys.index, part.call.keys.index)
        for x in c.outputs
    )


def _is_put_out(update: Update, part: Table, of: np.ndarray) -> bool:
    """Whether an argument of `log_prob` is a network's output about the same states as it is."""
    return any(
        x.shape == of.shape and np.allclose(x, of, atol=1e-6)
        for c in update.calls
        if not c.extra and c.time < part.call.time and (c.keys.end == part.end).all()
        for x in c.outputs
    )


def _say_correction(view: CriticView, log_pi: np.ndarray, value: np.ndarray, u: np.ndarray, report: Report) -> None:
    """Say what is subtracted from the density of the drawn number `u`, where that is not log(1 - tanh(u)^2)."""
    correction = tanh_correction(u)
    size = float(np.abs(correction).mean())
    if _same(log_pi, value):
        told = f"it equals log pi of the number before the tanh; the correction, {size:.2g} on average, is missing"
        report.add(FAULT, "log-prob-uncorrected", view.name, told)
    elif _same(log_pi, value + correction):
        told = f"log(1 - tanh^2), {size:.2g} on average, is added and not subtracted"
        report.add(FAULT, "log-prob-correction", view.name, told)
    elif _same(log_pi, value - tanh_correction(np.tanh(u))):
        told = "the tanh is taken twice: the correction is log(1 - tanh(action)^2), and the action is a tanh already"
        report.add(FAULT, "log-prob-correction", view.name, told)


def _corrections(u: np.ndarray) -> list[np.ndarray]:
    """The sum of log(1 - tanh(u)^2) over entries, exact and with what programs add inside of the logarithm."""
    return [tanh_correction(u), *(log_of_room(u, small).sum(axis=1) for small in SMALL)]


def _say_other_squash(
    seen: Observed, view: CriticView, update: Update, part: Table, log_pi: np.ndarray, report: Report
) -> bool:
    """Log pi of a number whose softmax or sigmoid the critic is shown, uncorrected or corrected as for a tanh."""
    shown = _shown(seen, part)
    for x in update.log_probs:
        if shown is None or x.method != "log_prob" or x.of is None or x.of.size != shown.size:
            continue
        u = x.of.reshape(shown.shape)
        squashes = {"softmax": softmax(u), "sigmoid": 0.5 * (1 + np.tanh(u / 2))}
        name = next((name for name, squashed in squashes.items() if is_affine(shown, squashed)), None)
        if name is None or is_affine(shown, u) or is_affine(shown, np.tanh(u)) or len(log_pi) != len(u):
            continue
        value = x.value.reshape(len(u), -1).sum(axis=1)
        if _same(log_pi, value):
            told = f"it equals log pi of the number before the {name}; the correction is missing"
            report.add(FAULT, "log-prob-uncorrected", view.name, told)
            return True
        near = [*_corrections(u), *(tanh_correction(v) for v in (np.tanh(u), squashes[name]))]
        near += [log_of_room(np.arctanh(squashes[name]), small).sum(axis=1) for small in SMALL]
        if any(_same(log_pi, value - c) for c in near):
            told = f"it is corrected as for a tanh, and the critic is shown the {name} of the number that was drawn"
            report.add(FAULT, "log-prob-correction", view.name, told)
            return True
    return False


def _say_unsquashed(
    seen: Observed, view: CriticView, update: Update, part: Table, log_pi: np.ndarray, report: Report
) -> None:
    """Log pi of the tanh of a number, where the critic is shown the number; right if the environment takes the tanh."""
    shown = _shown(seen, part)
    for x in update.log_probs:
        if shown is None or x.of is None or x.of.size != shown.size or len(log_pi) != len(shown):
            continue
        value = x.value.reshape(len(shown), -1).sum(axis=1)
        if np.allclose(x.of.reshape(shown.shape), shown, atol=1e-6) and _same(log_pi, value - tanh_correction(shown)):
            told = "it is corrected for a tanh, and the critic is shown the number before it"
            report.add(SUSPICION, "log-prob-other-action", view.name, told)
            return


def _say_mean_shown(
    seen: Observed, view: CriticView, update: Update, part: Table, log_pi: np.ndarray, report: Report
) -> None:
    """Log pi of a number that was drawn, where the critic is shown what the policy put out without drawing."""
    shown = _shown(seen, part)
    if shown is None or len(log_pi) != len(shown):
        return
    for x in update.log_probs:
        if x.method != "log_prob" or x.of is None or x.of.size != shown.size or x.time > part.call.time:
            continue
        u = x.of.reshape(shown.shape)
        of_it = any(_same(log_pi, form) for _, form in forms_of(x, len(shown)))
        if of_it and _was_drawn(update, u) and not _is_made_of(shown, u) and _is_of_an_output(update, part, shown, u):
            told = "it is log pi of a number that was drawn, and the critic is shown what the policy put out undrawn"
            report.add(FAULT, "log-prob-other-action", view.name, told)
            return


def _was_drawn(update: Update, u: np.ndarray) -> bool:
    """Whether a distribution gave this number, or numbers of its size were drawn to make it."""
    given = [x.value for x in update.log_probs if x.method != "log_prob" and x.value.size == u.size]
    return any(np.allclose(x.reshape(u.shape), u, atol=1e-6) for x in given) or any(
        x.value.size == u.size for x in update.noise
    )


def _is_of_an_output(update: Update, part: Table, shown: np.ndarray, u: np.ndarray) -> bool:
    """Whether the action is a network's output about that state, or half of one, shifted, scaled or behind a tanh."""
    means = [
        m
        for c in update.calls
        if not c.extra
        and c.time < part.call.time
        and (c.keys.end == part.end).all()
        and len(c.keys.index) == len(shown)
        for x in c.outputs
        if x.ndim == 2
        for m in (x, x[:, : x.shape[1] // 2])
        if m.shape == shown.shape and not _is_made_of(m, u)
    ]
    return any(is_affine(shown, form) for m in means for form in (m, np.tanh(m)))


def _is_made_of(x: np.ndarray, u: np.ndarray) -> bool:
    """Whether each entry rises with that of `u`, or falls with it: then it is that number behind some function."""
    steps = np.diff(np.take_along_axis(x, np.argsort(u, axis=0), axis=0), axis=0)
    small = 1e-6 * float(np.abs(x).max())
    return bool(((steps >= -small).all(axis=0) | (steps <= small).all(axis=0)).all())


def _shown(seen: Observed, part: Table) -> np.ndarray | None:
    """The action that the critic was shown."""
    return next((x for x in part.call.extra if x.shape[1] == seen.spaces.action_size), None)


def _same(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether two log-probabilities are equal but for rounding, and for what is added inside of a logarithm."""
    return bool(np.median(np.abs(x - y)) < SAME * max(float(x.std()), 1e-30))


def _drawn(seen: Observed, update: Update, part: Table) -> LogProb | None:
    """The number that was drawn from a distribution, and whose tanh the critic was shown."""
    shown = _shown(seen, part)
    for x in update.log_probs:
        if shown is None or x.method == "log_prob" or x.time > part.call.time or x.value.size != shown.size:
            continue
        u = x.value.reshape(shown.shape)
        if is_affine(shown, np.tanh(u)) and not is_affine(shown, u):
            return x
    return None if shown is None else _made_of_noise(update, part, shown)


def _made_of_noise(update: Update, part: Table, shown: np.ndarray) -> LogProb | None:
    """The number mean + deviation * noise behind the tanh, where a program draws the noise and adds it up itself."""
    drawn = [x for x in (*update.noise, *update.log_probs) if x.method != "log_prob" and x.value.size == shown.size]
    for call in update.calls:
        if call.extra or call.time > part.call.time or not np.array_equal(call.keys.index, part.call.keys.index):
            continue
        pairs = [(m, s) for i, m in enumerate(call.outputs) for s in call.outputs[i + 1 :] if m.shape == s.shape]
        for mean, spread in (x for x in pairs if x[0].shape == shown.shape and (call.keys.end == part.end).all()):
            for deviation in (spread, np.exp(np.clip(spread, -LARGEST_LOG, LARGEST_LOG))):
                for x in (x for x in drawn if x.time < part.call.time and (deviation > 0).all()):
                    u = mean + deviation * x.value.reshape(shown.shape)
                    if is_affine(shown, np.tanh(u)):
                        return LogProb(x.time, "rsample", u, None, moments=(mean, deviation))
    return None
