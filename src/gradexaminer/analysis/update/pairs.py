"""Target networks, each beside the online network that it follows, and how far an update moves it there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gradexaminer.analysis.reading.actions import online_parameters
from gradexaminer.analysis.reading.memory import once
from gradexaminer.analysis.reading.policies import is_policy
from gradexaminer.recording.discovery import named_target
from gradexaminer.recording.layers import layers
from gradexaminer.recording.layers import parameters as parameters_of
from gradexaminer.recording.observe import moved
from gradexaminer.recording.rows import NEXT

if TYPE_CHECKING:
    from collections.abc import Set

    from torch import nn

    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Update

MOST_COMPARED = 5000  # about so many entries of one parameter
NO_AVERAGE = 1e-4  # difference from 1 of the sum of a soft update's weights
ROUGHLY = 1e-2  # of a small change, which rounding to 32 bits leaves unexplained at most
TAU_RESIDUAL = 1e-3  # of a target's change, that a soft update leaves unexplained at most


@dataclass(frozen=True)
class Pair:
    """A target network, the online network of the same shape, and their parameters side by side."""

    target: str
    online: str
    parameters: list[tuple[int, int]]


@once
def pairs(seen: Observed, online: frozenset[int]) -> list[Pair]:
    """Target networks, each beside an online network of the same shape: the one it moves towards, else by name.

    A network is a target if no step moves it, and it moves in another way, is asked about next states, or is named so.
    """
    modules = {path: ps for path, m in networks_by_path(seen).items() if (ps := parameters_of(m))}
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


def networks_by_path(seen: Observed) -> dict[str, nn.Module]:
    """Networks by where they were found; of a module that holds a target beside others, such as a policy, its parts."""
    networks: dict[str, nn.Module] = {}
    for path, module in seen.found.modules.items():
        parts = dict(module.named_children())
        if any(named_target(name) for name in parts):
            networks |= {f"{path}.{name}": part for name, part in parts.items()}
        else:
            networks[path] = module
    return networks


def kept_target(seen: Observed, critic: Set[int]) -> str:
    """Where a copy of this critic is kept that follows it and that no label ever asked; empty where there is none."""
    asked = used_for_labels(seen)
    for pair in pairs(seen, online_parameters(seen)):
        if pair.target not in asked and {o for _, o in pair.parameters} <= critic and _follows(seen, pair):
            return pair.target
    return ""


def asked_follower(seen: Observed, network: Set[int]) -> str:
    """Where a copy of this network is kept that follows it and that the labels ask; empty where there is none."""
    asked = used_for_labels(seen)
    for pair in pairs(seen, online_parameters(seen)):
        if pair.target in asked and {o for _, o in pair.parameters} <= network and _follows(seen, pair):
            return pair.target
    return ""


def idle_target(seen: Observed, critic: Set[int]) -> str:
    """Where a copy of this critic is kept that follows it and no layer of which is called; empty where there is none.

    That holds whatever the label is: a network that is not called has no part in it.
    """
    networks = networks_by_path(seen)
    touched = {key for u in seen.updates for key in u.touched}
    for pair in pairs(seen, online_parameters(seen)):
        mine = {id(layer) for layer in layers(networks[pair.target]) if layer._parameters}
        heard = not isinstance(networks[pair.target], torch.jit.ScriptModule) and not any(
            u.transformed for u in seen.updates
        )
        idle = bool(mine) and heard and not mine & touched
        if idle and {o for _, o in pair.parameters} <= critic and _follows(seen, pair):
            return pair.target
    return ""


def unasked_targets(seen: Observed, critic: Set[int]) -> list[tuple[str, bool]]:
    """Targets of this critic that no call about next states ever reached, and whether they follow it.

    None where the targets that are asked change from update to update, as in ensembles of which a few are drawn.
    """
    asked = [[c for c in u.calls if (c.keys.end == NEXT).any()] for u in seen.updates]
    if len({frozenset(c.network for c in calls) for calls in asked}) != 1:
        return []
    known = {p for calls in asked for c in calls for p in c.parameters}
    found = []
    for pair in pairs(seen, online_parameters(seen)):
        targets = {t for t, _ in pair.parameters}
        if not targets & known and {o for _, o in pair.parameters} <= critic:
            found.append((pair.target, _follows(seen, pair)))
    return found


def _follows(seen: Observed, pair: Pair) -> bool:
    """Whether the target was ever seen to move."""
    return any(t in seen.moved_later or any(moved(u, t) for u in seen.updates) for t, _ in pair.parameters)


def _is_target(seen: Observed, path: str, parameters: list[Any]) -> bool:
    named = named_target(path)
    mine = [c for u in seen.updates for c in u.calls if c.network == path]
    asked = any((c.keys.end == NEXT).any() and not is_policy(seen, c) for c in mine)
    return named or asked or any(moved(u, id(p)) for u in seen.updates for p in parameters)


def _closeness(seen: Observed, target: list[Any], online: list[Any], path: str, other: str) -> tuple[int, int]:
    """How often the target moves towards this network; else, how many letters of their names agree."""
    towards = 0
    for u in seen.updates:
        tau, residual = fitted_tau(u, [(id(t), id(o)) for t, o in zip(target, online, strict=True)])
        towards += tau != 0 and residual < TAU_RESIDUAL
    return towards, len(set(_bigrams(path)) & set(_bigrams(other)))


def _bigrams(x: str) -> list[str]:
    return [x[i : i + 2] for i in range(len(x) - 1)]


def fitted_tau(update: Update, parameters: list[tuple[int, int]]) -> tuple[float, float]:
    """Fit `target += tau * (online - target)`; return tau and the relative residual. (0, 0) if it did not move."""
    best = (0.0, 0.0)
    lowest = np.inf
    t0, t1 = joined(update.before, [t for t, _ in parameters]), joined(update.after, [t for t, _ in parameters])
    if np.array_equal(t0, t1):
        return best
    for weights in (update.after, update.before):
        direction = joined(weights, [o for _, o in parameters]) - t0
        tau = float(direction @ (t1 - t0) / max(float(direction @ direction), 1e-30))
        residual = float(np.linalg.norm(t1 - t0 - tau * direction) / np.linalg.norm(t1 - t0))
        if residual < lowest:
            best, lowest = (tau, residual), residual
    return best if lowest <= TAU_RESIDUAL else min(best, _tau_of_several(update, parameters), key=lambda x: x[1])


def fitted_weights(update: Update, parameters: list[tuple[int, int]]) -> tuple[float, float] | None:
    """Fit `target = a * target + b * online`, where that is exact, b is not 0, and a and b are no average."""
    t0, t1 = joined(update.before, [t for t, _ in parameters]), joined(update.after, [t for t, _ in parameters])
    for weights in (update.after, update.before):
        table = np.stack([t0, joined(weights, [o for _, o in parameters])], axis=1)
        (a, b), *_ = np.linalg.lstsq(table, t1, rcond=None)
        exact = np.linalg.norm(t1 - table @ (a, b)) < TAU_RESIDUAL * np.linalg.norm(t1 - t0)
        if exact and abs(b) > NO_AVERAGE and (abs(a + b - 1) > NO_AVERAGE or b < 0):
            return float(a), float(b)
    return None


def fitted_sum(update: Update, one: list[tuple[int, int]], other: list[tuple[int, int]]) -> tuple[float, float] | None:
    """Fit `target = a * one + b * other`, where that is exact and both have a share in it; each beside the target."""
    t0, t1 = joined(update.before, [t for t, _ in one]), joined(update.after, [t for t, _ in one])
    for first, second in product((update.after, update.before), repeat=2):
        table = np.stack([joined(first, [o for _, o in one]), joined(second, [o for _, o in other])], axis=1)
        (a, b), *_ = np.linalg.lstsq(table, t1, rcond=None)
        if np.linalg.norm(t1 - table @ (a, b)) < TAU_RESIDUAL * np.linalg.norm(t1 - t0) and min(a, b) > NO_AVERAGE:
            return float(a), float(b)
    return None


def taken_from_target(update: Update, parameters: list[tuple[int, int]]) -> float:
    """The share of the target's weights that the online network took over after its last step; 0 where it did not."""
    there = [(t, o) for t, o in parameters if o in update.stepped and t in update.before]
    # A dict of weights that is made anew each time may give an id to another tensor.
    both = [(t, o) for t, o in there if update.stepped[o].size == update.before[t].size]
    left, target = joined(update.stepped, [o for _, o in both]), joined(update.before, [t for t, _ in both])
    change, direction = joined(update.after, [o for _, o in both]) - left, target - left
    if not change.any():
        return 0.0
    share = float(direction @ change / max(float(direction @ direction), 1e-30))
    apart = np.linalg.norm(change - share * direction)
    return share if share > NO_AVERAGE and apart < ROUGHLY * np.linalg.norm(change) else 0.0


