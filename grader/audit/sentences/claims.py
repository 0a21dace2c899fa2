"""The sentences shown for wrong answers, tested on fresh inputs by code that is no part of the diagnosis.

A report's claim is plain data: a kind, a part of the answer, details. Here each kind is worked out anew, from inputs
that neither the judge nor `check` has drawn, and from the right answers of the bank's reference. What cannot be tested
counts as false: a claim that nobody can check is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from grader.audit.mutation.mutants import Solution
from grader.audit.sentences.conditions import UnknownCondition, condition
from grader.audit.sentences.formulas import UnknownFormula, arrays_of, factor, formula
from grader.audit.sentences.inputs import Sample, draw, numbers, only_rows, stem, with_input
from grader.audit.sentences.responses import response
from grader.bank.entry import Entry
from gradschool.core.calling import Raised, call_twice
from gradschool.core.numerics import Array
from gradschool.core.plain_data import PlainData, copy_arrays, to_plain
from gradschool.core.report import Report
from gradschool.diagnosis.inputs import numbers_of

NEAR = 1e-5  # of the largest entry: what a sentence calls equal may differ by so much
RIGHT_PARTS = re.compile(r"((?:`[\w.]+`(?:, | and )?)+) (?:is|are) right\.$")

Details = tuple[str | float, ...]


def false_claims(entry: Entry, mutant: Solution, reports: Sequence[Report], inputs: int) -> str:
    """Return what these reports claim of a mutant and fresh inputs refute; "" if every claim holds.

    Parameters
    ----------
    entry
        The exercise's private half: fresh inputs and right answers come from there.
    mutant
        The wrong solution that the reports are about.
    reports
        The judge's, and that of `check`.
    inputs
        At least so many fresh inputs are drawn.
    """
    samples: list[Sample] | None = None
    found = {}
    for report in reports:
        if report.passed or (report.claim, report.hint) in found:
            continue
        samples = samples or draw(entry, mutant, inputs)
        found[report.claim, report.hint] = refuted(entry, mutant, report, samples)
    return "; ".join(f"{hint!r}: {why}" for (_, hint), why in found.items() if why)


def refuted(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Return why a report's claim is not so; "" if it holds on every sample, or if it claims nothing."""
    claim = report.claim
    told = RIGHT_PARTS.search(report.hint)
    for part in re.findall(r"`([\w.]+)`", told[1]) if told else ():
        if any(s.wrong[part].any() for s in samples if part in s.wrong):
            return f"`{part}` is not right"
    if not claim.kind:
        return ""
    test = KINDS.get(claim.kind)
    if test is None:
        return f"claims of the kind {claim.kind!r} cannot be tested"
    looked = samples if claim.kind in OF_CALLS else [s for s in samples if s.has(stem(claim.part))]
    try:
        return test(entry, mutant, report, looked)
    except (UnknownFormula, UnknownCondition, KeyError) as unknown:
        return f"cannot be tested: {unknown}"


Test = Callable[[Entry, Solution, Report, Sequence[Sample]], str]


