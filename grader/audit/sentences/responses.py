"""Claims about what an answer does when one input is changed, tried again with changes of another kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from grader.audit.mutation.mutants import Solution
from grader.audit.sentences.inputs import Sample, value_of, with_input
from grader.bank.entry import Entry
from gradschool.core.numerics import Array
from gradschool.core.report import Report

Pair = tuple[Sample, Sample]  # before and after a change
EXCEPTIONS = 0.2  # the share of inputs on which "yours does not" may be so by chance
STILL, MOVED = 1e-7, 1e-6  # of the largest entry
STEP = 3e-5  # added to an input to see how an answer grows
GROWTH = {"doubles": 2.0, "stays as it is": 1.0, "becomes 4 times as large": 4.0, "halves": 0.5}


def still(one: Array, other: Array) -> bool:
    """Return whether two arrays are equal for certain."""
    return _distance(one, other) <= STILL


def moved(one: Array, other: Array) -> bool:
    """Return whether two arrays differ for certain."""
    return _distance(one, other) > MOVED


def _distance(one: Array, other: Array) -> float:
    if one.shape != other.shape:
        return np.inf
    size = max(float(np.max(np.abs(x), initial=0.0)) for x in (one, other))
    return float(np.max(np.abs(one - other), initial=0.0)) / (size or 1.0)


def response(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Return why a claim about a response is not so; "" if it holds."""
    probe, name = map(str, report.claim.details[:2])
    if probe not in PROBES:
        return f"the response {probe!r} cannot be tested"
    change, test = PROBES[probe]
    pairs: list[Pair] = []
    for k, before in enumerate(samples):
        if value_of(entry.exercise, before.case.args, name) is None:
            continue
        after = with_input(entry, mutant, before, name, partial(_call, change, k))
        part = report.claim.part
        if after is not None and after.has(part) and after.right[part].shape == before.right[part].shape:
            pairs.append((before, after))
    return test(report, pairs) if pairs else f"`{name}` could not be changed on any input"


def _call(change: Callable[[Any, int], Any], k: int, x: Any) -> Any:
    return change(x, k)


# -- changes -----------------------------------------------------------------------------------------------------------


def another(x: Any, k: int) -> Any:
    """Return another value of the same kind: turned flags, other ids, numbers drawn anew in the same range."""
    rng = np.random.default_rng([9, k])
    if isinstance(x, bool | np.bool_):
        return not x
    if isinstance(x, int | np.integer):
        return x + 1
    if isinstance(x, float):
        return float(x * rng.uniform(0.3, 0.9))
    if x.dtype.kind == "b" or set(np.unique(x)) <= {0.0, 1.0}:
        return np.logical_not(x).astype(x.dtype)
    if x.dtype.kind in "iu":
        return x.max() - x if x.size > 1 and (x.max() - x != x).any() else np.where(x > 0, x - 1, x + 1)
    size = float(np.max(np.abs(x), initial=0.0)) or 1.0
    return rng.uniform(0.1 if (x >= 0).all() else -1.2, 1.2, x.shape) * size


def _first_row(x: Any, k: int) -> Any:
    out = x.copy()
    out[0] = another(x, k)[0]
    return out


def _last_bias(x: Any, k: int) -> Any:
    out = x.copy()
    out[-1] += 1.0
    return out


# -- what a claim says of all inputs, or of what an input can do -------------------------------------------------------


def _parts(report: Report, pair: Pair) -> tuple[Array, Array, Array, Array]:
    part = report.claim.part
    return pair[0].right[part], pair[1].right[part], pair[0].got[part], pair[1].got[part]


def _ignored(report: Report, pairs: Sequence[Pair]) -> str:
    shown = False
    for pair in pairs:
        right, right_after, got, got_after = _parts(report, pair)
        if moved(right, right_after):
            shown = True
            if moved(got, got_after):
                return f'the answer changes too on "{pair[0].case.name}"'
    return "" if shown else "the right answer does not change either"


