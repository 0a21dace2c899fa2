"""Findings about target networks: what is copied where, how much of it, and whether at all."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.policies import is_policy
from gradexaminer.analysis.reading.values import value_rows
from gradexaminer.analysis.update.pairs import (
    TAU_RESIDUAL,
    Pair,
    asked_follower,
    fitted_sum,
    fitted_tau,
    fitted_weights,
    networks_by_path,
    pairs,
    taken_from_target,
    used_for_labels,
)
from gradexaminer.findings import FAULT, NOT_SEEN, NOTE, SUSPICION, Report
from gradexaminer.recording.discovery import named_target
from gradexaminer.recording.layers import parameters
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Update

FOLLOWED = 5e-2  # of a change over many steps, which weights that are kept of some of them leave unexplained at most
NEARLY = 0.05  # of a parameter's largest weight; weights that were drawn anew differ by more
FEWEST_ENTRIES = 8  # of one parameter, and
SHARE = 0.1  # of them, that no update moves
HALF = 0.5  # of the online weights: a soft update takes less
NEARLY_ALL = 0.9  # of them: what a soft update takes the wrong way round, and what is copied now and then may not reach
FEWEST_WALKED = 3  # updates in which a soft update is tried, in vain
ROUNDING = 1e-6  # of a network's largest weight: what changes less was copied onto itself


def examine_targets(seen: Observed, online: frozenset[int], report: Report) -> None:
    """How each target network follows its online network."""
    _aliases(seen, online, report)
    _trained_targets(seen, online, report)
    found = pairs(seen, online)
    used = used_for_labels(seen)
    moving = [p for p in found if any(_changed(u, t) for u in seen.updates for t, _ in p.parameters)]
    _of_one_twin(seen, moving, used, online, report)
    trained = any(o in online for p in found for _, o in p.parameters)
    asked = _critics_asked(seen) if seen.spaces.continuous or not trained else used
    for pair in found:
        if pair.target in asked and not any(o in online for _, o in pair.parameters):
            if _is_stepped(seen, pair):
                continue  # with a learning rate of 0: that it stays as it is has a word of its own
            report.add(
                FAULT, "twin-untrained", pair.online, f"{pair.target} is in the label, and no step moves {pair.online}"
            )
        elif pair in moving:
            _how_it_moves(seen, pair, report)
        elif any(t in seen.moved_later for t, _ in pair.parameters):
            report.convention(f"{pair.target}: copied now and then")
        elif pair.target in used or len(found) == 1:
            _still(seen, pair, moving, report)


def _of_one_twin(seen: Observed, moving: list[Pair], used: set[str], online: frozenset[int], report: Report) -> None:
    """Targets in labels that follow the same critic, beside another one of its shape that learns and has none."""
    networks = {path: parameters(module) for path, module in networks_by_path(seen).items()}
    followed, learning = {pair.online for pair in moving}, _critics_that_learn(seen)
    for one, other in combinations([p for p in moving if p.target in used], 2):
        if one.online != other.online or not _follow_alike(seen, one, other):
            continue
        shape = [p.shape for p in networks[one.online]]
        alone = [
            path
            for path, ps in networks.items()
            if path in learning and path not in followed and all(id(p) in online for p in ps)
            if [p.shape for p in ps] == shape
        ]
        if len(alone) == 1:
            told = f"{one.target} and {other.target} both follow {one.online}"
            report.add(FAULT, "target-of-twin", alone[0], told)


def _critics_that_learn(seen: Observed) -> set[str]:
    """Networks with a loss of their values of the stored actions."""
    every = (rows.call for u in seen.updates for b in u.backwards for rows in value_rows(seen, u, b.number))
    return {call.network for call in every if not is_policy(seen, call)}


def _follow_alike(seen: Observed, one: Pair, other: Pair) -> bool:
    """Whether both are copies or soft updates of their online network, in every update that moves them."""
    moved = [(u, p) for u in seen.updates for p in (one, other) if all(_changed(u, t) for t, _ in p.parameters)]
    fits = [fitted_tau(u, p.parameters) for u, p in moved]
    return len(fits) >= FEWEST_WALKED and all(residual <= TAU_RESIDUAL and tau > 0 for tau, residual in fits)


def _is_stepped(seen: Observed, pair: Pair) -> bool:
    """Whether steps of an optimizer find a gradient in the online network."""
    mine = {o for _, o in pair.parameters}
    return any(mine & set(s.sources) for u in seen.updates for s in u.steps)


def _changed(update: Update, parameter: int) -> bool:
    """Whether an update changed a target's parameter by more than what rounding does."""
    before, after = update.before.get(parameter), update.after.get(parameter)
    if before is None or after is None or not before.size:
        return False
    return float(np.abs(after - before).max()) > ROUNDING * float(np.abs(before).max())


