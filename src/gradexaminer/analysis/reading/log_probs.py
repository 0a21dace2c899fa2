"""Log-probabilities that an entropy term may be made of, wherever they were computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import torch

from gradexaminer.analysis.reading.actions import is_affine
from gradexaminer.analysis.reading.policies import is_distribution, softmax
from gradexaminer.recording.rows import NEXT
from gradexaminer.recording.trace import LogProb

if TYPE_CHECKING:
    from gradexaminer.analysis.reading.tables import Table
    from gradexaminer.recording.trace import Update

OF_A_DISTRIBUTION = "log_prob"  # begins the name of what a distribution gave, of whatever action
OF_THE_NEXT_ACTION = "the next action's log_prob"  # the same, of a number that a critic was shown beside s'
LARGEST_LOG = 20.0  # of a spread: what is further from 0 is none
ONE_HOT = 1e-6  # distance of an entry from 0 or 1
SAME_NUMBER = 1e-4  # of the largest: difference of two numbers that are the same
SPREADS = ((-20.0, 2.0), (-5.0, 2.0), (-20.0, LARGEST_LOG))  # between which programs keep the logarithm of a spread
HALF_LOG = 0.5 * np.log(2 * np.pi)
SAME_SLOPE = 1e-3  # difference of a factor from 1
SMALL = (1e-6, 1e-7, 1e-8, 1e-3, float(np.finfo(np.float32).eps))  # what programs add inside log(1 - tanh(u)**2)


def log_probs(
    update: Update,
    said: list[Table],
    rows: int,
    before: int,
    end: int = NEXT,
    known: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> dict[str, np.ndarray]:
    """Return candidates for log pi(a|s), one number a row, by a name that is the same in every update.

    An actor may return it beside its action; or a distribution's `log_prob` gave it, per entry or summed, with or
    without the correction for a tanh that was applied afterwards. An actor may return an entropy as well: what is the
    negative of one of these, or of what is `known` to be log pi, is given with its sign changed.
    """
    returned: dict[str, np.ndarray] = {}
    for t in said:
        if t.end == end and not t.with_action and t.values.shape[1] == 1 and np.isfinite(t.values).all():
            returned[f"{t.call.network} {t.call.method}[{t.output}]"] = t.values[:, 0]
    given = [x for x in update.log_probs if x.method == "log_prob" and x.time < before and x.value.size % rows == 0]
    forms = ((i, *form) for i, g in enumerate(given) for form in _of_shown(update, g, rows, before))
    made = {f"{title} {i}{name}": x for i, title, name, x in forms}
    made = (made or dict(_by_hand(update, rows, before, end)) | dict(_of_noise(update, rows, before, end))) | dict(
        _of_one_hot(update, rows, before, end)
    )
    sure = [*made.values(), *known.values()]
    return {name: -x if _is_entropy(x, sure) else x for name, x in returned.items()} | made


def _of_shown(update: Update, x: LogProb, rows: int, before: int) -> Iterator[tuple[str, str, np.ndarray]]:
    """A log-probability's forms, by whether its number is the action that a critic was shown beside s'.

    Where the action is some number times the tanh, that number may stand within the logarithm, too.
    """
    shown = _shown_as(update, x, rows, before)
    title = OF_A_DISTRIBUTION if shown is None or shown[0] != NEXT else OF_THE_NEXT_ACTION
    yield from ((title, form, value) for form, value in forms_of(x, rows))
    if shown is not None and np.abs(shown[1] - 1).max() > SAME_SLOPE:
        yield from ((title, form, value) for form, value in forms_of(x, rows, shown[1])[1:])


def scale_of(shown: np.ndarray, tanh: np.ndarray) -> np.ndarray:
    """By what each entry of a tanh was multiplied, (A,), where actions are that tanh shifted and scaled."""
    return np.asarray(np.ptp(shown, axis=0) / np.maximum(np.ptp(tanh, axis=0), 1e-30))


def _shown_as(update: Update, x: LogProb, rows: int, before: int) -> tuple[int, np.ndarray] | None:
    """At which end a critic was shown a number, or its tanh shifted and scaled, and that tanh's scale in each entry."""
    if x.of is None or x.of.size % rows:
        return None
    u = x.of.reshape(rows, -1)
    tanh = np.tanh(u)
    for c in (c for c in update.calls if len(c.keys.index) == rows and c.time < before):
        for shown in (e for e in c.extra if e.shape == u.shape):
            if c.time > x.time and is_affine(shown, tanh):
                return int(c.keys.end[0]), scale_of(shown, tanh)
            if np.allclose(shown, u, atol=1e-6):
                return int(c.keys.end[0]), np.ones(u.shape[1])
    return None


def _is_entropy(x: np.ndarray, log_pi: list[np.ndarray]) -> bool:
    """Whether these numbers are minus log pi."""
    near = SAME_NUMBER * max(float(np.abs(x).max(initial=0.0)), 1e-30)
    return any(x.shape == y.shape and bool(np.abs(x + y).max(initial=0.0) < near) for y in log_pi)


def _by_hand(update: Update, rows: int, before: int, end: int) -> Iterator[tuple[str, np.ndarray]]:
    """Log pi of the action that a critic is shown, where a program writes the normal density out.

    A policy returned mean and spread, or the logarithm of a spread; the action is the number drawn, or its tanh.
    """
    at_end = [c for c in update.calls if c.time < before and len(c.keys.index) == rows and (c.keys.end == end).all()]
    shown = [x for c in at_end for x in c.extra]
    for call in at_end:
        if call.extra or len(call.outputs) < 2 or call.outputs[0].ndim != 2:
            continue
        mean, spread = call.outputs[:2]
        for action in (x for x in shown if x.shape == mean.shape == spread.shape):
            for how, deviation in _deviations(spread):
                name = f"log pi of {call.network} by hand, {how}"
                yield name, _density(action, mean, deviation)
                if np.abs(action).max() < 1:
                    u = np.arctanh(action)
                    squashed = LogProb(0, "", _density(u, mean, deviation), u)
                    yield from ((f"{name}, tanh{form}", value) for form, value in forms_of(squashed, rows))


