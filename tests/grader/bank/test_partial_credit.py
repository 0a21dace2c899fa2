"""Partial credit: one rule for all exercises, tried on every known mistake and on answers that are no answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from grader.bank.entry import Entry
from grader.bank.registry import entries, find_entry
from grader.judging.examine import examine, verdict
from gradschool.check.assess import assess
from gradschool.check.rubric import earns, shares_of
from gradschool.core.calling import Reply, call_once, call_twice
from gradschool.core.compare import Attempt
from gradschool.core.exercise import CHAPTERS
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import PlainData, iter_leaves, part_of
from gradschool.core.report import Report

ENTRIES = {e.exercise.id: e for part in CHAPTERS for e in entries(part).values()}
# Shown in rows where an episode ends or is cut, where a state repeats or there is no error, at a kink, at a tie.
IN_SPECIAL_ROWS = {
    "dqn.td_target": "no-terminal-mask clock-as-terminal masks-the-clock-alone unless-truncated reward-masked "
    "ties-added",
    "dqn.torch_loss": "no-terminal-mask",
    "dqn.agent": "no-terminal-mask truncated-as-terminal mask-on-reward",
    "dqn.semi_gradient": "no-terminal-mask terminal-skipped last-wins last-row-wins",
    "dqn.residual_gradient": "terminal-path-open",
    "dqn.tabular_step": "no-terminal-mask wall-as-terminal",
    "dqn.double_target": "no-terminal-mask",
    "dqn.weight_gradient": "last-wins averaged-repeats",
    "dqn.epsilon_greedy": "at-zero",
    "chain.maximise": "stops-early",  # next to the top, where all slopes are short
    "chain.relu_vjp": "kink-open half-at-the-kink",
    "chain.numerical_gradient": "first-axis-only",
    "ddpg.critic_target": "never-ends time-limit-terminal truncated-for-terminated reward-masked",
    "ddpg.twin_target": "time-limit-terminal never-ends",
    "ddpg.critic_gradient": "mean-over-wrong-rows",
    "ddpg.agent": "no-terminal-mask truncated-as-terminal mask-on-reward",
}
# One id stands for faults that show in different places; the reason why each costs what it costs.
DIFFERENT_FAULTS = {
    "a10": "an average too many: over repeated states alone in weight_gradient, over everything elsewhere",
    "a14": "the last path alone: of repeated states in the two gradients of chapter 2, of two layers in shared_paths",
    "a18": "gradients kept: the second call alone is wrong in mlp_backward, the first step already in actor_step",
    "b3": "a gradient in the target: in torch_loss that of W may be right, and only W_target has got one, too",
}


@cache
def report_of(exercise_id: str, mutant: str, seed: int = 3) -> Report:
    """The judge's report on a known mistake, without the explanation, which takes longest and changes no mark."""
    ask = known_mistake(exercise_id, mutant)
    return verdict(ENTRIES[exercise_id], ask, seed, partial(ask, once=True))[0]


def known_mistake(exercise_id: str, mutant: str) -> Callable[..., Reply]:
    """The answers of a known mistake, called twice or ``once``."""
    entry = ENTRIES[exercise_id]
    answer = next(m for m in entry.mutants if m.name == mutant).fresh()
    return lambda args, once=False: (call_once if once else call_twice)(entry.exercise, answer, args)


@pytest.mark.parametrize("exercise_id", ["chain.sgd_step", "dqn.td_target"])
def test_an_explanation_changes_no_mark(exercise_id: str) -> None:
    """Neither that of a known mistake nor that of an answer that none of them gives."""
    entry = ENTRIES[exercise_id]
    for name in (m.name for m in entry.mutants):
        explained = examine(entry, known_mistake(exercise_id, name), 3)
        assert explained.mistake == name
        bare = report_of(exercise_id, name)
        assert (explained.fraction, explained.passed) == (bare.fraction, bare.passed)
        unnamed = examine(replace(entry, mutants=[]), known_mistake(exercise_id, name), 3)
        assert unnamed.mistake != name
        assert (unnamed.fraction, unnamed.passed) == (bare.fraction, bare.passed)