def _equal(update: Update, target: int, online: int) -> bool:
    """Whether both were nearly the same before, so that a copy changes next to nothing: a noisy layer's spread."""
    one, other = update.before.get(target, np.zeros(0)), update.before.get(online, np.ones(1))
    return one.shape == other.shape and bool(np.abs(one - other).max(initial=0) <= NEARLY * np.abs(one).max(initial=0))


def _critics_asked(seen: Observed) -> set[str]:
    """Networks that were shown an action beside a next state."""
    return {c.network for u in seen.updates for c in u.calls if c.extra and (c.keys.end == NEXT).any()}


def _still(seen: Observed, pair: Pair, moving: list[Pair], report: Report) -> None:
    watched = f"{len(seen.updates) + seen.calls} updates"
    taken = [taken_from_target(u, pair.parameters) for u in seen.updates]
    if sum(x > 0 for x in taken) >= FEWEST_WALKED:
        told = f"in {sum(x > 0 for x in taken)} updates it takes {max(taken):.3g} of the weights of {pair.target}"
        report.add(FAULT, "online-overwritten", pair.online, f"{told}, which stay as they are")
    elif all((o, t) in seen.became for t, o in pair.parameters):
        told = (
            f"in one of {seen.calls} further updates its weights became those of {pair.target}, which stay as they are"
        )
        report.add(FAULT, "online-overwritten", pair.online, told)
    elif moving:
        report.add(FAULT, "one-target-never", pair.target, f"{watched}; {moving[0].target} changed in the same updates")
    elif all(pair.target in u.loaded for u in seen.updates):
        told = f"{watched}; in each recorded one, weights were loaded into it, and they were its own"
        report.add(FAULT, "target-never", pair.target, told)
    elif all({pair.target, pair.online} <= u.read and pair.target not in u.loaded for u in seen.updates):
        told = f"{watched}; in each recorded one its `state_dict()` was read beside the online one, and none was loaded"
        report.add(SUSPICION, "target-never", pair.target, told)
    elif (walked := sum(_walks_through_both(u, pair) for u in seen.updates)) >= FEWEST_WALKED:
        told = f"{watched}; in {walked} of the recorded ones, a line goes through its parameters and the online one's"
        report.add(SUSPICION, "target-never", pair.target, told)
    else:
        report.add(
            NOT_SEEN, "target-not-seen", pair.target, f"it did not change in {watched}; the training loop may copy it"
        )


def _walks_through_both(update: Update, pair: Pair) -> bool:
    """Whether one line asked for the parameters of both, as a soft update does that only binds a name anew."""
    return any({pair.target, pair.online} <= both for both in update.walked.values())


def _how_it_moves(seen: Observed, pair: Pair, report: Report) -> None:
    networks = networks_by_path(seen)
    storage = [{p.data_ptr() for p in parameters(networks[path])} for path in (pair.target, pair.online)]
    if storage[0] & storage[1]:
        report.add(FAULT, "shared-storage", f"{pair.target}, {pair.online}", "their parameters have the same addresses")
        return
    for update in seen.updates:
        changed = [(t, o) for t, o in pair.parameters if _changed(update, t)]
        if not changed or any(p not in update.before for both in changed for p in both):
            continue  # a lazy layer got its parameters in this update
        if any(not _changed(update, t) and not _equal(update, t, o) for t, o in pair.parameters):
            report.add(
                FAULT, "partly-updated", pair.target, f"{len(changed)} of {len(pair.parameters)} parameters changed"
            )
        else:
            _partly_copied(update, pair, changed, report)
        tau, residual = fitted_tau(update, changed)
        if TAU_RESIDUAL < residual < FOLLOWED and update.left_out:
            report.convention(f"{pair.target}: follows {pair.online} in each of many steps of one call")
            return
        weights = fitted_weights(update, changed) if residual > TAU_RESIDUAL or tau < 0 else None
        if weights:
            told = f"it becomes {weights[0]:.4g} times itself plus {weights[1]:.4g} times the online network"
            report.add(FAULT, "polyak-weights", pair.target, told)
        elif residual > TAU_RESIDUAL and (told := _uneven(update, changed)):
            report.add(FAULT, "polyak-uneven", pair.target, told)
        elif residual > TAU_RESIDUAL and (told := _crossed(seen, pair, update)):
            report.add(FAULT, "polyak-crossed", pair.target, told)
        elif residual > TAU_RESIDUAL:
            report.add(SUSPICION, "unexplained-target", pair.target, f"{residual:.0%} of its change is no copy")
        else:
            _say_tau(seen, pair, tau, update.number - seen.updates[0].number, report)
        return


