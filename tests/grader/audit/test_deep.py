"""The deep audit, and that each of its lists catches a planted defect."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from grader.audit import deep
from grader.audit.deep import DeepAudit, Options, by_judge, deep_audit, examine_mutant
from grader.audit.mutation.differential import TooLong, asked, find_difference, legal_inputs, seconds_of_cpu
from grader.audit.mutation.legal_inputs import CHANGES, candidates, is_changed
from grader.audit.mutation.mutants import Solution, mutants, solutions
from grader.audit.sentences.claims import false_claims
from grader.bank.entry import Entry
from grader.bank.registry import find_entry
from grader.children import Limits
from grader.cli.main import app
from grader.errors import GraderError
from gradschool.core.exercise import Case, Rng

QUICK = Options(search=1, luck=3, known_luck=3, claims=5)
SGD = "chain.sgd_step"


def mutant(text: str, entry: Entry, operator: str = "by hand") -> Solution:
    return Solution(entry.exercise.id, "test", entry.exercise.function, text, operator, {"np": np})


UPHILL = "def sgd_step(params, grads, lr):\n    return [p + lr * g for p, g in zip(params, grads)]\n"
CHANGED = "changes its inputs"
RIGHT = UPHILL.replace("+", "-")


def no_slope(rng: Rng) -> list[Case]:
    """All gradients 0: every step is the right one."""
    p = rng.normal(size=(2, 3))
    return [Case("no slope", {"params": [p], "grads": [np.zeros_like(p)], "lr": 0.1})]


def test_a_mutant_that_fails_for_both_is_in_no_list():
    entry = find_entry(SGD)
    found = examine_mutant(entry, mutant(UPHILL, entry), QUICK)
    assert (found["status"], found["differs"]) == ("failed", True)
    assert not {"survivors", "disagree", "unlucky", "false_sentences"} & set(found)


@pytest.mark.parametrize("exercise_id", ["dqn.double_target", "dqn.residual_gradient", "ddpg.action_gradient"])
def test_small_numbers_that_are_lost_have_one_mark_and_one_true_name(exercise_id: str):
    """Some input holds a tiny number beside others by construction, whatever the seed."""
    entry = find_entry(exercise_id)
    lost = next(m for m in mutants(entry) if m.operator == "result-without-nothing")
    reports = [by_judge(entry, lost, seed) for seed in range(8)]
    assert {r.mistake for r in reports} == {"small-lost"}
    assert len({r.fraction for r in reports}) == 1
    assert false_claims(entry, lost, reports[:2], 20) == ""


def test_a_right_solution_written_another_way_is_equivalent():
    entry = find_entry(SGD)
    for text in (RIGHT, RIGHT.replace("p - lr * g", "p - np.multiply(g, lr)")):
        assert examine_mutant(entry, mutant(text, entry), QUICK)["status"] == "equivalent"


def test_a_weakened_entry_lets_a_mutant_survive():
    entry = find_entry(SGD)
    weak = replace(entry, cases=no_slope)
    found = examine_mutant(weak, mutant(UPHILL, entry), QUICK)
    assert found["status"] == "survived"
    assert "the judge passes it" in found["survivors"]
    assert "params" in found["arguments"]


def test_a_check_that_is_weaker_than_the_judge_disagrees():
    entry = find_entry(SGD)
    weak = replace(entry, cases=entry.cases, exercise=replace(entry.exercise, cases=no_slope))
    found = examine_mutant(weak, mutant(UPHILL, entry), QUICK)
    assert found["status"] == "failed"
    assert "check: 1.00 passed" in found["disagree"]


def test_cases_that_depend_on_luck_are_found():
    entry = find_entry(SGD)

    def sometimes(rng: Rng) -> list[Case]:
        return entry.cases(rng) if rng.random() < 0.5 else no_slope(rng)

    lucky = replace(entry, cases=sometimes)
    lucky.hidden = lucky.questions(1) if lucky.cases(np.random.default_rng(1))[0].name == "no slope" else []
    found = examine_mutant(lucky, mutant(UPHILL, entry), replace(QUICK, luck=12))
    assert "passed" in found["unlucky"]


def test_many_seeds_of_a_slow_answer_are_not_taken_for_a_loop(monkeypatch: pytest.MonkeyPatch):
    entry, asked_with, alive = find_entry(SGD), deep.by_judge, []

    def slowly(*question):
        ends = time.process_time() + 0.4
        while time.process_time() < ends:
            pass
        return asked_with(*question)

    monkeypatch.setattr(deep, "by_judge", slowly)
    monkeypatch.setattr(deep, "BY_JUDGE", 2.0)
    found = examine_mutant(entry, mutant(UPHILL, entry), replace(QUICK, luck=6), lambda: alive.append(1))
    assert (found["status"], len(alive)) == ("failed", 6)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (RIGHT.replace("    return", "    lr *= 1 + (np.abs(grads[0]).max() > 20)\n    return"), "has other values"),
        (RIGHT.replace("    return", "    params[0][...] += 1e-6\n    return"), "has other values"),
        (RIGHT.replace("return [", "q = [") + "    params[0][...] = 0\n    return q\n", CHANGED),
    ],
)
def test_the_search_finds_what_differs_on_rare_inputs_alone(text: str, what: str):
    entry = find_entry(SGD)
    found = find_difference(entry, mutant(text, entry), seeds=2)
    assert (found.case is not None, found.what) == (True, what)


def test_an_adapter_that_looks_away_does_not_hide_a_changed_state():
    """The search reads the critic's weights itself."""
    entry = find_entry("ddpg.actor_loss_direct")
    text = (
        "def actor_loss_direct(actor, critic, batch):\n    loss = -critic(batch.obs, actor(batch.obs)).mean()\n"
        "    for p in critic.parameters(): p.data += 1e-6\n    return loss\n"
    )
    found = find_difference(entry, mutant(text, entry), seeds=1)
    assert found.case is not None