def mutants() -> Iterator[tuple[Entry, str, str]]:
    """Every known mistake of an exercise that is no clinic: entry, name, misconception."""
    for entry in ENTRIES.values():
        for mutant in entry.mutants if not entry.exercise.per_item else ():
            yield entry, mutant.name, mutant.misconception_id


@cache
def touched_share(exercise_id: str, mutant: str) -> float:
    """What share of the parts that earn a mistake makes wrong anywhere; 1 where it is in no part's values."""
    entry = ENTRIES[exercise_id]
    answer = next(m for m in entry.mutants if m.name == mutant).fresh()
    names: dict[str, bool] = {}
    for case, right in entry.questions(3):
        got = dict(iter_leaves(call_twice(entry.exercise, answer, case.args).first, entry.exercise.returns))  # type: ignore[arg-type]
        for label, expected in iter_leaves(right, entry.exercise.returns):
            if earns(entry.exercise, label):
                same = np.shape(got.get(label)) == np.shape(expected) and np.allclose(got[label], expected, rtol=1e-8)  # type: ignore[arg-type]
                for share in shares_of(entry.exercise, label):
                    names[share] = names.get(share, False) or not same
    return (sum(names.values()) or len(names)) / len(names)


def test_a_fault_in_special_rows_alone_costs_the_edge_cases_in_every_exercise() -> None:
    for entry, name, _ in mutants():
        special = name in IN_SPECIAL_ROWS.get(entry.exercise.id, "").split()
        touched = (
            touched_share(entry.exercise.id, name) if entry.exercise.read else 1.0
        )  # of a whole update, the label's parts alone
        costs_edges = report_of(entry.exercise.id, name).fraction == pytest.approx(1 - 0.2 * touched)
        assert costs_edges == special, (entry.exercise.id, name)


def test_one_misconception_costs_the_same_in_every_exercise() -> None:
    """What it costs of the parts that it touches, to a tenth: a wrong shape or a mere echo has not even the form."""
    costs: dict[str, dict[str, float]] = {}
    for entry, name, misconception in mutants():
        if misconception and not misconception.startswith(tuple(DIFFERENT_FAULTS)):
            lost = 1 - report_of(entry.exercise.id, name).fraction
            costs.setdefault(misconception, {})[f"{entry.exercise.id} {name}"] = lost / touched_share(
                entry.exercise.id, name
            )
    assert len(costs) > 40
    for misconception, found in costs.items():
        assert max(found.values()) - min(found.values()) <= 0.101, (misconception, found)


@pytest.mark.parametrize("misconception", DIFFERENT_FAULTS)
def test_an_exception_is_one(misconception: str) -> None:
    marks = [report_of(e.exercise.id, name).fraction for e, name, found in mutants() if found == misconception]
    assert max(marks) - min(marks) > 0.101


def lazy_answers(args: Mapping[str, Any], right: PlainData) -> dict[str, Callable[[PlainData], PlainData]]:
    """Answers of the right form that ignore their inputs, leaf by leaf."""
    inputs = [x for _, x in iter_leaves(dict(args)) if isinstance(x, np.ndarray)]

    def echo(leaf: PlainData) -> PlainData:
        same = [x for x in inputs if isinstance(leaf, np.ndarray) and x.shape == leaf.shape and x.dtype == leaf.dtype]
        return same[0].copy() if same else np.zeros_like(leaf)  # type: ignore[arg-type]

    return {"zeros": np.zeros_like, "ones": np.ones_like, "echo": echo}  # type: ignore[dict-item]


def each_leaf(tree: PlainData, change: Callable[[PlainData], PlainData]) -> PlainData:
    """The same tree with every array changed."""
    if isinstance(tree, tuple):
        return tuple(each_leaf(one, change) for one in tree)
    if isinstance(tree, dict):
        return {key: each_leaf(one, change) for key, one in tree.items()}
    return change(tree)


