"""Inputs and oracle of ``ddpg.agent``: a whole update of actor, critic and targets, judged by the weights it leaves.

Two calls with the same two optimizers, each on networks and a batch of its own. From the change of the weights follows
the gradient at every output of every row: of the critic at (s, a), at (s, mu(s)) and at (s', mu'(s')), of the actor at
s and at s' (``gradschool/exercises/_weights.py``, ``_formulas.py``, ``_own_steps.py`` beside this file).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradschool.core.exercise import Advice, Answer, AnswerUnusable, Args, Case, Reading, Rng, Told
from gradschool.core.numerics import Array
from gradschool.core.plain_data import PlainData
from gradschool.exercises import axes
from gradschool.exercises._formulas import EXACT, Formula, Rows, errors_of_second, explain, unexplained
from gradschool.exercises._steps import Counts, as_often, named, taken_apart, told_of_steps
from gradschool.exercises._told import factor_of_right, told_of_carried, told_of_change, told_of_label
from gradschool.exercises._two_calls import (
    CALLS,
    FAR,
    NO_REWARD,
    ROWS,
    SMALL_ERROR,
    error_beside,
    errors_of_both_signs,
    in_a_call,
    kinds_of_rows,
    small_row,
)
from gradschool.exercises._weights import Recovered, cleared, distinct, drawn_net, is_telling, recover, weights_of
from gradschool.exercises.axes import Axes
from gradschool.exercises.ddpg._own_steps import (
    Followed,
    Nets,
    asked_of_actor,
    climbs,
    critic_rows,
    explain_actor,
    once,
    rows_of,
    soft_update,
    steepness,
)
from gradschool.exercises.ddpg._setups import limits
from gradschool.exercises.ddpg._told_steps import told_of_actor, told_of_targets
from gradschool.exercises.ddpg.adapters import OWN_NETS as NETS
from gradschool.exercises.ddpg.adapters import OWN_OPTIMIZERS
from gradschool.rl.nets.mlp import MLP

OBS = 3
FLAT = 2.0  # tanh is nearly flat beyond: a gradient there says little


AXES: Axes = {
    **ROWS,
    "errors of both signs in every batch of several rows": errors_of_both_signs(lambda a, call: rows_of(a, call).asked),
    "a small error": axes.some(lambda a: np.abs(rows_of(a, "first").asked) < 2 * SMALL_ERROR),
    "one action dimension": in_a_call(axes.of_size("action", 1, axis=1)),
    "as many rows as action dimensions": in_a_call(axes.some(lambda a: len(a["action"]) == a["action"].shape[1] > 1)),
    "tau 1": axes.has_value("tau", 1.0),
    "a large tau, below 1": axes.some(lambda a: 0.5 < a["tau"] < 1),
    "several tau": axes.several("tau"),
    "several gammas": axes.several("gamma"),
    "several step sizes": axes.several("actor_lr"),
    "two hidden layers, and so a critic that is curved in the action": axes.some(lambda a: len(a["critic_sizes"]) == 4),
}


def cases(rng: Rng) -> list[Case]:
    """Sizes, range, step sizes, gamma, tau, and for each of two calls: all four networks and a batch."""
    return [
        make_case(rng, "8 rows, 2 action dimensions, no episode ends", 8, 2, flags=False),
        make_case(
            rng,
            "two hidden layers, large rewards",
            7,
            3,
            hidden=(8, 64),
            flags=False,
            lr=(0.3, 0.002),
            tau=0.3,
            large=100.0,
        ),
        make_case(rng, "ends, cuts, a row twice", 8, 2, edge=True, repeat=True, gamma=0.9, tau=0.005),
        make_case(rng, "as many rows as action dimensions", 6, 6, edge=True, flags=False, tau=1.0),
        make_case(rng, "one row, one action dimension", 1, 1, edge=True, flags=False, tau=0.7),
    ]


def make_case(
    rng: Rng,
    name: str,
    B: int,
    A: int,
    *,
    edge: bool = False,
    hidden: tuple[int, ...] = (64,),
    flags: bool = True,
    repeat: bool = False,
    lr: tuple[float, float] = (1.0, 0.1),
    gamma: float = 0.8,
    tau: float = 0.1,
    large: float = 1.0,
) -> Case:
    """One case of B rows and A action dimensions."""
    low, high = limits(rng, A)
    args: dict[str, Any] = {"actor_sizes": (OBS, *hidden, A), "critic_sizes": (OBS + A, *hidden, 1)}
    args |= {"low": low, "high": high, "actor_lr": lr[0], "critic_lr": lr[1], "gamma": gamma, "tau": tau}
    ends = rng.random() < 0.5
    for call in CALLS:
        args[call] = {
            "batch": new_batch(
                rng,
                B,
                low,
                high,
                flags=flags,
                repeat=repeat,
                large=large,
                edge=edge,
                first_ends=ends == (call == CALLS[0]),
            )
        }
        draw_nets(rng, args, call)
        rows, small = rows_of(args, call), small_row(B, edge)
        errors = rows.errors(next(iter(rows.values)))
        args[call]["batch"]["reward"][small] += errors[small] - error_beside(errors[-1])
    return Case(name, args, edge, {"B": B, "A": A})


def new_batch(
    rng: Rng,
    B: int,
    low: Array,
    high: Array,
    *,
    flags: bool,
    repeat: bool,
    large: float,
    edge: bool = False,
    first_ends: bool = False,
) -> dict[str, Array]:
    """B rows; with ``flags`` some are terminated, some truncated, one both; with ``repeat`` one stands there twice.

    At the ``edge`` one row has no reward.
    """
    obs, next_obs = rng.normal(size=(2, B, OBS))
    kinds = kinds_of_rows(rng, B, flags=flags, first_ends=first_ends)
    batch = {
        "obs": obs,
        "action": rng.uniform(low, high, size=(B, len(low))),
        "reward": large * rng.normal(size=B),
        "next_obs": next_obs,
        "terminated": np.isin(kinds, (0, 1, 2)).astype(float),
        "truncated": np.isin(kinds, (2, 3)).astype(float),
    }
    if edge:
        batch["reward"][NO_REWARD : NO_REWARD + 1] = 0.0
    batch["reward"][-1] = np.sign(batch["reward"][-1]) * 3.0 * large
    if B > 1:
        obs[-1, 0] = np.sign(obs[-1, 0]) * FAR
    if repeat:
        one, other = np.flatnonzero(kinds[2:] > 3)[:2] + 2  # every kind of row stays, also a small error and no reward
        for x in batch.values():
            x[one] = x[other]
    return batch


def draw_nets(rng: Rng, args: dict[str, Any], call: str) -> None:
    """Draw the four networks of a call, again until rows can be told apart; tanh is nowhere flat."""
    batch, (actor, critic) = args[call]["batch"], (args["actor_sizes"], args["critic_sizes"])
    args[call]["target_critic"] = drawn_net(rng, critic)["flat"]
    while True:
        for name in ("actor", "target_actor"):
            args[call][name] = drawn_net(rng, actor, batch["obs"], batch["next_obs"])["flat"]
        args[call]["critic"] = drawn_net(rng, critic)["flat"]
        nets = Nets.of(args, call)
        _keep_steep(nets.actor, batch["obs"])
        if is_telling(nets.critic, critic_rows(nets, batch)[0]):
            _let_critics_cross(nets, batch["obs"])
            return


def _let_critics_cross(nets: Nets, obs: Array) -> None:
    """Shift the target critic, in place, so that it is the larger one in half of the rows: a minimum of both shows."""
    x = np.concatenate([obs, nets.act(nets.actor, obs)], axis=1)
    nets.target_critic.biases[-1][:] += np.median(nets.critic(x) - nets.target_critic(x))


def _keep_steep(actor: MLP, obs: Array) -> None:
    """Make an actor's last layer smaller, in place, where its largest output is beyond ``FLAT``.

    To draw again until none is takes seven hundred draws where there are six outputs.
    """
    largest = float(np.abs(actor(obs)).max())
    if largest >= FLAT:
        for part in (actor.weights[-1], actor.biases[-1]):
            part *= 0.9 * FLAT / largest


def oracle(a: Args) -> dict[str, Any]:
    """Q - y of each pair and -dQ/da of each state in both calls; nothing elsewhere; the targets a share tau on."""
    critic = [rows_of(a, call).asked for call in CALLS]
    actor = [asked_of_actor(Nets.of(a, call), a[call]["batch"]["obs"]) for call in CALLS]
    nothing = tuple(np.zeros(x.shape) for call in CALLS for x in _elsewhere(a, call, None, None))
    targets = (
        np.stack([x[f"target_{name}"] + a["tau"] * (x[name] - x[f"target_{name}"]) for x in (a[c] for c in CALLS)])
        for name in ("actor", "critic")
    )
    return {
        "critic_step": critic[0],
        "actor_step": actor[0],
        "second_step": (critic[1], actor[1], np.zeros(2), np.zeros(1)),
        "nothing_else": nothing,
        "target_nets": tuple(targets),
    }


def _elsewhere(a: Args, call: str, critic: Array | None, actor: Array | None) -> tuple[Array, Array]:
    """The gradient where there should be none, as a share: the critic's at own actions, the actor's at s'."""
    batch, nets = a[call]["batch"], Nets.of(a, call)
    x, (taken, *_) = critic_rows(nets, batch)
    states, (here, _) = distinct(batch["obs"], batch["next_obs"])
    found = []
    for g, rows, used in ((critic, x, taken), (actor, states, here)):
        at = np.zeros((len(rows), 1)) if g is None else cleared(g) / max(float(np.abs(g).max()), 1e-300)
        found.append(np.abs(np.delete(at, np.unique(used), axis=0)).max(axis=1))
    return found[0], found[1]


