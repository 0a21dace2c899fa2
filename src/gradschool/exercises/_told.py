"""What a step may have been, in sentences: each label, factor or target's way that explains the gradients of a call.

One call is explained by several, as where no episode ends in its batch. What explains every call is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

import numpy as np

from gradschool.core.numerics import Array
from gradschool.exercises._formulas import EXACT, MASKS, PRESENT, SPARE, Label, Rows, fitting_labels, labels_of
from gradschool.exercises._told_losses import told_of_errors

CLOSE = 1e-5  # relative difference of a coefficient from the number that it is called
RIGHT_MASK = MASKS[0]


def told_of_label(g: Array, rows: Rows, part: str, lr: float) -> tuple[str, ...] | None:
    """Return the sentences that may be true of the gradients g (P,) at the outputs of the actions taken.

    None with too few rows to tell one label from another. ``lr`` is the optimizer's step size.
    """
    if len(g) < 4 + SPARE or not np.any(g):
        return None
    right = {f"r + gamma * ({name} {RIGHT_MASK})": None for name in list(rows.values)[: rows.right]}
    found = dict.fromkeys(
        _sentence(part, y, factor, right)
        for label, c, q in _fitted(g, rows)
        for y, factor in product(_labels(label, -c / q, rows), _factors(q, rows, lr))
    )
    return (*(says for says in found if says), *told_of_errors(g, rows, part))


def factor_of_right(g: Array, rows: Rows) -> float | None:
    """Return the factor with which gradients g (P,) are the errors that are asked for; None if they are not."""
    asked = rows.asked
    c = float((g * asked).sum() / max(float((asked * asked).sum()), 1e-300))
    return c if np.any(g) and np.abs(g - c * asked).max() <= EXACT * np.abs(g).max() else None


def told_of_change(first: float | None, second: float | None, part: str) -> tuple[str, ...]:
    """Return in words how the factor of a right gradient changes from one call of an optimizer to the next."""
    if not first or not second or _is(second / first, 1.0):
        return ()
    return (
        f"`{part}` is {second / first:.3g} times as long as the first step's factor makes it: the step size, or the "
        "factor of the loss, changes from call to call",
    )


def _sentence(part: str, y: str, factor: str, right: Iterable[str]) -> str:
    """Say what is wrong with a label and with the factor of Q - y; "" where nothing is."""
    wrong = [] if y in right else [f"the label is y = {y}, not y = {next(iter(right))}"]
    wrong += [f"the step is {factor}"] if factor else []
    return f"in `{part}` {' and '.join(wrong)}" if wrong else ""


def _fitted(g: Array, rows: Rows) -> Iterator[tuple[Label, Array, float]]:
    """Yield each label that explains the gradients, with the factors of reward, value and 1, and that of Q."""
    every = labels_of(rows)
    for k, table in fitting_labels(g, rows, every):
        size = np.where(np.any(table, axis=0), np.linalg.norm(table, axis=0), 1.0)
        found = np.linalg.lstsq(table / size, g, rcond=1e-9)[0]
        if abs(found[0]) > PRESENT * np.linalg.norm(g):
            c = found / size
            yield every[k], np.append(c[1:], 0.0)[:3], float(c[0])


def _labels(label: Label, c: Array, rows: Rows) -> Iterator[str]:
    """Yield the label with these factors of reward, value and 1, in each way in which it may be written."""
    r, v, one = (float(x) for x in c)
    seen = bool(np.any(label.masked))
    rewards, values = list(_times(r, label.reward, rows)), list(_times(v, label.value, rows, seen=seen))
    for terms in product(rewards, values, _constants(label, r, v, one, rows)):
        yield " + ".join(term for term in terms if term).replace(" + -", " - ") or "0"
    yield from _in_each_batch(label, r, v, one, rows)


def _in_each_batch(label: Label, r: float, v: float, one: float, rows: Rows) -> Iterator[str]:
    """Yield the label as other factors in each batch make it, as of a mean and a spread over its rows."""
    more = "" if _is(one, 0.0) else " and something added in each batch, as where {} over the batch"
    if _is(r, 0.0) or _is(r, 1.0) or not np.any(label.masked):
        return
    if _is(v, r * rows.gamma):
        yield f"another multiple of {label.reward} + gamma * ({label.value})" + more.format("labels are normalized")
    if _is(v, rows.gamma):
        yield f"another multiple of {label.reward} + gamma * ({label.value})" + more.format("rewards are normalized")


def _times(c: float, what: str, rows: Rows, *, seen: bool = True) -> Iterator[str]:
    """Yield a term of a label with its factor: as a multiple of gamma, and as a number; any where it is not seen."""
    of_value = what != "r" and not what.startswith(("r ", "the sign"))
    named = f"({what})" if " " in what else what
    if not seen:
        yield from (f"gamma * {named}", named, "", f"-1 * {named}", f"-1 gamma * {named}")
        return
    gamma = rows.gamma
    if _is(c, 0.0):
        yield ""
        return
    if _is(c, gamma):
        yield f"gamma * {named}"
    if _is(c, 1.0):
        yield named
    if _is(c, gamma**2):
        yield f"gamma^2 * {named}"
    if of_value and _is(c, gamma * float(rows.live.mean())):
        yield f"gamma * the share of rows that go on * {named}"
    if of_value and not _is(c, gamma):
        yield f"{c / gamma:.3g} gamma * {named}"
    if not _is(c, 1.0):
        yield f"{c:.3g} * {named}"


def _constants(label: Label, r: float, v: float, one: float, rows: Rows) -> Iterator[str]:
    """Yield what is added to every row's label: of a broadcast, a mean over the batch."""
    if _is(one, 0.0):
        yield ""
        return
    if _is(one, rows.gamma):
        yield "gamma"
    if _is(r, 0.0) and _is(one, float(rows.reward.mean())):
        yield "the mean reward of the batch"
    if _is(v, 0.0) and _is(one, rows.gamma * float(label.masked.mean())):
        yield f"gamma * the mean over the batch of ({label.value})"
    if _is(r, 0.0) and _is(v, 0.0) and _is(one, float((rows.reward + rows.gamma * label.masked).mean())):
        yield f"the mean over the batch of r + gamma * ({label.value})"
    if _is(one, -float(rows.reward.mean())):
        yield "(minus the mean reward of the batch)"
    if _is(one, float((rows.q - r * label.rewards - v * label.masked).mean())):
        yield "the mean over the batch of Q - y"
    yield f"{one:.3g}"


