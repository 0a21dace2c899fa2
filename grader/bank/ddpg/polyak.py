"""Reference, known mistakes and alternative solutions of ``ddpg.polyak``."""

from __future__ import annotations

from grader.bank.entry import entry

polyak = entry(
    "ddpg.polyak", points=1, warm_up=True, reference=lambda target, online, tau: target + tau * (online - target)
)


@polyak.mutant("tau-reversed", "tau and 1 - tau are swapped: try tau = 0, where the target should not move.", "b19")
def polyak_reversed(target, online, tau):
    return tau * target + (1 - tau) * online


@polyak.mutant("copied", "The target is the online network at once: it does not follow slowly.", "b19")
def polyak_copied(target, online, tau):
    return online.copy()


@polyak.mutant(
    "frozen",
    "The target never moves, whatever `tau` is: it should move the fraction tau toward the online network.",
    "c14",
)
def polyak_frozen(target, online, tau):
    return target.copy()


@polyak.mutant("in-place", "The values are right, but the old target has been overwritten: return a new array.", "a19")
def polyak_in_place(target, online, tau):
    target += tau * (online - target)
    return target


@polyak.mutant(
    "added", "This is the target plus tau times the online network: the two weights, 1 and tau, must sum to 1."
)
def polyak_added(target, online, tau):
    return target + tau * online


@polyak.mutant("tau-fixed", "Your result does not change with the `tau` that is handed over: it always uses 0.005.")
def polyak_tau_fixed(target, online, tau):
    return target + 0.005 * (online - target)


@polyak.alternative_solution
def polyak_weighted(target, online, tau):
    return (1 - tau) * target + tau * online


@polyak.alternative_solution
def polyak_seen_from_online(target, online, tau):
    return online - (1.0 - tau) * (online - target)