def _unwanted(report: Report, pairs: Sequence[Pair]) -> str:
    shown = 0
    for pair in pairs:
        right, right_after, got, got_after = _parts(report, pair)
        if moved(right, right_after):
            return f'the right answer changes too on "{pair[0].case.name}"'
        shown += moved(got, got_after)
    return "" if shown else "the answer does not change"


def _mixed(report: Report, pairs: Sequence[Pair]) -> str:
    shown = 0
    for pair in pairs:
        right, right_after, got, got_after = _parts(report, pair)
        if right.ndim == 0 or len(right) < 2:
            continue
        if "entries in which the right" in report.hint:  # of an answer whose rows are not the batch's
            apart = ~(np.abs(right - right_after) > 1e-9 * np.max(np.abs(right), initial=0.0))
            shown += moved(got * apart, got_after * apart) and bool((right * apart).any())
            continue
        if moved(right[1:], right_after[1:]):
            return f'other rows of the right answer change on "{pair[0].case.name}"'
        shown += moved(got[1:], got_after[1:])
    return "" if shown else "no other row changes"


def _grown(report: Report, pairs: Sequence[Pair]) -> str:
    """The sentence says both: "the right result doubles; yours stays as it is", or "; yours does not"."""
    _, _, said = report.hint.partition("is doubled, the right ")
    right_said, _, mine = said.partition("; yours ")
    wanted = next((c for words, c in GROWTH.items() if right_said.endswith(words)), None)
    claimed = next((c for words, c in GROWTH.items() if mine.startswith(words)), None)
    if wanted is None:
        return "the sentence does not say how the right answer grows"
    alike: list[Pair] = []
    for pair in pairs:
        right, right_after, got, got_after = _parts(report, pair)
        if not right.any():
            continue
        if moved(right_after, wanted * right):
            return f'the right answer grows otherwise on "{pair[0].case.name}"'
        if claimed is None and still(got_after, wanted * got) and got.any():
            alike.append(pair)
        if claimed is not None and moved(got_after, claimed * got):
            return f'the answer grows otherwise on "{pair[0].case.name}"'
    return _does_so_too(report.hint, alike, pairs)


def _does_so_too(hint: str, alike: Sequence[Pair], pairs: Sequence[Pair]) -> str:
    """Return that "yours does not" is refuted: the answer does as the right one on more than a few inputs.

    "Yours does so only on some inputs" is refuted where it does so on all of them, or on none.
    """
    if "only on some inputs" in hint:
        return "" if 0 < len(alike) < len(pairs) else f"the answer does the same on {len(alike)} of {len(pairs)} inputs"
    if len(alike) <= EXCEPTIONS * len(pairs):
        return ""
    return f'the answer does the same on {len(alike)} of {len(pairs)} inputs, as on "{alike[0][0].case.name}"'


def _against(expect: Callable[[str, Array], Array | None]) -> Callable[[Report, Sequence[Pair]], str]:
    """Make a test of "the right answer becomes this; yours does not"; ``expect`` gives this from the sentence."""

    def test(report: Report, pairs: Sequence[Pair]) -> str:
        alike: list[Pair] = []
        for pair in pairs:
            right, right_after, got, got_after = _parts(report, pair)
            wanted, mine = expect(report.hint, right), expect(report.hint, got)
            if wanted is None or mine is None:
                return "the sentence does not say what becomes of the right answer"
            if not right.any():
                continue
            if moved(right_after, wanted):
                return f'the right answer does otherwise on "{pair[0].case.name}"'
            if still(got_after, mine):
                alike.append(pair)
        return _does_so_too(report.hint, alike, pairs)

    return test


def _turned_to(hint: str, x: Array) -> Array | None:
    return -x if "changes its sign too" in hint else x if "stays as it is" in hint else None