def test_the_name_of_a_mistake_about_a_choice_does_not_depend_on_the_seed():
    """At seed 1001 a small change of `u` alters no choice in the first case: it was taken for an input of no effect."""
    entry = find_entry("dqn.epsilon_greedy")
    text = "def f(q, epsilon, u, random):\n    return np.where(u[::-1] < epsilon, random, q.argmax(axis=1))\n"
    answer = Solution(entry.exercise.id, "reference", "f", text, names={"np": np})
    assert {deep.by_judge(entry, answer, seed).mistake for seed in (1000, 1001)} == {"as-if"}


def test_a_flag_stays_0_or_1_in_every_candidate():
    """A solution that reads it as a truth value, and one that multiplies by it, are both right."""
    flags = {"done", "terminated", "truncated"}
    for name in ("lab.taxi_dqn", "ddpg.critic_target"):
        for case in candidates(find_entry(name), 4):
            for args in (case.args, *(v for v in case.args.values() if isinstance(v, dict))):
                assert all(np.isin(args[key], (0, 1)).all() for key in flags & set(args)), (name, case.name)


def test_every_right_solution_is_asked_by_turns_and_never_more_than_four_at_once():
    right = solutions(find_entry("ddpg.actor_step"))
    turns = [asked(right, turn) for turn in range(len(right))]
    assert all(len(some) == 4 and some[0] is right[0] for some in turns)
    assert {s.title for some in turns for s in some} == {s.title for s in right}


@pytest.mark.slow
def test_every_right_solution_agrees_on_most_candidates_and_an_unsettled_tie_is_not_legal():
    for name in (SGD, "dqn.td_target", "chain.inject_gradient"):
        entry = find_entry(name)
        assert len(legal_inputs(name, 1)) > 30
        for solution in solutions(entry):
            assert find_difference(entry, solution, 1).case is None, solution.title


