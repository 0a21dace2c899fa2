"""Every value that a label may bootstrap from, in the order of how likely a right agent is to use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations, permutations, product

import numpy as np

from gradexaminer.analysis.reading.tables import Table
from gradexaminer.recording.rows import NEXT

MOST_CRITICS = 24  # of which pairs are tried
FEW = 4  # networks of which each is tried in one row of the batch
MOST_ACTIONS = 8  # of which each is tried for all rows


@dataclass(frozen=True, eq=False)
class Candidate:
    """One value for each row.

    Attributes
    ----------
    name : str
        Such as `largest of the target network`; the same in every update.
    value : ndarray of shape (B,)
        0 in rows that the network was not asked about.
    asked : ndarray of bool, shape (B,)
    fault : str
        What is wrong with a label made of it; empty for a right one.
    entropy : dict of str to ndarray
        Log-probabilities that may be subtracted from it.
    parts : tuple of Table
    """

    name: str
    value: np.ndarray
    asked: np.ndarray
    fault: str = ""
    convention: str = ""
    entropy: dict[str, np.ndarray] = field(default_factory=dict)
    parts: tuple[Table, ...] = ()


def _candidate(
    name: str, value: np.ndarray, fault: str = "", convention: str = "", parts: tuple[Table, ...] = ()
) -> Candidate:
    return Candidate(name, np.nan_to_num(value), np.isfinite(value), fault, convention, {}, parts)


def discrete(
    tables: list[Table], actions: np.ndarray, n: int, policies: list[Table], samples: dict[str, np.ndarray]
) -> list[Candidate]:
    """Candidates for a critic with one output for each of `n` actions.

    `policies` are tables of probabilities at s', and `samples` actions that were drawn from them.
    """
    full = [t for t in tables if t.values.shape[1] == n]
    after = sorted((t for t in full if t.end == NEXT), key=lambda t: t.online)
    has_target = any(not t.online for t in after)
    made = list(_right_discrete(after, has_target))
    values = _of_critics(after, has_target) if policies else []
    for policy in policies if after else []:
        made += _expected(policy, values)
        made += _wrongly_expected(policy, values, after)
        made += [c for name, drawn in samples.items() for c in _sampled(policy, values, name, drawn)]
    made += _wrong_discrete(after, actions)
    made += _of_one_row(after, actions)
    made += _at_s([t for t in full if t.end != NEXT], after)
    made += _joined_or_single([t for t in tables if t.values.shape[1] == 1 and t.end == NEXT])
    return made


def _largest(t: Table) -> np.ndarray:
    return np.where(np.isfinite(t.values).all(axis=1), t.values.max(axis=1), np.nan)


def _at(t: Table, columns: np.ndarray) -> np.ndarray:
    return np.asarray(t.values[np.arange(len(columns)), columns])


def _choice(t: Table) -> np.ndarray:
    return np.asarray(np.nan_to_num(t.values, nan=-np.inf).argmax(axis=1))


def _last_choice(t: Table) -> np.ndarray:
    return np.asarray(np.nan_to_num(t.values, nan=np.inf).argmin(axis=1))


def _right_discrete(after: list[Table], has_target: bool) -> Iterator[Candidate]:
    for t in after:
        fault = "td-online" if t.online and has_target else ""
        yield _candidate(f"max of the {t.role} network", _largest(t), fault, "DQN" if not fault else "", (t,))
    for value, chooser in permutations(after, 2):
        if _one_network(value, chooser):
            continue
        swapped = value.online and not chooser.online
        name = f"{value.role} network at the action that the {chooser.role} network prefers"
        convention = "" if swapped else "double DQN"
        yield _candidate(
            name, _at(value, _choice(chooser)), "double-swapped" if swapped else "", convention, (value, chooser)
        )
    for a, b in combinations(after, 2):
        if _one_network(a, b):
            continue
        smaller = np.minimum(_largest(a), _largest(b))
        yield _candidate("smaller of two networks' max", smaller, "", "clipped double DQN", (a, b))
        for chooser in after:
            both = _at(a, _choice(chooser)), _at(b, _choice(chooser))
            where = f"of two networks at the action that the {chooser.role} network prefers"
            yield _candidate(f"smaller {where}", np.minimum(*both), "", "clipped double DQN", (a, b))
            yield _candidate(f"larger {where}", np.maximum(*both), "max-of-twins", "", (a, b))
        yield _candidate(
            "larger of two networks' max", np.maximum(_largest(a), _largest(b)), "max-of-twins", "", (a, b)
        )


def _one_network(a: Table, b: Table) -> bool:
    """Whether these are two readings of one dueling network."""
    return a.call is b.call and a.output < 0 and b.output < 0


Values = list[tuple[str, np.ndarray, tuple[Table, ...], str]]


def _of_critics(after: list[Table], has_target: bool) -> Values:
    """Names, values, tables and faults of single critics, of the smaller of two, and of their mean."""
    values: list[tuple[str, np.ndarray, tuple[Table, ...]]]
    values = [(f"the {t.role} network", t.values, (t,)) for t in after]
    twins = list(combinations(after, 2))
    values += [(f"the smaller of {_both(a, b)}", np.minimum(a.values, b.values), (a, b)) for a, b in twins]
    values += [(f"the mean of {_both(a, b)}", (a.values + b.values) / 2, (a, b)) for a, b in twins]
    return [
        (name, x, parts, "td-online" if all(t.online for t in parts) and has_target else "")
        for name, x, parts in values
    ]


def _both(a: Table, b: Table) -> str:
    return "two networks" if a.online == b.online else "a target and an online network"


def _expected(policy: Table, values: Values) -> Iterator[Candidate]:
    """Mean over the policy's actions, as in discrete SAC; its entropy may be added."""
    pi = policy.values
    entropy = {"pi log pi": (pi * np.log(pi + 1e-8)).sum(axis=1)}
    for name, x, parts, fault in values:
        made = _candidate(f"mean over the policy of {name}", (pi * x).sum(axis=1), fault, "discrete SAC", parts)
        yield replace(made, entropy=entropy)


