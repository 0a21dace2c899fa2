"""Inputs and oracle of ``dqn.agent``: a whole update, judged by the weights that it leaves.

Two calls with one optimizer, each on networks and a batch of its own. From the change of the weights follows the
gradient at every output of every row, and from that the formula (``gradschool/exercises/_weights.py``,
``_formulas.py``).
"""

from __future__ import annotations

from functools import partial
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradschool.core.exercise import Advice, Answer, AnswerUnusable, Args, Case, Reading, Rng
from gradschool.core.numerics import Array
from gradschool.core.plain_data import PlainData
from gradschool.exercises import axes
from gradschool.exercises._formulas import errors_of_second, explain, unexplained
from gradschool.exercises._steps import as_often, named, taken_apart, told_of_steps
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
from gradschool.exercises._weights import cleared, distinct, drawn_net, recover, weights_of
from gradschool.exercises.axes import Axes
from gradschool.exercises.dqn._own_step import net_of, rows_of, values

OBS = 4
SMALL_ROW, ZERO_ROW = 0, 3  # the rows whose errors are set at the edge


AXES: Axes = {
    **ROWS,
    "a state that leads to itself": in_a_call(axes.some(lambda a: (a["obs"] == a["next_obs"]).all(axis=1))),
    "two best actions": axes.some(lambda a: (values(a, "first")["target"] == 0).all() or _tied(a)),
    "errors of both signs in every batch of several rows": errors_of_both_signs(lambda a, call: rows_of(a, call).asked),
    "a small error": axes.some(lambda a: np.abs(rows_of(a, "first").asked) < 2 * SMALL_ERROR),
    "a small error with double DQN": axes.some(lambda a: np.abs(rows_of(a, "first").errors("double DQN")) < 0.03),
    "an error of zero": axes.some(lambda a: np.abs(rows_of(a, "first").asked) < 1e-12),
    "every value of the target network far below 0": axes.some(lambda a: np.all(values(a, "first")["target"] < -10)),
    "as many rows as actions": axes.some(lambda a: len(a["first"]["batch"]["obs"]) == a["sizes"][-1]),
    "a copy, then none": axes.some(lambda a: a["first"]["copy_target"] and not a["second"]["copy_target"]),
    "no copy, then one": axes.some(lambda a: not a["first"]["copy_target"] and a["second"]["copy_target"]),
    "several step sizes": axes.several("lr"),
    "several gammas": axes.several("gamma"),
    "two hidden layers": axes.some(lambda a: len(a["sizes"]) == 4),
}


def cases(rng: Rng) -> list[Case]:
    """Sizes of the networks, step size, gamma, and for each of two calls: both networks, a batch, whether to copy."""
    return [
        make_case(rng, "9 rows, 3 actions, no episode ends", 9, 3, flags=False, copies=(False, True)),
        make_case(
            rng,
            "two hidden layers, large rewards, every target far below 0",
            8,
            4,
            hidden=(6, 44),
            flags=False,
            lr=0.3,
            gamma=0.9,
            scale=100.0,
            below=50.0,
        ),
        with_tie(make_case(rng, "ends, cuts, a row twice, two best actions", 10, 3, edge=True, repeat=True)),
        with_itself(make_case(rng, "as many rows as actions, every step leads back", 8, 8, edge=True, flags=False)),
        make_case(rng, "one row", 1, 3, edge=True, flags=False, copies=(False, True)),
    ]