def read(a: Args, got: PlainData) -> Reading:
    """Return what :func:`oracle` returns, from the new weights of all four networks after each call.

    A network whose optimizer steps twice in a call, or not at all, has made no step that is asked for.
    """
    got, counts = taken_apart(got, *OWN_OPTIMIZERS)
    weights = weights_of(got, {name: (2, len(a["first"][name])) for name in NETS})
    critic, actor, carried, words = [], [], [], []
    tellers: list[dict[str, Told]] = []
    follows: list[dict[str, Followed]] = []
    factors: list[float | None] = []
    nothing: list[Array] = []
    left: dict[str, list[Array]] = {"critic": [], "actor": []}
    targets: dict[str, list[Array]] = {"actor": [], "critic": []}
    for k, call in enumerate(CALLS):
        after = {name: x[k] for name, x in weights.items()}
        nets, batch = Nets.of(a, call), a[call]["batch"]
        if all(np.array_equal(after[name], a[call][name]) for name in ("actor", "critic")):
            raise AnswerUnusable("no weight of `actor` or `critic` has moved: no gradient was there when they stepped")
        x, (taken, *_) = critic_rows(nets, batch)
        states, (here, _) = distinct(batch["obs"], batch["next_obs"])
        often = {name: counts[f"{name}_optimizer"][k] for name in ("critic", "actor")}
        steps = {
            "critic": _step(a, nets.critic, after, ("critic", often["critic"]), x, left["critic"]),
            "actor": _step(a, nets.actor, after, ("actor", often["actor"]), states, left["actor"]),
        }
        rows = rows_of(a, call, after)
        at_pairs = slice(taken.max() + 1)
        g = (cleared(steps["critic"].outputs) / steepness(nets.critic, nets.critic(x)))[at_pairs, 0]
        label = _label(rows, g)
        factors.append(factor_of_right(g, rows))
        at_s = cleared(steps["actor"].outputs)[: here.max() + 1]
        slope = explain_actor(at_s, nets, after["critic"], batch)
        critic.append(as_often(label, often["critic"]))
        actor.append(as_often(slope, often["actor"]).errors)
        nothing += _elsewhere(a, call, steps["critic"].outputs, steps["actor"].outputs)
        carried.append((once(steps["critic"].carried, len(batch["obs"])), steps["actor"].carried))
        left = {
            "critic": [steps["critic"].change, *climbs(nets, after["critic"], batch["obs"])],
            "actor": [steps["actor"].change],
        }
        followed = {}
        for name, found in targets.items():
            online, target = getattr(nets, name), getattr(nets, f"target_{name}")
            followed[name] = soft_update(target, after[f"target_{name}"], online, after[name])
            found.append(followed[name].weights)
        words.append(f"critic: {label.words}; {slope.words}; targets: {followed['critic'].words}")
        tellers.append(
            {
                "critic_step": partial(told_of_label, g, rows, lr=a["critic_lr"]),
                "actor_step": partial(told_of_actor, at_s, nets, after["critic"], batch),
            }
        )
        follows.append(followed)
    parts = {
        "critic_step": critic[0].errors,
        "actor_step": actor[0],
        "second_step": (errors_of_second(*critic), actor[1], *carried[1]),
        "nothing_else": tuple(nothing),
        "target_nets": tuple(np.stack(found) for found in targets.values()),
    }
    of_counts = partial(_told_of_counts, counts, a, weights)
    return Reading(
        parts, words[0], partial(_told, a["tau"], tellers[0], of_counts, follows, carried[1], factors, nothing)
    )