def expected_of_s(tables: list[Table], n: int, ahead: list[Table], here: list[Table]) -> list[Candidate]:
    """Means over a policy's actions where the policy, the critics, one of two critics, or all were asked about s.

    `ahead` and `here` are tables of the policy's probabilities at s' and at s.
    """
    after = [t for t in tables if t.values.shape[1] == n and t.end == NEXT]
    at_s = [t for t in tables if t.values.shape[1] == n and t.end != NEXT]
    values = _of_critics(after, has_target=any(not t.online for t in after))
    made = [replace(c, name=f"{c.name} in s", fault="policy-of-s") for p in here for c in _expected(p, values)]
    wrong = [*_of_critics(at_s, has_target=False), *_one_of_two_at_s(at_s, after)]
    for policy, where in [*((p, "s'") for p in ahead), *((p, "s") for p in here)]:
        of_s = [(f"{name} at s, policy at {where}", x, parts, "wrong-state") for name, x, parts, _ in wrong]
        made += _expected(policy, of_s)
    return made


def _one_of_two_at_s(at_s: list[Table], after: list[Table]) -> Values:
    pairs = [(a, b) for a, b in product(at_s, after) if a.call.network != b.call.network]
    return [(f"the smaller of {_both(a, b)}, one", np.minimum(a.values, b.values), (a, b), "") for a, b in pairs]


def _wrongly_expected(policy: Table, values: Values, after: list[Table]) -> Iterator[Candidate]:
    """Labels of discrete SAC that leave the policy's probabilities out, or take the larger critic."""
    pi = policy.values
    log_pi = np.log(pi + 1e-8)
    entropy = {"log pi": log_pi.sum(axis=1)}
    for name, x, parts, _ in values:
        made = _candidate(f"sum over actions of {name}", x.sum(axis=1), "policy-left-out", "", parts)
        yield replace(made, entropy=entropy)
        how = f"mean over the policy of {name}, and all actions' log pi"
        made = _candidate(how, (pi * x).sum(axis=1), "policy-left-out", "", parts)
        yield replace(made, entropy=entropy)
    for a, b in combinations(after, 2):
        larger = (pi * np.maximum(a.values, b.values)).sum(axis=1)
        made = _candidate("mean over the policy of the larger of two networks", larger, "max-of-twins", "", (a, b))
        yield replace(made, entropy={"pi log pi": (pi * log_pi).sum(axis=1)})


