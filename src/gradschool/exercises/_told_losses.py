"""What no straight line in Q, reward and value explains, in sentences: other losses, labels within bounds, lost rows.

Each sentence is tried on the gradients of one call; what is said holds in every call whose part is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradschool.core.numerics import Array
from gradschool.exercises._formulas import BENDS, EXACT, MASKS, ONE_FOR_ALL, SPARE, Rows

ABOUT = 2e-3  # of logarithms: a power that an error is weighted by, beside a small number that is added to it
LEAST_OF_SIGNS = 0.9  # of the least bend: a mean of absolute errors has slopes that a larger one explains, too
RISES = 0.02  # of its range: by how much a curve must leave a straight line to be called one
NO_ERROR = 1e-9  # of the largest error: what is smaller has no sign


def told_of_errors(g: Array, rows: Rows, part: str) -> tuple[str, ...]:
    """Return the sentences that may be true of the gradients g (P,) at the outputs of the actions taken."""
    n = rows.pairs.sum(axis=1)
    each = g / n
    found: dict[str, None] = {}
    last: dict[str, None] = {}  # what says least
    for name in list(rows.values)[: rows.right]:
        of_rows = rows.errors(name)
        error = rows.pairs @ of_rows / n
        if np.allclose(error @ rows.pairs, of_rows, rtol=EXACT, atol=EXACT):  # the rows of a pair are alike
            found |= dict.fromkeys(_losses(each, error, rows))
            found |= dict.fromkeys(_rows_that_count(each, error, rows))
            found |= dict.fromkeys(_bounds(each, rows, name))
            found |= dict.fromkeys(_further_values(g, rows, name))
            found |= dict.fromkeys(_larger_or_smaller(g, rows, name))
            found |= dict.fromkeys(_by_end(g, rows, name))
            last |= dict.fromkeys(_of_flagged_alone(each, error, rows))
            last |= dict.fromkeys(_curves(each, error, rows, name))
        found |= dict.fromkeys(_in_one_half(g, of_rows, rows))
        found |= dict.fromkeys(_labels_of_others(g, of_rows, rows))
        found |= dict.fromkeys(_changed_labels(g, rows, name))
    return tuple(f"in `{part}` {says}" for says in (*found, *_sizes(each), *last))


def _in_one_half(g: Array, of_rows: Array, rows: Rows) -> Iterator[str]:
    """Yield that the first rows of a batch alone count, or the last ones."""
    B = len(of_rows)
    for k in (B // 2, B - B // 2):
        for some, which in ((slice(None, k), "first"), (slice(B - k, None), "second")):
            made = rows.pairs[:, some] @ of_rows[some]
            if np.count_nonzero(made) > 1 and _one_factor(g, made):
                yield f"only the {which} half of the batch has a gradient"


def _labels_of_others(g: Array, of_rows: Array, rows: Rows) -> Iterator[str]:
    """Yield that rows have the labels of other rows, or half of them."""
    y, own = rows.q - of_rows, "the mean of its own and that of"
    for says, other in (
        ("the label of the first row", np.full_like(y, y[0])),
        ("the label of the last row", np.full_like(y, y[-1])),
        ("the mean of all labels", np.full_like(y, y.mean())),
        ("the label of the row at its place from the end", y[::-1]),
        ("the label of the row before", np.roll(y, 1)),
        ("the label of the row after", np.roll(y, -1)),
    ):
        if _makes(g, rows, other):
            yield f"each row learns {says}"
        if says.startswith("the label of") and _makes(g, rows, (y + other) / 2):
            yield f"each row learns {own} {says.removeprefix('the label of ')}"


def _changed_labels(g: Array, rows: Rows, name: str) -> Iterator[str]:
    """Yield a label in which the reward is a whole number, or the discount is another one in each row."""
    future = rows.live * rows.values[name]
    for says, change in (("cut", np.trunc), ("rounded", np.round), ("rounded down", np.floor)):
        if _makes(g, rows, change(rows.reward) + rows.gamma * future):
            yield f"the reward is {says} to whole numbers"
    number = np.arange(len(future))
    for first, of in (("0", number), ("1", number + 1)):
        if _makes(g, rows, rows.reward + rows.gamma**of * future):
            yield f"the value ({name}) is discounted by gamma to the power of the row's number, counted from {first}"


def _larger_or_smaller(g: Array, rows: Rows, name: str) -> Iterator[str]:
    """Yield a label that is the larger, or the smaller, of the right one and a value."""
    right = rows.q - rows.errors(name)
    for other, value in rows.values.items():
        for by, which in ((np.maximum, "larger"), (np.minimum, "smaller")):
            y = by(right, value)
            other_rows = y != right
            if other_rows.any() and _makes(g, rows, y):
                yield f"the label is the {which} of two: the right one and the value ({other})"


def _makes(g: Array, rows: Rows, y: Array) -> bool:
    """Return whether Q - y with these labels makes the gradients, up to a factor."""
    error = rows.pairs @ (rows.q - y)
    return bool(np.count_nonzero(error) > SPARE) and _one_factor(g, error)


def _curves(each: Array, error: Array, rows: Rows, name: str) -> Iterator[str]:
    """Yield what says least: the slope is some curve of the right error, or the label one of the right label."""
    off = np.abs(error) > NO_ERROR * np.abs(error).max()
    e, size = np.abs(error[off]), np.abs(each[off])
    if (np.sign(each[off]) == np.sign(error[off])).all() and _rises(e, size):
        yield (
            "the slope grows with |Q - y|, but not in proportion to it, as of another loss than the square or where "
            "each error is weighted by its own size"
        )
    first = rows.pairs.argmax(axis=1)
    right = (rows.q - rows.errors(name))[first]
    for c in rows.factors:
        if _rises(right, rows.q[first] - each / c):
            yield (
                f"the label is none that r and gamma * ({name} {MASKS[0]}) make, but rises with their sum, as where "
                "that is changed by a root or a logarithm"
            )


def _rises(x: Array, y: Array) -> bool:
    """Return whether y is a curve that rises with x, and no straight line."""
    order = np.argsort(x)
    x, y = x[order], y[order]
    if len(x) < 4 + SPARE or np.ptp(x) == 0 or not (np.diff(y)[np.diff(x) > EXACT * np.ptp(x)] > 0).all():
        return False
    return bool(np.abs(y - np.polyval(np.polyfit(x, y, 1), x)).max() > RISES * np.ptp(y))


def _by_end(g: Array, rows: Rows, name: str) -> Iterator[str]:
    """Yield a label in which the value counts with one factor where the episode goes on and another where it ends.

    Where no row of a batch ends, the second is not seen: the one that `~done` of whole numbers gives is allowed.
    """
    if len(g) < 4 + SPARE or rows.gamma == 0:
        return
    ended = bool(rows.terminated.any())
    x = rows.values[name]
    columns = [rows.q, rows.reward, rows.live * x, *([rows.terminated * x] if ended else [])]
    table = rows.pairs @ np.stack(columns, axis=1)
    found, _, rank, _ = np.linalg.lstsq(table, g, rcond=1e-9)
    if rank < len(columns) or np.abs(g - table @ found).max() > EXACT * np.abs(g).max():
        return
    r, v, *w = (float(c) for c in -found[1:] / found[0])
    on, end = v / rows.gamma, (w[0] if w else 2 * v) / rows.gamma
    if abs(r - 1) > EXACT or min(abs(on), abs(end)) < EXACT or not (ended or abs(on + 1) < EXACT):
        return
    mine = f"the label is y = r {_signed(on, f'gamma * ({name} {MASKS[0]})')}"
    tilde = ": `~` turns the whole numbers 0 and 1 into -1 and -2" if max(abs(on + 1), abs(end + 2)) < EXACT else ""
    yield f"{mine} {_signed(end, f'gamma * ({name} in terminated rows)')}{tilde}"


def _sizes(each: Array) -> Iterator[str]:
    """Yield what is odd about the sizes alone, whatever the label is."""
    size = np.abs(each)
    if np.ptp(size) > EXACT * size.max():
        return
    if np.ptp(each) > EXACT * size.max():
        yield "each row's gradient has one size, and only signs differ, as of an absolute error"
    else:
        yield ONE_FOR_ALL


def _losses(each: Array, error: Array, rows: Rows) -> Iterator[str]:
    """Yield the losses of the right errors (P,) that have these slopes."""
    off = np.abs(error) > NO_ERROR * np.abs(error).max()
    size, e, top = np.abs(each[off]), np.abs(error[off]), np.abs(each).max()
    yield from _by_sign(each[off], error[off])
    if np.abs(each[~off]).max(initial=0.0) > EXACT * top or size.size < SPARE + 1:
        return
    if not (np.sign(each[off]) == np.sign(error[off])).all():
        return
    small = list(_small_bend(size, e, rows))
    yield from small
    if np.ptp(size) <= EXACT * top and not small:
        yield "the slope is only the sign of Q - y, as of an absolute error"
    yield from _huber(size, e, rows)
    if _proportional(size, np.tanh(e)):
        yield "the slope is tanh of Q - y, as of a loss log(cosh(Q - y))"
    yield from _power(size, e)


def _by_sign(each: Array, error: Array) -> Iterator[str]:
    """Yield a loss in which errors above 0 and below have slopes of two sizes, or count with two weights."""
    above = error > 0
    if min(above.sum(), (~above).sum()) < 1 or len(each) < SPARE + 2:
        return
    near = EXACT * np.abs(each).max()
    slopes = [each[some] for some in (above, ~above)]
    if all(np.ptp(x) <= near for x in slopes) and abs(slopes[0][0] + slopes[1][0]) > near:
        yield "the slope is one number where Q is above y and another where Q is below, as of a quantile (pinball) loss"
    weights = each / error
    of_above, of_below = float(weights[above].mean()), float(weights[~above].mean())
    fits = all(np.ptp(weights[some]) <= EXACT * np.abs(weights).max() for some in (above, ~above))
    if fits and abs(of_above - of_below) > EXACT * np.abs(weights).max() and of_above * of_below > 0:
        times = of_above / of_below
        yield f"the rows whose Q is above y count {times:.3g} times as much as those whose Q is below"


def _small_bend(size: Array, e: Array, rows: Rows) -> Iterator[str]:
    """Yield the bend of a Huber loss that is nearer to 0 than is allowed, where the loss is a mean."""
    for k in (1.0, 2.0, 0.5):
        slope = size * rows.pairs.shape[1] / k
        bend = float(slope.max())
        if bend < LEAST_OF_SIGNS * BENDS[0] and np.abs(slope - np.minimum(e, bend)).max() <= EXACT * bend:
            yield (
                f"errors up to {bend:.3g} count as Q - y and larger ones all alike, as in a Huber loss; its threshold "
                f"should be {BENDS[0]:g} or more"
            )


def _huber(size: Array, e: Array, rows: Rows) -> Iterator[str]:
    """Yield a Huber loss that is not right: its bend is too near 0, or the factor in front of it is none of a mean."""
    beyond = size >= size.max() * (1 - EXACT)
    alike = "small errors count as Q - y and larger ones all alike, as in a Huber loss, but it is divided by its bend"
    if beyond.all():
        yield f"{alike}, as smooth_l1_loss is by beta"
        return
    c = float((size[~beyond] / e[~beyond]).mean())
    bend = float(size.max() / c)
    fits = np.abs(size - c * np.minimum(e, bend)).max() <= EXACT * size.max()
    known = any(np.isclose(c, f, rtol=EXACT) for f in rows.factors) and BENDS[0] <= bend <= BENDS[1]
    if beyond.sum() < 2 or not fits or known:
        return
    if np.isclose(c * bend * rows.pairs.shape[1], 1.0, rtol=EXACT):
        yield f"{alike}, as smooth_l1_loss is by beta={bend:.3g}"
        yield f"{alike}, as smooth_l1_loss is by beta"
    else:
        yield f"errors up to {bend:.3g} count as Q - y and larger ones all alike, with a factor that no mean or sum has"


def _power(size: Array, e: Array) -> Iterator[str]:
    x, y = np.log(e), np.log(np.maximum(size, 1e-300))
    if np.ptp(x) < 1.0:
        return
    p, at_1 = np.polyfit(x, y, 1)
    if np.abs(p * x + at_1 - y).max() <= ABOUT and p > 0.05 and abs(p - 1) > 0.05:
        yield f"the slope grows as |Q - y| to the power {p:.2g}, not as Q - y: each error is weighted by its own size"
        yield "the slope grows as a power of |Q - y|, not as Q - y: each error is weighted by its own size"


def _proportional(x: Array, y: Array) -> bool:
    """Return whether x is one factor times y, both above 0 somewhere, in at least three numbers."""
    c = float((x * y).sum() / max(float((y * y).sum()), 1e-300))
    return bool(x.size > SPARE and c > 0 and np.abs(x - c * y).max() <= EXACT * np.abs(x).max())


def _rows_that_count(each: Array, error: Array, rows: Rows) -> Iterator[str]:
    """Yield which rows' right errors have no gradient, or another weight than the others."""
    off = np.abs(error) > NO_ERROR * np.abs(error).max()
    lost = off & (np.abs(each) <= EXACT * np.abs(each).max())
    kept, e = off & ~lost, np.abs(error)
    if lost.any() and kept.sum() == 1:
        if e[kept].min() > e[lost].max():
            yield "a single row of the batch has a gradient, the one with the largest |Q - y|"
        yield "a single row of the batch has a gradient"
    if lost.any() and kept.any() and _one_factor(each[kept], error[kept]):
        yield from _at_an_end(lost, rows)
        yield from _lost(lost, kept, error, off)
    for flags, what in ((rows.terminated, "terminated"), (rows.truncated, "truncated")):
        yield from _weight_of(rows.pairs @ flags > 0, each, error, off, what)
    if lost.any() and kept.any() and _one_factor(each[kept], error[kept]):
        yield "some rows have no gradient, and the others have the right one, as where a Q or a label is clipped"


