"""Findings about target networks: what is copied where, how much of it, and whether at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gradexaminer.analysis.actions import online_parameters
from gradexaminer.findings import FAULT, NOT_SEEN, SUSPICION, Report
from gradexaminer.recording.observe import moved
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from collections.abc import Set

    from torch import nn

    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Update

MOST_COMPARED = 5000  # about so many entries of one parameter
ROUNDING = 1e-6  # of a network's largest weight: what changes less was copied onto itself
TAU_RESIDUAL = 1e-3  # of a target's change, that a soft update leaves unexplained at most


@dataclass(frozen=True)
class Pair:
    """A target network, the online network of the same shape, and their parameters side by side."""

    target: str
    online: str
    parameters: list[tuple[int, int]]


def pairs(seen: Observed, online: frozenset[int]) -> list[Pair]:
    """Target networks, each beside an online network of the same shape: the one it moves towards, else by name.

    A network is a target if no step moves it, and it moves in another way, is asked about next states, or is named so.
    """
    modules = {path: ps for path, m in _networks(seen).items() if (ps := list(m.parameters()))}
    targets = [
        path for path, ps in modules.items() if not any(id(p) in online for p in ps) and _is_target(seen, path, ps)
    ]
    found = []
    for path in targets:
        parameters = modules[path]
        shape = [p.shape for p in parameters]
        fitting = [o for o in modules if o not in targets and [p.shape for p in modules[o]] == shape]
        if fitting:
            best = fitting[0]
            if len(fitting) > 1:  # to compare all weights in every update takes its time
                best = max(fitting, key=lambda o: _closeness(seen, parameters, modules[o], path, o))
            found.append(Pair(path, best, [(id(t), id(o)) for t, o in zip(parameters, modules[best], strict=True)]))
    return found


def _networks(seen: Observed) -> dict[str, nn.Module]:
    """Networks by where they were found; of a module that holds a target beside others, such as a policy, its parts."""
    networks: dict[str, nn.Module] = {}
    for path, module in seen.found.modules.items():
        parts = dict(module.named_children())
        if any(_named_target(name) for name in parts):
            networks |= {f"{path}.{name}": part for name, part in parts.items()}
        else:
            networks[path] = module
    return networks


def _named_target(name: str) -> bool:
    return any(word in name.lower() for word in ("targ", "tgt"))


def kept_target(seen: Observed, critic: Set[int]) -> str:
    """Where a copy of this critic is kept that follows it and that no label ever asked; empty where there is none."""
    asked = _used_for_labels(seen)
    for pair in pairs(seen, online_parameters(seen)):
        follows = any(moved(u, t) for u in seen.updates for t, _ in pair.parameters)
        follows = follows or any(t in seen.moved_later for t, _ in pair.parameters)
        if follows and pair.target not in asked and {o for _, o in pair.parameters} <= critic:
            return pair.target
    return ""


def _is_target(seen: Observed, path: str, parameters: list[Any]) -> bool:
    named = _named_target(path)
    asked = any(c.network == path and (c.keys.end == NEXT).any() for u in seen.updates for c in u.calls)
    return named or asked or any(moved(u, id(p)) for u in seen.updates for p in parameters)


def _closeness(seen: Observed, target: list[Any], online: list[Any], path: str, other: str) -> tuple[int, int]:
    """How often the target moves towards this network; else, how many letters of their names agree."""
    towards = 0
    for u in seen.updates:
        tau, residual = _tau(u, [(id(t), id(o)) for t, o in zip(target, online, strict=True)])
        towards += tau != 0 and residual < TAU_RESIDUAL
    return towards, len(set(_bigrams(path)) & set(_bigrams(other)))


def _bigrams(x: str) -> list[str]:
    return [x[i : i + 2] for i in range(len(x) - 1)]


def _tau(update: Update, parameters: list[tuple[int, int]]) -> tuple[float, float]:
    """Fit `target += tau * (online - target)`; return tau and the relative residual. (0, 0) if it did not move."""
    best = (0.0, 0.0)
    lowest = np.inf
    t0, t1 = _joined(update.before, [t for t, _ in parameters]), _joined(update.after, [t for t, _ in parameters])
    if np.array_equal(t0, t1):
        return best
    for weights in (update.after, update.before):
        direction = _joined(weights, [o for _, o in parameters]) - t0
        tau = float(direction @ (t1 - t0) / max(float(direction @ direction), 1e-30))
        residual = float(np.linalg.norm(t1 - t0 - tau * direction) / np.linalg.norm(t1 - t0))
        if residual < lowest:
            best, lowest = (tau, residual), residual
    return best


def _joined(weights: dict[int, np.ndarray], keys: list[int]) -> np.ndarray:
    """Weights of these parameters in one row; of large ones, entries at equal distances."""
    flat = [weights[k].reshape(-1) for k in keys if k in weights]
    return np.concatenate([x[:: 1 + x.size // MOST_COMPARED].astype(np.float64) for x in flat] or [np.zeros(0)])


def examine_targets(seen: Observed, online: frozenset[int], report: Report) -> None:
    """How each target network follows its online network."""
    _aliases(seen, online, report)
    _trained_targets(seen, online, report)
    found = pairs(seen, online)
    used = _used_for_labels(seen)
    moving = [p for p in found if any(_changed(u, t) for u in seen.updates for t, _ in p.parameters)]
    trained = any(o in online for p in found for _, o in p.parameters)
    asked = _critics_asked(seen) if seen.spaces.continuous or not trained else used
    for pair in found:
        if pair.target in asked and not any(o in online for _, o in pair.parameters):
            report.add(
                FAULT, "twin-untrained", pair.online, f"{pair.target} is in the label, and no step moves {pair.online}"
            )
        elif pair in moving:
            _how_it_moves(seen, pair, report)
        elif any(t in seen.moved_later for t, _ in pair.parameters):
            report.convention(f"{pair.target}: copied now and then")
        elif pair.target in used or len(found) == 1:
            _still(seen, pair, moving, report)


def _changed(update: Update, parameter: int) -> bool:
    """Whether an update changed a target's parameter by more than what rounding does."""
    before, after = update.before.get(parameter), update.after.get(parameter)
    if before is None or after is None or not before.size:
        return False
    return float(np.abs(after - before).max()) > ROUNDING * float(np.abs(before).max())