def _sampled(policy: Table, values: Values, source: str, drawn: np.ndarray) -> Iterator[Candidate]:
    """The value of one action that was drawn from the policy."""
    entropy = {"log pi": np.log(_at(policy, drawn) + 1e-8)}
    for name, x, parts, fault in values:
        taken = np.asarray(x[np.arange(len(drawn)), drawn])
        made = _candidate(f"{name} at an action drawn from the policy ({source})", taken, fault, "discrete SAC", parts)
        yield replace(made, entropy=entropy)


def _wrong_discrete(after: list[Table], actions: np.ndarray) -> Iterator[Candidate]:
    for t in after:
        finite = np.isfinite(t.values).all(axis=1)
        yield _candidate(
            f"min of the {t.role} network", np.where(finite, t.values.min(axis=1), np.nan), "minimum", "", (t,)
        )
        yield _candidate(f"mean of the {t.role} network", t.values.mean(axis=1), "mean-over-actions", "", (t,))
        yield _candidate(f"{t.role} network at the action taken in s", _at(t, actions), "replayed-action", "", (t,))
        yield _candidate(
            f"index of the {t.role} network's max", np.where(finite, _choice(t), np.nan), "index-as-value", "", (t,)
        )
        yield _candidate(f"last output of the {t.role} network", t.values[:, -1], "fixed-output", "", (t,))
        yield _candidate(f"first output of the {t.role} network", t.values[:, 0], "fixed-output", "", (t,))
        for k in range(t.values.shape[1]) if t.values.shape[1] <= MOST_ACTIONS else ():  # another one in each update
            yield _candidate(f"one output of the {t.role} network", t.values[:, k], "fixed-output", "", (t,))
    for value, chooser in permutations(after, 2):
        if not _one_network(value, chooser):
            name = f"{value.role} network at the action that the {chooser.role} network likes least"
            yield _candidate(name, _at(value, _last_choice(chooser)), "minimum", "", (value, chooser))


def _of_one_row(after: list[Table], actions: np.ndarray) -> Iterator[Candidate]:
    """Values of the batch's first or last next state, at each row's own action: an index of shape (1, B)."""
    for value in after if len(after) <= FEW and not any(np.isnan(t.values).any() for t in after) else ():
        chosen = [(f"that the {t.role} network prefers", _choice(t), (value, t)) for t in after]
        for how, columns, parts in [*chosen, ("taken in s", actions, (value,))]:
            for which, row in (("first", 0), ("last", -1)):
                name = f"{value.role} network in the batch's {which} row, at the action {how} in the row's own"
                yield _candidate(name, value.values[row, columns], "rows-misaligned", "", parts)


def _at_s(here: list[Table], after: list[Table]) -> Iterator[Candidate]:
    for t in here:
        yield _candidate(f"max of the {t.role} network at s", _largest(t), "wrong-state", "", (t,))
        for value in after:
            name = f"{value.role} network at the action that the {t.role} network prefers in s"
            yield _candidate(name, _at(value, _choice(t)), "argmax-of-s", "", (value, t))
        for chooser, where in [*((c, "s'") for c in after), *((c, "s") for c in here)]:
            name = f"{t.role} network at s, at the action that the {chooser.role} network prefers in {where}"
            yield _candidate(name, _at(t, _choice(chooser)), "wrong-state", "", (t, chooser))


def _joined_or_single(after: list[Table]) -> Iterator[Candidate]:
    """Values that a method of the network chose itself."""
    for t in after:
        fault = "td-online" if t.online and any(not other.online for other in after) else ""
        yield _candidate(f"value that the {t.role} network returned", t.values[:, 0], fault, "", (t,))


def same_for_all(rows: int, entropies: dict[str, np.ndarray]) -> Candidate:
    """One unknown value for all rows, such as the largest of the whole batch."""
    return replace(_candidate("one value for all rows", np.ones(rows), "one-bootstrap"), entropy=entropies)


def largest(candidate: Candidate) -> Candidate:
    """The largest of these values in the batch, for all rows."""
    name = f"largest of the batch of {candidate.name}"
    return _candidate(name, np.full_like(candidate.value, candidate.value.max()), "batch-max")


def averaged(candidate: Candidate) -> Candidate:
    """The mean of these values over the batch, for all rows."""
    name = f"mean over the batch of {candidate.name}"
    return _candidate(name, np.full_like(candidate.value, candidate.value.mean()), "bootstrap-averaged")