def _partly_copied(update: Update, pair: Pair, changed: list[tuple[int, int]], report: Report) -> None:
    """Entries of a parameter that an update left as they were, though the online network's differ, beside others."""
    for t, o in changed:
        before, after, online = update.before[t], update.after[t], update.before[o]
        apart = np.abs(online - before) > NEARLY * np.abs(before).max(initial=0)
        still = apart & (after == before)
        if still.sum() >= FEWEST_ENTRIES and still.sum() > SHARE * apart.sum():
            told = f"{still.sum()} of {before.size} entries of one parameter stayed as they were"
            report.add(FAULT, "partly-updated", pair.target, told)
            return


def _uneven(update: Update, changed: list[tuple[int, int]]) -> str:
    """How many parameters take how much of their online ones, where some are copied and others follow; else nothing."""
    fits = [fitted_tau(update, [both]) for both in changed]
    shares = [tau for tau, residual in fits if residual <= TAU_RESIDUAL]
    few, many = min(shares, default=0.0), max(shares, default=0.0)
    if len(shares) < len(fits) or many < 1 - NEARLY or few > HALF:
        return ""
    at = sum(abs(x - few) < abs(x - many) for x in shares)
    return f"{at} of its {len(shares)} parameters take {few:.3g} of the online weights, and the others {many:.3g}"


def _crossed(seen: Observed, pair: Pair, update: Update) -> str:
    """Of which two other networks the target's new weights are a sum; nothing where they are of none."""
    networks = {path: parameters(module) for path, module in networks_by_path(seen).items()}
    mine = networks.pop(pair.target)
    others = {
        path: [(id(t), id(p)) for t, p in zip(mine, found, strict=True)]
        for path, found in networks.items()
        if [p.shape for p in found] == [p.shape for p in mine]
    }
    for one, other in permutations(others, 2):
        found = fitted_sum(update, others[one], others[other])
        if found:
            return f"it becomes {found[0]:.4g} times {one} plus {found[1]:.4g} times {other}"
    return ""


def _say_tau(seen: Observed, pair: Pair, tau: float, waited: int, report: Report) -> None:
    told = seen.found.settings.get("tau", ())
    since = f", first seen after {waited} update{'s' * (waited > 1)} without one" if waited else ""
    if abs(tau - 1) < 1e-6:
        report.convention(f"{pair.target}: a copy of {pair.online}{since}")
        share = next((x for x in told if 0 < x < HALF), 0.0)
        if share and not _rests(seen, pair) and all(_is_a_sum(u, pair) for u in seen.updates):
            whole = f"it becomes the online network in each of {len(seen.updates)} updates, and the agent's tau is"
            report.add(FAULT, "polyak-whole", pair.target, f"{whole} {share:g}")
        elif len(seen.updates) >= FEWEST_WALKED and all(
            _steps(u, pair) == 1 and _changed_all(u, pair) for u in seen.updates
        ):
            after = f"in each of {len(seen.updates)} updates, after one step of {pair.online}"
            report.add(NOTE, "target-copied", pair.target, after)
        return
    report.convention(f"{pair.target}: soft update, tau {tau:.3g}{since}")
    chosen = any(abs(x - tau) < 1e-6 and x < NEARLY_ALL for x in told)
    if tau > HALF + TAU_RESIDUAL and not chosen and not (tau < NEARLY_ALL and _rests(seen, pair)):
        report.add(FAULT, "polyak-swapped", pair.target, f"it takes {tau:.4g} of the online weights in each update")


def _steps(update: Update, pair: Pair) -> int:
    """How many steps of optimizers moved the online network in one update."""
    mine = {o for _, o in pair.parameters}
    return sum(any(s.moved.get(o, 0) > 0 for o in mine) for s in update.steps)


def _changed_all(update: Update, pair: Pair) -> bool:
    return all(_changed(update, t) or _equal(update, t, o) for t, o in pair.parameters)