def _at_an_end(lost: Array, rows: Rows) -> Iterator[str]:
    """Yield that the first or the last row alone has no gradient, as where a loop begins or ends a row off."""
    for at, which in ((0, "first"), (-1, "last")):
        if np.array_equal(rows.pairs[lost].sum(axis=0) > 0, np.eye(rows.pairs.shape[1], dtype=bool)[at]):
            yield f"the {which} row of the batch has no gradient"


def _lost(lost: Array, kept: Array, error: Array, off: Array) -> Iterator[str]:
    """Yield what the rows that have no gradient have in common, where the others' errors are right."""
    e = np.abs(error)
    if e[lost].min() > e[kept].max():
        yield "the rows with a large |Q - y| have no gradient"
    if e[lost].max() < e[kept].min():
        yield "the rows with a small |Q - y| have no gradient"
    for sign, which in ((1.0, "above"), (-1.0, "below")):
        if ((sign * error[off] > 0) == lost[off]).all():
            yield f"the rows whose Q is {which} y have no gradient"


def _weight_of(flagged: Array, each: Array, error: Array, off: Array, what: str) -> Iterator[str]:
    """Yield how often the flagged rows count, where that alone is what is wrong with them."""
    some, others = off & flagged, off & ~flagged
    if not some.any() or others.sum() < 2 or not _one_factor(each[others], error[others]):
        return
    ratios = (each / np.where(off, error, 1.0))[some]
    if np.ptp(ratios) > EXACT * np.abs(each[others] / error[others]).max():
        return
    times = float(ratios.mean() / (each[others] / error[others]).mean())
    if abs(times) <= EXACT:
        yield f"the {what} rows have no gradient"
    elif abs(times - 1) > EXACT:
        yield f"the {what} rows count {times:.3g} times as much as the others"


