"""Whether an actor's gradient follows the critic's slope at its own action, and climbs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.actor.by_hand import by_hand
from gradexaminer.analysis.actor.likelihood_ratio import likelihood_ratio
from gradexaminer.analysis.actor.paths import Path, actor_calls, path_is_of_label, path_is_swept, paths_of
from gradexaminer.analysis.actor.shown import say_entropy_of_shares, say_noise, say_reach, say_units
from gradexaminer.analysis.actor.twins import say_twins
from gradexaminer.analysis.actor.without_q import learns_without_q
from gradexaminer.analysis.reading.actions import are_stored, stored_actions
from gradexaminer.analysis.reading.dueling import as_rows
from gradexaminer.analysis.reading.fits import is_constant
from gradexaminer.analysis.reading.naf import is_naf
from gradexaminer.analysis.reading.values import is_actor, value_rows
from gradexaminer.analysis.update.applied import applied_to, sign_of
from gradexaminer.findings import FAULT, NOT_SEEN, NOTE, SUSPICION, Report
from gradexaminer.recording.rows import HERE, NEXT

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call

SAME = 1e-3  # relative difference of two gradients that counts as rounding
LEFT_OUT = {"optimizer-elsewhere", "no-step", "zeroed-before-step", "online-still", "twin-untrained"}
FEWEST_ROWS = 8  # of a batch of which one alone counts
SOME = 0.1  # of the rows of a batch, in which d loss / d Q has a sign of its own


def examine_actor(seen: Observed, online: frozenset[int], report: Report) -> dict[int, float]:
    """Say how the actor learns, and what is wrong with it; return log pi's factor in its loss, by update."""
    found = [p for u in seen.updates for b in u.backwards if not b.probe for p in paths_of(seen, u, b)]
    found = [p for p in found if not path_is_swept(seen, p) and not path_is_of_label(seen, p, online)]
    paths = [p for p in found if not _asks_for_a_slope(seen, p, report)]
    if not paths:
        if not found:
            _no_path(seen, online, report)
        return {}
    say_reach(seen, paths, report)
    bonus, alphas = False, {}
    for backward in dict.fromkeys(p.backward.number for p in paths):
        together = [p for p in paths if p.backward.number == backward]
        alpha, known = _say_loss(together, report)
        bonus = alpha > 0 or bonus
        if known:
            alphas[together[0].update.number] = alpha
    for path in paths:
        _critic_asked(path, online, report)
        _moves_the_critic(seen, path, report)
        say_units(seen, path, report)
        together = [p for p in paths if p.backward is path.backward and np.array_equal(p.action, path.action)]
        _reaches_the_actor(seen, path, np.sum([p.slope for p in together], axis=0), report, penalized=not bonus)
    return alphas


def _asks_for_a_slope(seen: Observed, path: Path, report: Report) -> bool:
    """Whether a pass only left dQ/da in an action's `.grad`, of which a later pass made the actor's loss.

    `critic(s, a).mean().backward()`, then `(-a.grad * actor(s)).sum().backward()`: the first says nothing about a sign.
    """
    number = path.backward.number
    reaches = any(not c.extra and (c.keys.end == HERE).all() for c in path.update.calls_with_gradient(number))
    later = [b for b in path.update.backwards if b.number > number and not b.probe]
    return not reaches and any(by_hand(seen, path.update, b, report) for b in later)