def of_other_rows(candidate: Candidate, terminated: Mapping[int, bool]) -> list[Candidate]:
    """A right value, but of next states that stand in another order than the batch; alone, and with their own flags."""
    if candidate.fault or not candidate.parts:
        return []
    own = np.array([not terminated[int(i)] for i in candidate.parts[0].call.keys.index], float)
    moved = replace(candidate, name=f"{candidate.name}, of other rows", fault="rows-misaligned", convention="")
    entropy = {name: own * x for name, x in candidate.entropy.items()}
    masked = replace(moved, name=f"{moved.name} with their flags", value=own * candidate.value, entropy=entropy)
    return [moved, masked]


def with_entropy(candidate: Candidate, entropies: dict[str, np.ndarray]) -> Candidate:
    """The same value, from which one of the log-probabilities may be subtracted."""
    return replace(candidate, entropy=entropies)


def continuous(tables: list[Table]) -> list[Candidate]:
    """Candidates for a critic that is shown an action: single critics, twins, and state values."""
    after = [t for t in tables if t.values.shape[1] == 1 and t.end == NEXT]
    critics = sorted((t for t in after if t.with_action), key=lambda t: t.online)
    states = sorted((t for t in after if not t.with_action), key=lambda t: t.online)
    made = list(combined(critics))
    made += list(_state_values(states))
    here = [t for t in tables if t.values.shape[1] == 1 and t.end != NEXT and t.with_action]
    made += [replace(c, name=f"{c.name} at s", fault="wrong-state") for c in combined(here)]
    made += _one_at_s(here, critics)
    return made


def _one_at_s(here: list[Table], after: list[Table]) -> Iterator[Candidate]:
    """The smaller of two critics' values of which one was asked about s, and the other about s'."""
    for a, b in product(here, after) if max(len(here), len(after)) <= MOST_CRITICS else ():
        if a.call.network != b.call.network or a.output != b.output:
            value = np.minimum(a.values[:, 0], b.values[:, 0])
            name = f"smaller of a {a.role} critic at s and a {b.role} one at s'"
            yield _candidate(name, value, "wrong-state", "", (a, b))


def combined(critics: list[Table]) -> Iterator[Candidate]:
    """Values of several critics, joined as programs do, and of each alone."""
    critics = critics if len(critics) <= MOST_CRITICS else _outermost(critics)
    has_target = any(not t.online for t in critics)
    single = [_candidate(f"{t.role} critic", t.values[:, 0], _online(t, has_target), "", (t,)) for t in critics]
    for group in _by_role(critics):
        if len(group) < 2:
            continue
        values = np.stack([t.values[:, 0] for t in group])
        role, fault, parts = group[0].role, _online(group[0], has_target), tuple(group)
        yield _candidate(
            f"smallest of {len(group)} {role} critics", values.min(axis=0), fault, "clipped double Q", parts
        )
        yield _candidate(f"mean of {len(group)} {role} critics", values.mean(axis=0), fault, "mean of critics", parts)
        yield _candidate(f"largest of {len(group)} {role} critics", values.max(axis=0), "max-of-twins", "", parts)
        for a, b in combinations(group, 2) if 2 < len(group) <= MOST_CRITICS else ():
            pair = np.minimum(a.values[:, 0], b.values[:, 0])
            yield _candidate(f"smaller of two {role} critics", pair, fault, "clipped double Q", (a, b))
    yield from single
    for a, b in product(*_by_role(critics)) if len(critics) <= MOST_CRITICS else ():
        pair = np.minimum(a.values[:, 0], b.values[:, 0])
        yield _candidate("smaller of a target and an online critic", pair, "td-online", "", (a, b))


def _outermost(critics: list[Table]) -> list[Table]:
    """Without what a critic's own layers said within its call, where they are modules of the program's own."""
    times = {t.call.time for t in critics}
    return [t for t in critics if not times.intersection(t.call.ancestors)]


def _by_role(critics: list[Table]) -> tuple[list[Table], list[Table]]:
    """Target critics, and online ones."""
    return [t for t in critics if not t.online], [t for t in critics if t.online]


def _online(t: Table, has_target: bool) -> str:
    return "td-online" if t.online and has_target else ""


def _state_values(states: list[Table]) -> Iterator[Candidate]:
    has_target = any(not t.online for t in states)
    for t in states:
        yield _candidate(f"{t.role} state value", t.values[:, 0], _online(t, has_target), "state value", (t,))