def _of_flagged_alone(each: Array, error: Array, rows: Rows) -> Iterator[str]:
    """Yield that the flagged rows alone have a wrong gradient."""
    for flags, what in ((rows.terminated, "terminated"), (rows.truncated, "truncated")):
        flagged = rows.pairs @ flags > 0
        if np.count_nonzero(error[~flagged]) < SPARE or not _one_factor(each[~flagged], error[~flagged]):
            continue
        c = float((each * error)[~flagged].sum() / (error * error)[~flagged].sum())
        if np.abs(each - c * error)[flagged].max(initial=0.0) > EXACT * np.abs(each).max():
            yield f"only the {what} rows have a wrong gradient"


def _one_factor(x: Array, y: Array) -> bool:
    c = float((x * y).sum() / max(float((y * y).sum()), 1e-300))
    return bool(c != 0 and np.abs(x - c * y).max() <= EXACT * np.abs(x).max())


def _bounds(each: Array, rows: Rows, name: str) -> Iterator[str]:
    """Yield the bounds within which the label, the value in it or the reward is kept, if that is all that is wrong."""
    first, live = rows.pairs.argmax(axis=1), rows.live[rows.pairs.argmax(axis=1)] == 1
    q, r, value = rows.q[first], rows.reward[first], rows.values[name][first]
    future = rows.gamma * live * value
    for c in rows.factors:
        y = q - each / c
        yield from _of_ends(y, r + future, live)
        label = f"the label r + gamma * ({name} {MASKS[0]})"
        yield from _kept(y, r + future, label)
        yield from _kept_by_a_reward(y, r + future, rows.reward, label)
        yield from _kept(y - future, r, "the reward")
        if rows.gamma and live.sum() > SPARE and np.abs(y - r)[~live].max(initial=0.0) <= EXACT * np.abs(q).max():
            yield from _kept(((y - r) / rows.gamma)[live], value[live], f"the value ({name})")