def _say_loss(together: list[Path], report: Report) -> tuple[float, bool]:
    """Say the actor's loss; return log pi's factor in it, and whether one Q of each row has the factor 1 beside it.

    Critics' outputs in one loss: twins of which the smaller counts share the batch between them.
    """
    where = together[0].call.network
    sign = sign_of(together[0].update, together[0].backward)
    total = sign * sum(float(p.at_output.sum()) for p in together)
    if (factor := _factor_of_q(together)) is not None:
        report.add(FAULT, "actor-not-q", where, f"d loss / d Q is {factor:.3g} Q, row by row, as of the square of Q")
    elif _has_both_signs(together):
        told = "d loss / d Q is above 0 in some rows and below 0 in others"
        report.add(SUSPICION, "actor-not-q", where, told)
    elif total > 0:
        told = "for -Q it is negative" if sign > 0 else "the step climbs a loss that falls with Q"
        report.add(FAULT, "actor-sign", where, f"d loss / d Q adds up to {sign * total:+.3g} over the batch; {told}")
    say_twins(together, report)
    one = together[0].at_output
    rows = np.sum([p.at_output != 0 for p in together if p.at_output.shape == one.shape], axis=0)
    if len(rows) >= FEWEST_ROWS and (rows > 0).sum() == 1:
        report.add(FAULT, "actor-one-row", where, f"d loss / d Q is 0 in {len(rows) - 1} of {len(rows)} rows")
    mean = abs(abs(total) - 1) < 1e-3
    alpha = _entropy(together[0], report, sign) / max(abs(total), 1e-30)
    loss, bonus = ("alpha log pi - Q", f", alpha {alpha:.3g}") if alpha > 0 else ("-Q", "")
    how = f"mean of {loss}" if mean else f"{loss}, weights adding up to {abs(total):.3g}"
    if not (bonus and any(text.startswith(f"actor: {how}, alpha ") for text in report.conventions)):
        report.convention(
            f"actor: {how}{bonus}"
        )  # of the first update: the examiner moves a temperature that is learned
    return alpha, mean or abs(abs(total) / len(rows) - 1) < SAME


def _factor_of_q(together: list[Path]) -> float | None:
    """The factor where d loss / d Q is Q itself times it, in rows whose Q differ; None where it is not."""
    q = as_rows(together[0].call.outputs[0], len(together[0].at_output))
    if len(together) > 1 or q is None or q.shape[1] != 1 or np.ptp(q) < SAME * np.abs(q).max():
        return None
    g, q = together[0].at_output, q[:, 0]
    factor = float((g @ q) / (q @ q))
    return factor if np.abs(g - factor * q).max() < SAME * np.abs(g).max() else None


def _has_both_signs(together: list[Path]) -> bool:
    """Whether the actor climbs Q in many rows and descends it in many others, as towards a label of Q's own.

    Of several critics the sum counts: a bound that lies below their mean descends the one that is larger.
    """
    one = together[0].at_output
    if any(p.at_output.shape != one.shape for p in together):
        return False
    g = np.sum([p.at_output for p in together], axis=0)
    shares = [float((sign * g > SAME * np.abs(g).max()).mean()) for sign in (1, -1)]
    return len(g) >= FEWEST_ROWS and min(shares) > SOME


def _critic_asked(path: Path, online: frozenset[int], report: Report) -> None:
    where = path.call.network
    if (path.call.keys.end == NEXT).all():
        report.add(SUSPICION, "actor-next-state", where)
    if any(f.where == where and f.code in LEFT_OUT for f in report.findings):
        return  # it has a loss of its own, so that it is no target; that it does not move is said already
    if not path.call.parameters & online and any(c.parameters & online and c.extra for c in path.update.calls):
        report.add(
            FAULT, "actor-target-critic", where, "no optimizer moves the critic that it was differentiated through"
        )


def _moves_the_critic(seen: Observed, path: Path, report: Report) -> None:
    """One loss for both, critic not frozen: the step that applies the critic's gradient applies the actor's with it."""
    losses = value_rows(seen, path.update, path.backward.number)
    learns = any(rows.call.network == path.call.network and rows.action is not None for rows in losses)
    mine = path.call.parameters & path.backward.reached
    if learns and path.call.trains and mine & applied_to(path.update, path.backward):
        told = "critic's and actor's loss are one sum, and the step applies d(-Q)/d(critic's weights), too"
        report.add(FAULT, "critic-moved-by-actor", path.call.network, told)