def _is_a_sum(update: Update, pair: Pair) -> bool:
    """Whether the target is the online network but for rounding, as a sum of two shares of it: a copy has none."""
    both = [(update.after[t], update.after[o]) for t, o in pair.parameters if t in update.after and o in update.after]
    far = max((float(np.abs(x - y).max(initial=0)) for x, y in both if x.shape == y.shape), default=0.0)
    return 0 < far <= ROUNDING * max(float(np.abs(y).max(initial=0)) for _, y in both)


def _rests(seen: Observed, pair: Pair) -> bool:
    """Whether the target stays as it is in some updates: what comes now and then stands in place of a copy."""
    return any(not any(_changed(u, t) for t, _ in pair.parameters) for u in seen.updates)


def _aliases(seen: Observed, online: frozenset[int], report: Report) -> None:
    for a, b in seen.found.aliases:
        if _is_alias(a, b) and not _changes_roles(seen, a):
            report.add(FAULT, "alias", f"{a}, {b}", "the same object")
    paths = list(seen.storage)
    for i, a in enumerate(paths):
        for b in paths[i + 1 :]:
            if _is_shared(seen, a, b):
                report.add(FAULT, "shared-storage", f"{a}, {b}", "their parameters have the same addresses")


def _is_shared(seen: Observed, a: str, b: str) -> bool:
    """Whether two networks have weights in common, and one is a target: by its name, or because weights are loaded.

    Weights that are loaded into a network with all weights of the other one, as `copy.copy` leaves it, are its own.
    """
    if not seen.storage[a] & seen.storage[b]:
        return False
    same = seen.storage[a] == seen.storage[b] and seen.found.modules[a] is not seen.found.modules[b]
    return "targ" in (a + b).lower() or (same and any({a, b} & u.loaded for u in seen.updates))


def _changes_roles(seen: Observed, path: str) -> bool:
    """Whether this network never learned in an update whose label came from it: two networks have changed places."""
    module = networks_by_path(seen).get(path)
    mine = {id(p) for p in parameters(module)} if module is not None else set()
    asked = [{p for c in u.calls if (c.keys.end == NEXT).any() for p in c.parameters} for u in seen.updates]
    learned = [any(p in mine for s in u.steps for p in s.applied) for u in seen.updates]
    both = any(yes and (not others or others & mine) for yes, others in zip(learned, asked, strict=True))
    return not both and any(asked)


def _is_alias(a: str, b: str) -> bool:
    """Whether two paths to one network call it a target and something else; not, where they end in the same name.

    A notebook's target network is reached as a global and through each function that uses it. Objects that differ in
    one name, such as `target.q` and `online.q`, are two networks all the same.
    """
    if b.startswith(f"{a}.") or a.startswith(f"{b}."):
        return False  # reached through itself, as where its `forward` is a function within its constructor
    one, other = ([name for name in path.split(".") if not name.isdigit()] for path in (a, b))
    far = len(one) != len(other) and one[-1] == other[-1]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return not far and bool(one and other) and named_target(one[-1]) != named_target(other[-1])


def _trained_targets(seen: Observed, online: frozenset[int], report: Report) -> None:
    """A network with `target` in its name that a step moves with a gradient."""
    for path, module in seen.found.modules.items():
        renamed = any(path in both for both in seen.found.aliases) and _changes_roles(seen, path)
        mine = {id(p) for p in parameters(module)}
        if renamed or "targ" not in path.lower().rsplit(".", 1)[-1] or asked_follower(seen, mine):
            continue
        applied = {p for u in seen.updates for s in u.steps for p in s.applied if p in mine}
        if applied and not any(f.code in {"alias", "shared-storage"} for f in report.findings):
            report.add(FAULT, "target-trained", path, f"a step applied gradients to {len(applied)} of its parameters")


def _is_now(update: Update, online: int, target: int) -> bool:
    """Whether an online parameter is after the update what the target's was before."""
    before, after = update.before.get(target), update.after.get(online)
    return before is not None and after is not None and np.array_equal(before, after)


def examine_overwritten(seen: Observed, online: frozenset[int], report: Report) -> None:
    """Online weights that are the target's after an update."""
    for pair in pairs(seen, online):
        for u in seen.updates:
            sizes = [u.before[t].size for t, _ in pair.parameters if t in u.before]
            if any(sizes) and all(_is_now(u, o, t) for t, o in pair.parameters):
                report.add(FAULT, "online-overwritten", pair.online, "after the update its weights are the target's")
                return