def make_case(
    rng: Rng,
    name: str,
    B: int,
    A: int,
    *,
    edge: bool = False,
    hidden: tuple[int, ...] = (40,),
    flags: bool = True,
    repeat: bool = False,
    copies: tuple[bool, bool] = (True, False),
    lr: float = 1.0,
    gamma: float = 0.8,
    scale: float = 1.0,
    below: float = 0.0,
) -> Case:
    """One case of B rows and A actions; every output of the target network is lowered by ``below``."""
    sizes = (OBS, *hidden, A)
    args: dict[str, Any] = {"sizes": sizes, "lr": lr, "gamma": gamma}
    ends = rng.random() < 0.5
    for call, copy in zip(CALLS, copies, strict=True):
        batch = new_batch(rng, B, A, flags=flags, repeat=repeat, scale=scale, edge=edge, first_ends=ends == copy)
        nets = {
            "q": drawn_net(rng, sizes, batch["obs"], batch["next_obs"])["flat"],
            "target_q": drawn_net(rng, sizes)["flat"],
        }
        args[call] = {**nets, "batch": batch, "copy_target": copy}
        net_of(args, call, "target_q").biases[-1][:] -= below
        small = small_row(B, edge)
        _agree_on(args, call, small)
        set_error(args, call, small, _small_error(args, call))
    return Case(name, args, edge, {"B": B, "A": A})


def new_batch(
    rng: Rng, B: int, A: int, *, flags: bool, repeat: bool, scale: float, edge: bool = False, first_ends: bool = False
) -> dict[str, Array]:
    """B rows; with ``flags`` some are terminated, some truncated, one both; with ``repeat`` one stands there twice.

    At the ``edge`` one row has no reward.
    """
    obs, next_obs = rng.normal(size=(2, B, OBS))
    kinds = kinds_of_rows(rng, B, flags=flags, first_ends=first_ends)
    batch = {
        "obs": obs,
        "action": rng.integers(A, size=B),
        "reward": scale * rng.normal(size=B),
        "next_obs": next_obs,
        "terminated": np.isin(kinds, (0, 1, 2)).astype(float),
        "truncated": np.isin(kinds, (2, 3)).astype(float),
    }
    if edge:
        batch["reward"][NO_REWARD : NO_REWARD + 1] = 0.0
    batch["reward"][-1] = np.sign(batch["reward"][-1]) * 3.0 * scale
    if B > 1:
        obs[-1, 0] = np.sign(obs[-1, 0]) * FAR
    if repeat:
        ordinary = np.flatnonzero(kinds > 3)
        one, other = ordinary[~np.isin(ordinary, (SMALL_ROW, NO_REWARD, ZERO_ROW))][:2]  # every kind of row stays
        for x in batch.values():
            x[one] = x[other]
    return batch


def _small_error(a: Args, call: str) -> float:
    rows = rows_of(a, call)
    return error_beside(rows.errors(next(iter(rows.values)))[-1])


def set_error(args: dict[str, Any], call: str, row: int, error: float) -> None:
    """Change a row's reward so that Q - y is this."""
    rows = rows_of(args, call)
    args[call]["batch"]["reward"][row] += rows.errors(next(iter(rows.values)))[row] - error


def _agree_on(a: Args, call: str, row: int) -> None:
    """Swap two outputs of the target network so that both networks have one best action at the next state of a row.

    Its error is small with double DQN, too: where every row lies beyond a bend, a Huber loss is an absolute error.
    """
    x, target = values(a, call), net_of(a, call, "target_q")
    pair = [int(x[name][row].argmax()) for name in ("online", "target")]
    for part in (target.weights[-1], target.biases[-1]):
        part[..., pair] = part[..., pair[::-1]]


def with_itself(case: Case) -> Case:
    """The case with every next state replaced by the state itself."""
    for call in CALLS:
        case.args[call]["batch"]["next_obs"][:] = case.args[call]["batch"]["obs"]
        _agree_on(case.args, call, SMALL_ROW)
        set_error(case.args, call, SMALL_ROW, _small_error(case.args, call))  # type: ignore[arg-type]
    return case


def with_tie(case: Case) -> Case:
    """The case with a target network whose first two outputs are equal and far above the others; an error is 0."""
    for call in CALLS:
        target = net_of(case.args, call, "target_q")
        target.weights[-1][:, 1] = target.weights[-1][:, 0]
        target.biases[-1][:2] = 50.0
        set_error(case.args, call, SMALL_ROW, SMALL_ERROR)  # type: ignore[arg-type]
        set_error(case.args, call, ZERO_ROW, 0.0)  # type: ignore[arg-type]
        _let_ends_show(case.args, call)
    return case