def _factors(c: float, rows: Rows, lr: float) -> Iterator[str]:
    """Yield in words the factor in front of Q - y; "" for that of a mean or a sum, with or without a half."""
    what, climbs = ("Q - y", "") if c > 0 else ("y - Q", ", which climbs the loss")
    going_on = abs(c) * float(rows.live.sum())
    if np.any(rows.terminated) and any(_is(going_on, x) for x in (0.5, 1.0, 2.0)):
        yield f"the sum over all rows of {what} divided by the number of rows that go on, not by B"
    odd = f"times {what}{climbs}, a factor that no mean or sum of squares has: a step may be taken twice, or scaled"
    of_mean = abs(c) * rows.pairs.shape[1]
    if any(_is(abs(c), f) for f in rows.factors):
        yield "" if c > 0 else "that of y - Q, which climbs the loss"
        if not any(_is(of_mean, x) for x in (0.5, 1.0, 2.0)):
            yield f"{of_mean:.3g}/B {odd}"  # a sum's here by the number of rows, and perhaps a mean's elsewhere
        return
    yield f"{of_mean:.3g}/B {odd}"
    yield f"{abs(c):.3g} {odd}"
    own = "whatever the optimizer's step size is: it is not the optimizer that takes it, or not that one"
    yield f"{of_mean * lr:.3g}/B times {what}{climbs}, {own}"
    yield f"{abs(c) * lr:.3g} times {what}{climbs}, {own}"
    yield f"another multiple of {what}{climbs} in each batch, as where the norm of a gradient is clipped"


def _is(x: float, y: float) -> bool:
    return abs(x - y) <= CLOSE * max(1.0, abs(y)) if y in (0.0, 1.0) else abs(x - y) <= CLOSE * abs(y)


def told_of_carried(carried: Sequence[tuple[float, str]], part: str) -> tuple[str, ...]:
    """Return what a second step applies that was left in `.grad`, by the factor of each and what it is."""
    left = [what for factor, what in carried if _is(factor, 1.0)]
    if not left or any(not _is(factor, 0.0) and not _is(factor, 1.0) for factor, _ in carried):
        return ()
    return (f"`{part}` applies {' and '.join(left)} once more: `.grad` is not cleared in time",)


def told_of_slope(
    g: Array, ways: Sequence[tuple[str, Array]], terms: Mapping[str, Array], A: int, B: int, part: str
) -> tuple[str, ...] | None:
    """Return the sentences that may be true of an actor's gradients g (U, A); None with too few rows to tell.

    ``ways`` are what may push it, the right one first; some have two forms under one name. ``terms`` are what a loss
    may push it by beside.
    """
    if g.size < 4 or not np.any(g):
        return None
    right, found = ways[0][0], dict.fromkeys([""])
    for way, x in ways:
        k = float((g * x).sum() / max(float((x * x).sum()), 1e-300))
        if np.abs(g - k * x).max() <= EXACT * np.abs(g).max():
            said = (f"{share}{way}" for share in _shares(k, A, B) if share or way != right)
            found |= dict.fromkeys(f"`{part}` follows {s}, not {right}" for s in said)
    own = [x for way, x in ways if way == right]
    for x in own:
        more = (*_with_a_term(g, x, terms), *_row_by_row(g, x, right), *_motor_by_motor(g, x, right))
        found |= dict.fromkeys(f"`{part}` {s}" for s in more)
    return tuple(s for s in found if s)