def _turned_alone(report: Report, pairs: Sequence[Pair]) -> str:
    """Test that the answer has the size that it had, and the right one has not."""
    sign = -1.0 if "changes its sign and keeps" in report.hint else 1.0
    for pair in pairs:
        right, right_after, got, got_after = _parts(report, pair)
        if moved(got_after, sign * got):
            return f'the answer does otherwise on "{pair[0].case.name}"'
        if right.any() and got.any() and still(right_after, sign * right):
            return f'the right answer does so too on "{pair[0].case.name}"'
    return ""


def _lifted_to(hint: str, x: Array) -> Array | None:
    by = {"grows by 1 too": 1.0, "falls by 1": -1.0, "stays as it is": 0.0}
    return next((x + step for words, step in by.items() if words in hint), None)


def _left_over(report: Report, pairs: Sequence[Pair]) -> str:
    for pair in pairs:
        right, right_after, _, got_after = _parts(report, pair)
        if right_after.any():
            return f'the right answer is not 0 on "{pair[0].case.name}"'
        if right.any() and not got_after.any():
            return f'the answer is 0 too on "{pair[0].case.name}"'
    return ""


def _kept_short(report: Report, pairs: Sequence[Pair]) -> str:
    """Test that an answer grows by less than a hundredth of the factor by which the right one grows."""
    told = 0
    for pair in pairs:
        right, right_after, got, got_after = (float(np.max(np.abs(x), initial=0.0)) for x in _parts(report, pair))
        if right_after < 100 * right or not right or not got:
            continue
        told += 1
        if got_after / got > 0.01 * right_after / right:
            return f'the answer grows too on "{pair[0].case.name}"'
    return "" if told else "the right answer grows on no input"


def _coarse(report: Report, pairs: Sequence[Pair]) -> str:
    """Test that the answer stays as it is on most of the inputs on which the right one changes."""
    parts = [_parts(report, pair) for pair in pairs]
    told = [np.array_equal(got, got_after) for right, right_after, got, got_after in parts if moved(right, right_after)]
    return "" if sum(told) > len(told) / 2 else f"the answer stays as it is on {sum(told)} of {len(told)} inputs"


def _cured(report: Report, pairs: Sequence[Pair]) -> str:
    for pair in pairs:
        _, right_after, _, got_after = _parts(report, pair)
        if moved(got_after, right_after):
            return f'it is wrong there too on "{pair[0].case.name}"'
    return ""


def _integral(report: Report, pairs: Sequence[Pair]) -> str:
    """Test that the answer grows by what is added to an input, times the right answer."""
    told = 0
    for pair in pairs:
        right, right_after, got, got_after = _parts(report, pair)
        wanted, lost = STEP * (right + right_after) / 2, 1e-12 * float(np.max(np.abs(got), initial=0.0))
        size = float(np.max(np.abs(wanted), initial=0.0))
        if size <= 100 * lost:
            continue
        told += 1
        if np.max(np.abs(got_after - got - wanted)) > 0.01 * size:
            return f'the answer grows otherwise on "{pair[0].case.name}"'
    return "" if told else "no right answer is large enough to tell"


PROBES: dict[str, tuple[Callable[[Any, int], Any], Callable[[Report, Sequence[Pair]], str]]] = {
    "ignored": (another, _ignored),
    "unwanted": (another, _unwanted),
    "rows-mixed": (_first_row, _mixed),
    "last-bias": (_last_bias, _against(_lifted_to)),
    "growth": (lambda x, k: 2.0 * x, _grown),
    "kept-short": (lambda x, k: 2e4 * x, _kept_short),
    "left-over": (lambda x, k: 0.0 * x, _left_over),
    "coarse": (lambda x, k: x * 1.00007, _coarse),
    "turned": (lambda x, k: -x, _against(_turned_to)),
    "turned-alone": (lambda x, k: -x, _turned_alone),
    "lifted": (lambda x, k: x + 1.0, _against(_lifted_to)),
    "integral": (lambda x, k: x + STEP, _integral),
    "right-if-off": (lambda x, k: np.zeros_like(x), _cured),
    "right-without": (lambda x, k: 0.0 * x, _cured),
}