def _told(
    tau: float,
    steps: dict[str, Told],
    told_of_counts: Callable[[str], tuple[str, ...]],
    follows: list[dict[str, Followed]],
    carried: tuple[Array, Array],
    factors: list[float | None],
    elsewhere: Sequence[Array],
    part: str,
) -> tuple[str, ...] | None:
    """Return the sentences that may be true of a part: of a step of the first call, or of what a call leaves behind."""
    often = told_of_counts(part)
    if part in steps:
        return (*often, *(steps[part](part) or ())) if often else steps[part](part)
    if part == "target_nets":
        return told_of_targets(tau, follows)
    if part == "nothing_else":
        return _told_of_others(elsewhere)
    if part == "second_step":
        of_critic, of_actor = carried
        left = [*zip(of_critic, ("the critic's own gradient", "what the actor's loss left in the critic"), strict=True)]
        once_more = told_of_carried([*left, *((x, "the actor's own gradient") for x in of_actor)], part)
        return (*often, *once_more, *told_of_change(factors[0], factors[1], f"{part}` of `critic")) or None
    return ()


def _told_of_others(elsewhere: Sequence[Array]) -> tuple[str, ...]:
    """Return which network learns where nothing is asked of it, of both calls' shares for the critic and the actor."""
    critic, actor = (max(float(np.max(x, initial=0.0)) for x in elsewhere[k::2]) > EXACT for k in (0, 1))
    found = ["`critic` gets a gradient at actions that are not those of the batch"] if critic else []
    found += ["`actor` gets a gradient at `next_obs`, where it should learn nothing"] if actor else []
    return (" and ".join(found),) if found else ()