@pytest.mark.parametrize("exercise_id", [e for e in ENTRIES if not ENTRIES[e].exercise.per_item])
@pytest.mark.parametrize("lazy", ["zeros", "ones", "echo"])
def test_an_answer_that_ignores_its_inputs_earns_nothing(exercise_id: str, lazy: str) -> None:
    entry = ENTRIES[exercise_id]
    attempts = []
    for case, right in entry.questions(3):
        answer = each_leaf(right, lazy_answers(case.args, right)[lazy])
        attempts.append(attempt(entry, case, right, answer))
    report = assess(entry.exercise, attempts)
    assert not report.passed
    assert report.fraction == 0.0


def attempt(entry: Entry, case: Any, right: PlainData, answer: PlainData) -> Attempt:
    """An attempt with this answer, given twice, and inputs left alone."""
    reply = Reply(answer, answer, case.plain_args)
    return Attempt(case, right, reply, entry.exercise.returns, TOLERANCES[entry.tolerance])


def with_faults(entry: Entry, faults: frozenset[tuple[str, bool]]) -> float:
    """The mark where these parts, each on edge cases or on regular ones, are wrong by a factor."""
    attempts = []
    for case, right in entry.questions(3):
        wrong = {part for part, edge in faults if edge == case.edge}
        attempts.append(attempt(entry, case, right, _scaled(right, wrong, entry.exercise.returns)))
    return assess(entry.exercise, attempts).fraction


def _scaled(right: PlainData, wrong: set[str], returns: tuple[str, ...]) -> PlainData:
    parts = list(right.items()) if isinstance(right, dict) else list(zip(returns, right, strict=True))  # type: ignore[arg-type]
    scaled = {key: each_leaf(one, lambda x: np.asarray(3.0 * x + 1.0)) if key in wrong else one for key, one in parts}  # type: ignore[operator]
    return scaled if isinstance(right, dict) else tuple(scaled.values())


SEVERAL = ("chain.linear_vjp", "chain.adam_step", "chain.inject_gradient", "dqn.torch_loss", "ddpg.actor_loss_direct")


@pytest.mark.parametrize("exercise_id", SEVERAL)
def test_to_mend_a_part_never_lowers_the_mark_and_all_of_them_are_needed(exercise_id: str) -> None:
    entry = ENTRIES[exercise_id]
    _, right = entry.questions(3)[0]
    parts = sorted({part_of(k) for k, _ in iter_leaves(right, entry.exercise.returns) if earns(entry.exercise, k)})
    sites = [(part, edge) for part in parts for edge in (False, True)]
    faults = [frozenset(some) for n in range(len(sites) + 1) for some in combinations(sites, n)]
    marks = {some: with_faults(entry, some) for some in faults}
    assert [some for some in faults if marks[some] == 1.0] == [frozenset()]
    for some in faults:
        assert all(marks[some] <= marks[some - {site}] for site in some)
    for part in parts:
        assert marks[frozenset({(part, False), (part, True)})] == pytest.approx(1 - 0.9 / len(parts))


def test_marks_do_not_depend_on_the_fresh_inputs() -> None:
    for exercise_id in ("dqn.one_hot", "dqn.td_target", "dqn.weight_gradient", "chain.linear_vjp", "dqn.semi_gradient"):
        for mutant in ENTRIES[exercise_id].mutants:
            assert len({report_of(exercise_id, mutant.name, seed).fraction for seed in range(5)}) == 1, mutant.name


def test_a_rule_without_ordinary_inputs_would_be_noticed() -> None:
    """The twins matter: without them td_target without its mask has no right value left."""
    entry = find_entry("dqn.td_target")
    special = replace(entry, cases=lambda rng: [replace(c, edge=False) for c in entry.cases(rng) if c.rows])
    answer = next(m for m in entry.mutants if m.name == "no-terminal-mask").fresh()
    report = examine(special, lambda args: call_twice(entry.exercise, answer, args), 3)
    assert report.fraction < 0.2
