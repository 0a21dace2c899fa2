"""Findings about optimizers' steps: who moves what, and with which gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import held_parameters
from gradexaminer.analysis.reading.fits import is_constant
from gradexaminer.analysis.reading.looked_at import looked_at
from gradexaminer.analysis.reading.policies import through_a_policy
from gradexaminer.analysis.reading.values import value_rows
from gradexaminer.findings import FAULT, SUSPICION, Report
from gradexaminer.recording.observe import moved
from gradexaminer.recording.rows import HERE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call, Step


@dataclass(frozen=True)
class Passes:
    """Backward passes of all updates by what they are for."""

    critic: frozenset[int]
    actor: frozenset[int]


def passes(seen: Observed) -> Passes:
    """A critic's loss has rows at stored actions; an actor's goes through an action chosen at s, or a whole policy."""
    critic, actor = set(), set()
    for update in seen.updates:
        for b in update.backwards:
            if b.probe:
                continue
            if any(not is_constant(rows.g) for rows in value_rows(seen, update, b.number)):
                critic.add(b.number)
            through_action = any(
                number == b.number and np.any(g) and (c.keys.end == HERE).any()
                for c in update.calls
                for (number, _), g in c.extra_gradients.items()
            )
            asked = update.calls_with_gradient(b.number)
            if through_action or (b.number not in critic and through_a_policy(seen, asked, b.number)):
                actor.add(b.number)
    return Passes(frozenset(critic), frozenset(actor))


def examine_steps(seen: Observed, report: Report) -> None:
    """Which gradients each step applies, and whether it does."""
    known = passes(seen)
    critic_parameters = {
        p
        for u in seen.updates
        for b in u.backwards
        if b.number in known.critic
        for rows in value_rows(seen, u, b.number)
        for p in rows.call.parameters & b.reached
    }
    for update in seen.updates:
        for k, step in enumerate(update.steps):
            _gradients_applied(seen, step, update.steps[:k], known, critic_parameters, report)
    _never_stepped(seen, known, report)


def _names(seen: Observed, parameters: set[int] | frozenset[int]) -> str:
    """Networks that hold these parameters."""
    holders = [
        path for path, module in seen.found.modules.items() if any(id(p) in parameters for p in module.parameters())
    ]
    return ", ".join(holders)


def _gradients_applied(
    seen: Observed, step: Step, earlier: Sequence[Step], known: Passes, critic_parameters: set[int], report: Report
) -> None:
    moving = {p for p, change in step.moved.items() if change > 0}
    if step.one_sided:
        told = "entries of the other sign are exactly 0 in the step, and were not after the backward pass"
        report.add(FAULT, "gradient-one-sided", _names(seen, step.one_sided), told)
    again = step.used_before & moving
    if again:
        told = f"in a step of {step.kind}, {len(again)} parameters hold a gradient that was applied before"
        only = all(any(set(step.sources[p]) <= set(e.applied.get(p, ())) for e in earlier) for p in again)
        told += ", and no backward pass came in between: two steps follow one" if only else ""
        report.add(FAULT, "grads-not-zeroed", _names(seen, again), told)
        return
    critic_only, actor_only = known.critic - known.actor, known.actor - known.critic
    mine = {p: set(sources) for p, sources in step.sources.items() if p in moving}
    mixed = {p for p, s in mine.items() if s & critic_only and s & actor_only}
    if mixed:
        code = "actor-gradient-left" if mixed & critic_parameters else "critic-gradient-left"
        report.add(FAULT, code, _names(seen, mixed), "its `.grad` holds the critic's and the actor's gradient")
        return
    pushed = {p for p, s in mine.items() if s and s <= actor_only and p in critic_parameters}
    if pushed:
        report.add(FAULT, "critic-moved-by-actor", _names(seen, pushed), "the step applies d(-Q)/d(critic's weights)")


def _never_stepped(seen: Observed, known: Passes, report: Report) -> None:
    """A network that a loss gave a gradient to, and that no step moved."""
    held = held_parameters(seen)
    idle = {id(p) for o in seen.found.optimizers.values() for group in o.param_groups for p in group["params"]} - held
    for path, parameters in _trained_networks(seen, known).items():
        if path in looked_at(seen):
            continue
        changed = {p for p in parameters if any(moved(u, p) for u in seen.updates)}
        if parameters & held & changed and not _decays_alone(seen, parameters):
            _twins_left(seen, path, known, held, report)
            left = _twins_outside(seen, path, known, held, report)
            _partly(seen, path, parameters - left, changed, report)
        elif not any(u.steps for u in seen.updates) or parameters & idle:
            report.add(FAULT, "no-step", path, f"in {len(seen.updates)} updates its optimizer took no step")
        elif not parameters & held:
            report.add(FAULT, "optimizer-elsewhere", path, "no optimizer holds its parameters")
        elif not any(parameters & set(s.sources) for u in seen.updates for s in u.steps):
            report.add(FAULT, "zeroed-before-step", path, "every `.grad` was 0 or None when the step was taken")
        else:
            report.add(FAULT, "online-still", path, "a step was taken and no weight changed")


def _decays_alone(seen: Observed, parameters: set[int]) -> bool:
    """Whether steps move these parameters and none finds a gradient, so that it is their decay that moves them."""
    steps = [s for u in seen.updates for s in u.steps if any(s.moved.get(p, 0) > 0 for p in parameters)]
    return bool(steps) and not any(parameters & set(s.sources) for s in steps)


def _trained_networks(seen: Observed, known: Passes) -> dict[str, set[int]]:
    """Parameters that a loss means to train: a critic's by its rows, an actor's by the rest of the actor's pass."""
    found: dict[str, set[int]] = {}
    for update in seen.updates:
        for b in update.backwards:
            critics = value_rows(seen, update, b.number) if b.number in known.critic else []
            for rows in critics:
                found.setdefault(rows.call.network, set()).update(rows.call.parameters & b.reached)
            if b.number in known.actor:
                for call in update.calls_with_gradient(b.number):
                    if not call.extra and (call.keys.end == HERE).all() and not critics:
                        found.setdefault(call.network, set()).update(call.parameters & b.reached)
                for call in (c for c in update.calls if not critics and _returned_an_object(c) and c.time < b.time):
                    if call.parameters & b.reached:
                        found.setdefault(call.network, set()).update(call.parameters & b.reached)
    return found