def _entropy(path: Path, report: Report, sign: int) -> float:
    """Of the loss alpha log pi - Q: its derivative by log pi, summed over the batch, which is positive."""
    number = path.backward.number
    given = [
        x.gradients[number, 0] for x in path.update.log_probs if x.method == "log_prob" and (number, 0) in x.gradients
    ]
    given += [
        g
        for c in path.update.calls
        if not c.extra and (c.keys.end == HERE).all() and _may_return_log_pi(c, path.action)
        for (b, i), g in c.gradients.items()
        if b == number and i > 0 and g.size == len(c.keys.index)
    ]
    total = sign * float(given[0].sum() / max(given[0].size // len(path.call.keys.index), 1)) if given else 0.0
    if total < 0:
        report.add(FAULT, "actor-entropy-sign", path.call.network, f"d loss / d log pi adds up to {total:.3g}")
    elif total == 0 and _log_prob_is_silent(path) and any("log pi" in text for text in report.conventions):
        own = _follows_q_alone(path)
        told = "d loss / d log pi is 0 in every row"
        more = ", and the policy's spread gets the gradient that Q gives its action, and no other" if own else ""
        report.add(FAULT if own else SUSPICION, "actor-entropy-missing", path.call.network, told + more)
    return total


def _follows_q_alone(path: Path) -> bool:
    """Whether the policy's spread gets what comes through the number drawn alone: an entropy of any form adds to it.

    Of u = mean + spread * e, the derivative by the spread is that by the mean times e; by its logarithm, by u - mean.
    Every call of the policy that got a gradient has its say: an entropy may be of a call of its own.
    """
    number, shape = path.backward.number, path.action.shape
    drawn = [
        x.value.reshape(shape)
        for x in path.update.log_probs
        if x.method == "rsample" and x.value.size == path.action.size
    ]
    said = []
    for call in path.update.calls:
        if call.extra or len(call.outputs) < 2 or any(x.shape != shape for x in call.outputs[:2]):
            continue
        of_mean, of_spread = (call.gradient(number, i) for i in (0, 1))
        if of_mean is None and of_spread is None:
            continue
        said.append(of_mean is not None and of_spread is not None and _is_drawn(call, of_mean, of_spread, drawn))
    return bool(said) and all(said)


def _is_drawn(call: Call, of_mean: np.ndarray, of_spread: np.ndarray, drawn: list[np.ndarray]) -> bool:
    """Whether the gradients of a mean and of a spread (or its logarithm) are those of one number drawn of the two."""
    mean, spread = call.outputs[:2]
    size = float(np.abs(of_spread).max())
    for u in drawn:
        by_log = of_mean.reshape(mean.shape) * (u - mean)
        ways = [by_log, by_log / spread] if (spread > 0).all() else [by_log]
        if any(float(np.abs(of_spread.reshape(mean.shape) - x).max()) < SAME * size for x in ways):
            return True
    return False


def _may_return_log_pi(call: Call, action: np.ndarray) -> bool:
    """Whether a second output of one column may be log pi: of a policy over one action, mean and spread are so, too."""
    rows = len(call.keys.index)
    if not call.outputs or call.outputs[0].size != rows:
        return True
    return any(x.size == rows and np.allclose(x.reshape(-1, 1), action, atol=1e-6) for x in call.outputs)


def _log_prob_is_silent(path: Path) -> bool:
    """Whether the call that chose the action returned a log-probability with it, to which no gradient came.

    Or a distribution gave that of the number drawn, of which the action is made.
    """
    rows, number = len(path.call.keys.index), path.backward.number
    beside = [
        (c, i)
        for c in path.update.calls
        if c.graph
        for k, chosen in enumerate(c.outputs)
        if chosen.shape == path.action.shape and np.allclose(chosen, path.action, atol=1e-6)
        for i in range(len(c.outputs))
        if i != k and c.outputs[i].size == rows
    ]
    of_drawn = [
        x
        for x in path.update.log_probs
        if x.method == "log_prob" and x.of is not None and _is_made_of(path.action, x.of)
    ]
    returned = any(not np.any(c.gradients.get((number, i), 0)) for c, i in beside)
    return returned or (bool(of_drawn) and not any(np.any(x.gradients.get((number, 0), 0)) for x in of_drawn))


def _is_made_of(action: np.ndarray, drawn: np.ndarray) -> bool:
    """Whether each entry of an action grows with the number drawn for it, as where a tanh keeps it within bounds."""
    if action.shape != drawn.shape or len(action) < FEWEST_ROWS:
        return False
    return all(np.all(np.diff(a[np.argsort(u)]) >= 0) for a, u in zip(action.T, drawn.T, strict=True))


def _reaches_the_actor(seen: Observed, path: Path, slope: np.ndarray, report: Report, *, penalized: bool) -> None:
    """Compare the gradient at the actor's own output with what the critic's action got."""
    actors = actor_calls(seen, path)
    if not actors and are_stored(path.action, stored_actions(seen, path.call.keys.index)):
        report.add(FAULT, "actor-replayed", path.call.network, "the critic's action is the one that is stored")
        return
    whole = _whole_gradient(path, actors)
    extra = np.linalg.norm(whole - slope) / max(float(np.linalg.norm(whole)), 1e-30)
    if extra > SAME and penalized and not say_entropy_of_shares(path, whole - slope, report):
        report.add(NOTE, "actor-penalty", path.call.network, f"{extra:.0%} of d loss / d action is not dQ/da")
    if not actors:
        say_noise(seen, path, report)
    _say_other_state(path, actors, report)
    for call, output in actors[:1]:
        g = call.gradient(path.backward.number, output)
        if g is None or not np.any(g):
            report.add(
                FAULT, "actor-detached", call.network, "d loss / d action is not 0, but none of it reaches the actor"
            )


def _whole_gradient(path: Path, actors: list[tuple[Call, int]]) -> np.ndarray:
    """D loss / d action with what further terms of the loss give it, where the critic was shown the output reshaped."""
    for call, output in actors[:1]:
        g = call.gradient(path.backward.number, output)
        if g is not None and g.size == path.at_action.size and call.outputs[output].shape != path.action.shape:
            return g.reshape(path.at_action.shape)
    return path.at_action


def _say_other_state(path: Path, actors: list[tuple[Call, int]], report: Report) -> None:
    """An action that was chosen at one end of each transition, and shown to the critic with the other end."""
    ends = [call.keys.end for call, _ in actors]
    if ends and all((end != path.call.keys.end).all() for end in ends):
        places = ("s", "s'") if (ends[0] == HERE).all() else ("s'", "s")
        told = "the action was chosen at {} and the critic is asked at {}".format(*places)
        report.add(FAULT, "actor-other-state", path.call.network, told)


def _no_path(seen: Observed, online: frozenset[int], report: Report) -> None:
    """Say why no gradient went through an action, where a loss shows that one should have."""
    if learns_without_q(seen, online, report):
        return
    for u in seen.updates:
        for b in u.backwards:
            shown = [(rows, rows.action) for rows in value_rows(seen, u, b.number) if rows.action is not None]
            for rows, action in shown:
                if is_constant(np.concatenate([x.g for x, _ in shown])) and np.any(rows.g):
                    stored = stored_actions(seen, rows.index)
                    code = "actor-replayed" if are_stored(action, stored) else "actor-detached"
                    report.add(
                        FAULT, code, rows.call.network, "d loss / d Q is the same for all rows and ends at the critic"
                    )
                    return
            if not b.probe and by_hand(seen, u, b, report):
                return
    if any(is_naf(seen, c.network) for u in seen.updates for c in u.calls if c.extra):
        report.convention("NAF")
        return
    if _says_still(seen, report) or likelihood_ratio(seen, report):
        return
    report.add(NOT_SEEN, "actor-not-seen", "", f"in {len(seen.updates)} updates no gradient went through an action")


def _says_still(seen: Observed, report: Report) -> bool:
    """An actor whose optimizer takes steps without a gradient, as where its loss has no backward pass."""
    choosing = {c.network: c.parameters for u in seen.updates for c in u.calls if not c.extra and is_actor(seen, c)}
    steps = [s for u in seen.updates for s in u.steps]
    for network, parameters in choosing.items():
        held = sum(bool(parameters & s.parameters) for s in steps)
        if held and not any(parameters & set(s.sources) for s in steps):
            report.add(FAULT, "actor-still", network, f"its optimizer took {held} steps, each without a gradient")
            return True
    return False