def _of_noise(update: Update, rows: int, before: int, end: int) -> Iterator[tuple[str, np.ndarray]]:
    """Log pi of mean + spread * noise, where a program draws the noise itself and writes the normal density out.

    A policy returned mean and the logarithm of a spread beside each other, or as the two halves of one output.
    """
    for call in (
        c for c in update.calls if c.time < before and len(c.keys.index) == rows and (c.keys.end == end).all()
    ):
        noise = next((x.value for x in update.noise if call.time < x.time < before), None)
        parts = _mean_and_spread(call.outputs) if not call.extra else None
        if noise is None or parts is None or parts[0].size != noise.size:
            continue
        mean, log_spread = parts
        for low, high in SPREADS:
            log_deviation = np.clip(log_spread, low, high)
            u = _drawn(mean, log_deviation, noise.reshape(mean.shape))
            density = (-0.5 * noise.reshape(mean.shape) ** 2 - log_deviation - HALF_LOG).sum(axis=1)
            forms = forms_of(LogProb(0, "", density, u), rows)
            yield from ((f"log pi of {call.network} by its noise, {low:g} to {high:g}{form}", x) for form, x in forms)


def _drawn(mean: np.ndarray, log_deviation: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """The number drawn, in the program's 32 bits: near the bounds of its tanh, other digits are another log pi."""
    m, s, e = (torch.from_numpy(np.ascontiguousarray(x)).float() for x in (mean, log_deviation, noise))
    return np.asarray((m + s.exp() * e).double().numpy())


def _mean_and_spread(outputs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray] | None:
    """Two outputs of one shape, or the halves of one; None where there are none."""
    if not outputs or outputs[0].ndim != 2:
        return None
    if len(outputs) > 1:
        return (outputs[0], outputs[1]) if outputs[0].shape == outputs[1].shape else None
    half, odd = divmod(outputs[0].shape[1], 2)
    return None if odd or not half else (outputs[0][:, :half], outputs[0][:, half:])


def _of_one_hot(update: Update, rows: int, before: int, end: int) -> Iterator[tuple[str, np.ndarray]]:
    """Log pi of a discrete action that a critic is shown as zeros and a one, from a policy's shares or logits."""
    at_end = [c for c in update.calls if c.time < before and len(c.keys.index) == rows and (c.keys.end == end).all()]
    shown = [x for c in at_end for x in c.extra if x.shape[1] > 1 and _is_one_hot(x)]
    for call in at_end:
        for out in (x for x in call.outputs if not call.extra and x.ndim == 2):
            for x in (x for x in shown if x.shape == out.shape):
                pi = out if is_distribution(out) else softmax(out)
                yield f"log pi of {call.network} at the action shown", np.log((x * pi).sum(axis=1) + 1e-10)


def _is_one_hot(x: np.ndarray) -> bool:
    """Whether each row is zeros and a one, but for the rounding of a straight-through estimate."""
    return bool(
        np.abs(x - np.rint(x)).max() < ONE_HOT and (np.rint(x).sum(axis=1) == 1).all() and np.rint(x).min() == 0
    )


def _deviations(spread: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """A spread as it is, and as a logarithm."""
    if (spread > 0).all():
        yield "spread", spread
    if np.abs(spread).max() < LARGEST_LOG:
        yield "its logarithm", np.exp(spread)


def _density(x: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """The logarithm of the normal density, summed over entries."""
    return np.asarray((-0.5 * ((x - mean) / deviation) ** 2 - np.log(deviation * np.sqrt(2 * np.pi))).sum(axis=1))


def log_of_room(u: np.ndarray, small: float, slope: np.ndarray | float = 1.0) -> np.ndarray:
    """log(slope (1 - tanh(u)^2) + small) as a program has it: near the bounds, 32 bits leave other digits than 64."""
    given = torch.from_numpy(np.ascontiguousarray(u))
    if np.array_equal(u, u.astype(np.float32)):
        given = given.float()
    room = (1 - torch.tanh(given).pow(2)) * torch.as_tensor(slope, dtype=given.dtype)
    return np.asarray(torch.log(room + small).double().numpy())


def forms_of(x: LogProb, rows: int, slope: np.ndarray | float = 1.0) -> list[tuple[str, np.ndarray]]:
    """A log-probability summed over entries, as it is and with the correction for a tanh, by what is subtracted."""
    name = "" if np.array_equal(slope, 1.0) else "slope "
    value = x.value.reshape(rows, -1).sum(axis=1)
    forms = [("", value)]
    if x.of is not None and x.of.size % rows == 0:
        u = x.of.reshape(rows, -1)
        rooms = ((s, log_of_room(u, s, slope).sum(axis=1)) for s in SMALL)
        forms += [(f" - log({name}(1 - tanh^2) + {s:g})", value - room) for s, room in rooms]
        factors = np.broadcast_to(np.log(slope), u.shape).sum(axis=1)
        forms.append((f" - log({name}(1 - tanh^2))", value - tanh_correction(u) - factors))
    return forms


def tanh_correction(u: np.ndarray) -> np.ndarray:
    """The sum of log(1 - tanh(u)^2) over entries, without the loss of digits near the bounds."""
    return np.asarray((2 * (np.log(2) - u - np.logaddexp(0, -2 * u))).sum(axis=1))