def _told_of_counts(counts: Counts, a: Args, after: dict[str, Array], part: str) -> tuple[str, ...]:
    """Return in words how often the optimizers step that a part is about, where that is not once."""
    k = int(part == "second_step")
    nets = [part.removesuffix("_step")] if not k else ["actor", "critic"]
    return tuple(
        says
        for net in nets
        if (name := f"{net}_optimizer") in counts
        for says in told_of_steps(name, counts[name][k], moved=not np.array_equal(a[CALLS[k]][net], after[net][k]))
    )


def _step(
    a: Args, net: MLP, after: dict[str, Array], name_and_steps: tuple[str, int], x: Array, left: list[Array]
) -> Recovered:
    """The gradient behind one network's step; zeros where it has not moved."""
    name, steps = name_and_steps
    if np.array_equal(net.flat, after[name]):
        return Recovered(np.zeros((len(x), net.sizes[-1])), np.zeros(len(left)), np.zeros_like(net.flat))
    some = np.array([e.any() for e in left], bool)
    with named(f"{name}_optimizer", steps):
        step = recover(name, net, after[name], a[f"{name}_lr"], x, [e for e in left if e.any()])
    carried = np.zeros(len(left))
    carried[some] = step.carried
    return step._replace(carried=carried)


def _label(rows: Rows, g: Array) -> Formula:
    """What explains the critic's gradient at the pairs (s, a)."""
    if not g.any():
        return Formula(np.zeros_like(g), "no gradient at the actions taken", right=False)
    return explain(g, rows) or unexplained(g, rows)


def advice(answer: Answer) -> Advice:
    """What the examiner of strangers' agents says of this update: never a mark."""
    import torch

    from gradschool.exercises._advice import examiner_says, float_batch
    from gradschool.rl.nets.actor_critic import TorchActor, TorchCritic

    low, high = np.array([-1.5, -0.5]), np.array([1.5, 2.0])

    def make() -> SimpleNamespace:
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        actors = [TorchActor(MLP((5, 32, 2), rng), low, high).float() for _ in range(2)]
        critics = [TorchCritic(MLP((7, 32, 1), rng)).float() for _ in range(2)]
        for online, target in (actors, critics):
            target.load_state_dict(online.state_dict())
        optimizers = (torch.optim.SGD(net.parameters(), lr=0.05) for net in (actors[0], critics[0]))
        names = ("actor", "target_actor", "critic", "target_critic", "actor_optimizer", "critic_optimizer")
        return SimpleNamespace(**dict(zip(names, (*actors, *critics, *optimizers), strict=True)), gamma=0.9, tau=0.1)

    def update(agent: Any, batch: Any) -> None:
        nets = agent.actor, agent.critic, agent.target_actor, agent.target_critic
        answer(*nets, agent.actor_optimizer, agent.critic_optimizer, float_batch(batch), agent.gamma, agent.tau)

    return examiner_says(make, update, low=low.tolist(), high=high.tolist())
