"""Chapter 3, the lesson: its anatomy, its formulas beside code, its quoted facts, its bank, its clinic and its figures.

The functions under test are the lesson's own solution cells. Nothing here starts a kernel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from nbformat import NotebookNode

from grader.bank.registry import entries
from gradschool.check.api import check_here
from gradschool.core.exercise import find, in_chapter
from gradschool.core.numerics import central_differences
from gradschool.exercises.ddpg import FAULTS
from gradschool.exercises.ddpg._setups import is_fit, random_setup
from gradschool.exercises.ddpg.adapters import batch_of, net_of
from gradschool.lessons.clinics import ddpg
from gradschool.lessons.clinics.faults.ddpg import faults
from gradschool.lessons.ddpg_experiments import (
    exploit_critic,
    findings_table,
    implementations_table,
    summary,
    train_own,
    train_seeds,
)
from gradschool.lessons.figures import pendulum_animation, plots_ddpg
from gradschool.rl.ddpg.agent import Batch, ReferenceAgent, Settings, StudentFunctions
from gradschool.rl.ddpg.training import train
from gradschool.rl.nets.actor_critic import TorchActor, TorchCritic, flat_gradient
from gradschool.rl.nets.mlp import MLP
from tests.support.lesson_cells import assert_each_check_calls_its_function, cells_of, marked, names_of

SOURCE = Path(__file__).parents[2] / "solutions/03-ddpg-on-pendulum/ddpg_on_pendulum.md"
EXERCISES = [exercise.id for exercise in in_chapter("ddpg")]


@pytest.fixture(scope="module")
def cells() -> list[NotebookNode]:
    return cells_of(SOURCE)


@pytest.fixture(scope="module")
def lesson(cells: list[NotebookNode]) -> SimpleNamespace:
    """The names that the locked and the exercise cells define."""
    return SimpleNamespace(**names_of(cells))


@pytest.fixture(scope="module")
def mine(lesson: SimpleNamespace) -> StudentFunctions:
    names = ("squash", "critic_target", "critic_gradient", "action_gradient", "actor_gradient_vjp", "polyak")
    return StudentFunctions(*(getattr(lesson, name) for name in names), twin_target=lesson.twin_target)


@pytest.fixture(scope="module")
def parts() -> dict[str, Any]:
    """A world with A = 3, as plain data."""
    return random_setup(np.random.default_rng(4), 12, 3)


# -- anatomy --------------------------------------------------------------------------------------------------


def test_every_exercise_stands_once_in_the_bank_s_order_with_its_check(cells: list[NotebookNode]) -> None:
    assert list(entries("ddpg")) == EXERCISES
    assert sorted(marked(cells, "exercise")) == sorted(EXERCISES)
    assert_each_check_calls_its_function(cells)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_has_a_card_a_stub_with_shapes_and_three_hints(cells: list[NotebookNode], name: str) -> None:
    at = next(k for k, c in enumerate(cells) if c.metadata.get("exercise") == name)
    card = cells[at - 1].source
    assert re.search(rf"\*\*Exercise `{name}`\*\* · difficulty [●○]{{3}} · importance [●○]{{3}} · \d+ minutes", card)
    stub = cells[at].source.partition("### BEGIN SOLUTION")[0]
    declared = re.search(r"def \w+\((.*?)\)\s*->", stub, re.DOTALL)
    listed = re.search(r"\w+\((.*?)\)", find(name).signature)
    assert declared
    assert listed
    assert re.findall(r"(\w+):", declared.group(1)) == [a for a in listed.group(1).split(", ") if a]
    after = next(c.source for c in cells[at + 1 :] if c.cell_type == "markdown")
    hints = re.findall(r"<summary>Hint (\d): (\w+)", after)
    assert hints[:3] == [("1", "sketch"), ("2", "shapes"), ("3", "almost")], name


def test_each_prediction_is_looked_back_at_and_the_minutes_fit(cells: list[NotebookNode]) -> None:
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    assert prose.count("**Predict.**") >= 12
    assert prose.count("**Reconcile") >= 12
    assert 60 <= sum(map(int, re.findall(r"· (\d+) minutes", prose))) <= 120


def test_what_draws_or_trains_is_an_experiment_and_the_reflection_has_its_scheme(cells: list[NotebookNode]) -> None:
    for cell in cells:
        if cell.cell_type == "code" and not {"locked", "exercise", "check"} & set(cell.metadata):
            assert "experiment" in cell.metadata["tags"], cell.source
    at = next(k for k, c in enumerate(cells) if c.metadata.get("reflection") == "ddpg.reflection")
    assert cells[at].metadata["points"] == 6
    assert cells[at + 1].metadata["tags"] == ["instructor"]


# -- the bank -------------------------------------------------------------------------------------------------


def test_every_planned_exercise_is_there_and_five_other_ways_of_the_actors_step() -> None:
    assert len(entries("ddpg")) == 16
    assert len(entries("ddpg")["ddpg.actor_step"].alternatives) >= 5


def test_every_misconception_of_part_c_that_a_function_can_have_has_a_mutant() -> None:
    known = {c for e in entries("ddpg").values() for m in e.mutants for c in m.misconception_id.split(", ")}
    curves_only = {"c21"}  # swapped step sizes: a setting, no function's fault
    assert {f"c{n}" for n in range(1, 23)} - known == curves_only


@pytest.mark.parametrize("name", EXERCISES)
def test_the_lesson_s_own_solution_passes_its_check(lesson: SimpleNamespace, name: str) -> None:
    report = check_here(find(name), getattr(lesson, find(name).function))
    assert report.passed, report.hint


def test_fixtures_are_not_degenerate(parts: dict[str, Any]) -> None:
    batch = batch_of(parts["batch"])
    kinds = set(zip(batch.terminated, batch.truncated, strict=True))
    assert kinds == {(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)}
    assert is_fit(parts)
    flat_critic = {**parts["critic"], "flat": np.zeros_like(parts["critic"]["flat"])}
    assert not is_fit({**parts, "critic": flat_critic})
    assert not np.allclose((parts["high"] - parts["low"]) / 2, 1.0)


# -- formulas beside the code that is them --------------------------------------------------------------------


def implementations(lesson: SimpleNamespace, parts: dict[str, Any]) -> dict[str, Callable[[], np.ndarray]]:
    """The five implementations on one set of inputs, each to a flat gradient."""
    low, high, batch = parts["low"], parts["high"], batch_of(parts["batch"])
    actor, critic = net_of(parts["actor"]), net_of(parts["critic"])
    torch_actor, torch_critic = TorchActor(actor, low, high), TorchCritic(critic)
    tensors = Batch(*(torch.tensor(x) for x in batch))
    parameters = list(torch_actor.parameters())

    def slope() -> np.ndarray:
        return lesson.action_gradient(actor, critic, batch, low, high)

    def of(loss: Callable[..., torch.Tensor]) -> np.ndarray:
        return flat_gradient(torch.autograd.grad(loss(torch_actor, torch_critic, tensors), parameters))

    return {
        "jacobian": lambda: lesson.actor_gradient_jacobian(actor, batch, slope(), low, high),
        "vjp": lambda: lesson.actor_gradient_vjp(actor, batch, slope(), low, high),
        "surrogate": lambda: of(lesson.actor_loss_surrogate),
        "grad_outputs": lambda: flat_gradient(lesson.actor_grad_outputs(torch_actor, torch_critic, tensors)),
        "direct": lambda: of(lesson.actor_loss_direct),
        "quadcopter": lambda: of(lesson.quadcopter_loss),
    }


def test_five_roads_lead_to_the_gradient_of_minus_mean_q(lesson: SimpleNamespace, parts: dict[str, Any]) -> None:
    found = {name: gradient() for name, gradient in implementations(lesson, parts).items()}
    sizes, low, high = net_of(parts["actor"]).sizes, parts["low"], parts["high"]
    obs, critic = parts["batch"]["obs"], net_of(parts["critic"])

    def loss(flat: np.ndarray) -> float:
        action = lesson.squash(MLP(sizes, flat=flat)(obs), low, high)
        return -float(critic(np.concatenate([obs, action], axis=1)).mean())

    np.testing.assert_allclose(found["vjp"], central_differences(loss, parts["actor"]["flat"]), rtol=1e-5, atol=1e-8)
    for name in ("jacobian", "surrogate", "grad_outputs", "direct"):
        np.testing.assert_allclose(found[name], found["vjp"], rtol=0, atol=1e-10 * np.abs(found["vjp"]).max())
    assert not np.allclose(3 * found["quadcopter"], found["vjp"], rtol=1e-2)  # the 1/A alone does not mend it


def test_the_quadcopters_loss_pushes_up_where_the_truth_is_down(lesson: SimpleNamespace) -> None:
    mu = torch.ones(1, 1, requires_grad=True)
    hill = lambda obs, action: -((action[:, 0] - 0.5) ** 2)  # noqa: E731
    batch = Batch(*(torch.zeros(1, 1) for _ in range(6)))
    for loss, slope in ((lesson.quadcopter_loss, -1.0), (lesson.actor_loss_surrogate, +1.0)):
        (found,) = torch.autograd.grad(loss(lambda obs: mu, hill, batch), mu)
        assert found.item() == pytest.approx(slope)  # descent goes the other way


def test_numbers_that_the_prose_predicts(lesson: SimpleNamespace) -> None:
    one, three, zero = np.ones((1, 1)), np.full((1, 1), 3.0), np.zeros((1, 1))
    assert lesson.squash(zero, one[0], three[0]).item() == 2.0
    assert lesson.squash_vjp(zero, one, one[0], three[0]).item() == 1.0
    assert lesson.squash_vjp(zero, one, -2 * one[0], 2 * one[0]).item() == 2.0
    assert 1 - np.tanh(3.0) ** 2 == pytest.approx(0.01, abs=1e-3)
    wall = (one, -2 * one[0], 2 * one[0])
    assert lesson.invert_gradients(one, *wall).item() == 0.25
    assert lesson.invert_gradients(-one, *wall).item() == -0.75
    n = MLP((3, 64, 64, 3), np.random.default_rng(0)).n_params
    assert (n, 64 * 3 * n) == (4_611, 885_312)


def test_a_constant_added_to_q_changes_no_gradient(lesson: SimpleNamespace, parts: dict[str, Any]) -> None:
    higher = {**parts["critic"], "flat": parts["critic"]["flat"].copy()}
    higher["flat"][-1] += 1000.0  # the output's bias
    found = [implementations(lesson, {**parts, "critic": c})["direct"]() for c in (parts["critic"], higher)]
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_a_critic_that_is_moved_praises_everybody() -> None:
    critic = MLP((4, 16, 1), np.random.default_rng(0))
    cast = {"a": lambda obs: np.full((len(obs), 1), 2.0), "b": lambda obs: -2 * np.sign(obs[:, 1:2])}
    before = critic.flat.copy()
    said = exploit_critic(critic, cast, student="a", steps=30)
    assert all((np.diff(said[name]) > 0).all() for name in cast)
    np.testing.assert_array_equal(critic.flat, before)  # a copy was moved


def test_tables_say_what_was_measured(lesson: SimpleNamespace, mine: StudentFunctions, parts: dict[str, Any]) -> None:
    some = dict(list(implementations(lesson, parts).items())[1:3])
    table = implementations_table(some, against="vjp")
    assert re.search(r"\| vjp \| 0\.0e\+00 \| \d+\.\d\d \|", table)
    runs = train_seeds(mine, Settings(env_steps=1_200, evaluate_every=600), range(2))
    assert "| x | 0 of 2 |" in summary({"x": runs})
    assert "not reached" in summary({"x": runs})
    assert "CPU" not in summary({"x": train_seeds(mine, Settings(env_steps=1_200, evaluate_every=0), range(2))})


# -- the clinic -----------------------------------------------------------------------------------------------


def test_every_patient_shows_its_own_fault_and_no_other(lesson: SimpleNamespace, mine: StudentFunctions) -> None:
    diagnosis = lesson.clinic()
    healthy = vars(ddpg.examine(mine, mine))
    assert healthy["actor_cosine"] == pytest.approx(1.0)
    signs = {
        "time-limit-terminal": {"label_truncated"},
        "target-unscaled": {"label_ordinary", "label_truncated"},
        "detached-action": {"actor_ratio", "actor_cosine"},
        "mean-over-actions": {"actor_ratio"},
        "replay-action": {"slope"},
        "critic-climbs": {"critic_moved"},
    }
    for letter, fault in diagnosis.items():
        found = vars(ddpg.examine(ddpg.faulty_functions(letter, mine), mine))
        assert {k for k in found if not np.isclose(found[k], healthy[k], atol=1e-6)} == signs[fault], letter
    assert diagnosis == faults()
    assert set(signs) < set(FAULTS)
    assert len(findings_table({"A": ddpg.faulty_functions("A", mine)}, mine).splitlines()) == 3


def test_the_check_of_the_clinic_knows_a_wrong_name_and_an_unknown_one(lesson: SimpleNamespace) -> None:
    wrong = {**lesson.clinic(), "A": "sign"}
    report = check_here(find("ddpg.clinic"), lambda: wrong)
    assert not report.passed
    assert report.fraction == pytest.approx(5 / 6, abs=1e-5)  # each diagnosis earns its share
    assert "`A`" in str(report.hint)
    report = check_here(find("ddpg.clinic"), lambda: {**wrong, "A": "flu"})
    assert not report.passed
    assert "flu" in str(report)


# -- figures --------------------------------------------------------------------------------------------------


def test_figures_carry_words_and_pixels(lesson: SimpleNamespace, mine: StudentFunctions) -> None:
    short = Settings(env_steps=1_200, evaluate_every=400, probe_q=True)
    runs = train_seeds(mine, short, range(2))
    agent = runs[0].agent

    def q_and_slope(obs: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        q, cache = agent.critic.forward(np.concatenate([obs, action], axis=1))
        return q[:, 0], agent.critic.input_vjp(cache, np.ones_like(q))[:, 3:]

    said = {"steps": np.arange(3), "a": np.arange(3.0)}
    drawn = [
        plots_ddpg.critic_surface(q_and_slope, agent.act),
        plots_ddpg.learning_bands({"x": runs}),
        plots_ddpg.slopes_at_bounds(lesson.invert_gradients),
        plots_ddpg.any_actor_looks_good(said, {"a": -5.0}),
        plots_ddpg.estimated_against_true({"x": runs}),
        plots_ddpg.clinic_panels(dict.fromkeys("ABCDEF", runs), runs),
        pendulum_animation.episode_strip(agent.act, pictures=3),
    ]
    for figure in drawn:
        assert len(figure.alt) > 60
        assert figure.png().startswith(b"\x89PNG")
    assert "a: from 0 to 2, truly -5" in drawn[3].alt
    assert "0 of 2 seeds end at or above -200" in drawn[1].alt


def test_the_swing_up_is_gymnasiums_own_picture(lesson: SimpleNamespace) -> None:
    still = lambda obs: np.zeros((len(obs), 1))  # noqa: E731
    frames, earned = pendulum_animation.episode_frames(still, pendulum_animation.HANGING, (0, 100))
    assert [f.shape for f in frames] == [(500, 500, 3)] * 2
    assert earned < -1000
    html = pendulum_animation.swing_up(still).data
    assert html.startswith("<figure><img alt=")
    assert "data:image/gif;base64" in html


def test_training_on_ones_own_update_is_the_training_of_section_8(
    lesson: SimpleNamespace, mine: StudentFunctions
) -> None:
    """The same seed, loop and formulas in torch and in NumPy give the same actor: both gradients, then both steps."""
    settings = Settings(env_steps=320, n_envs=8, learning_starts=80, batch=16, hidden=(8, 6), evaluate_every=0)

    def update(*args: Any) -> None:
        actor_optimizer = args[4]
        stepped, actor_optimizer.step = actor_optimizer.step, lambda: None
        critic = args[1]
        loss = -critic(args[6].obs, args[0](args[6].obs)).mean()
        kept = torch.autograd.grad(loss, list(args[0].parameters()))
        target_actor, target_critic, tau = args[2], args[3], args[8]
        lesson.ddpg_update(*args[:8], 0.0)  # the critic's step alone: the actor's is held back, tau is 0
        actor_optimizer.step = stepped
        for p, g in zip(args[0].parameters(), kept, strict=True):
            p.grad = g
        actor_optimizer.step()
        with torch.no_grad():
            for target, online in ((target_actor, args[0]), (target_critic, critic)):
                for old, new in zip(target.parameters(), online.parameters(), strict=True):
                    old.lerp_(new, tau)

    (own,) = train_own(update, settings, [3])
    reference = train(lambda s, rng: ReferenceAgent(mine, s, rng), settings, 3)
    untrained = train_own(lambda *_: None, settings, [3])[0]
    assert np.allclose(own.agent.actor.flat, reference.agent.actor.flat, rtol=1e-5, atol=1e-7)
    assert np.allclose(own.agent.critic.flat, reference.agent.critic.flat, rtol=1e-5, atol=1e-7)
    assert not np.allclose(untrained.agent.actor.flat, own.agent.actor.flat, atol=1e-3)
    obs = np.random.default_rng(0).normal(size=(4, 3))
    assert np.allclose(own.agent.act(obs), reference.agent.act(obs))