def _equal(update: Update, target: int, online: int) -> bool:
    """Whether both were the same before, so that a copy changes nothing: a noisy layer's spread that nothing trains."""
    return np.array_equal(update.before.get(target, np.zeros(0)), update.before.get(online, np.ones(1)))


def _used_for_labels(seen: Observed) -> set[str]:
    return {c.network for u in seen.updates for c in u.calls if (c.keys.end == NEXT).any()}


def _critics_asked(seen: Observed) -> set[str]:
    """Networks that were shown an action beside a next state."""
    return {c.network for u in seen.updates for c in u.calls if c.extra and (c.keys.end == NEXT).any()}


def _still(seen: Observed, pair: Pair, moving: list[Pair], report: Report) -> None:
    watched = f"{len(seen.updates) + seen.calls} updates"
    if moving:
        report.add(FAULT, "one-target-never", pair.target, f"{watched}; {moving[0].target} changed in the same updates")
    else:
        report.add(
            NOT_SEEN, "target-not-seen", pair.target, f"it did not change in {watched}; the training loop may copy it"
        )


def _how_it_moves(seen: Observed, pair: Pair, report: Report) -> None:
    networks = _networks(seen)
    storage = [{p.data_ptr() for p in networks[path].parameters()} for path in (pair.target, pair.online)]
    if storage[0] & storage[1]:
        report.add(FAULT, "shared-storage", f"{pair.target}, {pair.online}", "their parameters have the same addresses")
        return
    for update in seen.updates:
        changed = [(t, o) for t, o in pair.parameters if _changed(update, t)]
        if not changed:
            continue
        if any(not _changed(update, t) and not _equal(update, t, o) for t, o in pair.parameters):
            report.add(
                FAULT, "partly-updated", pair.target, f"{len(changed)} of {len(pair.parameters)} parameters changed"
            )
        tau, residual = _tau(update, changed)
        if residual > TAU_RESIDUAL:
            report.add(SUSPICION, "unexplained-target", pair.target, f"{residual:.0%} of its change is no copy")
        else:
            _say_tau(seen, pair, tau, update.number - seen.updates[0].number, report)
        return


def _say_tau(seen: Observed, pair: Pair, tau: float, waited: int, report: Report) -> None:
    told = seen.found.settings.get("tau", ())
    since = f", first seen after {waited} update{'s' * (waited > 1)} without one" if waited else ""
    if abs(tau - 1) < 1e-6:
        report.convention(f"{pair.target}: a copy of {pair.online}{since}")
        return
    report.convention(f"{pair.target}: soft update, tau {tau:.3g}{since}")
    if tau > 0.5 and not any(abs(x - tau) < 1e-6 and x < 0.9 for x in told):
        report.add(FAULT, "polyak-swapped", pair.target, f"it takes {tau:.4g} of the online weights in each update")


def _aliases(seen: Observed, online: frozenset[int], report: Report) -> None:
    for a, b in seen.found.aliases:
        if _named_target(a + b):
            report.add(FAULT, "alias", f"{a}, {b}", "the same object")
    paths = list(seen.storage)
    for i, a in enumerate(paths):
        for b in paths[i + 1 :]:
            if seen.storage[a] & seen.storage[b] and "targ" in (a + b).lower():
                report.add(FAULT, "shared-storage", f"{a}, {b}", "their parameters have the same addresses")


def _trained_targets(seen: Observed, online: frozenset[int], report: Report) -> None:
    """A network with `target` in its name that a step moves with a gradient."""
    for path, module in seen.found.modules.items():
        if "targ" not in path.lower().rsplit(".", 1)[-1]:
            continue
        mine = {id(p) for p in module.parameters()}
        applied = {p for u in seen.updates for s in u.steps for p in s.sources if p in mine and s.moved.get(p, 0) > 0}
        if applied and not any(f.code in {"alias", "shared-storage"} for f in report.findings):
            report.add(FAULT, "target-trained", path, f"a step applied gradients to {len(applied)} of its parameters")


def examine_overwritten(seen: Observed, online: frozenset[int], report: Report) -> None:
    """Online weights that are the target's after an update."""
    for pair in pairs(seen, online):
        for u in seen.updates:
            before = _joined(u.before, [t for t, _ in pair.parameters])
            after = _joined(u.after, [o for _, o in pair.parameters])
            if before.size and np.array_equal(before, after):
                report.add(FAULT, "online-overwritten", pair.online, "after the update its weights are the target's")
                return