def _of_ends(y: Array, right: Array, live: Array) -> Iterator[str]:
    """Yield the one label of all terminated rows, where the others' labels are right."""
    near = EXACT * max(1.0, float(np.abs(right).max()))
    if live.all() or np.abs(y - right)[live].max(initial=np.inf if not live.any() else 0.0) > near:
        return
    ends, own = y[~live], right[~live]
    if np.ptp(ends) <= near and np.abs(ends - own).max() > near and (ends.size > 1 or _is_round(ends[0], near)):
        yield f"every terminated row has the label {_number(float(ends[0]))}, whatever its reward is"


def _kept(made: Array, x: Array, what: str) -> Iterator[str]:
    """Yield within which bounds x was kept to become what was made; several numbers must lie at a bound."""
    low, high, near = float(made.min()), float(made.max()), EXACT * max(1.0, float(np.abs(x).max()))
    if np.abs(made - np.clip(x, low, high)).max() > near:
        return
    below, above = x < low - 1e3 * near, x > high + 1e3 * near
    if high - low <= near and not (below.all() or above.all()):
        return  # one number, whatever x is
    if any(side.sum() == 1 and not _is_round(at, near) for side, at in ((below, low), (above, high))):
        return
    at_least, at_most = f"at {_number(low)} or more", f"at {_number(high)} or less"
    if below.any() and above.any():
        yield f"{what} is kept {at_least}, and {at_most}"
    yield from (f"{what} is kept {says}" for side, says in ((below, at_least), (above, at_most)) if side.any())
    if below.any() or above.any():
        yield f"{what} is kept within bounds"