def _let_ends_show(a: Args, call: str) -> None:
    """Put Q - r above 0 where a flag is on, so that the error has another sign with a large future and without.

    A loss that is linear beyond some error, as Huber's is, tells two large errors of one sign not apart.
    """
    batch = a[call]["batch"]
    flagged = np.flatnonzero(np.maximum(batch["terminated"], batch["truncated"]))
    rows = flagged[~np.isin(flagged, (SMALL_ROW, ZERO_ROW))]
    batch["reward"][rows] = rows_of(a, call).q[rows] - 2.0


def _tied(a: Args) -> bool:
    ranked = np.sort(values(a, "first")["target"], axis=1)
    return bool((ranked[:, -1] == ranked[:, -2]).all())


def oracle(a: Args) -> dict[str, Any]:
    """Q - y of each pair in both calls; nothing at any other output; the target as it is to be."""
    nothing = [_other_outputs(a, call, np.zeros_like(_gradient_rows(a, call))) for call in CALLS]
    return {
        "first_step": rows_of(a, "first").asked,
        "second_step": (rows_of(a, "second").asked, np.zeros(1)),
        "other_outputs": tuple(nothing),
        "target_net": np.stack([a[call]["q" if a[call]["copy_target"] else "target_q"] for call in CALLS]),
    }


def _gradient_rows(a: Args, call: str) -> Array:
    x, _ = distinct(a[call]["batch"]["obs"], a[call]["batch"]["next_obs"])
    return np.zeros((len(x), a["sizes"][-1]))


def _other_outputs(a: Args, call: str, gradient: Array) -> Array:
    """The gradient (R, A) at every output but those of the actions taken, as one array."""
    batch = a[call]["batch"]
    _, (here, _) = distinct(batch["obs"], batch["next_obs"])
    taken = np.zeros(gradient.shape, bool)
    taken[here, batch["action"]] = True
    return gradient[~taken]


def read(a: Args, got: PlainData) -> Reading:
    """Return what :func:`oracle` returns, from the new weights of both networks after each call, (2, n_params).

    A call in which the optimizer steps twice, or not at all, has made no step that is asked for.
    """
    n = len(a["first"]["q"])
    got, counts = taken_apart(got, "optimizer")
    steps = counts["optimizer"]
    after = weights_of(got, {"q": (2, n), "target_q": (2, n)})
    found, gradients, carried, copied, taken = [], [], np.zeros(0), [], []
    earlier: list[Array] = []
    for k, call in enumerate(CALLS):
        batch = a[call]["batch"]
        x, (here, _) = distinct(batch["obs"], batch["next_obs"])
        if np.array_equal(after["q"][k], a[call]["target_q"]):
            raise AnswerUnusable("`q` holds the weights of `target_q` after the call: the copy went the wrong way")
        with named("optimizer", steps[k]):
            step = recover("q", net_of(a, call, "q"), after["q"][k], a["lr"], x, earlier)
        taken.append(_taken(a, call, step.outputs, here))
        rows = rows_of(a, call)
        found.append(as_often(explain(taken[-1], rows) or unexplained(taken[-1], rows), steps[k]))
        gradients.append(_other_outputs(a, call, cleared(step.outputs)) / np.abs(step.outputs).max())
        earlier, carried = [step.change], step.carried
        copied.append(_copied(a, call, after["q"][k], after["target_q"][k])[0])
    parts = {
        "first_step": found[0].errors,
        "second_step": (errors_of_second(*found), carried),
        "other_outputs": tuple(gradients),
        "target_net": np.stack([_target(a, call, after["q"][k], after["target_q"][k]) for k, call in enumerate(CALLS)]),
    }
    told = partial(_told, a, taken, steps, float(carried.sum()), after)
    return Reading(parts, "; ".join([found[0].words, *dict.fromkeys(copied)]), told)