@pytest.mark.slow
def test_a_loop_and_a_crash_cost_one_mutant(monkeypatch: pytest.MonkeyPatch):
    entry = find_entry(SGD)
    texts = [
        UPHILL,
        "def sgd_step(params, grads, lr):\n    while True: pass\n",
        "import os\ndef sgd_step(params, grads, lr):\n    os._exit(0)\n",
        "def sgd_step(params, grads, lr):\n    return bad\n",
        RIGHT,
    ]
    monkeypatch.setattr(deep, "_all_mutants", lambda _: tuple(mutant(t, entry) for t in texts))
    found = list(deep.findings([SGD], QUICK, 1))
    assert [f["status"] for f in found] == ["failed", "stopped", "stopped", "never runs", "equivalent"]
    result = deep_audit([SGD], QUICK, 1)
    assert (result.mutants, result.equivalent, result.healthy) == (3, 1, True)


def test_the_clock_of_a_mutant_is_an_interrupt():
    def forever() -> None:
        while True:
            pass

    with pytest.raises(TooLong), seconds_of_cpu(0.05):
        forever()
    assert not issubclass(TooLong, Exception)
    assert Limits().patience > Limits().seconds


def test_the_command_prints_the_agreed_keys_and_fails_where_a_list_is_not_empty(monkeypatch: pytest.MonkeyPatch):
    one = {
        "exercise": SGD,
        "mutant": "reference, sign",
        "source": "",
        "input": "a",
        "arguments": "",
        "what": "w",
        "why": "y",
    }
    keys = ["mutants", "equivalent", "survivors", "false_sentences", "vague", "unlucky", "disagree"]
    for name in (None, "survivors", "false_sentences", "unlucky", "disagree"):
        result = DeepAudit(3, 1, **({name: [one]} if name else {}))
        monkeypatch.setattr(deep, "deep_audit", lambda ids, options, jobs, told, log, found=result: found)
        for extra in (["--json"], []):
            done = CliRunner().invoke(app, ["audit", "chain", "--deep", *extra])
            assert done.exit_code == bool(name)
            if extra:
                assert list(json.loads(done.stdout)) == keys
            elif name:
                assert f"{name}: {SGD}, reference, sign: y (w on" in done.stdout.replace("\n", " ")


def test_no_exercise_of_that_name_is_one_sentence():
    error = CliRunner().invoke(app, ["audit", "--deep", "--exercises", "nothing"]).exception
    assert isinstance(error, GraderError)


def test_limits_of_the_command_reach_the_audit(monkeypatch: pytest.MonkeyPatch):
    seen: list[object] = []

    def fake(ids: object, options: Options, jobs: int, told: object, log: Path) -> DeepAudit:
        seen.append((ids, options, jobs, log))
        return DeepAudit()

    monkeypatch.setattr(deep, "deep_audit", fake)
    words = [
        "audit",
        "--deep",
        "--exercises",
        "sgd",
        "--seeds",
        "7",
        "--most",
        "9",
        "--sample",
        "5",
        "-j",
        "1",
        "--log",
        "l",
    ]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert seen == [([SGD], Options(known_luck=7, most=9, sample=5), 1, Path("l"))]


def test_there_are_thousands_of_mutants():
    assert sum(len(mutants(find_entry(name))) for name in ("chain.adam_step", "ddpg.twin_target")) > 500


def test_a_bounded_search_tries_every_kind_of_change_in_turn() -> None:
    entry = find_entry("chain.linear_vjp")
    every, some = (list(candidates(entry, 1, changes)) for changes in (None, 3))
    assert {c.name for c in some if not is_changed(c)} == {c.name for c in every if not is_changed(c)}
    assert {c.name.rpartition(", ")[2] for c in some if is_changed(c)} == set(CHANGES)
    assert sum(map(is_changed, some)) == 3 * sum(not is_changed(c) for c in some)
    assert len(every) == 11 * sum(not is_changed(c) for c in every)
