"""Whole updates, judged by the weights that they leave: what is read from them, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from grader.bank.registry import find_entry
from grader.judging.examine import examine, verdict
from gradschool.check.api import check_here
from gradschool.core.calling import call_raw, call_twice
from gradschool.core.exercise import AnswerUnusable, Case
from gradschool.core.plain_data import alike, to_plain
from gradschool.core.report import Report
from gradschool.exercises.dqn.agent import new_batch

ENTRY = find_entry("dqn.agent")
READ = ENTRY.exercise.read


def case(edge: bool = False) -> Case:
    return next(c for c in ENTRY.exercise.cases(np.random.default_rng(5)) if c.edge == edge)


def raw(answer: Callable[..., Any], of: Case) -> dict[str, np.ndarray]:
    found = call_raw(ENTRY.exercise, answer, of.args).first
    assert isinstance(found, dict)
    return found  # type: ignore[return-value]


def test_a_row_that_stands_there_twice_takes_no_kind_of_row_away() -> None:
    for seed in range(200):
        batch = new_batch(np.random.default_rng(seed), 10, 3, flags=True, repeat=True, scale=1.0)
        flags = sorted(zip(batch["terminated"], batch["truncated"], strict=True))
        assert set(flags) == {(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)}
        assert len(np.unique(batch["obs"], axis=0)) == 9


def named(name: str) -> Callable[..., Any]:
    return next(v for v in [*ENTRY.mutants, *ENTRY.alternatives] if v.name == name).fresh()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("exercise_id", "step"), [("dqn.agent", "first_step"), ("ddpg.agent", "critic_step")])
def test_a_row_that_is_wrong_is_not_taken_for_the_one_beyond_a_bend(exercise_id: str, step: str, seed: int) -> None:
    """A bend that is read from one row explains whatever is wrong with it, where its error is the largest."""
    entry = find_entry(exercise_id)
    answer = next(m for m in entry.mutants if m.name == "truncated-as-terminal").fresh()
    (ends,) = (c for c in entry.exercise.cases(np.random.default_rng(seed)) if c.name.startswith("ends, cuts"))
    right = entry.exercise.oracle(ends.args)
    found = call_twice(entry.exercise, answer, ends.args).first
    assert isinstance(found, dict)
    for steps in ((right[step], found[step]), (right["second_step"][0], found["second_step"][0])):
        assert not np.allclose(*steps, rtol=1e-3, atol=1e-6)


def judged(answer: Callable[..., Any]) -> Report:
    return examine(ENTRY, lambda args: call_twice(ENTRY.exercise, answer, args), 7)


def test_only_weights_and_counts_of_steps_leave_the_kernel() -> None:
    c = case()
    found = raw(ENTRY.reference, c)
    n = len(c.args["first"]["q"])
    assert np.array_equal(found.pop("optimizer_steps"), [1, 1])
    assert {name: x.shape for name, x in found.items()} == {"q": (2, n), "target_q": (2, n)}


@pytest.mark.parametrize("forged", [np.array([np.nan, np.inf]), np.zeros((2, 2), int), np.array("once"), "once", None])
def test_counts_that_a_kernel_makes_up_are_not_believed_and_end_nothing(forged: Any) -> None:
    """The weights decide then, as of an answer that brings no counts."""
    c = case()
    found = raw(ENTRY.reference, c)
    assert READ is not None
    read, right = (READ(c.args, {**found, "optimizer_steps": x}) for x in (forged, np.array([1, 1])))
    assert alike(to_plain(read.parts), to_plain(right.parts))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("update_with_half_the_sum", "squared error (factor 1), max of the target network"),
        ("update_with_huber", "Huber loss (bend at 1, factor 1/B)"),
        ("update_double", "squared error (factor 2/B), double DQN"),
        ("no-bootstrap", "y = 1 r + 0 v"),
        ("gamma-missing", "y = 1 r + 1 v"),
        ("never-copied", "with `copy_target` True `target_q` stays as it is"),
        ("always-copied", "with `copy_target` False `target_q` becomes `q` after the step"),
        ("copied-before-the-step", "with `copy_target` True `target_q` becomes `q` before the step"),
        ("half-copied", "with `copy_target` True `target_q` becomes `q` in 280 of its 323 weights and stays as it is"),
        ("averaged-instead-of-copied", "with `copy_target` True `target_q` moves 0.01 of the way to `q`"),
        ("label-at-s", "max of the target network at s unless terminated: y = 1 r + 0.8 v"),
    ],
)
def test_convention_and_label_are_read_from_the_weights_alone(name: str, words: str) -> None:
    c = case()
    if name == "update_with_huber":
        c.args["first"]["batch"]["reward"][1] += 5.0  # an error beyond the bend
    assert READ is not None
    assert words in READ(c.args, raw(named(name), c)).words


@pytest.mark.parametrize("bend", [0.15, 1.0, 2.345678, 4.77])
def test_a_huber_loss_may_bend_anywhere_also_where_one_row_alone_lies_beyond(bend: float) -> None:
    def bent(q: Any, target_q: Any, optimizer: Any, batch: Any, gamma: float, copy_target: bool) -> None:
        with torch.no_grad():
            y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
        optimizer.zero_grad()
        torch.nn.functional.huber_loss(q(batch.obs)[range(len(y)), batch.action], y, delta=bend).backward()
        optimizer.step()
        if copy_target:
            target_q.load_state_dict(q.state_dict())

    assert judged(bent).passed
    assert check_here(ENTRY.exercise, bent).passed


@pytest.mark.parametrize(
    ("reward", "said"),
    [
        (lambda r: r[:, None], "y = 0 r + 0.8 v + the mean reward of the batch"),
        (lambda r: r + 0.5, "y = 1 r + 0.8 v + 0.5"),
    ],
)
def test_what_is_added_to_every_label_is_read_too(reward: Callable[[Any], Any], said: str) -> None:
    def added(q: Any, target_q: Any, optimizer: Any, batch: Any, gamma: float, copy_target: bool) -> None:
        with torch.no_grad():
            v = target_q(batch.next_obs).max(dim=1).values
            y = reward(batch.reward) + gamma * (1 - batch.terminated) * v
        optimizer.zero_grad()
        (q(batch.obs)[range(len(v)), batch.action] - y).square().mean().backward()
        optimizer.step()

    c = case()
    assert READ is not None
    assert f"{said};" in READ(c.args, raw(added, c)).words


def test_a_convention_changes_no_mark_and_a_fault_has_its_name_in_every_convention() -> None:
    def summed_without_mask(q: Any, target_q: Any, optimizer: Any, batch: Any, gamma: float, copy_target: bool) -> None:
        with torch.no_grad():
            y = batch.reward + gamma * target_q(batch.next_obs).max(dim=1).values
        loss = (q(batch.obs).gather(1, batch.action[:, None]).squeeze(1) - y).square().sum() / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if copy_target:
            target_q.load_state_dict(q.state_dict())

    report = judged(summed_without_mask)
    assert (report.mistake, report.fraction) == ("no-terminal-mask", pytest.approx(1 - 0.2 * 2 / 3))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: {**w, "q": np.full_like(w["q"], np.nan)}, "NaN or infinite"),
        (lambda w: {**w, "q": w["q"][:, 1:]}, "shapes"),
        (lambda w: {**w, "q": w["q"].astype(np.float32)}, "shapes"),
        (lambda w: {"q": w["q"]}, "and nothing else"),
        (lambda w: {**w, "more": w["q"]}, "and nothing else"),
        (lambda w: (w["q"], w["target_q"]), "and nothing else"),
        (lambda w: None, "and nothing else"),
        (lambda w: {**w, "q": w["q"] + 1e-4 * np.random.default_rng(0).normal(size=w["q"].shape)}, "not -lr times"),
        (lambda w: {**w, "q": 1.0001 * w["q"]}, "times the weights themselves"),
    ],
)
def test_weights_that_no_step_leaves_are_refused(change: Callable[[Any], Any], said: str) -> None:
    c = case()
    right = raw(ENTRY.reference, c)
    assert READ is not None
    READ(c.args, right)  # the right ones are read
    with pytest.raises(AnswerUnusable, match=said):
        READ(c.args, change(right))


def test_a_gradient_that_is_the_same_for_every_row_earns_nothing() -> None:
    """It says nothing of the batch: an attack of the suite makes it, too."""

    def pushed_down(q: Any, target_q: Any, optimizer: Any, batch: Any, gamma: float, copy_target: bool) -> None:
        optimizer.zero_grad()
        q(batch.obs).gather(1, batch.action[:, None]).mean().backward()
        optimizer.step()
        if copy_target:
            target_q.load_state_dict(q.state_dict())

    report = judged(pushed_down)
    assert report.fraction == 0.0
    assert "each row has the same gradient" in report.hint


def test_a_gradient_of_no_known_formula_earns_what_else_is_right() -> None:
    def to_the_fourth(q: Any, target_q: Any, optimizer: Any, batch: Any, gamma: float, copy_target: bool) -> None:
        with torch.no_grad():
            y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
        taken = q(batch.obs).gather(1, batch.action[:, None])[:, 0]
        optimizer.zero_grad()
        (taken - y).pow(4).mean().backward()
        optimizer.step()
        if copy_target:
            target_q.load_state_dict(q.state_dict())

    report = judged(to_the_fourth)
    assert report.fraction == pytest.approx(0.4)
    assert report.hint.endswith("`other_outputs` and `target_net` are right.")


def test_only_a_whole_step_counts() -> None:
    """The last layer alone has the right gradient, and the layers below have none."""

    def last_layer_alone(*args: Any) -> None:
        for p in list(args[0].parameters())[:-2]:
            p.requires_grad_(False)
        ENTRY.reference(*args)

    report = judged(last_layer_alone)
    assert report.fraction == 0.0
    assert "-lr times a gradient" in report.hint
    assert "of its 2 layers, layer 1 does not move at all" in report.hint


def test_the_step_is_the_optimizers_own() -> None:
    def by_hand(q: Any, target_q: Any, optimizer: Any, batch: Any, gamma: float, copy_target: bool) -> None:
        stepped, optimizer.step = optimizer.step, lambda: None
        ENTRY.reference(q, target_q, optimizer, batch, gamma, False)
        optimizer.step = stepped
        with torch.no_grad():
            for p in q.parameters():
                p -= p.grad  # a step size of 1, whatever the optimizer's is
        if copy_target:
            target_q.load_state_dict(q.state_dict())

    assert not judged(by_hand).passed


def test_a_step_is_right_where_its_gradient_is_and_nothing_else_has_one() -> None:
    """Three shares: two steps and the copy. A tenth of a step that is wrong throughout is for its form."""
    expected = {"gamma-missing": 0.4, "untaken-to-zero": 0.4, "never-copied": 0.7}
    for name, fraction in expected.items():
        report = verdict(ENTRY, lambda args, name=name: call_twice(ENTRY.exercise, named(name), args), 7)[0]
        assert report.fraction == pytest.approx(fraction), name


def test_check_shows_what_the_examiner_reads_and_it_is_no_mark() -> None:
    right = check_here(ENTRY.exercise, ENTRY.reference)
    assert right.passed
    assert any(note.startswith("Read from six updates") and "DQN" in note for note in right.notes)
    wrong = check_here(ENTRY.exercise, named("no-terminal-mask"))
    assert wrong.hint.startswith("Terminated rows bootstrap")
    assert "(q)" in wrong.hint  # the student's own name for the network
    assert "six updates were read" in wrong.experiment
    assert all("Examiner, fault" not in note for note in right.notes)


@pytest.mark.parametrize(("exercise_id", "place"), [("dqn.agent", 2), ("ddpg.agent", 4), ("ddpg.agent", 5)])
def test_an_update_that_changes_its_own_step_size_is_seen_in_the_second_call(exercise_id: str, place: int) -> None:
    """A mean and a sum, a half and none are all right, but not one in the first call and another in the second."""
    entry = find_entry(exercise_id)

    def half_as_far_each_time(*args: Any) -> None:
        entry.reference(*args)
        args[place].param_groups[0]["lr"] *= 0.5

    report = examine(entry, lambda args: call_twice(entry.exercise, half_as_far_each_time, args), 7)
    assert not report.passed
    assert "`second_step`" in report.hint
    checked = check_here(entry.exercise, half_as_far_each_time)
    assert (checked.passed, checked.fraction) == (False, report.fraction)