def _with_a_term(g: Array, own: Array, terms: Mapping[str, Array]) -> Iterator[str]:
    """Yield what pushes an actor beside its own slope, where a loss has a further term."""
    for what, x in terms.items():
        table = np.stack([own.ravel(), x.ravel()], axis=1)
        found, _, rank, _ = np.linalg.lstsq(table, g.ravel(), rcond=1e-9)
        fits = rank == 2 and np.abs(g.ravel() - table @ found).max() <= EXACT * np.abs(g).max()
        if g.size >= 2 + SPARE and fits and np.abs(x * found[1]).max() > 1e-3 * np.abs(g).max():
            yield f"follows the slope of Q and, beside it, {what}: its loss has a further term"


def _motor_by_motor(g: Array, own: Array, right: str) -> Iterator[str]:
    """Yield which motors learn, where each follows its own slope and some do not move, or count more than others."""
    U, A = g.shape
    if A < 2 or U < 1 + SPARE:
        return
    k = (g * own).sum(axis=0) / np.maximum((own * own).sum(axis=0), 1e-300)
    if np.abs(g - k * own).max() > EXACT * np.abs(g).max() or np.ptp(k) <= EXACT * np.abs(k).max():
        return
    some = np.abs(k) > EXACT * np.abs(k).max()
    for at, which in ((0, "first"), (A - 1, "last")):
        if some[at] and some.sum() == 1:
            yield f"follows {right} in the {which} motor alone, and does not move for the others"
        if not some[at] and some.sum() == A - 1 and A > 2:
            yield f"does not move for the {which} motor, and follows {right} in the others"
    yield f"follows {right}, but the motors do not count alike: each has a weight of its own"


def _row_by_row(g: Array, own: Array, right: str) -> Iterator[str]:
    """Yield how the rows of a batch count, where each follows its own slope and some count more than others."""
    if len(g) < 4:
        return
    if np.abs(np.abs(g) - np.abs(g).max()).max() <= EXACT * np.abs(g).max() and (np.sign(g) == np.sign(own)).all():
        yield f"follows only the sign of {right}"
    if g.shape[1] < 2:
        return
    k = (g * own).sum(axis=1) / np.maximum((own * own).sum(axis=1), 1e-300)
    if np.abs(g - k[:, None] * own).max() > EXACT * np.abs(g).max():
        return
    some = np.abs(k) > EXACT * np.abs(k).max()
    if some.sum() == 1:
        yield f"follows {right} in a single row of the batch"
    elif not some.all() and np.ptp(k[some]) <= EXACT * np.abs(k).max():
        yield f"follows {right} in some rows of the batch, and does not move for the others"
    if np.ptp(k) > EXACT * np.abs(k).max():
        yield f"follows {right}, but its rows do not count alike: each has a weight of its own"


def _shares(k: float, A: int, B: int) -> Iterator[str]:
    """Yield in words the factor of an actor's gradient; "" for a mean's over the batch, and for a sum's."""
    sign, k = ("minus " if k < 0 else ""), abs(k)
    known = {"": 1, "1/A of ": A, "1/B of ": B, "1/(A B) of ": A * B}
    named = [says for says, n in known.items() if _is(k * n, 1 / B) or _is(k * n, 1.0)]
    numbers = [f"{k * B:.3g}/B of the sum of ", f"{k:.3g} of the sum of ", "another share in each batch of "]
    yield from (f"{sign}{says}" for says in named or numbers)


def told_of_share(share: float | None, tau: float) -> tuple[str, ...]:
    """Return in words how far a target network moved, in each way in which that may be said."""
    if share is None:
        return ()
    known = {
        "stays where it is": 0.0,
        "becomes a copy of its network": 1.0,
        "moves 1 - tau of the way, not tau": 1 - tau,
        "moves tau of the way twice": 2 * tau - tau**2,
        "moves tau^2 of the way, not tau": tau**2,
        "moves half of tau of the way, not tau": tau / 2,
        "moves 2 tau of the way, not tau": 2 * tau,
    }
    found = [says for says, x in known.items() if _is(share, x)]
    return (*found, f"moves {share:.3g} of the way, not tau")


def told_of_mix(old: float, new: float, tau: float) -> tuple[str, ...]:
    """Return in words a sum of a target's weights and its network's that is no average, with their two factors."""

    def named(x: float) -> list[str]:
        known = {"1": 1.0, "tau": tau, "1 - tau": 1 - tau}
        return [says for says, number in known.items() if _is(x, number)] or [f"{x:.3g}"]

    ways = product(named(old), named(new))
    found = [f"becomes {a} times itself plus {b} times its network: these two must add up to 1" for a, b in ways]
    return (*found, "becomes a sum of itself and its network in which the two factors do not add up to 1")


def told_of_three(factors: tuple[float, ...], tau: float) -> tuple[str, ...]:
    """Return in words a sum of a target's weights, those of its network before its step, and those after it."""
    twice = ((1 - tau) ** 2, tau * (1 - tau), tau)
    often = ("moves tau of the way twice, once before its network's step and once after it",)
    mixed = (
        "becomes {:.3g} times itself plus {:.3g} times its network before the step plus {:.3g} times the one after it"
    )
    return (*(often if all(map(_is, factors, twice)) else ()), mixed.format(*factors))
