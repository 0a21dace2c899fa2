"""What an actor followed, and how far target networks moved, in sentences that may be true of one call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np

from gradschool.core.numerics import Array
from gradschool.exercises._told import told_of_mix, told_of_share, told_of_slope, told_of_three
from gradschool.exercises.ddpg._own_steps import (
    OWN,
    RIGHT,
    UPHILL,
    Followed,
    Nets,
    slope,
    slopes,
    squash_slope,
    sums,
    value,
    with_weights,
)


def told_of_actor(
    g: Array, nets: Nets, critic_after: Array, batch: Mapping[str, Array], part: str
) -> tuple[str, ...] | None:
    """Return the sentences that may be true of the gradients g (U, A) at the actor's outputs."""
    obs, (B, A), add = batch["obs"], batch["action"].shape, sums(batch["obs"])
    found = slopes(nets, with_weights(nets.critic, critic_after), obs, batch["action"])
    ways = [(_told(name), add @ rows) for name, (rows, _) in found.items() if not name.endswith(UPHILL)]
    ways += [(says, add @ rows) for says, rows in _further_ways(nets, critic_after, obs)]
    return told_of_slope(g, ways, _terms(nets, batch), A, B, part)


def _further_ways(nets: Nets, critic_after: Array, obs: Array) -> Iterator[tuple[str, Array]]:
    """Yield what may push an actor that is no slope of one critic, (B, A), in a sentence."""
    own, into = nets.act(nets.actor, obs), squash_slope(nets, obs)
    slow_q, slow_slope = value(nets.target_critic, obs, own), slope(nets.target_critic, obs, own)
    for critic in (nets.critic, with_weights(nets.critic, critic_after)):
        dq_da = slope(critic, obs, own)
        yield f"only the sign of dQ/da of the critic {OWN}", -np.sign(dq_da) * into
        smaller = np.where((slow_q < value(critic, obs, own))[:, None], slow_slope, dq_da)
        yield f"dQ/da of the smaller of critic and target critic {OWN}", -smaller * into
        yield f"in every row the mean over the batch of dQ/da of the critic {OWN}", -dq_da.mean(0) * into
        alike = dq_da.mean(1, keepdims=True)
        yield f"in every motor the mean over the motors of dQ/da of the critic {OWN}", -alike * into
        above = value(critic, obs, own)[:, None] > 0
        yield f"dQ/da of the critic {OWN} in the rows whose Q is above 0 alone, as of relu(Q)", -(above * dq_da) * into
        room = np.where(dq_da > 0, 1 - own, own + 1) / 2
        yield f"dQ/da of the critic {OWN} times the room that is left to -1 and 1", -room * dq_da * into
        for n in (0, 1, 2):
            places = f"{n} decimal{'s' * (n != 1)}" if n else "whole numbers"
            at = f"at the actor's own action rounded to {places}"
            yield f"dQ/da of the critic {at}", -slope(critic, obs, np.round(own, n)) * into
        again = np.tanh(own)
        yield (
            "dQ/da of the critic at the tanh of the actor's own action, which is squashed already",
            -slope(critic, obs, again) * (1 - again**2) * into,
        )


def _terms(nets: Nets, batch: Mapping[str, Array]) -> dict[str, Array]:
    """What a further term of an actor's loss may push it by, (U, A), at its outputs."""
    obs, into, add = batch["obs"], squash_slope(nets, batch["obs"]), sums(batch["obs"])
    own = nets.act(nets.actor, obs)
    terms = {
        f"dQ/da of the target critic {OWN}": -slope(nets.target_critic, obs, own) * into,
        "dQ/da of the critic at the action of the replay": -slope(nets.critic, obs, batch["action"]) * into,
        "the action itself, as where large actions are penalized": own * into,
        "the way from the replay's action to its own, as in behavior cloning": (own - batch["action"]) * into,
        "the way from the target actor's action to its own": (own - nets.act(nets.target_actor, obs)) * into,
        "its output before tanh, as where that is penalized": nets.actor(obs),
    }
    return {what: add @ x for what, x in terms.items()}


def _told(name: str) -> str:
    """What may push an actor, in a sentence; whether the critic has made its step is of no importance."""
    of, _, way = name.partition(", ")
    critic = "the critic" if of in RIGHT else of
    if way in ("", OWN) or way.startswith("at "):
        return f"dQ/da of {critic} {way or OWN}"
    other = {
        "Q in place of its slope": f"Q of {critic}, not its slope",
        "of Q squared": f"the slope of Q squared of {critic}",
    }
    return other.get(way, f"dQ/da of {critic} with {way}")


def _told_of_one(x: Followed, tau: float) -> tuple[str, ...]:
    if x.of_three is not None:
        return told_of_three(x.of_three, tau)
    return told_of_share(x.share, tau) if x.mix is None else told_of_mix(*x.mix, tau)


def told_of_targets(tau: float, followed: list[dict[str, Followed]]) -> tuple[str, ...] | None:
    """Return how far both target networks moved in both calls, where that is wrong.

    None where both follow by a tau of 0 or 1: to say that they stay where they are, or are copied, is no fault there.
    """
    shares = [{name: x.share for name, x in found.items()} for found in followed]
    ways = {name: [_told_of_one(x[name], tau) for x in followed] for name in ("actor", "critic")}
    both = {name: [says for says in first if says in second] for name, (first, second) in ways.items()}
    right = {
        name: all(abs((-1.0 if x[name] is None else x[name] or 0.0) - tau) < 1e-6 for x in shares) for name in ways
    }
    if all(right.values()):
        return None if tau in (0.0, 1.0) else ()
    found = []
    for actor, critic in product(both["actor"], both["critic"]):
        says = {"actor": actor, "critic": critic}
        if actor == critic and not any(right.values()):
            found.append(f"each target network {actor}")
        else:
            found.append("; ".join(f"the target {name} {says[name]}" for name in says if not right[name]))
    return tuple(dict.fromkeys(found))