def _tau_of_several(update: Update, parameters: list[tuple[int, int]]) -> tuple[float, float]:
    """The same, where the online network takes several steps in one call and its target follows it in between."""
    online = [o for _, o in parameters]
    t0, t1 = joined(update.before, [t for t, _ in parameters]), joined(update.after, [t for t, _ in parameters])
    kept = [w for w in update.between if all(o in w for o in online)]
    if not kept:
        return 0.0, 1.0
    directions = np.stack([joined(w, online) - t0 for w in (update.before, *kept, update.after)], axis=1)
    factors, *_ = np.linalg.lstsq(directions, t1 - t0, rcond=None)
    return float(factors.sum()), float(np.linalg.norm(t1 - t0 - directions @ factors) / np.linalg.norm(t1 - t0))


def joined(weights: dict[int, np.ndarray], keys: list[int]) -> np.ndarray:
    """Weights of these parameters in one row; of large ones, entries at equal distances."""
    flat = [weights[k].reshape(-1) for k in keys if k in weights]
    return np.concatenate([x[:: 1 + x.size // MOST_COMPARED].astype(np.float64) for x in flat] or [np.zeros(0)])


def used_for_labels(seen: Observed) -> set[str]:
    """Networks that were asked about next states."""
    return {c.network for u in seen.updates for c in u.calls if (c.keys.end == NEXT).any()}