def _kept_by_a_reward(made: Array, x: Array, rewards: Array, what: str) -> Iterator[str]:
    """Yield that x was kept within the rewards of the batch to become what was made."""
    near = EXACT * max(1.0, float(np.abs(x).max()))
    low, high = float(rewards.min()), float(rewards.max())
    below, above = (x < low - 1e3 * near).any(), (x > high + 1e3 * near).any()
    for bites, at_least, at_most, says in (
        (below and above, low, high, "within the rewards of the batch"),
        (above, -np.inf, high, "at the largest reward of the batch or less"),
        (below, low, np.inf, "at the smallest reward of the batch or more"),
    ):
        if bites and np.abs(made - np.clip(x, at_least, at_most)).max() <= near:
            yield f"{what} is kept {says}"


def _is_round(x: float, near: float) -> bool:
    return abs(x - round(x, 2)) <= near


def _number(x: float) -> str:
    """Write a bound without the rounding that is left in it."""
    return f"{round(x, 5) + 0.0:.4g}"


def _further_values(g: Array, rows: Rows, name: str) -> Iterator[str]:
    """Yield a label with a second value in it, and their factors."""
    if len(g) < 4 + SPARE:
        return
    mask = rows.live
    columns = [rows.q, rows.reward, mask * rows.values[name]]
    for other, x in rows.values.items():
        if other != name and np.allclose(x, rows.values[name], rtol=EXACT, atol=EXACT):
            continue  # here they are one
        for where, second in ((f" {MASKS[0]}", mask * x), ("", x)):
            table = rows.pairs @ np.stack([*columns, second], axis=1)
            found, _, rank, _ = np.linalg.lstsq(table, g, rcond=1e-9)
            fits = rank == 4 and np.abs(g - table @ found).max() <= EXACT * np.abs(g).max()
            if fits and np.abs(found).min() > EXACT * np.abs(found).max():
                r, v, w = (float(c) for c in -found[1:] / found[0])
                first = f"y = {_term(r, 'r')} {_signed(v / rows.gamma, f'gamma * ({name} {MASKS[0]})')}"
                for unit, of in ((rows.gamma**2, "gamma^2 * "), (rows.gamma, "gamma * "), (1.0, "")):
                    if unit != rows.gamma**2 or abs(w / unit - 1) < EXACT:
                        yield f"the label is {first} {_signed(w / unit, f'{of}({other}{where})')}"


def _term(c: float, what: str) -> str:
    return what if abs(c - 1) < EXACT else f"{c:.3g} {what}" if what.startswith(("r", "gamma")) else f"{c:.3g} * {what}"


def _signed(c: float, what: str) -> str:
    return f"{'-' if c < 0 else '+'} {_term(abs(c), what)}"