def _formula(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    scope, factor_name, *key = report.claim.details
    where: list[str | float] = []
    if "place" in key:
        at = key.index("place")
        key, where = key[:at], key[at + 1 :]
    part, constants = report.claim.part, []
    for s in samples:
        base, made = formula(entry, s, part, tuple(key))
        got = s.got[part] - base
        if (made is None or made.shape != got.shape) and scope == "where wrong" and not s.wrong[part].any():
            continue
        if made is None or made.shape != got.shape:
            return f'the formula does not apply on "{s.case.name}"'
        times = factor(str(factor_name), s, samples)
        if times is None:  # some constant, the same everywhere
            if made.any():
                constants.append(float(np.vdot(made, got) / np.vdot(made, made)))
            times = constants[-1] if constants else 1.0
        looked = s.wrong[part] if scope == "where wrong" else np.ones(got.shape, bool)
        beside = np.concatenate([np.ravel(s.got[part]), np.ravel(s.right[part])])
        if not _near(got[looked], (times * made)[looked], beside):
            return f'the formula is not the answer on "{s.case.name}"'
    if constants and not np.allclose(constants, constants[0], rtol=1e-4):
        return "the factor differs from input to input"
    return _at_place(samples, part, bool(where and where[0]), tuple(where[1:])) if where else ""


def _near(one: Array, other: Array, beside: Array) -> bool:
    size = max(float(np.max(np.abs(x), initial=0.0)) for x in (one, other))
    largest = max(size, 1e-9 * float(np.max(np.abs(beside), initial=0.0)))
    with np.errstate(invalid="ignore"):
        return bool((np.abs(one - other) <= NEAR * largest).all())


def _at_place(samples: Sequence[Sample], part: str, exact: bool, key: Details) -> str:
    for s in samples:
        mask = condition(s, part, key)
        wrong = s.wrong[part]
        if mask is None or mask.shape != wrong.shape:
            return f'the condition does not apply on "{s.case.name}"'
        if (wrong & ~mask).any():
            return f'it is wrong elsewhere too on "{s.case.name}"'
        if exact and (mask & ~wrong & (s.right[part] != 0)).any():
            return f'it is right in some of these places on "{s.case.name}"'
    return ""


def _place(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    exactly, *key = report.claim.details
    return _at_place(samples, report.claim.part, exactly == "exactly", tuple(key))


def _isolated(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    name, scope, factor_name, *key = report.claim.details
    changed = [with_input(entry, mutant, s, str(name), lambda x: 0.0 * x) for s in samples]
    kept = [s for s in changed if s is not None and s.has(report.claim.part)]
    inner = replace(report, claim=replace(report.claim, details=(scope, factor_name, *key)))
    return _formula(entry, mutant, inner, kept)


def _with_option(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    key, text, *rest = report.claim.details
    some = [s for s in samples if s.case.args.get(str(key)) == text]
    inner = replace(report, claim=replace(report.claim, details=tuple(rest)))
    return _formula(entry, mutant, inner, some) if some else f"no input has the {key} {text}"


def _no_trace(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    part = report.claim.part
    traces = [s for s in samples if s.got[part].any()]
    return f'it is not 0 on "{traces[0].case.name}"' if traces else _sometimes_wrong(entry, mutant, report, samples)


def _dtype(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that the numbers of a part of another dtype are right, or that some are not."""
    part, near = report.claim.part, bool(report.claim.details[0])
    off = []
    for s in samples:
        got = dict(s.attempt.got_leaves).get(part)
        right = dict(s.attempt.expected_leaves)[part]
        if isinstance(got, np.ndarray) and isinstance(right, np.ndarray) and got.shape == right.shape:
            loss = 1e-3 * np.abs(right) + 1e-6 * np.max(np.abs(right), initial=0.0) if right.dtype.kind == "f" else 0.0
            off.append(bool((np.abs(got.astype(np.float64) - right) > loss).any()))
    if not off:
        return "it has another shape on every input"
    return "" if any(off) != near else f"the numbers are {'wrong' if near else 'right'}"


def _sometimes_wrong(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that a part is wrong at all."""
    part = stem(report.claim.part)
    return "" if any(s.wrong[part].any() for s in samples) else "it is right on every input"


def _kept(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    part, name = report.claim.part, str(report.claim.details[0])
    for s in samples:
        given = s.inputs.get(name)
        if given is None or not np.array_equal(np.ravel(given), np.ravel(s.right[part])):
            return f'the right answer is not `{name}` on "{s.case.name}"'
    return _sometimes_wrong(entry, mutant, report, samples)


def _precision(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    part = report.claim.part
    for s in samples:
        size = float(np.max(np.abs(s.right[part]), initial=0.0))
        if np.max(np.abs(s.got[part] - s.right[part]), initial=0.0) > 1e-4 * size:
            return f'it is right to fewer digits on "{s.case.name}"'
        if report.claim.details[0] == "float32" and (s.got[part] != s.got[part].astype(np.float32)).any():
            return f'not every entry is a float32 on "{s.case.name}"'
    return _sometimes_wrong(entry, mutant, report, samples)


def _single(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    part = report.claim.part
    other = [s for s in samples if (s.got[part] != s.got[part].astype(np.float32)).any()]
    if other:
        return f'not every entry is a float32 on "{other[0].case.name}"'
    return _sometimes_wrong(entry, mutant, report, samples)


def _same_after(change: Callable[[Array], Array], what: str) -> Test:
    def test(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
        part = report.claim.part
        pairs = ((change(s.got[part]), change(s.right[part]), s) for s in samples)
        return next((f'{what} differ on "{s.case.name}"' for a, b, s in pairs if not _near(a, b, b)), "")

    return test


def _right_parts(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    for part in map(str, report.claim.details):
        if any(s.wrong[part].any() for s in samples if part in s.wrong):
            return f"`{part}` is not right"
    return ""


def _read(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that fresh updates are read in the same way: each of them, or each whose part is wrong."""
    sentence, where = map(str, report.claim.details)
    wrong = [s for s in samples if s.wrong.get(report.claim.part, np.zeros(1)).any()]
    replies = [s.reply.told(report.claim.part) for s in (wrong if where else samples) if s.reply.told]
    told = [says for says in replies if says is not None]
    others = sum(sentence not in says for says in told)
    return f"{others} of {len(told)} updates are read otherwise" if others or not (told and wrong) else ""


def _raised(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    kind = str(report.claim.details[0]) if report.claim.details else ""
    seen = [s.reply.first.type for s in samples if isinstance(s.reply.first, Raised)]
    if kind not in seen:  # it may be raised because of what an earlier call has kept
        answer = mutant.fresh()
        replies = [call_twice(entry.exercise, answer, s.case.args).first for s in samples]
        seen = [r.type for r in replies if isinstance(r, Raised)]
    return "" if kind in seen else f"{kind} is not raised"


def _impure(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    return "" if any(not s.attempt.inputs_unchanged for s in samples) else "the inputs are as they were"


def _not_repeated(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    return "" if any(not s.attempt.repeats for s in samples) else "the second call gives the same"


def _overwritten(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that a call with other inputs, on the same networks, changes what was returned before."""
    changed: list[bool] = []

    def twice(*args: Any) -> Any:
        value = answer(*args)
        before = to_plain(value)
        answer(*(_turned(x) for x in args))
        changed.append(not _alike(before, to_plain(value)))
        return value

    for s in samples:
        answer = mutant.fresh()
        with suppress(Exception):  # what follows is of no importance
            entry.exercise.adapter(twice, copy_arrays(s.case.args))
    return "" if any(changed) else "nothing changes what was returned"


def _turned(x: Any) -> Any:
    if isinstance(x, np.ndarray) and x.dtype.kind in "iu":
        return np.flip(x).copy()
    return -x if (isinstance(x, np.ndarray) and x.dtype.kind == "f") or hasattr(x, "requires_grad") else x


def _known(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that the known mistake answers as the mutant does."""
    name = report.claim.details[0] if report.claim.details else report.mistake
    known = next(m for m in entry.mutants if m.name == name)
    for s in samples:
        reply = call_twice(entry.exercise, known.fresh(), s.case.args)
        if not _alike(reply.first, s.reply.first):
            return f'the known mistake answers otherwise on "{s.case.name}"'
    return ""


def _alike(one: PlainData | Raised, other: PlainData | Raised) -> bool:
    if isinstance(one, Raised) or isinstance(other, Raised):
        return type(one) is type(other)
    a, b = numbers(one, ()), numbers(other, ())
    return a.keys() == b.keys() and all(
        a[k].shape == b[k].shape and np.allclose(a[k], b[k], rtol=1e-6, atol=1e-9, equal_nan=True) for k in a
    )


def _response(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    return response(entry, mutant, report, samples)


# Of calls, whatever they returned.
OF_CALLS = (
    "drifts",
    "dtype",
    "raised",
    "inputs-modified",
    "first-call-only",
    "kept-by-size",
    "overwritten",
    "known-mistake",
    "verdicts",
)


def _nan(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    part = stem(report.claim.part)
    return "" if any(not np.isfinite(s.got[part]).all() for s in samples) else "every entry is finite"


def _not_zero(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    part = report.claim.part
    if any(s.right[part].any() for s in samples):
        return "the right answer is not 0 everywhere"
    return _sometimes_wrong(entry, mutant, report, samples)


def _leak(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    part = report.claim.part
    for s in samples:
        if s.right[part][s.wrong[part]].any():
            return f'it is wrong where the right answer is not 0 on "{s.case.name}"'
    return _sometimes_wrong(entry, mutant, report, samples)


def _direction(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that an answer, or its step from the old weights, has the right direction."""
    part = report.claim.part
    start_of = entry.exercise.steps.get(part)
    for s in samples:
        start = np.zeros(s.right[part].size) if start_of is None else np.ravel(numbers_of(s.case.args[start_of]))
        got, right = (np.ravel(x[part]) - start for x in (s.got, s.right))
        if not np.isfinite(got).all():
            continue  # divided by 0, it has none
        long = float(np.linalg.norm(right)) or 1.0
        made = right * (float(np.linalg.norm(got)) / long)
        if np.abs(got - made).max(initial=0.0) > 1e-4 * np.abs(got).max(initial=0.0) + 1e-12:
            return f'another direction on "{s.case.name}"'
    return ""


def _lines(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that a factor, or an offset, is the same in all of the answer, in each column, or in each row."""
    line, kind = report.claim.details
    if kind == "offset-where-wrong":
        return _offset_where_wrong(report, samples)
    for s in samples:
        got, right = (x[report.claim.part] for x in (s.got, s.right))
        if line == "entry":
            got, right = got.reshape(-1, 1), right.reshape(-1, 1)
        elif got.ndim != 2:
            continue  # nothing is said of what has no rows and columns
        if line == "row":
            got, right = got.T, right.T
        for column in range(got.shape[1]):
            a, b = got[:, column], right[:, column]
            made = b + np.mean(a - b) if kind == "offset" else b * (np.vdot(a, b) / (np.vdot(b, b) or 1.0))
            if not _near(a, made, s.got[report.claim.part]):
                return f'not the same {kind} on "{s.case.name}"'
    return ""


def _sizes(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that every wrong entry has the right sign, and is too small or too large."""
    part = report.claim.part
    for s in samples:
        share = s.got[part][s.wrong[part]] / s.right[part][s.wrong[part]]
        fits = (share > 0) & ((share < 1) if report.claim.details[0] == "small" else (share > 1))
        if not fits.all():
            return f'not so on "{s.case.name}"'
    return _sometimes_wrong(entry, mutant, report, samples)


def _offset_where_wrong(report: Report, samples: Sequence[Sample]) -> str:
    """Test that all wrong entries of a row are off by one amount."""
    part = report.claim.part
    for s in samples:
        for gap, some in zip(s.got[part] - s.right[part], s.wrong[part], strict=True):
            if some.any() and not _near(gap[some], np.full(some.sum(), gap[some][0]), s.got[part]):
                return f'not one offset in a row on "{s.case.name}"'
    return ""


ARRAYS: dict[str, Callable[[list[Array], int], bool]] = {
    "last": lambda arrays, k: k == len(arrays) - 1,
    "first": lambda arrays, k: k == 0,
    "but-last": lambda arrays, k: k != len(arrays) - 1,
    "but-first": lambda arrays, k: k != 0,
    "vectors": lambda arrays, k: arrays[k].ndim == 1,
    "matrices": lambda arrays, k: arrays[k].ndim != 1,
}


def _arrays(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that the arrays of a list that a claim names are wrong, and no others."""
    part, meant = report.claim.part, ARRAYS[str(report.claim.details[0])]
    for s in samples:
        leaves = [x for label, x in s.attempt.expected_leaves if label.partition("[")[0] == part]
        arrays = [x for x in leaves if isinstance(x, np.ndarray)]
        wrong = [bool(x.any()) for x in arrays_of(s, part, s.wrong[part])]
        if len(arrays) < 2 or not any(wrong):
            continue
        for k, bad in enumerate(wrong):
            if bad and not meant(arrays, k):
                return f'array {k} is wrong too on "{s.case.name}"'
            if meant(arrays, k) and not bad and arrays[k].any():
                return f'array {k} is right on "{s.case.name}"'
    return _sometimes_wrong(entry, mutant, report, samples)


def _term(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that every row, or every column, of the error is a multiple of an input."""
    name, axis = str(report.claim.details[0]), int(report.claim.details[1])
    for s in samples:
        right = s.right[report.claim.part]
        error = s.got[report.claim.part] - right
        if error.ndim == 2 and min(error.shape) > 1 and error.any():
            unit = s.inputs[name] / np.sqrt((s.inputs[name] ** 2).sum())
            lines = error if axis else error.T
            left = lines - np.stack([unit * (line * unit).sum() for line in lines])
            if np.abs(left).max() > 1e-5 * np.abs(error).max() + 1e-10 * np.abs(right).max():
                return f'the error lies elsewhere too on "{s.case.name}"'
    return _sometimes_wrong(entry, mutant, report, samples)


def _about(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that an answer is about a multiple of the right one."""
    part, c = report.claim.part, float(report.claim.details[0])
    for s in samples:
        if np.abs(s.got[part] - c * s.right[part]).max() > 0.03 * np.abs(c * s.right[part]).max():
            return f'it is another multiple on "{s.case.name}"'
    return _sometimes_wrong(entry, mutant, report, samples)


def _drifts(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that an input is answered otherwise after calls with other inputs."""
    answer = mutant.fresh()
    for s in samples:
        call_twice(entry.exercise, answer, s.case.args)
    changed = [s for s in samples if not _alike(call_twice(entry.exercise, answer, s.case.args).first, s.reply.first)]
    return "" if changed else "every input gives the same again after calls with others"


def _kept_by_size(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that the first inputs of a size are answered right and later ones wrong, and never the reverse."""
    answer = mutant.fresh()
    seen: dict[tuple[object, ...], list[bool]] = {}
    for s in samples:
        reply = call_twice(entry.exercise, answer, s.case.args).first
        size = tuple((name, x.shape) for name, x in s.inputs.items())
        seen.setdefault(size, []).append(_alike(reply, s.attempt.expected))
    turned = [size for size, right in seen.items() if right[0] and not right[-1]]
    if any(not right[0] and right[-1] for right in seen.values()):
        return "later inputs of a size are right, and the first are not"
    return "" if len(turned) > 1 else "the first inputs of a size are no other than later ones"


def _alone(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that single rows of wrong batches are right, and what becomes of a batch of equal rows."""
    part, equal_right = report.claim.part, report.claim.details[0] == "equal-right"
    batches = [s for s in samples if s.wrong[part].any() and s.case.sizes.get("B", 1) > 1]
    for s in batches[:6]:
        for k in range(min(3, s.case.sizes["B"])):
            one = only_rows(entry, mutant, s, [k])
            if one is not None and one.wrong[part].any():
                return f'a sample alone is wrong too on "{s.case.name}"'
        equal = only_rows(entry, mutant, s, [0] * s.case.sizes["B"])
        if equal is not None and equal_right and equal.wrong[part].any():
            return f'a batch of equal samples is wrong on "{s.case.name}"'
    return "" if batches else "no batch is wrong"


def _verdicts(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test what is said of a test: which agents it passes."""
    name, *missed = report.claim.details
    good = [bool(v) for s in samples for part in s.right for v in s.got[part][s.right[part] != 0]]
    bad = {part: [bool(v) for s in samples for v in s.got[part][s.right[part] == 0]] for part in samples[0].right}
    wrong = [v for found in bad.values() for v in found]
    true = {
        "passes-everything": all(good) and all(wrong),
        "fails-everything": not all(good),
        "fails-right-agents": not all(good),
        "fails-other-sizes": _decided_by_size(samples),
        "misses-faults": all(good) and {part for part, found in bad.items() if any(found)} == set(missed),
    }
    return "" if true[str(name)] else "it says otherwise of these agents"


def _updates(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test that these networks are wrong after so many updates, and none after fewer, wherever the agent is wrong."""
    part, (updates, *names) = report.claim.part, report.claim.details
    for s in (s for s in samples if s.wrong[part].any()):
        rows, at = np.asarray(s.wrong[part].any(axis=1)), 0
        if rows[: int(updates) - 1].any():
            return f'it is wrong after fewer updates on "{s.case.name}"'
        for name, count in entry.exercise.networks_in[part](s.case.args).items():
            if name in names and not s.wrong[part][int(updates) - 1, at : at + count].any():
                return f'`{name}` is right on "{s.case.name}"'
            at += count
    return ""


def _copies(entry: Entry, mutant: Solution, report: Report, samples: Sequence[Sample]) -> str:
    """Test what these target networks do in each update, wherever the agent is wrong, and that some move is wrong."""
    part, told = report.claim.part, list(map(str, report.claim.details))
    for s in (s for s in samples if s.wrong[part].any()):
        counts = entry.exercise.networks_in[part](s.case.args)
        ends = np.cumsum([0, *counts.values()])
        at = {name: slice(ends[k], ends[k + 1]) for k, name in enumerate(counts)}
        rows = len(s.got[part])
        for k in range(0, len(told), rows + 1):
            target, does = told[k], told[k + 1 : k + 1 + rows]
            net = target.removeprefix("target_") if target != "target_net" else "q_net"
            before = {name: np.ravel(s.inputs[name]) for name in (net, target)}
            if not s.wrong[part][:, at[target]].any():
                return f'`{target}` is right on "{s.case.name}"'
            for row, move in zip(s.got[part], does, strict=True):
                made = _moved(move, before[target], before[net], row[at[net]], float(s.case.args.get("tau", 0.0)))
                if not _near(row[at[target]], made, made):
                    return f'`{target}` does something else than {move!r} on "{s.case.name}"'
                before = {net: row[at[net]], target: row[at[target]]}
    return ""


def _moved(move: str, target: Array, old: Array, new: Array, tau: float) -> Array:
    """Return a target network's weights after one update in which it makes this move."""
    share = {"stays": 0.0, "copied": 1.0, "copied-before": 1.0, "reversed": 1 - tau, "away": -tau}.get(move, tau)
    toward = old if move.endswith("-before") else new
    for _ in range(2 if move == "twice" else 1):
        target = (1 - share) * target + share * toward
    return target


def _decided_by_size(samples: Sequence[Sample]) -> bool:
    """Return whether right agents with batches of one length pass all or fail all, and some pass and some fail."""
    seen: dict[int, set[bool]] = {}
    for s in samples:
        length = s.case.args["batches"]["done"].shape[2]
        seen.setdefault(length, set()).update(bool(v) for p in s.right for v in s.got[p][s.right[p] != 0])
    return {frozenset(x) for x in seen.values()} == {frozenset({True}), frozenset({False})}


KINDS: dict[str, Test] = {
    "wrong": _sometimes_wrong,
    "updates": _updates,
    "copies": _copies,
    "nan": _nan,
    "not-zero": _not_zero,
    "leak": _leak,
    "lines": _lines,
    "sizes": _sizes,
    "arrays": _arrays,
    "term": _term,
    "about": _about,
    "direction": _direction,
    "formula": _formula,
    "place": _place,
    "isolated": _isolated,
    "with-option": _with_option,
    "no-trace": _no_trace,
    "dtype": _dtype,
    "state": _sometimes_wrong,
    "kept": _kept,
    "precision": _precision,
    "single": _single,
    "displaced": _same_after(lambda x: np.sort(x, axis=None), "the sorted numbers"),
    "signs": _same_after(np.abs, "the sizes"),
    "right-parts": _right_parts,
    "read": _read,
    "alone": _alone,
    "drifts": _drifts,
    "kept-by-size": _kept_by_size,
    "raised": _raised,
    "inputs-modified": _impure,
    "first-call-only": _not_repeated,
    "overwritten": _overwritten,
    "known-mistake": _known,
    "response": _response,
    "verdicts": _verdicts,
}