def _told(
    a: Args, taken: list[Array], steps: tuple[int, ...], carried: float, after: dict[str, Array], part: str
) -> tuple[str, ...] | None:
    """Return the sentences that may be true of a part: of a call's steps and its label, or of the copies."""
    if part == "target_net":
        return _told_of_copies(a, after)
    if part not in ("first_step", "second_step"):
        return ()
    k = int(part == "second_step")
    labels = told_of_label(taken[k], rows_of(a, CALLS[k]), part, a["lr"])
    left = told_of_steps("optimizer", steps[k])
    left += told_of_carried([(carried, "the first call's gradient")], part) if k else ()
    first, second = (factor_of_right(g, rows_of(a, call)) for g, call in zip(taken, CALLS, strict=True))
    changed = told_of_change(first, second, part) if k else ()
    return (*left, *changed, *(labels or ())) if left or changed or labels is not None else None


def _told_of_copies(a: Args, after: dict[str, Array]) -> tuple[str, ...] | None:
    """Return what the target's weights are after the calls in which they are wrong; None where they are right."""
    wrong = []
    for k, call in enumerate(CALLS):
        right = after["q"][k] if a[call]["copy_target"] else a[call]["target_q"]
        if not np.array_equal(after["target_q"][k], right):
            asked = "become `q` as the step leaves it" if a[call]["copy_target"] else "stay as it is"
            ways = _copied(a, call, after["q"][k], after["target_q"][k])
            wrong.append([f"{way}, and should {asked}" for way in ways])
    return tuple("; ".join(sorted(some)) for some in product(*wrong)) if wrong else None


def _taken(a: Args, call: str, outputs: Array, here: Array) -> Array:
    """The gradient (P,) at the output of each pair's action."""
    action = a[call]["batch"]["action"]
    return np.array([outputs[here[i], action[i]] for i in rows_of(a, call).pairs.argmax(axis=1)])


def _copied(a: Args, call: str, q_after: Array, target_after: Array) -> tuple[str, ...]:
    """What the target's weights are after a call, in each way in which that may be said: which network's, of when."""
    when = f"with `copy_target` {a[call]['copy_target']} `target_q`"
    for flat, says in (
        (a[call]["target_q"], "stays as it is"),
        (q_after, "becomes `q` after the step"),
        (a[call]["q"], "becomes `q` before the step"),
    ):
        if np.array_equal(target_after, flat):
            return (f"{when} {says}",)
    copied = target_after == q_after
    if (copied | (target_after == a[call]["target_q"])).all():
        some = f"{copied.sum()} of its {copied.size}", "some of its"
        return tuple(f"{when} becomes `q` in {of} weights and stays as it is in the others" for of in some)
    way, moved = q_after - a[call]["target_q"], target_after - a[call]["target_q"]
    share = float(way @ moved) / (float(way @ way) or 1.0)
    if np.abs(moved - share * way).max() > 1e-9:
        return (f"{when} becomes something else",)
    known = {"gamma": a["gamma"], "1 - gamma": 1 - a["gamma"]}
    named = [f"{when} moves {says} of the way to `q`" for says, x in known.items() if abs(share - x) < 1e-9]
    return (*named, f"{when} moves {share:.3g} of the way to `q`", f"{when} moves a part of the way to `q`")


def _target(a: Args, call: str, q_after: Array, target_after: Array) -> Array:
    """The target's weights after the call. Where they are copies of q's, the step that q took is left out of them."""
    if not a[call]["copy_target"]:
        return target_after
    left_out: Array = target_after - q_after + a[call]["q"]
    return left_out


def advice(answer: Answer) -> Advice:
    """What the examiner of strangers' agents says of this update: never a mark."""
    import torch

    from gradschool.exercises._advice import examiner_says, float_batch

    def make() -> SimpleNamespace:
        q, target_q = (
            torch.nn.Sequential(torch.nn.Linear(5, 32), torch.nn.ReLU(), torch.nn.Linear(32, 3)) for _ in "qt"
        )
        return SimpleNamespace(q=q, target_q=target_q, optimizer=torch.optim.SGD(q.parameters(), lr=0.1), gamma=0.9)

    def update(agent: Any, batch: Any) -> None:
        answer(agent.q, agent.target_q, agent.optimizer, float_batch(batch), agent.gamma, True)

    return examiner_says(make, update, n_actions=3)
