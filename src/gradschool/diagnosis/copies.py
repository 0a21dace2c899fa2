"""How target networks follow, read from an agent's weights after each of several updates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gradschool.core.numerics import Array
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Part
from gradschool.diagnosis.inputs import numbers_of
from gradschool.diagnosis.wording import listed

NEAR = 1e-9  # of the largest weight
FEWEST = 2  # wrong answers that must agree


class Move(NamedTuple):
    """What a target network may do in one update: its name, in words, and its weights after it.

    ``of`` gets the target's weights before, the online network's before and after, and tau.
    """

    name: str
    says: str
    of: Callable[[Array, Array, Array, float], Array]


MOVES = (
    Move("stays", "stays as it is", lambda t, old, new, tau: t),
    Move("follows", "moves `tau` of the way to `{net}`", lambda t, old, new, tau: t + tau * (new - t)),
    Move("copied", "becomes `{net}`", lambda t, old, new, tau: new),
    Move("copied-before", "becomes `{net}` as it was before the update", lambda t, old, new, tau: old),
    Move("follows-before", "moves `tau` of the way to `{net}` as it was before the update",
         lambda t, old, new, tau: t + tau * (old - t)),
    Move("reversed", "moves 1 - `tau` of the way to `{net}`", lambda t, old, new, tau: t + (1 - tau) * (new - t)),
    Move("twice", "moves `tau` of the way to `{net}` twice", lambda t, old, new, tau: t + tau * (2 - tau) * (new - t)),
    Move("twice-around", "moves `tau` of the way to `{net}` twice, once before its step and once after it",
         lambda t, old, new, tau: t + tau * (old - t) + tau * (new - t - tau * (old - t))),
    Move("sum", "becomes 1 - `tau` times itself plus 1 times `{net}`",
         lambda t, old, new, tau: (1 - tau) * t + new),
    Move("share", "becomes `tau` times `{net}`", lambda t, old, new, tau: tau * new),
    Move("away", "moves `tau` away from `{net}`", lambda t, old, new, tau: t - tau * (new - t)),
)  # fmt: skip
SAYS = {move.name: move.says for move in MOVES}


def how_targets_follow(parts: Sequence[Part]) -> Iterator[Diagnosis]:
    """Yield which target networks do something else than they should, if that is so in every wrong answer.

    What they do is read from the student's own online weights, right or wrong. Each update of every answer must be a
    known move, and one move must explain it in all of them.
    """
    wrong = [p for p in parts if p.is_wrong]
    if len(wrong) < FEWEST or not all(p.got.ndim == 2 and p.got.shape == p.right.shape for p in wrong):
        return
    found = {}
    for net, target in _pairs(wrong[0]):
        does = _moves([_allowed(p, p.got, net, target) for p in wrong])
        should = _moves([_allowed(p, p.right, net, target) for p in wrong])
        if does and should and any(not set(one) & set(other) for one, other in zip(does, should, strict=True)):
            found[target] = (net, tuple(x[0] for x in does), tuple(x[0] for x in should))
    if found:
        yield _diagnosis(parts, found)


def _pairs(p: Part) -> list[tuple[str, str]]:
    """Return each online network of the part with its target network."""
    names = list(p.exercise.networks_in[p.label](p.case.args))
    pairs = [(n, f"target_{n.removeprefix('q_')}") for n in names if not n.startswith("target_")]
    return [pair for pair in pairs if pair[1] in names]


def _allowed(p: Part, seen: Array, net: str, target: str) -> list[tuple[str, ...]]:
    """Return for each update the names of the moves that explain the target network's weights after it."""
    online, followed = _weights(p, seen, net), _weights(p, seen, target)
    tau, near = float(p.case.args.get("tau", 0.0)), NEAR * max(1.0, float(np.abs(followed).max()))
    moves = [m for m in MOVES if "tau" in p.case.args or "tau" not in m.says]
    return [
        tuple(m.name for m in moves if np.abs(m.of(before, old, new, tau) - after).max() <= near)
        for before, after, old, new in zip(followed[:-1], followed[1:], online[:-1], online[1:], strict=True)
    ]


def _weights(p: Part, seen: Array, name: str) -> Array:
    """Return a network's weights before the first update and after each, (K + 1, n)."""
    counts: Mapping[str, int] = p.exercise.networks_in[p.label](p.case.args)
    start = sum(n for k, n in enumerate(counts.values()) if k < list(counts).index(name))
    return np.vstack([numbers_of(p.case.args[name]).reshape(1, -1), seen[:, start : start + counts[name]]])


def _moves(of_answers: Sequence[Sequence[tuple[str, ...]]]) -> list[list[str]] | None:
    """Return for each update the moves that explain it in all answers; None where one has none."""
    fewest = min(len(x) for x in of_answers)
    both = [[m for m in of_answers[0][k] if all(m in x[k] for x in of_answers)] for k in range(fewest)]
    return both if both and all(both) else None


Found = Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]]


def _diagnosis(parts: Sequence[Part], found: Found) -> Diagnosis:
    sentences, details = [], []
    for target, (net, does, should) in found.items():
        sentences.append(f"`{target}` {_told(does, net)}; it should {_told(should, net, base=True)}.")
        if _is_one_network(does, should):
            sentences.append(f"Is `{net}` copied, or are both one network from then on?")
        details += [target, *does]
    every = next((should.index("copied") + 1 for _, _, should in found.values() if "stays" in should), 0)
    setting = f" (`sync_every` is {every})" if every and "sync_every" in parts[0].exercise.signature else ""
    said = f"Read from the weights after each update{setting}: {' '.join(sentences)}"
    return Diagnosis(
        "copies", said, Claim("copies", parts[0].label, tuple(details)), f"compared on {len(parts)} inputs"
    )


def _is_one_network(does: Sequence[str], should: Sequence[str]) -> bool:
    """Return whether a target network that should be copied now and then stays equal from the first copy on."""
    first = should.index("copied") if "copied" in should else len(should)
    after = set(does[first:])
    return "stays" in should and list(does[:first]) == list(should[:first]) and after == {"copied"}


def _told(moves: Sequence[str], net: str, *, base: bool = False) -> str:
    """Say what a target network does in every update, or in which it does what."""

    def verb(name: str) -> str:
        first, _, rest = SAYS[name].format(net=net).partition(" ")
        return f"{first.removesuffix('s') if base else first} {rest}"

    if len(set(moves)) == 1:
        return f"{verb(moves[0])} in every update"
    told = [
        f"{verb(name)} in update{'s' if moves.count(name) > 1 else ''} "
        f"{listed([str(k + 1) for k, m in enumerate(moves) if m == name])}"
        for name in dict.fromkeys(moves)
    ]
    return listed(told)