def _returned_an_object(call: Call) -> bool:
    """Whether a network that was asked about states alone returned no tensor, but an object of the program's own."""
    return not call.outputs and not call.extra and bool((call.keys.end == HERE).all())


def _twins_left(seen: Observed, path: str, known: Passes, held: frozenset[int], report: Report) -> None:
    """An output of a critic that has a loss and layers of its own, none of which any step moves."""
    heads: dict[int, set[int]] = {}
    for update in seen.updates:
        for b in (b for b in update.backwards if b.number in known.critic):
            for rows in value_rows(seen, update, b.number):
                if rows.call.network == path:
                    heads.setdefault(rows.output, set()).update(rows.call.parameters & b.reached & held)
    for output, parameters in heads.items():
        if output >= 0 and parameters and not any(moved(u, p) for u in seen.updates for p in parameters):
            told = f"output {output + 1} gets a gradient, which is gone when a step is taken: none moves its layers"
            report.add(FAULT, "twin-untrained", path, told)


def _twins_outside(seen: Observed, path: str, known: Passes, held: frozenset[int], report: Report) -> set[int]:
    """Layers that one output of a critic has for itself, where no optimizer holds any of them."""
    left: set[int] = set()
    for update in seen.updates:
        for b in (b for b in update.backwards if b.number in known.critic):
            for rows in value_rows(seen, update, b.number):
                if rows.call.network != path or rows.output < 0 or not rows.call.leaves:
                    continue
                others = [x for i, x in enumerate(rows.call.leaves) if i != rows.output]
                own = rows.call.leaves[rows.output].difference(*others) & b.reached
                if own and not own & held:
                    told = f"no optimizer holds the layers that output {rows.output + 1} has for itself"
                    report.add(FAULT, "twin-untrained", path, told)
                    left |= own
    return left


def _partly(seen: Observed, path: str, parameters: set[int], changed: set[int], report: Report) -> None:
    outside = parameters - changed - held_parameters(seen)
    if outside and len(outside) < len(parameters):
        names = seen.found.parameter_names()
        told = ", ".join(sorted(names.get(p, "a parameter") for p in outside)[:3])
        report.add(SUSPICION, "partly-trained", path, f"{told} get a gradient and are in no optimizer")
